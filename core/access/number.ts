/**
 * Canonical numbers: how persons and enterprises are named, in exactly one spelling each. Whoever is logged under two spellings has two
 * histories and sees half of what was read, so there is one rule for each class and no choice (docs/formats.md §22).
 *
 *    1  resident     18 characters built after GB 11643, on whatever card they stand: 居民身份证, 港澳台居民居住证, 外国人永久居留身份证 of 2023
 *    2  uscc         18 characters, GB 32100
 *    3  passport     issuing state (ISO 3166-1, three letters) · "." · 1 to 9 letters and digits (ICAO 9303)
 *    4  permit       H or M and 8 digits (港澳居民来往内地通行证), or 8 digits (台湾居民来往大陆通行证): what stays the same when it is renewed
 *    5  residence    three letters and 12 digits: 外国人永久居留身份证 before 2023
 *   32  family       <type>.<issuer>.<serial> of a licence (§12)
 *
 * Class 1 asks for the right check character and for nothing else: whether the day of birth exists says nothing about whose number it is.
 */
import { parseUscc } from '../authority/uscc.ts';
import { malformed } from '../bytes/error.ts';

/** Never renumbered, never reused. */
export const NUMBER_CLASSES = { resident: 1, uscc: 2, passport: 3, permit: 4, residence: 5, family: 32 } as const;
export type NumberClassName = keyof typeof NUMBER_CLASSES;
export type NumberClass = (typeof NUMBER_CLASSES)[NumberClassName];

declare const numberBrand: unique symbol;
/** Personal data: never in URLs, program logs, metrics or error facts. */
export interface CanonicalNumber {
  readonly class: NumberClass;
  /** ASCII. */
  readonly id: string;
  readonly [numberBrand]: true;
}

const CLASS_NAMES = new Map<number, NumberClassName>(
  Object.entries(NUMBER_CLASSES).map(([name, code]) => [code, name as NumberClassName]),
);

/** Longer than any number is with blanks around it. */
const MAX_TEXT_LENGTH = 128;

/** Null for a class without a meaning. */
export function numberClassNameOf(code: number): NumberClassName | null {
  return CLASS_NAMES.get(code) ?? null;
}

/** Takes the canonical spelling and no other. Throws MALFORMED. */
export function parseNumber(code: number, id: string): CanonicalNumber {
  const name = numberClassNameOf(code);
  if (name === null) throw malformed('a number of an unknown class', { class: code });
  if (!isCanonical(name, id)) throw malformed('a number that is not in the canonical form of its class', { class: code });
  return { class: NUMBER_CLASSES[name], id } as CanonicalNumber;
}

/**
 * From what forms and data bases hold to the canonical spelling: blanks at both ends go, full width becomes ASCII, letters become
 * upper case; then the one rule of the class. Everything else is refused. Throws MALFORMED.
 */
export function normaliseNumber(code: number, text: string): CanonicalNumber {
  if (text.length > MAX_TEXT_LENGTH) throw malformed('a number of an impossible length');
  const narrow = text
    .replaceAll(/^[ \u3000]+|[ \u3000]+$/g, '')
    .replaceAll(/[\uff01-\uff5e]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))
    .replaceAll(/[a-z]/g, (char) => char.toUpperCase());
  const name = numberClassNameOf(code);
  return parseNumber(code, name === null ? narrow : byRuleOfClass(name, narrow));
}

function byRuleOfClass(name: NumberClassName, text: string): string {
  switch (name) {
    case 'resident':
      return /^[0-9]{15}$/.test(text) ? upgraded(text) : text;
    case 'passport':
      // ICAO 9303 alone writes Germany as D.
      return text.replace(/^D\./, 'DEU.');
    case 'permit':
      // The two digits after the holder's own count the renewals (公安部, 港澳居民来往内地通行证号码规则).
      return text.replace(/^([HM]?[0-9]{8})[0-9]{2}$/, '$1');
    case 'family':
      return text.replaceAll('_', '');
    case 'uscc':
    case 'residence':
      return text;
  }
}

function isCanonical(name: NumberClassName, id: string): boolean {
  switch (name) {
    case 'resident':
      return /^[0-9]{17}[0-9X]$/.test(id) && residentCheck(id) === id[17];
    case 'uscc':
      return parseUscc(id) === id;
    case 'passport':
      return /^[A-Z]{3}\.[0-9A-Z]{1,9}$/.test(id);
    case 'permit':
      return /^[HM]?[0-9]{8}$/.test(id);
    case 'residence':
      return /^[A-Z]{3}[0-9]{12}$/.test(id);
    case 'family':
      return /^[0-9A-Z]{21}\.[0-9A-Z]{18}\.[0-9A-Z]{1,32}$/.test(id);
  }
}

/** The numbers of 15 digits were given out until 1999, to persons born in 19xx. (Their 996 to 999, for those born before, are history.) */
function upgraded(digits: string): string {
  const body = `${digits.slice(0, 6)}19${digits.slice(6)}`;
  return body + residentCheck(body);
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** ISO 7064 MOD 11-2 over the first 17 digits. */
function residentCheck(digits: string): string {
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(digits[i]), 0);
  return '10X98765432'[sum % 11]!;
}
