/** How one log is asked, without a page: what each party must show, and what is made of it when it does not. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import { type AskedLog, askLog, type CheckpointName, type Doors } from '../../core/citizen/ask.ts';
import { parsePromised } from '../../core/citizen/promised.ts';
import { rowsOf, shownIn } from '../../core/citizen/row.ts';
import { decodeEntry, KINDS } from '../../core/log/entry.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { DAY, HOUSING, INSURANCE, OTHER, PERSON, POLICE } from '../portal/access-log.ts';
import { anchorsIn, standingIn } from '../portal/honest-verifier.ts';
import { sampleStory } from '../portal/sample-story.ts';
import { AccessStory } from '../portal/story.ts';

const story = sampleStory();

function doors(of: AccessStory = story, change: Partial<Doors> = {}): Doors {
  return {
    custodian: async ({ authority }) => of.answer(authority, PERSON),
    standing: async (logId, at) => standingIn(of, logId, at?.size ?? null, at?.issuedAt ?? null),
    anchors: async (logId, from, to) => anchorsIn(of, logId, from, to),
    promised: async ({ authority }) => parsePromised(of.promised(authority, PERSON)),
    ...change,
  };
}

const silent = () => Promise.reject(unavailable('no answer'));
/** As a page hears it. */
const denies = () => Promise.reject(unavailable('the other side refuses', { status: 409 }));
const tired = () => Promise.reject(unavailable('the other side refuses', { status: 429 }));

function ask(code: string, change: Partial<Doors> = {}, of: AccessStory = story): Promise<AskedLog> {
  const log = of.facts.logs.find((one) => one.class === 'access' && one.authority === code)!;
  return askLog(doors(of, change), { world: of.world(), log, number: PERSON });
}

const outcomeOf = ({ judgement: { completeness } }: AskedLog): string =>
  completeness.outcome === 'complete' ? 'complete' : completeness.code;

describe('a log that is asked', () => {
  test('is complete with the custodian’s proofs and a verifier’s word on the same checkpoint', async () => {
    const asked = await ask(POLICE);
    expect([outcomeOf(asked), asked.newer, asked.beyond.length]).to.deep.equal(['complete', null, 0]);
    expect(asked.judgement.entries).to.have.length(10);
  });

  test('is asked to answer at the checkpoint that the verifier stands on, and without a verifier at one of its own choice', async () => {
    const asked: (number | undefined)[] = [];
    const listen = { custodian: async (_: unknown, at: CheckpointName | null) => (asked.push(at?.size), silent()) };
    await ask(POLICE, listen);
    await ask(POLICE, { ...listen, standing: silent });
    const { size } = story.answer(POLICE, PERSON).checkpoint.checkpoint;
    expect(asked).to.deep.equal([size, undefined]);
  });

  for (const [what, change, want] of [
    ['the custodian is silent', { custodian: silent }, 'NODE_UNREACHABLE'],
    ['the custodian was asked too often', { custodian: tired }, 'TOO_OFTEN'],
    ['the custodian denies that checkpoint', { custodian: denies }, 'OTHER_CHECKPOINT'],
    ['the verifier is silent', { standing: silent }, 'CHAIN_UNREACHABLE'],
    [
      'the verifier does not know that checkpoint',
      { standing: async (logId) => standingIn(story, logId, 0) },
      'OTHER_CHECKPOINT',
    ],
    [
      'the verifier speaks of another log',
      { standing: async () => standingIn(story, story.log(INSURANCE).logId, null) },
      'OTHER_LOG',
    ],
  ] as const satisfies readonly (readonly [string, Partial<Doors>, string])[]) {
    test(`is not known to be complete when ${what}`, async () => {
      expect(outcomeOf(await ask(POLICE, change))).to.equal(want);
    });
  }

  test('without keys is not connected, and its custodian is not asked', async () => {
    let calls = 0;
    const asked = await ask(HOUSING, { custodian: async () => (calls++, silent()) });
    expect([outcomeOf(asked), calls]).to.deep.equal(['NOT_CONNECTED', 0]);
  });

  test('stays complete without anchors around the entries: only their times are less exact', async () => {
    const [exact, rough] = [await ask(POLICE), await ask(POLICE, { anchors: silent })];
    expect(outcomeOf(rough)).to.equal('complete');
    const widths = ({ judgement }: AskedLog): number[] =>
      judgement.entries.map(({ recordedIn }) => recordedIn.to! - recordedIn.from);
    for (const [i, width] of widths(exact).entries()) expect(width).to.be.at.most(widths(rough)[i]!);
    expect(Math.min(...widths(exact))).to.be.below(30 * DAY);
  });

  test('asks the verifier for whole days, and for no more than forty of them', async () => {
    const days: number[] = [];
    await ask(POLICE, { anchors: async (_, from, to) => (days.push(from), expect(to - from).to.equal(DAY), []) });
    expect(days.every((day) => day % DAY === 0)).to.equal(true);
    expect(new Set(days).size).to.equal(days.length);
  });
});

