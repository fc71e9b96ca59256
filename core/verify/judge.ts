/**
 * The checks on one record, in the order in which they rest on each other: the checkpoint's signature carries the history, the history
 * the document, the document everything that is said about the licence.
 */
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { findAuthority, findKey, isSuspended } from '../authority/registry.ts';
import { type LicenceAct, parseLicenceAct } from '../licence/act.ts';
import { isSignedBy } from '../licence/document.ts';
import { issueCommitment, parseLicencePayload } from '../licence/payload.ts';
import { type LicenceStatus, statusOf } from '../licence/status.ts';
import type { Basis } from './basis.ts';
import { holdsDuring, type LicenceRecord } from './record.ts';
import { type CheckId, fail, type Finding, type LicenceView, pass, type ReasonCode, unknown } from './verdict.ts';
import type { World } from './world.ts';

export interface JudgedRecord {
  readonly findings: Readonly<Record<CheckId, Finding>>;
  readonly basis: Basis;
  readonly licence: LicenceView;
  readonly type: string;
}

interface Asked {
  readonly fileDigest: Hash;
  readonly answeredDigest: Hash;
}

/** `finding`, unless what it rests on is not a pass: then nothing can be said, for that reason. */
function restingOn(ground: Finding, finding: Finding): Finding {
  return ground.outcome === 'pass' ? finding : unknown(ground.code ?? 'BAD_PROOF', ground.facts);
}

function firstTrouble(...findings: readonly Finding[]): Finding {
  return findings.find(({ outcome }) => outcome !== 'pass') ?? pass();
}

export function judgeRecord(world: World, record: LicenceRecord, asked: Asked): JudgedRecord {
  const { basis, payload } = record;
  const history = restingOn(basis.signature, firstTrouble(basis.standing, record.licence.finding, record.file.finding));
  const document = restingOn(history, documentFinding(record));
  const registered = (finding: Finding): Finding => restingOn(firstTrouble(world.chain, document), finding);
  const story = storyAt(world, record);
  return {
    findings: {
      content: restingOn(document, contentFinding(record, asked)),
      document,
      'licence-signature': restingOn(document, signatureFinding(world, record)),
      'issuer-authority': registered(record.issuerAuthority),
      'issuer-scope': registered(record.issuerScope),
      'issuer-key': registered(keyFinding(world, record)),
      history,
      status: restingOn(document, story.finding),
      validity: restingOn(document, validityFinding(world, record)),
      'checkpoint-signature': basis.signature,
      anchor: basis.anchor,
      witnesses: basis.witnesses,
      freshness: basis.freshness,
      // Seals inside the file are not read yet.
      seal: unknown('UNKNOWN_KIND', { read: false }),
    },
    basis,
    licence: licenceView(world, record, story.status),
    type: payload.identifier.type,
  };
}

/** The file at hand is the one the log speaks about; another one is changed, unless it is another rendering of the same licence. */
function contentFinding({ payload }: LicenceRecord, { fileDigest, answeredDigest }: Asked): Finding {
  if (equalBytes(fileDigest, answeredDigest)) return pass();
  const isRendering = payload.files.some((digest) => equalBytes(digest, fileDigest));
  return isRendering ? unknown('NOT_RECORDED', { rendering: true }) : fail('CONTENT_CHANGED');
}

/** The payload opens an issue entry of the licence's history; whether the last one, `status` says. */
function documentFinding({ issuePlace }: LicenceRecord): Finding {
  return issuePlace === null ? fail('CONTENT_CHANGED', { recorded: false }) : pass();
}

function signatureFinding(world: World, { envelope, payload, issuedBy, basis }: LicenceRecord): Finding {
  const { keyId } = envelope.signatures[0]!;
  const key = findKey(world.facts, keyId);
  const facts = { keyId: encodeHex(keyId) };
  if (key === undefined) return unknown('UNKNOWN_ISSUER', facts);
  const { issuer } = payload.identifier;
  const signers = issuedBy === null ? [issuer, ...basis.log.owners.map(({ authority }) => authority)] : [issuedBy];
  if (key.type !== 'document' || !signers.includes(key.authority)) return fail('UNKNOWN_ISSUER', facts);
  return isSignedBy(envelope, key.keyId, key.publicKey) ? pass(facts) : fail('BAD_SIGNATURE', facts);
}

/** The document key was the issuer's, valid and not lost, when the issue was recorded. */
function keyFinding(world: World, { envelope, basis, licence, issuePlace }: LicenceRecord): Finding {
  const key = findKey(world.facts, envelope.signatures[0]!.keyId);
  if (key === undefined || issuePlace === null) return unknown('UNKNOWN_ISSUER');
  const facts = { keyId: encodeHex(key.keyId) };
  const issuedIn = basis.provedTime(licence.entries[issuePlace]!.entryIndex);
  const { compromisedAt } = key;
  if (compromisedAt !== null && issuedIn.from >= compromisedAt) return fail('KEY_COMPROMISED', { ...facts, compromisedAt });
  if (compromisedAt !== null && (issuedIn.to === null || issuedIn.to >= compromisedAt)) {
    return unknown('KEY_COMPROMISED', { ...facts, compromisedAt });
  }
  const { suspended } = key;
  if (isSuspended(key, world.evaluatedAt) && (issuedIn.to === null || issuedIn.to >= suspended!.from)) {
    return unknown('KEY_COMPROMISED', { ...facts, suspendedUntil: suspended!.until });
  }
  return holdsDuring(issuedIn, key.validFrom, key.validTo, 'KEY_RETIRED', facts);
}

