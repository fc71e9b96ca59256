/** What a sealing authority says in its seals log: that an access is under seal (32), still is (34), and no longer is (33). */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, isCodedError, notFound } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import {
  encodeSealBody,
  encodeSealReleaseBody,
  encodeSealRenewalBody,
  parseSealBody,
  type SealBody,
  sealSlotAfter,
} from '../../core/access/seal.ts';
import { decodeEntry, type Entry, kindNameOf, NONCE_LENGTH } from '../../core/log/entry.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import type { BodyStore } from '../bodies/body-store.ts';
import type { LogStore } from '../log/log-store.ts';
import type { Recording } from '../quantum/acceptance.ts';
import type { PendingEntries } from '../quantum/pending.ts';

export interface SealActOptions {
  readonly log: LogStore;
  readonly pending: PendingEntries;
  readonly bodies: BodyStore;
  readonly random: (length: number) => Uint8Array;
}

type Act = Omit<Recording, 'request'>;

interface Following {
  readonly entry: Entry;
  readonly entryBytes: Uint8Array;
  readonly leafHash: Hash;
}

export class SealActs {
  readonly #options: SealActOptions;

  constructor(options: SealActOptions) {
    this.#options = options;
  }

  seal(body: SealBody): Act {
    return this.#act('seal', asHash(this.#options.random(32)), encodeSealBody(body));
  }

  /** Throws NOT_FOUND, CONFLICT when it was released. */
  async renew(seal: Hash, legalBasis: string): Promise<Act> {
    await this.#read(seal);
    return this.#act('seal-renewal', this.#nextSlot(seal), encodeSealRenewalBody({ seal, legalBasis }));
  }

  /** Throws NOT_FOUND, CONFLICT when it was released. */
  async release(seal: Hash): Promise<Act> {
    const { request } = await this.#read(seal);
    return this.#act('seal-release', this.#nextSlot(seal), encodeSealReleaseBody({ seal, request }));
  }

  /** The renewals so far, in order: whoever is shown a release finds its slot by them. */
  renewals(seal: Hash): Uint8Array[] {
    return this.#after(seal)
      .filter(({ entry }) => kindNameOf(entry.kind) === 'seal-renewal')
      .map(({ entryBytes }) => entryBytes);
  }

  #act(kind: 'seal' | 'seal-renewal' | 'seal-release', slot: Hash, body: Uint8Array): Act {
    return { drafts: [{ kind, at: { slot }, nonce: this.#options.random(NONCE_LENGTH), body }], claims: [] };
  }

  async #read(seal: Hash): Promise<SealBody> {
    const { bodies } = this.#options;
    const unknown = notFound('this log knows no such seal');
    if (!(await bodies.has(seal))) throw unknown;
    const opened = await bodies.open(seal);
    if (opened === null) throw unknown;
    try {
      return parseSealBody(opened.body);
    } catch (error) {
      if (isCodedError(error, 'MALFORMED')) throw unknown;
      throw error;
    }
  }

  #nextSlot(seal: Hash): Hash {
    const last = this.#after(seal).at(-1);
    if (last !== undefined && kindNameOf(last.entry.kind) === 'seal-release') throw conflict('the seal was released');
    return sealSlotAfter(last?.leafHash ?? seal);
  }

  /** What follows a 32, promised entries included. */
  #after(seal: Hash): Following[] {
    const following: Following[] = [];
    for (let leafHash = seal; ;) {
      const next = this.#at(sealSlotAfter(leafHash));
      if (next === null) return following;
      following.push(next);
      leafHash = next.leafHash;
    }
  }

  #at(slot: Hash): Following | null {
    const { log, pending } = this.#options;
    const promised = pending.at(slot);
    if (promised !== undefined) return promised;
    const index = log.indexAt(slot);
    if (index === undefined) return null;
    const entryBytes = log.entry(index);
    const entry = decodeEntry(entryBytes);
    return equalBytes(entry.slot, slot) ? { entry, entryBytes, leafHash: leafHashOf(entryBytes) } : null;
  }
}
