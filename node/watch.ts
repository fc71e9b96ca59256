/**
 * What each update of the chain means for the log: anchors come and go, and the log stops signing as soon as the chain shows that it
 * is not the log's only copy, or that the registry no longer lists it as it is configured.
 */
import { encodeHex, equalBytes } from '../core/bytes/bytes.ts';
import { forbidden, isCodedError, unavailable } from '../core/bytes/error.ts';
import { type AnchorEvent, type ChainEvent, isAnchorEvent } from '../core/authority/registry-event.ts';
import type { RegistryFacts } from '../core/authority/registry.ts';
import type { ChainUpdate } from '../chain/reader.ts';
import type { Anchors } from './log/anchors.ts';
import type { LogStore } from './log/log-store.ts';
import { isPublished } from './log/published.ts';
import type { Writing } from './log/writing.ts';
import { type Identity, type Standing, standingOf } from './standing.ts';

export interface WatchOptions {
  readonly identity: Identity;
  readonly log: LogStore;
  readonly anchors: Anchors;
  readonly writer: Writing;
  /** UTC ms. */
  readonly clock: () => number;
}

export class ChainWatch {
  readonly #options: WatchOptions;
  #standing: Standing | null = null;
  #isFirst = true;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Once the chain was read. Throws FORBIDDEN when the registry lists the node otherwise than it is configured. */
  begin(facts: RegistryFacts): Standing {
    const { identity, clock } = this.#options;
    this.#standing = standingOf(facts, identity, clock());
    return this.#standing;
  }

  /** What the registry knows the node as. Throws UNAVAILABLE before `begin`. */
  get standing(): Standing {
    if (this.#standing === null) throw unavailable('the chain was not read yet');
    return this.#standing;
  }

  /** True when anchors were lost that the chain had shown before. What cannot be taken stops the log: it is not told again. */
  async take(update: ChainUpdate, facts: RegistryFacts): Promise<boolean> {
    try {
      const hasLost = await this.#takeAnchors(update);
      // Facts that are not read to their end may still lack what they had.
      if (this.#standing !== null && update.caughtUp) this.begin(facts);
      return hasLost;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.#options.writer.stop(error);
      return false;
    }
  }

  async #takeAnchors({ lost, events }: ChainUpdate): Promise<boolean> {
    const { anchors } = this.#options;
    // A start reads the chain from its beginning, and what it lost meanwhile is not told.
    const forgetsFrom = this.#isFirst ? 0 : lost;
    const hadAnchors = forgetsFrom !== null && (await anchors.forgetFrom(forgetsFrom));
    for (const event of events) if (this.#isOwnAnchor(event)) await this.#takeAnchor(event);
    const hasLost = hadAnchors && !this.#isFirst;
    this.#isFirst = false;
    return hasLost;
  }

  #isOwnAnchor(event: ChainEvent): event is AnchorEvent {
    return isAnchorEvent(event) && equalBytes(event.logId, this.#options.identity.logId);
  }

  async #takeAnchor(event: AnchorEvent): Promise<void> {
    const { log, anchors, writer } = this.#options;
    const { size, issuedAt, block } = event;
    if (!(await isPublished(log, event))) {
      const facts = { size, rootHash: encodeHex(event.rootHash), held: log.head().size };
      writer.stop(
        forbidden('the chain shows a checkpoint that this log does not hold: it is an old copy, or not the only one', facts),
      );
    } else if (event.kind === 'anchored' && log.noteOf(event) !== undefined) {
      // Without its note, an anchor of the tree as we hold it was made before an old copy was restored: nothing follows from it.
      await anchors.record({ size, issuedAt, block });
    }
  }
}
