/**
 * Untrusted JSON becomes a typed value here: a program's config file and, through `parseShape`, the bodies of requests and
 * answers. A refusal names the place of the first bad member and never its value: config files hold secrets, bodies personal data.
 */
import { readFile } from 'node:fs/promises';
import { z, type ZodType } from 'zod';
import { decodeUtf8 } from '../core/bytes/bytes.ts';
import { malformed, notFound, unavailable } from '../core/bytes/error.ts';
import type { JsonValue } from '../core/bytes/json.ts';
import { parseJson } from '../core/bytes/json.ts';
import { readPrivateFile } from './durable-file.ts';

/** As given, from the directory the program was started in. */
export const PATH = z.string().min(1);
/** Ends without a slash: paths are put behind it. */
export const URL_BASE = z.url({ protocol: /^https?$/ }).regex(/[^/]$/);
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])$/;

/** For what carries tokens: plain HTTP stays on this machine. */
export function isSafeAddress(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || LOOPBACK.test(hostname);
}

/** 0: the system's choice. */
export const PORT = z.number().int().min(0).max(65_535).default(0);

/** Names of members that a schema gives. Keys of a free record come from outside and are not repeated. */
const PLAIN_NAME = /^[A-Za-z][A-Za-z0-9]{0,31}$/;

/** As RFC 6901 writes it; '' is the whole document. */
function formatPlace(path: readonly PropertyKey[]): string {
  return path.map((step) => (typeof step === 'number' || PLAIN_NAME.test(String(step)) ? `/${String(step)}` : '/*')).join('');
}

/** Throws MALFORMED. `what` begins the message: "config", "request body". */
export function parseShape<T>(schema: ZodType<T>, value: JsonValue, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = formatPlace(issue?.path ?? []);
  const why = issue?.code === 'unrecognized_keys' ? 'has unknown members' : 'is missing or not of the documented kind';
  throw malformed(`${what}: ${place === '' ? 'the document' : place} ${why}`, { place });
}

/** Throws NOT_FOUND, UNAVAILABLE when it cannot be read, MALFORMED. Schemas should be `z.strictObject`: a typing error is no default. */
export async function readConfig<T>(path: string, schema: ZodType<T>): Promise<T> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw notFound('there is no config file', { path });
    throw unavailable('the config file cannot be read', { path, reason: error.code ?? null });
  });
  return parseShape(schema, parseJson(bytes), 'config');
}

const MAX_SECRET_BYTES = 4096;

/** One line of text in a file that only its owner may read, without its line end. Throws as `readPrivateFile`, and MALFORMED. */
export async function readSecret(path: string): Promise<string> {
  const text = decodeUtf8(await readPrivateFile(path, MAX_SECRET_BYTES)).replace(/\r?\n$/, '');
  if (text === '' || /[\r\n]/.test(text)) throw malformed('the file must hold one line', { path });
  return text;
}
