/**
 * Verdicts for integrators, who let this verifier read the cover: the same questions and the same judgement as in page and CLI
 * (core/verify), asked of this verifier's own index. A file is hashed as it comes and never stored; its digest reaches no log.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { equalBytes } from '../../core/bytes/bytes.ts';
import { CodedError, malformed, notFound, unavailable } from '../../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { parseJson, type JsonObject, type JsonValue } from '../../core/bytes/json.ts';
import type { Envelope } from '../../core/authority/envelope.ts';
import { parseLicence } from '../../core/licence/document.ts';
import { parseLicencePayload } from '../../core/licence/payload.ts';
import { Sm3 } from '../../core/sm/sm3.ts';
import { type Evidence, formatEvidence, MAX_EVIDENCE_BYTES, parseEvidenceJson } from '../../core/verify/evidence.ts';
import { gather, type LookUp } from '../../core/verify/gather.ts';
import type { Trust } from '../../core/verify/trust.ts';
import { formatVerdict } from '../../core/verify/verdict-json.ts';
import type { Verdict } from '../../core/verify/verdict.ts';
import { undeterminedVerdict, verify } from '../../core/verify/verify.ts';
import type { Lang } from '../../core/verify/words.ts';
import { readJson, readLines, sendLines } from '../../service/body.ts';
import { parseShape } from '../../service/config.ts';
import { sendJson, traceIdOf } from '../../service/http.ts';
import { describeProblem, HttpRefusal } from '../../service/problem.ts';
import { lookUp, type LookupSources } from './lookup.ts';
import { EVIDENCE_REQUEST, VERIFY_REQUEST } from './shape.ts';

export interface VerifySources extends LookupSources {
  readonly trust: () => Trust | null;
  readonly clock: () => number;
}

interface FileQuestion {
  readonly fileDigest: Hash;
  readonly licence: Envelope | null;
  readonly evidence: Evidence | null;
  readonly at: number | null;
}

const MAX_FILE_BYTES = 64 << 20;
/** An evidence file, and a licence beside it. */
const MAX_REQUEST_BYTES = MAX_EVIDENCE_BYTES + (1 << 20);

/** Throws MALFORMED. */
function parseQuestion({ fileDigest, licence, evidence, at }: z.infer<typeof VERIFY_REQUEST>): FileQuestion {
  const envelope = licence === undefined ? null : parseLicence(licence as JsonValue);
  // Judging reads the payload as well; refused here, it is the asker's mistake.
  if (envelope !== null) parseLicencePayload(envelope.payload);
  return {
    fileDigest: hashFromHex(fileDigest),
    licence: envelope,
    evidence: evidence === undefined ? null : parseEvidenceJson(evidence as JsonValue),
    at: at ?? null,
  };
}

function ownLookUp(sources: LookupSources): LookUp {
  return async (question) => lookUp(sources, question);
}

/** Throws UNAVAILABLE without a trust file or while the index is being built, MALFORMED for evidence about another chain. */
async function judge(sources: VerifySources, question: FileQuestion): Promise<Verdict> {
  const { chain, clock } = sources;
  const { fileDigest, licence, evidence, at } = question;
  const trust = sources.trust();
  if (trust === null) throw unavailable('this verifier has no trust file');
  if (evidence !== null && !equalBytes(evidence.chainReference, chain.chainReference)) {
    throw malformed('the evidence is about another chain than this verifier follows');
  }
  if (chain.facts === null) return undeterminedVerdict('CHAIN_UNREACHABLE', clock());
  // With evidence the file it was taken for is looked up: what the log says of that one now counts, not what was said then.
  const answeredDigest = evidence?.fileDigest ?? fileDigest;
  const answer = await gather(ownLookUp(sources), answeredDigest, licence);
  const live = { facts: chain.facts, ageMs: chain.polledMsAgo };
  const isCarried = evidence !== null;
  return verify({ fileDigest, answeredDigest, answer, isCarried, licence, trust, live, evaluatedAt: clock(), at });
}

