/**
 * One chain node's JSON-RPC, as far as we need it, and its answers as typed values. A node that does not answer, answers late or
 * answers what we cannot read is UNAVAILABLE: it says nothing about the chain.
 */
import { decodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import { unavailable } from '../core/bytes/error.ts';
import { asHash, type Hash } from '../core/bytes/hash.ts';
import { parseJson, type JsonObject, type JsonValue } from '../core/bytes/json.ts';
import type { BlockPoint } from '../core/authority/registry-event.ts';
import { fetchBytes } from '../service/call/client.ts';

export interface RpcOptions {
  readonly rpcUrl: string;
  /** For each call. */
  readonly timeoutMs: number;
}

/** The node's own refusal of a call. The cause of an UNAVAILABLE, for those who know what it means. */
export class RpcRefusal extends Error {
  /** What the contract said when it reverted, `0x…`. */
  readonly data: string | null;

  constructor(message: string, data: string | null) {
    super(message);
    this.name = 'RpcRefusal';
    this.data = data;
  }
}

/** What a contract said. */
export interface EventLog {
  /** Lower-case `0x…`, as are all texts here. */
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
}

/** A log of a contract, not yet understood. */
export interface RawLog extends EventLog {
  readonly logIndex: number;
  readonly blockNumber: number;
  readonly blockHash: Hash;
}

const MAX_ANSWER_BYTES = 64 << 20;
/** A clock of seconds reaches this in the year 5138, one of milliseconds left it in 1973. */
const FIRST_MILLISECONDS = 100_000_000_000;

export class ChainRpc {
  readonly #rpcUrl: string;
  readonly #timeoutMs: number;

  constructor({ rpcUrl, timeoutMs }: RpcOptions) {
    this.#rpcUrl = rpcUrl;
    this.#timeoutMs = timeoutMs;
  }

  /** Throws UNAVAILABLE, with an `RpcRefusal` as its cause if the node answered. */
  async call(method: string, params: readonly JsonValue[], signal?: AbortSignal): Promise<JsonValue> {
    const answer = await fetchBytes(this.#rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: encodeUtf8(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })),
      timeoutMs: this.#timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      ...(signal && { signal }),
    });
    const { error, result } = readObject(readJson(answer));
    if (error !== undefined && error !== null) throw refused(method, readObject(error));
    if (result === undefined) throw unreadable('a JSON-RPC answer');
    return result;
  }

  async blockNumber(): Promise<number> {
    return readQuantity(await this.call('eth_blockNumber', []));
  }

  /** Null if the chain has no block of that number. */
  async block(number: number): Promise<BlockPoint | null> {
    const answer = await this.call('eth_getBlockByNumber', [formatQuantity(number), false]);
    if (answer === null) return null;
    const { number: told, hash, timestamp } = readObject(answer);
    if (readQuantity(told) !== number) throw unreadable('a block');
    const time = readQuantity(timestamp);
    return { number, hash: readHash(hash), at: time < FIRST_MILLISECONDS ? time * 1000 : time };
  }

  /** What the contracts logged in the blocks from `first` to `last`, in order. */
  async logs(addresses: readonly string[], first: number, last: number): Promise<RawLog[]> {
    const range = { fromBlock: formatQuantity(first), toBlock: formatQuantity(last) };
    const answer = await this.call('eth_getLogs', [{ address: addresses, ...range }]);
    return readArray(answer)
      .map(readLog)
      .sort((a, b) => a.blockNumber - b.blockNumber || a.logIndex - b.logIndex);
  }
}

function readJson(answer: Uint8Array): JsonValue {
  try {
    return parseJson(answer, { maxBytes: MAX_ANSWER_BYTES });
  } catch {
    throw unreadable('JSON');
  }
}

function refused(method: string, { message, data }: JsonObject): Error {
  const reason = typeof message === 'string' ? message.slice(0, 200) : '';
  // Some nodes put the bytes one level deeper.
  const bytes = typeof data === 'object' && data !== null && 'data' in data ? data.data : data;
  const cause = new RpcRefusal(reason, typeof bytes === 'string' ? bytes : null);
  return unavailable('the chain node refused a call', { method, reason }, cause);
}

function readLog(value: JsonValue): RawLog {
  const { logIndex, blockNumber, blockHash } = readObject(value);
  return {
    ...readEventLog(value),
    logIndex: readQuantity(logIndex),
    blockNumber: readQuantity(blockNumber),
    blockHash: readHash(blockHash),
  };
}

function readEventLog(value: JsonValue): EventLog {
  const { address, topics, data } = readObject(value);
  return { address: readHex(address), topics: readArray(topics).map(readHex), data: readHex(data) };
}

/** Those of a receipt. */
export function readEventLogs(value: JsonValue | undefined): EventLog[] {
  return readArray(value).map(readEventLog);
}

function unreadable(what: string): Error {
  return unavailable('the chain node answers something else', { expected: what });
}

export function readObject(value: JsonValue | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unreadable('an object');
  return value as JsonObject;
}

function readArray(value: JsonValue | undefined): readonly JsonValue[] {
  if (!Array.isArray(value)) throw unreadable('an array');
  return value as readonly JsonValue[];
}

export function readQuantity(value: JsonValue | undefined): number {
  const number = typeof value === 'string' && /^0x[0-9a-f]+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(number)) throw unreadable('a quantity');
  return number;
}

export const formatQuantity = (value: number): string => `0x${value.toString(16)}`;

export function readHex(value: JsonValue | undefined): string {
  if (typeof value !== 'string' || !/^0x(?:[0-9a-f]{2})*$/i.test(value)) throw unreadable('hex');
  return value.toLowerCase();
}

export function readHash(value: JsonValue | undefined): Hash {
  const hex = readHex(value);
  if (hex.length !== 66) throw unreadable('a hash');
  return asHash(decodeHex(hex.slice(2)));
}
