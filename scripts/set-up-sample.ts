/**
 * Makes the sample consortium true on a chain: keys, contracts, registrations and a trust file. Run at every start, it does only
 * what is missing, so that a start that was interrupted goes on where it stopped.
 *
 * `--data DIR --rpc URL [--beat MS]`; one JSON line on stdout. Everything secret lies under DIR/keys, readable by its owner alone.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeHex, decodeUtf8, encodeHex, encodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import { isCodedError } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { canonicalJson } from '../core/bytes/json.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { type AnchorEvent, type ChainEvent, type KeyType, type RegistryEvent } from '../core/authority/registry-event.ts';
import { applyRegistryEvent, emptyRegistry, findLog, findMode, type RegistryFacts } from '../core/authority/registry.ts';
import { logIdOf, parseOrigin } from '../core/log/origin.ts';
import { privateKeyFromRandom, publicKeyOf } from '../core/sm/sm2.ts';
import { encodeTrust, formatSignedTrust, type Trust, trustSignedBytes } from '../core/verify/trust.ts';
import { CHECK_IDS } from '../core/verify/verdict.ts';
import {
  encodeAddKey,
  encodeDeclareCoverage,
  encodeGrantScope,
  encodeRegisterAuthority,
  encodeRegisterLog,
  encodeSetMode,
} from '../chain/contract-call.ts';
import { type Contracts, deployContracts } from '../chain/deploy.ts';
import { readChainIdentity } from '../chain/finality.ts';
import { ChainReader } from '../chain/reader.ts';
import { ChainRpc } from '../chain/rpc.ts';
import { ChainSender } from '../chain/sender.ts';
import { createFileDurably, readPrivateFile, replaceFileDurably } from '../service/durable-file.ts';
import { createKeyFile, openKeyFile } from '../service/key-file.ts';
import { createLogger } from '../service/logger.ts';
import { createSigner, type Signer } from '../service/signer.ts';
import sample from '../samples/consortium.json' with { type: 'json' };

const DAY = 86_400_000;
const LOG_QUANTUM = 1_000;
const BUSY_BEAT = 60_000;
const TIMEOUT_MS = 60_000;

const logger = createLogger({ program: 'set-up' });
const { values } = parseArgs({ options: { data: { type: 'string' }, rpc: { type: 'string' }, beat: { type: 'string' } } });
const { data, rpc: rpcUrl } = values;
if (data === undefined || rpcUrl === undefined) throw new Error('usage: set-up-sample.ts --data DIR --rpc URL [--beat MS]');
const beat = values.beat === undefined ? BUSY_BEAT : Number(values.beat);
const keysDirectory = join(data, 'keys');

/** Reads a secret, or makes and keeps it. */
async function secretAt(name: string, make: () => string): Promise<string> {
  const path = join(keysDirectory, name);
  try {
    return decodeUtf8(await readPrivateFile(path, 1024)).trim();
  } catch (error) {
    if (!isCodedError(error, 'NOT_FOUND')) throw error;
    const secret = make();
    await createFileDurably(path, encodeUtf8(`${secret}\n`));
    return secret;
  }
}

async function keyAt(name: string, type: KeyType, passphrase: string): Promise<Signer> {
  const path = join(keysDirectory, `${name}.key.json`);
  try {
    return createSigner(await openKeyFile(path, passphrase, type));
  } catch (error) {
    if (!isCodedError(error, 'NOT_FOUND')) throw error;
    const privateKey = privateKeyFromRandom(randomBytes(40));
    const key = { type, privateKey, publicKey: publicKeyOf(privateKey) };
    await createKeyFile(path, passphrase, key);
    return createSigner(key);
  }
}

interface ChainRecord extends Contracts {
  readonly chainId: number;
  readonly genesisHash: string;
}

