/**
 * What an auditor asks of several custodians, one after the other, for command line and page alike. One custodian's silence does not keep the
 * others from answering: it is told with its code, and is never "nothing found".
 */
import type { CanonicalNumber } from '../access/number.ts';
import type { LogFact } from '../authority/registry.ts';
import { type ErrorCode, isCodedError } from '../bytes/error.ts';
import type { CaseFile, ReconciledSpan, TracedSample } from '../trace/case-file.ts';
import type { Desk } from '../trace/desk.ts';
import type { EntryFilter } from '../trace/query.ts';

export interface Silence {
  readonly origin: string;
  readonly code: ErrorCode;
  /** In words; of nobody. */
  readonly detail: string;
}

export interface Searched {
  readonly silent: readonly Silence[];
  /** False where a custodian shows less than there is, however short the time asked for. */
  readonly isWhole: boolean;
}

/** Dated on one side of an edge, recorded on the other: entries a little beyond it are asked for as well. */
const EDGE_MS = 3_600_000;

/** `ask` says whether all was shown. Throws MALFORMED for a question that nobody may ask. */
async function askEach(logs: readonly LogFact[], ask: (log: LogFact) => Promise<boolean>): Promise<Searched> {
  const silent: Silence[] = [];
  let isWhole = true;
  for (const log of logs) {
    try {
      isWhole = (await ask(log)) && isWhole;
    } catch (error) {
      if (!isCodedError(error) || error.code === 'MALFORMED') throw error;
      silent.push({ origin: log.origin, code: error.code, detail: error.message });
    }
  }
  return { silent, isWhole };
}

export function searchPerson(desk: Desk, logs: readonly LogFact[], subject: CanonicalNumber): Promise<Searched> {
  return askEach(logs, async (log) => {
    await desk.ask(log, { kind: 'person', subject });
    return true;
  });
}

export function searchEntries(desk: Desk, logs: readonly LogFact[], filter: EntryFilter): Promise<Searched> {
  return askEach(logs, async (log) => (await desk.askEntries(log, filter)).isWhole);
}

/** The history of each person, and all that was read in that time: how much a reader read at all is half of the question. */
export async function searchSample(desk: Desk, logs: readonly LogFact[], sample: TracedSample): Promise<Searched> {
  await desk.change({ sample });
  const { from, to, numbers } = sample;
  return askEach(logs, async (log) => {
    for (const subject of numbers) await desk.ask(log, { kind: 'person', subject });
    return (await desk.askEntries(log, { from, to })).isWhole;
  });
}

export async function searchRecords(
  desk: Desk,
  logs: readonly LogFact[],
  records: CaseFile['records'],
  reconciled: ReconciledSpan,
): Promise<Searched> {
  await desk.change({ records, reconciled });
  const { accessor, from, to } = reconciled;
  return searchEntries(desk, logs, { from: Math.max(0, from - EDGE_MS), to: to + EDGE_MS, accessor });
}
