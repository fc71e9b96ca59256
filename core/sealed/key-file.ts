/**
 * NAME.key.json: one SM2 private key under a passphrase.
 *
 *   {"format":"veritrail-key-v1",
 *    "type":"log",                                    what the key may sign; one use each; `records` signs nothing (service/sealed-space.ts)
 *    "keyId":hex32, "publicKey":hex65,                readable without the passphrase
 *    "kdf":{"name":"PBKDF2-HMAC-SM3","rounds":N,"salt":hex16},
 *    "cipher":{"name":"SM4-GCM","iv":hex12},
 *    "sealed":hex48,                                  private key ‖ tag, AAD = canonical JSON of all members above
 *    "check":hex32}                                   SM3 of the canonical JSON of all other members
 *
 * `check` is asked first and needs no secret: when it holds and the tag does not, the passphrase is wrong; when it does not, the file
 * is damaged. It is compared with nothing but itself and so needs no label.
 */
import { keyIdOf } from '../authority/key-id.ts';
import { KEY_TYPES, type KeyType } from '../authority/registry-event.ts';
import { encodeHex, encodeUtf8, equalBytes } from '../bytes/bytes.ts';
import { forbidden, isCodedError, malformed, unverified } from '../bytes/error.ts';
import { canonicalJson, encodeCanonicalJson, type JsonObject, parseJson } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { type PrivateKey, parsePrivateKey, parsePublicKey, type PublicKey, publicKeyOf } from '../sm/sm2.ts';
import { sm3 } from '../sm/sm3.ts';
import { GCM_IV_LENGTH, openSm4Gcm, sealSm4Gcm } from '../sm/sm4-gcm.ts';
import { deriveCipherKey, isRounds, type RandomBytes, requireLongPassphrase, ROUNDS, SALT_LENGTH } from './passphrase.ts';

/** What a key file may hold; a key of records signs nothing and stands in no registry. */
export const FILE_TYPES = [...KEY_TYPES, 'records'] as const;
export type FileType = (typeof FILE_TYPES)[number];

export interface TypedKey<Type extends FileType = KeyType> {
  readonly type: Type;
  readonly privateKey: PrivateKey;
  readonly publicKey: PublicKey;
}

const FORMAT = 'veritrail-key-v1';
const KDF = 'PBKDF2-HMAC-SM3';
const CIPHER = 'SM4-GCM';
export const MAX_KEY_FILE_BYTES = 4096;
const SEALED_LENGTH = 48;

interface KeyFile {
  /** All that the tag covers beside the key. */
  readonly clear: JsonObject;
  readonly type: FileType;
  readonly publicKey: PublicKey;
  readonly rounds: number;
  readonly salt: Uint8Array;
  readonly iv: Uint8Array;
  readonly sealed: Uint8Array;
}

function checkOf(file: JsonObject): string {
  return encodeHex(sm3(encodeCanonicalJson(file)));
}

function readKdf(fields: JsonFields): { rounds: number; salt: Uint8Array } {
  fields.oneOf('name', [KDF]);
  const rounds = fields.integer('rounds');
  if (!isRounds(rounds)) throw malformed('key file: rounds out of range');
  return { rounds, salt: fields.hex('salt', SALT_LENGTH) };
}

function readCipher(fields: JsonFields): Uint8Array {
  fields.oneOf('name', [CIPHER]);
  return fields.hex('iv', GCM_IV_LENGTH);
}

/** Throws MALFORMED for a damaged file. Of the key itself it shows the public half alone. */
export function parseKeyFile(bytes: Uint8Array): KeyFile {
  const value = parseJson(bytes, { maxBytes: MAX_KEY_FILE_BYTES });
  const file = readFields(value, 'key file', (fields) => {
    fields.oneOf('format', [FORMAT]);
    return {
      type: fields.oneOf('type', FILE_TYPES),
      keyId: fields.hash('keyId'),
      publicKey: fields.hex('publicKey', 65),
      ...readFields(fields.value('kdf'), 'key file.kdf', readKdf),
      iv: readFields(fields.value('cipher'), 'key file.cipher', readCipher),
      sealed: fields.hex('sealed', SEALED_LENGTH),
      check: fields.hash('check'),
    };
  });
  const { check, ...checked } = value as JsonObject;
  const { sealed: _, ...clear } = checked;
  if (checkOf(checked) !== check) throw malformed('the key file is damaged');
  const publicKey = parsePublicKey(file.publicKey);
  if (!equalBytes(keyIdOf(publicKey), file.keyId)) throw malformed('the key file names another key id than its key has');
  return { ...file, publicKey, clear };
}

/** Throws MALFORMED for a short passphrase. */
export async function sealKey(
  { type, privateKey }: Pick<TypedKey<FileType>, 'type' | 'privateKey'>,
  passphrase: string,
  random: RandomBytes,
): Promise<Uint8Array> {
  requireLongPassphrase(passphrase);
  const publicKey = publicKeyOf(privateKey);
  const [salt, iv] = [random(SALT_LENGTH), random(GCM_IV_LENGTH)];
  const clear: JsonObject = {
    format: FORMAT,
    type,
    keyId: encodeHex(keyIdOf(publicKey)),
    publicKey: encodeHex(publicKey),
    kdf: { name: KDF, rounds: ROUNDS, salt: encodeHex(salt) },
    cipher: { name: CIPHER, iv: encodeHex(iv) },
  };
  const key = await deriveCipherKey(passphrase, salt, ROUNDS);
  const sealed = encodeHex(sealSm4Gcm({ key, iv, aad: encodeCanonicalJson(clear), plaintext: privateKey }));
  return encodeUtf8(`${canonicalJson({ ...clear, sealed, check: checkOf({ ...clear, sealed }) })}\n`);
}

/** Throws FORBIDDEN for a wrong passphrase, MALFORMED for a damaged file or a key of another type. */
export async function openKey<Type extends FileType>(bytes: Uint8Array, passphrase: string, type: Type): Promise<TypedKey<Type>> {
  const file = parseKeyFile(bytes);
  if (file.type !== type) throw malformed('the key is of another type', { want: type, got: file.type });
  const key = await deriveCipherKey(passphrase, file.salt, file.rounds);
  const privateKey = parsePrivateKey(openSealed(key, file));
  const publicKey = publicKeyOf(privateKey);
  if (!equalBytes(publicKey, file.publicKey)) throw unverified('the sealed key is not the one the file names');
  return { type, privateKey, publicKey };
}

function openSealed(key: Uint8Array, { clear, iv, sealed }: KeyFile): Uint8Array {
  try {
    return openSm4Gcm({ key, iv, aad: encodeCanonicalJson(clear), sealed });
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) throw forbidden('the passphrase is wrong');
    throw error;
  }
}
