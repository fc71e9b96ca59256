/** Look-ups: each one signed, on record and judged; what is not on record counts for nothing. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { NO_FILTER } from '../../core/trace/query.ts';
import { tracedOf } from '../../core/trace/desk.ts';
import { distinctEntries } from '../../core/trace/traced.ts';
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
  test('by person shows her whole history, complete, and stands itself on record with the custodian', async () => {
    const auditor = story();
    const desk = auditor.desk();
    const exchange = await desk.ask(log(auditor), { kind: 'person', subject: citizen(1) });
    const traced = tracedOf(desk.world, exchange)!;
    expect(traced.doubt).to.equal(null);
    expect(traced.completeness!.outcome).to.equal('complete');
    expect(traced.entries.map(({ body }) => body!.request.request.accessor)).to.deep.equal([ACCESSOR, OTHER_ACCESSOR]);
    const [record] = auditor.custodian.lookUps;
    expect(encodeHex(record!.outcome.outcome.request)).to.equal(
      encodeHex(requestDigestOf(exchange.question.request.envelope.payload)),
    );
    // She sees it among her own.
    auditor.custodian.world.anchor();
    const again = tracedOf(desk.world, await auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(1) }))!;
    const last = again.entries.at(-1)!.body!.request.request;
    expect([last.action, last.purpose, last.case]).to.deep.equal(['trace', 'audit.trace', '审〔2026〕3号']);
  });

  test('finds entries by accessor, operator, purpose, time and request, each proven and judged', async () => {
    const auditor = story();
    const from = auditor.custodian.world.clock - 60_000;
    const cases = [
      [{ accessor: ACCESSOR }, 3],
      [{ accessor: ACCESSOR, operator: 'S-0042' }, 1],
      [{ purpose: 'identity.verification' }, 1],
      [{ from }, 1],
      [{ to: from }, 3],
    ] as const;
    for (const [filter, count] of cases) {
      const desk = auditor.desk();
      const exchanges = await desk.askEntries(log(auditor), filter);
      const entries = distinctEntries(exchanges.map((one) => tracedOf(desk.world, one)!));
      expect(entries).to.have.length(count);
      for (const { findings } of entries) {
        expect(findings!.commitment.outcome).to.equal('pass');
        expect(findings!['request-signature'].outcome).to.equal('pass');
      }
    }
    const desk = auditor.desk();
    const [entry] = distinctEntries(
      (await desk.askEntries(log(auditor), { purpose: 'identity.verification' })).map((one) => tracedOf(desk.world, one)!),
    );
    expect(entry!.findings!.purpose.code).to.equal('NO_DUTY');
  });

  test('goes on page by page, and has every page on record', async () => {
    const auditor = new Auditor();
    for (let i = 0; i < 25; i++) auditor.custodian.read({ subjects: Array.from({ length: 10 }, (_, j) => citizen(10 * i + j)) });
    auditor.custodian.world.anchor();
    const desk = auditor.desk();
    const exchanges = await desk.askEntries(log(auditor), { accessor: ACCESSOR });
    expect(exchanges).to.have.length(3);
    expect(distinctEntries(exchanges.map((one) => tracedOf(desk.world, one)!))).to.have.length(250);
    expect(auditor.custodian.lookUps).to.have.length(3);
    expect(auditor.file.exchanges).to.have.length(3);
  });

  test('that the custodian does not promise to record is refused, and what came with it is not kept', async () => {
    const auditor = story();
    auditor.custodian.isSilent = true;
    expect(await refusal(() => auditor.desk().ask(log(auditor), { kind: 'person', subject: citizen(1) }))).to.equal('UNVERIFIED');
    // That it was asked stays known.
    expect(auditor.file.exchanges.map(({ answer }) => answer)).to.deep.equal([null]);
  });

  test('that would show a whole log is refused before it is sent', async () => {
    const auditor = story();
    expect(await refusal(() => auditor.desk().ask(log(auditor), { kind: 'entries', filter: NO_FILTER }))).to.equal('MALFORMED');
    const operatorAlone = { ...NO_FILTER, operator: 'S-0017' };
    expect(await refusal(() => auditor.desk().ask(log(auditor), { kind: 'entries', filter: operatorAlone }))).to.equal(
      'MALFORMED',
    );
  });

  test('counts for nothing while its checkpoint is not anchored', async () => {
    const auditor = new Auditor();
    auditor.custodian.read({ subjects: [citizen(1)] });
    auditor.custodian.world.anchor({ attested: false });
    const desk = auditor.desk();
    const traced = tracedOf(
      desk.world,
      await desk.ask(log(auditor), { kind: 'entries', filter: { ...NO_FILTER, accessor: parseUscc(ACCESSOR) } }),
    )!;
    expect(traced.doubt).to.equal('UNWITNESSED');
    expect(traced.entries).to.have.length(1);
  });

  test('with a proof that does not hold shows nothing of that entry', async () => {
    const auditor = story();
    const desk = auditor.desk();
    const exchange = await desk.ask(log(auditor), { kind: 'entries', filter: { ...NO_FILTER, accessor: parseUscc(ACCESSOR) } });
    const page = exchange.answer!.entries!;
    const wrong = page.items.map((item, i) => (i === 0 ? { ...item, entryIndex: item.entryIndex + 1 } : item));
    const traced = tracedOf(desk.world, { ...exchange, answer: { ...exchange.answer!, entries: { ...page, items: wrong } } })!;
    expect(traced.unproven).to.equal(1);
    expect(traced.entries).to.have.length(2);
  });
});
