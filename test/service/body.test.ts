import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { z } from 'zod';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { malformed } from '../../core/bytes/error.ts';
import { parseIdempotencyKey, readBody, readJson, readLines, sendLines } from '../../service/body.ts';
import type { HotRoute } from '../../service/http.ts';
import { sendBytes, sendJson } from '../../service/http.ts';
import { exchangeRaw, startEdge } from './edge-fixture.ts';

const SCHEMA = z.strictObject({ serial: z.string().max(8), count: z.number().int().optional() });

async function* upperCase(lines: AsyncIterable<Uint8Array>): AsyncGenerator<object> {
  for await (const line of lines) {
    const text = decodeUtf8(line);
    if (text === 'bad') throw malformed('a bad line');
    if (text === 'mistake') throw new TypeError('SECRET of ours');
    yield { line: text.toUpperCase() };
  }
}

const HOT: HotRoute[] = [
  {
    method: 'POST',
    path: '/length',
    handle: async ({ request, response }) => sendJson(response, { length: (await readBody(request)).length }),
  },
  {
    method: 'POST',
    path: '/bytes',
    handle: async ({ request, response }) => sendBytes(response, await readBody(request, { maxBytes: 1000 })),
  },
  {
    method: 'POST',
    path: '/json',
    handle: async ({ request, response }) => sendJson(response, await readJson(request, SCHEMA, 1000)),
  },
  { method: 'POST', path: '/key', handle: ({ request, response }) => sendJson(response, { key: parseIdempotencyKey(request) }) },
  {
    method: 'POST',
    path: '/lines',
    handle: ({ request, response }) => sendLines(request, response, upperCase(readLines(request, 1000))),
  },
];

describe('body', () => {
  const post = async (url: string, path: string, type: string | undefined, body: BodyInit, more: Record<string, string> = {}) => {
    const headers = type === undefined ? more : { 'content-type': type, ...more };
    const response = await fetch(url + path, {
      method: 'POST',
      headers,
      body,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    });
    return { status: response.status, text: await response.text() };
  };
  const OCTETS = 'application/octet-stream';

  test('gives the bytes as they were sent, whole or in chunks', async (t) => {
    const { url } = await startEdge(t, { hot: HOT });
    const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
    const whole = await fetch(`${url}/bytes`, { method: 'POST', headers: { 'content-type': OCTETS }, body: bytes });
    expect(new Uint8Array(await whole.arrayBuffer())).to.deep.equal(bytes);
    const chunks = new Blob([bytes]).stream();
    expect((await post(url, '/bytes', OCTETS, chunks)).status).to.equal(200);
    expect((await post(url, '/bytes', OCTETS, '')).status).to.equal(200);
  });

  const refusals: [rule: string, path: string, type: string | undefined, body: BodyInit, status: number][] = [
    ['no content type', '/bytes', undefined, new Uint8Array(1), 415],
    ['another content type', '/bytes', 'text/plain', 'x', 415],
    ['a content type that only begins alike', '/json', 'application/jsonp', '{}', 415],
    ['another charset', '/json', 'application/json; charset=gbk', '{"serial":"a"}', 415],
    ['another parameter', '/json', 'application/json; profile=x', '{"serial":"a"}', 415],
    ['a form', '/json', 'application/x-www-form-urlencoded', 'serial=a', 415],
    ['one byte too many', '/bytes', OCTETS, new Uint8Array(1001), 413],
    ['JSON beyond the cap', '/json', 'application/json', `{"serial":"${'a'.repeat(1000)}"}`, 413],
    ['an empty body as JSON', '/json', 'application/json', '', 400],
    ['JSON cut short', '/json', 'application/json', '{"serial":"a"', 400],
    ['a duplicate key', '/json', 'application/json', '{"serial":"a","serial":"b"}', 400],
    ['a byte order mark', '/json', 'application/json', '\ufeff{"serial":"a"}', 400],
    ['bytes that are not UTF-8', '/json', 'application/json', new Uint8Array([0x22, 0xff, 0x22]), 400],
    ['nesting without end', '/json', 'application/json', '['.repeat(900), 400],
    ['a member of another type', '/json', 'application/json', '{"serial":1}', 400],
    ['an unknown member', '/json', 'application/json', '{"serial":"a","SECRET":1}', 400],
    ['a value beyond its schema', '/json', 'application/json', '{"serial":"SECRET SECRET"}', 400],
    ['lines of another type', '/lines', 'application/json', '{}', 415],
  ];
  for (const [rule, path, type, body, status] of refusals) {
    test(`refuses ${rule}`, async (t) => {
      const { url } = await startEdge(t, { hot: HOT });
      const answer = await post(url, path, type, body);
      expect(answer.status).to.equal(status);
      expect(JSON.parse(answer.text)).to.include({ code: 'MALFORMED', status });
      expect(answer.text).not.to.contain('SECRET');
    });
  }

  test('accepts JSON with or without its charset', async (t) => {
    const { url } = await startEdge(t, { hot: HOT });
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset=UTF-8']) {
      expect((await post(url, '/json', type, '{"serial":"证"}')).text).to.equal('{"serial":"证"}');
    }
  });

  test('refuses a packed body', async (t) => {
    const { url } = await startEdge(t, { hot: HOT });
    expect((await post(url, '/bytes', OCTETS, 'x', { 'content-encoding': 'gzip' })).status).to.equal(415);
  });

  test('refuses a chunked body at its cap, long before its end, and closes the connection', async (t) => {
    const { port } = await startEdge(t, { hot: HOT });
    const chunk = `3e9\r\n${'a'.repeat(1001)}\r\n`;
    const head = `POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Type: ${OCTETS}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const answer = await exchangeRaw(port, head + chunk);
    expect(answer)
      .to.match(/^HTTP\/1\.1 413 /)
      .and.to.match(/connection: close/i);
  });

  test('takes a body cut into chunks of one byte', async (t) => {
    const { port } = await startEdge(t, { hot: HOT });
    const count = 200_000;
    const head = `POST /length HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${OCTETS}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(await exchangeRaw(port, `${head}${'1\r\na\r\n'.repeat(count)}0\r\n\r\n`)).to.contain(`{"length":${count}}`);
  });

  test('ends a body that does not come in time', async (t) => {
    const { port, lines } = await startEdge(t, { hot: HOT, requestTimeoutMs: 200 });
    const head = `POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Type: ${OCTETS}\r\nContent-Length: 10\r\n\r\nhalf`;
    expect(await exchangeRaw(port, head)).to.match(/^HTTP\/1\.1 408 |^$/);
    expect(lines.some((line) => line.includes('"mistake"'))).to.equal(false);
  });

  test('takes an idempotency key of 1 to 128 visible characters and no other', async (t) => {
    const { url } = await startEdge(t, { hot: HOT });
    const statusOf = async (key?: string): Promise<number> =>
      (await post(url, '/key', undefined, '', key === undefined ? {} : { 'idempotency-key': key })).status;
    for (const key of ['a', '"x-1"', '~'.repeat(128)]) expect(await statusOf(key), key).to.equal(200);
    for (const key of [undefined, '', 'a b', 'é', 'a'.repeat(129), 'a, b']) expect(await statusOf(key), key).to.equal(400);
  });
});

