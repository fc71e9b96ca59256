/**
 * A case file as records that are only added: the case as a whole first, then one record for each exchange that is asked or answered. So a case with
 * a thousand look-ups is not written a thousand times. Whatever else changes writes the whole of it anew.
 *
 *     first       the case file (case-file.ts)
 *     following   {"exchange":EXCHANGE,"index":N}       N is the next, or the last again
 */
import { malformed } from '../bytes/error.ts';
import { encodeCanonicalJson, parseJson } from '../bytes/json.ts';
import { readFields } from '../bytes/json-fields.ts';
import {
  type CaseFile,
  encodeCaseFile,
  type Exchange,
  formatExchange,
  MAX_CASE_FILE_BYTES,
  parseCaseFile,
  readExchange,
} from './case-file.ts';

export type JournalChange =
  { readonly kind: 'append'; readonly record: Uint8Array } | { readonly kind: 'rewrite'; readonly record: Uint8Array };

/** What is to be written so that `after` is kept where `before` was. */
export function changeOf(before: CaseFile, after: CaseFile): JournalChange {
  const index = after.exchanges.length - 1;
  const isAdded = index >= before.exchanges.length - 1 && index - before.exchanges.length <= 0 && index >= 0;
  const keptOthers = after.exchanges.every((exchange, i) => i === index || exchange === before.exchanges[i]);
  const { exchanges: _, ...others } = after;
  const isElseSame = Object.entries(others).every(([name, value]) => before[name as keyof CaseFile] === value);
  if (!isAdded || !keptOthers || !isElseSame) return { kind: 'rewrite', record: encodeCaseFile(after) };
  const record = encodeCanonicalJson({ exchange: formatExchange(after.exchanges[index]!), index });
  return { kind: 'append', record };
}

/** Throws MALFORMED. */
export function readCaseJournal([first, ...following]: readonly Uint8Array[]): CaseFile {
  if (first === undefined) throw malformed('case file: empty');
  const file = parseCaseFile(first);
  const exchanges: Exchange[] = [...file.exchanges];
  for (const record of following) {
    const { exchange, index } = readFields(parseJson(record, { maxBytes: MAX_CASE_FILE_BYTES }), 'exchange', (fields) => ({
      exchange: readFields(fields.value('exchange'), 'exchange', readExchange),
      index: fields.integer('index'),
    }));
    if (index !== exchanges.length && index !== exchanges.length - 1) throw malformed('case file: an exchange out of order');
    exchanges[index] = exchange;
  }
  return { ...file, exchanges };
}
