/** A department on a chain of its own: contracts, an authority with keys, a log, three licence types, and nodes started on it. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { encodeGrantScope, encodeRegisterLog, encodeSetMode } from '../../chain/registry-call.ts';
import type { ChainSender } from '../../chain/sender.ts';
import { createKeyFile } from '../../service/key-file.ts';
import type { NodeConfig } from '../../node/config.ts';
import { CHAIN_ID, startAnvil, type Anvil } from '../chain/anvil.ts';
import { signerNamed, TestConsortium } from '../chain/consortium-fixture.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUTHORITY, LOG_ID, ORIGIN } from './fixture.ts';

export const TYPE = '11100000000013338W009';
export const PRIVATE_TYPE = '11100000000013338W010';
/** Has no mode until a test sets one. */
export const LATE_TYPE = '11100000000013338W011';
const PUBLIC_FIELDS = { [TYPE]: ['ZZMC', 'KZ_KSMC'], [LATE_TYPE]: ['ZZMC'] };
const PASSPHRASE = 'correct horse battery';
export const TOKENS = { issuer: 'issuer-token-'.padEnd(40, 'i'), operator: 'operator-token-'.padEnd(40, 'o') };
/** Names the account that acts for the authority. */
const ACCOUNT = 'b2';
const BEAT = 60_000;
export const PROMISE_SPAN = 3 * BEAT;

const keyNamed = (name: string) => {
  const privateKey = parsePrivateKey(bytesOf(name));
  return { privateKey, publicKey: publicKeyOf(privateKey) };
};
export const LOG_KEY = keyNamed('log key').publicKey;
export const DOCUMENT_KEY = keyNamed('document key').publicKey;
export const logSigner = signerNamed('log key');
export const documentSigner = signerNamed('document key', 'document');
/** Signs the authority's key acts. */
export const authoritySigner = signerNamed('authority key', 'authority');

export interface Department {
  readonly path: string;
  readonly anvil: Anvil;
  readonly consortium: TestConsortium;
  /** The account that acts for the authority and anchors, in another's hands. */
  readonly owner: ChainSender;
  /** Sends a call to the registry from that account. */
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
  const consortium = await TestConsortium.deploy(rpcUrl);
  const owner = consortium.sender(ACCOUNT);
  const { registry, anchor, court, fromBlock } = consortium.contracts;
  const register = async (data: string): Promise<void> => {
    await owner.send({ to: registry, data });
  };
  await registerAll(consortium, owner, register);
  await writeSecrets(path);
  const config = (dataDir: string, changes: Partial<NodeConfig> = {}): NodeConfig => ({
    origin: ORIGIN,
    dataDir: join(path, dataDir),
    host: '127.0.0.1',
    port: 0,
    chain: { rpcUrl, chainId: CHAIN_ID, registry, anchor, court, confirmations: 0, fromBlock },
    keys: { log: join(path, 'log.key.json'), document: join(path, 'document.key.json') },
    passphraseFile: join(path, 'passphrase'),
    accountFile: join(path, 'account'),
    tokensFile: join(path, 'tokens.json'),
    publicFields: PUBLIC_FIELDS,
    maxStatusAgeMs: 86_400_000,
    padQuantumTo: 0,
    replyWithinMs: 30 * 86_400_000,
    exitWithParent: false,
    ...changes,
  });
  return {
    path,
    anvil,
    consortium,
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

async function registerAll(
  consortium: TestConsortium,
  { account }: ChainSender,
  register: (data: string) => Promise<void>,
): Promise<void> {
  const spans = { quantum: 1_000, beat: BEAT, promiseSpan: PROMISE_SPAN, term: null };
  const authority = { code: AUTHORITY, name: '自然资源部', region: '110000', account };
  await consortium.register({ ...authority, key: authoritySigner });
  await consortium.addKey(AUTHORITY, logSigner, authoritySigner);
  await consortium.addKey(AUTHORITY, documentSigner, authoritySigner);
  await register(encodeRegisterLog({ owner: AUTHORITY, origin: ORIGIN, class: 'licence', ...spans }));
  await consortium.decide(scopeOf(AUTHORITY));
  await register(encodeSetMode({ logId: LOG_ID, licenceType: TYPE, mode: 'public' }));
  await register(encodeSetMode({ logId: LOG_ID, licenceType: PRIVATE_TYPE, mode: 'private' }));
}

/** The call by which the members allow an authority to issue the type. */
export function scopeOf(code: string): string {
  return encodeGrantScope({ code, licenceType: TYPE, region: '110000', validFrom: 0, validTo: null, parentId: null });
}

async function writeSecrets(path: string): Promise<void> {
  const write = (name: string, text: string): Promise<void> => writeFile(join(path, name), text, { mode: 0o600 });
  await write('passphrase', `${PASSPHRASE}\n`);
  await write('account', `${ACCOUNT.repeat(32)}\n`);
  await write('tokens.json', JSON.stringify(TOKENS));
  await createKeyFile(join(path, 'log.key.json'), PASSPHRASE, { type: 'log', ...keyNamed('log key') });
  await createKeyFile(join(path, 'document.key.json'), PASSPHRASE, { type: 'document', ...keyNamed('document key') });
}

/** Puts another authority on record that may issue the type, and returns what a node of it needs in its config. */
export async function enterSuccessor(
  { path, consortium }: Department,
  code: string,
  accountByte: string,
): Promise<Pick<NodeConfig, 'keys' | 'accountFile'>> {
  const key = signerNamed(`authority key of ${code}`, 'authority');
  const { account } = consortium.sender(accountByte);
  await consortium.register({ code, name: '自然资源局', region: '110000', account, key });
  for (const type of ['log', 'document'] as const) {
    const name = `${type} key of ${code}`;
    await consortium.addKey(code, signerNamed(name, type), key);
    await createKeyFile(join(path, `${code}-${type}.key.json`), PASSPHRASE, { type, ...keyNamed(name) });
  }
  await consortium.decide(scopeOf(code));
  const accountFile = join(path, `${code}-account`);
  await writeFile(accountFile, `${accountByte.repeat(32)}\n`, { mode: 0o600 });
  return { keys: { log: join(path, `${code}-log.key.json`), document: join(path, `${code}-document.key.json`) }, accountFile };
}
