import { describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { commitmentOf, decodeEntry, encodeEntry, KINDS, type Entry } from '../../core/log/entry.ts';
import { MAX_BODY_LENGTH, openOpening, sealOpening, type OpeningContext } from '../../core/log/opening.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { asHistorySecret, slotAt } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { sealSm4Gcm } from '../../core/sm/sm4-gcm.ts';
import { expectRefusal, mangle, readVectors } from './mangling.ts';
import { bytesOf, ORIGIN, secretOf } from './memory-log.ts';

const h = secretOf('h');
const nonce = new Uint8Array(bytesOf('nonce'));
const iv = bytesOf('iv').subarray(0, 12);

function contextOf(body: Uint8Array): OpeningContext {
  const entry: Entry = {
    kind: KINDS.revoke,
    recordedAt: 1767225600000,
    slot: slotAt(h, 1),
    commitment: commitmentOf(nonce, body),
  };
  return { h, logId: logIdOf(ORIGIN), entry };
}

const BODY = encodeUtf8('{"reason":"依据行政许可法第七十条"}');
const CONTEXT = contextOf(BODY);
const OPENING = sealOpening(CONTEXT, { nonce, body: BODY }, iv);

describe('an opening', () => {
  test('gives nonce and body to whoever knows h, whatever the length of the body', () => {
    for (const length of [0, 1, 15, 16, 17, 1000]) {
      const body = new Uint8Array(length).fill(7);
      const opening = sealOpening(contextOf(body), { nonce, body }, iv);
      expect(opening.length).to.equal(12 + 32 + length + 16);
      expect(encodeHex(opening.subarray(0, 12))).to.equal(encodeHex(iv));
      expect(openOpening(contextOf(body), opening)).to.deep.equal({ nonce, body });
    }
  });

  test('is refused under another h, log or entry', () => {
    expectRefusal('UNVERIFIED', () => openOpening({ ...CONTEXT, h: secretOf('other') }, OPENING));
    expectRefusal('UNVERIFIED', () => openOpening({ ...CONTEXT, logId: bytesOf('other') }, OPENING));
    for (const change of [
      { kind: KINDS.annul },
      { recordedAt: 0 },
      { slot: bytesOf('other') },
      { commitment: bytesOf('other') },
    ]) {
      expectRefusal('UNVERIFIED', () => openOpening({ ...CONTEXT, entry: { ...CONTEXT.entry, ...change } }, OPENING));
    }
  });

  test('is refused when any byte of it is changed, left out or doubled', () => {
    for (const mangled of mangle(OPENING)) {
      expectRefusal('UNVERIFIED', () => openOpening(CONTEXT, mangled));
    }
  });

  test('is refused when it was sealed with h over another body than the entry commits to', () => {
    // Whoever knows h can seal anything under this leaf hash; the tag holds, the commitment does not.
    const leafHash = leafHashOf(encodeEntry(CONTEXT.entry));
    const key = sm3(encodeUtf8('veritrail-ok-v1\n'), h, leafHash).subarray(0, 16);
    const aad = concatBytes(CONTEXT.logId, leafHash);
    const seal = (body: Uint8Array): Uint8Array =>
      concatBytes(iv, sealSm4Gcm({ key, iv, aad, plaintext: concatBytes(nonce, body) }));
    expect(encodeHex(seal(BODY))).to.equal(encodeHex(OPENING));
    expectRefusal('UNVERIFIED', () => openOpening(CONTEXT, seal(encodeUtf8('{"reason":"another"}'))));
  });

  test('has a body of at most 1 MiB, and room for a nonce', () => {
    const body = new Uint8Array(MAX_BODY_LENGTH + 1);
    expectRefusal('MALFORMED', () => sealOpening(contextOf(body), { nonce, body }, iv));
    expectRefusal('MALFORMED', () => openOpening(CONTEXT, new Uint8Array(12 + 32 + MAX_BODY_LENGTH + 16 + 1)));
    for (const length of [0, 12, 59]) expectRefusal('MALFORMED', () => openOpening(CONTEXT, OPENING.subarray(0, length)));
  });

  test('is never sealed over a body that its entry does not commit to, nor with a short iv or nonce', () => {
    expect(() => sealOpening(CONTEXT, { nonce, body: encodeUtf8('other') }, iv)).to.throw('invariant');
    expect(() => sealOpening(CONTEXT, { nonce: bytesOf('other'), body: BODY }, iv)).to.throw('invariant');
    expect(() => sealOpening(CONTEXT, { nonce: nonce.subarray(1), body: BODY }, iv)).to.throw('invariant');
    expect(() => sealOpening(CONTEXT, { nonce, body: BODY }, iv.subarray(1))).to.throw('invariant');
  });
});

interface OpeningCase {
  readonly h: string;
  readonly logId: string;
  readonly entry: string;
  readonly opening: string;
  readonly nonce?: string;
  readonly body?: string;
}

describe('the vectors of openings', () => {
  for (const vector of readVectors<OpeningCase>('log-opening.json')) {
    test(vector.desc, () => {
      const open = (): unknown => {
        const [h, logId] = [asHistorySecret(decodeHex(vector.h)), hashFromHex(vector.logId)];
        return openOpening({ h, logId, entry: decodeEntry(decodeHex(vector.entry)) }, decodeHex(vector.opening));
      };
      if (vector.want !== 'ok') return expectRefusal(vector.want, open);
      expect(open()).to.deep.equal({ nonce: decodeHex(vector.nonce!), body: decodeHex(vector.body!) });
    });
  }
});
