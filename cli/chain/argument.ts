/** What people write as arguments of the chain commands, as values. Every function throws MALFORMED and says what was expected. */
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { parseUscc, type Uscc } from '../../core/authority/uscc.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { parseInstant } from '../command.ts';

export function parseCode(text: string): Uscc {
  try {
    return parseUscc(text);
  } catch (error) {
    throw isCodedError(error) ? malformed(`${error.message}: ${text}`) : error;
  }
}

/** 64 lower-case hex characters, as this program prints ids. */
export function parseId(text: string, what: string): Hash {
  if (!/^[0-9a-f]{64}$/.test(text)) throw malformed(`${what} has 64 lower-case hex characters: ${text}`);
  return asHash(decodeHex(text));
}

/** A log by its origin or its id. */
export function parseLog(text: string): Hash {
  return text.includes('/') ? logIdOf(parseOrigin(text)) : parseId(text, 'a log id');
}

/** 20 bytes. */
export function parseAccount(text: string): Uint8Array {
  if (!/^0x[0-9a-fA-F]{40}$/.test(text)) throw malformed(`an account is 0x and 40 hex characters: ${text}`);
  return decodeHex(text.slice(2).toLowerCase());
}

export const formatAccount = (account: Uint8Array): string => `0x${encodeHex(account)}`;

export function parseLicenceType(text: string): string {
  if (!/^[0-9A-Z]{21}$/.test(text)) throw malformed(`a licence type code has 21 characters of 0-9 and A-Z: ${text}`);
  return text;
}

export function parseRegion(text: string): string {
  if (!/^[0-9]{6}$/.test(text)) throw malformed(`a region is a GB/T 2260 code of six digits: ${text}`);
  return text;
}

export function parsePurpose(text: string): string {
  if (!/^[a-z0-9.-]{1,64}$/.test(text)) throw malformed(`a purpose has 1 to 64 characters of a-z, 0-9, . and -: ${text}`);
  return text;
}

export function parseCount(text: string, what: string): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || !Number.isSafeInteger(value)) throw malformed(`${what} is a whole number: ${text}`);
  return value;
}

export function parseChoice<Choice extends string>(text: string, choices: readonly Choice[], what: string): Choice {
  const choice = choices.find((one) => one === text);
  if (choice === undefined) throw malformed(`${what} is one of ${choices.join(', ')}: ${text}`);
  return choice;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `10s`, `10m`, `24h` or `30d`, in milliseconds. */
export function parseSpan(text: string): number {
  const [, count, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw malformed(`a span of time is a number with ms, s, m, h or d: ${text}`);
  return Number(count) * UNITS[unit]!;
}

/** Not given: as soon as it is recorded. */
export function parseBeginning(text: string | undefined): number {
  return text === undefined ? 0 : parseInstant(text);
}

/** Not given: no end. */
export function parseEnd(text: string | undefined): number | null {
  return text === undefined ? null : parseInstant(text);
}