describe('body lines', () => {
  const NDJSON = { 'content-type': 'application/x-ndjson' };

  async function send(url: string, body: BodyInit): Promise<string[]> {
    const response = await fetch(`${url}/lines`, {
      method: 'POST',
      headers: NDJSON,
      body,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    });
    expect(response.headers.get('content-type')).to.equal('application/x-ndjson');
    return (await response.text()).split('\n');
  }

  const bodies: [body: string, lines: string[]][] = [
    ['', []],
    ['a', ['A']],
    ['a\nb\n', ['A', 'B']],
    ['a\n\nb', ['A', '', 'B']],
    [`${'x'.repeat(1000)}\ny`, ['X'.repeat(1000), 'Y']],
  ];
  for (const [body, lines] of bodies) {
    test(`splits ${JSON.stringify(body.slice(0, 8))}, however it is cut into chunks`, async (t) => {
      const { url } = await startEdge(t, { hot: HOT });
      const want = [...lines.map((line) => JSON.stringify({ line })), ''];
      expect(await send(url, body)).to.deep.equal(want);
      const bytes = encodeUtf8(body.slice(0, 50));
      if (bytes.length < body.length) return;
      const single = new ReadableStream<Uint8Array>({
        start: (controller) => {
          for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      });
      expect(await send(url, single)).to.deep.equal(want);
    });
  }

  const endings: [rule: string, body: string, problem: object][] = [
    ['a line beyond its cap', `a\n${'x'.repeat(1001)}\nc\n`, { status: 413, code: 'MALFORMED' }],
    ['a line that never ends', `a\n${'x'.repeat(100_000)}`, { status: 413, code: 'MALFORMED' }],
    ['a line that is refused', 'a\nbad\nc\n', { status: 400, code: 'MALFORMED' }],
    ['our own mistake', 'a\nmistake\nc\n', { status: 500, code: null }],
  ];
  for (const [rule, body, want] of endings) {
    test(`end with a problem after ${rule}`, async (t) => {
      const { url, lines } = await startEdge(t, { hot: HOT });
      const [first, last, ...rest] = await send(url, body);
      expect([first, rest]).to.deep.equal(['{"line":"A"}', ['']]);
      const { problem } = JSON.parse(last!) as { problem: { traceId: string } };
      expect(problem).to.include(want);
      expect(last).not.to.contain('SECRET');
      expect(lines.filter((line) => line.includes('SECRET of ours')).length).to.equal(rule === 'our own mistake' ? 1 : 0);
      if (rule === 'our own mistake') expect(lines.join('')).to.contain(problem.traceId);
    });
  }

  test('end with a problem even when the rest of the request never comes', async (t) => {
    const { port } = await startEdge(t, { hot: HOT, requestTimeoutMs: 500 });
    const head = 'POST /lines HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n';
    expect(await exchangeRaw(port, `${head}a\nbad\n`)).to.contain('"code":"MALFORMED"');
  });

  test('are read no faster than the answers are taken', async (t) => {
    let taken = 0;
    async function* count(lines: AsyncIterable<Uint8Array>): AsyncGenerator<object> {
      for await (const line of lines) {
        taken += 1;
        yield { padding: 'x'.repeat(1000), length: line.length };
      }
    }
    const gone = Promise.withResolvers<void>();
    const { port } = await startEdge(t, {
      hot: [
        {
          method: 'POST',
          path: '/lines',
          handle: async ({ request, response }) => {
            await sendLines(request, response, count(readLines(request, 1000)));
            gone.resolve();
          },
        },
      ],
    });
    const total = 100_000;
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(`POST /lines HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${2 * total}\r\n\r\n`);
    socket.write('a\n'.repeat(total));
    // Nobody reads: 100 MB of answers would have to wait somewhere. The count stands still once the sockets are full.
    for (let seen = 0; ; seen = taken) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (taken > 0 && taken === seen) break;
    }
    expect(taken).to.be.lessThan(total / 2);
    socket.destroy();
    await gone.promise;
  });
});
