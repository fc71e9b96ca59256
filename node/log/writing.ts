/** A log's writer, of whichever class, as those see it who keep it going. */
import type { CodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Published } from './published.ts';
import type { Publisher } from './publisher.ts';

/** What the registry says about the log, in ms. */
export interface LogTerms {
  readonly quantum: number;
  readonly promiseSpan: number;
}

export abstract class Writing {
  protected readonly publisher: Publisher;

  protected constructor(publisher: Publisher) {
    this.publisher = publisher;
  }

  get logId(): Hash {
    return this.publisher.logId;
  }

  /** The newest published checkpoint, or null before the first. */
  get newest(): Published | null {
    return this.publisher.newest;
  }

  /** Why the log signs nothing, or null. */
  get trouble(): string | null {
    return this.publisher.trouble;
  }

  /** True while only `resume` is wanting for the log to sign, at the start and later. */
  get isWaiting(): boolean {
    return this.publisher.isWaiting;
  }

  /** Signs nothing any more until the next start of the program; reading goes on. */
  stop(reason: CodedError): void {
    this.publisher.stop(reason);
  }

  /** Throws UNAVAILABLE. */
  requireSigning(): void {
    this.publisher.requireSigning();
  }

  /** Throws UNAVAILABLE once the log has stopped: it promises nothing any more. */
  requireGoing(): void {
    this.publisher.requireGoing();
  }

  /** To be called when the chain was read and the witnesses asked. The log may wait still when it returns. */
  abstract resume(terms: LogTerms): Promise<void>;

  /** A checkpoint of the log as it is, with a new time. Throws UNAVAILABLE. */
  abstract refresh(): Promise<Published>;
}
