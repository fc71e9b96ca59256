/**
 * What an accessor checks of a receipt before it uses the data: that the custodian signed what came of this very request, that every
 * entry of it is opened by what was handed over, and that the log's key promised each of them. So it holds bodies and nonces which convict
 * a custodian that leaves an entry out or tells the person another story. Whether the entries stand in the person's own history, only she
 * can see.
 */
import type { KeyFact, LogFact, RegistryFacts } from '../core/authority/registry.ts';
import { findKey, findLog } from '../core/authority/registry.ts';
import { encodeHex, equalBytes } from '../core/bytes/bytes.ts';
import { isCodedError, unverified, untrusted } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { encodeAccessBody } from '../core/access/body.ts';
import type { CanonicalNumber } from '../core/access/number.ts';
import { outcomeSignedBytes } from '../core/access/outcome.ts';
import { requestDigestOf, type SignedRequest } from '../core/access/request.ts';
import { growSubjectTree, type ShownSubject } from '../core/access/subject.ts';
import { commitmentOf, encodeEntry, type Entry, KINDS } from '../core/log/entry.ts';
import { logIdOf } from '../core/log/origin.ts';
import { verifyPromise } from '../core/log/promise.ts';
import { leafHashOf } from '../core/log/tree.ts';
import { isSm2Signature } from '../core/sm/sm2.ts';
import type { Receipt, ReceiptEntry, SignedPromise } from './event.ts';
import { requireInForce, requireRequestKey } from './registry.ts';

/** One entry of the accessor's own access, with all that opens it. */
export interface OpenedEntry {
  readonly leafHash: Hash;
  readonly entry: Entry;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
  readonly promise: SignedPromise;
}

export interface ReceiptQuestion {
  readonly request: SignedRequest;
  readonly receipt: Receipt;
  readonly facts: RegistryFacts;
  readonly now: number;
  /** Chunk that is due. */
  readonly chunk: number;
  /** Leaf hash of the seal that it was asked for under. */
  readonly seal: Hash | null;
}

/** Clocks of two departments, and a slow chunk. */
const MAX_CLOCK_DIFFERENCE = 300_000;

/** Throws UNVERIFIED or UNTRUSTED, with `facts.reason`. */
export function verifyReceipt(question: ReceiptQuestion): OpenedEntry[] {
  const { request, receipt, facts, now, seal } = question;
  const { outcome, envelope } = receipt.outcome;
  require(outcome.chunk.number === question.chunk, 'OTHER_CHUNK');
  require(Math.abs(now - outcome.answeredAt) <= MAX_CLOCK_DIFFERENCE, 'BAD_TIME');
  const signature = envelope.signatures[0]!;
  const key = requireRequestKey(facts, signature.keyId, outcome.custodian, now);
  require(isSm2Signature(key.publicKey, outcomeSignedBytes(envelope.payload), signature.signature), 'BAD_SIGNATURE');
  // What was not to be under seal stands in the person's history: at a random slot she would never find it.
  require(outcome.seal === null ? seal === null : seal !== null && equalBytes(outcome.seal, seal), 'OTHER_SEAL');
  const opened = openReceipt(request, receipt);
  const log = requireLog(question);
  for (const entry of opened) requirePromised(question, log, entry);
  return opened;
}

/**
 * What the receipt opens, whoever signed it: for records that were verified when they came. `of`: the entry about her alone. Throws UNVERIFIED.
 */
export function openReceipt(request: SignedRequest, receipt: Receipt, of: CanonicalNumber | null = null): OpenedEntry[] {
  const { outcome } = receipt.outcome;
  const digest = requestDigestOf(request.envelope.payload);
  require(equalBytes(outcome.request, digest) && equalBytes(receipt.requestDigest, digest), 'OTHER_REQUEST');
  require(outcome.custodian === request.request.custodian, 'OTHER_CUSTODIAN');
  const subjects = requireSubjects(receipt);
  const entries = new Map(receipt.entries.map((entry) => [encodeHex(entry.leafHash), entry]));
  require(entries.size === Math.max(1, subjects.length) && entries.size === receipt.entries.length, 'BAD_COUNT');
  const shown = subjects.length > 0 ? subjects : [nobodyOf(receipt)];
  const isMeant = ({ subject }: Shown): boolean =>
    of === null || (subject !== null && subject.number.class === of.class && subject.number.id === of.id);
  return shown.filter(isMeant).map((one) => {
    const entry = entries.get(encodeHex(one.leafHash));
    if (entry === undefined) throw refusal('BAD_COMMITMENT');
    return openEntry(request, receipt, entry, one);
  });
}

