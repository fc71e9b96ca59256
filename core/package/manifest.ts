/**
 * The manifest of a package: which parts there are, of which case, and by which trust file it was judged (docs/formats.md §31). Canonical JSON:
 *
 *     {"case":64 hex,"chainReference":64 hex,"format":"veritrail-package-v1","madeAt","parts":[{"bytes","hash":64 hex,"name"}],
 *      "trust":{"digest":64 hex,"version"}}
 *
 * It travels in an envelope that signs ⟨pm⟩ ‖ H(payload) with a request key of the case's authority, and stands in the package as manifest.json.
 * `hash` is H of the part's bytes; names ascend. The trust file itself is not in the package: whoever reads it has one of their own.
 */
import { type Envelope, envelopeSignedBytes, parseEnvelope } from '../authority/envelope.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields, readFields } from '../bytes/json-fields.ts';
import { sm3 } from '../sm/sm3.ts';
import { ZIP_CAPS } from './zip.ts';

export interface ManifestPart {
  readonly name: string;
  readonly bytes: number;
  readonly hash: Hash;
}

export interface Manifest {
  /** Case digest. */
  readonly case: Hash;
  readonly chainReference: Hash;
  readonly madeAt: number;
  readonly parts: readonly ManifestPart[];
  readonly trust: { readonly version: number; readonly digest: Hash };
}

export interface SignedManifest {
  readonly envelope: Envelope;
  readonly manifest: Manifest;
}

const FORMAT = 'veritrail-package-v1';
const MAX_MANIFEST_BYTES = 16 << 20;
export const MANIFEST_NAME = 'manifest.json';

/** H(file), as licences have it. */
export function partHashOf(content: Uint8Array): Hash {
  return sm3(content);
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return encodeCanonicalJson({
    case: encodeHex(manifest.case),
    chainReference: encodeHex(manifest.chainReference),
    format: FORMAT,
    madeAt: manifest.madeAt,
    parts: manifest.parts.map(({ name, bytes, hash }) => ({ bytes, hash: encodeHex(hash), name })),
    trust: { digest: encodeHex(manifest.trust.digest), version: manifest.trust.version },
  });
}

/** Throws MALFORMED. */
export function parseManifest(payload: Uint8Array): Manifest {
  const fields = new JsonFields(parseCanonicalJson(payload, { maxBytes: MAX_MANIFEST_BYTES, maxDepth: 3 }), 'manifest');
  fields.oneOf('format', [FORMAT]);
  const manifest = {
    case: fields.hash('case'),
    chainReference: fields.hash('chainReference'),
    madeAt: fields.integer('madeAt'),
    parts: fields.array('parts', ZIP_CAPS.parts, (item, at) => readFields(item, at, readPart)),
    trust: readFields(fields.value('trust'), 'trust', (f) => ({ version: f.integer('version'), digest: f.hash('digest') })),
  };
  fields.end();
  if (manifest.parts.some(({ name }, i) => i > 0 && manifest.parts[i - 1]!.name >= name))
    throw malformed('manifest: names not ascending, or twice');
  return manifest;
}

function readPart(fields: JsonFields): ManifestPart {
  return { name: fields.string('name', ZIP_CAPS.name), bytes: fields.integer('bytes'), hash: fields.hash('hash') };
}

export function manifestSignedBytes(payload: Uint8Array): Uint8Array {
  return envelopeSignedBytes('pm', payload);
}

/** Throws MALFORMED, also unless there is exactly one signature; it is not verified here. */
export function parseSignedManifest(value: JsonValue): SignedManifest {
  const envelope = parseEnvelope(value, 'manifest', MAX_MANIFEST_BYTES);
  if (envelope.signatures.length !== 1) throw malformed('manifest: one signature');
  return { envelope, manifest: parseManifest(envelope.payload) };
}
