/** The search that is to find nothing in the running sample finds what is there. */
import { before, describe, test } from 'node:test';
import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { encodeNumber, handleInput } from '../../core/access/handle.ts';
import { normaliseNumber } from '../../core/access/number.ts';
import { concatBytes, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { asHistorySecret, slotAt } from '../../core/log/slot.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { TEST_PERSONS } from '../../samples/persons.ts';
import { LeakSearch, numbersOf } from './leaks.ts';

const LOG_ID = sm3(encodeUtf8('a log'));
const COUNTIES = [{ code: '999900', births: ['19900101'], most: 9 }];
const [{ id }] = TEST_PERSONS as [(typeof TEST_PERSONS)[number]];
const NUMBER = normaliseNumber(1, id);
const digest = sm3(encodeUtf8(id));
const around = (bytes: Uint8Array): Uint8Array => concatBytes(randomBytes(4097), bytes, randomBytes(1023));

let search: LeakSearch;
before(() => {
  search = new LeakSearch(COUNTIES, [LOG_ID]);
});

const found = (bytes: Uint8Array): string[] => search.hits([{ path: 'copy', bytes }]);

describe('the enumeration of a county', () => {
  test('has the number of whoever signs in to the sample', () => {
    expect([...numbersOf(COUNTIES[0]!)])
      .to.include(id)
      .and.have.length(9);
    expect([...numbersOf({ code: '999900', births: ['1990'], most: 1 })])
      .to.include(id)
      .and.have.length(372);
  });

  const json = JSON.stringify({ ref: encodeHex(digest) });
  for (const [what, bytes] of [
    ['a number', around(encodeUtf8(id))],
    ['a digest by SM3', around(digest)],
    ['a digest by SHA-256', around(createHash('sha256').update(id).digest())],
    ['a digest of the typed form', around(sm3(encodeNumber(NUMBER)))],
    ['a digest of the input of a handle', around(sm3(handleInput(LOG_ID, NUMBER)))],
    [
      'the place in the map that a handle without a key has',
      around(slotAt(asHistorySecret(asHash(sm3(handleInput(LOG_ID, NUMBER)))), 0)),
    ],
    ['a digest cut to eight bytes', around(digest.subarray(0, 8))],
    ['a digest in hex', encodeUtf8(`{"ref":"${encodeHex(digest)}"}`)],
    ['a digest in hex after an odd digit', encodeUtf8(`ab3${encodeHex(digest).toUpperCase()}`)],
    ['a digest in base64', encodeUtf8(`"${Buffer.from(digest).toString('base64')}"`)],
    ['a digest in the middle of base64', encodeUtf8(Buffer.from(around(digest)).toString('base64url'))],
    ['a digest in hex within base64', encodeUtf8(`payload=${Buffer.from(json).toString('base64')}`)],
    [
      'a number within base64 within base64',
      encodeUtf8(Buffer.from(Buffer.from(`{"id":"${id}"}`).toString('base64')).toString('base64')),
    ],
  ] as const) {
    test(`finds ${what}`, () => {
      expect(found(bytes)).to.not.deep.equal([]);
    });
  }

  test('finds nothing in bytes that have nothing, nor in a digest with a secret', () => {
    const salted = sm3(randomBytes(32), encodeUtf8(id));
    for (const bytes of [around(salted), encodeUtf8(encodeHex(salted)), encodeUtf8(randomBytes(3000).toString('base64'))])
      expect(found(bytes)).to.deep.equal([]);
  });
});
