/**
 * What the authority's request key signs for an officer, and what is passed on to custodians. Whoever calls is believed nothing: the
 * signature of an officer's own key, which stands in the portal's config, says who asks. Three things are signed, each in one form, each
 * dated now:
 *
 *     a case       of this authority, all of whose officers are the desk's: else one officer could be two of her own making
 *     a request    a look-up, an unmasking or an approval in a case that this authority signed, by an officer of that case, to a custodian
 *                  that the desk has a way to; every member but what one look-up is about follows from the case
 *     a manifest   of a package of such a case. Its parts are the officer's word: the journal says whose
 */
import { encodeRequest, parseRequest, requestSignedBytes } from '../../core/access/request.ts';
import type { SignedRequest } from '../../core/access/request.ts';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { Uscc } from '../../core/authority/uscc.ts';
import { equalBytes } from '../../core/bytes/bytes.ts';
import { forbidden, malformed, untrusted, unverified } from '../../core/bytes/error.ts';
import { manifestSignedBytes, parseManifest } from '../../core/package/manifest.ts';
import { isSm2Signature, type PublicKey } from '../../core/sm/sm2.ts';
import { caseDigestOf, caseSignedBytes, findOfficer, type Officer, parseCase, type SignedCase } from '../../core/trace/case.ts';
import { requestInCase, type SentQuestion } from '../../core/trace/query.ts';
import { verifyUnmasking } from '../../core/trace/unmasking.ts';

export interface JudgeTerms {
  readonly authority: Uscc;
  readonly officers: readonly Officer[];
  /** Those that the desk has a way to. */
  readonly custodians: ReadonlySet<Uscc>;
  /** The authority's request keys that sign, or signed, its cases. */
  readonly caseKeys: readonly PublicKey[];
  readonly system: string;
  readonly terminal: string;
  /** UTC ms. */
  readonly clock: () => number;
}

/** Of an officer's machine and ours, as a node allows it. */
const MAX_CLOCK_DIFFERENCE = 300_000;
const ACTIONS: readonly string[] = ['trace', 'unmask', 'approve'];

export class DeskJudge {
  readonly #terms: JudgeTerms;

  constructor(terms: JudgeTerms) {
    this.#terms = terms;
  }

