/**
 * Follows one log: from anchored checkpoint to anchored checkpoint, and beyond the newest one to what its node has published. What it
 * stands on is the newest anchored checkpoint whose two roots its own replay reproduced, once the witnesses have spoken or have had
 * their time; all that it holds beyond is provisional. A log that has signed what cannot be is convicted and followed no further.
 */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { findDispute, findLog, type LogFact } from '../../core/authority/registry.ts';
import { formatNote, type Note } from '../../core/log/note.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import type { LogTrouble } from '../../core/verify/lookup.ts';
import type { Logger } from '../../service/logger.ts';
import { hasRoots, type Head } from '../index/head-store.ts';
import type { LogIndex } from '../index/log-index.ts';
import type { IndexDamage } from '../index/damage.ts';
import { type Anchor, isSignedNote } from './anchor.ts';
import type { ChainFollower } from './chain-follower.ts';
import { type Finding, type FindingFiles, sizeInDoubt } from './finding.ts';
import { LogJudge, type Registered } from './log-judge.ts';
import type { NodeClient } from './node-client.ts';
import { replay, type SignedCheckpoint } from './replay.ts';

/** Milliseconds. */
export interface FollowTiming {
  /** From when an anchor was first seen: then it is stood on without its witnesses. */
  readonly witnessesWithinMs: number;
  /** So long a newer anchor, or the chain, may be out of reach before it is said. */
  readonly silentForMs: number;
  /** Between two attempts at a checkpoint that the node withholds. */
  readonly retryMs: number;
}

export interface LogFollowerOptions {
  readonly origin: Origin;
  readonly node: NodeClient;
  readonly index: LogIndex;
  readonly chain: ChainFollower;
  readonly findings: FindingFiles;
  /** Whether the entries of the log are to be had. */
  readonly mayRead: (log: LogFact) => boolean;
  /** Whether the quorum of witnesses has spoken about an anchor. */
  readonly isQuorate: (log: LogFact, anchor: Anchor) => boolean;
  readonly timing: FollowTiming;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly onGrowth: () => void;
  readonly onAdvance: (anchor: Anchor | null) => void;
}

