/**
 * Everything that a person, an accessor or an auditor can check of one opened access entry. What does not hold fails; what the facts at
 * hand cannot decide is unknown; nothing throws for being bad or for not being shown.
 *
 * Body and nonce are the custodian's word until the commitment of the entry holds, the entry until its proofs do (answer-check.ts).
 * Whether every access is there is another question; so is whether what they say is true.
 */
import { findKey, isSuspended, type KeyFact, type LogFact, ownerAt, type RegistryFacts } from '../authority/registry.ts';
import type { EnvelopeSignature } from '../authority/envelope.ts';
import { keyIdOf } from '../authority/key-id.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import { commitmentOf, type Entry, KINDS, NONCE_LENGTH } from '../log/entry.ts';
import { isSm2Signature } from '../sm/sm2.ts';
import type { ProvedTime } from '../verify/basis.ts';
import { type AccessBody, parseAccessBody } from './body.ts';
import { type AccessFinding, fail, heldDuring, notAsked, pass, unknown } from './finding.ts';
import type { CanonicalNumber } from './number.ts';
import { outcomeSignedBytes } from './outcome.ts';
import { dutyFinding } from './purpose.ts';
import { requestDigestOf, requestSignedBytes, signatoryOf } from './request.ts';
import { sealFor, type ShownSeal } from './seal.ts';
import { verifySubject } from './subject.ts';

/** In the order in which they are shown. */
export const BODY_CHECK_IDS = [
  'commitment',
  'body',
  'subject',
  'request-match',
  'custodian',
  'request-signature',
  'request-key',
  'operator',
  'outcome-signature',
  'outcome-key',
  'purpose',
  'time',
  'seal',
] as const;
export type BodyCheckId = (typeof BODY_CHECK_IDS)[number];
export type BodyFindings = Readonly<Record<BodyCheckId, AccessFinding>>;

export interface BodyQuestion {
  /** Of kind 16, proven to be in the log. */
  readonly entry: Entry;
  readonly log: LogFact;
  readonly recordedIn: ProvedTime;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
  readonly facts: RegistryFacts;
  /** Whose history the entry stands in; null for an accessor or auditor, who have no h to look with. */
  readonly person: CanonicalNumber | null;
  /** For an access that was under seal, once they are shown: the seal, and when the sealed entry with this request and outcome was recorded. */
  readonly seal: ShownSeal | null;
  readonly sealedIn: ProvedTime | null;
}

export interface CheckedBody {
  /** Null if the commitment does not hold or the body has another form: then nothing it says is anybody's word. */
  readonly body: AccessBody | null;
  readonly findings: BodyFindings;
}

/** Clocks of two departments; a request later than its answer by more is odd. */
const MAX_CLOCK_DIFFERENCE = 300_000;

export function verifyBody(question: BodyQuestion): CheckedBody {
  const { entry, nonce, body } = question;
  const opens = nonce.length === NONCE_LENGTH && equalBytes(commitmentOf(nonce, body), entry.commitment);
  if (!opens) return { body: null, findings: only({ commitment: fail('BAD_COMMITMENT') }) };
  if (entry.kind !== KINDS.access) return { body: null, findings: only({ commitment: pass(), body: fail('UNKNOWN_KIND') }) };
  try {
    const parsed = parseAccessBody(body);
    return { body: parsed, findings: findingsOf(question, parsed) };
  } catch (error) {
    if (!isCodedError(error, 'MALFORMED')) throw error;
    return { body: null, findings: only({ commitment: pass(), body: fail('BAD_BODY') }) };
  }
}

/**
 * What request and outcome are worth where the entry that they are said to belong to is not opened: that they do is then the custodian's word,
 * and whom it was about is not said. For auditors, who see persons under pseudonyms.
 */
export function verifyPapers(
  question: Omit<BodyQuestion, 'nonce' | 'body' | 'person'>,
  { request, outcome }: Pick<AccessBody, 'request' | 'outcome'>,
): BodyFindings {
  const unopened = { ...question, nonce: new Uint8Array(), body: new Uint8Array(), person: null };
  const findings = findingsOf(unopened, { request, outcome, subject: null });
  return { ...findings, commitment: notAsked(), body: notAsked(), subject: notAsked() };
}

