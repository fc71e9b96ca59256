import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import {
  findAuthority,
  findDispute,
  findKey,
  findLog,
  findMode,
  isLogKeyAt,
  isRegionWithin,
  isSuspended,
  ownerAt,
  type RegistryFacts,
} from '../../core/authority/registry.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { bytesOf } from '../log/memory-log.ts';
import {
  AUDIT,
  authority,
  COUNTY,
  dispute,
  duty,
  GOVERNMENT,
  ISSUER,
  key,
  keyIdNamed,
  licenceLog,
  logIdNamed,
  OTHER_TYPE,
  publicKeyNamed,
  PURPOSE,
  RegistryStory,
  scope,
  START,
  SUCCESSOR,
  TYPE,
  type Untold,
} from './registry-story.ts';

const LOG = logIdNamed(ISSUER, 'licences');

/** Of one issuing authority with a log key and a log. */
function issuing(): RegistryStory {
  const story = new RegistryStory();
  story.tell(authority(GOVERNMENT), authority(ISSUER, GOVERNMENT), key(ISSUER, 'log key', 'log'), licenceLog(ISSUER, 'licences'));
  return story;
}

describe('an event makes its fact, with the time of its block', () => {
  for (const [event, fact] of [
    [
      authority(SUCCESSOR, GOVERNMENT),
      ({ authorities }, registeredAt) => {
        const { kind: _, ...said } = authority(SUCCESSOR, GOVERNMENT);
        expect(authorities.at(-1)).to.deep.equal({ ...said, registeredAt, dissolvedAt: null });
      },
    ],
    [
      key(ISSUER, 'document key', 'document'),
      ({ keys }, registeredAt) => {
        const publicKey = publicKeyNamed('document key');
        const said = { keyId: keyIdNamed('document key'), authority: ISSUER, type: 'document', publicKey, validFrom: START };
        const ends = { validTo: null, compromisedAt: null, suspended: null };
        expect(keys.at(-1)).to.deep.equal({ ...said, ...ends, registeredAt });
      },
    ],
    [
      scope(ISSUER, 'scope', 'above', START + 9),
      ({ scopes }, registeredAt) => {
        const said = { licenceType: TYPE, region: '999900', validFrom: START, validTo: START + 9 };
        const ids = { scopeId: bytesOf('scope'), authority: ISSUER, parentId: bytesOf('above') };
        expect(scopes).to.deep.equal([{ ...ids, ...said, registeredAt }]);
      },
    ],
    [
      duty(ISSUER, 'duty', 'above', START + 9),
      ({ duties }, registeredAt) => {
        const said = { purpose: PURPOSE, validFrom: START, validTo: START + 9 };
        const ids = { dutyId: bytesOf('duty'), authority: ISSUER, parentId: bytesOf('above') };
        expect(duties).to.deep.equal([{ ...ids, ...said, registeredAt }]);
      },
    ],
    [
      licenceLog(SUCCESSOR, 'licences'),
      ({ logs }, registeredAt) => {
        const { kind: _, owner, ...said } = licenceLog(SUCCESSOR, 'licences') as Extract<Untold, { kind: 'log-registered' }>;
        const owned = { authority: owner, owners: [{ authority: owner, since: registeredAt }] };
        const open = { closedAt: null, closedByOwner: false, vrfKeys: [] };
        expect(logs.at(-1)).to.deep.equal({ ...said, ...owned, registeredAt, ...open });
      },
    ],
    [
      { kind: 'mode-set', logId: LOG, licenceType: OTHER_TYPE, mode: 'private' },
      (facts, registeredAt) => {
        const mode = { logId: LOG, licenceType: OTHER_TYPE, mode: 'private', registeredAt };
        expect(findMode(facts, LOG, OTHER_TYPE)).to.deep.equal(mode);
        expect(findMode(facts, LOG, TYPE)).to.equal(undefined);
      },
    ],
    [
      { kind: 'coverage-declared', code: ISSUER, licenceType: TYPE, since: START },
      ({ coverages }, registeredAt) => {
        expect(coverages).to.deep.equal([{ authority: ISSUER, licenceType: TYPE, since: START, registeredAt }]);
      },
    ],
    [
      { kind: 'vrf-key-set', logId: LOG, keyId: keyIdNamed('vrf key'), fromIndex: 4 },
      (facts) => {
        expect(findLog(facts, LOG)!.vrfKeys).to.deep.equal([{ keyId: keyIdNamed('vrf key'), fromIndex: 4 }]);
      },
    ],
    [
      { kind: 'account-changed', code: ISSUER, account: bytesOf('other').subarray(0, 20) },
      (facts) => {
        expect(findAuthority(facts, ISSUER)!.account).to.deep.equal(bytesOf('other').subarray(0, 20));
        expect(findAuthority(facts, ISSUER)!.parent).to.equal(GOVERNMENT);
      },
    ],
    [
      { kind: 'parent-changed', code: ISSUER, parent: null },
      (facts) => {
        expect(findAuthority(facts, ISSUER)!.parent).to.equal(null);
        expect(findAuthority(facts, GOVERNMENT)!.parent).to.equal(null);
      },
    ],
    [
      { kind: 'log-closed', logId: LOG, closedAt: START + 7, byOwner: true },
      (facts) => expect(findLog(facts, LOG)).to.include({ closedAt: START + 7, closedByOwner: true }),
    ],
    [
      { kind: 'log-closed', logId: LOG, closedAt: START + 7, byOwner: false },
      (facts) => expect(findLog(facts, LOG)).to.include({ closedAt: START + 7, closedByOwner: false }),
    ],
    [
      { kind: 'key-retired', keyId: keyIdNamed('log key'), validTo: START + 5 },
      (facts) => expect(findKey(facts, keyIdNamed('log key'))).to.include({ validTo: START + 5, compromisedAt: null }),
    ],
    [
      { kind: 'key-compromised', keyId: keyIdNamed('log key'), since: START + 5 },
      (facts) => expect(findKey(facts, keyIdNamed('log key'))).to.include({ validTo: null, compromisedAt: START + 5 }),
    ],
  ] as readonly (readonly [Untold, (facts: RegistryFacts, at: number) => unknown])[]) {
    test(event.kind, () => {
      const story = issuing();
      const { block, ...before } = story.facts;
      const at = story.tell(event);
      expect(story.facts.block).to.deep.include({ number: block.number + 1, at });
      expect({ ...before, block: story.facts.block }).not.to.deep.equal(story.facts);
      fact(story.facts, at);
    });
  }

  test('and a change to something unknown changes nothing but the block', () => {
    const story = issuing();
    const { block: _, ...before } = story.facts;
    const [nobody, nothing] = ['11999900MB0000009X', bytesOf('nothing')];
    story.tell(
      { kind: 'account-changed', code: nobody, account: nothing.subarray(0, 20) },
      { kind: 'parent-changed', code: nobody, parent: null },
      { kind: 'authority-dissolved', code: nobody, dissolvedAt: START },
      { kind: 'key-retired', keyId: nothing, validTo: START },
      { kind: 'key-compromised', keyId: nothing, since: START },
      { kind: 'key-suspended', keyId: nothing, suspendedAt: START, until: START + 1 },
      { kind: 'scope-ended', scopeId: nothing, validTo: START },
      { kind: 'duty-ended', dutyId: nothing, validTo: START },
      { kind: 'log-closed', logId: nothing, closedAt: START, byOwner: true },
      { kind: 'vrf-key-set', logId: nothing, keyId: nothing, fromIndex: 0 },
      { kind: 'dispute-cleared', logId: nothing, reason: 'none' },
    );
    const { block: __, ...after } = story.facts;
    expect(after).to.deep.equal(before);
  });
});

