/** Two records of the same accesses: what one side leaves out or changes, the other's paper shows; and what neither shows is not claimed. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import type { Reconciliation } from '../../core/trace/reconciliation.ts';
import { reconciliationOf } from '../../core/trace/result.ts';
import { type AccessorRecord, parseAccessorRecords } from '../../core/trace/record.ts';
import { expectRefusal } from '../log/mangling.ts';
import {
  accessorSigner,
  ACCESSOR,
  bytesOf,
  keyOf,
  outcomeFor,
  REQUEST,
  signOutcome,
  signRequest,
  treeOf,
} from '../access/sample.ts';
import { signerOf } from '../../core/log/signer.ts';
import { withKey } from '../access/world.ts';
import { Auditor } from './auditor.ts';
import { citizen, type ReadEvent, SampleCustodian, TRACE_FACTS } from './custodian.ts';

const records = (lines: readonly JsonObject[]): AccessorRecord[] =>
  parseAccessorRecords(encodeUtf8(lines.map((line) => JSON.stringify(line)).join('\n'))).flatMap(({ read }) => read);

/** The accessor hands over `lines`; the custodian is asked about it, and about persons. */
async function compare(auditor: Auditor, lines: readonly JsonObject[], persons: readonly number[] = []): Promise<Reconciliation> {
  const { world } = auditor.custodian;
  world.anchor();
  const desk = auditor.desk();
  const [log] = desk.logs;
  const span = { from: 0, to: world.clock };
  for (const i of persons) await desk.ask(log!, { kind: 'person', subject: citizen(i) });
  await desk.askEntries(log!, { ...span, accessor: ACCESSOR });
  await desk.change({
    records: lines.map((given) => ({ given, read: records([given]) })),
    reconciled: { ...span, accessor: ACCESSOR },
  });
  return reconciliationOf(auditor.judged)!;
}

const said = ({ counts, rows }: Reconciliation): unknown => [
  [counts.matched, counts.differing, counts['accessor-only'], counts['custodian-only']],
  rows.map(({ state, reasons }) => `${state} ${reasons.join(' ')}`),
];

function event(auditor: Auditor, ...persons: readonly number[]): ReadEvent {
  return auditor.custodian.read({ subjects: persons.map(citizen) });
}

const withoutAnswer = (line: JsonObject): JsonObject => ({ ...line, end: 'NO_ANSWER', parts: [] });

