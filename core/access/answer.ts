/**
 * What a custodian's node answers a person who asks about herself: for one access log and one checkpoint, her whole history under each of
 * the log's VRF keys, with what each entry says (docs/formats.md §27). JSON of at most 32 MiB:
 *
 *     {"format":"veritrail-access-answer-v1","checkpoint":note,
 *      "epochs":[{"keyId":64 hex,"proof":162 hex,"items":[{"entry":74 bytes,"index","inclusion":[64 hex],"map":slot proof,"content":CONTENT}],
 *                 "absence":slot proof}]}
 *
 *     CONTENT   {"state":"opened","body":bytes,"nonce":64 hex}     {"state":"refused","legalBasis":text}     {"state":"erased"}
 *               {"state":"lost"}: body or key is not there any more, without anybody having erased it     null: not sent
 *
 * Bytes are base64. Everything here is for this person alone: it holds her handles and what was read about her. What it shows,
 * answer-check.ts says.
 */
import { encodeBase64, encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { readPlainText } from '../bytes/plain-text.ts';
import { ENTRY_LENGTH, NONCE_LENGTH } from '../log/entry.ts';
import type { HistoryItem } from '../log/history.ts';
import { formatNote, type Note, parseNote } from '../log/note.ts';
import { decodeSlotProof, encodeSlotProof, type SlotProof } from '../log/slot-proof.ts';
import { parseVrfProof, VRF_PROOF_LENGTH, type VrfProof } from '../sm/vrf.ts';
import { MAX_ACCESS_BODY_BYTES } from './body.ts';

/** The custodian's word, but for an opened body: that the entry's commitment shows. */
export type EntryContent =
  | { readonly state: 'opened'; readonly nonce: Uint8Array; readonly body: Uint8Array }
  | { readonly state: 'refused'; readonly legalBasis: string }
  | { readonly state: 'erased' | 'lost' };

export interface AnsweredItem extends HistoryItem {
  /** Null: not in this answer; the proof is complete without it. */
  readonly content: EntryContent | null;
}

/** Her history under one VRF key of the log. */
export interface AnsweredEpoch {
  readonly keyId: Hash;
  readonly proof: VrfProof;
  readonly items: readonly AnsweredItem[];
  readonly absence: SlotProof;
}

export interface AccessAnswer {
  /** The checkpoint that all proofs stand on. Its signatures and its anchor are a verifier's to show. */
  readonly checkpoint: Note;
  readonly epochs: readonly AnsweredEpoch[];
}

const FORMAT = 'veritrail-access-answer-v1';
export const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const MAX_NOTE = 16 * 1024;
const MAX_EPOCHS = 1024;
const MAX_ITEMS = 65_536;
const MAX_INCLUSION = 53;
const MAX_SLOT_PROOF = 16 * 1024;

export function formatAccessAnswer({ checkpoint, epochs }: AccessAnswer): JsonObject {
  return {
    format: FORMAT,
    checkpoint: formatNote(checkpoint),
    epochs: epochs.map(({ keyId, proof, items, absence }) => ({
      keyId: encodeHex(keyId),
      proof: encodeHex(proof),
      items: items.map(formatItem),
      absence: encodeBase64(encodeSlotProof(absence)),
    })),
  };
}

function formatItem({ entryBytes, entryIndex, inclusionProof, slotProof, content }: AnsweredItem): JsonObject {
  return {
    entry: encodeBase64(entryBytes),
    index: entryIndex,
    inclusion: inclusionProof.map(encodeHex),
    map: encodeBase64(encodeSlotProof(slotProof)),
    content: formatContent(content),
  };
}

export function formatContent(content: EntryContent | null): JsonObject | null {
  if (content?.state !== 'opened') return content;
  return { state: 'opened', nonce: encodeHex(content.nonce), body: encodeBase64(content.body) };
}

/** Throws MALFORMED, also for one key's history told twice. */
export function parseAccessAnswer(value: JsonValue): AccessAnswer {
  const answer = readFields(value, 'answer', (fields) => {
    fields.oneOf('format', [FORMAT]);
    const checkpoint = parseNote(fields.string('checkpoint', MAX_NOTE));
    return { checkpoint, epochs: fields.array('epochs', MAX_EPOCHS, (item, place) => readFields(item, place, readEpoch)) };
  });
  if (new Set(answer.epochs.map(({ keyId }) => encodeHex(keyId))).size !== answer.epochs.length)
    throw malformed('answer: one key twice');
  return answer;
}

function readEpoch(fields: JsonFields): AnsweredEpoch {
  return {
    keyId: fields.hash('keyId'),
    proof: parseVrfProof(fields.hex('proof', VRF_PROOF_LENGTH)),
    items: fields.array('items', MAX_ITEMS, (item, place) => readFields(item, place, readItem)),
    absence: decodeSlotProof(fields.base64('absence', MAX_SLOT_PROOF)),
  };
}

function readItem(fields: JsonFields): AnsweredItem {
  return {
    entryBytes: fields.base64('entry', ENTRY_LENGTH),
    entryIndex: fields.integer('index'),
    inclusionProof: fields.array('inclusion', MAX_INCLUSION, readHash),
    slotProof: decodeSlotProof(fields.base64('map', MAX_SLOT_PROOF)),
    content: readContent(fields),
  };
}

/** Throws MALFORMED. */
export function readContent(item: JsonFields): EntryContent | null {
  return item.nullable('content', () => readFields(item.value('content'), 'content', readShown));
}

function readShown(fields: JsonFields): EntryContent {
  const state = fields.oneOf('state', ['opened', 'refused', 'erased', 'lost']);
  if (state === 'erased' || state === 'lost') return { state };
  if (state === 'refused') return { state, legalBasis: readPlainText(fields, 'legalBasis', 500) };
  return { state, nonce: fields.hex('nonce', NONCE_LENGTH), body: fields.base64('body', MAX_ACCESS_BODY_BYTES) };
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}
