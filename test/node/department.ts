/** A department on a chain of its own: contracts, an authority with keys, a log, three licence types, and nodes started on it. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import {
  encodeAddKey,
  encodeGrantScope,
  encodeRegisterAuthority,
  encodeRegisterLog,
  encodeSetMode,
} from '../../chain/contract-call.ts';
import { deployContracts } from '../../chain/deploy.ts';
import { ChainSender } from '../../chain/sender.ts';
import { createKeyFile } from '../../service/key-file.ts';
import type { NodeConfig } from '../../node/config.ts';
import { CHAIN_ID, startAnvil, type Anvil } from '../chain/anvil.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUTHORITY, LOG_ID, ORIGIN, silent } from './fixture.ts';

export const TYPE = '11100000000013338W009';
export const PRIVATE_TYPE = '11100000000013338W010';
/** Has no mode until a test sets one. */
export const LATE_TYPE = '11100000000013338W011';
const PUBLIC_FIELDS = { [TYPE]: ['ZZMC', 'KZ_KSMC'], [LATE_TYPE]: ['ZZMC'] };
const PASSPHRASE = 'correct horse battery';
export const TOKENS = { issuer: 'issuer-token-'.padEnd(40, 'i'), operator: 'operator-token-'.padEnd(40, 'o') };
const BEAT = 60_000;
export const PROMISE_SPAN = 3 * BEAT;

const keyNamed = (name: string) => {
  const privateKey = parsePrivateKey(bytesOf(name));
  return { privateKey, publicKey: publicKeyOf(privateKey) };
};
export const LOG_KEY = keyNamed('log key').publicKey;
export const DOCUMENT_KEY = keyNamed('document key').publicKey;

export interface Department {
  readonly path: string;
  readonly anvil: Anvil;
  /** Writes the registry. */
  readonly admin: ChainSender;
  /** The account that anchors, in another's hands. */
  readonly owner: ChainSender;
  /** Sends a call to the registry. */
  register(data: string): Promise<void>;
  /** For a node with its data in `dataDir` under the department's directory. */
  config(dataDir: string, changes?: Partial<NodeConfig>): NodeConfig;
  /** Writes the config as a program reads it, and returns its path. */
  writeConfig(config: NodeConfig): Promise<string>;
  copy(from: string, to: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startDepartment(): Promise<Department> {
  const path = await mkdtemp(join(tmpdir(), 'vt-department-'));
  const anvil = await startAnvil();
  const { rpcUrl } = anvil;
  const sender = (byte: string): ChainSender =>
    new ChainSender({ rpcUrl, privateKeyHex: byte.repeat(32), chainId: CHAIN_ID, logger: silent, timeoutMs: 10_000 });
  const [admin, owner] = [sender('a1'), sender('b2')];
  const contracts = await deployContracts(admin, { admin: admin.account, msPerUnit: 1000 });
  const register = async (data: string): Promise<void> => {
    await admin.send({ to: contracts.registry, data });
  };
  await registerAll(register, owner.account);
  await writeSecrets(path);
  const { registry, anchor, fromBlock } = contracts;
  const config = (dataDir: string, changes: Partial<NodeConfig> = {}): NodeConfig => ({
    origin: ORIGIN,
    dataDir: join(path, dataDir),
    host: '127.0.0.1',
    port: 0,
    chain: { rpcUrl, chainId: CHAIN_ID, registry, anchor, confirmations: 0, fromBlock },
    keys: { log: join(path, 'log.key.json'), document: join(path, 'document.key.json') },
    passphraseFile: join(path, 'passphrase'),
    accountFile: join(path, 'account'),
    tokensFile: join(path, 'tokens.json'),
    publicFields: PUBLIC_FIELDS,
    exitWithParent: false,
    ...changes,
  });
  return {
    path,
    anvil,
    admin,
    owner,
    register,
    config,
    async writeConfig(written) {
      const file = join(path, `config-${Object.keys(written).length}-${Math.random()}.json`);
      await writeFile(file, JSON.stringify(written));
      return file;
    },
    copy: (from, to) => cp(join(path, from), join(path, to), { recursive: true }),
    async stop() {
      await anvil.stop();
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function registerAll(register: (data: string) => Promise<void>, owner: string): Promise<void> {
  const account = decodeHex(owner.slice(2));
  const spans = { quantum: 1_000, beat: BEAT, promiseSpan: PROMISE_SPAN };
  const key = (publicKey: typeof LOG_KEY, keyType: 'log' | 'document'): string =>
    encodeAddKey({ code: AUTHORITY, keyId: keyIdOf(publicKey), keyType, publicKey, validFrom: 0 });
  const scope = { code: AUTHORITY, licenceType: TYPE, region: '110000', validFrom: 0, validTo: null };
  await register(encodeRegisterAuthority({ code: AUTHORITY, name: '自然资源部', region: '110000', parent: null, account }));
  await register(key(LOG_KEY, 'log'));
  await register(key(DOCUMENT_KEY, 'document'));
  await register(encodeRegisterLog({ logId: LOG_ID, owner: AUTHORITY, origin: ORIGIN, class: 'licence', ...spans }));
  await register(encodeGrantScope(scope));
  await register(encodeSetMode({ logId: LOG_ID, licenceType: TYPE, mode: 'public' }));
  await register(encodeSetMode({ logId: LOG_ID, licenceType: PRIVATE_TYPE, mode: 'private' }));
}

async function writeSecrets(path: string): Promise<void> {
  const write = (name: string, text: string): Promise<void> => writeFile(join(path, name), text, { mode: 0o600 });
  await write('passphrase', `${PASSPHRASE}\n`);
  await write('account', `${'b2'.repeat(32)}\n`);
  await write('tokens.json', JSON.stringify(TOKENS));
  await createKeyFile(join(path, 'log.key.json'), PASSPHRASE, { type: 'log', ...keyNamed('log key') });
  await createKeyFile(join(path, 'document.key.json'), PASSPHRASE, { type: 'document', ...keyNamed('document key') });
}
