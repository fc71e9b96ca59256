/**
 * What an auditor may believe of a custodian's answer. Entries count only with their proofs at a checkpoint that is signed, witnessed and
 * anchored as a verifier shows it; what each one says is judged by access/body-check.ts, as it is for the person herself.
 *
 * A person's history can be complete. A page of entries by accessor or time never proves that it is: what was left out of it, only the
 * accessor's own record or the person's history shows.
 */
import { judgeLog, type Completeness } from '../access/answer-check.ts';
import type { AccessAnswer, AnsweredItem } from '../access/answer.ts';
import type { AccessBody } from '../access/body.ts';
import { type BodyFindings, verifyBody } from '../access/body-check.ts';
import { ACCESS_REASONS, type AccessReason } from '../access/finding.ts';
import type { CanonicalNumber } from '../access/number.ts';
import { requestDigestOf } from '../access/request.ts';
import type { LogFact } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import { encodeCheckpoint } from '../log/checkpoint.ts';
import { decodeEntry, kindNameOf, type KindName } from '../log/entry.ts';
import { type ProvenEntry, verifyHistoryItem } from '../log/history.ts';
import { leafHashOf } from '../log/tree.ts';
import { type Basis, basisOf, type ProvedTime } from '../verify/basis.ts';
import type { LogAnswer } from '../verify/lookup.ts';
import type { World } from '../verify/world.ts';
import type { EntriesPage } from './case-answer.ts';

export interface TracedEntry {
  readonly log: LogFact;
  /** As it was shown, with its proofs. */
  readonly item: AnsweredItem;
  /** Leaf hash, hex. */
  readonly leafHash: string;
  readonly proven: ProvenEntry;
  readonly kind: KindName | null;
  readonly recordedIn: ProvedTime;
  /** Of an access that is opened, whose commitment and form hold. */
  readonly body: AccessBody | null;
  /** Of an access that is opened. */
  readonly findings: BodyFindings | null;
  /** Digest of its request, hex; null without a body. */
  readonly request: string | null;
}

export interface Traced {
  readonly log: LogFact;
  /** Why nothing of it may be relied on, though proofs and signatures may hold; null when nothing speaks against it. */
  readonly doubt: AccessReason | null;
  readonly entries: readonly TracedEntry[];
  /** Items whose proofs did not hold: they show nothing. */
  readonly unproven: number;
  /** Of a person's history; null for a page of entries. */
  readonly completeness: Completeness | null;
}

export interface TraceQuestion {
  readonly world: World;
  readonly log: LogFact;
  /** A verifier's word on the checkpoint of the answer. */
  readonly standing: LogAnswer | null;
}

/** Of one person, whose number the auditor knows and the custodian was told. */
export function traceHistory(question: TraceQuestion, number: CanonicalNumber, answer: AccessAnswer): Traced {
  const { world, log, standing } = question;
  const { completeness, entries } = judgeLog({ world, log, number, standing, answer });
  const items = new Map(
    answer.epochs.flatMap((epoch) => epoch.items.map((item) => [encodeHex(leafHashOf(item.entryBytes)), item] as const)),
  );
  const traced = entries.map(({ kind, proven, recordedIn, checked }) => {
    const leafHash = encodeHex(proven.leafHash);
    return tracedEntry({ log, item: items.get(leafHash)!, leafHash, proven, kind, recordedIn }, checked);
  });
  const doubt = completeness.outcome === 'complete' ? null : completeness.code;
  return { log, doubt, entries: traced, unproven: 0, completeness };
}

type Shown = Omit<TracedEntry, 'body' | 'findings' | 'request'>;

function tracedEntry(shown: Shown, checked: { body: AccessBody | null; findings: BodyFindings } | null): TracedEntry {
  const body = checked?.body ?? null;
  const request = body && encodeHex(requestDigestOf(body.request.envelope.payload));
  return { ...shown, body, findings: checked?.findings ?? null, request };
}

export function traceEntries(question: TraceQuestion, { checkpoint, items }: EntriesPage): Traced {
  const { world, log, standing } = question;
  const nothing = (doubt: AccessReason): Traced => ({
    log,
    doubt,
    entries: [],
    unproven: items.length,
    completeness: null,
  });
  if (log.class !== 'access') return nothing('OTHER_LOG');
  const basis = standing === null ? null : basisFor(world, standing);
  if (standing === null) return nothing('CHAIN_UNREACHABLE');
  if (basis === null || !equalBytes(standing.logId, log.logId)) return nothing('OTHER_LOG');
  const isSame = equalBytes(encodeCheckpoint(checkpoint.checkpoint), encodeCheckpoint(basis.checkpoint));
  if (!isSame) return nothing('OTHER_CHECKPOINT');
  const entries = items.flatMap((item) => traceItem(world, basis, item) ?? []);
  return { log, doubt: doubtOf(basis), entries, unproven: items.length - entries.length, completeness: null };
}

/** Null when a note is none or the registry does not list the log. */
export function basisFor(world: World, standing: LogAnswer): Basis | null {
  try {
    return basisOf(world, standing);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** Freshness is not asked: what is traced lies in the past, and the checkpoint is named. */
export function doubtOf(basis: Basis): AccessReason | null {
  const against = [basis.signature, basis.anchor, basis.witnesses, basis.standing].find(({ outcome }) => outcome !== 'pass');
  if (against !== undefined) return ACCESS_REASONS.find((reason) => reason === against.code) ?? 'BAD_PROOF';
  return basis.anchorView === null ? 'PROVISIONAL' : null;
}

/** Null where the proofs do not hold. Whose slot it is nobody here knows; that the map has this very entry there is shown. */
export function traceItem(world: World, basis: Basis, item: AnsweredItem): TracedEntry | null {
  try {
    const proven = verifyHistoryItem(item, decodeEntry(item.entryBytes).slot, basis.checkpoint);
    const shown = {
      log: basis.log,
      item,
      leafHash: encodeHex(proven.leafHash),
      proven,
      kind: kindNameOf(proven.entry.kind),
      recordedIn: basis.provedTime(proven.entryIndex),
    };
    return tracedEntry(shown, checkedBody(world, shown));
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

function checkedBody(
  world: World,
  { log, proven, kind, recordedIn, item: { content } }: Shown,
): ReturnType<typeof verifyBody> | null {
  if (kind !== 'access' || content?.state !== 'opened') return null;
  const { nonce, body } = content;
  const question = { entry: proven.entry, log, recordedIn, nonce, body, facts: world.facts };
  return verifyBody({ ...question, person: null, seal: null, sealedIn: null });
}

/** Each entry once, however often it was shown; one that was opened rather than one that was not. In the order of their times. */
export function distinctEntries(traced: readonly Traced[]): TracedEntry[] {
  const byLeaf = new Map<string, TracedEntry>();
  for (const entry of traced.flatMap(({ entries }) => entries)) {
    const known = byLeaf.get(entry.leafHash);
    if (known === undefined || (known.body === null && entry.body !== null)) byLeaf.set(entry.leafHash, entry);
  }
  const at = ({ proven }: TracedEntry): number => proven.entry.recordedAt;
  return [...byLeaf.values()].toSorted((a, b) => at(a) - at(b) || (a.leafHash < b.leafHash ? -1 : 1));
}
