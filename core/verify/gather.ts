/**
 * Asks a verifier for all the slots that a verdict on one file needs, and nothing else: slots tell an outsider neither the file nor
 * the licence. What comes back is believed only by `verify`; here it merely says what to ask next.
 */
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError, malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import type { Envelope } from '../authority/envelope.ts';
import { parseCover } from '../licence/cover.ts';
import { parseLicencePayload } from '../licence/payload.ts';
import { decodeEntry, kindNameOf } from '../log/entry.ts';
import { parseNote } from '../log/note.ts';
import { openOpening } from '../log/opening.ts';
import { logIdOf } from '../log/origin.ts';
import { fileSecret, publicLicenceSecret, slotAt, type HistorySecret } from '../log/slot.ts';
import type { LookupAnswer, LookupQuestion } from './lookup.ts';
import { presentRows } from './told.ts';

/** Throws CONFLICT when the verifier no longer holds the size asked for, UNAVAILABLE when it does not answer. */
export type LookUp = (question: LookupQuestion) => Promise<LookupAnswer>;

/** Most files and licences have few entries; longer histories cost one more round each. */
const SLOTS_PER_ROUND = 8;
const MAX_ROUNDS = 64;
const ATTEMPTS = 3;

const EMPTY: LookupAnswer = { logs: [], present: [], absent: [] };

function slotsFrom(h: HistorySecret, first: number): Hash[] {
  return Array.from({ length: SLOTS_PER_ROUND }, (_, i) => slotAt(h, first + i));
}

/** Puts two answers together. Throws MALFORMED when they stand on different checkpoints of one log. */
export function mergeAnswers(a: LookupAnswer, b: LookupAnswer): LookupAnswer {
  const logs = [...a.logs];
  for (const log of b.logs) {
    const place = logs.findIndex(({ logId }) => equalBytes(logId, log.logId));
    const known = logs[place];
    if (known === undefined) {
      logs.push(log);
      continue;
    }
    const { size } = parseNote(known.checkpoint).checkpoint;
    if (size !== parseNote(log.checkpoint).checkpoint.size) throw malformed('one log at two sizes in one answer');
    const seen = new Set(known.anchors.map(({ checkpoint }) => checkpoint));
    logs[place] = {
      ...known,
      polledMsAgo: Math.max(known.polledMsAgo, log.polledMsAgo),
      trouble: known.trouble ?? log.trouble,
      anchors: [...known.anchors, ...log.anchors.filter(({ checkpoint }) => !seen.has(checkpoint))],
    };
  }
  const key = (row: { slot: Hash; logId: Hash }): string => `${encodeHex(row.logId)}${encodeHex(row.slot)}`;
  const unique = <Row extends { slot: Hash; logId: Hash }>(rows: readonly Row[]): Row[] => [
    ...new Map(rows.map((row) => [key(row), row])).values(),
  ];
  return { logs, present: unique([...a.present, ...b.present]), absent: unique([...a.absent, ...b.absent]) };
}

/** Asks on until the answer holds the first absent slot of `h` in this log. */
async function gatherHistory(lookUp: LookUp, answer: LookupAnswer, logId: Hash, h: HistorySecret): Promise<LookupAnswer> {
  let all = answer;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const count = presentRows(all, logId, h).length;
    const next = slotAt(h, count);
    if (all.absent.some((row) => equalBytes(row.logId, logId) && equalBytes(row.slot, next))) return all;
    const log = all.logs.find((one) => equalBytes(one.logId, logId));
    const question = { slots: slotsFrom(h, count), logId };
    all = mergeAnswers(all, await lookUp(log ? { ...question, size: parseNote(log.checkpoint).checkpoint.size } : question));
  }
  return all;
}

/** The licence that the newest readable cover of the file names, or null. */
function familyIn(answer: LookupAnswer, logId: Hash, h: HistorySecret): string | null {
  const rows = presentRows(answer, logId, h).toReversed();
  for (const row of rows) {
    try {
      const entry = decodeEntry(row.entry);
      const kind = kindNameOf(entry.kind);
      if ((kind !== 'file' && kind !== 'copy') || row.opening === null) continue;
      const cover = parseCover(openOpening({ h, logId, entry }, row.opening).body);
      return parseLicencePayload(cover.licence.payload).identifier.family;
    } catch (error) {
      if (!isCodedError(error)) throw error;
    }
  }
  return null;
}

async function gatherOnce(lookUp: LookUp, fileDigest: Hash, licence: Envelope | null): Promise<LookupAnswer> {
  const h = fileSecret(fileDigest);
  let all = mergeAnswers(EMPTY, await lookUp({ slots: slotsFrom(h, 0) }));
  for (const { logId } of all.logs) {
    all = await gatherHistory(lookUp, all, logId, h);
    const family = familyIn(all, logId, h);
    if (family !== null) all = await gatherHistory(lookUp, all, logId, publicLicenceSecret(logId, family));
  }
  if (licence === null) return all;
  const { origin, identifier } = parseLicencePayload(licence.payload);
  const logId = logIdOf(origin);
  try {
    return await gatherHistory(lookUp, all, logId, publicLicenceSecret(logId, identifier.family));
  } catch (error) {
    // The log that the licence names is not followed here: that is part of the answer.
    if (isCodedError(error, 'NOT_FOUND')) return all;
    throw error;
  }
}

/** One coherent answer about the file. When the verifier moves on in between, asks again from the start. */
export async function gather(lookUp: LookUp, fileDigest: Hash, licence: Envelope | null = null): Promise<LookupAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await gatherOnce(lookUp, fileDigest, licence);
    } catch (error) {
      if (attempt === ATTEMPTS || !(isCodedError(error, 'CONFLICT') || isCodedError(error, 'MALFORMED'))) throw error;
    }
  }
}
