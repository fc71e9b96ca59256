import { describe, test } from 'node:test';
import { expect } from 'chai';
import { contradictionOf } from '../../core/authority/contradiction.ts';
import type { LogFact, RegistryFacts } from '../../core/authority/registry.ts';
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
  RegistryStory,
  scope,
  SUCCESSOR,
  TYPE,
  type Untold,
  wholeStory,
} from './registry-story.ts';

const LOG = logIdNamed(ISSUER, 'licences');
const whole = wholeStory();
const snapshot = whole.facts;
/** Later than everything in the snapshot. */
const later = snapshot.block.at + 1_000;

/** The registry after what may still happen to it. */
function after(...events: readonly Untold[]): RegistryFacts {
  const story = new RegistryStory();
  story.facts = snapshot;
  story.tell(...events);
  return story.facts;
}

describe('what a verifier says does not contradict a snapshot when', () => {
  const moved = { code: SUCCESSOR, successor: AUDIT, logIds: [LOG], licenceTypes: [TYPE], movedAt: later } as const;
  for (const [what, ...events] of [
    ['nothing happened since'],
    [
      'authorities, keys, scopes, duties, logs, modes and coverages were added',
      authority('11999900MB0000009X'),
      key(ISSUER, 'x', 'request'),
      scope(COUNTY, 'x'),
      duty(COUNTY, 'x'),
      licenceLog(ISSUER, 'x'),
      { kind: 'mode-set', logId: logIdNamed(ISSUER, 'x'), licenceType: TYPE, mode: 'public' },
      { kind: 'coverage-declared', code: ISSUER, licenceType: TYPE, since: later },
    ],
    ['a key was retired', { kind: 'key-retired', keyId: keyIdNamed('log key'), validTo: later }],
    [
      'a key was lost, or an earlier loss found out',
      { kind: 'key-compromised', keyId: keyIdNamed('log key'), since: 5 },
      { kind: 'key-compromised', keyId: keyIdNamed('witness key'), since: 5 },
    ],
    ['a suspension was lifted', { kind: 'key-suspended', keyId: keyIdNamed('log key'), suspendedAt: later, until: null }],
    ['a key was suspended', { kind: 'key-suspended', keyId: keyIdNamed('vrf key'), suspendedAt: later, until: later + 9 }],
    ['a scope ended, and with it its part', { kind: 'scope-ended', scopeId: bytesOf('scope'), validTo: later }],
    ['a duty ended, and with it its part', { kind: 'duty-ended', dutyId: bytesOf('duty'), validTo: later }],
    ['an account changed', { kind: 'account-changed', code: ISSUER, account: bytesOf('new').subarray(0, 20) }],
    ['an authority came under another', { kind: 'parent-changed', code: AUDIT, parent: GOVERNMENT }],
    ['a log was closed', { kind: 'log-closed', logId: LOG, closedAt: later, byOwner: true }],
    ['a log moved on', { kind: 'function-moved', ...moved }],
    [
      'a log moved on twice, once back',
      { kind: 'function-moved', ...moved },
      { kind: 'function-moved', ...moved, code: AUDIT, successor: ISSUER, movedAt: later + 1_000 },
    ],
    ['an authority was dissolved', { kind: 'authority-dissolved', code: ISSUER, dissolvedAt: later }],
    ['a dispute was cleared', { kind: 'dispute-cleared', logId: LOG, reason: 'x' }],
    ['a dispute began, or one reached further back', dispute(logIdNamed(ISSUER, 'seals'), 1), dispute(LOG, 1)],
    ['a log has a later VRF key', { kind: 'vrf-key-set', logId: LOG, keyId: keyIdNamed('vrf key'), fromIndex: 9 }],
  ] as readonly (readonly [string, ...Untold[]])[]) {
    test(what, () => {
      expect(contradictionOf(after(...events), snapshot)).to.equal(null);
    });
  }
});

const changedAt = <Fact>(facts: readonly Fact[], place: number, changes: Partial<Fact>): Fact[] =>
  facts.map((fact, i) => (i === place ? { ...fact, ...changes } : fact));
const withLog = (changes: Partial<LogFact>, place = 0): RegistryFacts => ({
  ...snapshot,
  logs: changedAt(snapshot.logs, place, changes),
});

