/**
 * A custodian that answers an auditor, over the real core: real logs, proofs and signatures. It records every look-up before it answers, as a
 * node does; a test may have it lie. Two accessors with operators read at it; an auditing authority has a case.
 */
import { type AccessBody, encodeAccessBody, parseAccessBody } from '../../core/access/body.ts';
import { handleOf } from '../../core/access/handle.ts';
import { type CanonicalNumber, normaliseNumber } from '../../core/access/number.ts';
import type { AccessOutcome } from '../../core/access/outcome.ts';
import { type AccessRequest, requestDigestOf } from '../../core/access/request.ts';
import type { SignedRequest } from '../../core/access/request.ts';
import { growSubjectTree } from '../../core/access/subject.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { KeyFact, RegistryFacts } from '../../core/authority/registry.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { encodeBase64, encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { forbidden } from '../../core/bytes/error.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { decodeEntry, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { signPromise } from '../../core/log/promise.ts';
import { parseNote } from '../../core/log/note.ts';
import { slotAt } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import type { Answered, CaseAnswer, EntryRow, LookUpRecord, OpenedRow, SignedPromise } from '../../core/trace/case-answer.ts';
import { formatPromise } from '../../core/trace/case-answer.ts';
import { type CaseQuestion, type EntryFilter, verifyQuery } from '../../core/trace/query.ts';
import { accessorSigner, ACCESSOR, bytesOf, CUSTODIAN, custodianSigner, keyOf, LOG_ID, QUANTUM } from '../access/sample.ts';
import { outcomeFor, REQUEST, signOutcome, signRequest, vrfKey } from '../access/sample.ts';
import { AccessWorld, AUDIT, duty, FACTS, START } from '../access/world.ts';

export const auditSigner = signerOf(keyOf('audit request key'));
export const OTHER_ACCESSOR = parseUscc('11999900MB0000004W');
export const otherAccessorSigner = signerOf(keyOf('other accessor request key'));
const logSigner = signerOf(keyOf('access log key'));

const requestKey = (authority: string, signer: Signer): KeyFact => ({
  keyId: keyIdOf(signer.publicKey),
  authority,
  type: 'request',
  publicKey: signer.publicKey,
  validFrom: START,
  validTo: null,
  compromisedAt: null,
  suspended: null,
  registeredAt: START,
});

export const TRACE_FACTS: RegistryFacts = {
  ...FACTS,
  authorities: [...FACTS.authorities, { ...FACTS.authorities[1]!, code: OTHER_ACCESSOR, name: '样例市税务局' }],
  keys: [...FACTS.keys, requestKey(AUDIT, auditSigner), requestKey(OTHER_ACCESSOR, otherAccessorSigner)],
  duties: [
    ...FACTS.duties,
    { ...duty(REQUEST.purpose), authority: OTHER_ACCESSOR, dutyId: bytesOf('other duty') },
    { ...duty('audit.trace'), authority: AUDIT },
  ],
};

/** Numbers that belong to nobody: of the division 999999, which is not assigned. */
export const citizen = (i: number): CanonicalNumber => normaliseNumber(1, `999999900101${String(i).padStart(3, '0')}`);

export interface Read {
  readonly accessor?: 'first' | 'second';
  readonly operator?: string;
  readonly subjects: readonly CanonicalNumber[];
  readonly change?: Partial<AccessRequest>;
  readonly outcome?: Partial<AccessOutcome>;
}

export interface ReadEvent {
  readonly request: SignedRequest;
  readonly outcome: ReturnType<typeof signOutcome>;
  /** What the accessor may keep, one of its agent's lines. */
  readonly line: JsonObject;
  readonly leafHashes: readonly string[];
}

export class SampleCustodian {
  readonly world: AccessWorld;
  /** Entries that it does not show by accessor or time. */
  readonly hidden = new Set<string>();
  /** It answers without recording the look-up. */
  isSilent = false;
  /** The key of its body is destroyed. */
  erase(leafHash: string): void {
    this.world.contents.set(leafHash, { state: 'erased' });
  }

  /** Rows in one answer. */
  most = 100;
  readonly questions: CaseQuestion[] = [];
  readonly lookUps: LookUpRecord[] = [];
  /** Readings, in order. */
  readonly events: ReadEvent[] = [];
  #count = 0;

  constructor(facts: RegistryFacts = TRACE_FACTS) {
    this.world = new AccessWorld(facts);
  }

  /** One event: recorded in the history of each of its subjects, or of those named instead. */
  read({ accessor = 'first', operator = 'S-0017', subjects, change, outcome }: Read, recordedUnder = subjects): ReadEvent {
    const isFirst = accessor === 'first';
    const nonce = bytesOf(`event ${this.#count++}`);
    const said = { ...REQUEST, nonce, requestedAt: this.world.clock, operator: { ...REQUEST.operator, id: operator } };
    const request = signRequest(
      { ...said, accessor: isFirst ? ACCESSOR : OTHER_ACCESSOR, ...change },
      isFirst ? accessorSigner : otherAccessorSigner,
    );
    return this.record(request, subjects, outcome, recordedUnder);
  }

  record(
    request: SignedRequest,
    subjects: readonly CanonicalNumber[],
    change: Partial<AccessOutcome> = {},
    recordedUnder = subjects,
  ): ReadEvent {
    const tree = growSubjectTree(subjects.map((number) => ({ number, salt: bytesOf(`salt ${number.id} ${this.#count}`) })));
    const outcome = signOutcome(outcomeFor(request, tree, { answeredAt: this.world.clock, ...change }));
    const bodies: AccessBody[] =
      subjects.length === 0
        ? [{ request, outcome, subject: null }]
        : tree.subjects.map((subject) => ({ request, outcome, subject }));
    const kept = bodies.map((body) => this.#append(body, body.subject && recordedUnder[subjects.indexOf(body.subject.number)]!));
    const line = {
      requestDigest: encodeHex(requestDigestOf(request.envelope.payload)),
      sentAt: request.request.requestedAt,
      target: '/',
      request: formatEnvelope(request.envelope),
      salt: encodeHex(bytesOf('salt')),
      query: '',
      end: outcome.outcome.result,
      endedAt: this.world.clock,
      parts: [{ finding: null, outcome: formatEnvelope(outcome.envelope), entries: kept.map(({ opened }) => opened) }],
    };
    const event = { request, outcome, line, leafHashes: kept.map(({ leafHash }) => leafHash) };
    this.events.push(event);
    return event;
  }

  #append(body: AccessBody, under: CanonicalNumber | null): { leafHash: string; opened: JsonObject; promise: SignedPromise } {
    const bytes = encodeAccessBody(body);
    const slot = bytesOf(`slot ${this.world.entries.length}`);
    const entry =
      under === null
        ? this.world.append(KINDS.access, slot, bytes)
        : this.world.append(KINDS.access, this.#nextSlot(under), bytes);
    const leafHash = leafHashOf(encodeEntry(entry));
    const terms = {
      logId: LOG_ID,
      slot: entry.slot,
      leafHash,
      issuedAt: this.world.clock,
      deadlineAt: this.world.clock + 2 * QUANTUM,
    };
    const promise = { ...terms, keyId: keyIdOf(logSigner.publicKey), signature: signPromise(terms, logSigner) };
    const content = this.world.contents.get(encodeHex(leafHash))!;
    if (content.state !== 'opened') throw new Error('unreachable');
    const opened = {
      leafHash: encodeHex(leafHash),
      entry: encodeBase64(encodeEntry(entry)),
      nonce: encodeHex(content.nonce),
      body: encodeBase64(bytes),
      promise: formatPromise(promise),
    };
    return { leafHash: encodeHex(leafHash), opened, promise };
  }

  readonly #histories = new Map<string, number>();
  #nextSlot(number: CanonicalNumber): Hash {
    const h = handleOf(vrfKey, LOG_ID, number);
    let i = this.#histories.get(number.id) ?? 0;
    // Not only accesses stand there.
    const isTaken = (slot: Hash): boolean => this.world.entries.some((bytes) => equalBytes(decodeEntry(bytes).slot, slot));
    while (isTaken(slotAt(h, i))) i++;
    this.#histories.set(number.id, i + 1);
    return slotAt(h, i);
  }

  /** As the node does it: the look-up on record first, then the answer, at the newest anchored checkpoint. */
  answer(question: CaseQuestion): CaseAnswer {
    this.questions.push(question);
    verifyQuery(question);
    const { request } = question.request;
    if (request.accessor !== AUDIT || request.custodian !== CUSTODIAN || request.case === null)
      throw forbidden('not an auditor here');
    const { query, approval } = question;
    const opened = query.kind === 'unmask' ? query.leafHashes.map((leafHash) => this.#open(leafHash)) : [];
    const numbers = new Map(opened.map(({ body }) => [body.subject!.number.id, body.subject!.number]));
    const subjects = query.kind === 'person' ? [query.subject] : [...numbers.values()];
    const checkpoint = parseNote(this.world.standing().checkpoint);
    const answered = (): Answered => {
      if (query.kind === 'person') return { kind: 'person', history: this.world.answer(query.subject) };
      if (query.kind === 'unmask') return { kind: 'unmask', opened: opened.map(({ row }) => row) };
      const rows = this.#matching(query.filter, request)
        .toReversed()
        .slice(query.filter.skip ?? 0);
      return { kind: 'entries', checkpoint, rows: rows.slice(0, this.most), isAll: rows.length <= this.most };
    };
    const event = this.#recordLookUp(question.request, subjects);
    const approved = approval === null ? [] : this.#recordLookUp(approval, []).promises;
    const record = { outcome: event.outcome, promises: this.isSilent ? [] : [...event.promises, ...approved] };
    this.lookUps.push(record);
    return { event: record, answered: answered() };
  }

  #open(leafHash: Hash): { row: OpenedRow; body: AccessBody } {
    const content = this.world.contents.get(encodeHex(leafHash))!;
    if (content.state !== 'opened') throw new Error('unreachable');
    return { row: { leafHash, nonce: content.nonce, body: content.body }, body: parseAccessBody(content.body) };
  }

  #recordLookUp(request: SignedRequest, subjects: readonly CanonicalNumber[]): LookUpRecord {
    this.#count++;
    const tree = growSubjectTree(subjects.map((number) => ({ number, salt: bytesOf(`look-up ${number.id} ${this.#count}`) })));
    const outcome = signOutcome(outcomeFor(request, tree, { answeredAt: this.world.clock }), custodianSigner);
    const bodies = subjects.length === 0 ? [null] : tree.subjects;
    const kept = bodies.map((subject) => this.#append({ request, outcome, subject }, subject && subject.number));
    return { outcome, promises: kept.map(({ promise }) => promise) };
  }

  #matching(filter: EntryFilter, asking: AccessRequest): EntryRow[] {
    const { checkpoint } = parseNote(this.world.standing().checkpoint);
    return this.world.entries.flatMap((entry, index): EntryRow[] => {
      const leafHash = leafHashOf(entry);
      const isIn = index < checkpoint.size;
      const placed = isIn ? { index, entry, inclusion: proveInclusion(index, checkpoint.size, this.world.tree) } : null;
      if (this.world.contents.get(encodeHex(leafHash))?.state === 'erased')
        return [{ leafHash, placed, state: 'erased', papers: null, pseudonym: null }];
      const { body } = this.#open(leafHash);
      const { request, outcome, subject } = body;
      const { recordedAt } = decodeEntry(entry);
      const isMeant =
        !this.hidden.has(encodeHex(leafHash)) &&
        recordedAt >= filter.from &&
        recordedAt < filter.to &&
        (filter.accessor === undefined || request.request.accessor === filter.accessor) &&
        (filter.operator === undefined || request.request.operator.id === filter.operator) &&
        (filter.purpose === undefined || request.request.purpose === filter.purpose) &&
        (filter.request === undefined || equalBytes(requestDigestOf(request.envelope.payload), filter.request));
      if (!isMeant) return [];
      const pseudonym = subject && encodeHex(bytesOf(`${asking.case} ${subject.number.id}`)).slice(0, 16);
      return [{ leafHash, placed, state: 'opened', papers: { request, outcome }, pseudonym }];
    });
  }
}
