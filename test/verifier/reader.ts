/** What a page or a command does with a verifier: asks over HTTP for slots and facts, and judges for itself. */
import type { JsonValue } from '../../core/bytes/json.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { CodedError, type ErrorCode } from '../../core/bytes/error.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { gather, type LookUp } from '../../core/verify/gather.ts';
import { formatLookupQuestion, type LookupAnswer, parseLookupAnswer } from '../../core/verify/lookup.ts';
import type { Verdict } from '../../core/verify/verdict.ts';
import { verify } from '../../core/verify/verify.ts';
import type { Served, World } from './world.ts';

export function lookUpAt(verifier: Served): LookUp {
  return async (question) => {
    const { status, json } = await verifier.post('/v1/lookup', formatLookupQuestion(question));
    if (status !== 200) throw new CodedError(json['code'] as ErrorCode, json['detail'] as string);
    return parseLookupAnswer(json);
  };
}

export function gatherAt(verifier: Served, fileDigest: Hash): Promise<LookupAnswer> {
  return gather(lookUpAt(verifier), fileDigest);
}

export async function judgeAt(world: World, verifier: Served, fileDigest: Hash): Promise<Verdict> {
  const answer = await gatherAt(verifier, fileDigest);
  const { json } = await verifier.get('/v1/authorities');
  return verify({
    fileDigest,
    answeredDigest: fileDigest,
    answer,
    isCarried: false,
    licence: null,
    trust: world.trust(),
    live: { facts: parseRegistryFacts(json['facts'] as JsonValue), ageMs: json['polledMsAgo'] as number },
    evaluatedAt: world.clock(),
    at: null,
  });
}

/** The verdict and its reasons in one line. */
export function short({ verdict, reasons }: Pick<Verdict, 'verdict' | 'reasons'>): string {
  return [verdict, ...reasons].join(' ');
}
