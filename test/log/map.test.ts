import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { concatBytes, decodeHex, encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { asHash, hashFromHex, ZERO_HASH, type Hash } from '../../core/bytes/hash.ts';
import { decodeMapNode, EMPTY_MAP, encodeMapNode, insertSlots, mapHashOf, slotBit, type MapLeaf } from '../../core/log/map.ts';
import {
  decodeSlotProof,
  encodeSlotProof,
  lookUpSlot,
  proveSlot,
  verifySlotProof,
  type SlotProof,
} from '../../core/log/slot-proof.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { expectOneSpelling, expectRefusal, readVectors } from './mangling.ts';
import { bytesOf, MemoryMap } from './memory-log.ts';

const leafOf = (i: number): MapLeaf => ({ slot: bytesOf(`slot ${i}`), leafHash: bytesOf(`leaf ${i}`) });
const LEAVES = Array.from({ length: 300 }, (_, i) => leafOf(i));
const ABSENT = Array.from({ length: 4 }, (_, i) => bytesOf(`absent ${i}`));

/** The definition, from scratch over the whole set: no incremental step, no node kept. */
function slowRoot(leaves: readonly MapLeaf[], depth = 0): Hash {
  if (leaves.length === 0) return ZERO_HASH;
  if (leaves.length === 1) return sm3(Uint8Array.of(2), leaves[0]!.slot, leaves[0]!.leafHash);
  const side = (bit: number): Hash =>
    slowRoot(
      leaves.filter(({ slot }) => bitOf(slot, depth) === bit),
      depth + 1,
    );
  return sm3(Uint8Array.of(3), side(0), side(1));
}
const bitOf = (slot: Hash, depth: number): number =>
  Number(Array.from(slot, (byte) => byte.toString(2).padStart(8, '0')).join('')[depth]);

/** A slot that has `prefix` bits and then zeros, to build deep and lopsided maps. */
const slotOf = (prefix: string): Hash =>
  hashFromHex(
    BigInt(`0b${prefix.padEnd(256, '0')}`)
      .toString(16)
      .padStart(64, '0'),
  );

describe('the map', () => {
  test('has the root of the recursive definition, and proves every slot, at every size from 0 to 300', () => {
    const map = new MemoryMap();
    for (let size = 0; size <= LEAVES.length; size++) {
      expect(encodeHex(map.root)).to.equal(encodeHex(slowRoot(LEAVES.slice(0, size))));
      for (const { slot, leafHash } of LEAVES.slice(0, size)) {
        expect(verifySlotProof(map.root, slot, proveSlot(map.root, slot, map))).to.deep.equal({ present: true, leafHash });
      }
      for (const slot of [...ABSENT, ...LEAVES.slice(size, size + 4).map((leaf) => leaf.slot)]) {
        expect(verifySlotProof(map.root, slot, proveSlot(map.root, slot, map))).to.deep.equal({ present: false });
        expect(lookUpSlot(map.root, slot, map)).to.equal(null);
      }
      if (size < LEAVES.length) map.insert(LEAVES[size]!);
    }
  });

  test('has one root for one set, in whatever order and batches it came', () => {
    const batches = fc
      .uniqueArray(fc.nat({ max: 299 }), { maxLength: 60 })
      .chain((ids) =>
        fc.tuple(
          fc.shuffledSubarray(ids, { minLength: ids.length }),
          fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 60, maxLength: 60 }),
        ),
      );
    fc.assert(
      fc.property(batches, ([ids, batchSizes]) => {
        const map = new MemoryMap();
        for (let done = 0, batch = 0; done < ids.length; done += batchSizes[batch++]!) {
          map.insert(...ids.slice(done, done + batchSizes[batch]!).map(leafOf));
        }
        expect(encodeHex(map.root)).to.equal(encodeHex(slowRoot(ids.map(leafOf))));
      }),
      { numRuns: 60 },
    );
  });

  test('keeps its earlier roots readable', () => {
    const map = new MemoryMap();
    const roots = LEAVES.slice(0, 40).map((leaf) => {
      map.insert(leaf);
      return map.root;
    });
    for (const [i, root] of roots.entries()) {
      expect(LEAVES.slice(0, 40).map(({ slot }) => lookUpSlot(root, slot, map) !== null)).to.deep.equal(
        roots.map((_, j) => j <= i),
      );
    }
  });

  test('makes only what is new: one leaf, and one inner node for each level above it', () => {
    const map = new MemoryMap();
    map.insert(...LEAVES);
    const added = leafOf(300);
    const depthOf = (): number => proveSlot(map.root, added.slot, map).siblings.length;
    expect(map.insert(added)).to.equal(1 + depthOf());
    expect(map.insert()).to.equal(0);
  });

  test('is as deep as its slots demand: two that differ in their last bit only', () => {
    const map = new MemoryMap();
    const [even, odd] = [slotOf(''), slotOf('1'.padStart(256, '0'))];
    map.insert({ slot: even, leafHash: bytesOf('even') });
    map.insert({ slot: odd, leafHash: bytesOf('odd') });
    const proof = proveSlot(map.root, odd, map);
    expect(proof.siblings.length).to.equal(256);
    expect(verifySlotProof(map.root, odd, proof)).to.deep.equal({ present: true, leafHash: bytesOf('odd') });
    expect(decodeSlotProof(encodeSlotProof(proof))).to.deep.equal(proof);
    expect(verifySlotProof(map.root, slotOf('01'), proveSlot(map.root, slotOf('01'), map))).to.deep.equal({ present: false });
  });

  test('refuses a slot that is taken, with the same leaf hash too, and changes nothing', () => {
    const map = new MemoryMap();
    map.insert(...LEAVES.slice(0, 20));
    const { root } = map;
    expectRefusal('CONFLICT', () => map.insert(LEAVES[7]!));
    expectRefusal('CONFLICT', () => map.insert({ slot: LEAVES[7]!.slot, leafHash: bytesOf('other') }));
    expectRefusal('CONFLICT', () => map.insert(...LEAVES.slice(20, 40), LEAVES[3]!));
    expect(map.root).to.equal(root);
  });

  test('refuses a slot that comes twice in one batch', () => {
    for (const earlier of [[], LEAVES.slice(20, 40)]) {
      const map = new MemoryMap();
      map.insert(...earlier);
      expectRefusal('CONFLICT', () => map.insert(LEAVES[0]!, LEAVES[1]!, LEAVES[0]!));
      expectRefusal('CONFLICT', () => map.insert(LEAVES[0]!, { ...LEAVES[0]!, leafHash: bytesOf('other') }));
    }
  });

  test('never makes a node over less than two leaves', () => {
    const map = new MemoryMap();
    let root = EMPTY_MAP;
    for (const leaf of LEAVES.slice(0, 60)) {
      const { mapRoot, nodes } = insertSlots(root, [leaf], map);
      map.insert(leaf);
      root = mapRoot;
      for (const { mapHash, node } of nodes) {
        expect(encodeHex(mapHash)).to.equal(encodeHex(mapHashOf(node)));
        if ('slot' in node) continue;
        const isAlone = (hash: Hash): boolean => !equalBytes(hash, ZERO_HASH) && 'slot' in map.get(hash);
        const [left, right] = [equalBytes(node.left, ZERO_HASH), equalBytes(node.right, ZERO_HASH)];
        expect((left && (right || isAlone(node.right))) || (right && isAlone(node.left))).to.equal(false);
      }
    }
  });
});

