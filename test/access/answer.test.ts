/** What a person may conclude from a custodian's answer, and the numbers of the sentence. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { type AccessAnswer, formatAccessAnswer, parseAccessAnswer } from '../../core/access/answer.ts';
import { judgeLog, type LogJudgement } from '../../core/access/answer-check.ts';
import { accessLogsOf, custodiansOf, sentenceOf } from '../../core/access/sentence.ts';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { type JsonObject, type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { KINDS } from '../../core/log/entry.ts';
import { signNote } from '../../core/log/note.ts';
import { signerOf } from '../../core/log/signer.ts';
import { publicKeyOf } from '../../core/sm/sm2.ts';
import { proveHandle, handleOf } from '../../core/access/handle.ts';
import type { LogAnswer } from '../../core/verify/lookup.ts';
import { expectOneTextSpelling, expectRefusal } from '../log/mangling.ts';
import { bodyFor, bytesOf, CUSTODIAN, keyOf, LOG_ID, ORIGIN, outcomeFor, person, REQUEST, accessorSigner } from './sample.ts';
import { signOutcome, signRequest, treeOf, vrfKey } from './sample.ts';
import { accessLog, AccessWorld, FACTS, logFact, nextVrfKey, ROTATED, withKey, withLog } from './world.ts';

/** Persons 1, 2 and 3 in one event; person 1 in another; nobody asked about person 0. */
function story(world = new AccessWorld()): AccessWorld {
  for (const i of [1, 2, 3]) world.record(person(i), bodyFor(person(i)));
  world.append(KINDS.access, bytesOf('random slot'), encodeUtf8('padding'));
  world.anchor();
  const request = signRequest({ ...REQUEST, nonce: bytesOf('second'), requestedAt: world.clock }, accessorSigner);
  const tree = treeOf(person(1));
  const outcome = signOutcome(outcomeFor(request, tree, { answeredAt: world.clock + 1 }));
  world.record(person(1), { request, outcome, subject: tree.subjects[0]! });
  world.anchor();
  return world;
}

const TOLD = story();

interface Given {
  readonly world?: AccessWorld;
  readonly i?: number;
  readonly answer?: AccessAnswer | null;
  readonly standing?: LogAnswer | null;
}

function judge({ world = TOLD, i = 1, answer = world.answer(person(i)), standing = world.standing() }: Given = {}): LogJudgement {
  return judgeLog({ world: world.world(), log: accessLog(world.facts), number: person(i), standing, answer });
}

const saying = ({ completeness }: LogJudgement): string =>
  completeness.outcome === 'complete' ? 'complete' : `unknown ${completeness.code}`;

