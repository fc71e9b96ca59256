/**
 * How long an entry's content must be kept, and who may shorten that.
 *
 *   granted access, objection, answer    three years   PIPL art. 55, 56: records of handling and of providing to others
 *   refused or failed access             183 days      Cybersecurity Law art. 21(3): network logs, not less than six months
 *
 * A person's wish does not shorten it (PIPL art. 47 para. 2: until the period of the law is over, the data are only stored). What does is an
 * order: of a court that is in force, or of the department that supervises the protection of personal information (PIPL art. 60, 64). A legal
 * hold stands above both: whoever is ordered to keep and to erase has to have one of them lifted.
 */
import { forbidden } from '../../core/bytes/error.ts';
import type { KindName } from '../../core/log/entry.ts';

export const ORDER_ISSUERS = ['court', 'supervisor'] as const;

export interface EraseTerms {
  /** Law and article; the person reads it. */
  readonly legalBasis: string;
  /** Whose order it is, or null: the period is over. */
  readonly orderedBy: (typeof ORDER_ISSUERS)[number] | null;
}

const DAY = 86_400_000;
export const RECORD_FLOOR_MS = 3 * 366 * DAY;
export const LOG_FLOOR_MS = 183 * DAY;

interface Keeping {
  readonly kind: KindName;
  readonly wasGranted: boolean;
  /** UTC ms. */
  readonly madeAt: number;
}

export function floorOf({ kind, wasGranted }: Keeping): number {
  return kind === 'access' && !wasGranted ? LOG_FLOOR_MS : RECORD_FLOOR_MS;
}

/** Throws FORBIDDEN with the instant from which on it may be erased. */
export function requireErasable(what: Keeping, { orderedBy }: EraseTerms, now: number): void {
  const keptUntil = what.madeAt + floorOf(what);
  if (orderedBy === null && now < keptUntil)
    throw forbidden('the law has this kept until then', { reason: 'KEPT_BY_LAW', keptUntil });
}
