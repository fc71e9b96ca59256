import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import type { z } from 'zod';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { findKey, type RegistryFacts } from '../../core/authority/registry.ts';
import { parseNote } from '../../core/log/note.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { verifyConsistency, verifyInclusion } from '../../core/log/tree-proof.ts';
import {
  AUTHORITIES,
  CHANGES,
  CONSISTENCY,
  INCLUSION,
  LOG,
  LOGS,
  LOOKUP_ANSWER,
  PROBLEM,
  SEEN,
  STATUS,
  TRUST,
} from '../../verifier/api/shape.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUDIT, digestOf, ISSUER, OUTSIDER, type StoryLog, TYPE } from '../verify/story.ts';
import { type Served, standsOn, TIMING, until, World } from './world.ts';

let world: World;
let log: StoryLog;
let verifier: Served;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(() => world.end());

/** A verifier that waits for no witness, standing on a checkpoint with one licence. */
async function issueAndStart(): Promise<void> {
  await start();
  await anchorMore('a');
}

async function start(): Promise<void> {
  const timing = { ...TIMING, witnessesWithinMs: -1 };
  verifier = await world.start('verifier', { trustFile: await world.writeTrust() }, { timing });
}

async function anchorMore(name: string): Promise<void> {
  world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] });
  world.anchor();
  await standsOn(verifier, log, log.rows.length);
}

const ofLog = (path = ''): string => `/v1/logs/${encodeHex(log.logId)}${path}`;

/** The answer, held to the shape that /openapi.json describes. */
async function read<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape>> {
  const { status, json } = await verifier.get(path);
  expect(status, path).to.equal(200);
  return shape.parse(json);
}

async function refusalOf(path: string): Promise<string> {
  const { status, json, headers } = await verifier.get(path);
  expect(headers.get('content-type')).to.equal('application/problem+json');
  return `${status} ${PROBLEM.parse(json).code}`;
}

describe('logs', () => {
  test('are all that the registry lists, with how far each is followed', async () => {
    await issueAndStart();
    const { logs } = await read('/v1/logs', LOGS);
    expect(logs.map(({ origin, followed, anchoredSize }) => ({ origin, followed, anchoredSize }))).to.deep.equal([
      { origin: log.origin, followed: true, anchoredSize: 2 },
      { origin: world.story.outsider.origin, followed: true, anchoredSize: null },
    ]);
  });

  test('each show the checkpoint and the anchor they stand on', async () => {
    await issueAndStart();
    const { checkpoint, anchor, finding } = await read(ofLog(), LOG);
    expect(checkpoint).to.equal(world.issuer.note);
    expect(anchor).to.include({ blockNumber: world.chain.head.number, anchoredAt: world.chain.head.at });
    expect(finding).to.equal(null);
    const { text, headers } = await verifier.get(ofLog('/checkpoint'));
    expect([text, headers.get('content-type')]).to.deep.equal([checkpoint, 'text/plain; charset=utf-8']);
  });

  test('prove inclusion and consistency at every size they hold', async () => {
    await issueAndStart();
    await anchorMore('b');
    await anchorMore('c');
    for (let size = 1; size <= 6; size++) {
      for (let index = 0; index < size; index++) {
        const said = await read(ofLog(`/inclusion?index=${index}&size=${size}`), INCLUSION);
        expect(said.leafHash).to.equal(encodeHex(leafHashOf(log.rows[index]!.bytes)));
        const claim = { leafHash: hashFromHex(said.leafHash), entryIndex: index, size, rootHash: hashFromHex(said.rootHash) };
        verifyInclusion(claim, said.proof.map(hashFromHex));
      }
      const said = await read(ofLog(`/consistency?from=${size - 1}&to=${size}`), CONSISTENCY);
      const [root1, root2] = [hashFromHex(said.fromRoot), hashFromHex(said.toRoot)];
      verifyConsistency({ size1: size - 1, root1, size2: size, root2 }, said.proof.map(hashFromHex));
    }
    const { checkpoint } = parseNote((await read(ofLog(), LOG)).checkpoint!);
    expect((await read(ofLog('/consistency?from=6&to=6'), CONSISTENCY)).toRoot).to.equal(encodeHex(checkpoint.rootHash));
  });

  test('refuse what they do not hold, and what is no question', async () => {
    await issueAndStart();
    const outsider = `/v1/logs/${encodeHex(world.story.outsider.logId)}`;
    const cases: Record<string, string> = {
      [`/v1/logs/${encodeHex(bytesOf('no log'))}`]: '404 NOT_FOUND',
      [`/v1/logs/${encodeHex(bytesOf('no log'))}/checkpoint`]: '404 NOT_FOUND',
      [`${outsider}/checkpoint`]: '503 UNAVAILABLE',
      '/v1/logs/00': '400 MALFORMED',
      '/v1/logs/%ff': '400 MALFORMED',
      [`/v1/logs/${encodeHex(log.logId).toUpperCase()}`]: '400 MALFORMED',
      [ofLog('/inclusion?index=2&size=2')]: '404 NOT_FOUND',
      [ofLog('/inclusion?index=0&size=3')]: '404 NOT_FOUND',
      [ofLog('/inclusion?index=0')]: '400 MALFORMED',
      [ofLog('/inclusion?index=0&size=2&more=1')]: '400 MALFORMED',
      [ofLog('/inclusion?index=0&index=1&size=2')]: '400 MALFORMED',
      [ofLog('/inclusion?index=-1&size=2')]: '400 MALFORMED',
      [ofLog('/inclusion?index=00&size=2')]: '400 MALFORMED',
      [ofLog('/inclusion?index=0&size=9007199254740992')]: '400 MALFORMED',
      [ofLog('/consistency?from=2&to=1')]: '404 NOT_FOUND',
      [ofLog('/consistency?from=0&to=3')]: '404 NOT_FOUND',
      [ofLog('/consistency?from=0')]: '400 MALFORMED',
      [`/seen/${encodeHex(log.logId)}?size=x`]: '400 MALFORMED',
      '/seen/xyz': '400 MALFORMED',
      '/v1/changes?after=x': '400 MALFORMED',
      '/v1/nothing': '404 NOT_FOUND',
      '/v1/lookup': '405 MALFORMED',
    };
    for (const [path, want] of Object.entries(cases)) expect(await refusalOf(path), path).to.equal(want);
  });
});

