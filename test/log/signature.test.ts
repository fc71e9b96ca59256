import { describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeHex, encodeUtf8, u64 } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import {
  chainReferenceOf,
  encodeAttestation,
  signAttestation,
  verifyAttestation,
  type Attestation,
} from '../../core/log/attestation.ts';
import {
  checkpointDigest,
  encodeCheckpoint,
  encodeCosigned,
  signCheckpoint,
  signCosignature,
  verifyCheckpointSignature,
  verifyCosignature,
  type Checkpoint,
} from '../../core/log/checkpoint.ts';
import { EMPTY_MAP } from '../../core/log/map.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { encodePromise, signPromise, verifyPromise, type EntryPromise } from '../../core/log/promise.ts';
import { EMPTY_ROOT } from '../../core/log/tree.ts';
import { parsePublicKey, parseSignature, type PublicKey, type Signature } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { expectRefusal, readVectors } from './mangling.ts';
import { bytesOf, logSigner, ORIGIN, otherSigner, witnessSigner } from './memory-log.ts';

const label = (code: string): Uint8Array => encodeUtf8(`veritrail-${code}-v1\n`);

const CHECKPOINT: Checkpoint = {
  origin: ORIGIN,
  size: 5_000_000_000,
  rootHash: bytesOf('root'),
  mapRoot: bytesOf('map root'),
  issuedAt: 1767225600000,
};
const EMPTY: Checkpoint = { ...CHECKPOINT, size: 0, rootHash: EMPTY_ROOT, mapRoot: EMPTY_MAP };

describe('a checkpoint', () => {
  const signature = signCheckpoint(CHECKPOINT, logSigner);

  test('is signed as ⟨cp⟩ ‖ log id ‖ size ‖ time ‖ root hash ‖ map root, 128 bytes', () => {
    const { origin, size, issuedAt, rootHash, mapRoot } = CHECKPOINT;
    const bytes = concatBytes(label('cp'), logIdOf(origin), u64(size), u64(issuedAt), rootHash, mapRoot);
    expect(bytes.length).to.equal(128);
    expect(encodeHex(encodeCheckpoint(CHECKPOINT))).to.equal(encodeHex(bytes));
    expect(encodeHex(checkpointDigest(CHECKPOINT))).to.equal(encodeHex(sm3(bytes)));
    verifyCheckpointSignature(CHECKPOINT, logSigner.publicKey, signature);
    verifyCheckpointSignature(EMPTY, logSigner.publicKey, signCheckpoint(EMPTY, logSigner));
  });

  test('is refused under another key, and with any field changed', () => {
    const changes: Partial<Checkpoint>[] = [
      { origin: parseOrigin('sample/11999900MB0000001K/licences-2') },
      { size: CHECKPOINT.size + 1 },
      { issuedAt: CHECKPOINT.issuedAt + 1 },
      { rootHash: CHECKPOINT.mapRoot },
      { mapRoot: CHECKPOINT.rootHash },
    ];
    for (const change of changes) {
      expectRefusal('UNVERIFIED', () => verifyCheckpointSignature({ ...CHECKPOINT, ...change }, logSigner.publicKey, signature));
    }
    expectRefusal('UNVERIFIED', () => verifyCheckpointSignature(CHECKPOINT, otherSigner.publicKey, signature));
  });

  test('is empty in size, tree and map, or in none of them', () => {
    const halves: Partial<Checkpoint>[] = [{ size: 1 }, { rootHash: bytesOf('root') }, { mapRoot: bytesOf('map root') }];
    for (const half of halves) expectRefusal('MALFORMED', () => encodeCheckpoint({ ...EMPTY, ...half }));
    const others: Partial<Checkpoint>[] = [{ size: 0 }, { rootHash: EMPTY_ROOT }, { mapRoot: EMPTY_MAP }];
    for (const other of others) expectRefusal('MALFORMED', () => encodeCheckpoint({ ...CHECKPOINT, ...other }));
  });

  test('has a size and a time that are whole numbers up to 2^53-1', () => {
    for (const value of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      expectRefusal('MALFORMED', () => encodeCheckpoint({ ...CHECKPOINT, size: value }));
      expectRefusal('MALFORMED', () => encodeCheckpoint({ ...CHECKPOINT, issuedAt: value }));
    }
  });
});

