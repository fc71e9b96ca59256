import { afterEach, beforeEach, describe, test } from 'node:test';
import { writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { parseJson, type JsonObject, type JsonValue } from '../../core/bytes/json.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { parseEvidenceJson } from '../../core/verify/evidence.ts';
import { formatSignedTrust } from '../../core/verify/trust.ts';
import type { Verdict } from '../../core/verify/verdict.ts';
import { verify } from '../../core/verify/verify.ts';
import { chooseLang } from '../../verifier/api/verify.ts';
import { BATCH_LINE, EVIDENCE, PROBLEM, VERDICT } from '../../verifier/api/shape.ts';
import { bytesOf } from '../log/memory-log.ts';
import { digestOf, signerNamed, type StoryLog } from '../verify/story.ts';
import { judgeAt, short } from './reader.ts';
import { type Answer, type Served, standsOn, until, World } from './world.ts';

const FILE = encodeUtf8('a licence file');
const DIGEST = digestOf('a licence file');
const OTHER = encodeUtf8('a licence file with one byte changed');

let world: World;
let log: StoryLog;
let verifier: Served;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(() => world.end());

/** A witnessed licence and a verifier that stands on it. */
async function issueAndStart(): Promise<void> {
  ({ verifier } = await world.startBoth());
  world.anchor();
  world.story.issue({ files: [DIGEST] });
  world.anchor();
  await standsOn(verifier, log, 2);
}

const wordOf = ({ status, json }: Answer): string => {
  expect(status).to.equal(200);
  VERDICT.parse(json);
  return short(json as unknown as Verdict);
};

const verdictOf = async (body: JsonValue | Uint8Array): Promise<string> => wordOf(await verifier.post('/v1/verify', body));
const problemOf = ({ status, json }: Answer): string => `${status} ${PROBLEM.parse(json).code}`;
const becomes = (word: string, body: JsonValue | Uint8Array = FILE): Promise<boolean> =>
  until(`the verdict is ${word}`, async () => (await verdictOf(body)) === word);

describe('POST /v1/verify', () => {
  test('says the same of the bytes, of their digest, and as a reader who judges for himself', async () => {
    await issueAndStart();
    await becomes('valid');
    expect(await verdictOf({ fileDigest: encodeHex(DIGEST) })).to.equal('valid');
    expect(short(await judgeAt(world, verifier, DIGEST))).to.equal('valid');
    expect(await verdictOf(OTHER)).to.equal('undetermined NOT_RECORDED');
    expect(await verdictOf(new Uint8Array())).to.equal('undetermined NOT_RECORDED');
  });

  test('answers 200 to a negative verdict, with the reason that the issuer gave', async () => {
    await issueAndStart();
    world.story.act('revoke');
    world.anchor();
    await becomes('invalid REVOKED');
    const { json } = await verifier.post('/v1/verify', FILE, { 'accept-language': 'en' });
    const checks = json['checks'] as { id: string; text: string; facts: JsonObject }[];
    expect(checks.find(({ id }) => id === 'status')!.facts).to.include({ reason: '违法开采' });
  });

  test('judges evidence that is brought along with another file: its content was changed', async () => {
    await issueAndStart();
    await becomes('valid');
    const { json: evidence } = await verifier.post('/v1/evidence', { fileDigest: encodeHex(DIGEST) });
    const fileDigest = encodeHex(digestOf('another file'));
    expect(await verdictOf({ fileDigest })).to.equal('undetermined NOT_RECORDED');
    expect(await verdictOf({ fileDigest, evidence })).to.equal('invalid CONTENT_CHANGED');
    expect(await verdictOf({ fileDigest: encodeHex(DIGEST), evidence })).to.equal('valid');
  });

  test('judges a licence document that no log records', async () => {
    await issueAndStart();
    const { bytes } = world.story.payload({ serial: 'NEVER', files: [] });
    const licence = formatEnvelope(world.story.envelope(bytes, world.story.documentSigner));
    expect(await verdictOf({ fileDigest: encodeHex(bytesOf('no file')), licence })).to.equal('invalid NOT_RECORDED');
  });

  test('judges a past instant by what was recorded then', async () => {
    await issueAndStart();
    await becomes('valid');
    const at = world.clock();
    world.story.tick(5_000);
    world.anchor();
    world.story.act('revoke');
    world.anchor();
    await becomes('invalid REVOKED');
    await becomes('valid', { fileDigest: encodeHex(DIGEST), at });
    expect(await verdictOf({ fileDigest: encodeHex(DIGEST), at: 1 })).to.match(/^invalid .*NOT_YET_VALID/);
  });

  test('says that the chain cannot be reached while it cannot, and nothing else', async () => {
    await issueAndStart();
    await becomes('valid');
    world.chain.isDown = true;
    world.story.tick(10_001);
    expect(await verdictOf(FILE)).to.equal('undetermined CHAIN_UNREACHABLE');
    world.chain.isDown = false;
    await becomes('valid');
  });

  test('speaks Chinese, or English when it is asked to', async () => {
    await issueAndStart();
    const textIn = async (header: string | null): Promise<string> => {
      const { json, headers } = await verifier.post('/v1/verify', FILE, header === null ? {} : { 'accept-language': header });
      expect(headers.get('vary')).to.equal('Accept-Language');
      return `${headers.get('content-language')} ${(json['checks'] as { text: string }[])[0]!.text}`;
    };
    expect(await textIn(null)).to.match(/^zh-CN .*\p{Script=Han}/u);
    expect(await textIn('en')).to.match(/^en [A-Z][^\p{Script=Han}]*$/u);
  });

  test('refuses what is malformed, too long, or about another chain', async () => {
    await issueAndStart();
    const fileDigest = encodeHex(DIGEST);
    const { json: evidence } = await verifier.post('/v1/evidence', { fileDigest });
    const licence = formatEnvelope(world.story.envelope(encodeUtf8('{}'), world.story.documentSigner));
    const refused: [string, JsonValue][] = [
      ['400 MALFORMED', {}],
      ['400 MALFORMED', []],
      ['400 MALFORMED', { fileDigest: fileDigest.toUpperCase() }],
      ['400 MALFORMED', { fileDigest, more: 1 }],
      ['400 MALFORMED', { fileDigest, at: -1 }],
      ['400 MALFORMED', { fileDigest, at: '2026-01-01T00:00:00Z' }],
      ['400 MALFORMED', { fileDigest, licence: {} }],
      ['400 MALFORMED', { fileDigest, licence }],
      ['400 MALFORMED', { fileDigest, evidence: {} }],
      ['400 MALFORMED', { fileDigest, evidence: { ...evidence, more: 1 } }],
      ['400 MALFORMED', { fileDigest, evidence: { ...evidence, chainReference: encodeHex(bytesOf('another chain')) } }],
      ['413 MALFORMED', { fileDigest, licence: { payload: 'A'.repeat(10 << 20) } }],
    ];
    for (const [want, body] of refused) expect(problemOf(await verifier.post('/v1/verify', body))).to.equal(want);
    const typed = (headers: Record<string, string>): Promise<Answer> => verifier.post('/v1/verify', FILE, headers);
    expect(problemOf(await typed({ 'content-type': 'text/plain' }))).to.equal('415 MALFORMED');
    expect(problemOf(await typed({ 'content-encoding': 'gzip' }))).to.equal('415 MALFORMED');
    expect(problemOf(await verifier.post('/v1/verify', new Uint8Array((64 << 20) + 1)))).to.equal('413 MALFORMED');
    expect(problemOf(await verifier.get('/v1/verify'))).to.equal('405 MALFORMED');
    expect(verifier.lines.join('')).not.to.contain(fileDigest);
  });

  test('without a trust file gives no verdict', async () => {
    verifier = await world.start('verifier');
    expect(problemOf(await verifier.post('/v1/verify', FILE))).to.equal('503 UNAVAILABLE');
    expect(problemOf(await verifier.get('/trust.json'))).to.equal('404 NOT_FOUND');
  });
});

describe('POST /v1/verify/batch', () => {
  const post = (text: string): Promise<Answer> =>
    verifier.post('/v1/verify/batch', encodeUtf8(text), { 'content-type': 'application/x-ndjson' });

  test('answers each line in its place; a bad line loses no other', async () => {
    await issueAndStart();
    await becomes('valid');
    const good = JSON.stringify({ fileDigest: encodeHex(DIGEST) });
    const unknown = JSON.stringify({ fileDigest: encodeHex(bytesOf('no file')) });
    const { status, text } = await post([good, '{"fileDigest":', '', unknown, '{"fileDigest":"00"}', good].join('\n'));
    expect(status).to.equal(200);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => BATCH_LINE.parse(parseJson(line)));
    expect(lines.map(({ line }) => line)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    const said = lines.map((line) => ('problem' in line ? line.problem.code : short(line as unknown as Verdict)));
    expect(said).to.deep.equal(['valid', 'MALFORMED', 'MALFORMED', 'undetermined NOT_RECORDED', 'MALFORMED', 'valid']);
  });

  test('of nothing is nothing; a line beyond the cap ends it with a problem', async () => {
    await issueAndStart();
    expect((await post('')).text).to.equal('');
    const { text } = await post(`${JSON.stringify({ fileDigest: encodeHex(DIGEST) })}\n"${'x'.repeat(10 << 20)}"`);
    const [first, last, ...others] = text.trimEnd().split('\n');
    expect(others).to.deep.equal([]);
    expect(first).to.contain('"line":1');
    expect(Object.keys(parseJson(last!) as object)).to.deep.equal(['problem']);
    expect(problemOf(await verifier.post('/v1/verify/batch', {}))).to.equal('415 MALFORMED');
  });
});

describe('POST /v1/evidence', () => {
  test('gives what suffices offline', async () => {
    await issueAndStart();
    await becomes('valid');
    const { status, json } = await verifier.post('/v1/evidence', { fileDigest: encodeHex(DIGEST), at: 5 });
    expect(status).to.equal(200);
    EVIDENCE.parse(json);
    const { answer, fileDigest } = parseEvidenceJson(json);
    const question = { fileDigest, answeredDigest: fileDigest, answer, isCarried: true, licence: null, live: null, at: null };
    const verdict = verify({ ...question, trust: world.trust(), evaluatedAt: world.clock() });
    expect(short(verdict)).to.equal('valid');
  });

  test('is not found for a file that nobody recorded, and refused when malformed', async () => {
    await issueAndStart();
    const ask = async (body: JsonValue): Promise<string> => problemOf(await verifier.post('/v1/evidence', body));
    expect(await ask({ fileDigest: encodeHex(bytesOf('no file')) })).to.equal('404 NOT_FOUND');
    for (const body of [{}, { fileDigest: 'x' }, { fileDigest: encodeHex(DIGEST), slots: [] }]) {
      expect(await ask(body)).to.equal('400 MALFORMED');
    }
  });
});

describe('the trust file', () => {
  const versionOf = async (): Promise<unknown> =>
    ((await verifier.get('/v1/status')).json['trust'] as { version: number } | null)?.version;

  test('is handed out as signed, and read again when it changes', async () => {
    const trustFile = await world.writeTrust();
    verifier = await world.start('verifier', { trustFile });
    const signed = formatSignedTrust(world.story.signTrust(world.trust()));
    expect((await verifier.get('/trust.json')).json).to.deep.equal(signed);
    await world.writeTrust({ version: 2 });
    await until('the new one is taken', async () => (await versionOf()) === 2);
  });

  test('that may not follow the one accepted is refused, after a restart as well', async () => {
    const trustFile = await world.writeTrust({ version: 5 });
    verifier = await world.start('verifier', { trustFile });
    const stranger = signerNamed('a stranger');
    const unsigned = formatSignedTrust(world.story.signTrust(world.trust({ version: 6 }), stranger));
    const foreign = formatSignedTrust(world.story.signTrust(world.trust({ version: 6, genesisHash: bytesOf('other') })));
    const stolen = world.story.signTrust(world.trust({ version: 6, trustKeys: [stranger.publicKey] }), stranger);
    const older = formatSignedTrust(world.story.signTrust(world.trust({ version: 4 })));
    for (const [i, bad] of [unsigned, foreign, formatSignedTrust(stolen), older, {}, null].entries()) {
      await writeFile(trustFile, bad === null ? 'no JSON' : JSON.stringify(bad));
      await until('it is refused', () => verifier.lines.filter((line) => line.includes('the trust file is refused')).length > i);
      expect(await versionOf()).to.equal(5);
    }
    await writeFile(trustFile, JSON.stringify(older));
    await verifier.close();
    verifier = await world.start('verifier', { trustFile });
    expect(await versionOf()).to.equal(5);
  });

  test('that is not there yet is taken when it comes', async () => {
    const trustFile = `${world.directory}/later.json`;
    verifier = await world.start('verifier', { trustFile });
    expect(await versionOf()).to.equal(undefined);
    await world.writeTrust({}, 'later.json');
    await until('it is taken', async () => (await versionOf()) === 1);
  });
});

describe('the language of an answer', () => {
  const CASES: [string | undefined, string][] = [
    [undefined, 'zh-CN'],
    ['', 'zh-CN'],
    ['*', 'zh-CN'],
    ['fr', 'zh-CN'],
    ['en', 'en'],
    ['en-GB,en;q=0.9', 'en'],
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN'],
    ['en;q=0.5, zh;q=0.4', 'en'],
    ['en;q=0', 'zh-CN'],
    ['en;q=high', 'zh-CN'],
    ['EN', 'en'],
  ];
  for (const [header, want] of CASES) {
    test(`is ${want} for ${JSON.stringify(header)}`, () => {
      expect(chooseLang(header)).to.equal(want);
    });
  }
});
