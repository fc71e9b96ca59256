/**
 * From the kinds of a licence's history, in order, to its status (docs/formats.md §12).
 *
 * First an issue; suspend ↔ resume; after revoke, annul or cancel only reinstate, correct and erasure. The last issue fixes the version, and
 * a newer one supersedes. Any other order, or a kind that is not known here, leaves the status undetermined: the log says
 * something that this reader cannot judge.
 */
import type { KindName } from '../log/entry.ts';

export type LicenceStatus = 'active' | 'suspended' | 'revoked' | 'annulled' | 'cancelled' | 'superseded';

export type StatusFinding =
  | {
      readonly outcome: 'known';
      readonly status: Exclude<LicenceStatus, 'superseded'>;
      /** Place in the history of the entry that fixed the status. */
      readonly since: number;
      /** Places of all issue entries. */
      readonly issues: readonly number[];
    }
  | { readonly outcome: 'unknown'; readonly code: 'BAD_ORDER' | 'UNKNOWN_KIND' };

type Fixed = Exclude<LicenceStatus, 'superseded'>;
const ENDED: readonly Fixed[] = ['revoked', 'annulled', 'cancelled'];

/** The status after `kind`, or null when the kind may not stand there. */
function follow(status: Fixed | null, kind: KindName): Fixed | null {
  // A newer issue (延续 included) fixes the version; it does not lift a suspension.
  if (kind === 'issue') return status === null ? 'active' : ENDED.includes(status) ? null : status;
  if (status === null) return null;
  if (kind === 'correct' || kind === 'erasure') return status;
  if (kind === 'reinstate') return ENDED.includes(status) ? 'active' : null;
  if (ENDED.includes(status)) return null;
  switch (kind) {
    case 'suspend':
      return status === 'active' ? 'suspended' : null;
    case 'resume':
      return status === 'suspended' ? 'active' : null;
    case 'revoke':
      return 'revoked';
    case 'annul':
      return 'annulled';
    case 'cancel':
      return 'cancelled';
    default:
      return null;
  }
}

/** `kinds` in order; null stands for a kind that this reader does not know. */
export function statusOf(kinds: readonly (KindName | null)[]): StatusFinding {
  let status: Fixed | null = null;
  let since = 0;
  const issues: number[] = [];
  for (const [place, kind] of kinds.entries()) {
    if (kind === null) return { outcome: 'unknown', code: 'UNKNOWN_KIND' };
    const next = follow(status, kind);
    if (next === null) return { outcome: 'unknown', code: 'BAD_ORDER' };
    if (next !== status) since = place;
    if (kind === 'issue') issues.push(place);
    status = next;
  }
  return status === null ? { outcome: 'unknown', code: 'BAD_ORDER' } : { outcome: 'known', status, since, issues };
}