describe('an honest answer', () => {
  test('is complete up to its checkpoint, with every access opened and found good', () => {
    const judged = judge();
    expect(saying(judged)).to.equal('complete');
    expect(judged.entries.map(({ kind }) => kind)).to.deep.equal(['access', 'access']);
    for (const { checked } of judged.entries) {
      const outcomes = Object.entries(checked!.findings).filter(([, { outcome }]) => outcome !== 'pass');
      expect(outcomes.map(([id]) => id)).to.deep.equal(['operator', 'seal']);
    }
    if (judged.completeness.outcome !== 'complete') throw new Error('unreachable');
    expect(judged.completeness.upTo.size).to.equal(5);
    expect(judged.completeness.anchor.anchoredAt).to.equal(TOLD.clock + 1000);
  });

  test('about somebody nobody asked about proves just that', () => {
    const judged = judge({ i: 0 });
    expect(saying(judged)).to.equal('complete');
    expect(judged.entries).to.deep.equal([]);
  });

  test('shows nothing of the others, whose numbers stand nowhere in it', () => {
    const told = JSON.stringify(formatAccessAnswer(TOLD.answer(person(1))));
    const opened = TOLD.answer(person(1)).epochs.flatMap(({ items }) =>
      items.map(({ content }) => (content?.state === 'opened' ? Buffer.from(content.body).toString() : '')),
    );
    for (const other of [0, 2, 3]) {
      expect(told + opened.join('')).to.not.contain(person(other).id);
      expect(told).to.not.contain(encodeHex(handleOf(vrfKey, LOG_ID, person(other))));
    }
    expect(opened.join('')).to.contain(person(1).id);
  });

  test('covers both keys after a rotation', () => {
    const world = story(new AccessWorld(ROTATED));
    world.record(person(1), bodyFor(person(1)), nextVrfKey);
    world.anchor();
    const judged = judge({ world, answer: world.answer(person(1), [vrfKey, nextVrfKey]) });
    expect(saying(judged)).to.equal('complete');
    expect(judged.entries.length).to.equal(3);
    expect(saying(judge({ world, answer: world.answer(person(1), [vrfKey]) }))).to.equal('unknown NOT_SHOWN');
    expect(saying(judge({ world, answer: world.answer(person(1), [nextVrfKey]) }))).to.equal('unknown NOT_SHOWN');
  });

  test('stays complete where a body is refused, erased or not sent', () => {
    for (const content of [null, { state: 'erased' }, { state: 'refused', legalBasis: '刑事诉讼法' }] as const) {
      const { checkpoint, epochs } = TOLD.answer(person(1));
      const [epoch] = epochs as [(typeof epochs)[number]];
      const judged = judge({
        answer: { checkpoint, epochs: [{ ...epoch, items: epoch.items.map((item) => ({ ...item, content })) }] },
      });
      expect(saying(judged)).to.equal('complete');
      expect(judged.entries.map(({ checked }) => checked)).to.deep.equal([null, null]);
    }
  });
});

