/**
 * How a person's question to one access log is asked: the custodian for her history, a verifier for the checkpoint it stands on. Whoever
 * fetches (page, portal) gives the two doors; what comes through them is judged by access/answer-check.ts.
 *
 * The verifier learns neither her handle nor which entries are hers. The anchors around them, which bound when each was recorded, are asked for
 * by whole days; of a day's anchors only those next to an entry are judged.
 */
import type { AccessAnswer } from '../access/answer.ts';
import { judgeLog, type LogJudgement } from '../access/answer-check.ts';
import type { AccessReason } from '../access/finding.ts';
import type { CanonicalNumber } from '../access/number.ts';
import type { LogFact } from '../authority/registry.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import { type Note, parseNote } from '../log/note.ts';
import { basisOf } from '../verify/basis.ts';
import type { AnchorClaim, LogAnswer } from '../verify/lookup.ts';
import type { World } from '../verify/world.ts';
import { beyondOf, type PromisedEntry } from './promised.ts';
import type { ShownEntry } from './row.ts';

/** Each may throw a coded error: then that party has said nothing. `status` 429 in its facts: it was asked too often. */
export interface Doors {
  /** At the checkpoint of that name, or, of null, at the newest that it has anchored. */
  readonly custodian: (log: LogFact, at: CheckpointName | null) => Promise<AccessAnswer>;
  /** That very checkpoint (an idle log has many of one size), or, of null, the newest that the verifier stands on; with its own anchor at least. */
  readonly standing: (logId: Hash, at: CheckpointName | null) => Promise<LogAnswer>;
  /** The log's anchors of that time, UTC ms, with the last one before it and the first one after it. */
  readonly anchors: (logId: Hash, from: number, to: number) => Promise<readonly AnchorClaim[]>;
  /** What the custodian has promised or published beyond that checkpoint. */
  readonly promised: (log: LogFact, at: CheckpointName | null) => Promise<readonly PromisedEntry[]>;
}

export type CheckpointName = Pick<Checkpoint, 'size' | 'issuedAt'>;

export interface AskedLog {
  readonly judgement: LogJudgement;
  /** The newest attested checkpoint that the verifier has, where it is newer than the one the custodian answered for by more than two beats. */
  readonly newer: CheckpointName | null;
  /** Entries beyond that checkpoint, bound by the log's signed promise or only shown: provisional, and in no count. */
  readonly beyond: readonly ShownEntry[];
}

export interface LogAsk {
  readonly world: World;
  readonly log: LogFact;
  readonly number: CanonicalNumber;
}

const DAY = 86_400_000;
/** Beyond these, the newest, times are only bounded by the log's registration and the checkpoint. */
const MAX_DAYS = 40;

/** A coded error is no answer. */
export async function orNull<Answer>(asked: Promise<Answer>): Promise<Answer | null> {
  try {
    return await asked;
  } catch (error) {
    if (isCodedError(error)) return null;
    throw error;
  }
}

/**
 * The verifier first: the custodian is asked to answer at the checkpoint that the verifier stands on. At one of its own choice, seconds old,
 * a verifier may not be yet, or, where anchors follow each other fast, never.
 *
 * Never throws for what the parties say or fail to say. `isConnected`: whether there is a way to the custodian at all.
 */
export async function askLog(doors: Doors, { world, log, number }: LogAsk, isConnected = true): Promise<AskedLog> {
  const judge = (answer: AccessAnswer | null, standing: LogAnswer | null): LogJudgement =>
    judgeLog({ world, log, number, standing, answer });
  const nothing = { newer: null, beyond: [] };
  if (!isConnected) return { judgement: unanswered(log, 'NOT_CONNECTED'), ...nothing };
  if (log.vrfKeys.length === 0) return { judgement: judge(null, null), ...nothing };
  const newest = await orNull(doors.standing(log.logId, null));
  const at = newest && checkpointIn(newest);
  const answer = await orWhy(doors.custodian(log, at));
  if (typeof answer === 'string') return { judgement: unanswered(log, answer), ...nothing };
  const [standing, promised] = await Promise.all([
    standingAt(doors, log, answer.checkpoint, newest),
    orNull(doors.promised(log, at)),
  ]);
  const judgement = judge(answer, standing);
  const newer = newerThan(world, log, answer, newest);
  const beyond = beyondOf({ world, log, number, answer }, promised ?? []);
  const placed = judgement.entries.map(({ proven }) => ({ entryIndex: proven.entryIndex, recordedAt: proven.entry.recordedAt }));
  if (standing === null || placed.length === 0) return { judgement, newer, beyond };
  const around = await anchorsAround(doors, log.logId, placed);
  return { judgement: judge(answer, { ...standing, anchors: [...standing.anchors, ...around] }), newer, beyond };
}

