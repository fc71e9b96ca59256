/**
 * What an auditor is shown of entries: who, when, why, what came of it, what of that holds. Persons go by their pseudonyms until two officers
 * have agreed to name them and every custodian concerned has that on record; only then does a number stand in any output.
 */
import { BODY_CHECK_IDS } from '../access/body-check.ts';
import type { CanonicalNumber } from '../access/number.ts';
import { findAuthority, type RegistryFacts } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { hashFromHex } from '../bytes/hash.ts';
import type { JsonObject } from '../bytes/json.ts';
import type { World } from '../verify/world.ts';
import type { CaseFile } from './case-file.ts';
import { tracedOf } from './desk.ts';
import { pseudonymOf, type Pseudonym } from './pseudonym.ts';
import { distinctEntries, type Traced, type TracedEntry } from './traced.ts';
import { type SignedUnmasking, verifyUnmasking } from './unmasking.ts';

/** A case as it was kept, judged. */
export interface JudgedCase {
  readonly file: CaseFile;
  readonly world: World;
  /** One for each exchange, in order; null where nothing was answered. */
  readonly traced: readonly (Traced | null)[];
  readonly entries: readonly TracedEntry[];
  /** Whom two officers have named. */
  readonly named: ReadonlyMap<Pseudonym, CanonicalNumber>;
}

export function judgeCase(file: CaseFile, world: World): JudgedCase {
  const traced = file.exchanges.map((exchange) => tracedOf(world, exchange));
  const entries = distinctEntries(traced.filter((one) => one !== null));
  return { file, world, traced, entries, named: namedIn(file, entries) };
}

export function pseudonymFor(file: CaseFile, { body }: TracedEntry): Pseudonym | null {
  return body === null || body.subject === null ? null : pseudonymOf(file.pseudonymKey, body.subject.number);
}

/** An act of one officer, or one that some custodian concerned has not on record, names nobody. */
function namedIn(file: CaseFile, entries: readonly TracedEntry[]): Map<Pseudonym, CanonicalNumber> {
  const named = new Map<Pseudonym, CanonicalNumber>();
  const bySubject = Map.groupBy(entries, (entry) => pseudonymFor(file, entry));
  for (const act of file.unmaskings) {
    if (!isApproved(file, act)) continue;
    const recordedAt = new Set(file.exchanges.filter((one) => isRecordOf(one, act)).map(({ origin }) => origin));
    for (const subject of act.unmasking.subjects) {
      const own = bySubject.get(subject) ?? [];
      if (own.length > 0 && own.every(({ log }) => recordedAt.has(log.origin))) named.set(subject, own[0]!.body!.subject!.number);
    }
  }
  return named;
}

export function isApproved({ signedCase }: Pick<CaseFile, 'signedCase'>, act: SignedUnmasking): boolean {
  try {
    verifyUnmasking(signedCase, act);
    return true;
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) return false;
    throw error;
  }
}

function isRecordOf({ question: { query }, answer }: CaseFile['exchanges'][number], { envelope }: SignedUnmasking): boolean {
  return query.kind === 'unmasking' && answer !== null && equalBytes(query.act.envelope.payload, envelope.payload);
}

/** What has to be asked of whom before these persons are named: for each log, the entries that are about them. */
export function entriesToName({ file, entries }: JudgedCase, subjects: readonly Pseudonym[]): Map<string, Hash[]> {
  const meant = entries.filter((entry) => subjects.includes(pseudonymFor(file, entry)!));
  const byOrigin = Map.groupBy(meant, ({ log }) => log.origin);
  return new Map([...byOrigin].map(([origin, own]) => [origin, own.map(({ leafHash }) => hashFromHex(leafHash))]));
}

export type EntryView = JsonObject;

/** No number but of those that are named. */
export function viewOfEntry(judged: JudgedCase, entry: TracedEntry): EntryView {
  const { log, leafHash, kind, proven, recordedIn, body, item } = entry;
  const said = body?.request.request ?? null;
  return {
    leafHash,
    origin: log.origin,
    kind,
    index: proven.entryIndex,
    recordedAt: proven.entry.recordedAt,
    recordedBetween: { from: recordedIn.from, to: recordedIn.to },
    content: body === null && item.content?.state === 'opened' ? 'unreadable' : (item.content?.state ?? 'withheld'),
    request: said && {
      digest: entry.request,
      accessor: said.accessor,
      accessorName: nameOf(judged.world.facts, said.accessor),
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
    },
    outcome: body && {
      result: body.outcome.outcome.result,
      code: body.outcome.outcome.code,
      fields: body.outcome.outcome.fields.map((field) => ({ class: field.class, name: field.name })),
      chunk: body.outcome.outcome.chunk.number,
      subjectCount: body.outcome.outcome.subjectCount,
    },
    subject: subjectView(judged, entry),
    against: againstOf(entry),
  };
}

function subjectView({ file, named }: JudgedCase, entry: TracedEntry): JsonObject | null {
  const pseudonym = pseudonymFor(file, entry);
  if (pseudonym === null) return null;
  const number = named.get(pseudonym);
  return { pseudonym, number: number === undefined ? null : { class: number.class, id: number.id } };
}

/** Checks that did not pass, with why; none means that all that was asked holds. */
export function againstOf({ findings }: TracedEntry): JsonObject[] {
  if (findings === null) return [];
  return BODY_CHECK_IDS.flatMap((id) => {
    const { outcome, code } = findings[id];
    return outcome === 'fail' || outcome === 'unknown' ? [{ id, outcome, code }] : [];
  });
}

export function nameOf(facts: RegistryFacts, code: string): string {
  return findAuthority(facts, code)?.name ?? code;
}
