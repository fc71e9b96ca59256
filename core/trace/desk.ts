/**
 * How an auditor asks. Each look-up is signed, kept, sent, and counts only if the custodian shows that it stands on record itself:
 *
 *   1. the request is made for this very query, signed by the authority and, where her key is at hand, by the officer
 *   2. it is kept in the case before it leaves: whatever happens then, that it was asked is known
 *   3. the custodian answers; its outcome must be for this request, and signed by a request key of its own
 *   4. a verifier is asked for the checkpoint of the answer and the anchors around its entries; it learns neither whose they are nor which
 *   5. all of it is kept; what it is worth is judged from what is kept, by anyone, later (traced.ts)
 *
 * Whoever fetches and keeps (command line, portal) gives the doors.
 */
import { type AccessAnswer } from '../access/answer.ts';
import { outcomeSignedBytes } from '../access/outcome.ts';
import { encodeRequest, parseSignedRequest, requestDigestOf, requestSignedBytes } from '../access/request.ts';
import { type EnvelopeSignature, formatEnvelope } from '../authority/envelope.ts';
import type { LogFact } from '../authority/registry.ts';
import { parseUscc } from '../authority/uscc.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { forbidden, malformed, unverified } from '../bytes/error.ts';
import { asHash, type Hash } from '../bytes/hash.ts';
import { anchorsAround, type Doors, orNull, standingAt } from '../citizen/ask.ts';
import { decodeEntry } from '../log/entry.ts';
import type { Note } from '../log/note.ts';
import type { LogAnswer } from '../verify/lookup.ts';
import type { World } from '../verify/world.ts';
import type { CaseAnswer } from './case-answer.ts';
import type { CaseFile, Exchange } from './case-file.ts';
import type { Officer } from './case.ts';
import { type CaseQuery, type CaseQuestion, checkFilter, lookUpRequest, NO_FILTER, type EntryFilter } from './query.ts';
import { signednessOf } from './signed-by.ts';
import { type Traced, traceEntries, traceHistory } from './traced.ts';

export interface DeskDoors extends Pick<Doors, 'standing' | 'anchors'> {
  /** To the node that has the log. Throws a coded error: then it has said nothing. */
  readonly custodian: (log: LogFact, question: CaseQuestion) => Promise<CaseAnswer>;
  /** Durable when it returns. */
  readonly keep: (file: CaseFile) => Promise<void>;
  /** With a request key of the case's authority. */
  readonly sign: (message: Uint8Array) => Promise<EnvelopeSignature>;
  readonly random: (length: number) => Uint8Array;
  /** UTC ms. */
  readonly clock: () => number;
}

export interface ActingOfficer {
  readonly officer: Officer;
  /** With her own key; null where only the authority says that it is she. */
  readonly sign: ((message: Uint8Array) => Promise<EnvelopeSignature>) | null;
  readonly system: string;
  readonly terminal: string;
}

/** Beyond, the question is to be narrower. */
const MAX_PAGES = 256;

export class Desk {
  readonly #doors: DeskDoors;
  readonly #acting: ActingOfficer;
  readonly world: World;
  #file: CaseFile;

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

