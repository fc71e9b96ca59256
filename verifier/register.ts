/**
 * The swap register of other people's logs: which note of each log is the newest. It says nothing about what is in a log; that is the
 * witness's word, after its replay.
 *
 *   register   log id 32 → the note with the log's signature alone, UTF-8
 *
 * What it answered is on disk. A registered note is only ever replaced by a later one whose tree extends its own, whoever asks and in
 * whatever order; of two that would replace the same note, one comes too late. Like the pledges of the witness, this is no cache.
 */
import { decodeUtf8, encodeHex, encodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import { conflict, notFound, unavailable, unverified } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { findLog, type RegistryFacts } from '../core/authority/registry.ts';
import { checkpointDigest, type Checkpoint } from '../core/log/checkpoint.ts';
import { EMPTY_MAP } from '../core/log/map.ts';
import { formatNote, parseNote, type Note } from '../core/log/note.ts';
import { logIdOf } from '../core/log/origin.ts';
import type { SwapRequest, SwapState } from '../core/verify/swap.ts';
import { EMPTY_ROOT } from '../core/log/tree.ts';
import { verifyConsistency } from '../core/log/tree-proof.ts';
import type { KeySpace, Store } from '../service/store.ts';
import { isSignedNote } from './follow/anchor.ts';
import { Turns } from './turns.ts';

export interface SwapRegisterOptions {
  readonly store: Store;
  /** Null until the chain was read. */
  readonly facts: () => RegistryFacts | null;
  /** UTC ms. */
  readonly clock: () => number;
}

const NOTHING: Omit<Checkpoint, 'origin'> = { size: 0, rootHash: EMPTY_ROOT, mapRoot: EMPTY_MAP, issuedAt: -1 };

export class SwapRegister {
  readonly #options: SwapRegisterOptions;
  readonly #space: KeySpace;
  /** One swap of a log at a time, by log id in hex. */
  readonly #turns = new Turns();

  constructor(options: SwapRegisterOptions) {
    this.#options = options;
    this.#space = options.store.space('register');
  }

  /** Throws NOT_FOUND for a log that the registry does not list, UNAVAILABLE. */
  async read(logId: Hash): Promise<SwapState> {
    this.#factsOf(logId);
    return this.#state(logId, await this.newest(logId));
  }

  /** The registered note; null before the first. Throws UNAVAILABLE. */
  async newest(logId: Hash): Promise<Note | null> {
    const stored = await this.#space.get(logId);
    return stored === undefined ? null : parseNote(decodeUtf8(stored));
  }

  /**
   * On disk when it returns; for the checkpoint that is registered already, at once. Throws NOT_FOUND and UNAVAILABLE as `read`, UNVERIFIED
   * for a signature or proof that does not hold, CONFLICT with the registered size and time when another note is there.
   */
  async swap(request: SwapRequest): Promise<SwapState> {
    const { note } = request;
    const logId = logIdOf(note.checkpoint.origin);
    const { facts, log } = this.#factsOf(logId);
    if (!isSignedNote(note, log, facts)) throw unverified('swap: no key of the log, valid at the checkpoint’s time, signed it');
    return this.#turns.run(encodeHex(logId), async () => {
      const { note: registered } = await this.read(logId);
      const known = registered?.checkpoint ?? NOTHING;
      if (registered !== null && isSameCheckpoint(registered.checkpoint, note.checkpoint)) return this.#state(logId, registered);
      verifySuccession(known, request);
      await this.#options.store
        .batch()
        .put(this.#space, logId, encodeUtf8(formatNote(note)))
        .write({ sync: true });
      return this.#state(logId, note);
    });
  }

  #factsOf(logId: Hash): { facts: RegistryFacts; log: RegistryFacts['logs'][number] } {
    const facts = this.#options.facts();
    if (facts === null) throw unavailable('the chain was not read yet');
    const log = findLog(facts, logId);
    if (log === undefined) throw notFound('the registry lists no such log');
    return { facts, log };
  }

  #state(logId: Hash, note: SwapState['note']): SwapState {
    return { logId, note, answeredAt: this.#options.clock() };
  }
}

function isSameCheckpoint(a: Checkpoint, b: Checkpoint): boolean {
  return equalBytes(checkpointDigest(a), checkpointDigest(b));
}

/** Throws CONFLICT when the request was not made with what is registered at hand, UNVERIFIED when its tree does not extend that one. */
function verifySuccession(known: typeof NOTHING, { oldSize, note, consistency }: SwapRequest): void {
  const { size, issuedAt, rootHash, mapRoot } = note.checkpoint;
  const facts = { size: known.size, time: Math.max(known.issuedAt, 0) };
  if (oldSize !== known.size) throw conflict('another checkpoint is registered', facts);
  if (issuedAt <= known.issuedAt || size < known.size) throw conflict('a later checkpoint is registered', facts);
  verifyConsistency({ size1: known.size, root1: known.rootHash, size2: size, root2: rootHash }, consistency);
  if (size === known.size && !equalBytes(mapRoot, known.mapRoot)) throw unverified('swap: one size, two map roots', facts);
}
