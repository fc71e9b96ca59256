/**
 * What a department's node serves of its log: the newest checkpoint, tiles, openings, slot proofs. All of it is untrusted; each call has a
 * time-out and a cap. Calls for entries and their slots say who asks where that is needed (caller.ts). A node that does not answer is UNAVAILABLE; one that answers something else, or says it has not got what its
 * own checkpoint covers, withholds: UNVERIFIED.
 */
import { decodeUtf8, encodeHex, encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed, unverified } from '../../core/bytes/error.ts';
import { HASH_LENGTH, type Hash } from '../../core/bytes/hash.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { ENTRY_LENGTH } from '../../core/log/entry.ts';
import { parseNote, type Note } from '../../core/log/note.ts';
import { MAX_BODY_LENGTH } from '../../core/log/opening.ts';
import { decodeSlotProof, type SlotProof } from '../../core/log/slot-proof.ts';
import { decodeEntryBundle, decodeHashTile, formatTilePath, TILE_WIDTH, tileWidthAt, type TileId } from '../../core/log/tile.ts';
import { formatLookupQuestion, parseLookupAnswer } from '../../core/verify/lookup.ts';
import { fetchBytes, type FetchOptions } from '../../service/call/client.ts';
import type { SignedCall } from '../../service/call/http-signature.ts';

export interface NodeTimeouts {
  readonly checkpointMs: number;
  readonly tileMs: number;
}

/** The headers of a call that say who asks. */
export type CallHeaders = (call: Omit<SignedCall, 'request'>) => Promise<Readonly<Record<string, string>>>;

export interface NodeSlotProofs {
  /** What the proofs stand on. */
  readonly note: Note;
  /** By slot in hex. */
  readonly proofs: ReadonlyMap<string, SlotProof>;
}

/** With the longest openings as many rows as this fit into the cap below. */
export const SLOTS_AT_ONCE = 16;
const MAX_LOOKUP_BYTES = 32 << 20;
const DEFAULT_TIMEOUTS: NodeTimeouts = { checkpointMs: 3_000, tileMs: 10_000 };
const MAX_NOTE_BYTES = 16 << 10;
/** iv, nonce and tag around a body. */
const MAX_OPENING_BYTES = MAX_BODY_LENGTH + 64;
/** Tiles asked for at once: 4096 entries. */
const TILES_AT_ONCE = 16;

const NOBODY: CallHeaders = async () => ({});
const NO_BODY = new Uint8Array();

export class NodeClient {
  readonly #url: string;
  readonly #headersOf: CallHeaders;
  readonly #timeouts: NodeTimeouts;

  constructor(url: string, headersOf: CallHeaders = NOBODY, timeouts = DEFAULT_TIMEOUTS) {
    this.#url = url;
    this.#headersOf = headersOf;
    this.#timeouts = timeouts;
  }