  async change(part: Partial<Pick<CaseFile, 'reconciled' | 'records' | 'sample' | 'unmaskings'>>): Promise<void> {
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
   * One question to one custodian. Throws MALFORMED for one that nobody may ask, UNAVAILABLE where it does not answer, UNVERIFIED where it does not show the look-up on record: then
   * what it said beside that is not kept.
   */
  async ask(log: LogFact, query: CaseQuery, parent: Hash | null = null): Promise<Exchange> {
    if (query.kind === 'entries') checkFilter(query.filter);
    const question = await this.#question(log, query, parent);
    const asked: Exchange = { origin: log.origin, question, answer: null, standing: null };
    const before = this.#file.exchanges;
    await this.#keep({ ...this.#file, exchanges: [...before, asked] });
    const answer = await this.#doors.custodian(log, question);
    verifyLookUp(this.world, log, question, answer);
    const shown = shownIn(answer);
    const standing = shown === null ? null : await this.#standing(log, shown);
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
    const payload = encodeRequest(request);
    const message = requestSignedBytes(payload);
    const own = await this.#doors.sign(message);
    const signatures = sign === null ? [own] : [own, await sign(message)];
    return { request: parseSignedRequest(formatEnvelope({ payload, signatures })), salt, query };
  }

  async #standing(log: LogFact, { checkpoint, entries }: Shown): Promise<LogAnswer | null> {
    const newest = await orNull(this.#doors.standing(log.logId, null));
    const standing = await standingAt(this.#doors, log, checkpoint, newest);
    if (standing === null || entries.length === 0) return standing;
    const around = await anchorsAround(this.#doors, log.logId, entries);
    return { ...standing, anchors: [...standing.anchors, ...around] };
  }

  /** All pages. Throws MALFORMED for more than can be held: the question is to be narrower. */
  async askEntries(log: LogFact, filter: Partial<EntryFilter>, parent: Hash | null = null): Promise<Exchange[]> {
    const exchanges: Exchange[] = [];
    for (let after: number | null = null; ;) {
      const exchange = await this.ask(log, { kind: 'entries', filter: { ...NO_FILTER, ...filter, after } }, parent);
      exchanges.push(exchange);
      const next: number | null = exchange.answer?.entries?.next ?? null;
      if (next === null) return exchanges;
      if (exchanges.length >= MAX_PAGES || (after !== null && next <= after))
        throw malformed('there are more entries than one question may show: ask for a shorter time');
      after = next;
    }
  }
}

interface Shown {
  readonly checkpoint: Note;
  readonly entries: readonly { readonly entryIndex: number; readonly recordedAt: number }[];
}

function shownIn({ history, entries }: CaseAnswer): Shown | null {
  const checkpoint = history?.checkpoint ?? entries?.checkpoint ?? null;
  if (checkpoint === null) return null;
  const items = [...(history?.epochs.flatMap((epoch) => epoch.items) ?? []), ...(entries?.items ?? [])];
  const shown = items.map(({ entryIndex, entryBytes }) => ({ entryIndex, recordedAt: decodeEntry(entryBytes).recordedAt }));
  return { checkpoint, entries: shown };
}

/** That the answer is to this question, and that the custodian signed that it was asked. Throws UNVERIFIED. */
export function verifyLookUp(world: World, log: LogFact, { request, query }: CaseQuestion, answer: CaseAnswer): void {
  const { envelope, outcome } = answer.record.outcome;
  const isOurs = equalBytes(outcome.request, requestDigestOf(request.envelope.payload)) && outcome.origin === log.origin;
  if (!isOurs) throw unverified('the custodian records another look-up than this one');
  const signed = signednessOf(world.facts, envelope.signatures[0]!, log.authority, outcomeSignedBytes(envelope.payload));
  if (signed !== 'yes') throw unverified('that the look-up is on record is not signed by the custodian');
  if (answer.record.promises.length < Math.max(1, outcome.subjectCount))
    throw unverified('the custodian does not promise to record the look-up');
  const isAnswered = outcome.result === 'granted';
  const fits = (answer.history !== null) === (isAnswered && query.kind === 'person');
  const fitsEntries = (answer.entries !== null) === (isAnswered && query.kind === 'entries');
  if (!fits || !fitsEntries) throw unverified('the custodian answers another question');
}

/** What an exchange is worth, judged from what was kept. Null where nothing was answered, or nothing that shows entries. */
export function tracedOf(world: World, { origin, question, answer, standing }: Exchange): Traced | null {
  const log = world.facts.logs.find((one) => one.origin === origin);
  if (log === undefined || answer === null) return null;
  const { query } = question;
  const history: AccessAnswer | null = answer.history;
  if (query.kind === 'person' && history !== null) return traceHistory({ world, log, standing }, query.subject, history);
  return answer.entries === null ? null : traceEntries({ world, log, standing }, answer.entries);
}
