import { after, before, describe, test } from 'node:test';
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { concatBytes, decodeBase64, decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { asHash, hashFromHex, ZERO_HASH, type Hash } from '../../core/bytes/hash.ts';
import { EMPTY_MAP, type MapLeaf } from '../../core/log/map.ts';
import { decodeSlotProof, encodeSlotProof, proveSlot, verifySlotProof } from '../../core/log/slot-proof.ts';
import { EMPTY_ROOT, leafHashOf, nodeHashOf, rootAt, SM3_TREE, type TreeHash } from '../../core/log/tree.ts';
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from '../../core/log/tree-proof.ts';
import type { ConsistencyClaim, InclusionClaim } from '../../core/log/tree-proof.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { mangle, readVectors } from '../log/mangling.ts';
import { bytesOf, MemoryMap, MemoryTree } from '../log/memory-log.ts';
import entryVectors from '../vectors/log-entry.json' with { type: 'json' };
import leafVectors from '../vectors/merkle_ct_leaves.json' with { type: 'json' };
import probes from '../vectors/merkle_probes.json' with { type: 'json' };
import { answersFor, deployLibraries, refusalOfView, seededInteger, type Libraries } from './libraries.ts';

let world: Libraries;
before(async () => {
  world = await deployLibraries();
});
after(() => world.close());

interface InclusionQuestion extends InclusionClaim {
  readonly proof: readonly Hash[];
}
interface ConsistencyQuestion extends ConsistencyClaim {
  readonly proof: readonly Hash[];
}

const isIncluded = ({ leafHash, entryIndex, size, rootHash, proof }: InclusionQuestion): Promise<boolean> =>
  world.logProof.isIncluded(leafHash, BigInt(entryIndex), BigInt(size), rootHash, [...proof]);
const isConsistent = ({ size1, root1, size2, root2, proof }: ConsistencyQuestion): Promise<boolean> =>
  world.logProof.isConsistent(BigInt(size1), root1, BigInt(size2), root2, [...proof]);

/** Whether core throws nothing. */
function holds(verify: () => unknown): boolean {
  try {
    verify();
    return true;
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return false;
    throw error;
  }
}
const isIncludedInCore = (question: InclusionQuestion): boolean => holds(() => verifyInclusion(question, question.proof));
const isConsistentInCore = (question: ConsistencyQuestion): boolean => holds(() => verifyConsistency(question, question.proof));

async function expectCoresAnswers<Question>(
  questions: readonly Question[],
  onChain: (question: Question) => Promise<boolean>,
  inCore: (question: Question) => boolean,
): Promise<number> {
  const answers = await answersFor(questions, onChain);
  const wanted = questions.map(inCore);
  expect(answers.flatMap((answer, i) => (answer === wanted[i] ? [] : [questions[i]]))).to.deep.equal([]);
  return wanted.filter((isTrue) => isTrue).length;
}

const SIZE = 130;
const LEAVES = Array.from({ length: SIZE }, (_, i) => bytesOf(`leaf ${i}`));
const tree = new MemoryTree();
for (const leafHash of LEAVES) tree.append(leafHash);

function inclusion(entryIndex: number, size: number): InclusionQuestion {
  const proof = proveInclusion(entryIndex, size, tree);
  return { leafHash: LEAVES[entryIndex]!, entryIndex, size, rootHash: rootAt(size, tree), proof };
}

function consistency(size1: number, size2: number): ConsistencyQuestion {
  const proof = proveConsistency(size1, size2, tree);
  return { size1, root1: rootAt(size1, tree), size2, root2: rootAt(size2, tree), proof };
}

/** Proofs with an element less, more, changed or doubled. */
function damagedProofs(proof: readonly Hash[]): Hash[][] {
  return [
    [...proof, ZERO_HASH],
    [ZERO_HASH, ...proof],
    proof.toReversed(),
    ...proof.flatMap((element, i) => [
      proof.toSpliced(i, 1),
      proof.toSpliced(i, 1, bytesOf('other')),
      proof.toSpliced(i, 0, element),
    ]),
  ];
}

describe('inclusion proofs on chain', () => {
  test('hold for every entry at every size from 1 to 24', async () => {
    const questions = Array.from({ length: 24 }, (_, i) => i + 1).flatMap((size) =>
      Array.from({ length: size }, (_, entryIndex) => inclusion(entryIndex, size)),
    );
    expect(await expectCoresAnswers(questions, isIncluded, isIncludedInCore)).to.equal(questions.length);
  });

  test('and no others: index, size, leaf, root and elements changed', async () => {
    const questions = Array.from({ length: 24 }, (_, i) => {
      const size = 1 + seededInteger(`size ${i}`, SIZE);
      return inclusion(seededInteger(`index ${i}`, size), size);
    }).flatMap((question) => [
      question,
      ...damagedProofs(question.proof).map((proof) => ({ ...question, proof })),
      ...[-1, 1, 2, 64].map((step) => ({ ...question, entryIndex: Math.abs(question.entryIndex + step) })),
      ...[-1, 1, 2, 64].map((step) => ({ ...question, size: Math.abs(question.size + step) })),
      { ...question, leafHash: bytesOf('other') },
      { ...question, rootHash: bytesOf('other') },
      { ...question, size: 0, entryIndex: 0 },
    ]);
    const held = await expectCoresAnswers(questions, isIncluded, isIncludedInCore);
    // A size may change without changing the way up: the root alone says which it was. No other answer is yes.
    expect(held).to.be.within(24, questions.length / 8);
  });
});

describe('consistency proofs on chain', () => {
  test('hold between all sizes from 0 to 20', async () => {
    const questions = Array.from({ length: 21 }, (_, size2) => size2).flatMap((size2) =>
      Array.from({ length: size2 + 1 }, (_, size1) => consistency(size1, size2)),
    );
    expect(await expectCoresAnswers(questions, isConsistent, isConsistentInCore)).to.equal(questions.length);
  });

  test('and no others: sizes, roots and elements changed', async () => {
    const questions = Array.from({ length: 24 }, (_, i) => {
      const size2 = 1 + seededInteger(`size2 ${i}`, SIZE);
      return consistency(seededInteger(`size1 ${i}`, size2 + 1), size2);
    }).flatMap((question) => [
      question,
      ...damagedProofs(question.proof).map((proof) => ({ ...question, proof })),
      ...[-1, 1, 2, 64].map((step) => ({ ...question, size1: Math.abs(question.size1 + step) })),
      ...[-1, 1, 2, 64].map((step) => ({ ...question, size2: Math.abs(question.size2 + step) })),
      { ...question, root1: bytesOf('other') },
      { ...question, root2: bytesOf('other') },
      { ...question, root1: question.root2, root2: question.root1 },
      { ...question, size1: question.size2, size2: question.size1 },
      { ...question, size1: 0 },
      { ...question, size1: 0, root1: EMPTY_ROOT, proof: [] },
    ]);
    expect(await expectCoresAnswers(questions, isConsistent, isConsistentInCore)).to.be.within(48, questions.length / 4);
  });

  test('from size 0 are empty and want the empty root', async () => {
    const [root1, root2] = [EMPTY_ROOT, LEAVES[0]!];
    const questions: ConsistencyQuestion[] = [
      { size1: 0, root1, size2: 0, root2: root1, proof: [] },
      { size1: 0, root1, size2: 1, root2, proof: [] },
      { size1: 0, root1, size2: 1, root2, proof: [LEAVES[1]!] },
      { size1: 0, root1: ZERO_HASH, size2: 1, root2, proof: [] },
      { size1: 0, root1, size2: 0, root2, proof: [] },
      { size1: 0, root1: root2, size2: 0, root2, proof: [] },
    ];
    expect(await answersFor(questions, isConsistent)).to.deep.equal([true, true, false, false, false, false]);
    expect(questions.map(isConsistentInCore)).to.deep.equal([true, true, false, false, false, false]);
  });
});

describe('proofs on chain for sizes beyond 32 bits', () => {
  /** A tree whose entries are all equal needs one node for each level. */
  const levels = [LEAVES[0]!];
  for (let level = 0; level < 55; level++) levels.push(nodeHashOf(levels[level]!, levels[level]!));
  const uniform = { node: (level: number): Hash => levels[level]! };

  test('hold up to 2^53-1', async () => {
    for (const size of [2 ** 31, 2 ** 32 + 1, 2 ** 52 + 5, 2 ** 53 - 1]) {
      const rootHash = rootAt(size, uniform);
      for (const entryIndex of [0, 1, Math.floor(size / 2), size - 1]) {
        const proof = proveInclusion(entryIndex, size, uniform);
        expect(await isIncluded({ leafHash: LEAVES[0]!, entryIndex, size, rootHash, proof })).to.equal(true);
      }
      for (const size1 of [1, 2 ** 31 - 1, Math.floor(size / 2), size - 1]) {
        const proof = proveConsistency(size1, size, uniform);
        const claim = { size1, root1: rootAt(size1, uniform), size2: size, root2: rootHash };
        expect(await isConsistent({ ...claim, proof })).to.equal(true);
      }
    }
  });

  test('are refused from 2^53 on, though the way up holds', async () => {
    for (const level of [53, 54]) {
      const [leafHash, root, size] = [levels[0]!, levels[level]!, 2n ** BigInt(level)];
      const proof = levels.slice(0, level);
      expect(await world.logProof.isIncluded(leafHash, 0, size, root, proof)).to.equal(false);
      expect(await world.logProof.isConsistent(1, leafHash, size, root, proof)).to.equal(false);
      expect(await world.logProof.isConsistent(size, root, size, root, [])).to.equal(false);
      expect(await world.logProof.isConsistent(0, EMPTY_ROOT, size, root, [])).to.equal(false);
    }
    const largest = 2n ** 64n - 1n;
    expect(await world.logProof.isIncluded(LEAVES[0]!, largest - 1n, largest, LEAVES[0]!, [])).to.equal(false);
    expect(await world.logProof.isConsistent(largest, LEAVES[0]!, largest, LEAVES[0]!, [])).to.equal(false);
  });
});

describe('the reference leaves of certificate transparency, on chain', () => {
  const { leafHashes, roots, inclusion: included, consistency: consistent } = leafVectors.sm3;

  test('are included and consistent as published', async () => {
    for (const { index, size, proof } of included) {
      const claim = { leafHash: hashFromHex(leafHashes[index]!), entryIndex: index, size, rootHash: hashFromHex(roots[size]!) };
      expect(await isIncluded({ ...claim, proof: proof.map(hashFromHex) })).to.equal(true);
    }
    for (const { size1, size2, proof } of consistent) {
      const claim = { size1, root1: hashFromHex(roots[size1]!), size2, root2: hashFromHex(roots[size2]!) };
      expect(await isConsistent({ ...claim, proof: proof.map(hashFromHex) })).to.equal(true);
    }
  });
});

describe('the probes of transparency-dev/merkle, on chain', () => {
  // They are about SHA-256. Each hash of the tree that they are made from is replaced by the one in its place over SM3.
  const sha256 = (...parts: Uint8Array[]): Hash =>
    asHash(
      createHash('sha256')
        .update(concatBytes(...parts))
        .digest(),
    );
  const SHA256_TREE: TreeHash = { empty: sha256(), inner: (left, right) => sha256(Uint8Array.of(1), left, right) };
  const inputs = leafVectors.sm3.leafInputs.map((input) => decodeHex(input));

  function rangeRoot(from: number, to: number, treeHash: TreeHash, leaf: (input: Uint8Array) => Hash): Hash {
    if (from === to) return treeHash.empty;
    if (to - from === 1) return leaf(inputs[from]!);
    const middle = from + 2 ** (Math.ceil(Math.log2(to - from)) - 1);
    return treeHash.inner(rangeRoot(from, middle, treeHash, leaf), rangeRoot(middle, to, treeHash, leaf));
  }

  const inItsPlace = new Map<string, Hash>();
  for (let from = 0; from <= inputs.length; from++) {
    for (let to = from; to <= inputs.length; to++) {
      const theirs = rangeRoot(from, to, SHA256_TREE, (input) => sha256(Uint8Array.of(0), input));
      inItsPlace.set(encodeHex(theirs), rangeRoot(from, to, SM3_TREE, leafHashOf));
    }
  }

  /** Some are words ("dont care 1") or no bytes: what they stand for must only differ. */
  function hashOf(base64: string): Hash {
    const bytes = decodeBase64(base64);
    return inItsPlace.get(encodeHex(bytes)) ?? (bytes.length === 32 ? asHash(bytes) : bytesOf(`for ${base64}`));
  }

  const proofOf = (proof: readonly string[] | null): Hash[] => (proof ?? []).map(hashOf);
  /** JSON rounds the largest index up, beyond what a u64 holds. */
  const integerOf = (value: number): bigint => (value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value));
  // The probes refuse every proof from size 0; we take the empty one, from the empty root.
  const OURS = 'testdata/consistency/additional/size1-is-zero-and-size2-is-not-zero.json';

  test('inclusion: all are answered as they say', async () => {
    // Left out is the one whose leaf and root are both no bytes at all: nothing that can be asked.
    const asked = probes.inclusion.filter(({ leafHash, root }) => leafHash !== '' || root !== '');
    const answers = await answersFor(asked, ({ leafIdx, treeSize, root, leafHash, proof }) =>
      world.logProof.isIncluded(hashOf(leafHash), integerOf(leafIdx), integerOf(treeSize), hashOf(root), proofOf(proof)),
    );
    const wrong = asked.filter(({ wantErr }, i) => answers[i] === wantErr).map(({ path }) => path);
    expect(wrong).to.deep.equal([]);
    expect(answers.length).to.equal(97);
    expect(answers.filter((isTrue) => isTrue).length).to.be.greaterThan(4);
  });

  test('consistency: all are answered as they say', async () => {
    const answers = await answersFor(probes.consistency, ({ size1, size2, root1, root2, proof }) =>
      world.logProof.isConsistent(integerOf(size1), hashOf(root1), integerOf(size2), hashOf(root2), proofOf(proof)),
    );
    const wanted = probes.consistency.map(({ path, wantErr }) => path === OURS || !wantErr);
    const wrong = probes.consistency.filter((_, i) => answers[i] !== wanted[i]).map(({ path }) => path);
    expect(wrong).to.deep.equal([]);
    expect(answers.length).to.equal(98);
    expect(answers.filter((isTrue) => isTrue).length).to.be.greaterThan(4);
  });
});