describe('a map node', () => {
  const leaf = { slot: bytesOf('slot'), leafHash: bytesOf('leaf') };
  const inner = { left: bytesOf('left'), right: ZERO_HASH };

  test('decodes to what was encoded and has one spelling', () => {
    for (const node of [leaf, inner]) {
      expect(encodeMapNode(node).length).to.equal(65);
      expect(decodeMapNode(encodeMapNode(node))).to.deep.equal(node);
      expectOneSpelling(encodeMapNode(node), (bytes) => encodeMapNode(decodeMapNode(bytes)));
    }
  });

  test('refuses another prefix, another length, and nothing below', () => {
    const bytes = encodeMapNode(leaf);
    for (const prefix of [0, 1, 4, 255])
      expectRefusal('MALFORMED', () => decodeMapNode(Uint8Array.of(prefix, ...bytes.subarray(1))));
    for (const length of [0, 1, 33, 64]) expectRefusal('MALFORMED', () => decodeMapNode(bytes.subarray(0, length)));
    expectRefusal('MALFORMED', () => decodeMapNode(Uint8Array.of(...bytes, 0)));
    expectRefusal('MALFORMED', () => decodeMapNode(concatBytes(Uint8Array.of(3), new Uint8Array(64))));
  });

  test('reads the bits of a slot from the most significant on', () => {
    const slot = asHash(concatBytes(Uint8Array.of(0b10100000), new Uint8Array(30), Uint8Array.of(1)));
    expect([0, 1, 2, 3, 254, 255].map((depth) => slotBit(slot, depth))).to.deep.equal([1, 0, 1, 0, 0, 1]);
  });
});

