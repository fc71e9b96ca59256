/** Signing in and out. The browser only ever sees a random id; where something does not fit, nobody is signed in and the page says so. */
import type { Request, Response } from 'express';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Route } from '../../service/http.ts';
import { sendJson } from '../../service/http.ts';
import type { Logger } from '../../service/logger.ts';
import { readCookie, setCookie } from './cookie.ts';
import { findSession, type Gate, requireOwnPage, sessionCookie, signInCookie } from './guard.ts';
import type { IdentityProvider } from './provider.ts';

export interface IdentityWorld extends Gate {
  readonly provider: IdentityProvider;
  readonly logger: Logger;
}

/** Below the portal's own address; registered at the provider. */
export const CALLBACK_PATH = '/portal/callback';

type Trouble = 'failed' | 'unavailable';

/** No referrer and no store, so that the code in the address goes nowhere (service/http.ts). */
function sendTo(response: Response, address: string): void {
  response.statusCode = 303;
  response.setHeader('Location', address);
  response.end();
}

function refuse({ url, logger }: IdentityWorld, response: Response, error: unknown): void {
  if (!isCodedError(error)) throw error;
  logger.info({ error }, 'nobody was signed in');
  const trouble: Trouble = error.code === 'UNAVAILABLE' ? 'unavailable' : 'failed';
  sendTo(response, `${url()}/?sign-in=${trouble}`);
}

async function signIn(world: IdentityWorld, response: Response): Promise<void> {
  try {
    const begun = await world.provider.begin();
    setCookie(response, signInCookie(world), world.sessions.begin(begun.signIn));
    sendTo(response, begun.address.href);
  } catch (error) {
    refuse(world, response, error);
  }
}

async function comeBack(world: IdentityWorld, request: Request, response: Response): Promise<void> {
  const id = readCookie(request, signInCookie(world));
  const begun = id === null ? null : world.sessions.take(id);
  setCookie(response, signInCookie(world), null);
  // Another browser began it, or it was used already.
  if (begun === null) return sendTo(response, `${world.url()}/?sign-in=failed`);
  const { url } = request;
  try {
    const signedIn = await world.provider.finish(url.slice(url.indexOf('?') + 1), begun);
    const before = findSession(world, request);
    if (before !== null) world.sessions.close(before.id);
    setCookie(response, sessionCookie(world), world.sessions.open(signedIn));
    sendTo(response, `${world.url()}/`);
  } catch (error) {
    refuse(world, response, error);
  }
}

async function signOut(world: IdentityWorld, request: Request, response: Response): Promise<void> {
  const session = requireOwnPage(world, request);
  world.sessions.close(readCookie(request, sessionCookie(world))!);
  setCookie(response, sessionCookie(world), null);
  const backTo = `${world.url()}/`;
  sendJson(response, { next: (await session.end(backTo))?.href ?? backTo });
}

function describeSession(world: IdentityWorld, request: Request, response: Response): void {
  const session = findSession(world, request)?.session ?? null;
  if (session === null) return sendJson(response, { signedIn: false });
  const { person, name, csrf } = session;
  sendJson(response, { signedIn: true, person: { class: person.class, id: person.id }, name, csrf });
}

export function identityRoutes(world: IdentityWorld): Route[] {
  return [
    { method: 'GET', path: '/portal/sign-in', handle: (_request, response) => signIn(world, response) },
    { method: 'GET', path: CALLBACK_PATH, handle: (request, response) => comeBack(world, request, response) },
    { method: 'POST', path: '/portal/sign-out', handle: (request, response) => signOut(world, request, response) },
    { method: 'GET', path: '/portal/v1/session', handle: (request, response) => describeSession(world, request, response) },
  ];
}
