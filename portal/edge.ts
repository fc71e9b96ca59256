/** What the portal serves: signing in, the citizen's interface, an auditor's desk, their pages, health and numbers. */
import { Gauge } from 'prom-client';
import { type Check, healthRoutes } from '../service/health.ts';
import { createEdge, type Edge, type Route } from '../service/http.ts';
import type { Logger } from '../service/logger.ts';
import { createMetrics } from '../service/metrics.ts';
import type { PortalConfig } from './config.ts';
import type { Sessions } from './identity/session.ts';

export interface EdgeParts {
  readonly config: PortalConfig;
  readonly logger: Logger;
  readonly sessions: Sessions;
  readonly routes: readonly Route[];
  readonly checks: Readonly<Record<string, Check>>;
}

export function createPortalEdge({ config, logger, sessions, routes, checks }: EdgeParts): Edge {
  const metrics = createMetrics('portal');
  const collect = function (this: Gauge): void {
    this.set(sessions.count);
  };
  metrics.registry.registerMetric(new Gauge({ name: 'open_sessions', help: 'People signed in', collect, registers: [] }));
  const pages = {
    ...(config.webDir !== null && { '/': config.webDir }),
    ...(config.desk !== null && config.desk.webDir !== null && { '/desk': config.desk.webDir }),
  };
  return createEdge({ logger, metrics, hot: healthRoutes({ metrics, checks }), routes, pages });
}
