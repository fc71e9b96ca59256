/**
 * What an auditor is shown of entries: who, when, why, what came of it, what of that holds. Persons go by their pseudonyms until two officers
 * have agreed to name them and every custodian concerned has that on record; only then does a number stand in any output.
 */
import { BODY_CHECK_IDS, type BodyCheckId } from '../access/body-check.ts';
import type { AccessReason } from '../access/finding.ts';
import type { CanonicalNumber } from '../access/number.ts';
import type { AccessOutcome } from '../access/outcome.ts';
import type { AccessRequest } from '../access/request.ts';
import { findAuthority, type RegistryFacts } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import type { JsonObject } from '../bytes/json.ts';
import { commitmentOf } from '../log/entry.ts';
import type { Erasure } from '../redress/redress.ts';
import { redressOf } from '../redress/standing.ts';
import type { World } from '../verify/world.ts';
import type { OpenedRow } from './case-answer.ts';
import type { CaseFile, Exchange } from './case-file.ts';
import type { TraceCase } from './case.ts';
import { pseudonymOf } from './pseudonym.ts';
import type { CaseQuestion } from './query.ts';
import { distinctEntries, type Traced, type TracedEntry, traceHistory, traceRows, withOpened } from './traced.ts';
import { verifyUnmasking } from './unmasking.ts';

/** A case as it was kept, judged. */
export interface JudgedCase {
  readonly file: CaseFile;
  readonly world: World;
  /** One for each exchange, in order; null where nothing was shown that stands in a log. */
  readonly traced: readonly (Traced | null)[];
  readonly entries: readonly TracedEntry[];
  /** Whom two officers have named. */
  readonly named: ReadonlyMap<string, CanonicalNumber>;
  /** By leaf hash: under which law entries were erased, and when, where the custodian has shown that to this case. */
  readonly erasures: ReadonlyMap<string, Erasure>;
  /** How this case names the person of an entry; null: about nobody, or nothing is known. */
  readonly pseudonymOf: (entry: TracedEntry) => string | null;
}

export function judgeCase(file: CaseFile, world: World): JudgedCase {
  const traced = file.exchanges.map((exchange) => tracedOf(world, exchange));
  const opened = openedIn(file);
  const entries = distinctEntries(traced.filter((one) => one !== null)).map((entry) => {
    const content = opened.get(entry.leafHash);
    return content === undefined || entry.content === 'opened' ? entry : withOpened(world, entry, content);
  });
  const names = namesIn(file, entries);
  const named = new Map(
    entries.flatMap((entry) => (opened.has(entry.leafHash) && entry.number !== null ? [[names(entry)!, entry.number]] : [])),
  );
  return { file, world, traced, entries, named, erasures: erasuresIn(entries), pseudonymOf: names };
}

function erasuresIn(entries: readonly TracedEntry[]): JudgedCase['erasures'] {
  const said = entries.map(({ entry, leafHash, opened }) => {
    const isOpened = opened !== null && equalBytes(commitmentOf(opened.nonce, opened.body), entry.commitment);
    return { kind: entry.kind, leafHash: hashFromHex(leafHash), body: isOpened ? opened.body : null };
  });
  return redressOf(said, 0).erased;
}

/** What an exchange is worth, judged from what was kept. */
export function tracedOf(world: World, { origin, question: { query }, answer, standing }: Exchange): Traced | null {
  const log = world.facts.logs.find((one) => one.origin === origin);
  if (log === undefined || answer === null) return null;
  const { answered } = answer;
  if (answered.kind === 'person' && query.kind === 'person')
    return traceHistory({ world, log, standing }, query.subject, answered.history);
  return answered.kind === 'entries' ? traceRows({ world, log, standing }, answered.checkpoint, answered.rows) : null;
}

/** What was opened because two officers agreed to it, by leaf hash. An unmasking by one alone opens nothing here. */
function openedIn({ exchanges, signedCase }: CaseFile): Map<string, OpenedRow> {
  const opened = new Map<string, OpenedRow>();
  for (const { question, answer } of exchanges) {
    if (answer?.answered.kind !== 'unmask' || question.query.kind !== 'unmask' || !isApproved(signedCase.case, question))
      continue;
    const asked = new Set(question.query.leafHashes.map(encodeHex));
    for (const row of answer.answered.opened) if (asked.has(encodeHex(row.leafHash))) opened.set(encodeHex(row.leafHash), row);
  }
  return opened;
}