/** Ends of grants by their names. */
const endsOf = (ids: readonly { readonly validTo: number | null }[]): (number | null)[] =>
  ids.map(({ validTo }) => (validTo === null ? null : validTo - START));

for (const [what, grant, end, list] of [
  [
    'scope',
    scope,
    (name: string, validTo: number): Untold => ({ kind: 'scope-ended', scopeId: bytesOf(name), validTo }),
    'scopes',
  ],
  ['duty', duty, (name: string, validTo: number): Untold => ({ kind: 'duty-ended', dutyId: bytesOf(name), validTo }), 'duties'],
] as const) {
  describe(`a ${what} that ends`, () => {
    /** A grandparent, two parts of it, a part of the first part, and one of nobody's. */
    function granted(): RegistryStory {
      const story = new RegistryStory();
      story.tell(
        grant(GOVERNMENT, 'whole'),
        grant(ISSUER, 'part', 'whole'),
        grant(SUCCESSOR, 'other part', 'whole', START + 50),
        grant(COUNTY, 'part of the part', 'part'),
        grant(AUDIT, 'another'),
      );
      return story;
    }

    test('ends what was granted as its part, and the parts of that', () => {
      const story = granted();
      story.tell(end('whole', START + 100));
      expect(endsOf(story.facts[list])).to.deep.equal([100, 100, 50, 100, null]);
    });

    test('leaves what it is a part of, and its other parts', () => {
      const story = granted();
      story.tell(end('part', START + 100));
      expect(endsOf(story.facts[list])).to.deep.equal([null, 100, 50, 100, null]);
    });

    test('does not end later for what ends afterwards', () => {
      const story = granted();
      story.tell(end('part of the part', START + 90), end('part', START + 100), end('whole', START + 110));
      expect(endsOf(story.facts[list])).to.deep.equal([110, 100, 50, 90, null]);
    });

    test('and one whose end was fixed may end before', () => {
      const story = granted();
      story.tell(end('other part', START + 40));
      expect(endsOf(story.facts[list])).to.deep.equal([null, null, 40, null, null]);
    });

    test('leaves the other kind of grant with the same name', () => {
      const story = granted();
      const other = what === 'scope' ? duty : scope;
      story.tell(other(ISSUER, 'whole'), end('whole', START + 100));
      expect(endsOf(story.facts[list === 'scopes' ? 'duties' : 'scopes'])).to.deep.equal([null]);
    });
  });
}

