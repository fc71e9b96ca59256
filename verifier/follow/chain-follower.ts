/**
 * Follows the chain: what the registry says now, and the anchors of each log. A poll that fails changes nothing but the age of what is
 * known. When the chain loses blocks, the facts are folded again from the events that are left and the anchors of those blocks are
 * forgotten: what stood on them is provisional again.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { applyRegistryEvent, emptyRegistry } from '../../core/authority/fold.ts';
import { findLog, type RegistryFacts } from '../../core/authority/registry.ts';
import {
  type AnchorEvent,
  type BlockPoint,
  type ChainEvent,
  isAnchorEvent,
  type RegistryEvent,
} from '../../core/authority/registry-event.ts';
import { chainReferenceOf } from '../../core/log/attestation.ts';
import type { Origin } from '../../core/log/origin.ts';
import type { ChainReader, ChainUpdate, ReaderCursor } from '../../chain/reader.ts';
import { Anchor } from './anchor.ts';
import type { ChainIdentity, EventStore, StoredEvents } from '../index/event-store.ts';

/** The chain itself, or what a test puts in its place. */
export interface ChainSource {
  /** Throws UNAVAILABLE. */
  identify(): Promise<ChainIdentity>;
  openReader(cursor: ReaderCursor | null): Pick<ChainReader, 'poll' | 'cursor'>;
}

export interface ChainFollowerOptions {
  readonly source: ChainSource;
  readonly identity: ChainIdentity;
  readonly events: EventStore;
  /** What was kept from the last run. */
  readonly kept: StoredEvents;
  readonly clock: () => number;
}

/** The anchors of one log in the order of the chain, and the checkpoints that the chain says contradict one of them. */
export interface LogAnchors {
  readonly anchors: readonly Anchor[];
  readonly forked: readonly Anchor[];
}

const NO_ANCHORS: LogAnchors = { anchors: [], forked: [] };
/** The age of what was never read in this run. */
const NEVER = Number.MAX_SAFE_INTEGER;

function isSameChain(a: ChainIdentity, b: ChainIdentity): boolean {
  return a.chainId === b.chainId && equalBytes(a.genesisHash, b.genesisHash) && equalBytes(a.anchorAddress, b.anchorAddress);
}

/** The index belongs to one chain. Throws CONFLICT when the source is another, UNAVAILABLE when a first start cannot ask. */
export async function agreeIdentity(source: ChainSource, known: ChainIdentity | null): Promise<ChainIdentity> {
  if (known === null) return source.identify();
  // Without the chain, a verifier that knows it from before starts all the same and says how old its knowledge is.
  const told = await source.identify().catch((error: unknown) => {
    if (isCodedError(error, 'UNAVAILABLE')) return known;
    throw error;
  });
  verifySameChain(told, known);
  return known;
}

function verifySameChain(told: ChainIdentity, known: ChainIdentity): void {
  if (isSameChain(told, known)) return;
  throw conflict('the index was built on another chain or anchor contract: name another dataDir, or move this one away', {
    chainId: told.chainId,
    knownChainId: known.chainId,
    genesisHash: encodeHex(told.genesisHash),
    knownGenesisHash: encodeHex(known.genesisHash),
  });
}

export class ChainFollower {
  readonly identity: ChainIdentity;
  readonly chainReference: Hash;
  readonly #options: ChainFollowerOptions;
  #reader: Pick<ChainReader, 'poll' | 'cursor'>;
  /** Up to where the reader's updates were taken. */
  #cursor: ReaderCursor | null;
  #isIdentified = false;
  #facts: RegistryFacts | null = null;
  #registryEvents: RegistryEvent[] = [];
  readonly #logs = new Map<string, LogAnchors>();
  #polledAt: number | null = null;

  constructor(options: ChainFollowerOptions) {
    const { source, identity, kept, clock } = options;
    this.identity = identity;
    this.chainReference = chainReferenceOf(identity.chainId, identity.genesisHash, identity.anchorAddress);
    this.#options = options;
    this.#reader = source.openReader(kept.cursor);
    this.#cursor = kept.cursor;
    // They were seen when they came: about the time of their blocks.
    this.#apply(kept.events, kept.cursor?.head ?? null, (block) => Math.min(block.at, clock()));
  }

