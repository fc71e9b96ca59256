/**
 * One check of one file: what is asked of whom, and what core/verify makes of the answers. The verifier's own opinion of the
 * file is never asked for.
 */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError, untrusted } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Evidence } from '../../core/verify/evidence.ts';
import { gather } from '../../core/verify/gather.ts';
import type { LookupAnswer } from '../../core/verify/lookup.ts';
import type { Trust } from '../../core/verify/trust.ts';
import type { ReasonCode, Verdict } from '../../core/verify/verdict.ts';
import { undeterminedVerdict, verify } from '../../core/verify/verify.ts';
import type { LiveChain } from '../../core/verify/world.ts';
import { type AcceptedTrust, chainReferenceIn, type TrustMemory } from './trust-memory.ts';
import type { Verifier } from './verifier.ts';

/** What is checked: a file by its digest, and the evidence that was brought with it. */
export interface Subject {
  readonly digest: Hash;
  readonly evidence: Evidence | null;
}

/** What a verdict was made from. */
export interface Ground {
  readonly answer: LookupAnswer;
  /** The file that the answer is about. */
  readonly answeredDigest: Hash;
  readonly trust: Trust;
  readonly live: LiveChain | null;
}

export interface Told {
  readonly verdict: Verdict;
  readonly mode: 'online' | 'offline';
  /** Null when nothing could be asked. */
  readonly ground: Ground | null;
  readonly trust: AcceptedTrust | null;
  /** The verifier offers a trust file that may not be used. */
  readonly isTrustRefused: boolean;
  /** An answer that reads through to the very file's licence, for its holder to take away. */
  readonly evidence: Evidence | null;
}

export interface Reader {
  readonly verifier: Verifier;
  readonly memory: TrustMemory;
  /** UTC ms. */
  readonly now: () => number;
}

/** An answer that is not one of ours proves nothing; none at all says nothing. */
function reasonOf(error: unknown): ReasonCode {
  if (!isCodedError(error)) throw error;
  switch (error.code) {
    case 'MALFORMED':
      return 'BAD_PROOF';
    case 'UNVERIFIED':
    case 'UNTRUSTED':
      return error.facts['reason'] === 'TRUST_ROLLED_BACK' ? 'TRUST_ROLLED_BACK' : 'BAD_SIGNATURE';
    default:
      return 'NODE_UNREACHABLE';
  }
}

function nothingTold(reader: Reader, error: unknown, trust: AcceptedTrust | null): Told {
  const verdict = undeterminedVerdict(reasonOf(error), reader.now());
  const isTrustRefused = isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'UNTRUSTED');
  return { verdict, mode: 'online', ground: null, trust, isTrustRefused, evidence: null };
}

interface Gathered {
  readonly answer: LookupAnswer;
  readonly answeredDigest: Hash;
}

/** About the file itself; about the file that the evidence names only where the logs have nothing on this one. */
async function gatherFor({ verifier }: Reader, { digest, evidence }: Subject): Promise<Gathered> {
  const answer = await gather(verifier.lookUp, digest);
  const isOther = evidence !== null && !equalBytes(evidence.fileDigest, digest);
  if (answer.present.length > 0 || !isOther) return { answer, answeredDigest: digest };
  return { answer: await gather(verifier.lookUp, evidence.fileDigest), answeredDigest: evidence.fileDigest };
}

/** Asks the verifier anew for everything. Never throws for what the verifier says or fails to say. */
export async function checkOnline(reader: Reader, subject: Subject): Promise<Told> {
  const { verifier, memory } = reader;
  const askedAt = performance.now();
  let accepted: AcceptedTrust | null = null;
  try {
    const asked = [verifier.trust(), verifier.chain(), gatherFor(reader, subject)] as const;
    const [signedTrust, chain, { answer, answeredDigest }] = await Promise.all(asked);
    accepted = memory.accept(signedTrust);
    // The worst of what the answers say of their age, and all the time since the first question: no answer can be older.
    const polledMsAgo = Math.max(chain.polledMsAgo, ...answer.logs.map((log) => log.polledMsAgo));
    const live = { facts: chain.facts, ageMs: Math.ceil(polledMsAgo + performance.now() - askedAt) };
    return judged(reader, subject, { answer, answeredDigest, trust: accepted.trust, live }, accepted);
  } catch (error) {
    return nothingTold(reader, error, accepted);
  }
}

/** Judges by the evidence and the remembered trust file alone: nothing is asked of anyone. */
export function checkOffline(reader: Reader, subject: Subject & { readonly evidence: Evidence }): Told {
  const { evidence } = subject;
  try {
    const remembered = reader.memory.recall(evidence.chainReference);
    if (remembered === null) throw untrusted('no trust file is remembered for this chain');
    const accepted = reader.memory.accept(remembered);
    const { answer, fileDigest } = evidence;
    return judged(reader, subject, { answer, answeredDigest: fileDigest, trust: accepted.trust, live: null }, accepted);
  } catch (error) {
    return nothingTold(reader, error, null);
  }
}

function judged(reader: Reader, { digest, evidence }: Subject, ground: Ground, trust: AcceptedTrust): Told {
  const evaluatedAt = reader.now();
  const { answer, answeredDigest, live } = ground;
  const isOwn = equalBytes(answeredDigest, digest);
  const verdict = verify({
    fileDigest: digest,
    answeredDigest,
    answer,
    isCarried: evidence !== null,
    licence: null,
    trust: trust.trust,
    live,
    evaluatedAt,
    at: null,
  });
  const kept = { chainReference: chainReferenceIn(trust.trust), fileDigest: digest, takenAt: evaluatedAt, answer };
  return {
    verdict,
    mode: live === null ? 'offline' : 'online',
    ground,
    trust,
    isTrustRefused: false,
    evidence: isOwn && live !== null && verdict.licence !== null ? kept : null,
  };
}
