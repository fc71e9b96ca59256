/** What an officer fills in, parsed. Each throws MALFORMED. */
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { malformed } from '../../core/bytes/error.ts';
import { type LeakedSample, parseSample } from '../../core/leak/sample.ts';
import type { TracedSample } from '../../core/trace/case-file.ts';
import type { EntryFilter } from '../../core/trace/query.ts';
import { dayEnd, dayStart } from '../citizen/filter.ts';

/** Days of UTC+8, `2026-03-01`; both included. */
export interface Dates {
  readonly from: string;
  readonly to: string;
}

/** Empty: not asked for. */
export interface WantedEntries extends Dates {
  readonly accessor: string;
  readonly operator: string;
  readonly purpose: string;
}

/** As the command line has it, unless told otherwise: each of them is a look-up on record. */
const MAX_SAMPLE = 2000;

/** UTC ms, at most up to now; the first included, the last not. */
export function spanOf({ from, to }: Dates, now: number): Pick<TracedSample, 'from' | 'to'> {
  const [start, end] = [dayStart(from), dayEnd(to)];
  if (start === null || end === null || start >= end) throw malformed('not a span of days');
  return { from: start, to: Math.min(end, now) };
}

export function filterOf({ accessor, operator, purpose, ...dates }: WantedEntries, now: number): EntryFilter {
  return {
    ...spanOf(dates, now),
    ...(accessor !== '' && { accessor: parseUscc(accessor) }),
    ...(operator !== '' && { operator }),
    ...(purpose !== '' && { purpose }),
  };
}

export function subjectOf(name: string, text: string): CanonicalNumber {
  const code = Object.entries(NUMBER_CLASSES).find(([one]) => one === name)?.[1];
  if (code === undefined) throw malformed('not a class of numbers');
  return normaliseNumber(code, text);
}

export function sampleOf(list: Uint8Array): LeakedSample {
  const sample = parseSample(list);
  if (sample.numbers.length > MAX_SAMPLE) throw malformed('too many persons at once', { max: MAX_SAMPLE });
  return sample;
}
