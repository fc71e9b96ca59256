import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { type BrokenPromiseCharge, formatCharge, parseCharge } from '../../core/court/charge.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { signPromise } from '../../core/log/promise.ts';
import { proveSlot } from '../../core/log/slot-proof.ts';
import { ChargeFiles, MAX_CHARGES } from '../../verifier/court/charge-files.ts';
import { bytesOf } from '../log/memory-log.ts';
import { digestOf, ISSUER, type StoryLog } from '../verify/story.ts';
import { FakeMember } from './fake-member.ts';
import { type Answer, logView, type Served, standsOn, until, World } from './world.ts';

let world: World;
let log: StoryLog;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(() => world.end());

function issue(name: string): void {
  world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] });
}

/** That the newest anchored checkpoint lacks what was promised by now, at a slot of this name. */
function brokenPromise(name: string, { sequence = world.chain.anchorsOf(log.logId).length - 1 } = {}): BrokenPromiseCharge {
  const { story, chain } = world;
  const { size, issuedAt, rootHash, mapRoot, block } = chain.anchorsOf(log.logId)[sequence]!;
  const [slot, leafHash] = [bytesOf(`slot ${name}`), bytesOf(`leaf ${name}`)];
  const promise = { logId: log.logId, slot, leafHash, issuedAt: issuedAt - 2_000, deadlineAt: issuedAt - 1_000 };
  const signer = story.logSigners.get(ISSUER)!;
  return {
    kind: 'broken-promise',
    origin: log.origin,
    promised: { promise, keyId: keyIdOf(signer.publicKey), signature: signPromise(promise, signer) },
    checkpoint: {
      by: 'anchor',
      checkpoint: { origin: log.origin, size, issuedAt, rootHash, mapRoot },
      sequence,
      anchoredAt: block.at,
    },
    slotProof: proveSlot(mapRoot, slot, log.map),
  };
}

const jsonOf = (charge: BrokenPromiseCharge): JsonObject => parseJson(formatCharge(charge)) as JsonObject;

/** As bytes: a charge has one spelling. */
async function bring(program: Served, charge: BrokenPromiseCharge): Promise<Answer> {
  return program.post('/v1/charges', formatCharge(charge), { 'content-type': 'application/json' });
}

async function startedOn(...names: string[]): Promise<Served> {
  for (const name of names) {
    issue(name);
    world.anchor();
  }
  const verifier = await world.start('verifier');
  await standsOn(verifier, log, 2 * names.length);
  return verifier;
}