  /** Says who asks. */
  async #fetch(path: string, { method = 'GET', headers, body, ...others }: FetchOptions): Promise<Uint8Array> {
    const targetUri = `${this.#url}${path}`;
    const own = await this.#headersOf({ method, targetUri, body: body ?? NO_BODY });
    return fetchBytes(targetUri, { method, headers: { ...headers, ...own }, ...(body && { body }), ...others });
  }

  /** The newest published checkpoint; its signature is not verified. */
  async checkpoint(signal: AbortSignal): Promise<Note> {
    const timeoutMs = this.#timeouts.checkpointMs;
    const bytes = await fetchBytes(`${this.#url}/checkpoint`, { signal, timeoutMs, maxBytes: MAX_NOTE_BYTES });
    return readAs('checkpoint', () => parseNote(decodeUtf8(bytes)));
  }

  /** Throws NOT_FOUND when the node has none. */
  async opening(leafHash: Hash, signal: AbortSignal): Promise<Uint8Array> {
    const options = { signal, timeoutMs: this.#timeouts.tileMs, maxBytes: MAX_OPENING_BYTES };
    return fetchBytes(`${this.#url}/opening/${encodeHex(leafHash)}`, options);
  }

  /** What the node says its map holds at these slots, at a checkpoint of this size. Nothing of it is verified. */
  async slotProofs(slots: readonly Hash[], logId: Hash, size: number, signal: AbortSignal): Promise<NodeSlotProofs> {
    const options = { signal, timeoutMs: this.#timeouts.tileMs, maxBytes: MAX_LOOKUP_BYTES };
    const body = encodeUtf8(JSON.stringify(formatLookupQuestion({ slots, logId, size })));
    const headers = { 'content-type': 'application/json' };
    const bytes = await this.#fetch('/v1/lookup', { method: 'POST', headers, body, ...options });
    return readAs('slot proof', () => {
      const { logs, present, absent } = parseLookupAnswer(parseJson(bytes, { maxBytes: MAX_LOOKUP_BYTES }));
      const answer = logs.find((log) => equalBytes(log.logId, logId));
      if (answer === undefined) throw malformed('the answer is about no such log');
      const rows = [...present, ...absent].filter((row) => equalBytes(row.logId, logId));
      const proofs = rows.map(({ slot, map }): [string, SlotProof] => [encodeHex(slot), decodeSlotProof(map)]);
      return { note: parseNote(answer.checkpoint), proofs: new Map(proofs) };
    });
  }

  async hashes(level: number, tileIndex: number, size: number, signal: AbortSignal): Promise<Hash[]> {
    const width = tileWidthAt(size, level, tileIndex);
    return this.#tile({ level, tileIndex, width }, HASH_LENGTH, decodeHashTile, signal);
  }

  /** Entries from `from` up to a log of `size`, in order, a tile at a time; the next ones are on their way meanwhile. */
  async *entries(from: number, size: number, signal: AbortSignal): AsyncGenerator<readonly Uint8Array[]> {
    let tileIndex = Math.floor(from / TILE_WIDTH);
    let skip = from % TILE_WIDTH;
    const fetchSome = (): Promise<Uint8Array[]>[] => {
      const some: Promise<Uint8Array[]>[] = [];
      for (; some.length < TILES_AT_ONCE && tileIndex * TILE_WIDTH < size; tileIndex++) {
        const tile = { level: 'entries', tileIndex, width: tileWidthAt(size, 'entries', tileIndex) } as const;
        some.push(this.#tile(tile, 2 + ENTRY_LENGTH, decodeEntryBundle, signal));
        // Whoever takes the tile meets its failure; one that is never taken must not end the program.
        some.at(-1)!.catch(() => {});
      }
      return some;
    };
    for (let some = fetchSome(); some.length > 0;) {
      const next = fetchSome();
      for (const tile of some) {
        yield (await tile).slice(skip);
        skip = 0;
      }
      some = next;
    }
  }

  /** Where a node keeps no part of a tile that has become full, the full one begins with it. */
  async #tile<Row>(
    tile: TileId,
    rowLength: number,
    decode: (bytes: Uint8Array, width: number) => Row[],
    signal: AbortSignal,
  ): Promise<Row[]> {
    const fetchTile = (id: TileId): Promise<Uint8Array> =>
      this.#fetch(formatTilePath(id), {
        signal,
        timeoutMs: this.#timeouts.tileMs,
        maxBytes: TILE_WIDTH * rowLength,
      });
    try {
      const exact = await fetchTile(tile).catch((error: unknown) => {
        if (isCodedError(error, 'NOT_FOUND') && tile.width < TILE_WIDTH) return null;
        throw error;
      });
      const bytes = exact ?? (await fetchTile({ ...tile, width: TILE_WIDTH })).subarray(0, tile.width * rowLength);
      return readAs('tile', () => decode(bytes, tile.width));
    } catch (error) {
      if (isCodedError(error, 'NOT_FOUND')) throw unverified('the node withholds a tile');
      throw error;
    }
  }
}

function readAs<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) throw unverified(`the node serves a ${what} that is none`);
    throw error;
  }
}