interface Story {
  readonly finding: Finding;
  readonly status: LicenceStatus;
}

/** How many entries had been recorded at the instant asked for; null when that cannot be told for one of them. */
function countAt(world: World, { basis, licence }: LicenceRecord): number | null {
  const { at } = world;
  if (at === null) return licence.entries.length;
  const spans = licence.entries.map(({ entryIndex }) => basis.provedTime(entryIndex));
  const count = spans.filter(({ to }) => to !== null && to <= at).length;
  return spans.slice(count).every(({ from }) => from > at) ? count : null;
}

const ENDING: Readonly<Record<Exclude<LicenceStatus, 'active' | 'superseded'>, ReasonCode>> = {
  suspended: 'SUSPENDED',
  revoked: 'REVOKED',
  annulled: 'ANNULLED',
  cancelled: 'CANCELLED',
};

function storyAt(world: World, record: LicenceRecord): Story {
  const count = countAt(world, record);
  if (count === null) return { finding: unknown('PROVISIONAL', { at: world.at }), status: 'active' };
  if (count === 0) return { finding: fail('NOT_YET_VALID', { at: world.at }), status: 'active' };
  const story = statusOf(record.licence.kinds.slice(0, count));
  if (story.outcome === 'unknown') return { finding: unknown(story.code), status: 'active' };
  if (story.status !== 'active') {
    return { finding: fail(ENDING[story.status], actFacts(world, record, story.since)), status: story.status };
  }
  if (record.isWithdrawn) return { finding: fail('CANCELLED', { file: true }), status: 'active' };
  if (story.issues.at(-1) !== record.issuePlace) return { finding: fail('SUPERSEDED'), status: 'superseded' };
  return { finding: pass({ entries: count }), status: 'active' };
}

/** Since when, by whom and why a status holds. What the issuer did not give is absent, and the pages say so. */
function actFacts(world: World, record: LicenceRecord, place: number): Finding['facts'] {
  const { entry, entryIndex } = record.licence.entries[place]!;
  const { to } = record.basis.provedTime(entryIndex);
  const act = actAt(record, place);
  const { owners, authority } = record.basis.log;
  // Who owned the log when it was recorded; in doubt, who answers for it now.
  const code = (to !== null && owners.findLast(({ since }) => since <= to)?.authority) || authority;
  const by = findAuthority(world.facts, code)?.name ?? code;
  return {
    recordedAt: entry.recordedAt,
    provedAt: to,
    by,
    reason: act?.reason ?? null,
    legalBasis: act?.legalBasis ?? null,
    effectiveAt: act?.effectiveAt ?? null,
  };
}

function actAt({ licence }: LicenceRecord, place: number): LicenceAct | null {
  const opened = licence.open(place);
  if (opened === null) return null;
  try {
    return parseLicenceAct(opened.body);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

function validityFinding(world: World, { payload, cover }: LicenceRecord): Finding {
  const asOf = world.at ?? world.evaluatedAt;
  const facts = { validFrom: payload.validFrom, validTo: payload.validTo };
  if (asOf < payload.validFrom) return fail('NOT_YET_VALID', facts);
  if (payload.validTo !== null && asOf > payload.validTo) return fail('EXPIRED', facts);
  if (cover.copy !== null && asOf > cover.copy.expiresAt)
    return fail('EXPIRED', { ...facts, copyExpiresAt: cover.copy.expiresAt });
  return pass(facts);
}

function licenceView(world: World, record: LicenceRecord, status: LicenceStatus): LicenceView {
  const { payload, cover } = record;
  const { identifier, validFrom, validTo } = payload;
  const issuer = findAuthority(world.facts, identifier.issuer);
  // 机构改革: the log follows the function, so that whoever owns it now answers for the licence.
  const { authority: owner } = record.basis.log;
  const successor = owner === identifier.issuer ? null : { code: owner, name: findAuthority(world.facts, owner)?.name ?? '' };
  return {
    status,
    identifier: identifier.text,
    type: identifier.type,
    validFrom,
    validTo,
    issuer: { code: identifier.issuer, name: issuer?.name ?? '', region: issuer?.region ?? '', successor },
    supersededBy: status === 'superseded' ? newerIdentifier(record) : null,
    fields: cover.disclosures.map(({ name, value }) => ({ name, value })),
  };
}

/** The newest issue entry's opening names the newer version, where it was handed over. */
function newerIdentifier({ licence }: LicenceRecord): string | null {
  const place = licence.kinds.lastIndexOf('issue');
  const opened = licence.open(place);
  if (opened === null) return null;
  try {
    const payload = parseLicencePayload(opened.body);
    const isOpened = equalBytes(issueCommitment(payload, opened.body), licence.entries[place]!.entry.commitment);
    return isOpened ? payload.identifier.text : null;
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}
