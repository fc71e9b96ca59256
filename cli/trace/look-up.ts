/** `veritrail trace person|accessor|operator|purpose|time`: look-ups, each one signed and on record with the custodian before it is answered. */
import { normaliseNumber, NUMBER_CLASSES, type NumberClassName } from '../../core/access/number.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeUtf8 } from '../../core/bytes/bytes.ts';
import { malformed, unavailable } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { searchEntries, searchPerson, type Searched, type Silence } from '../../core/desk/search.ts';
import type { EntryFilter } from '../../core/trace/query.ts';
import { pseudonymOf } from '../../core/trace/pseudonym.ts';
import { distinctEntries, type Traced } from '../../core/trace/traced.ts';
import { type JudgedCase, viewOfEntry } from '../../core/trace/view.ts';
import { parseInstant, print, readInput } from '../command.ts';
import { entryLines, pathLines, tracedLines } from './lines.ts';
import { openDesk, type OfficerOptions, type OpenDesk } from './place.ts';

export interface PersonOptions extends OfficerOptions {
  readonly numberFile: string;
  readonly class: NumberClassName;
  readonly log?: readonly string[];
}

export interface FilterOptions extends OfficerOptions {
  readonly from: string;
  readonly to?: string;
  readonly log?: readonly string[];
}

export const EXIT_PARTLY = 3;

/** Logs named, or all that can be asked. Throws MALFORMED for one that the registry does not list. */
export function chosenLogs({ desk }: OpenDesk, named: readonly string[] = []): readonly LogFact[] {
  if (named.length === 0) return desk.logs;
  return named.map((origin) => {
    const log = desk.logs.find((one) => one.origin === origin);
    if (log === undefined) throw malformed(`the registry lists no access log ${origin}`);
    return log;
  });
}

/** Tells who was silent, and why. Throws UNAVAILABLE where everybody was. */
export function requireAnswer(searched: Searched, asked: readonly LogFact[]): Searched {
  const { silent } = searched;
  for (const { origin, code, detail } of silent) process.stderr.write(`${origin}: ${detail} (${code})\n`);
  if (asked.length > 0 && silent.length === asked.length) throw unavailable('no custodian answered');
  return searched;
}

export function silentJson(silent: readonly Silence[]): JsonObject[] {
  return silent.map(({ origin, code }) => ({ origin, code }));
}

/** From a file or stdin (`-`), never from the command line: what stands there, others on the machine see, and the shell remembers. */
async function readNumber(path: string, name: NumberClassName): Promise<CanonicalNumber> {
  const text = path === '-' ? await readStdin() : decodeUtf8(await readInput(path));
  const [line, ...more] = text.split(/\r?\n/).filter((one) => one.trim() !== '');
  if (line === undefined || more.length > 0) throw malformed('one number, on one line');
  return normaliseNumber(NUMBER_CLASSES[name], line);
}

async function readStdin(): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array);
  return decodeUtf8(new Uint8Array(Buffer.concat(chunks)));
}

export async function tracePerson(options: PersonOptions): Promise<number> {
  const subject = await readNumber(options.numberFile, options.class);
  const opened = await openDesk(options);
  try {
    const before = opened.desk.file.exchanges.length;
    const logs = chosenLogs(opened, options.log);
    const { silent } = requireAnswer(await searchPerson(opened.desk, logs, subject), logs);
    const pseudonym = pseudonymOf(opened.desk.file.pseudonymKey, subject);
    return printTraced(options, opened.judged(), before, silent, { pseudonym });
  } finally {
    await opened.close();
  }
}

export async function traceEntries(options: FilterOptions, what: Omit<EntryFilter, 'from' | 'to'>): Promise<number> {
  const span = { from: parseInstant(options.from), to: options.to === undefined ? Date.now() : parseInstant(options.to) };
  const opened = await openDesk(options);
  try {
    const before = opened.desk.file.exchanges.length;
    const logs = chosenLogs(opened, options.log);
    const { silent, isWhole } = requireAnswer(await searchEntries(opened.desk, logs, { ...span, ...what }), logs);
    return printTraced(options, opened.judged(), before, silent, { isWhole });
  } finally {
    await opened.close();
  }
}

export const traceAccessor = (code: string, options: FilterOptions): Promise<number> =>
  traceEntries(options, { accessor: parseUscc(code) });
export const traceOperator = (code: string, id: string, options: FilterOptions): Promise<number> =>
  traceEntries(options, { accessor: parseUscc(code), operator: id });
export const tracePurpose = (purpose: string, options: FilterOptions): Promise<number> => traceEntries(options, { purpose });
export const traceTime = (options: FilterOptions): Promise<number> => traceEntries(options, {});

/** What the look-ups since then came to. */
function printTraced(
  options: OfficerOptions,
  judged: JudgedCase,
  before: number,
  silent: readonly Silence[],
  more: JsonObject,
): number {
  const traced = judged.traced.slice(before).filter((one): one is Traced => one !== null);
  const shown = new Set(distinctEntries(traced).map(({ leafHash }) => leafHash));
  const entries = judged.entries.filter(({ leafHash }) => shown.has(leafHash));
  const json = {
    ...more,
    sources: traced.map(({ log, doubt, entries: own, unproven, completeness }) => ({
      origin: log.origin,
      complete: completeness === null ? null : completeness.outcome === 'complete',
      doubt,
      entries: own.length,
      unproven,
    })),
    silent: silentJson(silent),
    entries: entries.map((entry) => viewOfEntry(judged, entry)),
  };
  const { lang } = options;
  print(options, json, [
    ...tracedLines(traced, lang),
    '',
    ...entries.flatMap((entry) => entryLines(judged, entry, lang)),
    ...pathLines(judged, entries, lang),
    ...(more['isWhole'] === false
      ? [lang === 'en' ? 'Not all is shown: ask for a shorter time.' : '未能全部列出，请缩短时间范围。']
      : []),
  ]);
  return silent.length > 0 || traced.some(({ doubt }) => doubt !== null) ? EXIT_PARTLY : 0;
}
