/**
 * The newest trust file accepted per chain, kept in this browser. The first one of a chain is taken on sight; every later one
 * is judged against it.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { untrusted } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { canonicalJson, parseJson } from '../../core/bytes/json.ts';
import { chainReferenceOf } from '../../core/log/attestation.ts';
import { acceptTrust, formatSignedTrust, parseSignedTrust, type SignedTrust, type Trust } from '../../core/verify/trust.ts';

/** The part of the browser's `localStorage` that is used. */
export type TextStore = Pick<Storage, 'getItem' | 'setItem'>;

export interface AcceptedTrust {
  readonly trust: Trust;
  /** Nothing was remembered for this chain when the page was opened. */
  readonly isFirstSight: boolean;
}

const MAX_TRUST = 8 << 20;
const PREFIX = 'veritrail.trust.';

export function chainReferenceIn(trust: Trust): Hash {
  return chainReferenceOf(trust.chainId, trust.genesisHash, trust.anchorAddress);
}

export class TrustMemory {
  readonly #store: TextStore;
  readonly #firstSeen = new Set<string>();

  constructor(store: TextStore) {
    this.#store = store;
  }

  /** Null when none was accepted for this chain. Throws UNTRUSTED for a damaged memory: it must not read as first sight. */
  recall(chainReference: Hash): SignedTrust | null {
    const text = this.#store.getItem(PREFIX + encodeHex(chainReference));
    if (text === null) return null;
    try {
      return parseSignedTrust(parseJson(text, { maxBytes: MAX_TRUST }));
    } catch {
      throw untrusted('the remembered trust file is damaged');
    }
  }

  /** Judges and remembers. Throws UNVERIFIED or UNTRUSTED (core/verify/trust.ts). */
  accept(candidate: SignedTrust): AcceptedTrust {
    const reference = chainReferenceIn(candidate.trust);
    const name = encodeHex(reference);
    const remembered = this.recall(reference);
    const trust = acceptTrust(candidate, remembered);
    if (remembered === null) this.#firstSeen.add(name);
    try {
      this.#store.setItem(PREFIX + name, canonicalJson(formatSignedTrust(candidate)));
    } catch {
      // A browser that keeps nothing makes every visit a first sight, and the page says so.
      this.#firstSeen.add(name);
    }
    return { trust, isFirstSight: this.#firstSeen.has(name) };
  }
}
