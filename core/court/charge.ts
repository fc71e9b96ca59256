/**
 * A charge: bytes by which a log convicts itself, as a file `charge-<logId>.json` and as the body of `POST /v1/charges`. Canonical JSON:
 *
 *     {"format":"veritrail-charge-v1","kind","origin", and of kind
 *       unmapped         "checkpoint":SHOWN,"entry":74 bytes,"index","inclusion":[hash],"map":slot proof
 *       broken-promise   "checkpoint":ANCHORED,"promise":{"logId","slot","leafHash","issuedAt","deadline","keyId","signature"},"map"
 *       rolled-back      "earlier":SHOWN,"later":SHOWN,"slot","earlierMap","laterMap"
 *       fork             "a":SHOWN,"b":SHOWN
 *       split-view       "earlier":SHOWN,"later":SHOWN,"otherRoot","consistency":[hash]}
 *
 *     SHOWN     ANCHORED, or {"note":note with the log's line alone,"keyId"}
 *     ANCHORED  {"sequence","size","time","rootHash","mapRoot","anchoredAt"}
 *
 * Whether it convicts, judgement.ts says, as the contract OmissionCourt does.
 */
import { CHARGE_KINDS, type ChargeKind } from '../authority/registry-event.ts';
import { encodeBase64, encodeHex, equalBytes } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { hashFromHex, type Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, parseCanonicalJson, type JsonObject, type JsonValue } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { checkCheckpoint, type Checkpoint } from '../log/checkpoint.ts';
import { decodeEntry, ENTRY_LENGTH } from '../log/entry.ts';
import { formatNote, parseNote, type Note } from '../log/note.ts';
import { logIdOf, parseOrigin, type Origin } from '../log/origin.ts';
import type { EntryPromise } from '../log/promise.ts';
import { decodeSlotProof, encodeSlotProof, type SlotProof } from '../log/slot-proof.ts';
import { parseSignature, type Signature } from '../sm/sm2.ts';

/** A checkpoint that the chain recorded: nothing of it need be believed. */
export interface AnchoredCheckpoint {
  readonly by: 'anchor';
  readonly checkpoint: Checkpoint;
  /** Counts the log's anchors from 0. */
  readonly sequence: number;
  /** The block's time. */
  readonly anchoredAt: number;
}

/** A checkpoint with the signature of a log key. */
export interface SignedCheckpoint {
  readonly by: 'signature';
  readonly checkpoint: Checkpoint;
  readonly keyId: Hash;
  readonly note: Note;
}

export type ShownCheckpoint = AnchoredCheckpoint | SignedCheckpoint;

export interface SignedPromise {
  readonly promise: EntryPromise;
  readonly keyId: Hash;
  readonly signature: Signature;
}

interface ChargeOf<Kind extends ChargeKind> {
  readonly kind: Kind;
  readonly origin: Origin;
}

/** O1: the entry is in the tree, and its slot is not in the map or has another leaf hash. */
export interface UnmappedCharge extends ChargeOf<'unmapped'> {
  readonly checkpoint: ShownCheckpoint;
  readonly entryBytes: Uint8Array;
  readonly entryIndex: number;
  readonly inclusionProof: readonly Hash[];
  readonly slotProof: SlotProof;
}

/** O2: what was promised is not there when it was due. */
export interface BrokenPromiseCharge extends ChargeOf<'broken-promise'> {
  readonly promised: SignedPromise;
  readonly checkpoint: AnchoredCheckpoint;
  readonly slotProof: SlotProof;
}

/** O3: what a slot held is gone, or is another. */
export interface RolledBackCharge extends ChargeOf<'rolled-back'> {
  readonly earlier: ShownCheckpoint;
  readonly later: ShownCheckpoint;
  readonly slot: Hash;
  readonly earlierSlotProof: SlotProof;
  readonly laterSlotProof: SlotProof;
}

