import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test, type TestContext } from 'node:test';
import { expect } from 'chai';
import { readCallSignature } from '../../service/call/http-signature.ts';
import { sampleNumber, samplePerson } from '../../samples/data-service.ts';
import { CUSTODIAN, keys } from './registry.ts';
import { type KillPoint } from './stand-in-node.ts';
import { sampleRoutes } from './sample.ts';
import { ask, makeWorld, numberOf, reasonOf, signAsk, startWorldGateway, until, type World } from './world.ts';

const PERSON = `/persons/${sampleNumber(7)}`;
const POINTS: readonly KillPoint[] = ['before', 'while-reading', 'after-durable', 'in-the-answer'];

const nodeOf = (world: World, timeoutMs: number): object => ({
  url: world.node.url,
  tokenFile: join(world.keys, 'node.token'),
  timeoutMs,
});

async function serve(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('no entry, no data', () => {
  for (const point of POINTS) {
    const name = point.replaceAll('-', ' ');
    test(`a node that dies ${name} and stays away: nothing leaves, and the end is logged when it is back`, async (t) => {
      const world = await makeWorld(t);
      const gateway = await startWorldGateway(t, world, { node: nodeOf(world, 300) });
      Object.assign(world.node, { kill: point, stays: true });
      const answered = await ask(gateway.url, { target: PERSON });
      expect([answered.status, reasonOf(answered)]).to.deep.equal([503, 'NODE_UNREACHABLE']);
      expect(answered.bytes.toString()).not.to.include(samplePerson(7).name);
      expect((await fetch(`${gateway.operatorUrl}/readyz`)).status).to.equal(503);
      Object.assign(world.node, { kill: null, stays: false });
      await until(async () => (await fetch(`${gateway.operatorUrl}/readyz`)).status === 200);
      expect(world.node.events).to.have.length(1);
      // What was durable before the node died was promised to nobody, and stands as granted: too much, never too little.
      const wasDurable = point === 'after-durable' || point === 'in-the-answer';
      expect(world.node.events[0]!.outcome.result).to.equal(wasDurable ? 'granted' : 'failed');
      expect(world.node.countOf(numberOf(7))).to.equal(1);
    });

    test(`a node that dies ${name} and is back at once: the answer waits, and is logged once`, async (t) => {
      const world = await makeWorld(t);
      const gateway = await startWorldGateway(t, world);
      world.node.kill = point;
      expect((await ask(gateway.url, { target: PERSON })).status).to.equal(200);
      expect(world.node.events.map(({ outcome }) => outcome.result)).to.deep.equal(['granted']);
    });
  }

  test('a node that refuses the token, or answers something else, gives no data either', async (t) => {
    const world = await makeWorld(t);
    const token = join(world.directory, 'other.token');
    await writeFile(token, 'b'.repeat(43), { mode: 0o600 });
    const node = { ...nodeOf(world, 300), tokenFile: token };
    const gateway = await startWorldGateway(t, world, { node });
    expect((await ask(gateway.url, { target: PERSON })).status).to.equal(503);
    const other = await startWorldGateway(t, world, { node: nodeOf(world, 300), dataDir: join(world.directory, 'other') });
    world.node.lie = () => ({ entries: [] });
    expect((await ask(other.url, { target: PERSON })).status).to.equal(503);
  });

  test('a node that dies amid a stream cuts it after the last chunk that it promised', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world, { node: nodeOf(world, 2_000) });
    const before = world.node.attempts;
    const running = ask(gateway.url, { target: '/export?limit=1000' });
    await until(() => world.node.attempts - before >= 3, 20_000);
    Object.assign(world.node, { kill: 'before', stays: true });
    const answered = await running;
    expect([answered.status, answered.isCut]).to.deep.equal([200, true]);
    const lines = answered.bytes.toString().split('\n').length - 1;
    const granted = world.node.events.reduce((sum, { subjects }) => sum + subjects.length, 0);
    expect(lines).to.be.at.most(granted);
    Object.assign(world.node, { kill: null, stays: false });
    await until(() => world.node.events.at(-1)!.outcome.code === 'NODE_UNREACHABLE');
    const { outcome } = world.node.events.at(-1)!;
    expect(outcome.chunk).to.deep.equal({ number: world.node.events.length - 1, isLast: true });
  });

  test('a refusal that the node does not take is kept, across a restart', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world, { node: nodeOf(world, 200) });
    Object.assign(world.node, { kill: 'before', stays: true });
    const answered = await ask(gateway.url, { target: PERSON, said: { purpose: 'statistics.official' } });
    expect(answered.status).to.equal(503);
    await gateway.close();
    Object.assign(world.node, { kill: null, stays: false });
    await startWorldGateway(t, world);
    await until(() => world.node.events.length === 1);
    expect(world.node.events[0]!.outcome).to.include({ result: 'refused', code: 'OTHER_PURPOSE' });
  });
});