describe('a cosignature', () => {
  const cosignedAt = CHECKPOINT.issuedAt + 250;
  const signature = signCosignature(CHECKPOINT, cosignedAt, witnessSigner);

  test('covers ⟨ws⟩ ‖ the last 112 bytes of the checkpoint ‖ cosignedAt', () => {
    const bytes = concatBytes(label('ws'), encodeCheckpoint(CHECKPOINT).subarray(16), u64(cosignedAt));
    expect(bytes.length).to.equal(136);
    expect(encodeHex(encodeCosigned(CHECKPOINT, cosignedAt))).to.equal(encodeHex(bytes));
    verifyCosignature(CHECKPOINT, cosignedAt, witnessSigner.publicKey, signature);
  });

  test('is refused for another time, another checkpoint, another key, and as the signature of the log', () => {
    expectRefusal('UNVERIFIED', () => verifyCosignature(CHECKPOINT, cosignedAt + 1, witnessSigner.publicKey, signature));
    expectRefusal('UNVERIFIED', () => verifyCosignature(EMPTY, cosignedAt, witnessSigner.publicKey, signature));
    expectRefusal('UNVERIFIED', () => verifyCosignature(CHECKPOINT, cosignedAt, otherSigner.publicKey, signature));
    expectRefusal('UNVERIFIED', () => verifyCheckpointSignature(CHECKPOINT, witnessSigner.publicKey, signature));
  });
});

describe('an attestation', () => {
  const attestation: Attestation = {
    chainReference: chainReferenceOf(20261, bytesOf('genesis'), bytesOf('anchor').subarray(0, 20)),
    blockNumber: 77,
    blockHash: bytesOf('block'),
    blockAt: CHECKPOINT.issuedAt + 1000,
    checkpointDigest: checkpointDigest(CHECKPOINT),
  };
  const signature = signAttestation(attestation, witnessSigner);

  test('covers 128 bytes that name the chain, the block and the checkpoint', () => {
    const { chainReference, blockNumber, blockHash, blockAt } = attestation;
    const bytes = concatBytes(
      label('an'),
      chainReference,
      u64(blockNumber),
      blockHash,
      u64(blockAt),
      checkpointDigest(CHECKPOINT),
    );
    expect(bytes.length).to.equal(128);
    expect(encodeHex(encodeAttestation(attestation))).to.equal(encodeHex(bytes));
    verifyAttestation(attestation, witnessSigner.publicKey, signature);
  });

  test('is refused under another key, and with any field changed', () => {
    const changes: Partial<Attestation>[] = [
      { chainReference: bytesOf('other') },
      { blockNumber: 78 },
      { blockHash: bytesOf('other') },
      { blockAt: attestation.blockAt + 1 },
      { checkpointDigest: checkpointDigest(EMPTY) },
    ];
    for (const change of changes) {
      expectRefusal('UNVERIFIED', () => verifyAttestation({ ...attestation, ...change }, witnessSigner.publicKey, signature));
    }
    expectRefusal('UNVERIFIED', () => verifyAttestation(attestation, otherSigner.publicKey, signature));
  });

  test('names another chain for another id, genesis block or contract', () => {
    const address = bytesOf('anchor').subarray(0, 20);
    const references = [
      chainReferenceOf(1, bytesOf('genesis'), address),
      chainReferenceOf(2, bytesOf('genesis'), address),
      chainReferenceOf(1, bytesOf('other'), address),
      chainReferenceOf(1, bytesOf('genesis'), bytesOf('other').subarray(0, 20)),
    ];
    expect(new Set(references.map(encodeHex)).size).to.equal(4);
    expect(encodeHex(references[0]!)).to.equal(encodeHex(sm3(concatBytes(label('cr'), u64(1), bytesOf('genesis'), address))));
    for (const length of [0, 19, 21, 32]) {
      expectRefusal('MALFORMED', () => chainReferenceOf(1, bytesOf('genesis'), new Uint8Array(length)));
    }
  });
});

