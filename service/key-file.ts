/**
 * NAME.key.json: one SM2 private key under a passphrase.
 *
 *   {"format":"veritrail-key-v1",
 *    "type":"log",                                    what the key may sign; one use each; `records` signs nothing (sealed-space.ts)
 *    "keyId":hex32, "publicKey":hex65,                readable without the passphrase
 *    "kdf":{"name":"PBKDF2-HMAC-SM3","rounds":N,"salt":hex16},
 *    "cipher":{"name":"SM4-GCM","iv":hex12},
 *    "sealed":hex48,                                  private key ‖ tag, AAD = canonical JSON of all members above
 *    "check":hex32}                                   SM3 of the canonical JSON of all other members
 *
 * `check` is asked first and needs no secret: when it holds and the tag does not, the passphrase is wrong; when it does not, the file
 * is damaged. It is compared with nothing but itself and so needs no label. The file belongs to its owner alone (0600).
 */
import { randomBytes } from 'node:crypto';
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { z } from 'zod';
import { keyIdOf } from '../core/authority/key-id.ts';
import { decodeHex, encodeHex, encodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import { forbidden, isCodedError, malformed, unverified } from '../core/bytes/error.ts';
import { canonicalJson, encodeCanonicalJson, parseJson } from '../core/bytes/json.ts';
import type { JsonObject } from '../core/bytes/json.ts';
import type { PrivateKey, PublicKey } from '../core/sm/sm2.ts';
import { parsePrivateKey, parsePublicKey, publicKeyOf } from '../core/sm/sm2.ts';
import { sm3, sm3Hash } from '../core/sm/sm3.ts';
import { openSm4Gcm, sealSm4Gcm } from '../core/sm/sm4-gcm.ts';
import { parseShape } from './config.ts';
import { createFileDurably, readPrivateFile } from './durable-file.ts';

export const KEY_TYPES = ['log', 'document', 'witness', 'trust', 'authority', 'request', 'vrf'] as const;
export type KeyType = (typeof KEY_TYPES)[number];
/** What a key file may hold; a key of records signs nothing and stands in no registry. */
export const FILE_TYPES = [...KEY_TYPES, 'records'] as const;
export type FileType = (typeof FILE_TYPES)[number];

export interface TypedKey<Type extends FileType = KeyType> {
  readonly type: Type;
  readonly privateKey: PrivateKey;
  readonly publicKey: PublicKey;
}

const FORMAT = 'veritrail-key-v1';
const MAX_FILE_BYTES = 4096;
/** 0.2 s for us in 2026, half of that for OpenSSL. */
const ROUNDS = 200_000;
/** Below, guessing is cheap; above, a file could keep a program busy for minutes before it is known to be wrong. */
const MIN_ROUNDS = 100_000;
const MAX_ROUNDS = 10_000_000;
const MIN_PASSPHRASE = 8;
const CIPHER_KEY_LENGTH = 16;

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * length}}$`));
const KEY_FILE = z.strictObject({
  format: z.literal(FORMAT),
  type: z.enum(FILE_TYPES),
  keyId: hex(32),
  publicKey: hex(65),
  kdf: z.strictObject({
    name: z.literal('PBKDF2-HMAC-SM3'),
    rounds: z.number().int().min(MIN_ROUNDS).max(MAX_ROUNDS),
    salt: hex(16),
  }),
  cipher: z.strictObject({ name: z.literal('SM4-GCM'), iv: hex(12) }),
  sealed: hex(48),
  check: hex(32),
});
type KeyFile = z.infer<typeof KEY_FILE>;
type Clear = Omit<KeyFile, 'sealed' | 'check'>;

/** Asynchronous and in small steps: a program goes on answering while a key is opened. */
function deriveCipherKey(passphrase: string, kdf: KeyFile['kdf']): Promise<Uint8Array> {
  const secret = encodeUtf8(passphrase.normalize('NFC'));
  return pbkdf2Async(sm3Hash, secret, decodeHex(kdf.salt), { c: kdf.rounds, dkLen: CIPHER_KEY_LENGTH });
}

function checkOf(file: JsonObject): string {
  return encodeHex(sm3(encodeCanonicalJson(file)));
}

function parseKeyFile(bytes: Uint8Array): KeyFile {
  const file = parseShape(KEY_FILE, parseJson(bytes, { maxBytes: MAX_FILE_BYTES }), 'key file');
  const { check, ...checked } = file;
  if (checkOf(checked) !== check) throw malformed('the key file is damaged');
  if (encodeHex(keyIdOf(parsePublicKey(decodeHex(file.publicKey)))) !== file.keyId) {
    throw malformed('the key file names another key id than its key has');
  }
  return file;
}

function openSealed(key: Uint8Array, iv: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
  try {
    return openSm4Gcm({ key, iv, aad, sealed });
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) throw forbidden('the passphrase is wrong');
    throw error;
  }
}

/** Never overwrites: throws CONFLICT when the file exists, MALFORMED for a short passphrase. */
export async function createKeyFile(path: string, passphrase: string, { type, privateKey }: TypedKey<FileType>): Promise<void> {
  if (passphrase.length < MIN_PASSPHRASE) throw malformed('the passphrase is too short', { minLength: MIN_PASSPHRASE });
  const publicKey = publicKeyOf(privateKey);
  const clear: Clear = {
    format: FORMAT,
    type,
    keyId: encodeHex(keyIdOf(publicKey)),
    publicKey: encodeHex(publicKey),
    kdf: { name: 'PBKDF2-HMAC-SM3', rounds: ROUNDS, salt: encodeHex(randomBytes(16)) },
    cipher: { name: 'SM4-GCM', iv: encodeHex(randomBytes(12)) },
  };
  const key = await deriveCipherKey(passphrase, clear.kdf);
  const aad = encodeCanonicalJson(clear);
  const sealed = encodeHex(sealSm4Gcm({ key, iv: decodeHex(clear.cipher.iv), aad, plaintext: privateKey }));
  const file = { ...clear, sealed, check: checkOf({ ...clear, sealed }) };
  await createFileDurably(path, encodeUtf8(`${canonicalJson(file)}\n`));
}

/**
 * Throws NOT_FOUND, FORBIDDEN for permissions that are too wide and for a wrong passphrase, MALFORMED for a damaged file or a key
 * of another type.
 */
export async function openKeyFile<Type extends FileType>(path: string, passphrase: string, type: Type): Promise<TypedKey<Type>> {
  const { sealed, check: _, ...clear } = parseKeyFile(await readPrivateFile(path, MAX_FILE_BYTES));
  if (clear.type !== type) throw malformed('the key is of another type', { want: type, got: clear.type });
  const key = await deriveCipherKey(passphrase, clear.kdf);
  const aad = encodeCanonicalJson(clear);
  const privateKey = parsePrivateKey(openSealed(key, decodeHex(clear.cipher.iv), aad, decodeHex(sealed)));
  const publicKey = publicKeyOf(privateKey);
  if (!equalBytes(publicKey, decodeHex(clear.publicKey))) throw unverified('the sealed key is not the one the file names');
  return { type, privateKey, publicKey };
}
