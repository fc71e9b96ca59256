/**
 * What a person asks about herself, by POST: neither her number nor a leaf hash stands in a URL.
 *
 *     POST /v1/history      {}                     her whole history at the newest anchored checkpoint (core/access/answer.ts)
 *     POST /v1/promised     {}                     what is promised or published beyond that checkpoint
 *     POST /v1/objections   {"leafHash","text"}    kind 18 in her history
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { isPlainText } from '../../core/bytes/plain-text.ts';
import { formatAccessAnswer } from '../../core/access/answer.ts';
import { encodeNumber } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import type { PersonTokens } from '../../service/call/person-token.ts';
import { RateLimit } from '../../service/call/rate-limit.ts';
import { type Route, sendBytes, sendJson } from '../../service/http.ts';
import type { Custody } from '../access/custody.ts';
import { describeEntries } from '../access/receipt.ts';
import { recordOnce } from './record.ts';

const MAX_TEXT = 2_000;
const NOTHING = z.strictObject({});
export const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const OBJECTION = z.strictObject({ leafHash: HASH, text: z.string().refine((text) => isPlainText(text, MAX_TEXT)) });
const MAX_BYTES = 16 << 10;
const QUESTIONS = { burst: 20, perMinute: 10 };
const OBJECTIONS = { burst: 10, perMinute: 1 };

export function personRoutes(custody: Custody, tokens: PersonTokens): Route[] {
  const { clock } = custody;
  const questions = new RateLimit({ ...QUESTIONS, clock });
  const objections = new RateLimit({ ...OBJECTIONS, clock });
  const whose = async (request: Request, limit: RateLimit): Promise<CanonicalNumber> => {
    const person = await tokens.verify(request);
    limit.take(`${person.class} ${person.id}`);
    return person;
  };
  return [
    {
      method: 'POST',
      path: '/v1/history',
      handle: async (request, response) => {
        const person = await whose(request, questions);
        await readJson(request, NOTHING, MAX_BYTES);
        sendJson(response, formatAccessAnswer(await custody.histories.answer(person)));
      },
    },
    {
      method: 'POST',
      path: '/v1/promised',
      handle: async (request, response) => {
        const person = await whose(request, questions);
        await readJson(request, NOTHING, MAX_BYTES);
        sendJson(response, await custody.histories.beyond(person));
      },
    },
    {
      method: 'POST',
      path: '/v1/objections',
      handle: async (request, response) => object(custody, await whose(request, objections), request, response),
    },
  ];
}

async function object(custody: Custody, person: CanonicalNumber, request: Request, response: Response): Promise<void> {
  const key = parseIdempotencyKey(request);
  const body = await readJson(request, OBJECTION, MAX_BYTES);
  const answer = await recordOnce(custody, {
    // Her own, whatever others call theirs.
    key: encodeHex(hmacSm3(custody.records.secret, encodeNumber(person), encodeUtf8(key))),
    route: '/v1/objections',
    body,
    prepare: async () => ({ act: await custody.acts.object(person, hashFromHex(body.leafHash), body.text) }),
    describe: async (recorded) => ({
      entries: await describeEntries(custody.promises, recorded),
      dueAt: custody.ledger.objection(recorded.entries[0]!.leafHash)!.dueAt,
    }),
  });
  sendBytes(response, answer, 'application/json', 201);
}
