/** A custodian's own writer, gate and routes, followed by a witness and a verifier: what it promises, they come to. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { parseAccessAnswer } from '../../core/access/answer.ts';
import { judgeLog, type LogJudgement } from '../../core/access/answer-check.ts';
import { parseNumber } from '../../core/access/number.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { findLog } from '../../core/authority/registry.ts';
import { parseNote } from '../../core/log/note.ts';
import { worldOf } from '../../core/verify/world.ts';
import type { VerifierConfig } from '../../verifier/config.ts';
import { residentNumber, TestCustodian } from '../custodian/custodian.ts';
import { LOG_ID, makeLogDirectory, ORIGIN } from '../custodian/fixture.ts';
import { logSigner } from '../node/fixture.ts';
import { AUDIT, witnessName } from '../verify/story.ts';
import { eventsOf, FakeChain } from '../verifier/fake-chain.ts';
import { type Served, until, World } from '../verifier/world.ts';
import { readStanding } from './person.ts';

const [ANNA, BERT] = [residentNumber(1), residentNumber(2)];
let custodian: TestCustodian;
let world: World;
let chain: FakeChain;
let verifier: Served;
let witness: Served;

beforeEach(async () => {
  custodian = await TestCustodian.start(await makeLogDirectory());
  world = await World.create();
  const { genesisHash, anchorAddress } = world.story;
  chain = new FakeChain({ chainId: 20777, genesisHash, anchorAddress });
  // The registry as the custodian knows it, with what it has set about VRF keys.
  const { facts } = custodian;
  const vrfKeys = facts.logs.flatMap(({ logId, vrfKeys: keys }) =>
    keys.map((key) => ({ ...key, logId, kind: 'vrf-key-set' as const })),
  );
  chain.mine(facts.block.at, ...eventsOf(facts), ...vrfKeys);
  const startedAt = performance.now();
  // The custodian's time stands still between its quanta; whoever asks again after a while needs one that goes on.
  const options = { chain, clock: () => custodian.directory.now + Math.floor(performance.now() - startedAt) };
  const request = await world.writeKey('request', 'auditor request key');
  const shared: Partial<VerifierConfig> = { request, logs: [{ origin: ORIGIN, url: custodian.url }] };
  const witnessKey = { name: witnessName(AUDIT), ...(await world.witnessKey()) };
  witness = await world.start('witness', { ...shared, role: 'witness', witness: witnessKey }, options);
  const witnesses = [{ name: witnessName(AUDIT), url: witness.url }];
  const trustFile = await world.writeTrust({ facts: { ...facts, block: chain.head } });
  verifier = await world.start('verifier', { ...shared, trustFile, witnesses }, options);
});
afterEach(async () => {
  await world.end();
  await custodian.stop();
});

/** The quantum passes, and the chain holds what the node has published by then; the verifier comes to stand on it. */
async function anchor(): Promise<number> {
  await custodian.anchor();
  const { note } = custodian.custody.writer.newest!;
  chain.anchor(note, logSigner.publicKey, custodian.directory.now);
  const { size, issuedAt } = parseNote(note).checkpoint;
  await until(`the verifier stands on ${size}`, async () => {
    const { json } = await verifier.get(`/v1/logs/${encodeHex(LOG_ID)}`);
    const said = json['checkpoint'] as string | null;
    if (json['finding'] !== null) throw new Error(JSON.stringify(json['finding']));
    return said !== null && parseNote(said).checkpoint.issuedAt === issuedAt;
  });
  return size;
}

/** What the person's browser makes of the custodian's answer and the verifier's. */
async function judge(id: string): Promise<LogJudgement> {
  const { status, json, text } = await custodian.asPerson(id, '/v1/history');
  expect(status, text).to.equal(200);
  const answered = await verifier.get('/v1/authorities');
  const live = { facts: parseRegistryFacts(answered.json['facts'] as JsonValue), ageMs: answered.json['polledMsAgo'] as number };
  const trust = world.trust({ facts: { ...custodian.facts, block: live.facts.block }, expiresAt: Number.MAX_SAFE_INTEGER });
  const standing = await readStanding(verifier, LOG_ID);
  return judgeLog({
    world: worldOf({ trust, live, evaluatedAt: custodian.directory.now, at: null }),
    log: findLog(live.facts, LOG_ID)!,
    number: parseNumber(1, id),
    standing,
    answer: parseAccessAnswer(json),
  });
}

describe('a custodian’s node, its witness and a verifier', () => {
  test('come to the same: its log keeps the rules, its tiles are had by signed calls, and a person’s history is complete', async () => {
    await custodian.event([ANNA, BERT, residentNumber(3)]);
    await custodian.event([ANNA]);
    expect(await anchor()).to.equal(4);
    expect(await anchor()).to.equal(4);
    await custodian.event([BERT]);
    expect(await anchor()).to.equal(5);
    for (const [id, count] of [
      [ANNA, 2],
      [BERT, 2],
      [residentNumber(4), 0],
    ] as const) {
      const { completeness, entries } = await judge(id);
      expect(completeness.outcome, JSON.stringify(completeness)).to.equal('complete');
      expect(entries).to.have.length(count);
    }
  });

  test('show tiles and slots to nobody else', async () => {
    await custodian.event([ANNA]);
    await anchor();
    expect((await fetch(`${custodian.url}/tile/entries/000.p/1`)).status).to.equal(401);
    const body = JSON.stringify({ slots: ['00'.repeat(32)], logId: encodeHex(LOG_ID) });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(`${custodian.url}/v1/lookup`, { method: 'POST', body, headers })).status).to.equal(401);
    expect((await verifier.post('/v1/lookup', JSON.parse(body) as JsonValue)).status).to.equal(403);
  });
});
