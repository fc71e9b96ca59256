/**
 * Outbound HTTP: every call has a time-out, every answer a cap, no redirect is followed. What goes wrong on the way is UNAVAILABLE
 * and names the host only: paths and queries may hold what nobody else should read.
 */
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { CodedError, isCodedError, malformed, unavailable } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { ByteSink } from '../../core/bytes/byte-sink.ts';
import { parseProblem, PROBLEM_TYPE } from '../problem.ts';

export interface FetchOptions {
  readonly method?: 'GET' | 'POST';
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole answer, not for its first byte. Default 10 s. */
  readonly timeoutMs?: number;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
  /** Ends the call when the program stops. */
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT_MS = 10_000;
const DEFAULT_MAX_BYTES = 1 << 20;

function parseAddress(url: string | URL): URL {
  const address = URL.parse(url);
  if (address?.protocol !== 'http:' && address?.protocol !== 'https:') throw malformed('not an HTTP address');
  return address;
}

async function readCapped(response: Response, maxBytes: number, host: string): Promise<Uint8Array> {
  const sink = new ByteSink(maxBytes);
  for await (const chunk of response.body ?? []) {
    if (!sink.add(chunk)) throw unavailable('the answer is too long', { host, maxBytes });
  }
  return sink.take();
}

/** A problem keeps its code; any other refusal says nothing about the thing asked for. */
function refusalOf(response: Response, bytes: Uint8Array, host: string): CodedError {
  const { status } = response;
  const isProblem = response.headers.get('content-type')?.startsWith(PROBLEM_TYPE) === true;
  const problem = isProblem ? parseProblem(bytes) : undefined;
  if (!problem) return unavailable('the other side refused', { host, status });
  return new CodedError(problem.code, `the other side: ${problem.detail}`, { ...problem.facts, host, status });
}

/** The body of a 2xx answer. Throws UNAVAILABLE, or the code of the problem that was the answer. */
export async function fetchBytes(url: string | URL, options: FetchOptions = {}): Promise<Uint8Array> {
  const { method = 'GET', body, headers = {}, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES, signal } = options;
  const { host } = parseAddress(url);
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      method,
      ...(body && { body: new Uint8Array(body) }),
      // A packed answer could be far longer than it looks.
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'error',
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    });
    const bytes = await readCapped(response, maxBytes, host);
    if (!response.ok) throw refusalOf(response, bytes, host);
    return bytes;
  } catch (error) {
    if (isCodedError(error)) throw error;
    throw unavailable(timeout.aborted ? 'no answer in time' : 'no answer', { host });
  }
}

export interface FetchJsonOptions extends Omit<FetchOptions, 'body' | 'method'> {
  /** Sent as JSON by POST. */
  readonly send?: JsonValue;
}

/** Strictly parsed JSON, still untyped. Throws as `fetchBytes`, and UNAVAILABLE for an answer that is not JSON. */
export async function fetchJson(url: string | URL, options: FetchJsonOptions = {}): Promise<JsonValue> {
  const { send, headers = {}, ...others } = options;
  const sending = send === undefined ? {} : { method: 'POST' as const, body: encodeUtf8(JSON.stringify(send)) };
  const type = send === undefined ? {} : { 'content-type': 'application/json' };
  const bytes = await fetchBytes(url, { ...others, ...sending, headers: { ...headers, ...type } });
  try {
    return parseJson(bytes, { maxBytes: bytes.length });
  } catch {
    throw unavailable('the answer is not JSON', { host: parseAddress(url).host });
  }
}
