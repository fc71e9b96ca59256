/**
 * Who read the persons of a leaked sample, against how much they read anyway.
 *
 * The pool are all persons, each once for each custodian, whose data were granted to anybody in the time asked about, as far as the entries at hand show. If whoever is looked
 * at had read just some n of them, a sample of K would meet about n · K / M; to meet as many as they did by chance has a probability, which the
 * hypergeometric distribution gives (chance.ts). Compared are all that read anybody, so the probability is multiplied by their number.
 *
 * This says whose reading fits the sample, not who gave it away. It assumes that reading is not arranged by what the sample was chosen by: a
 * list of one office's ordinary clients fits that office without any leak. Numbers of the sample that nobody read came from elsewhere, or from
 * reading that is not recorded.
 *
 * Who looks a list up in a case reads just its persons: that says nothing. Such look-ups are no part of the pool and compared with nobody; they
 * are listed by themselves, for an auditor may leak as anyone may.
 */
import { expectedMet, logChanceOf } from './chance.ts';

/** One person's data given to one operator. */
export interface Reading {
  readonly leafHash: string;
  readonly accessor: string;
  readonly operator: string;
  /** Custodian and pseudonym: a person counts once for each custodian. */
  readonly subject: string;
  readonly readAt: number;
  /** The number of the case that it was looked up in; null of every other reading. */
  readonly inCase: string | null;
}

export interface RankedReader {
  readonly accessor: string;
  /** Null: all of the accessor's operators together. */
  readonly operator: string | null;
  /** Persons of the sample that it read (k), and persons in all (n). */
  readonly met: number;
  readonly read: number;
  /** Entries behind `read`. */
  readonly readings: number;
  /** How many of the sample it would meet by chance; thousandths are enough. */
  readonly expected: number;
  /** log₁₀ of the probability to meet as many by chance, times how many are compared; at most 0. Null: beyond all numbers. */
  readonly logChance: number | null;
  readonly standsOut: boolean;
  readonly firstAt: number;
  readonly lastAt: number;
  /** Entries in which it read persons of the sample. */
  readonly leafHashes: readonly string[];
}

/** What somebody looked up in one case. */
export type CaseReader = Pick<RankedReader, 'accessor' | 'met' | 'read' | 'readings' | 'firstAt' | 'lastAt' | 'leafHashes'> & {
  readonly operator: string;
  readonly case: string;
};

export interface Ranking {
  readonly from: number;
  readonly to: number;
  /** Persons in the sample; of these, read by anybody (K). */
  readonly sample: number;
  readonly sampleRead: number;
  /** Persons read by anybody (M). */
  readonly pool: number;
  /** Whether one stands out, several do, or nobody: then the records cannot tell. */
  readonly accessorFinding: RankingFinding;
  readonly operatorFinding: RankingFinding;
  /** Most telling first; only those that read any of the sample. */
  readonly accessors: readonly RankedReader[];
  readonly operators: readonly RankedReader[];
  /** Look-ups in cases, those that met most first; only those that met any of the sample. */
  readonly lookUps: readonly CaseReader[];
}
export type RankingFinding = 'one' | 'several' | 'none';

/** One in a thousand, after all that were compared. */
const LOG_CHANCE_LIMIT = -3;
/** Two coincidences are no pattern. */
const LEAST_MET = 3;

export interface RankingQuestion {
  readonly readings: readonly Reading[];
  /** Custodian and pseudonym, as in readings. */
  readonly sample: ReadonlySet<string>;
  /** Persons in it; one whom no custodian knows counts too. */
  readonly sampleSize: number;
  /** UTC ms; the first included, the last not. */
  readonly from: number;
  readonly to: number;
}

