/**
 * At a custodian: systems that know nothing of signatures tell the agent what they gave out, by one POST or by files.
 *
 *     POST /v1/events  (legacy-event.ts)   →  201 {"requestDigest","entries":[{"leafHash","promise"}]} once the node has promised it
 *                                              503 UNAVAILABLE: kept, and told to the node when it answers; send it again for the promise
 *                                              409 CONFLICT: another event has this id
 */
import type { Request, Response } from 'express';
import { conflict, forbidden, malformed, unavailable } from '../../core/bytes/error.ts';
import { encodeCanonicalJson, type JsonValue } from '../../core/bytes/json.ts';
import { readJson } from '../../service/body.ts';
import { type Route, sendJson } from '../../service/http.ts';
import type { Logger } from '../../service/logger.ts';
import type { EventDefaults } from './config.ts';
import type { EventQueue } from '../import/event-queue.ts';
import { contentDigestOf, type Custodian, importEvent, LEGACY_EVENT } from '../import/legacy-event.ts';

export interface CustodyOptions {
  readonly queue: EventQueue;
  readonly custodian: Custodian;
  readonly defaults: EventDefaults;
  readonly withinMs: number;
}

const MAX_BYTES = 2 << 20;
/** Of what comes by POST; imports have names of their own, without a colon too. */
const SOURCE = 'post:';

/** A page in a browser on this machine must not write either. */
export function requireLocalProgram({ headers }: Pick<Request, 'headers'>): void {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (headers.origin !== undefined || !['127.0.0.1', '[::1]', 'localhost'].includes(host))
    throw forbidden('for programs on this machine alone');
}

export function custodyRoutes({ queue, custodian, defaults, withinMs }: CustodyOptions): Route[] {
  const handle = async (request: Request, response: Response): Promise<void> => {
    requireLocalProgram(request);
    const said = await readJson(request, LEGACY_EVENT, MAX_BYTES);
    const content = contentDigestOf(encodeCanonicalJson(said as unknown as JsonValue), custodian.secret);
    await queue.submit(SOURCE, said.id, content, () => importEvent(SOURCE, said, defaults, custodian));
    const state = await queue.settled(SOURCE, said.id, withinMs);
    switch (state.state) {
      case 'waiting':
        throw unavailable('kept, and not promised yet: send it again to learn when it is', { reason: 'WAITING' });
      case 'refused':
        throw malformed('the node refused this event', { reason: state.code });
      case 'promised': {
        const { requestDigest, entries } = state;
        if (entries.length === 0) throw conflict('the node has this event from before; its promises are not known here');
        sendJson(response, { requestDigest, entries }, 201);
      }
    }
  };
  return [{ method: 'POST', path: '/v1/events', handle }];
}

/** Rounds over all sources until the program stops; a file that cannot be read waits, and the others go on. */
export async function runImports(
  sources: readonly { round(): Promise<void> }[],
  everyMs: number,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const source of sources) {
      try {
        await source.round();
      } catch (error) {
        if (!signal.aborted) logger.error({ error }, 'a source cannot be imported');
      }
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, everyMs);
      function done(): void {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      }
      signal.addEventListener('abort', done);
    });
  }
}