export class LogFollower {
  readonly origin: Origin;
  readonly logId: Hash;
  readonly index: LogIndex;
  readonly node: NodeClient;
  readonly #options: LogFollowerOptions;
  readonly #judge: LogJudge;
  #standing: Anchor | null = null;
  #damage: IndexDamage | null = null;
  /** The anchor that the node withholds, and when to ask again. */
  #withheld: { readonly anchor: Anchor; readonly retryAt: number } | null = null;
  /** The published note that was replayed last. */
  #published: string | null = null;
  #reproduced = new WeakMap<Anchor, boolean>();

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    this.origin = options.origin;
    this.logId = logIdOf(options.origin);
    this.index = options.index;
    this.node = options.node;
    this.#judge = new LogJudge({ ...options, logId: this.logId });
  }

  /** Null while the registry does not list it, or this program may not read it. */
  get registered(): Registered | null {
    const { mayRead, chain } = this.#options;
    const { facts } = chain;
    const log = facts && findLog(facts, this.logId);
    return facts && log && mayRead(log) ? { log, facts } : null;
  }

  get anchors(): readonly Anchor[] {
    return this.#options.chain.anchorsOf(this.logId).anchors;
  }

  /** The newest anchored checkpoint that answers rest on; null before the first. */
  get standing(): Anchor | null {
    return this.#standing;
  }

  /** The newest head, when it lies beyond what is stood on. */
  get tail(): Head | null {
    const { newest } = this.index.heads;
    return newest.size > (this.#standing?.checkpoint.size ?? 0) ? newest : null;
  }

  /** The note that the node published last, when our own replay reproduced it in this run. */
  get published(): string | null {
    return this.#published;
  }

  get finding(): Finding | null {
    return this.#options.findings.of(this.logId);
  }

  get trouble(): LogTrouble | null {
    const { chain, timing, clock } = this.#options;
    if (this.finding !== null) return 'FORKED_LOG';
    if (this.#isDisputed()) return 'DISPUTED_LOG';
    if (chain.polledMsAgo > timing.silentForMs) return 'CHAIN_UNREACHABLE';
    const ahead = this.#newestAhead();
    if (ahead === null) return null;
    const isOverdue = clock() - ahead.seenAt > timing.silentForMs;
    return isOverdue || this.#withheld?.anchor === ahead ? 'NODE_UNREACHABLE' : null;
  }

  /** The court has found against what is stood on. Once a quorum has cleared the log, that no longer counts. */
  #isDisputed(): boolean {
    const { facts } = this.#options.chain;
    const size = this.#standing?.checkpoint.size ?? -1;
    return facts !== null && size >= (findDispute(facts, this.logId)?.fromSize ?? Number.POSITIVE_INFINITY);
  }

  /** True when our own replay came to both roots of the anchored checkpoint. */
  isHeld({ checkpoint }: Anchor): boolean {
    const head = this.index.heads.at(checkpoint.size);
    return head !== undefined && hasRoots(head, checkpoint);
  }

  /** True when the replayed tree has the anchored root at that size. Throws IndexDamage. */
  isReproduced(anchor: Anchor): boolean {
    const { size, rootHash } = anchor.checkpoint;
    if (size > this.index.size) return false;
    let known = this.#reproduced.get(anchor);
    if (known === undefined) {
      known = equalBytes(this.index.rootAt(size), rootHash);
      this.#reproduced.set(anchor, known);
    }
    return known;
  }

  /** The index of this log is dropped with the next step, and the log replayed. */
  rebuild(damage: IndexDamage): void {
    this.#damage = damage;
  }

  /** Everything that can be done now. Throws UNAVAILABLE when the node does not answer, IndexDamage. */
  async step(signal: AbortSignal): Promise<void> {
    try {
      if (this.#damage !== null) await this.#clear(this.#damage);
      const { registered } = this;
      if (registered === null) return;
      await this.#judge.judgeForked(registered, this.#options.chain.anchorsOf(this.logId));
      await this.#followAnchors(registered, signal);
      await this.#followPublished(registered, signal);
    } finally {
      this.advance();
    }
  }

  async #clear(damage: IndexDamage): Promise<void> {
    await this.index.clear(damage);
    this.#reproduced = new WeakMap();
    this.#published = null;
    this.#damage = null;
  }

  /** Moves to the newest anchored checkpoint that may be stood on; back again when the chain has lost the one stood on. */
  advance(): void {
    const { registered } = this;
    const next = registered && this.#newestToStandOn(registered);
    if (next === this.#standing) return;
    this.#standing = next;
    this.#options.onAdvance(next);
  }

  #newestToStandOn({ log, facts }: Registered): Anchor | null {
    const { isQuorate, timing, clock } = this.#options;
    const mayStand = (anchor: Anchor): boolean =>
      this.isHeld(anchor) &&
      anchor.isSigned(log, facts) &&
      (anchor === this.#standing || clock() - anchor.seenAt > timing.witnessesWithinMs || isQuorate(log, anchor));
    return this.anchors.findLast(mayStand) ?? null;
  }

  /** The newest anchor that the log signed, unless it is held already. */
  #newestAhead(): Anchor | null {
    const { registered } = this;
    if (registered === null) return null;
    const newest = this.anchors.findLast((anchor) => this.isHeld(anchor) || anchor.isSigned(registered.log, registered.facts));
    return newest === undefined || this.isHeld(newest) ? null : newest;
  }

  /** To the newest anchor; when that cannot be reached, to the nearest, so that one bad checkpoint spoils none before it. */
  async #followAnchors(registered: Registered, signal: AbortSignal): Promise<void> {
    const { log, facts } = registered;
    const limit = this.finding === null ? Number.POSITIVE_INFINITY : sizeInDoubt(this.finding);
    const lastHeld = this.anchors.findLastIndex((anchor) => this.isHeld(anchor));
    const ahead = this.anchors.slice(lastHeld + 1).filter(({ checkpoint }) => checkpoint.size < limit);
    const isSigned = (anchor: Anchor): boolean => anchor.isSigned(log, facts);
    const signed = (anchor: Anchor): SignedCheckpoint => ({
      checkpoint: anchor.checkpoint,
      note: anchor.signedNote(log, facts)!,
    });
    const newest = ahead.findLast(isSigned);
    if (newest === undefined || (this.#withheld?.anchor === newest && this.#options.clock() < this.#withheld.retryAt)) return;
    if (await this.#replayTo(registered, signed(newest), signal)) {
      this.#withheld = null;
      return;
    }
    this.#withheld = { anchor: newest, retryAt: this.#options.clock() + this.#options.timing.retryMs };
    const nearest = ahead.find(isSigned)!;
    if (nearest !== newest) await this.#replayTo(registered, signed(nearest), signal);
  }

  async #replayTo({ log, facts }: Registered, target: SignedCheckpoint, signal: AbortSignal): Promise<boolean> {
    const { node, index } = this;
    const sizeBefore = index.size;
    const { size: from } = index.heads.below(target.checkpoint.size);
    const waypoints = this.anchors
      .filter(({ checkpoint: { size } }) => from <= size && size <= target.checkpoint.size)
      .map((anchor) => ({ checkpoint: anchor.checkpoint, signedNote: () => anchor.signedNote(log, facts) }));
    const end = await replay({ index, node, log, target, waypoints, signal });
    if (index.size > sizeBefore) this.#options.onGrowth();
    await this.#judge.judgeReplay(end, target, signal);
    return end.outcome === 'held';
  }

  /** What the node has published beyond the newest anchor is held apart; what it publishes below must be the same log. */
  async #followPublished(registered: Registered, signal: AbortSignal): Promise<void> {
    if (this.finding !== null) return;
    const published = await this.#readPublished(signal);
    if (published === null) return;
    const { checkpoint } = published;
    const note = formatNote({ ...published, cosignatures: [] });
    if (note === this.#published || !isSignedNote(published, registered.log, registered.facts)) return;
    if (await this.#replayTo(registered, { checkpoint, note }, signal)) this.#published = note;
  }

  async #readPublished(signal: AbortSignal): Promise<Note | null> {
    try {
      return await this.node.checkpoint(signal);
    } catch (error) {
      // No checkpoint yet, or something that is none: nothing to go by.
      if (isCodedError(error) && error.code !== 'UNAVAILABLE') return null;
      throw error;
    }
  }
}
