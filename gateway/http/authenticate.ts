/**
 * Who asks: a call that the accessor's request key signed just now, with the request that the accessor signed for it. Until all of this
 * holds nobody has asked, and there is nothing to log. What it may have, judge.ts says.
 *
 *     Veritrail-Request: base64 of the JSON of the envelope        Veritrail-Salt: 64 hex, of the query digest
 *     Content-Digest, Signature-Input, Signature: service/call/http-signature.ts
 */
import type { IncomingHttpHeaders } from 'node:http';
import { decodeBase64, decodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed, unverified, untrusted } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { parseJson } from '../../core/bytes/json.ts';
import {
  parseSignedRequest,
  queryDigestOf,
  requestDigestOf,
  requestSignedBytes,
  type SignedRequest,
} from '../../core/access/request.ts';
import { isSm2Signature } from '../../core/sm/sm2.ts';
import { readCallSignature, REQUEST_HEADER } from '../../service/call/http-signature.ts';
import { HttpRefusal } from '../../service/problem.ts';
import { type AgedFacts, requireRequestKey } from '../registry.ts';
import { encodeQuery } from '../query.ts';
import type { GivenCall } from './route.ts';

export const SALT_HEADER = 'veritrail-salt';

export interface Caller extends SignedRequest {
  readonly digest: Hash;
  readonly known: AgedFacts;
  /** Whether the request was signed for what is asked now. */
  readonly isOfQuery: boolean;
}

export interface Door {
  readonly custodian: string;
  readonly publicUrl: string;
  readonly maxAgeMs: number;
}

/** 16 KiB, base64 in an envelope, base64 in a header. */
const MAX_HEADER = 32 << 10;

/** Throws FORBIDDEN (401), MALFORMED, UNTRUSTED, UNVERIFIED. All of `headers` and `call` is the client's. */
export function authenticate(door: Door, headers: IncomingHttpHeaders, call: GivenCall, known: AgedFacts, now: number): Caller {
  const { method, target, body } = call;
  const signature = readCallSignature(headers, { method, targetUri: `${door.publicUrl}${target}`, body });
  const signed = readRequest(headers);
  const { request, envelope } = signed;
  const keyId = envelope.signatures[0]!.keyId;
  // One key speaks: a call under another key could carry a request that was taken from elsewhere.
  if (!equalBytes(keyId, signature.keyId))
    throw untrusted('call and request are not signed with one key', { reason: 'OTHER_KEY' });
  if (request.grade === 'imported') throw untrusted('an imported request asks for nothing', { reason: 'LOW_GRADE' });
  if (request.custodian !== door.custodian) throw untrusted('the request is to another custodian', { reason: 'OTHER_CUSTODIAN' });
  requireRecent(signature.createdAt, now, door.maxAgeMs);
  requireRecent(request.requestedAt, now, door.maxAgeMs);
  const key = requireRequestKey(known.facts, keyId, request.accessor, now);
  if (!signature.isOf(key.publicKey)) throw unverified('the signature of the call does not hold', { reason: 'BAD_SIGNATURE' });
  requireSignatures(signed, key.publicKey);
  return { ...signed, digest: requestDigestOf(envelope.payload), known, isOfQuery: isOfQuery(signed, headers, call) };
}

function readRequest(headers: IncomingHttpHeaders): SignedRequest {
  const text = headers[REQUEST_HEADER];
  if (typeof text !== 'string')
    throw new HttpRefusal(401, 'FORBIDDEN', 'the call must carry a signed request', { 'WWW-Authenticate': 'Signature' });
  if (text.length > MAX_HEADER) throw malformed('veritrail-request is too long');
  return parseSignedRequest(parseJson(decodeBase64(text), { maxBytes: MAX_HEADER, maxDepth: 3 }));
}

function requireRecent(time: number, now: number, maxAgeMs: number): void {
  if (Math.abs(now - time) > maxAgeMs) throw untrusted('signed too long ago, or by a clock that is wrong', { reason: 'TOO_OLD' });
}

function requireSignatures({ request, envelope }: SignedRequest, accessorKey: Parameters<typeof isSm2Signature>[0]): void {
  const bytes = requestSignedBytes(envelope.payload);
  const [first, second] = envelope.signatures;
  const { publicKey } = request.operator;
  const holds =
    isSm2Signature(accessorKey, bytes, first!.signature) &&
    (publicKey === null || (second !== undefined && isSm2Signature(publicKey, bytes, second.signature)));
  if (!holds) throw unverified('a signature of the request does not hold', { reason: 'BAD_SIGNATURE' });
}

function isOfQuery({ request }: SignedRequest, headers: IncomingHttpHeaders, call: GivenCall): boolean {
  const salt = headers[SALT_HEADER];
  if (typeof salt !== 'string') return false;
  try {
    return equalBytes(queryDigestOf(decodeHex(salt, 32), encodeQuery(call)), request.queryDigest);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return false;
    throw error;
  }
}
