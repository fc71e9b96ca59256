/**
 * Anchors the newest checkpoint: on a beat, on demand, and in place of anchors that the chain has lost. A failure delays an anchor
 * and changes nothing in the log.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { equalBytes } from '../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../core/bytes/error.ts';
import type { Checkpoint } from '../core/log/checkpoint.ts';
import { noteKeyHash, parseNote } from '../core/log/note.ts';
import { proveConsistency } from '../core/log/tree-proof.ts';
import { anchorCheckpoint } from '../chain/anchor-call.ts';
import type { ChainSender } from '../chain/sender.ts';
import type { Logger } from '../service/logger.ts';
import type { Signer } from '../service/signer.ts';
import type { ChainFollower } from './follower.ts';
import { type Anchor, type Anchors, provedFrom } from './log/anchors.ts';
import type { LogStore } from './log/log-store.ts';
import type { Published } from './log/published.ts';
import type { Writing } from './log/writing.ts';

export interface AnchorOptions {
  readonly writer: Writing;
  readonly log: LogStore;
  readonly anchors: Anchors;
  readonly follower: Pick<ChainFollower, 'poll'>;
  readonly sender: Pick<ChainSender, 'send'>;
  readonly anchorAddress: string;
  readonly signer: Pick<Signer, 'keyId' | 'publicKey'>;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
}

export interface AnchoredCheckpoint {
  readonly note: string;
  readonly anchor: Anchor;
}

/** An unchanged log shows this often that it still stands. */
const IDLE_MS = 3_600_000;
/** The chain takes a checkpoint up to an hour old; half of that is left for getting there. */
const MAX_AGE_MS = 1_800_000;
const SEEN_WITHIN_MS = 30_000;
const SEEN_POLL_MS = 200;
const RETRY_MS = 500;
const MAX_BACKOFF_MS = 60_000;

const NO_PAUSE = (): number => 0;

/** Says how many of `ms` from now are left. A clock that is set back ends it: else it would last as long as the clock was ahead. */
function countdown(clock: () => number, ms: number): () => number {
  const from = clock();
  return () => {
    const passedMs = clock() - from;
    return passedMs < 0 ? 0 : Math.max(0, ms - passedMs);
  };
}

export class AnchorLoop {
  readonly #options: AnchorOptions;
  #beatMs = Number.POSITIVE_INFINITY;
  /** Milliseconds until the next attempt. */
  #pauseLeft = NO_PAUSE;
  #failures = 0;
  #isTicking = false;
  #hasLost = false;
  #turn: Promise<unknown> = Promise.resolve();
  #next: Promise<AnchoredCheckpoint> | null = null;

  constructor(options: AnchorOptions) {
    this.#options = options;
  }

  /** From now on `tick` anchors. */
  start(beatMs: number): void {
    this.#beatMs = beatMs;
  }

  /** Anchors if there is something new and its time has come. Called whenever the chain was read; nobody waits for it. */
  async tick(): Promise<void> {
    const { clock, logger } = this.#options;
    if (this.#isTicking || this.#beatMs === Number.POSITIVE_INFINITY || this.#pauseLeft() > 0 || !this.#isDue()) return;
    this.#isTicking = true;
    try {
      await this.anchor();
      this.#failures = 0;
      this.#pauseLeft = countdown(clock, this.#beatMs);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      logger.warn({ error }, 'the checkpoint is not anchored yet');
      this.#pauseLeft = countdown(clock, Math.min(MAX_BACKOFF_MS, 1_000 * 2 ** this.#failures++));
    } finally {
      this.#isTicking = false;
    }
  }

  #isDue(): boolean {
    const { anchors, writer, clock } = this.#options;
    if (writer.trouble !== null) return false;
    const last = anchors.newest;
    if (last === null || this.#hasLost) return true;
    return last.size < (writer.newest?.checkpoint.size ?? 0) || clock() - last.issuedAt >= IDLE_MS;
  }

  /** The chain has lost anchors: with the next tick the newest checkpoint takes their place. */
  replaceLost(): void {
    this.#hasLost = true;
    this.#pauseLeft = NO_PAUSE;
  }

  /** Anchors the newest checkpoint, one at a time: who asks while one is under way shares the next. Throws CONFLICT, UNAVAILABLE. */
  async anchor(): Promise<AnchoredCheckpoint> {
    this.#next ??= this.#turn.then(() => {
      this.#next = null;
      return this.#anchorNewest();
    });
    this.#turn = this.#next.catch(() => undefined);
    return this.#next;
  }

  /** Anchors until a checkpoint from no earlier than `since` is anchored. Throws UNAVAILABLE when it takes longer than `withinMs`. */
  async reach(since: number, withinMs: number): Promise<void> {
    const { anchors, clock } = this.#options;
    const isReached = (): boolean => anchors.newest !== null && provedFrom(anchors.newest) >= since;
    for (const left = countdown(clock, withinMs); !isReached();) {
      const leftMs = left();
      if (leftMs === 0) throw unavailable('what the issue rests on is not anchored yet; send the same request again');
      await Promise.race([this.anchor().catch(forgive), sleep(leftMs, undefined, { ref: false })]);
      if (!isReached()) await sleep(RETRY_MS);
    }
  }

  async #anchorNewest(): Promise<AnchoredCheckpoint> {
    const { writer, log, anchors, sender, anchorAddress, signer } = this.#options;
    if (writer.trouble !== null) throw unavailable('a log that does not sign is not anchored');
    const { note, checkpoint } = await this.#anchorable();
    const { size, issuedAt, rootHash, mapRoot } = checkpoint;
    await anchorCheckpoint(sender, anchorAddress, {
      logId: writer.logId,
      size,
      issuedAt,
      rootHash,
      mapRoot,
      keyId: signer.keyId,
      signature: parseNote(note).logSignature.signature,
      consistencyProof: proveConsistency(anchors.newest?.size ?? 0, size, log.tree),
    });
    const anchor = await this.#seen(checkpoint);
    this.#hasLost = false;
    return { note, anchor };
  }

  /** The newest checkpoint, or one more if the chain would not take it: it has that one, it is old, or signed by an earlier key. */
  async #anchorable(): Promise<Published> {
    const { writer, anchors, signer, clock } = this.#options;
    const { newest } = writer;
    if (newest === null) return writer.refresh();
    const { origin, issuedAt } = newest.checkpoint;
    const { keyHash } = parseNote(newest.note).logSignature;
    const isLater = issuedAt > (anchors.newest?.issuedAt ?? 0) && clock() - issuedAt < MAX_AGE_MS;
    return isLater && equalBytes(keyHash, noteKeyHash(origin, signer.publicKey)) ? newest : writer.refresh();
  }

  /** What counts is the event, read like everybody else reads it. */
  async #seen(checkpoint: Checkpoint): Promise<Anchor> {
    const { anchors, follower, writer, clock } = this.#options;
    for (const left = countdown(clock, SEEN_WITHIN_MS); ; await sleep(SEEN_POLL_MS)) {
      await follower.poll();
      const anchor = anchors.of(checkpoint);
      if (anchor !== undefined) return anchor;
      if (writer.trouble !== null || left() === 0) throw unavailable('the anchor is sent, and its block does not count yet');
    }
  }
}

function forgive(error: unknown): void {
  if (!isCodedError(error)) throw error;
}
