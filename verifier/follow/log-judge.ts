/** What convicts a log: what it signed and cannot have meant, as chain and replay bring it up. */
import type { Hash } from '../../core/bytes/hash.ts';
import type { LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import type { Origin } from '../../core/log/origin.ts';
import type { Logger } from '../../service/logger.ts';
import { hasRoots } from '../index/head-store.ts';
import type { LogIndex } from '../index/log-index.ts';
import type { LogAnchors } from './chain-follower.ts';
import type { Finding, FindingFiles } from './finding.ts';
import type { NodeClient } from './node-client.ts';
import type { ReplayEnd, SignedCheckpoint } from './replay.ts';
import { findSplit } from './split.ts';

/** The registry's word about the log, and everything else it says. */
export interface Registered {
  readonly log: LogFact;
  readonly facts: RegistryFacts;
}

export interface LogJudgeOptions {
  readonly origin: Origin;
  readonly logId: Hash;
  readonly node: Pick<NodeClient, 'hashes'>;
  readonly index: LogIndex;
  readonly findings: FindingFiles;
  readonly logger: Logger;
}

export class LogJudge {
  readonly #options: LogJudgeOptions;

  constructor(options: LogJudgeOptions) {
    this.#options = options;
  }

  /** The chain shows a checkpoint of an anchored size with other roots. */
  async judgeForked({ log, facts }: Registered, { anchors, forked }: LogAnchors): Promise<void> {
    const { logId } = this.#options;
    for (const other of forked) {
      const anchored = anchors.find(({ sequence }) => sequence === other.sequence);
      const [a, b] = [anchored?.signedNote(log, facts) ?? null, other.signedNote(log, facts)];
      const isContradiction = anchored !== undefined && !hasRoots(anchored.checkpoint, other.checkpoint);
      if (a !== null && b !== null && isContradiction) await this.#convict({ kind: 'fork', logId, a, b, tree: null });
    }
  }

  /** How the replay up to `target` ended. Throws UNAVAILABLE when the node does not answer. */
  async judgeReplay(end: ReplayEnd, { checkpoint, note }: SignedCheckpoint, signal: AbortSignal): Promise<void> {
    const { logId, node, index } = this.#options;
    if (end.outcome === 'split') await this.#convict({ kind: 'fork', logId, a: end.a, b: end.b, tree: end.tree });
    if (end.outcome === 'bad') {
      const { checkpoint: bad, why, lacks, entryIndex } = end;
      await this.#convict({ kind: 'bad', logId, checkpoint: bad, why, lacks, entryIndex });
    }
    if (end.outcome === 'withheld') {
      const earlier = index.heads.below(checkpoint.size);
      const tree = await findSplit(node, earlier, checkpoint, signal);
      if (tree !== null) await this.#convict({ kind: 'fork', logId, a: earlier.note, b: note, tree });
    }
  }

  async #convict(finding: Finding): Promise<void> {
    const { origin, logId, findings, logger } = this.#options;
    if (findings.of(logId) !== null) return;
    await findings.add(finding);
    const said = finding.kind === 'fork' ? { reason: 'fork' } : { reason: finding.why, index: finding.entryIndex };
    logger.error({ origin, ...said }, 'a log is convicted');
  }
}
