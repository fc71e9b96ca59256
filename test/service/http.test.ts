import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { CodedError, conflict } from '../../core/bytes/error.ts';
import type { HotRoute, Route } from '../../service/http.ts';
import { sendBytes, sendJson } from '../../service/http.ts';
import { exchangeRaw, startEdge } from './edge-fixture.ts';

const HOT: HotRoute[] = [
  { method: 'GET', path: '/checkpoint', handle: ({ response }) => sendBytes(response, Buffer.from('note'), 'text/plain') },
  { method: 'GET', path: '/tile/', handle: ({ response, rest, query }) => sendJson(response, { rest, query }) },
  { method: 'GET', path: '/tile/entries/', handle: ({ response, rest }) => sendJson(response, { entries: rest }) },
  { method: 'POST', path: '/v1/lookup', handle: async ({ response }) => sendJson(response, { found: true }) },
];
const ROUTES: Route[] = [
  {
    method: 'GET',
    path: '/v1/logs/:logId',
    handle: (request, response) => sendJson(response, { logId: request.params['logId'] }),
  },
  { method: 'GET', path: '/v1/status', handle: (_request, response) => sendJson(response, {}) },
];

interface ProblemBody {
  readonly status: number;
  readonly code: string | null;
  readonly traceId: string;
}

async function problemOf(response: Response): Promise<ProblemBody> {
  expect(response.headers.get('content-type')).to.equal('application/problem+json');
  const problem = (await response.json()) as ProblemBody;
  expect(problem.status).to.equal(response.status);
  expect(problem.traceId).to.match(/^[0-9a-f]{32}$/);
  return problem;
}