/** Where nothing that the body says is anybody's word, nothing else is asked. */
function only(asked: Partial<BodyFindings>): BodyFindings {
  const none = Object.fromEntries(BODY_CHECK_IDS.map((id) => [id, notAsked()])) as Record<BodyCheckId, AccessFinding>;
  return { ...none, ...asked };
}

function findingsOf(question: BodyQuestion, body: AccessBody): BodyFindings {
  const { request, outcome } = body;
  const span = signedIn(question, body);
  const [requestSignature, operatorSignature] = request.envelope.signatures;
  const requestBytes = requestSignedBytes(request.envelope.payload);
  const outcomeBytes = outcomeSignedBytes(outcome.envelope.payload);
  const requestBy = signerOf(question, requestSignature!, signatoryOf(request.request), span);
  const outcomeBy = signerOf(question, outcome.envelope.signatures[0]!, outcome.outcome.custodian, span);
  return {
    commitment: pass(),
    body: pass(),
    subject: subjectFinding(question, body),
    'request-match': requestMatch(body),
    custodian: custodianFinding(question, body),
    'request-signature': requestBy.signature(requestBytes),
    'request-key': requestBy.inForce,
    operator: operatorFinding(body, operatorSignature, requestBytes),
    'outcome-signature': outcomeBy.signature(outcomeBytes),
    'outcome-key': outcomeBy.inForce,
    purpose: purposeFinding(question, body, span),
    time: timeFinding(question, body),
    seal: sealFinding(question, body),
  };
}

/**
 * Between which instants the two signatures were made. An entry stands in the log as soon as they are; but what was under seal is recorded
 * again when it is released, and without the sealed entry's own time only the end is known.
 */
function signedIn({ recordedIn, sealedIn }: BodyQuestion, { outcome }: AccessBody): ProvedTime {
  return outcome.outcome.seal === null ? recordedIn : (sealedIn ?? { from: 0, to: recordedIn.to });
}

function subjectFinding({ person }: BodyQuestion, { outcome, subject }: AccessBody): AccessFinding {
  const { subjectCount, subjectsRoot } = outcome.outcome;
  if (subject === null) {
    if (person !== null) return fail('OTHER_SUBJECT', { subject: false });
    return subjectCount === 0 ? pass({ subjectCount }) : fail('BAD_PATH', { subject: false, subjectCount });
  }
  try {
    verifySubject(subject, subjectCount, subjectsRoot);
  } catch (error) {
    if (!isCodedError(error, 'UNVERIFIED')) throw error;
    return fail('BAD_PATH', { subjectCount });
  }
  const isOther = person !== null && (person.class !== subject.number.class || person.id !== subject.number.id);
  return isOther ? fail('OTHER_SUBJECT') : pass({ subjectCount });
}

function requestMatch({ request, outcome }: AccessBody): AccessFinding {
  const isSame = equalBytes(requestDigestOf(request.envelope.payload), outcome.outcome.request);
  return isSame ? pass() : fail('OTHER_REQUEST');
}

/** The outcome is for this very log, and by whoever the log was, when it was recorded, and who the request was to. */
function custodianFinding({ log, recordedIn }: BodyQuestion, { request, outcome }: AccessBody): AccessFinding {
  const { custodian, origin } = outcome.outcome;
  const facts = { custodian, origin };
  if (log.class !== 'access' || origin !== log.origin) return fail('OTHER_LOG', facts);
  if (custodian !== request.request.custodian) return fail('OTHER_CUSTODIAN', facts);
  const owner = ownerAt(log, recordedIn.from);
  if (owner !== ownerAt(log, recordedIn.to ?? Number.MAX_SAFE_INTEGER)) {
    const isOne = log.owners.some(({ authority }) => authority === custodian);
    return isOne ? unknown('OTHER_CUSTODIAN', { ...facts, moved: true }) : fail('OTHER_CUSTODIAN', facts);
  }
  // What was sealed before a succession is recorded again by the successor.
  const wasOwner = outcome.outcome.seal !== null && log.owners.some(({ authority }) => authority === custodian);
  return owner === custodian || wasOwner ? pass(facts) : fail('OTHER_CUSTODIAN', { ...facts, owner });
}

interface Signer {
  signature(signedBytes: Uint8Array): AccessFinding;
  readonly inForce: AccessFinding;
}

