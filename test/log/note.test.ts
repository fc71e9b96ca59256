import { describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeBase64, encodeHex, encodeUtf8, u64 } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { EMPTY_MAP } from '../../core/log/map.ts';
import {
  addCosignature,
  cosign,
  formatNote,
  noteKeyHash,
  parseNote,
  signNote,
  verifyCosignatureLine,
  verifyNote,
} from '../../core/log/note.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { EMPTY_ROOT } from '../../core/log/tree.ts';
import { parsePublicKey } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { expectOneTextSpelling, expectRefusal, readVectors } from './mangling.ts';
import { bytesOf, logSigner, ORIGIN, otherSigner, WITNESS, witnessSigner } from './memory-log.ts';

const CHECKPOINT: Checkpoint = {
  origin: ORIGIN,
  size: 1234,
  rootHash: bytesOf('root'),
  mapRoot: bytesOf('map root'),
  issuedAt: 1767225600000,
};
const COSIGNED_AT = CHECKPOINT.issuedAt + 300;
const signed = signNote(CHECKPOINT, logSigner);
const cosigned = addCosignature(signed, cosign(CHECKPOINT, WITNESS, COSIGNED_AT, witnessSigner));
const TEXT = formatNote(cosigned);
const [LOG_LINE, WITNESS_LINE] = TEXT.split('\n').slice(6) as [string, string];
const BODY = TEXT.slice(0, TEXT.indexOf('—'));

