import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, decodeBase64, decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { asHash, ZERO_HASH, type Hash } from '../../core/bytes/hash.ts';
import { appendLeaf, EMPTY_ROOT, leafHashOf, nodeHashOf, rootAt, SM3_TREE, type TreeHash } from '../../core/log/tree.ts';
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from '../../core/log/tree-proof.ts';
import { expectRefusal } from './mangling.ts';
import { bytesOf, MemoryTree } from './memory-log.ts';

const sha256 = (...parts: Uint8Array[]): Hash =>
  asHash(
    new Uint8Array(
      createHash('sha256')
        .update(concatBytes(...parts))
        .digest(),
    ),
  );
const SHA256_TREE: TreeHash = { empty: sha256(), inner: (left, right) => sha256(Uint8Array.of(1), left, right) };

const LEAVES = Array.from({ length: 300 }, (_, i) => bytesOf(`leaf ${i}`));
const tree = new MemoryTree();
for (const leafHash of LEAVES) tree.append(leafHash);

/** RFC 9162 as it is written, over all the leaves: MTH, PATH and SUBPROOF. Every range is computed once. */
const ranges = new Map<number, Hash>();
function slowRoot(from: number, to: number): Hash {
  if (to - from === 1) return LEAVES[from]!;
  const known = ranges.get(from * 1000 + to);
  if (known !== undefined) return known;
  const k = from + slowSplit(to - from);
  const root = nodeHashOf(slowRoot(from, k), slowRoot(k, to));
  ranges.set(from * 1000 + to, root);
  return root;
}
const slowSplit = (count: number): number => 2 ** (Math.ceil(Math.log2(count)) - 1);

function slowPath(m: number, from: number, to: number): Hash[] {
  if (to - from === 1) return [];
  const k = from + slowSplit(to - from);
  return m < k ? [...slowPath(m, from, k), slowRoot(k, to)] : [...slowPath(m, k, to), slowRoot(from, k)];
}

function slowSubproof(m: number, from: number, to: number, isWhole: boolean): Hash[] {
  if (m === to) return isWhole ? [] : [slowRoot(from, to)];
  const k = from + slowSplit(to - from);
  if (m <= k) return [...slowSubproof(m, from, k, isWhole), slowRoot(k, to)];
  return [...slowSubproof(m, k, to, false), slowRoot(from, k)];
}

const hex = (hashes: readonly Hash[]): string => hashes.map(encodeHex).join(' ');
const sizes = (from: number): number[] => Array.from({ length: LEAVES.length + 1 - from }, (_, i) => from + i);

describe('the tree', () => {
  test('gives an entry, a pair and nothing the hashes of RFC 9162 over SM3', () => {
    expect(encodeHex(leafHashOf(Uint8Array.of()))).to.equal('2daef60e7a0b8f5e024c81cd2ab3109f2b4f155cf83adeb2ae5532f74a157fdf');
    expect(encodeHex(EMPTY_ROOT)).to.equal('1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b');
    expect(encodeHex(rootAt(0, tree))).to.equal(encodeHex(EMPTY_ROOT));
  });

  test('has the root of the recursive definition at every size from 1 to 300', () => {
    for (const size of sizes(1)) expect(encodeHex(rootAt(size, tree))).to.equal(encodeHex(slowRoot(0, size)));
  });

  test('makes each complete node once, and those only', () => {
    const made = LEAVES.flatMap((leafHash, size) => appendLeaf(size, leafHash, tree));
    const places = made.map(({ level, nodeIndex }) => `${level}/${nodeIndex}`);
    expect(new Set(places).size).to.equal(places.length);
    for (const { level, nodeIndex, nodeHash } of made) {
      const width = 2 ** level;
      expect(encodeHex(nodeHash)).to.equal(encodeHex(slowRoot(nodeIndex * width, (nodeIndex + 1) * width)));
    }
    // floor(300 / 2^level) for levels 0 to 8.
    expect(places.length).to.equal(300 + 150 + 75 + 37 + 18 + 9 + 4 + 2 + 1);
  });
});