  /** Each returns the bytes to sign, and throws MALFORMED, FORBIDDEN, UNVERIFIED; of a case that is not ours UNTRUSTED. */
  newCase(payload: Uint8Array, own: EnvelopeSignature): Uint8Array {
    const signedBytes = caseSignedBytes(payload);
    this.#officerOf(own, signedBytes);
    const one = parseCase(payload);
    if (one.authority !== this.#terms.authority) throw forbidden('a case of another authority');
    if (!one.officers.every((named) => this.#isOurs(named)))
      throw forbidden('the case names an officer whom this desk does not know');
    this.#requireNow(one.openedAt);
    return signedBytes;
  }

  request(signedCase: SignedCase, payload: Uint8Array, own: EnvelopeSignature): Uint8Array {
    const signedBytes = requestSignedBytes(payload);
    const officer = this.#officerOf(own, signedBytes);
    this.#requireForm(signedCase, payload, officer);
    this.#requireNow(parseRequest(payload).requestedAt);
    return signedBytes;
  }

  manifest(signedCase: SignedCase, payload: Uint8Array, own: EnvelopeSignature): Uint8Array {
    const signedBytes = manifestSignedBytes(payload);
    const officer = this.#officerOf(own, signedBytes);
    this.#requireCase(signedCase, officer);
    const manifest = parseManifest(payload);
    if (!equalBytes(manifest.case, caseDigestOf(signedCase.envelope.payload))) throw forbidden('a package of another case');
    this.#requireNow(manifest.madeAt);
    return signedBytes;
  }

  /** That the desk signed it for an officer just now, and of an unmasking that two agreed. Throws as above. */
  requireQuestion(signedCase: SignedCase, { request, approval, query }: SentQuestion): Officer {
    const asking = this.#requireSigned(signedCase, request);
    const isUnmasking = query.kind === 'unmask';
    if (request.request.action !== (isUnmasking ? 'unmask' : 'trace')) throw forbidden('the request is for another action');
    if ((approval !== null) !== isUnmasking) throw malformed('an unmasking has an approval, and nothing else has');
    if (approval === null) {
      this.#requireNow(request.request.requestedAt);
      return asking;
    }
    const approving = this.#requireSigned(signedCase, approval);
    verifyUnmasking(signedCase.case, request, approval);
    // The request may have waited for it.
    this.#requireNow(approval.request.requestedAt);
    return approving;
  }

  #requireSigned(signedCase: SignedCase, { envelope, request }: SignedRequest): Officer {
    const [first, own] = envelope.signatures;
    if (own === undefined) throw forbidden('no officer’s own key signed the request');
    const signedBytes = requestSignedBytes(envelope.payload);
    const officer = this.#officerOf(own, signedBytes);
    this.#requireForm(signedCase, envelope.payload, officer);
    if (!this.#isSignedByUs(first!, signedBytes))
      throw unverified('this desk did not sign the request', { custodian: request.custodian });
    return officer;
  }

  /** Every member, by making it anew: an authority that signs for others signs nothing that it does not understand. */
  #requireForm(signedCase: SignedCase, payload: Uint8Array, officer: Officer): void {
    const named = this.#requireCase(signedCase, officer);
    const said = parseRequest(payload);
    const { system, terminal, custodians } = this.#terms;
    const { action, custodian, nonce, parent, queryDigest, requestedAt: now } = said;
    const own = { case: signedCase.case, officer: named, isSignedByOfficer: true, system, terminal };
    const ours = requestInCase({ ...own, action, custodian, nonce, parent, queryDigest, now });
    if (!equalBytes(encodeRequest(ours), payload)) throw forbidden('not a look-up of this case by this officer');
    if (!ACTIONS.includes(action)) throw forbidden('the request is for another action');
    if (action !== 'trace' && parent === null) throw forbidden('an unmasking names what led to it');
    if (!custodians.has(custodian)) throw forbidden('this desk has no way to that custodian');
  }

  /** As the case names her. */
  #requireCase({ case: one, envelope }: SignedCase, officer: Officer): Officer {
    const isOurs = one.authority === this.#terms.authority;
    if (!isOurs || !this.#isSignedByUs(envelope.signatures[0]!, caseSignedBytes(envelope.payload)))
      throw untrusted('the case is not signed by this desk’s authority');
    const named = findOfficer(one, officer.id);
    if (named === undefined || !equalBytes(named.publicKey, officer.publicKey)) throw forbidden('not an officer of this case');
    return named;
  }

  #isSignedByUs({ keyId, signature }: EnvelopeSignature, signedBytes: Uint8Array): boolean {
    const key = this.#terms.caseKeys.find((one) => equalBytes(keyIdOf(one), keyId));
    return key !== undefined && isSm2Signature(key, signedBytes, signature);
  }

  #officerOf({ keyId, signature }: EnvelopeSignature, signedBytes: Uint8Array): Officer {
    const officer = this.#terms.officers.find(({ publicKey }) => equalBytes(keyIdOf(publicKey), keyId));
    if (officer === undefined) throw forbidden('the key is no officer’s of this desk');
    if (!isSm2Signature(officer.publicKey, signedBytes, signature)) throw unverified('the officer’s signature does not hold');
    return officer;
  }

  #isOurs({ id, role, publicKey }: Officer): boolean {
    return this.#terms.officers.some((one) => one.id === id && one.role === role && equalBytes(one.publicKey, publicKey));
  }

  #requireNow(at: number): void {
    if (Math.abs(at - this.#terms.clock()) > MAX_CLOCK_DIFFERENCE) throw forbidden('not dated now: is the clock right?');
  }
}