describe('a checkpoint note', () => {
  test('is five lines, an empty line, the signature of the log, those of witnesses', () => {
    const line = (name: string, ...parts: Uint8Array[]): string => `— ${name} ${encodeBase64(concatBytes(...parts))}`;
    const { logSignature, cosignatures } = cosigned;
    expect(TEXT.split('\n')).to.deep.equal([
      ORIGIN,
      '1234',
      encodeBase64(bytesOf('root')),
      `map ${encodeBase64(bytesOf('map root'))}`,
      'time 1767225600000',
      '',
      line(ORIGIN, noteKeyHash(ORIGIN, logSigner.publicKey), logSignature.signature),
      line(WITNESS, noteKeyHash(WITNESS, witnessSigner.publicKey), u64(COSIGNED_AT), cosignatures[0]!.signature),
      '',
    ]);
  });

  test('parses back to what was formatted, with and without witnesses, empty log included', () => {
    const empty = signNote({ ...CHECKPOINT, size: 0, rootHash: EMPTY_ROOT, mapRoot: EMPTY_MAP }, logSigner);
    for (const note of [signed, cosigned, empty]) expect(parseNote(formatNote(note))).to.deep.equal(note);
  });

  test('has one spelling', () => {
    expect(expectOneTextSpelling(TEXT, (text) => formatNote(parseNote(text)))).to.be.greaterThan(2 * TEXT.length);
  });

  test('takes at most 64 signatures, each key once', () => {
    const lines = (count: number): string =>
      Array.from({ length: count }, (_, i) => {
        const keyHash = bytesOf(`key ${i}`).subarray(0, 4);
        return formatNote({ ...cosigned, cosignatures: [{ ...cosigned.cosignatures[0]!, keyHash }] }).split('\n')[7]!;
      }).join('\n');
    expect(parseNote(`${BODY}${LOG_LINE}\n${lines(63)}\n`).cosignatures.length).to.equal(63);
    expectRefusal('MALFORMED', () => parseNote(`${BODY}${LOG_LINE}\n${lines(64)}\n`));
    expectRefusal('MALFORMED', () => parseNote(`${TEXT}${WITNESS_LINE}\n`));
  });

  test('has at most 16 KiB', () => {
    expectRefusal('MALFORMED', () => parseNote(TEXT.padEnd(16 * 1024 + 1, 'A')));
  });

  test('holds under the key of the log, not under another, nor under another key hash', () => {
    verifyNote(parseNote(TEXT), logSigner.publicKey);
    expectRefusal('UNVERIFIED', () => verifyNote(parseNote(TEXT), otherSigner.publicKey));
    const { signature } = signed.logSignature;
    const relabelled = { ...signed, logSignature: { keyHash: noteKeyHash(ORIGIN, otherSigner.publicKey), signature } };
    expectRefusal('UNVERIFIED', () => verifyNote(relabelled, logSigner.publicKey));
    expectRefusal('UNVERIFIED', () => verifyNote(relabelled, otherSigner.publicKey));
    expectRefusal('UNVERIFIED', () => verifyNote({ ...signed, checkpoint: { ...CHECKPOINT, size: 1235 } }, logSigner.publicKey));
  });

  test('has cosignature lines that hold under their witness key, and no other', () => {
    const [line] = parseNote(TEXT).cosignatures;
    verifyCosignatureLine(CHECKPOINT, line!, witnessSigner.publicKey);
    expectRefusal('UNVERIFIED', () => verifyCosignatureLine(CHECKPOINT, line!, otherSigner.publicKey));
    expectRefusal('UNVERIFIED', () => verifyCosignatureLine({ ...CHECKPOINT, size: 1235 }, line!, witnessSigner.publicKey));
    const renamed = { ...line!, witness: parseOrigin('sample/11999900MB0000003R/witness') };
    expectRefusal('UNVERIFIED', () => verifyCosignatureLine(CHECKPOINT, renamed, witnessSigner.publicKey));
    const later = { ...line!, cosignedAt: COSIGNED_AT + 1 };
    expectRefusal('UNVERIFIED', () => verifyCosignatureLine(CHECKPOINT, later, witnessSigner.publicKey));
  });

  test('keeps one cosignature for each key, the last added', () => {
    const other = cosign(CHECKPOINT, WITNESS, COSIGNED_AT, otherSigner);
    const later = cosign(CHECKPOINT, WITNESS, COSIGNED_AT + 1, witnessSigner);
    const note = addCosignature(addCosignature(cosigned, other), later);
    expect(note.cosignatures).to.deep.equal([other, later]);
    expect(parseNote(formatNote(note))).to.deep.equal(note);
  });

  test('has key hashes of four bytes over name and key', () => {
    const whole = sm3(encodeUtf8('veritrail-nk-v1\n'), encodeUtf8(WITNESS), Uint8Array.of(0x0a), witnessSigner.publicKey);
    expect(encodeHex(noteKeyHash(WITNESS, witnessSigner.publicKey))).to.equal(encodeHex(whole).slice(0, 8));
  });
});

interface NoteCase {
  readonly note: string;
  readonly logKey: string;
  readonly witnessKey?: string;
  readonly checkpoint?: { origin: string; size: number; rootHash: string; mapRoot: string; issuedAt: number };
  readonly cosignedAt?: number[];
}

describe('the vectors of notes', () => {
  for (const { desc, want, note: text, logKey, witnessKey, checkpoint, cosignedAt } of readVectors<NoteCase>('log-note.json')) {
    test(desc, () => {
      const verify = (): unknown => {
        const note = parseNote(text);
        verifyNote(note, parsePublicKey(decodeHex(logKey)));
        for (const line of note.cosignatures)
          verifyCosignatureLine(note.checkpoint, line, parsePublicKey(decodeHex(witnessKey!)));
        return note;
      };
      // What is malformed ends at the parser, before any key is asked.
      if (want !== 'ok') return expectRefusal(want, want === 'MALFORMED' ? () => parseNote(text) : verify);
      const { rootHash, mapRoot, ...rest } = checkpoint!;
      const expected = { ...rest, rootHash: hashFromHex(rootHash), mapRoot: hashFromHex(mapRoot) };
      expect(verify()).to.deep.include({ checkpoint: expected });
      expect(parseNote(text).cosignatures.map((line) => line.cosignedAt)).to.deep.equal(cosignedAt);
    });
  }
});