describe('an authority that is dissolved', () => {
  function dissolved(): { facts: RegistryFacts; at: number } {
    const story = issuing();
    story.tell(
      authority(COUNTY, ISSUER),
      key(ISSUER, 'old key', 'document'),
      key(ISSUER, 'vrf key', 'vrf'),
      key(COUNTY, 'county key', 'log'),
      { kind: 'key-retired', keyId: keyIdNamed('old key'), validTo: START + 5 },
      scope(GOVERNMENT, 'whole'),
      scope(ISSUER, 'part', 'whole'),
      scope(COUNTY, 'part of the part', 'part'),
      duty(ISSUER, 'duty'),
      duty(COUNTY, 'part of the duty', 'duty'),
      { kind: 'coverage-declared', code: ISSUER, licenceType: TYPE, since: START },
    );
    const at = START + 60_000;
    story.tell({ kind: 'authority-dissolved', code: ISSUER, dissolvedAt: at });
    return { facts: story.facts, at };
  }
  const endOf = (facts: RegistryFacts, name: string): number | null => findKey(facts, keyIdNamed(name))!.validTo;

  test('says so, and no other authority does', () => {
    const { facts, at } = dissolved();
    expect(facts.authorities.map(({ dissolvedAt }) => dissolvedAt)).to.deep.equal([null, at, null]);
  });

  test('has no keys any more, but for those that make its logs’ handles; a key retired before keeps its end', () => {
    const { facts, at } = dissolved();
    expect(['log key', 'old key', 'vrf key', 'county key'].map((name) => endOf(facts, name))).to.deep.equal([
      at,
      START + 5,
      null,
      null,
    ]);
  });

  test('has no scopes and duties any more, nor have those that it granted a part to', () => {
    const { facts, at } = dissolved();
    expect(facts.scopes.map(({ validTo }) => validTo)).to.deep.equal([null, at, at]);
    expect(facts.duties.map(({ validTo }) => validTo)).to.deep.equal([at, at]);
  });

  test('leaves its logs and declarations as they were: they are history', () => {
    const { facts } = dissolved();
    expect(findLog(facts, LOG)).to.include({ authority: ISSUER, closedAt: null });
    expect(facts.coverages).to.have.length(1);
  });
});

