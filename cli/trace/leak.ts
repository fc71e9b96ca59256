/** `veritrail trace sample` and `reconcile`: whose reading fits a leaked list, and where an accessor's own record differs from the custodians'. */
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeUtf8 } from '../../core/bytes/bytes.ts';
import { malformed } from '../../core/bytes/error.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { parseSample } from '../../core/leak/sample.ts';
import { MAX_RECORDS_BYTES, parseAccessorRecord } from '../../core/trace/record.ts';
import { rankedSampleOf, reconciliationOf } from '../../core/trace/result.ts';
import { EXIT, parseInstant, print, readInput } from '../command.ts';
import { rankingLines, reconciliationLines } from './lines.ts';
import { askEach, chosenLogs, EXIT_PARTLY, type FilterOptions } from './look-up.ts';
import { openDesk } from './place.ts';

export interface SampleOptions extends FilterOptions {
  readonly most: string;
}

/** Dated on one side of an edge, recorded on the other: entries a little beyond it are asked for as well. */
const EDGE_MS = 3_600_000;

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
    const { desk } = opened;
    await desk.change({ sample: { ...span, numbers: sample.numbers } });
    let isWhole = true;
    const silent = await askEach(chosenLogs(opened, options.log), async (log) => {
      for (const subject of sample.numbers) await desk.ask(log, { kind: 'person', subject });
      isWhole = (await desk.askEntries(log, span)).isWhole && isWhole;
    });
    const judged = opened.judged();
    const { ranking, complete } = rankedSampleOf(judged)!;
    const json = {
      unreadableLines: [...sample.unreadableLines],
      repeated: sample.repeated,
      complete,
      isWhole,
      silent: silent.map((one) => ({ ...one })),
      ranking: ranking as unknown as JsonObject,
    };
    print(options, json, rankingLines(judged, ranking, complete, options.lang));
    return silent.length > 0 || !isWhole ? EXIT_PARTLY : EXIT.done;
  } finally {
    await opened.close();
  }
}

export interface ReconcileOptions extends FilterOptions {
  readonly accessor: string;
}

export async function traceReconcile(path: string, options: ReconcileOptions): Promise<number> {
  const bytes = await readInput(path);
  if (bytes.length > MAX_RECORDS_BYTES) throw malformed('the accessor’s record is too long', { maxBytes: MAX_RECORDS_BYTES });
  const lines = decodeUtf8(bytes)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const records = lines.map((line, i) => {
    const given = parseJson(line, { maxBytes: line.length });
    return { given: given as JsonObject, read: parseAccessorRecord(given, `record ${i + 1}`) };
  });
  const accessor = parseUscc(options.accessor);
  const span = { from: parseInstant(options.from), to: options.to === undefined ? Date.now() : parseInstant(options.to) };
  const opened = await openDesk(options);
  try {
    await opened.desk.change({ records, reconciled: { accessor, ...span } });
    const wider = { from: Math.max(0, span.from - EDGE_MS), to: span.to + EDGE_MS, accessor };
    let isWhole = true;
    const silent = await askEach(chosenLogs(opened, options.log), async (log) => {
      isWhole = (await opened.desk.askEntries(log, wider)).isWhole && isWhole;
    });
    const judged = opened.judged();
    const result = reconciliationOf(judged)!;
    const json = { ...(result as unknown as JsonObject), isWhole, silent: silent.map((one) => ({ ...one })) };
    print(options, json, reconciliationLines(judged, result, options.lang));
    return silent.length > 0 || !isWhole ? EXIT_PARTLY : EXIT.done;
  } finally {
    await opened.close();
  }
}
