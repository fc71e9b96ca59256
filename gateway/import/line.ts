/** A line of a legacy system's export as an event. What cannot be read has a reason from a closed list and goes to the dead letters. */
import { isCodedError, malformed } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { parseShape } from '../../service/config.ts';
import type { ImportConfig } from '../agent/config.ts';
import { LEGACY_EVENT, type LegacyEvent } from './legacy-event.ts';

export const LINE_REASONS = [
  'BAD_ENCODING',
  'BAD_CSV',
  'BAD_JSON',
  'BAD_NUMBER',
  'BAD_TIME',
  'BAD_SUBJECT',
  'BAD_VALUE',
  'MISSING',
  'OTHER_CONTENT',
] as const;
export type LineReason = (typeof LINE_REASONS)[number];

function bad(reason: LineReason): Error {
  return malformed('a line that cannot be imported', { reason });
}

/** Why a line is dead; throws what is no fault of the line. */
export function lineReasonOf(error: unknown): LineReason {
  if (!isCodedError(error) || error.code === 'UNAVAILABLE') throw error;
  return LINE_REASONS.find((reason) => reason === error.facts['reason']) ?? 'BAD_VALUE';
}

/** What stands in a column; '' counts as nothing. */
export type Columns = (name: string) => string | undefined;

/** Members of one JSON object. Throws MALFORMED BAD_JSON. */
export function jsonColumns(text: string): Columns {
  const value = parseLine(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw bad('BAD_JSON');
  const members = new Map(Object.entries(value as Readonly<Record<string, JsonValue>>));
  return (name) => {
    const member = members.get(name);
    if (member === undefined || member === null) return undefined;
    if (typeof member === 'object') throw bad('BAD_VALUE');
    return String(member);
  };
}

function parseLine(text: string): JsonValue {
  try {
    return parseJson(text, { maxBytes: text.length });
  } catch (error) {
    if (isCodedError(error)) throw bad('BAD_JSON');
    throw error;
  }
}

/** A line of an outbox. Throws MALFORMED. */
export function parseOutboxLine(text: string): LegacyEvent {
  const value = parseLine(text);
  try {
    return parseShape(LEGACY_EVENT, value, 'event');
  } catch (error) {
    if (isCodedError(error)) throw bad('BAD_VALUE');
    throw error;
  }
}

/** The number of a numbered line. Throws MALFORMED BAD_NUMBER. */
export function lineNumberOf({ columns }: ImportConfig, read: Columns): number | null {
  if (columns.number === undefined) return null;
  const text = read(columns.number)?.trim() ?? '';
  const number = Number(text);
  if (!/^[0-9]{1,15}$/.test(text) || !Number.isSafeInteger(number)) throw bad('BAD_NUMBER');
  return number;
}

const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** Throws MALFORMED, with a reason. */
export function eventOfLine(config: ImportConfig, id: string, read: Columns): LegacyEvent {
  const { columns, values, timeZone } = config;
  const value = (name: Exclude<keyof typeof columns, 'subjects'>): string | undefined => {
    const column = columns[name];
    // Line ends and what is not seen are no part of what a person is shown.
    const text = column === undefined ? undefined : read(column)?.replaceAll(UNSEEN, ' ').trim();
    if (text === undefined || text === '') return undefined;
    const words = values[name];
    if (words === undefined) return text;
    if (!Object.hasOwn(words, text)) throw bad('BAD_VALUE');
    return words[text]!;
  };
  const [at, operator, role] = [value('at'), value('operator'), value('role')];
  if (at === undefined || operator === undefined) throw bad('MISSING');
  const said = {
    id,
    at: parseTime(at, timeZone),
    operator: role === undefined ? { id: operator } : { id: operator, role },
    subjects: (columns.subjects ?? []).flatMap(({ class: name, column }) =>
      (read(column) ?? '').split(/[;；、\s]+/).flatMap((number) => (number === '' ? [] : [{ class: name, id: number }])),
    ),
  };
  const rest = ['accessor', 'action', 'purpose', 'cause', 'matter', 'legalBasis', 'method', 'system', 'terminal'] as const;
  const last = ['case', 'agreement', 'result', 'code'] as const;
  const found = [...rest, ...last].flatMap((name) => {
    const text = value(name);
    return text === undefined ? [] : [[name, text] as const];
  });
  try {
    return parseShape(LEGACY_EVENT, { ...said, ...Object.fromEntries(found) }, 'event');
  } catch (error) {
    if (isCodedError(error)) throw bad('BAD_VALUE');
    throw error;
  }
}

const LOCAL = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?$/;
const ZONED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?(?:Z|[+-]\d{2}:\d{2})$/;

/** UTC ms from seconds or milliseconds since 1970, a time with its zone, or one of the place's own clock. Throws MALFORMED BAD_TIME. */
export function parseTime(text: string, timeZone: string): number {
  if (/^[0-9]{10}$/.test(text)) return Number(text) * 1000;
  if (/^[0-9]{13}$/.test(text)) return Number(text);
  if (ZONED.test(text)) return valid(Date.parse(text));
  const match = LOCAL.exec(text);
  if (match === null) throw bad('BAD_TIME');
  const [, year, month, day, hour, minute, second = '0', fraction = '0'] = match as unknown as string[];
  const two = (part: string): string => part.padStart(2, '0');
  const clock = `${two(hour!)}:${minute}:${two(second)}.${fraction.padEnd(3, '0')}`;
  const time = valid(Date.parse(`${year}-${two(month!)}-${two(day!)}T${clock}${timeZone}`));
  // 31 June is not 1 July.
  const shift = (Number(timeZone.slice(1, 3)) * 60 + Number(timeZone.slice(4))) * (timeZone.startsWith('-') ? -60_000 : 60_000);
  if (new Date(time + shift).getUTCDate() !== Number(day)) throw bad('BAD_TIME');
  return time;
}

function valid(time: number): number {
  if (!Number.isSafeInteger(time) || time < 0) throw bad('BAD_TIME');
  return time;
}