describe('succession', () => {
  const moved = (code: string, successor: string, logIds: readonly Hash[], movedAt: number): Untold => ({
    kind: 'function-moved',
    code,
    successor,
    logIds,
    licenceTypes: [TYPE],
    movedAt,
  });

  test('gives a log its owners one after the other, each from the instant of the move', () => {
    const story = issuing();
    story.tell(licenceLog(ISSUER, 'stays'));
    const registeredAt = findLog(story.facts, LOG)!.registeredAt;
    const [first, second] = [START + 100_000, START + 200_000];
    story.tell(moved(ISSUER, SUCCESSOR, [LOG], first), moved(SUCCESSOR, AUDIT, [LOG], second));
    const log = findLog(story.facts, LOG)!;
    expect(log.authority).to.equal(AUDIT);
    expect(log.owners).to.deep.equal([
      { authority: ISSUER, since: registeredAt },
      { authority: SUCCESSOR, since: first },
      { authority: AUDIT, since: second },
    ]);
    const owners = [registeredAt - 1, registeredAt, first - 1, first, second - 1, second, Number.MAX_SAFE_INTEGER];
    expect(owners.map((time) => ownerAt(log, time))).to.deep.equal([null, ISSUER, ISSUER, SUCCESSOR, SUCCESSOR, AUDIT, AUDIT]);
    expect(findLog(story.facts, logIdNamed(ISSUER, 'stays'))!.owners).to.have.length(1);
  });

  test('keeps each move on record', () => {
    const story = issuing();
    const at = story.tell(moved(ISSUER, SUCCESSOR, [LOG], START + 1));
    const then = story.tell(moved(SUCCESSOR, AUDIT, [], START + 2));
    expect(story.facts.successions).to.deep.equal([
      { authority: ISSUER, successor: SUCCESSOR, logIds: [LOG], licenceTypes: [TYPE], registeredAt: at },
      { authority: SUCCESSOR, successor: AUDIT, logIds: [], licenceTypes: [TYPE], registeredAt: then },
    ]);
  });

  test('may bring a log back to whom it was before', () => {
    const story = issuing();
    story.tell(moved(ISSUER, SUCCESSOR, [LOG], START + 100_000), moved(SUCCESSOR, ISSUER, [LOG], START + 200_000));
    const log = findLog(story.facts, LOG)!;
    expect(log.owners.map(({ authority: owner }) => owner)).to.deep.equal([ISSUER, SUCCESSOR, ISSUER]);
    expect(ownerAt(log, START + 150_000)).to.equal(SUCCESSOR);
    expect(ownerAt(log, START + 200_000)).to.equal(ISSUER);
  });

  test('moves neither keys nor scopes, and a key counts for a log only while its authority owns it', () => {
    const story = issuing();
    story.tell(key(SUCCESSOR, 'successor key', 'log'), scope(ISSUER, 'scope'));
    story.tell(moved(ISSUER, SUCCESSOR, [LOG], START + 100_000));
    const log = findLog(story.facts, LOG)!;
    const counts = (name: string, time: number): boolean => isLogKeyAt(findKey(story.facts, keyIdNamed(name))!, log, time);
    expect([counts('log key', START + 99_999), counts('log key', START + 100_000)]).to.deep.equal([true, false]);
    expect([counts('successor key', START + 99_999), counts('successor key', START + 100_000)]).to.deep.equal([false, true]);
    expect(story.facts.scopes[0]!.authority).to.equal(ISSUER);
  });
});

