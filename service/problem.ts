/**
 * Errors as RFC 9457 `application/problem+json`, both ways: what our HTTP edge answers and what our client reads.
 * docs/errors.md is the table for readers. The detail of a CodedError is public; of any other error only the trace id is.
 */
import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { ErrorCode, ErrorFacts } from '../core/bytes/error.ts';
import { CodedError, ERROR_CODES } from '../core/bytes/error.ts';
import { parseJson } from '../core/bytes/json.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** null: our own mistake, found in the log by the trace id. */
  readonly code: ErrorCode | null;
  readonly detail: string;
  readonly traceId: string;
  /** The values that explain the refusal, where there are any. */
  readonly facts?: ErrorFacts;
}

const STATUS: Readonly<Record<ErrorCode, number>> = {
  MALFORMED: 400,
  UNTRUSTED: 403,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  UNVERIFIED: 422,
  UNAVAILABLE: 503,
};

/** A CodedError for which HTTP has a status of its own (401, 405, 413, 415), with the headers that status asks for. */
export class HttpRefusal extends CodedError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    facts: ErrorFacts = {},
  ) {
    super(code, message, facts);
    this.status = status;
    this.headers = headers;
  }
}

export function describeProblem(error: unknown, traceId: string): Problem {
  if (!(error instanceof CodedError)) {
    const detail = 'our own mistake; the trace id finds it in the log';
    return { type: 'about:blank', title: STATUS_CODES[500]!, status: 500, code: null, detail, traceId };
  }
  const status = error instanceof HttpRefusal ? error.status : STATUS[error.code];
  const facts = Object.keys(error.facts).length === 0 ? {} : { facts: error.facts };
  return {
    type: `urn:veritrail:error:${error.code}`,
    title: STATUS_CODES[status]!,
    status,
    code: error.code,
    detail: error.message,
    traceId,
    ...facts,
  };
}

const MAX_PROBLEM_BYTES = 1 << 16;
const MAX_DETAIL = 200;
const MAX_FACTS = 8;
const FACT_NAME = /^[A-Za-z]{1,32}$/;
const REASON = /^[A-Z][A-Z_]{1,31}$/;
const FOREIGN_PROBLEM = z.object({
  code: z.enum(ERROR_CODES),
  detail: z.string().catch(''),
  facts: z.record(z.string(), z.unknown()).catch({}),
});

export interface ForeignProblem {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly facts: ErrorFacts;
}

/**
 * The other side writes all of it. A code off our list gives undefined; of the detail one short line is kept, of the facts the numbers and a
 * `reason` that is one word in capitals: nothing else of theirs gets into our logs.
 */
export function parseProblem(bytes: Uint8Array): ForeignProblem | undefined {
  let value;
  try {
    value = parseJson(bytes, { maxBytes: MAX_PROBLEM_BYTES });
  } catch {
    return undefined;
  }
  const problem = FOREIGN_PROBLEM.safeParse(value);
  if (!problem.success) return undefined;
  const { code, detail, facts } = problem.data;
  const { reason } = facts;
  const numbers = Object.entries(facts).filter((fact): fact is [string, number] => typeof fact[1] === 'number');
  return {
    code,
    detail: detail.slice(0, MAX_DETAIL).replaceAll(/[\p{Cc}\p{Cf}]/gu, ' '),
    facts: {
      ...Object.fromEntries(numbers.filter(([name]) => FACT_NAME.test(name)).slice(0, MAX_FACTS)),
      ...(typeof reason === 'string' && REASON.test(reason) && { reason }),
    },
  };
}