describe('a gateway that is killed', () => {
  const children: ChildProcess[] = [];
  async function spawnGateway(t: TestContext, path: string): Promise<{ child: ChildProcess; url: string }> {
    const main = join(import.meta.dirname, '..', '..', 'gateway', 'http', 'main.ts');
    const child = spawn(process.execPath, [main, '--config', path], { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    t.after(() => child.kill('SIGKILL'));
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    return { child, url: (JSON.parse(line) as { url: string }).url };
  }

  test('while the data service works leaves no request without an end', async (t) => {
    const world = await makeWorld(t);
    let asked = 0;
    const upstream = await serve(t, () => void asked++);
    const config = {
      custodian: CUSTODIAN,
      dataDir: join(world.directory, 'gateway'),
      node: nodeOf(world, 1000),
      registry: { verifiers: [world.verifier.url], pollMs: 200 },
      recordsKey: join(world.keys, 'records.key.json'),
      passphraseFile: join(world.keys, 'passphrase'),
      routes: sampleRoutes(upstream),
      publicUrl: 'http://gateway.example',
      exitWithParent: true,
    };
    const path = join(world.directory, 'config.json');
    await writeFile(path, JSON.stringify(config));
    const first = await spawnGateway(t, path);
    const given = await signAsk('http://gateway.example', { target: PERSON });
    const request = fetch(`${first.url}${given.target}`, { headers: given.headers }).catch(() => null);
    await until(() => asked === 1);
    first.child.kill('SIGKILL');
    expect(await request).to.equal(null);
    expect(world.node.events).to.deep.equal([]);
    const second = await spawnGateway(t, path);
    await until(() => world.node.events.length === 1);
    expect(world.node.events[0]!.outcome).to.include({ result: 'failed', code: 'INTERRUPTED' });
    expect(world.node.events[0]!.subjects).to.deep.equal([numberOf(7)]);
    expect((await fetch(`${second.url}${given.target}`, { headers: given.headers })).status).to.equal(409);
    second.child.kill('SIGTERM');
    expect((await once(second.child, 'exit'))[0]).to.equal(0);
  });
});

describe('breaking the glass', () => {
  test('passes without a duty, is marked, and is told to the officer by a signed call without data, however late', async (t) => {
    const world = await makeWorld(t);
    const calls: { body: Buffer; headers: NodeJS.Dict<string | string[]>; url: string }[] = [];
    let isDown = true;
    const officer = await serve(t, (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.once('end', () => {
        if (isDown) return void response.destroy();
        calls.push({ body: Buffer.concat(pieces), headers: request.headers, url: request.url! });
        response.end();
      });
    });
    const notices = { url: `${officer}/break-glass`, key: join(world.keys, 'request.key.json') };
    const gateway = await startWorldGateway(t, world, { notices });
    const said = { purpose: 'statistics.official', breakGlass: '抢救病人' };
    expect((await ask(gateway.url, { target: PERSON, said })).status).to.equal(200);
    expect(world.node.events[0]!.body.request.request.breakGlass).to.equal('抢救病人');
    await gateway.close();
    isDown = false;
    await startWorldGateway(t, world, { notices });
    await until(() => calls.length === 1);
    const { body, headers, url } = calls[0]!;
    const signature = readCallSignature(headers, { method: 'POST', targetUri: `${officer}${url}`, body });
    expect(signature.isOf(keys.custodian.publicKey)).to.equal(true);
    const notice = JSON.parse(body.toString()) as Record<string, unknown>;
    expect(Object.keys(notice).toSorted()).to.deep.equal([
      'accessor',
      'custodian',
      'format',
      'kind',
      'occurredAt',
      'requestDigest',
    ]);
    expect(notice['requestDigest']).to.equal(world.node.events[0]!.digest);
  });
});
