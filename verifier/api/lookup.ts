/**
 * What the verifier answers about slots (core/verify/lookup.ts), from its index alone: nobody is asked, nothing is awaited. Slots of access
 * logs are answered by their own nodes, to those who may ask; here only the checkpoint that such an answer stands on is shown.
 *
 * A log's part of an answer stands on the newest anchored checkpoint; when one of the asked slots was taken since, on what the node has
 * published: then readers see that it is provisional.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, forbidden, notFound, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { LOG_RULES } from '../../core/authority/log-rules.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { formatNote, parseNote } from '../../core/log/note.ts';
import { encodeSlotProof, proveSlot } from '../../core/log/slot-proof.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import {
  type AbsentSlot,
  formatLookupAnswer,
  type LogAnswer,
  type LookupAnswer,
  type LookupQuestion,
  parseLookupQuestion,
  type PresentSlot,
} from '../../core/verify/lookup.ts';
import { readBody } from '../../service/body.ts';
import { type HotCall, sendJson } from '../../service/http.ts';
import type { Confirmations } from '../confirmation.ts';
import type { Anchor } from '../follow/anchor.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import { IndexDamage } from '../index/damage.ts';
import type { SlotRow, SlotStore } from '../index/slot-store.ts';
import { anchorsStoodOn, type Asked, askedOf, claimsAround } from './anchor-claims.ts';

export interface LookupSources {
  /** By log id in hex. */
  readonly logs: ReadonlyMap<string, LogFollower>;
  readonly slots: SlotStore;
  readonly chain: ChainFollower;
  readonly confirmations: Confirmations;
  /** A spoilt value was met, of this log or of all of them. */
  readonly onDamage: (damage: IndexDamage, log: LogFollower | null) => void;
}

/** The checkpoint that a log's part of the answer stands on. */
interface Basis {
  readonly size: number;
  readonly mapRoot: Hash;
  readonly note: string;
  /** Null: not anchored, or not confirmed yet. */
  readonly anchor: Anchor | null;
}

interface AskedSlot {
  readonly slot: Hash;
  readonly rows: readonly SlotRow[];
}

const MAX_QUESTION_BYTES = 16 << 10;

export async function sendLookup(sources: LookupSources, { request, response }: HotCall): Promise<void> {
  const body = await readBody(request, { type: 'application/json', maxBytes: MAX_QUESTION_BYTES });
  const question = parseLookupQuestion(parseJson(body, { maxBytes: MAX_QUESTION_BYTES }));
  sendJson(response, formatLookupAnswer(lookUp(sources, question)));
}

/**
 * Throws NOT_FOUND for a log that is not followed, FORBIDDEN for one whose slots are not for everybody, CONFLICT with the newest size for one
 * that is not held, UNAVAILABLE while the log, or the index, is not ready.
 */
export function lookUp(sources: LookupSources, question: LookupQuestion): LookupAnswer {
  const slots = findSlots(sources, question.slots);
  const parts = logsAsked(sources, question, slots).map((asked) => partOf(sources, asked, slots, question));
  // Without a log id only those count that have one of the slots.
  const said = parts.filter(({ present }) => question.logId !== undefined || present.length > 0);
  return {
    logs: said.map(({ log }) => log),
    present: said.flatMap(({ present }) => present),
    absent: said.flatMap(({ absent }) => absent),
  };
}

/** A checkpoint that the log signed, by its size, and its time where several have that size; none: the newest. */
export interface StandingQuestion {
  readonly logId: Hash;
  readonly size?: number;
  readonly time?: number;
}

/** The checkpoint that proofs of somebody else stand on, with its anchor: of any log that is followed. Throws as `lookUp`. */
export function standingAnswer(sources: LookupSources, { logId, ...question }: StandingQuestion): LogAnswer {
  return partOf(sources, requireAsked(sources, logId), [], question).log;
}

/** Throws NOT_FOUND. */
export function requireAsked({ logs }: Pick<LookupSources, 'logs'>, logId: Hash): Asked {
  const asked = askedOf(logs.get(encodeHex(logId)));
  if (asked === null) throw notFound('this verifier does not follow that log');
  return asked;
}

/** As `requireAsked`; throws FORBIDDEN for a log whose entries are not for everybody. */
export function requirePublic(sources: Pick<LookupSources, 'logs'>, logId: Hash): Asked {
  const asked = requireAsked(sources, logId);
  if (!LOG_RULES[asked.log.class].isPublic)
    throw forbidden('entries of that log are shown by its own node, to those who may ask');
  return asked;
}

function findSlots({ slots, onDamage }: LookupSources, asked: readonly Hash[]): AskedSlot[] {
  try {
    return asked.map((slot) => ({ slot, rows: slots.find(slot) }));
  } catch (error) {
    if (error instanceof IndexDamage) onDamage(error, null);
    throw error;
  }
}