describe('the records of an accessor and a custodian', () => {
  test('match where both are whole', async () => {
    const auditor = new Auditor();
    const events = [event(auditor, 1, 2), event(auditor, 3), event(auditor)];
    expect(
      said(
        await compare(
          auditor,
          events.map(({ line }) => line),
        ),
      ),
    ).to.deep.equal([[3, 0, 0, 0], []]);
  });

  test('show an event that the custodian hides, and entries of one that it shows in part', async () => {
    const auditor = new Auditor();
    const [hidden, partly] = [event(auditor, 1, 2), event(auditor, 3, 4)];
    for (const leafHash of hidden.leafHashes) auditor.custodian.hidden.add(leafHash);
    auditor.custodian.hidden.add(partly.leafHashes[0]!);
    const result = await compare(auditor, [hidden.line, partly.line]);
    expect(said(result)).to.deep.equal(
      [
        [0, 1, 1, 0],
        ['accessor-only HIDDEN', 'differing MISSING_ENTRIES'],
      ].map((x) => x),
    );
    expect(result.rows[0]!.missing).to.have.length(2);
    expect(result.rows[1]!.missing).to.deep.equal([partly.leafHashes[0]]);
  });

  test('show what the accessor did not keep: it signed the request', async () => {
    const auditor = new Auditor();
    const [kept] = [event(auditor, 1), event(auditor, 2)];
    expect(said(await compare(auditor, [kept.line]))).to.deep.equal([[1, 0, 0, 1], ['custodian-only NOT_KEPT']]);
  });

  test('show a request that the custodian made up: the accessor did not sign it', async () => {
    const auditor = new Auditor();
    const thief = signerOf(keyOf('thief'));
    const forged = signRequest({ ...REQUEST, nonce: bytesOf('forged') }, thief);
    const [first] = forged.envelope.signatures;
    const { keyId } = signRequest(REQUEST, accessorSigner).envelope.signatures[0]!;
    auditor.custodian.record({ ...forged, envelope: { ...forged.envelope, signatures: [{ ...first!, keyId }] } }, [citizen(1)]);
    expect(said(await compare(auditor, []))).to.deep.equal([[0, 0, 0, 1], ['custodian-only FORGED_REQUEST']]);
  });

  test('do not accuse the accessor of what a custodian imported, nor anybody where the key is lost', async () => {
    const auditor = new Auditor();
    const imported = signRequest({ ...REQUEST, grade: 'imported', nonce: bytesOf('imported') }, accessorSigner);
    auditor.custodian.record(imported, [citizen(1)]);
    expect(said(await compare(auditor, []))).to.deep.equal([[0, 0, 0, 1], ['custodian-only IMPORTED']]);
    const lost = new Auditor(new SampleCustodian(withKey(accessorSigner, { compromisedAt: 1 }, TRACE_FACTS)));
    event(lost, 1);
    expect(said(await compare(lost, []))).to.deep.equal([[0, 0, 0, 1], ['custodian-only UNDECIDED']]);
  });

  test('claim nothing of a request without an answer, nor of an outcome that the custodian did not sign', async () => {
    const auditor = new Auditor();
    const elsewhere = new SampleCustodian();
    const [unanswered, unsigned] = [elsewhere.read({ subjects: [citizen(1)] }), elsewhere.read({ subjects: [citizen(2)] })];
    const forged = signOutcome(unsigned.outcome.outcome, accessorSigner);
    const line = {
      ...unsigned.line,
      parts: [{ finding: 'BAD_SIGNATURE', outcome: formatEnvelope(forged.envelope), entries: [] }],
    };
    expect(said(await compare(auditor, [withoutAnswer(unanswered.line), line]))).to.deep.equal([
      [0, 0, 2, 0],
      ['accessor-only NOT_ANSWERED', 'accessor-only FORGED_OUTCOME'],
    ]);
  });

  test('show what they say differently: result, number of persons, fields', async () => {
    const auditor = new Auditor();
    const { request, line } = event(auditor, 1);
    const told = outcomeFor(request, treeOf(citizen(1), citizen(2)), { fields: [] });
    const other = { ...line, parts: [{ finding: null, outcome: formatEnvelope(signOutcome(told).envelope), entries: [] }] };
    expect(said(await compare(auditor, [other]))).to.deep.equal([[0, 1, 0, 0], ['differing OTHER_SUBJECT_COUNT OTHER_FIELDS']]);
    const refused = outcomeFor(request, treeOf(citizen(1)), { fields: [], result: 'refused', code: 'POLICY' });
    const again = { ...line, parts: [{ finding: null, outcome: formatEnvelope(signOutcome(refused).envelope), entries: [] }] };
    expect(said(await compare(auditor, [again]))).to.deep.equal([[0, 1, 0, 0], ['differing OTHER_RESULT OTHER_FIELDS']]);
  });

  test('with the person’s complete history show an entry that was logged under another number', async () => {
    const auditor = new Auditor();
    const lied = auditor.custodian.read({ subjects: [citizen(1)] }, [citizen(2)]);
    const honest = event(auditor, 3);
    const lines = [lied.line, honest.line];
    // Without her history the two records agree: this lie only the third party shows.
    expect(said(await compare(auditor, lines))).to.deep.equal([[2, 0, 0, 0], []]);
    expect(said(await compare(auditor, lines, [1, 3]))).to.deep.equal([[1, 1, 0, 0], ['differing NOT_IN_HISTORY']]);
  });

  test('match where the custodian erased what it recorded: the accessor’s copy opens the very entry', async () => {
    const auditor = new Auditor();
    const [whole, partly] = [event(auditor, 1), event(auditor, 2, 3)];
    auditor.custodian.erase(whole.leafHashes[0]!);
    auditor.custodian.erase(partly.leafHashes[1]!);
    const result = await compare(auditor, [whole.line, partly.line]);
    expect([said(result), result.unopened]).to.deep.equal([[[2, 0, 0, 0], []], 0]);
  });

  test('count what the custodian does not open and no record does', async () => {
    const auditor = new Auditor();
    const [unknown, known] = [event(auditor, 1), event(auditor, 2)];
    auditor.custodian.erase(unknown.leafHashes[0]!);
    const result = await compare(auditor, [known.line]);
    expect([said(result), result.unopened]).to.deep.equal([[[1, 0, 0, 0], []], 1]);
  });

  test('show an event as hidden where the accessor’s copy opens to another one', async () => {
    const auditor = new Auditor();
    const [hidden, erased] = [event(auditor, 1), event(auditor, 2)];
    auditor.custodian.hidden.add(hidden.leafHashes[0]!);
    auditor.custodian.erase(erased.leafHashes[0]!);
    const [part] = hidden.line['parts'] as [JsonObject];
    const [other] = erased.line['parts'] as [JsonObject];
    const line = { ...hidden.line, parts: [{ ...part, entries: other['entries']! }] };
    expect(said(await compare(auditor, [line]))).to.deep.equal([[0, 0, 1, 0], ['accessor-only HIDDEN']]);
  });

  test('do not miss what is under seal in the person’s history: it is not to stand there', async () => {
    const auditor = new Auditor();
    const sealed = auditor.custodian.read({ subjects: [citizen(1)], outcome: { seal: bytesOf('seal') } }, [citizen(2)]);
    // Until its promise is due.
    auditor.custodian.world.anchor();
    expect(said(await compare(auditor, [sealed.line], [1]))).to.deep.equal([[1, 0, 0, 0], []]);
  });

  test('are joined chunk by chunk', async () => {
    const auditor = new Auditor();
    const { custodian } = auditor;
    const request = signRequest({ ...REQUEST, nonce: bytesOf('streamed') }, accessorSigner);
    const chunks = [0, 1, 2].map((number) =>
      custodian.record(request, [citizen(number)], { chunk: { number, isLast: number === 2 } }),
    );
    const parts = chunks.flatMap(({ line }) => line['parts'] as readonly JsonObject[]);
    expect(said(await compare(auditor, [{ ...chunks[0]!.line, parts }]))).to.deep.equal([[3, 0, 0, 0], []]);
    const cut = { ...chunks[0]!.line, parts: parts.slice(0, 2), end: 'CUT' };
    expect(said(await compare(auditor, [cut]))).to.deep.equal([[2, 0, 0, 1], ['custodian-only NOT_KEPT']]);
  });

  test('that cannot be read are refused by their line', () => {
    const { line } = new SampleCustodian().read({ subjects: [citizen(1)] });
    expect(records([line, line])).to.have.length(2);
    for (const wrong of [
      { ...line, requestDigest: '00'.repeat(32) },
      { ...line, more: 1 },
      { ...line, parts: [{}] },
    ])
      expectRefusal('MALFORMED', () => records([wrong]));
  });
});
