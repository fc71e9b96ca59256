/**
 * The way to the custodian's node: an event goes there, and only with its receipt in hand may anything leave. Sent again with the same
 * Idempotency-Key it is the same event; another event about the same chunk of the same request is refused there (409), which is how
 * several gateways share one memory.
 */
import { encodeHex } from '../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../core/bytes/error.ts';
import type { JsonObject, JsonValue } from '../core/bytes/json.ts';
import { requestDigestOf } from '../core/access/request.ts';
import { equalBytes } from '../core/bytes/bytes.ts';
import { fetchJson } from '../service/call/client.ts';
import { type AccessEvent, formatEvent, MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from './event.ts';

export interface NodeClientOptions {
  readonly url: string;
  /** Bearer token of the node's role `gateway`. */
  readonly token: string;
  /** For one event, attempts included. */
  readonly timeoutMs: number;
}

export interface Recorded {
  /** As the node wrote it, without what the accessor need not have. */
  readonly json: JsonObject;
  readonly receipt: Receipt;
}

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 1_000;

export class NodeClient {
  readonly #options: NodeClientOptions;

  constructor(options: NodeClientOptions) {
    this.#options = options;
  }

  /** Durable and promised when it returns. Throws UNAVAILABLE when the node did not say so in time, and the node's own refusals. */
  async record(event: AccessEvent, idempotencyKey: string, signal?: AbortSignal): Promise<Recorded> {
    return this.recordJson(formatEvent(event), requestDigestOf(event.request.payload), idempotencyKey, signal);
  }

  /** `event` as `formatEvent` made it, perhaps in an earlier run. */
  async recordJson(event: JsonObject, digest: Uint8Array, idempotencyKey: string, signal?: AbortSignal): Promise<Recorded> {
    const endsAt = performance.now() + this.#options.timeoutMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      try {
        return readRecorded(await this.#post(event, idempotencyKey, endsAt, signal), digest);
      } catch (error) {
        if (!isCodedError(error, 'UNAVAILABLE') || signal?.aborted === true) throw error;
        if (performance.now() + pause >= endsAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #post(event: JsonObject, idempotencyKey: string, endsAt: number, signal?: AbortSignal): Promise<JsonValue> {
    const { url, token } = this.#options;
    return fetchJson(`${url}/v1/events`, {
      send: event,
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': idempotencyKey },
      timeoutMs: Math.max(1, Math.ceil(endsAt - performance.now())),
      maxBytes: MAX_RECEIPT_BYTES,
      ...(signal && { signal }),
    });
  }
}

/** A receipt that is none records nothing: nothing leaves on it. */
function readRecorded(value: JsonValue, digest: Uint8Array): Recorded {
  try {
    const receipt = parseReceipt(value);
    if (!equalBytes(receipt.requestDigest, digest) || receipt.entries.length === 0)
      throw unavailable('another request’s receipt');
    return { json: value as JsonObject, receipt };
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) throw unavailable('the node’s answer is no receipt', {}, error);
    throw error;
  }
}

/** One for each event and each attempt of a gateway at it: another gateway's event about the same chunk must not look like this one. */
export function eventKeyOf(digest: Uint8Array, chunk: number, attempt: Uint8Array): string {
  return `${encodeHex(digest)}.${chunk}.${encodeHex(attempt)}`;
}
