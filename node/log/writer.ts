/**
 * The only writer of a log. What it has answered is durable, promised and in a published checkpoint; it signs nothing unless its own
 * count, the register and the chain agree with what it signed before.
 *
 * Whatever fails between a batch being fixed and its answer stops the log: what is durable then, only a start finds out, which goes
 * through the same steps. Only a register that does not answer is waited for: it is asked what it holds, and then given the very
 * checkpoint that it was asked to take. To sign another instead would contradict one that others may have seen.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { equalBytes } from '../../core/bytes/bytes.ts';
import { type CodedError, invariant, isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { encodeCheckpoint } from '../../core/log/checkpoint.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { formatNote, noteKeyHash } from '../../core/log/note.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { proveConsistency, verifyConsistency } from '../../core/log/tree-proof.ts';
import type { Logger } from '../../service/logger.ts';
import type { Signer } from '../../service/signer.ts';
import type { Answers, RequestIdentity } from './answers.ts';
import { type Draft, type Histories, LogBatch } from './batch.ts';
import { EMPTY_HEAD, type LogHead, type LogStore } from './log-store.ts';
import { encodeUnsignedAnswer, isSigned, signAnswer } from './promises.ts';
import { contradictionOf, type Published, readPublished } from './published.ts';
import { otherThere, type Register } from './register.ts';

/** One request, in so far as the log is concerned. */
export interface Write {
  readonly request: RequestIdentity;
  /** How many entries `plan` makes if it does not refuse. */
  readonly entryCount: number;
  /** Judges the request by all that was said before it. Throws a CodedError to refuse it. */
  plan(log: Histories): readonly Draft[];
  /** The members of the answer before its entries. */
  readonly said: JsonObject;
}

export interface WriterOptions {
  readonly origin: Origin;
  readonly log: LogStore;
  readonly answers: Answers;
  readonly register: Register;
  readonly signer: Signer;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
}

/** What the registry says about the log, in ms. */
export interface LogTerms {
  readonly quantum: number;
  readonly promiseSpan: number;
}

/** Null: nothing to say, but a new checkpoint is wanted. */
interface Queued {
  readonly write: Write | null;
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** A request that is in the batch, with its answer as far as it is known. */
interface Taken {
  readonly queued: Queued;
  answer: Uint8Array;
}

const MAX_REQUESTS = 256;
const MAX_ENTRIES = 2048;
const NO_ANSWER = new Uint8Array(0);
/** As far as the chain lets a checkpoint be ahead of its block. */
const MAX_CLOCK_LEAD_MS = 120_000;
const EMPTY_CHECKPOINT: Queued = { write: null, resolve: () => undefined, reject: () => undefined };

export class LogWriter {
  readonly logId: Hash;
  readonly #options: WriterOptions;
  #terms: LogTerms | null = null;
  #head: LogHead;
  #lastRecordedAt: number;
  #newest: Published | null;
  #trouble: CodedError | null = unavailable('the log has not started to write');
  #queue: Queued[] = [];
  #isRunning = false;
  #isStopped = false;
  /** While the register is asked. What fails then is waited for; what fails at any other time stops the log. */
  #isAsking = false;

  private constructor(options: WriterOptions, head: LogHead, newest: Published | null) {
    this.logId = logIdOf(options.origin);
    this.#options = options;
    this.#head = head;
    this.#lastRecordedAt = head.size === 0 ? 0 : decodeEntry(options.log.entry(head.size - 1)).recordedAt;
    this.#newest = newest;
  }

  /** Reads what is here and signs nothing. What the copy of the register says against the store stops the log before it starts. */
  static async open(options: WriterOptions): Promise<LogWriter> {
    const { log, register } = options;
    const head = log.head();
    invariant(equalBytes(log.rootAt(head.size), head.rootHash), 'the stored nodes lead to the stored root');
    const [registered, archived] = [readPublished(await register.recall()), readPublished((await log.newestNote()) ?? null)];
    const trouble = contradictionOf(options, registered, archived);
    const writer = new LogWriter(options, head, trouble === null ? registered : archived);
    if (trouble !== null) writer.stop(trouble);
    // A power cut can lose the newest note from the store, never from the register.
    else if (registered !== null && registered.note !== archived?.note) await writer.#archive(registered);
    return writer;
  }

  /** The newest published checkpoint, or null before the first. */
  get newest(): Published | null {
    return this.#newest;
  }

  /** Why the log takes no writes, or null. */
  get trouble(): string | null {
    return this.#trouble === null ? null : this.#trouble.message;
  }

  /** Signs nothing any more until the next start of the program; reading goes on. */
  stop(reason: CodedError): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#trouble = reason;
    this.#options.logger.error({ error: reason }, 'the log has stopped signing');
    for (const { reject } of this.#queue.splice(0)) reject(this.#refusal());
  }

