/**
 * An SM2 signature in DER, as X.509, CMS and seals carry it (GM/T 0009-2012 §7.3):
 *
 *   30 length · 02 length r · 02 length s      r, s: big-endian, as short as possible, a zero byte before a set top bit
 */
import { ByteReader, concatBytes, equalBytes } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { parseSignature, SIGNATURE_LENGTH } from './sm2.ts';
import type { Signature } from './sm2.ts';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const INTEGER_LENGTH = SIGNATURE_LENGTH / 2;

export function encodeSignatureDer(signature: Signature): Uint8Array {
  const integers = [signature.subarray(0, INTEGER_LENGTH), signature.subarray(INTEGER_LENGTH)].map(encodeInteger);
  return encodeElement(SEQUENCE, concatBytes(...integers));
}

/** Takes the numbers from where they must stand, then lets only those bytes pass that the encoder would have written. */
export function decodeSignatureDer(bytes: Uint8Array): Signature {
  const reader = new ByteReader(bytes);
  reader.bytes(2);
  const signature = parseSignature(concatBytes(takeInteger(reader), takeInteger(reader)));
  if (!equalBytes(encodeSignatureDer(signature), bytes)) throw malformed('not the DER form of a signature');
  return signature;
}

/** The last 32 bytes of the next element, zeros before them if it is shorter. */
function takeInteger(reader: ByteReader): Uint8Array {
  reader.u8();
  const content = reader.bytes(reader.u8());
  return concatBytes(new Uint8Array(INTEGER_LENGTH), content).slice(-INTEGER_LENGTH);
}

function encodeInteger(bytes: Uint8Array): Uint8Array {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const sign = bytes[start]! >= 0x80 ? Uint8Array.of(0) : new Uint8Array();
  return encodeElement(INTEGER, concatBytes(sign, bytes.subarray(start)));
}

/** The longest content here has 70 bytes, so one byte holds the length. */
function encodeElement(tag: number, content: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(tag, content.length), content);
}
