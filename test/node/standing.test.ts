/** What a node makes of the registry's facts. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { emptyRegistry } from '../../core/authority/fold.ts';
import type { KeyFact, LogFact, RegistryFacts, ScopeFact } from '../../core/authority/registry.ts';
import { groundOf, type Identity, requireIssuing, requireMode, standingOf } from '../../node/standing.ts';
import { bytesOf } from '../log/memory-log.ts';
import { signerNamed } from '../chain/consortium-fixture.ts';
import { AUTHORITY, LOG_ID, ORIGIN, START } from './fixture.ts';

const TYPE = '11100000000013338W009';
const OTHER = '11100000MB03271699';
const NOW = START + 1_000;
const logKey = signerNamed('log key').publicKey;
const documentKey = signerNamed('document key').publicKey;
const identity = {
  logId: LOG_ID,
  logKeyId: keyIdOf(logKey),
  documentKeyId: keyIdOf(documentKey),
  account: `0x${'0b'.repeat(20)}`,
} satisfies Identity;

const keyFact = (publicKey: typeof logKey, type: KeyFact['type']): KeyFact => ({
  keyId: keyIdOf(publicKey),
  authority: AUTHORITY,
  type,
  publicKey,
  validFrom: START + 3,
  validTo: null,
  compromisedAt: null,
  suspended: null,
  registeredAt: START + 3,
});
const LOG: LogFact = {
  logId: LOG_ID,
  origin: ORIGIN,
  authority: AUTHORITY,
  owners: [{ authority: AUTHORITY, since: START + 4 }],
  class: 'licence',
  quantum: 1_000,
  beat: 60_000,
  promiseSpan: 180_000,
  term: null,
  registeredAt: START + 4,
  closedAt: null,
  closedByOwner: false,
  vrfKeys: [],
};
const SCOPE: ScopeFact = {
  scopeId: bytesOf('scope'),
  authority: AUTHORITY,
  licenceType: TYPE,
  region: '110000',
  validFrom: START + 5,
  validTo: null,
  parentId: null,
  registeredAt: START + 5,
};
const FACTS: RegistryFacts = {
  ...emptyRegistry({ number: 9, hash: bytesOf('block'), at: NOW }),
  authorities: [
    {
      code: AUTHORITY,
      name: '',
      region: '110000',
      parent: null,
      account: decodeHex('0b'.repeat(20)),
      registeredAt: START + 2,
      dissolvedAt: null,
    },
  ],
  keys: [keyFact(logKey, 'log'), keyFact(documentKey, 'document')],
  logs: [LOG],
  scopes: [SCOPE],
  modes: [{ logId: LOG_ID, licenceType: TYPE, mode: 'public', registeredAt: START + 6 }],
};

/** The log after a succession. */
const movedTo = (authority: string): LogFact => ({
  ...LOG,
  authority,
  owners: [...LOG.owners, { authority, since: START + 40 }],
});
/** The successor has an account and keys of its own. */
const successorKeys = [signerNamed('successor log key'), signerNamed('successor document key', 'document')] as const;
const MOVED: RegistryFacts = {
  ...FACTS,
  logs: [movedTo(OTHER)],
  authorities: [...FACTS.authorities, { ...FACTS.authorities[0]!, code: OTHER, account: decodeHex('0d'.repeat(20)) }],
  keys: [...FACTS.keys, ...successorKeys.map(({ publicKey, type }) => ({ ...keyFact(publicKey, type), authority: OTHER }))],
  scopes: [SCOPE, { ...SCOPE, scopeId: bytesOf('scope of the successor'), authority: OTHER, validFrom: START + 30 }],
};
const successor: Identity = {
  logId: LOG_ID,
  logKeyId: successorKeys[0].keyId,
  documentKeyId: successorKeys[1].keyId,
  account: `0x${'0d'.repeat(20)}`,
};

const withKey = (place: number, changes: Partial<KeyFact>): RegistryFacts => ({
  ...FACTS,
  keys: FACTS.keys.map((key, i) => (i === place ? { ...key, ...changes } : key)),
});

