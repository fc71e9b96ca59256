/**
 * Follows registry, anchor contract and court by their events. Each poll hands out what is new, once and in the chain's order, and says from which block
 * on the chain has taken back what it had said before.
 *
 * Only events and block headers are asked for, never the state at an old block: a node need not keep that. A poll that fails
 * leaves the reader as it was.
 */
import { equalBytes } from '../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../core/bytes/error.ts';
import type { BlockPoint, ChainEvent } from '../core/authority/registry-event.ts';
import type { Logger } from '../service/logger.ts';
import { decodeAnchorEvent, decodeCourtEvent, decodeRegistryEvent } from './event.ts';
import { blockAt, newestFinalBlock, type Finality } from './finality.ts';
import { ChainRpc, type RawLog, type RpcOptions } from './rpc.ts';

export interface ReaderOptions extends RpcOptions, Finality {
  /** Addresses, lower-case `0x…`. */
  readonly registry: string;
  /** Null: the facts alone are wanted. */
  readonly anchor: string | null;
  readonly court: string;
  /** No event of ours stands below it: the block of the first contract. */
  readonly fromBlock: number;
  readonly logger: Logger;
  /** Where an earlier reader with the same options stopped. */
  readonly cursor?: ReaderCursor;
}

/** What a reader must remember: plain data, to be kept together with what was made of the events. */
export interface ReaderCursor {
  /** The last block read; null before the first. */
  readonly head: BlockPoint | null;
  /** The newest blocks with events of ours, in order. */
  readonly eventBlocks: readonly BlockPoint[];
}

export interface RefusedLog {
  readonly block: BlockPoint;
  readonly logIndex: number;
  readonly reason: string;
}

export interface ChainUpdate {
  /** Read up to and with this block. */
  readonly head: BlockPoint;
  /** False if there are more blocks to be read at once. */
  readonly caughtUp: boolean;
  /** Everything at or above this block is to be forgotten before the events are taken; null if nothing was lost. */
  readonly lost: number | null;
  readonly events: readonly ChainEvent[];
  /** Logs of our contracts that are no events to us. */
  readonly refused: readonly RefusedLog[];
}

const BLOCKS_PER_CALL = 2_000;
const BLOCKS_PER_POLL = 50 * BLOCKS_PER_CALL;
const HEADERS_AT_ONCE = 16;
/** If the chain loses more blocks with events than this, all is read again. */
const MAX_EVENT_BLOCKS = 1_024;

export class ChainReader {
  readonly #rpc: ChainRpc;
  readonly #options: ReaderOptions;
  #cursor: ReaderCursor;

  constructor(options: ReaderOptions) {
    this.#rpc = new ChainRpc(options);
    this.#options = options;
    this.#cursor = options.cursor ?? { head: null, eventBlocks: [] };
  }

  /** After the events of the last poll. */
  get cursor(): ReaderCursor {
    return this.#cursor;
  }

