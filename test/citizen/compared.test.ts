/** A person's complete history against the copies of those who read: what only the two together show, and whom nothing convicts. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { judgeLog, type LogJudgement } from '../../core/access/answer-check.ts';
import type { AccessBody } from '../../core/access/body.ts';
import type { AccessOutcome } from '../../core/access/outcome.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { compareCopies, type Comparison, judgeCopy } from '../../core/citizen/compared.ts';
import { type AccessCopy, formatCopies, parseCopies } from '../../core/citizen/copies.ts';
import { decodeEntry, type Entry } from '../../core/log/entry.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { signerOf } from '../../core/log/signer.ts';
import { expectRefusal } from '../log/mangling.ts';
import { ACCESSOR, accessorSigner, bodyFor, bytesOf, CUSTODIAN, custodianSigner, keyOf } from '../access/sample.ts';
import { outcomeFor, person, QUANTUM, RECORDED_AT, REQUEST, signOutcome, signRequest, treeOf } from '../access/sample.ts';
import { accessLog, AccessWorld, AUDIT, FACTS, logFact, withKey } from '../access/world.ts';
import { copyOf, copyWithout, logSigner } from './copy.ts';

/** Another reading, of person 1 alone. */
function other(change: Partial<AccessOutcome> = {}, signer = custodianSigner, number = person(1)): AccessBody {
  const request = signRequest({ ...REQUEST, nonce: bytesOf('another request') }, accessorSigner);
  const tree = treeOf(number);
  return { request, outcome: signOutcome(outcomeFor(request, tree, change), signer), subject: tree.subjects[0]! };
}

interface Told {
  readonly world: AccessWorld;
  readonly entry: Entry;
}

/** Person 1 was read once, and it stands in her history. Anchored an hour of quanta later, so that every promise is due. */
function told(facts: RegistryFacts = FACTS): Told {
  const world = new AccessWorld(facts);
  const entry = world.record(person(1), bodyFor(person(1)));
  world.clock += 60 * QUANTUM;
  world.anchor();
  return { world, entry };
}

function judge(world: AccessWorld, i = 1): LogJudgement {
  const question = { world: world.world(), log: accessLog(world.facts), number: person(i) };
  return judgeLog({ ...question, standing: world.standing(), answer: world.answer(person(i)) });
}

function compare(
  world: AccessWorld,
  copies: readonly AccessCopy[],
  { judgement = judge(world), facts = world.facts }: { judgement?: LogJudgement; facts?: RegistryFacts } = {},
): Comparison {
  return compareCopies({ facts, number: person(1), judgements: [judgement] }, [{ accessor: ACCESSOR, copies }]);
}

const saying = (comparison: Comparison): string[] =>
  comparison.copies.map(({ standing, code }) => (code === null ? standing : `${standing} ${code}`));

describe('a copy that an accessor kept', () => {
  test('agrees where the entry stands in the history, and names it', () => {
    const { world, entry } = told();
    const compared = compare(world, [copyOf(world, entry)]);
    expect(saying(compared)).to.deep.equal(['agrees']);
    expect([...compared.agreeing]).to.deep.equal([compared.copies[0]!.entry]);
    expect(compared.agreeing.size).to.equal(1);
  });

  test('agrees with an entry whose content the custodian erased: the entry is still that very one', () => {
    const { world, entry } = told();
    const copy = copyOf(world, entry);
    for (const name of world.contents.keys()) world.contents.set(name, { state: 'erased' });
    expect(saying(compare(world, [copy]))).to.deep.equal(['agrees']);
  });

  test('agrees with what was recorded anew by the same two papers, as after a seal', () => {
    const { world } = told();
    expect(saying(compare(world, [copyWithout(bodyFor(person(1)))]))).to.deep.equal(['agrees']);
  });

  test('without an entry in the complete history convicts the custodian: not recorded, or under another number', () => {
    const { world } = told();
    const compared = compare(world, [copyWithout(other())]);
    expect(saying(compared)).to.deep.equal(['missing NOT_IN_HISTORY']);
    expect([compared.copies[0]!.outcome!.custodian, compared.copies[0]!.request!.accessor]).to.deep.equal([CUSTODIAN, ACCESSOR]);
    expect(compared.agreeing.size).to.equal(0);
  });

  test('convicts a custodian that has the entry in its log, under the number of somebody else', () => {
    const world = new AccessWorld();
    const entry = world.record(person(2), other());
    world.clock += 60 * QUANTUM;
    world.anchor();
    expect(saying(compare(world, [copyOf(world, entry)]))).to.deep.equal(['missing NOT_IN_HISTORY']);
  });

  test('of an outcome that names a log which the registry does not list convicts, whatever the histories say', () => {
    const { world } = told();
    const hidden = { origin: parseOrigin(`sample/${CUSTODIAN}/second`) };
    expect(saying(compare(world, [copyWithout(other(hidden))]))).to.deep.equal(['missing OTHER_LOG']);
    const early = { ...world.facts, block: { ...world.facts.block, at: RECORDED_AT } };
    const histories = { facts: early, number: person(1), judgements: [judge(world)] };
    expect(judgeCopy(histories, ACCESSOR, copyWithout(other(hidden))).code).to.equal('UNDECIDED');
  });

  test('differs where the custodian signed one outcome to the accessor and shows her another', () => {
    const world = new AccessWorld();
    world.record(person(1), other({ result: 'refused', code: 'NO_DUTY', fields: [] }));
    world.clock += 60 * QUANTUM;
    world.anchor();
    expect(saying(compare(world, [copyWithout(other())]))).to.deep.equal(['differs OTHER_OUTCOME']);
  });
});