describe('a charge that is brought to a verifier', () => {
  test('is judged, kept for any member, and there after a restart', async () => {
    let verifier = await startedOn('a');
    const charge = brokenPromise('x');
    const { status, json } = await bring(verifier, charge);
    expect(status).to.equal(200);
    expect(json).to.include({ kind: 'broken-promise', state: 'kept', fromSize: 2, takesEffect: true });
    const path = `/v1/logs/${encodeHex(log.logId)}/charges`;
    const { takesEffect: _, ...kept } = json;
    const expected = { charges: [{ ...kept, charge: jsonOf(charge) }] };
    expect((await verifier.get(path)).json).to.deep.equal(expected);
    expect((await bring(verifier, charge)).json).to.deep.equal(json);
    await verifier.close();
    verifier = await world.start('verifier');
    expect((await verifier.get(path)).json).to.deep.equal(expected);
    // Nothing speaks against the log here before the court has found so.
    await standsOn(verifier, log, 2);
    expect(await logView(verifier, log)).to.include({ trouble: null });
  });

  test('is refused with the reason when it does not convict, and not kept', async () => {
    const verifier = await startedOn('a');
    const charge = brokenPromise('x');
    const { promise } = charge.promised;
    const kept = log.rows[0]!;
    const refused: Record<string, BrokenPromiseCharge> = {
      'the map has it': signed(charge, { slot: kept.slot, leafHash: leafOf(kept.slot) }),
      'is not due': signed(charge, { issuedAt: promise.issuedAt, deadlineAt: promise.deadlineAt + 2_000 }),
      'outside the span': signed(charge, { deadlineAt: promise.issuedAt - 1 }),
      signature: { ...charge, promised: { ...charge.promised, promise: { ...promise, leafHash: bytesOf('other') } } },
      'no such anchor': { ...charge, checkpoint: { ...charge.checkpoint, anchoredAt: 1 } },
      'another map root': { ...charge, slotProof: { siblings: [], end: null } },
    };
    for (const [reason, one] of Object.entries(refused)) {
      const { status, json } = await bring(verifier, one);
      expect([status, json['code']], reason).to.deep.equal([422, 'UNVERIFIED']);
      expect(json['detail']).to.contain(reason);
    }
    expect(await readdir(join(verifier.dataDir, 'findings'))).to.deep.equal([]);
  });

  /** The same promise with other terms, signed anew. */
  function signed(charge: BrokenPromiseCharge, change: Partial<BrokenPromiseCharge['promised']['promise']>): BrokenPromiseCharge {
    const promise = { ...charge.promised.promise, ...change };
    const signature = signPromise(promise, world.story.logSigners.get(ISSUER)!);
    const slotProof = proveSlot(charge.checkpoint.checkpoint.mapRoot, promise.slot, log.map);
    return { ...charge, promised: { ...charge.promised, promise, signature }, slotProof };
  }

  function leafOf(slot: Uint8Array): ReturnType<typeof bytesOf> {
    const { end } = proveSlot(log.map.root, slot as ReturnType<typeof bytesOf>, log.map);
    return end!.leafHash;
  }

  test('is refused when it has another spelling, is too long or no JSON, or is about a log that nobody registered', async () => {
    const verifier = await startedOn('a');
    const charge = brokenPromise('x');
    const post = async (body: Uint8Array): Promise<number> =>
      (await verifier.post('/v1/charges', body, { 'content-type': 'application/json' })).status;
    expect(await post(Buffer.from(JSON.stringify(jsonOf(charge), null, 1)))).to.equal(400);
    expect(await post(Buffer.from(JSON.stringify({ ...jsonOf(charge), more: 1 })))).to.equal(400);
    expect(await post(Buffer.from('{}'))).to.equal(400);
    expect(await post(new Uint8Array((64 << 10) + 1))).to.equal(413);
    expect((await verifier.post('/v1/charges', formatCharge(charge))).status).to.equal(415);
    const origin = parseOrigin(`sample/${ISSUER}/nothing`);
    expect(await post(formatCharge({ ...charge, origin }))).to.equal(400);
    const { fork } = { fork: { format: 'veritrail-charge-v1', kind: 'split-view', origin } };
    const shown = { ...(jsonOf(charge)['checkpoint'] as JsonObject) };
    const other = { ...fork, consistency: [], earlier: shown, later: shown, otherRoot: '00'.repeat(32) };
    const sorted = Object.fromEntries(Object.entries(other).sort(([a], [b]) => (a < b ? -1 : 1)));
    expect(await post(Buffer.from(JSON.stringify(sorted)))).to.equal(404);
  });

  test('cannot be judged while the chain is silent', async () => {
    const verifier = await startedOn('a');
    world.chain.isDown = true;
    world.story.tick(10_001);
    expect((await bring(verifier, brokenPromise('x'))).json).to.include({ status: 503, code: 'UNAVAILABLE' });
    world.chain.isDown = false;
    await until('the chain is read', async () => (await bring(verifier, brokenPromise('x'))).status === 200);
  });

  test('is kept up to a number; beyond it only one that reaches further back', async () => {
    const verifier = await startedOn('a', 'b');
    const early = brokenPromise('early', { sequence: 0 });
    for (let i = 0; i < MAX_CHARGES; i++) expect((await bring(verifier, brokenPromise(`x${i}`))).status).to.equal(200);
    const full = await bring(verifier, brokenPromise('one more'));
    expect([full.status, full.json['code']]).to.deep.equal([409, 'CONFLICT']);
    expect((await bring(verifier, early)).json).to.include({ fromSize: 2 });
    const { charges } = await logView(verifier, log);
    expect(charges).to.have.length(MAX_CHARGES);
    expect(charges.filter(({ fromSize }) => fromSize === 2)).to.have.length(1);
    await verifier.close();
    const files = await ChargeFiles.open(join(verifier.dataDir, 'findings'));
    expect(files.of(log.logId)).to.have.length(MAX_CHARGES);
  });

  test('gives way to one about the same that reaches further back', async () => {
    const verifier = await startedOn('a', 'b');
    // Of one promise, broken at both anchors.
    const early = brokenPromise('x', { sequence: 0 });
    const { checkpoint } = brokenPromise('x');
    const late = {
      ...early,
      checkpoint,
      slotProof: proveSlot(checkpoint.checkpoint.mapRoot, early.promised.promise.slot, log.map),
    };
    expect((await bring(verifier, late)).json).to.include({ fromSize: 4 });
    expect((await bring(verifier, early)).json).to.include({ fromSize: 2 });
    expect((await bring(verifier, late)).json).to.include({ fromSize: 2 });
    expect(await readdir(join(verifier.dataDir, 'findings'))).to.deep.equal([`charge-${encodeHex(log.logId)}.json`]);
  });

  test('is brought to the court by a monitor with a member’s account', async () => {
    issue('a');
    world.anchor();
    const member = new FakeMember(world);
    const monitor = await world.startMonitor(member);
    await standsOn(monitor, log, 2);
    expect((await bring(monitor, brokenPromise('x'))).json).to.include({ state: 'waiting' });
    await until('it is brought', async () => (await logView(monitor, log)).charges[0]?.state === 'brought');
    expect(member.names).to.deep.equal(['chargeBrokenPromise']);
    await until('the log is disputed', async () => (await logView(monitor, log)).trouble === 'DISPUTED_LOG');
  });
});

describe('charges in files', () => {
  test('that are damaged, or another log’s, stop the start', async () => {
    issue('a');
    world.anchor();
    const charge = brokenPromise('x');
    const refusalOf = async (name: string, bytes: Uint8Array): Promise<string> => {
      const directory = join(world.directory, 'files');
      await mkdir(directory);
      await writeFile(join(directory, name), bytes);
      const error: unknown = await ChargeFiles.open(directory).then(
        (files) => files.all.length,
        (thrown: unknown) => thrown,
      );
      await rm(directory, { recursive: true });
      return isCodedError(error) ? error.code : String(error);
    };
    const hex = encodeHex(log.logId);
    expect(await refusalOf(`charge-${hex}.json`, formatCharge(charge))).to.equal('1');
    expect(await refusalOf(`charge-${hex}-16.json`, formatCharge(charge))).to.equal('1');
    expect(await refusalOf(`charge-${hex}.json`, formatCharge(charge).subarray(1))).to.equal('MALFORMED');
    expect(await refusalOf(`charge-${encodeHex(bytesOf('log'))}.json`, formatCharge(charge))).to.equal('MALFORMED');
    expect(await refusalOf('charge-x.json.new', new Uint8Array(3))).to.equal('0');
    expect(parseCharge(formatCharge(charge))).to.deep.equal(charge);
  });
});
