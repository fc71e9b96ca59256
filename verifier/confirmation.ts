/**
 * What witnesses say of anchored checkpoints, collected and kept: a cosignature (I replayed it and came to both roots) and an
 * attestation (I saw it in this block). Only words that hold under a witness's key in the trust file are taken.
 *
 * Every anchor's attestations are wanted, not only the newest one's: they prove between which instants an entry was recorded.
 */
import { encodeHex, equalBytes } from '../core/bytes/bytes.ts';
import { isCodedError } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import type { LogFact } from '../core/authority/registry.ts';
import { verifyAttestation } from '../core/log/attestation.ts';
import { checkpointDigest } from '../core/log/checkpoint.ts';
import { addCosignature, noteKeyHash, verifyCosignatureLine, type Cosignature, type Note } from '../core/log/note.ts';
import { isIndependentWitness } from '../core/verify/basis.ts';
import type { KeyedSignature } from '../core/verify/lookup.ts';
import type { Trust, WitnessTrust } from '../core/verify/trust.ts';
import { fetchJson } from '../service/call/client.ts';
import type { Anchor } from './follow/anchor.ts';
import type { ChainFollower } from './follow/chain-follower.ts';
import { MAX_SEEN_BYTES, parseSeen, type Seen, type SeenStore } from './index/seen-store.ts';

export interface ConfirmationOptions {
  readonly chain: ChainFollower;
  readonly seen: SeenStore;
  /** Null while there is no trust file: then nobody is a witness. */
  readonly trust: () => Trust | null;
}

/** The words kept about one anchor. */
export interface Confirmation {
  readonly cosignatures: readonly Cosignature[];
  readonly attestations: readonly KeyedSignature[];
}

const NONE: Confirmation = { cosignatures: [], attestations: [] };

export class Confirmations {
  readonly #options: ConfirmationOptions;
  readonly #known = new Map<string, Confirmation>();

  constructor(options: ConfirmationOptions) {
    this.#options = options;
  }

  of(logId: Hash, anchor: Anchor): Confirmation {
    let known = this.#known.get(anchor.id);
    if (known === undefined) {
      known = this.#read(logId, anchor);
      this.#known.set(anchor.id, known);
    }
    return known;
  }

