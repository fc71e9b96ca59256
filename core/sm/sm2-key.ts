/**
 * SM2 keys as files: SPKI (RFC 5480) and PKCS#8 (RFC 5958, 5915) in DER and PEM (RFC 7468), byte for byte as OpenSSL 3 writes them.
 *
 * With one curve and one form of point every field but the key itself is constant, so there is a template and no ASN.1 parser:
 *
 *   SPKI     30 59 · 30 13 {ecPublicKey, curve} · 03 42 00 · public key 65
 *   PKCS#8   30 81 87 · 02 01 00 · 30 13 {ecPublicKey, curve} · 04 6d · 30 6b · 02 01 01 · 04 20 · d 32 · a1 44 · 03 42 00 · public key 65
 *   PEM      "-----BEGIN …-----" LF, base64 in lines of 64, LF, "-----END …-----" LF
 *
 * PKCS#8 is not encrypted here. Other spellings of the same keys (BER, compressed points, EC PRIVATE KEY, CRLF) are refused.
 */
import { ByteReader, concatBytes, decodeBase64, decodeHex, encodeBase64, equalBytes } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { parsePrivateKey, parsePublicKey, PRIVATE_KEY_LENGTH, publicKeyOf } from './sm2.ts';
import type { PrivateKey, PublicKey } from './sm2.ts';

/** Object identifiers 1.2.840.10045.2.1 (ecPublicKey) and 1.2.156.10197.1.301 (the curve, GM/T 0006-2012). */
const ALGORITHM = '301306072a8648ce3d020106082a811ccf5501822d';
const SPKI_HEAD = decodeHex(`3059${ALGORITHM}034200`);
const PKCS8_HEAD = decodeHex(`308187020100${ALGORITHM}046d306b0201010420`);
/** Stands between d and the public key. */
const PKCS8_MIDDLE = decodeHex('a144034200');

const PUBLIC_LABEL = 'PUBLIC KEY';
const PRIVATE_LABEL = 'PRIVATE KEY';
/** A private key takes 249 characters. */
const MAX_PEM_LENGTH = 512;

export function encodePublicKeyDer(publicKey: PublicKey): Uint8Array {
  return concatBytes(SPKI_HEAD, publicKey);
}

export function decodePublicKeyDer(bytes: Uint8Array): PublicKey {
  const reader = new ByteReader(bytes);
  takeConstant(reader, SPKI_HEAD);
  return parsePublicKey(reader.rest());
}

export function encodePrivateKeyDer(privateKey: PrivateKey): Uint8Array {
  return concatBytes(PKCS8_HEAD, privateKey, PKCS8_MIDDLE, publicKeyOf(privateKey));
}

/** Refuses a file whose two halves do not belong together: signing under another's Z would only show later. */
export function decodePrivateKeyDer(bytes: Uint8Array): PrivateKey {
  const reader = new ByteReader(bytes);
  takeConstant(reader, PKCS8_HEAD);
  const privateKey = parsePrivateKey(reader.bytes(PRIVATE_KEY_LENGTH));
  takeConstant(reader, PKCS8_MIDDLE);
  if (!equalBytes(reader.rest(), publicKeyOf(privateKey))) throw malformed('a private key with the public key of another');
  return privateKey;
}

export function formatPublicKeyPem(publicKey: PublicKey): string {
  return formatPem(PUBLIC_LABEL, encodePublicKeyDer(publicKey));
}

export function parsePublicKeyPem(text: string): PublicKey {
  return decodePublicKeyDer(parsePem(PUBLIC_LABEL, text));
}

export function formatPrivateKeyPem(privateKey: PrivateKey): string {
  return formatPem(PRIVATE_LABEL, encodePrivateKeyDer(privateKey));
}

export function parsePrivateKeyPem(text: string): PrivateKey {
  return decodePrivateKeyDer(parsePem(PRIVATE_LABEL, text));
}

function takeConstant(reader: ByteReader, constant: Uint8Array): void {
  if (!equalBytes(reader.bytes(constant.length), constant)) throw malformed('not the DER form of an SM2 key');
}

function formatPem(label: string, der: Uint8Array): string {
  const body = encodeBase64(der).replaceAll(/.{64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

/** Whatever stands around the body must come out the same when written again. */
function parsePem(label: string, text: string): Uint8Array {
  if (text.length > MAX_PEM_LENGTH) throw malformed('a PEM file too long for an SM2 key');
  const der = decodeBase64(text.split('\n').slice(1, -2).join(''));
  if (formatPem(label, der) !== text) throw malformed('not the one PEM form of an SM2 key');
  return der;
}
