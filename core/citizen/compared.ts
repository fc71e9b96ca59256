/**
 * A person's histories, held against the copies that the accessors keep. Her complete history shows what a custodian recorded under her number;
 * only an accessor's copy shows what it did not, or recorded under another:
 *
 *     agrees     an entry of her history is this very one, or says the same by the same two signed papers
 *     missing    NOT_IN_HISTORY: the custodian signed the outcome, the log promised the entry, its time is over, and her complete history lacks
 *                it; OTHER_LOG: the custodian signed that it stands in an access log that the registry does not list
 *     differs    OTHER_OUTCOME: the custodian signed one outcome to the accessor and shows her another
 *     open       nobody can tell yet: NOT_COMPLETE, NOT_DUE, NO_PROMISE (the log’s key did not sign that it would be there), SEALED, UNDECIDED
 *                (the registry at hand cannot say whose signature it is)
 *     void       the copy shows nothing, whoever made it: it does not open, is not about her, not by this accessor, or not signed by the custodian
 *
 * Neither side is believed: an accessor cannot make up what convicts a custodian, since both papers bear the custodian's keys. An accessor that
 * kept nothing, or tells nothing, leaves entries uncompared and accuses nobody.
 */
import type { LogJudgement, PersonEntry } from '../access/answer-check.ts';
import { type AccessBody, parseAccessBody } from '../access/body.ts';
import type { CanonicalNumber } from '../access/number.ts';
import { type AccessOutcome, outcomeSignedBytes } from '../access/outcome.ts';
import { type AccessRequest, requestDigestOf } from '../access/request.ts';
import { verifySubject } from '../access/subject.ts';
import { findKey, isSuspended, type LogFact, type RegistryFacts } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import { commitmentOf, KINDS } from '../log/entry.ts';
import { verifyPromise } from '../log/promise.ts';
import { type Signedness, signednessOf } from '../trace/signed-by.ts';
import type { AccessCopy } from './copies.ts';

export const COPY_STANDINGS = ['agrees', 'missing', 'differs', 'open', 'void'] as const;
export type CopyStanding = (typeof COPY_STANDINGS)[number];

export type CopyReason =
  | 'BAD_BODY'
  | 'BAD_COMMITMENT'
  | 'BAD_PATH'
  | 'FORGED_OUTCOME'
  | 'NOT_COMPLETE'
  | 'NOT_DUE'
  | 'NOT_IN_HISTORY'
  | 'NO_PROMISE'
  | 'OTHER_ACCESSOR'
  | 'OTHER_LOG'
  | 'OTHER_OUTCOME'
  | 'OTHER_REQUEST'
  | 'OTHER_SUBJECT'
  | 'SEALED'
  | 'UNDECIDED';

export interface JudgedCopy {
  readonly copy: AccessCopy;
  /** Who showed it. */
  readonly accessor: string;
  readonly standing: CopyStanding;
  /** Null where it agrees. */
  readonly code: CopyReason | null;
  /** What it says, where that is anybody's word: null of a void one. */
  readonly request: AccessRequest | null;
  readonly outcome: AccessOutcome | null;
  /** Leaf hash, hex, of the entry of her history that it was compared with. */
  readonly entry: string | null;
}

/** What the person is to be told loudly: the custodian's own signatures speak against it. */
export function isFound({ standing }: JudgedCopy): boolean {
  return standing === 'missing' || standing === 'differs';
}

export interface Histories {
  readonly facts: RegistryFacts;
  readonly number: CanonicalNumber;
  /** Of every access log that was asked. */
  readonly judgements: readonly LogJudgement[];
}

export interface ToldCopies {
  readonly accessor: string;
  readonly copies: readonly AccessCopy[];
}

export interface Comparison {
  /** One for each copy, as they were told. */
  readonly copies: readonly JudgedCopy[];
  /** Leaf hashes, hex, of the entries of her histories that a copy agrees with. */
  readonly agreeing: ReadonlySet<string>;
}

/** `told`: by the accessors that answered. Nothing follows from those that did not. */
export function compareCopies(histories: Histories, told: readonly ToldCopies[]): Comparison {
  const copies = told.flatMap((one) => one.copies.map((copy) => judgeCopy(histories, one.accessor, copy)));
  return { copies, agreeing: new Set(copies.flatMap(({ standing, entry }) => (standing === 'agrees' && entry) || [])) };
}

type Ruling = Pick<JudgedCopy, 'standing' | 'code'> & { readonly entry?: string };

const ruled = (standing: CopyStanding, code: CopyReason | null): Ruling => ({ standing, code });

export function judgeCopy(histories: Histories, accessor: string, copy: AccessCopy): JudgedCopy {
  const body = openedBy(copy);
  const ruling = typeof body === 'string' ? ruled('void', body) : rulingOf(histories, accessor, copy, body);
  const says = typeof body === 'string' || ruling.standing === 'void' ? null : body;
  return {
    copy,
    accessor,
    standing: ruling.standing,
    code: ruling.code,
    request: says && says.request.request,
    outcome: says && says.outcome.outcome,
    entry: ruling.entry ?? null,
  };
}

function openedBy({ entry, nonce, body }: AccessCopy): AccessBody | CopyReason {
  if (!equalBytes(commitmentOf(nonce, body), entry.commitment)) return 'BAD_COMMITMENT';
  if (entry.kind !== KINDS.access) return 'BAD_BODY';
  try {
    return parseAccessBody(body);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return 'BAD_BODY';
    throw error;
  }
}