/** O4: one size, two roots or two map roots. */
export interface ForkCharge extends ChargeOf<'fork'> {
  readonly a: ShownCheckpoint;
  readonly b: ShownCheckpoint;
}

/** O5: `later` extends a tree that at the size of `earlier` had another root. */
export interface SplitViewCharge extends ChargeOf<'split-view'> {
  readonly earlier: ShownCheckpoint;
  readonly later: ShownCheckpoint;
  readonly otherRoot: Hash;
  readonly consistencyProof: readonly Hash[];
}

export type Charge = UnmappedCharge | BrokenPromiseCharge | RolledBackCharge | ForkCharge | SplitViewCharge;

const FORMAT = 'veritrail-charge-v1';
/** Two slot proofs of 256 siblings and two notes fit in half of it. */
const MAX_LENGTH = 64 * 1024;
const MAX_NOTE = 1024;
const MAX_SLOT_PROOF = 2 + 256 * 32 + 65;
/** Of a tree with 2^53-1 entries a proof has fewer. */
const MAX_PROOF = 64;
const SIGNATURE_LENGTH = 64;

export function signedCheckpoint(note: Note, keyId: Hash): SignedCheckpoint {
  return { by: 'signature', checkpoint: note.checkpoint, keyId, note: { ...note, cosignatures: [] } };
}

export function formatCharge(charge: Charge): Uint8Array {
  const { kind, origin } = charge;
  return encodeCanonicalJson({ format: FORMAT, kind, origin, ...formatShowing(charge) });
}

function formatShowing(charge: Charge): JsonObject {
  const map = (proof: SlotProof): string => encodeBase64(encodeSlotProof(proof));
  switch (charge.kind) {
    case 'unmapped': {
      const [entry, inclusion] = [encodeBase64(charge.entryBytes), charge.inclusionProof.map(encodeHex)];
      return {
        checkpoint: formatShown(charge.checkpoint),
        entry,
        index: charge.entryIndex,
        inclusion,
        map: map(charge.slotProof),
      };
    }
    case 'broken-promise':
      return {
        checkpoint: formatShown(charge.checkpoint),
        promise: formatPromise(charge.promised),
        map: map(charge.slotProof),
      };
    case 'rolled-back': {
      const proofs = { earlierMap: map(charge.earlierSlotProof), laterMap: map(charge.laterSlotProof) };
      return { earlier: formatShown(charge.earlier), later: formatShown(charge.later), slot: encodeHex(charge.slot), ...proofs };
    }
    case 'fork':
      return { a: formatShown(charge.a), b: formatShown(charge.b) };
    case 'split-view': {
      const [otherRoot, consistency] = [encodeHex(charge.otherRoot), charge.consistencyProof.map(encodeHex)];
      return { earlier: formatShown(charge.earlier), later: formatShown(charge.later), otherRoot, consistency };
    }
  }
}

function formatShown(shown: ShownCheckpoint): JsonObject {
  if (shown.by === 'signature') return { note: formatNote(shown.note), keyId: encodeHex(shown.keyId) };
  const { size, issuedAt, rootHash, mapRoot } = shown.checkpoint;
  const roots = { rootHash: encodeHex(rootHash), mapRoot: encodeHex(mapRoot) };
  return { sequence: shown.sequence, size, time: issuedAt, ...roots, anchoredAt: shown.anchoredAt };
}

function formatPromise({ promise, keyId, signature }: SignedPromise): JsonObject {
  const { logId, slot, leafHash, issuedAt, deadlineAt } = promise;
  const hashes = { logId: encodeHex(logId), slot: encodeHex(slot), leafHash: encodeHex(leafHash), keyId: encodeHex(keyId) };
  return { ...hashes, issuedAt, deadline: deadlineAt, signature: encodeHex(signature) };
}

