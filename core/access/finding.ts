/**
 * What a question about an access came to, and the closed list of reasons. Reasons are data: they are no error codes, and another list
 * than the reasons about licences (verify/verdict.ts), though a reason that both have means the same.
 */
import type { ProvedTime } from '../verify/basis.ts';

export const ACCESS_REASONS = [
  'BAD_BODY',
  'BAD_COMMITMENT',
  'BAD_PATH',
  'BAD_PROOF',
  'BAD_SIGNATURE',
  'BAD_TIME',
  'CHAIN_UNREACHABLE',
  'CLAIMED_TIME',
  'DISPUTED_LOG',
  'FORKED_LOG',
  'KEY_COMPROMISED',
  'KEY_RETIRED',
  'NODE_UNREACHABLE',
  'NOT_CONNECTED',
  'NOT_SHOWN',
  'NO_DUTY',
  'OTHER_CHECKPOINT',
  'OTHER_CUSTODIAN',
  'OTHER_LOG',
  'OTHER_REQUEST',
  'OTHER_SEAL',
  'OTHER_SUBJECT',
  'PROVISIONAL',
  'STALE',
  'TOO_OFTEN',
  'TRUST_EXPIRED',
  'TRUST_ROLLED_BACK',
  'UNKNOWN_KEY',
  'UNKNOWN_KIND',
  'UNWITNESSED',
] as const;
export type AccessReason = (typeof ACCESS_REASONS)[number];

/** No personal data and no h: facts are shown, logged and exported. */
export type AccessFacts = Readonly<Record<string, string | number | boolean | null>>;

export interface AccessFinding {
  readonly outcome: 'pass' | 'fail' | 'unknown' | 'notAsked';
  readonly code: AccessReason | null;
  readonly facts: AccessFacts;
}

export const pass = (facts: AccessFacts = {}): AccessFinding => ({ outcome: 'pass', code: null, facts });
export const fail = (code: AccessReason, facts: AccessFacts = {}): AccessFinding => ({ outcome: 'fail', code, facts });
export const unknown = (code: AccessReason, facts: AccessFacts = {}): AccessFinding => ({ outcome: 'unknown', code, facts });
export const notAsked = (facts: AccessFacts = {}): AccessFinding => ({ outcome: 'notAsked', code: null, facts });

/**
 * Whether what held from `validFrom` until `validTo` held when something came to be. During all of the span: pass; during none of it:
 * fail; else nobody can tell.
 */
export function heldDuring(
  span: ProvedTime,
  validFrom: number,
  validTo: number | null,
  code: AccessReason,
  facts: AccessFacts = {},
): AccessFinding {
  const latest = span.to ?? Number.MAX_SAFE_INTEGER;
  if (latest < validFrom || (validTo !== null && span.from >= validTo)) return fail(code, facts);
  return span.from >= validFrom && (validTo === null || latest < validTo) ? pass(facts) : unknown(code, facts);
}

/** The best of several ways to hold: one that passes, else one that cannot be told, else the first. */
export function bestOf(findings: readonly [AccessFinding, ...AccessFinding[]]): AccessFinding {
  return (
    findings.find(({ outcome }) => outcome === 'pass') ?? findings.find(({ outcome }) => outcome === 'unknown') ?? findings[0]
  );
}
