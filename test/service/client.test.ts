import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { CodedError } from '../../core/bytes/error.ts';
import { fetchBytes, fetchJson } from '../../service/call/client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: TestContext, handler: Handler): Promise<string> {
  const server: Server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function refusalOf(answer: Promise<unknown>): Promise<CodedError> {
  const error: unknown = await answer.then(
    () => 'answered',
    (refusal: unknown) => refusal,
  );
  expect(error).to.be.instanceOf(CodedError);
  expect(JSON.stringify((error as CodedError).facts) + (error as CodedError).message).not.to.contain('SECRET');
  return error as CodedError;
}

const problem =
  (status: number, body: string, type = 'application/problem+json'): Handler =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': type }).end(body);

describe('client', () => {
  test('fetches bytes and sends what it is given', async (t) => {
    const url = await serve(t, (request, response) => {
      expect(request.headers['accept-encoding']).to.equal('identity');
      request.pipe(response);
    });
    const body = Uint8Array.from({ length: 256 }, (_, i) => i);
    expect(await fetchBytes(`${url}/a`, { method: 'POST', body })).to.deep.equal(body);
    expect(await fetchJson(`${url}/b`, { send: { a: [1] } })).to.deep.equal({ a: [1] });
  });

  test('takes an answer of exactly the cap', async (t) => {
    const url = await serve(t, (_request, response) => void response.end('x'.repeat(100)));
    expect(await fetchBytes(url, { maxBytes: 100 })).to.have.length(100);
  });

  const troubles: [rule: string, handler: Handler, message: RegExp][] = [
    ['an answer one byte too long', (_request, response) => void response.end('x'.repeat(1001)), /too long/],
    [
      'an answer without end',
      (_request, response) => {
        const more = (): void => {
          while (response.write('x'.repeat(10_000)));
          response.once('drain', more);
        };
        more();
      },
      /too long/,
    ],
    [
      'a packed answer that is long when unpacked',
      (_request, response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync(Buffer.alloc(100_000))),
      /too long/,
    ],
    [
      'a redirect, though its target would answer',
      ({ url }, response) =>
        void (url === '/target' ? response.end('x') : response.writeHead(302, { location: '/target' }).end()),
      /no answer/,
    ],
    ['an answer that never begins', () => {}, /in time/],
    ['an answer that never ends', (_request, response) => void response.write('x'), /in time/],
    [
      'an answer cut short',
      (_request, response) => {
        response.writeHead(200, { 'content-length': 100 });
        response.write('x', () => response.destroy());
      },
      /no answer/,
    ],
    ['a connection that is closed', (request) => void request.socket.destroy(), /no answer/],
    ['something that is not HTTP', (request) => void request.socket.end('SECRET\r\n\r\n'), /no answer/],
    ['an error without a problem', problem(500, 'SECRET', 'text/html'), /refused/],
    ['a problem of another type', problem(404, '{"code":"NOT_FOUND"}', 'application/json'), /refused/],
    ['a problem that is not JSON', problem(404, 'SECRET'), /refused/],
    ['a problem with a code off our list', problem(404, '{"code":"SECRET","detail":"SECRET"}'), /refused/],
    ['a mistake of the other side', problem(500, '{"code":null,"detail":"SECRET"}'), /refused/],
    ['an endless problem', problem(404, `{"code":"NOT_FOUND","detail":"${'x'.repeat(1000)}"}`), /too long/],
  ];
  for (const [rule, handler, message] of troubles) {
    test(`answers UNAVAILABLE, naming the host only, to ${rule}`, async (t) => {
      const url = await serve(t, handler);
      const error = await refusalOf(fetchBytes(`${url}/SECRET?q=SECRET`, { maxBytes: 1000, timeoutMs: 300 }));
      expect(error.code).to.equal('UNAVAILABLE');
      expect(error.message).to.match(message);
      expect(error.facts).to.include({ host: new URL(url).host });
    });
  }

  test('answers UNAVAILABLE when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    expect((await refusalOf(fetchBytes(`http://127.0.0.1:${port}/SECRET`))).code).to.equal('UNAVAILABLE');
  });

  const codes: [status: number, code: string][] = [
    [400, 'MALFORMED'],
    [401, 'FORBIDDEN'],
    [404, 'NOT_FOUND'],
    [409, 'CONFLICT'],
    [422, 'UNVERIFIED'],
    [503, 'UNAVAILABLE'],
  ];
  for (const [status, code] of codes) {
    test(`keeps the code of a problem: ${code}`, async (t) => {
      const url = await serve(
        t,
        problem(
          status,
          JSON.stringify({ code, detail: 'why', facts: { newest: 7, word: 'SECRET' } }),
          'application/problem+json; charset=utf-8',
        ),
      );
      const error = await refusalOf(fetchJson(url));
      expect(error).to.include({ code, message: 'the other side: why' });
      expect(error.facts).to.deep.equal({ newest: 7, host: new URL(url).host, status });
    });
  }

  for (const body of ['', 'SECRET', '{"a":[],"a":[]}', '\ufeff{"a":[]}', '{"a":[1,]}']) {
    test(`answers UNAVAILABLE to an answer that is not strict JSON: ${JSON.stringify(body)}`, async (t) => {
      const url = await serve(t, (_request, response) => void response.end(encodeUtf8(body)));
      expect((await refusalOf(fetchJson(url))).code).to.equal('UNAVAILABLE');
    });
  }

  for (const url of ['file:///etc/passwd', 'data:text/plain,x', 'ftp://127.0.0.1/x']) {
    test(`refuses ${url}`, async () => {
      expect((await refusalOf(fetchBytes(url))).code).to.equal('MALFORMED');
    });
  }

  test('refuses what is no address', async () => {
    expect((await refusalOf(fetchBytes('SECRET'))).code).to.equal('MALFORMED');
  });

  test('ends when the program stops', async (t) => {
    const url = await serve(t, () => {});
    const stop = new AbortController();
    const answer = refusalOf(fetchBytes(url, { signal: stop.signal }));
    stop.abort();
    expect(await answer).to.include({ code: 'UNAVAILABLE', message: 'no answer' });
  });
});
