/** The sample's routes as a gateway's config has them, and its key files. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { createKeyFile } from '../../service/key-file.ts';
import { bytesOf } from '../log/memory-log.ts';
import { PURPOSE } from './registry.ts';
import { NODE_TOKEN } from './stand-in-node.ts';

export const PASSPHRASE = 'gateway test passphrase';

const FIELDS = (prefix: string): object[] => [
  { name: '住址', class: 'household', path: `${prefix}/address` },
  { name: '姓名', class: 'identity', path: `${prefix}/name` },
  { name: '电话', class: 'contact', path: `${prefix}/phone` },
];

export function sampleRoutes(upstream: string, chunkBytes = 4096): object[] {
  const common = { upstream, purposes: [PURPOSE], timeoutMs: 2_000 };
  const one = { subjects: [{ class: 'resident', path: '/idNumber' }], fields: FIELDS('') };
  const many = {
    kind: 'json',
    subjects: [{ class: 'resident', path: '/persons/*/idNumber' }],
    fields: FIELDS('/persons/*'),
    ignored: ['/count'],
  };
  return [
    {
      ...common,
      name: 'person',
      method: 'GET',
      path: '/persons/{idNumber}',
      query: ['fields'],
      subjects: [{ class: 'resident', at: 'path:idNumber' }],
      answer: { kind: 'json', ...one },
    },
    {
      ...common,
      name: 'persons',
      method: 'GET',
      path: '/persons',
      query: ['district', 'limit'],
      answer: many,
      actions: ['read', 'search'],
    },
    {
      ...common,
      name: 'search',
      method: 'POST',
      path: '/persons/search',
      body: 'json',
      subjects: [{ class: 'resident', at: 'body:/idNumbers/*' }],
      answer: many,
      needs: ['case'],
    },
    {
      ...common,
      name: 'export',
      method: 'GET',
      path: '/export',
      query: ['limit'],
      purposes: [PURPOSE, 'statistics.official'],
      answer: { kind: 'ndjson', ...one, chunkLines: 100 },
      breakGlass: false,
    },
    {
      ...common,
      name: 'photo',
      method: 'GET',
      path: '/photos/{idNumber}',
      subjects: [{ class: 'resident', at: 'path:idNumber' }],
      answer: { kind: 'opaque', fields: [{ name: '照片', class: 'biometric' }], types: ['image/png'], chunkBytes: chunkBytes },
      grades: ['personal-key'],
    },
  ];
}

let keyDirectory: Promise<string> | undefined;
/** Opening a key file takes a while by design: one directory for all of a file's tests. */
export async function keyFiles(): Promise<string> {
  keyDirectory ??= (async () => {
    const path = await mkdtemp(join(tmpdir(), 'vt-keys-'));
    const privateKey = parsePrivateKey(bytesOf('records key'));
    await createKeyFile(join(path, 'records.key.json'), PASSPHRASE, {
      type: 'records',
      privateKey,
      publicKey: publicKeyOf(privateKey),
    });
    const request = parsePrivateKey(bytesOf('gateway custodian request'));
    await createKeyFile(join(path, 'request.key.json'), PASSPHRASE, {
      type: 'request',
      privateKey: request,
      publicKey: publicKeyOf(request),
    });
    const accessor = parsePrivateKey(bytesOf('gateway accessor request'));
    await createKeyFile(join(path, 'accessor.key.json'), PASSPHRASE, {
      type: 'request',
      privateKey: accessor,
      publicKey: publicKeyOf(accessor),
    });
    await writeFile(join(path, 'passphrase'), PASSPHRASE, { mode: 0o600 });
    await writeFile(join(path, 'node.token'), NODE_TOKEN, { mode: 0o600 });
    return path;
  })();
  return keyDirectory;
}
