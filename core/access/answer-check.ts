/**
 * Whether a custodian's answer shows everything that one of its access logs says about a person, up to a checkpoint; and what it says.
 *
 * Three parties come together here, and none is believed for another's part: the registry says which logs and VRF keys there are, a
 * verifier shows signature, cosignatures and anchor of the checkpoint, the custodian shows handle, history and bodies. Complete means: under
 * every VRF key that the registry names, every slot is shown up to the first that is absent. No answer is no absence.
 */
import { findKey, type LogFact, vrfEpochsOf, type VrfKeyFact } from '../authority/registry.ts';
import type { BlockPoint } from '../authority/registry-event.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { type Checkpoint, encodeCheckpoint } from '../log/checkpoint.ts';
import { kindNameOf, type KindName } from '../log/entry.ts';
import { type ProvenEntry, verifyHistory } from '../log/history.ts';
import { type Basis, basisOf, type ProvedTime } from '../verify/basis.ts';
import type { LogAnswer } from '../verify/lookup.ts';
import type { AnchorView, Finding } from '../verify/verdict.ts';
import type { World } from '../verify/world.ts';
import type { AccessAnswer, AnsweredEpoch, EntryContent } from './answer.ts';
import { type CheckedBody, verifyBody } from './body-check.ts';
import { ACCESS_REASONS, type AccessFacts, type AccessReason } from './finding.ts';
import { verifyHandle } from './handle.ts';
import type { CanonicalNumber } from './number.ts';

export interface PersonEntry {
  readonly kind: KindName | null;
  readonly proven: ProvenEntry;
  readonly recordedIn: ProvedTime;
  readonly content: EntryContent | null;
  /** Of an access that is opened. */
  readonly checked: CheckedBody | null;
}

export type Completeness =
  | {
      readonly outcome: 'complete';
      readonly upTo: Checkpoint;
      readonly anchor: AnchorView;
      /** The registry named this log and these keys at that block. */
      readonly block: BlockPoint;
    }
  | { readonly outcome: 'unknown'; readonly code: AccessReason; readonly facts: AccessFacts };

export interface LogJudgement {
  readonly log: LogFact;
  readonly completeness: Completeness;
  /** What is proven of her history, oldest first within each key; also of an answer that is not complete. */
  readonly entries: readonly PersonEntry[];
}

export interface LogQuestion {
  readonly world: World;
  readonly log: LogFact;
  readonly number: CanonicalNumber;
  /** A verifier's word on the log's checkpoint, with its proofs; null if none was had. */
  readonly standing: LogAnswer | null;
  /** The custodian's; null if it did not answer. */
  readonly answer: AccessAnswer | null;
}

const undecided = (code: AccessReason, facts: AccessFacts = {}): Completeness => ({ outcome: 'unknown', code, facts });

export function judgeLog(question: LogQuestion): LogJudgement {
  const { log, answer, standing, world } = question;
  const nothing = (code: AccessReason, facts: AccessFacts = {}): LogJudgement => ({
    log,
    completeness: undecided(code, facts),
    entries: [],
  });
  if (log.class !== 'access') return nothing('OTHER_LOG');
  // Registered, and not yet recording under any handle: nothing can be absent from it.
  if (log.vrfKeys.length === 0) return nothing('NOT_CONNECTED');
  if (answer === null) return nothing('NODE_UNREACHABLE');
  if (standing === null) return nothing('CHAIN_UNREACHABLE');
  const basis = basisFor(world, standing, log);
  if (basis === null) return nothing('OTHER_LOG');
  const isSame = equalBytes(encodeCheckpoint(answer.checkpoint.checkpoint), encodeCheckpoint(basis.checkpoint));
  if (!isSame) return nothing('OTHER_CHECKPOINT', { size: basis.checkpoint.size, answered: answer.checkpoint.checkpoint.size });
  const epochs = vrfEpochsOf(log).map((vrfKey) => epochOf(question, answer, basis, vrfKey));
  const gap = epochs.find(({ gap }) => gap !== null)?.gap ?? null;
  return { log, completeness: completenessOf(world, basis, gap), entries: epochs.flatMap(({ entries }) => entries) };
}

function basisFor(world: World, standing: LogAnswer, log: LogFact): Basis | null {
  try {
    return equalBytes(standing.logId, log.logId) ? basisOf(world, standing) : null;
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** Freshness is not asked: the sentence names the checkpoint that it stands on, and says how old it is. */
function completenessOf(world: World, basis: Basis, gap: Completeness | null): Completeness {
  const against = [basis.signature, basis.anchor, basis.witnesses, basis.standing].find(({ outcome }) => outcome !== 'pass');
  if (against !== undefined) return undecided(reasonOf(against), against.facts);
  if (gap !== null) return gap;
  if (basis.anchorView === null) return undecided('PROVISIONAL');
  return { outcome: 'complete', upTo: basis.checkpoint, anchor: basis.anchorView, block: world.facts.block };
}

function reasonOf({ code }: Finding): AccessReason {
  return ACCESS_REASONS.find((reason) => reason === code) ?? 'BAD_PROOF';
}

interface JudgedEpoch {
  /** Why it is not all of her history under this key; null when it is. */
  readonly gap: Completeness | null;
  readonly entries: readonly PersonEntry[];
}

function epochOf(question: LogQuestion, answer: AccessAnswer, basis: Basis, { keyId }: VrfKeyFact): JudgedEpoch {
  const facts = { keyId: encodeHex(keyId) };
  const epoch = answer.epochs.find((one) => equalBytes(one.keyId, keyId));
  if (epoch === undefined) return { gap: undecided('NOT_SHOWN', facts), entries: [] };
  const proven = provenHistory(question, basis, epoch, keyId);
  if (proven === null) return { gap: undecided('BAD_PROOF', facts), entries: [] };
  if (proven === 'UNKNOWN_KEY') return { gap: undecided('UNKNOWN_KEY', facts), entries: [] };
  return { gap: null, entries: proven.map((entry, i) => personEntry(question, basis, entry, epoch.items[i]!.content)) };
}

function provenHistory(
  { world, log, number }: LogQuestion,
  basis: Basis,
  epoch: AnsweredEpoch,
  keyId: Hash,
): ProvenEntry[] | 'UNKNOWN_KEY' | null {
  const key = findKey(world.facts, keyId);
  if (key === undefined || key.type !== 'vrf') return 'UNKNOWN_KEY';
  try {
    const h = verifyHandle(key.publicKey, log.logId, number, epoch.proof);
    return verifyHistory({ h, checkpoint: basis.checkpoint, logClass: 'access' }, epoch);
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

function personEntry(
  { world, log, number }: LogQuestion,
  basis: Basis,
  proven: ProvenEntry,
  content: EntryContent | null,
): PersonEntry {
  const kind = kindNameOf(proven.entry.kind);
  const recordedIn = basis.provedTime(proven.entryIndex);
  const isOpened = kind === 'access' && content?.state === 'opened';
  const checked = isOpened
    ? verifyBody({
        entry: proven.entry,
        log,
        recordedIn,
        nonce: content.nonce,
        body: content.body,
        facts: world.facts,
        person: number,
        seal: null,
        sealedIn: null,
      })
    : null;
  return { kind, proven, recordedIn, content, checked };
}
