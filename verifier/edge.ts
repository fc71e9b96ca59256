/** What a verifier serves, with its health and its numbers. */
import { Gauge } from 'prom-client';
import type { Trust } from '../core/verify/trust.ts';
import { type Check, healthRoutes } from '../service/health.ts';
import { createEdge, type Edge } from '../service/http.ts';
import type { Logger } from '../service/logger.ts';
import { createMetrics } from '../service/metrics.ts';
import type { Changes } from './api/changes.ts';
import { apiRoutes } from './api/routes.ts';
import { SealTally } from './api/seal-routes.ts';
import type { VerifierConfig } from './config.ts';
import type { Confirmations } from './confirmation.ts';
import type { Prosecution } from './court/prosecution.ts';
import type { ChainFollower } from './follow/chain-follower.ts';
import type { Following } from './follow/following.ts';
import type { LogFollower } from './follow/log-follower.ts';
import type { IndexDamage } from './index/damage.ts';
import type { IndexStore } from './index/index-store.ts';
import type { SwapRegister } from './register.ts';
import type { TrustFile } from './trust-file.ts';
import type { Witness } from './witness.ts';

export interface EdgeWorld {
  readonly config: VerifierConfig;
  readonly logger: Logger;
  readonly clock: () => number;
  /** So long the chain may be out of reach before it is said. */
  readonly silentForMs: number;
}

export interface Served {
  readonly chain: ChainFollower;
  readonly index: IndexStore;
  readonly following: Following;
  readonly confirmations: Confirmations;
  readonly changes: Changes;
  readonly prosecution: Prosecution;
  readonly witness: Witness | null;
  readonly register: SwapRegister | null;
  readonly trustFile: TrustFile | null;
  readonly trust: () => Trust | null;
}

/** Files of 64 MiB and long batches come over slow lines. */
const REQUEST_TIMEOUT_MS = 120_000;

export function createVerifierEdge({ config, logger, clock, silentForMs }: EdgeWorld, served: Served): Edge {
  const { chain, index, following, prosecution } = served;
  const metrics = createMetrics(config.role);
  const gauge = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    metrics.registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
  };
  const followers = [...following.logs.values()];
  gauge('chain_polled_ms_ago', 'Milliseconds since the chain was last read', () => chain.polledMsAgo);
  gauge('replayed_entries', 'Entries replayed, over all logs', () => followers.reduce((sum, one) => sum + one.index.size, 0));
  gauge('troubled_logs', 'Logs that something speaks against', () => followers.filter((one) => one.trouble !== null).length);
  gauge('kept_charges', 'Charges against logs that are kept here', () => prosecution.charges.all.length);
  const onDamage = (damage: IndexDamage, follower: LogFollower | null): void => following.onDamage(damage, follower);
  const seals = new SealTally({ chain, logs: following.logs, onDamage });
  metrics.registry.registerMetric(sealGauge(seals));
  const chainCheck: Check = () => (chain.polledMsAgo > silentForMs ? 'the chain does not answer' : null);
  const { hot, routes } = apiRoutes({
    ...served,
    logs: following.logs,
    slots: index.slots,
    seals,
    silentForMs,
    clock,
    onDamage,
  });
  const health = healthRoutes({ metrics, checks: { chain: chainCheck } });
  const pages = config.webDir === null ? {} : { pages: { '/': config.webDir } };
  return createEdge({ logger, metrics, hot: [...hot, ...health], routes, requestTimeoutMs: REQUEST_TIMEOUT_MS, ...pages });
}

/** Without a value unless every seals log is counted. */
function sealGauge(seals: SealTally): Gauge {
  const collect = function (this: Gauge): void {
    this.reset();
    const total = seals.total;
    if (total === null) return;
    for (const state of ['unreleased', 'overdue'] as const) this.set({ state }, total[state]);
  };
  return new Gauge({
    name: 'sealed_accesses',
    help: 'Seals, over all seals logs',
    labelNames: ['state'],
    collect,
    registers: [],
  });
}