/** The contracts of this data directory; deployed once. */
async function contractsOn(chain: { chainId: number; genesisHash: Hash }, admin: ChainSender): Promise<ChainRecord> {
  const path = join(data!, 'chain.json');
  const genesisHash = encodeHex(chain.genesisHash);
  const kept = await readFile(path, 'utf8').catch(() => null);
  if (kept !== null) {
    const record = JSON.parse(kept) as ChainRecord;
    if (record.genesisHash !== genesisHash) throw new Error(`${path} is about another chain than ${rpcUrl!}`);
    return record;
  }
  const contracts = await deployContracts(admin, { admin: admin.account, msPerUnit: 1000 });
  const record = { ...contracts, chainId: chain.chainId, genesisHash };
  await replaceFileDurably(path, encodeUtf8(`${JSON.stringify(record)}\n`));
  return record;
}

interface ChainState {
  readonly facts: RegistryFacts;
  /** The newest anchor of each log. */
  readonly heads: ReadonlyMap<string, AnchorEvent>;
}

async function readState({ registry, anchor, fromBlock }: ChainRecord): Promise<ChainState> {
  const reader = new ChainReader({
    rpcUrl: rpcUrl!,
    registry,
    anchor,
    fromBlock,
    confirmations: 0,
    timeoutMs: TIMEOUT_MS,
    logger,
  });
  let facts: RegistryFacts | null = null;
  const heads = new Map<string, AnchorEvent>();
  for (;;) {
    const { head, events, caughtUp } = await reader.poll();
    facts ??= emptyRegistry(head);
    for (const event of events) {
      if (event.kind === 'anchored') heads.set(encodeHex(event.logId), event);
      else if (isRegistryEvent(event)) facts = applyRegistryEvent(facts, event);
    }
    if (caughtUp) return { facts, heads };
  }
}

function isRegistryEvent(event: ChainEvent): event is RegistryEvent {
  return event.kind !== 'anchored' && event.kind !== 'forked';
}

/** Every call that the registry still lacks, in an order that the contract accepts. */
function missingCalls(facts: RegistryFacts, keys: ReadonlyMap<string, Signer>, accounts: ReadonlyMap<string, string>): string[] {
  const calls: string[] = [];
  for (const { code, name, region } of sample.authorities) {
    if (facts.authorities.some((authority) => authority.code === code)) continue;
    calls.push(
      encodeRegisterAuthority({ code, name, region, parent: null, account: decodeHex(accounts.get(code)!.slice(2), 20) }),
    );
  }
  const addKey = (code: string, name: string, keyType: KeyType): void => {
    const { keyId, publicKey } = keys.get(name)!;
    if (facts.keys.some((key) => equalBytes(key.keyId, keyId))) return;
    calls.push(encodeAddKey({ code, keyId, keyType, publicKey, validFrom: 0 }));
  };
  for (const { role, authority, scopes, coverages, publicTypes, privateTypes } of sample.departments) {
    addKey(authority, `${role}-log`, 'log');
    addKey(authority, `${role}-document`, 'document');
    const origin = parseOrigin(`${sample.consortium}/${authority}/licences`);
    const logId = logIdOf(origin);
    if (findLog(facts, logId) === undefined) {
      const times = { quantum: LOG_QUANTUM, beat, promiseSpan: LOG_QUANTUM + 3 * Math.max(beat, BUSY_BEAT) };
      calls.push(encodeRegisterLog({ logId, owner: authority, origin, class: 'licence', ...times }));
    }
    for (const [types, mode] of [
      [publicTypes, 'public'],
      [privateTypes, 'private'],
    ] as const) {
      for (const licenceType of types) {
        if (findMode(facts, logId, licenceType) === undefined) calls.push(encodeSetMode({ logId, licenceType, mode }));
      }
    }
    const { region } = sample.authorities.find(({ code }) => code === authority)!;
    for (const licenceType of scopes) {
      if (facts.scopes.some((scope) => scope.authority === authority && scope.licenceType === licenceType)) continue;
      calls.push(encodeGrantScope({ code: authority, licenceType, region, validFrom: 0, validTo: null }));
    }
    for (const licenceType of coverages) {
      if (facts.coverages.some((one) => one.authority === authority && one.licenceType === licenceType)) continue;
      calls.push(encodeDeclareCoverage({ code: authority, licenceType, since: Date.now() - DAY }));
    }
  }
  addKey(sample.witness, 'witness', 'witness');
  return calls;
}

