/** Custodians' nodes and gateways tell the portal that a person should look: by bearer token, once per Idempotency-Key. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { normaliseNumber } from '../../core/access/number.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import { type Route, sendJson } from '../../service/http.ts';
import { requireRole, type Tokens } from '../../service/token.ts';
import type { Delivery } from './delivery.ts';
import { NOTICE_KINDS, type Outbox } from './outbox.ts';

export interface NoticeWorld {
  readonly outbox: Outbox;
  readonly delivery: Delivery;
  readonly tokens: Tokens;
  readonly clock: () => number;
}

export const NOTICE_ROLE = 'custodian';
const NOTICE = z.strictObject({
  kind: z.enum(NOTICE_KINDS),
  person: z.strictObject({ class: z.number().int(), id: z.string().max(128) }),
});
const MAX_BYTES = 4 << 10;

async function take({ outbox, delivery, clock }: NoticeWorld, request: Request, response: Response): Promise<void> {
  const key = parseIdempotencyKey(request);
  const { kind, person } = await readJson(request, NOTICE, MAX_BYTES);
  const { class: numberClass, id } = normaliseNumber(person.class, person.id);
  const noticeId = await outbox.put(key, { kind, person: { class: numberClass, id }, takenAt: clock() });
  delivery.wake();
  sendJson(response, { noticeId }, 202);
}

export function noticeRoutes(world: NoticeWorld): Route[] {
  const guards = [requireRole(world.tokens, NOTICE_ROLE)];
  return [{ method: 'POST', path: '/portal/v1/notices', guards, handle: (request, response) => take(world, request, response) }];
}
