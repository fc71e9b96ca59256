/**
 * Reading what clients send and streaming answers back. Bodies are bytes under a cap and go through our own strict parsers;
 * the edge's request time-out ends a body that does not come (http.ts).
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ZodType } from 'zod';
import { isCodedError, malformed, unavailable } from '../core/bytes/error.ts';
import { parseJson } from '../core/bytes/json.ts';
import { ByteSink } from '../core/bytes/byte-sink.ts';
import { parseShape } from './config.ts';
import { traceIdOf } from './http.ts';
import { describeProblem, HttpRefusal } from './problem.ts';

const DEFAULT_MAX_BYTES = 1 << 20;

/** The rest of the body is not read: the connection ends with the answer. */
function tooLong(what: string, cap: number): HttpRefusal {
  return new HttpRefusal(413, 'MALFORMED', `${what} is longer than ${cap} bytes`, { Connection: 'close' });
}

function requireType(request: IncomingMessage, type: string): void {
  const [given = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const isUtf8 = parameters.every((parameter) => parameter.trim() === 'charset=utf-8');
  if (given.trim() !== type || !isUtf8) throw new HttpRefusal(415, 'MALFORMED', `the body must be ${type}`);
  if (request.headers['content-encoding'] !== undefined) throw new HttpRefusal(415, 'MALFORMED', 'the body must not be encoded');
}

function collect(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const sink = new ByteSink(maxBytes);
    request.on('data', (chunk: Uint8Array) => {
      if (!sink.add(chunk)) reject(tooLong('the body', maxBytes));
    });
    request.once('end', () => resolve(sink.take()));
    request.once('error', () => reject(unavailable('the client went away')));
  });
}

/** Throws MALFORMED: 415 for another content type, 413 beyond the cap. */
export async function readBody(
  request: IncomingMessage,
  { type = 'application/octet-stream', maxBytes = DEFAULT_MAX_BYTES } = {},
): Promise<Uint8Array> {
  requireType(request, type);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong('the body', maxBytes);
  return collect(request, maxBytes);
}

/** Throws as `readBody`, and MALFORMED with the place of the first bad member. */
export async function readJson<T>(request: IncomingMessage, schema: ZodType<T>, maxBytes = DEFAULT_MAX_BYTES): Promise<T> {
  const bytes = await readBody(request, { type: 'application/json', maxBytes });
  return parseShape(schema, parseJson(bytes, { maxBytes }), 'body');
}

/** 1 to 128 visible ASCII characters. Throws MALFORMED: a write without a key cannot be repeated safely. */
export function parseIdempotencyKey(request: IncomingMessage): string {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || !/^[!-~]{1,128}$/.test(key)) {
    throw malformed('the header Idempotency-Key must have 1 to 128 visible ASCII characters');
  }
  return key;
}

const NDJSON_TYPE = 'application/x-ndjson';
const LINE_FEED = 0x0a;

async function* splitLines(request: IncomingMessage, maxLineBytes: number): AsyncGenerator<Uint8Array> {
  const line = new ByteSink(maxLineBytes);
  // Leaving the loop must not destroy the request: its connection still has an answer to carry.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    for (let start = 0; start < chunk.length;) {
      const found = chunk.indexOf(LINE_FEED, start);
      const end = found === -1 ? chunk.length : found;
      if (!line.add(chunk.subarray(start, end))) throw tooLong('a line', maxLineBytes);
      if (found !== -1) yield line.take();
      start = end + 1;
    }
  }
  if (line.length > 0) yield line.take();
}

/** The lines of an NDJSON body, read no faster than they are taken. The last line feed may be missing. Throws as `readBody`. */
export function readLines(request: IncomingMessage, maxLineBytes = DEFAULT_MAX_BYTES): AsyncIterable<Uint8Array> {
  requireType(request, NDJSON_TYPE);
  return splitLines(request, maxLineBytes);
}

/**
 * Streams one JSON line per value, no faster than the client reads. The status is sent before the first value is known, so
 * trouble on the way is a last line {"problem": …}. Ends quietly when the client goes away.
 */
export async function sendLines(
  request: IncomingMessage,
  response: ServerResponse,
  values: AsyncIterable<object>,
): Promise<void> {
  let mistake: unknown;
  async function* lines(): AsyncGenerator<string> {
    try {
      for await (const value of values) yield `${JSON.stringify(value)}\n`;
    } catch (error) {
      if (!isCodedError(error)) mistake = error;
      yield `${JSON.stringify({ problem: describeProblem(error, traceIdOf(request)) })}\n`;
    }
  }
  response.setHeader('Content-Type', NDJSON_TYPE);
  await pipeline(lines, response).catch(() => {});
  // The answer is complete; the edge logs the mistake under the trace id of the last line.
  if (mistake !== undefined) throw mistake;
}
