/**
 * The only writer of a licence log. What it has answered is durable, promised and in a published checkpoint. What fails between a batch
 * being fixed and its answer stops the log or has it wait (publisher.ts).
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { invariant } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import type { Answers, RequestIdentity } from './answers.ts';
import { type Draft, type Histories, LogBatch } from './batch.ts';
import { GroupQueue, type Queued } from './group-queue.ts';
import type { LogHead } from './log-store.ts';
import { encodeUnsignedAnswer, isSigned, signAnswer } from './promises.ts';
import type { Published } from './published.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';
import { type LogTerms, Writing } from './writing.ts';

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

export interface WriterOptions extends PublisherOptions {
  readonly answers: Answers;
}

/** `write` null: nothing to say, but a new checkpoint is wanted. */
type Asked = Queued<Write | null, Uint8Array>;

/** A request that is in the batch, with its answer as far as it is known. */
interface Taken {
  readonly queued: Asked;
  answer: Uint8Array;
}

const NO_ANSWER = new Uint8Array(0);
const EMPTY_CHECKPOINT: Asked = { item: null, resolve: () => undefined, reject: () => undefined };

export class LogWriter extends Writing {
  readonly #options: WriterOptions;
  #terms: LogTerms | null = null;
  #head: LogHead;
  #lastRecordedAt: number;
  readonly #queue: GroupQueue<Write | null, Uint8Array>;
  #isResuming = false;

  private constructor(options: WriterOptions, publisher: Publisher) {
    super(publisher);
    const { log } = options;
    this.#options = options;
    this.#head = log.head();
    this.#lastRecordedAt = this.#head.size === 0 ? 0 : decodeEntry(log.entry(this.#head.size - 1)).recordedAt;
    this.#queue = new GroupQueue({
      entryCount: (write) => write?.entryCount ?? 0,
      write: (batch) =>
        publisher.isDone(async () => {
          await publisher.verifyAlone();
          await this.#commit(batch);
        }),
      refusal: () => publisher.refusal(),
    });
    publisher.onTrouble(() => this.#queue.drop());
  }

  /** Reads what is here and signs nothing. What the copy of the register says against the store stops the log before it starts. */
  static async open(options: WriterOptions): Promise<LogWriter> {
    return new LogWriter(options, await Publisher.open(options));
  }

  /** Publishes what is durable and unpublished, or the first, empty checkpoint. Then takes writes. */
  async resume(terms: LogTerms): Promise<void> {
    const { publisher } = this;
    if (!publisher.isWaiting || this.#queue.isRunning || this.#isResuming) return;
    this.#terms = terms;
    this.#isResuming = true;
    const isDone = await publisher.isDone(async () => {
      await publisher.agree();
      if (this.#head.issuedAt === 0) await this.#commit([EMPTY_CHECKPOINT]);
      else if (this.newest?.checkpoint.issuedAt !== this.#head.issuedAt) await publisher.publish(this.#head);
    });
    if (isDone) publisher.begin();
    this.#isResuming = false;
  }

  /** The answer, once all that it says is durable, signed and published. Throws what `plan` throws, and UNAVAILABLE. */
  async submit(write: Write): Promise<Uint8Array> {
    return this.#enqueue(write);
  }

  async refresh(): Promise<Published> {
    await this.#enqueue(null);
    invariant(this.newest !== null, 'a checkpoint was just published');
    return this.newest;
  }

  /** Signs an answer that a crash left unsigned. */
  async finish(answer: Uint8Array): Promise<Uint8Array> {
    if (isSigned(answer)) return answer;
    this.requireSigning();
    return signAnswer(answer, this.#options.signer);
  }

  async #enqueue(write: Write | null): Promise<Uint8Array> {
    this.requireSigning();
    return this.#queue.push(write);
  }

  /** The write path. Each step says what is true if the program ends after it; a start goes on from there. */
  async #commit(queued: readonly Asked[]): Promise<void> {
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
    if (this.newest !== null) log.putCheckpoint(write, this.newest.checkpoint, this.newest.note);
    for (const { queued: one, answer } of taken) if (one.item !== null) answers.put(write, one.item.request, answer);
    await write.write({ sync: true });
    this.#head = head;
    if (batch.count > 0) this.#lastRecordedAt = terms.recordedAt;

    // 3. The promises are signed: true already, and not yet told.
    for (const one of taken) {
      if (one.queued.item === null) continue;
      this.publisher.requireGoing();
      one.answer = await signAnswer(one.answer, signer);
      await breathe();
    }

    // 4.–6. The checkpoint is signed, registered and published; the signed answers take the place of the unsigned, which a power cut
    // would give back.
    await this.publisher.publish(head, (also) => {
      for (const { queued: one, answer } of taken) if (one.item !== null) answers.put(also, one.item.request, answer);
    });

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
  #take(queued: Asked, batch: LogBatch, issuedAt: number): Taken | undefined {
    const write = queued.item;
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
}
