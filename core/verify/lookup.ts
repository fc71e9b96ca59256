/**
 * A verifier's answer to `POST /v1/lookup`: for each slot asked, the entry with its proofs or the proof of its absence, and the
 * checkpoints these stand on (docs/formats.md §16). Evidence is such an answer, kept.
 */
import { encodeBase64, encodeHex } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { hashFromHex } from '../bytes/hash.ts';
import { malformed } from '../bytes/error.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { parseSignature, type Signature } from '../sm/sm2.ts';

/** A witness's word that a block anchors a checkpoint. */
export interface KeyedSignature {
  readonly keyId: Hash;
  readonly signature: Signature;
}

export interface AnchorClaim {
  /** The checkpoint's note, as text. */
  readonly checkpoint: string;
  readonly blockNumber: number;
  readonly blockHash: Hash;
  readonly anchoredAt: number;
  readonly attestations: readonly KeyedSignature[];
}

/** What the verifier itself knows against a log; null when nothing. */
export const LOG_TROUBLES = ['FORKED_LOG', 'DISPUTED_LOG', 'NODE_UNREACHABLE', 'CHAIN_UNREACHABLE'] as const;
export type LogTrouble = (typeof LOG_TROUBLES)[number];

export interface LogAnswer {
  readonly logId: Hash;
  /** The checkpoint that all proofs of this log stand on: a note with its cosignatures. */
  readonly checkpoint: string;
  /** Milliseconds since the verifier last read the chain. */
  readonly polledMsAgo: number;
  readonly trouble: LogTrouble | null;
  /** The anchor of the checkpoint stood on, and for each present entry the newest that lacks it and the oldest that holds it. */
  readonly anchors: readonly AnchorClaim[];
}

export interface PresentSlot {
  readonly slot: Hash;
  readonly logId: Hash;
  readonly index: number;
  /** 74 bytes. */
  readonly entry: Uint8Array;
  readonly inclusion: readonly Hash[];
  /** Slot proof, encoded. */
  readonly map: Uint8Array;
  readonly opening: Uint8Array | null;
}

export interface AbsentSlot {
  readonly slot: Hash;
  readonly logId: Hash;
  readonly map: Uint8Array;
}

export interface LookupAnswer {
  readonly logs: readonly LogAnswer[];
  readonly present: readonly PresentSlot[];
  readonly absent: readonly AbsentSlot[];
}

export interface LookupQuestion {
  readonly slots: readonly Hash[];
  readonly logId?: Hash;
  readonly size?: number;
}

export const MAX_LOOKUP_SLOTS = 64;
const MAX_LOGS = 4096;
const MAX_ROWS = 16_384;
const MAX_NOTE = 16 * 1024;
const MAX_SLOT_PROOF = 16 * 1024;
/** iv, nonce and tag beside the longest body. */
const MAX_OPENING = (1 << 20) + 60;

export function formatLookupQuestion(question: LookupQuestion): JsonObject {
  return {
    slots: question.slots.map(encodeHex),
    ...(question.logId === undefined ? {} : { logId: encodeHex(question.logId) }),
    ...(question.size === undefined ? {} : { size: question.size }),
  };
}

/** Throws MALFORMED for no slot, more than 64, or a size without a log. */
export function parseLookupQuestion(value: JsonValue): LookupQuestion {
  return readFields(value, 'lookup', (f) => {
    const slots = f.array('slots', MAX_LOOKUP_SLOTS, readHash);
    if (slots.length === 0) throw malformed('lookup: no slot');
    if (!f.has('logId')) {
      if (f.has('size')) throw malformed('lookup: a size without a log');
      return { slots };
    }
    const logId = f.hash('logId');
    return f.has('size') ? { slots, logId, size: f.integer('size') } : { slots, logId };
  });
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}

export function formatAnchorClaim(claim: AnchorClaim): JsonObject {
  return {
    checkpoint: claim.checkpoint,
    blockNumber: claim.blockNumber,
    blockHash: encodeHex(claim.blockHash),
    anchoredAt: claim.anchoredAt,
    attestations: claim.attestations.map(({ keyId, signature }) => ({
      keyId: encodeHex(keyId),
      signature: encodeHex(signature),
    })),
  };
}

export function parseAnchorClaim(value: JsonValue, place: string): AnchorClaim {
  return readFields(value, place, (f) => ({
    checkpoint: f.string('checkpoint', MAX_NOTE),
    blockNumber: f.integer('blockNumber'),
    blockHash: f.hash('blockHash'),
    anchoredAt: f.integer('anchoredAt'),
    attestations: f.array('attestations', 256, (item, at) =>
      readFields(item, at, (a) => ({ keyId: a.hash('keyId'), signature: parseSignature(a.hex('signature', 64)) })),
    ),
  }));
}

export function formatLookupAnswer(answer: LookupAnswer): JsonObject {
  return {
    logs: answer.logs.map((log) => ({
      logId: encodeHex(log.logId),
      checkpoint: log.checkpoint,
      polledMsAgo: log.polledMsAgo,
      trouble: log.trouble,
      anchors: log.anchors.map(formatAnchorClaim),
    })),
    present: answer.present.map((row) => ({
      slot: encodeHex(row.slot),
      logId: encodeHex(row.logId),
      index: row.index,
      entry: encodeBase64(row.entry),
      inclusion: row.inclusion.map(encodeHex),
      map: encodeBase64(row.map),
      opening: row.opening && encodeBase64(row.opening),
    })),
    absent: answer.absent.map((row) => ({
      slot: encodeHex(row.slot),
      logId: encodeHex(row.logId),
      map: encodeBase64(row.map),
    })),
  };
}

function readLogAnswer(f: JsonFields): LogAnswer {
  return {
    logId: f.hash('logId'),
    checkpoint: f.string('checkpoint', MAX_NOTE),
    polledMsAgo: f.integer('polledMsAgo'),
    trouble: f.nullable('trouble', () => f.oneOf('trouble', LOG_TROUBLES)),
    anchors: f.array('anchors', MAX_ROWS, parseAnchorClaim),
  };
}

function readPresent(f: JsonFields): PresentSlot {
  return {
    slot: f.hash('slot'),
    logId: f.hash('logId'),
    index: f.integer('index'),
    entry: f.base64('entry', 74),
    inclusion: f.array('inclusion', 64, readHash),
    map: f.base64('map', MAX_SLOT_PROOF),
    opening: f.nullable('opening', () => f.base64('opening', MAX_OPENING)),
  };
}

function readAbsent(f: JsonFields): AbsentSlot {
  return { slot: f.hash('slot'), logId: f.hash('logId'), map: f.base64('map', MAX_SLOT_PROOF) };
}

/** Throws MALFORMED; nothing in the answer is believed yet. A log may stand in it once. */
export function parseLookupAnswer(value: JsonValue, place = 'answer'): LookupAnswer {
  const answer = readFields(value, place, (fields) => ({
    logs: fields.array('logs', MAX_LOGS, (item, at) => readFields(item, at, readLogAnswer)),
    present: fields.array('present', MAX_ROWS, (item, at) => readFields(item, at, readPresent)),
    absent: fields.array('absent', MAX_ROWS, (item, at) => readFields(item, at, readAbsent)),
  }));
  if (new Set(answer.logs.map(({ logId }) => encodeHex(logId))).size !== answer.logs.length)
    throw malformed(`${place}: a log twice`);
  return answer;
}