/** `Unproven`, `Absent`, `Present` in the order of the contract. */
type Finding = [outcome: bigint, leafHash: string];
const UNPROVEN: Finding = [0n, `0x${'00'.repeat(32)}`];

async function findSlot(mapRoot: Hash, slot: Hash, proof: Uint8Array): Promise<Finding> {
  const { outcome, leafHash } = await world.logProof.findSlot(mapRoot, slot, proof);
  return [outcome, leafHash];
}

function findInCore(mapRoot: Hash, slot: Hash, proof: Uint8Array): Finding {
  try {
    const finding = verifySlotProof(mapRoot, slot, decodeSlotProof(proof));
    return finding.present ? [2n, `0x${encodeHex(finding.leafHash)}`] : [1n, UNPROVEN[1]];
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return UNPROVEN;
    throw error;
  }
}

describe('slot proofs on chain', () => {
  interface Case {
    readonly mapRoot: string;
    readonly slot: string;
    readonly proof: string;
    readonly leafHash?: string | null;
  }
  for (const { desc, want, mapRoot, slot, proof, leafHash } of readVectors<Case>('log-map.json')) {
    test(desc, async () => {
      const wanted: Finding = want !== 'ok' ? UNPROVEN : leafHash === null ? [1n, UNPROVEN[1]] : [2n, `0x${leafHash!}`];
      expect(await findSlot(hashFromHex(mapRoot), hashFromHex(slot), decodeHex(proof))).to.deep.equal(wanted);
    });
  }

  const leaves: MapLeaf[] = Array.from({ length: 40 }, (_, i) => ({
    slot: bytesOf(`slot ${i}`),
    leafHash: bytesOf(`leaf ${i}`),
  }));
  const map = new MemoryMap();
  map.insert(...leaves);
  const absent = Array.from({ length: 12 }, (_, i) => bytesOf(`absent ${i}`));

  test('find every slot of a map, and that others are free', async () => {
    const slots = [...leaves.map(({ slot }) => slot), ...absent];
    const findings = await answersFor(slots, (slot) => findSlot(map.root, slot, encodeSlotProof(proveSlot(map.root, slot, map))));
    for (const [i, { leafHash }] of leaves.entries()) expect(findings[i]).to.deep.equal([2n, `0x${encodeHex(leafHash)}`]);
    for (const finding of findings.slice(leaves.length)) expect(finding).to.deep.equal([1n, UNPROVEN[1]]);
  });

  test('find nothing for the slot of another proof', async () => {
    const { slot } = leaves[7]!;
    const proof = encodeSlotProof(proveSlot(map.root, slot, map));
    for (const other of [...leaves.slice(8, 20).map((leaf) => leaf.slot), ...absent]) {
      expect(await findSlot(map.root, other, proof)).to.deep.equal(findInCore(map.root, other, proof));
    }
  });

  test('agree with core whatever is done to their bytes', async () => {
    for (const slot of [leaves[3]!.slot, absent.find((one) => proveSlot(map.root, one, map).end === null)!]) {
      const mangled = [...mangle(encodeSlotProof(proveSlot(map.root, slot, map)))];
      const findings = await answersFor(mangled, (proof) => findSlot(map.root, slot, proof));
      expect(findings).to.deep.equal(mangled.map((proof) => findInCore(map.root, slot, proof)));
      expect(findings).to.deep.equal(mangled.map(() => UNPROVEN));
    }
  });

  test('are refused for every length, and reach no byte beyond their end', async () => {
    for (const length of [0, 1, 2, 3, 4, 34, 35, 66, 67, 68, 99]) {
      for (const byte of [0x00, 0x01, 0xff]) {
        const proof = new Uint8Array(length).fill(byte);
        for (const root of [EMPTY_MAP, map.root]) {
          expect(await findSlot(root, absent[0]!, proof)).to.deep.equal(findInCore(root, absent[0]!, proof));
        }
      }
    }
  });

  test('end after at most 256 siblings, though the way up holds', async () => {
    const zero = ZERO_HASH;
    for (const [depth, outcome] of [
      [255, 1n],
      [256, 1n],
      [257, 0n],
    ] as const) {
      const siblings = Array.from({ length: depth }, () => bytesOf('sibling'));
      const root = siblings.reduceRight<Hash>((left, right) => sm3(Uint8Array.of(3), left, right), EMPTY_MAP);
      expect((await findSlot(root, zero, encodeSlotProof({ siblings, end: null })))[0], `${depth}`).to.equal(outcome);
    }
  });
});

describe('leaf hashes on chain', () => {
  test('are those of core, for the entries of the vectors', async () => {
    const entries = entryVectors.cases.map(({ entry }) => decodeHex(entry)).filter(({ length }) => length === 74);
    expect(entries.length).to.be.greaterThan(3);
    for (const entry of entries) expect(await world.logProof.leafHashOf(entry)).to.equal(`0x${encodeHex(leafHashOf(entry))}`);
  });

  test('are refused for another length than that of an entry', async () => {
    for (const length of [0, 1, 73, 75, 148]) {
      const call = world.logProof.leafHashOf(new Uint8Array(length));
      expect(await refusalOfView(call)).to.deep.equal(['BadEntryLength', BigInt(length)]);
    }
  });
});