export function rankReaders({ readings: all, sample, sampleSize, from, to }: RankingQuestion): Ranking {
  const readings = all.filter(({ inCase }) => inCase === null);
  const pool = new Set(readings.map(({ subject }) => subject));
  const sampleRead = [...sample].filter((subject) => pool.has(subject)).length;
  const basis = { population: pool.size, marked: sampleRead, sample };
  const accessors = rank(basis, readings, (reading) => [reading.accessor, null]);
  const operators = rank(basis, readings, (reading) => [reading.accessor, reading.operator]);
  return {
    from,
    to,
    sample: sampleSize,
    sampleRead,
    pool: pool.size,
    accessorFinding: findingOf(accessors),
    operatorFinding: findingOf(operators),
    accessors,
    operators,
    lookUps: lookUpsOf(sample, all),
  };
}

function lookUpsOf(sample: ReadonlySet<string>, readings: readonly Reading[]): CaseReader[] {
  const inCases = readings.filter(({ inCase }) => inCase !== null);
  const groups = Map.groupBy(inCases, ({ accessor, operator, inCase }) => JSON.stringify([accessor, operator, inCase]));
  const rows = [...groups].map(([key, own]): [string, CaseReader] => {
    const { accessor, operator, inCase } = own[0]!;
    return [key, { accessor, operator, case: inCase!, ...countsOf(sample, own) }];
  });
  return rows
    .filter(([, { met }]) => met > 0)
    .toSorted(([a, one], [b, other]) => other.met - one.met || compare(a, b))
    .map(([, row]) => row);
}

interface Basis {
  readonly population: number;
  readonly marked: number;
  readonly sample: ReadonlySet<string>;
}
type ReaderName = readonly [accessor: string, operator: string | null];

function rank(basis: Basis, readings: readonly Reading[], nameOf: (reading: Reading) => ReaderName): RankedReader[] {
  const groups = Map.groupBy(readings, (reading) => nameOf(reading).join(' '));
  const readers = [...groups.values()].map((own) => readerOf(basis, nameOf(own[0]!), own, groups.size));
  const byChance = (one: RankedReader): number => one.logChance ?? -Infinity;
  return readers
    .filter(({ met }) => met > 0)
    .toSorted((a, b) => compare(byChance(a), byChance(b)) || b.met - a.met || a.read - b.read || compare(keyOf(a), keyOf(b)));
}

function compare<Value extends number | string>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const keyOf = ({ accessor, operator }: RankedReader): string => `${accessor} ${operator ?? ''}`;

function readerOf(
  { population, marked, sample }: Basis,
  [accessor, operator]: ReaderName,
  own: readonly Reading[],
  compared: number,
): RankedReader {
  const counts = countsOf(sample, own);
  const { met, read } = counts;
  const draw = { population, marked, drawn: read, met };
  // Rounded: what is signed and shown must come out the same on every machine.
  const logChance = Math.min(0, Math.round((logChanceOf(draw) + Math.log10(compared)) * 1000) / 1000);
  return {
    accessor,
    operator,
    ...counts,
    expected: Math.round(expectedMet(draw) * 1000) / 1000,
    logChance: Number.isFinite(logChance) ? logChance : null,
    standsOut: met >= LEAST_MET && logChance <= LOG_CHANCE_LIMIT,
  };
}

type Counts = Pick<RankedReader, 'met' | 'read' | 'readings' | 'firstAt' | 'lastAt' | 'leafHashes'>;

function countsOf(sample: ReadonlySet<string>, own: readonly Reading[]): Counts {
  const hits = own.filter(({ subject }) => sample.has(subject));
  const times = own.map(({ readAt }) => readAt);
  return {
    met: new Set(hits.map(({ subject }) => subject)).size,
    read: new Set(own.map(({ subject }) => subject)).size,
    readings: own.length,
    firstAt: times.reduce((a, b) => Math.min(a, b)),
    lastAt: times.reduce((a, b) => Math.max(a, b)),
    leafHashes: hits.map(({ leafHash }) => leafHash).toSorted(),
  };
}

function findingOf(readers: readonly RankedReader[]): RankingFinding {
  const count = readers.filter(({ standsOut }) => standsOut).length;
  return count === 0 ? 'none' : count === 1 ? 'one' : 'several';
}
