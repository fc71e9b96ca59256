/**
 * The national licence identifier (证照标识, GB/T 36904-2018) and the family: what all versions of one licence share.
 *
 * ```
 * 1.2.156.3005.2 . type 21 . issuer 18 . serial 1..32 . version 3 . check 1
 *                  USCC 18   USCC        0-9 A-Z _      digits      GB/T 17710, MOD 37,36
 *                  + 3 chars
 * family = type . issuer . serial, with '_' removed
 * ```
 *
 * Identifiers printed by one vendor's product carry a check character by another rule; they are told apart, not refused, because
 * they stand on real documents. An issuer given as a six-digit division code is seen in the field as well.
 */
import { malformed } from '../bytes/error.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const ROOT = '1.2.156.3005.2';
const SHAPE = /^1\.2\.156\.3005\.2\.([0-9A-Z]{21})\.([0-9A-Z]{18}|[0-9]{6})\.([0-9A-Z_]{1,32})\.([0-9]{3})\.([0-9A-Z])$/;

/** How the check character came about; `invalid` is neither the standard's nor the known vendor's. */
export type IdentifierGrade = 'standard' | 'known-vendor-variant' | 'invalid';

export interface LicenceIdentifier {
  readonly text: string;
  /** Licence type code: the defining authority's USCC and three more characters. */
  readonly type: string;
  /** USCC, or a six-digit division code on some older documents. */
  readonly issuer: string;
  readonly serial: string;
  /** 1 is the first issue; 0 is seen on some older documents. */
  readonly version: number;
  readonly grade: IdentifierGrade;
  readonly family: string;
}

const valueOf = (char: string): number => ALPHABET.indexOf(char);

/** ISO 7064 MOD 37,36 (GB/T 17710-2008) over characters of 0-9A-Z. */
export function checkCharacter(text: string): string {
  let p = 36;
  for (const char of text) {
    p = (p + valueOf(char)) % 36 || 36;
    p = (p * 2) % 37;
  }
  return ALPHABET[(37 - p) % 36]!;
}

/** The rule of one vendor's product, found on issued documents: letters count one more, and the sum is reduced otherwise. */
export function vendorCheckCharacter(text: string): string {
  let p = 36;
  for (const char of text) {
    const value = valueOf(char) + (valueOf(char) >= 10 ? 1 : 0);
    let sum = p + value;
    if (value > 10 && sum > 37) sum %= 37;
    else if (value < 10 && sum > 36) sum %= 36;
    p = ((sum % 36 || 36) * 2) % 37;
  }
  let value = 37 - p;
  while (value < 1) value += 36;
  return ALPHABET[value - 1]!;
}

function gradeOf(body: string, check: string): IdentifierGrade {
  if (check === checkCharacter(body)) return 'standard';
  return check === vendorCheckCharacter(body) ? 'known-vendor-variant' : 'invalid';
}

/** Throws MALFORMED when the shape is wrong. A wrong check character is no error but the grade `invalid`. */
export function parseLicenceIdentifier(text: string): LicenceIdentifier {
  const parts = SHAPE.exec(text);
  if (parts === null) throw malformed('not a licence identifier of GB/T 36904');
  const [, type, issuer, serial, version, check] = parts as unknown as [string, string, string, string, string, string];
  const bare = serial.replaceAll('_', '');
  if (bare === '') throw malformed('a licence identifier without serial');
  const grade = gradeOf(type + issuer + bare + version, check);
  return { text, type, issuer, serial, version: Number(version), grade, family: familyOf(type, issuer, serial) };
}

export function familyOf(type: string, issuer: string, serial: string): string {
  return `${type}.${issuer}.${serial.replaceAll('_', '')}`;
}

/** Writes the identifier with the standard's check character. Throws MALFORMED for parts that do not fit. */
export function formatLicenceIdentifier(parts: { type: string; issuer: string; serial: string; version: number }): string {
  if (parts.version < 1) throw malformed('versions begin with 1');
  const version = String(parts.version).padStart(3, '0');
  const body = parts.type + parts.issuer + parts.serial.replaceAll('_', '') + version;
  const text = `${ROOT}.${parts.type}.${parts.issuer}.${parts.serial}.${version}.${checkCharacter(body)}`;
  return parseLicenceIdentifier(text).text;
}
