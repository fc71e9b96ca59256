/** A log in memory over the real core: what the tests grow, prove from and tamper with. Keys and secrets are fixed. */
import { encodeHex, encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { commitmentOf, decodeEntry, encodeEntry, type Entry } from '../../core/log/entry.ts';
import type { HistoryItem, HistoryReader } from '../../core/log/history.ts';
import { EMPTY_MAP, insertSlots, type MapLeaf, type MapNode, type MapReader } from '../../core/log/map.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { signerOf } from '../../core/log/signer.ts';
import { asHistorySecret, slotAt, type HistorySecret } from '../../core/log/slot.ts';
import { appendLeaf, leafHashOf, rootAt, SM3_TREE, type NodeReader, type TreeHash } from '../../core/log/tree.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';

export const ORIGIN = parseOrigin('sample/11999900MB0000001K/licences');
export const WITNESS = parseOrigin('sample/11999900MB0000002N/witness');

/** 32 bytes that differ for every name. */
export function bytesOf(name: string): Hash {
  return sm3(encodeUtf8(name));
}

export function secretOf(name: string): HistorySecret {
  return asHistorySecret(bytesOf(name));
}

export const logSigner = signerOf(parsePrivateKey(bytesOf('log key')));
export const witnessSigner = signerOf(parsePrivateKey(bytesOf('witness key')));
export const otherSigner = signerOf(parsePrivateKey(bytesOf('other key')));

export class MemoryTree implements NodeReader {
  readonly #nodes = new Map<string, Hash>();
  readonly #tree: TreeHash;
  size = 0;

  constructor(tree: TreeHash = SM3_TREE) {
    this.#tree = tree;
  }

  append(leafHash: Hash): void {
    for (const { level, nodeIndex, nodeHash } of appendLeaf(this.size, leafHash, this, this.#tree)) {
      this.#nodes.set(`${level}/${nodeIndex}`, nodeHash);
    }
    this.size++;
  }

  node(level: number, nodeIndex: number): Hash {
    const nodeHash = this.#nodes.get(`${level}/${nodeIndex}`);
    if (nodeHash === undefined) throw new Error(`no node ${level}/${nodeIndex}`);
    return nodeHash;
  }
}

export class MemoryMap implements MapReader {
  readonly #nodes = new Map<string, MapNode>();
  root: Hash = EMPTY_MAP;

  /** Returns how many nodes were stored. */
  insert(...leaves: MapLeaf[]): number {
    const { mapRoot, nodes } = insertSlots(this.root, leaves, this);
    for (const { mapHash, node } of nodes) this.#nodes.set(encodeHex(mapHash), node);
    this.root = mapRoot;
    return nodes.length;
  }

  get(mapHash: Hash): MapNode {
    const node = this.#nodes.get(encodeHex(mapHash));
    if (node === undefined) throw new Error('no such map node');
    return node;
  }
}

/** Time of the entry with index 0; each next one is a second later unless a test says otherwise. */
export const FIRST_AT = Date.UTC(2026, 0, 1);

export class MemoryLog implements HistoryReader {
  readonly tree = new MemoryTree();
  readonly map = new MemoryMap();
  readonly entries: Uint8Array[] = [];

  append(entry: Entry): void {
    const bytes = encodeEntry(entry);
    this.entries.push(bytes);
    this.tree.append(leafHashOf(bytes));
    this.map.insert({ slot: entry.slot, leafHash: leafHashOf(bytes) });
  }

  /** Appends entry number `i` of the history `h`. */
  say(h: HistorySecret, i: number, kind: number, recordedAt = FIRST_AT + 1000 * this.entries.length): void {
    const name = `body ${this.entries.length}`;
    this.append({ kind, recordedAt, slot: slotAt(h, i), commitment: commitmentOf(bytesOf(name), encodeUtf8(name)) });
  }

  entryAt(slot: Hash): Pick<HistoryItem, 'entryBytes' | 'entryIndex'> {
    const entryIndex = this.entries.findIndex((bytes) => equalBytes(decodeEntry(bytes).slot, slot));
    return { entryBytes: this.entries[entryIndex]!, entryIndex };
  }

  checkpoint(): Checkpoint {
    const size = this.entries.length;
    const issuedAt = FIRST_AT + 1000 * size;
    return { origin: ORIGIN, size, rootHash: rootAt(size, this.tree), mapRoot: this.map.root, issuedAt };
  }
}
