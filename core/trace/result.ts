/** What a case comes to: the ranking of its sample and the reconciliation of its records, judged from what was kept. */
import { requestDigestOf } from '../access/request.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { type Ranking, rankReaders, type Reading, readingsOf } from '../leak/ranking.ts';
import { pseudonymOf, type Pseudonym } from './pseudonym.ts';
import { type KnownHistory, reconcile, type Reconciliation } from './reconciliation.ts';
import type { JudgedCase } from './view.ts';

export interface RankedSample {
  readonly ranking: Ranking;
  /** Persons of the sample, ascending. */
  readonly sample: readonly Pseudonym[];
  /** Persons whose whole history was shown, and proven complete, by every custodian asked about them. */
  readonly complete: number;
}

/** Of all entries at hand within the time of the sample; the case's own look-ups are not what it looks for. Null without a sample. */
export function rankedSampleOf(judged: JudgedCase): RankedSample | null {
  const { sample } = judged.file;
  if (sample === null) return null;
  const pseudonyms = sample.numbers.map((number) => pseudonymOf(judged.file.pseudonymKey, number)).toSorted();
  const { from, to } = sample;
  const ranking = rankReaders({ readings: caseReadings(judged, sample), sample: new Set(pseudonyms), from, to });
  return { ranking, sample: pseudonyms, complete: completeCount(judged, new Set(pseudonyms)) };
}

function caseReadings({ file, entries }: JudgedCase, span: { from: number; to: number }): Reading[] {
  const own = new Set(file.exchanges.map(({ question }) => encodeHex(requestDigestOf(question.request.envelope.payload))));
  return readingsOf(
    entries.filter(({ request }) => request !== null && !own.has(request)),
    file.pseudonymKey,
    span,
  );
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
    ...entries.filter(({ proven }) => isWithin(proven.entry.recordedAt)).map(({ request }) => request),
  ]);
  const shown = entries.filter(({ body, request }) => body?.request.request.accessor === accessor && meant.has(request));
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
