/**
 * An auditor's desk for her own page, which holds case, keys and answers; here is only what must not be in a browser: the authority's key and
 * the tokens for custodians' nodes. There is no session: each call brings an officer's signature (judge.ts).
 *
 *     GET  /desk/v1/place        whose desk this is; nothing secret
 *     POST /desk/v1/signatures   {"what":"case","payload","officer"} | {"what":"request"|"manifest","case","payload","officer"} → {"keyId","signature"}
 *     POST /desk/v1/ask          {"case","origin","question"} → what the custodian's node answers, as it came
 *
 * `payload` is base64, `officer` {"keyId","signature"}, `case` an envelope (§29), `question` as a node takes it (§30). Nothing of it is kept but
 * digests.
 */
import type { Request, Response } from 'express';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { forbidden, notFound } from '../../core/bytes/error.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { type JsonFields, readFields } from '../../core/bytes/json-fields.ts';
import { originParts, parseOrigin } from '../../core/log/origin.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { MAX_CASE_ANSWER_BYTES } from '../../core/trace/case-answer.ts';
import { parseSignedCase, type SignedCase } from '../../core/trace/case.ts';
import { caseCallOf, parseSentQuestion, type SentQuestion } from '../../core/trace/query.ts';
import { readBody } from '../../service/body.ts';
import { fetchBytes } from '../../service/call/client.ts';
import type { RateLimit } from '../../service/call/rate-limit.ts';
import { type Route, sendBytes, sendJson } from '../../service/http.ts';
import type { Signer } from '../../service/signer.ts';
import { readToken } from '../../service/token.ts';
import type { DeskConfig } from '../config.ts';
import { type Gate, requireOwnOrigin } from '../identity/guard.ts';
import type { DeskJudge } from './judge.ts';
import { SIGNED_KINDS, type SignedKind, type SigningJournal } from './journal.ts';

export interface DeskWorld extends Pick<Gate, 'url'> {
  readonly config: DeskConfig;
  readonly judge: DeskJudge;
  readonly journal: SigningJournal;
  readonly signer: Signer;
  /** Counts calls that an officer's signature stands behind. */
  readonly limit: RateLimit;
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

/** A manifest of ten thousand entries has two and a half million bytes. */
const MAX_TO_SIGN = 8 << 20;
const MAX_QUESTION = 256 << 10;
/** A custodian records before it answers. */
const TIMEOUT_MS = 60_000;

async function readCall<Call>(request: Request, maxBytes: number, read: (fields: JsonFields) => Call): Promise<Call> {
  const bytes = await readBody(request, { type: 'application/json', maxBytes });
  return readFields(parseJson(bytes, { maxBytes }), 'body', read);
}

interface SigningCall {
  readonly what: SignedKind;
  /** Null of a new case. */
  readonly signedCase: SignedCase | null;
  readonly payload: Uint8Array;
  readonly officer: EnvelopeSignature;
}

function readSigning(fields: JsonFields): SigningCall {
  const what = fields.oneOf('what', SIGNED_KINDS);
  return {
    what,
    signedCase: what === 'case' ? null : parseSignedCase(fields.value('case')),
    payload: fields.base64('payload', MAX_TO_SIGN),
    officer: readFields(fields.value('officer'), 'officer', (f) => ({
      keyId: f.hash('keyId'),
      signature: parseSignature(f.hex('signature', 64)),
    })),
  };
}

function toSign(judge: DeskJudge, { what, signedCase, payload, officer }: SigningCall): Uint8Array {
  if (signedCase === null) return judge.newCase(payload, officer);
  return what === 'request' ? judge.request(signedCase, payload, officer) : judge.manifest(signedCase, payload, officer);
}

/** Judged, on record, signed; in this order. */
async function sign(world: DeskWorld, request: Request, response: Response): Promise<void> {
  requireOwnOrigin(world, request);
  const call = await readCall(request, MAX_TO_SIGN, readSigning);
  const signedBytes = toSign(world.judge, call);
  const { what, payload, officer } = call;
  world.limit.take(encodeHex(officer.keyId));
  await world.journal.add({ at: world.clock(), what, digest: sm3(payload), officer });
  const signature = await world.signer.sign(signedBytes);
  sendJson(response, { keyId: encodeHex(world.signer.keyId), signature: encodeHex(signature) });
}

interface AskCall {
  readonly signedCase: SignedCase;
  readonly origin: string;
  readonly question: SentQuestion;
}

function readAsk(fields: JsonFields): AskCall {
  return {
    signedCase: parseSignedCase(fields.value('case')),
    origin: parseOrigin(fields.string('origin', 128)),
    question: parseSentQuestion(fields.value('question')),
  };
}

async function ask(world: DeskWorld, request: Request, response: Response): Promise<void> {
  requireOwnOrigin(world, request);
  const { signedCase, origin, question } = await readCall(request, MAX_QUESTION, readAsk);
  const officer = world.judge.requireQuestion(signedCase, question);
  const node = world.config.nodes.find((one) => one.origin === origin);
  if (node === undefined) throw notFound('this desk has no way to that log');
  if (originParts(parseOrigin(origin)).uscc !== question.request.request.custodian)
    throw forbidden('the request is to another custodian');
  world.limit.take(encodeHex(keyIdOf(officer.publicKey)));
  const { path, body, headers } = caseCallOf(question, await readToken(node.tokenFile, 'desk'));
  const caps = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_CASE_ANSWER_BYTES, signal: world.signal };
  sendBytes(response, await fetchBytes(`${node.url}${path}`, { method: 'POST', body, headers, ...caps }), 'application/json');
}

function tellPlace(world: DeskWorld, request: Request, response: Response): void {
  requireOwnOrigin(world, request);
  const { authority, officers, nodes, system, terminal } = world.config;
  sendJson(response, { authority, officers, origins: nodes.map(({ origin }) => origin), system, terminal });
}

export function deskRoutes(world: DeskWorld): Route[] {
  return [
    { method: 'GET', path: '/desk/v1/place', handle: (request, response) => tellPlace(world, request, response) },
    { method: 'POST', path: '/desk/v1/signatures', handle: (request, response) => sign(world, request, response) },
    { method: 'POST', path: '/desk/v1/ask', handle: (request, response) => ask(world, request, response) },
  ];
}
