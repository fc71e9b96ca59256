/**
 * A record: what one log says about a file, read through to the licence that the file renders.
 *
 * It counts only when the log is the issuer's own, has a mode for the licence type, and the issuer was allowed to issue that type in
 * its region when the issue was recorded. A record that does not count is shown as a finding; it never decides.
 */
import { equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import type { Envelope } from '../authority/envelope.ts';
import { findAuthority, findMode, isRegionWithin, type LogFact, ownerAt, type ScopeFact } from '../authority/registry.ts';
import { type Cover, parseCover } from '../licence/cover.ts';
import { verifyDisclosures } from '../licence/document.ts';
import { fileFindingOf } from '../licence/file-history.ts';
import { issueCommitment, type LicencePayload, parseLicencePayload } from '../licence/payload.ts';
import { fileSecret, publicLicenceSecret } from '../log/slot.ts';
import type { Basis, ProvedTime } from './basis.ts';
import type { LookupAnswer } from './lookup.ts';
import { presentRows, type ToldHistory, toldHistory } from './told.ts';
import { fail, type Finding, pass, unknown } from './verdict.ts';
import type { World } from './world.ts';

export interface LicenceRecord {
  readonly basis: Basis;
  /** The file's own history. */
  readonly file: ToldHistory;
  readonly isWithdrawn: boolean;
  readonly cover: Cover;
  readonly envelope: Envelope;
  readonly payload: LicencePayload;
  readonly licence: ToldHistory;
  /** Place in the licence's history of the issue entry that the payload opens, or null. */
  readonly issuePlace: number | null;
  /** Whose log it was when the issue was recorded; null when that cannot be told. */
  readonly issuedBy: string | null;
  readonly issuerAuthority: Finding;
  readonly issuerScope: Finding;
}

/** What can be said of a log's hit when it cannot be read through to a licence. */
export interface Unreadable {
  readonly basis: Basis;
  readonly finding: Finding;
}

export function isUnreadable(record: LicenceRecord | Unreadable): record is Unreadable {
  return !('cover' in record);
}

/** Null when the log has nothing about the file. */
export function recordOf(world: World, answer: LookupAnswer, basis: Basis, fileDigest: Hash): LicenceRecord | Unreadable | null {
  const h = fileSecret(fileDigest);
  if (presentRows(answer, basis.log.logId, h).length === 0) return null;
  const file = toldHistory(answer, basis, h);
  if (file.finding.outcome !== 'pass') return { basis, finding: file.finding };
  const story = fileFindingOf(file.kinds);
  if (story.outcome === 'unknown') return { basis, finding: unknown(story.code) };
  const opened = file.open(story.cover);
  // The entry is there and its content is not: whoever answered did not hand it over.
  if (opened === null) return { basis, finding: unknown('NODE_UNREACHABLE', { opening: false }) };
  try {
    const cover = parseCover(opened.body);
    const payload = parseLicencePayload(cover.licence.payload);
    verifyDisclosures(payload, cover.disclosures);
    if (!isCoverOf(basis, story.kind, cover, payload, fileDigest)) return { basis, finding: unknown('CONFLICTING_RECORDS') };
    return readThrough(world, answer, { basis, file, isWithdrawn: story.isWithdrawn, cover, payload });
  } catch (error) {
    if (isCodedError(error, 'MALFORMED') || isCodedError(error, 'UNVERIFIED'))
      return { basis, finding: unknown('CONFLICTING_RECORDS') };
    throw error;
  }
}

/** A rendering must stand in the signed payload; a copy must come from the licence's own log and name its terms. */
function isCoverOf(basis: Basis, kind: 'file' | 'copy', cover: Cover, payload: LicencePayload, fileDigest: Hash): boolean {
  if (!equalBytes(cover.file, fileDigest)) return false;
  const isListed = payload.files.some((digest) => equalBytes(digest, fileDigest));
  return kind === 'file' ? isListed && cover.copy === null : payload.origin === basis.log.origin && cover.copy !== null;
}

type CoverRead = Pick<LicenceRecord, 'basis' | 'file' | 'isWithdrawn' | 'cover' | 'payload'>;

function readThrough(world: World, answer: LookupAnswer, read: CoverRead): LicenceRecord {
  const { basis, payload, cover } = read;
  const licence = toldHistory(answer, basis, publicLicenceSecret(basis.log.logId, payload.identifier.family));
  const commitment = issueCommitment(payload, cover.licence.payload);
  const place = licence.entries.findLastIndex(
    ({ entry }, i) => licence.kinds[i] === 'issue' && equalBytes(entry.commitment, commitment),
  );
  const issuePlace = place === -1 ? null : place;
  const issuedIn = issuePlace === null ? null : basis.provedTime(licence.entries[issuePlace]!.entryIndex);
  const issuedBy = issuedIn === null ? null : ownerDuring(basis.log, issuedIn);
  // 延续 by a successor keeps the family, and with it the code of the authority that issued it first.
  const firstIssue = licence.kinds.indexOf('issue');
  const begunBy = firstIssue === -1 ? null : ownerDuring(basis.log, basis.provedTime(licence.entries[firstIssue]!.entryIndex));
  return {
    ...read,
    envelope: cover.licence,
    licence,
    issuePlace,
    issuedBy,
    issuerAuthority: authorityFinding(world, basis, payload, { issuedIn, issuedBy, begunBy }),
    issuerScope: scopeFinding(world, payload, issuedIn, issuedBy),
  };
}

/** Whose log it was during all of the span; null when it passed from one to another in it. */
function ownerDuring(log: LogFact, { from, to }: ProvedTime): string | null {
  const owner = ownerAt(log, from);
  return ownerAt(log, to ?? Number.MAX_SAFE_INTEGER) === owner ? owner : null;
}

interface IssuedBy {
  readonly issuedIn: ProvedTime | null;
  readonly issuedBy: string | null;
  /** Whose log it was when the licence's first issue was recorded. */
  readonly begunBy: string | null;
}

/** The issuer that the licence names, or its successor for a licence that the issuer began; in the issuer's log, with a mode. */
function authorityFinding(
  world: World,
  basis: Basis,
  payload: LicencePayload,
  { issuedIn, issuedBy, begunBy }: IssuedBy,
): Finding {
  const { issuer, type } = payload.identifier;
  const authority = findAuthority(world.facts, issuer);
  const mode = findMode(world.facts, basis.log.logId, type);
  const facts = { issuer, log: basis.log.origin };
  const isIts = basis.log.owners.some((owner) => owner.authority === issuer);
  if (authority === undefined || !isIts || payload.origin !== basis.log.origin) return fail('UNKNOWN_ISSUER', facts);
  if (issuedIn !== null && (issuedBy === null || begunBy === null)) return unknown('UNKNOWN_ISSUER', { ...facts, moved: true });
  if (issuedIn !== null && begunBy !== issuer) return fail('UNKNOWN_ISSUER', { ...facts, begunBy });
  if (mode === undefined) return fail('OUT_OF_SCOPE', { ...facts, mode: null });
  // Private histories need the VRF of step D; until then nothing can be shown about them.
  if (mode.mode === 'private') return unknown('BAD_PROOF', { ...facts, mode: 'private' });
  const since = Math.max(authority.registeredAt, mode.registeredAt);
  return issuedIn === null ? unknown('BAD_PROOF', facts) : holdsDuring(issuedIn, since, null, 'OUT_OF_SCOPE', facts);
}

/**
 * Whether something that held from `validFrom` until `validTo` held when an entry was recorded. True of the whole span: pass; of
 * no part of it: fail; otherwise nobody can tell.
 */
export function holdsDuring(
  span: ProvedTime,
  validFrom: number,
  validTo: number | null,
  code: 'OUT_OF_SCOPE' | 'KEY_RETIRED',
  facts: Finding['facts'] = {},
): Finding {
  // While no anchor holds the entry, its latest possible time is open.
  const latest = span.to ?? Number.MAX_SAFE_INTEGER;
  if (latest < validFrom || (validTo !== null && span.from >= validTo)) return fail(code, facts);
  return span.from >= validFrom && (validTo === null || (span.to !== null && span.to < validTo))
    ? pass(facts)
    : unknown(code, facts);
}

/** The scope is that of whoever issued: after a succession the successor's own. */
function scopeFinding(world: World, payload: LicencePayload, issuedIn: ProvedTime | null, issuedBy: string | null): Finding {
  const { issuer, type } = payload.identifier;
  const holder = issuedBy ?? issuer;
  const region = findAuthority(world.facts, holder)?.region ?? '';
  const covers = (scope: ScopeFact): boolean =>
    scope.authority === holder && scope.licenceType === type && isRegionWithin(region, scope.region);
  const scopes = world.facts.scopes.filter(covers);
  if (scopes.length === 0) return fail('OUT_OF_SCOPE', { type, region });
  if (issuedIn === null) return unknown('BAD_PROOF');
  const findings = scopes.map(({ validFrom, validTo }) =>
    holdsDuring(issuedIn, validFrom, validTo, 'OUT_OF_SCOPE', { type, region }),
  );
  return (
    findings.find(({ outcome }) => outcome === 'pass') ??
    findings.find(({ outcome }) => outcome === 'unknown') ??
    fail('OUT_OF_SCOPE', { type, region })
  );
}

/** True unless the registry denies that this log may speak about such a licence. */
export function isCounting(record: LicenceRecord): boolean {
  return record.issuerAuthority.outcome !== 'fail' && record.issuerScope.outcome !== 'fail';
}

/** Two records say different things when they are not of the same payload bytes. */
export function isConflicting(records: readonly LicenceRecord[]): boolean {
  const first = records[0];
  return first !== undefined && records.some(({ envelope }) => !equalBytes(envelope.payload, first.envelope.payload));
}
