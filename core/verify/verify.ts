/**
 * The verdict on a file: pure, the same in a service, on the command line and in a page.
 *
 * The argument: which logs speak about the file, and may they → what do they say, and is that all → does the licence's own document say the same, signed by
 * whom → what holds at the instant asked for. Each check builds on those before it: what rests on something unknown is unknown itself.
 */
import { equalBytes } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import type { Envelope } from '../authority/envelope.ts';
import { logIdOf } from '../log/origin.ts';
import { publicLicenceSecret } from '../log/slot.ts';
import { parseLicencePayload } from '../licence/payload.ts';
import { type Basis, basisOf } from './basis.ts';
import { judgeRecord } from './judge.ts';
import type { LookupAnswer } from './lookup.ts';
import { isConflicting, isCounting, isUnreadable, type LicenceRecord, recordOf, type Unreadable } from './record.ts';
import { toldHistory } from './told.ts';
import { requiredChecks, type Trust } from './trust.ts';
import {
  allUnknown,
  askedChecks,
  CHECK_IDS,
  type CheckId,
  decide,
  fail,
  type Finding,
  type LicenceView,
  type ReasonCode,
  type RecordFinding,
  unknown,
  type Verdict,
} from './verdict.ts';
import { type LiveChain, type World, worldOf } from './world.ts';

export interface Question {
  /** SM3 of the file at hand. */
  readonly fileDigest: Hash;
  /** SM3 of the file that the answer is about: the same, unless evidence was carried along with another file. */
  readonly answeredDigest: Hash;
  readonly answer: LookupAnswer;
  /** True when the asker brought evidence: then a record that does not count is judged, not passed over. */
  readonly isCarried: boolean;
  /** The licence's signed document, when the asker has it. */
  readonly licence: Envelope | null;
  readonly trust: Trust;
  /** Null offline. */
  readonly live: LiveChain | null;
  readonly evaluatedAt: number;
  readonly at: number | null;
}

interface Judged {
  readonly findings: Readonly<Record<CheckId, Finding>>;
  readonly basis: Basis | null;
  readonly licence: LicenceView | null;
  readonly type: string | null;
}

/** Throws MALFORMED only when the answer holds a note that is none; everything else is a verdict. */
export function verify(question: Question): Verdict {
  const world = worldOf(question);
  const bases = question.answer.logs.flatMap((log) => basisOf(world, log) ?? []);
  const found = bases.flatMap((basis) => recordOf(world, question.answer, basis, question.answeredDigest) ?? []);
  const judged = judge(world, question, bases, found);
  return verdictOf(world, question, judged, recordFindings(found, judged));
}

/** For callers that have no trust file to judge by: every check is unknown for one reason. */
export function undeterminedVerdict(code: ReasonCode, evaluatedAt: number): Verdict {
  const checks = askedChecks(allUnknown(code), new Set(CHECK_IDS.filter((id) => id !== 'seal')));
  return {
    ...decide(checks),
    asOf: evaluatedAt,
    evaluatedAt,
    checks,
    licence: null,
    checkpoint: null,
    anchor: null,
    freshness: { ageMs: null, grade: null },
    findings: [],
  };
}

function judge(
  world: World,
  question: Question,
  bases: readonly Basis[],
  found: readonly (LicenceRecord | Unreadable)[],
): Judged {
  // Without a trust file that still holds, nobody is believed.
  if (world.chain.code === 'TRUST_EXPIRED') return nothing('TRUST_EXPIRED');
  const unknownLog = question.answer.logs.length > bases.length;
  const records = found.filter((record): record is LicenceRecord => !isUnreadable(record));
  const counting = records.filter(isCounting);
  if (isConflicting(counting)) return nothing('CONFLICTING_RECORDS');
  const chosen = counting[0] ?? (question.isCarried ? records[0] : undefined);
  if (chosen !== undefined) return judgeRecord(world, chosen, question);
  const unreadable = found.find(isUnreadable);
  if (unreadable !== undefined) return unreadableHit(unreadable);
  if (unknownLog && question.isCarried) return nothing('UNKNOWN_ISSUER');
  return notRecorded(world, question, bases);
}