describe('a promise', () => {
  const SPAN = 5000;
  const promise: EntryPromise = {
    logId: logIdOf(ORIGIN),
    slot: bytesOf('slot'),
    leafHash: bytesOf('leaf'),
    issuedAt: 1767225600000,
    deadlineAt: 1767225600000 + SPAN,
  };
  const signature = signPromise(promise, logSigner);
  const verify = (changed: EntryPromise, span = SPAN, key = logSigner.publicKey): void =>
    verifyPromise(changed, span, key, signature);

  test('covers 128 bytes that name log, slot, leaf hash and both times', () => {
    const { logId, slot, leafHash, issuedAt, deadlineAt } = promise;
    const bytes = concatBytes(label('pr'), logId, slot, leafHash, u64(issuedAt), u64(deadlineAt));
    expect(bytes.length).to.equal(128);
    expect(encodeHex(encodePromise(promise))).to.equal(encodeHex(bytes));
    verify(promise);
    verify(promise, SPAN + 1);
  });

  test('is refused when its deadline lies beyond the span of the log, or before its own time', () => {
    expectRefusal('UNVERIFIED', () => verify(promise, SPAN - 1));
    for (const deadlineAt of [promise.issuedAt + SPAN + 1, promise.issuedAt - 1]) {
      const late = { ...promise, deadlineAt };
      expectRefusal('UNVERIFIED', () => verifyPromise(late, SPAN, logSigner.publicKey, signPromise(late, logSigner)));
    }
  });

  test('is refused under another key, and with any field changed', () => {
    const changes: Partial<EntryPromise>[] = [
      { logId: bytesOf('other') },
      { slot: bytesOf('other') },
      { leafHash: bytesOf('other') },
      { issuedAt: promise.issuedAt + 1 },
      { deadlineAt: promise.deadlineAt - 1 },
    ];
    for (const change of changes) expectRefusal('UNVERIFIED', () => verify({ ...promise, ...change }));
    expectRefusal('UNVERIFIED', () => verify(promise, SPAN, otherSigner.publicKey));
  });
});

interface SignedCase {
  readonly format: 'checkpoint' | 'cosignature' | 'attestation' | 'promise';
  /** Numbers as numbers, hashes as hex, under the names of the fields. */
  readonly fields: Readonly<Record<string, string & number>>;
  readonly promiseSpan?: number;
  readonly signedBytes?: string;
  readonly publicKey: string;
  readonly signature: string;
}

function checkpointFrom(fields: SignedCase['fields']): Checkpoint {
  const { origin, size, rootHash, mapRoot, issuedAt } = fields;
  return {
    origin: parseOrigin(origin!),
    size: size!,
    rootHash: hashFromHex(rootHash!),
    mapRoot: hashFromHex(mapRoot!),
    issuedAt: issuedAt!,
  };
}

function attestationFrom({ chainId, genesisHash, anchorAddress, ...fields }: SignedCase['fields']): Attestation {
  return {
    chainReference: chainReferenceOf(chainId!, hashFromHex(genesisHash!), decodeHex(anchorAddress!)),
    blockNumber: fields['blockNumber']!,
    blockHash: hashFromHex(fields['blockHash']!),
    blockAt: fields['blockAt']!,
    checkpointDigest: hashFromHex(fields['checkpointDigest']!),
  };
}

function promiseFrom({ logId, slot, leafHash, issuedAt, deadlineAt }: SignedCase['fields']): EntryPromise {
  const [log, place, leaf] = [logId, slot, leafHash].map((hex) => hashFromHex(hex!));
  return { logId: log!, slot: place!, leafHash: leaf!, issuedAt: issuedAt!, deadlineAt: deadlineAt! };
}

/** Verifies one vector and returns the bytes that were signed. */
function verifySigned({ format, fields, promiseSpan }: SignedCase, key: PublicKey, signature: Signature): Uint8Array {
  switch (format) {
    case 'checkpoint':
      verifyCheckpointSignature(checkpointFrom(fields), key, signature);
      return encodeCheckpoint(checkpointFrom(fields));
    case 'cosignature':
      verifyCosignature(checkpointFrom(fields), fields['cosignedAt']!, key, signature);
      return encodeCosigned(checkpointFrom(fields), fields['cosignedAt']!);
    case 'attestation':
      verifyAttestation(attestationFrom(fields), key, signature);
      return encodeAttestation(attestationFrom(fields));
    case 'promise':
      verifyPromise(promiseFrom(fields), promiseSpan!, key, signature);
      return encodePromise(promiseFrom(fields));
  }
}

describe('the vectors of signatures', () => {
  for (const vector of readVectors<SignedCase>('log-signature.json')) {
    test(`${vector.format}: ${vector.desc}`, () => {
      const verify = (): Uint8Array =>
        verifySigned(vector, parsePublicKey(decodeHex(vector.publicKey)), parseSignature(decodeHex(vector.signature)));
      if (vector.want !== 'ok') return expectRefusal(vector.want, verify);
      expect(encodeHex(verify())).to.equal(vector.signedBytes);
    });
  }
});
