/**
 * A person's history as she reads it: one row for each entry, with what it is worth, newest first; objections stand with what they are about.
 *
 * A row's state says how far it is shown, never whether what was done was right:
 *
 *     proven        recorded for sure, and its content is what was recorded then, signed by both sides
 *     provisional   promised, or in the log, but no attested anchor holds it yet
 *     open          recorded, but something about its content could not be found out
 *     contradicted  recorded, but what the custodian shows as its content is not what was recorded, or does not hold
 *     refused, erased, lost, withheld    recorded, and the content is not shown: under a law it names; destroyed, as an erasure in her history
 *                                  says; not there any more, the custodian says; without a word that holds
 *
 * An erasure whose own content is lost may be of anything before it: what the custodian calls erased then counts as that, without law and time.
 */
import type { LogJudgement } from '../access/answer-check.ts';
import type { EntryContent } from '../access/answer.ts';
import type { BodyCheckId, CheckedBody } from '../access/body-check.ts';
import type { AccessFinding } from '../access/finding.ts';
import type { AccessOutcome } from '../access/outcome.ts';
import type { AccessRequest } from '../access/request.ts';
import type { LogFact } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { commitmentOf, type Entry, kindNameOf, type KindName, KINDS } from '../log/entry.ts';
import { type Erasure, parseErasure, parseReply } from '../redress/redress.ts';
import { type ObjectionStanding, redressOf } from '../redress/standing.ts';
import type { ProvedTime } from '../verify/basis.ts';

export type RowState = 'proven' | 'provisional' | 'open' | 'contradicted' | 'refused' | 'erased' | 'lost' | 'withheld';

/** An entry that the log shows, or has promised, to hold of her. */
export interface ShownEntry {
  readonly entry: Entry;
  readonly leafHash: Hash;
  /** Null while it is only promised. */
  readonly entryIndex: number | null;
  readonly recordedIn: ProvedTime;
  readonly content: EntryContent | null;
  readonly checked: CheckedBody | null;
}

export interface Row extends ShownEntry {
  /** Names the entry to its custodian; hex. */
  readonly name: string;
  readonly origin: string;
  readonly custodian: string;
  readonly kind: KindName | null;
  readonly state: RowState;
  /** Of an access that was opened. */
  readonly request: AccessRequest | null;
  readonly outcome: AccessOutcome | null;
  /** What was erased here, and under which law: of a kind 20 itself, and of an entry that one names. */
  readonly erasure: Erasure | null;
  readonly objections: readonly ObjectionStanding[];
}

/** Who was behind it, and why, may be irregular or partly unknown in an access that is shown beyond doubt. */
const NOT_ABOUT_CONTENT: readonly BodyCheckId[] = ['purpose', 'operator', 'seal'];

export function findingsOf({ checked }: ShownEntry): [BodyCheckId, AccessFinding][] {
  return checked === null ? [] : (Object.entries(checked.findings) as [BodyCheckId, AccessFinding][]);
}

/** True when the registry lists no duty that allowed the access, and it was granted all the same. */
export function lacksDuty(row: Row): boolean {
  return findingsOf(row).some(([id, { outcome }]) => id === 'purpose' && outcome === 'fail');
}

function stateOf(shown: ShownEntry, isErasedOnRecord: boolean): RowState {
  const { content, checked, recordedIn } = shown;
  if (content === null || (content.state === 'erased' && !isErasedOnRecord)) return 'withheld';
  if (content.state !== 'opened') return content.state;
  if (openedBody(shown) === null || (checked !== null && checked.body === null)) return 'contradicted';
  const asked = findingsOf(shown).filter(([id]) => !NOT_ABOUT_CONTENT.includes(id));
  if (asked.some(([, { outcome }]) => outcome === 'fail')) return 'contradicted';
  if (recordedIn.to === null) return 'provisional';
  return asked.some(([, { outcome }]) => outcome === 'unknown') ? 'open' : 'proven';
}

/** What an opened entry says, if that is what was recorded; null else. */
function openedBody({ content, entry }: ShownEntry): Uint8Array | null {
  if (content?.state !== 'opened') return null;
  return equalBytes(commitmentOf(content.nonce, content.body), entry.commitment) ? content.body : null;
}

export interface ShownLog {
  readonly log: LogFact;
  readonly entries: readonly ShownEntry[];
}

/** What a judgement shows to be in the log. */
export function shownIn({ log, entries }: LogJudgement): ShownLog {
  return {
    log,
    entries: entries.map(({ proven, recordedIn, content, checked }) => ({ ...proven, recordedIn, content, checked })),
  };
}

/** Rows of all logs, newest first; objections and replies to them stand with what they are about, where that is shown. `now` is UTC ms. */
export function rowsOf(logs: readonly ShownLog[], now: number): Row[] {
  return logs.flatMap((log) => rowsOfLog(log, now)).toSorted((a, b) => b.entry.recordedAt - a.entry.recordedAt);
}

function rowsOfLog({ log, entries }: ShownLog, now: number): Row[] {
  const told = redressOf(
    entries.map((shown) => ({ kind: shown.entry.kind, leafHash: shown.leafHash, body: openedBody(shown) })),
    now,
  );
  const names = new Set(entries.map(({ leafHash }) => encodeHex(leafHash)));
  const placed = told.objections.filter(({ objection }) => names.has(encodeHex(objection.entry)));
  const isPlaced = new Set(placed.map(({ leafHash }) => encodeHex(leafHash)));
  const isTold = (shown: ShownEntry, name: string): boolean => isPlaced.has(name) || placed.some((one) => isReplyTo(one, shown));
  const lostErasures = entries.filter(({ entry, content }) => entry.kind === KINDS.erasure && content?.state === 'lost');
  const isErased = ({ entry }: ShownEntry, name: string): boolean =>
    told.erased.has(name) || lostErasures.some((erasure) => erasure.entry.recordedAt >= entry.recordedAt);
  return entries
    .map((shown) => ({ shown, name: encodeHex(shown.leafHash) }))
    .filter(({ shown, name }) => !isTold(shown, name))
    .map(({ shown, name }) => ({
      ...shown,
      name,
      origin: log.origin,
      custodian: log.authority,
      kind: kindNameOf(shown.entry.kind),
      state: stateOf(shown, isErased(shown, name)),
      request: shown.checked?.body?.request.request ?? null,
      outcome: shown.checked?.body?.outcome.outcome ?? null,
      erasure: told.erased.get(name) ?? readOrNull(shown, 'erasure', parseErasure),
      objections: told.objections.filter(({ objection, leafHash }) => {
        // About something that is not shown here: it keeps a row of its own.
        return encodeHex(objection.entry) === name || (encodeHex(leafHash) === name && !isPlaced.has(name));
      }),
    }));
}

/** The one reply that counts; any other keeps its row. */
function isReplyTo({ reply }: ObjectionStanding, shown: ShownEntry): boolean {
  const said = readOrNull(shown, 'answer', parseReply);
  return said !== null && reply !== null && equalBytes(said.objection, reply.objection) && said.repliedAt === reply.repliedAt;
}

/** What an opened act of this kind says; null for one that is none. */
function readOrNull<Body>(shown: ShownEntry, kind: KindName, parse: (bytes: Uint8Array) => Body): Body | null {
  const body = kindNameOf(shown.entry.kind) === kind ? openedBody(shown) : null;
  try {
    return body && parse(body);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}
