/**
 * What the page is doing with the file at hand, from picking to verdict, and what it may do next. Knows no markup: the view
 * draws each new state it is given.
 */
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Evidence } from '../../core/verify/evidence.ts';
import type { ReasonCode } from '../../core/verify/verdict.ts';
import { checkOffline, checkOnline, type Reader, type Told } from './check.ts';
import type { Digest } from './digest.ts';
import { sortPicked } from './picked.ts';
import type { AcceptedTrust } from './trust-memory.ts';

/** Why there is no verdict on what was picked. */
export type Trouble = 'no-file' | 'many-files' | 'unreadable-file' | 'unreadable-evidence' | 'refused-trust' | 'broken';

export interface SessionState {
  readonly file: File | null;
  readonly evidence: Evidence | null;
  readonly step: 'idle' | 'reading' | 'asking' | 'told';
  /** While reading. */
  readonly doneBytes: number;
  readonly told: Told | null;
  /** The newest answer about this file, which its holder may take away. */
  readonly takeaway: Evidence | null;
  /** The verdict is asked for again every few seconds. */
  readonly isWatching: boolean;
  readonly trouble: Trouble | null;
  readonly trust: AcceptedTrust | null;
}

const IDLE: SessionState = {
  file: null,
  evidence: null,
  step: 'idle',
  doneBytes: 0,
  told: null,
  takeaway: null,
  isWatching: false,
  trouble: null,
  trust: null,
};

/** Reasons that go away by themselves. */
const TRANSIENT: readonly ReasonCode[] = ['CHAIN_UNREACHABLE', 'NODE_UNREACHABLE', 'PROVISIONAL'];
const WATCH_MS = 3000;
/** Five minutes; then only on request. */
const MAX_WATCHES = 100;

export class Session {
  readonly #reader: Reader;
  readonly #digest: Digest;
  #listener: (state: SessionState) => void = () => {};
  #state = IDLE;
  #fileDigest: Hash | null = null;
  /** Counts what the person asked for: an older run's answer no longer matters. */
  #run = 0;

  constructor(reader: Reader, digest: Digest) {
    this.#reader = reader;
    this.#digest = digest;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Tells `listener` the state now and each time it changes; one listener at a time. */
  listen(listener: (state: SessionState) => void): void {
    this.#listener = listener;
    listener(this.#state);
  }

  #change(changes: Partial<SessionState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#listener(this.#state);
  }

  /** Learns whom the verifier names as trusted, so that the page can say before the first check whether this is a sample. */
  async meet(): Promise<void> {
    try {
      this.#change({ trust: this.#reader.memory.accept(await this.#reader.verifier.trust()) });
    } catch {
      // The check itself asks again and says what is wrong.
    }
  }

  /** Takes what was picked together: one file, or evidence or a trust file for the one at hand. */
  readonly take = (picked: readonly File[]): void => {
    const run = ++this.#run;
    this.#pick(run, picked).catch((error: unknown) => this.#giveUp(run, error, 'broken'));
  };

  async #pick(run: number, picked: readonly File[]): Promise<void> {
    const { files, evidence, trust, isUnreadable } = await sortPicked(picked);
    if (run !== this.#run) return;
    if (isUnreadable) return this.#clear('unreadable-evidence');
    if (files.length > 1) return this.#clear('many-files');
    try {
      if (trust !== null) this.#change({ trust: this.#reader.memory.accept(trust) });
    } catch {
      return this.#clear('refused-trust');
    }
    const [newFile] = files;
    const { file: oldFile, evidence: oldEvidence } = this.#state;
    // Evidence that came before its file waits for it; evidence of an earlier file does not count for the next.
    const kept = newFile === undefined || oldFile === null ? oldEvidence : null;
    if (newFile !== undefined || oldFile === null) this.#clear(null);
    const file = newFile ?? oldFile;
    this.#change({ file, evidence: evidence ?? kept, trouble: file === null ? 'no-file' : null });
    if (file !== null) await this.#read(run, file);
  }

  async #read(run: number, file: File): Promise<void> {
    this.#change({ step: 'reading', doneBytes: 0, told: null, isWatching: false });
    try {
      const digest = await this.#digest(file, (doneBytes) => {
        if (run === this.#run) this.#change({ doneBytes });
      });
      if (run !== this.#run) return;
      this.#fileDigest = digest;
    } catch (error) {
      return this.#giveUp(run, error, 'unreadable-file');
    }
    await this.again();
  }

  /** An empty page: no verdict stands beside a file that it is not about. */
  #clear(trouble: Trouble | null): void {
    this.#fileDigest = null;
    this.#change({ ...IDLE, trust: this.#state.trust, trouble });
  }

  /** What is our own mistake is also reported where developers look. */
  #giveUp(run: number, error: unknown, trouble: Trouble): void {
    if (run === this.#run) this.#clear(trouble);
    if (isCodedError(error)) return;
    setTimeout(() => {
      throw error;
    });
  }

  /** Asks everything anew. */
  async again(): Promise<void> {
    const run = ++this.#run;
    this.#change({ step: 'asking', told: null, isWatching: false, trouble: null });
    await this.#ask(run, 0);
  }

  async #ask(run: number, watches: number): Promise<void> {
    const digest = this.#fileDigest;
    if (digest === null) return;
    let told: Told;
    try {
      told = await checkOnline(this.#reader, { digest, evidence: this.#state.evidence });
    } catch (error) {
      return this.#giveUp(run, error, 'broken');
    }
    if (run !== this.#run) return;
    const isTransient = told.verdict.reasons.some((reason) => TRANSIENT.includes(reason));
    const isWatching = told.verdict.verdict === 'undetermined' && isTransient && watches < MAX_WATCHES;
    const takeaway = told.evidence ?? this.#state.takeaway;
    this.#change({ step: 'told', told, takeaway, isWatching, trust: told.trust ?? this.#state.trust });
    if (!isWatching) return;
    setTimeout(() => {
      if (run === this.#run) void this.#ask(run, watches + 1);
    }, WATCH_MS);
  }

  /** True when there is a trust file for the chain of the evidence at hand. */
  canCheckOffline(): boolean {
    const { evidence } = this.#state;
    try {
      return evidence !== null && this.#reader.memory.recall(evidence.chainReference) !== null;
    } catch {
      return false;
    }
  }

  /** Judges by the evidence at hand, without asking anyone. */
  offline(): void {
    const { evidence } = this.#state;
    if (this.#fileDigest === null || evidence === null) return;
    this.#run++;
    const told = checkOffline(this.#reader, { digest: this.#fileDigest, evidence });
    this.#change({ step: 'told', told, isWatching: false });
  }
}
