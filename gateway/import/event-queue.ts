/**
 * Events on their way to the node, each once. On disk before anything is sent, encrypted; gone from here, but for its promises, once the node
 * has promised it.
 *
 *     event    SM3(source ‖ 00 ‖ id)   →  sealed {"content","digest","state":"waiting","key","event"}
 *                                                {"content","digest","state":"promised","entries":[{"leafHash","promise"}]}
 *                                                {"content","digest","state":"refused","code","event"}
 *     waiting  u64, in the order of coming  →  key of the event
 *
 * Nonces of entries are not kept: at a custodian they must be in one place only, where they can be erased.
 */
import { concatBytes, decodeHex, decodeUtf8, encodeHex, encodeUtf8, u64 } from '../../core/bytes/bytes.ts';
import { conflict, isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import type { Logger } from '../../service/logger.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { KeySpace, Store } from '../../service/store.ts';
import type { NodeClient } from '../node-client.ts';
import type { ImportedEvent } from './legacy-event.ts';

export interface QueueOptions {
  readonly store: Store;
  readonly recordsKey: RecordsKey;
  readonly node: NodeClient;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told when the node refused an event for good. */
  readonly onRefused: (event: JsonObject, code: string) => Promise<void>;
}

export type EventState =
  | { readonly state: 'waiting' }
  | { readonly state: 'promised'; readonly requestDigest: string; readonly entries: readonly JsonObject[] }
  | { readonly state: 'refused'; readonly code: string };

type Kept = { readonly content: string; readonly digest: string } & (
  | { readonly state: 'waiting'; readonly key: string; readonly event: JsonObject }
  | { readonly state: 'promised'; readonly entries: readonly JsonObject[] }
  | { readonly state: 'refused'; readonly code: string; readonly event: JsonObject }
);

const PAUSE_MS = 1_000;
const AT_ONCE = 4;

export class EventQueue {
  readonly #options: QueueOptions;
  readonly #events: SealedSpace;
  readonly #waiting: KeySpace;
  #next = 0;
  #count = 0;
  #refused = 0;
  #wake: () => void = () => {};
  readonly #waiters = new Map<string, Set<() => void>>();
  readonly #underWay = new Map<string, { readonly content: string; readonly written: Promise<void> }>();

  private constructor(options: QueueOptions) {
    this.#options = options;
    this.#events = new SealedSpace(options.store, 'event', options.recordsKey);
    this.#waiting = options.store.space('waiting');
  }

  static async open(options: QueueOptions): Promise<EventQueue> {
    const queue = new EventQueue(options);
    for await (const [key] of queue.#waiting.iterate()) {
      queue.#next = Number(new DataView(key.buffer, key.byteOffset, 8).getBigUint64(0)) + 1;
      queue.#count++;
    }
    return queue;
  }

  get count(): number {
    return this.#count;
  }

  get refused(): number {
    return this.#refused;
  }

  /**
   * On disk when it returns: true unless it was before. `content`: of what the source says, without which two events under one id could
   * not be told apart. Throws CONFLICT when the id was used for another.
   */
  async submit(source: string, id: string, content: Uint8Array, make: () => Promise<ImportedEvent>): Promise<boolean> {
    const eventKey = keyOf(source, id);
    const name = encodeHex(eventKey);
    const same = this.#underWay.get(name);
    if (same !== undefined) {
      requireSame(same.content, content);
      await same.written;
      return false;
    }
    const known = this.#read(eventKey);
    if (known !== undefined) {
      requireSame(known.content, content);
      return false;
    }
    const written = this.#write(eventKey, content, make).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, { content: encodeHex(content), written });
    await written;
    this.#wake();
    return true;
  }

  async #write(eventKey: Uint8Array, content: Uint8Array, make: () => Promise<ImportedEvent>): Promise<void> {
    const { digest, key, event } = await make();
    const batch = this.#options.store.batch();
    this.#put(batch, eventKey, { content: encodeHex(content), digest: encodeHex(digest), state: 'waiting', key, event });
    batch.put(this.#waiting, u64(this.#next++), eventKey);
    await batch.write({ sync: true });
    this.#count++;
  }

  /** Undefined for an event that never came. */
  stateOf(source: string, id: string): EventState | undefined {
    const kept = this.#read(keyOf(source, id));
    if (kept === undefined) return undefined;
    switch (kept.state) {
      case 'waiting':
        return { state: 'waiting' };
      case 'promised':
        return { state: 'promised', requestDigest: kept.digest, entries: kept.entries };
      case 'refused':
        return { state: 'refused', code: kept.code };
    }
  }

  /** What became of it; still `waiting` when it takes longer. */
  async settled(source: string, id: string, withinMs: number): Promise<EventState> {
    const name = encodeHex(keyOf(source, id));
    const now = this.stateOf(source, id);
    if (now === undefined) throw unavailable('the event is not in the queue');
    if (now.state !== 'waiting') return now;
    await new Promise<void>((resolve) => {
      const waiters = this.#waiters.get(name) ?? new Set();
      this.#waiters.set(name, waiters.add(resolve));
      setTimeout(() => {
        waiters.delete(resolve);
        resolve();
      }, withinMs);
    });
    return this.stateOf(source, id)!;
  }

  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const isStuck = await this.#round();
      const timer = setTimeout(this.#wake, isStuck ? PAUSE_MS : 60_000);
      signal.addEventListener('abort', this.#wake, { once: true });
      if (!signal.aborted && (isStuck || this.#count === 0)) await woken;
      clearTimeout(timer);
      signal.removeEventListener('abort', this.#wake);
    }
  }

  /** True when the node did not take what there was. */
  async #round(): Promise<boolean> {
    const due: Promise<boolean>[] = [];
    for await (const [key, eventKey] of this.#waiting.iterate({ limit: 256 })) {
      if (this.#options.signal.aborted) break;
      due.push(this.#deliver(key, eventKey));
      if (due.length % AT_ONCE === 0 && (await Promise.all(due)).includes(false)) return true;
    }
    return (await Promise.all(due)).includes(false);
  }

  async #deliver(waitingKey: Uint8Array, eventKey: Uint8Array): Promise<boolean> {
    const { node, logger, signal, onRefused } = this.#options;
    const kept = this.#read(eventKey);
    if (kept?.state !== 'waiting') return this.#settle(waitingKey, eventKey, null);
    const { content, digest, key, event } = kept;
    try {
      const { receipt, json } = await node.recordJson(event, decodeHex(digest), key, signal);
      const entries = (json['entries'] as readonly JsonObject[]).map(
        ({ leafHash, promise }) => ({ leafHash, promise }) as JsonObject,
      );
      if (receipt.entries.length !== entries.length) throw unavailable('another receipt than was read');
      return await this.#settle(waitingKey, eventKey, { content, digest, state: 'promised', entries });
    } catch (error) {
      if (!isCodedError(error)) throw error;
      // The node has this very request from a time of which we have no memory.
      if (error.code === 'CONFLICT')
        return this.#settle(waitingKey, eventKey, { content, digest, state: 'promised', entries: [] });
      if (error.code !== 'MALFORMED' && error.code !== 'UNVERIFIED') {
        if (!signal.aborted) logger.warn({ error, count: this.#count }, 'the node did not take an event');
        return false;
      }
      logger.error({ error }, 'the node refused an event for good');
      await onRefused(event, error.code);
      this.#refused++;
      return this.#settle(waitingKey, eventKey, { content, digest, state: 'refused', code: error.code, event });
    }
  }

  async #settle(waitingKey: Uint8Array, eventKey: Uint8Array, kept: Kept | null): Promise<boolean> {
    const batch = this.#options.store.batch();
    if (kept !== null) this.#put(batch, eventKey, kept);
    batch.del(this.#waiting, waitingKey);
    await batch.write({ sync: true });
    this.#count--;
    const name = encodeHex(eventKey);
    for (const tell of this.#waiters.get(name) ?? []) tell();
    this.#waiters.delete(name);
    return true;
  }

  #put(batch: ReturnType<Store['batch']>, eventKey: Uint8Array, kept: Kept): void {
    this.#events.put(batch, eventKey, encodeUtf8(JSON.stringify(kept)));
  }

  #read(eventKey: Uint8Array): Kept | undefined {
    const bytes = this.#events.getSync(eventKey);
    return bytes && (JSON.parse(decodeUtf8(bytes)) as Kept);
  }
}

function requireSame(known: string, content: Uint8Array): void {
  if (known !== encodeHex(content)) throw conflict('this id stands for another event', { reason: 'OTHER_CONTENT' });
}

function keyOf(source: string, id: string): Uint8Array {
  return sm3(concatBytes(encodeUtf8(source), new Uint8Array(1), encodeUtf8(id)));
}