describe('no conclusion is drawn', () => {
  const { checkpoint, epochs } = TOLD.answer(person(1));
  const [epoch] = epochs as [(typeof epochs)[number]];
  const answered = (change: Partial<typeof epoch>): AccessAnswer => ({ checkpoint, epochs: [{ ...epoch, ...change }] });
  const another = TOLD.answer(person(2)).epochs[0]!;

  const cases: Readonly<Record<string, readonly [Given, string]>> = {
    'where the custodian does not answer': [{ answer: null }, 'NODE_UNREACHABLE'],
    'where no verifier answers': [{ standing: null }, 'CHAIN_UNREACHABLE'],
    'from an answer without an epoch': [{ answer: { checkpoint, epochs: [] } }, 'NOT_SHOWN'],
    'from a history whose last entry is left out': [{ answer: answered({ items: epoch.items.slice(0, 1) }) }, 'BAD_PROOF'],
    'from a history whose first entry is left out': [{ answer: answered({ items: epoch.items.slice(1) }) }, 'BAD_PROOF'],
    'from an empty history with the absence of a later slot': [{ answer: answered({ items: [] }) }, 'BAD_PROOF'],
    'from another person’s history': [{ answer: { checkpoint, epochs: [another] } }, 'BAD_PROOF'],
    'from another person’s history under her own handle': [
      { answer: answered({ items: another.items, absence: another.absence }) },
      'BAD_PROOF',
    ],
    'from a handle of another key': [{ answer: answered({ proof: proveHandle(nextVrfKey, LOG_ID, person(1)) }) }, 'BAD_PROOF'],
    'from the empty history of a number that she does not have': [
      { answer: answered({ ...TOLD.answer(person(0)).epochs[0]!, proof: epoch.proof }) },
      'BAD_PROOF',
    ],
    'from another checkpoint than the verifier’s': [
      {
        answer: {
          checkpoint: signNote({ ...checkpoint.checkpoint, issuedAt: checkpoint.checkpoint.issuedAt + 1 }, signerOf(keyOf('x'))),
          epochs,
        },
      },
      'OTHER_CHECKPOINT',
    ],
    'from a verifier’s word on another log': [{ standing: { ...TOLD.standing(), logId: bytesOf('another') } }, 'OTHER_LOG'],
    'from a verifier’s answer that is no note': [{ standing: { ...TOLD.standing(), checkpoint: 'x' } }, 'OTHER_LOG'],
    'from a log that is forked': [{ standing: { ...TOLD.standing(), trouble: 'FORKED_LOG' } }, 'FORKED_LOG'],
    'from a checkpoint without an anchor': [{ standing: { ...TOLD.standing(), anchors: [] } }, 'PROVISIONAL'],
  };
  for (const [rule, [given, code]] of Object.entries(cases)) {
    test(rule, () => void expect(saying(judge(given))).to.equal(`unknown ${code}`));
  }

  for (const [rule, options, code] of [
    ['from a checkpoint that no witness cosigned', { cosigned: false }, 'UNWITNESSED'],
    ['from an anchor that no witness attests', { attested: false }, 'UNWITNESSED'],
    ['from a checkpoint signed with another key', { signer: signerOf(keyOf('x')) }, 'BAD_SIGNATURE'],
  ] as const) {
    test(rule, () => {
      const world = story();
      world.anchor(options);
      expect(saying(judge({ world }))).to.equal(`unknown ${code}`);
    });
  }

  test('from a log that is not connected', () => {
    const world = story(new AccessWorld(withLog({ vrfKeys: [] })));
    expect(saying(judge({ world, answer: null }))).to.equal('unknown NOT_CONNECTED');
  });

  test('from a VRF key that the registry does not have as one', () => {
    const world = story(
      new AccessWorld(withKey({ publicKey: publicKeyOf(vrfKey), sign: () => bytesOf('') as never }, { type: 'log' })),
    );
    expect(saying(judge({ world }))).to.equal('unknown UNKNOWN_KEY');
  });

  test('from a log of another class', () => {
    const log = { ...accessLog(), class: 'licence' as const };
    const judged = judgeLog({
      world: TOLD.world(),
      log,
      number: person(1),
      standing: TOLD.standing(),
      answer: TOLD.answer(person(1)),
    });
    expect(saying(judged)).to.equal('unknown OTHER_LOG');
  });

  test('from a custodian that logged her access under a wrong number: it is not found here, only by comparing', () => {
    const world = new AccessWorld();
    world.record(person(0), bodyFor(person(1)));
    world.anchor();
    expect(saying(judge({ world }))).to.equal('complete');
    expect(judge({ world }).entries).to.deep.equal([]);
    const [entry] = judge({ world, i: 0 }).entries;
    expect(entry!.checked!.findings.subject).to.deep.include({ outcome: 'fail', code: 'OTHER_SUBJECT' });
  });
});

describe('an answer on the wire', () => {
  const text = JSON.stringify(formatAccessAnswer(TOLD.answer(person(1))));

  test('comes back as it went', () => {
    const { epochs } = TOLD.answer(person(1));
    const contents = [null, { state: 'erased' as const }, { state: 'refused' as const, legalBasis: '法' }];
    const all = contents.map((content) => ({ ...epochs[0]!, items: epochs[0]!.items.map((item) => ({ ...item, content })) }));
    for (const epoch of [...epochs, ...all]) {
      const answer = { checkpoint: TOLD.answer(person(1)).checkpoint, epochs: [epoch] };
      expect(parseAccessAnswer(parseJson(JSON.stringify(formatAccessAnswer(answer))))).to.deep.equal(answer);
    }
  });

  test('is refused or another answer, whatever is done to it', () => {
    const short = JSON.stringify(formatAccessAnswer(TOLD.answer(person(0))));
    expectOneTextSpelling(short, (mangled) => JSON.stringify(formatAccessAnswer(parseAccessAnswer(parseJson(mangled)))));
  });

  test('has each key once, no unknown member, no other state', () => {
    const value = parseJson(text) as JsonObject & { epochs: readonly JsonObject[] };
    const [epoch] = value.epochs as readonly [JsonObject];
    const [item] = epoch['items'] as readonly [JsonObject];
    const withItem = (change: JsonObject): JsonValue => ({ ...value, epochs: [{ ...epoch, items: [{ ...item, ...change }] }] });
    // An entry of another length is read, and proves nothing.
    expect(saying(judge({ answer: parseAccessAnswer(withItem({ entry: '' })) }))).to.equal('unknown BAD_PROOF');
    for (const wrong of [
      { ...value, epochs: [epoch, epoch] },
      { ...value, extra: 1 },
      { ...value, format: 'veritrail-access-answer-v2' },
      { ...value, epochs: [{ ...epoch, h: '00' }] },
      withItem({ content: { state: 'lost' } }),
      withItem({ content: { state: 'erased', body: '' } }),
      withItem({ content: { state: 'refused' } }),
      withItem({ content: { state: 'opened', body: '' } }),
    ]) {
      expectRefusal('MALFORMED', () => parseAccessAnswer(wrong));
    }
  });
});

