/**
 * Brings notices from the outbox to the department's message service, which knows how to reach a person: one signed POST for each,
 *
 *     {"format":"veritrail-person-notice-v1","kind":"first-access|break-glass","noticeId":64 hex,"person":{"class","id"}}
 *
 * signed as any call of ours (service/call/http-signature.ts) with a request key, until it is taken with a 2xx. Not a word of who looked, at what, or
 * where: the message can only say "sign in and see".
 */
import { randomBytes } from 'node:crypto';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { fetchBytes } from '../../service/call/client.ts';
import { signCall } from '../../service/call/http-signature.ts';
import type { Logger } from '../../service/logger.ts';
import type { Signer } from '../../service/signer.ts';
import type { Outbox, WaitingNotice } from './outbox.ts';

export interface DeliveryOptions {
  readonly outbox: Outbox;
  /** Null: notices wait until there is one. */
  readonly webhook: { readonly url: string; readonly signer: Signer } | null;
  readonly clock: () => number;
  readonly logger: Logger;
  /** After a refusal or silence, twice as long each time up to sixty-four times. */
  readonly retryMs?: number;
}

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 << 10;
const MOST_DOUBLINGS = 6;

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;
  #failures = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  /** Something may be waiting. Returns at once. */
  wake(): void {
    if (this.#options.webhook === null || this.#running !== null || this.#stopped.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#running = this.#sendAll().finally(() => {
      this.#running = null;
      if (this.#failures > 0 && !this.#stopped.signal.aborted) this.#later();
    });
  }

  #later(): void {
    const { retryMs = 5_000 } = this.#options;
    this.#timer = setTimeout(() => this.wake(), retryMs * 2 ** Math.min(this.#failures - 1, MOST_DOUBLINGS));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #sendAll(): Promise<void> {
    const { outbox, logger } = this.#options;
    try {
      // What came in meanwhile is sent as well.
      for (let waiting = await outbox.waiting(); waiting.length > 0; waiting = await outbox.waiting()) {
        for (const notice of waiting) {
          await this.#send(notice);
          await outbox.done(notice.noticeId);
        }
      }
      this.#failures = 0;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.#failures++;
      logger.warn({ error, count: this.#failures }, 'the message service does not take notices');
    }
  }

  async #send({ kind, noticeId, person }: WaitingNotice): Promise<void> {
    const { webhook, clock } = this.#options;
    if (webhook === null) return;
    const body = encodeUtf8(JSON.stringify({ format: 'veritrail-person-notice-v1', kind, noticeId, person }));
    const call = { method: 'POST', targetUri: webhook.url, body, request: null };
    const headers = await signCall(call, webhook.signer, { createdAt: clock(), nonce: randomBytes(16) });
    await fetchBytes(webhook.url, {
      method: 'POST',
      body,
      headers: { ...headers, 'content-type': 'application/json' },
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_ANSWER_BYTES,
      signal: this.#stopped.signal,
    });
  }
}