  /** True while only `resume` is wanting for the log to take writes, at the start and later. */
  get isWaiting(): boolean {
    return this.#trouble !== null && !this.#isStopped;
  }

  /**
   * Asks the register what it holds, and publishes what is durable and unpublished, or the first, empty checkpoint. Then takes writes,
   * unless the register did not answer again. To be called when the chain was read and the witnesses asked.
   */
  async resume(terms: LogTerms): Promise<void> {
    if (!this.isWaiting || this.#isRunning) return;
    this.#terms = terms;
    this.#isRunning = true;
    const isDone = await this.#isDone(() => this.#agree());
    if (isDone && !this.#isStopped) this.#trouble = null;
    this.#isRunning = false;
  }

  async #agree(): Promise<void> {
    const registered = await this.#readRegister();
    const trouble = contradictionOf(this.#options, registered, this.#newest);
    if (trouble !== null) throw trouble;
    // It took a checkpoint without our hearing of it: there is no copy of it here yet.
    if (registered !== null && registered.note !== this.#newest?.note) {
      await this.#archive(registered, [], { sync: true });
      this.#newest = registered;
    }
    if (this.#head.issuedAt === 0) await this.#commit([EMPTY_CHECKPOINT]);
    else if (this.#newest?.checkpoint.issuedAt !== this.#head.issuedAt) await this.#publish(this.#head, []);
  }

  /** The answer, once all that it says is durable, signed and published. Throws what `plan` throws, and UNAVAILABLE. */
  async submit(write: Write): Promise<Uint8Array> {
    return this.#enqueue(write);
  }

  /** A checkpoint of the log as it is, with a new time. Throws UNAVAILABLE. */
  async refresh(): Promise<Published> {
    await this.#enqueue(null);
    invariant(this.#newest !== null, 'a checkpoint was just published');
    return this.#newest;
  }

  /** Signs an answer that a crash left unsigned. */
  async finish(answer: Uint8Array): Promise<Uint8Array> {
    if (isSigned(answer)) return answer;
    this.requireSigning();
    return signAnswer(answer, this.#options.signer);
  }

  #refusal(): CodedError {
    return unavailable(`the log takes no writes: ${this.trouble ?? ''}`);
  }

  /** Throws UNAVAILABLE. */
  requireSigning(): void {
    if (this.#trouble !== null) throw this.#refusal();
  }

  /** The chain may say something against the log at any moment. */
  #requireGoing(): void {
    if (this.#isStopped) throw this.#refusal();
  }

  async #enqueue(write: Write | null): Promise<Uint8Array> {
    this.requireSigning();
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    this.#queue.push({ write, resolve, reject });
    void this.#run();
    return promise;
  }

  /** Group commit: whatever arrives while a batch is being written goes into the next. */
  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Requests of one moment share the first batch as well.
    await breathe();
    while (this.#queue.length > 0) {
      const queued = this.#takeBatch();
      const isDone = await this.#isDone(async () => {
        await this.#verifyAlone();
        await this.#commit(queued);
      });
      if (!isDone) for (const { reject } of queued) reject(this.#refusal());
    }
    this.#isRunning = false;
  }

  #takeBatch(): Queued[] {
    let entries = 0;
    const end = this.#queue.findIndex(({ write }, i) => {
      entries += write?.entryCount ?? 0;
      return i === MAX_REQUESTS || (i > 0 && entries > MAX_ENTRIES);
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }

  /** A coded error stops the log, or has it wait for the register; our own mistake stops the process. */
  async #isDone(step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (this.#isAsking && error.code === 'UNAVAILABLE') this.#wait(error);
      else this.stop(error);
      return false;
    } finally {
      this.#isAsking = false;
    }
  }

  async #asking<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    this.#isAsking = true;
    const answer = await ask();
    this.#isAsking = false;
    return answer;
  }

