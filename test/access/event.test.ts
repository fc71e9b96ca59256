/** Requests, outcomes, subjects and bodies under damage and at random. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { encodeAccessBody, parseAccessBody } from '../../core/access/body.ts';
import { normaliseNumber } from '../../core/access/number.ts';
import { encodeOutcome, parseOutcome, type AccessOutcome } from '../../core/access/outcome.ts';
import { encodeRequest, GRADES, parseRequest, queryDigestOf, type AccessRequest } from '../../core/access/request.ts';
import { growSubjectTree, subjectLeafHash, verifySubject, type SaltedSubject } from '../../core/access/subject.ts';
import { compareBytes, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { isPlainText } from '../../core/bytes/plain-text.ts';
import { EMPTY_ROOT, nodeHashOf } from '../../core/log/tree.ts';
import { expectOneSpelling, expectRefusal } from '../log/mangling.ts';
import { accessorSigner, ACCESSOR, bodyFor, bytesOf, CUSTODIAN, operatorSigner, ORIGIN, outcomeFor, person } from './sample.ts';
import { REQUEST, signRequest, treeOf } from './sample.ts';

const request = signRequest(REQUEST, accessorSigner);
const withKey = {
  ...REQUEST,
  grade: 'personal-key' as const,
  operator: { ...REQUEST.operator, publicKey: operatorSigner.publicKey },
};

describe('whatever is done to', () => {
  test('a request, it is refused or another request', () => {
    expect(expectOneSpelling(encodeRequest(withKey), (bytes) => encodeRequest(parseRequest(bytes)))).to.be.greaterThan(1000);
  });

  test('an outcome, it is refused or another outcome', () => {
    const bytes = encodeOutcome(outcomeFor(request, treeOf(person(1))));
    expect(expectOneSpelling(bytes, (mangled) => encodeOutcome(parseOutcome(mangled)))).to.be.greaterThan(500);
  });

  test('a body, it is refused or another body', () => {
    const bytes = encodeAccessBody(bodyFor(person(1)));
    expect(expectOneSpelling(bytes, (mangled) => encodeAccessBody(parseAccessBody(mangled)))).to.be.greaterThan(1000);
  });
});

const text = (max: number): fc.Arbitrary<string> =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: Math.min(max, 40) }).filter((value) => isPlainText(value, max));
const token = fc.stringMatching(/^[a-z0-9.-]{1,64}$/);
const hash = fc.integer({ min: 0 }).map((i) => bytesOf(`hash ${i}`));
const time = fc.maxSafeNat();

const requests: fc.Arbitrary<AccessRequest> = fc.record({
  accessor: fc.constant(ACCESSOR),
  action: token,
  agreement: fc.option(text(128)),
  breakGlass: fc.option(text(500)),
  case: fc.option(text(128)),
  cause: text(200),
  custodian: fc.constant(CUSTODIAN),
  grade: fc.constantFrom(...GRADES.filter((grade) => grade !== 'personal-key')),
  legalBasis: text(500),
  matter: text(200),
  method: token,
  nonce: hash,
  operator: fc.record({ id: fc.stringMatching(/^[A-Za-z._@:/-]{1,64}$/), publicKey: fc.constant(null), role: text(64) }),
  parent: fc.option(hash),
  purpose: token,
  queryDigest: hash,
  requestedAt: time,
  system: text(128),
  terminal: text(128),
});

const fields = fc
  .uniqueArray(fc.record({ class: token, name: text(64) }), { selector: ({ name }) => name, maxLength: 10 })
  .map((list) => list.sort((a, b) => (a.name < b.name ? -1 : 1)));

const outcomes: fc.Arbitrary<AccessOutcome> = fc.record({
  answeredAt: time,
  chunk: fc.record({ isLast: fc.boolean(), number: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
  code: fc.constant(null),
  custodian: fc.constant(CUSTODIAN),
  fields,
  origin: fc.constant(ORIGIN),
  request: hash,
  result: fc.constant('granted' as const),
  seal: fc.option(hash),
  subjectCount: fc.integer({ min: 1, max: 1_000_000 }),
  subjectsRoot: hash,
});

describe('at random', () => {
  test('requests come back as they went', () => {
    fc.assert(fc.property(requests, (made) => void expect(parseRequest(encodeRequest(made))).to.deep.equal(made)));
  });

  test('outcomes come back as they went', () => {
    fc.assert(fc.property(outcomes, (made) => void expect(parseOutcome(encodeOutcome(made))).to.deep.equal(made)));
  });
});

/** RFC 9162 §2.1.1, word for word. */
function slowRoot(leafHashes: readonly Hash[]): Hash {
  if (leafHashes.length === 0) return EMPTY_ROOT;
  if (leafHashes.length === 1) return leafHashes[0]!;
  let split = 1;
  while (split * 2 < leafHashes.length) split *= 2;
  return nodeHashOf(slowRoot(leafHashes.slice(0, split)), slowRoot(leafHashes.slice(split)));
}

