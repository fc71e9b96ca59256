/**
 * Who sends a call: a signature in the shape of RFC 9421 over method, target, body and the request that travels with it, SM2 over SM3.
 * It is transport: it says which registered key sent this call now. What is kept as evidence is signed inside the request itself.
 *
 * Of all that the RFC allows there is one spelling here, and what differs is refused:
 *
 *     Content-Digest: sm3=:<base64 of H(body)>:                                             RFC 9530, also for an empty body
 *     Signature-Input: sig1=("@method" "@target-uri" "content-digest"[ "veritrail-request"]);created=<s>;keyid="<64 hex>";nonce="<32 hex>";
 *                      alg="sm2-sm3";tag="veritrail"
 *     Signature: sig1=:<base64 of r ‖ s>:
 *
 * The signature base is that of RFC 9421 §2.5, its lines in this order. It begins with `"@method": `, which no labelled message does.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { decodeBase64, encodeBase64, encodeHex, encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { type Hash, hashFromHex } from '../../core/bytes/hash.ts';
import { isSm2Signature, parseSignature, type PublicKey, type Signature } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { HttpRefusal } from '../problem.ts';
import type { Signer } from '../signer.ts';

/** What is signed. Attacker-controlled on the receiving side. */
export interface SignedCall {
  readonly method: string;
  /** Absolute, as the sender addressed it. */
  readonly targetUri: string;
  readonly body: Uint8Array;
  /** Value of the header `Veritrail-Request`, where there is one. */
  readonly request: string | null;
}

export interface CallParameters {
  /** UTC ms; sent in whole seconds. */
  readonly createdAt: number;
  /** 16 bytes, never used again with this key. */
  readonly nonce: Uint8Array;
}

/** What the headers of a call say of its sender. Whether the key is registered and the nonce new, the caller finds out. */
export interface CallSignature {
  readonly keyId: Hash;
  /** UTC ms, a whole second. */
  readonly createdAt: number;
  /** Hex. */
  readonly nonce: string;
  /** True when this key signed this very call. */
  isOf(publicKey: PublicKey): boolean;
}

export const REQUEST_HEADER = 'veritrail-request';
const INPUT =
  /^sig1=(\("@method" "@target-uri" "content-digest"( "veritrail-request")?\);created=(0|[1-9][0-9]{0,10});keyid="([0-9a-f]{64})";nonce="([0-9a-f]{32})";alg="sm2-sm3";tag="veritrail")$/;
const SIGNATURE = /^sig1=:([A-Za-z0-9+/]{86}==):$/;

function formatDigest(body: Uint8Array): string {
  return `sm3=:${encodeBase64(sm3(body))}:`;
}

function formatParameters(keyId: Hash, { createdAt, nonce }: CallParameters, hasRequest: boolean): string {
  const covered = `("@method" "@target-uri" "content-digest"${hasRequest ? ' "veritrail-request"' : ''})`;
  const created = Math.floor(createdAt / 1000);
  return `${covered};created=${created};keyid="${encodeHex(keyId)}";nonce="${encodeHex(nonce)}";alg="sm2-sm3";tag="veritrail"`;
}

function signatureBase({ method, targetUri, body, request }: SignedCall, parameters: string): Uint8Array {
  const lines = [
    `"@method": ${method}`,
    `"@target-uri": ${targetUri}`,
    `"content-digest": ${formatDigest(body)}`,
    ...(request === null ? [] : [`"veritrail-request": ${request}`]),
    `"@signature-params": ${parameters}`,
  ];
  return encodeUtf8(lines.join('\n'));
}

/** The headers to send with the call, lower-case names. */
export async function signCall(call: SignedCall, signer: Signer, given: CallParameters): Promise<Record<string, string>> {
  const parameters = formatParameters(signer.keyId, given, call.request !== null);
  const signature = await signer.sign(signatureBase(call, parameters));
  return {
    'content-digest': formatDigest(call.body),
    'signature-input': `sig1=${parameters}`,
    signature: `sig1=:${encodeBase64(signature)}:`,
    ...(call.request !== null && { [REQUEST_HEADER]: call.request }),
  };
}

function refusal(why: string): HttpRefusal {
  return new HttpRefusal(401, 'FORBIDDEN', `the call must be signed: ${why}`, { 'WWW-Authenticate': 'Signature' });
}

function headerOf(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (typeof value !== 'string') throw refusal(`${name} is missing`);
  return value;
}

function readSignature(headers: IncomingHttpHeaders): Signature {
  const [, base64] = SIGNATURE.exec(headerOf(headers, 'signature')) ?? [];
  if (base64 === undefined) throw refusal('signature is not of the one accepted form');
  try {
    return parseSignature(decodeBase64(base64));
  } catch (error) {
    if (isCodedError(error)) throw refusal('signature is not of the one accepted form');
    throw error;
  }
}

/** Throws FORBIDDEN (401) when the headers are not there, not of the one form, or not those of this body. */
export function readCallSignature(headers: IncomingHttpHeaders, call: Omit<SignedCall, 'request'>): CallSignature {
  const match = INPUT.exec(headerOf(headers, 'signature-input'));
  if (match === null) throw refusal('signature-input is not of the one accepted form');
  const [, parameters, covered, created, keyId, nonce] = match as unknown as [string, string, string?, string?, string?, string?];
  const digest = encodeUtf8(headerOf(headers, 'content-digest'));
  if (!equalBytes(digest, encodeUtf8(formatDigest(call.body)))) throw refusal('content-digest is not the body’s');
  const hasRequest = headers[REQUEST_HEADER] !== undefined;
  // A header that the signature does not cover could be anybody's.
  if (hasRequest !== (covered !== undefined)) throw refusal(`${REQUEST_HEADER} and signature-input do not fit`);
  const request = hasRequest ? headerOf(headers, REQUEST_HEADER) : null;
  const signature = readSignature(headers);
  const base = signatureBase({ ...call, request }, parameters);
  return {
    keyId: hashFromHex(keyId!),
    createdAt: Number(created) * 1000,
    nonce: nonce!,
    isOf: (publicKey) => isSm2Signature(publicKey, base, signature),
  };
}
