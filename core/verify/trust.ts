/**
 * The trust file: whom a reader believes, signed m-of-n (docs/formats.md §15).
 *
 * It fixes the chain, a snapshot of the registry, the witnesses and their quorum, the keys that may sign the next trust file, a floor
 * per log, and which checks a licence type requires. The first one is taken on sight; every later one needs a quorum of the keys of
 * the one before, and a higher version.
 */
import { equalBytes, encodeHex } from '../bytes/bytes.ts';
import { malformed, untrusted, unverified } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields, readFields } from '../bytes/json-fields.ts';
import { type Envelope, envelopeSignedBytes, formatEnvelope, parseEnvelope } from '../authority/envelope.ts';
import { formatRegistryFacts, parseRegistryFacts } from '../authority/facts-json.ts';
import { keyIdOf } from '../authority/key-id.ts';
import type { RegistryFacts } from '../authority/registry.ts';
import { isSm2Signature, parsePublicKey, type PublicKey } from '../sm/sm2.ts';
import { CHECK_IDS, type CheckId } from './verdict.ts';

export interface WitnessTrust {
  readonly authority: string;
  /** Name on cosignature lines: `<consortium>/<USCC>/witness`. */
  readonly name: string;
  readonly publicKey: PublicKey;
}

/** A checkpoint of this log later than `time` may not be smaller than `size`. */
export interface Floor {
  readonly logId: Hash;
  readonly size: number;
  readonly time: number;
}

export interface Trust {
  readonly consortium: string;
  /** Only ever rises. */
  readonly version: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** True: made by the embedded default, on one machine, with no independent party. */
  readonly sample: boolean;
  readonly chainId: number;
  readonly genesisHash: Hash;
  /** 20 bytes each. */
  readonly registryAddress: Uint8Array;
  readonly anchorAddress: Uint8Array;
  readonly facts: RegistryFacts;
  readonly witnesses: readonly WitnessTrust[];
  readonly witnessQuorum: number;
  readonly trustKeys: readonly PublicKey[];
  readonly trustQuorum: number;
  readonly floors: readonly Floor[];
  readonly required: readonly CheckId[];
  /** Instead of `required`, for the licence types named. */
  readonly requiredByType: Readonly<Record<string, readonly CheckId[]>>;
  /** Milliseconds. How old a verifier's last successful poll of the chain may be. */
  readonly maxHeadAge: number;
  /** Milliseconds. How old the anchor stood on may be. */
  readonly maxStatusAge: number;
}

const MAX_TRUST_BYTES = 4 << 20;

export function encodeTrust(trust: Trust): Uint8Array {
  return encodeCanonicalJson({
    consortium: trust.consortium,
    version: trust.version,
    issuedAt: trust.issuedAt,
    expiresAt: trust.expiresAt,
    sample: trust.sample,
    chainId: trust.chainId,
    genesisHash: encodeHex(trust.genesisHash),
    registryAddress: encodeHex(trust.registryAddress),
    anchorAddress: encodeHex(trust.anchorAddress),
    facts: formatRegistryFacts(trust.facts),
    witnesses: trust.witnesses.map((w) => ({ authority: w.authority, name: w.name, publicKey: encodeHex(w.publicKey) })),
    witnessQuorum: trust.witnessQuorum,
    trustKeys: trust.trustKeys.map(encodeHex),
    trustQuorum: trust.trustQuorum,
    floors: trust.floors.map(({ logId, size, time }) => ({ logId: encodeHex(logId), size, time })),
    required: trust.required,
    requiredByType: trust.requiredByType,
    maxHeadAge: trust.maxHeadAge,
    maxStatusAge: trust.maxStatusAge,
  });
}

function readCheckId(value: JsonValue, place: string): CheckId {
  const id = CHECK_IDS.find((one) => one === value);
  if (id === undefined) throw malformed(`${place} is not a check`);
  return id;
}

function readRequiredByType(fields: JsonFields): Record<string, CheckId[]> {
  const value = fields.value('requiredByType');
  const types = new JsonFields(value, 'trust.requiredByType');
  return Object.fromEntries(
    Object.keys(value as JsonObject).map((type) => [type, types.array(type, CHECK_IDS.length, readCheckId)]),
  );
}

function readPublicKey(value: JsonValue, place: string): PublicKey {
  return readFields({ publicKey: value }, place, (f) => parsePublicKey(f.hex('publicKey', 65)));
}

