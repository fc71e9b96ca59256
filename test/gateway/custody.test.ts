import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { sampleNumber } from '../../samples/data-service.ts';
import { type RunningAgent, startCustodyAgent } from './agent-world.ts';
import { ACCESSOR, CUSTODIAN, keys } from './registry.ts';
import { makeWorld, until } from './world.ts';

const EVENT = {
  id: 'hukou-1',
  at: '2026-11-02T09:00:00+08:00',
  operator: { id: 'H-12', role: '户籍民警' },
  subjects: [{ class: 'resident', id: sampleNumber(1) }],
};

function post(agent: RunningAgent, event: object, headers: Record<string, string> = {}): Promise<Response> {
  const sent = { 'content-type': 'application/json', ...headers };
  return fetch(`${agent.url}/v1/events`, { method: 'POST', headers: sent, body: JSON.stringify(event) });
}

describe('an agent at a custodian', () => {
  test('answers a plain POST once the node has promised it, of grade imported, with the event’s own time as a claim', async (t) => {
    const world = await makeWorld(t);
    const agent = await startCustodyAgent(t, world);
    const answered = await post(agent, EVENT);
    expect(answered.status).to.equal(201);
    const { requestDigest, entries } = (await answered.json()) as {
      requestDigest: string;
      entries: { leafHash: string; promise: object }[];
    };
    const event = world.node.events[0]!;
    expect([requestDigest, entries.length]).to.deep.equal([event.digest, 1]);
    const { request, envelope } = event.body.request;
    expect(request).to.include({
      grade: 'imported',
      accessor: ACCESSOR,
      custodian: CUSTODIAN,
      requestedAt: Date.UTC(2026, 10, 2, 1),
    });
    expect(envelope.signatures[0]!.keyId).to.deep.equal(keys.custodian.keyId);
    expect(event.entries[0]!.entry.recordedAt).to.be.greaterThan(request.requestedAt);
    expect(event.subjects.map(({ id }) => id)).to.deep.equal([sampleNumber(1)]);
    expect(JSON.stringify(entries)).not.to.include('nonce');
  });

  test('takes an event once however often it is sent, also after a restart and after its memory was lost', async (t) => {
    const world = await makeWorld(t);
    const first = await startCustodyAgent(t, world);
    const [a, b] = await Promise.all([post(first, EVENT), post(first, EVENT)]);
    expect(await a.text()).to.equal(await b.text());
    expect((await post(first, { ...EVENT, operator: { id: 'H-13' } })).status).to.equal(409);
    await first.close();
    const second = await startCustodyAgent(t, world);
    expect((await post(second, EVENT)).status).to.equal(201);
    await second.close();
    await rename(join(world.directory, 'custody', 'store'), join(world.directory, 'custody', 'lost'));
    const third = await startCustodyAgent(t, world);
    expect((await post(third, EVENT)).status).to.equal(201);
    expect(world.node.events).to.have.length(1);
  });

  for (const point of ['before', 'while-reading', 'after-durable', 'in-the-answer'] as const) {
    test(`keeps an event while the node dies ${point.replaceAll('-', ' ')}, and says that it is not promised`, async (t) => {
      const world = await makeWorld(t);
      Object.assign(world.node, { kill: point, stays: true });
      const agent = await startCustodyAgent(t, world, {
        node: { url: world.node.url, tokenFile: join(world.keys, 'node.token'), timeoutMs: 300 },
      });
      const answered = await post(agent, EVENT);
      expect(answered.status).to.equal(503);
      expect((await fetch(`${agent.url}/readyz`)).status).to.equal(503);
      await agent.close();
      Object.assign(world.node, { kill: null, stays: false });
      const again = await startCustodyAgent(t, world);
      await until(async () => (await fetch(`${again.url}/readyz`)).status === 200);
      expect((await post(again, EVENT)).status).to.equal(201);
      expect(world.node.events).to.have.length(1);
    });
  }

  test('refuses what is no event, and pages in a browser', async (t) => {
    const world = await makeWorld(t);
    const agent = await startCustodyAgent(t, world);
    const wrong: readonly (readonly [string, object, Record<string, string>, number])[] = [
      ['an unknown member', { ...EVENT, secret: 1 }, {}, 400],
      ['no time', { ...EVENT, at: 'yesterday' }, {}, 400],
      ['a number that is none', { ...EVENT, subjects: [{ class: 'resident', id: '123' }] }, {}, 400],
      ['an operator that is a resident number', { ...EVENT, operator: { id: sampleNumber(1) } }, {}, 400],
      ['a purpose that is no token', { ...EVENT, purpose: '审批' }, {}, 400],
      ['a page', EVENT, { origin: 'http://evil.example' }, 403],
      ['another type', EVENT, { 'content-type': 'text/plain' }, 415],
    ];
    for (const [name, event, headers, status] of wrong) expect((await post(agent, event, headers)).status, name).to.equal(status);
    expect(world.node.events).to.deep.equal([]);
  });
});
