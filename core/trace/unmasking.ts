/**
 * An unmasking: two officers of a case agree that persons are named. It is two requests, so that both stand on record like any access:
 *
 *     the request     action `unmask`, signed by the authority and by the officer who asks, with her own key
 *     the approval    action `approve`, its parent the request's digest, signed by the authority and by another officer, with hers
 *
 * The request's query digest covers the leaf hashes of the entries that are opened, and the approval covers the request: neither can be used
 * for other entries. One alone opens nothing.
 */
import { requestDigestOf, requestSignedBytes, type AccessRequest, type SignedRequest } from '../access/request.ts';
import { keyIdOf } from '../authority/key-id.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { isSm2Signature } from '../sm/sm2.ts';
import { findOfficer, type Officer, type TraceCase } from './case.ts';

export interface ApprovalTerms {
  readonly request: SignedRequest;
  readonly officer: Officer;
  readonly system: string;
  readonly terminal: string;
  /** Random, 32 bytes, new. */
  readonly nonce: Hash;
  /** UTC ms. */
  readonly now: number;
}

/** What the second officer signs: all of it is the request's, but for who, when and where. */
export function approvalRequest({ request, officer, system, terminal, nonce, now }: ApprovalTerms): AccessRequest {
  return {
    ...request.request,
    action: 'approve',
    nonce,
    operator: { id: officer.id, publicKey: officer.publicKey, role: officer.role },
    parent: requestDigestOf(request.envelope.payload),
    requestedAt: now,
    system,
    terminal,
  };
}

/** That an officer of the case made this request with her own key. The authority's signature is judged by registry facts (signed-by.ts). */
function verifyOfficer(one: TraceCase, { envelope, request }: SignedRequest, action: string): Officer {
  const officer = findOfficer(one, request.operator.id);
  const signature = envelope.signatures[1];
  if (request.accessor !== one.authority || request.case !== one.number || request.action !== action)
    throw unverified('unmasking: of another case, or for something else');
  if (officer === undefined || signature === undefined) throw unverified('unmasking: not signed by an officer of the case');
  const isTheirs =
    equalBytes(signature.keyId, keyIdOf(officer.publicKey)) &&
    isSm2Signature(officer.publicKey, requestSignedBytes(envelope.payload), signature.signature);
  if (!isTheirs) throw unverified('unmasking: not signed by the officer it names');
  return officer;
}

/** The first half alone: what the second officer checks before she approves. Throws UNVERIFIED. */
export function verifyUnmaskingRequest(one: TraceCase, request: SignedRequest): Officer {
  return verifyOfficer(one, request, 'unmask');
}

/** Throws UNVERIFIED. */
export function verifyUnmasking(one: TraceCase, request: SignedRequest, approval: SignedRequest): void {
  const asking = verifyUnmaskingRequest(one, request);
  const approving = verifyOfficer(one, approval, 'approve');
  if (approving.id === asking.id) throw unverified('unmasking: nobody approves what she asks for herself');
  const { parent } = approval.request;
  if (parent === null || !equalBytes(parent, requestDigestOf(request.envelope.payload)))
    throw unverified('unmasking: the approval is of another request');
}
