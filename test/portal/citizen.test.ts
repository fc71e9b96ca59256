/** The portal's interface for programs, and what it keeps of a person: nothing. */
import { after, before, describe, test } from 'node:test';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { handleOf } from '../../core/access/handle.ts';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { checkPortalConfig, type PortalConfig } from '../../portal/config.ts';
import { Person } from './person.ts';
import { DAY, HOUSING, INSURANCE, PERSON, POLICE } from './access-log.ts';
import { PortalWorld } from './world.ts';

const world = new PortalWorld({ custodianTimeoutMs: 700 });
before(() => world.open());
after(() => world.close());

interface Source {
  readonly origin: string;
  readonly complete: boolean;
  readonly upTo: { readonly size: number } | null;
  readonly error: string | null;
}
interface History {
  readonly sources: readonly Source[];
  readonly entries: readonly { readonly kind: string; readonly state: string; readonly recordedAt: number }[];
}

const origin = (code: string): string => `sample/${code}/access`;

async function signedIn(account = 'p1'): Promise<Person> {
  const her = new Person(world.url);
  await her.signIn(account);
  return her;
}

async function history(her: Person, query = ''): Promise<History> {
  const answer = await her.call(`${world.url}/portal/v1/history${query}`);
  expect(answer.status).to.equal(200);
  return (await answer.json()) as History;
}

const sourceOf = ({ sources }: History, code: string): Source => sources.find((one) => one.origin === origin(code))!;

describe('GET /portal/v1/history', () => {
  test('is 401 without a sign-in, and so is whatever else is about a person', async () => {
    const nobody = new Person(world.url);
    for (const path of ['/portal/v1/history', '/portal/v1/sources']) {
      expect((await nobody.call(`${world.url}${path}`)).status).to.equal(401);
    }
    for (const path of ['/portal/v1/answers', '/portal/v1/objections', '/portal/sign-out']) {
      expect((await nobody.post(path, {})).status).to.equal(401);
    }
  });

  test('has every custodian that the registry lists, with what is complete up to where', async () => {
    const told = await history(await signedIn());
    expect(told.sources.map((one) => one.origin)).to.deep.equal([POLICE, INSURANCE, HOUSING].map(origin));
    expect(sourceOf(told, POLICE)).to.deep.include({ complete: true, error: null });
    expect(sourceOf(told, POLICE).upTo?.size).to.equal(10);
    expect(sourceOf(told, HOUSING)).to.deep.include({ complete: false, upTo: null, error: 'NOT_CONNECTED' });
    expect(told.entries).to.have.length(7);
  });

  test('chooses entries by time; what is complete does not depend on it', async () => {
    const her = await signedIn();
    const all = await history(her);
    const from = Date.now() - 20 * DAY;
    const some = await history(her, `?from=${from}&to=${Date.now()}`);
    expect(some.entries).to.deep.equal(all.entries.filter(({ recordedAt }) => recordedAt >= from));
    expect(some.entries.length).to.be.greaterThan(0).and.below(all.entries.length);
    expect(some.sources).to.deep.equal(all.sources);
    expect((await her.call(`${world.url}/portal/v1/history?from=yesterday`)).status).to.equal(400);
  });

  for (const mode of ['cut', 'silent'] as const) {
    test(`names a custodian that is ${mode}, within its time, and never drops it`, async () => {
      const her = await signedIn();
      world.police.mode = mode;
      const startedAt = performance.now();
      try {
        const told = await history(her);
        expect(sourceOf(told, POLICE)).to.deep.include({ complete: false, upTo: null, error: 'NODE_UNREACHABLE' });
        expect(sourceOf(told, INSURANCE).complete).to.equal(true);
        expect(performance.now() - startedAt).to.be.below(5000);
      } finally {
        world.police.mode = 'up';
      }
    });
  }

  test('is not complete for a custodian whose proofs do not hold', async () => {
    const her = await signedIn();
    world.police.lie = ({ checkpoint, epochs }) => ({ checkpoint, epochs: epochs.map((one) => ({ ...one, items: [] })) });
    try {
      expect(sourceOf(await history(her), POLICE)).to.deep.include({ complete: false, error: 'BAD_PROOF' });
    } finally {
      world.police.lie = (answer) => answer;
    }
  });

  test('is 503 when the verifier does not answer: without the registry nobody knows whom to ask', async () => {
    const her = await signedIn();
    world.verifierMode = 'cut';
    try {
      expect((await her.call(`${world.url}/portal/v1/history`)).status).to.equal(503);
    } finally {
      world.verifierMode = 'up';
    }
  });

  test('is about whoever is signed in, and nobody else', async () => {
    const told = await history(await signedIn('p3'));
    expect(told.entries).to.deep.equal([]);
    expect(sourceOf(told, POLICE).complete).to.equal(true);
  });
});

