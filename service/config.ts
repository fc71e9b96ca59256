/**
 * Untrusted JSON becomes a typed value here: a program's config file and, through `parseShape`, the bodies of requests and
 * answers. A refusal names the place of the first bad member and never its value: config files hold secrets, bodies personal data.
 */
import { readFile } from 'node:fs/promises';
import type { ZodType } from 'zod';
import { malformed, notFound, unavailable } from '../core/bytes/error.ts';
import type { JsonValue } from '../core/bytes/json.ts';
import { parseJson } from '../core/bytes/json.ts';

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
