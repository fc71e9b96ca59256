/**
 * CSV after RFC 4180, as it comes: a field in quotes may hold separators, line ends and doubled quotes. Every record keeps its own text, so
 * that what cannot be read is not lost; a record that is not closed ends with the file and is bad.
 */
import { malformed } from '../../core/bytes/error.ts';

export interface CsvRecord {
  /** From 1, the header included. */
  readonly number: number;
  /** As it stood, without its line end. */
  readonly text: string;
  /** Null when it is not CSV. */
  readonly fields: readonly string[] | null;
}

/** A record longer than this is bad, and what follows it is read anew from the next line end. */
const MAX_RECORD = 1 << 20;

export async function* readCsv(pieces: AsyncIterable<string>, separator: string): AsyncGenerator<CsvRecord> {
  let [text, number, quotes] = ['', 0, 0];
  const take = (): CsvRecord => {
    const record = text.endsWith('\r') ? text.slice(0, -1) : text;
    [text, quotes] = ['', 0];
    return { number: ++number, text: record, fields: parseRecord(record, separator) };
  };
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length;) {
      const found = piece.indexOf('\n', start);
      const end = found === -1 ? piece.length : found;
      const part = piece.slice(start, end);
      text += part;
      for (const char of part) if (char === '"') quotes++;
      start = end + 1;
      if (found === -1) continue;
      // An odd number of quotes so far: the line end belongs to a field.
      if (quotes % 2 === 1 && text.length < MAX_RECORD) text += '\n';
      else yield take();
    }
  }
  if (text !== '') yield take();
}

function parseRecord(text: string, separator: string): string[] | null {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    let field = '';
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end === -1) return null;
      field = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    } else {
      const next = text.indexOf(separator, at);
      field = text.slice(at, next === -1 ? text.length : next);
      if (field.includes('"')) return null;
      at += field.length;
    }
    fields.push(field);
    if (at === text.length) return fields;
    if (text[at] !== separator) return null;
    at++;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = from; ; at += 2) {
    at = text.indexOf('"', at);
    if (at === -1 || text[at + 1] !== '"') return at;
  }
}

/** Column names to places. Throws MALFORMED for a header that has one twice, or lacks one that is needed. */
export function readHeader({ fields }: CsvRecord, needed: readonly string[]): ReadonlyMap<string, number> {
  const names = (fields ?? []).map((name, i) => (i === 0 ? name.replace(/^\ufeff/, '') : name).trim());
  const places = new Map(names.map((name, i) => [name, i]));
  if (places.size !== names.length) throw malformed('the header has a column twice');
  for (const name of needed) if (!places.has(name)) throw malformed('the header lacks a column that is configured');
  return places;
}
