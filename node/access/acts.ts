/**
 * What is said in a person's history beside accesses: her objection (kind 18), the custodian's answer (19), and that the content of an entry
 * was erased (20). Each stands under the VRF key of now, whichever epoch the entry is from that it is about.
 *
 * Whose history it is, only the entry's own body says: nowhere does a list lead from entries to persons. So what was erased can be neither
 * answered nor erased again, and an entry with an open objection is not erased.
 */
import { conflict, forbidden, isCodedError, notFound } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { equalBytes } from '../../core/bytes/bytes.ts';
import { parseAccessBody } from '../../core/access/body.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import {
  type AnswerBody,
  encodeAnswer,
  encodeErasure,
  encodeObjection,
  parseAnswer,
  parseObjection,
} from '../../core/citizen/act.ts';
import { kindNameOf, type KindName, NONCE_LENGTH } from '../../core/log/entry.ts';
import type { HistorySecret } from '../../core/log/slot.ts';
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
  readonly random: (length: number) => Uint8Array;
  /** UTC ms. */
  readonly clock: () => number;
}

/** One request, but for which one it is. */
export type Act = Omit<Recording, 'request'>;

/** An entry with whoever it is about; null for an access that was about nobody. */
interface About {
  readonly kind: KindName;
  readonly person: CanonicalNumber | null;
  /** In her history; null for nobody. */
  readonly own: OwnEntry | null;
  readonly at: Draft['at'];
  readonly wasGranted: boolean;
  readonly madeAt: number;
}

export class Acts {
  readonly #options: ActOptions;

  constructor(options: ActOptions) {
    this.#options = options;
  }

  /** Throws NOT_FOUND for what is no access in her history: what is under seal is none yet. */
  async object(person: CanonicalNumber, entry: Hash, text: string): Promise<Act> {
    const { histories, ledger } = this.#options;
    const own = (await histories.entriesOf(person)).find(({ leafHash }) => equalBytes(leafHash, entry));
    if (own === undefined || kindNameOf(own.entry.kind) !== 'access') throw notFound('your history has no such access');
    if (ledger.isErased(entry)) throw conflict('the content of this entry was erased; nobody could answer');
    const draft = { ...(await this.#draftFor(person)), kind: 'objection' as const, body: encodeObjection({ entry, text }) };
    return {
      drafts: [draft],
      claims: [],
      also: (write, recorded) =>
        write.put(ledger.objections, recorded.entries[0]!.leafHash, ledger.encodeObjection(entry, recorded.recordedAt)),
    };
  }

  /** Throws NOT_FOUND, CONFLICT for one that was answered. */
  async answer({ objection, outcome, text }: AnswerBody): Promise<Act> {
    const { ledger } = this.#options;
    const known = ledger.objection(objection);
    if (known === null) throw notFound('this log knows no such objection');
    const { at } = await this.#about(known.entry);
    const draft = { at, nonce: this.#nonce(), kind: 'answer' as const, body: encodeAnswer({ objection, outcome, text }) };
    const refusal = conflict('the objection was answered already');
    const value: Act['claims'][number]['value'] = ({ entries }) => entries[0]!.leafHash;
    return { drafts: [draft], claims: [{ space: ledger.answered, key: objection, value, refusal }] };
  }

  /**
   * Throws NOT_FOUND, CONFLICT for what is erased, held or under objection, FORBIDDEN before the legal floors. Once it is recorded, the key at
   * `place` is to be destroyed; a start does it if the program ends in between.
   */
  async erase(entry: Hash, terms: EraseTerms): Promise<Act & { readonly place: number }> {
    const { ledger, bodies, clock } = this.#options;
    if (ledger.heldBecause(entry) !== null) throw conflict('the entry is under legal hold');
    const about = await this.#about(entry);
    if (about.person !== null && about.own === null) throw conflict('the access is under seal: release it first');
    if ((await ledger.openObjections()).some((one) => equalBytes(one.entry, entry) || equalBytes(one.leafHash, entry)))
      throw conflict('an objection about it is not answered yet');
    requireErasable(about, terms, clock());
    const place = await bodies.placeOf(entry);
    const body = encodeErasure({ entry, legalBasis: terms.legalBasis });
    const refusal = conflict('the entry is erased already');
    const value: Act['claims'][number]['value'] = ({ entries }) => ledger.encodeErased(place, entries[0]!.leafHash);
    const draft = { at: about.at, nonce: this.#nonce(), kind: 'erasure' as const, body };
    return { place, drafts: [draft], claims: [{ space: ledger.erased, key: entry, value, refusal }] };
  }

  #nonce(): Uint8Array {
    return this.#options.random(NONCE_LENGTH);
  }

  async #draftFor(person: CanonicalNumber): Promise<Pick<Draft, 'at' | 'nonce'>> {
    const [h] = await this.#options.handlesOf([person]);
    return { at: { h: h! }, nonce: this.#nonce() };
  }

  /** Throws NOT_FOUND, CONFLICT when it was erased. */
  async #about(entry: Hash): Promise<About> {
    const { ledger, histories, random } = this.#options;
    if (ledger.isErased(entry)) throw conflict('the entry is erased already');
    const { kind, person, wasGranted, madeAt } = await this.#read(entry);
    if (person === null) return { kind, person, own: null, at: { slot: asHash(random(32)) }, wasGranted, madeAt };
    const own = (await histories.entriesOf(person)).find(({ leafHash }) => equalBytes(leafHash, entry)) ?? null;
    return { kind, person, own, at: (await this.#draftFor(person)).at, wasGranted, madeAt };
  }

  /** By what the body says: an access says itself whom it was about, the others lead to one. */
  async #read(leafHash: Hash): Promise<Pick<About, 'kind' | 'person' | 'wasGranted' | 'madeAt'>> {
    const { bodies, ledger } = this.#options;
    const objection = ledger.objection(leafHash);
    if (objection !== null) return { ...(await this.#read(objection.entry)), kind: 'objection', madeAt: objection.madeAt };
    if (!(await bodies.has(leafHash))) throw notFound('this log knows no such entry');
    const opened = await bodies.open(leafHash);
    if (opened === null) throw conflict('the entry is erased already');
    const access = readOr(() => parseAccessBody(opened.body));
    if (access !== null) {
      const { answeredAt, result } = access.outcome.outcome;
      const person = access.subject?.number ?? null;
      return { kind: 'access', person, wasGranted: result === 'granted', madeAt: answeredAt };
    }
    const answer = readOr(() => parseAnswer(opened.body)) ?? readOr(() => parseObjection(opened.body));
    if (answer === null || !('objection' in answer)) throw forbidden('an entry of this kind is not erased');
    return { ...(await this.#read(answer.objection)), kind: 'answer' };
  }
}

/** Null for bytes of another form. */
function readOr<Read>(read: () => Read): Read | null {
  try {
    return read();
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}
