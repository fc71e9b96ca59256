/**
 * `veritrail verify package.zip`: everything in a package checked without a network, against a trust file that the reader brings. Whatever does
 * not hold is named by its part, and the rest is checked all the same.
 *
 *   1. the parts are those of the manifest, byte for byte, and the manifest and the case are signed by the case's authority
 *   2. each look-up is signed, and the custodian promised to record it; each naming was agreed on by two officers, for these entries
 *   3. each entry stands in its log at a checkpoint that is signed, witnessed and anchored
 *   4. what the result says follows from these entries
 */
import { requestDigestOf, requestSignedBytes, type SignedRequest } from '../access/request.ts';
import type { EnvelopeSignature } from '../authority/envelope.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import { type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { caseDigestOf, caseSignedBytes, parseSignedCase, type TraceCase } from '../trace/case.ts';
import { TRACE_PURPOSE, verifyQuery } from '../trace/query.ts';
import { signednessOf, verifyLookUp } from '../trace/signed-by.ts';
import { verifyUnmasking } from '../trace/unmasking.ts';
import type { Trust } from '../verify/trust.ts';
import { type World, worldOf } from '../verify/world.ts';
import { checkEntries, type CheckedEntries } from './entry-check.ts';
import { MANIFEST_NAME, manifestSignedBytes, parseSignedManifest, partHashOf, type SignedManifest } from './manifest.ts';
import { countLookUps, type LookUpCounts, type PackedLookUp, parseLookUps } from './parts.ts';
import { checkResult } from './result-check.ts';
import { type PackageCheckId, PackageFindings, type PackageReason, type PackageVerdict } from './verdict.ts';
import { type ReadPart, readZip, ZIP_CAPS } from './zip.ts';

export interface PackageQuestion {
  readonly trust: Trust;
  /** UTC ms. */
  readonly evaluatedAt: number;
}

export interface CheckedPackage {
  readonly verdict: PackageVerdict;
  /** Null where the manifest or the case cannot be read. */
  readonly signed: { readonly manifest: SignedManifest; readonly case: TraceCase } | null;
  readonly entries: CheckedEntries | null;
  readonly lookUps: LookUpCounts | null;
}

/** Throws MALFORMED for what is no package at all: no zip file of the one form, or one without a manifest. */
export function verifyPackage(bytes: Uint8Array, { trust, evaluatedAt }: PackageQuestion): CheckedPackage {
  const world = worldOf({ trust, live: null, evaluatedAt, at: null });
  const check = new PackageCheck(readZip(bytes), world);
  return check.run();
}

/** What the checks of a package have in common. */
export class PackageCheck {
  readonly world: World;
  readonly findings = new PackageFindings();
  readonly #read: ReadonlyMap<string, ReadPart>;
  /** Parts that are what the manifest says. */
  readonly sound = new Map<string, Uint8Array>();

  constructor(parts: readonly ReadPart[], world: World) {
    this.world = world;
    this.#read = new Map(parts.map((part) => [part.name, part]));
  }

  run(): CheckedPackage {
    const manifest = this.#readManifest();
    this.#checkParts(manifest);
    const one = this.part('case.json', 'case', (content) => parseSignedCase(jsonOf(content)));
    if (one === null) return { verdict: this.findings.verdict(), signed: null, entries: null, lookUps: null };
    const { authority } = one.case;
    const isOfCase = equalBytes(manifest.manifest.case, caseDigestOf(one.envelope.payload));
    if (!isOfCase) this.findings.fail('manifest', MANIFEST_NAME, 'OTHER_CASE');
    this.signed(
      'manifest',
      MANIFEST_NAME,
      manifest.envelope.signatures[0]!,
      authority,
      manifestSignedBytes(manifest.envelope.payload),
    );
    this.signed('case', 'case.json', one.envelope.signatures[0]!, authority, caseSignedBytes(one.envelope.payload));
    const isSameChain = equalBytes(manifest.manifest.chainReference, this.world.chainReference);
    if (isSameChain) this.findings.pass('chain');
    else this.findings.unknown('chain', MANIFEST_NAME, 'OTHER_CHAIN');
    const lookups = this.part('lookups.json', 'look-up', parseLookUps) ?? [];
    for (const [i, lookup] of lookups.entries()) this.#checkLookUp(one.case, lookup, `lookups.json#${i + 1}`);
    const entries = checkEntries(this);
    for (const [i, lookup] of lookups.entries()) this.#checkShown(lookup, entries.bases, `lookups.json#${i + 1}`);
    checkResult(this, one.case, entries, lookups);
    return { verdict: this.findings.verdict(), signed: { manifest, case: one.case }, entries, lookUps: countLookUps(lookups) };
  }

