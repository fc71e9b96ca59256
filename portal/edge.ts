/** What the portal serves: signing in, the citizen's interface, its page, health and numbers. */
import { Gauge } from 'prom-client';
import { type Check, healthRoutes } from '../service/health.ts';
import { createEdge, type Edge, type Route } from '../service/http.ts';
import type { Logger } from '../service/logger.ts';
import { createMetrics, type Metrics } from '../service/metrics.ts';
import type { PortalConfig } from './config.ts';
import type { Sessions } from './identity/session.ts';
import type { Outbox } from './notice/outbox.ts';

export interface EdgeParts {
  readonly config: PortalConfig;
  readonly logger: Logger;
  readonly sessions: Sessions;
  /** Null: no notices are taken. */
  readonly outbox: Outbox | null;
  readonly routes: readonly Route[];
  readonly checks: Readonly<Record<string, Check>>;
}

export function createPortalEdge({ config, logger, sessions, outbox, routes, checks }: EdgeParts): Edge {
  const metrics = createMetrics('portal');
  gauge(metrics, 'open_sessions', 'People signed in', () => sessions.count);
  if (outbox !== null)
    gauge(metrics, 'waiting_notices', 'Notices that the message service has not taken yet', () => outbox.count);
  const pages = config.webDir === null ? {} : { pages: config.webDir };
  return createEdge({ logger, metrics, hot: healthRoutes({ metrics, checks }), routes, ...pages });
}

function gauge({ registry }: Metrics, name: string, help: string, read: () => number): void {
  const collect = function (this: Gauge): void {
    this.set(read());
  };
  registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
}
