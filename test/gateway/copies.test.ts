/** A person asks an accessor for its copies of what it read about her: hers alone, by her own token, and never what is under seal. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { expect } from 'chai';
import { encodeBase64, decodeHex } from '../../core/bytes/bytes.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { parseAccessBody } from '../../core/access/body.ts';
import { type AccessCopies, parseCopies } from '../../core/citizen/copies.ts';
import { commitmentOf } from '../../core/log/entry.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { Records } from '../../gateway/agent/records.ts';
import { recordsKeyOf } from '../../service/sealed-space.ts';
import { openStore } from '../../service/store.ts';
import { sampleNumber } from '../../samples/data-service.ts';
import { AUDIENCE, ISSUER, type Provider, startProvider } from '../custodian/custodian.ts';
import { bytesOf } from '../log/memory-log.ts';
import { type RunningAgent, startAccessAgent } from './agent-world.ts';
import { ACCESSOR } from './registry.ts';
import { sealOf } from './shown-seal.ts';
import { makeWorld, numberOf, startWorldGateway, type World } from './world.ts';

const CALLER = { 'veritrail-operator': 'S-0017', 'veritrail-matter': 'benefit', 'veritrail-case': 'SL-1' };
const [SEVEN, EIGHT, NINE] = [7, 8, 9].map(sampleNumber) as [string, string, string];

interface Together {
  readonly world: World;
  readonly agent: RunningAgent;
  readonly provider: Provider;
  readonly open: () => Promise<RunningAgent>;
}

async function together(t: TestContext): Promise<Together> {
  const clock = {
    path: '',
    get now() {
      return Date.now();
    },
    remove: async () => undefined,
  };
  const provider = await startProvider(clock);
  t.after(() => provider.close());
  const world = await makeWorld(t);
  const gateway = await startWorldGateway(t, world);
  const persons = { identity: { issuer: ISSUER, audience: AUDIENCE, jwksUri: provider.jwksUri } };
  const open = () => startAccessAgent(t, world, gateway.url, {}, { persons });
  return { world, agent: await open(), provider, open };
}

async function read(agent: RunningAgent, path: string, init: RequestInit = {}, headers: Record<string, string> = {}) {
  const answered = await fetch(`${agent.accessUrl}/to/population${path}`, { ...init, headers: { ...CALLER, ...headers } });
  expect(answered.status, await answered.clone().text()).to.equal(200);
  await answered.arrayBuffer();
}

const search = (...idNumbers: string[]): RequestInit => ({
  method: 'POST',
  body: JSON.stringify({ idNumbers }),
});

async function ask(agent: RunningAgent, token: string | null): Promise<{ status: number; text: string }> {
  const answered = await fetch(`${agent.personUrl}/v1/person/copies`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
  });
  return { status: answered.status, text: await answered.text() };
}

async function copiesFor(agent: RunningAgent, provider: Provider, id: string): Promise<AccessCopies & { text: string }> {
  const { status, text } = await ask(agent, await provider.token({ class: 1, id }));
  expect(status, text).to.equal(200);
  return { ...parseCopies(parseJson(text, { maxBytes: 32 << 20 })), text };
}

describe('an accessor’s copies', () => {
  test('open the entries about the person who asks, and show nothing of those who were read with her', async (t) => {
    const { agent, provider, open } = await together(t);
    await read(agent, `/persons/${SEVEN}`);
    await read(agent, '/persons/search', search(SEVEN, EIGHT), { 'content-type': 'application/json' });
    const told = await copiesFor(agent, provider, SEVEN);
    expect([told.accessor, told.isAll, told.copies.length]).to.deep.equal([ACCESSOR, true, 2]);
    for (const { entry, nonce, body, promise, leafHash } of told.copies) {
      expect(commitmentOf(nonce, body)).to.deep.equal(entry.commitment);
      expect(promise.leafHash).to.deep.equal(leafHash);
      expect(parseAccessBody(body).subject!.number).to.deep.equal(numberOf(7));
      expect(Buffer.from(body).toString()).to.not.contain(EIGHT);
    }
    // The newest first.
    expect(told.copies.map(({ body }) => parseAccessBody(body).outcome.outcome.subjectCount)).to.deep.equal([2, 1]);
    expect((await copiesFor(agent, provider, EIGHT)).copies).to.have.length(1);
    await agent.close();
    expect((await copiesFor(await open(), provider, SEVEN)).copies).to.have.length(2);
  });

  test('of somebody whom it never read are none, and that is all', async (t) => {
    const { agent, provider } = await together(t);
    await read(agent, `/persons/${SEVEN}`);
    const { copies, isAll } = await copiesFor(agent, provider, NINE);
    expect([copies, isAll]).to.deep.equal([[], true]);
  });

  test('are given for a token that was made for this agent, and for no other', async (t) => {
    const { agent, provider } = await together(t);
    await read(agent, `/persons/${SEVEN}`);
    const person = { class: 1, id: SEVEN };
    for (const token of [null, 'x', await provider.token(person, { aud: 'http://other.example' })]) {
      const { status, text } = await ask(agent, token);
      expect([status, text.includes(SEVEN)]).to.deep.equal([401, false]);
    }
    // What programs of this machine ask stands on another listener.
    expect((await fetch(`${agent.personUrl}/v1/records`)).status).to.equal(404);
    expect((await fetch(`${agent.url}/v1/person/copies`, { method: 'POST' })).status).to.equal(404);
  });

  test('have no access under seal: the person is not to learn of it here either', async (t) => {
    const { agent, provider } = await together(t);
    const prepare = { method: 'GET', path: `/to/population/persons/${SEVEN}`, operatorKey: null };
    const headers = { ...CALLER, 'content-type': 'application/json' };
    const prepared = await fetch(`${agent.url}/v1/requests`, { method: 'POST', body: JSON.stringify(prepare), headers });
    const { requestDigest } = (await prepared.json()) as { requestDigest: string };
    const seal = await sealOf(decodeHex(requestDigest, 32));
    await read(agent, `/persons/${SEVEN}`, {}, { 'veritrail-prepared': requestDigest, 'veritrail-seal': seal });
    expect((await copiesFor(agent, provider, SEVEN)).copies).to.deep.equal([]);
  });

  test('say that there are more where an answer does not hold them all', async (t) => {
    const { agent } = await together(t);
    for (let i = 0; i < 3; i++) await read(agent, `/persons/${SEVEN}`);
    await agent.close();
    const store = await openStore(join(agent.directory, 'store'));
    const records = new Records(store, recordsKeyOf(parsePrivateKey(bytesOf('records key'))));
    const limits = { most: 9, mostBytes: 1 << 20, mostRead: 1 << 20 };
    const count = async (changes: Partial<typeof limits>) => {
      const { copies, isAll } = await records.copiesOf(numberOf(7), { ...limits, ...changes });
      return [copies.length, isAll];
    };
    expect(await count({})).to.deep.equal([3, true]);
    for (const change of [{ most: 1 }, { mostBytes: 1 }, { mostRead: 1 }]) expect(await count(change)).to.deep.equal([1, false]);
    await store.close();
  });

  test('leave no number in files, program logs or numbers', async (t) => {
    const { world, agent, provider } = await together(t);
    await read(agent, `/persons/${SEVEN}`);
    await copiesFor(agent, provider, SEVEN);
    const metrics = await (await fetch(`${agent.url}/metrics`)).text();
    await agent.close();
    const files = (await readdir(agent.directory, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    const bytes = await Promise.all(files.map((one) => readFile(join(one.parentPath, one.name), 'latin1')));
    for (const text of [metrics, world.lines.join(''), ...bytes]) {
      expect(text).to.not.contain(SEVEN);
      expect(text).to.not.contain(encodeBase64(Buffer.from(SEVEN)));
    }
  });
});