/** Throws MALFORMED, also for a quorum of zero or above the number of keys, and for an empty list of required checks. */
export function parseTrust(payload: Uint8Array): Trust {
  const f = new JsonFields(parseCanonicalJson(payload, { maxBytes: MAX_TRUST_BYTES }), 'trust');
  const trust: Trust = {
    consortium: f.string('consortium', 64),
    version: f.integer('version'),
    issuedAt: f.integer('issuedAt'),
    expiresAt: f.integer('expiresAt'),
    sample: f.boolean('sample'),
    chainId: f.integer('chainId'),
    genesisHash: f.hash('genesisHash'),
    registryAddress: f.hex('registryAddress', 20),
    anchorAddress: f.hex('anchorAddress', 20),
    facts: parseRegistryFacts(f.value('facts'), 'trust.facts'),
    witnesses: f.array('witnesses', 256, (value, place) =>
      readFields(value, place, (w) => ({
        authority: w.string('authority', 18),
        name: w.string('name', 128),
        publicKey: parsePublicKey(w.hex('publicKey', 65)),
      })),
    ),
    witnessQuorum: f.integer('witnessQuorum'),
    trustKeys: f.array('trustKeys', 64, readPublicKey),
    trustQuorum: f.integer('trustQuorum'),
    floors: f.array('floors', 100_000, (value, place) =>
      readFields(value, place, (one) => ({ logId: one.hash('logId'), size: one.integer('size'), time: one.integer('time') })),
    ),
    required: f.array('required', CHECK_IDS.length, readCheckId),
    requiredByType: readRequiredByType(f),
    maxHeadAge: f.integer('maxHeadAge'),
    maxStatusAge: f.integer('maxStatusAge'),
  };
  f.end();
  verifyQuorums(trust);
  return trust;
}

function verifyQuorums(trust: Trust): void {
  const isQuorum = (quorum: number, keys: readonly PublicKey[]): boolean =>
    quorum >= 1 && quorum <= keys.length && new Set(keys.map(encodeHex)).size === keys.length;
  if (!isQuorum(trust.trustQuorum, trust.trustKeys)) throw malformed('trust: trustQuorum does not fit trustKeys');
  const witnessKeys = trust.witnesses.map(({ publicKey }) => publicKey);
  if (!isQuorum(trust.witnessQuorum, witnessKeys)) throw malformed('trust: witnessQuorum does not fit witnesses');
  if ([trust.required, ...Object.values(trust.requiredByType)].some((list) => list.length === 0)) {
    throw malformed('trust: a list of required checks is empty');
  }
}

export function trustSignedBytes(payload: Uint8Array): Uint8Array {
  return envelopeSignedBytes('tr', payload);
}

export interface SignedTrust {
  readonly envelope: Envelope;
  readonly trust: Trust;
}

/** Parses trust.json. Signatures are judged by `acceptTrust`. */
export function parseSignedTrust(value: JsonValue): SignedTrust {
  const envelope = parseEnvelope(value, 'trust', MAX_TRUST_BYTES);
  return { envelope, trust: parseTrust(envelope.payload) };
}

export function formatSignedTrust(signed: SignedTrust): JsonObject {
  return formatEnvelope(signed.envelope);
}

function isSignedByQuorum(envelope: Envelope, keys: readonly PublicKey[], quorum: number): boolean {
  const signedBytes = trustSignedBytes(envelope.payload);
  const holding = keys.filter((publicKey) => {
    const keyId = keyIdOf(publicKey);
    const found = envelope.signatures.find((one) => equalBytes(one.keyId, keyId));
    return found !== undefined && isSm2Signature(publicKey, signedBytes, found.signature);
  });
  return holding.length >= quorum;
}

/** Same chain and contracts: what one trust file says of versions counts for the other. */
export function isSameChain(a: Trust, b: Trust): boolean {
  return a.chainId === b.chainId && equalBytes(a.genesisHash, b.genesisHash) && equalBytes(a.anchorAddress, b.anchorAddress);
}

/**
 * Judges a trust file against the newest one accepted before, or null when there is none (first sight). Returns it when it may be used.
 * Throws UNVERIFIED when its own quorum did not sign it; UNTRUSTED when the remembered keys did not, when its version is lower
 * (`facts.reason` TRUST_ROLLED_BACK). One version may be signed again with other dates.
 */
export function acceptTrust(candidate: SignedTrust, remembered: SignedTrust | null): Trust {
  const { envelope, trust } = candidate;
  if (!isSignedByQuorum(envelope, trust.trustKeys, trust.trustQuorum))
    throw unverified('the trust file’s signatures do not hold');
  if (remembered === null) return trust;
  if (!isSameChain(trust, remembered.trust)) throw untrusted('the trust file is about another chain');
  if (trust.version < remembered.trust.version) {
    throw untrusted('an older trust file than the one accepted before', { reason: 'TRUST_ROLLED_BACK' });
  }
  if (!isSignedByQuorum(envelope, remembered.trust.trustKeys, remembered.trust.trustQuorum)) {
    throw untrusted('the trust file is not signed by the keys accepted before');
  }
  return trust;
}

/** The checks that a licence of `type` requires; without a type, the general list. */
export function requiredChecks(trust: Trust, type: string | null): ReadonlySet<CheckId> {
  const own = type !== null && Object.hasOwn(trust.requiredByType, type) ? trust.requiredByType[type] : undefined;
  return new Set(own ?? trust.required);
}
