/** `veritrail trace sample` and `reconcile`: whose reading fits a leaked list, and where an accessor's own record differs from the custodians'. */
import { parseUscc } from '../../core/authority/uscc.ts';
import { malformed } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { searchRecords, searchSample } from '../../core/desk/search.ts';
import { parseSample } from '../../core/leak/sample.ts';
import { parseAccessorRecords } from '../../core/trace/record.ts';
import { rankedSampleOf, reconciliationOf } from '../../core/trace/result.ts';
import { EXIT, parseInstant, print, readInput } from '../command.ts';
import { rankingLines, reconciliationLines } from './lines.ts';
import { chosenLogs, EXIT_PARTLY, type FilterOptions, requireAnswer, silentJson } from './look-up.ts';
import { openDesk } from './place.ts';

export interface SampleOptions extends FilterOptions {
  readonly most: string;
}

/** Each number goes to the custodians, and nowhere else; every output has pseudonyms. */
export async function traceSample(path: string, options: SampleOptions): Promise<number> {
  const sample = parseSample(await readInput(path));
  const most = Number(options.most);
  if (sample.numbers.length > most)
    throw malformed(`${sample.numbers.length} persons would be looked up, each on record: raise --most, or take fewer`);
  const span = { from: parseInstant(options.from), to: options.to === undefined ? Date.now() : parseInstant(options.to) };
  if (sample.unreadableLines.length > 0)
    process.stderr.write(
      `${sample.unreadableLines.length} lines hold no number: ${sample.unreadableLines.slice(0, 20).join(' ')}\n`,
    );
  const opened = await openDesk(options);
  try {
    const logs = chosenLogs(opened, options.log);
    const searched = await searchSample(opened.desk, logs, { ...span, numbers: sample.numbers });
    const { silent, isWhole } = requireAnswer(searched, logs);
    const judged = opened.judged();
    const ranked = rankedSampleOf(judged)!;
    const { ranking, complete, unproven } = ranked;
    const json = {
      unreadableLines: [...sample.unreadableLines],
      repeated: sample.repeated,
      complete,
      unproven,
      isWhole,
      silent: silentJson(silent),
      ranking: ranking as unknown as JsonObject,
    };
    print(options, json, rankingLines(judged, ranked, options.lang));
    return silent.length > 0 || !isWhole ? EXIT_PARTLY : EXIT.done;
  } finally {
    await opened.close();
  }
}

export interface ReconcileOptions extends FilterOptions {
  readonly accessor: string;
}

export async function traceReconcile(path: string, options: ReconcileOptions): Promise<number> {
  const records = parseAccessorRecords(await readInput(path));
  const accessor = parseUscc(options.accessor);
  const span = { from: parseInstant(options.from), to: options.to === undefined ? Date.now() : parseInstant(options.to) };
  const opened = await openDesk(options);
  try {
    const logs = chosenLogs(opened, options.log);
    const { silent, isWhole } = requireAnswer(await searchRecords(opened.desk, logs, records, { accessor, ...span }), logs);
    const judged = opened.judged();
    const result = reconciliationOf(judged)!;
    const json = { ...(result as unknown as JsonObject), isWhole, silent: silentJson(silent) };
    print(options, json, reconciliationLines(judged, result, options.lang));
    return silent.length > 0 || !isWhole ? EXIT_PARTLY : EXIT.done;
  } finally {
    await opened.close();
  }
}
