import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { Delivery } from '../../portal/notice/delivery.ts';
import { Outbox } from '../../portal/notice/outbox.ts';
import { NOTICE_ROLE, noticeRoutes } from '../../portal/notice/routes.ts';
import { createEdge, type Edge } from '../../service/http.ts';
import { readCallSignature } from '../../service/call/http-signature.ts';
import { createLogger } from '../../service/logger.ts';
import { createMetrics } from '../../service/metrics.ts';
import { createSigner } from '../../service/signer.ts';
import { Tokens } from '../../service/token.ts';
import { bytesOf } from '../log/memory-log.ts';
import { PERSON } from './access-log.ts';

const TOKEN = 'x'.repeat(43);
const privateKey = parsePrivateKey(bytesOf('portal request key'));
const signer = createSigner({ type: 'request', privateKey, publicKey: publicKeyOf(privateKey) });
const person = { class: PERSON.class, id: PERSON.id };

let [dir, logged, status] = ['', '', 204];
const taken: { request: IncomingMessage; body: Buffer; url: string }[] = [];
const service = createServer((request, response) => {
  void request.toArray().then((parts) => {
    const body = Buffer.concat(parts as Buffer[]);
    if (status < 300) taken.push({ request, body, url: serviceUrl() });
    response.writeHead(status).end();
  });
});
const serviceUrl = (): string => `http://127.0.0.1:${(service.address() as AddressInfo).port}/messages`;
const logger = createLogger({
  program: 'portal',
  destination: new Writable({ write: (chunk, _encoding, done) => ((logged += String(chunk)), done()) }),
});

before(async () => {
  service.listen(0, '127.0.0.1');
  await once(service, 'listening');
});
after(() => service.close());
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'veritrail-notice-'));
  [logged, status] = ['', 204];
  taken.length = 0;
});

async function withPortal(
  run: (send: (key: string, body: object, token?: string) => Promise<Response>) => Promise<void>,
): Promise<void> {
  const outbox = await Outbox.open(dir, Date.now());
  const delivery = new Delivery({ outbox, webhook: { url: serviceUrl(), signer }, clock: Date.now, logger, retryMs: 20 });
  const world = { outbox, delivery, tokens: new Tokens({ [NOTICE_ROLE]: TOKEN }), clock: Date.now };
  const edge: Edge = createEdge({ logger, metrics: createMetrics('portal'), routes: noticeRoutes(world) });
  const url = await edge.listen(0);
  delivery.wake();
  const send = (key: string, body: object, token = TOKEN): Promise<Response> => {
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key, 'content-type': 'application/json' };
    return fetch(`${url}/portal/v1/notices`, { method: 'POST', headers, body: JSON.stringify(body) });
  };
  try {
    await run(send);
  } finally {
    await edge.close();
    await delivery.stop();
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !isSo(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(isSo()).to.equal(true);
}

describe('a notice', () => {
  test('reaches the message service signed, and says nothing but to whom and that there is something to see', async () => {
    await withPortal(async (send) => {
      expect((await send('k1', { kind: 'break-glass', person })).status).to.equal(202);
      await until(() => taken.length === 1);
    });
    const { request, body, url } = taken[0]!;
    const { noticeId, ...others } = JSON.parse(body.toString()) as Record<string, unknown>;
    expect(others).to.deep.equal({ format: 'veritrail-person-notice-v1', kind: 'break-glass', person });
    expect(noticeId).to.match(/^[0-9a-f]{64}$/);
    const signature = readCallSignature(request.headers, { method: 'POST', targetUri: url, body });
    expect(signature.isOf(signer.publicKey)).to.equal(true);
  });

  test('is taken from custodians alone, in its one form', async () => {
    await withPortal(async (send) => {
      expect((await send('k1', { kind: 'break-glass', person }, 'y'.repeat(43))).status).to.equal(401);
      for (const body of [
        { kind: 'other', person },
        { kind: 'first-access', person: { class: 1, id: '1' } },
        { kind: 'first-access', person, who: 'x' },
      ])
        expect((await send('k2', body)).status).to.equal(400);
    });
    expect(taken).to.deep.equal([]);
  });

  test('waits on disk while the message service is silent, over a restart, unreadable to whoever has the file', async () => {
    status = 503;
    await withPortal(async (send) => {
      expect((await send('k1', { kind: 'first-access', person })).status).to.equal(202);
      await until(() => logged.includes('does not take notices'));
    });
    const files = await readdir(join(dir, 'outbox'));
    expect(files).to.have.length(1);
    const bytes = await readFile(join(dir, 'outbox', files[0]!), 'latin1');
    expect(bytes).not.to.include(PERSON.id);
    status = 204;
    await withPortal(() => until(() => taken.length === 1));
    expect((await readFile(join(dir, 'outbox', files[0]!))).length).to.equal(0);
    await rm(dir, { recursive: true });
  });

  test('sent again under the same key is sent on once', async () => {
    await withPortal(async (send) => {
      await send('k1', { kind: 'first-access', person });
      await until(() => taken.length === 1);
      expect((await send('k1', { kind: 'first-access', person })).status).to.equal(202);
      await send('k2', { kind: 'break-glass', person });
      await until(() => taken.length === 2);
    });
    expect(taken.map(({ body }) => (JSON.parse(body.toString()) as { kind: string }).kind)).to.deep.equal([
      'first-access',
      'break-glass',
    ]);
    expect(logged).not.to.include(PERSON.id);
  });
});
