/**
 * How an auditor asks. Each look-up is signed, kept, sent, and counts only if the custodian shows that it stands on record itself:
 *
 *   1. the request is made for this very query, signed by the authority and, where her key is at hand, by the officer
 *   2. it is kept in the case before it leaves: whatever happens then, that it was asked is known
 *   3. a verifier says which checkpoint of the log it stands on; the custodian is asked to answer at that one
 *   4. the custodian answers, and promises with its log's key to record the look-up
 *   5. the verifier is asked for the anchors around the entries; it learns neither whose they are nor which
 *   6. all of it is kept; what it is worth is judged from what is kept, by anyone, later (view.ts)
 *
 * To name persons takes two officers: the first one's request waits in the case until another approves it, and only then it is sent.
 * Whoever fetches and keeps (command line, portal) gives the doors.
 */
import { encodeRequest, parseSignedRequest, requestDigestOf, requestSignedBytes } from '../access/request.ts';
import type { AccessRequest, SignedRequest } from '../access/request.ts';
import { type EnvelopeSignature, formatEnvelope } from '../authority/envelope.ts';
import type { LogFact } from '../authority/registry.ts';
import { parseUscc } from '../authority/uscc.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { forbidden, notFound } from '../bytes/error.ts';
import { asHash, type Hash } from '../bytes/hash.ts';
import { anchorsAround, type CheckpointName, checkpointIn, type Doors, orNull, standingAt } from '../citizen/ask.ts';
import { decodeEntry } from '../log/entry.ts';
import type { Note } from '../log/note.ts';
import type { LogAnswer } from '../verify/lookup.ts';
import type { World } from '../verify/world.ts';
import type { Answered, CaseAnswer } from './case-answer.ts';
import type { CaseFile, Exchange, WaitingUnmasking } from './case-file.ts';
import type { Officer } from './case.ts';
import { type CaseQuery, type CaseQuestion, checkFilter, type EntryFilter, lookUpRequest } from './query.ts';
import { verifyLookUp } from './signed-by.ts';
import { approvalRequest, verifyUnmasking, verifyUnmaskingRequest } from './unmasking.ts';
import { tracedOf } from './view.ts';

export type VerifierDoors = Pick<Doors, 'standing' | 'anchors'>;

export interface DeskDoors extends VerifierDoors {
  /** To the node that has the log, to be answered at that checkpoint. Throws a coded error: then it has said nothing. */
  readonly custodian: (log: LogFact, question: CaseQuestion, at: CheckpointName | null) => Promise<CaseAnswer>;
  /** Durable when it returns. */
  readonly keep: (file: CaseFile) => Promise<void>;
  /** A request, with a request key of the case's authority; `own` is what the officer's key has signed it with, where she has one. */
  readonly sign: (payload: Uint8Array, own: EnvelopeSignature | null) => Promise<EnvelopeSignature>;
  readonly random: (length: number) => Uint8Array;
  /** UTC ms. */
  readonly clock: () => number;
}

export interface ActingOfficer {
  readonly officer: Officer;
  /** With her own key; null where only the authority says that it is she. Without it nothing is unmasked. */
  readonly sign: ((message: Uint8Array) => Promise<EnvelopeSignature>) | null;
  readonly system: string;
  readonly terminal: string;
}

/** Of one search: beyond, it is to be narrower. */
const MAX_LOOK_UPS = 512;

export class Desk {
  readonly #doors: DeskDoors;
  readonly #acting: ActingOfficer;
  readonly world: World;
  #file: CaseFile;

  /** Throws FORBIDDEN for somebody who is no officer of the case. */
  constructor(doors: DeskDoors, world: World, acting: ActingOfficer, file: CaseFile) {
    if (!file.signedCase.case.officers.some(({ id }) => id === acting.officer.id)) throw forbidden('not an officer of this case');
    this.#doors = doors;
    this.world = world;
    this.#acting = acting;
    this.#file = file;
  }

  get file(): CaseFile {
    return this.#file;
  }