  #wait(reason: CodedError): void {
    if (this.#isStopped) return;
    if (reason.message !== this.#trouble?.message) this.#options.logger.warn({ error: reason }, 'the log waits for its register');
    this.#trouble = reason;
    for (const { reject } of this.#queue.splice(0)) reject(this.#refusal());
  }

  /** What the register holds now. Throws UNAVAILABLE, and then the log waits. */
  async #readRegister(): Promise<Published | null> {
    return this.#asking(async () => {
      const { note, answeredAt } = await this.#options.register.read();
      // What a clock that ran ahead has dated, no chain takes until everybody's clock has come there, and no later entry may be
      // dated earlier.
      const aheadMs = answeredAt === null ? 0 : this.#options.clock() - answeredAt;
      if (aheadMs > MAX_CLOCK_LEAD_MS) throw unavailable('the clock of this machine is ahead of the register’s', { aheadMs });
      return readPublished(note);
    });
  }

  /** Before anything is written: a second node that woke up on this log has signed nothing yet. Throws CONFLICT, UNAVAILABLE. */
  async #verifyAlone(): Promise<void> {
    const registered = await this.#readRegister();
    if (registered?.note !== this.#newest?.note) throw otherThere();
  }

  /** The write path. Each step says what is true if the program ends after it; `start` goes on from there. */
  async #commit(queued: readonly Queued[]): Promise<void> {
    const { log, answers, signer } = this.#options;

    // 1. The batch is fixed, and with it the time of its entries and of its checkpoint. Nothing has happened yet.
    const terms = this.#fixTimes();
    const batch = new LogBatch(log, { logId: this.logId, head: this.#head, ...terms });
    const taken = queued.flatMap((one) => this.#take(one, batch, terms.issuedAt) ?? []);
    if (taken.length === 0) return;

    // 2. Entries, nodes, openings and answers are on disk, all or none, and with them the note before. Nobody has heard of them; a
    // request that is sent again finds its answer, and a start publishes the entries.
    const write = log.store.batch();
    const head = batch.putInto(write);
    if (this.#newest !== null) log.putCheckpoint(write, this.#newest.checkpoint, this.#newest.note);
    for (const { queued: one, answer } of taken) if (one.write !== null) answers.put(write, one.write.request, answer);
    await write.write({ sync: true });
    this.#head = head;
    if (batch.count > 0) this.#lastRecordedAt = terms.recordedAt;

    // 3. The promises are signed: true already, and not yet told.
    for (const one of taken) {
      if (one.queued.write === null) continue;
      this.#requireGoing();
      one.answer = await signAnswer(one.answer, signer);
      await breathe();
    }

    // 4.–6. The checkpoint is signed, registered and published.
    await this.#publish(head, taken);

    // 7. The answers go out. One that is lost on the way is found again by its idempotency key.
    for (const { queued: one, answer } of taken) one.resolve(answer);
  }

  /** Both times come from one look at the clock: no entry is later than the checkpoint. Neither ever goes back. */
  #fixTimes(): { recordedAt: number; issuedAt: number } {
    invariant(this.#terms !== null, 'a log that writes has read its terms');
    const now = this.#options.clock();
    const { quantum } = this.#terms;
    const recordedAt = Math.max(Math.floor(now / quantum) * quantum, this.#lastRecordedAt);
    return { recordedAt, issuedAt: Math.max(now, this.#head.issuedAt + 1) };
  }

  /** Undefined when the request is refused. */
  #take(queued: Queued, batch: LogBatch, issuedAt: number): Taken | undefined {
    const { write } = queued;
    if (write === null) return { queued, answer: NO_ANSWER };
    let drafts;
    try {
      drafts = write.plan(batch);
    } catch (error) {
      queued.reject(error);
      return undefined;
    }
    invariant(drafts.length === write.entryCount, 'a plan makes as many entries as it says');
    const entries = drafts.map((draft) => batch.append(draft));
    const deadlineAt = issuedAt + this.#terms!.promiseSpan;
    return { queued, answer: encodeUnsignedAnswer(write.said, entries, { logId: this.logId, issuedAt, deadlineAt }) };
  }

  /** Steps 4 to 6 of the write path; all that a start has to catch up on. */
  async #publish(head: LogHead, taken: readonly Taken[]): Promise<void> {
    const { origin, log, register, signer } = this.#options;
    this.#requireGoing();
    const previous = this.#newest?.checkpoint ?? EMPTY_HEAD;
    invariant(head.issuedAt > previous.issuedAt, 'a checkpoint is later than the one before');
    const growth = { size1: previous.size, root1: previous.rootHash, size2: head.size, root2: head.rootHash };
    verifyConsistency(growth, proveConsistency(previous.size, head.size, log.tree));

    // 4. The checkpoint is signed. A start would sign these bytes again: its time is in the head on disk.
    const checkpoint = { origin, ...head };
    const signature = await signer.sign(encodeCheckpoint(checkpoint));
    const logSignature = { keyHash: noteKeyHash(origin, signer.publicKey), signature };
    const note = formatNote({ checkpoint, logSignature, cosignatures: [] });

    // 5. It is the newest one, durably: whoever comes with another after the same predecessor is refused.
    await this.#asking(() => register.swap(this.#newest?.note ?? null, note));

    // 6. Anyone may see it, and the signed answers take the place of the unsigned. Without sync: what a power cut takes from
    // here, the register and the unsigned answers give back.
    await this.#archive({ checkpoint, note }, taken);
    this.#newest = { checkpoint, note };
  }

  async #archive({ checkpoint, note }: Published, taken: readonly Taken[] = [], { sync } = { sync: false }): Promise<void> {
    const { log, answers } = this.#options;
    const write = log.store.batch();
    log.putCheckpoint(write, checkpoint, note);
    for (const { queued, answer } of taken) if (queued.write !== null) answers.put(write, queued.write.request, answer);
    await write.write({ sync });
  }
}
