/**
 * The monitor: from what convicts a log here to what convicts it before the court. Whatever it makes is judged as the court would judge
 * it, and kept, before it goes anywhere.
 */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError, unverified } from '../../core/bytes/error.ts';
import type { Charge } from '../../core/court/charge.ts';
import { proveSlot } from '../../core/log/slot-proof.ts';
import type { Logger } from '../../service/logger.ts';
import type { Backoff } from '../backoff.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import type { BadFinding, Finding, FindingFiles, ForkFinding } from '../follow/finding.ts';
import type { LogFollower } from '../follow/log-follower.ts';
import { IndexDamage } from '../index/damage.ts';
import { Audit, type Unmapped } from './audit.ts';
import { type Case, chargeFork, judgeCharge, showCheckpoint } from './case.ts';
import type { ChargeFiles } from './charge-files.ts';

export interface MonitorOptions {
  readonly chain: ChainFollower;
  readonly findings: FindingFiles;
  readonly charges: ChargeFiles;
  readonly backoff: Backoff;
  readonly logger: Logger;
  /** A charge more is kept. */
  readonly onCharge: () => void;
}

/** How far the search for the entry that convicts a log has come. */
export interface SearchState {
  /** The node does not open the map that it signed, or not in time. */
  readonly isWithheld: boolean;
  /** All entries are in the map: no charge can be made of this finding. */
  readonly isOver: boolean;
}

/** Only these two contradict entries; against a bad form or time of an entry there is no charge. */
const SEARCHED: readonly BadFinding['why'][] = ['map-root', 'slot-twice'];

export class Monitor {
  readonly #options: MonitorOptions;
  /** By log id in hex. */
  readonly #audits = new Map<string, Audit>();
  readonly #searches = new Map<string, SearchState>();
  readonly #done = new Set<string>();

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** Null when nothing is being looked for. */
  searchOf({ logId }: Pick<LogFollower, 'logId'>): SearchState | null {
    return this.#searches.get(encodeHex(logId)) ?? null;
  }

  /** One step towards a charge, if there is something to charge with. Throws UNAVAILABLE, IndexDamage. */
  async step(follower: LogFollower, signal: AbortSignal): Promise<void> {
    const { finding, logId } = follower;
    const hex = encodeHex(logId);
    if (finding === null || follower.registered === null || this.#done.has(hex)) return;
    if (this.#isCharged(finding)) {
      this.#done.add(hex);
    } else if (this.#options.backoff.isDue(hex)) {
      if (finding.kind === 'fork') await this.#file(follower, chargeFork(caseOf(follower), finding));
      else if (SEARCHED.includes(finding.why)) await this.#search(follower, finding, signal);
    }
  }

  #isCharged({ kind, logId }: Finding): boolean {
    const kinds = kind === 'fork' ? ['fork', 'split-view'] : ['unmapped', 'rolled-back', 'fork'];
    return this.#options.charges.of(logId).some(({ charge }) => kinds.includes(charge.kind));
  }

  async #search(follower: LogFollower, finding: BadFinding, signal: AbortSignal): Promise<void> {
    const hex = encodeHex(follower.logId);
    const audit = this.#audits.get(hex) ?? new Audit(follower, finding);
    this.#audits.set(hex, audit);
    try {
      const end = await audit.step(signal);
      this.#searches.set(hex, { isWithheld: false, isOver: end.outcome === 'nothing' });
      this.#options.backoff.succeeded(hex);
      if (end.outcome === 'found') await this.#chargeEntry(follower, finding, end.unmapped);
      if (end.outcome === 'fork') await this.#file(follower, chargeFork(caseOf(follower), forkOf(finding, end.note)));
      if (end.outcome === 'nothing') this.#done.add(hex);
    } catch (error) {
      if (!isCodedError(error) || error instanceof IndexDamage) throw error;
      this.#options.backoff.failed(hex);
      this.#searches.set(hex, { isWithheld: true, isOver: false });
      this.#options.logger.warn({ error, origin: follower.origin }, 'a log’s node does not open the map that it signed');
    }
  }

  async #chargeEntry(follower: LogFollower, finding: BadFinding, unmapped: Unmapped): Promise<void> {
    await this.#options.findings.nameEntry(follower.logId, unmapped.entryIndex);
    const { origin } = follower;
    this.#options.logger.error({ origin, index: unmapped.entryIndex }, 'an entry of the tree is not in the map');
    await this.#file(follower, chargeOf(follower, finding, unmapped));
  }

  /** Durable when it returns. A charge that does not hold by what the chain says now is made again later. */
  async #file({ origin, logId }: LogFollower, charge: Charge | null): Promise<void> {
    const { chain, charges, backoff, logger, onCharge } = this.#options;
    try {
      if (charge === null) throw unverified('the chain has lost what the charge rests on');
      judgeCharge(chain, logId, charge);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      backoff.failed(encodeHex(logId));
      logger.warn({ error, origin }, 'a charge does not hold yet');
      return;
    }
    await charges.keep(charge);
    logger.error({ origin, reason: charge.kind }, 'a charge against a log is kept');
    onCharge();
  }
}

function forkOf({ logId, checkpoint }: BadFinding, note: string): ForkFinding {
  return { kind: 'fork', logId, a: checkpoint, b: note, tree: null };
}

function caseOf({ registered, anchors }: LogFollower): Case {
  return { ...registered!, anchors };
}

/** Of an entry that the last good checkpoint held, that it was rolled back: this reaches further back. */
function chargeOf(follower: LogFollower, finding: BadFinding, unmapped: Unmapped): Charge | null {
  const { origin, index } = follower;
  const about = caseOf(follower);
  const checkpoint = showCheckpoint(about, finding.checkpoint);
  if (checkpoint === null) return null;
  const { entryIndex, entryBytes, inclusionProof, slot, slotProof, before } = unmapped;
  const earlier = entryIndex < before.size ? showCheckpoint(about, before.note) : null;
  if (earlier === null) return { kind: 'unmapped', origin, checkpoint, entryBytes, entryIndex, inclusionProof, slotProof };
  const earlierSlotProof = proveSlot(before.mapRoot, slot, index.map);
  return { kind: 'rolled-back', origin, earlier, later: checkpoint, slot, earlierSlotProof, laterSlotProof: slotProof };
}
