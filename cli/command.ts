/**
 * What all commands share: exit codes, the two ways of printing, options with one meaning, and one place where an error becomes
 * words. Exit 0: valid or done · 1: invalid, or refused by a contract · 2: usage or unreadable input · 3: undetermined or unavailable.
 */
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type CodedError, isCodedError, malformed, notFound, unavailable } from '../core/bytes/error.ts';
import { type JsonObject, type JsonValue, parseJson } from '../core/bytes/json.ts';
import type { VerdictWord } from '../core/verify/verdict.ts';
import type { Lang } from '../core/verify/words.ts';

export const EXIT = { done: 0, invalid: 1, refused: 1, usage: 2, unavailable: 3 } as const;

export interface CommonOptions {
  readonly json: boolean;
  readonly lang: Lang;
  /** Where this reader remembers trust files, or where the embedded default keeps everything. */
  readonly data: string;
}

export function defaultDataDirectory(): string {
  return join(process.env['XDG_DATA_HOME'] ?? join(homedir(), '.local', 'share'), 'veritrail');
}

export function exitOf(verdict: VerdictWord): number {
  return { valid: EXIT.done, invalid: EXIT.invalid, undetermined: EXIT.unavailable }[verdict];
}

export function print(options: CommonOptions, value: JsonObject, lines: readonly string[]): void {
  process.stdout.write(options.json ? `${JSON.stringify(value)}\n` : `${lines.join('\n')}\n`);
}

/** Bad input is 2, whatever could not be found out is 3. */
export function exitOfError(error: CodedError): number {
  return error.code === 'UNAVAILABLE' || error.code === 'UNTRUSTED' || error.code === 'UNVERIFIED'
    ? EXIT.unavailable
    : EXIT.usage;
}

export function describeError(error: unknown): { code: string; detail: string } {
  if (isCodedError(error)) return { code: error.code, detail: error.message };
  return { code: 'INTERNAL', detail: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

const MAX_FILE_BYTES = 256 << 20;

/** Throws NOT_FOUND, UNAVAILABLE or MALFORMED (above 256 MiB). */
export async function readInput(path: string): Promise<Uint8Array> {
  try {
    if ((await stat(path)).size > MAX_FILE_BYTES) throw malformed('the file is too long', { maxBytes: MAX_FILE_BYTES });
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isCodedError(error)) throw error;
    const reason = (error as NodeJS.ErrnoException).code;
    throw reason === 'ENOENT'
      ? notFound(`there is no file ${path}`)
      : unavailable(`${path} cannot be read`, { reason: reason ?? null });
  }
}

export async function readJsonInput(path: string, maxBytes = 16 << 20): Promise<JsonValue> {
  return parseJson(await readInput(path), { maxBytes });
}

/** RFC 3339 with a zone, or a plain date (then midnight of Beijing). Throws MALFORMED. */
export function parseInstant(text: string): number {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/.test(text);
  const instant = Date.parse(isDate ? `${text}T00:00:00+08:00` : text);
  if (!(isDate || isInstant) || !Number.isSafeInteger(instant) || instant < 0) throw malformed(`not an RFC 3339 time: ${text}`);
  return instant;
}
