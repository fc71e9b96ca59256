/** Who asks: the session behind the cookie, and for whatever changes something the proof that our own page sent it. */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { forbidden } from '../../core/bytes/error.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { HttpRefusal } from '../../service/problem.ts';
import { type CookieTerms, readCookie } from './cookie.ts';
import type { Session, Sessions } from './session.ts';

export interface Gate {
  readonly sessions: Sessions;
  /** This portal as browsers call it, without a slash at the end. */
  readonly url: () => string;
  readonly isSecure: boolean;
}

export const sessionCookie = ({ isSecure }: Gate): CookieTerms => ({ name: 'session', isSecure });
export const signInCookie = ({ isSecure }: Gate): CookieTerms => ({ name: 'sign-in', isSecure });

export function findSession(gate: Gate, request: IncomingMessage): { readonly id: string; readonly session: Session } | null {
  const id = readCookie(request, sessionCookie(gate));
  const session = id === null ? null : gate.sessions.find(id);
  return id === null || session === null ? null : { id, session };
}

/** Throws FORBIDDEN as 401. */
export function requireSession(gate: Gate, request: IncomingMessage): Session {
  const found = findSession(gate, request);
  if (found === null) throw new HttpRefusal(401, 'FORBIDDEN', 'sign in first');
  return found.session;
}

const equalText = (a: string, b: string): boolean => timingSafeEqual(sm3(encodeUtf8(a)), sm3(encodeUtf8(b)));

/**
 * For POST: the browser says that the page is ours, where it says so at all, and the page shows what only a page of ours can have read.
 * Throws FORBIDDEN.
 */
export function requireOwnPage(gate: Gate, request: IncomingMessage): Session {
  const session = requireSession(gate, request);
  const shown = request.headers['veritrail-csrf'];
  if (isForeign(gate, request) || typeof shown !== 'string' || !equalText(shown, session.csrf)) throw notOurs();
  return session;
}

/** Without a session: that no other site's page sent it, as far as browsers say. Throws FORBIDDEN. */
export function requireOwnOrigin(gate: Pick<Gate, 'url'>, request: IncomingMessage): void {
  if (isForeign(gate, request)) throw notOurs();
}

function isForeign({ url }: Pick<Gate, 'url'>, { headers }: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  return (origin !== undefined && origin !== new URL(url()).origin) || (site !== undefined && site !== 'same-origin');
}

const notOurs = (): Error => forbidden('the request is not from a page of this portal');
