/**
 * Signs and publishes checkpoints of what a log's writer has made durable, and knows when it must not: nothing is signed unless the
 * store, the register and the chain agree about what was signed before.
 *
 * Whatever fails on the way stops the log: what is durable then, only a start finds out, which goes through the same steps. Only a
 * register that does not answer is waited for: it is asked what it holds, and then given the very checkpoint that it was asked to
 * take. To sign another instead would contradict one that others may have seen.
 */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { type CodedError, invariant, isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { encodeCheckpoint } from '../../core/log/checkpoint.ts';
import { formatNote, noteKeyHash } from '../../core/log/note.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { proveConsistency, verifyConsistency } from '../../core/log/tree-proof.ts';
import type { Logger } from '../../service/logger.ts';
import type { Signer } from '../../service/signer.ts';
import type { Batch } from '../../service/store.ts';
import { EMPTY_HEAD, type LogHead, type LogStore } from './log-store.ts';
import { contradictionOf, type Published, readPublished } from './published.ts';
import { otherThere, type Register } from './register.ts';

export interface PublisherOptions {
  readonly origin: Origin;
  readonly log: LogStore;
  readonly register: Register;
  readonly signer: Signer;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
}

/** As far as the chain lets a checkpoint be ahead of its block. */
const MAX_CLOCK_LEAD_MS = 120_000;

export class Publisher {
  readonly logId: Hash;
  readonly #options: PublisherOptions;
  #newest: Published | null;
  #trouble: CodedError | null = unavailable('the log has not started to write');
  #isStopped = false;
  /** What the register did not answer. It is waited for; whatever else fails stops the log. */
  readonly #unanswered = new WeakSet<CodedError>();
  #isClockAhead = false;
  #onTrouble: () => void = () => undefined;

  private constructor(options: PublisherOptions, newest: Published | null) {
    this.logId = logIdOf(options.origin);
    this.#options = options;
    this.#newest = newest;
  }

  /** Reads what is here and signs nothing. What the copy of the register says against the store stops the log before it starts. */
  static async open(options: PublisherOptions): Promise<Publisher> {
    const { log, register } = options;
    const head = log.head();
    invariant(equalBytes(log.rootAt(head.size), head.rootHash), 'the stored nodes lead to the stored root');
    const [registered, archived] = [readPublished(await register.recall()), readPublished((await log.newestNote()) ?? null)];
    const trouble = contradictionOf(options, registered, archived);
    const publisher = new Publisher(options, trouble === null ? registered : archived);
    if (trouble !== null) publisher.stop(trouble);
    // A power cut can lose the newest note from the store, never from the register.
    else if (registered !== null && registered.note !== archived?.note) await publisher.#archive(registered);
    return publisher;
  }

  get newest(): Published | null {
    return this.#newest;
  }

  get trouble(): string | null {
    return this.#trouble === null ? null : this.#trouble.message;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  get isWaiting(): boolean {
    return this.#trouble !== null && !this.#isStopped;
  }

  /** By more than the chain allows, when the register was last asked. */
  get isClockAhead(): boolean {
    return this.#isClockAhead;
  }

  /** Called whenever the log stops or begins to wait. */
  onTrouble(listener: () => void): void {
    this.#onTrouble = listener;
  }

  stop(reason: CodedError): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#trouble = reason;
    this.#options.logger.error({ error: reason }, 'the log has stopped signing');
    this.#onTrouble();
  }

  #wait(reason: CodedError): void {
    if (this.#isStopped) return;
    if (reason.message !== this.#trouble?.message) this.#options.logger.warn({ error: reason }, 'the log waits for its register');
    this.#trouble = reason;
    this.#onTrouble();
  }

  refusal(): CodedError {
    return unavailable(`the log takes no writes: ${this.trouble ?? ''}`);
  }

  /** Throws UNAVAILABLE. */
  requireSigning(): void {
    if (this.#trouble !== null) throw this.refusal();
  }

  /** The chain may say something against the log at any moment. Throws UNAVAILABLE. */
  requireGoing(): void {
    if (this.#isStopped) throw this.refusal();
  }

  /** A coded error stops the log, or has it wait for the register; our own mistake stops the process. */
  async isDone(step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (this.#unanswered.has(error)) this.#wait(error);
      else this.stop(error);
      return false;
    }
  }

  /** After `agree`, all that is durable being published: from now on the log signs. */
  begin(): void {
    if (!this.#isStopped) this.#trouble = null;
  }

  async #asking<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      if (isCodedError(error, 'UNAVAILABLE')) this.#unanswered.add(error);
      throw error;
    }
  }

  /** What the register holds now. Throws UNAVAILABLE, and then the log waits. */
  async #readRegister(): Promise<Published | null> {
    return this.#asking(async () => {
      const { note, answeredAt } = await this.#options.register.read();
      // What a clock that ran ahead has dated, no chain takes until everybody's clock has come there, and no later entry may be
      // dated earlier.
      const aheadMs = answeredAt === null ? 0 : this.#options.clock() - answeredAt;
      this.#isClockAhead = aheadMs > MAX_CLOCK_LEAD_MS;
      if (this.#isClockAhead) throw unavailable('the clock of this machine is ahead of the register’s', { aheadMs });
      return readPublished(note);
    });
  }

  /** Before anything is written: a second node that woke up on this log has signed nothing yet. Throws CONFLICT, UNAVAILABLE. */
  async verifyAlone(): Promise<void> {
    const registered = await this.#readRegister();
    if (registered?.note !== this.#newest?.note) throw otherThere();
  }

  /** Asks the register what it holds. Throws FORBIDDEN when that cannot be, UNAVAILABLE. */
  async agree(): Promise<void> {
    const registered = await this.#readRegister();
    const trouble = contradictionOf(this.#options, registered, this.#newest);
    if (trouble !== null) throw trouble;
    // It took a checkpoint without our hearing of it: there is no copy of it here yet.
    if (registered !== null && registered.note !== this.#newest?.note) {
      await this.#archive(registered, () => undefined, { sync: true });
      this.#newest = registered;
    }
  }

  /** The last steps of every write path; all that a start has to catch up on. `also`: what goes to disk with the note. */
  async publish(head: LogHead, also: (write: Batch) => void = () => undefined): Promise<void> {
    const { origin, log, register, signer } = this.#options;
    this.requireGoing();
    const previous = this.#newest?.checkpoint ?? EMPTY_HEAD;
    invariant(head.issuedAt > previous.issuedAt, 'a checkpoint is later than the one before');
    const growth = { size1: previous.size, root1: previous.rootHash, size2: head.size, root2: head.rootHash };
    verifyConsistency(growth, proveConsistency(previous.size, head.size, log.tree));

    // 1. The checkpoint is signed. A start would sign these bytes again: its time is in the head on disk.
    const checkpoint = { origin, ...head };
    const signature = await signer.sign(encodeCheckpoint(checkpoint));
    const logSignature = { keyHash: noteKeyHash(origin, signer.publicKey), signature };
    const note = formatNote({ checkpoint, logSignature, cosignatures: [] });

    // 2. It is the newest one, durably: whoever comes with another after the same predecessor is refused.
    await this.#asking(() => register.swap(this.#newest?.note ?? null, note));

    // 3. Anyone may see it. Without sync: what a power cut takes from here, the register gives back.
    await this.#archive({ checkpoint, note }, also);
    this.#newest = { checkpoint, note };
  }

  async #archive({ checkpoint, note }: Published, also?: (write: Batch) => void, { sync } = { sync: false }): Promise<void> {
    const { log } = this.#options;
    const write = log.store.batch();
    log.putCheckpoint(write, checkpoint, note);
    also?.(write);
    await write.write({ sync });
  }
}