describe('the sentence', () => {
  const NONE = new Set<string>();
  const seals = 'sample/11999900MB0000001K/seals';
  const facts = { ...FACTS, logs: [...FACTS.logs, logFact(seals, 'seals')] };
  const counted = new Map([[seals, { sealed: 3, released: 1, unreleased: 2, overdue: 1, renewed: 0, stray: 0 }]]);

  test('may be said with its numbers where every log is complete', () => {
    const [first] = judge().entries;
    const agreeing = new Set([encodeHex(first!.proven.leafHash), encodeHex(bytesOf('an entry of another log'))]);
    const numbers = sentenceOf(facts, CUSTODIAN, [judge()], { agreeing, seals: counted });
    expect(numbers).to.deep.equal({
      custodian: CUSTODIAN,
      isComplete: true,
      logs: [{ origin: ORIGIN, upTo: { size: 5, issuedAt: TOLD.clock, anchoredAt: TOLD.clock + 1000 }, entries: 2, code: null }],
      anchoredAt: TOLD.clock + 1000,
      entries: 2,
      accesses: 2,
      compared: 1,
      seals: { unreleased: 2, overdue: 1 },
    });
  });

  test('may not be said where one log was not asked, did not answer, or is not connected', () => {
    const second = logFact('sample/11999900MB0000001K/access2', 'access');
    const two = { ...facts, logs: [...facts.logs, second] };
    const numbers = sentenceOf(two, CUSTODIAN, [judge()], { agreeing: NONE, seals: counted });
    expect([numbers.isComplete, numbers.anchoredAt, numbers.logs.map(({ code }) => code)]).to.deep.equal([
      false,
      null,
      [null, 'NOT_SHOWN'],
    ]);
    expect(sentenceOf(facts, CUSTODIAN, [judge({ answer: null })], { agreeing: NONE, seals: counted }).isComplete).to.equal(
      false,
    );
    expect(sentenceOf(facts, 'somebody else', [], { agreeing: NONE, seals: counted }).isComplete).to.equal(false);
  });

  test('has no number of seals where one seals log was not counted', () => {
    expect(sentenceOf(facts, CUSTODIAN, [judge()], { agreeing: NONE, seals: new Map() }).seals).to.equal(null);
    expect(sentenceOf(FACTS, CUSTODIAN, [judge()], { agreeing: NONE, seals: new Map() }).seals).to.deep.equal({
      unreleased: 0,
      overdue: 0,
    });
  });

  test('asks every access log that the registry lists, whose ever it was', () => {
    const moved = withLog({ authority: 'X', owners: [...accessLog().owners, { authority: 'X', since: 1 }] });
    expect(custodiansOf(facts)).to.deep.equal([CUSTODIAN]);
    expect(accessLogsOf(moved, 'X').map(({ origin }) => origin)).to.deep.equal([ORIGIN]);
  });
});