function rulingOf(histories: Histories, accessor: string, copy: AccessCopy, body: AccessBody): Ruling {
  const wrong = whyNotHers(histories.number, accessor, body);
  if (wrong !== null) return ruled('void', wrong);
  const same = findSame(histories, copy, body);
  if (same !== null) return { standing: 'agrees', code: null, entry: nameOf(same) };
  const { envelope, outcome } = body.outcome;
  const signed = signednessOf(histories.facts, envelope.signatures[0]!, outcome.custodian, outcomeSignedBytes(envelope.payload));
  if (signed !== 'yes') return signed === 'no' ? ruled('void', 'FORGED_OUTCOME') : ruled('open', 'UNDECIDED');
  const other = findOther(histories, body);
  if (other !== null) return { standing: 'differs', code: 'OTHER_OUTCOME', entry: nameOf(other) };
  return outcome.seal === null ? whyNotThere(histories, copy, outcome) : ruled('open', 'SEALED');
}

/** Null where the copy is, by its own bytes, of an access by this accessor and about this person. */
function whyNotHers(number: CanonicalNumber, accessor: string, { request, outcome, subject }: AccessBody): CopyReason | null {
  const { subjectCount, subjectsRoot } = outcome.outcome;
  if (subject === null || subject.number.class !== number.class || subject.number.id !== number.id) return 'OTHER_SUBJECT';
  try {
    verifySubject(subject, subjectCount, subjectsRoot);
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) return 'BAD_PATH';
    throw error;
  }
  const isAnswer = equalBytes(outcome.outcome.request, requestDigestOf(request.envelope.payload));
  if (!isAnswer || outcome.outcome.custodian !== request.request.custodian) return 'OTHER_REQUEST';
  return request.request.accessor === accessor ? null : 'OTHER_ACCESSOR';
}

const nameOf = ({ proven }: PersonEntry): string => encodeHex(proven.leafHash);

function shownBy({ judgements }: Histories, origin: string): readonly PersonEntry[] {
  return judgements.find(({ log }) => log.origin === origin)?.entries ?? [];
}

function findSame(histories: Histories, { leafHash }: AccessCopy, { outcome }: AccessBody): PersonEntry | null {
  const isSame = ({ proven, checked }: PersonEntry): boolean => {
    if (equalBytes(proven.leafHash, leafHash)) return true;
    // What was under seal is recorded anew when it is released. The outcome names its request by digest.
    if (checked === null || checked.body === null || checked.findings.subject.outcome !== 'pass') return false;
    return equalBytes(checked.body.outcome.envelope.payload, outcome.envelope.payload);
  };
  return shownBy(histories, outcome.outcome.origin).find(isSame) ?? null;
}

/** Another outcome of the same part of the same request. */
function findOther({ judgements }: Histories, { outcome: { outcome } }: AccessBody): PersonEntry | null {
  const isOther = ({ checked }: PersonEntry): boolean => {
    const shown = checked?.body?.outcome.outcome;
    return shown !== undefined && equalBytes(shown.request, outcome.request) && shown.chunk.number === outcome.chunk.number;
  };
  return judgements.flatMap(({ entries }) => entries).find(isOther) ?? null;
}

function whyNotThere({ facts, judgements }: Histories, copy: AccessCopy, outcome: AccessOutcome): Ruling {
  const judgement = judgements.find(({ log }) => log.origin === outcome.origin);
  if (judgement === undefined) {
    const isListed = facts.logs.some(({ origin, class: logClass }) => origin === outcome.origin && logClass === 'access');
    if (isListed) return ruled('open', 'NOT_COMPLETE');
    // A log must be registered before it can record; facts older than the outcome may lack one that was.
    return facts.block.at < outcome.answeredAt ? ruled('open', 'UNDECIDED') : ruled('missing', 'OTHER_LOG');
  }
  const { log, completeness } = judgement;
  if (completeness.outcome !== 'complete') return ruled('open', 'NOT_COMPLETE');
  const promised = promisedness(facts, log, copy);
  if (promised !== 'yes') return ruled('open', promised === 'no' ? 'NO_PROMISE' : 'UNDECIDED');
  const isDue = copy.promise.deadlineAt <= completeness.upTo.issuedAt;
  return isDue ? ruled('missing', 'NOT_IN_HISTORY') : ruled('open', 'NOT_DUE');
}

/** Whether a key of this log's owners promised this very entry. */
function promisedness(facts: RegistryFacts, log: LogFact, { promise, leafHash, entry }: AccessCopy): Signedness {
  const isThis =
    equalBytes(promise.logId, log.logId) && equalBytes(promise.leafHash, leafHash) && equalBytes(promise.slot, entry.slot);
  const key = findKey(facts, promise.keyId);
  if (!isThis) return 'no';
  if (key === undefined) return 'unknown';
  if (key.type !== 'log' || !log.owners.some(({ authority }) => authority === key.authority)) return 'no';
  try {
    verifyPromise(promise, log.promiseSpan, key.publicKey, promise.signature);
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) return 'no';
    throw error;
  }
  return key.compromisedAt !== null || isSuspended(key, facts.block.at) ? 'unknown' : 'yes';
}
