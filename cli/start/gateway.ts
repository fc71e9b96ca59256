/** A custodian's gateway in the sample, with the data service that only it reaches: what it gives, and for what. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { replaceFileDurably } from '../../service/durable-file.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import type { CustodyLog, ReaderTerms } from './custody.ts';
import { codeOf, HOST, ROOT, writeConfig } from './place.ts';

const RESIDENT_ANSWER = [
  { name: '姓名', class: 'identity', path: '/name' },
  { name: '住址', class: 'household', path: '/address' },
  { name: '电话', class: 'contact', path: '/phone' },
] as const;

/** What each custodian gives, and for what. */
function routesOf(upstream: string): JsonObject[] {
  const purposes = ['service.requested', 'service.eligibility', 'public-security'];
  const listed = RESIDENT_ANSWER.map((field) => ({ ...field, path: `/persons/*${field.path}` }));
  return [
    {
      name: 'person',
      method: 'GET',
      path: '/persons/{idNumber}',
      upstream,
      subjects: [{ class: 'resident', at: 'path:idNumber' }],
      purposes,
      answer: { kind: 'json', subjects: [{ class: 'resident', path: '/idNumber' }], fields: [...RESIDENT_ANSWER] },
    },
    {
      name: 'persons',
      method: 'GET',
      path: '/persons',
      upstream,
      query: ['district', 'limit'],
      purposes: ['service.eligibility'],
      actions: ['read', 'search'],
      needs: ['case'],
      answer: {
        kind: 'json',
        subjects: [{ class: 'resident', path: '/persons/*/idNumber' }],
        fields: listed,
        ignored: ['/count'],
      },
    },
  ];
}

export async function startGateway(log: CustodyLog, { supervisor, data, verifier, trust }: ReaderTerms): Promise<string> {
  const { role } = log;
  const service = await supervisor.start({ name: `data-${role}`, args: [join(ROOT, 'samples/data-service.ts')] });
  const tokenFile = join(data, 'keys', `${role}-gateway.token`);
  const { gateway } = JSON.parse(await readFile(log.tokens, 'utf8')) as { gateway: string };
  await replaceFileDurably(tokenFile, encodeUtf8(`${gateway}\n`));
  const dataDir = join(data, `gateway-${role}`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const config = await writeConfig(data, `gateway-${role}`, {
    custodian: log.authority,
    dataDir,
    host: HOST,
    node: { url: log.url, tokenFile },
    registry: { verifiers: [verifier], pollMs: 1_000, trustFile: trust },
    recordsKey: join(data, 'keys', `${role}-records.key.json`),
    passphraseFile: join(data, 'keys', 'passphrase'),
    sealsLogs: sample.accessLogs
      .filter((one) => one.class === 'seals')
      .map(({ owner, name }) => `${sample.consortium}/${codeOf(owner)}/${name}`),
    routes: routesOf(new JsonFields(service, 'ready').string('url')),
    exitWithParent: true,
  });
  const ready = await supervisor.start({
    name: `gateway-${role}`,
    args: ['--max-semi-space-size=1', join(ROOT, 'gateway/http/main.ts'), '--config', config],
  });
  return new JsonFields(ready, 'ready').string('url');
}
