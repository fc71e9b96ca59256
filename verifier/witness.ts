/**
 * The witness: a verifier with a key. Of a log that is neither its own authority's nor that of one right below it, once its replay
 * reproduced both roots of an anchored checkpoint, it cosigns the checkpoint and attests the block that anchors it.
 *
 * The order is the promise: what is about to be signed is on disk before the key is used, and no other roots are ever signed at that
 * size, nor anything by a tree that does not contain all that was signed before, or what the log registered here as its newest. Its store
 * is no cache and is never rebuilt.
 *
 *   pledge  what it is about to sign, or did: log id 32 ‖ u64 size → root hash 32 ‖ map root 32 ‖ note (index/head-store.ts)
 *   seen    what it signed (index/seen-store.ts)
 */
import { concatBytes, equalBytes } from '../core/bytes/bytes.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { encodeAttestation } from '../core/log/attestation.ts';
import { encodeCosigned } from '../core/log/checkpoint.ts';
import { addCosignature, formatNote, noteKeyHash, type Note } from '../core/log/note.ts';
import { originParts, type Origin } from '../core/log/origin.ts';
import { findDispute } from '../core/authority/registry.ts';
import { isIndependentWitness } from '../core/verify/basis.ts';
import type { KeyedSignature } from '../core/verify/lookup.ts';
import type { Logger } from '../service/logger.ts';
import type { Signer } from '../service/signer.ts';
import type { KeySpace, Store } from '../service/store.ts';
import { type Anchor, isSignedNote } from './follow/anchor.ts';
import type { FindingFiles, ForkFinding } from './follow/finding.ts';
import type { LogFollower } from './follow/log-follower.ts';
import { treeAt } from './follow/split.ts';
import { decodeHead, encodeHead, hasRoots, headKey, type Head } from './index/head-store.ts';
import { type Seen, SeenStore } from './index/seen-store.ts';
import type { SwapRegister } from './register.ts';
import { Turns } from './turns.ts';

export interface WitnessOptions {
  readonly name: Origin;
  readonly signer: Signer;
  readonly store: Store;
  readonly chainReference: Hash;
  readonly findings: FindingFiles;
  /** Of the logs whose swap register this is, the newest note. */
  readonly register: Pick<SwapRegister, 'newest'>;
  readonly clock: () => number;
  readonly logger: Logger;
}

/** Looked at in one step and for one log; those that are left come with the next steps. */
const ANCHORS_PER_STEP = 64;

