/** A chain in memory in place of the real reader: blocks with events, which can be lost and mined again, and an outage. */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import {
  type AnchorEvent,
  type BlockPoint,
  type ChainEvent,
  isAnchorEvent,
  type RegistryEvent,
} from '../../core/authority/registry-event.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { logIdOf } from '../../core/log/origin.ts';
import type { Signature, PublicKey } from '../../core/sm/sm2.ts';
import type { ChainUpdate, ReaderCursor } from '../../chain/reader.ts';
import type { ChainSource } from '../../verifier/follow/chain-follower.ts';
import { bytesOf } from '../log/memory-log.ts';
import type { Unplaced } from '../verify/story.ts';

interface Block {
  readonly point: BlockPoint;
  readonly events: readonly ChainEvent[];
}

/** The events that make these facts, as long as nothing has ended or moved. */
export function eventsOf(facts: RegistryFacts): Unplaced<RegistryEvent>[] {
  return [
    ...facts.authorities.map((one) => ({ ...one, kind: 'authority-registered' as const })),
    ...facts.keys.map((one) => ({ ...one, kind: 'key-added' as const, code: one.authority, keyType: one.type })),
    ...facts.scopes.map((one) => ({ ...one, kind: 'scope-granted' as const, code: one.authority })),
    ...facts.duties.map((one) => ({ ...one, kind: 'duty-granted' as const, code: one.authority })),
    ...facts.logs.map((one) => ({ ...one, kind: 'log-registered' as const, owner: one.authority })),
    ...facts.modes.map((one) => ({ ...one, kind: 'mode-set' as const })),
    ...facts.coverages.map((one) => ({ ...one, kind: 'coverage-declared' as const, code: one.authority })),
  ];
}

export class FakeChain implements ChainSource {
  readonly chainId: number;
  genesisHash: Hash;
  readonly anchorAddress: Uint8Array;
  isDown = false;
  polls = 0;
  /** How many blocks were handed out. */
  blocksTold = 0;
  #blocks: Block[] = [];
  #fork = 0;

  constructor(identity: { chainId: number; genesisHash: Hash; anchorAddress: Uint8Array }) {
    this.chainId = identity.chainId;
    this.genesisHash = identity.genesisHash;
    this.anchorAddress = identity.anchorAddress;
  }

  get head(): BlockPoint {
    return this.#blocks.at(-1)!.point;
  }

  mine(at: number, ...events: readonly Unplaced<ChainEvent>[]): BlockPoint {
    const number = this.#blocks.length;
    const point = { number, hash: bytesOf(`block ${number} of fork ${this.#fork}`), at };
    this.#blocks.push({ point, events: events.map((event) => ({ ...event, block: point })) });
    return point;
  }

  /** In order. */
  anchorsOf(logId: Hash): AnchorEvent[] {
    const events = this.#blocks.flatMap((block) => block.events);
    return events.filter(isAnchorEvent).filter(({ kind, logId: one }) => kind === 'anchored' && equalBytes(one, logId));
  }

  /** Takes back the newest blocks. */
  lose(count: number): void {
    this.#blocks = this.#blocks.slice(0, -count);
    this.#fork++;
  }

  /** Anchors what a note says, under the key that the log is known to have. */
  anchor(note: string, publicKey: PublicKey, at: number, kind: 'anchored' | 'forked' = 'anchored'): BlockPoint {
    const { checkpoint, logSignature } = parseNote(note);
    return this.anchorCheckpoint(checkpoint, keyIdOf(publicKey), logSignature.signature, at, kind);
  }

  anchorCheckpoint(
    { origin, size, rootHash, mapRoot, issuedAt }: Checkpoint,
    keyId: Hash,
    signature: Signature,
    at: number,
    kind: 'anchored' | 'forked' = 'anchored',
  ): BlockPoint {
    const logId = logIdOf(origin);
    const anchors = this.anchorsOf(logId);
    const sequence = kind === 'anchored' ? anchors.length : anchors.length - 1;
    return this.mine(at, { kind, logId, sequence, size, issuedAt, rootHash, mapRoot, keyId, signature });
  }

  identify(): ReturnType<ChainSource['identify']> {
    if (this.isDown) return Promise.reject(unavailable('the chain is down'));
    const { chainId, genesisHash, anchorAddress } = this;
    return Promise.resolve({ chainId, genesisHash, anchorAddress });
  }

  openReader(from: ReaderCursor | null): ReturnType<ChainSource['openReader']> {
    const updateAfter = (cursor: ReaderCursor): ChainUpdate => this.#updateAfter(cursor);
    return {
      cursor: from ?? { head: null, eventBlocks: [] },
      async poll() {
        const update = updateAfter(this.cursor);
        Object.assign(this, { cursor: { head: update.head, eventBlocks: [] } });
        return update;
      },
    };
  }

  #updateAfter({ head }: ReaderCursor): ChainUpdate {
    this.polls++;
    const newest = this.#blocks.at(-1);
    if (this.isDown || newest === undefined) throw unavailable('the chain is down');
    const hashes = new Set(this.#blocks.map(({ point }) => encodeHex(point.hash)));
    // What a chain in memory has lost, it has lost from some block on: everything up to there is as it was.
    const isKept = head === null || hashes.has(encodeHex(head.hash));
    const first = head === null ? 0 : isKept ? head.number + 1 : this.#firstOfFork();
    const blocks = this.#blocks.slice(first);
    this.blocksTold += blocks.length;
    const events = blocks.flatMap((block) => block.events);
    return { head: newest.point, caughtUp: true, lost: isKept ? null : first, events, refused: [] };
  }

  #firstOfFork(): number {
    const hash = (number: number): Hash => bytesOf(`block ${number} of fork ${this.#fork}`);
    const found = this.#blocks.findIndex(({ point }) => equalBytes(point.hash, hash(point.number)));
    return found === -1 ? this.#blocks.length : found;
  }
}
