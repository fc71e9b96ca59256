import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import type { CodedError } from '../../core/bytes/error.ts';
import { IdentityProvider, type ProviderTerms } from '../../portal/identity/provider.ts';
import { TEST_PASSWORD } from '../../scripts/test-provider/persons.ts';
import { startTestProvider, type TestProvider } from '../../scripts/test-provider/provider.ts';
import { readSecret } from '../../service/config.ts';
import { Person } from './person.ts';
import { PortalWorld } from './world.ts';

const world = new PortalWorld();
const NUMBER = '999900199001010014';

before(() => world.open());
after(() => world.close());

const person = (): Person => new Person(world.url);

async function termsOf({ issuer, clientId, clientSecretFile }: TestProvider): Promise<ProviderTerms> {
  const clientSecret = await readSecret(clientSecretFile);
  const redirectUri = (): string => `${world.url}/portal/callback`;
  return { issuer, clientId, clientSecret, scope: 'openid person', redirectUri, resources: [] };
}

/** The claims of a JWT, unverified. */
function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

describe('signing in', () => {
  test('goes to the provider with everything pushed ahead of the browser, and says who it was', async () => {
    const her = person();
    const { url } = await her.follow(`${world.url}/portal/sign-in`, '/interaction/');
    const asked = new URL(her.urls.find((one) => one.includes('/auth?'))!).searchParams;
    expect([...asked.keys()].toSorted()).to.deep.equal(['client_id', 'request_uri']);
    expect(url).to.include(world.provider.issuer);
    expect((await her.session()).signedIn).to.equal(false);
    const session = await her.signIn('p1');
    expect(session).to.deep.include({ signedIn: true, name: '样例人员甲', person: { class: 1, id: NUMBER } });
  });

  test('leaves a cookie that no script reads, no other site sends along, and that holds nothing but an id', async () => {
    const her = person();
    await her.signIn('p1');
    const set = her.jar.seen.filter((line) => line.startsWith('veritrail-session='));
    expect(set).to.have.length(1);
    expect(set[0]).to.match(/^veritrail-session=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  for (const [what, change] of [
    ['another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(43))],
    ['no state', (url: URL) => url.searchParams.delete('state')],
    ['another code', (url: URL) => url.searchParams.set('code', 'x'.repeat(43))],
    ['another issuer', (url: URL) => url.searchParams.set('iss', 'https://elsewhere.example')],
    ['an error', (url: URL) => (url.searchParams.delete('code'), url.searchParams.set('error', 'access_denied'))],
  ] as const) {
    test(`signs nobody in who comes back with ${what}`, async () => {
      const her = person();
      const back = new URL(await her.signInUpTo('p1'));
      change(back);
      const answer = await her.call(back.href);
      expect([answer.status, answer.headers.get('location')]).to.deep.equal([303, `${world.url}/?sign-in=failed`]);
      expect((await her.session()).signedIn).to.equal(false);
    });
  }

  test('signs nobody in whose sign-in was begun by another browser, or is over', async () => {
    const [her, him] = [person(), person()];
    const back = await her.signInUpTo('p1');
    const foreign = await him.call(back);
    expect(foreign.headers.get('location')).to.equal(`${world.url}/?sign-in=failed`);
    expect((await him.session()).signedIn).to.equal(false);
    await her.call(back);
    expect((await her.session()).signedIn).to.equal(true);
    const again = await him.call(back);
    expect(again.headers.get('location')).to.equal(`${world.url}/?sign-in=failed`);
  });

  test('goes by code, PKCE, state and nonce, in the address where the provider takes nothing pushed', async () => {
    const plain = await startTestProvider({ dataDir: join(world.dir, 'plain'), takesPushed: false });
    try {
      const resources = [world.police.url, world.insurance.url];
      const provider = new IdentityProvider({ ...(await termsOf(plain)), resources });
      const { searchParams: asked } = (await provider.begin()).address;
      expect([asked.get('response_type'), asked.get('code_challenge_method')]).to.deep.equal(['code', 'S256']);
      expect(asked.getAll('resource')).to.deep.equal(resources);
      expect([asked.get('state')?.length, asked.get('nonce')?.length]).to.deep.equal([43, 43]);
    } finally {
      await plain.close();
    }
  });

  test('takes no ID token with another nonce, though code, state and verifier fit', async () => {
    const provider = new IdentityProvider(await termsOf(world.provider));
    for (const [nonce, want] of [
      ['another', 'UNTRUSTED'],
      [null, null],
    ] as const) {
      const { signIn, address } = await provider.begin();
      const back = new URL(await person().signInUpTo('p1', TEST_PASSWORD, address.href));
      const done = provider.finish(back.search.slice(1), { ...signIn, nonce: nonce ?? signIn.nonce });
      const code = await done.then(() => null).catch((error: CodedError) => error.code);
      expect(code).to.equal(want);
    }
  });

  test('signs nobody in with an ID token made for another sign-in', async () => {
    // The state of one sign-in with the code of another: same browser, same provider, wrong nonce and verifier.
    const her = person();
    const first = new URL(await her.signInUpTo('p1'));
    const begun = await her.follow(`${world.url}/portal/sign-in`, '/portal/callback');
    const mixed = new URL(begun.url);
    mixed.searchParams.set('code', first.searchParams.get('code')!);
    await her.call(mixed.href);
    expect((await her.session()).signedIn).to.equal(false);
  });

  test('lets nobody in with a wrong password', async () => {
    const her = person();
    const url = await her.signInUpTo('p1', 'guess');
    expect(url).to.include('/interaction/');
    expect((await her.session()).signedIn).to.equal(false);
  });

  test('gives a new id at each sign-in and forgets the one before', async () => {
    const her = person();
    await her.signIn('p1');
    const first = her.jar.get(world.url, 'veritrail-session')!;
    await her.signIn('p2');
    expect(her.jar.get(world.url, 'veritrail-session')).not.to.equal(first);
    const thief = person();
    thief.jar.set(world.url, 'veritrail-session', first);
    expect((await thief.session()).signedIn).to.equal(false);
  });
});

describe('an access token', () => {
  test('is for one custodian’s node and no other, short-lived, and names the person', async () => {
    const her = person();
    await her.signIn('p1');
    await her.call(`${world.url}/portal/v1/history`);
    const claims = [world.police, world.insurance].map(({ tokens }) => claimsOf(tokens.at(-1)!));
    expect(claims.map(({ aud }) => aud)).to.deep.equal([world.police.url, world.insurance.url]);
    for (const { person: named, iat, exp, iss } of claims) {
      expect(named).to.deep.equal({ class: 1, id: NUMBER });
      expect(Number(exp) - Number(iat)).to.be.at.most(300);
      expect(iss).to.equal(world.provider.issuer);
    }
    const refused = await world.insurance.personOf(world.police.tokens.at(-1)!).catch((error: Error) => error.message);
    expect(refused).to.equal('audience');
  });
});

describe('signing out', () => {
  test('ends the session here and at the provider', async () => {
    const her = person();
    await her.signIn('p1');
    const answer = await her.post('/portal/sign-out', {});
    const { next } = (await answer.json()) as { next: string };
    expect(next).to.include(`${world.provider.issuer}/session/end`);
    expect((await her.session()).signedIn).to.equal(false);
    expect((await her.call(`${world.url}/portal/v1/history`)).status).to.equal(401);
  });

  for (const [what, headers] of [
    ['without the page’s own word', { 'veritrail-csrf': '' }],
    ['from a page of another site', { origin: 'https://elsewhere.example' }],
    ['that another site’s page caused', { 'sec-fetch-site': 'cross-site' }],
  ] as const) {
    test(`takes no request ${what}`, async () => {
      const her = person();
      await her.signIn('p1');
      for (const path of ['/portal/sign-out', '/portal/v1/answers', '/portal/v1/objections']) {
        expect((await her.post(path, {}, headers)).status).to.equal(403);
      }
      expect((await her.session()).signedIn).to.equal(true);
    });
  }
});
