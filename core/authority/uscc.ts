/** Unified social credit codes 统一社会信用代码 (GB 32100-2015): 18 characters, the last a weighted check modulo 31. */
import { malformed } from '../bytes/error.ts';

declare const usccBrand: unique symbol;
/** Names an authority or an enterprise. */
export type Uscc = string & { readonly [usccBrand]: true };

/** GB 32100 §4: no I, O, S, V or Z. A character's value is its place. */
const ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';
/** 3^i mod 31 for the first 17 characters. */
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

function checkCharacter(code: string): string {
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * ALPHABET.indexOf(code[i]!), 0);
  return ALPHABET[(31 - (sum % 31)) % 31]!;
}

/** Upper case only. Throws MALFORMED for another length, a character outside the alphabet or a wrong check character. */
export function parseUscc(text: string): Uscc {
  if (!/^[0-9A-HJ-NPQRTUWXY]{18}$/.test(text)) throw malformed('not a unified social credit code');
  if (checkCharacter(text) !== text[17]) throw malformed('a unified social credit code with a wrong check character');
  return text as Uscc;
}