function nothing(code: ReasonCode): Judged {
  return { findings: allUnknown(code), basis: null, licence: null, type: null };
}

function unreadableHit({ basis, finding }: Unreadable): Judged {
  const code = basis.signature.code ?? basis.standing.code ?? finding.code ?? 'BAD_PROOF';
  const { signature, anchor, witnesses, freshness } = basis;
  const findings = { ...allUnknown(code), 'checkpoint-signature': signature, anchor, witnesses, freshness };
  return { findings, basis, licence: null, type: null };
}

/**
 * No log that counts says anything about the file. That is a fact about the file only when the issuer is known, has declared its log
 * complete for the type, and that log was read up to a fresh checkpoint.
 */
function notRecorded(world: World, question: Question, bases: readonly Basis[]): Judged {
  const code: ReasonCode = world.chain.code ?? 'NOT_RECORDED';
  const findings = allUnknown('NOT_RECORDED');
  if (code !== 'NOT_RECORDED')
    return { ...nothing(code), findings: { ...findings, freshness: world.chain, anchor: world.chain } };
  if (question.licence === null) return { ...nothing(code), findings };
  const payload = parseLicencePayload(question.licence.payload);
  const { identifier, origin } = payload;
  const basis = bases.find(({ log }) => log.origin === origin && equalBytes(log.logId, logIdOf(payload.origin)));
  const type = identifier.type;
  if (basis === undefined) return { ...nothing('LOG_NOT_FOLLOWED'), type };
  const told = toldHistory(question.answer, basis, publicLicenceSecret(basis.log.logId, identifier.family));
  const coverage = world.facts.coverages.findLast(
    ({ authority, licenceType }) => authority === identifier.issuer && licenceType === type,
  );
  const isIts = basis.log.owners.some(({ authority }) => authority === identifier.issuer);
  const isCovered = isIts && coverage !== undefined && coverage.since <= payload.validFrom;
  const rests = [basis.signature, basis.anchor, basis.witnesses, basis.freshness, basis.standing, told.finding];
  const isShown = rests.every(({ outcome }) => outcome === 'pass');
  const isAbsent = isShown && told.entries.length === 0 && isCovered;
  const { signature, anchor, witnesses, freshness } = basis;
  const content = isAbsent ? fail('NOT_RECORDED', { coveredSince: coverage.since }) : unknown('NOT_RECORDED');
  return {
    findings: { ...findings, content, 'checkpoint-signature': signature, anchor, witnesses, freshness },
    basis,
    licence: null,
    type,
  };
}

/** Records in other logs that did not decide. */
function recordFindings(found: readonly (LicenceRecord | Unreadable)[], judged: Judged): RecordFinding[] {
  return found.flatMap((record): RecordFinding[] => {
    if (record.basis === judged.basis) return [];
    const finding = isUnreadable(record) ? record.finding : denialOf(record);
    if (finding === null || finding.code === null || finding.outcome === 'pass') return [];
    return [{ id: 'other-record', outcome: finding.outcome, code: finding.code, origin: record.basis.log.origin }];
  });
}

function denialOf(record: LicenceRecord): Finding | null {
  return [record.issuerAuthority, record.issuerScope].find(({ outcome }) => outcome === 'fail') ?? null;
}

function verdictOf(world: World, question: Question, judged: Judged, findings: readonly RecordFinding[]): Verdict {
  const { basis } = judged;
  const checks = askedChecks(judged.findings, requiredChecks(world.trust, judged.type));
  const anchoredAt = basis?.anchorView?.anchoredAt ?? 0;
  return {
    ...decide(checks),
    asOf: question.at ?? Math.max(question.evaluatedAt, anchoredAt),
    evaluatedAt: question.evaluatedAt,
    checks,
    licence: judged.licence,
    checkpoint: basis && {
      origin: basis.checkpoint.origin,
      size: basis.checkpoint.size,
      rootHash: basis.checkpoint.rootHash,
      mapRoot: basis.checkpoint.mapRoot,
      issuedAt: basis.checkpoint.issuedAt,
    },
    anchor: basis?.anchorView ?? null,
    freshness: basis?.freshnessView ?? { ageMs: null, grade: null },
    findings,
  };
}
