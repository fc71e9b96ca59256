/** What a case comes to: the ranking of its sample and the reconciliation of its records, judged from what was kept. */
import { requestDigestOf } from '../access/request.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { type Ranking, rankReaders, type Reading } from '../leak/ranking.ts';
import type { EntryRow } from './case-answer.ts';
import { pseudonymOf, type Pseudonym } from './pseudonym.ts';
import { TRACE_PURPOSE } from './query.ts';
import { type KnownHistory, reconcile, type Reconciliation } from './reconciliation.ts';
import type { TracedEntry } from './traced.ts';
import type { JudgedCase } from './view.ts';

export interface RankedSample {
  readonly ranking: Ranking;
  /** Persons of the sample, ascending. */
  readonly sample: readonly Pseudonym[];
  /** Persons whose whole history was shown, and proven complete, by every custodian asked about them. */
  readonly complete: number;
  /** Entries that were shown and stand in no checkpoint that is confirmed: in no count. */
  readonly unproven: number;
}

/** Of all entries at hand within the time of the sample; the case's own look-ups are left out. Null without a sample. */
export function rankedSampleOf(judged: JudgedCase): RankedSample | null {
  const { file, entries } = judged;
  if (file.sample === null) return null;
  const { from, to, numbers } = file.sample;
  const sample = numbers.map((number) => pseudonymOf(file.pseudonymKey, number)).toSorted();
  const own = new Set(file.exchanges.map(({ question }) => encodeHex(requestDigestOf(question.request.envelope.payload))));
  const readings = readingsOf(
    entries.filter(({ request }) => request !== null && !own.has(request)),
    { from, to },
    judged.pseudonymOf,
  );
  const complete = completeCount(judged, new Set(sample));
  return { ranking: rankSample(readings, sample, { from, to }), sample, complete, unproven: unprovenCount(judged, own) };
}

/** Each once; the case's own look-ups, which are always the newest, are left out. */
function unprovenCount({ file, entries }: JudgedCase, own: ReadonlySet<string>): number {
  const proven = new Set(entries.map(({ leafHash }) => leafHash));
  const rows = file.exchanges.flatMap(({ answer }) => (answer?.answered.kind === 'entries' ? answer.answered.rows : []));
  const isOwn = ({ papers }: EntryRow): boolean =>
    papers !== null && own.has(encodeHex(requestDigestOf(papers.request.envelope.payload)));
  const shown = rows.filter((row) => !isOwn(row)).map(({ leafHash }) => encodeHex(leafHash));
  return new Set(shown.filter((leafHash) => !proven.has(leafHash))).size;
}

/** A sample's persons at every custodian that was read from. */
export function rankSample(
  readings: readonly Reading[],
  sample: readonly string[],
  span: { readonly from: number; readonly to: number },
): Ranking {
  const persons = new Set(sample);
  const meant = readings.map(({ subject }) => subject).filter((subject) => persons.has(subject.slice(subject.indexOf(' ') + 1)));
  return rankReaders({ readings, sample: new Set(meant), sampleSize: sample.length, ...span });
}

/** What entries show as granted, about somebody, recorded in that time. */
export function readingsOf(
  entries: readonly TracedEntry[],
  span: { readonly from: number; readonly to: number },
  nameOf: (entry: TracedEntry) => string | null,
): Reading[] {
  return entries.flatMap((one) => {
    const { papers, leafHash, log } = one;
    const readAt = one.entry.recordedAt;
    const name = nameOf(one);
    if (papers === null || name === null || readAt < span.from || readAt >= span.to) return [];
    if (papers.outcome.outcome.result !== 'granted') return [];
    const { accessor, operator, purpose, case: number } = papers.request.request;
    const inCase = purpose === TRACE_PURPOSE ? number : null;
    return [{ leafHash, accessor, operator: operator.id, subject: `${log.origin} ${name}`, readAt, inCase }];
  });
}

function completeCount({ file, traced }: JudgedCase, sample: ReadonlySet<Pseudonym>): number {
  const byPerson = new Map<Pseudonym, boolean>();
  for (const [i, { question }] of file.exchanges.entries()) {
    if (question.query.kind !== 'person') continue;
    const pseudonym = pseudonymOf(file.pseudonymKey, question.query.subject);
    const isComplete = traced[i]?.completeness?.outcome === 'complete';
    if (sample.has(pseudonym)) byPerson.set(pseudonym, isComplete && (byPerson.get(pseudonym) ?? true));
  }
  return [...byPerson.values()].filter((isComplete) => isComplete).length;
}

/** Null where no accessor's record is to be compared. */
export function reconciliationOf(judged: JudgedCase): Reconciliation | null {
  const { file, world, entries } = judged;
  if (file.reconciled === null) return null;
  const { accessor, from, to } = file.reconciled;
  const isWithin = (time: number): boolean => time >= from && time < to;
  const kept = file.records.flatMap(({ read }) => read).filter(({ request }) => request.request.accessor === accessor);
  // What is dated on one side of the span's edge, and recorded on the other, belongs to it on both sides.
  const meant = new Set([
    ...kept.filter(({ request }) => isWithin(request.request.requestedAt)).map(({ digest }) => digest),
    ...entries.filter(({ entry }) => isWithin(entry.recordedAt)).map(({ request }) => request),
  ]);
  // Whose reading it was that the custodian does not open, only a record can tell.
  const shown = entries.filter(
    ({ papers, request }) => papers === null || (papers.request.request.accessor === accessor && meant.has(request)),
  );
  const records = kept.filter(({ digest }) => meant.has(digest));
  return reconcile({ facts: world.facts, records, entries: shown, histories: historiesOf(judged) });
}

function historiesOf({ file, traced }: JudgedCase): KnownHistory[] {
  return file.exchanges.flatMap(({ question: { query } }, i) => {
    const one = traced[i];
    if (query.kind !== 'person' || one?.completeness?.outcome !== 'complete') return [];
    const leafHashes = new Set(one.entries.map(({ leafHash }) => leafHash));
    return [{ number: query.subject, origin: one.log.origin, upTo: one.completeness.upTo, leafHashes }];
  });
}
