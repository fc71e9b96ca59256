/**
 * A file that grows and holds other people's data: encrypted under a passphrase, each record for itself, so that adding one costs as much as that one.
 *
 *   head     one line of JSON: {"format":"veritrail-sealed-v1","iv":hex 8,"rounds":N,"salt":hex 16}
 *   record   u32 length ‖ SM4-GCM(bytes) ‖ tag 16          iv = the head's 8 bytes ‖ u32 number, AAD = the head ‖ u32 number
 *
 * The key is PBKDF2-HMAC-SM3 of the passphrase and the salt. A head is never used twice, so neither is an iv under its key. Records cannot be
 * changed, moved or taken from another file; those at the end can be cut off, which a reader of this file alone cannot see. A record that was
 * not written whole, because the machine stopped, is cut when the file is opened.
 */
import { randomBytes } from 'node:crypto';
import { pbkdf2Async } from '@noble/hashes/pbkdf2.js';
import { concatBytes, decodeHex, decodeUtf8, encodeHex, encodeUtf8, u32 } from '../core/bytes/bytes.ts';
import { conflict, forbidden, isCodedError, malformed } from '../core/bytes/error.ts';
import { parseJson } from '../core/bytes/json.ts';
import { JsonFields } from '../core/bytes/json-fields.ts';
import { sm3Hash } from '../core/sm/sm3.ts';
import { GCM_TAG_LENGTH, openSm4Gcm, sealSm4Gcm } from '../core/sm/sm4-gcm.ts';
import { AppendFile, createFileDurably, readPrivateFile, replaceFileDurably } from './durable-file.ts';

const FORMAT = 'veritrail-sealed-v1';
/** As key files have it. */
const ROUNDS = 200_000;
const MIN_ROUNDS = 100_000;
const MAX_ROUNDS = 10_000_000;
const MIN_PASSPHRASE = 8;
const MAX_HEAD = 256;
const MAX_FILE_BYTES = 1 << 30;
const MAX_RECORDS = 2 ** 32 - 1;
const IV_PREFIX_LENGTH = 8;

interface Head {
  readonly bytes: Uint8Array;
  readonly ivPrefix: Uint8Array;
  readonly key: Uint8Array;
}

async function makeHead(passphrase: string): Promise<Head> {
  const [iv, salt] = [randomBytes(IV_PREFIX_LENGTH), randomBytes(16)];
  const json = { format: FORMAT, iv: encodeHex(iv), rounds: ROUNDS, salt: encodeHex(salt) };
  return { bytes: encodeUtf8(`${JSON.stringify(json)}\n`), ivPrefix: iv, key: await deriveKey(passphrase, salt, ROUNDS) };
}

function deriveKey(passphrase: string, salt: Uint8Array, rounds: number): Promise<Uint8Array> {
  if (passphrase.length < MIN_PASSPHRASE) throw malformed('the passphrase is too short', { minLength: MIN_PASSPHRASE });
  return pbkdf2Async(sm3Hash, encodeUtf8(passphrase.normalize('NFC')), salt, { c: rounds, dkLen: 16 });
}

async function readHead(file: Uint8Array, passphrase: string): Promise<Head> {
  const end = file.subarray(0, MAX_HEAD).indexOf(0x0a);
  if (end === -1) throw malformed('not a sealed file');
  const fields = new JsonFields(parseJson(decodeUtf8(file.subarray(0, end)), { maxDepth: 1 }), 'sealed file');
  fields.oneOf('format', [FORMAT]);
  const [ivPrefix, salt] = [decodeHex(fields.string('iv'), IV_PREFIX_LENGTH), decodeHex(fields.string('salt'), 16)];
  const rounds = fields.integer('rounds');
  fields.end();
  if (rounds < MIN_ROUNDS || rounds > MAX_ROUNDS) throw malformed('sealed file: rounds out of range');
  return { bytes: file.slice(0, end + 1), ivPrefix, key: await deriveKey(passphrase, salt, rounds) };
}

function sealing({ bytes, ivPrefix, key }: Head, number: number): { key: Uint8Array; iv: Uint8Array; aad: Uint8Array } {
  return { key, iv: concatBytes(ivPrefix, u32(number)), aad: concatBytes(bytes, u32(number)) };
}

function sealRecord(head: Head, number: number, plaintext: Uint8Array): Uint8Array {
  const sealed = sealSm4Gcm({ ...sealing(head, number), plaintext });
  return concatBytes(u32(sealed.length), sealed);
}

export class SealedJournal {
  readonly #path: string;
  readonly #passphrase: string;
  #head: Head;
  #file: AppendFile;
  #count: number;

  private constructor(path: string, passphrase: string, head: Head, file: AppendFile, count: number) {
    this.#path = path;
    this.#passphrase = passphrase;
    this.#head = head;
    this.#file = file;
    this.#count = count;
  }

  /** With its first record. Throws CONFLICT when the file exists, MALFORMED for a short passphrase. */
  static async create(path: string, passphrase: string, first: Uint8Array): Promise<SealedJournal> {
    const head = await makeHead(passphrase);
    const bytes = concatBytes(head.bytes, sealRecord(head, 0, first));
    await createFileDurably(path, bytes);
    return new SealedJournal(path, passphrase, head, await AppendFile.open(path, bytes.length), 1);
  }

  /** Throws as `readPrivateFile`, FORBIDDEN for a wrong passphrase, MALFORMED for a damaged file. */
  static async open(path: string, passphrase: string): Promise<{ journal: SealedJournal; records: Uint8Array[] }> {
    const bytes = await readPrivateFile(path, MAX_FILE_BYTES);
    const head = await readHead(bytes, passphrase);
    const { records, end } = readRecords(head, bytes);
    return { records, journal: new SealedJournal(path, passphrase, head, await AppendFile.open(path, end), records.length) };
  }

  /** On disk when it returns. */
  async append(record: Uint8Array): Promise<void> {
    if (this.#count >= MAX_RECORDS) throw conflict('the file takes no more records');
    await this.#file.append(sealRecord(this.#head, this.#count, record));
    this.#count++;
  }

  /** In place of all there were: under a new head, so that no iv is used again. */
  async rewrite(first: Uint8Array): Promise<void> {
    const head = await makeHead(this.#passphrase);
    const bytes = concatBytes(head.bytes, sealRecord(head, 0, first));
    await replaceFileDurably(this.#path, bytes);
    await this.#file.close();
    this.#head = head;
    this.#file = await AppendFile.open(this.#path, bytes.length);
    this.#count = 1;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function readRecords(head: Head, bytes: Uint8Array): { records: Uint8Array[]; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const records: Uint8Array[] = [];
  let at = head.bytes.length;
  while (at + 4 <= bytes.length) {
    const length = view.getUint32(at);
    if (length < GCM_TAG_LENGTH) throw malformed('the sealed file is damaged', { record: records.length });
    // Not written whole.
    if (at + 4 + length > bytes.length) break;
    records.push(openRecord(head, records.length, bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  if (records.length === 0) throw malformed('the sealed file holds nothing');
  return { records, end: at };
}

function openRecord(head: Head, number: number, sealed: Uint8Array): Uint8Array {
  try {
    return openSm4Gcm({ ...sealing(head, number), sealed });
  } catch (error) {
    if (!isCodedError(error, 'UNVERIFIED')) throw error;
    // The first says whether the passphrase is right: whoever knows it finds any other damaged.
    throw number === 0
      ? forbidden('the passphrase is wrong, or the file is damaged')
      : malformed('the sealed file is damaged', { record: number });
  }
}