describe('nobody is convicted', () => {
  test('before the promise is due', () => {
    const { world } = told();
    const later = copyWithout(other(), { deadlineAt: RECORDED_AT + 500 + 1_800_000 });
    expect(saying(compare(world, [later]))).to.deep.equal(['missing NOT_IN_HISTORY']);
    const early = new AccessWorld();
    early.record(person(1), bodyFor(person(1)));
    early.anchor();
    expect(saying(compare(early, [later]))).to.deep.equal(['open NOT_DUE']);
  });

  test('by a history that is not known to be complete, or was not had', () => {
    const { world } = told();
    const copy = copyWithout(other());
    const gap: LogJudgement = { ...judge(world), completeness: { outcome: 'unknown', code: 'NODE_UNREACHABLE', facts: {} } };
    expect(saying(compare(world, [copy], { judgement: gap }))).to.deep.equal(['open NOT_COMPLETE']);
    const none = { facts: world.facts, number: person(1), judgements: [] };
    expect(judgeCopy(none, ACCESSOR, copy).code).to.equal('NOT_COMPLETE');
  });

  test('for an access under seal, which stands where nobody can look', () => {
    const { world } = told();
    expect(saying(compare(world, [copyWithout(other({ seal: bytesOf('a seal') }))]))).to.deep.equal(['open SEALED']);
  });

  const thief = signerOf(keyOf('a thief'));
  const lost = { compromisedAt: RECORDED_AT - 1 };
  for (const [what, copy, want, facts = FACTS] of [
    ['nobody promised', copyWithout(other(), { signer: thief }), 'open UNDECIDED'],
    ['another kind of key promised', copyWithout(other(), { signer: custodianSigner }), 'open NO_PROMISE'],
    ['is promised for too long a time', copyWithout(other(), { deadlineAt: RECORDED_AT + 1_800_501 }), 'open NO_PROMISE'],
    ['is promised by a key that was lost', copyWithout(other()), 'open UNDECIDED', withKey(logSigner, lost)],
    ['is signed by a key that was lost', copyWithout(other()), 'open UNDECIDED', withKey(custodianSigner, lost)],
    ['the accessor signed for the custodian', copyWithout(other({}, accessorSigner)), 'void FORGED_OUTCOME'],
    ['a key nobody knows signed', copyWithout(other({}, thief)), 'open UNDECIDED'],
    ['is about somebody else', copyWithout(other({}, custodianSigner, person(2))), 'void OTHER_SUBJECT'],
    [
      'names her and was not signed for her',
      copyWithout({
        ...other(),
        subject: treeOf(person(1), person(2)).subjects.find(({ number }) => number.id === person(1).id)!,
      }),
      'void BAD_PATH',
    ],
    ['answers another request', copyWithout({ ...other(), request: signRequest(REQUEST, accessorSigner) }), 'void OTHER_REQUEST'],
    ['does not open', { ...copyWithout(other()), nonce: bytesOf('another nonce') }, 'void BAD_COMMITMENT'],
  ] as const satisfies readonly (readonly [string, AccessCopy, string, RegistryFacts?])[]) {
    test(`by a copy that ${what}`, () => {
      const { world } = told();
      expect(saying(compare(world, [copy], { facts }))).to.deep.equal([want]);
    });
  }

  test('by a promise of another entry', () => {
    const { world } = told();
    const copy = { ...copyWithout(other()), promise: copyWithout(bodyFor(person(1))).promise };
    expect(saying(compare(world, [copy]))).to.deep.equal(['open NO_PROMISE']);
  });

  test('by an accessor that shows what another one read', () => {
    const { world, entry } = told();
    const compared = compareCopies({ facts: world.facts, number: person(1), judgements: [judge(world)] }, [
      { accessor: AUDIT, copies: [copyOf(world, entry)] },
    ]);
    expect(saying(compared)).to.deep.equal(['void OTHER_ACCESSOR']);
    expect([compared.agreeing.size, compared.copies[0]!.request]).to.deep.equal([0, null]);
  });

  test('by an accessor that kept nothing: the entries are not compared, and that is all', () => {
    const { world } = told();
    const compared = compare(world, []);
    expect([compared.copies.length, compared.agreeing.size]).to.deep.equal([0, 0]);
  });

  test('where the outcome names a listed log of another class as little as where it names none', () => {
    const seals = logFact(`sample/${CUSTODIAN}/seals`, 'seals');
    const { world } = told({ ...FACTS, logs: [...FACTS.logs, seals] });
    const copy = copyWithout(other({ origin: parseOrigin(seals.origin) }));
    expect(saying(compare(world, [copy]))).to.deep.equal(['missing OTHER_LOG']);
  });
});

describe('what an accessor hands a person', () => {
  test('is read as it was written', () => {
    const { world, entry } = told();
    const copies = { accessor: ACCESSOR, isAll: true, copies: [copyOf(world, entry)] };
    expect(parseCopies(parseJson(JSON.stringify(formatCopies(copies))))).to.deep.equal(copies);
    expect(
      decodeEntry(new Uint8Array(Buffer.from((formatCopies(copies)['copies'] as { entry: string }[])[0]!.entry, 'base64'))),
    ).to.deep.equal(entry);
  });

  for (const [what, change] of [
    ['another format', { format: 'veritrail-access-copies-v2' }],
    ['an unknown member', { more: 1 }],
    ['an accessor that is none', { accessor: 'somebody' }],
    ['too many copies', { copies: Array.from({ length: 4097 }, () => ({})) }],
    ['a copy without its nonce', { copies: [{ entry: '', body: '', promise: {} }] }],
  ] as const) {
    test(`with ${what} is refused`, () => {
      const value = { ...formatCopies({ accessor: ACCESSOR, isAll: true, copies: [] }), ...change };
      expectRefusal('MALFORMED', () => parseCopies(parseJson(JSON.stringify(value))));
    });
  }
});
