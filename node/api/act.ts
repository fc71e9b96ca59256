/** Ending a licence: revoke 吊销, annul 撤销 and cancel 注销, each an entry in the licence's history with its reason as opening. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { conflict, malformed, notFound } from '../../core/bytes/error.ts';
import { encodeLicenceAct, parseLicenceAct } from '../../core/licence/act.ts';
import { parseLicenceIdentifier } from '../../core/licence/identifier.ts';
import { statusOf } from '../../core/licence/status.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { publicLicenceSecret } from '../../core/log/slot.ts';
import type { Draft, Histories } from '../log/batch.ts';
import type { Write } from '../log/writer.ts';
import { type Issuer, lastVersion } from './issue.ts';

export const ACT_KINDS = ['revoke', 'annul', 'cancel'] as const;
export type ActKind = (typeof ACT_KINDS)[number];

export const ACT_REQUEST = z.strictObject({
  identifier: z.string().max(128),
  reason: z.string().min(1).max(1000),
  legalBasis: z.string().min(1).max(500),
  effectiveAt: z.number().int().min(0),
});
export type ActRequest = z.infer<typeof ACT_REQUEST>;

/** Throws MALFORMED. `plan` refuses with NOT_FOUND for a licence that this log does not know, CONFLICT for one that has ended. */
export function prepareAct({ origin }: Pick<Issuer, 'origin'>, kind: ActKind, request: ActRequest): Omit<Write, 'request'> {
  const { reason, legalBasis, effectiveAt } = request;
  const identifier = parseLicenceIdentifier(request.identifier);
  if (identifier.grade === 'invalid') throw malformed('the identifier’s check character is wrong');
  const body = encodeLicenceAct({ reason, legalBasis, effectiveAt });
  parseLicenceAct(body);
  const h = publicLicenceSecret(logIdOf(origin), identifier.family);
  const plan = (log: Histories): readonly Draft[] => {
    // The history is in this log: ours, or taken over with it from the authority that issued the licence.
    const said = log.history(h);
    if (said.length === 0) throw notFound('this log knows no such licence');
    // Whoever names an old version may not know of the newer one, which would end with it.
    const last = lastVersion(said);
    if (identifier.version !== last) throw conflict('there is a newer version of the licence', { lastVersion: last });
    const story = statusOf([...said.map((entry) => entry.kind), kind]);
    if (story.outcome === 'unknown') throw conflict('the licence has ended already');
    return [{ kind, h, nonce: randomBytes(32), body }];
  };
  return { entryCount: 1, plan, said: {} };
}
