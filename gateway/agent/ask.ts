/**
 * An accessor's call on a custodian's gateway: the request, signed as evidence, and the headers that carry it (http/authenticate.ts reads them).
 */
import { randomBytes } from 'node:crypto';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import type { Uscc } from '../../core/authority/uscc.ts';
import { encodeBase64, encodeHex, encodeUtf8, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { asHash } from '../../core/bytes/hash.ts';
import {
  type AccessRequest,
  encodeRequest,
  parseSignedRequest,
  queryDigestOf,
  requestSignedBytes,
  type SignedRequest,
} from '../../core/access/request.ts';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import { signCall } from '../../service/call/http-signature.ts';
import type { Signer } from '../../service/signer.ts';
import { encodeQuery, type Query } from '../query.ts';
import { SubjectSet } from '../subject-set.ts';

/** What the accessor says of its access; the rest follows from the call. */
export type SaidOfAccess = Omit<AccessRequest, 'accessor' | 'custodian' | 'nonce' | 'queryDigest' | 'requestedAt'>;

/** The call as the custodian's gateway will see it. */
export interface OutgoingCall extends Query {
  /** Base URL of the gateway, without a slash at its end. */
  readonly gatewayUrl: string;
}

export interface PreparedRequest {
  readonly request: AccessRequest;
  readonly payload: Uint8Array;
  /** Of the query digest: accessor and custodian alone have it. */
  readonly salt: Uint8Array;
}

export function prepareRequest(
  said: SaidOfAccess,
  parties: { readonly accessor: Uscc; readonly custodian: Uscc },
  call: OutgoingCall,
  now: number,
): PreparedRequest {
  const salt = randomBytes(32);
  const request = {
    ...said,
    ...parties,
    nonce: asHash(randomBytes(32)),
    queryDigest: queryDigestOf(salt, encodeQuery(call)),
    requestedAt: now,
  };
  return { request, payload: encodeRequest(request), salt };
}

/** True when the request is for this very call. */
export function isFor({ request, salt }: PreparedRequest, call: OutgoingCall): boolean {
  return equalBytes(request.queryDigest, queryDigestOf(salt, encodeQuery(call)));
}

/** With the operator's own signature where there is one. Throws MALFORMED for what no request may say. */
export async function signRequest(
  { payload }: PreparedRequest,
  signer: Signer,
  operator: EnvelopeSignature | null = null,
): Promise<SignedRequest> {
  const signature = await signer.sign(requestSignedBytes(payload));
  const own = { keyId: signer.keyId, signature };
  const envelope = { payload, signatures: operator === null ? [own] : [own, operator] };
  return parseSignedRequest(formatEnvelope(envelope));
}

/** All headers that the gateway asks for. */
export async function signOutgoing(
  call: OutgoingCall,
  signed: SignedRequest,
  salt: Uint8Array,
  signer: Signer,
  now: number,
): Promise<Record<string, string>> {
  const request = encodeBase64(encodeUtf8(JSON.stringify(formatEnvelope(signed.envelope))));
  const { method, gatewayUrl, target, body } = call;
  const headers = await signCall({ method, targetUri: `${gatewayUrl}${target}`, body, request }, signer, {
    createdAt: now,
    nonce: randomBytes(16),
  });
  return { ...headers, 'veritrail-salt': encodeHex(salt) };
}

const RESIDENT = /(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])/g;

/** Resident numbers that the call plainly names. A custodian that answers about them and logs none of them has logged a wrong number. */
export function numbersIn({ target, body }: Pick<Query, 'target' | 'body'>): readonly CanonicalNumber[] {
  const text = `${safelyDecoded(target)} ${new TextDecoder().decode(body)}`;
  const numbers = new SubjectSet();
  for (const [found] of text.matchAll(RESIDENT)) {
    try {
      numbers.add(normaliseNumber(NUMBER_CLASSES.resident, found));
    } catch (error) {
      if (!isCodedError(error)) throw error;
    }
  }
  return numbers.list;
}

function safelyDecoded(target: string): string {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}
