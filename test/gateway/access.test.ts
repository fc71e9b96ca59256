import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { expect } from 'chai';
import { decodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { parseAccessBody } from '../../core/access/body.ts';
import { commitmentOf, decodeEntry } from '../../core/log/entry.ts';
import { sampleNumber, samplePerson } from '../../samples/data-service.ts';
import { type RunningAgent, readRecord, startAccessAgent } from './agent-world.ts';
import { keys } from './registry.ts';
import { sampleRoutes } from './sample.ts';
import { makeWorld, numberOf, startWorldGateway, until, type World } from './world.ts';

const CALLER = { 'veritrail-operator': 'S-0017', 'veritrail-matter': 'benefit', 'veritrail-case': 'SL-1' };
const PERSON = `/persons/${sampleNumber(7)}`;

function call(
  agent: RunningAgent,
  path: string,
  headers: Record<string, string> = {},
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${agent.accessUrl}/to/population${path}`, { ...init, headers: { ...CALLER, ...headers } });
}

async function together(t: TestContext, target = {}): Promise<{ world: World; agent: RunningAgent }> {
  const world = await makeWorld(t);
  const gateway = await startWorldGateway(t, world);
  return { world, agent: await startAccessAgent(t, world, gateway.url, target) };
}

interface Part {
  readonly finding: string | null;
  readonly entries: readonly { readonly entry: string; readonly nonce: string; readonly body: string }[];
}

describe('an agent at an accessor', () => {
  test('turns a plain call into a signed one, and keeps what opens the entries', async (t) => {
    const { world, agent } = await together(t);
    const answered = await call(agent, PERSON, { 'veritrail-terminal': encodeURIComponent('三号窗口') });
    expect([answered.status, await answered.json()]).to.deep.equal([200, samplePerson(7)]);
    expect(answered.headers.get('veritrail-result')).to.equal('granted');
    const event = world.node.events[0]!;
    expect(event.body.request.request).to.include({ grade: 'asserted', terminal: '三号窗口', case: 'SL-1' });
    const digest = answered.headers.get('veritrail-request-digest')!;
    expect(digest).to.equal(event.digest);
    const record = await readRecord(agent, digest);
    expect(record).to.include({ end: 'granted', target: 'population', requestDigest: digest });
    const [part] = record['parts'] as [Part];
    expect([part.finding, part.entries.length]).to.deep.equal([null, 1]);
    const [{ entry, nonce, body }] = part.entries as [Part['entries'][number]];
    expect(commitmentOf(Buffer.from(nonce, 'hex'), decodeBase64(body))).to.deep.equal(
      decodeEntry(decodeBase64(entry)).commitment,
    );
    expect(parseAccessBody(decodeBase64(body)).subject?.number).to.deep.equal(numberOf(7));
  });

  test('passes refusals on with their reason, and keeps their receipts too', async (t) => {
    const { agent } = await together(t);
    const refused = await call(agent, PERSON, { 'veritrail-matter': 'statistics' });
    expect([refused.status, ((await refused.json()) as { facts: object }).facts]).to.deep.equal([
      403,
      { reason: 'OTHER_PURPOSE' },
    ]);
    const record = await readRecord(agent, refused.headers.get('veritrail-request-digest')!);
    expect([record['end'], (record['parts'] as Part[]).length]).to.deep.equal(['refused', 1]);
  });

  test('streams, and sends bodies on', async (t) => {
    const { agent, world } = await together(t);
    const stream = await call(agent, '/export?limit=250');
    expect((await stream.text()).split('\n')).to.have.length(251);
    const record = await readRecord(agent, stream.headers.get('veritrail-request-digest')!);
    expect((record['parts'] as Part[]).map(({ entries }) => entries.length)).to.deep.equal([100, 100, 50]);
    const body = JSON.stringify({ idNumbers: [sampleNumber(1), sampleNumber(2)] });
    const found = await call(agent, '/persons/search', { 'content-type': 'application/json' }, { method: 'POST', body });
    expect(((await found.json()) as { count: number }).count).to.equal(2);
    expect(world.node.events.at(-1)!.subjects).to.have.length(2);
  });

  test('lets the operator sign herself', async (t) => {
    const { agent, world } = await together(t);
    const path = `/to/population/photos/${sampleNumber(7)}`;
    const prepare = { method: 'GET', path, operatorKey: encodeHex(keys.operator.publicKey) };
    const headers = { ...CALLER, 'content-type': 'application/json' };
    const prepared = await fetch(`${agent.url}/v1/requests`, { method: 'POST', headers, body: JSON.stringify(prepare) });
    const { requestDigest, signedBytes } = (await prepared.json()) as { requestDigest: string; signedBytes: string };
    const signature = encodeHex(await keys.operator.sign(decodeBase64(signedBytes)));
    const signed = { 'veritrail-prepared': requestDigest, 'veritrail-operator-signature': signature };
    const photo = await call(agent, `/photos/${sampleNumber(7)}`, signed);
    expect([photo.status, (await photo.bytes()).length]).to.deep.equal([200, 10_000]);
    expect(world.node.events[0]!.body.request.request.grade).to.equal('personal-key');
    expect((await call(agent, `/photos/${sampleNumber(7)}`, signed)).status).to.equal(404);
  });

  test('refuses callers that do not say who reads and for what, and pages in a browser', async (t) => {
    const { agent, world } = await together(t);
    const wrong: readonly (readonly [string, Record<string, string>, number])[] = [
      ['another matter', { 'veritrail-matter': 'curiosity' }, 400],
      ['an operator that is a resident number', { 'veritrail-operator': sampleNumber(1) }, 400],
      ['text that is not percent-encoded', { 'veritrail-case': '%E4%' }, 400],
      ['a page', { origin: 'http://evil.example' }, 403],
    ];
    for (const [name, headers, status] of wrong) expect((await call(agent, PERSON, headers)).status, name).to.equal(status);
    expect((await fetch(`${agent.accessUrl}/to/nowhere/x`, { headers: CALLER })).status).to.equal(404);
    expect((await fetch(`${agent.url}/v1/records`)).status).to.equal(401);
    expect(world.node.events).to.deep.equal([]);
  });

  type Receipt = {
    outcome: { payload: string; signatures: { keyId: string; signature: string }[] };
    entries: { leafHash: string; recordedAt: number; promise: { signature: string; deadline: number; slot: string } }[];
    copy: { subjects: { id: string; salt: string; nonce: string }[] };
  };
  const flip = (hex: string): string => (hex[0] === '0' ? `1${hex.slice(1)}` : `0${hex.slice(1)}`);
  const lies: readonly (readonly [string, string, (receipt: Receipt) => void])[] = [
    [
      'an outcome that is not signed',
      'BAD_SIGNATURE',
      ({ outcome }) => (outcome.signatures[0]!.signature = keysOf(outcome.signatures[0]!.signature)),
    ],
    [
      'a key that is not the custodian’s',
      'UNKNOWN_KEY',
      ({ outcome }) => (outcome.signatures[0]!.keyId = encodeHex(keys.stranger.keyId)),
    ],
    ['another nonce', 'BAD_COMMITMENT', ({ copy }) => (copy.subjects[0]!.nonce = flip(copy.subjects[0]!.nonce))],
    ['another salt', 'BAD_PATH', ({ copy }) => (copy.subjects[0]!.salt = flip(copy.subjects[0]!.salt))],
    ['another person than was logged', 'BAD_PATH', ({ copy }) => (copy.subjects[0]!.id = sampleNumber(8))],
    ['another slot', 'BAD_COMMITMENT', ({ entries }) => (entries[0]!.promise.slot = flip(entries[0]!.promise.slot))],
    ['another time', 'BAD_COMMITMENT', ({ entries }) => (entries[0]!.recordedAt -= 1000)],
    [
      'a promise that is not signed',
      'BAD_PROMISE',
      ({ entries }) => (entries[0]!.promise.signature = keysOf(entries[0]!.promise.signature)),
    ],
    ['a promise without an end', 'BAD_PROMISE', ({ entries }) => (entries[0]!.promise.deadline += 86_400_000)],
  ];
  /** A signature of the right form that holds of nothing. */
  const keysOf = (signature: string): string => signature.slice(0, 62) + flip(signature.slice(62));

  test('keeps data back whose receipt does not hold, and the receipt as evidence', async (t) => {
    const { agent, world } = await together(t);
    for (const [name, reason, lie] of lies) {
      world.node.lie = (receipt) => {
        lie(receipt as unknown as Receipt);
        return receipt;
      };
      const answered = await call(agent, PERSON);
      const problem = (await answered.json()) as { facts: { reason: string } };
      expect([answered.status, problem.facts.reason], name).to.deep.equal([502, reason]);
      const record = await readRecord(agent, answered.headers.get('veritrail-request-digest')!);
      expect(record['end'], name).to.equal('BAD_RECEIPT');
      const [part] = record['parts'] as [Part & { receipt: object }];
      expect([part.finding, typeof part.receipt], name).to.deep.equal([reason, 'object']);
    }
  });

  test('sees that a custodian logged another number than was asked for', async (t) => {
    const world = await makeWorld(t);
    // A gateway that is told to read the subject elsewhere logs nobody.
    const [person] = sampleRoutes(world.data.url) as [{ answer: { fields: object[] } }];
    const answer = { kind: 'json', fields: person.answer.fields, ignored: ['/idNumber'] };
    const gateway = await startWorldGateway(t, world, { routes: [{ ...person, subjects: [], answer }] });
    const agent = await startAccessAgent(t, world, gateway.url, { onBadReceipt: 'warn' });
    const answered = await call(agent, PERSON);
    expect([answered.status, answered.headers.get('veritrail-warning')]).to.deep.equal([200, 'OTHER_SUBJECT']);
    const record = await readRecord(agent, answered.headers.get('veritrail-request-digest')!);
    expect(record['end']).to.equal('BAD_RECEIPT');
  });

  test('sees that a custodian put under seal what was not to be: the person would never find it', async (t) => {
    const { agent, world } = await together(t);
    world.node.falseSeal = asHash(new Uint8Array(32).fill(7));
    const answered = await call(agent, PERSON);
    const { facts } = (await answered.json()) as { facts: { reason: string } };
    expect([answered.status, facts.reason]).to.deep.equal([502, 'OTHER_SEAL']);
    const record = await readRecord(agent, answered.headers.get('veritrail-request-digest')!);
    expect(record['end']).to.equal('BAD_RECEIPT');
  });

  test('sends no seal that it cannot read itself', async (t) => {
    const { agent, world } = await together(t);
    expect((await call(agent, PERSON, { 'veritrail-seal': '!' })).status).to.equal(400);
    expect(world.node.events).to.deep.equal([]);
  });

  test('takes no answer without receipt, whole or cut', async (t) => {
    const world = await makeWorld(t);
    let answer: RequestListener = () => {};
    const server = createServer((request, response) => answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => (server.closeAllConnections(), server.close()));
    const agent = await startAccessAgent(t, world, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const type = 'application/vnd.veritrail.frames';
    const answers: readonly (readonly [string, RequestListener, number, string])[] = [
      [
        'plain data',
        (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
        502,
        'NO_RECEIPT',
      ],
      ['no frames', (_, response) => void response.writeHead(200, { 'content-type': type }).end(), 422, 'CUT'],
      [
        'garbage',
        (_, response) => void response.writeHead(200, { 'content-type': type }).end('{"status":200}\n'),
        400,
        'BAD_RECEIPT',
      ],
      ['nothing', (_, response) => void response.destroy(), 503, 'NO_ANSWER'],
    ];
    for (const [name, given, status, end] of answers) {
      answer = given;
      const answered = await call(agent, PERSON);
      expect(answered.status, name).to.equal(status);
      expect((await readRecord(agent, answered.headers.get('veritrail-request-digest')!))['end'], name).to.equal(end);
    }
  });

  test('leaves no number on its disk, in its log lines or in its metrics', async (t) => {
    const { agent, world } = await together(t);
    expect((await call(agent, PERSON)).status).to.equal(200);
    expect((await call(agent, '/persons/110105491231002')).status).to.equal(404);
    const metrics = await (await fetch(`${agent.url}/metrics`)).text();
    await until(() => world.lines.length > 2);
    await agent.close();
    const said = metrics + world.lines.join('');
    const files = (await readdir(world.directory, { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    for (const planted of [sampleNumber(7), '110105491231002', '11010519491231002X', samplePerson(7).name]) {
      expect(said.includes(planted)).to.equal(false);
      for (const { parentPath, name } of files)
        expect((await readFile(join(parentPath, name))).includes(planted), name).to.equal(false);
    }
  });
});
