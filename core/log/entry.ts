/**
 * An entry: something said about something, without saying what.
 *
 *      0  u8   version = 1
 *      1  u8   kind
 *      2  u64  time, UTC ms
 *     10  32   slot
 *     42  32   commitment = H(⟨bd⟩ ‖ nonce 32 ‖ body)
 */
import { ByteReader, concatBytes, u64, u8 } from '../bytes/bytes.ts';
import { invariant, malformed } from '../bytes/error.ts';
import { asHash, type Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { sm3 } from '../sm/sm3.ts';

/** Kinds that have a meaning; `cancel` in the history of a file withdraws it. Never renumbered, never reused. */
export const KINDS = {
  issue: 1,
  suspend: 2,
  resume: 3,
  revoke: 4,
  annul: 5,
  cancel: 6,
  reinstate: 8,
  correct: 9,
  file: 10,
  copy: 11,
  access: 16,
  objection: 18,
  answer: 19,
  erasure: 20,
  seal: 32,
  'seal-release': 33,
  'seal-renewal': 34,
} as const;
export type KindName = keyof typeof KINDS;

const KIND_NAMES = new Map<number, KindName>(Object.entries(KINDS).map(([name, kind]) => [kind, name as KindName]));

export interface Entry {
  /** As written: a reader must expect numbers that KINDS does not name. */
  readonly kind: number;
  /** The log's claim; not before the previous entry's, and a multiple of the log's quantum (which only a replay checks). */
  readonly recordedAt: number;
  readonly slot: Hash;
  readonly commitment: Hash;
}

export const ENTRY_LENGTH = 74;
export const NONCE_LENGTH = 32;
const VERSION = 1;

/** null for a number without a meaning. */
export function kindNameOf(kind: number): KindName | null {
  return KIND_NAMES.get(kind) ?? null;
}

export function encodeEntry({ kind, recordedAt, slot, commitment }: Entry): Uint8Array {
  return concatBytes(u8(VERSION), u8(kind), u64(recordedAt), slot, commitment);
}

/** Throws MALFORMED. Accepts every kind. The hashes are views of `bytes`. */
export function decodeEntry(bytes: Uint8Array): Entry {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== VERSION) throw malformed('an entry of another version');
  const kind = reader.u8();
  const recordedAt = reader.u64();
  const slot = asHash(reader.bytes(32));
  const commitment = asHash(reader.bytes(32));
  reader.end();
  return { kind, recordedAt, slot, commitment };
}

/** The nonce is 32 random bytes: with it erased, the commitment says nothing about the body any more. */
export function commitmentOf(nonce: Uint8Array, body: Uint8Array): Hash {
  invariant(nonce.length === NONCE_LENGTH, 'a nonce has 32 bytes');
  return sm3(label('bd'), nonce, body);
}