/** The words of a FORBIDDEN. */
function wordsOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isCodedError(error, 'FORBIDDEN')) return error.message;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('a node’s standing', () => {
  test('holds when the registry lists log, keys and account as configured', () => {
    const { log, authority } = standingOf(FACTS, identity, NOW);
    expect([log.origin, authority.code]).to.deep.equal([ORIGIN, AUTHORITY]);
  });

  test('holds for a successor on the log that it took over, with its own account and keys', () => {
    const { log, authority, logKey: key } = standingOf(MOVED, successor, NOW);
    expect([log.origin, authority.code, key.authority]).to.deep.equal([ORIGIN, OTHER, OTHER]);
  });

  test('holds again once a suspension of its key is over or lifted', () => {
    const until = { suspended: { from: START, until: NOW } };
    const doubted = standingOf(withKey(1, until), identity, NOW - 1);
    expect(wordsOf(() => requireIssuing(doubted, NOW - 1))).to.contain('has suspended the document key');
    requireIssuing(doubted, NOW);
    expect(standingOf(withKey(0, until), identity, NOW).logKey.suspended).to.deep.equal(until.suspended);
    expect(wordsOf(() => standingOf(withKey(0, until), identity, NOW - 1))).to.contain('suspended');
  });

  const refusals: [words: string, facts: RegistryFacts, changes?: Partial<Identity>][] = [
    ['does not list this log', { ...FACTS, logs: [] }],
    ['does not list this log', FACTS, { logId: bytesOf('other') }],
    ['in another class', { ...FACTS, logs: [{ ...LOG, class: 'access' }] }],
    ['has closed this log', { ...FACTS, logs: [{ ...LOG, closedAt: START }] }],
    ['another account', FACTS, { account: `0x${'0c'.repeat(20)}` }],
    ['another account', { ...FACTS, authorities: [] }],
    ['does not list the log key', { ...FACTS, keys: FACTS.keys.slice(1) }],
    ['does not list the document key', { ...FACTS, keys: FACTS.keys.slice(0, 1) }],
    ['lists the log key for another use', FACTS, { logKeyId: identity.documentKeyId }],
    ['lists the document key for another use', FACTS, { documentKeyId: identity.logKeyId }],
    ['lists the log key for another use', withKey(0, { authority: OTHER })],
    ['calls the log key compromised', withKey(0, { compromisedAt: NOW + 1 })],
    ['has retired the document key', withKey(1, { validTo: NOW + 1 })],
    ['the document key is not valid yet', withKey(1, { validFrom: NOW + 1 })],
    ['has suspended the log key', withKey(0, { suspended: { from: NOW, until: NOW + 1 } })],
    // The log was the authority's, and moved to another: neither its account nor its keys are the log's any more.
    ['another account', { ...FACTS, logs: [movedTo(OTHER)] }],
    ['another account', MOVED, { account: `0x${'0b'.repeat(20)}` }],
    ['lists the log key for another use', MOVED, { account: `0x${'0d'.repeat(20)}` }],
  ];
  for (const [i, [words, facts, changes]] of refusals.entries()) {
    test(`is refused in words: ${words} (${i + 1})`, () => {
      expect(wordsOf(() => standingOf(facts, { ...identity, ...changes }, NOW))).to.contain(words);
    });
  }

  test('allows a type in public mode only', () => {
    const standing = standingOf(FACTS, identity, NOW);
    expect(requireMode(FACTS, standing, TYPE).mode).to.equal('public');
    expect(wordsOf(() => requireMode(FACTS, standing, '11100000000013338W010'))).to.contain('no mode');
    const isPrivate = { ...FACTS, modes: [{ ...FACTS.modes[0]!, mode: 'private' as const }] };
    expect(wordsOf(() => requireMode(isPrivate, standing, TYPE))).to.contain('public types only');
  });
});

describe('the ground of an issue', () => {
  const groundIn = (facts: RegistryFacts): number => {
    const standing = standingOf(facts, identity, NOW);
    return groundOf(facts, standing, requireMode(facts, standing, TYPE), NOW) - START;
  };

  const grounds: [desc: string, facts: RegistryFacts, since: number][] = [
    ['the mode', FACTS, 6],
    ['the log key', withKey(0, { registeredAt: START + 20 }), 20],
    ['the document key, from when it is valid', withKey(1, { validFrom: START + 21 }), 21],
    ['the authority', { ...FACTS, authorities: [{ ...FACTS.authorities[0]!, registeredAt: START + 22 }] }, 22],
    ['the scope', { ...FACTS, scopes: [{ ...SCOPE, validFrom: START + 23 }] }, 23],
    ['the oldest of several scopes', { ...FACTS, scopes: [SCOPE, { ...SCOPE, validFrom: START + 24 }] }, 6],
    ['a wider scope', { ...FACTS, scopes: [{ ...SCOPE, region: '000000', registeredAt: START + 25 }] }, 25],
  ];
  for (const [desc, facts, since] of grounds) {
    test(`is as new as ${desc}`, () => {
      expect(groundIn(facts)).to.equal(since);
    });
  }

  test('is as new as the move of the log to a successor, or as whatever of the successor’s is newer', () => {
    const groundOfSuccessor = (facts: RegistryFacts): number => {
      const standing = standingOf(facts, successor, NOW);
      return groundOf(facts, standing, requireMode(facts, standing, TYPE), NOW) - START;
    };
    expect(groundOfSuccessor(MOVED)).to.equal(40);
    const [own, its] = MOVED.scopes as [ScopeFact, ScopeFact];
    expect(groundOfSuccessor({ ...MOVED, scopes: [own, { ...its, validFrom: START + 50 }] })).to.equal(50);
  });

  const beside: [desc: string, changes: Partial<ScopeFact>][] = [
    ['of another type', { licenceType: '11100000000013338W010' }],
    ['of another authority', { authority: OTHER }],
    ['of another region', { region: '120000' }],
    ['that has ended', { validTo: NOW }],
    ['that has not begun', { validFrom: NOW + 1 }],
  ];
  for (const [desc, changes] of beside) {
    test(`does not rest on a scope ${desc}`, () => {
      expect(groundIn({ ...FACTS, scopes: [{ ...SCOPE, registeredAt: START + 30, ...changes }] })).to.equal(6);
    });
  }
});
