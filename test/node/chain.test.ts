/** A node and its real chain: restarts, old backups, another hand on the account, and a chain that loses blocks or does not answer. */
import { after, afterEach, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { anchorCheckpoint, encodeAddKey, encodeRetireKey } from '../../chain/contract-call.ts';
import { createLogger } from '../../service/logger.ts';
import type { Running } from '../../service/lifecycle.ts';
import { openStore } from '../../service/store.ts';
import { startNode } from '../../node/program.ts';
import { createFileRegister } from '../../node/log/register.ts';
import type { NodeConfig } from '../../node/config.ts';
import { startRpcProxy } from '../chain/rpc-proxy.ts';
import { bytesOf } from '../log/memory-log.ts';
import { auditLog, verifyAnswer } from './audit.ts';
import { Client, issueBody } from './client.ts';
import { type Department, LOG_KEY, PROMISE_SPAN, startDepartment } from './department.ts';
import { AUTHORITY, LOG_ID, signerNamed } from './fixture.ts';

/** No beat comes by itself within a test. */
const SLOW = { beatMs: 600_000 };

interface Started {
  readonly client: Client;
  readonly lines: string[];
  close(): Promise<void>;
}

describe('a node on its chain', () => {
  let department: Department;
  const running = new Set<Running>();

  before(async () => {
    department = await startDepartment();
  });
  afterEach(async () => {
    await Promise.all([...running].map((node) => node.close()));
    running.clear();
  });
  after(() => department.stop());

  async function start(dataDir: string, changes: Partial<NodeConfig> = SLOW): Promise<Started> {
    const lines: string[] = [];
    const logger = createLogger({ program: 'node', destination: { write: (line) => void lines.push(line) } });
    const config = department.config(dataDir, changes);
    const node = await startNode({ config, logger, clock: Date.now, stopping: new AbortController() });
    running.add(node);
    const close = async (): Promise<void> => {
      running.delete(node);
      await node.close();
    };
    return { client: new Client(node.ready['url'] as string), lines, close };
  }

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    while (!(await isSo())) await sleep(50);
  }

  const readiness = async (client: Client): Promise<JsonObject> => (await (await client.get('/readyz')).json()) as JsonObject;

  async function expectStopped({ client, lines }: Started, words: string): Promise<void> {
    await until(async () => (await client.get('/readyz')).status === 503);
    expect(JSON.stringify(await readiness(client))).to.contain(words);
    expect(lines.filter((line) => line.includes('"code":"FORBIDDEN"') && line.includes(words))).to.have.length(1);
    for (const answer of [await client.issue('LATE'), await client.anchor()]) {
      expect(answer.json).to.include({ status: 503, code: 'UNAVAILABLE' });
    }
    expect((await client.get('/checkpoint')).status).to.equal(200);
    expect((await client.get('/tile/entries/000.p/1')).status).to.equal(200);
  }

  test('comes back after a stop with the same answers and a whole log', async () => {
    const first = await start('restart');
    const answer = await first.client.issue('R1');
    const anchored = (await first.client.anchor()).json['checkpoint'];
    await first.close();
    const second = await start('restart');
    expect((await second.client.issue('R1')).text).to.equal(answer.text);
    const { size } = await second.client.checkpoint();
    expect(size).to.equal(2);
    const told = await second.client.lookUp({ slots: [encodeHex(bytesOf('slot'))] });
    expect(told.logs[0]!.anchors.map(({ checkpoint }) => checkpoint)).to.deep.equal([anchored]);
    await second.client.issue('R2');
    await second.close();
    const { path } = department;
    const store = await openStore(join(path, 'restart', 'store'));
    const audit = await auditLog(store, await createFileRegister(join(path, 'restart', 'register')).recall());
    expect(verifyAnswer(new TextEncoder().encode(answer.text), audit, LOG_KEY, PROMISE_SPAN)).to.deep.equal([0, 1]);
    await store.close();
  });

  test('signs nothing when it was restored from an old backup, and can still be read', async () => {
    const node = await start('restart');
    await node.client.issue('S1');
    await node.close();
    await department.copy('restart', 'backup');
    const original = await start('restart');
    await original.client.issue('S2');
    await original.client.anchor();
    await original.close();
    const restored = await start('backup');
    await expectStopped(restored, 'old copy');
    const before = await createFileRegister(join(department.path, 'backup', 'register')).recall();
    expect(before).to.equal(await (await restored.client.get('/checkpoint')).text());
    // What was answered before the backup is answered again; that needs no signature.
    expect((await restored.client.issue('S1')).status).to.equal(201);
    await restored.close();
    // The one that was not restored goes on.
    expect((await (await start('restart')).client.issue('S3')).status).to.equal(201);
  });

  test('anchors the newest checkpoint in place of what the chain has lost', async () => {
    const { client } = await start('restart');
    await client.issue('T1');
    const lost = await client.anchor();
    await client.issue('T2');
    const { size } = await client.checkpoint();
    await department.anvil.call('anvil_rollback', 1);
    const anchoredSizes = async (): Promise<readonly Checkpoint[]> => {
      const { logs } = await client.lookUp({ slots: [encodeHex(bytesOf('slot'))] });
      return logs[0]!.anchors.map(({ checkpoint }) => parseNote(checkpoint).checkpoint);
    };
    await until(async () => (await anchoredSizes()).some((checkpoint) => checkpoint.size === size));
    const { size: lostSize } = parseNote(lost.json['checkpoint'] as string).checkpoint;
    const question = { slots: [encodeHex(bytesOf('slot'))], logId: encodeHex(LOG_ID), size: lostSize };
    expect((await client.post('/v1/lookup', question, {})).status, 'the lost anchor is forgotten').to.equal(409);
    expect((await client.get('/readyz')).status).to.equal(200);
  });

  test('notices what is lost in a reorganisation of equal length', async () => {
    const { client } = await start('restart');
    await client.issue('U1');
    const lost = await client.anchor();
    await department.anvil.call('anvil_reorg', 2, []);
    const isReplaced = async (): Promise<boolean> => {
      const { logs } = await client.lookUp({ slots: [encodeHex(bytesOf('slot'))] });
      const hashes = logs[0]!.anchors.map(({ blockHash }) => `0x${encodeHex(blockHash)}`);
      return hashes.length === 1 && hashes[0] !== `0x${lost.json['blockHash'] as string}`;
    };
    await until(isReplaced);
  });

  test('records what it is asked while the chain does not answer, and anchors it when it does', async () => {
    const proxy = await startRpcProxy(department.anvil.rpcUrl);
    const { chain } = department.config('restart');
    const { client } = await start('restart', { beatMs: 1_000, chain: { ...chain, rpcUrl: proxy.rpcUrl } });
    await client.issue('V1');
    proxy.fate = () => 'lose question';
    expect((await client.issue('V2')).status).to.equal(201);
    expect((await client.anchor()).json).to.include({ code: 'UNAVAILABLE' });
    proxy.fate = () => 'relay';
    const { size } = await client.checkpoint();
    await until(async () =>
      (await (await client.get('/metrics')).text()).includes(`log_anchored_entries{program="node"} ${size}\n`),
    );
    await Promise.all([...running].map((node) => node.close()));
    running.clear();
    await proxy.stop();
  });

  test('stops when another hand anchors a checkpoint that is not its own', async () => {
    const started = await start('restart');
    const { size } = await started.client.checkpoint();
    await anchorCheckpoint(department.owner, department.config('restart').chain.anchor, {
      logId: LOG_ID,
      size: size + 1,
      issuedAt: Date.now(),
      rootHash: bytesOf('root'),
      mapRoot: bytesOf('map root'),
      keyId: keyIdOf(LOG_KEY),
      signature: parseSignature(new Uint8Array(64).fill(0x5a)),
      consistencyProof: [],
    });
    await expectStopped(started, 'not the only one');
    await started.close();
    // And so it does when it is started again.
    await expectStopped(await start('restart'), 'not the only one');
  });

  test('stops when the registry retires its key', async () => {
    const other = await startDepartment();
    const logger = createLogger({ program: 'node', level: 'fatal', destination: { write: () => undefined } });
    const config = other.config('data', SLOW);
    const node = await startNode({ config, logger, clock: Date.now, stopping: new AbortController() });
    running.add(node);
    const client = new Client(node.ready['url'] as string);
    const key = signerNamed('next log key').publicKey;
    await other.register(encodeAddKey({ code: AUTHORITY, keyId: keyIdOf(key), keyType: 'log', publicKey: key, validFrom: 0 }));
    expect((await client.issue('W1', issueBody('W1'))).status).to.equal(201);
    await other.register(encodeRetireKey(keyIdOf(LOG_KEY)));
    await until(async () => (await client.get('/readyz')).status === 503);
    expect(JSON.stringify(await readiness(client))).to.contain('has retired the log key');
    expect((await client.issue('W2')).json).to.include({ code: 'UNAVAILABLE' });
    await node.close();
    running.clear();
    await other.stop();
  });
});
