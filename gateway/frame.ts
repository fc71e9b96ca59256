/**
 * Answers with their receipts inside, for accessors that check each part before they use it. Asked for by `Accept:
 * application/vnd.veritrail.frames`; a body of frames, each a line of JSON, a line feed, and then as many bytes as the line says:
 *
 *     {"status":200,"headers":{"content-type":"application/json"},"receipt":RECEIPT,"length":N}\n  N bytes
 *
 * One frame for each chunk of the answer, in order; status and headers are those of the first, and null in all others. The body ends with
 * the frame whose outcome is the last. A body that ends before was cut.
 */
import { encodeUtf8 } from '../core/bytes/bytes.ts';
import { unavailable } from '../core/bytes/error.ts';
import type { JsonObject, JsonValue } from '../core/bytes/json.ts';
import { parseJson } from '../core/bytes/json.ts';
import { type JsonFields, readFields } from '../core/bytes/json-fields.ts';
import { ByteSink } from '../core/bytes/byte-sink.ts';
import { MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from './event.ts';

export const FRAMES_TYPE = 'application/vnd.veritrail.frames';
/** The most that one chunk may hold. */
export const MAX_CHUNK_BYTES = 16 << 20;

export interface AnswerHead {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Frame {
  readonly head: AnswerHead | null;
  readonly receipt: Receipt;
  /** As it stood in the frame. */
  readonly receiptJson: JsonObject;
  readonly bytes: Uint8Array;
}

/** What stands before the bytes of a frame. */
export function encodeFrameLine(head: AnswerHead | null, receipt: JsonObject, length: number): Uint8Array {
  const line: JsonObject = { status: head && head.status, headers: head && { ...head.headers }, receipt, length };
  return encodeUtf8(`${JSON.stringify(line)}\n`);
}

interface FrameLine {
  readonly head: AnswerHead | null;
  readonly receipt: Receipt;
  readonly receiptJson: JsonObject;
  readonly length: number;
}

function readHeaders(fields: JsonFields, value: JsonObject): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const name of Object.keys(value)) {
    if (!/^[a-z][a-z-]{0,63}$/.test(name)) throw unavailable('a frame with a header of another form');
    const text = fields.string(name, 1024);
    // What ends a line would begin another header.
    if (!/^[\t\u0020-\u007e]*$/.test(text)) throw unavailable('a frame with a header of another form');
    headers[name] = text;
  }
  return headers;
}

function parseLine(line: Uint8Array): FrameLine {
  return readFields(parseJson(line, { maxBytes: MAX_RECEIPT_BYTES }), 'frame', (fields) => {
    const status = fields.nullable('status', () => fields.integer('status'));
    const headers = fields.nullable('headers', () => {
      const value = fields.value('headers');
      return readFields(value, 'headers', (named) => readHeaders(named, value as JsonObject));
    });
    const receiptJson: JsonValue = fields.value('receipt');
    const length = fields.integer('length');
    if ((status === null) !== (headers === null) || length > MAX_CHUNK_BYTES) throw unavailable('a frame of another form');
    if (status !== null && (status < 200 || status > 599)) throw unavailable('a frame of another form');
    const head = status === null || headers === null ? null : { status, headers };
    return { head, receipt: parseReceipt(receiptJson), receiptJson: receiptJson as JsonObject, length };
  });
}

const LINE_FEED = 0x0a;

/**
 * The other side controls all of it. Read no faster than taken, one frame in memory. Throws MALFORMED or UNAVAILABLE; whether the last
 * frame was the last, its outcome says.
 */
export async function* readFrames(body: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const line = new ByteSink(MAX_RECEIPT_BYTES);
  const data = new ByteSink(MAX_CHUNK_BYTES);
  let begun: FrameLine | null = null;
  const add = (sink: ByteSink, piece: Uint8Array): void => {
    if (!sink.add(piece)) throw unavailable('a frame that is too long');
  };
  for await (const piece of body) {
    for (let start = 0; start < piece.length;) {
      if (begun === null) {
        const found = piece.indexOf(LINE_FEED, start);
        add(line, piece.subarray(start, found === -1 ? piece.length : found));
        start = found === -1 ? piece.length : found + 1;
        if (found !== -1) begun = parseLine(line.take());
      } else {
        const end = Math.min(piece.length, start + begun.length - data.length);
        add(data, piece.subarray(start, end));
        start = end;
      }
      if (begun !== null && data.length === begun.length) {
        const { length: _, ...frame } = begun;
        begun = null;
        yield { ...frame, bytes: data.take() };
      }
    }
  }
  if (begun !== null || line.length > 0) throw unavailable('the answer was cut', { reason: 'CUT' });
}