  #readManifest(): SignedManifest {
    const content = this.#read.get(MANIFEST_NAME)?.content ?? null;
    return parseSignedManifest(jsonOf(content ?? new Uint8Array()));
  }

  #checkParts({ manifest }: SignedManifest): void {
    const byHash = new Map(manifest.parts.map(({ name, hash }) => [encodeHex(hash), name]));
    const declared = new Set(manifest.parts.map(({ name }) => name));
    for (const { name, bytes, hash } of manifest.parts) {
      const part = this.#read.get(name);
      if (part === undefined) this.findings.fail('part', name, 'PART_MISSING');
      else if (part.content === null) this.findings.fail('part', name, 'PART_UNREADABLE');
      else if (part.content.length === bytes && equalBytes(partHashOf(part.content), hash)) {
        this.sound.set(name, part.content);
        this.findings.pass('part');
      } else {
        const owner = byHash.get(encodeHex(partHashOf(part.content)));
        if (owner === undefined) this.findings.fail('part', name, 'PART_ALTERED');
        else this.findings.fail('part', name, 'PART_SWAPPED', { with: owner });
      }
    }
    for (const name of this.#read.keys())
      if (name !== MANIFEST_NAME && !declared.has(name)) this.findings.fail('part', name, 'PART_ADDED');
  }

  /** Null where it is not the manifest's (that is said already), or cannot be read. */
  part<Part>(name: string, check: PackageCheckId, parse: (content: Uint8Array) => Part): Part | null {
    const content = this.sound.get(name);
    if (content === undefined) {
      // A manifest that has no such part at all was not made by us.
      if (!this.#read.has(name)) this.findings.fail(check, name, 'PART_MISSING');
      return null;
    }
    try {
      return parse(content);
    } catch (error) {
      if (!isCodedError(error, 'MALFORMED') && !isCodedError(error, 'UNVERIFIED')) throw error;
      this.findings.fail(check, name, 'PART_UNREADABLE');
      return null;
    }
  }

  signed(
    check: PackageCheckId,
    place: string,
    signature: EnvelopeSignature,
    authority: string,
    signedBytes: Uint8Array,
  ): boolean {
    const signed = signednessOf(this.world.facts, signature, authority, signedBytes);
    if (signed === 'yes') this.findings.pass(check);
    else if (signed === 'no') this.findings.fail(check, place, 'BAD_SIGNATURE');
    else this.findings.unknown(check, place, 'UNKNOWN_KEY');
    return signed === 'yes';
  }

  /** One check: it fails where `work` throws UNVERIFIED, and is unknown where it throws UNTRUSTED. */
  holds(check: PackageCheckId, place: string, code: PackageReason, work: () => void): boolean {
    try {
      work();
      this.findings.pass(check);
      return true;
    } catch (error) {
      if (isCodedError(error, 'UNVERIFIED')) this.findings.fail(check, place, code);
      else if (isCodedError(error, 'UNTRUSTED')) this.findings.unknown(check, place, 'UNKNOWN_KEY');
      else throw error;
      return false;
    }
  }

  #checkLookUp(one: TraceCase, { origin, request, approval, event, query }: PackedLookUp, place: string): void {
    this.#checkRequest(one, request, place);
    if (approval !== null) {
      this.#checkRequest(one, approval, place);
      this.holds('naming', place, 'NOT_APPROVED', () => verifyUnmasking(one, request, approval));
    }
    if (query !== null)
      this.holds('look-up', place, 'OTHER_NAME', () => verifyQuery({ request, salt: query.salt, query: query.asked }));
    const log = this.world.facts.logs.find((other) => other.origin === origin);
    if (log === undefined) return this.findings.unknown('look-up', place, 'OTHER_LOG');
    // That it was asked and not answered is shown as well.
    if (event === null) return;
    const asked = query?.asked ?? null;
    const least = approval === null ? 1 : 2;
    if (event.promises.length < least) return this.findings.fail('look-up', place, 'NOT_RECORDED');
    this.holds('look-up', place, 'NOT_RECORDED', () =>
      verifyLookUp(this.world.facts, log, { request, isUnmasking: asked?.kind === 'unmask' }, event),
    );
  }

  /** Where it says that no doubt is left, the verifier's word must be there; what that is worth is said of `logs.json`. */
  #checkShown({ origin, shown }: PackedLookUp, bases: CheckedEntries['bases'], place: string): void {
    if (shown?.doubt !== null || !this.sound.has('logs.json')) return;
    const basis = bases.get(encodeHex(shown.checkpoint));
    if (basis?.log.origin === origin) this.findings.pass('look-up');
    else this.findings.fail('look-up', place, 'NOT_CONFIRMED');
  }

  #checkRequest(one: TraceCase, { envelope, request }: SignedRequest, place: string): void {
    const isOfCase = request.accessor === one.authority && request.case === one.number && request.purpose === TRACE_PURPOSE;
    if (!isOfCase) this.findings.fail('look-up', place, 'OTHER_CASE', { request: encodeHex(requestDigestOf(envelope.payload)) });
    this.signed('look-up', place, envelope.signatures[0]!, one.authority, requestSignedBytes(envelope.payload));
  }
}

function jsonOf(content: Uint8Array): JsonValue {
  return parseCanonicalJson(content, { maxBytes: ZIP_CAPS.partBytes });
}