describe('an inclusion proof', () => {
  test('is the one of the recursive definition, and holds, for every entry at every size from 1 to 300', () => {
    for (const size of sizes(1)) {
      for (let entryIndex = 0; entryIndex < size; entryIndex++) {
        const proof = proveInclusion(entryIndex, size, tree);
        expect(hex(proof)).to.equal(hex(slowPath(entryIndex, 0, size)));
        verifyInclusion({ leafHash: LEAVES[entryIndex]!, entryIndex, size, rootHash: slowRoot(0, size) }, proof);
      }
    }
  });

  test('is refused when anything in it is another: index, size, leaf, root, an element, its length', () => {
    for (const [entryIndex, size] of [
      [0, 1],
      [0, 2],
      [4, 5],
      [5, 7],
      [6, 8],
      [11, 13],
      [63, 100],
    ] as const) {
      const claim = { leafHash: LEAVES[entryIndex]!, entryIndex, size, rootHash: slowRoot(0, size) };
      const proof = proveInclusion(entryIndex, size, tree);
      const refuse = (change: object, changed: readonly Hash[] = proof): void =>
        expectRefusal('UNVERIFIED', () => verifyInclusion({ ...claim, ...change }, changed));
      for (const other of sizes(0)) if (other !== entryIndex) refuse({ entryIndex: other });
      refuse({ leafHash: bytesOf('other') });
      refuse({ rootHash: bytesOf('other') });
      refuse({}, [...proof, ZERO_HASH]);
      refuse({}, [ZERO_HASH, ...proof]);
      proof.forEach((_, i) => refuse({}, proof.toSpliced(i, 1)));
      proof.forEach((_, i) => refuse({}, proof.toSpliced(i, 1, bytesOf('other'))));
      proof.forEach((element, i) => refuse({}, proof.toSpliced(i, 0, element)));
    }
  });

  test('is refused for an index or a size that is no count', () => {
    for (const [entryIndex, size] of [
      [0, 0],
      [1, 1],
      [-1, 1],
      [0.5, 1],
      [0, 1.5],
      [NaN, 1],
      [0, 2 ** 53],
      [2 ** 53, 2 ** 53 + 2],
    ] as const) {
      expectRefusal('UNVERIFIED', () => verifyInclusion({ leafHash: LEAVES[0]!, entryIndex, size, rootHash: LEAVES[0]! }, []));
    }
  });
});

describe('a consistency proof', () => {
  test('is the one of the recursive definition, and holds, between all sizes from 1 to 300', () => {
    for (const size2 of sizes(1)) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const proof = proveConsistency(size1, size2, tree);
        expect(hex(proof)).to.equal(hex(slowSubproof(size1, 0, size2, true)));
        verifyConsistency({ size1, root1: slowRoot(0, size1), size2, root2: slowRoot(0, size2) }, proof);
      }
    }
  });

  test('from size 0 is empty and wants the empty root', () => {
    const claim = { size1: 0, root1: EMPTY_ROOT, size2: 5, root2: slowRoot(0, 5) };
    expect(proveConsistency(0, 5, tree)).to.deep.equal([]);
    verifyConsistency(claim, []);
    verifyConsistency({ ...claim, size2: 0, root2: EMPTY_ROOT }, []);
    expectRefusal('UNVERIFIED', () => verifyConsistency(claim, [LEAVES[0]!]));
    expectRefusal('UNVERIFIED', () => verifyConsistency({ ...claim, root1: LEAVES[0]! }, []));
    expectRefusal('UNVERIFIED', () => verifyConsistency({ ...claim, size2: 0 }, []));
  });

  test('is refused when anything in it is another: a size, a root, an element, its length', () => {
    for (const [size1, size2] of [
      [1, 1],
      [1, 2],
      [2, 3],
      [3, 5],
      [4, 8],
      [6, 8],
      [7, 13],
      [64, 100],
      [65, 100],
    ] as const) {
      const claim = { size1, root1: slowRoot(0, size1), size2, root2: slowRoot(0, size2) };
      const proof = proveConsistency(size1, size2, tree);
      const refuse = (change: object, changed: readonly Hash[] = proof): void =>
        expectRefusal('UNVERIFIED', () => verifyConsistency({ ...claim, ...change }, changed));
      for (const other of sizes(0)) if (other !== size1) refuse({ size1: other });
      refuse({ root1: bytesOf('other') });
      refuse({ root2: bytesOf('other') });
      refuse({}, [...proof, ZERO_HASH]);
      refuse({}, [ZERO_HASH, ...proof]);
      proof.forEach((_, i) => refuse({}, proof.toSpliced(i, 1)));
      proof.forEach((_, i) => refuse({}, proof.toSpliced(i, 1, bytesOf('other'))));
    }
  });

  test('is refused for sizes that are no counts', () => {
    for (const [size1, size2] of [
      [2, 1],
      [-1, 1],
      [0.5, 1],
      [1, NaN],
      [1, 2 ** 53],
    ] as const) {
      const root = LEAVES[0]!;
      expectRefusal('UNVERIFIED', () => verifyConsistency({ size1, root1: root, size2, root2: root }, []));
    }
  });
});

