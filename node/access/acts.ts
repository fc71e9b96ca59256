/**
 * What is said in a person's history beside accesses: her objection (kind 18), the custodian's reply to it (19), and that the content of
 * entries was erased (20). Each stands under the VRF key of now, whichever epoch the entry is from that it is about.
 *
 * Whose history it is, only the entry's own body says: nowhere does a list lead from entries to persons. So what was erased can be neither
 * replied to nor erased again, and an entry with an open objection is not erased.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { type CodedError, conflict, forbidden, isCodedError, malformed, notFound } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { parseAccessBody } from '../../core/access/body.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { kindNameOf, type KindName, NONCE_LENGTH } from '../../core/log/entry.ts';
import type { HistorySecret } from '../../core/log/slot.ts';
import { encodeErasure, encodeObjection, encodeReply, parseReply, type Reply } from '../../core/redress/redress.ts';
import type { BodyStore } from '../bodies/body-store.ts';
import type { Draft, Recording } from '../quantum/acceptance.ts';
import { type EraseTerms, requireErasable } from './floor.ts';
import type { OwnEntry, PersonHistories } from './history.ts';
import type { Ledger } from './ledger.ts';

export interface ActOptions {
  readonly histories: PersonHistories;
  readonly bodies: BodyStore;
  readonly ledger: Ledger;
  readonly handlesOf: (numbers: readonly CanonicalNumber[]) => Promise<readonly HistorySecret[]>;
  /** From an objection to when the reply to it is due. */
  readonly replyWithinMs: number;
  readonly random: (length: number) => Uint8Array;
  /** UTC ms. */
  readonly clock: () => number;
}

/** One request, but for which one it is. */
export type Act = Omit<Recording, 'request'>;

/** Whom an entry is about, null for nobody, and what decides how long it is kept. */
interface About {
  readonly kind: KindName;
  readonly person: CanonicalNumber | null;
  readonly wasGranted: boolean;
  readonly madeAt: number;
}

export class Acts {
  readonly #options: ActOptions;

  constructor(options: ActOptions) {
    this.#options = options;
  }

