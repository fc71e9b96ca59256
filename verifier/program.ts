/**
 * A verifier, witness or monitor, put together: the index as it was left, the chain, the logs, and the interface. Each part goes on by itself;
 * none waits for another's network.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from '../core/bytes/bytes.ts';
import { conflict, malformed } from '../core/bytes/error.ts';
import { logIdOf, originParts, parseOrigin } from '../core/log/origin.ts';
import type { Trust } from '../core/verify/trust.ts';
import { readSecret } from '../service/config.ts';
import type { Running } from '../service/lifecycle.ts';
import type { Logger } from '../service/logger.ts';
import { openSigner, type Signer } from '../service/signer.ts';
import { openStore, type Store } from '../service/store.ts';
import { Changes } from './api/changes.ts';
import { Collector } from './collector.ts';
import type { VerifierConfig } from './config.ts';
import { Confirmations } from './confirmation.ts';
import { ChargeFiles } from './court/charge-files.ts';
import { type MemberAccount, Prosecution } from './court/prosecution.ts';
import { createVerifierEdge } from './edge.ts';
import { agreeIdentity, ChainFollower, type ChainSource } from './follow/chain-follower.ts';
import { FindingFiles } from './follow/finding.ts';
import { type FollowedLog, Following, type FollowingOptions, type Timing } from './follow/following.ts';
import { EventStore } from './index/event-store.ts';
import { type IndexStore, openIndex } from './index/index-store.ts';
import { LogIndex } from './index/log-index.ts';
import { SeenStore } from './index/seen-store.ts';
import { Loop } from './loop.ts';
import { SwapRegister } from './register.ts';
import { TrustFile } from './trust-file.ts';
import { Witness } from './witness.ts';

export interface VerifierOptions {
  readonly config: VerifierConfig;
  readonly chain: ChainSource;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
  readonly timing?: Timing;
  /** The consortium member of `config.charges`; null without one. */
  readonly member?: MemberAccount | null;
}

const TIMING: Timing = {
  witnessesWithinMs: 30_000,
  silentForMs: 10_000,
  retryMs: 5_000,
  checkpointMs: 3_000,
  tileMs: 10_000,
  openingRetryMs: 5_000,
};

/**
 * Throws CONFLICT when the data directory belongs to another chain or another process, UNAVAILABLE when a first start finds no chain,
 * and whatever the files of the config are refused with.
 */
export async function startVerifier(options: VerifierOptions): Promise<Running> {
  await mkdir(options.config.dataDir, { recursive: true, mode: 0o700 });
  const opened: Opened = [];
  const closeAll = async (): Promise<void> => {
    for (const part of opened.splice(0).toReversed()) await part.close();
  };
  try {
    const ground = await openGround(options, opened);
    const keeper = await openWitness(options, ground, opened);
    const requestSigner = await openRequestSigner(options);
    return await run(options, { ...ground, requestSigner }, keeper, closeAll);
  } catch (error) {
    await closeAll();
    throw error;
  }
}

type Opened = { close(): Promise<void> }[];

/** What is there before anybody but the chain is asked. */
interface Ground {
  readonly index: IndexStore;
  readonly logs: readonly FollowedLog[];
  readonly findings: FindingFiles;
  readonly charges: ChargeFiles;
  readonly chain: ChainFollower;
}

async function openGround({ config, chain: source, logger, clock }: VerifierOptions, opened: Opened): Promise<Ground> {
  const directory = join(config.dataDir, 'findings');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const [findings, charges] = [await FindingFiles.open(directory), await ChargeFiles.open(directory)];
  const named = config.logs.map(({ origin, url }) => ({ origin: parseOrigin(origin), url }));
  if (new Set(named.map(({ origin }) => origin)).size !== named.length) throw malformed('config: a log is named twice');
  const left = await openIndex(join(config.dataDir, 'index'), logger, async (index) => {
    const events = new EventStore(index);
    const logs: FollowedLog[] = [];
    for (const log of named) logs.push({ ...log, index: await LogIndex.open(index, logIdOf(log.origin)) });
    return { index, events, logs, kept: await events.read(), known: await events.identity() };
  });
  const { index, events, logs, kept, known } = left;
  opened.push(index);
  const identity = await agreeIdentity(source, known);
  if (known === null) await events.setIdentity(identity);
  return { index, logs, findings, charges, chain: new ChainFollower({ source, identity, events, kept, clock }) };
}

/** What a witness has and a plain verifier has not. */
interface Keeper {
  readonly witness: Witness;
  readonly register: SwapRegister;
}

