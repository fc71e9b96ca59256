/**
 * What one log's part of an answer may be believed for: whose log it is, whether its checkpoint is signed, witnessed and anchored,
 * and between which instants each entry was recorded.
 *
 * Everything here is attacker-controlled until a signature of a key from the trust file or the registry holds. What does not hold shows
 * nothing about the licence: it is unknown, never a failure.
 */
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { keyIdOf } from '../authority/key-id.ts';
import {
  findAuthority,
  findDispute,
  findKey,
  findLog,
  isLogKeyAt,
  isSuspended,
  type KeyFact,
  type LogFact,
  ownerAt,
  type RegistryFacts,
} from '../authority/registry.ts';
import { encodeAttestation } from '../log/attestation.ts';
import { checkpointDigest, encodeCheckpoint, encodeCosigned, type Checkpoint } from '../log/checkpoint.ts';
import { noteKeyHash, parseNote, type Note } from '../log/note.ts';
import { logIdOf } from '../log/origin.ts';
import { isSm2Signature } from '../sm/sm2.ts';
import type { AnchorClaim, LogAnswer } from './lookup.ts';
import type { WitnessTrust } from './trust.ts';
import { type AnchorView, type Finding, type Freshness, pass, unknown } from './verdict.ts';
import type { World } from './world.ts';

/** Between these two instants an entry came to be in the log; `to` is null while no attested anchor holds it. */
export interface ProvedTime {
  readonly from: number;
  readonly to: number | null;
}

export interface Basis {
  readonly log: LogFact;
  readonly checkpoint: Checkpoint;
  readonly signature: Finding;
  readonly witnesses: Finding;
  readonly anchor: Finding;
  readonly freshness: Finding;
  /** What speaks against the log as a whole: a fork, a dispute, or a size below the trust file's floor. */
  readonly standing: Finding;
  readonly anchorView: AnchorView | null;
  readonly freshnessView: Freshness;
  provedTime(entryIndex: number): ProvedTime;
}

interface AttestedAnchor {
  readonly checkpoint: Checkpoint;
  readonly claim: AnchorClaim;
}

const MAX_CLOCK_LAG = 120_000;

/** None of the authorities whose log it is or was, nor the one above any of them, at whose word it acts, vouches for a log. */
export function mayWitness(facts: RegistryFacts, log: LogFact, authority: string): boolean {
  return log.owners.every(
    (owner) => authority !== owner.authority && authority !== findAuthority(facts, owner.authority)?.parent,
  );
}

/** A witness that may count for this log: of an authority that may, with a key that is not known or suspected to be lost. */
export function isIndependentWitness(facts: RegistryFacts, log: LogFact, { authority, publicKey }: WitnessTrust): boolean {
  const known = findKey(facts, keyIdOf(publicKey));
  const isLost = known !== undefined && (known.compromisedAt !== null || isSuspended(known, facts.block.at));
  return mayWitness(facts, log, authority) && !isLost;
}

function independentWitnesses({ trust, facts }: World, log: LogFact): WitnessTrust[] {
  return trust.witnesses.filter((witness) => isIndependentWitness(facts, log, witness));
}

/** How many authorities stand behind something, each counted once. */
function countAuthorities(witnesses: readonly WitnessTrust[], isBehind: (witness: WitnessTrust) => boolean): number {
  return new Set(witnesses.filter(isBehind).map(({ authority }) => authority)).size;
}

function cosignatureFinding(world: World, log: LogFact, note: Note): Finding {
  const count = countAuthorities(independentWitnesses(world, log), ({ name, publicKey }) =>
    note.cosignatures.some(
      (one) =>
        one.witness === name &&
        equalBytes(one.keyHash, noteKeyHash(one.witness, publicKey)) &&
        isSm2Signature(publicKey, encodeCosigned(note.checkpoint, one.cosignedAt), one.signature),
    ),
  );
  const facts = { count, quorum: world.trust.witnessQuorum };
  return count >= world.trust.witnessQuorum ? pass(facts) : unknown('UNWITNESSED', facts);
}