describe('what is promised beyond the checkpoint', () => {
  const promising = (): AccessStory => {
    const one = new AccessStory(Date.now() - DAY);
    one.anchorAll();
    one.read(POLICE, PERSON);
    one.anchorAll();
    one.read(POLICE, OTHER);
    one.read(POLICE, PERSON);
    return one;
  };
  const rows = (asked: AskedLog) => {
    const { log, entries } = shownIn(asked.judgement);
    return rowsOf([{ log, entries: [...entries, ...asked.beyond] }], Date.now());
  };

  test('is provisional, at the next slot of her own handle, and in no count', async () => {
    const asked = await ask(POLICE, {}, promising());
    expect(outcomeOf(asked)).to.equal('complete');
    expect(asked.judgement.entries).to.have.length(1);
    expect(rows(asked).map(({ state, entryIndex }) => [state, entryIndex])).to.deep.equal([
      ['provisional', null],
      ['proven', 0],
    ]);
  });

  test('of another person, or out of order, is left out', async () => {
    const one = promising();
    const others = await ask(POLICE, { promised: async () => parsePromised(one.promised(POLICE, OTHER)) }, one);
    expect(others.beyond).to.deep.equal([]);
    one.read(POLICE, PERSON);
    const second = await ask(POLICE, { promised: async () => parsePromised(one.promised(POLICE, PERSON)).slice(1) }, one);
    expect(second.beyond).to.deep.equal([]);
  });

  test('that nobody tells changes nothing', async () => {
    const asked = await ask(POLICE, { promised: silent }, promising());
    expect([outcomeOf(asked), asked.beyond]).to.deep.equal(['complete', []]);
  });
});

describe('rows', () => {
  test('take a content for erased only where an erasure stands in the history', async () => {
    const one = new AccessStory(Date.now() - DAY);
    one.anchorAll();
    const [erased, claimed] = [one.read(POLICE, PERSON), one.read(POLICE, PERSON)];
    one.erase(POLICE, PERSON, erased);
    one.log(POLICE).contents.set(encodeHex(claimed), { state: 'erased' });
    one.anchorAll();
    const { judgement } = await ask(POLICE, {}, one);
    const states = new Map(rowsOf([shownIn(judgement)], Date.now()).map(({ name, state }) => [name, state]));
    expect([states.get(encodeHex(erased)), states.get(encodeHex(claimed))]).to.deep.equal(['erased', 'withheld']);
  });

  test('take it for erased, without law and time, where the content of a later erasure is lost', async () => {
    const one = new AccessStory(Date.now() - DAY);
    one.anchorAll();
    const erased = one.read(POLICE, PERSON);
    one.erase(POLICE, PERSON, erased);
    const later = one.read(POLICE, PERSON);
    const { contents, rows } = one.log(POLICE);
    const erasure = rows.find(({ bytes }) => decodeEntry(bytes).kind === KINDS.erasure)!;
    contents.set(encodeHex(leafHashOf(erasure.bytes)), { state: 'lost' });
    contents.set(encodeHex(later), { state: 'erased' });
    one.anchorAll();
    const { judgement } = await ask(POLICE, {}, one);
    const told = new Map(rowsOf([shownIn(judgement)], Date.now()).map((row) => [row.name, [row.state, row.erasure]]));
    expect(told.get(encodeHex(erased))).to.deep.equal(['erased', null]);
    expect(told.get(encodeHex(later))).to.deep.equal(['withheld', null]);
  });

  test('keep an objection to something that is not shown here, and hide no reply but the one that counts', async () => {
    const one = new AccessStory(Date.now() - DAY);
    one.anchorAll();
    const read = one.read(POLICE, PERSON);
    const objection = one.object(POLICE, PERSON, read, '为什么？');
    one.answerTo(POLICE, PERSON, objection, '正在核查。');
    one.answerTo(POLICE, PERSON, objection, '已更正。');
    one.object(POLICE, PERSON, one.log(INSURANCE).logId, '另一条。');
    one.anchorAll();
    const asked = await ask(POLICE, {}, one);
    const told = rowsOf([shownIn(asked.judgement)], Date.now());
    expect(told.map(({ kind, objections }) => [kind, objections.length])).to.deep.equal([
      ['objection', 1],
      ['answer', 0],
      ['access', 1],
    ]);
    expect(told[2]!.objections[0]!.reply?.text).to.equal('已更正。');
  });
});
