import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { Level } from 'level';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { AUDIT, digestOf, type StoryLog, witnessName } from '../verify/story.ts';
import { type Served, standsOn, until, World } from './world.ts';

let world: World;
let log: StoryLog;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(() => world.end());

/** Flips a bit in every value of a key space. Returns how many. */
async function spoil(dataDir: string, space: string): Promise<number> {
  const database = new Level<Uint8Array, Uint8Array>(join(dataDir, 'index'), { keyEncoding: 'view', valueEncoding: 'view' });
  await database.open();
  const range = { gte: Buffer.from(`${space}/`), lt: Buffer.from(`${space}0`) };
  let count = 0;
  for await (const [key, value] of database.iterator(range)) {
    const spoilt = new Uint8Array(value);
    spoilt[spoilt.length - 1]! ^= 1;
    await database.put(key, spoilt);
    count++;
  }
  await database.close();
  return count;
}

/** All that can be asked of both logs' slots, ages left out. */
async function answers(verifier: Served): Promise<JsonValue> {
  const rows = [...log.rows, ...world.story.outsider.rows];
  const answer = await verifier.post('/v1/lookup', { slots: rows.slice(0, 64).map(({ slot }) => encodeHex(slot)) });
  if (answer.status !== 200) return null;
  const logs = answer.json['logs'] as { polledMsAgo: number }[];
  return { ...answer.json, logs: logs.map((one) => ({ ...one, polledMsAgo: 0 })) };
}

async function issueTwice(): Promise<void> {
  for (const one of world.story.logs) {
    world.story.issue({ serial: 'A', files: [digestOf('a')] }, one);
    world.anchor(one);
  }
}

/** What a verifier answered that was stopped and had a key space of its index spoilt. */
async function spoilt(verifier: Served, space: string): Promise<JsonValue> {
  await issueTwice();
  for (const one of world.story.logs) await standsOn(verifier, one, 2);
  const whole = await until('all openings are there', async () => {
    const answer = await answers(verifier);
    return !JSON.stringify(answer).includes('"opening":null') && answer;
  });
  await verifier.close();
  expect(await spoil(verifier.dataDir, space)).to.be.greaterThan(0);
  return whole;
}

describe('a damaged index', () => {
  // Openings and tiles, the map, slots, heads; the chain's events.
  for (const space of ['opening', 'tile', 'map', 'slot', 'head', 'event', 'cursor']) {
    test(`is built anew where ${space} is spoilt, and answers as before`, async () => {
      const before = await world.start('verifier');
      const whole = await spoilt(before, space);
      const after = await world.start('verifier');
      await until('it answers as before', async () => JSON.stringify(await answers(after)) === JSON.stringify(whole));
      expect(after.lines.join('')).to.contain('damaged');
    });
  }

  test('asks the witnesses again where their words are spoilt', async () => {
    const { verifier: before } = await world.startBoth();
    const whole = await spoilt(before, 'seen');
    const witnesses = [{ name: witnessName(AUDIT), url: world.witnessUrl }];
    const after = await world.start('verifier', { trustFile: await world.writeTrust(), witnesses });
    await until('it answers as before', async () => JSON.stringify(await answers(after)) === JSON.stringify(whole));
  });

  test('that cannot be opened at all is removed and built anew', async () => {
    const before = await world.start('verifier');
    await issueTwice();
    await standsOn(before, log, 2);
    await before.close();
    await writeFile(join(before.dataDir, 'index', 'CURRENT'), 'nothing of the kind');
    const after = await world.start('verifier');
    await standsOn(after, log, 2);
    expect(after.lines.join('')).to.contain('the index is damaged and is built anew');
  });

  test('goes on while it is read: what is spoilt under a running verifier is replayed', async () => {
    const verifier = await world.start('verifier');
    await issueTwice();
    await standsOn(verifier, log, 2);
    const whole = await answers(verifier);
    await verifier.close();
    await spoil(verifier.dataDir, 'tile');
    const after = await world.start('verifier');
    // It knows its heads, and meets the damage only when it is asked.
    await standsOn(after, log, 2);
    expect(await answers(after)).to.equal(null);
    await until('it answers again', async () => JSON.stringify(await answers(after)) === JSON.stringify(whole));
  });
});