  /** Null until the chain was read for the first time. */
  get facts(): RegistryFacts | null {
    return this.#facts;
  }

  /** Milliseconds since the last poll that succeeded in this run. */
  get polledMsAgo(): number {
    return this.#polledAt === null ? NEVER : Math.max(0, this.#options.clock() - this.#polledAt);
  }

  anchorsOf(logId: Hash): LogAnchors {
    return this.#logs.get(encodeHex(logId)) ?? NO_ANCHORS;
  }

  /** Reads all that is new; true when there was something. Throws UNAVAILABLE, or CONFLICT when the chain has become another one. */
  async poll(): Promise<boolean> {
    if (!this.#isIdentified) await this.#identify();
    let isChanged = false;
    for (;;) {
      // What is told was true when it was asked for, not later.
      const askedAt = this.#options.clock();
      const { lost, events, caughtUp } = await this.#readOn();
      isChanged ||= lost !== null || events.length > 0;
      if (!caughtUp) continue;
      this.#polledAt = askedAt;
      return isChanged;
    }
  }

  async #identify(): Promise<void> {
    this.#isIdentified = false;
    verifySameChain(await this.#options.source.identify(), this.identity);
    this.#isIdentified = true;
  }

  async #readOn(): Promise<ChainUpdate> {
    const update = await this.#reader.poll();
    try {
      // A chain that loses blocks may be another one by now.
      if (update.lost !== null) await this.#identify();
      if (update.lost !== null || this.#isNew(update.head)) await this.#options.events.write(update, this.#reader.cursor);
    } catch (error) {
      // The reader has moved on; what it told is to be told again.
      this.#reader = this.#options.source.openReader(this.#cursor);
      throw error;
    }
    this.#cursor = this.#reader.cursor;
    if (update.lost !== null) this.#forgetFrom(update.lost);
    const now = this.#options.clock();
    this.#apply(update.events, update.head, () => now);
    return update;
  }

  #isNew(head: BlockPoint): boolean {
    const known = this.#cursor?.head ?? null;
    return known === null || !equalBytes(known.hash, head.hash);
  }

  #apply(events: readonly ChainEvent[], head: BlockPoint | null, seenAt: (block: BlockPoint) => number): void {
    const anchors: AnchorEvent[] = [];
    for (const event of events) {
      if (isAnchorEvent(event)) {
        anchors.push(event);
        continue;
      }
      this.#registryEvents.push(event);
      this.#facts = applyRegistryEvent(this.#facts ?? emptyRegistry(event.block), event);
    }
    if (head !== null) this.#facts = { ...(this.#facts ?? emptyRegistry(head)), block: head };
    for (const [hex, group] of Map.groupBy(anchors, ({ logId }) => encodeHex(logId))) this.#addAnchors(hex, group, seenAt);
  }

  #addAnchors(hex: string, events: readonly AnchorEvent[], seenAt: (block: BlockPoint) => number): void {
    // The contract anchors registered logs only.
    const origin = findLog(this.#facts!, events[0]!.logId)?.origin as Origin | undefined;
    if (origin === undefined) return;
    const anchorsOf = (kind: AnchorEvent['kind']): Anchor[] =>
      events.filter((event) => event.kind === kind).flatMap((event) => Anchor.of(event, origin, seenAt(event.block)) ?? []);
    const known = this.#logs.get(hex) ?? NO_ANCHORS;
    this.#logs.set(hex, {
      anchors: [...known.anchors, ...anchorsOf('anchored')],
      forked: [...known.forked, ...anchorsOf('forked')],
    });
  }

  #forgetFrom(blockNumber: number): void {
    const isLeft = ({ block }: { readonly block: BlockPoint }): boolean => block.number < blockNumber;
    this.#registryEvents = this.#registryEvents.filter(isLeft);
    this.#facts = this.#registryEvents.reduce<RegistryFacts | null>(
      (facts, event) => applyRegistryEvent(facts ?? emptyRegistry(event.block), event),
      null,
    );
    for (const [hex, { anchors, forked }] of this.#logs) {
      this.#logs.set(hex, { anchors: anchors.filter(isLeft), forked: forked.filter(isLeft) });
    }
  }
}
