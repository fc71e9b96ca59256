/** Reads docs/formats.md and recomputes every worked example of its sections 1 to 10 from the example's own inputs. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { concatBytes } from '../../core/bytes/bytes.ts';
import { label, LABEL_CODES, type LabelCode } from '../../core/bytes/label.ts';
import { chainReferenceOf, encodeAttestation, verifyAttestation } from '../../core/log/attestation.ts';
import {
  checkpointDigest,
  encodeCheckpoint,
  encodeCosigned,
  verifyCheckpointSignature,
  verifyCosignature,
  type Checkpoint,
} from '../../core/log/checkpoint.ts';
import { commitmentOf, decodeEntry, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { formatNote, noteKeyHash, parseNote, verifyCosignatureLine, verifyNote } from '../../core/log/note.ts';
import { openOpening, sealOpening } from '../../core/log/opening.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { encodePromise, verifyPromise } from '../../core/log/promise.ts';
import { asHistorySecret, fileSecret, publicLicenceSecret, slotAt } from '../../core/log/slot.ts';
import { decodeSlotProof, encodeSlotProof, proveSlot, verifySlotProof } from '../../core/log/slot-proof.ts';
import { decodeEntryBundle, decodeHashTile, formatTilePath, parseTilePath } from '../../core/log/tile.ts';
import { EMPTY_ROOT, leafHashOf, rootAt } from '../../core/log/tree.ts';
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from '../../core/log/tree-proof.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { DOCUMENT, exampleOf, type Example } from './format-example.ts';
import { MemoryMap, MemoryTree } from './memory-log.ts';

function sampleCheckpoint(): Checkpoint {
  const of = exampleOf('checkpoint');
  return {
    origin: parseOrigin(of.text('origin')),
    size: of.number('size'),
    rootHash: of.hash('rootHash'),
    mapRoot: of.hash('mapRoot'),
    issuedAt: of.number('time'),
  };
}

const CHECKS: Readonly<Record<string, (of: Example) => void>> = {
  key: (of) => {
    of.expect('publicKey', publicKeyOf(parsePrivateKey(of.bytes('privateKey'))));
    of.expect('keyId', keyIdOf(of.publicKey('publicKey')));
  },

  label: (of) => of.expect('bytes', label(of.text('code') as LabelCode)),

  origin: (of) => of.expect('logId', logIdOf(parseOrigin(of.text('origin')))),

  entry: (of) => {
    const commitment = commitmentOf(of.bytes('nonce'), of.bytes('body'));
    of.expect('commitment', commitment);
    const entry = { kind: of.number('kind'), recordedAt: of.number('time'), slot: of.hash('slot'), commitment };
    of.expect('entry', encodeEntry(entry));
    expect(decodeEntry(of.bytes('entry'))).to.deep.equal(entry);
    of.expect('leafHash', leafHashOf(of.bytes('entry')));
  },

  slot: (of) => {
    const h = publicLicenceSecret(of.hash('logId'), of.text('family'));
    of.expect('licenceSecret', h);
    of.expect('slot0', slotAt(h, 0));
    of.expect('slot1', slotAt(h, 1));
    of.expect('fileSecret', fileSecret(of.hash('fileDigest')));
  },

  tree: (of) => {
    const leafHashes = ['entry0', 'entry1', 'entry2'].map((name) => leafHashOf(of.bytes(name)));
    const tree = new MemoryTree();
    for (const leafHash of leafHashes) tree.append(leafHash);
    of.expect('root0', EMPTY_ROOT);
    of.expect('root2', rootAt(2, tree));
    of.expect('root3', rootAt(3, tree));
    of.expect('inclusionOf1In3', concatBytes(...proveInclusion(1, 3, tree)));
    of.expect('consistencyOf2And3', concatBytes(...proveConsistency(2, 3, tree)));
    const [root1, root2] = [of.hash('root2'), of.hash('root3')];
    verifyInclusion({ leafHash: leafHashes[1]!, entryIndex: 1, size: 3, rootHash: root2 }, of.hashes('inclusionOf1In3'));
    verifyConsistency({ size1: 2, root1, size2: 3, root2 }, of.hashes('consistencyOf2And3'));
  },

  map: (of) => {
    const map = new MemoryMap();
    map.insert(...['A', 'B', 'C'].map((name) => ({ slot: of.hash(`slot${name}`), leafHash: of.hash(`leafHash${name}`) })));
    of.expect('mapRoot', map.root);
    of.expect('proofOfA', encodeSlotProof(proveSlot(map.root, of.hash('slotA'), map)));
    of.expect('proofOfAbsent', encodeSlotProof(proveSlot(map.root, of.hash('absent'), map)));
    const find = (slot: string, proof: string): unknown =>
      verifySlotProof(of.hash('mapRoot'), of.hash(slot), decodeSlotProof(of.bytes(proof)));
    expect(find('slotA', 'proofOfA')).to.deep.equal({ present: true, leafHash: of.hash('leafHashA') });
    expect(find('absent', 'proofOfAbsent')).to.deep.equal({ present: false });
  },

  checkpoint: (of) => {
    of.expect('signedBytes', encodeCheckpoint(sampleCheckpoint()));
    of.expect('digest', checkpointDigest(sampleCheckpoint()));
    verifyCheckpointSignature(sampleCheckpoint(), of.publicKey('publicKey'), of.signature());
  },

  note: (of) => {
    const note = parseNote(of.text('note'));
    expect(formatNote(note)).to.equal(of.text('note'));
    expect(note.checkpoint).to.deep.equal(sampleCheckpoint());
    verifyNote(note, of.publicKey('logKey'));
    of.expect('logKeyHash', noteKeyHash(note.checkpoint.origin, of.publicKey('logKey')));
    const [line] = note.cosignatures;
    verifyCosignatureLine(note.checkpoint, line!, of.publicKey('witnessKey'));
    of.expect('witnessKeyHash', noteKeyHash(line!.witness, of.publicKey('witnessKey')));
    expect(line!.cosignedAt).to.equal(exampleOf('cosignature').number('cosignedAt'));
  },

  cosignature: (of) => {
    const cosignedAt = of.number('cosignedAt');
    of.expect('signedBytes', encodeCosigned(sampleCheckpoint(), cosignedAt));
    verifyCosignature(sampleCheckpoint(), cosignedAt, of.publicKey('publicKey'), of.signature());
  },

  attestation: (of) => {
    const chainReference = chainReferenceOf(of.number('chainId'), of.hash('genesisHash'), of.bytes('anchorAddress'));
    of.expect('chainReference', chainReference);
    of.expect('checkpointDigest', checkpointDigest(sampleCheckpoint()));
    const attestation = {
      chainReference,
      blockNumber: of.number('blockNumber'),
      blockHash: of.hash('blockHash'),
      blockAt: of.number('blockTime'),
      checkpointDigest: of.hash('checkpointDigest'),
    };
    of.expect('signedBytes', encodeAttestation(attestation));
    verifyAttestation(attestation, of.publicKey('publicKey'), of.signature());
  },

  promise: (of) => {
    const promise = {
      logId: of.hash('logId'),
      slot: of.hash('slot'),
      leafHash: of.hash('leafHash'),
      issuedAt: of.number('issuedAt'),
      deadlineAt: of.number('deadline'),
    };
    of.expect('signedBytes', encodePromise(promise));
    verifyPromise(promise, of.number('promiseSpan'), of.publicKey('publicKey'), of.signature());
  },

  opening: (of) => {
    const context = { h: asHistorySecret(of.bytes('h')), logId: of.hash('logId'), entry: decodeEntry(of.bytes('entry')) };
    const opened = { nonce: of.bytes('nonce'), body: of.bytes('body') };
    of.expect('opening', sealOpening(context, opened, of.bytes('iv')));
    expect(openOpening(context, of.bytes('opening'))).to.deep.equal(opened);
  },

  tile: (of) => {
    const tile = { level: of.number('level'), tileIndex: of.number('tileIndex'), width: of.number('width') };
    expect(formatTilePath(tile)).to.equal(of.text('path'));
    expect(parseTilePath(of.text('bundlePath'))).to.deep.equal({ ...tile, level: 'entries' });
    const entries = decodeEntryBundle(of.bytes('bundle'), tile.width);
    expect(decodeHashTile(of.bytes('bytes'), tile.width)).to.deep.equal(entries.map(leafHashOf));
    const deep = { level: of.number('deepLevel'), tileIndex: of.number('deepTileIndex'), width: of.number('deepWidth') };
    expect(parseTilePath(of.text('deepPath'))).to.deep.equal(deep);
  },
};

describe('docs/formats.md', () => {
  for (const [name, check] of Object.entries(CHECKS)) {
    test(`has a worked example of ${name} that comes out as written`, () => check(exampleOf(name)));
  }

  const rows = (header: string): string[][] => {
    const [table] = DOCUMENT.slice(DOCUMENT.indexOf(header)).split('\n\n');
    return table!
      .split('\n')
      .slice(2)
      .map((row) => row.split('|').map((cell) => cell.trim()));
  };

  test('lists every label there is, once', () => {
    expect(rows('| code | begins').map(([, code]) => code)).to.have.members([...LABEL_CODES]);
  });

  test('lists every kind there is, by its number and name', () => {
    const listed = rows('| kind | name').map(([, number, name]) => [name, Number(number)]);
    expect(listed).to.deep.equal(Object.entries(KINDS));
  });
});
