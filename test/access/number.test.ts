import { describe, test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { handleInput, handleOf, proveHandle, verifyHandle } from '../../core/access/handle.ts';
import { normaliseNumber, NUMBER_CLASSES, parseNumber } from '../../core/access/number.ts';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { publicKeyOf } from '../../core/sm/sm2.ts';
import { expectOneTextSpelling, expectRefusal } from '../log/mangling.ts';
import { keyOf, LOG_ID, person, vrfKey } from './sample.ts';

const CANONICAL = {
  1: '99999919000101004X',
  2: '11999900MB0000001K',
  3: 'CHN.E00000001',
  4: 'H00000001',
  5: 'USA000000010101',
  32: '11100000000013338W009.11999900MB0000001K.ABC123',
} as const;
const CLASSES = Object.values(NUMBER_CLASSES);

const widened = (text: string): string => text.replaceAll(/[!-~]/g, (char) => String.fromCharCode(char.charCodeAt(0) + 0xfee0));

describe('a canonical number', () => {
  for (const code of CLASSES) {
    test(`of class ${code} is refused, or another, whatever is done to it`, () => {
      expectOneTextSpelling(CANONICAL[code], (text) => parseNumber(code, text).id);
    });

    test(`of class ${code} is what every width and case of it comes to`, () => {
      const masks = fc.array(fc.boolean(), { minLength: CANONICAL[code].length, maxLength: CANONICAL[code].length });
      const blanks = fc.string({ unit: fc.constantFrom(' ', '\u3000'), maxLength: 5 });
      fc.assert(
        fc.property(masks, masks, blanks, blanks, (wide, lower, before, after) => {
          const cased = Array.from(CANONICAL[code], (char, i) => (lower[i] ? char.toLowerCase() : char));
          const text = before + cased.map((char, i) => (wide[i] ? widened(char) : char)).join('') + after;
          expect(normaliseNumber(code, text).id).to.equal(CANONICAL[code]);
        }),
      );
    });
  }

  test('is the only thing that comes out, whatever goes in', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.stringMatching(/^[HM]?\d{8,18}$/),
    );
    fc.assert(
      fc.property(fc.constantFrom(...CLASSES), texts, (code, text) => {
        try {
          const number = normaliseNumber(code, text);
          expect(parseNumber(code, number.id)).to.deep.equal(number);
          expect(normaliseNumber(code, number.id)).to.deep.equal(number);
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED')) throw error;
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('of class 1 changes with every digit of the fifteen that it comes from', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\d{15}$/), (digits) => {
        const { id } = normaliseNumber(1, digits);
        expect(id.slice(0, 6) + id.slice(8, 17)).to.equal(digits);
        expect(id.slice(6, 8)).to.equal('19');
      }),
    );
  });

  test('of class 1 is refused with any one digit changed or two neighbours exchanged', () => {
    const id = CANONICAL[1];
    for (let i = 0; i < id.length; i++) {
      for (const char of '0123456789X') {
        if (char !== id[i]) expectRefusal('MALFORMED', () => parseNumber(1, id.slice(0, i) + char + id.slice(i + 1)));
      }
      const swapped = id.slice(0, i) + (id[i + 1] ?? '') + id[i]! + id.slice(i + 2);
      if (swapped !== id) expectRefusal('MALFORMED', () => parseNumber(1, swapped));
    }
  });

  test('that is refused does not appear in the refusal', () => {
    for (const text of ['110105194912310020', '１１０１０５１９４９１２３１００２０']) {
      try {
        normaliseNumber(1, text);
        expect.fail('taken');
      } catch (error) {
        expect(JSON.stringify(error) + String(error)).to.not.match(/1101|１１０１/);
      }
    }
  });
});

describe('a handle', () => {
  test('is proved to the person, for this log and this number only', () => {
    const proof = proveHandle(vrfKey, LOG_ID, person(1));
    const h = verifyHandle(publicKeyOf(vrfKey), LOG_ID, person(1), proof);
    expect(encodeHex(h)).to.equal(encodeHex(handleOf(vrfKey, LOG_ID, person(1))));
    const otherLog = logIdOf(parseOrigin('sample/11999900MB0000001K/access2'));
    expectRefusal('UNVERIFIED', () => verifyHandle(publicKeyOf(vrfKey), otherLog, person(1), proof));
    expectRefusal('UNVERIFIED', () => verifyHandle(publicKeyOf(vrfKey), LOG_ID, person(2), proof));
    expectRefusal('UNVERIFIED', () => verifyHandle(publicKeyOf(keyOf('another')), LOG_ID, person(1), proof));
  });

  test('has an input that no other log, class or number has', () => {
    const otherLog = logIdOf(parseOrigin('sample/11999900MB0000001K/access2'));
    const numbers = CLASSES.map((code) => parseNumber(code, CANONICAL[code]));
    const inputs = [LOG_ID, otherLog].flatMap((logId) => numbers.map((number) => encodeHex(handleInput(logId, number))));
    expect(new Set(inputs).size).to.equal(2 * CLASSES.length);
    const input = handleInput(LOG_ID, person(1));
    expect(input.length).to.equal(16 + 32 + 1 + 2 + 18);
    expect(input.subarray(0, 16)).to.deep.equal(encodeUtf8('veritrail-hd-v1\n'));
  });
});
