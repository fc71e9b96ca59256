/**
 * A department's node, put together. It signs only once its store, its register and the chain agree about what it signed before, and
 * the registry lists it as it is configured; it can be read before that, and when they do not agree.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Gauge } from 'prom-client';
import { encodeHex } from '../core/bytes/bytes.ts';
import { type Origin, parseOrigin } from '../core/log/origin.ts';
import { readAccountKey } from '../chain/config.ts';
import { ChainReader } from '../chain/reader.ts';
import { ChainSender } from '../chain/sender.ts';
import { readSecret } from '../service/config.ts';
import { healthRoutes } from '../service/health.ts';
import { createEdge, type Edge } from '../service/http.ts';
import type { Running } from '../service/lifecycle.ts';
import type { Logger } from '../service/logger.ts';
import { createMetrics, type Metrics } from '../service/metrics.ts';
import { openSigner, type Signer } from '../service/signer.ts';
import { openStore, type Store } from '../service/store.ts';
import { openTokens, type Tokens } from '../service/token.ts';
import { AnchorLoop } from './anchor.ts';
import type { Issuer } from './api/issue.ts';
import { readRoutes } from './api/reads.ts';
import { ROLES, writeRoutes } from './api/writes.ts';
import type { NodeConfig } from './config.ts';
import { ChainFollower } from './follower.ts';
import { Anchors } from './log/anchors.ts';
import { Answers } from './log/answers.ts';
import { LogStore } from './log/log-store.ts';
import { createFileRegister, type Register, RemoteRegister } from './log/register.ts';
import { LogWriter } from './log/writer.ts';
import { Resumption } from './resumption.ts';
import { groundOf, requireIssuing, requireMode } from './standing.ts';
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
/** An issue waits this long for what it rests on to be anchored. */
const GROUND_WITHIN_MS = 10_000;
const SILENT_CHAIN_MS = 30_000;

