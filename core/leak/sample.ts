/**
 * A leaked sample: numbers that turned up where they should not be. CSV or NDJSON of at most 4 MiB and 20,000 lines:
 *
 *     number                    class 1                  "1101…"                       class 1
 *     class,number                                       {"class":1,"id":"…"}
 *
 * A first CSV line without a digit is a heading. Lines that hold no number are named by their line, never by what they hold. The list stays
 * where it was read: only the custodian concerned is told a number, and every output names persons by pseudonyms.
 */
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../access/number.ts';
import { decodeUtf8 } from '../bytes/bytes.ts';
import { isCodedError, malformed } from '../bytes/error.ts';
import { type JsonValue, parseJson } from '../bytes/json.ts';
import { readFields } from '../bytes/json-fields.ts';

export interface LeakedSample {
  /** Each once, in the order of the list. */
  readonly numbers: readonly CanonicalNumber[];
  /** From 1. */
  readonly unreadableLines: readonly number[];
  /** Lines whose number stood there before, perhaps in another spelling. */
  readonly repeated: number;
}

export const MAX_SAMPLE_BYTES = 4 << 20;
const MAX_LINES = 20_000;
const MAX_LINE = 512;

/** Throws MALFORMED for a list beyond the caps or without any number. */
export function parseSample(bytes: Uint8Array): LeakedSample {
  if (bytes.length > MAX_SAMPLE_BYTES) throw malformed('sample: too long', { maxBytes: MAX_SAMPLE_BYTES });
  const lines = decodeUtf8(bytes)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/);
  if (lines.length > MAX_LINES + 1) throw malformed('sample: too many lines', { max: MAX_LINES });
  const numbers = new Map<string, CanonicalNumber>();
  const unreadableLines: number[] = [];
  let repeated = 0;
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '' || (i === 0 && isHeading(line))) continue;
    const number = readLine(line);
    if (number === null) unreadableLines.push(i + 1);
    else if (numbers.has(keyOf(number))) repeated++;
    else numbers.set(keyOf(number), number);
  }
  if (numbers.size === 0) throw malformed('sample: no number in it', { lines: unreadableLines.length });
  return { numbers: [...numbers.values()], unreadableLines, repeated };
}

const keyOf = ({ class: code, id }: CanonicalNumber): string => `${code} ${id}`;

function isHeading(line: string): boolean {
  return !/[0-9\uff10-\uff19]/.test(line) && !/^\s*["{]/.test(line);
}

function readLine(line: string): CanonicalNumber | null {
  if (line.length > MAX_LINE) return null;
  try {
    return /^\s*["{]/.test(line) ? readJsonLine(parseJson(line, { maxDepth: 1 })) : readCsvLine(line);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

function readJsonLine(value: JsonValue): CanonicalNumber {
  if (typeof value === 'string') return normaliseNumber(NUMBER_CLASSES.resident, value);
  return readFields(value, 'line', (f) => normaliseNumber(f.integer('class'), f.string('id', 128)));
}

function readCsvLine(line: string): CanonicalNumber {
  const [first = '', second, ...more] = line.split(',').map((cell) => cell.trim());
  if (second === undefined) return normaliseNumber(NUMBER_CLASSES.resident, first);
  if (more.length > 0 || !/^[0-9]{1,2}$/.test(first)) throw malformed('not a class and a number');
  return normaliseNumber(Number(first), second);
}