export class Witness {
  readonly #options: WitnessOptions;
  readonly #pledges: KeySpace;
  readonly #seen: SeenStore;
  /** Anchors about which everything was said that there is to say. */
  readonly #done = new WeakSet<Anchor>();
  readonly #turns = new Turns();

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#pledges = options.store.space('pledge');
    this.#seen = new SeenStore(options.store, 'seen');
  }

  /** What it signed: the newest, or the one of this size and time. Throws UNAVAILABLE. */
  async seen(logId: Hash, size?: number, issuedAt?: number): Promise<Seen | undefined> {
    const newest = await this.#seen.newest(logId, size);
    if (size === undefined || issuedAt === undefined || newest === undefined) return newest;
    return this.#seen.find(logId, { ...newest.note.checkpoint, issuedAt });
  }

  /** Signs what there is to sign of one log, the newest first. Throws UNAVAILABLE, IndexDamage. */
  async step(log: LogFollower, signal: AbortSignal): Promise<void> {
    const { registered } = log;
    if (registered === null || log.finding !== null || !this.#mayWitness(registered)) return;
    // What the court disputes waits until a quorum has cleared it.
    const limit = Math.min(log.index.size, (findDispute(registered.facts, log.logId)?.fromSize ?? Number.POSITIVE_INFINITY) - 1);
    const isOpen = (anchor: Anchor): boolean => !this.#done.has(anchor) && anchor.checkpoint.size <= limit;
    const open = log.anchors.filter(isOpen).slice(-ANCHORS_PER_STEP);
    for (const anchor of open.toReversed()) {
      if (signal.aborted) return;
      if (log.isReproduced(anchor)) {
        // A key that is suspended may count again.
        if (!anchor.isSigned(registered.log, registered.facts)) continue;
        const note = anchor.note(registered.facts);
        if (note !== null && !(await this.#inTurn(log, () => this.#confirm(log, anchor, note)))) return;
      }
      this.#done.add(anchor);
    }
  }

  /** Of two replays of one log, the second sees what the first has pledged. */
  #inTurn<Result>({ origin }: LogFollower, work: () => Promise<Result>): Promise<Result> {
    return this.#turns.run(origin, work);
  }

  /** Not for its own authority's log, nor with a key that is lost, or perhaps lost. */
  #mayWitness({ facts, log }: NonNullable<LogFollower['registered']>): boolean {
    const { name, signer } = this.#options;
    return isIndependentWitness(facts, log, { name, authority: originParts(name).uscc, publicKey: signer.publicKey });
  }

  /** False when this log may not be signed for, now or ever. */
  async #confirm(log: LogFollower, anchor: Anchor, note: Note): Promise<boolean> {
    const { logId } = log;
    const { checkpoint, block } = anchor;
    const before = this.#seen.find(logId, checkpoint);
    const attested = before?.anchor && equalBytes(before.anchor.block.hash, block.hash) ? before.anchor : null;
    const isToCosign = log.isHeld(anchor) && (before === undefined || before.note.cosignatures.length === 0);
    if (attested !== null && !isToCosign) return true;
    if (isToCosign && !(await this.#pledge(log, { ...checkpoint, note: formatNote(note) }))) return false;
    const said = { ...note, cosignatures: before?.note.cosignatures ?? [] };
    const seen: Seen = {
      logId,
      note: isToCosign ? addCosignature(said, await this.#cosign(anchor)) : said,
      anchor: attested ?? { block, attestations: [await this.#attest(anchor)] },
    };
    await this.#seen.put(seen, { sync: true });
    return true;
  }

  /**
   * Durable when it returns true. False as long as the tree at hand does not reach to, or does not contain, all that was pledged
   * before: an index built anew on another history of the log must not make this key sign both. False as well when it contradicts what
   * the log registered: then two copies of it sign.
   */
  async #pledge(log: LogFollower, pledge: Head): Promise<boolean> {
    const { logId, origin, index } = log;
    const largest = await this.#largestPledge(logId);
    if (largest !== null && largest.size > index.size) return false;
    const registered = await this.#registeredBy(log);
    for (const head of [largest, registered]) {
      if (head !== null && head.size <= index.size && !(await this.#isContained(log, head))) return false;
    }
    if (registered?.size === pledge.size && !hasRoots(registered, pledge)) {
      await this.#accuse(logId, origin, { a: registered.note, b: pledge.note, tree: null });
      return false;
    }
    const key = headKey(logId, pledge.size);
    const stored = await this.#pledges.get(key);
    const known = stored && decodeHead(key, stored);
    if (known !== undefined && !hasRoots(known, pledge)) {
      await this.#accuse(logId, origin, { a: known.note, b: pledge.note, tree: null });
      return false;
    }
    if (known === undefined) await this.#options.store.batch().put(this.#pledges, key, encodeHead(pledge)).write({ sync: true });
    return true;
  }

  /** What the log registered here, as long as nobody has declared the key lost that signed it. */
  async #registeredBy({ logId, registered }: LogFollower): Promise<Head | null> {
    const note = await this.#options.register.newest(logId);
    if (note === null || registered === null || !isSignedNote(note, registered.log, registered.facts)) return null;
    return { ...note.checkpoint, note: formatNote(note) };
  }

  async #isContained({ logId, origin, index }: LogFollower, { size, rootHash, note }: Head): Promise<boolean> {
    if (equalBytes(index.rootAt(size), rootHash)) return true;
    const tree = size === index.size ? null : treeAt(index.tiles, size, index.size);
    await this.#accuse(logId, origin, { a: note, b: index.heads.newest.note, tree });
    return false;
  }

  async #largestPledge(logId: Hash): Promise<Head | null> {
    const range = { from: logId, to: concatBytes(logId, new Uint8Array(9).fill(0xff)), reverse: true, limit: 1 };
    for await (const [key, value] of this.#pledges.iterate(range)) return decodeHead(key, value);
    return null;
  }

  /** The log signed what was pledged then, and now what cannot stand beside it. */
  async #accuse(logId: Hash, origin: Origin, fork: Pick<ForkFinding, 'a' | 'b' | 'tree'>): Promise<void> {
    this.#options.logger.error({ origin }, 'a log contradicts what was cosigned');
    await this.#options.findings.add({ kind: 'fork', logId, ...fork });
  }

  async #cosign({ checkpoint }: Anchor): Promise<Note['cosignatures'][number]> {
    const { name, signer, clock } = this.#options;
    const cosignedAt = clock();
    const signature = await signer.sign(encodeCosigned(checkpoint, cosignedAt));
    return { witness: name, keyHash: noteKeyHash(name, signer.publicKey), cosignedAt, signature };
  }

  async #attest({ block, digest }: Anchor): Promise<KeyedSignature> {
    const { signer, chainReference } = this.#options;
    const place = { chainReference, blockNumber: block.number, blockHash: block.hash, blockAt: block.at };
    return { keyId: signer.keyId, signature: await signer.sign(encodeAttestation({ ...place, checkpointDigest: digest })) };
  }
}
