/** Which rows are shown, and how they spread over the months. */
import type { Row } from '../../core/citizen/row.ts';

export interface Filter {
  /** UTC ms; null: no bound. The first included, the last not. */
  readonly from: number | null;
  readonly to: number | null;
  /** Code, or '' for all; so with the others. */
  readonly custodian: string;
  readonly accessor: string;
  readonly result: '' | 'granted' | 'refused' | 'failed';
  readonly breakGlassOnly: boolean;
}

export const NO_FILTER: Filter = { from: null, to: null, custodian: '', accessor: '', result: '', breakGlassOnly: false };

const HOUR = 3_600_000;
/** Dates are those of UTC+8. */
const ZONE_MS = 8 * HOUR;
const DAY = 24 * HOUR;

export function isShown(row: Row, filter: Filter): boolean {
  const at = row.entry.recordedAt;
  return (
    (filter.from === null || at >= filter.from) &&
    (filter.to === null || at < filter.to) &&
    (filter.custodian === '' || row.custodian === filter.custodian) &&
    (filter.accessor === '' || row.request?.accessor === filter.accessor) &&
    (filter.result === '' || row.outcome?.result === filter.result) &&
    (!filter.breakGlassOnly || (row.request !== null && row.request.breakGlass !== null))
  );
}

/** `2026-03-01` → the instant at which that day begins; null for no date. */
export function dayStart(date: string): number | null {
  const at = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(at) ? null : at - ZONE_MS;
}

export function dayEnd(date: string): number | null {
  const start = dayStart(date);
  return start === null ? null : start + DAY;
}

export interface Month {
  /** `2026-03`. */
  readonly name: string;
  readonly granted: number;
  /** Refused, failed, or with content that is not shown. */
  readonly others: number;
}

const MAX_MONTHS = 12;

/** The twelve months up to the newest row, oldest first; months without any stand in between as well. */
export function monthsOf(rows: readonly Row[]): Month[] {
  const accesses = rows.filter(({ kind }) => kind === 'access');
  const months = new Map<number, { granted: number; others: number }>();
  for (const row of accesses) {
    const number = monthNumber(row.entry.recordedAt);
    const month = months.get(number) ?? { granted: 0, others: 0 };
    month[row.outcome?.result === 'granted' ? 'granted' : 'others']++;
    months.set(number, month);
  }
  const newest = Math.max(...months.keys());
  const oldest = Math.max(Math.min(...months.keys()), newest - MAX_MONTHS + 1);
  if (months.size === 0) return [];
  return Array.from({ length: newest - oldest + 1 }, (_, i) => {
    const { granted, others } = months.get(oldest + i) ?? { granted: 0, others: 0 };
    return { name: monthName(oldest + i), granted, others };
  });
}

function monthNumber(at: number): number {
  const date = new Date(at + ZONE_MS);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function monthName(number: number): string {
  return `${Math.floor(number / 12)}-${String((number % 12) + 1).padStart(2, '0')}`;
}