describe('what a verifier says contradicts a snapshot when', () => {
  const [issuerLog, closedLog] = snapshot.logs as [LogFact, LogFact];
  const [first, second] = issuerLog.owners;
  const early = snapshot.block.at - 1;
  const cases: readonly (readonly [string, RegistryFacts])[] = [
    ['an authority has another name', { ...snapshot, authorities: changedAt(snapshot.authorities, 0, { name: 'x' }) }],
    ['an authority is of another region', { ...snapshot, authorities: changedAt(snapshot.authorities, 0, { region: '110000' }) }],
    ['a dissolved authority is not', { ...snapshot, authorities: changedAt(snapshot.authorities, 4, { dissolvedAt: null }) }],
    ['it was dissolved earlier', { ...snapshot, authorities: changedAt(snapshot.authorities, 4, { dissolvedAt: 5 }) }],
    ['a key is of another authority', { ...snapshot, keys: changedAt(snapshot.keys, 0, { authority: AUDIT }) }],
    ['a key has another use', { ...snapshot, keys: changedAt(snapshot.keys, 0, { type: 'document' }) }],
    ['a key was valid before', { ...snapshot, keys: changedAt(snapshot.keys, 0, { validFrom: 5 }) }],
    ['a lost key is not', { ...snapshot, keys: changedAt(snapshot.keys, 2, { compromisedAt: null }) }],
    ['a lost key was lost later', { ...snapshot, keys: changedAt(snapshot.keys, 2, { compromisedAt: later }) }],
    ['a scope is wider', { ...snapshot, scopes: changedAt(snapshot.scopes, 0, { region: '000000' }) }],
    ['a scope is a part of another', { ...snapshot, scopes: changedAt(snapshot.scopes, 1, { parentId: null }) }],
    ['a scope ends later', { ...snapshot, scopes: changedAt(snapshot.scopes, 1, { validTo: later * 2 }) }],
    ['a scope does not end', { ...snapshot, scopes: changedAt(snapshot.scopes, 1, { validTo: null }) }],
    ['a duty is for another purpose', { ...snapshot, duties: changedAt(snapshot.duties, 0, { purpose: 'x' }) }],
    ['a duty does not end', { ...snapshot, duties: changedAt(snapshot.duties, 1, { validTo: null }) }],
    [
      'a key was retired before the snapshot, which did not know',
      { ...snapshot, keys: changedAt(snapshot.keys, 0, { validTo: early }) },
    ],
    ['a scope ended before the snapshot', { ...snapshot, scopes: changedAt(snapshot.scopes, 1, { validTo: early }) }],
    ['a log was closed before the snapshot', withLog({ closedAt: early })],
    ['a log’s first VRF key is another', withLog({ vrfKeys: [{ keyId: bytesOf('another'), fromIndex: 0 }] })],
    ['a log is of another class', withLog({ class: 'access' })],
    ['a log has another promise span', withLog({ promiseSpan: 1 })],
    ['seals have another term', withLog({ term: 1 }, 2)],
    ['a log was registered at another time', withLog({ registeredAt: 5 })],
    ['a closed log is open', withLog({ closedAt: null }, 1)],
    ['it was closed earlier', withLog({ closedAt: closedLog.closedAt! - 1 }, 1)],
    ['somebody else closed it', withLog({ closedByOwner: !closedLog.closedByOwner }, 1)],
    ['a log never moved', withLog({ owners: [first!], authority: ISSUER })],
    ['its first owner is another', withLog({ owners: [{ ...first!, authority: AUDIT }, second!] })],
    ['it moved at another time', withLog({ owners: [first!, { ...second!, since: second!.since - 1 }] })],
    ['it was somebody else’s in between', withLog({ owners: [first!, { authority: AUDIT, since: second!.since }, second!] })],
    [
      'it moved on before the snapshot',
      withLog({ owners: [first!, second!, { authority: AUDIT, since: early }], authority: AUDIT }),
    ],
    ['a mode is another', { ...snapshot, modes: changedAt(snapshot.modes, 0, { mode: 'private' }) }],
    [
      'a coverage was recorded at another time',
      { ...snapshot, coverages: changedAt(snapshot.coverages, 0, { registeredAt: 5 }) },
    ],
    ['a move was to another', { ...snapshot, successions: changedAt(snapshot.successions, 0, { successor: AUDIT }) }],
    ['a move was of other types', { ...snapshot, successions: changedAt(snapshot.successions, 0, { licenceTypes: [TYPE] }) }],
    ['a move was of other logs', { ...snapshot, successions: changedAt(snapshot.successions, 0, { logIds: [] }) }],
  ];
  for (const [what, live] of cases) {
    test(what, () => {
      expect(contradictionOf(live, snapshot)).not.to.equal(null);
    });
  }

  const LISTS = ['authorities', 'keys', 'scopes', 'duties', 'logs', 'modes', 'coverages', 'successions'] as const;
  for (const list of LISTS) {
    test(`one of its ${list} is missing`, () => {
      for (const [place] of snapshot[list].entries()) {
        const live = { ...snapshot, [list]: snapshot[list].filter((_, i) => i !== place) };
        expect(contradictionOf(live, snapshot)).to.contain(list);
      }
    });

    test(`one of ${list} was added before it`, () => {
      const without = { ...snapshot, [list]: snapshot[list].slice(1) };
      expect(contradictionOf(snapshot, without)).to.contain(list);
    });
  }

  const twice = <Fact>(facts: readonly Fact[], place: number, changes: Partial<Fact>, isFirst: boolean): Fact[] => {
    const forged = { ...facts[place]!, ...changes };
    return isFirst ? [forged, ...facts] : [...facts, forged];
  };
  for (const isFirst of [true, false]) {
    test(`a fact is said a second time, in another way, and ${isFirst ? 'before' : 'after'} the true one`, () => {
      const forgeries: Partial<RegistryFacts>[] = [
        { authorities: twice(snapshot.authorities, 0, { dissolvedAt: later }, isFirst) },
        { keys: twice(snapshot.keys, 0, { authority: AUDIT }, isFirst) },
        { scopes: twice(snapshot.scopes, 0, { region: '000000' }, isFirst) },
        { duties: twice(snapshot.duties, 0, { authority: AUDIT }, isFirst) },
        { logs: twice(snapshot.logs, 0, { authority: AUDIT }, isFirst) },
        { modes: twice(snapshot.modes, 1, { mode: 'public' }, isFirst) },
      ];
      for (const forged of forgeries) expect(contradictionOf({ ...snapshot, ...forged }, snapshot)).not.to.equal(null);
    });
  }
});

test('a coverage that was declared again, in another block or the same, contradicts nothing', () => {
  const again = { kind: 'coverage-declared', code: ISSUER, licenceType: TYPE, since: snapshot.coverages[0]!.since } as const;
  const live = after(again);
  expect(live.coverages).to.have.length(2);
  expect(contradictionOf(live, snapshot)).to.equal(null);
  const both = { ...live, coverages: [...live.coverages, live.coverages[1]!] };
  expect(contradictionOf(both, live)).to.equal(null);
  expect(contradictionOf(both, both)).to.equal(null);
});
