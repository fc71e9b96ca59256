/**
 * The only writer of an access or seals log. Entries are durable and promised at once; the log grows by them when their quantum is over,
 * sorted by (time, slot), so that nobody sees in which order things were read or which entries came together. Checkpoints in between
 * repeat the roots.
 *
 * What is promised is in one of three states: pending, in the tree, published. Each passes into the next by one write, so that an end
 * of the program at any step loses nothing and says nothing twice. The register need not answer for a promise: a log whose register is
 * silent goes on promising for a while and publishes later; it does not when another node may be writing (`verifyAlone`).
 */
import { unavailable } from '../../core/bytes/error.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import type { Answers } from '../log/answers.ts';
import type { BodyStore } from '../bodies/body-store.ts';
import { GroupQueue, type Queued } from '../log/group-queue.ts';
import { Growth } from '../log/growth.ts';
import type { LogHead } from '../log/log-store.ts';
import type { Published } from '../log/published.ts';
import { Publisher, type PublisherOptions } from '../log/publisher.ts';
import { type LogTerms, Writing } from '../log/writing.ts';
import { Acceptance, encodeRecorded, type Recorded, type Recording } from './acceptance.ts';
import { padQuantum } from './padding.ts';
import { PendingEntries } from './pending.ts';
import { putPlaceCount } from './place-count.ts';

export interface QuantumWriterOptions extends PublisherOptions {
  readonly answers: Answers;
  readonly bodies: BodyStore;
  /** A quantum with fewer entries is filled up to this many, by entries that say nothing. */
  readonly fillTo: number;
  readonly random: (length: number) => Uint8Array;
}

type Asked = Queued<Recording, Recorded>;

export class QuantumWriter extends Writing {
  readonly #options: QuantumWriterOptions;
  readonly pending: PendingEntries;
  #terms: LogTerms | null = null;
  #head: LogHead;
  /** Time of the last entry in the tree. */
  #lastRecordedAt: number;
  /** Never goes back: what is accepted later is not dated before. */
  #acceptedAt: number;
  /** When the register was last known to be ours. */
  #heardAt = 0;
  readonly #queue: GroupQueue<Recording, Recorded>;
  /** Whoever changes head or pending entries waits here for the one before. */
  #turn: Promise<unknown> = Promise.resolve();
  /** One checkpoint after the other. */
  #commits: Promise<unknown> = Promise.resolve();