  /** Throws NOT_FOUND for what is no access in her history (what is under seal is none yet), CONFLICT for an erased one, UNAVAILABLE for a lost one. */
  async object(person: CanonicalNumber, entry: Hash, text: string): Promise<Act> {
    const { ledger, clock, replyWithinMs } = this.#options;
    const own = await this.#ownEntry(person, entry);
    if (own === null || kindNameOf(own.entry.kind) !== 'access') throw notFound('your history has no such access');
    // Whom it is about must be known for as long as a reply is due: not so of what was erased or lost.
    await this.#about(entry);
    const saidAt = clock();
    const dueAt = saidAt + replyWithinMs;
    const body = encodeObjection({ entry, text, saidAt, dueAt });
    return {
      drafts: [{ kind: 'objection', at: await this.#nextOf(person), nonce: this.#nonce(), body }],
      claims: [],
      also: (write, recorded) =>
        write.put(ledger.objections, recorded.entries[0]!.leafHash, ledger.encodeObjection({ entry, saidAt, dueAt })),
    };
  }

  /** A later reply takes the place of an earlier one. Throws NOT_FOUND, CONFLICT when the access was erased. */
  async reply(said: Omit<Reply, 'repliedAt'>): Promise<Act> {
    const { ledger, clock } = this.#options;
    const known = ledger.objection(said.objection);
    if (known === null) throw notFound('this log knows no such objection');
    const { person } = await this.#about(known.entry);
    const body = encodeReply({ ...said, repliedAt: clock() });
    return {
      drafts: [{ kind: 'answer', at: await this.#nextOf(person), nonce: this.#nonce(), body }],
      claims: [],
      also: (write, recorded) => write.put(ledger.answered, said.objection, recorded.entries[0]!.leafHash),
    };
  }

  /**
   * Of one person's entries, or of some that are about nobody. Throws NOT_FOUND, CONFLICT for what is erased, held or under objection, FORBIDDEN
   * before the legal floors. Once it is recorded, the keys are to be destroyed; a start does it if the program ends in between.
   */
  async erase(entries: readonly Hash[], terms: EraseTerms): Promise<Act> {
    const { ledger, bodies, clock } = this.#options;
    const erasedAt = clock();
    const persons = new Map<string, CanonicalNumber | null>();
    const claims: Act['claims'][number][] = [];
    for (const entry of entries) {
      const { person } = await this.#requireErasable(entry, terms, erasedAt);
      persons.set(person === null ? '' : `${person.class} ${person.id}`, person);
      const place = await bodies.placeOf(entry);
      const value: Act['claims'][number]['value'] = (recorded) => ledger.encodeErased(place, recorded.entries[0]!.leafHash);
      claims.push({ space: ledger.erased, key: entry, value, refusal: alreadyErased() });
    }
    const [first] = persons.values();
    if (persons.size !== 1 || first === undefined) throw malformed('the entries are not all about one person');
    const body = encodeErasure({ entries, legalBasis: terms.legalBasis, erasedAt });
    return { drafts: [{ kind: 'erasure', at: await this.#nextOf(first), nonce: this.#nonce(), body }], claims };
  }

  async #requireErasable(entry: Hash, terms: EraseTerms, now: number): Promise<About> {
    const { ledger } = this.#options;
    if (ledger.heldBecause(entry) !== null) throw conflict('the entry is under legal hold', { reason: 'HELD' });
    const about = await this.#about(entry);
    if (about.person !== null && (await this.#ownEntry(about.person, entry)) === null)
      throw conflict('the access is under seal: release it first', { reason: 'SEALED' });
    const name = encodeHex(entry);
    const open = await ledger.openObjections();
    if (open.some((one) => encodeHex(one.entry) === name || encodeHex(one.leafHash) === name))
      throw conflict('an objection about it has no reply yet', { reason: 'OPEN_OBJECTION' });
    requireErasable(about, terms, now);
    return about;
  }

  #nonce(): Uint8Array {
    return this.#options.random(NONCE_LENGTH);
  }

  /** The next slot of her history; for nobody a random one. */
  async #nextOf(person: CanonicalNumber | null): Promise<Draft['at']> {
    if (person === null) return { slot: asHash(this.#options.random(32)) };
    const [h] = await this.#options.handlesOf([person]);
    return { h: h! };
  }

  async #ownEntry(person: CanonicalNumber, entry: Hash): Promise<OwnEntry | null> {
    const name = encodeHex(entry);
    const entries = await this.#options.histories.entriesOf(person);
    return entries.find(({ leafHash }) => encodeHex(leafHash) === name) ?? null;
  }

  /** By what the bodies say: an access says itself whom it was about, the others lead to one. Throws NOT_FOUND, CONFLICT for an erased one. */
  async #about(leafHash: Hash): Promise<About> {
    const { bodies, ledger } = this.#options;
    const objection = ledger.objection(leafHash);
    if (objection !== null) return { ...(await this.#about(objection.entry)), kind: 'objection', madeAt: objection.saidAt };
    if (!(await bodies.has(leafHash))) throw notFound('this log knows no such entry');
    const opened = ledger.isErased(leafHash) ? null : await bodies.open(leafHash);
    if (opened === null) throw alreadyErased();
    const access = readOr(() => parseAccessBody(opened.body));
    if (access !== null) {
      const { answeredAt, result } = access.outcome.outcome;
      const person = access.subject?.number ?? null;
      return { kind: 'access', person, wasGranted: result === 'granted', madeAt: answeredAt };
    }
    const reply = readOr(() => parseReply(opened.body));
    if (reply === null) throw forbidden('an entry of this kind is not erased');
    return { ...(await this.#about(reply.objection)), kind: 'answer', madeAt: reply.repliedAt };
  }
}

const alreadyErased = (): CodedError => conflict('the entry is erased already', { reason: 'ERASED' });

/** Null for bytes of another form. */
function readOr<Read>(read: () => Read): Read | null {
  try {
    return read();
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}
