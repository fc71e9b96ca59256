/**
 * Everything a log keeps, one key space a kind, over the self-hashed store:
 *
 *     entry       u64 index                    the 74 bytes
 *     node        u8 level ‖ u64 node index    hash of a complete subtree
 *     map         map hash                     map node, 65 bytes; nodes of older maps stay
 *     slot        slot                         u64 index
 *     opening     leaf hash                    iv ‖ ciphertext ‖ tag
 *     head        (empty)                      u64 size ‖ u64 issuedAt ‖ root hash ‖ map root
 *     checkpoint  u64 size ‖ u64 issuedAt      every published note
 *
 * Anchors (anchors.ts) and answers (answers.ts) have spaces of their own. Keys of checkpoints and anchors are in the order of time: a
 * log does not shrink, and two checkpoints of one size differ in time.
 */
import { ByteReader, concatBytes, decodeUtf8, encodeUtf8, u64, u8 } from '../../core/bytes/bytes.ts';
import { type CodedError, unavailable } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { decodeMapNode, EMPTY_MAP, type MapNode, type MapReader } from '../../core/log/map.ts';
import { EMPTY_ROOT, type NodeReader, rootAt } from '../../core/log/tree.ts';
import type { Batch, KeySpace, Store } from '../../service/store.ts';

/** A log as it stands on disk, published or about to be: a checkpoint but for the origin, which all of them share. */
export type LogHead = Omit<Checkpoint, 'origin'>;

export const EMPTY_HEAD: LogHead = { size: 0, rootHash: EMPTY_ROOT, mapRoot: EMPTY_MAP, issuedAt: 0 };
const HEAD_KEY = new Uint8Array(0);

/** Orders checkpoints and anchors by time. */
export function placeOf({ size, issuedAt }: Pick<LogHead, 'size' | 'issuedAt'>): Uint8Array {
  return concatBytes(u64(size), u64(issuedAt));
}

function nodeKey(level: number, nodeIndex: number): Uint8Array {
  return concatBytes(u8(level), u64(nodeIndex));
}

export class LogStore {
  readonly store: Store;
  readonly entries: KeySpace;
  readonly nodes: KeySpace;
  readonly mapNodes: KeySpace;
  readonly slots: KeySpace;
  readonly openings: KeySpace;
  readonly #head: KeySpace;
  readonly #checkpoints: KeySpace;
  readonly tree: NodeReader;
  readonly map: MapReader;

  constructor(store: Store) {
    this.store = store;
    this.entries = store.space('entry');
    this.nodes = store.space('node');
    this.mapNodes = store.space('map');
    this.slots = store.space('slot');
    this.openings = store.space('opening');
    this.#head = store.space('head');
    this.#checkpoints = store.space('checkpoint');
    this.tree = { node: (level, nodeIndex): Hash => asHash(read(this.nodes, nodeKey(level, nodeIndex))) };
    this.map = { get: (mapHash): MapNode => decodeMapNode(read(this.mapNodes, mapHash)) };
  }

  /** What is durable, published or not. */
  head(): LogHead {
    const bytes = this.#head.getSync(HEAD_KEY);
    if (bytes === undefined) return EMPTY_HEAD;
    const reader = new ByteReader(bytes);
    const [size, issuedAt] = [reader.u64(), reader.u64()];
    const [rootHash, mapRoot] = [asHash(reader.bytes(32)), asHash(reader.bytes(32))];
    reader.end();
    return { size, issuedAt, rootHash, mapRoot };
  }

  putHead(batch: Batch, head: LogHead): void {
    batch.put(this.#head, HEAD_KEY, concatBytes(placeOf(head), head.rootHash, head.mapRoot));
  }

  entry(entryIndex: number): Uint8Array {
    return read(this.entries, u64(entryIndex));
  }

  putNode(batch: Batch, level: number, nodeIndex: number, nodeHash: Hash): void {
    batch.put(this.nodes, nodeKey(level, nodeIndex), nodeHash);
  }

  /** Undefined while the slot is free. That it is, only the map can prove. */
  indexAt(slot: Hash): number | undefined {
    const bytes = this.slots.getSync(slot);
    return bytes && new ByteReader(bytes).u64();
  }

  opening(leafHash: Hash): Uint8Array {
    return read(this.openings, leafHash);
  }

  rootAt(size: number): Hash {
    return rootAt(size, this.tree);
  }

  /** `count` nodes of one level from `first` on. */
  async nodesFrom(level: number, first: number, count: number): Promise<Uint8Array[]> {
    return this.#range(this.nodes, nodeKey(level, first), nodeKey(level, first + count), count);
  }

  async entriesFrom(first: number, count: number): Promise<Uint8Array[]> {
    return this.#range(this.entries, u64(first), u64(first + count), count);
  }

  async #range(space: KeySpace, from: Uint8Array, to: Uint8Array, count: number): Promise<Uint8Array[]> {
    const values: Uint8Array[] = [];
    for await (const [, value] of space.iterate({ from, to })) values.push(value);
    if (values.length !== count) throw lost(space);
    return values;
  }

  putCheckpoint(batch: Batch, checkpoint: LogHead, note: string): void {
    batch.put(this.#checkpoints, placeOf(checkpoint), encodeUtf8(note));
  }

  /** The note of a published checkpoint. */
  noteOf(checkpoint: Pick<LogHead, 'size' | 'issuedAt'>): string | undefined {
    const bytes = this.#checkpoints.getSync(placeOf(checkpoint));
    return bytes && decodeUtf8(bytes);
  }

  /** The newest published note of this size, or of any. */
  async newestNote(size?: number): Promise<string | undefined> {
    const range =
      size === undefined ? {} : { from: placeOf({ size, issuedAt: 0 }), to: placeOf({ size: size + 1, issuedAt: 0 }) };
    for await (const [, note] of this.#checkpoints.iterate({ ...range, reverse: true, limit: 1 })) return decodeUtf8(note);
    return undefined;
  }
}

function lost({ name }: KeySpace): CodedError {
  return unavailable('the log’s store lacks something that it must hold', { space: name });
}

function read(space: KeySpace, key: Uint8Array): Uint8Array {
  const value = space.getSync(key);
  if (value === undefined) throw lost(space);
  return value;
}