describe('a slot proof', () => {
  const map = new MemoryMap();
  map.insert(...LEAVES);
  const asked = LEAVES[42]!.slot;
  const proof = proveSlot(map.root, asked, map);
  const withSibling = (i: number, sibling: Hash): SlotProof => ({ ...proof, siblings: proof.siblings.with(i, sibling) });

  test('decodes to what was encoded and has one spelling', () => {
    for (const slot of [asked, ...ABSENT]) {
      const bytes = encodeSlotProof(proveSlot(map.root, slot, map));
      expect(expectOneSpelling(bytes, (mangled) => encodeSlotProof(decodeSlotProof(mangled)))).to.be.greaterThan(
        2 * bytes.length,
      );
    }
  });

  test('is refused when any byte of it changes, is missing or comes twice', () => {
    const bytes = encodeSlotProof(proof);
    for (let i = 2; i < bytes.length - 65; i++) {
      const changed = bytes.with(i, (bytes[i]! + 1) % 256);
      expectRefusal('UNVERIFIED', () => verifySlotProof(map.root, asked, decodeSlotProof(changed)));
    }
  });

  test('shows nothing when a sibling is changed, left out, added or moved', () => {
    const refuse = (changed: SlotProof): void => expectRefusal('UNVERIFIED', () => verifySlotProof(map.root, asked, changed));
    for (const [i, sibling] of proof.siblings.entries()) {
      refuse(withSibling(i, bytesOf('other')));
      refuse({ ...proof, siblings: proof.siblings.toSpliced(i, 1) });
      refuse({ ...proof, siblings: proof.siblings.toSpliced(i, 0, sibling) });
    }
    refuse({ ...proof, siblings: proof.siblings.toReversed() });
    refuse({ ...proof, end: null });
    refuse({ ...proof, end: { slot: asked, leafHash: bytesOf('other') } });
  });

  test('does not answer for another slot or another root', () => {
    for (const { slot } of LEAVES.slice(0, 42)) expectRefusal('UNVERIFIED', () => verifySlotProof(map.root, slot, proof));
    expectRefusal('UNVERIFIED', () => verifySlotProof(bytesOf('other'), asked, proof));
    expectRefusal('UNVERIFIED', () => verifySlotProof(EMPTY_MAP, asked, proof));
  });

  test('never shows a present slot as absent: the end must share all the bits passed', () => {
    // Every other leaf's own honest proof ends elsewhere; none of them may speak for the asked slot.
    const findings = LEAVES.filter(({ slot }) => slot !== asked).map(({ slot }) => {
      const foreign = proveSlot(map.root, slot, map);
      expectRefusal('UNVERIFIED', () => verifySlotProof(map.root, asked, foreign));
      return foreign.siblings.length;
    });
    expect(findings.length).to.equal(299);
  });

  test('does not take a leaf that stands where its own slot does not lead', () => {
    const [elsewhere, here] = [slotOf('1'), slotOf('0')];
    const end = { slot: elsewhere, leafHash: bytesOf('leaf') };
    const sibling = bytesOf('sibling');
    const misplaced = mapHashOf({ left: mapHashOf(end), right: sibling });
    expectRefusal('UNVERIFIED', () => verifySlotProof(misplaced, here, { siblings: [sibling], end }));
    expectRefusal('UNVERIFIED', () => verifySlotProof(misplaced, elsewhere, { siblings: [sibling], end }));
  });

  test('refuses a last sibling that is empty, whatever the end', () => {
    const end = { slot: asked, leafHash: bytesOf('leaf') };
    const bit = slotBit(asked, 0);
    for (const [under, hash] of [
      [end, mapHashOf(end)],
      [null, EMPTY_MAP],
    ] as const) {
      // An inner node that a canonical map never has, with a root that really commits to it.
      const forged = sm3(Uint8Array.of(3), ...(bit === 0 ? [hash, ZERO_HASH] : [ZERO_HASH, hash]));
      expectRefusal('UNVERIFIED', () => verifySlotProof(forged, asked, { siblings: [ZERO_HASH], end: under }));
    }
  });

  test('may have an empty sibling anywhere above the last', () => {
    const deep = new MemoryMap();
    deep.insert(...['000', '001', '0100'].map((prefix) => ({ slot: slotOf(prefix), leafHash: bytesOf(prefix) })));
    const found = proveSlot(deep.root, slotOf('000'), deep);
    expect(found.siblings.map((sibling) => equalBytes(sibling, ZERO_HASH))).to.deep.equal([true, false, false]);
    expect(verifySlotProof(deep.root, slotOf('000'), found).present).to.equal(true);
    expect(verifySlotProof(deep.root, slotOf('1'), proveSlot(deep.root, slotOf('1'), deep))).to.deep.equal({ present: false });
  });

  test('has at most 256 siblings and one of two ends', () => {
    const siblings = Array.from({ length: 257 }, () => bytesOf('sibling'));
    // All bits of this slot are 0, and those beyond its last.
    const tooDeep = siblings.reduceRight<Hash>((left, right) => mapHashOf({ left, right }), EMPTY_MAP);
    expectRefusal('UNVERIFIED', () => verifySlotProof(tooDeep, slotOf('0'), { siblings, end: null }));
    expectRefusal('MALFORMED', () => decodeSlotProof(encodeSlotProof({ siblings, end: null })));
    for (const bytes of ['', '00', '0000', '000002', '000000ff', '0001' + '11'.repeat(31) + '00', 'ffff00']) {
      expectRefusal('MALFORMED', () => decodeSlotProof(decodeHex(bytes)));
    }
  });
});

