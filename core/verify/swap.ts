/**
 * What a log asks of its swap register on a second machine, and what that answers. The register holds the newest note of each log and
 * takes another only in its place, so that a log that was restored from an old backup cannot go on below what was published.
 *
 *     POST /v1/swap          {"origin","oldSize","note":NOTE,"consistency":[hash]}        → state
 *     GET  /v1/swap/{logId}                                                              → state
 *
 *     state = {"logId","checkpoint":NOTE|null,"answeredAt":ms}        null before the first swap; answeredAt by the register's clock
 *
 * Both notes bear the log's signature alone. `oldSize` is that of the note to be replaced, 0 for the first; `consistency` proves that
 * the new tree extends that one's (RFC 9162 §2.1.4).
 */
import { encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { readFields } from '../bytes/json-fields.ts';
import { formatNote, type Note, parseNote } from '../log/note.ts';
import { parseOrigin } from '../log/origin.ts';

export interface SwapRequest {
  readonly oldSize: number;
  readonly note: Note;
  readonly consistency: readonly Hash[];
}

export interface SwapState {
  readonly logId: Hash;
  readonly note: Note | null;
  readonly answeredAt: number;
}

/** The log's line alone; one log's name and numbers fit in far less. */
const MAX_NOTE = 1024;
/** Of a tree with 2^53-1 entries the proof has fewer. */
const MAX_PROOF = 64;

export function formatSwapRequest({ oldSize, note, consistency }: SwapRequest): JsonObject {
  const { origin } = note.checkpoint;
  return { origin, oldSize, note: formatNote(note), consistency: consistency.map(encodeHex) };
}

/** Throws MALFORMED. No signature and no proof is verified here. */
export function parseSwapRequest(value: JsonValue): SwapRequest {
  return readFields(value, 'swap', (f) => {
    const origin = parseOrigin(f.string('origin'));
    const request = {
      oldSize: f.integer('oldSize'),
      note: parseBareNote(f.string('note', MAX_NOTE)),
      consistency: f.array('consistency', MAX_PROOF, readHash),
    };
    if (request.note.checkpoint.origin !== origin) throw malformed('swap: the note is another log’s');
    return request;
  });
}

export function formatSwapState({ logId, note, answeredAt }: SwapState): JsonObject {
  return { logId: encodeHex(logId), checkpoint: note && formatNote(note), answeredAt };
}

/** Throws MALFORMED. */
export function parseSwapState(value: JsonValue): SwapState {
  return readFields(value, 'state', (f) => ({
    logId: f.hash('logId'),
    note: f.nullable('checkpoint', () => parseBareNote(f.string('checkpoint', MAX_NOTE))),
    answeredAt: f.integer('answeredAt'),
  }));
}

function parseBareNote(text: string): Note {
  const note = parseNote(text);
  if (note.cosignatures.length > 0) throw malformed('swap: a note with cosignatures');
  return note;
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}
