import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { expect } from 'chai';
import { sampleNumber, samplePerson } from '../../samples/data-service.ts';
import { type Frame, FRAMES_TYPE, readFrames } from '../../gateway/frame.ts';
import { keys } from './registry.ts';
import { sampleRoutes } from './sample.ts';
import { type Answered, ask, makeWorld, numberOf, reasonOf, signAsk, startWorldGateway, until, type World } from './world.ts';

async function framesOf({ bytes }: Answered): Promise<Frame[]> {
  async function* body(): AsyncGenerator<Uint8Array> {
    // In pieces that fit nothing.
    for (let i = 0; i < bytes.length; i += 997) yield bytes.subarray(i, i + 997);
  }
  const frames = [];
  for await (const frame of readFrames(body())) frames.push(frame);
  return frames;
}

const framed = (headers: Record<string, string>): void => {
  headers['accept'] = FRAMES_TYPE;
};

/** A data service of the test's own behind the sample's routes. */
async function behind(t: TestContext, world: World, answer: RequestListener, changes: object = {}): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const routes = sampleRoutes(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 1 << 20);
  const exporting = routes.map((route) =>
    'name' in route && route.name === 'export' ? { ...route, timeoutMs: 500, ...changes } : route,
  );
  return (await startWorldGateway(t, world, { routes: exporting, clientTimeoutMs: 500 })).url;
}

const PIECE = Buffer.alloc(65_536, 'x');
const PHOTO = { target: `/photos/${sampleNumber(1)}`, said: { grade: 'personal-key' }, operator: keys.operator } as const;
const line = (i: number): string => `${JSON.stringify(samplePerson(i))}\n`;