/** The anchors that a quorum of witnesses attests; the others are only somebody's word. Oldest first. */
function attestedAnchors(world: World, log: LogFact, claims: readonly AnchorClaim[]): AttestedAnchor[] {
  const witnesses = independentWitnesses(world, log);
  const anchors = claims.flatMap((claim) => {
    const { checkpoint } = parseNote(claim.checkpoint);
    if (!equalBytes(logIdOf(checkpoint.origin), log.logId)) return [];
    const signedBytes = encodeAttestation({
      chainReference: world.chainReference,
      blockNumber: claim.blockNumber,
      blockHash: claim.blockHash,
      blockAt: claim.anchoredAt,
      checkpointDigest: checkpointDigest(checkpoint),
    });
    const count = countAuthorities(witnesses, ({ publicKey }) => {
      const keyId = keyIdOf(publicKey);
      const found = claim.attestations.find((one) => equalBytes(one.keyId, keyId));
      return found !== undefined && isSm2Signature(publicKey, signedBytes, found.signature);
    });
    return count >= world.trust.witnessQuorum ? [{ checkpoint, claim }] : [];
  });
  return anchors.toSorted((a, b) => a.checkpoint.issuedAt - b.checkpoint.issuedAt);
}

/** The log key that signed a note, of whoever owned the log then; whether or not it still counts. */
function logKeyOf(world: World, log: LogFact, note: Note): KeyFact | undefined {
  const owner = ownerAt(log, note.checkpoint.issuedAt);
  return world.facts.keys.find(
    (key) =>
      key.type === 'log' &&
      key.authority === owner &&
      equalBytes(noteKeyHash(note.checkpoint.origin, key.publicKey), note.logSignature.keyHash),
  );
}

function signatureFinding(world: World, log: LogFact, note: Note): Finding {
  const key = logKeyOf(world, log, note);
  const { issuedAt } = note.checkpoint;
  if (key === undefined) return unknown('BAD_SIGNATURE', { key: false });
  if (!isSm2Signature(key.publicKey, encodeCheckpoint(note.checkpoint), note.logSignature.signature))
    return unknown('BAD_SIGNATURE');
  if (key.compromisedAt !== null && issuedAt >= key.compromisedAt)
    return unknown('KEY_COMPROMISED', { keyId: encodeHex(key.keyId) });
  if (isSuspended(key, world.evaluatedAt) && issuedAt >= key.suspended!.from)
    return unknown('KEY_COMPROMISED', { keyId: encodeHex(key.keyId), suspendedUntil: key.suspended!.until });
  return isLogKeyAt(key, log, issuedAt)
    ? pass({ keyId: encodeHex(key.keyId) })
    : unknown('KEY_RETIRED', { keyId: encodeHex(key.keyId) });
}

function anchorFinding(world: World, answer: LogAnswer, stoodOn: AttestedAnchor | undefined): Finding {
  if (world.chain.outcome !== 'pass') return world.chain;
  if (stoodOn !== undefined) return pass({ blockNumber: stoodOn.claim.blockNumber, anchoredAt: stoodOn.claim.anchoredAt });
  const isClaimed = answer.anchors.some(({ checkpoint }) => noteBody(checkpoint) === noteBody(answer.checkpoint));
  return isClaimed ? unknown('UNWITNESSED') : unknown('PROVISIONAL');
}

/** A note without its signatures. */
function noteBody(note: string): string {
  return note.slice(0, note.indexOf('\n\n'));
}