const LANGS: readonly Lang[] = ['zh-CN', 'en'];

/** The language that the client likes best among ours (RFC 9110 §12.5.4); Chinese unless it says otherwise. */
export function chooseLang(header: string | undefined): Lang {
  const liked = (header ?? '').split(',').map((range) => {
    const [tag = '', quality = 'q=1'] = range
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/);
    return { tag, weight: Number(/^q=(\d(?:\.\d{1,3})?)$/.exec(quality)?.[1] ?? 0) };
  });
  const weightOf = (lang: Lang): number =>
    Math.max(0, ...liked.filter(({ tag }) => tag.split('-')[0] === lang.split('-')[0]).map(({ weight }) => weight));
  return LANGS.reduce((best, lang) => (weightOf(lang) > weightOf(best) ? lang : best));
}

function langOf(request: IncomingMessage, response: ServerResponse): Lang {
  const lang = chooseLang(request.headers['accept-language']);
  response.setHeader('Content-Language', lang);
  response.setHeader('Vary', 'Accept-Language');
  return lang;
}

/** The digest of the body, which is not kept. Throws MALFORMED (413) beyond the cap. */
async function hashBody(request: IncomingMessage): Promise<Hash> {
  const sm3 = new Sm3();
  let length = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      length += chunk.length;
      if (length > MAX_FILE_BYTES) {
        throw new HttpRefusal(413, 'MALFORMED', `the file is longer than ${MAX_FILE_BYTES} bytes`, { Connection: 'close' });
      }
      sm3.update(chunk);
    }
  } catch (error) {
    throw error instanceof CodedError ? error : unavailable('the client went away');
  }
  return sm3.digest();
}

async function readQuestion(request: IncomingMessage): Promise<FileQuestion> {
  const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();
  if (type !== 'application/octet-stream') return parseQuestion(await readJson(request, VERIFY_REQUEST, MAX_REQUEST_BYTES));
  if (request.headers['content-encoding'] !== undefined) throw new HttpRefusal(415, 'MALFORMED', 'the body must not be encoded');
  return { fileDigest: await hashBody(request), licence: null, evidence: null, at: null };
}

/** POST /v1/verify */
export async function answerVerify(sources: VerifySources, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const lang = langOf(request, response);
  sendJson(response, formatVerdict(await judge(sources, await readQuestion(request)), lang));
}

/** POST /v1/verify/batch: one line for each line, in their order; a line that cannot be judged says why in its place. */
export async function answerBatch(sources: VerifySources, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const lang = langOf(request, response);
  const lines = readLines(request, MAX_REQUEST_BYTES);
  async function* answers(): AsyncGenerator<JsonObject> {
    let line = 0;
    for await (const bytes of lines) {
      line++;
      yield { line, ...(await answerLine(bytes)) };
    }
  }
  async function answerLine(bytes: Uint8Array): Promise<JsonObject> {
    try {
      const value = parseJson(bytes, { maxBytes: MAX_REQUEST_BYTES });
      return formatVerdict(await judge(sources, parseQuestion(parseShape(VERIFY_REQUEST, value, 'line'))), lang);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      return { problem: { ...describeProblem(error, traceIdOf(request)) } };
    }
  }
  await sendLines(request, response, answers());
}

/** POST /v1/evidence. Throws NOT_FOUND when no followed log says anything about the file. */
export async function answerEvidence(sources: VerifySources, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { fileDigest: hex } = await readJson(request, EVIDENCE_REQUEST);
  const fileDigest = hashFromHex(hex);
  const answer = await gather(ownLookUp(sources), fileDigest);
  if (answer.present.length === 0) throw notFound('nothing is recorded about this file');
  const { chainReference } = sources.chain;
  sendJson(response, formatEvidence({ chainReference, fileDigest, takenAt: sources.clock(), answer }));
}
