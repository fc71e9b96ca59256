/** Reading a leaked list: what is taken, what is refused, and that no refusal repeats what a line held. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { CodedError } from '../../core/bytes/error.ts';
import { type LeakedSample, MAX_SAMPLE_BYTES, parseSample } from '../../core/leak/sample.ts';
import { expectRefusal } from '../log/mangling.ts';
import { citizen } from './custodian.ts';

const read = (text: string): LeakedSample => parseSample(encodeUtf8(text));
const ids = (text: string): string[] => read(text).numbers.map(({ class: code, id }) => `${code}:${id}`);

describe('a leaked sample', () => {
  test('is CSV, with or without classes and a heading, in the spellings that data bases have', () => {
    expect(ids('身份证号\n999999190001010015\r\n９９９９９９１９０００１０１００２３\n')).to.deep.equal([
      '1:999999190001010015',
      '1:999999190001010023',
    ]);
    expect(ids('3, d.abc123\n1,11010519491231002x')).to.deep.equal(['3:DEU.ABC123', '1:11010519491231002X']);
  });

  test('is NDJSON', () => {
    expect(ids('"999999190001010015"\n{"class":3,"id":"FRA.12AB"}\n')).to.deep.equal(['1:999999190001010015', '3:FRA.12AB']);
  });

  test('holds each person once, and names lines it cannot read by their number alone', () => {
    const { numbers, unreadableLines, repeated } = read(`999999900101001\n${citizen(1).id}\n123456789012345678\n{"class":1}\n`);
    expect(numbers).to.have.length(1);
    expect(repeated).to.equal(1);
    expect(unreadableLines).to.deep.equal([3, 4]);
  });

  test('without a number, or beyond the caps, is refused without repeating it', () => {
    for (const text of ['', 'heading\n', '110101199003070000\n'.repeat(3), '\n'.repeat(20_002)]) {
      expectRefusal('MALFORMED', () => read(text));
      try {
        read(text);
      } catch (error) {
        expect(JSON.stringify([(error as CodedError).message, (error as CodedError).facts])).to.not.match(/[0-9]{15}/);
      }
    }
    expectRefusal('MALFORMED', () => parseSample(new Uint8Array(MAX_SAMPLE_BYTES + 1)));
    expectRefusal('MALFORMED', () => parseSample(Uint8Array.of(0xff, 0xfe)));
  });
});
