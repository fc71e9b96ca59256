/**
 * A person's history as she reads it: one row for each entry, with what it is worth, newest first; objections stand with what they are about.
 *
 * A row's state says how far it is shown, never whether what was done was right:
 *
 *     proven        recorded for sure, and its content is what was recorded then, signed by both sides
 *     provisional   in the log, but no attested anchor holds it yet
 *     open          recorded, but something about its content could not be found out
 *     contradicted  recorded, but what the custodian shows as its content is not what was recorded, or does not hold
 *     refused, erased, withheld    recorded, and the content is not shown: under a law it names; destroyed; without a word
 */
import type { LogJudgement, PersonEntry } from '../access/answer-check.ts';
import type { EntryContent } from '../access/answer.ts';
import type { BodyCheckId } from '../access/body-check.ts';
import type { AccessFinding } from '../access/finding.ts';
import type { AccessOutcome } from '../access/outcome.ts';
import type { AccessRequest } from '../access/request.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import { commitmentOf, type KindName } from '../log/entry.ts';
import {
  type AnswerBody,
  ANSWER_WITHIN_MS,
  type ErasureBody,
  type ObjectionBody,
  parseAnswer,
  parseErasure,
  parseObjection,
} from './act.ts';

export type RowState = 'proven' | 'provisional' | 'open' | 'contradicted' | 'refused' | 'erased' | 'withheld';

export interface Objection {
  /** Leaf hash of the 18, hex. */
  readonly leafHash: string;
  readonly text: string;
  readonly madeAt: number;
  readonly answerBy: number;
  readonly answer: (AnswerBody & { readonly madeAt: number }) | null;
  /** As of the instant that the world was judged at, and only where the history is shown complete up to after the deadline. */
  readonly isOverdue: boolean;
}

export interface Row {
  /** Leaf hash, hex: names the entry to its custodian. */
  readonly leafHash: string;
  readonly origin: string;
  readonly custodian: string;
  readonly kind: KindName | null;
  readonly state: RowState;
  readonly entry: PersonEntry;
  /** Of an access that was opened. */
  readonly request: AccessRequest | null;
  readonly outcome: AccessOutcome | null;
  /** Of an erasure: what was erased, and under which law. */
  readonly erasure: ErasureBody | null;
  readonly objections: readonly Objection[];
}

/** Who was behind it, and why, may be irregular or partly unknown in an access that is shown beyond doubt. */
const NOT_ABOUT_CONTENT: readonly BodyCheckId[] = ['purpose', 'operator', 'seal'];

export function findingsOf({ entry }: Row): [BodyCheckId, AccessFinding][] {
  return entry.checked === null ? [] : (Object.entries(entry.checked.findings) as [BodyCheckId, AccessFinding][]);
}

/** True when nothing that the registry lists allowed the access, and it was granted all the same; break-glass says so of itself. */
export function lacksDuty(row: Row): boolean {
  return findingsOf(row).some(([id, { outcome }]) => id === 'purpose' && outcome === 'fail') && row.request?.breakGlass === null;
}

function stateOf(entry: PersonEntry): RowState {
  const { content, checked, recordedIn, proven } = entry;
  if (content === null) return 'withheld';
  if (content.state !== 'opened') return content.state;
  const isAsRecorded = equalBytes(commitmentOf(content.nonce, content.body), proven.entry.commitment);
  if (!isAsRecorded || (checked !== null && checked.body === null)) return 'contradicted';
  const asked = Object.entries(checked?.findings ?? {}).filter(([id]) => !NOT_ABOUT_CONTENT.includes(id as BodyCheckId));
  if (asked.some(([, { outcome }]) => outcome === 'fail')) return 'contradicted';
  if (recordedIn.to === null) return 'provisional';
  return asked.some(([, { outcome }]) => outcome === 'unknown') ? 'open' : 'proven';
}

/** What an opened act says, if that is what was recorded. */
function opened<Body>({ content, proven }: PersonEntry, parse: (bytes: Uint8Array) => Body): Body | null {
  if (content?.state !== 'opened' || !isRecorded(content, proven.entry.commitment)) return null;
  try {
    return parse(content.body);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

function isRecorded(content: Extract<EntryContent, { state: 'opened' }>, commitment: Uint8Array): boolean {
  return equalBytes(commitmentOf(content.nonce, content.body), commitment);
}

/** Rows of all logs, newest first; answers to objections stand with these and make no row where they can be read. */
export function rowsOf(judgements: readonly LogJudgement[], evaluatedAt: number): Row[] {
  const rows = judgements.flatMap((judgement) => rowsOfLog(judgement, evaluatedAt));
  return rows.toSorted((a, b) => b.entry.proven.entry.recordedAt - a.entry.proven.entry.recordedAt);
}

function rowsOfLog({ log, entries, completeness }: LogJudgement, evaluatedAt: number): Row[] {
  const shownUntil = completeness.outcome === 'complete' ? completeness.upTo.issuedAt : 0;
  const objections = objectionsIn(entries, Math.min(shownUntil, evaluatedAt));
  const told = new Set(objections.flatMap(({ objection, answerEntry }) => [objection.leafHash, answerEntry]));
  const known = new Set(entries.map(({ proven }) => encodeHex(proven.leafHash)));
  return (
    entries
      .map((entry) => ({ entry, leafHash: encodeHex(entry.proven.leafHash) }))
      // An objection about something that is not shown here keeps a row of its own.
      .filter(
        ({ leafHash }) =>
          !told.has(leafHash) || objections.some((one) => one.objection.leafHash === leafHash && !known.has(one.about)),
      )
      .map(({ entry, leafHash }) => ({
        leafHash,
        origin: log.origin,
        custodian: log.authority,
        kind: entry.kind,
        state: stateOf(entry),
        entry,
        request: entry.checked?.body?.request.request ?? null,
        outcome: entry.checked?.body?.outcome.outcome ?? null,
        erasure: entry.kind === 'erasure' ? opened(entry, parseErasure) : null,
        objections: objections
          .filter(({ about, objection }) => about === leafHash || objection.leafHash === leafHash)
          .map(({ objection }) => objection),
      }))
  );
}

interface Told {
  /** Leaf hash of the entry objected to, hex. */
  readonly about: string;
  readonly objection: Objection;
  /** Leaf hash of the 19, hex. */
  readonly answerEntry: string | null;
}

function objectionsIn(entries: readonly PersonEntry[], shownUntil: number): Told[] {
  const answers = entries.flatMap((entry) => {
    const body = entry.kind === 'answer' ? opened(entry, parseAnswer) : null;
    return body === null ? [] : [{ body, entry }];
  });
  return entries.flatMap((entry) => {
    const body: ObjectionBody | null = entry.kind === 'objection' ? opened(entry, parseObjection) : null;
    if (body === null) return [];
    const { leafHash, entry: said } = entry.proven;
    const found = answers.find((one) => equalBytes(one.body.objection, leafHash));
    const answerBy = said.recordedAt + ANSWER_WITHIN_MS;
    const answer = found === undefined ? null : { ...found.body, madeAt: found.entry.proven.entry.recordedAt };
    const objection = {
      leafHash: encodeHex(leafHash),
      text: body.text,
      madeAt: said.recordedAt,
      answerBy,
      answer,
      isOverdue: answer === null && shownUntil > answerBy,
    };
    return [
      {
        about: encodeHex(body.entry),
        objection,
        answerEntry: found === undefined ? null : encodeHex(found.entry.proven.leafHash),
      },
    ];
  });
}
