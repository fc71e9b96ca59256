/**
 * Anchors what a log signed and does not anchor itself: for one that has been silent on the chain for two of its beats, the newest
 * checkpoint that our own replay reproduced. The contract lets anybody do so then; only our own tree has the proof that it asks for.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { KeyFact, LogFact } from '../../core/authority/registry.ts';
import { parseNote, type Note } from '../../core/log/note.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import type { ChainSender } from '../../chain/sender.ts';
import type { Logger } from '../../service/logger.ts';
import type { Backoff } from '../backoff.ts';
import { type Anchor, findSigner } from '../follow/anchor.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import { IndexDamage } from '../index/damage.ts';

export interface ForceAnchorOptions {
  readonly logs: ReadonlyMap<string, LogFollower>;
  readonly sender: Pick<ChainSender, 'send'>;
  /** The anchor contract's address. */
  readonly anchorAddress: string;
  readonly backoff: Backoff;
  readonly clock: () => number;
  readonly logger: Logger;
  readonly onDamage: (damage: IndexDamage, follower: LogFollower) => void;
}

interface Overdue {
  readonly note: Note;
  readonly signer: KeyFact;
  /** The newest one; null before the first. */
  readonly anchor: Anchor | null;
}

const SILENT_BEATS = 2;
/** A block's time lags behind the clock by as much: whole seconds. */
const BLOCK_LAG_MS = 1_000;
/** The contract takes none that is older. */
const MAX_AGE_MS = 3_600_000;

export class ForceAnchor {
  readonly #options: ForceAnchorOptions;

  constructor(options: ForceAnchorOptions) {
    this.#options = options;
  }

  async step(signal: AbortSignal): Promise<void> {
    for (const follower of this.#options.logs.values()) {
      if (signal.aborted) return;
      const overdue = this.#overdueOf(follower);
      if (overdue !== null) await this.#anchor(follower, overdue);
    }
  }

  #overdueOf(follower: LogFollower): Overdue | null {
    const { backoff, clock } = this.#options;
    const { registered, anchors, trouble, logId } = follower;
    const isDoubtful = trouble === 'FORKED_LOG' || trouble === 'CHAIN_UNREACHABLE';
    if (registered === null || registered.log.closedAt !== null || isDoubtful || !backoff.isDue(encodeHex(logId))) return null;
    const anchor = anchors.at(-1) ?? null;
    if (clock() - BLOCK_LAG_MS <= silentAt(registered.log, anchor)) return null;
    const note = newestSigned(follower);
    if (note === null || note.checkpoint.size <= (anchor?.checkpoint.size ?? 0)) return null;
    const { issuedAt } = note.checkpoint;
    if (issuedAt <= (anchor?.checkpoint.issuedAt ?? 0) || clock() - issuedAt > MAX_AGE_MS) return null;
    const signer = findSigner(note, registered.log, registered.facts);
    return signer === undefined ? null : { note, signer, anchor };
  }

  async #anchor(follower: LogFollower, { note, signer, anchor }: Overdue): Promise<void> {
    const { sender, anchorAddress, backoff, logger, onDamage } = this.#options;
    const { origin, logId, index } = follower;
    const { size, issuedAt, rootHash, mapRoot } = note.checkpoint;
    const said = { logId, size, issuedAt, rootHash, mapRoot, keyId: signer.keyId, signature: note.logSignature.signature };
    try {
      const consistencyProof = proveConsistency(anchor?.checkpoint.size ?? 0, size, index.tiles);
      await anchorCheckpoint(sender, anchorAddress, { ...said, consistencyProof });
      logger.info({ origin }, 'a silent log’s checkpoint was anchored for it');
      backoff.succeeded(encodeHex(logId));
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (error instanceof IndexDamage) onDamage(error, follower);
      logger.warn({ error, origin }, 'a silent log’s checkpoint is not anchored yet');
    }
    // Be it anchored or not: until the chain shows an anchor, the log still looks silent.
    backoff.failed(encodeHex(logId));
  }
}

function silentAt({ beat, registeredAt }: LogFact, anchor: Anchor | null): number {
  return (anchor?.block.at ?? registeredAt) + SILENT_BEATS * beat;
}

/** What the node published last, when that is held; else the newest that is. */
function newestSigned({ index, published }: LogFollower): Note | null {
  const text = published ?? index.heads.newest.note;
  return text === '' ? null : parseNote(text);
}