describe('http', () => {
  test('answers hot routes, the longest prefix first, and Express routes', async (t) => {
    const { url } = await startEdge(t, { hot: HOT, routes: ROUTES });
    const json = async (path: string, method = 'GET'): Promise<unknown> => (await fetch(url + path, { method })).json();
    expect(await (await fetch(`${url}/checkpoint`)).text()).to.equal('note');
    expect(await json('/tile/0/x%2F1?a=b')).to.deep.equal({ rest: '0/x%2F1', query: 'a=b' });
    expect(await json('/tile/entries/7')).to.deep.equal({ entries: '7' });
    expect(await json('/v1/lookup', 'POST')).to.deep.equal({ found: true });
    expect(await json('/v1/logs/ab%20c')).to.deep.equal({ logId: 'ab c' });
  });

  test('answers HEAD where it answers GET, without a body', async (t) => {
    const { url } = await startEdge(t, { hot: HOT, routes: ROUTES });
    for (const path of ['/checkpoint', '/v1/status']) {
      const response = await fetch(url + path, { method: 'HEAD' });
      expect([response.status, await response.text()]).to.deep.equal([200, '']);
    }
  });

  test('puts the security headers on every answer and names no software', async (t) => {
    const { url } = await startEdge(t, { hot: HOT, routes: ROUTES });
    for (const path of ['/checkpoint', '/v1/status', '/nothing']) {
      const { headers } = await fetch(url + path);
      expect(headers.get('content-security-policy')).to.equal("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
      expect(headers.get('referrer-policy')).to.equal('no-referrer');
      expect(headers.get('cache-control')).to.equal('no-store');
      for (const name of ['x-powered-by', 'server', 'etag', 'access-control-allow-origin'])
        expect(headers.has(name), name).to.equal(false);
    }
  });

  const unknown = [
    '/',
    '/nothing',
    '/checkpoint/',
    '/Checkpoint',
    '/tile',
    '/v1/status/',
    '/v1/Status',
    '/v1/logs',
    '//checkpoint',
    '/%63heckpoint',
  ];
  for (const path of unknown) {
    test(`finds nothing at ${path}`, async (t) => {
      const { url } = await startEdge(t, { hot: HOT, routes: ROUTES });
      expect(await problemOf(await fetch(url + path))).to.include({ status: 404, code: 'NOT_FOUND' });
    });
  }

  const wrongMethods: [method: string, path: string, allow: string][] = [
    ['POST', '/checkpoint', 'GET, HEAD'],
    ['DELETE', '/tile/0/0', 'GET, HEAD'],
    ['GET', '/v1/lookup', 'POST'],
    ['HEAD', '/v1/lookup', 'POST'],
    ['PUT', '/v1/status', 'GET, HEAD'],
    ['OPTIONS', '/v1/status', 'GET, HEAD'],
    ['OPTIONS', '/checkpoint', 'GET, HEAD'],
  ];
  for (const [method, path, allow] of wrongMethods) {
    test(`refuses ${method} ${path}`, async (t) => {
      const { url } = await startEdge(t, { hot: HOT, routes: ROUTES });
      const response = await fetch(url + path, { method });
      expect([response.status, response.headers.get('allow')]).to.deep.equal([405, allow]);
      if (method !== 'HEAD') expect(await problemOf(response)).to.include({ code: 'MALFORMED' });
    });
  }

  test('turns errors of hot and Express handlers, thrown or rejected, into problems', async (t) => {
    const thrown = (error: Error) => (): never => {
      throw error;
    };
    const coded = conflict('held already', { newest: 7 });
    const mistake = new TypeError('SECRET of ours');
    const { url, lines } = await startEdge(t, {
      hot: [
        { method: 'GET', path: '/hot/coded', handle: thrown(coded) },
        { method: 'GET', path: '/hot/mistake', handle: async () => thrown(mistake)() },
      ],
      routes: [
        { method: 'GET', path: '/cold/coded', handle: async () => thrown(coded)() },
        { method: 'GET', path: '/cold/mistake', handle: thrown(mistake) },
      ],
    });
    for (const side of ['hot', 'cold']) {
      const refused = await problemOf(await fetch(`${url}/${side}/coded`));
      expect(refused).to.deep.include({ status: 409, code: 'CONFLICT', detail: 'held already', facts: { newest: 7 } });
      const response = await fetch(`${url}/${side}/mistake`);
      const { traceId, ...problem } = await problemOf(response);
      expect(JSON.stringify(problem)).not.to.contain('SECRET');
      expect(problem).to.include({ status: 500, code: null });
      const [line] = lines.filter((one) => one.includes(traceId) && one.includes('"mistake"'));
      expect(line).to.contain('SECRET of ours').and.to.contain('http.test.ts');
    }
  });

  test('cuts an answer that fails half-way, so that it does not look whole', async (t) => {
    const half = (response: ServerResponse): never => {
      response.write('half');
      throw new CodedError('UNAVAILABLE', 'lost');
    };
    const { url } = await startEdge(t, {
      hot: [{ method: 'GET', path: '/hot', handle: async ({ response }) => half(response) }],
      routes: [{ method: 'GET', path: '/cold', handle: (_request, response) => half(response) }],
    });
    for (const path of ['/hot', '/cold']) {
      const answer = fetch(url + path).then((response) => response.text());
      expect(await answer.catch(() => 'cut')).to.equal('cut');
    }
  });

  test('refuses a path that is not percent-encoded UTF-8', async (t) => {
    const { url } = await startEdge(t, { hot: HOT, routes: ROUTES });
    expect(await problemOf(await fetch(`${url}/v1/logs/%ff`))).to.include({ status: 400, code: 'MALFORMED' });
    expect(await problemOf(await fetch(`${url}/v1/logs/%`))).to.include({ status: 400, code: 'MALFORMED' });
  });

  test('logs method, route pattern, status and time, and nothing of the URL', async (t) => {
    const edge = await startEdge(t, { hot: HOT, routes: ROUTES });
    const headers = { authorization: 'Bearer SECRET', cookie: 'SECRET' };
    await fetch(`${edge.url}/v1/logs/SECRET?q=SECRET`, { headers });
    await fetch(`${edge.url}/tile/SECRET?q=SECRET`, { headers });
    await fetch(`${edge.url}/SECRET?q=SECRET`, { headers });
    await edge.close();
    const said = edge.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(said.map(({ level, method, route, status }) => [level, method, route, status])).to.deep.equal([
      ['info', 'GET', '/v1/logs/:logId', 200],
      ['debug', 'GET', '/tile/*', 200],
      ['info', 'GET', 'none', 404],
    ]);
    expect(said.every(({ ms }) => typeof ms === 'number')).to.equal(true);
    expect(edge.lines.join('')).not.to.contain('SECRET');
  });

  test('refuses to be built with one hot route given twice, or a route behind a hot one', async (t) => {
    const hidden: Route = { method: 'POST', path: '/tile/:level', handle: () => {} };
    for (const options of [{ hot: [...HOT, HOT[0]!] }, { hot: HOT, routes: [hidden] }]) {
      const error: unknown = await startEdge(t, options).catch((mistake: unknown) => mistake);
      expect(String(error)).to.match(/invariant broken/);
    }
  });

  test('says that the port is taken', async (t) => {
    const { port } = await startEdge(t, {});
    const { createEdge } = await import('../../service/http.ts');
    const { createLogger } = await import('../../service/logger.ts');
    const { createMetrics } = await import('../../service/metrics.ts');
    const second = createEdge({ logger: createLogger({ program: 'test' }), metrics: createMetrics('test') });
    const error: unknown = await second.listen(port).catch((refusal: unknown) => refusal);
    expect(error).to.include({ code: 'UNAVAILABLE' });
    expect((error as CodedError).facts).to.deep.equal({ port, reason: 'EADDRINUSE' });
  });
});

describe('http for other origins', () => {
  const asked = { origin: 'https://a.example' };

  test('gives no leave by default', async (t) => {
    const { url } = await startEdge(t, { hot: HOT });
    const response = await fetch(`${url}/checkpoint`, { headers: asked });
    expect(response.headers.get('access-control-allow-origin')).to.equal(null);
  });

  test('gives leave to the listed origin, without authorization headers', async (t) => {
    const { url } = await startEdge(t, { hot: HOT, corsOrigins: ['https://a.example'] });
    const response = await fetch(`${url}/checkpoint`, { headers: asked });
    expect(response.headers.get('access-control-allow-origin')).to.equal('https://a.example');
    expect(response.headers.get('vary')).to.equal('Origin');
    const preflight = await fetch(`${url}/v1/lookup`, { method: 'OPTIONS', headers: asked });
    expect(preflight.status).to.equal(204);
    expect(preflight.headers.get('access-control-allow-headers')).to.equal('Content-Type');
    expect(preflight.headers.has('access-control-allow-credentials')).to.equal(false);
  });

  for (const origin of ['https://b.example', 'https://a.example.evil', 'http://a.example', 'https://A.example', 'null']) {
    test(`gives no leave to ${origin}`, async (t) => {
      const { url } = await startEdge(t, { hot: HOT, corsOrigins: ['https://a.example'] });
      for (const method of ['GET', 'OPTIONS']) {
        const response = await fetch(`${url}/checkpoint`, { method, headers: { origin } });
        expect(response.headers.get('access-control-allow-origin')).to.equal(null);
        expect(response.headers.get('vary')).to.equal('Origin');
      }
    });
  }
});

describe('http pages', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'pages-'));
    await mkdir(join(directory, 'pages/assets'), { recursive: true });
    await writeFile(join(directory, 'pages/index.html'), '<!doctype html><title>page</title>');
    await writeFile(join(directory, 'pages/assets/app.js'), 'export {}');
    await writeFile(join(directory, 'pages/.hidden'), 'SECRET');
    await writeFile(join(directory, 'outside.txt'), 'SECRET');
  });
  after(() => rm(directory, { recursive: true }));

  test('come with a policy that runs our own scripts only', async (t) => {
    const { url } = await startEdge(t, { hot: HOT, pages: { '/': join(directory, 'pages') } });
    const response = await fetch(`${url}/`);
    expect(await response.text()).to.contain('<title>page</title>');
    const policy = response.headers.get('content-security-policy');
    expect(policy).to.contain("default-src 'none'").and.to.contain("script-src 'self' 'wasm-unsafe-eval'");
    expect(policy).to.contain("frame-ancestors 'none'").and.not.to.contain('unsafe-inline');
    expect((await fetch(`${url}/assets/app.js`)).headers.get('content-type')).to.match(/javascript/);
    expect(await (await fetch(`${url}/checkpoint`)).text()).to.equal('note');
  });

  const outside = [
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/assets/..%5c..%5coutside.txt',
    '/.hidden',
    '/assets',
    '/%00',
  ];
  for (const path of outside) {
    test(`hold nothing at ${path}`, async (t) => {
      const { port } = await startEdge(t, { pages: { '/': join(directory, 'pages') } });
      const answer = await exchangeRaw(port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect(answer)
        .to.match(/^HTTP\/1\.1 (400|404) /)
        .and.not.to.contain('SECRET');
      expect(answer).to.contain('application/problem+json');
    });
  }
});

