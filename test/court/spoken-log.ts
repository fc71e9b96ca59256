/** A log in memory that says whatever it is told to, true or not, and the charges that what it said allows. */
import type { Hash } from '../../core/bytes/hash.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import {
  signedCheckpoint,
  type AnchoredCheckpoint,
  type ShownCheckpoint,
  type SignedCheckpoint,
} from '../../core/court/charge.ts';
import type { SignedPromise } from '../../core/court/charge.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { encodeEntry } from '../../core/log/entry.ts';
import { signNote } from '../../core/log/note.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { signPromise } from '../../core/log/promise.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { proveSlot, type SlotProof } from '../../core/log/slot-proof.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { proveConsistency, proveInclusion } from '../../core/log/tree-proof.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { bytesOf, MemoryMap, MemoryTree } from '../log/memory-log.ts';

export interface SpokenEntry {
  readonly slot: Hash;
  readonly leafHash: Hash;
  readonly entryBytes: Uint8Array;
  readonly entryIndex: number;
}

export interface EntryChange {
  readonly slot?: Hash;
  /** What the map gets at the slot: by default the entry's own leaf hash; null: nothing. */
  readonly mapped?: Hash | null;
}

export const signerNamed = (name: string): Signer => signerOf(parsePrivateKey(bytesOf(name)));
export const keyIdOfSigner = (signer: Signer): Hash => keyIdOf(signer.publicKey);

export class SpokenLog {
  readonly origin: Origin;
  readonly tree = new MemoryTree();
  readonly map = new MemoryMap();
  readonly entries: SpokenEntry[] = [];
  /** By size. */
  readonly mapRoots: Hash[] = [this.map.root];
  readonly #changes: [name: string, change: EntryChange][] = [];

  constructor(origin: Origin) {
    this.origin = origin;
  }

  get logId(): Hash {
    return logIdOf(this.origin);
  }

  get size(): number {
    return this.entries.length;
  }

  append(name: string, change: EntryChange = {}): SpokenEntry {
    const slot = change.slot ?? bytesOf(`slot of ${name}`);
    const entryBytes = encodeEntry({ kind: 1, recordedAt: 1_767_225_600_000, slot, commitment: bytesOf(`body of ${name}`) });
    const entry = { slot, leafHash: leafHashOf(entryBytes), entryBytes, entryIndex: this.size };
    this.tree.append(entry.leafHash);
    const mapped = change.mapped === undefined ? entry.leafHash : change.mapped;
    if (mapped !== null) this.map.insert({ slot, leafHash: mapped });
    this.entries.push(entry);
    this.mapRoots.push(this.map.root);
    this.#changes.push([name, change]);
    return entry;
  }

  grow(count: number, prefix = 'entry'): this {
    for (let i = 0; i < count; i++) this.append(`${prefix} ${this.size}`);
    return this;
  }

  /** Another log of the same name with the first `size` entries of this one. */
  branch(size = this.size): SpokenLog {
    const branch = new SpokenLog(this.origin);
    for (const [name, change] of this.#changes.slice(0, size)) branch.append(name, change);
    return branch;
  }

  entryAt(index: number): SpokenEntry {
    return this.entries[index]!;
  }

  checkpoint(issuedAt: number, change: { readonly size?: number; readonly mapRoot?: Hash } = {}): Checkpoint {
    const size = change.size ?? this.size;
    const mapRoot = change.mapRoot ?? this.mapRoots[size]!;
    return { origin: this.origin, size, rootHash: rootAt(size, this.tree), mapRoot, issuedAt };
  }

  inclusion(entryIndex: number, size: number): Hash[] {
    return proveInclusion(entryIndex, size, this.tree);
  }

  consistency(size1: number, size2: number): Hash[] {
    return proveConsistency(size1, size2, this.tree);
  }

  slotProof(mapRoot: Hash, slot: Hash): SlotProof {
    return proveSlot(mapRoot, slot, this.map);
  }
}

export function sign(checkpoint: Checkpoint, signer: Signer): SignedCheckpoint {
  return signedCheckpoint(signNote(checkpoint, signer), keyIdOfSigner(signer));
}

export function promiseOf(
  log: SpokenLog,
  { slot, leafHash }: Pick<SpokenEntry, 'slot' | 'leafHash'>,
  [issuedAt, deadlineAt]: readonly [issuedAt: number, deadlineAt: number],
  signer: Signer,
): SignedPromise {
  const promise = { logId: log.logId, slot, leafHash, issuedAt, deadlineAt };
  return { promise, keyId: keyIdOfSigner(signer), signature: signPromise(promise, signer) };
}

// Charges: what is shown, with the proofs that the log itself would give.

export function unmapped(log: SpokenLog, checkpoint: ShownCheckpoint, { entryBytes, entryIndex, slot }: SpokenEntry) {
  const { size, mapRoot } = checkpoint.checkpoint;
  const [inclusionProof, slotProof] = [log.inclusion(entryIndex, size), log.slotProof(mapRoot, slot)];
  return { kind: 'unmapped', origin: log.origin, checkpoint, entryBytes, entryIndex, inclusionProof, slotProof } as const;
}

export function brokenPromise(log: SpokenLog, checkpoint: AnchoredCheckpoint, promised: SignedPromise) {
  const slotProof = log.slotProof(checkpoint.checkpoint.mapRoot, promised.promise.slot);
  return { kind: 'broken-promise', origin: log.origin, promised, checkpoint, slotProof } as const;
}

/** The maps of both checkpoints are read from the logs they are of. */
export function rolledBack(
  [log, earlier]: readonly [SpokenLog, ShownCheckpoint],
  [other, later]: readonly [SpokenLog, ShownCheckpoint],
  slot: Hash,
) {
  const earlierSlotProof = log.slotProof(earlier.checkpoint.mapRoot, slot);
  const laterSlotProof = other.slotProof(later.checkpoint.mapRoot, slot);
  return { kind: 'rolled-back', origin: log.origin, earlier, later, slot, earlierSlotProof, laterSlotProof } as const;
}

export function fork(a: ShownCheckpoint, b: ShownCheckpoint) {
  return { kind: 'fork', origin: a.checkpoint.origin, a, b } as const;
}

/** `log` is the one that `later` is of. */
export function splitView(log: SpokenLog, earlier: ShownCheckpoint, later: ShownCheckpoint) {
  const [m, n] = [earlier.checkpoint.size, later.checkpoint.size];
  const [otherRoot, consistencyProof] = [rootAt(m, log.tree), log.consistency(m, n)];
  return { kind: 'split-view', origin: log.origin, earlier, later, otherRoot, consistencyProof } as const;
}
