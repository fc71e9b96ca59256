/**
 * An accessor's call on a custodian's gateway: the request, signed as evidence, and the headers that carry it (http/authenticate.ts reads them).
 */
import { randomBytes } from 'node:crypto';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import type { Uscc } from '../../core/authority/uscc.ts';
import { concatBytes, encodeBase64, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
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
import { signCall } from '../../service/http-signature.ts';
import type { Signer } from '../../service/signer.ts';

/** What the accessor says of its access; the rest follows from the call. */
export type SaidOfAccess = Omit<AccessRequest, 'accessor' | 'custodian' | 'nonce' | 'queryDigest' | 'requestedAt'>;

/** The call as the custodian's gateway will see it. */
export interface OutgoingCall {
  readonly method: string;
  /** Base URL of the gateway, without a slash at its end. */
  readonly gatewayUrl: string;
  /** Path and query. */
  readonly target: string;
  readonly body: Uint8Array;
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
  { method, target, body }: OutgoingCall,
  now: number,
): PreparedRequest {
  const salt = randomBytes(32);
  const query = concatBytes(encodeUtf8(`${method} ${target}\n`), body);
  const request = {
    ...said,
    ...parties,
    nonce: asHash(randomBytes(32)),
    queryDigest: queryDigestOf(salt, query),
    requestedAt: now,
  };
  return { request, payload: encodeRequest(request), salt };
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