describe('a proof for a larger tree', () => {
  test('does not show an entry of it in a smaller tree with its root', () => {
    const claim = { leafHash: LEAVES[1]!, entryIndex: 0, size: 1, rootHash: slowRoot(0, 2) };
    expectRefusal('UNVERIFIED', () => verifyInclusion(claim, proveInclusion(1, 2, tree)));
  });

  test('does not show that a smaller tree with its root grew', () => {
    const claim = { size1: 3, root1: slowRoot(0, 7), size2: 4, root2: slowRoot(0, 8) };
    expectRefusal('UNVERIFIED', () => verifyConsistency(claim, proveConsistency(7, 8, tree)));
  });
});

describe('sizes beyond 32 bits', () => {
  /** A tree whose entries are all equal needs one node for each level. */
  const levels = [LEAVES[0]!];
  for (let level = 0; level < 53; level++) levels.push(nodeHashOf(levels[level]!, levels[level]!));
  const uniform = { node: (level: number): Hash => levels[level]! };

  test('prove and verify up to 2^53-1', () => {
    for (const size of [2 ** 31, 2 ** 32 + 1, 2 ** 40 - 1, 2 ** 52 + 5, 2 ** 53 - 1]) {
      const rootHash = rootAt(size, uniform);
      for (const entryIndex of [0, 1, Math.floor(size / 2), size - 1]) {
        verifyInclusion({ leafHash: LEAVES[0]!, entryIndex, size, rootHash }, proveInclusion(entryIndex, size, uniform));
      }
      for (const size1 of [1, 2 ** 31 - 1, Math.floor(size / 2), size - 1]) {
        const claim = { size1, root1: rootAt(size1, uniform), size2: size, root2: rootHash };
        verifyConsistency(claim, proveConsistency(size1, size, uniform));
      }
    }
  });

  test('end there: a tree that is full takes no entry', () => {
    expect(() => appendLeaf(2 ** 53 - 1, LEAVES[0]!, uniform)).to.throw('invariant');
  });
});

interface LeafSet {
  readonly emptyRoot: string;
  readonly leafInputs: readonly string[];
  readonly leafHashes: readonly string[];
  readonly roots: readonly string[];
  readonly inclusion: readonly { index: number; size: number; proof: readonly string[] }[];
  readonly consistency: readonly { size1: number; size2: number; proof: readonly string[] }[];
}