describe('the suspension of a key', () => {
  const keyId = keyIdNamed('log key');
  const suspended = (from: number, until: number | null): Untold => ({ kind: 'key-suspended', keyId, suspendedAt: from, until });
  const told = (...events: readonly Untold[]) => {
    const story = issuing();
    story.tell(...events);
    return findKey(story.facts, keyId)!;
  };

  test('lasts until its end, and is over by itself', () => {
    const one = told(suspended(START + 10, START + 20));
    expect(one.suspended).to.deep.equal({ from: START + 10, until: START + 20 });
    expect([START, START + 19, START + 20].map((now) => isSuspended(one, now))).to.deep.equal([true, true, false]);
  });

  test('is lifted at once', () => {
    const one = told(suspended(START + 10, START + 20), suspended(START + 15, null));
    expect(one.suspended).to.equal(null);
    expect(isSuspended(one, START + 16)).to.equal(false);
  });

  test('goes on from its first day when it is renewed, so that nothing in between counts', () => {
    const one = told(suspended(START + 10, START + 20), suspended(START + 18, START + 28), suspended(START + 25, START + 35));
    expect(one.suspended).to.deep.equal({ from: START + 10, until: START + 35 });
  });

  test('begins anew when the one before is over or was lifted', () => {
    const later = suspended(START + 20, START + 30);
    for (const one of [
      told(suspended(START + 10, START + 20), later),
      told(suspended(START + 1, START + 90), suspended(START + 5, null), later),
    ]) {
      expect(one.suspended).to.deep.equal({ from: START + 20, until: START + 30 });
    }
  });
});

describe('the dispute of a log', () => {
  const OTHER = logIdNamed(ISSUER, 'other');
  const disputes = (story: RegistryStory): string[] =>
    story.facts.disputes.map(({ logId, fromSize }) => `${encodeHex(logId).slice(0, 4)} ${fromSize}`);

  test('is kept with its charge, and one that reaches further back takes its place', () => {
    const story = issuing();
    story.tell(dispute(LOG, 9), dispute(OTHER, 5));
    const at = story.tell(dispute(LOG, 3, 'earlier charge'));
    const chargeDigest = bytesOf('earlier charge');
    const want = { logId: LOG, charge: 'fork', chargeDigest, fromSequence: 1, fromSize: 3, registeredAt: at };
    expect(findDispute(story.facts, LOG)).to.deep.equal(want);
    expect(story.facts.disputes).to.have.length(2);
  });

  test('is gone when it is cleared, and leaves those of other logs', () => {
    const story = issuing();
    story.tell(dispute(LOG, 9), dispute(OTHER, 5), { kind: 'dispute-cleared', logId: LOG, reason: '已查明' });
    expect(findDispute(story.facts, LOG)).to.equal(undefined);
    expect(disputes(story)).to.deep.equal([`${encodeHex(OTHER).slice(0, 4)} 5`]);
    story.tell(dispute(LOG, 11));
    expect(findDispute(story.facts, LOG)!.fromSize).to.equal(11);
  });
});

test('regions nest by pairs of digits', () => {
  expect(isRegionWithin('350102', '350000')).to.equal(true);
  expect(isRegionWithin('350102', '350100')).to.equal(true);
  expect(isRegionWithin('350102', '000000')).to.equal(true);
  expect(isRegionWithin('350102', '350200')).to.equal(false);
  expect(isRegionWithin('350000', '350100')).to.equal(false);
  expect(isRegionWithin('', '350100')).to.equal(false);
});
