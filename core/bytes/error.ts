/**
 * The closed list of error codes and the one error class that carries them.
 *
 * A failed check of a licence is data, never an error. A `CodedError` says that the input was bad or that the world did not
 * answer. A broken `invariant` is our own mistake: the process stops, because a log that has lost count must not sign.
 */

/** Never renamed, never reused; docs/errors.md says what each means and which HTTP status it becomes. */
export const ERROR_CODES = ['MALFORMED', 'UNVERIFIED', 'UNTRUSTED', 'NOT_FOUND', 'CONFLICT', 'UNAVAILABLE', 'FORBIDDEN'] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Values that explain a refusal. They reach logs and HTTP answers: no personal data, no h, no file digests. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null>>;

export class CodedError extends Error {
  readonly code: ErrorCode;
  readonly facts: ErrorFacts;

  constructor(code: ErrorCode, message: string, facts: ErrorFacts = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CodedError';
    this.code = code;
    this.facts = facts;
  }
}

/** True when `error` is a CodedError, of the given code if one is named. */
export function isCodedError(error: unknown, code?: ErrorCode): error is CodedError {
  return error instanceof CodedError && (code === undefined || error.code === code);
}

/** The bytes or text do not have the one accepted spelling. */
export function malformed(message: string, facts?: ErrorFacts): CodedError {
  return new CodedError('MALFORMED', message, facts);
}

/** Well formed, but a signature, digest or proof does not hold. */
export function unverified(message: string, facts?: ErrorFacts): CodedError {
  return new CodedError('UNVERIFIED', message, facts);
}

/** It holds, but under a key or a file that the reader has no reason to believe. */
export function untrusted(message: string, facts?: ErrorFacts): CodedError {
  return new CodedError('UNTRUSTED', message, facts);
}

export function notFound(message: string, facts?: ErrorFacts): CodedError {
  return new CodedError('NOT_FOUND', message, facts);
}

/** The request contradicts what is already recorded. */
export function conflict(message: string, facts?: ErrorFacts): CodedError {
  return new CodedError('CONFLICT', message, facts);
}

/** The other side did not answer, or not in time: says nothing about the thing asked for. */
export function unavailable(message: string, facts?: ErrorFacts, cause?: unknown): CodedError {
  return new CodedError('UNAVAILABLE', message, facts, cause);
}

export function forbidden(message: string, facts?: ErrorFacts): CodedError {
  return new CodedError('FORBIDDEN', message, facts);
}

/** Stops on our own mistake. Never used on input. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
