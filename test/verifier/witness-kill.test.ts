/** A witness program that is killed (SIGKILL) again and again while it replays: it goes on where it was, and signs one history. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import { parseNote, verifyCosignatureLine } from '../../core/log/note.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import { encodeRegisterLog } from '../../chain/registry-call.ts';
import type { ChainSender } from '../../chain/sender.ts';
import { parseSeen, type Seen } from '../../verifier/index/seen-store.ts';
import { type Anvil, CHAIN_ID, startAnvil } from '../chain/anvil.ts';
import { signerNamed, TestConsortium } from '../chain/consortium-fixture.ts';
import { AUDIT, digestOf, ISSUER, REGION, StoryLog, witnessName } from '../verify/story.ts';
import { until, World } from './world.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'verifier', 'main.ts');
/** The log's entries stand in three tiles. */
const LICENCES = 300;

let world: World;
let log: StoryLog;
let anvil: Anvil;
let consortium: TestConsortium;
let owner: ChainSender;
let config: string;
const children: ChildProcess[] = [];

before(async () => {
  anvil = await startAnvil();
  world = await World.create();
  log = world.story.issuer;
  consortium = await TestConsortium.deploy(anvil.rpcUrl);
  owner = consortium.sender('b2');
  const authority = signerNamed('authority key', 'authority');
  await consortium.register({ code: ISSUER, name: '样例市自然资源局', region: REGION, account: owner.account, key: authority });
  await consortium.addKey(ISSUER, signerNamed('log key'), authority);
  const spans = { quantum: 1000, beat: 60_000, promiseSpan: 180_000, term: null };
  const data = encodeRegisterLog({ owner: ISSUER, origin: log.origin, class: 'licence', ...spans });
  await owner.send({ to: consortium.contracts.registry, data });
  // Entries are a second apart and none is later than now.
  world.story.clock = Date.now() - (LICENCES + 100) * 1000;
  config = await writeConfig();
});
after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await world.end();
  await anvil.stop();
});

async function writeConfig(): Promise<string> {
  const path = join(world.directory, 'witness.json');
  const { registry, anchor, court, fromBlock } = consortium.contracts;
  const chain = { rpcUrl: anvil.rpcUrl, chainId: CHAIN_ID, registry, anchor, court, fromBlock, confirmations: 0 };
  const witness = { name: witnessName(AUDIT), ...(await world.witnessKey()) };
  const logs = [{ origin: log.origin, url: world.issuer.url }];
  const said = { role: 'witness', dataDir: join(world.directory, 'witness'), port: 0, chain, logs, witness, pollMs: 25 };
  await writeFile(path, JSON.stringify(said));
  return path;
}

async function startWitness(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [MAIN, '--config', config], { stdio: ['ignore', 'pipe', 'ignore'] });
  children.push(child);
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, url: (parseJson(line) as JsonObject)['url'] as string };
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Signs the node's log as it is now, and anchors it. */
async function anchor(): Promise<string> {
  const { log: served } = world.issuer;
  world.story.clock = Math.max(world.story.clock, Date.now() - 1000);
  const { note } = world.story.anchor(served, { cosigned: false, anchored: false });
  world.issuer.note = note;
  const { checkpoint, logSignature } = parseNote(note);
  const consistencyProof = proveConsistency(await consortium.anchoredSize(log.logId), checkpoint.size, served.tree);
  const signed = { keyId: signerNamed('log key').keyId, signature: logSignature.signature, consistencyProof };
  await anchorCheckpoint(owner, consortium.contracts.anchor, { logId: log.logId, ...checkpoint, ...signed });
  return note;
}

async function seenAt(url: string, size: number): Promise<Seen | null> {
  const response = await fetch(`${url}/seen/${encodeHex(log.logId)}?size=${size}`);
  return response.status === 200 ? parseSeen(parseJson(await response.text())) : null;
}

function grow(name: string, count: number, into = log): void {
  for (let i = 0; i < count; i++)
    world.story.issue({ serial: `${name}${i}`, files: [digestOf(`${name} ${i}`)], issuer: ISSUER }, into);
}

const tilesServed = (): number => world.issuer.paths.filter((path) => path.startsWith('/tile/entries/')).length;

describe('a witness that is killed in the middle of a tile', () => {
  test('goes on, and cosigns once it has replayed all of it', async () => {
    grow('N', LICENCES);
    const note = await anchor();
    const size = log.rows.length;
    for (let round = 0; round < 5; round++) {
      const before = tilesServed();
      const { child, url } = await startWitness();
      // The second tile is not to be had in the first rounds; in the later ones it dies a little after it has asked for one.
      world.issuer.tamper = (path, bytes) => (round < 2 && path.startsWith('/tile/entries/001') ? null : bytes);
      await until('a tile was asked for', () => tilesServed() > before);
      if (round < 2) expect(await seenAt(url, size)).to.equal(null);
      await kill(child);
    }
    const { url, child } = await startWitness();
    const seen = await until('it is signed', () => seenAt(url, size));
    expect(seen.note.checkpoint).to.deep.equal(parseNote(note).checkpoint);
    verifyCosignatureLine(seen.note.checkpoint, seen.note.cosignatures[0]!, world.story.witnessSigner.publicKey);
    await kill(child);
  });

  test('never signs another history of a size that it signed, whatever chain and node say after that', async () => {
    const size = log.rows.length;
    const first = await startWitness();
    const signed = await until('it is signed', () => seenAt(first.url, size));
    await kill(first.child);
    // The chain has lost the anchor, the index is gone, and the log is another one of the same length.
    await anvil.call('anvil_rollback', 1);
    await anvil.call('evm_mine');
    await rm(join(world.directory, 'witness', 'index'), { recursive: true });
    const other = new StoryLog(ISSUER);
    world.story.clock = Date.now() - (LICENCES + 100) * 1000;
    grow('M', LICENCES, other);
    world.issuer.log = other;
    await anchor();
    for (let round = 0; round < 3; round++) {
      const before = tilesServed();
      const { child } = await startWitness();
      await until('a tile was asked for', () => tilesServed() > before || round > 0);
      await kill(child);
    }
    const { url } = await startWitness();
    await until('the log is convicted', async () => {
      const view = parseJson(await (await fetch(`${url}/v1/logs/${encodeHex(log.logId)}`)).text()) as JsonObject;
      return view['trouble'] === 'FORKED_LOG';
    });
    const seen = await seenAt(url, size);
    expect(encodeHex(seen!.note.checkpoint.rootHash)).to.equal(encodeHex(signed.note.checkpoint.rootHash));
  });
});