describe('the registry', () => {
  test('is shown in full, and for one authority at an instant', async () => {
    await issueAndStart();
    const { story } = world;
    const { facts, polledMsAgo } = await read('/v1/authorities', AUTHORITIES);
    expect(parseRegistryFacts(facts)).to.deep.equal({ ...story.facts, block: world.chain.head });
    expect(polledMsAgo).to.be.lessThan(60_000);
    const about = async (code: string, query = ''): Promise<ReturnType<typeof parseRegistryFacts>> =>
      parseRegistryFacts((await read(`/v1/authorities/${code}${query}`, AUTHORITIES)).facts);
    const issuer = await about(ISSUER);
    expect(issuer.keys.map(({ type }) => type)).to.deep.equal(['log', 'document']);
    expect(
      [issuer.authorities, issuer.scopes, issuer.logs, issuer.modes, issuer.coverages].map(({ length }) => length),
    ).to.deep.equal([1, 1, 1, 1, 1]);
    expect((await about(AUDIT)).keys.map(({ type }) => type)).to.deep.equal(['witness']);
    const { keyId } = issuer.keys[0]!;
    const retiredAt = story.tick();
    world.chain.mine(retiredAt, { kind: 'key-retired', keyId, validTo: retiredAt });
    await until('the key is retired', async () => findKey(await about(ISSUER), keyId)?.validTo === retiredAt);
    expect((await about(ISSUER, `?at=${retiredAt}`)).keys).to.have.length(1);
    expect((await about(ISSUER, `?at=${retiredAt - 1}`)).keys).to.have.length(2);
    expect((await about(ISSUER, '?at=0')).authorities).to.deep.equal([]);
    expect(await refusalOf('/v1/authorities/11999900MB0000009X')).to.equal('404 NOT_FOUND');
    expect(await refusalOf(`/v1/authorities/${ISSUER}?at=now`)).to.equal('400 MALFORMED');
  });

  test('shows a log at whoever owns it at the instant, and what moved, at both', async () => {
    await issueAndStart();
    const { story, chain } = world;
    const about = async (code: string, query = ''): Promise<RegistryFacts> =>
      parseRegistryFacts((await read(`/v1/authorities/${code}${query}`, AUTHORITIES)).facts);
    const originsOf = ({ logs }: RegistryFacts): string[] => logs.map(({ origin }) => origin);
    const movedAt = story.tick();
    const share = { logIds: [log.logId], licenceTypes: [TYPE] };
    const grant = { dutyId: bytesOf('duty'), code: OUTSIDER, purpose: 'mining.review', validFrom: movedAt, validTo: null };
    chain.mine(
      movedAt,
      { kind: 'function-moved', code: ISSUER, successor: OUTSIDER, ...share, movedAt },
      { kind: 'duty-granted', ...grant, parentId: null },
      { kind: 'log-disputed', logId: log.logId, charge: 'fork', chargeDigest: bytesOf('x'), fromSequence: 0, fromSize: 9 },
    );
    await until('the log moved', async () => originsOf(await about(ISSUER)).length === 0);
    const [former, successor] = [await about(ISSUER), await about(OUTSIDER)];
    expect(originsOf(successor)).to.have.members([log.origin, story.outsider.origin]);
    expect(successor.logs.find(({ origin }) => origin === log.origin)!.owners).to.have.length(2);
    expect([former.successions.length, successor.successions.length, (await about(AUDIT)).successions.length]).to.deep.equal([
      1, 1, 0,
    ]);
    expect([former.disputes.length, successor.disputes.length]).to.deep.equal([0, 1]);
    expect([former.duties.length, successor.duties.length]).to.deep.equal([0, 1]);

    const [then, later] = [await about(ISSUER, `?at=${movedAt - 1}`), await about(ISSUER, `?at=${movedAt}`)];
    expect([originsOf(then), originsOf(later)]).to.deep.equal([[log.origin], []]);
    expect([then.successions.length, later.successions.length]).to.deep.equal([0, 1]);
    expect(originsOf(await about(OUTSIDER, `?at=${movedAt - 1}`))).to.deep.equal([story.outsider.origin]);
    expect((await about(OUTSIDER, `?at=${movedAt - 1}`)).duties).to.deep.equal([]);
  });

  test('and the trust file stand in the status', async () => {
    await issueAndStart();
    const status = await read('/v1/status', STATUS);
    expect(status.chain).to.deep.include({
      chainId: 20777,
      head: { ...world.chain.head, hash: encodeHex(world.chain.head.hash) },
    });
    expect(status.logs).to.have.length(2);
    expect(status.trust).to.deep.equal({ version: 1, expiresAt: world.trust().expiresAt, sample: true });
    TRUST.parse((await verifier.get('/trust.json')).json);
    SEEN.parse((await verifier.get(`/seen/${encodeHex(log.logId)}`)).json);
    const slots = log.rows.map(({ slot }) => encodeHex(slot));
    LOOKUP_ANSWER.parse((await verifier.post('/v1/lookup', { slots })).json);
  });
});