function refusal(reason: string): Error {
  return unverified('the receipt does not hold', { reason });
}

function require(holds: boolean, reason: string): void {
  if (!holds) throw refusal(reason);
}

function requireLog({ receipt, facts }: ReceiptQuestion): LogFact {
  const { origin, custodian } = receipt.outcome.outcome;
  const log = findLog(facts, logIdOf(origin));
  const isTheirs = log?.class === 'access' && log.origin === origin && log.authority === custodian && log.closedAt === null;
  if (log === undefined || !isTheirs)
    throw untrusted('the registry lists no such access log of the custodian', { reason: 'OTHER_LOG' });
  return log;
}

interface Shown {
  readonly leafHash: Hash;
  readonly nonce: Uint8Array;
  readonly subject: ShownSubject | null;
}

/** The tree is grown again from what was handed over, so that every path and every place in it is our own work. */
function requireSubjects(receipt: Receipt): Shown[] {
  const { subjectCount, subjectsRoot } = receipt.outcome.outcome;
  require(receipt.subjects.length === subjectCount, 'BAD_COUNT');
  try {
    const grown = growSubjectTree(receipt.subjects);
    require(equalBytes(grown.subjectsRoot, subjectsRoot), 'BAD_PATH');
    const copied = new Map(receipt.subjects.map((subject) => [subject.index, subject]));
    return grown.subjects.map((subject) => {
      const copy = copied.get(subject.index);
      if (copy === undefined || !equalBytes(copy.salt, subject.salt)) throw refusal('BAD_PATH');
      return { leafHash: copy.leafHash, nonce: copy.nonce, subject };
    });
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) throw refusal('BAD_PATH');
    throw error;
  }
}

function nobodyOf({ nobody }: Receipt): Shown {
  if (nobody === null) throw refusal('BAD_COUNT');
  return { ...nobody, subject: null };
}

function openEntry(
  request: SignedRequest,
  receipt: Receipt,
  { leafHash, kind, recordedAt, promise }: ReceiptEntry,
  { nonce, subject }: Shown,
): OpenedEntry {
  const body = encodeAccessBody({ outcome: receipt.outcome, request, subject: subject && shownOf(subject) });
  const entry = { kind, recordedAt, slot: promise.slot, commitment: commitmentOf(nonce, body) };
  require(kind === KINDS.access && equalBytes(leafHashOf(encodeEntry(entry)), leafHash), 'BAD_COMMITMENT');
  return { leafHash, entry, nonce, body, promise };
}

function requirePromised({ facts, now }: ReceiptQuestion, log: LogFact, { leafHash, entry, promise }: OpenedEntry): void {
  require(entry.recordedAt % log.quantum === 0, 'BAD_COMMITMENT');
  require(equalBytes(promise.logId, log.logId) && equalBytes(promise.leafHash, leafHash), 'BAD_PROMISE');
  require(Math.abs(now - promise.issuedAt) <= MAX_CLOCK_DIFFERENCE, 'BAD_TIME');
  requirePromise(promise, log, requireLogKey(facts, promise.keyId, log, now));
}

function shownOf({ number, salt, index, path }: ShownSubject): ShownSubject {
  return { number, salt, index, path };
}

function requireLogKey(facts: RegistryFacts, keyId: Hash, log: LogFact, now: number): KeyFact {
  const key = findKey(facts, keyId);
  if (key === undefined || key.type !== 'log' || key.authority !== log.authority)
    throw untrusted('the registry has no such log key of the custodian', { reason: 'UNKNOWN_KEY' });
  requireInForce(key, now);
  return key;
}

function requirePromise(promise: SignedPromise, log: LogFact, key: KeyFact): void {
  try {
    verifyPromise(promise, log.promiseSpan, key.publicKey, promise.signature);
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) throw refusal('BAD_PROMISE');
    throw error;
  }
}
