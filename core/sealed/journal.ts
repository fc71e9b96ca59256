/**
 * A file that grows and holds other people's data: encrypted under a passphrase, each record for itself, so that adding one costs as much as that one.
 *
 *   head     one line of JSON: {"format":"veritrail-sealed-v1","iv":hex 8,"rounds":N,"salt":hex 16}
 *   record   u32 length ‖ SM4-GCM(bytes) ‖ tag 16          iv = the head's 8 bytes ‖ u32 number, AAD = the head ‖ u32 number
 *
 * The key is PBKDF2-HMAC-SM3 of the passphrase and the salt. A head is never used twice, so neither is an iv under its key. Records cannot be
 * changed, moved or taken from another file; those at the end can be cut off, which a reader of this file alone cannot see. A record that was
 * not written whole, because the machine stopped, is left out.
 */
import { concatBytes, decodeHex, decodeUtf8, encodeHex, encodeUtf8, u32 } from '../bytes/bytes.ts';
import { conflict, forbidden, isCodedError, malformed } from '../bytes/error.ts';
import { parseJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import { GCM_TAG_LENGTH, openSm4Gcm, sealSm4Gcm } from '../sm/sm4-gcm.ts';
import { deriveCipherKey, isRounds, type RandomBytes, requireLongPassphrase, ROUNDS, SALT_LENGTH } from './passphrase.ts';

const FORMAT = 'veritrail-sealed-v1';
const MAX_HEAD = 256;
const MAX_RECORDS = 2 ** 32 - 1;
const IV_PREFIX_LENGTH = 8;
export const MAX_JOURNAL_BYTES = 1 << 30;

/** As it stands in the file, and the key that it leads to. */
export interface JournalHead {
  readonly bytes: Uint8Array;
  readonly ivPrefix: Uint8Array;
  readonly key: Uint8Array;
}

export interface OpenedJournal {
  readonly head: JournalHead;
  /** At least one. */
  readonly records: readonly Uint8Array[];
  /** Where the last whole record ends. */
  readonly end: number;
}

/** For one file, or one whole writing of it. Throws MALFORMED for a short passphrase. */
export async function makeJournalHead(passphrase: string, random: RandomBytes): Promise<JournalHead> {
  requireLongPassphrase(passphrase);
  const [ivPrefix, salt] = [random(IV_PREFIX_LENGTH), random(SALT_LENGTH)];
  const json = { format: FORMAT, iv: encodeHex(ivPrefix), rounds: ROUNDS, salt: encodeHex(salt) };
  return { bytes: encodeUtf8(`${JSON.stringify(json)}\n`), ivPrefix, key: await deriveCipherKey(passphrase, salt, ROUNDS) };
}

/** The whole file, as long as it has one record. */
export function sealJournal(head: JournalHead, first: Uint8Array): Uint8Array {
  return concatBytes(head.bytes, sealRecord(head, 0, first));
}

/** Each number once under one head. Throws CONFLICT when there are no more numbers. */
export function sealRecord(head: JournalHead, number: number, plaintext: Uint8Array): Uint8Array {
  if (number >= MAX_RECORDS) throw conflict('the file takes no more records');
  const sealed = sealSm4Gcm({ ...sealing(head, number), plaintext });
  return concatBytes(u32(sealed.length), sealed);
}

/** Throws FORBIDDEN for a wrong passphrase, MALFORMED for a damaged file. */
export async function openJournal(file: Uint8Array, passphrase: string): Promise<OpenedJournal> {
  const head = await readHead(file, passphrase);
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const records: Uint8Array[] = [];
  let at = head.bytes.length;
  while (at + 4 <= file.length) {
    const length = view.getUint32(at);
    if (length < GCM_TAG_LENGTH) throw malformed('the sealed file is damaged', { record: records.length });
    // Not written whole.
    if (at + 4 + length > file.length) break;
    records.push(openRecord(head, records.length, file.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  if (records.length === 0) throw malformed('the sealed file holds nothing');
  return { head, records, end: at };
}

async function readHead(file: Uint8Array, passphrase: string): Promise<JournalHead> {
  const end = file.subarray(0, MAX_HEAD).indexOf(0x0a);
  if (end === -1) throw malformed('not a sealed file');
  const fields = new JsonFields(parseJson(decodeUtf8(file.subarray(0, end)), { maxDepth: 1 }), 'sealed file');
  fields.oneOf('format', [FORMAT]);
  const [ivPrefix, salt] = [decodeHex(fields.string('iv'), IV_PREFIX_LENGTH), decodeHex(fields.string('salt'), SALT_LENGTH)];
  const rounds = fields.integer('rounds');
  fields.end();
  if (!isRounds(rounds)) throw malformed('sealed file: rounds out of range');
  return { bytes: file.slice(0, end + 1), ivPrefix, key: await deriveCipherKey(passphrase, salt, rounds) };
}

function sealing({ bytes, ivPrefix, key }: JournalHead, number: number): { key: Uint8Array; iv: Uint8Array; aad: Uint8Array } {
  return { key, iv: concatBytes(ivPrefix, u32(number)), aad: concatBytes(bytes, u32(number)) };
}

function openRecord(head: JournalHead, number: number, sealed: Uint8Array): Uint8Array {
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
