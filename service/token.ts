/**
 * Bearer tokens, one per role, in a file only its owner may read: {"role": "token", …}. The first start makes it. A token
 * says which role, not which person: accesses of persons are signed requests.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { decodeUtf8, encodeUtf8 } from '../core/bytes/bytes.ts';
import { forbidden, isCodedError, malformed } from '../core/bytes/error.ts';
import { parseJson } from '../core/bytes/json.ts';
import { sm3 } from '../core/sm/sm3.ts';
import { parseShape } from './config.ts';
import { createFileDurably, readPrivateFile } from './durable-file.ts';
import { HttpRefusal } from './problem.ts';

const TOKEN_BYTES = 32;
const MAX_FILE_BYTES = 1 << 16;
const TOKEN = /^[A-Za-z0-9_-]{32,128}$/;
const TOKENS = z.record(z.string(), z.string().regex(TOKEN));

export class Tokens {
  /** Digests, so that the comparison below sees equal lengths and its time tells nothing about a token. */
  readonly #digests: ReadonlyMap<string, Uint8Array>;

  constructor(tokens: Readonly<Record<string, string>>) {
    this.#digests = new Map(Object.entries(tokens).map(([role, token]) => [role, sm3(encodeUtf8(token))]));
  }

  /** Throws FORBIDDEN: 401 without a token or with an unknown one, 403 when it is another role's. */
  verifyRole(request: IncomingMessage, role: string): void {
    const [, token] = /^Bearer ([A-Za-z0-9_-]+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined)
      throw new HttpRefusal(401, 'FORBIDDEN', 'a bearer token is needed', { 'WWW-Authenticate': 'Bearer' });
    const digest = sm3(encodeUtf8(token));
    // Every role is compared, whichever matches.
    const matches = [...this.#digests].filter(([, known]) => timingSafeEqual(known, digest)).map(([name]) => name);
    if (matches.length === 0) {
      throw new HttpRefusal(401, 'FORBIDDEN', 'the token is not known', { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
    }
    if (!matches.includes(role)) throw forbidden('the token is for another role', { role });
  }
}

async function createTokenFile(path: string, roles: readonly string[]): Promise<Uint8Array> {
  const tokens = Object.fromEntries(roles.map((role) => [role, randomBytes(TOKEN_BYTES).toString('base64url')]));
  const bytes = encodeUtf8(`${JSON.stringify(tokens, null, 2)}\n`);
  await createFileDurably(path, bytes);
  return bytes;
}

/** Reads the file, or makes it with a random token for each role. Throws FORBIDDEN for a file others can read, MALFORMED. */
export async function openTokens(path: string, roles: readonly string[]): Promise<Tokens> {
  const bytes = await readPrivateFile(path, MAX_FILE_BYTES).catch((error: unknown) => {
    if (isCodedError(error, 'NOT_FOUND')) return createTokenFile(path, roles);
    throw error;
  });
  const tokens = parseShape(TOKENS, parseJson(bytes), 'token file');
  if (roles.length !== Object.keys(tokens).length || !roles.every((role) => Object.hasOwn(tokens, role))) {
    throw malformed('the token file must name exactly the roles of this program', { path, roles: roles.join(' ') });
  }
  if (new Set(Object.values(tokens)).size !== roles.length) throw malformed('two roles have the same token', { path });
  return new Tokens(tokens);
}

/** To be shown to another program: from its own token file, the member `role`, or from a file that holds the token alone. Throws as `readPrivateFile`, MALFORMED. */
export async function readToken(path: string, role: string): Promise<string> {
  const text = decodeUtf8(await readPrivateFile(path, MAX_FILE_BYTES)).trim();
  const token = text.startsWith('{') ? parseShape(TOKENS, parseJson(text), 'token file')[role] : text;
  if (token === undefined || !TOKEN.test(token)) throw malformed('the file holds no such token', { path, role });
  return token;
}

/** A guard for a route (http.ts). */
export function requireRole(tokens: Tokens, role: string): RequestHandler {
  return (request, _response, next) => {
    tokens.verifyRole(request, role);
    next();
  };
}