interface SlotProofCase {
  readonly mapRoot: string;
  readonly slot: string;
  readonly proof: string;
  readonly leafHash?: string | null;
}

describe('the vectors of slot proofs', () => {
  for (const { desc, want, mapRoot, slot, proof, leafHash } of readVectors<SlotProofCase>('log-map.json')) {
    test(desc, () => {
      const verify = (): unknown => verifySlotProof(hashFromHex(mapRoot), hashFromHex(slot), decodeSlotProof(decodeHex(proof)));
      if (want !== 'ok') return expectRefusal(want, verify);
      const finding = leafHash === null ? { present: false } : { present: true, leafHash: hashFromHex(leafHash!) };
      expect(verify()).to.deep.equal(finding);
    });
  }
});

describe('the vectors of map roots', () => {
  const { roots } = JSON.parse(readFileSync(new URL('../vectors/log-map.json', import.meta.url), 'utf8')) as {
    roots: { desc: string; leaves: { slot: string; leafHash: string }[]; mapRoot: string }[];
  };
  for (const { desc, leaves, mapRoot } of roots) {
    test(desc, () => {
      const map = new MemoryMap();
      map.insert(...leaves.map(({ slot, leafHash }) => ({ slot: hashFromHex(slot), leafHash: hashFromHex(leafHash) })));
      expect(encodeHex(map.root)).to.equal(mapRoot);
    });
  }
});
