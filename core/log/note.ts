/**
 * A checkpoint as text, with its signatures: what is served, stored and handed on.
 *
 *     <origin>
 *     <size>
 *     <base64 of the root hash>
 *     map <base64 of the map root>
 *     time <UTC ms>
 *     (empty line)
 *     — <origin> <base64(key hash 4 ‖ signature 64)>                      the log's, always first
 *     — <consortium>/<USCC>/witness <base64(key hash 4 ‖ u64 cosignedAt ‖ signature 64)>     any number
 *
 * The shape is that of a C2SP signed note, the key hashes and signatures are our own: key hash = first 4 bytes of
 * H(⟨nk⟩ ‖ name ‖ 0x0A ‖ 65-byte key). It only says which key to try; four bytes prove nothing.
 */
import { ByteReader, concatBytes, decodeBase64, encodeBase64, encodeHex, encodeUtf8, equalBytes, u64 } from '../bytes/bytes.ts';
import { malformed, unverified } from '../bytes/error.ts';
import { asHash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { parseSignature, type PublicKey, type Signature } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';
import {
  checkCheckpoint,
  signCheckpoint,
  signCosignature,
  verifyCheckpointSignature,
  verifyCosignature,
  type Checkpoint,
} from './checkpoint.ts';
import { originParts, parseOrigin, type Origin } from './origin.ts';
import type { Signer } from './signer.ts';

export interface LogSignature {
  readonly keyHash: Uint8Array;
  readonly signature: Signature;
}

export interface Cosignature {
  /** A witness's name: `<consortium>/<USCC>/witness`. */
  readonly witness: Origin;
  readonly keyHash: Uint8Array;
  readonly cosignedAt: number;
  readonly signature: Signature;
}

export interface Note {
  readonly checkpoint: Checkpoint;
  readonly logSignature: LogSignature;
  readonly cosignatures: readonly Cosignature[];
}

/** Above what 64 signatures can fill, so that nothing longer is even looked at. */
const MAX_LENGTH = 16 * 1024;
const MAX_SIGNATURES = 64;
const KEY_HASH_LENGTH = 4;
const WITNESS_NAME = 'witness';

export function noteKeyHash(name: Origin, publicKey: PublicKey): Uint8Array {
  return sm3(label('nk'), encodeUtf8(`${name}\n`), publicKey).subarray(0, KEY_HASH_LENGTH);
}

function formatSignature(name: Origin, ...parts: Uint8Array[]): string {
  return `— ${name} ${encodeBase64(concatBytes(...parts))}\n`;
}

export function formatNote({ checkpoint, logSignature, cosignatures }: Note): string {
  const { origin, size, rootHash, mapRoot, issuedAt } = checkpoint;
  return [
    `${origin}\n${size}\n${encodeBase64(rootHash)}\nmap ${encodeBase64(mapRoot)}\ntime ${issuedAt}\n\n`,
    formatSignature(origin, logSignature.keyHash, logSignature.signature),
    ...cosignatures.map(({ witness, keyHash, cosignedAt, signature }) =>
      formatSignature(witness, keyHash, u64(cosignedAt), signature),
    ),
  ].join('');
}

const NOTE = /^([^\n]+)\n([0-9]+)\n([^\n]+)\nmap ([^\n]+)\ntime ([0-9]+)\n\n((?:— [^\n ]+ [^\n ]+\n)+)$/;
type NoteParts = [origin: string, size: string, rootHash: string, mapRoot: string, issuedAt: string, signatures: string];

/** Throws MALFORMED for anything but what `formatNote` writes. Signatures are not verified here. */
export function parseNote(text: string): Note {
  if (text.length > MAX_LENGTH) throw malformed('a note has at most 16 KiB');
  const match = NOTE.exec(text);
  if (match === null) throw malformed('not a checkpoint note');
  const [origin, size, rootHash, mapRoot, issuedAt, signatures] = match.slice(1) as NoteParts;
  const checkpoint = {
    origin: parseOrigin(origin),
    size: Number(size),
    rootHash: asHash(decodeBase64(rootHash)),
    mapRoot: asHash(decodeBase64(mapRoot)),
    issuedAt: Number(issuedAt),
  };
  checkCheckpoint(checkpoint);
  const note = { checkpoint, ...parseSignatures(signatures.slice(0, -1).split('\n')) };
  // One spelling: leading zeros, another name in the log's line and the like do not come back as they were.
  if (formatNote(note) !== text) throw malformed('a checkpoint note in another spelling');
  return note;
}

function parseSignatures(lines: readonly string[]): Pick<Note, 'logSignature' | 'cosignatures'> {
  if (lines.length > MAX_SIGNATURES) throw malformed('a note has at most 64 signatures');
  const [logLine, ...cosignatureLines] = lines.map((line) => line.split(' ') as [string, string, string]);
  const logSignature = parseLogSignature(logLine![2]);
  const cosignatures = cosignatureLines.map(([, name, blob]) => parseCosignature(name, blob));
  const keys = cosignatures.map(({ witness, keyHash }) => `${witness} ${encodeHex(keyHash)}`);
  if (new Set(keys).size !== keys.length) throw malformed('a note with two cosignatures of one key');
  return { logSignature, cosignatures };
}

function parseLogSignature(blob: string): LogSignature {
  const reader = new ByteReader(decodeBase64(blob));
  const keyHash = reader.bytes(KEY_HASH_LENGTH);
  const signature = parseSignature(reader.rest());
  return { keyHash, signature };
}

function parseCosignature(name: string, blob: string): Cosignature {
  const witness = parseOrigin(name);
  if (originParts(witness).name !== WITNESS_NAME) throw malformed('a cosignature by a name that is no witness');
  const reader = new ByteReader(decodeBase64(blob));
  const keyHash = reader.bytes(KEY_HASH_LENGTH);
  const cosignedAt = reader.u64();
  const signature = parseSignature(reader.rest());
  return { witness, keyHash, cosignedAt, signature };
}

export function signNote(checkpoint: Checkpoint, signer: Signer): Note {
  const keyHash = noteKeyHash(checkpoint.origin, signer.publicKey);
  return { checkpoint, logSignature: { keyHash, signature: signCheckpoint(checkpoint, signer) }, cosignatures: [] };
}

/** Throws UNVERIFIED unless the log's line is of this key. */
export function verifyNote({ checkpoint, logSignature }: Note, logKey: PublicKey): void {
  checkKeyHash(checkpoint.origin, logSignature.keyHash, logKey);
  verifyCheckpointSignature(checkpoint, logKey, logSignature.signature);
}

export function cosign(checkpoint: Checkpoint, witness: Origin, cosignedAt: number, signer: Signer): Cosignature {
  const signature = signCosignature(checkpoint, cosignedAt, signer);
  return { witness, keyHash: noteKeyHash(witness, signer.publicKey), cosignedAt, signature };
}

/** Throws UNVERIFIED unless the line is of this key. Whose key it is, the caller knows; the name in the line is only a name. */
export function verifyCosignatureLine(checkpoint: Checkpoint, line: Cosignature, witnessKey: PublicKey): void {
  checkKeyHash(line.witness, line.keyHash, witnessKey);
  verifyCosignature(checkpoint, line.cosignedAt, witnessKey, line.signature);
}

/** The note with one more cosignature, in place of an earlier one of the same key. */
export function addCosignature(note: Note, added: Cosignature): Note {
  const others = note.cosignatures.filter(
    ({ witness, keyHash }) => witness !== added.witness || !equalBytes(keyHash, added.keyHash),
  );
  return { ...note, cosignatures: [...others, added] };
}

function checkKeyHash(name: Origin, keyHash: Uint8Array, publicKey: PublicKey): void {
  if (!equalBytes(keyHash, noteKeyHash(name, publicKey))) throw unverified('note: a signature of another key');
}
