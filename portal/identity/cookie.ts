/**
 * Cookies hold a random id and nothing else. HttpOnly: no script reads them. SameSite=Lax: another site's page can bring the browser here,
 * as the identity provider does, but cannot send anything in its name. Over https the name begins with `__Host-`, which browsers bind to
 * this very host.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface CookieTerms {
  readonly name: 'session' | 'sign-in';
  readonly isSecure: boolean;
}

const PREFIX = 'veritrail-';
const ID = /^[A-Za-z0-9_-]{43}$/;

/** 32 random bytes. */
export function freshId(): string {
  return randomBytes(32).toString('base64url');
}

function fullName({ name, isSecure }: CookieTerms): string {
  return `${isSecure ? '__Host-' : ''}${PREFIX}${name}`;
}

/** Null when there is none, when it is no id, or when it stands there twice. */
export function readCookie(request: IncomingMessage, terms: CookieTerms): string | null {
  const name = fullName(terms);
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((part) => part.trim().split('='))
    .filter(([key]) => key === name);
  const [, id = ''] = found.length === 1 ? found[0]! : [];
  return ID.test(id) ? id : null;
}

/** `id` null: the browser forgets it. */
export function setCookie(response: ServerResponse, terms: CookieTerms, id: string | null): void {
  const parts = [`${fullName(terms)}=${id ?? ''}`, 'Path=/', 'HttpOnly', 'SameSite=Lax'];
  if (terms.isSecure) parts.push('Secure');
  if (id === null) parts.push('Max-Age=0');
  response.appendHeader('Set-Cookie', parts.join('; '));
}
