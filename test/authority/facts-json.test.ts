import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { canonicalJson, type JsonObject, type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { formatRegistryFacts, parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { emptyRegistry } from '../../core/authority/fold.ts';
import { bytesOf } from '../log/memory-log.ts';
import { expectOneTextSpelling, expectRefusal } from '../log/mangling.ts';
import { keyIdNamed, publicKeyNamed, START, wholeStory } from './registry-story.ts';

const { facts } = wholeStory();
const json = formatRegistryFacts(facts);
const LISTS = Object.keys(json).filter((name) => name !== 'block');
const read = (value: JsonValue) => parseRegistryFacts(parseJson(JSON.stringify(value)));

describe('registry facts as JSON', () => {
  test('have something in every list', () => {
    const names = ['authorities', 'keys', 'scopes', 'duties', 'logs', 'modes', 'coverages', 'successions', 'disputes'];
    expect(LISTS).to.deep.equal(names);
    for (const name of LISTS) expect(json[name], name).to.have.property('length').that.is.greaterThan(0);
  });

  test('parse back to themselves, and so do those of a registry in which nothing happened', () => {
    expect(read(json)).to.deep.equal(facts);
    const nothing = emptyRegistry(facts.block);
    expect(read(formatRegistryFacts(nothing))).to.deep.equal(nothing);
  });

  test('name a log’s present owner once, as the last of its owners', () => {
    const [log] = json['logs'] as JsonObject[];
    expect(log).not.to.have.property('authority');
    expect(read(json).logs[0]!.authority).to.equal(facts.logs[0]!.owners.at(-1)!.authority);
  });

  test('have one spelling', () => {
    const reformat = (text: string): string => canonicalJson(formatRegistryFacts(parseRegistryFacts(parseJson(text))));
    expect(expectOneTextSpelling(canonicalJson(json), reformat)).to.be.greaterThan(5_000);
  });
});

/** The facts with members of one fact of a list changed; undefined takes one away. */
function withFact(list: string, place: number, changes: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const all = (json[list] as JsonObject[]).map((fact, i) => (i === place ? { ...fact, ...changes } : fact));
  return { ...json, [list]: all as JsonValue[] };
}

describe('registry facts are refused', () => {
  for (const name of [...LISTS, 'block']) {
    test(`without ${name}`, () => {
      const { [name]: _, ...rest } = json;
      expectRefusal('MALFORMED', () => read(rest));
    });
  }

  for (const list of LISTS) {
    test(`when a member is missing from ${list}, or there is one more`, () => {
      const [first] = json[list] as JsonObject[];
      expectRefusal('MALFORMED', () => read(withFact(list, 0, { more: 1 })));
      for (const name of Object.keys(first!)) expectRefusal('MALFORMED', () => read(withFact(list, 0, { [name]: undefined })));
    });

    test(`when a member in ${list} is of another kind`, () => {
      const [first] = json[list] as JsonObject[];
      for (const name of Object.keys(first!)) expectRefusal('MALFORMED', () => read(withFact(list, 0, { [name]: { other: 1 } })));
    });
  }

  const hash = encodeHex(bytesOf('x'));
  const owner = { authority: '11999900MB0000001K', since: START };
  for (const [what, list, changes] of [
    ['with a list more', '', { lists: [] }],
    ['with a key under another key’s id', 'keys', { keyId: hash }],
    ['with a key off the curve', 'keys', { publicKey: `04${'11'.repeat(64)}` }],
    ['with another key under a key’s id', 'keys', { publicKey: encodeHex(publicKeyNamed('other')) }],
    ['with a key for an unknown use', 'keys', { type: 'tls' }],
    ['with a suspension without end', 'keys', { suspended: { from: START } }],
    ['with a suspension with a reason', 'keys', { suspended: { from: START, until: START, reason: '' } }],
    ['with a key id in capitals', 'keys', { keyId: encodeHex(keyIdNamed('log key')).toUpperCase() }],
    ['with an account of 19 bytes', 'authorities', { account: '00'.repeat(19) }],
    ['with a parent that is empty bytes', 'authorities', { parent: ['x'] }],
    ['with a scope as a part of text', 'scopes', { parentId: 'scope' }],
    ['with a duty as a part of text', 'duties', { parentId: 'duty' }],
    ['with a purpose of 65 characters', 'duties', { purpose: 'x'.repeat(65) }],
    ['with a log that nobody owns', 'logs', { owners: [] }],
    ['with a log whose owner is a code alone', 'logs', { owners: [owner.authority] }],
    ['with a log that names its present owner twice', 'logs', { authority: owner.authority }],
    ['with a log of 1025 owners', 'logs', { owners: Array.from({ length: 1025 }, () => owner) }],
    ['with a log of an unknown class', 'logs', { class: 'court' }],
    ['with a log that is open or not in a word', 'logs', { closedByOwner: 'no' }],
    ['with a fractional term', 'logs', { term: 0.5 }],
    ['with an unknown mode', 'modes', { mode: 'secret' }],
    ['with a coverage before 1970', 'coverages', { since: -1 }],
    ['with a moved log that is no hash', 'successions', { logIds: ['00'] }],
    ['with a moved licence type of 65 characters', 'successions', { licenceTypes: ['X'.repeat(65)] }],
    ['with 1025 moved logs', 'successions', { logIds: Array.from({ length: 1025 }, () => hash) }],
    ['with an unknown charge', 'disputes', { charge: 'slander' }],
    ['with a dispute from a size beyond 2^53-1', 'disputes', { fromSize: 2 ** 53 }],
    ['with a block without a hash', 'block', { hash: null }],
  ] as const) {
    test(what, () => {
      const changed =
        list === ''
          ? { ...json, ...changes }
          : list === 'block'
            ? { ...json, block: { ...(json['block'] as JsonObject), ...changes } }
            : withFact(list, 0, changes);
      expectRefusal('MALFORMED', () => read(changed));
    });
  }
});
