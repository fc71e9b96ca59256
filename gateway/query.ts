/** The query of a call over HTTP, as accessor and custodian both see it: what a request's salted query digest is of. */
import { concatBytes, encodeUtf8 } from '../core/bytes/bytes.ts';

export interface Query {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly body: Uint8Array;
}

/** The method, a blank, the request target, a line feed, and the body (docs/formats.md §23). */
export function encodeQuery({ method, target, body }: Query): Uint8Array {
  return concatBytes(encodeUtf8(`${method} ${target}\n`), body);
}