describe('a streamed answer', () => {
  test('is one event for each chunk, numbered, the last one marked, each in a frame with its receipt', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    const answered = await ask(gateway.url, { target: '/export?limit=350', change: framed });
    expect(answered.headers['content-type']).to.equal(FRAMES_TYPE);
    const frames = await framesOf(answered);
    expect(frames.map(({ receipt }) => receipt.outcome.outcome.chunk)).to.deep.equal(
      [0, 1, 2, 3].map((number) => ({ number, isLast: number === 3 })),
    );
    expect(frames.map(({ head }) => head?.status)).to.deep.equal([200, undefined, undefined, undefined]);
    const text = Buffer.concat(frames.map(({ bytes }) => bytes)).toString();
    expect(text).to.equal(Array.from({ length: 350 }, (_, i) => line(i)).join(''));
    expect(world.node.events.map(({ subjects }) => subjects.length)).to.deep.equal([100, 100, 100, 50]);
  });

  test('plain, comes whole as well', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    const answered = await ask(gateway.url, { target: '/export?limit=250' });
    expect([answered.status, answered.isCut, answered.headers['veritrail-receipt']]).to.deep.equal([200, false, 'frames']);
    expect(answered.bytes.toString().split('\n')).to.have.length(251);
  });

  test('without a line is one event about nobody', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    expect((await ask(gateway.url, { target: '/export?limit=0' })).bytes).to.have.length(0);
    expect(world.node.events.map(({ outcome }) => outcome.chunk)).to.deep.equal([{ number: 0, isLast: true }]);
  });

  test('that trickles is released after a while, and ends with an empty chunk', async (t) => {
    const world = await makeWorld(t);
    const answer: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(line(1));
      setTimeout(() => response.end(), 400);
    };
    const { fields, subjects } = (sampleRoutes('http://x')[3] as { answer: { fields: object; subjects: object } }).answer;
    const url = await behind(t, world, answer, { answer: { kind: 'ndjson', fields, subjects, chunkWaitMs: 50 } });
    const frames = await framesOf(await ask(url, { target: '/export', change: framed }));
    expect(frames.map(({ bytes, receipt }) => [bytes.length > 0, receipt.outcome.outcome.chunk.isLast])).to.deep.equal([
      [true, false],
      [false, true],
    ]);
  });

  test('that breaks off ends as failed, and does not look whole', async (t) => {
    const world = await makeWorld(t);
    const answer: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for (let i = 0; i < 250; i++) response.write(line(i));
      setTimeout(() => response.destroy(), 100);
    };
    const url = await behind(t, world, answer);
    const plain = await ask(url, { target: '/export' });
    expect([plain.status, plain.isCut]).to.deep.equal([200, true]);
    const frames = await framesOf(await ask(url, { target: '/export', change: framed }));
    expect(frames.at(-1)!.receipt.outcome.outcome).to.deep.include({ result: 'failed', code: 'UPSTREAM_ABORTED' });
    expect(frames.at(-1)!.bytes).to.have.length(0);
    const last = world.node.events.at(-1)!.outcome;
    expect([last.chunk.isLast, last.subjectCount]).to.deep.equal([true, 0]);
  });

  test('that falls silent is not waited for', async (t) => {
    const world = await makeWorld(t);
    const url = await behind(t, world, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write(line(1));
    });
    const frames = await framesOf(await ask(url, { target: '/export', change: framed }));
    expect(frames.at(-1)!.receipt.outcome.outcome.code).to.equal('UPSTREAM_TIMEOUT');
  });

  const unreadable: readonly (readonly [string, string, string, string])[] = [
    ['a line that is no JSON', 'application/x-ndjson', 'x\n', 'UPSTREAM_UNREADABLE'],
    ['another type', 'application/json', line(1), 'UPSTREAM_UNREADABLE'],
    [
      'a field that nobody declared',
      'application/x-ndjson',
      `{"idNumber":"${sampleNumber(1)}","salary":1}\n`,
      'UNDECLARED_FIELD',
    ],
    [
      'a field below one that is a number elsewhere',
      'application/x-ndjson',
      `{"idNumber":{"of":"${sampleNumber(1)}"}}\n`,
      'UNKNOWN_SUBJECT',
    ],
    ['data of somebody without a number', 'application/x-ndjson', '{"name":"无名"}\n', 'UNKNOWN_SUBJECT'],
    ['a number that is none', 'application/x-ndjson', '{"idNumber":"123","name":"无名"}\n', 'UNKNOWN_SUBJECT'],
    ['a line without an end', 'application/x-ndjson', 'x'.repeat(1 << 20), 'TOO_LONG'],
  ];
  test('that holds what cannot be logged is not passed on', async (t) => {
    const world = await makeWorld(t);
    let [type, body] = ['', ''];
    const url = await behind(t, world, (_request, response) => {
      response.writeHead(200, { 'content-type': type });
      response.end(body);
    });
    for (const [name, givenType, givenBody, reason] of unreadable) {
      [type, body] = [givenType, givenBody];
      const answered = await ask(url, { target: '/export' });
      expect([answered.status, reasonOf(answered)], name).to.deep.equal([502, reason]);
      expect(world.node.events.at(-1)!.outcome, name).to.deep.include({ result: 'failed', code: reason });
    }
  });

  test('ends as failed when its reader goes away or takes nothing, and then asks for no more', async (t) => {
    const world = await makeWorld(t);
    let isOpen = true;
    const url = await behind(t, world, (_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png' });
      response.once('close', () => (isOpen = false));
      const more = (): void => {
        while (!response.destroyed && response.write(PIECE));
        response.once('drain', more);
      };
      more();
    });
    const given = await signAsk(url, { ...PHOTO, change: framed });
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1').pause();
    socket.on('error', () => {});
    const head = Object.entries({ host: `127.0.0.1:${port}`, ...given.headers }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${given.target} HTTP/1.1\r\n${head.join('')}\r\n`);
    await until(() => world.node.events.at(-1)?.outcome.code === 'CLIENT_GONE', 20_000);
    expect(world.node.events.length).to.be.lessThan(200);
    await until(() => !isOpen);
    socket.destroy();
    expect(world.node.countOf(numberOf(1))).to.be.greaterThan(0);
  });

  test('of 192 MB goes through in less memory than it is long', async (t) => {
    const world = await makeWorld(t);
    const size = 192 << 20;
    const url = await behind(t, world, (_request, response) => {
      response.writeHead(200, { 'content-type': 'image/png', 'content-length': size });
      let left = size;
      const more = (): void => {
        while (left > 0) {
          left -= PIECE.length;
          if (!response.write(PIECE)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    const { headers, target } = await signAsk(url, PHOTO);
    let [taken, peak] = [0, 0];
    const before = process.memoryUsage().rss;
    const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
    const request = get(`${url}${target}`, { headers, agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    for await (const part of response as AsyncIterable<Buffer>) taken += part.length;
    clearInterval(watch);
    expect(taken).to.equal(size);
    expect(world.node.events).to.have.length(192);
    expect(peak - before).to.be.lessThan(128 << 20);
  });
});
