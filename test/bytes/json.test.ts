import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { canonicalJson, encodeCanonicalJson, type JsonValue, parseCanonicalJson, parseJson } from '../../core/bytes/json.ts';
import { JsonFields, readFields } from '../../core/bytes/json-fields.ts';
import { sm3 } from '../../core/sm/sm3.ts';

interface JcsVectors {
  readonly tests: readonly { name: string; inputUtf8: string; outputHex: string; sm3: string }[];
  readonly numbers: readonly { ieee: string; expected: string }[];
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/jcs.json', import.meta.url), 'utf8')) as JcsVectors;

function refuses(run: () => unknown): void {
  expect(run)
    .to.throw()
    .that.satisfies((error: unknown) => isCodedError(error, 'MALFORMED'));
}

/** Objects of ours have no prototype; compare by content. */
const plain = (value: JsonValue): unknown => JSON.parse(JSON.stringify(value));

describe('canonical JSON (RFC 8785)', () => {
  for (const { name, inputUtf8, outputHex, sm3: digest } of vectors.tests) {
    // It holds 1E30: integers that a reader might round travel as text with us.
    if (name === 'values') {
      test('refuses values, which holds an integer beyond 2^53-1', () => refuses(() => parseJson(inputUtf8)));
      continue;
    }
    test(`writes ${name} as the published bytes`, () => {
      const bytes = encodeCanonicalJson(parseJson(inputUtf8));
      expect(encodeHex(bytes)).to.equal(outputHex);
      expect(encodeHex(sm3(bytes))).to.equal(digest);
      expect(plain(parseCanonicalJson(bytes))).to.deep.equal(JSON.parse(inputUtf8));
    });
  }

  for (const { ieee, expected } of vectors.numbers) {
    test(`writes the number ${ieee} as ${expected}`, () => {
      const value = Buffer.from(ieee, 'hex').readDoubleBE();
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) refuses(() => canonicalJson(value));
      else expect(canonicalJson(value)).to.equal(expected);
    });
  }

  for (const text of ['{"b":1,"a":2}', '[1, 2]', '"\\u0061"', '1.0', '1e2', '-0', '"\\/"', ' 1', '{"a":1}\n']) {
    test(`refuses ${JSON.stringify(text)}, which is JSON and not canonical`, () => {
      parseJson(text);
      refuses(() => parseCanonicalJson(encodeUtf8(text)));
    });
  }

  test('refuses to write what JSON cannot carry', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '\ud800', undefined, () => 1]) {
      refuses(() => canonicalJson(value as JsonValue));
    }
  });
});

describe('strict JSON', () => {
  const refused: Readonly<Record<string, string>> = {
    'a duplicate key': '{"a":1,"a":1}',
    'a duplicate key in another spelling': '{"a":1,"\\u0061":2}',
    'an integer beyond 2^53-1': '9007199254740993',
    'a number out of range': '1e400',
    'a leading zero': '01',
    'a plus sign': '+1',
    'a lone minus': '-',
    'a bare fraction': '.5',
    'a missing exponent': '1e',
    'a lone surrogate': '"\\ud800"',
    'a control character': '"\u0001"',
    'a line break in a string': '"\n"',
    'an unknown escape': '"\\x41"',
    'a short escape': '"\\u41"',
    'an unfinished string': '"a',
    'single quotes': "'a'",
    'a trailing comma': '[1,]',
    'a missing comma': '[1 2]',
    'a missing colon': '{"a" 1}',
    'an unquoted key': '{a:1}',
    'a comment': '/**/1',
    NaN: 'NaN',
    'nothing at all': '',
    'two values': '1 1',
    'a byte order mark': '\ufeff1',
    'a vertical tab': '\u000b1',
    'an unclosed array': '[1',
    'an unclosed object': '{"a":1',
    'deep nesting': '['.repeat(40) + ']'.repeat(40),
  };
  for (const [name, text] of Object.entries(refused)) test(`refuses ${name}`, () => refuses(() => parseJson(text)));

  test('refuses invalid UTF-8 and more bytes than allowed', () => {
    refuses(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)));
    refuses(() => parseJson('"0123456789"', { maxBytes: 8 }));
  });

  test('keeps __proto__ a key like any other', () => {
    const value = parseJson('{"__proto__":{"polluted":true}}');
    expect(Object.keys(value as object)).to.deep.equal(['__proto__']);
    expect(({} as { polluted?: boolean }).polluted).to.equal(undefined);
  });

  test('reads what JSON.parse reads, or refuses', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        try {
          expect(plain(parseJson(text))).to.deep.equal(plain(JSON.parse(text) as JsonValue));
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED')) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('never accepts what JSON.parse refuses (mangled documents)', () => {
    const document = '{"a":[1,-2.5e3,true,null],"b":{"c":"\\u4e2d \\n"}}';
    fc.assert(
      fc.property(
        fc.nat(document.length - 1),
        fc.constantFrom('', '"', '{', '}', ',', ':', '\\', '0', 'e', '\u0000'),
        (at, char) => {
          const mangled = document.slice(0, at) + char + document.slice(at + 1);
          try {
            parseJson(mangled);
          } catch (error) {
            if (!isCodedError(error, 'MALFORMED')) throw error;
            return;
          }
          JSON.parse(mangled);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('reading members', () => {
  test('refuses unknown, missing and mistyped members alike, without repeating a value', () => {
    const wrong: [string, (f: JsonFields) => unknown][] = [
      ['{"a":1,"secret":2}', (f) => f.integer('a')],
      ['{}', (f) => f.integer('a')],
      ['{"a":"secret"}', (f) => f.integer('a')],
      ['{"a":1.5}', (f) => f.integer('a')],
      ['{"a":-1}', (f) => f.integer('a')],
      ['{"a":1}', (f) => f.string('a')],
      ['{"a":"toolong"}', (f) => f.string('a', 3)],
      ['{"a":"x"}', (f) => f.oneOf('a', ['y'])],
      ['{"a":"AA=="}', (f) => f.hex('a', 1)],
      ['{"a":[1,2]}', (f) => f.array('a', 1, (v) => v)],
      ['{"a":{}}', (f) => f.array('a', 1, (v) => v)],
      ['{"a":[]}', (f) => f.object('a')],
      ['{"a":null}', (f) => f.object('a')],
      ['{"a":0}', (f) => f.boolean('a')],
    ];
    for (const [text, read] of wrong) {
      refuses(() => readFields(parseJson(text), 'test', read));
      try {
        readFields(parseJson(text), 'test', read);
      } catch (error) {
        expect((error as Error).message).not.to.contain('secret');
      }
    }
    refuses(() => new JsonFields([], 'test'));
  });
});