export function isApproved(one: TraceCase, { request, approval }: Pick<CaseQuestion, 'request' | 'approval'>): boolean {
  if (approval === null) return false;
  try {
    verifyUnmasking(one, request, approval);
    return true;
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) return false;
    throw error;
  }
}

/** A person whose number this case knows goes by the case's pseudonym, also where a custodian masks her; the others by their masks. */
function namesIn({ pseudonymKey }: CaseFile, entries: readonly TracedEntry[]): JudgedCase['pseudonymOf'] {
  const maskOf = ({ log, mask }: TracedEntry): string => `${log.origin} ${mask}`;
  const byMask = new Map(
    entries.flatMap((entry) =>
      entry.number !== null && entry.mask !== null ? [[maskOf(entry), pseudonymOf(pseudonymKey, entry.number)]] : [],
    ),
  );
  return (entry) => {
    if (entry.number !== null) return pseudonymOf(pseudonymKey, entry.number);
    return entry.mask === null ? null : (byMask.get(maskOf(entry)) ?? entry.mask);
  };
}

/** What is to be unmasked so that these persons are named, by log: one entry of each in each log. */
export function entriesToName(judged: JudgedCase, pseudonyms: readonly string[]): Map<string, Hash[]> {
  const meant = judged.entries.filter((entry) => {
    const pseudonym = judged.pseudonymOf(entry);
    return pseudonym !== null && pseudonyms.includes(pseudonym) && (entry.content === 'masked' || entry.content === 'opened');
  });
  const once = Map.groupBy(meant, (entry) => `${entry.log.origin} ${judged.pseudonymOf(entry)}`);
  const byOrigin = Map.groupBy([...once.values()], ([first]) => first!.log.origin);
  return new Map([...byOrigin].map(([origin, own]) => [origin, own.map(([first]) => hashFromHex(first!.leafHash))]));
}

export type EntryView = JsonObject;

/** No number but of those that are named. */
export function viewOfEntry(judged: JudgedCase, entry: TracedEntry): EntryView {
  const { log, leafHash, kind, placed, recordedIn, papers, content } = entry;
  const erasure = judged.erasures.get(leafHash) ?? null;
  return {
    leafHash,
    origin: log.origin,
    kind,
    index: placed.entryIndex,
    recordedAt: entry.entry.recordedAt,
    recordedBetween: { from: recordedIn.from, to: recordedIn.to },
    content,
    erasure: erasure && { legalBasis: erasure.legalBasis, erasedAt: erasure.erasedAt },
    request: papers && requestView(judged.world.facts, papers.request.request, entry.request!),
    outcome: papers && outcomeView(papers.outcome.outcome),
    subject: subjectView(judged, entry),
    against: againstOf(entry),
  };
}

function requestView(facts: RegistryFacts, said: AccessRequest, digest: string): JsonObject {
  return {
    digest,
    accessor: said.accessor,
    accessorName: nameOf(facts, said.accessor),
    operator: { id: said.operator.id, role: said.operator.role },
    grade: said.grade,
    action: said.action,
    purpose: said.purpose,
    legalBasis: said.legalBasis,
    matter: said.matter,
    case: said.case,
    cause: said.cause,
    breakGlass: said.breakGlass,
    requestedAt: said.requestedAt,
    system: said.system,
    terminal: said.terminal,
    parent: said.parent && encodeHex(said.parent),
  };
}

function outcomeView({ result, code, fields, chunk, subjectCount }: AccessOutcome): JsonObject {
  const shown = fields.map((field) => ({ class: field.class, name: field.name }));
  return { result, code, fields: shown, chunk: chunk.number, subjectCount };
}

function subjectView(judged: JudgedCase, entry: TracedEntry): JsonObject | null {
  const pseudonym = judged.pseudonymOf(entry);
  if (pseudonym === null) return null;
  const number = judged.named.get(pseudonym);
  return { pseudonym, number: number === undefined ? null : { class: number.class, id: number.id } };
}

/** A plain object of JSON. */
export type Against = { readonly id: BodyCheckId; readonly outcome: 'fail' | 'unknown'; readonly code: AccessReason | null };

/** Checks that did not pass, with why; none means that all that was asked holds. */
export function againstOf({ findings }: Pick<TracedEntry, 'findings'>): Against[] {
  if (findings === null) return [];
  return BODY_CHECK_IDS.flatMap((id) => {
    const { outcome, code } = findings[id];
    return outcome === 'fail' || outcome === 'unknown' ? [{ id, outcome, code }] : [];
  });
}

export function nameOf(facts: RegistryFacts, code: string): string {
  return findAuthority(facts, code)?.name ?? code;
}