describe('changes', () => {
  test('are told once each to who goes on asking, over a restart too', async () => {
    await issueAndStart();
    const first = await read('/v1/changes', CHANGES);
    expect(first.changes.map(({ size }) => size)).to.deep.equal([2]);
    expect(first.complete).to.equal(false);
    expect((await read(`/v1/changes?after=${first.newest}`, CHANGES)).changes).to.deep.equal([]);
    await anchorMore('b');
    const second = await read(`/v1/changes?after=${first.newest}`, CHANGES);
    expect(second.changes.map(({ size }) => size)).to.deep.equal([4]);
    expect(second.complete).to.equal(true);
    world.chain.lose(2);
    await standsOn(verifier, log, null);
    const third = await read(`/v1/changes?after=${second.newest}`, CHANGES);
    expect(third.changes.map(({ size }) => size)).to.deep.equal([null]);
    world.mineNote(world.issuer.note!);
    await standsOn(verifier, log, 4);
    await verifier.close();
    await start();
    await standsOn(verifier, log, 4);
    const fourth = await read(`/v1/changes?after=${third.newest}`, CHANGES);
    expect(fourth.changes.map(({ size }) => size)).to.deep.equal([4]);
  });
});

describe('/openapi.json', () => {
  /** DESIGN of the interface, and what every program here serves. */
  const PROMISED = [
    'post /v1/lookup',
    'post /v1/verify',
    'post /v1/verify/batch',
    'post /v1/evidence',
    'get /v1/logs',
    'get /v1/logs/{logId}',
    'get /v1/logs/{logId}/checkpoint',
    'get /v1/logs/{logId}/inclusion',
    'get /v1/logs/{logId}/consistency',
    'get /v1/logs/{logId}/charges',
    'get /v1/logs/{logId}/standing',
    'get /v1/logs/{logId}/anchors',
    'get /v1/seals',
    'post /v1/charges',
    'get /v1/authorities',
    'get /v1/authorities/{code}',
    'get /v1/status',
    'get /v1/changes',
    'get /trust.json',
    'get /seen/{logId}',
    'get /openapi.json',
    'get /livez',
    'get /readyz',
    'get /metrics',
  ];

  test('describes every route, and every route that it describes is there', async () => {
    await issueAndStart();
    const { json } = await verifier.get('/openapi.json');
    expect(json['openapi']).to.equal('3.1.0');
    const paths = json['paths'] as Record<string, JsonObject>;
    const described = Object.entries(paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`));
    expect(described.sort()).to.deep.equal([...PROMISED].sort());
    for (const route of described) {
      const [method, path] = route.split(' ') as [string, string];
      const url = path.replace('{logId}', encodeHex(log.logId)).replace('{code}', ISSUER);
      const answer = method === 'get' ? await verifier.get(url) : await verifier.post(url, {});
      expect(answer.status, route).to.satisfy((status: number) => [200, 400, 415].includes(status));
    }
  });

  test('names each parameter and says of each body what it is', async () => {
    await issueAndStart();
    const { json } = await verifier.get('/openapi.json');
    const paths = json['paths'] as Record<
      string,
      Record<string, { parameters: { name: string; required: boolean }[]; requestBody?: unknown }>
    >;
    const parameters = (path: string): string[] =>
      paths[path]!['get']!.parameters.map(({ name, required }) => `${name}${required ? '' : '?'}`);
    expect(parameters('/v1/logs/{logId}/inclusion')).to.deep.equal(['logId', 'index', 'size']);
    expect(parameters('/seen/{logId}')).to.deep.equal(['logId', 'size?', 'time?']);
    const body = JSON.stringify(paths['/v1/verify']!['post']!.requestBody);
    expect(body).to.contain('application/octet-stream').and.contain('fileDigest');
  });
});

describe('the program', () => {
  test('is alive at once and ready when the chain is read', async () => {
    verifier = await world.start('verifier');
    expect((await verifier.get('/livez')).status).to.equal(200);
    await until('it is ready', async () => (await verifier.get('/readyz')).status === 200);
    world.chain.isDown = true;
    world.story.tick(10_001);
    expect((await verifier.get('/readyz')).status).to.equal(503);
    expect((await verifier.get('/metrics')).text).to.match(/^chain_polled_ms_ago\{.*\} 1\d{4}$/m);
  });

  test('serves pages under a strict policy, and the interface alone without them', async () => {
    const webDir = join(world.directory, 'web');
    await mkdir(webDir);
    await writeFile(join(webDir, 'index.html'), '<!doctype html><title>t</title>');
    verifier = await world.start('verifier', { webDir });
    const { status, text, headers } = await verifier.get('/');
    expect([status, text]).to.deep.equal([200, '<!doctype html><title>t</title>']);
    expect(headers.get('content-security-policy')).to.contain("script-src 'self' 'wasm-unsafe-eval'");
    expect(headers.get('cache-control')).to.equal('no-cache');
    expect((await verifier.get('/../config.json')).status).to.equal(404);
    const plain = await world.start('plain');
    expect((await plain.get('/')).status).to.equal(404);
  });

  test('says nothing of slots, files or digests in its log', async () => {
    await issueAndStart();
    const secrets = [...log.rows.map(({ slot }) => encodeHex(slot)), encodeHex(digestOf('a'))];
    await verifier.post('/v1/lookup', { slots: secrets.slice(0, 2) });
    await verifier.post('/v1/verify', { fileDigest: secrets.at(-1)! });
    await verifier.post('/v1/evidence', { fileDigest: secrets.at(-1)! });
    await verifier.get(`/v1/${secrets[0]}`);
    const lines = verifier.lines.join('') + (await verifier.get('/metrics')).text;
    for (const secret of secrets) expect(lines).not.to.contain(secret);
  });
});
