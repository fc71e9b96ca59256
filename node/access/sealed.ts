/**
 * Accesses under seal, as their custodian keeps them: which entries belong to which kind 32, sealed with the records key, until the sealing
 * authority releases it. Then the same requests and outcomes go into the persons' own histories.
 *
 *     sealed   leaf hash of the 32   its log's id 32 ‖ the entries recorded under it (quantum/acceptance.ts)
 */
import { concatBytes, decodeBase64, equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, isCodedError, notFound, untrusted } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import { type AccessBody, parseAccessBody } from '../../core/access/body.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { parseSealReleaseBody, sealFor, sealSlotAfter } from '../../core/access/seal.ts';
import { decodeEntry, KINDS, NONCE_LENGTH } from '../../core/log/entry.ts';
import type { HistorySecret } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { Batch, Store } from '../../service/store.ts';
import type { BodyStore } from '../bodies/body-store.ts';
import { decodeRecorded, type Draft, encodeRecorded, type Recorded } from '../quantum/acceptance.ts';
import { readShownEntry, type ShownEntry, type ShownEntryJson } from '../seals/shown.ts';
import type { Act } from './acts.ts';
import type { EventIndex } from './event-index.ts';
import type { Ledger } from './ledger.ts';
import type { PersonNotices } from './notices.ts';

export interface SealedOptions {
  readonly store: Store;
  readonly records: RecordsKey;
  readonly ledger: Ledger;
  readonly bodies: BodyStore;
  readonly index: EventIndex;
  readonly notices: PersonNotices | null;
  readonly handlesOf: (numbers: readonly CanonicalNumber[]) => Promise<readonly HistorySecret[]>;
  readonly random: (length: number) => Uint8Array;
}

export interface ShownRelease {
  /** Leaf hash of the 32. */
  readonly seal: Hash;
  /** Entries of kind 34, base64, in order: the release stands after the last. */
  readonly renewals: readonly string[];
  readonly release: ShownEntryJson;
}

export class SealedAccesses {
  readonly #options: SealedOptions;
  readonly #space: SealedSpace;

  constructor(options: SealedOptions) {
    this.#options = options;
    this.#space = new SealedSpace(options.store, 'sealed', options.records);
  }

  /** A 32 that is for this request. Throws UNTRUSTED with `facts.reason` BAD_SEAL. */
  verify(shown: ShownEntryJson, request: Hash, facts: RegistryFacts, now: number): ShownEntry {
    const seal = readShownEntry(shown, 'seal', facts, now);
    if (sealFor(seal, request) === null) throw badSeal('the seal is for another request');
    return seal;
  }

  /** That an access was recorded under it: once. */
  claim(seal: Hash): Act['claims'][number] {
    const { ledger } = this.#options;
    const refusal = conflict('an access was recorded under this seal already', { reason: 'BAD_SEAL' });
    return { space: ledger.taken, key: seal, value: () => ledger.yes(), refusal };
  }

  put(write: Batch, { leafHash, logId }: ShownEntry, recorded: Recorded): void {
    this.#space.put(write, leafHash, concatBytes(logId, encodeRecorded(recorded)));
  }

  /** What the release of the seal puts into the persons' histories. Throws NOT_FOUND, UNTRUSTED, CONFLICT, UNAVAILABLE. */
  async release({ seal, renewals, release }: ShownRelease, facts: RegistryFacts, now: number): Promise<Act> {
    const { ledger, index, notices } = this.#options;
    const stored = this.#space.getSync(seal);
    if (stored === undefined) throw notFound('no access of this log is under that seal');
    const shown = readShownEntry(release, 'seal-release', facts, now);
    if (!equalBytes(shown.logId, stored.subarray(0, 32))) throw badSeal('another log releases than sealed');
    requireRelease(shown, seal, renewals);
    const released: Released[] = [];
    for (const { leafHash } of decodeRecorded(stored.subarray(32)).entries) released.push(...(await this.#releasedOf(leafHash)));
    const [first] = released;
    if (first === undefined) throw conflict('nothing that was under that seal is left, or it was about nobody');
    const { request, outcome } = first.body;
    const found = { digest: outcome.outcome.request, request: request.request };
    const refusal = conflict('what was under that seal stands in the histories already');
    return {
      drafts: released.map(({ draft }) => draft),
      claims: [{ space: ledger.released, key: seal, value: () => ledger.yes(), refusal }],
      also: (write, recorded) => {
        index.put(write, found, { chunk: outcome.outcome.chunk.number, isSealed: false }, recorded);
        const bodies = released.map(({ body }) => body);
        notices?.put(write, bodies, recorded);
      },
    };
  }

  async #releasedOf(leafHash: Hash): Promise<Released[]> {
    const { bodies, handlesOf, random } = this.#options;
    const opened = await bodies.open(leafHash);
    if (opened === null) return [];
    const body = parseAccessBody(opened.body);
    if (body.subject === null) return [];
    const [h] = await handlesOf([body.subject.number]);
    return [{ body, draft: { kind: 'access', at: { h: h! }, nonce: random(NONCE_LENGTH), body: opened.body } }];
  }
}

interface Released {
  readonly body: AccessBody;
  readonly draft: Draft;
}

function badSeal(detail: string): Error {
  return untrusted(detail, { reason: 'BAD_SEAL' });
}

/** Throws UNTRUSTED. */
function requireRelease({ entry, body }: ReturnType<typeof readShownEntry>, seal: Hash, renewals: readonly string[]): void {
  try {
    if (!equalBytes(parseSealReleaseBody(body).seal, seal)) throw badSeal('the release is of another seal');
    let last = seal;
    for (const text of renewals) {
      const entryBytes = decodeBase64(text);
      const renewal = decodeEntry(entryBytes);
      if (renewal.kind !== KINDS['seal-renewal'] || !equalBytes(renewal.slot, sealSlotAfter(last)))
        throw badSeal('the renewals do not follow each other');
      last = leafHashOf(entryBytes);
    }
    if (!equalBytes(entry.slot, sealSlotAfter(last))) throw badSeal('the release stands elsewhere');
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) throw badSeal('the release is not of the documented form');
    throw error;
  }
}
