/** One log as the court sees it: what the chain, read by this verifier, says of it, and how its checkpoints are shown there. */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { invariant, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import {
  type AnchoredCheckpoint,
  type Charge,
  type ShownCheckpoint,
  signedCheckpoint,
  type SplitViewCharge,
} from '../../core/court/charge.ts';
import { type ChargedLog, chargedLogOf, type Conviction, verifyCharge } from '../../core/court/judgement.ts';
import { checkpointDigest } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { type Anchor, findSigner } from '../follow/anchor.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import type { ForkFinding } from '../follow/finding.ts';

function anchoredOf({ checkpoint, sequence, block }: Anchor): AnchoredCheckpoint {
  return { by: 'anchor', checkpoint, sequence, anchoredAt: block.at };
}

/** Throws NOT_FOUND for a log that the registry does not list, UNAVAILABLE. */
export function chargedLog(chain: Pick<ChainFollower, 'facts' | 'anchorsOf'>, logId: Hash): ChargedLog {
  if (chain.facts === null) throw unavailable('the chain was not read yet');
  const { anchors } = chain.anchorsOf(logId);
  if (anchors.some(({ sequence }, i) => sequence !== i)) throw unavailable('the chain shows not all of the log’s anchors');
  return chargedLogOf(chain.facts, logId, anchors.map(anchoredOf));
}

/** Throws UNVERIFIED, with the reason, unless the charge convicts; NOT_FOUND and UNAVAILABLE as `chargedLog`. */
export function judgeCharge(chain: Pick<ChainFollower, 'facts' | 'anchorsOf'>, logId: Hash, charge: Charge): Conviction {
  return verifyCharge(charge, chargedLog(chain, logId));
}

/** What is known of a log when it is charged. */
export interface Case {
  readonly log: LogFact;
  readonly facts: RegistryFacts;
  readonly anchors: readonly Anchor[];
}

/** As an anchor, which nobody need believe, or else with its signature; null when the chain has lost anchor and key. */
export function showCheckpoint({ log, facts, anchors }: Case, text: string): ShownCheckpoint | null {
  const note = parseNote(text);
  const digest = checkpointDigest(note.checkpoint);
  const anchor = anchors.find((one) => equalBytes(one.digest, digest));
  if (anchor !== undefined) return anchoredOf(anchor);
  const signer = findSigner(note, log, facts);
  return signer === undefined ? null : signedCheckpoint(note, signer.keyId);
}

/** The charge that a fork is; null when the chain has lost what it rests on. */
export function chargeFork(about: Case, { a, b, tree }: ForkFinding): Charge | null {
  const [one, other] = [showCheckpoint(about, a), showCheckpoint(about, b)];
  if (one === null || other === null) return null;
  const { origin } = one.checkpoint;
  if (tree === null) return { kind: 'fork', origin, a: one, b: other };
  const [earlier, later] = one.checkpoint.size < other.checkpoint.size ? [one, other] : [other, one];
  invariant(earlier.checkpoint.size < later.checkpoint.size, 'only of two sizes one tree begins with the other');
  const { rootHash: otherRoot, consistencyProof } = tree;
  return { kind: 'split-view', origin, earlier, later, otherRoot, consistencyProof } satisfies SplitViewCharge;
}
