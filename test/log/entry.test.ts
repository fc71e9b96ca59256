import { describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { concatBytes, decodeHex, encodeHex, encodeUtf8, u32 } from '../../core/bytes/bytes.ts';
import { asHash, hashFromHex } from '../../core/bytes/hash.ts';
import { commitmentOf, decodeEntry, encodeEntry, ENTRY_LENGTH, kindNameOf, KINDS } from '../../core/log/entry.ts';
import { logIdOf, originParts, parseOrigin } from '../../core/log/origin.ts';
import { asHistorySecret, fileSecret, publicLicenceSecret, slotAt } from '../../core/log/slot.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { expectOneSpelling, expectOneTextSpelling, expectRefusal, readVectors } from './mangling.ts';
import { bytesOf, ORIGIN, secretOf } from './memory-log.ts';

const label = (code: string): Uint8Array => encodeUtf8(`veritrail-${code}-v1\n`);
const ENTRY = { kind: KINDS.revoke, recordedAt: 1767225600000, slot: bytesOf('slot'), commitment: bytesOf('commitment') };

describe('an entry', () => {
  test('decodes to what was encoded, whatever its kind', () => {
    const hashes = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(asHash);
    const entries = fc.record({ kind: fc.nat({ max: 255 }), recordedAt: fc.maxSafeNat(), slot: hashes, commitment: hashes });
    fc.assert(fc.property(entries, (entry) => void expect(decodeEntry(encodeEntry(entry))).to.deep.equal(entry)));
  });

  test('has 74 bytes and one spelling', () => {
    const bytes = encodeEntry(ENTRY);
    expect(bytes.length).to.equal(ENTRY_LENGTH);
    // Refused: every deletion, every doubling, and two increments: of the version, and of the time beyond 2^53.
    expect(expectOneSpelling(bytes, (mangled) => encodeEntry(decodeEntry(mangled)))).to.equal(2 * ENTRY_LENGTH + 2);
  });

  test('has a kind with a name, or one without a meaning', () => {
    expect(Object.values(KINDS).map(kindNameOf)).to.deep.equal(Object.keys(KINDS));
    for (const kind of [0, 7, 12, 15, 17, 21, 31, 35, 255]) expect(kindNameOf(kind)).to.equal(null);
  });

  test('commits to nonce and body under a label', () => {
    const [nonce, body] = [bytesOf('nonce'), encodeUtf8('body')];
    expect(encodeHex(commitmentOf(nonce, body))).to.equal(encodeHex(sm3(concatBytes(label('bd'), nonce, body))));
    expect(() => commitmentOf(nonce.subarray(1), body)).to.throw('invariant');
  });
});

interface EntryCase {
  readonly entry: string;
  readonly kind?: number;
  readonly recordedAt?: number;
  readonly slot?: string;
  readonly commitment?: string;
}

describe('the vectors of entries', () => {
  for (const { desc, want, entry, ...fields } of readVectors<EntryCase>('log-entry.json')) {
    test(desc, () => {
      if (want !== 'ok') return expectRefusal(want, () => decodeEntry(decodeHex(entry)));
      const { kind, recordedAt, slot, commitment } = decodeEntry(decodeHex(entry));
      expect({ kind, recordedAt, slot: encodeHex(slot), commitment: encodeHex(commitment) }).to.deep.equal(fields);
    });
  }
});

describe('a slot', () => {
  const h = secretOf('h');

  test('is H(⟨sl⟩ ‖ h ‖ u32 i)', () => {
    for (const i of [0, 1, 258, 2 ** 32 - 1])
      expect(encodeHex(slotAt(h, i))).to.equal(encodeHex(sm3(concatBytes(label('sl'), h, u32(i)))));
    expect(() => slotAt(h, 2 ** 32)).to.throw('invariant');
  });

  test('differs for every place of every history', () => {
    const slots = ['a', 'b', 'c'].flatMap((name) => Array.from({ length: 100 }, (_, i) => encodeHex(slotAt(secretOf(name), i))));
    expect(new Set(slots).size).to.equal(300);
  });

  test('hangs on the log and the family for a public licence, and on the bytes for a file', () => {
    const logId = logIdOf(ORIGIN);
    const licence = publicLicenceSecret(logId, 'TYPE.ISSUER.1');
    expect(encodeHex(licence)).to.equal(encodeHex(sm3(concatBytes(label('lc'), logId, encodeUtf8('TYPE.ISSUER.1')))));
    expect(encodeHex(fileSecret(bytesOf('file')))).to.equal(encodeHex(sm3(concatBytes(label('fl'), bytesOf('file')))));
    const others = [publicLicenceSecret(bytesOf('other'), 'TYPE.ISSUER.1'), publicLicenceSecret(logId, 'TYPE.ISSUER.2')];
    for (const other of others) expect(encodeHex(other)).to.not.equal(encodeHex(licence));
  });

  test('has a history secret of 32 bytes', () => {
    for (const length of [0, 31, 33]) expectRefusal('MALFORMED', () => asHistorySecret(new Uint8Array(length)));
  });
});

interface SlotCase {
  readonly rule: 'slot' | 'publicLicence' | 'file';
  readonly h: string;
  readonly i: number;
  readonly slot: string;
  readonly origin: string;
  readonly family: string;
  readonly fileDigest: string;
}

describe('the vectors of slots', () => {
  for (const vector of readVectors<SlotCase>('log-slot.json')) {
    test(vector.desc, () => {
      const derived = {
        slot: () => asHistorySecret(decodeHex(vector.h)),
        publicLicence: () => publicLicenceSecret(logIdOf(parseOrigin(vector.origin)), vector.family),
        file: () => fileSecret(hashFromHex(vector.fileDigest)),
      };
      if (vector.want !== 'ok') return expectRefusal(vector.want, derived[vector.rule]);
      const h = derived[vector.rule]();
      expect(encodeHex(h)).to.equal(vector.h);
      expect(encodeHex(slotAt(h, vector.i))).to.equal(vector.slot);
    });
  }
});

describe('an origin', () => {
  test('has three parts, read back as written', () => {
    expect(originParts(ORIGIN)).to.deep.equal({ consortium: 'sample', uscc: '11999900MB0000001K', name: 'licences' });
  });

  test('has one spelling', () => {
    // Letters and digits may become others; a refused one is far more common than not among 18 checked characters.
    const refused = expectOneTextSpelling(ORIGIN, parseOrigin);
    expect(refused).to.be.greaterThan(18 * 3);
  });
});

interface OriginCase {
  readonly origin: string;
  readonly logId?: string;
}

describe('the vectors of origins', () => {
  for (const { desc, want, origin, logId } of readVectors<OriginCase>('log-origin.json')) {
    test(desc, () => {
      if (want !== 'ok') return expectRefusal(want, () => parseOrigin(origin));
      expect(encodeHex(logIdOf(parseOrigin(origin)))).to.equal(logId);
    });
  }
});