const TOO_MANY_REQUESTS = 429;
const CONFLICTING = 409;

/** Neither is silence: a person may ask only so often, and a custodian may deny the checkpoint that a verifier stands on. */
async function orWhy(asked: Promise<AccessAnswer>): Promise<AccessAnswer | AccessReason> {
  try {
    return await asked;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    const { status } = error.facts;
    if (error.code === 'CONFLICT' || status === CONFLICTING) return 'OTHER_CHECKPOINT';
    return status === TOO_MANY_REQUESTS ? 'TOO_OFTEN' : 'NODE_UNREACHABLE';
  }
}

/** Neither an empty history nor a custodian that hides one. */
function unanswered(log: LogFact, code: AccessReason): LogJudgement {
  return { log, completeness: { outcome: 'unknown', code, facts: {} }, entries: [] };
}

/** Null for a note that is none. */
export function checkpointIn(standing: LogAnswer): CheckpointName | null {
  try {
    const { size, issuedAt } = parseNote(standing.checkpoint).checkpoint;
    return { size, issuedAt };
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** The verifier's word on the very checkpoint that the custodian answered for; its newest where that is unknown to it. */
export async function standingAt(
  doors: Pick<Doors, 'standing'>,
  log: LogFact,
  { checkpoint: { size, issuedAt } }: Note,
  newest: LogAnswer | null,
): Promise<LogAnswer | null> {
  const held = newest && checkpointIn(newest);
  const isSame = held !== null && held.size === size && held.issuedAt === issuedAt;
  return isSame ? newest : ((await orNull(doors.standing(log.logId, { size, issuedAt }))) ?? newest);
}

/** An old checkpoint is no lie: it only says less. That there is a newer one must be said beside it. */
function newerThan(world: World, log: LogFact, answer: AccessAnswer, newest: LogAnswer | null): AskedLog['newer'] {
  if (newest === null || checkpointIn(newest) === null) return null;
  const basis = basisOf(world, newest);
  if (basis === null || basis.anchorView === null) return null;
  const { size, issuedAt } = basis.checkpoint;
  return issuedAt > answer.checkpoint.checkpoint.issuedAt + 2 * log.beat ? { size, issuedAt } : null;
}

/** Those next to each of the entries, of the days at which they say that they were recorded. */
export async function anchorsAround(
  doors: Pick<Doors, 'anchors'>,
  logId: Hash,
  entries: readonly { readonly entryIndex: number; readonly recordedAt: number }[],
): Promise<AnchorClaim[]> {
  const claims = await anchorsOfDays(
    doors,
    logId,
    entries.map(({ recordedAt }) => recordedAt),
  );
  return nextTo(
    entries.map(({ entryIndex }) => entryIndex),
    claims,
  );
}

async function anchorsOfDays(doors: Pick<Doors, 'anchors'>, logId: Hash, times: readonly number[]): Promise<AnchorClaim[]> {
  const days = [...new Set(times.map((time) => Math.floor(time / DAY) * DAY))].toSorted((a, b) => b - a).slice(0, MAX_DAYS);
  const asked = await Promise.all(days.map((day) => orNull(doors.anchors(logId, day, day + DAY))));
  return asked.flatMap((claims) => claims ?? []);
}

/** For each index the newest anchor that lacks it and the oldest that holds it, as they say of themselves; each once. */
function nextTo(indexes: readonly number[], claims: readonly AnchorClaim[]): AnchorClaim[] {
  const sized = claims
    .map((claim) => ({ claim, size: noteSize(claim) }))
    .filter(({ size }) => size !== null)
    .toSorted((a, b) => a.claim.anchoredAt - b.claim.anchoredAt);
  const chosen = new Map<string, AnchorClaim>();
  for (const index of indexes) {
    const lacking = sized.findLast(({ size }) => size! <= index);
    const holding = sized.find(({ size }) => size! > index);
    for (const one of [lacking, holding]) {
      if (one !== undefined) chosen.set(`${one.claim.blockNumber} ${encodeHex(one.claim.blockHash)}`, one.claim);
    }
  }
  return [...chosen.values()];
}

function noteSize(claim: AnchorClaim): number | null {
  const match = /^[^\n]+\n([0-9]{1,16})\n/.exec(claim.checkpoint);
  return match === null ? null : Number(match[1]);
}
