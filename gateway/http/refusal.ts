/**
 * Why a gateway gives no data: the closed list of codes that stand in outcomes and, as `facts.reason`, in problems. *Refused* is by rule;
 * *failed* would have been granted. What comes before a request is known to be its accessor's (a bad signature, a replay) is no
 * event: nobody has asked.
 */
import type { ErrorCode } from '../../core/bytes/error.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { HttpRefusal } from '../../service/problem.ts';

interface Meaning {
  readonly result: 'refused' | 'failed';
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
}

const refused = (status: number, code: ErrorCode, detail: string): Meaning => ({ result: 'refused', status, code, detail });
const failed = (status: number, code: ErrorCode, detail: string): Meaning => ({ result: 'failed', status, code, detail });

export const REASONS = {
  NO_ROUTE: refused(404, 'NOT_FOUND', 'there is nothing at this path'),
  BAD_TARGET: refused(400, 'MALFORMED', 'path, query or body are not of the form that this route takes'),
  BAD_SUBJECT: refused(400, 'MALFORMED', 'a number in the request has no canonical form'),
  NO_SUBJECT: refused(400, 'MALFORMED', 'the request names nobody, and this route asks for somebody'),
  OTHER_QUERY: refused(422, 'UNVERIFIED', 'the request was signed for another query'),
  STALE: refused(503, 'UNAVAILABLE', 'what is known of the registry is too old to judge by'),
  NO_DUTY: refused(403, 'FORBIDDEN', 'no duty of the accessor names this purpose'),
  OTHER_PURPOSE: refused(403, 'FORBIDDEN', 'these data are not given for this purpose'),
  OTHER_ACTION: refused(403, 'FORBIDDEN', 'these data are not given for this action'),
  LOW_GRADE: refused(403, 'FORBIDDEN', 'these data are given only where more stands behind the operator’s name'),
  NO_CASE: refused(403, 'FORBIDDEN', 'these data are given only with a case number'),
  NO_AGREEMENT: refused(403, 'FORBIDDEN', 'these data are given only under an agreement'),
  NO_BREAK_GLASS: refused(403, 'FORBIDDEN', 'these data are not given by breaking the rules either'),
  UPSTREAM_UNREACHABLE: failed(502, 'UNAVAILABLE', 'the data service did not answer'),
  UPSTREAM_TIMEOUT: failed(504, 'UNAVAILABLE', 'the data service did not answer in time'),
  UPSTREAM_REFUSED: failed(502, 'UNAVAILABLE', 'the data service did not take the call'),
  UPSTREAM_UNREADABLE: failed(502, 'UNAVAILABLE', 'the data service answered in another form than configured'),
  UPSTREAM_ABORTED: failed(502, 'UNAVAILABLE', 'the data service’s answer broke off'),
  UNDECLARED_FIELD: failed(502, 'UNAVAILABLE', 'the data service answered more than is declared'),
  UNKNOWN_SUBJECT: failed(502, 'UNAVAILABLE', 'the data service answered about somebody without a readable number'),
  TOO_LONG: failed(502, 'UNAVAILABLE', 'the data service’s answer, or a part of it, is too long'),
  TOO_MANY_SUBJECTS: failed(502, 'UNAVAILABLE', 'the answer is about more persons than one event may be'),
  CLIENT_GONE: failed(502, 'UNAVAILABLE', 'the accessor went away'),
  NODE_UNREACHABLE: failed(503, 'UNAVAILABLE', 'the event could not be recorded, so nothing is given'),
  NODE_REFUSED: failed(503, 'UNAVAILABLE', 'the node did not take the event, so nothing is given'),
  SEALED_STREAM: failed(502, 'UNAVAILABLE', 'an access under seal is one event, and this answer is more: ask for less'),
  INTERRUPTED: failed(503, 'UNAVAILABLE', 'the gateway stopped before there was an answer'),
  MISTAKE: failed(500, 'UNAVAILABLE', 'our own mistake; the trace id finds it in the log'),
} as const satisfies Record<string, Meaning>;
export type Reason = keyof typeof REASONS;

/** A refusal that is an event. */
export class AccessRefusal extends HttpRefusal {
  readonly reason: Reason;

  constructor(reason: Reason) {
    const { status, code, detail } = REASONS[reason];
    super(status, code, detail, {}, { reason });
    this.reason = reason;
  }
}

/** What an error on the way to the answer means for the event. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof AccessRefusal) return error.reason;
  if (!isCodedError(error, 'UNAVAILABLE')) return 'MISTAKE';
  const { reason } = error.facts;
  if (reason === 'TIMEOUT') return 'UPSTREAM_TIMEOUT';
  return reason === 'ABORTED' ? 'UPSTREAM_ABORTED' : 'UPSTREAM_UNREACHABLE';
}
