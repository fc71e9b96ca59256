/**
 * What a person asks an accessor's agent about herself, through a portal: on a listener of its own, with an access token that was issued for it.
 *
 *     POST /v1/person/copies   {}   the accessor's copies of its accesses to her data (core/citizen/copies.ts)
 *
 * With them she can tell whether a custodian recorded them, and under her number. Accesses under seal are not among them.
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Uscc } from '../../core/authority/uscc.ts';
import { formatCopies, MAX_COPIES } from '../../core/citizen/copies.ts';
import { readJson } from '../../service/body.ts';
import type { PersonTokens } from '../../service/call/person-token.ts';
import { RateLimit } from '../../service/call/rate-limit.ts';
import { type Route, sendJson } from '../../service/http.ts';
import type { Records } from './records.ts';

export interface PersonRouteOptions {
  readonly authority: Uscc;
  readonly records: Pick<Records, 'copiesOf'>;
  readonly tokens: PersonTokens;
  /** UTC ms. */
  readonly clock: () => number;
}

const NOTHING = z.strictObject({});
const MAX_BYTES = 1 << 10;
const QUESTIONS = { burst: 10, perMinute: 5 };
/** In base64, with a last body on top, it stays below what readers take: 32 MiB. */
const LIMITS = { most: MAX_COPIES, mostBytes: 18 << 20, mostRead: 64 << 20 };

export function personRoutes({ authority, records, tokens, clock }: PersonRouteOptions): Route[] {
  const questions = new RateLimit({ ...QUESTIONS, clock });
  const handle = async (request: Request, response: Response): Promise<void> => {
    const person = await tokens.verify(request);
    questions.take(`${person.class} ${person.id}`);
    await readJson(request, NOTHING, MAX_BYTES);
    const { copies, isAll } = await records.copiesOf(person, LIMITS);
    sendJson(response, formatCopies({ accessor: authority, isAll, copies }));
  };
  return [{ method: 'POST', path: '/v1/person/copies', handle }];
}
