/**
 * A department's node, put together. It signs only once its store, its register and the chain agree about what it signed before, and
 * the registry lists it as it is configured; it can be read before that, and when they do not agree.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Gauge } from 'prom-client';
import { encodeHex } from '../core/bytes/bytes.ts';
import { logIdOf, parseOrigin } from '../core/log/origin.ts';
import type { LogClass } from '../core/authority/registry-event.ts';
import { readAccountKey } from '../chain/config.ts';
import { ChainReader } from '../chain/reader.ts';
import { ChainSender } from '../chain/sender.ts';
import { readSecret } from '../service/config.ts';
import { healthRoutes } from '../service/health.ts';
import { createEdge, type Edge } from '../service/http.ts';
import type { Running } from '../service/lifecycle.ts';
import type { Logger } from '../service/logger.ts';
import { createMetrics, type Metrics } from '../service/metrics.ts';
import { openSigner } from '../service/signer.ts';
import { openStore } from '../service/store.ts';
import { openTokens } from '../service/token.ts';
import { AnchorLoop } from './anchor.ts';
import { classOf, type NodeConfig } from './config.ts';
import { ChainFollower } from './follower.ts';
import { LICENCE_ROLES, openLicencePart } from './licence-part.ts';
import { Anchors } from './log/anchors.ts';
import { Answers } from './log/answers.ts';
import { LogStore } from './log/log-store.ts';
import { createFileRegister, type Register, RemoteRegister } from './log/register.ts';
import type { ChainParts, ClassPart, NodeBase, Offer } from './part.ts';
import { ACCESS_ROLES, openAccessPart, openSealsPart, SEALS_ROLES } from './quantum-part.ts';
import { Resumption } from './resumption.ts';
import { ChainWatch } from './watch.ts';

export interface NodeOptions {
  readonly config: NodeConfig;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
  /** Aborted when the program is to stop, be it before it is ready. */
  readonly stopping: AbortController;
}

const RPC_TIMEOUT_MS = 5_000;
const SEND_TIMEOUT_MS = 15_000;
/** Short of what a client waits for its answer. */
const REGISTER_TIMEOUT_MS = 5_000;
const SILENT_CHAIN_MS = 30_000;

const CLASSES: Readonly<Record<LogClass, { readonly roles: readonly string[]; open(base: NodeBase): Promise<ClassPart> }>> = {
  licence: { roles: LICENCE_ROLES, open: openLicencePart },
  access: { roles: ACCESS_ROLES, open: openAccessPart },
  seals: { roles: SEALS_ROLES, open: openSealsPart },
};

/** Throws FORBIDDEN when the registry lists the node otherwise, and whatever the files of the config are refused with. */
export async function startNode(options: NodeOptions): Promise<Running> {
  const { config, stopping } = options;
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const base = await openBase(options);
  const part = await CLASSES[classOf(config)].open(base);
  const chain = await followChain(options, base, part);
  const edge = createNodeEdge(base, part, chain);
  const url = await edge.listen(config.port, config.host);
  const close = async (): Promise<void> => {
    stopping.abort();
    await edge.close();
    await part.close?.();
    await base.store.close();
  };
  const { follower, watch, anchorLoop } = chain;
  try {
    await follower.catchUp();
    if (!stopping.signal.aborted) {
      const { log } = watch.begin(follower.facts);
      const resumption = createResumption(base, part, chain);
      await resumption.attempt(log);
      anchorLoop.start(config.beatMs ?? log.beat);
      void follower.run();
      void resumption.run(log);
      void part.run?.();
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ready: { url, origin: config.origin, logId: encodeHex(base.logId) }, close };
}

async function openBase({ config, logger, clock, stopping }: NodeOptions): Promise<NodeBase> {
  const { dataDir, keys, passphraseFile, tokensFile } = config;
  const origin = parseOrigin(config.origin);
  const passphrase = await readSecret(passphraseFile);
  const signer = await openSigner(keys.log, passphrase, 'log');
  const tokens = await openTokens(tokensFile, CLASSES[classOf(config)].roles);
  const store = await openStore(join(dataDir, 'store'));
  const [log, answers, anchors] = [new LogStore(store), new Answers(store), new Anchors(store)];
  const { signal } = stopping;
  const remote = { origin, log, copyPath: join(dataDir, 'register.copy'), timeoutMs: REGISTER_TIMEOUT_MS, signal };
  const register: Register = config.register
    ? new RemoteRegister({ ...config.register, ...remote })
    : createFileRegister(join(dataDir, 'register'));
  const logId = logIdOf(origin);
  return { config, origin, logId, store, log, answers, anchors, register, signer, tokens, passphrase, logger, clock, signal };
}

async function followChain(options: NodeOptions, base: NodeBase, { writer, keyIds }: ClassPart): Promise<ChainParts> {
  const { config, logger, clock, stopping } = options;
  const { chain } = config;
  const { signer, logId } = base;
  const sender = new ChainSender({
    ...chain,
    privateKeyHex: await readAccountKey(config.accountFile),
    logger,
    timeoutMs: SEND_TIMEOUT_MS,
  });
  const identity = { logId, logKeyId: signer.keyId, account: sender.account, ...keyIds };
  const watch = new ChainWatch({ ...base, writer, identity });
  const follower = new ChainFollower({
    reader: new ChainReader({ ...chain, logger, timeoutMs: RPC_TIMEOUT_MS }),
    logger,
    clock,
    take: async (update, facts) => {
      if (stopping.signal.aborted) return;
      if (await watch.take(update, facts)) anchorLoop.replaceLost();
      void anchorLoop.tick();
    },
    signal: stopping.signal,
  });
  const anchorLoop = new AnchorLoop({ ...base, writer, follower, sender, anchorAddress: chain.anchor });
  return { follower, watch, anchorLoop };
}

function createResumption(base: NodeBase, { writer }: ClassPart, { follower }: ChainParts): Resumption {
  const { config } = base;
  const registerUrl = config.register?.url ?? null;
  const others = (config.witnesses ?? []).map(({ url }) => url).filter((url) => url !== registerUrl);
  return new Resumption({ ...base, writer, follower, registerUrl, others, timeoutMs: REGISTER_TIMEOUT_MS });
}

function createNodeEdge(base: NodeBase, part: ClassPart, chain: ChainParts): Edge {
  const { logger } = base;
  const { hot, routes, checks = {}, gauges = {} } = part.offer(chain);
  const metrics = createMetrics('node');
  measureLog(metrics, base, part, gauges);
  const common = { log: () => part.writer.trouble, chain: () => chainTrouble(chain.follower) };
  const health = healthRoutes({ metrics, checks: { ...common, ...checks } });
  return createEdge({ logger, metrics, hot: [...hot, ...health], routes });
}

function chainTrouble(follower: ChainFollower): string | null {
  const agoMs = follower.polledMsAgo();
  if (agoMs === null) return 'the chain was not read yet';
  return agoMs > SILENT_CHAIN_MS ? 'the chain does not answer' : null;
}

function measureLog(
  { registry }: Metrics,
  { anchors }: NodeBase,
  { writer }: ClassPart,
  more: NonNullable<Offer['gauges']>,
): void {
  const gauges: NonNullable<Offer['gauges']> = {
    log_entries: ['Entries in the newest published checkpoint', () => writer.newest?.checkpoint.size ?? 0],
    log_anchored_entries: ['Entries in the newest anchored checkpoint', () => anchors.newest?.size ?? 0],
    ...more,
  };
  for (const [name, [help, read]] of Object.entries(gauges)) {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
  }
}
