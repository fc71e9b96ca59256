import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { CHARGE_KINDS } from '../../core/authority/registry-event.ts';
import { formatCharge, parseCharge, type Charge } from '../../core/court/charge.ts';
import { disputeStart, verifyCharge } from '../../core/court/judgement.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { chargeDigestOf } from '../../chain/charge-call.ts';
import { exampleOf } from '../log/format-example.ts';
import { expectOneTextSpelling, expectRefusal } from '../log/mangling.ts';
import { bytesOfCase, CASES, ORIGINS, vectorLog } from './charge-vectors.ts';

const convicting = CASES.filter(({ want }) => want === 'ok').map((one) => parseCharge(bytesOfCase(one)));
const oneOfEach = CHARGE_KINDS.map((kind) => convicting.find((charge) => charge.kind === kind)!);

describe('a charge', () => {
  for (const one of CASES.filter(({ want }) => want === 'MALFORMED')) {
    test(`with ${one.desc} is refused`, () => expectRefusal('MALFORMED', () => parseCharge(bytesOfCase(one))));
  }

  test('comes back as it was written', () => {
    for (const one of CASES.filter(({ want }) => want !== 'MALFORMED')) {
      expect(decodeUtf8(formatCharge(parseCharge(bytesOfCase(one))))).to.equal(decodeUtf8(bytesOfCase(one)));
    }
  });

  for (const charge of oneOfEach) {
    test(`of kind ${charge.kind} has one spelling`, () => {
      const reformat = (text: string): string => decodeUtf8(formatCharge(parseCharge(encodeUtf8(text))));
      expect(expectOneTextSpelling(decodeUtf8(formatCharge(charge)), reformat)).to.be.greaterThan(1_000);
    });
  }

  test('is at most 64 KiB', () => {
    const text = `{"format":"${'x'.repeat(64 * 1024)}"}`;
    expectRefusal('MALFORMED', () => parseCharge(encodeUtf8(text)));
  });
});

describe('the judgement', () => {
  for (const one of CASES.filter(({ want }) => want === 'ok')) {
    test(`convicts of ${one.desc}`, () => {
      const charge = parseCharge(bytesOfCase(one));
      const log = vectorLog(charge.origin);
      const { fromSize, takesEffect } = verifyCharge(charge, log);
      const { sequence } = disputeStart(fromSize, log.anchors);
      expect([fromSize, takesEffect, sequence]).to.deep.equal([one.fromSize, one.takesEffect, one.fromSequence]);
    });
  }

  for (const one of CASES.filter(({ want }) => want === 'UNVERIFIED')) {
    test(`acquits: ${one.desc}`, () => {
      const charge = parseCharge(bytesOfCase(one));
      expectRefusal('UNVERIFIED', () => verifyCharge(charge, vectorLog(charge.origin)));
    });
  }

  test('is of the log that is charged', () => {
    const [origin, other] = ORIGINS as [Charge['origin'], Charge['origin']];
    for (const charge of oneOfEach.filter((one) => one.origin === origin)) {
      expectRefusal('UNVERIFIED', () => verifyCharge(charge, vectorLog(other)));
      expectRefusal('UNVERIFIED', () => verifyCharge({ ...charge, origin: other }, vectorLog(other)));
    }
  });

  test('falls with every byte that it rests on', () => {
    for (const charge of oneOfEach) {
      const text = decodeUtf8(formatCharge(charge));
      let survivors = 0;
      for (let i = 0; i < text.length; i += 3) {
        const changed = text.slice(0, i) + (text[i] === '1' ? '2' : '1') + text.slice(i + 1);
        try {
          verifyCharge(parseCharge(encodeUtf8(changed)), vectorLog(charge.origin));
          survivors++;
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED') && !isCodedError(error, 'UNVERIFIED')) throw error;
        }
      }
      // The four bytes that say which key to try prove nothing.
      expect(survivors, charge.kind).to.be.at.most(text.includes('"note"') ? 3 : 0);
    }
  });
});

test('20 charge: the worked example of docs/formats.md', () => {
  const of = exampleOf('charge');
  const bytes = encodeUtf8(of.text('charge'));
  const charge = parseCharge(bytes);
  expect(formatCharge(charge)).to.deep.equal(bytes);
  of.expect('logId', logIdOf(charge.origin));
  of.expect('chargeDigest', chargeDigestOf(charge));
  const key = { publicKey: of.publicKey('logKey'), isDoubted: false };
  const log = { origin: charge.origin, promiseSpan: 0, isClosedByOwner: false, anchors: [], logKeyAt: () => key };
  expect(verifyCharge(charge, log)).to.deep.equal({ fromSize: of.number('fromSize'), takesEffect: true });
});
