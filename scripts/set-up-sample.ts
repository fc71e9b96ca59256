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
import { decodeHex, decodeUtf8, encodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import { isCodedError } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { canonicalJson } from '../core/bytes/json.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { applyRegistryEvent, emptyRegistry } from '../core/authority/fold.ts';
import { type AnchorEvent, isAnchorEvent, type KeyType } from '../core/authority/registry-event.ts';
import { findLog, type RegistryFacts } from '../core/authority/registry.ts';
import { logIdOf, parseOrigin } from '../core/log/origin.ts';
import { privateKeyFromRandom, publicKeyOf } from '../core/sm/sm2.ts';
import { encodeTrust, formatSignedTrust, type Trust, trustSignedBytes } from '../core/verify/trust.ts';
import { CHECK_IDS } from '../core/verify/verdict.ts';
import { CONTRACT_NAMES, type Contracts, deployContracts } from '../chain/deploy.ts';
import { readChainIdentity } from '../chain/finality.ts';
import { ChainReader } from '../chain/reader.ts';
import { ChainRpc } from '../chain/rpc.ts';
import { ChainSender } from '../chain/sender.ts';
import { createFileDurably, readPrivateFile, replaceFileDurably } from '../service/durable-file.ts';
import type { FileType, TypedKey } from '../core/sealed/key-file.ts';
import { createKeyFile, openKeyFile } from '../service/key-file.ts';
import { createLogger } from '../service/logger.ts';
import { createSigner, type Signer } from '../service/signer.ts';
import sample from '../samples/consortium.json' with { type: 'json' };
import { makeCalls, missingCalls, namesOfKeys, namesOfRecordsKeys, type SampleAuthority } from './sample-registry.ts';

const DAY = 86_400_000;
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

/** Opens a key file, or makes it. */
async function keyFileAt<Type extends FileType>(name: string, type: Type, passphrase: string): Promise<TypedKey<Type>> {
  const path = join(keysDirectory, `${name}.key.json`);
  try {
    return await openKeyFile(path, passphrase, type);
  } catch (error) {
    if (!isCodedError(error, 'NOT_FOUND')) throw error;
    const privateKey = privateKeyFromRandom(randomBytes(40));
    const key = { type, privateKey, publicKey: publicKeyOf(privateKey) };
    await createKeyFile(path, passphrase, key);
    return key;
  }
}

async function keyAt(name: string, type: KeyType, passphrase: string): Promise<Signer> {
  return createSigner(await keyFileAt(name, type, passphrase));
}

interface ChainRecord extends Contracts {
  readonly chainId: number;
  readonly genesisHash: string;
}

/** The contracts of this data directory; deployed once. */
async function contractsOn(
  chain: { chainId: number; genesisHash: Hash },
  members: readonly SampleAuthority[],
): Promise<ChainRecord> {
  const path = join(data!, 'chain.json');
  const genesisHash = encodeHex(chain.genesisHash);
  const kept = await readFile(path, 'utf8').catch(() => null);
  if (kept !== null) {
    const record = JSON.parse(kept) as ChainRecord;
    if (record.genesisHash !== genesisHash) throw new Error(`${path} is about another chain than ${rpcUrl!}`);
    const lacks = CONTRACT_NAMES.find((name) => record[name] === undefined);
    if (lacks !== undefined) throw new Error(`${path} is of an earlier version, without ${lacks}: start with another --data`);
    return record;
  }
  const { consortium: consortiumName, threshold, suspensionThreshold, publicDelay } = sample;
  const contracts = await deployContracts(members[0]!.sender, {
    consortiumName,
    members: members.map(({ code, sender }) => ({ code, account: sender.account })),
    threshold,
    suspensionThreshold,
    publicDelay,
    msPerUnit: 1000,
  });
  const record = { ...contracts, chainId: chain.chainId, genesisHash };
  await replaceFileDurably(path, encodeUtf8(`${JSON.stringify(record)}\n`));
  return record;
}

interface ChainState {
  readonly facts: RegistryFacts;
  /** The newest anchor of each log. */
  readonly heads: ReadonlyMap<string, AnchorEvent>;
}

async function readState({ registry, anchor, court, fromBlock }: ChainRecord): Promise<ChainState> {
  const reader = new ChainReader({
    rpcUrl: rpcUrl!,
    registry,
    anchor,
    court,
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
      if (!isAnchorEvent(event)) facts = applyRegistryEvent(facts, event);
      else if (event.kind === 'anchored') heads.set(encodeHex(event.logId), event);
    }
    if (caughtUp) return { facts, heads };
  }
}

/** By role, who owns the department's log now: after 机构改革 its successor, whose keys the log's node then signs with. */
function ownersOf(facts: RegistryFacts): Record<string, string> {
  const owners = sample.departments.map(({ role, authority }): [string, string] => {
    const log = findLog(facts, logIdOf(parseOrigin(`${sample.consortium}/${authority}/licences`)));
    const owner = sample.authorities.find(({ code }) => code === log?.authority);
    return [role, owner?.id ?? role];
  });
  return Object.fromEntries(owners);
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
  const rpc = new ChainRpc({ rpcUrl: rpcUrl!, timeoutMs: TIMEOUT_MS });
  const chain = await readChainIdentity(rpc);
  const authorities: SampleAuthority[] = [];
  for (const one of sample.authorities) {
    const privateKeyHex = await secretAt(`${one.id}.account`, () => randomBytes(32).toString('hex'));
    const sender = new ChainSender({ rpcUrl: rpcUrl!, privateKeyHex, chainId: chain.chainId, logger, timeoutMs: TIMEOUT_MS });
    authorities.push({ ...one, sender, key: await keyAt(`${one.id}-authority`, 'authority', passphrase) });
  }
  const keys = new Map<string, Signer>();
  for (const { name, type } of namesOfKeys()) keys.set(name, await keyAt(name, type, passphrase));
  for (const name of namesOfRecordsKeys()) await keyFileAt(name, 'records', passphrase);
  // Officers stand in no registry: their authority names them in each case.
  for (const name of sample.officers) await keyFileAt(name, 'request', passphrase);
  const trustKey = await keyAt('trust', 'trust', passphrase);

  const record = await contractsOn(
    chain,
    authorities.filter(({ isMember }) => isMember),
  );
  const setting = { ...record, rpc, authorities, keys, beat, busyBeat: BUSY_BEAT };
  let state = await readState(record);
  let registered = 0;
  for (let calls = missingCalls(state.facts, setting); calls.length > 0; calls = missingCalls(state.facts, setting)) {
    await makeCalls(calls, setting);
    registered += calls.length;
    state = await readState(record);
  }
  const trust = await writeTrust(record, state, keys.get('witness')!, trustKey);
  const owners = ownersOf(state.facts);
  process.stdout.write(`${JSON.stringify({ ...record, trust, registered, owners })}\n`);
}

await main();
