/**
 * Checkpoints with what witnesses said of them, one record each: a witness's own word in its own store, all the words that a verifier
 * has collected in its index. The record is what GET /seen/{logId}[?size[&time]] answers:
 *
 *   key    log id 32 ‖ u64 size ‖ u64 time
 *   value  {"logId":hex32,"checkpoint":NOTE,
 *           "anchor":{"blockNumber","blockHash":hex32,"anchoredAt","attestations":[{"keyId":hex32,"signature":hex64}]}|null}
 */
import { concatBytes, encodeHex, encodeUtf8, u64 } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { canonicalJson, parseJson, type JsonObject, type JsonValue } from '../../core/bytes/json.ts';
import { readFields } from '../../core/bytes/json-fields.ts';
import type { BlockPoint } from '../../core/authority/registry-event.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { formatNote, parseNote, type Note } from '../../core/log/note.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import type { KeyedSignature } from '../../core/verify/lookup.ts';
import type { KeySpace, Store } from '../../service/store.ts';

export interface SeenAnchor {
  readonly block: BlockPoint;
  readonly attestations: readonly KeyedSignature[];
}

export interface Seen {
  readonly logId: Hash;
  readonly note: Note;
  readonly anchor: SeenAnchor | null;
}

const MAX_NOTE = 16 * 1024;
const MAX_ATTESTATIONS = 256;
export const MAX_SEEN_BYTES = 128 << 10;

function formatSignature({ keyId, signature }: KeyedSignature): JsonObject {
  return { keyId: encodeHex(keyId), signature: encodeHex(signature) };
}

export function formatSeen({ logId, note, anchor }: Seen): JsonObject {
  return {
    logId: encodeHex(logId),
    checkpoint: formatNote(note),
    anchor: anchor && {
      blockNumber: anchor.block.number,
      blockHash: encodeHex(anchor.block.hash),
      anchoredAt: anchor.block.at,
      attestations: anchor.attestations.map(formatSignature),
    },
  };
}

function readSignature(value: JsonValue, place: string): KeyedSignature {
  return readFields(value, place, (f) => ({ keyId: f.hash('keyId'), signature: parseSignature(f.hex('signature', 64)) }));
}

function readAnchor(value: JsonValue): SeenAnchor {
  return readFields(value, 'seen.anchor', (f) => ({
    block: { number: f.integer('blockNumber'), hash: f.hash('blockHash'), at: f.integer('anchoredAt') },
    attestations: f.array('attestations', MAX_ATTESTATIONS, readSignature),
  }));
}

/** Throws MALFORMED. No signature is verified here. */
export function parseSeen(value: JsonValue): Seen {
  return readFields(value, 'seen', (f) => ({
    logId: f.hash('logId'),
    note: parseNote(f.string('checkpoint', MAX_NOTE)),
    anchor: f.nullable('anchor', () => readAnchor(f.value('anchor'))),
  }));
}

function parseStored(value: Uint8Array): Seen {
  return parseSeen(parseJson(value, { maxBytes: MAX_SEEN_BYTES }));
}

export class SeenStore {
  readonly #store: Store;
  readonly #space: KeySpace;

  constructor(store: Store, spaceName: string) {
    this.#store = store;
    this.#space = store.space(spaceName);
  }

  #key(logId: Hash, size: number, issuedAt: number): Uint8Array {
    return concatBytes(logId, u64(size), u64(issuedAt));
  }

  /** Throws UNAVAILABLE when the record is damaged. */
  find(logId: Hash, { size, issuedAt }: Checkpoint): Seen | undefined {
    const value = this.#space.getSync(this.#key(logId, size, issuedAt));
    return value && parseStored(value);
  }

  /** The one of the largest size, or of the size given the newest. Throws UNAVAILABLE. */
  async newest(logId: Hash, size?: number): Promise<Seen | undefined> {
    const from = size === undefined ? logId : concatBytes(logId, u64(size));
    const to = concatBytes(from, new Uint8Array(this.#key(logId, 0, 0).length + 1 - from.length).fill(0xff));
    for await (const [, value] of this.#space.iterate({ from, to, reverse: true, limit: 1 })) return parseStored(value);
    return undefined;
  }

  /** In place of an earlier record of the same size and time. */
  async put(seen: Seen, options: { readonly sync: boolean }): Promise<void> {
    const { size, issuedAt } = seen.note.checkpoint;
    const value = encodeUtf8(canonicalJson(formatSeen(seen)));
    await this.#store
      .batch()
      .put(this.#space, this.#key(seen.logId, size, issuedAt), value)
      .write(options);
  }
}
