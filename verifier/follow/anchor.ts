/**
 * An anchored checkpoint: what the chain says of it, and whether the log's own key signed it. The chain checks that too; whoever follows
 * it takes its word for nothing that it can check, and a key may be declared lost afterwards.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import {
  findKey,
  isLogKeyAt,
  isSuspended,
  type KeyFact,
  type LogFact,
  type RegistryFacts,
} from '../../core/authority/registry.ts';
import type { AnchorEvent, BlockPoint } from '../../core/authority/registry-event.ts';
import { checkpointDigest, encodeCheckpoint, type Checkpoint } from '../../core/log/checkpoint.ts';
import { formatNote, noteKeyHash, type Note } from '../../core/log/note.ts';
import type { Origin } from '../../core/log/origin.ts';
import { isSm2Signature } from '../../core/sm/sm2.ts';

/** The key of the log, valid at the checkpoint's own time, whose signature the note bears; whether or not that key was lost. */
export function findSigner({ checkpoint, logSignature }: Note, log: LogFact, facts: RegistryFacts): KeyFact | undefined {
  const { origin, issuedAt } = checkpoint;
  if (origin !== log.origin) return undefined;
  return facts.keys.find(
    (key) =>
      isLogKeyAt(key, log, issuedAt) &&
      equalBytes(noteKeyHash(origin, key.publicKey), logSignature.keyHash) &&
      isSm2Signature(key.publicKey, encodeCheckpoint(checkpoint), logSignature.signature),
  );
}

/** Known or suspected to have been lost by then. */
function isLostAt(key: KeyFact, issuedAt: number, { block }: RegistryFacts): boolean {
  const { compromisedAt } = key;
  if (compromisedAt !== null && issuedAt >= compromisedAt) return true;
  return isSuspended(key, block.at) && issuedAt >= key.suspended!.from;
}

/** True when the log's line is of a key of the log, valid at the checkpoint's own time, and holds. */
export function isSignedNote(note: Note, log: LogFact, facts: RegistryFacts): boolean {
  const signer = findSigner(note, log, facts);
  return signer !== undefined && !isLostAt(signer, note.checkpoint.issuedAt, facts);
}

export class Anchor {
  readonly sequence: number;
  readonly checkpoint: Checkpoint;
  /** H(the checkpoint's 128 bytes). */
  readonly digest: Hash;
  readonly block: BlockPoint;
  /** When this verifier first saw it, by its own clock. */
  readonly seenAt: number;
  /** Names the checkpoint in this block, among all anchors of all logs. */
  readonly id: string;
  readonly #event: AnchorEvent;
  #isHolding: boolean | undefined;
  #note: Note | undefined;
  #text: string | undefined;

  private constructor(event: AnchorEvent, origin: Origin, seenAt: number) {
    const { size, rootHash, mapRoot, issuedAt } = event;
    this.sequence = event.sequence;
    this.checkpoint = { origin, size, rootHash, mapRoot, issuedAt };
    this.digest = checkpointDigest(this.checkpoint);
    this.block = event.block;
    this.seenAt = seenAt;
    this.id = encodeHex(this.digest) + encodeHex(this.block.hash);
    this.#event = event;
  }

  /** Null for roots and a size that no checkpoint has. */
  static of(event: AnchorEvent, origin: Origin, seenAt: number): Anchor | null {
    try {
      return new Anchor(event, origin, seenAt);
    } catch (error) {
      if (isCodedError(error, 'MALFORMED')) return null;
      throw error;
    }
  }

  /** By a key of the log, valid at the checkpoint's own time. */
  isSigned(log: LogFact, facts: RegistryFacts): boolean {
    const key = findKey(facts, this.#event.keyId);
    const { issuedAt } = this.checkpoint;
    if (key === undefined || !isLogKeyAt(key, log, issuedAt) || isLostAt(key, issuedAt, facts)) return false;
    // A key id stands for one public key for ever, so the signature is verified once.
    return (this.#isHolding ??= isSm2Signature(key.publicKey, encodeCheckpoint(this.checkpoint), this.#event.signature));
  }

  /** As text, when the log's signature holds. */
  signedNote(log: LogFact, facts: RegistryFacts): string | null {
    return this.isSigned(log, facts) ? this.text(facts) : null;
  }

  /** As text, with the log's signature alone. Null while the registry does not list the key. */
  text(facts: RegistryFacts): string | null {
    const note = this.note(facts);
    return note && (this.#text ??= formatNote(note));
  }

  /** With the log's signature, as the chain has it. Null while the registry does not list the key. */
  note(facts: RegistryFacts): Note | null {
    if (this.#note !== undefined) return this.#note;
    const key = findKey(facts, this.#event.keyId);
    if (key === undefined) return null;
    const keyHash = noteKeyHash(this.checkpoint.origin, key.publicKey);
    this.#note = { checkpoint: this.checkpoint, logSignature: { keyHash, signature: this.#event.signature }, cosignatures: [] };
    return this.#note;
  }
}