function logsAsked(sources: LookupSources, { logId }: LookupQuestion, slots: readonly AskedSlot[]): Asked[] {
  if (logId !== undefined) return [requirePublic(sources, logId)];
  const named = new Set(slots.flatMap(({ rows }) => rows.map((row) => encodeHex(row.logId))));
  const holdsSome = ({ follower, log }: Asked): boolean => {
    if (!LOG_RULES[log.class].isPublic) return false;
    const held = follower.tail?.size ?? follower.standing?.checkpoint.size ?? 0;
    return slots.some(({ rows }) => rows.some((row) => equalBytes(row.logId, follower.logId) && row.entryIndex < held));
  };
  return [...named].flatMap((hex) => askedOf(sources.logs.get(hex)) ?? []).filter(holdsSome);
}

interface Part {
  readonly log: LogAnswer;
  readonly present: readonly PresentSlot[];
  readonly absent: readonly AbsentSlot[];
}

function partOf(
  sources: LookupSources,
  asked: Asked,
  slots: readonly AskedSlot[],
  { size, time }: Omit<StandingQuestion, 'logId'>,
): Part {
  const { follower } = asked;
  try {
    const basis = size === undefined ? newestBasis(sources, asked, slots) : basisAt(sources, asked, size, time);
    const rows = slots.map((slot) => rowOf(sources, follower, basis, slot));
    const present = rows.filter((row) => 'entry' in row);
    const log = {
      logId: follower.logId,
      checkpoint: basis.note,
      polledMsAgo: sources.chain.polledMsAgo,
      trouble: follower.trouble,
      anchors: claimsAround(
        sources,
        asked,
        present.map(({ index }) => index),
        basis.anchor,
      ),
    };
    return { log, present, absent: rows.filter((row) => !('entry' in row)) };
  } catch (error) {
    if (error instanceof IndexDamage) sources.onDamage(error, follower);
    throw error;
  }
}

function newestBasis(sources: LookupSources, asked: Asked, slots: readonly AskedSlot[]): Basis {
  const { standing, tail, logId } = asked.follower;
  const standingSize = standing?.checkpoint.size ?? 0;
  const isInTail = ({ rows }: AskedSlot): boolean =>
    rows.some((row) => equalBytes(row.logId, logId) && row.entryIndex >= standingSize && row.entryIndex < tail!.size);
  if (tail !== null && (standing === null || slots.some(isInTail))) return { ...tail, anchor: null };
  if (standing === null) throw unavailable('the log is not replayed yet');
  return anchoredBasis(sources, asked, standing);
}

function basisAt(sources: LookupSources, asked: Asked, size: number, time?: number): Basis {
  const { follower } = asked;
  const isMeant = ({ size: one, issuedAt }: Checkpoint): boolean => one === size && (time ?? issuedAt) === issuedAt;
  const anchor = anchorsStoodOn(follower).findLast((one) => isMeant(one.checkpoint) && follower.isHeld(one));
  if (anchor !== undefined) return anchoredBasis(sources, asked, anchor);
  const head = follower.index.heads.at(size);
  if (head === undefined || head.note === '' || !isMeant(parseNote(head.note).checkpoint)) {
    throw conflict('no checkpoint of this size is held', { newest: follower.standing?.checkpoint.size ?? 0 });
  }
  return { ...head, anchor: null };
}

function anchoredBasis({ confirmations }: LookupSources, { follower, facts }: Asked, anchor: Anchor): Basis {
  const note = anchor.note(facts);
  if (note === null) throw unavailable('the registry lost the log’s key');
  const { cosignatures } = confirmations.of(follower.logId, anchor);
  const { size, mapRoot } = anchor.checkpoint;
  return { size, mapRoot, note: formatNote({ ...note, cosignatures }), anchor };
}

function rowOf(sources: LookupSources, follower: LogFollower, basis: Basis, asked: AskedSlot): PresentSlot | AbsentSlot {
  const { logId, index } = follower;
  const { size, mapRoot } = basis;
  const { slot, rows } = asked;
  const proof = proveSlot(mapRoot, slot, index.map);
  const map = encodeSlotProof(proof);
  if (proof.end === null || !equalBytes(proof.end.slot, slot)) return { slot, logId, map };
  const row = rows.find((one) => equalBytes(one.logId, logId));
  if (row === undefined || row.entryIndex >= size) throw sources.slots.damageAt(slot);
  const entry = index.tiles.entryAt(row.entryIndex);
  const leafHash = leafHashOf(entry);
  if (!equalBytes(leafHash, proof.end.leafHash)) throw sources.slots.damageAt(slot);
  const inclusion = proveInclusion(row.entryIndex, size, index.tiles);
  return { slot, logId, index: row.entryIndex, entry, inclusion, map, opening: openingOf(sources, follower, leafHash) };
}

/** Null when it is not there; a spoilt one is fetched again. */
function openingOf({ onDamage }: LookupSources, follower: LogFollower, leafHash: Hash): Uint8Array | null {
  try {
    return follower.index.openings.find(leafHash) ?? null;
  } catch (error) {
    if (!(error instanceof IndexDamage)) throw error;
    onDamage(error, follower);
    return null;
  }
}