/** The version rises with every start; readers refuse a lower one. */
async function previousVersion(path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return 0;
  const { payload } = JSON.parse(text) as { payload: string };
  return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { version: number }).version;
}

async function writeTrust(record: ChainRecord, state: ChainState, witness: Signer, trustKey: Signer): Promise<string> {
  const path = join(data!, 'trust.json');
  const issuedAt = Date.now();
  const trust: Trust = {
    consortium: sample.consortium,
    version: (await previousVersion(path)) + 1,
    issuedAt,
    expiresAt: issuedAt + 30 * DAY,
    sample: true,
    chainId: record.chainId,
    genesisHash: decodeHex(record.genesisHash, 32) as Hash,
    registryAddress: decodeHex(record.registry.slice(2), 20),
    anchorAddress: decodeHex(record.anchor.slice(2), 20),
    facts: state.facts,
    witnesses: [
      { authority: sample.witness, name: `${sample.consortium}/${sample.witness}/witness`, publicKey: witness.publicKey },
    ],
    witnessQuorum: 1,
    trustKeys: [trustKey.publicKey],
    trustQuorum: 1,
    floors: [...state.heads.values()].map(({ logId, size, issuedAt: time }) => ({ logId, size, time })),
    required: CHECK_IDS.filter((id) => id !== 'seal'),
    requiredByType: {},
    maxHeadAge: 10_000,
    maxStatusAge: DAY,
  };
  const payload = encodeTrust(trust);
  const signatures = [{ keyId: keyIdOf(trustKey.publicKey), signature: await trustKey.sign(trustSignedBytes(payload)) }];
  await replaceFileDurably(
    path,
    encodeUtf8(`${canonicalJson(formatSignedTrust({ envelope: { payload, signatures }, trust }))}\n`),
  );
  return path;
}

async function main(): Promise<void> {
  await mkdir(keysDirectory, { recursive: true, mode: 0o700 });
  const passphrase = await secretAt('passphrase', () => randomBytes(24).toString('base64url'));
  const keys = new Map<string, Signer>();
  const account = new Map<string, string>();
  const chain = await readChainIdentity(new ChainRpc({ rpcUrl: rpcUrl!, timeoutMs: TIMEOUT_MS }));
  const senderAt = async (name: string): Promise<ChainSender> => {
    const privateKeyHex = await secretAt(`${name}.account`, () => randomBytes(32).toString('hex'));
    return new ChainSender({ rpcUrl: rpcUrl!, privateKeyHex, chainId: chain.chainId, logger, timeoutMs: TIMEOUT_MS });
  };
  const admin = await senderAt('administrator');
  for (const { role, authority } of sample.departments) {
    keys.set(`${role}-log`, await keyAt(`${role}-log`, 'log', passphrase));
    keys.set(`${role}-document`, await keyAt(`${role}-document`, 'document', passphrase));
    account.set(authority, (await senderAt(role)).account);
  }
  keys.set('witness', await keyAt('witness', 'witness', passphrase));
  account.set(sample.witness, (await senderAt('witness')).account);
  const trustKey = await keyAt('trust', 'trust', passphrase);

  const record = await contractsOn(chain, admin);
  let state = await readState(record);
  const calls = missingCalls(state.facts, keys, account);
  for (const call of calls) await admin.send({ to: record.registry, data: call });
  if (calls.length > 0) state = await readState(record);
  const trust = await writeTrust(record, state, keys.get('witness')!, trustKey);
  process.stdout.write(`${JSON.stringify({ ...record, trust, registered: calls.length })}\n`);
}

await main();
