/**
 * The 16 ASCII bytes `veritrail-xx-v1\n` that begin every hash and signature of ours, so that bytes made for one use never
 * stand for another (docs/formats.md §1).
 */
import { encodeUtf8 } from './bytes.ts';

/** The closed list. The exceptions that carry no label are the trees' one-byte prefixes, H(file), H(payload) and the VRF's own. */
export const LABEL_CODES = [
  'id', // log id from origin
  'cp', // checkpoint
  'sl', // slot
  'bd', // body commitment
  'lc', // history secret of a public licence
  'li', // licence signature
  'fl', // history secret of a file
  'ok', // opening key
  'pr', // promise
  'ws', // witness cosignature
  'an', // anchor attestation
  'cr', // chain reference
  'tr', // trust file signature
  'df', // field digest of a disclosure
  'ki', // key id
  'nk', // signed-note key hash
  'hd', // handle input
  'rq', // request
  'oc', // outcome
  'qd', // query digest
  'sb', // subject leaf
  'rl', // seal release
  'cf', // case of an auditor
  'ps', // pseudonym
  'pm', // manifest of a package
  'kc', // key act
  'kp', // possession of a key
] as const;
export type LabelCode = (typeof LABEL_CODES)[number];

const LABELS = new Map(LABEL_CODES.map((code) => [code, encodeUtf8(`veritrail-${code}-v1\n`)]));

/** The 16 bytes for `code`. Callers must not write into them. */
export function label(code: LabelCode): Uint8Array {
  return LABELS.get(code)!;
}
