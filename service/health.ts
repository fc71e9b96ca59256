/**
 * What the machines of an operator ask: /livez (the process answers), /readyz (each named check; 503 when one fails) and
 * /metrics. The answers hold check names and constant words only.
 */
import { encodeUtf8 } from '../core/bytes/bytes.ts';
import type { HotRoute } from './http.ts';
import { sendBytes, sendJson } from './http.ts';
import type { Metrics } from './metrics.ts';

/** null when all is well, else in a few words why not. */
export type Check = () => string | null | Promise<string | null>;

export interface HealthOptions {
  readonly metrics: Metrics;
  readonly checks: Readonly<Record<string, Check>>;
  /** A check that takes longer has failed. Default 2 s. */
  readonly timeoutMs?: number;
}

async function runCheck(check: Check, timeoutMs: number): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'no answer in time');
  });
  try {
    return await Promise.race([check(), tooLate]);
  } catch {
    return 'the check failed';
  } finally {
    clearTimeout(timer);
  }
}

export function healthRoutes({ metrics, checks, timeoutMs = 2_000 }: HealthOptions): HotRoute[] {
  const livez: HotRoute = { method: 'GET', path: '/livez', handle: ({ response }) => sendJson(response, { live: true }) };
  const readyz: HotRoute = {
    method: 'GET',
    path: '/readyz',
    handle: async ({ response }) => {
      const answers = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => ({ name, reason: await runCheck(check, timeoutMs) })),
      );
      const ready = answers.every(({ reason }) => reason === null);
      sendJson(response, { ready, checks: answers }, ready ? 200 : 503);
    },
  };
  const scrape: HotRoute = {
    method: 'GET',
    path: '/metrics',
    handle: async ({ response }) => {
      sendBytes(response, encodeUtf8(await metrics.registry.metrics()), metrics.registry.contentType);
    },
  };
  return [livez, readyz, scrape];
}