/** Throws MALFORMED. No signature and no proof is verified here. */
export function parseCharge(bytes: Uint8Array): Charge {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_LENGTH, maxDepth: 4 }), 'charge');
  fields.oneOf('format', [FORMAT]);
  const kind = fields.oneOf('kind', CHARGE_KINDS);
  const charge = readShowing(kind, parseOrigin(fields.string('origin')), fields);
  fields.end();
  return charge;
}

function readShowing(kind: ChargeKind, origin: Origin, fields: JsonFields): Charge {
  const shown = (name: string): ShownCheckpoint => readShown(fields.object(name), origin);
  const map = (name: string): SlotProof => decodeSlotProof(fields.base64(name, MAX_SLOT_PROOF));
  const proof = (name: string): Hash[] => fields.array(name, MAX_PROOF, readHash);
  switch (kind) {
    case 'unmapped': {
      const [checkpoint, entryBytes] = [shown('checkpoint'), fields.base64('entry', ENTRY_LENGTH)];
      decodeEntry(entryBytes);
      const [entryIndex, inclusionProof] = [fields.integer('index'), proof('inclusion')];
      return { kind, origin, checkpoint, entryBytes, entryIndex, inclusionProof, slotProof: map('map') };
    }
    case 'broken-promise': {
      const checkpoint = shown('checkpoint');
      if (checkpoint.by !== 'anchor') throw malformed('charge: a promise is broken by an anchored checkpoint');
      return { kind, origin, checkpoint, promised: readPromise(fields.object('promise'), origin), slotProof: map('map') };
    }
    case 'rolled-back': {
      const [earlierSlotProof, laterSlotProof] = [map('earlierMap'), map('laterMap')];
      const [earlier, later, slot] = [shown('earlier'), shown('later'), fields.hash('slot')];
      return { kind, origin, earlier, later, slot, earlierSlotProof, laterSlotProof };
    }
    case 'fork':
      return { kind, origin, a: shown('a'), b: shown('b') };
    case 'split-view': {
      const [otherRoot, consistencyProof] = [fields.hash('otherRoot'), proof('consistency')];
      return { kind, origin, earlier: shown('earlier'), later: shown('later'), otherRoot, consistencyProof };
    }
  }
}

function readShown(fields: JsonFields, origin: Origin): ShownCheckpoint {
  const shown = fields.has('note') ? readSigned(fields, origin) : readAnchored(fields, origin);
  fields.end();
  return shown;
}

function readSigned(fields: JsonFields, origin: Origin): SignedCheckpoint {
  const note = parseNote(fields.string('note', MAX_NOTE));
  if (note.cosignatures.length > 0) throw malformed('charge: a note with cosignatures');
  if (note.checkpoint.origin !== origin) throw malformed('charge: the note is another log’s');
  return signedCheckpoint(note, fields.hash('keyId'));
}

function readAnchored(fields: JsonFields, origin: Origin): AnchoredCheckpoint {
  const [size, issuedAt] = [fields.integer('size'), fields.integer('time')];
  const checkpoint = { origin, size, rootHash: fields.hash('rootHash'), mapRoot: fields.hash('mapRoot'), issuedAt };
  checkCheckpoint(checkpoint);
  return { by: 'anchor', checkpoint, sequence: fields.integer('sequence'), anchoredAt: fields.integer('anchoredAt') };
}

function readPromise(fields: JsonFields, origin: Origin): SignedPromise {
  const [logId, slot, leafHash, keyId] = [
    fields.hash('logId'),
    fields.hash('slot'),
    fields.hash('leafHash'),
    fields.hash('keyId'),
  ];
  const promise = { logId, slot, leafHash, issuedAt: fields.integer('issuedAt'), deadlineAt: fields.integer('deadline') };
  const signature = parseSignature(fields.hex('signature', SIGNATURE_LENGTH));
  fields.end();
  if (!equalBytes(logId, logIdOf(origin))) throw malformed('charge: the promise is another log’s');
  return { promise, keyId, signature };
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}