  private constructor(options: QuantumWriterOptions, publisher: Publisher, pending: PendingEntries) {
    super(publisher);
    const { log } = options;
    this.#options = options;
    this.pending = pending;
    this.#head = log.head();
    this.#lastRecordedAt = this.#head.size === 0 ? 0 : decodeEntry(log.entry(this.#head.size - 1)).recordedAt;
    const promisedAt = [...pending.all].reduce((last, { issuedAt }) => Math.max(last, issuedAt), 0);
    this.#acceptedAt = Math.max(promisedAt, this.#head.issuedAt);
    this.#queue = new GroupQueue({
      entryCount: ({ drafts }) => drafts.length,
      write: (batch) => publisher.isDone(() => this.#inTurn(() => this.#accept(batch))),
      refusal: () => publisher.refusal(),
    });
    publisher.onTrouble(() => {
      if (publisher.isStopped) this.#queue.drop();
    });
  }

  /** Reads what is here and signs nothing. */
  static async open(options: QuantumWriterOptions): Promise<QuantumWriter> {
    const publisher = await Publisher.open(options);
    return new QuantumWriter(options, publisher, await PendingEntries.load(options.log.store));
  }

  /** What is durable, published or not. */
  get head(): LogHead {
    return this.#head;
  }

  /**
   * Publishes what is durable and unpublished. At the start then one checkpoint more, so that another node of this log, whose promises
   * this one cannot know, finds the register changed and stops.
   */
  async resume(terms: LogTerms): Promise<void> {
    await this.#inCommit(async () => {
      const { publisher } = this;
      if (!publisher.isWaiting) return;
      const isDone = await publisher.isDone(async () => {
        await publisher.agree();
        const isFirst = this.#terms === null;
        this.#terms = terms;
        const { issuedAt } = this.#head;
        if (issuedAt > 0 && this.newest?.checkpoint.issuedAt !== issuedAt) await publisher.publish(this.#head);
        if (isFirst) await this.#commit();
      });
      if (!isDone) return;
      publisher.begin();
      this.#heardAt = this.#options.clock();
    });
  }

  /** Durable when it returns, and bound to be in the log by the deadline. Throws CONFLICT for what was claimed before, UNAVAILABLE. */
  async submit(recording: Recording): Promise<Recorded> {
    this.requireAccepting();
    return this.#queue.push(recording);
  }

  /** Throws UNAVAILABLE. */
  requireAccepting(): void {
    if (this.#terms === null || this.publisher.isStopped) throw this.publisher.refusal();
    if (this.publisher.isClockAhead) throw unavailable('the clock of this machine is ahead of the register’s');
    // By then nobody could tell whether what is promised now will be kept in time.
    if (this.publisher.isWaiting && this.#options.clock() - this.#heardAt > this.#terms.promiseSpan)
      throw this.publisher.refusal();
  }

  /** The first half of the write path. Each step says what is true if the program ends after it. */
  async #accept(queued: readonly Asked[]): Promise<void> {
    const { log, answers, bodies, random } = this.#options;
    this.publisher.requireGoing();

    // 1. The time is fixed, and with it slots and leaf hashes. Nothing has happened yet.
    const acceptedAt = Math.max(this.#options.clock(), this.#acceptedAt, this.#head.issuedAt);
    const { quantum, promiseSpan } = this.#terms!;
    const times = { recordedAt: acceptedAt - (acceptedAt % quantum), issuedAt: acceptedAt, deadlineAt: acceptedAt + promiseSpan };
    const acceptance = new Acceptance({ log, pending: this.pending, head: this.#head, random, times });
    const taken: { queued: Asked; recorded: Recorded }[] = [];
    for (const one of queued) {
      const recorded = acceptance.take(one.item);
      if (recorded instanceof Error) one.reject(recorded);
      else taken.push({ queued: one, recorded });
    }
    if (taken.length === 0) return;
    this.#acceptedAt = acceptedAt;

    // 2. Bodies and their keys are on disk. No entry refers to them: a start destroys the keys.
    await bodies.add(acceptance.bodies);

    // 3. Entries, answers and claims are on disk, all or none: from here on they will be in the log. A request that is sent again finds
    // its answer.
    const write = log.store.batch();
    for (const entry of acceptance.entries) this.pending.put(write, entry);
    putPlaceCount(write, log.store, bodies.placeCount);
    for (const { queued: one, recorded } of taken) {
      const { request, claims, also } = one.item;
      answers.put(write, request, encodeRecorded(recorded));
      for (const { space, key, value } of claims) write.put(space, key, value(recorded));
      also?.(write, recorded);
    }
    await write.write({ sync: true });
    for (const entry of acceptance.entries) this.pending.hold(entry);

    // 4. Whoever asked signs the promises and answers.
    for (const { queued: one, recorded } of taken) one.resolve(recorded);
  }

  async refresh(): Promise<Published> {
    this.publisher.requireSigning();
    await this.#inCommit(async () => {
      const isDone = await this.publisher.isDone(async () => {
        await this.#verifyAlone();
        await this.#commit();
      });
      if (!isDone) throw this.publisher.refusal();
    });
    return this.newest!;
  }

  /** To be called at least once a quantum: has the log grow if it is to. */
  async grow(): Promise<void> {
    await this.#inCommit(async () => {
      if (this.trouble !== null || this.#terms === null) return;
      await this.publisher.isDone(async () => {
        const isDue = this.#due(this.#nextIssuedAt()).length > 0;
        if (isDue || this.#options.clock() - this.#heardAt >= this.#terms!.quantum) await this.#verifyAlone();
        if (isDue) await this.#commit();
      });
    });
  }

  async #verifyAlone(): Promise<void> {
    await this.publisher.verifyAlone();
    this.#heardAt = this.#options.clock();
  }

  #nextIssuedAt(): number {
    return Math.max(this.#options.clock(), this.#head.issuedAt + 1);
  }

  /** All of the quanta that are over at that time, padding included: what is left of them would split a quantum. */
  #due(issuedAt: number): Uint8Array[] {
    const { fillTo, random } = this.#options;
    const { quantum } = this.#terms!;
    const isOverAt = issuedAt - (issuedAt % quantum);
    const entries = this.pending.before(isOverAt).map(({ entryBytes }) => entryBytes);
    // What comes after the last checkpoint may be dated into its quantum or later ones, and no earlier.
    const last = isOverAt - quantum;
    const canPad = this.#head.issuedAt > 0 && last >= this.#head.issuedAt - (this.#head.issuedAt % quantum);
    if (!canPad || last <= this.#lastRecordedAt) return entries;
    return padQuantum({ entries, recordedAt: last, fillTo, random });
  }

  /** The second half of the write path. */
  async #commit(): Promise<void> {
    await this.#inTurn(async () => {
      const { log } = this.#options;
      this.publisher.requireGoing();

      // 5. The time of the checkpoint is fixed, and with it which quanta are over.
      const issuedAt = this.#nextIssuedAt();
      const growth = new Growth(log, this.#head);
      const due = this.#due(issuedAt);
      for (const entryBytes of due) growth.append(entryBytes);
      const { quantum } = this.#terms!;
      const settled = this.pending.before(issuedAt - (issuedAt % quantum));

      // 6. They are in the tree and pending no more, by one write, and with it the note before. Nobody has heard of the new roots; a
      // start publishes them.
      const write = log.store.batch();
      const head = growth.putInto(write, issuedAt);
      this.pending.remove(write, settled);
      if (this.newest !== null) log.putCheckpoint(write, this.newest.checkpoint, this.newest.note);
      await write.write({ sync: true });
      this.pending.release(settled);
      this.#head = head;
      if (due.length > 0) this.#lastRecordedAt = decodeEntry(due.at(-1)!).recordedAt;
    });

    // 7.–9. The checkpoint is signed, registered and published. Meanwhile others may be accepted.
    await this.publisher.publish(this.#head);
    this.#heardAt = this.#options.clock();
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #inCommit(work: () => Promise<void>): Promise<void> {
    const done = this.#commits.then(work);
    this.#commits = done.catch(() => undefined);
    return done;
  }
}
