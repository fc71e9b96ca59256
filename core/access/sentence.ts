/**
 * The numbers of the one sentence that is true, for one custodian:
 *
 *   Up to checkpoint C, anchored at T, the access logs that the registry lists for custodian X hold exactly these n entries under your
 *   number; none has been removed or changed since it was first anchored. Not covered: accesses that X did not log, or logged under another
 *   number (found by comparing with the accessors' records: k of n compared), and accesses under seal (over all custodians and persons:
 *   S unreleased, o overdue).
 *
 * It may be said only where all logs of the custodian were judged complete. No page says more.
 */
import type { LogFact, RegistryFacts } from '../authority/registry.ts';
import { encodeHex } from '../bytes/bytes.ts';
import type { LogJudgement } from './answer-check.ts';
import type { AccessReason } from './finding.ts';
import type { SealCount } from './seal-count.ts';

export interface LogPart {
  readonly origin: string;
  /** C and T; null where it is not known to be complete. */
  readonly upTo: { readonly size: number; readonly issuedAt: number; readonly anchoredAt: number } | null;
  readonly entries: number;
  /** Why it is not known. */
  readonly code: AccessReason | null;
}

export interface SentenceNumbers {
  readonly custodian: string;
  /** True: the sentence may be said. */
  readonly isComplete: boolean;
  readonly logs: readonly LogPart[];
  /** T: of the log whose checkpoint was anchored first. Null unless complete. */
  readonly anchoredAt: number | null;
  /** n, of all kinds. */
  readonly entries: number;
  /** Of these, accesses. */
  readonly accesses: number;
  /** k: entries that an accessor's own record was compared with and fits. */
  readonly compared: number;
  /** S and o; null where not every seals log that the registry lists was counted. */
  readonly seals: { readonly unreleased: number; readonly overdue: number } | null;
}

/** All that are to be asked: closed ones, and those that it took over from others, as well. */
export function accessLogsOf(facts: RegistryFacts, custodian: string): LogFact[] {
  return facts.logs.filter((log) => log.class === 'access' && log.authority === custodian);
}

/** Every custodian that the registry lists, whether connected or not. */
export function custodiansOf(facts: RegistryFacts): string[] {
  return [...new Set(facts.logs.filter((log) => log.class === 'access').map(({ authority }) => authority))];
}

/** `judgements`: of the logs that were asked; others count as not shown. `agreeing`: leaf hashes, hex, of entries that
 * accessors’ copies agree with (citizen/compared.ts). `seals`: by origin, of the seals logs that were counted. */
export function sentenceOf(
  facts: RegistryFacts,
  custodian: string,
  judgements: readonly LogJudgement[],
  { agreeing, seals }: { readonly agreeing: ReadonlySet<string>; readonly seals: ReadonlyMap<string, SealCount> },
): SentenceNumbers {
  const logs = accessLogsOf(facts, custodian);
  const judged = logs.map((log) => judgements.find((judgement) => judgement.log.origin === log.origin));
  const parts = logs.map((log, i) => partOf(log, judged[i]));
  const isComplete = parts.length > 0 && parts.every(({ upTo }) => upTo !== null);
  const entries = judged.flatMap((judgement) => judgement?.entries ?? []);
  return {
    custodian,
    isComplete,
    logs: parts,
    anchoredAt: isComplete ? Math.min(...parts.map(({ upTo }) => upTo!.anchoredAt)) : null,
    entries: entries.length,
    accesses: entries.filter(({ kind }) => kind === 'access').length,
    compared: entries.filter(({ proven }) => agreeing.has(encodeHex(proven.leafHash))).length,
    seals: sumOf(facts, seals),
  };
}

function partOf(log: LogFact, judgement: LogJudgement | undefined): LogPart {
  const { origin } = log;
  if (judgement === undefined) return { origin, upTo: null, entries: 0, code: 'NOT_SHOWN' };
  const { completeness, entries } = judgement;
  if (completeness.outcome === 'unknown') return { origin, upTo: null, entries: entries.length, code: completeness.code };
  const { size, issuedAt } = completeness.upTo;
  return { origin, upTo: { size, issuedAt, anchoredAt: completeness.anchor.anchoredAt }, entries: entries.length, code: null };
}

function sumOf(facts: RegistryFacts, seals: ReadonlyMap<string, SealCount>): SentenceNumbers['seals'] {
  const counts = facts.logs.filter((log) => log.class === 'seals').map(({ origin }) => seals.get(origin) ?? null);
  if (counts.includes(null)) return null;
  const sum = (of: (count: SealCount) => number): number => counts.reduce((total, count) => total + of(count!), 0);
  return { unreleased: sum(({ unreleased }) => unreleased), overdue: sum(({ overdue }) => overdue) };
}