const subject = (i: number): SaltedSubject => ({
  number: normaliseNumber(1, `999999${String(i).padStart(9, '0')}`),
  salt: bytesOf(`salt ${i}`),
});

describe('subjects', () => {
  test('stand in ascending order of leaf hash, each provable, in trees of 0 to 70', () => {
    for (let size = 0; size <= 70; size++) {
      const given = Array.from({ length: size }, (_, i) => subject(i));
      const { subjects, subjectsRoot } = growSubjectTree(given);
      const leafHashes = subjects.map(subjectLeafHash);
      expect(leafHashes).to.deep.equal(leafHashes.toSorted(compareBytes));
      expect(encodeHex(subjectsRoot)).to.equal(encodeHex(slowRoot(leafHashes)));
      for (const one of subjects) verifySubject(one, size, subjectsRoot);
      expect(encodeHex(growSubjectTree(given.toReversed()).subjectsRoot)).to.equal(encodeHex(subjectsRoot));
    }
  });

  test('are refused under another salt, number, index, count, root or path', () => {
    const { subjects, subjectsRoot } = growSubjectTree([0, 1, 2, 3, 4].map(subject));
    const [one] = subjects as [(typeof subjects)[number]];
    for (const [changed, count, root] of [
      [{ ...one, salt: bytesOf('another') }, 5, subjectsRoot],
      [{ ...one, number: subjects[1]!.number }, 5, subjectsRoot],
      [{ ...one, index: 1 }, 5, subjectsRoot],
      [{ ...one, index: 5 }, 5, subjectsRoot],
      [one, 4, subjectsRoot],
      [one, 9, subjectsRoot],
      [one, 0, subjectsRoot],
      [one, 5, bytesOf('another')],
      [{ ...one, path: one.path.slice(1) }, 5, subjectsRoot],
      [{ ...one, path: [...one.path, bytesOf('more')] }, 5, subjectsRoot],
      [{ ...one, path: subjects[2]!.path }, 5, subjectsRoot],
    ] as const) {
      expectRefusal('UNVERIFIED', () => verifySubject(changed, count, root));
    }
  });

  test('stand in an event once', () => {
    expectRefusal('MALFORMED', () => growSubjectTree([subject(1), { ...subject(1), salt: bytesOf('another salt') }]));
  });

  test('10,000 of one event are shown nothing of each other', () => {
    const many = Array.from({ length: 10_000 }, (_, i) => subject(i));
    const { subjects, subjectsRoot } = growSubjectTree(many);
    const [first, last] = [subjects[0]!, subjects.at(-1)!];
    verifySubject(first, 10_000, subjectsRoot);
    verifySubject(last, 10_000, subjectsRoot);
    // A sibling is the salted hash of another: not one of the 10,000 numbers, hashed with any salt that this subject has, gives it.
    const guesses = new Set(many.map(({ number }) => encodeHex(subjectLeafHash({ number, salt: first.salt }))));
    expect(first.path.map(encodeHex).some((sibling) => guesses.has(sibling))).to.equal(false);
  });
});

test('the digest of a query is not found by who does not have its salt', () => {
  const query = encodeUtf8('GET /persons/999999190001010015\n');
  expect(encodeHex(queryDigestOf(bytesOf('a'), query))).to.not.equal(encodeHex(queryDigestOf(bytesOf('b'), query)));
  expect(encodeHex(queryDigestOf(bytesOf('a'), query))).to.not.equal(encodeHex(queryDigestOf(bytesOf('a'), encodeUtf8('GET'))));
});
