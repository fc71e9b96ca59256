/** Look-ups: each one signed, on record and judged; what is not on record counts for nothing. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { isCodedError, unavailable } from '../../core/bytes/error.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import { type Hash, hashFromHex } from '../../core/bytes/hash.ts';
import { encodeCaseFile, parseCaseFile } from '../../core/trace/case-file.ts';
import { confirmCase } from '../../core/trace/desk.ts';
import { type EntryFilter, verifyQuery } from '../../core/trace/query.ts';
import { rankedSampleOf } from '../../core/trace/result.ts';
import type { TracedEntry } from '../../core/trace/traced.ts';
import { judgeCase, viewOfEntry } from '../../core/trace/view.ts';
import { expectRefusal } from '../log/mangling.ts';
import { ACCESSOR } from '../access/sample.ts';
import { Auditor } from './auditor.ts';
import { citizen, OTHER_ACCESSOR } from './custodian.ts';

async function refusal(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (isCodedError(error)) return error.code;
    throw error;
  }
  return 'none';
}

function story(): Auditor {
  const auditor = new Auditor();
  const { custodian } = auditor;
  custodian.read({ subjects: [citizen(1), citizen(2)] });
  custodian.read({ accessor: 'second', operator: 'T-1', subjects: [citizen(1)] });
  custodian.world.anchor();
  custodian.read({ operator: 'S-0042', subjects: [citizen(3)], change: { purpose: 'identity.verification' } });
  custodian.world.anchor();
  return auditor;
}

const log = (auditor: Auditor) => auditor.desk().logs[0]!;

describe('a look-up', () => {
  test('by person shows her whole history, complete, and stands itself in it', async () => {
    const auditor = story();
    await auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(1) });
    const [traced] = auditor.judged.traced;
    expect([traced!.doubt, traced!.completeness!.outcome]).to.deep.equal([null, 'complete']);
    expect(traced!.entries.map(({ papers }) => papers!.request.request.accessor)).to.deep.equal([ACCESSOR, OTHER_ACCESSOR]);
    auditor.custodian.world.anchor();
    await auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(1) });
    const last = auditor.judged.traced[1]!.entries.at(-1)!.papers!.request.request;
    expect([last.action, last.purpose, last.case]).to.deep.equal(['trace', 'audit.trace', '审〔2026〕3号']);
  });

  test('finds entries by accessor, operator, purpose, time and request, each proven and judged, with persons masked', async () => {
    const first = story();
    const { clock } = first.custodian.world;
    const span = { from: 0, to: clock };
    const digest = requestDigestOf(first.custodian.events[1]!.request.envelope.payload);
    const cases: [EntryFilter, number][] = [
      [{ ...span, accessor: ACCESSOR }, 3],
      [{ ...span, accessor: ACCESSOR, operator: 'S-0042' }, 1],
      [{ ...span, purpose: 'identity.verification' }, 1],
      [{ ...span, from: clock - 60_000 }, 1],
      [{ ...span, to: clock - 60_000 }, 3],
      [{ ...span, request: digest }, 1],
    ];
    for (const [filter, count] of cases) {
      const auditor = story();
      await auditor.desk().askEntries(log(auditor), filter);
      const { entries } = auditor.judged;
      expect(entries).to.have.length(count);
      for (const { findings, content, number, recordedIn } of entries) {
        expect([content, number]).to.deep.equal(['masked', null]);
        expect(findings!.commitment.outcome).to.equal('notAsked');
        for (const id of ['request-match', 'custodian', 'request-signature', 'request-key', 'outcome-signature', 'time'] as const)
          expect(findings![id].outcome, id).to.equal('pass');
        expect(recordedIn.to).to.not.equal(null);
      }
    }
    const auditor = story();
    await auditor.desk().askEntries(log(auditor), { ...span, purpose: 'identity.verification' });
    expect(auditor.judged.entries[0]!.findings!.purpose.code).to.equal('NO_DUTY');
  });

  test('is asked on where a custodian does not show all at once, and each is on record', async () => {
    const auditor = new Auditor();
    for (let i = 0; i < 12; i++) {
      auditor.custodian.read({ subjects: [citizen(2 * i), citizen(2 * i + 1)] });
      auditor.custodian.world.anchor();
    }
    auditor.custodian.read({ subjects: Array.from({ length: 30 }, (_, i) => citizen(100 + i)) });
    auditor.custodian.world.anchor();
    auditor.custodian.most = 10;
    const { clock } = auditor.custodian.world;
    const filter = { from: clock - 3_600_000, to: clock, accessor: ACCESSOR };
    expect(await auditor.desk().askEntries(log(auditor), filter)).to.deep.equal({ isWhole: true });
    expect(auditor.judged.entries).to.have.length(54);
    expect(auditor.custodian.lookUps).to.have.length(6);
    expect(auditor.file.exchanges).to.have.length(6);
    // A custodian that says that there is more, and shows nothing: said, and not asked for ever.
    auditor.custodian.most = 0;
    expect(await auditor.desk().askEntries(log(auditor), filter)).to.deep.equal({ isWhole: false });
  });

  test('that no verifier confirmed is confirmed later, without another look-up, and only by a word that leaves no doubt', async () => {
    const auditor = story();
    const { standing } = auditor;
    auditor.standing = () => Promise.reject(unavailable('no verifier'));
    await auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(1) });
    const doubts = () => auditor.judged.traced.map((one) => one!.doubt);
    const confirm = async () => {
      const world = auditor.custodian.world.world();
      const doors = { standing: auditor.standing, anchors: async () => auditor.custodian.world.claims };
      return confirmCase(doors, world, auditor.file);
    };
    expect(doubts()).to.deep.equal(['CHAIN_UNREACHABLE']);
    expect((await confirm()).exchanges.map((one) => one.standing)).to.deep.equal([null]);
    auditor.standing = standing;
    auditor.kept = encodeCaseFile(await confirm());
    expect(doubts()).to.deep.equal([null]);
    expect(auditor.custodian.lookUps).to.have.length(1);
    const { file } = auditor;
    expect(await confirmCase({ standing, anchors: async () => [] }, auditor.custodian.world.world(), file)).to.equal(file);
  });

  test('that the custodian does not promise to record is refused, and what came with it is not kept', async () => {
    const auditor = story();
    auditor.custodian.isSilent = true;
    expect(await refusal(() => auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(1) }))).to.equal('UNVERIFIED');
    // That it was asked stays known.
    expect(auditor.file.exchanges.map(({ answer }) => answer)).to.deep.equal([null]);
  });

  test('that nobody may ask is refused before it is kept or sent', async () => {
    const auditor = story();
    for (const filter of [
      { from: 0, to: 1, operator: 'S-0017' },
      { from: 5, to: 5 },
    ])
      expect(await refusal(() => auditor.desk().ask(log(auditor), { kind: 'entries', filter }))).to.equal('MALFORMED');
    expect([auditor.file.exchanges, auditor.custodian.questions]).to.deep.equal([[], []]);
  });

  test('counts for nothing while its checkpoint is not anchored, and shows nothing of what is only promised', async () => {
    const auditor = new Auditor();
    auditor.custodian.read({ subjects: [citizen(1)] });
    auditor.custodian.world.anchor({ attested: false });
    auditor.custodian.read({ subjects: [citizen(2)] });
    await auditor.desk().askEntries(log(auditor), { from: 0, to: auditor.custodian.world.clock + 1 });
    const [traced] = auditor.judged.traced;
    // Promised only: the second reading, and the look-up itself.
    expect([traced!.doubt, traced!.entries.length, traced!.unproven]).to.deep.equal(['UNWITNESSED', 1, 2]);
  });

  test('says of a sample how many entries are in no count yet, its own look-ups aside', async () => {
    const auditor = story();
    const { custodian } = auditor;
    const numbers = [citizen(1), citizen(9)];
    await auditor.desk().change({ sample: { from: 0, to: custodian.world.clock + 1, numbers } });
    custodian.read({ subjects: numbers });
    for (let i = 0; i < 2; i++) await auditor.desk().askEntries(log(auditor), { from: 0, to: custodian.world.clock + 1 });
    const { unproven, ranking } = rankedSampleOf(auditor.judged)!;
    expect([unproven, ranking.pool]).to.deep.equal([2, 3]);
    custodian.world.anchor();
    await auditor.desk().askEntries(log(auditor), { from: 0, to: custodian.world.clock });
    const after = rankedSampleOf(auditor.judged)!;
    expect([after.unproven, after.ranking.pool]).to.deep.equal([0, 4]);
  });

  test('with a proof that does not hold shows nothing of that entry', async () => {
    const auditor = story();
    await auditor.desk().askEntries(log(auditor), { from: 0, to: auditor.custodian.world.clock, accessor: ACCESSOR });
    const { file } = auditor;
    const [exchange] = file.exchanges;
    const { answered } = exchange!.answer!;
    if (answered.kind !== 'entries') throw new Error('unreachable');
    const rows = answered.rows.map((row, i) =>
      i === 0 ? { ...row, placed: { ...row.placed!, index: row.placed!.index + 1 } } : row,
    );
    const changed = { ...exchange!, answer: { ...exchange!.answer!, answered: { ...answered, rows } } };
    const { traced } = judgeCase({ ...file, exchanges: [changed] }, auditor.custodian.world.world());
    expect([traced[0]!.unproven, traced[0]!.entries.length]).to.deep.equal([1, 2]);
  });
});

describe('an unmasking', () => {
  const story2 = async (): Promise<{ auditor: Auditor; parent: Hash; entry: TracedEntry }> => {
    const auditor = story();
    await auditor
      .desk()
      .askEntries(log(auditor), { from: 0, to: auditor.custodian.world.clock, purpose: 'identity.verification' });
    const [exchange] = auditor.file.exchanges;
    return { auditor, parent: requestDigestOf(exchange!.question.request.envelope.payload), entry: auditor.judged.entries[0]! };
  };
  const proposedIn = ({ file }: Auditor): Hash => requestDigestOf(file.waiting[0]!.question.request.envelope.payload);

  test('by two officers names the person, opens the entry, and stands on record', async () => {
    const { auditor, parent, entry } = await story2();
    const leafHashes = [hashFromHex(entry.leafHash)];
    await auditor.desk(0).propose(log(auditor), leafHashes, parent);
    expect([auditor.judged.named.size, auditor.custodian.questions.length]).to.deep.equal([0, 1]);
    expect(JSON.stringify(viewOfEntry(auditor.judged, auditor.judged.entries[0]!))).to.not.contain(citizen(3).id);
    await auditor.desk(1).approve(proposedIn(auditor));
    const { judged } = auditor;
    const [opened] = judged.entries;
    expect(opened!.findings!.commitment.outcome).to.equal('pass');
    expect(viewOfEntry(judged, opened!)['subject']).to.deep.equal({
      pseudonym: judged.pseudonymOf(opened!),
      number: { class: 1, id: citizen(3).id },
    });
    expect(auditor.file.waiting).to.deep.equal([]);
    expect(auditor.custodian.lookUps[1]!.promises).to.have.length(2);
    // She finds both the trace and the unmasking in her history.
    auditor.custodian.world.anchor();
    await auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(3) });
    const actions = auditor.judged.traced[2]!.entries.map(({ papers }) => papers!.request.request.action);
    expect(actions).to.deep.equal(['read', 'unmask']);
  });

  test('by one alone opens nothing, neither by approving her own nor by sending it without', async () => {
    const { auditor, parent, entry } = await story2();
    await auditor.desk(0).propose(log(auditor), [hashFromHex(entry.leafHash)], parent);
    expect(await refusal(() => auditor.desk(0).approve(proposedIn(auditor)))).to.equal('FORBIDDEN');
    expect(await refusal(() => auditor.desk(1).approve(parent))).to.equal('NOT_FOUND');
    // A custodian that opens it all the same names nobody here.
    const { question, origin } = auditor.file.waiting[0]!;
    const answer = auditor.custodian.answer(question);
    const file = { ...auditor.file, exchanges: [...auditor.file.exchanges, { origin, question, answer, standing: null }] };
    expect(judgeCase(file, auditor.custodian.world.world()).named.size).to.equal(0);
  });

  test('opens only the entries that both agreed on', async () => {
    const { auditor, parent, entry } = await story2();
    await auditor.desk(0).propose(log(auditor), [hashFromHex(entry.leafHash)], parent);
    const { question } = auditor.file.waiting[0]!;
    const other = { ...question, query: { kind: 'unmask' as const, leafHashes: [hashFromHex('00'.repeat(32))] } };
    expect(() => verifyQuery(other)).to.throw('another query');
  });
});

describe('a case file', () => {
  test('comes back as it was kept, and is refused with another secret', async () => {
    const auditor = story();
    await auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(1) });
    await auditor.desk().change({ sample: { from: 0, to: 9, numbers: [citizen(1)] } });
    expect(encodeCaseFile(parseCaseFile(auditor.kept))).to.deep.equal(auditor.kept);
    expectRefusal('MALFORMED', () => parseCaseFile(encodeCaseFile({ ...auditor.file, pseudonymKey: new Uint8Array(32) })));
  });
});