/** The request key of this authority that the registry has under the signature's key id. */
function signerOf({ facts }: BodyQuestion, { keyId, signature }: EnvelopeSignature, authority: string, span: ProvedTime): Signer {
  const key = findKey(facts, keyId);
  const about = { keyId: encodeHex(keyId), authority };
  if (key === undefined || key.type !== 'request' || key.authority !== authority) {
    // Facts older than the signature may lack a key that was added since.
    const isLacking = key === undefined && (span.to === null || facts.block.at < span.to);
    const finding = isLacking ? unknown('UNKNOWN_KEY', about) : fail('UNKNOWN_KEY', about);
    return { signature: () => finding, inForce: finding };
  }
  const isSigned = (signedBytes: Uint8Array): boolean => isSm2Signature(key.publicKey, signedBytes, signature);
  return {
    signature: (signedBytes) => (isSigned(signedBytes) ? pass(about) : fail('BAD_SIGNATURE', about)),
    inForce: keyFinding(key, span, facts),
  };
}

function keyFinding(key: KeyFact, span: ProvedTime, { block }: RegistryFacts): AccessFinding {
  const about = { keyId: encodeHex(key.keyId) };
  const { compromisedAt, suspended } = key;
  if (compromisedAt !== null && span.from >= compromisedAt) return fail('KEY_COMPROMISED', { ...about, compromisedAt });
  if (compromisedAt !== null && (span.to === null || span.to >= compromisedAt))
    return unknown('KEY_COMPROMISED', { ...about, compromisedAt });
  if (isSuspended(key, block.at) && (span.to === null || span.to >= suspended!.from))
    return unknown('KEY_COMPROMISED', { ...about, suspendedUntil: suspended!.until });
  return heldDuring(span, key.validFrom, key.validTo, 'KEY_RETIRED', about);
}

/** The operator's key counts because the accessor's signature covers it. Of any other grade there is only somebody's word. */
function operatorFinding(
  { request }: AccessBody,
  signature: EnvelopeSignature | undefined,
  signedBytes: Uint8Array,
): AccessFinding {
  const { grade, operator } = request.request;
  if (operator.publicKey === null || signature === undefined) return notAsked({ grade });
  const facts = { grade, keyId: encodeHex(keyIdOf(operator.publicKey)) };
  return isSm2Signature(operator.publicKey, signedBytes, signature.signature) ? pass(facts) : fail('BAD_SIGNATURE', facts);
}

/** Where nothing was granted, nothing was done for the purpose. Break-glass is no duty: it fails here, and says why. */
function purposeFinding({ facts }: BodyQuestion, { request, outcome }: AccessBody, span: ProvedTime): AccessFinding {
  const { accessor, purpose, grade, requestedAt, breakGlass } = request.request;
  const { result } = outcome.outcome;
  if (result !== 'granted') return notAsked({ purpose, result });
  // When it was imported says nothing about when it was read; that is a claim.
  const isClaim = grade === 'imported';
  const finding = dutyFinding(facts, accessor, purpose, isClaim ? { from: requestedAt, to: requestedAt } : span);
  if (isClaim && finding.outcome === 'pass') return unknown('CLAIMED_TIME', finding.facts);
  return breakGlass === null ? finding : { ...finding, facts: { ...finding.facts, breakGlass: true } };
}

/** An outcome is made before its entry; what is imported, or was under seal, long before. */
function timeFinding({ entry, log }: BodyQuestion, { request, outcome }: AccessBody): AccessFinding {
  const { answeredAt } = outcome.outcome;
  const { requestedAt } = request.request;
  const facts = { requestedAt, answeredAt, recordedAt: entry.recordedAt };
  if (answeredAt >= entry.recordedAt + log.quantum) return fail('BAD_TIME', facts);
  return requestedAt > answeredAt + MAX_CLOCK_DIFFERENCE ? unknown('BAD_TIME', facts) : pass(facts);
}

function sealFinding({ seal }: BodyQuestion, { request, outcome }: AccessBody): AccessFinding {
  const named = outcome.outcome.seal;
  if (named === null) return seal === null ? notAsked() : fail('OTHER_SEAL');
  const facts = { seal: encodeHex(named) };
  if (seal === null) return unknown('NOT_SHOWN', facts);
  try {
    const found = sealFor(seal, requestDigestOf(request.envelope.payload));
    return found !== null && equalBytes(found, named) ? pass(facts) : fail('OTHER_SEAL', facts);
  } catch (error) {
    if (!isCodedError(error, 'MALFORMED')) throw error;
    return fail('OTHER_SEAL', facts);
  }
}
