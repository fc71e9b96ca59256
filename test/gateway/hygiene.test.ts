import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { encodeBase64, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { sampleNumber, samplePerson } from '../../samples/data-service.ts';
import { exchangeRaw } from '../service/edge-fixture.ts';
import { sampleRoutes } from './sample.ts';
import { ask, makeWorld, reasonOf, signAsk, send, startWorldGateway, type World } from './world.ts';

const PERSON = `/persons/${sampleNumber(7)}`;

async function before(t: TestContext, answer: RequestListener): Promise<{ world: World; url: string; operatorUrl: string }> {
  const world = await makeWorld(t);
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  const routes = sampleRoutes(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { world, ...(await startWorldGateway(t, world, { routes, maxBodyBytes: 10_000 })) };
}

const json: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(samplePerson(7)));
};

describe('headers', () => {
  test('of the client reach the data service only where they are needed, and its own come back only where they are', async (t) => {
    let [seen, target]: [IncomingHttpHeaders, string] = [{}, ''];
    const { url } = await before(t, (request, response) => {
      [seen, target] = [request.headers, request.url!];
      response.setHeader('set-cookie', 'session=1').setHeader('server', 'legacy/1').setHeader('x-person', sampleNumber(7));
      response.setHeader('connection', 'x-hop').setHeader('content-language', 'zh-CN');
      json(request, response);
    });
    const answered = await ask(url, {
      target: `${PERSON}?fields=%E5%A7%93%26x%3D1`,
      change: (headers) =>
        Object.assign(headers, { cookie: 'a=1', 'x-forwarded-for': '10.0.0.1', te: 'trailers', authorization: 'Basic x' }),
    });
    expect(answered.status).to.equal(200);
    expect(Object.keys(seen).toSorted()).to.deep.equal(['accept-encoding', 'connection', 'host']);
    expect(target).to.equal(`${PERSON}?fields=%E5%A7%93%26x%3D1`);
    const allowed = ['cache-control', 'connection', 'content-language', 'content-length', 'content-type', 'date', 'keep-alive'];
    const ours = ['veritrail-outcome', 'veritrail-receipt', 'x-content-type-options'];
    expect(Object.keys(answered.headers).filter((name) => ![...allowed, ...ours].includes(name))).to.deep.equal([]);
    expect(answered.headers['content-language']).to.equal('zh-CN');
  });

  const answers: readonly (readonly [string, RequestListener, string])[] = [
    ['an error with a person in it', (_, response) => void response.writeHead(500).end(sampleNumber(7)), 'UPSTREAM_REFUSED'],
    ['a redirect', (_, response) => void response.writeHead(302, { location: 'http://evil.example' }).end(), 'UPSTREAM_REFUSED'],
    [
      'packed bytes',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end('x'),
      'UPSTREAM_UNREADABLE',
    ],
    [
      'another charset',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json;charset=gbk' }).end('{}'),
      'UPSTREAM_UNREADABLE',
    ],
    [
      'two equal members',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":"a","name":"b"}'),
      'UPSTREAM_UNREADABLE',
    ],
    ['nothing at all', (_, response) => void response.destroy(), 'UPSTREAM_UNREACHABLE'],
    [
      'half of it',
      (_, response) => (
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 99 }),
        response.write('{'),
        void setTimeout(() => response.destroy(), 20)
      ),
      'UPSTREAM_ABORTED',
    ],
    ['silence', () => {}, 'UPSTREAM_TIMEOUT'],
  ];
  test('and bodies of a data service in trouble do not come through', async (t) => {
    let answer = json;
    const { url, world } = await before(t, (request, response) => answer(request, response));
    for (const [name, given, reason] of answers) {
      answer = given;
      const answered = await ask(url, { target: PERSON });
      expect(reasonOf(answered), name).to.equal(reason);
      expect(answered.bytes.toString(), name).not.to.include(sampleNumber(7));
      expect(world.node.events.at(-1)!.outcome, name).to.include({ result: 'failed', code: reason });
    }
  });

  test('that could be read in two ways are not read at all', async (t) => {
    let asked = 0;
    const { url, world } = await before(t, (request, response) => (asked++, json(request, response)));
    const port = Number(new URL(url).port);
    const given = await signAsk(url, { target: PERSON });
    const own = Object.entries(given.headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
    const head = (line: string, more: string): string => `${line}\r\nHost: x\r\nConnection: close\r\n${own}${more}\r\n`;
    const raw: readonly (readonly [string, string])[] = [
      ['length and chunks', head(`POST ${PERSON} HTTP/1.1`, 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n'],
      ['two lengths', head(`POST ${PERSON} HTTP/1.1`, 'Content-Length: 0\r\nContent-Length: 5\r\n') + '12345'],
      ['an odd coding', head(`POST ${PERSON} HTTP/1.1`, 'Transfer-Encoding: chunked, identity\r\n') + '0\r\n\r\n'],
      ['a folded header', head(`GET ${PERSON} HTTP/1.1`, 'X-A: b\r\n c\r\n')],
      ['a blank before the colon', head(`GET ${PERSON} HTTP/1.1`, 'Content-Length : 0\r\n')],
      ['no host', `GET ${PERSON} HTTP/1.1\r\nConnection: close\r\n${own}\r\n`],
      ['the whole URL', head(`GET http://other.example${PERSON} HTTP/1.1`, '')],
      ['a tunnel', head('CONNECT other.example:443 HTTP/1.1', '')],
      ['a request twice', head(`GET ${PERSON} HTTP/1.1`, `veritrail-request: ${given.headers['veritrail-request']}\r\n`)],
      ['a signature twice', head(`GET ${PERSON} HTTP/1.1`, `signature: ${given.headers['signature']}\r\n`)],
      ['too many bytes of headers', head(`GET ${PERSON} HTTP/1.1`, `X-Long: ${'x'.repeat(70_000)}\r\n`)],
    ];
    for (const [name, text] of raw) {
      const answered = await exchangeRaw(port, text);
      expect(answered === '' || /^HTTP\/1\.1 4\d\d /.test(answered), `${name}: ${answered.slice(0, 60)}`).to.equal(true);
    }
    const long = await ask(url, {
      method: 'POST',
      target: '/persons/search',
      body: JSON.stringify({ idNumbers: ['x'.repeat(10_000)] }),
    });
    expect(long.status).to.equal(413);
    expect([asked, world.node.events.length]).to.deep.equal([0, 0]);
  });

  test('mangled in any way are refused without an event, and never take the gateway down', async (t) => {
    const { url, world, operatorUrl } = await before(t, json);
    const given = await signAsk(url, { target: PERSON });
    const names = ['veritrail-request', 'signature-input', 'signature', 'content-digest'] as const;
    const mangled = fc.record({
      name: fc.constantFrom(...names),
      how: fc.constantFrom('delete', 'insert', 'change', 'cut', 'double', 'other'),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      text: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(mangled, async ({ name, how, at, text }) => {
        const value = given.headers[name]!;
        const i = Math.floor(at * value.length);
        const changed = {
          delete: value.slice(0, i) + value.slice(i + 1),
          insert: value.slice(0, i) + text + value.slice(i),
          change: value.slice(0, i) + (value[i] === 'A' ? 'B' : 'A') + value.slice(i + 1),
          cut: value.slice(0, i),
          double: value + value,
          other: text,
        }[how];
        if (changed.trim() === value) return;
        const answered = await send(url, { ...given, headers: { ...given.headers, [name]: changed } });
        expect(answered.status).to.be.within(400, 499);
      }),
      { numRuns: 300 },
    );
    // Envelopes of another form altogether, under a signature that covers them.
    for (const value of [
      null,
      [],
      'x',
      {},
      { payload: '', signatures: [] },
      { payload: 'e30=', signatures: [{ keyId: '00', signature: '' }] },
    ]) {
      const request = encodeBase64(encodeUtf8(JSON.stringify(value)));
      expect((await send(url, { ...given, headers: { ...given.headers, 'veritrail-request': request } })).status).to.be.within(
        400,
        499,
      );
    }
    expect(world.node.events).to.deep.equal([]);
    expect((await fetch(`${operatorUrl}/readyz`)).status).to.equal(200);
    expect((await send(url, given)).status).to.equal(200);
  });

  test('and targets leave no person in log lines, metrics and problems', async (t) => {
    const { url, world, operatorUrl } = await before(t, json);
    const targets = [
      PERSON,
      `${PERSON}?fields=a`,
      `/nothing/${sampleNumber(7)}`,
      `/persons/${sampleNumber(7)}x`,
      `/persons?district=${sampleNumber(7)}`,
    ];
    let said = '';
    for (const target of targets) {
      const answered = await ask(url, { target, said: { cause: `查 ${sampleNumber(7)}` } });
      if (answered.status !== 200) said += answered.bytes.toString();
    }
    said += world.lines.join('') + (await (await fetch(`${operatorUrl}/metrics`)).text());
    for (const planted of [sampleNumber(7), samplePerson(7).name]) expect(said.includes(planted)).to.equal(false);
    expect(world.lines.length).to.be.greaterThan(4);
  });
});