/** Null for a plain verifier. A witness's store that is damaged is not built anew: it says what the key has signed. */
async function openWitness(
  { config, clock, logger }: VerifierOptions,
  { chain, findings }: Ground,
  opened: Opened,
): Promise<Keeper | null> {
  if (config.witness === null) return null;
  const name = parseOrigin(config.witness.name);
  if (originParts(name).name !== 'witness') throw malformed('config: a witness is named <consortium>/<USCC>/witness');
  const signer = await openSigner(config.witness.key, await readSecret(config.witness.passphraseFile), 'witness');
  const store = await openStore(join(config.dataDir, 'witness'));
  opened.push(store);
  await bindToChain(store, chain);
  const register = new SwapRegister({ store, facts: () => chain.facts, clock });
  const { chainReference } = chain;
  return { witness: new Witness({ name, signer, store, chainReference, findings, register, clock, logger }), register };
}

async function openRequestSigner({ config: { request } }: VerifierOptions): Promise<Signer | null> {
  return request && openSigner(request.key, await readSecret(request.passphraseFile), 'request');
}

/** What was signed for one chain's anchors says nothing about another's. Throws CONFLICT. */
async function bindToChain(store: Store, { chainReference }: ChainFollower): Promise<void> {
  const [space, key] = [store.space('chain'), new Uint8Array()];
  const known = await space.get(key);
  if (known === undefined) return store.batch().put(space, key, chainReference).write({ sync: true });
  if (equalBytes(known, chainReference)) return;
  throw conflict('the witness has signed for another chain or anchor contract: name another dataDir');
}

async function run(
  options: VerifierOptions,
  ground: Ground & Pick<FollowingOptions, 'requestSigner'>,
  keeper: Keeper | null,
  closeAll: () => Promise<void>,
): Promise<Running> {
  const { config, clock, logger, timing = TIMING, member = null } = options;
  const { chain, index } = ground;
  const { witness, register } = keeper ?? { witness: null, register: null };
  const trustFile = await openTrust(options, chain);
  const trust = (): Trust | null => trustFile?.trust ?? null;
  const confirmations = new Confirmations({ chain, seen: new SeenStore(index.store, 'seen'), trust });
  const changes = new Changes(clock);
  const prosecution = new Prosecution({ ...ground, config, member, retryMs: timing.retryMs, clock, logger });
  const following = new Following({
    ...ground,
    isQuorate: (log, anchor) => trustFile === null || confirmations.isQuorate(log, anchor),
    onAdvance: (logId, anchor) => changes.add(logId, anchor),
    afterStep: async (follower, signal) => {
      await witness?.step(follower, signal);
      await prosecution.monitor?.step(follower, signal);
    },
    pauseMs: config.pollMs,
    timing,
    clock,
    logger,
  });
  const served = { ...ground, following, confirmations, changes, prosecution, witness, register, trustFile, trust };
  const edge = createVerifierEdge({ config, logger, clock, silentForMs: timing.silentForMs }, served);
  const loops = [
    chainLoop(options, chain, following, trustFile),
    ...following.loops,
    ...prosecution.loops(following),
    ...config.witnesses.map((one) => collectorLoop(options, new Collector({ ...one, following, confirmations, clock, logger }))),
  ];
  following.advance();
  const url = await edge.listen(config.port, config.host);
  for (const loop of loops) loop.start();
  const close = async (): Promise<void> => {
    await Promise.all([edge.close(), ...loops.map((loop) => loop.stop())]);
    await closeAll();
  };
  return { ready: { url, role: config.role }, close };
}

async function openTrust({ config, logger }: VerifierOptions, { identity }: ChainFollower): Promise<TrustFile | null> {
  const { trustFile: path, dataDir } = config;
  return path === null ? null : TrustFile.open({ path, dataDir, identity, logger });
}

function chainLoop(
  { config, logger }: VerifierOptions,
  chain: ChainFollower,
  following: Following,
  trustFile: TrustFile | null,
): Loop {
  const step = async (): Promise<void> => {
    try {
      await trustFile?.refresh();
      if (await chain.poll()) following.wake();
    } finally {
      following.advance();
    }
  };
  return new Loop({ pauseMs: config.pollMs, logger, step });
}

function collectorLoop({ config, logger }: VerifierOptions, collector: Collector): Loop {
  return new Loop({ pauseMs: config.pollMs, logger, step: (signal) => collector.step(signal) });
}