  async change(part: Partial<Pick<CaseFile, 'reconciled' | 'records' | 'sample' | 'waiting'>>): Promise<void> {
    await this.#keep({ ...this.#file, ...part });
  }

  async #keep(file: CaseFile): Promise<void> {
    await this.#doors.keep(file);
    this.#file = file;
  }

  /** Logs that can be asked: open or closed, but recording under some handle. */
  get logs(): readonly LogFact[] {
    return this.world.facts.logs.filter((log) => log.class === 'access' && log.vrfKeys.length > 0);
  }

  /**
   * One question to one custodian. Throws MALFORMED for one that nobody may ask, UNAVAILABLE where it does not answer, UNVERIFIED or UNTRUSTED where it
   * does not promise to record the look-up: then what it said beside that is not kept.
   */
  async ask(log: LogFact, query: Exclude<CaseQuery, { kind: 'unmask' }>, parent: Hash | null = null): Promise<Exchange> {
    if (query.kind === 'entries') checkFilter(query.filter);
    return this.#send(log, await this.#question(log, query, parent));
  }

  async #send(log: LogFact, question: CaseQuestion): Promise<Exchange> {
    const asked: Exchange = { origin: log.origin, question, answer: null, standing: null };
    const before = this.#file.exchanges;
    await this.#keep({ ...this.#file, exchanges: [...before, asked] });
    const { request, query } = question;
    const isUnmasking = query.kind === 'unmask';
    const newest = isUnmasking ? null : await orNull(this.#doors.standing(log.logId, null));
    const answer = await this.#doors.custodian(log, question, newest && checkpointIn(newest));
    verifyLookUp(this.world.facts, log, { request, isUnmasking }, answer.event);
    const shown = shownIn(answer.answered);
    const standing = shown === null ? null : await standingOf(this.#doors, log, shown, newest);
    const exchange = { ...asked, answer, standing };
    await this.#keep({ ...this.#file, exchanges: [...before, exchange] });
    return exchange;
  }

  async #question(log: LogFact, query: CaseQuery, parent: Hash | null): Promise<CaseQuestion> {
    const { officer, sign, system, terminal } = this.#acting;
    const salt = this.#doors.random(32);
    const request = lookUpRequest({
      case: this.#file.signedCase.case,
      custodian: parseUscc(log.authority),
      query,
      officer,
      isSignedByOfficer: sign !== null,
      parent,
      system,
      terminal,
      nonce: asHash(this.#doors.random(32)),
      salt,
      now: this.#doors.clock(),
    });
    return { request: await this.#signed(request), salt, query, approval: null };
  }

  async #signed(request: AccessRequest): Promise<SignedRequest> {
    const payload = encodeRequest(request);
    const { sign } = this.#acting;
    const own = sign === null ? null : await sign(requestSignedBytes(payload));
    const first = await this.#doors.sign(payload, own);
    const signatures = own === null ? [first] : [first, own];
    return parseSignedRequest(formatEnvelope({ payload, signatures }));
  }

  /**
   * Where a custodian does not show all of it at once, it is asked on from there; each look-up is kept, and each is on record. Entries are shown
   * newest first: what is recorded meanwhile is shown twice rather than anything left out.
   */
  async askEntries(log: LogFact, filter: EntryFilter, parent: Hash | null = null): Promise<{ readonly isWhole: boolean }> {
    let shown = 0;
    for (let asked = 0; asked < MAX_LOOK_UPS; asked++) {
      const onwards = shown === 0 ? filter : { ...filter, skip: shown };
      const { answer } = await this.ask(log, { kind: 'entries', filter: onwards }, parent);
      const page = answer?.answered.kind === 'entries' ? answer.answered : null;
      if (page === null || page.isAll || page.rows.length === 0) return { isWhole: page?.isAll ?? false };
      shown += page.rows.length;
    }
    return { isWhole: false };
  }

  /** The first half of an unmasking: kept, and not sent. `parent`: the look-up that showed the entries. Throws FORBIDDEN without her own key. */
  async propose(log: LogFact, leafHashes: readonly Hash[], parent: Hash): Promise<WaitingUnmasking> {
    if (this.#acting.sign === null) throw forbidden('an unmasking is signed with the officer’s own key');
    const question = await this.#question(log, { kind: 'unmask', leafHashes }, parent);
    const waiting = { origin: log.origin, question };
    await this.change({ waiting: [...this.#file.waiting, waiting] });
    return waiting;
  }

  /** The second half. Throws NOT_FOUND where none waits, FORBIDDEN for who proposed it, and as `ask`. */
  async approve(proposed: Hash): Promise<Exchange> {
    const { officer, sign, system, terminal } = this.#acting;
    const isMeant = ({ question: { request } }: WaitingUnmasking): boolean =>
      equalBytes(requestDigestOf(request.envelope.payload), proposed);
    const waiting = this.#file.waiting.find(isMeant);
    const log = this.logs.find(({ origin }) => origin === waiting?.origin);
    if (waiting === undefined || log === undefined) throw notFound('no such unmasking waits for approval');
    if (sign === null) throw forbidden('an unmasking is signed with the officer’s own key');
    const { request } = waiting.question;
    const one = this.#file.signedCase.case;
    if (verifyUnmaskingRequest(one, request).id === officer.id) throw forbidden('nobody approves what she asks for herself');
    const nonce = asHash(this.#doors.random(32));
    const approval = await this.#signed(approvalRequest({ request, officer, system, terminal, nonce, now: this.#doors.clock() }));
    verifyUnmasking(one, request, approval);
    const exchange = await this.#send(log, { ...waiting.question, approval });
    await this.change({ waiting: this.#file.waiting.filter((other) => !isMeant(other)) });
    return exchange;
  }
}

/**
 * The case with a verifier's word on answers that it had not confirmed when they came; no custodian is asked. Another word is taken only where
 * it leaves no doubt. The same file where nothing changed.
 */
export async function confirmCase(doors: VerifierDoors, world: World, file: CaseFile): Promise<CaseFile> {
  const exchanges: Exchange[] = [];
  for (const exchange of file.exchanges) exchanges.push(await confirmExchange(doors, world, exchange));
  return exchanges.every((exchange, i) => exchange === file.exchanges[i]) ? file : { ...file, exchanges };
}

async function confirmExchange(doors: VerifierDoors, world: World, exchange: Exchange): Promise<Exchange> {
  const isDoubted = (one: Exchange): boolean => (tracedOf(world, one)?.doubt ?? null) !== null;
  const log = world.facts.logs.find(({ origin }) => origin === exchange.origin);
  const shown = exchange.answer && shownIn(exchange.answer.answered);
  if (log === undefined || shown === null || !isDoubted(exchange)) return exchange;
  const again = { ...exchange, standing: await standingOf(doors, log, shown, null) };
  return isDoubted(again) ? exchange : again;
}

async function standingOf(
  doors: VerifierDoors,
  log: LogFact,
  { checkpoint, entries }: Shown,
  newest: LogAnswer | null,
): Promise<LogAnswer | null> {
  const standing = await standingAt(doors, log, checkpoint, newest);
  if (standing === null || entries.length === 0) return standing;
  const around = await anchorsAround(doors, log.logId, entries);
  return { ...standing, anchors: [...standing.anchors, ...around] };
}

interface Shown {
  readonly checkpoint: Note;
  readonly entries: readonly { readonly entryIndex: number; readonly recordedAt: number }[];
}

function shownIn(answered: Answered): Shown | null {
  const place = (entryIndex: number, entryBytes: Uint8Array) => ({ entryIndex, recordedAt: decodeEntry(entryBytes).recordedAt });
  switch (answered.kind) {
    case 'person': {
      const items = answered.history.epochs.flatMap((epoch) => epoch.items);
      return {
        checkpoint: answered.history.checkpoint,
        entries: items.map(({ entryIndex, entryBytes }) => place(entryIndex, entryBytes)),
      };
    }
    case 'entries': {
      const entries = answered.rows.flatMap(({ placed }) => (placed === null ? [] : [place(placed.index, placed.entry)]));
      return { checkpoint: answered.checkpoint, entries };
    }
    case 'unmask':
      return null;
  }
}