/** Throws FORBIDDEN when the registry lists the node otherwise, and whatever the files of the config are refused with. */
export async function startNode(options: NodeOptions): Promise<Running> {
  const { config, stopping } = options;
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const secrets = await openSecrets(options);
  const parts = await openLog(options, secrets);
  const { follower, watch, anchorLoop } = followChain(options, secrets, parts);
  const edge = createNodeEdge(options, secrets, { ...parts, follower, watch, anchorLoop });
  const url = await edge.listen(config.port, config.host);
  const close = async (): Promise<void> => {
    stopping.abort();
    await edge.close();
    await parts.store.close();
  };
  try {
    await follower.catchUp();
    if (!stopping.signal.aborted) {
      const { log } = watch.begin(follower.facts);
      const resumption = createResumption(options, { ...parts, follower });
      await resumption.attempt(log);
      anchorLoop.start(config.beatMs ?? log.beat);
      void follower.run();
      void resumption.run(log);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { ready: { url, origin: config.origin, logId: encodeHex(parts.writer.logId) }, close };
}

interface Secrets {
  readonly signer: Signer;
  readonly documentSigner: Signer;
  readonly sender: ChainSender;
  readonly tokens: Tokens;
}

async function openSecrets({ config, logger }: NodeOptions): Promise<Secrets> {
  const { keys, passphraseFile, accountFile, tokensFile, chain } = config;
  const passphrase = await readSecret(passphraseFile);
  const privateKeyHex = await readAccountKey(accountFile);
  return {
    signer: await openSigner(keys.log, passphrase, 'log'),
    documentSigner: await openSigner(keys.document, passphrase, 'document'),
    sender: new ChainSender({ ...chain, privateKeyHex, logger, timeoutMs: SEND_TIMEOUT_MS }),
    tokens: await openTokens(tokensFile, ROLES),
  };
}

interface LogParts {
  readonly origin: Origin;
  readonly store: Store;
  readonly log: LogStore;
  readonly answers: Answers;
  readonly anchors: Anchors;
  readonly writer: LogWriter;
}

async function openLog({ config, logger, clock, stopping }: NodeOptions, { signer }: Secrets): Promise<LogParts> {
  const { dataDir } = config;
  const origin = parseOrigin(config.origin);
  const store = await openStore(join(dataDir, 'store'));
  const [log, answers, anchors] = [new LogStore(store), new Answers(store), new Anchors(store)];
  const remote = {
    origin,
    log,
    copyPath: join(dataDir, 'register.copy'),
    timeoutMs: REGISTER_TIMEOUT_MS,
    signal: stopping.signal,
  };
  const register: Register = config.register
    ? new RemoteRegister({ ...config.register, ...remote })
    : createFileRegister(join(dataDir, 'register'));
  const writer = await LogWriter.open({ origin, log, answers, register, signer, logger, clock });
  return { origin, store, log, answers, anchors, writer };
}

interface ChainParts {
  readonly follower: ChainFollower;
  readonly watch: ChainWatch;
  readonly anchorLoop: AnchorLoop;
}

function followChain(options: NodeOptions, { signer, documentSigner, sender }: Secrets, parts: LogParts): ChainParts {
  const { config, logger, clock, stopping } = options;
  const { chain } = config;
  const keyIds = { logKeyId: signer.keyId, documentKeyId: documentSigner.keyId };
  const identity = { logId: parts.writer.logId, ...keyIds, account: sender.account };
  const watch = new ChainWatch({ ...parts, identity, clock });
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
  const anchorLoop = new AnchorLoop({ ...parts, follower, sender, anchorAddress: chain.anchor, signer, logger, clock });
  return { follower, watch, anchorLoop };
}

function createResumption({ config, logger, stopping }: NodeOptions, parts: LogParts & Pick<ChainParts, 'follower'>): Resumption {
  const registerUrl = config.register?.url ?? null;
  const others = (config.witnesses ?? []).map(({ url }) => url).filter((url) => url !== registerUrl);
  return new Resumption({ ...parts, registerUrl, others, timeoutMs: REGISTER_TIMEOUT_MS, logger, signal: stopping.signal });
}

function createNodeEdge(options: NodeOptions, secrets: Secrets, parts: LogParts & ChainParts): Edge {
  const { config, logger, clock } = options;
  const { origin, follower, watch, anchorLoop, writer } = parts;
  const issuer = (): Issuer => ({
    origin,
    code: watch.standing.authority.code,
    documentSigner: secrets.documentSigner,
    publicFields: config.publicFields,
  });
  const permit = async (licenceType: string): Promise<void> => {
    writer.requireSigning();
    const { facts } = follower;
    requireIssuing(watch.standing, clock());
    const mode = requireMode(facts, watch.standing, licenceType);
    await anchorLoop.reach(groundOf(facts, watch.standing, mode, clock()), GROUND_WITHIN_MS);
  };
  const metrics = createMetrics('node');
  measureLog(metrics, parts);
  const health = healthRoutes({ metrics, checks: { log: () => writer.trouble, chain: () => chainTrouble(follower) } });
  const reads = readRoutes({ ...parts, polledMsAgo: () => follower.polledMsAgo() ?? Number.MAX_SAFE_INTEGER });
  const routes = writeRoutes({ ...parts, tokens: secrets.tokens, issuer, permit });
  return createEdge({ logger, metrics, hot: [...reads, ...health], routes });
}

function chainTrouble(follower: ChainFollower): string | null {
  const agoMs = follower.polledMsAgo();
  if (agoMs === null) return 'the chain was not read yet';
  return agoMs > SILENT_CHAIN_MS ? 'the chain does not answer' : null;
}

function measureLog({ registry }: Metrics, { writer, anchors }: LogParts): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
  };
  gauge('log_entries', 'Entries in the newest published checkpoint', () => writer.newest?.checkpoint.size ?? 0);
  gauge('log_anchored_entries', 'Entries in the newest anchored checkpoint', () => anchors.newest?.size ?? 0);
}
