/**
 * Text and tokens inside signed formats. Text from elsewhere is shown to people beside what it could imitate, so characters that are
 * not seen, or that change the order of others, are refused; the ranges are fixed, not those of whatever Unicode a reader knows.
 */
import { malformed } from './error.ts';
import type { JsonFields } from './json-fields.ts';

/**
 * Controls; marks, overrides and isolates that change direction; what joins, separates, annotates or tags without being seen; fillers; and
 * every blank but U+0020 and U+3000. (§23 lists them.)
 */
const UNSEEN =
  /[\u0000-\u001f\u007f-\u00a0\u00ad\u061c\u115f\u1160\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const BLANK_END = /^[ \u3000]|[ \u3000]$/;
const TOKEN = /^[a-z0-9.-]{1,64}$/;

/** Not empty, no unseen characters, no blank at either end, at most `maxLength` UTF-16 units. */
export function isPlainText(text: string, maxLength: number): boolean {
  return text !== '' && text.length <= maxLength && !UNSEEN.test(text) && !BLANK_END.test(text);
}

/** Throws MALFORMED. */
export function readPlainText(fields: JsonFields, name: string, maxLength: number): string {
  const text = fields.string(name, maxLength);
  if (!isPlainText(text, maxLength)) throw malformed(`${name}: empty, or with characters that are not seen`);
  return text;
}

/** A word for programs: 1 to 64 of a–z, 0–9, `.` and `-`, the shape of a purpose in the registry. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Throws MALFORMED. */
export function readToken(fields: JsonFields, name: string): string {
  const token = fields.string(name, 64);
  if (!isToken(token)) throw malformed(`${name}: not a token of a–z, 0–9, . and -`);
  return token;
}
