/**
 * How an answer leaves: each part with the receipt of its event, and only after it. Plain: outcome and receipt are headers of the first part,
 * where they fit. Framed (frame.ts): each part has its own. A client that takes nothing for too long is gone; nothing is buffered for it.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { encodeBase64, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type AnswerHead, encodeFrameLine, FRAMES_TYPE } from '../frame.ts';
import type { Recorded } from '../node-client.ts';
import type { Exchange } from '../server.ts';
import { AccessRefusal } from './refusal.ts';

export interface Release {
  /** Resolves when the client took it, or its connection has room. Throws CLIENT_GONE. */
  send(head: AnswerHead, recorded: Recorded, pieces: readonly Uint8Array[], isLast: boolean): Promise<void>;
  /** A problem: whole where nothing was sent yet; else an answer that has begun is not made to look complete. */
  refuse(head: AnswerHead, recorded: Recorded, problem: Uint8Array): void;
}

/** Most clients take 16 KiB of headers. */
const MAX_RECEIPT_HEADERS = 12 << 10;

const HYGIENE = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

const lengthOf = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

function headerOf(value: JsonObject): string {
  return encodeBase64(encodeUtf8(JSON.stringify(value)));
}

function receiptHeaders({ json }: Recorded, isWhole: boolean): Record<string, string> {
  const { outcome, ...rest } = json;
  const headers = { 'veritrail-outcome': headerOf(outcome as JsonObject), 'veritrail-receipt': headerOf(rest) };
  const length = headers['veritrail-outcome'].length + headers['veritrail-receipt'].length;
  // A stream has further receipts, and no headers for them.
  return isWhole && length <= MAX_RECEIPT_HEADERS ? headers : { 'veritrail-receipt': 'frames' };
}

async function write(exchange: Exchange, bytes: Uint8Array, timeoutMs: number): Promise<void> {
  const { response, gone } = exchange;
  if (gone.aborted || response.destroyed) throw new AccessRefusal('CLIENT_GONE');
  if (bytes.length === 0 || response.write(bytes)) return;
  const timer = setTimeout(() => response.destroy(), timeoutMs);
  try {
    await once(response, 'drain', { signal: gone });
  } catch {
    throw new AccessRefusal('CLIENT_GONE');
  } finally {
    clearTimeout(timer);
  }
}

abstract class Sender implements Release {
  protected readonly exchange: Exchange;
  readonly #timeoutMs: number;

  constructor(exchange: Exchange, timeoutMs: number) {
    this.exchange = exchange;
    this.#timeoutMs = timeoutMs;
  }

  async send(head: AnswerHead, recorded: Recorded, pieces: readonly Uint8Array[], isLast: boolean): Promise<void> {
    const { response } = this.exchange;
    if (response.destroyed) throw new AccessRefusal('CLIENT_GONE');
    const isFirst = !response.headersSent;
    if (isFirst) this.begin(response, head, recorded, isLast ? lengthOf(pieces) : null);
    for (const piece of [this.before(isFirst ? head : null, recorded, lengthOf(pieces)), ...pieces]) {
      await write(this.exchange, piece, this.#timeoutMs);
    }
    if (isLast) response.end();
  }

  refuse(head: AnswerHead, recorded: Recorded, problem: Uint8Array): void {
    const { response } = this.exchange;
    if (response.headersSent) return this.breakOff(response, recorded);
    this.begin(response, head, recorded, problem.length);
    response.write(this.before(head, recorded, problem.length));
    response.end(problem);
  }

  protected abstract breakOff(response: ServerResponse, recorded: Recorded): void;
  /** `length`: of an answer that is one part. */
  protected abstract begin(response: ServerResponse, head: AnswerHead, recorded: Recorded, length: number | null): void;
  /** What comes before the bytes of a part. */
  protected abstract before(head: AnswerHead | null, recorded: Recorded, length: number): Uint8Array;
}

class PlainRelease extends Sender {
  /** Cut: a client sees that the last chunk is missing. */
  protected breakOff(response: ServerResponse): void {
    response.destroy();
  }

  protected begin(response: ServerResponse, { status, headers }: AnswerHead, recorded: Recorded, length: number | null): void {
    const isWhole = length !== null;
    const known = isWhole && status !== 204 ? { 'content-length': length } : {};
    response.writeHead(status, { ...headers, ...HYGIENE, ...known, ...receiptHeaders(recorded, isWhole) });
  }

  protected before(): Uint8Array {
    return new Uint8Array();
  }
}

class FramedRelease extends Sender {
  /** The receipt says that it failed. */
  protected breakOff(response: ServerResponse, recorded: Recorded): void {
    response.end(this.before(null, recorded, 0));
  }

  protected begin(response: ServerResponse): void {
    response.writeHead(200, { ...HYGIENE, 'content-type': FRAMES_TYPE });
  }

  protected before(head: AnswerHead | null, { json }: Recorded, length: number): Uint8Array {
    return encodeFrameLine(head, json, length);
  }
}

export function createRelease(exchange: Exchange, timeoutMs: number): Release {
  const accepted = (exchange.request.headers.accept ?? '').split(',').map((part) => part.trim());
  const isFramed = accepted.includes(FRAMES_TYPE);
  return isFramed ? new FramedRelease(exchange, timeoutMs) : new PlainRelease(exchange, timeoutMs);
}