function freshnessOf(world: World, answer: LogAnswer, anchoredAt: number | null): { finding: Finding; view: Freshness } {
  if (anchoredAt === null) return { finding: unknown('PROVISIONAL'), view: { ageMs: null, grade: null } };
  const ageMs = Math.max(0, world.evaluatedAt - anchoredAt);
  const isStale = ageMs > world.trust.maxStatusAge;
  const isLive = world.mode === 'online' && world.chain.outcome === 'pass' && answer.polledMsAgo <= world.trust.maxHeadAge;
  const view: Freshness = { ageMs, grade: isStale ? 'stale' : isLive ? 'live' : 'recent' };
  const facts = { ageMs, grade: view.grade };
  if (world.evaluatedAt + MAX_CLOCK_LAG < anchoredAt)
    return { finding: unknown('STALE', { clockBehindMs: anchoredAt - world.evaluatedAt }), view };
  if (world.chain.outcome !== 'pass') return { finding: world.chain, view };
  if (world.mode === 'online' && !isLive) return { finding: unknown('CHAIN_UNREACHABLE', facts), view };
  if (world.mode === 'online' && (answer.trouble === 'NODE_UNREACHABLE' || answer.trouble === 'CHAIN_UNREACHABLE')) {
    return { finding: unknown(answer.trouble, facts), view };
  }
  return { finding: isStale ? unknown('STALE', facts) : pass(facts), view };
}

function standingFinding(world: World, answer: LogAnswer, checkpoint: Checkpoint): Finding {
  if (answer.trouble === 'FORKED_LOG' || answer.trouble === 'DISPUTED_LOG') return unknown(answer.trouble);
  const dispute = findDispute(world.facts, answer.logId);
  if (dispute !== undefined && checkpoint.size >= dispute.fromSize) {
    return unknown('DISPUTED_LOG', { charge: dispute.charge, fromSize: dispute.fromSize, size: checkpoint.size });
  }
  const floor = world.trust.floors.find(({ logId }) => equalBytes(logId, answer.logId));
  if (floor !== undefined && checkpoint.issuedAt > floor.time && checkpoint.size < floor.size) {
    return unknown('FORKED_LOG', { floor: floor.size, size: checkpoint.size });
  }
  return pass();
}

function provedTimeOf(log: LogFact, anchors: readonly AttestedAnchor[], entryIndex: number): ProvedTime {
  const lacking = anchors.findLast(({ checkpoint }) => checkpoint.size <= entryIndex);
  const holding = anchors.find(({ checkpoint }) => checkpoint.size > entryIndex);
  return {
    from: lacking === undefined ? log.registeredAt : Math.min(lacking.checkpoint.issuedAt, lacking.claim.anchoredAt),
    to: holding === undefined ? null : holding.claim.anchoredAt,
  };
}

/** Null when the registry does not list the log. Throws MALFORMED for a note that is none. */
export function basisOf(world: World, answer: LogAnswer): Basis | null {
  const note = parseNote(answer.checkpoint);
  const { checkpoint } = note;
  const log: LogFact | undefined = findLog(world.facts, answer.logId);
  if (log === undefined || log.origin !== checkpoint.origin || !isSameLog(answer.logId, checkpoint)) return null;
  const anchors = attestedAnchors(world, log, answer.anchors);
  const digest = checkpointDigest(checkpoint);
  const stoodOn = anchors.find((anchor) => equalBytes(checkpointDigest(anchor.checkpoint), digest));
  const { finding, view } = freshnessOf(world, answer, stoodOn?.claim.anchoredAt ?? null);
  return {
    log,
    checkpoint,
    signature: signatureFinding(world, log, note),
    witnesses: cosignatureFinding(world, log, note),
    anchor: anchorFinding(world, answer, stoodOn),
    freshness: finding,
    freshnessView: view,
    standing: standingFinding(world, answer, checkpoint),
    anchorView: stoodOn === undefined ? null : anchorView(world, stoodOn.claim),
    provedTime: (entryIndex) => provedTimeOf(log, anchors, entryIndex),
  };
}

function isSameLog(logId: Hash, checkpoint: Checkpoint): boolean {
  return equalBytes(logId, logIdOf(checkpoint.origin));
}

function anchorView(world: World, { blockNumber, blockHash, anchoredAt }: AnchorClaim): AnchorView {
  return { by: world.mode === 'online' ? 'chain' : 'witnesses', blockNumber, blockHash, anchoredAt };
}