  #read(logId: Hash, anchor: Anchor): Confirmation {
    try {
      const seen = this.#options.seen.find(logId, anchor.checkpoint);
      if (seen === undefined || !equalBytes(checkpointDigest(seen.note.checkpoint), anchor.digest)) return NONE;
      // Anchored again in another block, a checkpoint needs new attestations; its cosignatures stay.
      const isSameBlock = seen.anchor !== null && equalBytes(seen.anchor.block.hash, anchor.block.hash);
      return { cosignatures: seen.note.cosignatures, attestations: isSameBlock ? seen.anchor.attestations : [] };
    } catch (error) {
      // Damaged: the witnesses still have it.
      if (isCodedError(error)) return NONE;
      throw error;
    }
  }

  /** True when as many independent authorities as the trust file asks for both cosigned and attested it. */
  isQuorate(log: LogFact, anchor: Anchor): boolean {
    return this.#hasQuorum(log, anchor, isConfirmedBy);
  }

  /** True when as many attested it: that is enough to bound when an entry was recorded. */
  isAttested(log: LogFact, anchor: Anchor): boolean {
    return this.#hasQuorum(log, anchor, isAttestedBy);
  }

  #hasQuorum(log: LogFact, anchor: Anchor, isBehind: (words: Confirmation, witness: WitnessTrust) => boolean): boolean {
    const trust = this.#options.trust();
    const { facts } = this.#options.chain;
    if (trust === null || facts === null) return false;
    const words = this.of(log.logId, anchor);
    const behind = trust.witnesses.filter((one) => isIndependentWitness(facts, log, one) && isBehind(words, one));
    return new Set(behind.map(({ authority }) => authority)).size >= trust.witnessQuorum;
  }

  /** True when nothing more is to be had from the witness of this name. */
  isComplete(log: LogFact, anchor: Anchor, name: string): boolean {
    const witness = this.#options.trust()?.witnesses.find((one) => one.name === name);
    const { facts } = this.#options.chain;
    const isWanted = witness !== undefined && facts !== null && isIndependentWitness(facts, log, witness);
    return !isWanted || isConfirmedBy(this.of(log.logId, anchor), witness);
  }

  /**
   * Asks the witness of this name about the anchor. True when it had something new. Throws UNAVAILABLE, NOT_FOUND when it has not
   * come to it, MALFORMED or UNVERIFIED when it says what it should not.
   */
  async ask(log: LogFact, anchor: Anchor, name: string, url: string, signal: AbortSignal): Promise<boolean> {
    const { size, issuedAt } = anchor.checkpoint;
    const path = `/seen/${encodeHex(log.logId)}?size=${size}&time=${issuedAt}`;
    const told = parseSeen(await fetchJson(`${url}${path}`, { signal, timeoutMs: ASK_TIMEOUT_MS, maxBytes: MAX_SEEN_BYTES }));
    const witness = this.#options.trust()?.witnesses.find((one) => one.name === name);
    if (witness === undefined || !equalBytes(checkpointDigest(told.note.checkpoint), anchor.digest)) return false;
    const before = this.of(log.logId, anchor);
    const after = {
      cosignatures: withCosignature(before.cosignatures, told.note, witness),
      attestations: this.#withAttestation(before.attestations, told, anchor, witness),
    };
    if (after.cosignatures === before.cosignatures && after.attestations === before.attestations) return false;
    await this.#keep(log, anchor, after);
    return true;
  }

  #withAttestation(
    known: readonly KeyedSignature[],
    told: Seen,
    anchor: Anchor,
    { publicKey }: WitnessTrust,
  ): readonly KeyedSignature[] {
    const keyId = keyIdOf(publicKey);
    const found = told.anchor?.attestations.find((one) => equalBytes(one.keyId, keyId));
    // It may still speak of a block that was lost.
    if (found === undefined || !equalBytes(told.anchor!.block.hash, anchor.block.hash) || hasKey(known, keyId)) return known;
    const { number, hash, at } = anchor.block;
    const place = { chainReference: this.#options.chain.chainReference, blockNumber: number, blockHash: hash, blockAt: at };
    verifyAttestation({ ...place, checkpointDigest: anchor.digest }, publicKey, found.signature);
    return [...known, found];
  }

  async #keep(log: LogFact, anchor: Anchor, after: Confirmation): Promise<void> {
    const note = anchor.note(this.#options.chain.facts!);
    if (note === null) return;
    const { cosignatures, attestations } = after;
    const seen = { logId: log.logId, note: { ...note, cosignatures }, anchor: { block: anchor.block, attestations } };
    await this.#options.seen.put(seen, { sync: false });
    this.#known.set(anchor.id, after);
  }
}

const ASK_TIMEOUT_MS = 3_000;

function hasKey(known: readonly KeyedSignature[], keyId: Hash): boolean {
  return known.some((one) => equalBytes(one.keyId, keyId));
}

function findCosignature(lines: readonly Cosignature[], { name, publicKey }: WitnessTrust): Cosignature | undefined {
  return lines.find(({ witness, keyHash }) => witness === name && equalBytes(keyHash, noteKeyHash(witness, publicKey)));
}

function withCosignature(known: readonly Cosignature[], told: Note, witness: WitnessTrust): readonly Cosignature[] {
  const line = findCosignature(told.cosignatures, witness);
  if (line === undefined || findCosignature(known, witness) !== undefined) return known;
  verifyCosignatureLine(told.checkpoint, line, witness.publicKey);
  return addCosignature({ ...told, cosignatures: known }, line).cosignatures;
}

function isAttestedBy({ attestations }: Confirmation, { publicKey }: WitnessTrust): boolean {
  return hasKey(attestations, keyIdOf(publicKey));
}

function isConfirmedBy(words: Confirmation, witness: WitnessTrust): boolean {
  return findCosignature(words.cosignatures, witness) !== undefined && isAttestedBy(words, witness);
}
