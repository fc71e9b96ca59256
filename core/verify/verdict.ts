/**
 * Checks, outcomes and the verdict that follows from them (docs/interface.md).
 *
 * One failed check that was asked for rejects; one unknown check forbids *valid*. "Could not find out" is an outcome of its own,
 * so an outage never reads as a fact about the licence.
 */
import type { Hash } from '../bytes/hash.ts';
import type { JsonValue } from '../bytes/json.ts';
import type { LicenceStatus } from '../licence/status.ts';

/** In the order in which they are shown. */
export const CHECK_IDS = [
  'content',
  'document',
  'licence-signature',
  'issuer-authority',
  'issuer-scope',
  'issuer-key',
  'history',
  'status',
  'validity',
  'checkpoint-signature',
  'anchor',
  'witnesses',
  'freshness',
  'seal',
] as const;
export type CheckId = (typeof CHECK_IDS)[number];

/** The closed list of reasons. Reasons are data: they are no error codes. */
export const REASON_CODES = [
  'NOT_RECORDED',
  'LOG_NOT_FOLLOWED',
  'CONFLICTING_RECORDS',
  'CONTENT_CHANGED',
  'REVOKED',
  'ANNULLED',
  'CANCELLED',
  'SUSPENDED',
  'SUPERSEDED',
  'EXPIRED',
  'NOT_YET_VALID',
  'WRONG_PURPOSE',
  'UNKNOWN_ISSUER',
  'OUT_OF_SCOPE',
  'KEY_RETIRED',
  'KEY_COMPROMISED',
  'BAD_SIGNATURE',
  'BAD_PROOF',
  'BAD_ORDER',
  'UNKNOWN_KIND',
  'PROVISIONAL',
  'UNWITNESSED',
  'FORKED_LOG',
  'DISPUTED_LOG',
  'STALE',
  'CHAIN_UNREACHABLE',
  'NODE_UNREACHABLE',
  'TRUST_EXPIRED',
  'TRUST_ROLLED_BACK',
] as const;
export type ReasonCode = (typeof REASON_CODES)[number];

export type Outcome = 'pass' | 'fail' | 'unknown' | 'notAsked';
export type VerdictWord = 'valid' | 'invalid' | 'undetermined';
export type CheckFacts = Readonly<Record<string, string | number | boolean | null>>;

/** What one question came to, before it is known whether the question was asked for. */
export interface Finding {
  readonly outcome: 'pass' | 'fail' | 'unknown';
  readonly code: ReasonCode | null;
  readonly facts: CheckFacts;
}

export interface Check {
  readonly id: CheckId;
  readonly outcome: Outcome;
  readonly code: ReasonCode | null;
  readonly facts: CheckFacts;
}

export interface IssuerView {
  readonly code: string;
  readonly name: string;
  readonly region: string;
  /** Who has taken over its function, and answers for the licence now. */
  readonly successor: { readonly code: string; readonly name: string } | null;
}

export interface LicenceView {
  readonly status: LicenceStatus;
  readonly identifier: string;
  readonly type: string;
  readonly validFrom: number;
  readonly validTo: number | null;
  readonly issuer: IssuerView;
  /** Identifier of the newer version, when it is known. */
  readonly supersededBy: string | null;
  /** The fields that the issuer shows with the file: what a clerk compares with what is printed. */
  readonly fields: readonly { readonly name: string; readonly value: JsonValue }[];
}

export interface CheckpointView {
  readonly origin: string;
  readonly size: number;
  readonly rootHash: Hash;
  readonly mapRoot: Hash;
  readonly issuedAt: number;
}

export interface AnchorView {
  /** Who says that the block stands: the verifier's chain just now, or the witnesses' attestations alone. */
  readonly by: 'chain' | 'witnesses';
  readonly blockNumber: number;
  readonly blockHash: Hash;
  readonly anchoredAt: number;
}

export interface Freshness {
  /** Since the block that anchors the checkpoint stood on; null without one. */
  readonly ageMs: number | null;
  readonly grade: 'live' | 'recent' | 'stale' | null;
}

/** Something seen beside the verdict: another log's record that does not count, or (later) a seal in the file. */
export interface RecordFinding {
  readonly id: string;
  readonly outcome: 'fail' | 'unknown';
  readonly code: ReasonCode;
  /** Origin of the log it was found in. */
  readonly origin: string;
}

export interface Verdict {
  readonly verdict: VerdictWord;
  /** Codes of the checks that decided it, each once, in the order of the checks. */
  readonly reasons: readonly ReasonCode[];
  readonly asOf: number;
  readonly evaluatedAt: number;
  readonly checks: readonly Check[];
  readonly licence: LicenceView | null;
  readonly checkpoint: CheckpointView | null;
  readonly anchor: AnchorView | null;
  readonly freshness: Freshness;
  readonly findings: readonly RecordFinding[];
}

export function pass(facts: CheckFacts = {}): Finding {
  return { outcome: 'pass', code: null, facts };
}

export function fail(code: ReasonCode, facts: CheckFacts = {}): Finding {
  return { outcome: 'fail', code, facts };
}

export function unknown(code: ReasonCode, facts: CheckFacts = {}): Finding {
  return { outcome: 'unknown', code, facts };
}

/** Every check unknown for one reason: nothing could be found out. */
export function allUnknown(code: ReasonCode): Record<CheckId, Finding> {
  return Object.fromEntries(CHECK_IDS.map((id) => [id, unknown(code)])) as Record<CheckId, Finding>;
}

/** The checks in their fixed order; those that the trust file does not require become `notAsked`. */
export function askedChecks(findings: Readonly<Record<CheckId, Finding>>, required: ReadonlySet<CheckId>): Check[] {
  return CHECK_IDS.map((id) => {
    if (!required.has(id)) return { id, outcome: 'notAsked', code: null, facts: {} };
    return { id, ...findings[id] };
  });
}

/** The verdict and its reasons. A list in which nothing was asked decides nothing. */
export function decide(checks: readonly Check[]): { verdict: VerdictWord; reasons: ReasonCode[] } {
  const codesOf = (outcome: Outcome): ReasonCode[] => [
    ...new Set(checks.flatMap((check) => (check.outcome === outcome && check.code !== null ? [check.code] : []))),
  ];
  if (checks.some(({ outcome }) => outcome === 'fail')) return { verdict: 'invalid', reasons: codesOf('fail') };
  const isDecided = checks.some(({ outcome }) => outcome === 'pass') && !checks.some(({ outcome }) => outcome === 'unknown');
  return isDecided ? { verdict: 'valid', reasons: [] } : { verdict: 'undetermined', reasons: codesOf('unknown') };
}