describe('the reference leaves of certificate transparency', () => {
  const sets = JSON.parse(readFileSync(new URL('../vectors/merkle_ct_leaves.json', import.meta.url), 'utf8')) as Record<
    'sha256' | 'sm3',
    LeafSet
  >;
  const kinds = [
    ['sm3', SM3_TREE, leafHashOf],
    ['sha256', SHA256_TREE, (entry: Uint8Array): Hash => sha256(Uint8Array.of(0), entry)],
  ] as const;
  for (const [name, treeHash, leafOf] of kinds) {
    test(`give the published ${name} leaves, roots and proofs`, () => {
      const set = sets[name];
      const grown = new MemoryTree(treeHash);
      const leafHashes = set.leafInputs.map((input) => leafOf(decodeHex(input)));
      for (const leafHash of leafHashes) grown.append(leafHash);
      expect(leafHashes.map(encodeHex)).to.deep.equal(set.leafHashes);
      expect(encodeHex(treeHash.empty)).to.equal(set.emptyRoot);
      expect(set.roots.map((_, size) => encodeHex(rootAt(size, grown, treeHash)))).to.deep.equal(set.roots);
      for (const { index, size, proof } of set.inclusion) {
        expect(proveInclusion(index, size, grown, treeHash).map(encodeHex)).to.deep.equal(proof);
      }
      for (const { size1, size2, proof } of set.consistency) {
        expect(proveConsistency(size1, size2, grown, treeHash).map(encodeHex)).to.deep.equal(proof);
      }
    });
  }
});

interface Probe {
  readonly desc: string;
  readonly path: string;
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
}

describe('the probes of transparency-dev/merkle', () => {
  const probes = JSON.parse(readFileSync(new URL('../vectors/merkle_probes.json', import.meta.url), 'utf8')) as {
    inclusion: (Probe & { leafIdx: number; treeSize: number; root: string; leafHash: string })[];
    consistency: (Probe & { size1: number; size2: number; root1: string; root2: string })[];
  };
  const hashOf = (base64: string): Hash => asHash(decodeBase64(base64));
  const proofOf = (probe: Probe): Hash[] => (probe.proof ?? []).map(hashOf);

  function isRefused(action: () => void): boolean {
    try {
      action();
      return false;
    } catch (error) {
      // Some probes hold bytes that are no hash at all: they end at the parser.
      if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return true;
      throw error;
    }
  }

  for (const probe of probes.inclusion) {
    test(`inclusion: ${probe.path} ${probe.desc}`, () => {
      const refused = isRefused(() => {
        const claim = {
          entryIndex: probe.leafIdx,
          size: probe.treeSize,
          leafHash: hashOf(probe.leafHash),
          rootHash: hashOf(probe.root),
        };
        verifyInclusion(claim, proofOf(probe), SHA256_TREE);
      });
      expect(refused).to.equal(probe.wantErr);
    });
  }

  // Some roots are words ("dont care 1"); what they stand for must only be 32 bytes and differ.
  const rootOf = (base64: string): Hash => (base64.length === 44 ? hashOf(base64) : sha256(decodeBase64(base64)));
  // The probes refuse every proof from size 0; we take the empty one, from the empty root.
  const OURS = 'testdata/consistency/additional/size1-is-zero-and-size2-is-not-zero.json';

  for (const probe of probes.consistency) {
    test(`consistency: ${probe.path} ${probe.desc}`, () => {
      const { size1, size2 } = probe;
      const claim = { size1, root1: rootOf(probe.root1), size2, root2: rootOf(probe.root2) };
      const refused = isRefused(() => verifyConsistency(claim, proofOf(probe), SHA256_TREE));
      expect(refused).to.equal(probe.path !== OURS && probe.wantErr);
    });
  }
});

test('an entry is never taken for a pair: the prefixes differ', () => {
  const [left, right] = [LEAVES[0]!, LEAVES[1]!];
  expect(encodeHex(leafHashOf(concatBytes(left, right)))).to.not.equal(encodeHex(nodeHashOf(left, right)));
  expect(encodeHex(leafHashOf(encodeUtf8('')))).to.not.equal(encodeHex(EMPTY_ROOT));
});