describe('http under attack', () => {
  test('refuses headers beyond their cap, and what is not HTTP', async (t) => {
    const { port } = await startEdge(t, { hot: HOT });
    const long = `GET /checkpoint HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(10_000)}\r\n\r\n`;
    expect(await exchangeRaw(port, long)).to.match(/^HTTP\/1\.1 431 /);
    expect(await exchangeRaw(port, 'hello\r\n\r\n')).to.match(/^HTTP\/1\.1 400 /);
    expect(await exchangeRaw(port, 'GET /checkpoint HTTP/1.1\r\nConnection: close\r\n\r\n')).to.match(/^HTTP\/1\.1 400 /);
    const smuggled = 'POST /v1/lookup HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await exchangeRaw(port, smuggled)).to.match(/^HTTP\/1\.1 400 /);
  });

  test('ends a request whose last byte does not come in time', async (t) => {
    const { port } = await startEdge(t, { hot: HOT, requestTimeoutMs: 200 });
    expect(await exchangeRaw(port, 'POST /nothing HTTP/1.1\r\nHost: x\r\n')).to.match(/^HTTP\/1\.1 408 /);
  });

  test('drops connections beyond the cap', async (t) => {
    const { port } = await startEdge(t, { hot: HOT, maxConnections: 1 });
    const first = connect(port, '127.0.0.1');
    await once(first, 'connect');
    expect(await exchangeRaw(port, 'GET /checkpoint HTTP/1.1\r\nHost: x\r\n\r\n')).to.equal('');
    first.destroy();
  });

  test('counts a client that goes away and keeps answering the others', async (t) => {
    const gone = Promise.withResolvers<void>();
    const edge = await startEdge(t, {
      hot: HOT,
      routes: [
        {
          method: 'GET',
          path: '/slow',
          handle: (_request, response) => void response.once('close', gone.resolve),
        },
      ],
    });
    const socket = connect(edge.port, '127.0.0.1', () =>
      socket.end('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n', () => socket.destroy()),
    );
    await gone.promise;
    expect((await fetch(`${edge.url}/checkpoint`)).status).to.equal(200);
    expect(edge.lines.some((line) => line.includes('"status":499'))).to.equal(true);
  });

  test('closes: answers what is under way, ends idle connections, takes no more', async (t) => {
    const started = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    const edge = await startEdge(t, {
      hot: [
        {
          method: 'GET',
          path: '/slow',
          handle: async ({ response }) => {
            started.resolve();
            await release.promise;
            sendJson(response, { done: true });
          },
        },
      ],
    });
    const idle = connect(edge.port, '127.0.0.1');
    await once(idle, 'connect');
    idle.on('error', () => {});
    const answer = fetch(`${edge.url}/slow`);
    await started.promise;
    const closed = edge.close();
    expect(await fetch(`${edge.url}/slow`).catch(() => 'refused')).to.equal('refused');
    release.resolve();
    expect(await (await answer).json()).to.deep.equal({ done: true });
    await closed;
    idle.destroy();
  });

  test('closes although a handler never answers', async (t) => {
    const edge = await startEdge(t, { hot: [{ method: 'GET', path: '/never', handle: () => {} }] });
    const answer = fetch(`${edge.url}/never`).catch(() => 'cut');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await edge.close();
    expect(await answer).to.equal('cut');
  });
});