describe('POST /portal/v1/answers', () => {
  test('passes a custodian’s answer on as it came, and 404 for a log that there is no way to', async () => {
    const her = await signedIn();
    const answer = await her.post('/portal/v1/answers', { origin: origin(POLICE) });
    expect(((await answer.json()) as { format: string }).format).to.equal('veritrail-access-answer-v1');
    expect((await her.post('/portal/v1/answers', { origin: origin(HOUSING) })).status).to.equal(404);
    expect((await her.post('/portal/v1/answers', { origin: origin(POLICE), person: 'x' })).status).to.equal(400);
  });
});

describe('POST /portal/v1/objections', () => {
  test('brings an objection to the custodian, and needs a key so that it is made once', async () => {
    const her = await signedIn();
    const [entry] = (await history(her)).entries as unknown as { leafHash: string }[];
    const objection = { origin: origin(POLICE), leafHash: entry!.leafHash, text: '请说明。' };
    expect((await her.post('/portal/v1/objections', objection)).status).to.equal(400);
    const made = await her.post('/portal/v1/objections', objection, { 'idempotency-key': 'k1' });
    expect(made.status).to.equal(201);
    expect((await history(her)).entries.some((one) => JSON.stringify(one).includes('请说明。'))).to.equal(true);
    const unseen = { ...objection, text: '\u202e.' };
    expect((await her.post('/portal/v1/objections', unseen, { 'idempotency-key': 'k2' })).status).to.equal(400);
  });
});

describe('of a person, the portal', () => {
  test('keeps nothing: no number, handle or name in log, metrics, addresses, cookies, questions to the verifier, or files', async () => {
    const her = await signedIn();
    await history(her);
    const answer = await (await her.post('/portal/v1/answers', { origin: origin(POLICE) })).text();
    const proof = /"proof":"([0-9a-f]{162})"/.exec(answer)![1]!;
    const log = world.story.log(POLICE);
    const handle = encodeHex(handleOf(log.vrfKey, log.logId, PERSON));
    const secrets = [PERSON.id, '样例人员甲', handle, proof, encodeHex(sm3(encodeUtf8(PERSON.id))), ...world.police.tokens];
    const metrics = await (await fetch(`${world.url}/metrics`)).text();
    const dir = join(world.dir, 'portal');
    const names = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
    const files = await Promise.all(
      names.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name), 'latin1')),
    );
    const portalUrls = her.urls.filter((url) => url.startsWith(world.url));
    const places = {
      log: world.logged,
      metrics,
      urls: portalUrls.join(),
      cookies: her.jar.seen.join(),
      asked: world.asked.join(),
      files: files.join(),
    };
    expect(world.logged).to.include('/portal/v1/history');
    for (const [place, text] of Object.entries(places)) {
      for (const secret of secrets) expect(text.includes(secret), `${place} holds what it should not`).to.equal(false);
    }
  });

  test('asks the verifier for whole days and sizes of checkpoints, never for entries', () => {
    for (const url of world.asked) {
      expect(url).to.match(
        /^\/(?:livez|trust\.json|v1\/authorities|v1\/logs\/[0-9a-f]{64}\/(?:standing(?:\?size=\d+&time=\d+)?|anchors\?from=\d+&to=\d+))$/,
      );
      const [, from, to] = /from=(\d+)&to=(\d+)/.exec(url) ?? [];
      if (from !== undefined) expect([Number(from) % DAY, Number(to) - Number(from)]).to.deep.equal([0, DAY]);
    }
  });
});

describe('the portal’s config', () => {
  const config: PortalConfig = {
    dataDir: 'x',
    host: '127.0.0.1',
    port: 0,
    url: null,
    verifier: 'http://127.0.0.1:1',
    identity: { issuer: 'https://id.example', clientId: 'portal', clientSecretFile: 'x', scope: 'openid' },
    logs: [],
    accessors: [],
    custodianTimeoutMs: 1000,
    notices: null,
    webDir: null,
    exitWithParent: false,
  };

  test('takes no address that would carry tokens in the clear beyond this machine', () => {
    expect(checkPortalConfig(config)).to.equal(config);
    for (const change of [
      { url: 'http://portal.example' },
      { identity: { ...config.identity, issuer: 'http://id.example' } },
      { logs: [{ origin: origin(POLICE), url: 'http://node.example' }] },
      { accessors: [{ authority: POLICE, url: 'http://agent.example' }] },
    ]) {
      expect(() => checkPortalConfig({ ...config, ...change })).to.throw('https');
    }
  });
});
