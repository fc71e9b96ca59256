/**
 * One custodian with an access log and a seals log, one accessor with an operator, and test persons whose numbers belong to nobody (the
 * division 999999 is not assigned). Keys, salts and nonces are fixed: the same run gives the same bytes.
 */
import type { Envelope } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { AccessBody } from '../../core/access/body.ts';
import { normaliseNumber, type CanonicalNumber } from '../../core/access/number.ts';
import { type AccessOutcome, encodeOutcome, outcomeSignedBytes, type SignedOutcome } from '../../core/access/outcome.ts';
import { type AccessRequest, encodeRequest, queryDigestOf } from '../../core/access/request.ts';
import { requestDigestOf, requestSignedBytes, type SignedRequest } from '../../core/access/request.ts';
import { growSubjectTree, type SubjectTree } from '../../core/access/subject.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { parsePrivateKey, type PrivateKey } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';

export const bytesOf = (name: string): Hash => sm3(encodeUtf8(name));
export const keyOf = (name: string): PrivateKey => parsePrivateKey(bytesOf(name));

export const CUSTODIAN = parseUscc('11999900MB0000001K');
export const ACCESSOR = parseUscc('11999900MB0000002N');
export const ORIGIN = parseOrigin(`sample/${CUSTODIAN}/access`);
export const LOG_ID = logIdOf(ORIGIN);

export const custodianSigner = signerOf(keyOf('custodian request key'));
export const accessorSigner = signerOf(keyOf('accessor request key'));
export const operatorSigner = signerOf(keyOf('operator key'));
export const vrfKey = keyOf('vrf key');

/** 2026-01-01T02:00:00Z: the quantum in which the sample's entries are recorded. */
export const RECORDED_AT = Date.UTC(2026, 0, 1, 2);
export const QUANTUM = 60_000;

export const person = (i: number): CanonicalNumber =>
  normaliseNumber(1, ['11010519491231002X', '999999190001010015', '999999190001010023', '999999190001010031'][i]!);

export const QUERY = encodeUtf8('GET /persons/999999190001010015?fields=name,address\n');
export const QUERY_SALT = bytesOf('query salt');

export const REQUEST: AccessRequest = {
  accessor: ACCESSOR,
  action: 'read',
  agreement: '样共享〔2026〕1号',
  breakGlass: null,
  case: 'SL-2026-000017',
  cause: '办理采矿许可证，核对申请人信息',
  custodian: CUSTODIAN,
  grade: 'session-attested',
  legalBasis: '矿产资源法 第十六条',
  matter: '采矿权许可',
  method: 'view',
  nonce: bytesOf('request nonce'),
  operator: { id: 'S-0017', publicKey: null, role: '窗口受理' },
  parent: null,
  purpose: 'service.requested',
  queryDigest: queryDigestOf(QUERY_SALT, QUERY),
  requestedAt: RECORDED_AT + 12_000,
  system: '政务服务平台',
  terminal: '10.8.0.17',
};

const signature = (signer: Signer, message: Uint8Array): Envelope['signatures'][number] => ({
  keyId: keyIdOf(signer.publicKey),
  signature: signer.sign(message),
});

export function signRequest(request: AccessRequest, ...signers: readonly Signer[]): SignedRequest {
  const payload = encodeRequest(request);
  return { request, envelope: { payload, signatures: signers.map((one) => signature(one, requestSignedBytes(payload))) } };
}

export function signOutcome(outcome: AccessOutcome, signer: Signer = custodianSigner): SignedOutcome {
  const payload = encodeOutcome(outcome);
  return { outcome, envelope: { payload, signatures: [signature(signer, outcomeSignedBytes(payload))] } };
}

export const treeOf = (...numbers: readonly CanonicalNumber[]): SubjectTree =>
  growSubjectTree(numbers.map((number) => ({ number, salt: bytesOf(`salt of ${number.id}`) })));

export function outcomeFor(request: SignedRequest, tree: SubjectTree, change: Partial<AccessOutcome> = {}): AccessOutcome {
  return {
    answeredAt: RECORDED_AT + 12_400,
    chunk: { number: 0, isLast: true },
    code: null,
    custodian: CUSTODIAN,
    fields: [
      { class: 'household', name: 'address' },
      { class: 'identity', name: 'name' },
    ],
    origin: ORIGIN,
    request: requestDigestOf(request.envelope.payload),
    result: 'granted',
    seal: null,
    subjectCount: tree.subjects.length,
    subjectsRoot: tree.subjectsRoot,
    ...change,
  };
}

/** The sample's event, as it is told to one of its subjects. */
export function bodyFor(
  number: CanonicalNumber,
  request = signRequest(REQUEST, accessorSigner),
  change: Partial<AccessOutcome> = {},
): AccessBody {
  const tree = treeOf(person(1), person(2), person(3));
  const subject = tree.subjects.find((one) => one.number.id === number.id)!;
  return { request, outcome: signOutcome(outcomeFor(request, tree, change)), subject };
}
