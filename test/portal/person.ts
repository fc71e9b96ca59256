/** A person with a browser's cookie jar and nothing else: follows redirects, fills in the provider's form, calls the portal. */
import { TEST_PASSWORD } from '../../scripts/test-provider/persons.ts';

/** Cookies by host, with their attributes as they were set. */
export class CookieJar {
  readonly #cookies = new Map<string, Map<string, string>>();
  readonly seen: string[] = [];

  take(url: string, response: Response): void {
    const { host } = new URL(url);
    const jar = this.#cookies.get(host) ?? new Map<string, string>();
    this.#cookies.set(host, jar);
    for (const line of response.headers.getSetCookie()) {
      this.seen.push(line);
      const [pair = ''] = line.split(';');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      if (value === '' || /Max-Age=0|expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
  }

  header(url: string): Record<string, string> {
    const jar = this.#cookies.get(new URL(url).host) ?? new Map<string, string>();
    return jar.size === 0 ? {} : { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  get(url: string, name: string): string | null {
    return this.#cookies.get(new URL(url).host)?.get(name) ?? null;
  }

  /** As somebody who has got hold of a cookie would. */
  set(url: string, name: string, value: string): void {
    const { host } = new URL(url);
    this.#cookies.set(host, (this.#cookies.get(host) ?? new Map<string, string>()).set(name, value));
  }
}

export interface Session {
  readonly signedIn: boolean;
  readonly csrf?: string;
  readonly name?: string | null;
  readonly person?: { readonly class: number; readonly id: string };
}

export class Person {
  readonly jar = new CookieJar();
  readonly portal: string;
  /** Every address that was called. */
  readonly urls: string[] = [];

  constructor(portal: string) {
    this.portal = portal;
  }

  async call(url: string, init: RequestInit = {}): Promise<Response> {
    this.urls.push(url);
    const headers = { ...this.jar.header(url), ...(init.headers as Record<string, string> | undefined) };
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    this.jar.take(url, response);
    return response;
  }

  /** Follows redirects until there is none, or until `stopAt` comes up: that address is not called. */
  async follow(url: string, stopAt = '\n'): Promise<{ url: string; response: Response | null }> {
    for (let at = url; ;) {
      if (at.includes(stopAt)) return { url: at, response: null };
      const response = await this.call(at);
      const next = response.headers.get('location');
      if (next === null) return { url: at, response };
      at = new URL(next, at).href;
    }
  }

  /** To the provider's form and through it; returns the address of the way back, not called yet. */
  async signInUpTo(account: string, password = TEST_PASSWORD, from = `${this.portal}/portal/sign-in`): Promise<string> {
    const form = await this.follow(from);
    const answer = await this.call(form.url, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ account, password }).toString(),
    });
    const next = answer.headers.get('location');
    if (next === null) return form.url;
    return (await this.follow(new URL(next, form.url).href, '/portal/callback')).url;
  }

  async signIn(account: string): Promise<Session> {
    await this.follow(await this.signInUpTo(account));
    return this.session();
  }

  async session(): Promise<Session> {
    return (await (await this.call(`${this.portal}/portal/v1/session`)).json()) as Session;
  }

  async post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    const { csrf = '' } = await this.session();
    const sent = { 'content-type': 'application/json', 'veritrail-csrf': csrf, ...headers };
    return this.call(`${this.portal}${path}`, { method: 'POST', headers: sent, body: JSON.stringify(body) });
  }
}