  /** Throws UNAVAILABLE. One poll at a time. */
  async poll(): Promise<ChainUpdate> {
    const target = await newestFinalBlock(this.#rpc, this.#options);
    const kept = await this.#stillThere(target);
    const first = kept.head === null ? this.#options.fromBlock : kept.head.number + 1;
    const last = Math.min(target.number, first + BLOCKS_PER_POLL - 1);
    const logs = await this.#readLogs(first, last);
    const blocks = await this.#readBlocks(logs);
    const head = last === target.number ? target : await blockAt(this.#rpc, last);
    // The target is there now as it was before: all that was read in between belongs to one chain.
    if (!(await this.#isThere(target))) throw unavailable('the chain changed while it was read', { number: target.number });

    const lost = kept === this.#cursor ? null : first;
    const update = { head, caughtUp: last === target.number, lost, ...this.#decode(logs, blocks) };
    this.#report(update);
    this.#cursor = { head, eventBlocks: [...kept.eventBlocks, ...blocks.values()].slice(-MAX_EVENT_BLOCKS) };
    return update;
  }

  /** The part of the cursor that the chain up to `target` still holds: the cursor itself if nothing is lost. */
  async #stillThere(target: BlockPoint): Promise<ReaderCursor> {
    const { head, eventBlocks } = this.#cursor;
    const isKept = async (block: BlockPoint) => block.number <= target.number && (await this.#isThere(block));
    if (head === null || (await isKept(head))) return this.#cursor;
    // A block that is there has all its ancestors: the kept ones come first.
    let kept = 0;
    let end = eventBlocks.length;
    while (kept < end) {
      const middle = (kept + end) >>> 1;
      if (await isKept(eventBlocks[middle]!)) kept = middle + 1;
      else end = middle;
    }
    return { head: eventBlocks[kept - 1] ?? null, eventBlocks: eventBlocks.slice(0, kept) };
  }

  async #isThere({ number, hash }: BlockPoint): Promise<boolean> {
    const now = await this.#rpc.block(number);
    return now !== null && equalBytes(now.hash, hash);
  }

  async #readLogs(first: number, last: number): Promise<RawLog[]> {
    const { registry, anchor, court } = this.#options;
    const addresses = [registry, court, ...(anchor === null ? [] : [anchor])];
    const logs: RawLog[] = [];
    for (let from = first; from <= last; from += BLOCKS_PER_CALL) {
      const to = Math.min(last, from + BLOCKS_PER_CALL - 1);
      const found = await this.#rpc.logs(addresses, from, to);
      const isAskedFor = (log: RawLog) => log.blockNumber >= from && log.blockNumber <= to && addresses.includes(log.address);
      if (!found.every(isAskedFor)) throw unavailable('the chain node answers logs that were not asked for', { from, to });
      logs.push(...found);
    }
    return logs;
  }

  /** The headers of the blocks that hold the logs, by number and in order. */
  async #readBlocks(logs: readonly RawLog[]): Promise<Map<number, BlockPoint>> {
    const numbers = [...new Set(logs.map((log) => log.blockNumber))];
    const blocks = new Map<number, BlockPoint>();
    for (let i = 0; i < numbers.length; i += HEADERS_AT_ONCE) {
      const some = numbers.slice(i, i + HEADERS_AT_ONCE);
      for (const block of await Promise.all(some.map((number) => blockAt(this.#rpc, number)))) blocks.set(block.number, block);
    }
    for (const { blockNumber, blockHash } of logs) {
      if (equalBytes(blocks.get(blockNumber)!.hash, blockHash)) continue;
      throw unavailable('the chain changed while it was read', { number: blockNumber });
    }
    return blocks;
  }

  #decode(logs: readonly RawLog[], blocks: ReadonlyMap<number, BlockPoint>): Pick<ChainUpdate, 'events' | 'refused'> {
    const events: ChainEvent[] = [];
    const refused: RefusedLog[] = [];
    for (const log of logs) {
      const block = blocks.get(log.blockNumber)!;
      try {
        const event = this.#decodeLog(log, block);
        if (event !== null) events.push(event);
      } catch (error) {
        if (!isCodedError(error, 'MALFORMED')) throw error;
        refused.push({ block, logIndex: log.logIndex, reason: error.message });
      }
    }
    return { events, refused };
  }

  #decodeLog(log: RawLog, block: BlockPoint): ChainEvent | null {
    const { registry, anchor } = this.#options;
    if (log.address === registry) return decodeRegistryEvent(log, block);
    return log.address === anchor ? decodeAnchorEvent(log, block) : decodeCourtEvent(log, block);
  }

  #report({ lost, refused }: ChainUpdate): void {
    const { logger } = this.#options;
    if (lost !== null) logger.warn({ reason: `block ${lost} and above` }, 'the chain has lost blocks');
    for (const { reason } of refused) logger.warn({ reason }, 'a log of our contracts is no event');
  }
}
