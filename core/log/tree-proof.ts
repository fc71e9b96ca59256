/**
 * Inclusion proofs (RFC 9162 §2.1.3) and consistency proofs (§2.1.4): that an entry is in a tree, that a tree extends an older one.
 *
 * A proof is a list of node hashes from the bottom up. `prove…` trusts its reader and the indexes it is given; `verify…` trusts
 * nothing but the roots, and refuses with UNVERIFIED a proof that is too short, too long or has an element it does not use.
 */
import { equalBytes } from '../bytes/bytes.ts';
import { invariant, unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { half, isOdd, rangeRoot, SM3_TREE, type NodeReader, type TreeHash } from './tree.ts';

export interface InclusionClaim {
  readonly leafHash: Hash;
  readonly entryIndex: number;
  readonly size: number;
  readonly rootHash: Hash;
}

/** That the tree of `size2` entries begins with the `size1` entries of the tree with `root1`. */
export interface ConsistencyClaim {
  readonly size1: number;
  readonly root1: Hash;
  readonly size2: number;
  readonly root2: Hash;
}

function isSize(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Where RFC 9162 splits a tree of `count` > 1 entries: the largest power of two below `count`. */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

interface Descent {
  readonly start: number;
  readonly count: number;
  /** From the bottom up. */
  readonly siblings: Hash[];
}

/** From the root towards an entry, until `isEnd` says so of the subtree reached; the roots of the other halves passed on the way. */
function descend(
  entryIndex: number,
  size: number,
  isEnd: (start: number, count: number) => boolean,
  reader: NodeReader,
  tree: TreeHash,
): Descent {
  const siblings: Hash[] = [];
  let start = 0;
  let count = size;
  while (!isEnd(start, count)) {
    const split = splitOf(count);
    const isRight = entryIndex >= start + split;
    siblings.unshift(isRight ? rangeRoot(start, split, reader, tree) : rangeRoot(start + split, count - split, reader, tree));
    if (isRight) start += split;
    count = isRight ? count - split : split;
  }
  return { start, count, siblings };
}

/** PATH of RFC 9162 §2.1.3.1. */
export function proveInclusion(entryIndex: number, size: number, reader: NodeReader, tree: TreeHash = SM3_TREE): Hash[] {
  invariant(isSize(size) && isSize(entryIndex) && entryIndex < size, 'only an entry within the size can be proved');
  return descend(entryIndex, size, (_, count) => count === 1, reader, tree).siblings;
}

/** PROOF of RFC 9162 §2.1.4.1; empty where `size1` is 0 or `size2`. */
export function proveConsistency(size1: number, size2: number, reader: NodeReader, tree: TreeHash = SM3_TREE): Hash[] {
  invariant(isSize(size1) && isSize(size2) && size1 <= size2, 'a tree extends only a smaller one');
  if (size1 === 0) return [];
  const { start, count, siblings } = descend(size1 - 1, size2, (from, length) => from + length === size1, reader, tree);
  // The subtree that ends at size1 is left out where it is the whole old tree: the verifier has that root.
  return start === 0 ? siblings : [rangeRoot(start, count, reader, tree), ...siblings];
}

/**
 * A place on the way up: the node's number at this level, and that of the level's last node. The same walk serves both proofs
 * (fn and sn of RFC 9162 §2.1.3.2 and §2.1.4.2).
 */
class Climb {
  #node: number;
  #last: number;

  constructor(node: number, last: number) {
    this.#node = node;
    this.#last = last;
  }

  get isAtRoot(): boolean {
    return this.#last === 0;
  }

  /** True when the next proof element is the left sibling. */
  get isRightChild(): boolean {
    return isOdd(this.#node) || this.#node === this.#last;
  }

  up(): void {
    this.#node = half(this.#node);
    this.#last = half(this.#last);
  }

  /** A last node without a sibling rises to where it is a right child, or to the root. */
  skipLevelsWithoutSibling(): void {
    while (!isOdd(this.#node) && this.#node !== 0) this.up();
  }

  /** To the top of the largest complete subtree that ends with this node. */
  skipCompleteSubtrees(): void {
    while (isOdd(this.#node)) this.up();
  }

  get isFirst(): boolean {
    return this.#node === 0;
  }
}

/** RFC 9162 §2.1.3.2. Throws UNVERIFIED. */
export function verifyInclusion(claim: InclusionClaim, proof: readonly Hash[], tree: TreeHash = SM3_TREE): void {
  const { leafHash, entryIndex, size, rootHash } = claim;
  if (!isSize(size) || !isSize(entryIndex) || entryIndex >= size)
    throw unverified('inclusion proof: the index is not within the size');
  const climb = new Climb(entryIndex, size - 1);
  let root = leafHash;
  for (const sibling of proof) {
    if (climb.isAtRoot) throw unverified('inclusion proof: too long');
    if (climb.isRightChild) {
      root = tree.inner(sibling, root);
      climb.skipLevelsWithoutSibling();
    } else {
      root = tree.inner(root, sibling);
    }
    climb.up();
  }
  if (!climb.isAtRoot) throw unverified('inclusion proof: too short');
  if (!equalBytes(root, rootHash)) throw unverified('inclusion proof: leads to another root');
}

/**
 * RFC 9162 §2.1.4.2. Throws UNVERIFIED.
 *
 * Equal sizes want equal roots and an empty proof. From size 0 (which the RFC leaves out, and transparency-dev refuses) the
 * proof is empty and root1 must be the empty root: every tree extends the empty one, and a log is followed from there on.
 */
export function verifyConsistency(claim: ConsistencyClaim, proof: readonly Hash[], tree: TreeHash = SM3_TREE): void {
  const { size1, root1, size2, root2 } = claim;
  if (!isSize(size1) || !isSize(size2) || size1 > size2)
    throw unverified('consistency proof: the first tree is not the smaller one');
  if (size1 === 0 || size1 === size2) {
    if (proof.length > 0) throw unverified('consistency proof: too long');
    if (size1 === 0 && !equalBytes(root1, tree.empty)) throw unverified('consistency proof: not the root of an empty tree');
    if (size1 === size2 && !equalBytes(root1, root2)) throw unverified('consistency proof: one size, two roots');
    return;
  }
  verifyGrowth(claim, proof, tree);
}

/** For 0 < size1 < size2: both roots are rebuilt from the subtree that ends at size1. */
function verifyGrowth({ size1, root1, size2, root2 }: ConsistencyClaim, proof: readonly Hash[], tree: TreeHash): void {
  const climb = new Climb(size1 - 1, size2 - 1);
  climb.skipCompleteSubtrees();
  // An old tree that is complete (its size a power of two) is that subtree, and the proof leaves it out.
  const [start, ...siblings] = climb.isFirst ? [root1, ...proof] : proof;
  if (start === undefined) throw unverified('consistency proof: too short');
  let oldRoot = start;
  let newRoot = start;
  for (const sibling of siblings) {
    if (climb.isAtRoot) throw unverified('consistency proof: too long');
    if (climb.isRightChild) {
      oldRoot = tree.inner(sibling, oldRoot);
      newRoot = tree.inner(sibling, newRoot);
      climb.skipLevelsWithoutSibling();
    } else {
      newRoot = tree.inner(newRoot, sibling);
    }
    climb.up();
  }
  if (!climb.isAtRoot) throw unverified('consistency proof: too short');
  if (!equalBytes(oldRoot, root1)) throw unverified('consistency proof: leads to another first root');
  if (!equalBytes(newRoot, root2)) throw unverified('consistency proof: leads to another second root');
}
