/** A node and its real chain: restarts, old backups, another hand on the account, and a chain that loses blocks or does not answer. */
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { isSignedBy, parseLicence } from '../../core/licence/document.ts';
import { formatLicenceIdentifier } from '../../core/licence/identifier.ts';
import { parseLicencePayload } from '../../core/licence/payload.ts';
import { encodeCheckpoint, type Checkpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { decodeHashTile, formatTilePath } from '../../core/log/tile.ts';
import { rootAt } from '../../core/log/tree.ts';
import { isSm2Signature } from '../../core/sm/sm2.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import { encodeCloseLog, encodeLiftSuspension, encodeRecordSuccession } from '../../chain/registry-call.ts';
import { createLogger } from '../../service/logger.ts';
import type { Running } from '../../service/lifecycle.ts';
import { openStore } from '../../service/store.ts';
import { startNode } from '../../node/program.ts';
import { createFileRegister } from '../../node/log/register.ts';
import type { NodeConfig } from '../../node/config.ts';
import { startRpcProxy } from '../chain/rpc-proxy.ts';
import { signerNamed } from '../chain/consortium-fixture.ts';
import { bytesOf, MemoryTree } from '../log/memory-log.ts';
import { auditLog, verifyAnswer } from './audit.ts';
import { Client, digestOf, issueBody } from './client.ts';
import {
  authoritySigner,
  type Department,
  documentSigner,
  enterSuccessor,
  LOG_KEY,
  logSigner,
  PRIVATE_TYPE,
  PROMISE_SPAN,
  startDepartment,
  TYPE,
} from './department.ts';
import { AUTHORITY, LOG_ID, ORIGIN, refusalOf } from './fixture.ts';

/** No beat comes by itself within a test. */
const SLOW = { beatMs: 600_000 };

interface Started {
  readonly client: Client;
  readonly lines: string[];
  close(): Promise<void>;
}

let department: Department;
const running = new Set<Running>();

async function stopAll(): Promise<void> {
  await Promise.all([...running].map((node) => node.close()));
  running.clear();
}

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

describe('a node on its chain', () => {
  before(async () => {
    department = await startDepartment();
  });
  afterEach(stopAll);
  after(() => department.stop());

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
    await stopAll();
    await proxy.stop();
  });
});

/** What somebody with a copy of the log's key signs: the log as the node published it with one entry more, or another last one. */
async function anchorLie(client: Client, kind: 'longer' | 'other'): Promise<void> {
  const { size } = await client.checkpoint();
  const read = await client.get(formatTilePath({ level: 0, tileIndex: 0, width: size }));
  const leaves = decodeHashTile(new Uint8Array(await read.arrayBuffer()), size);
  const tree = new MemoryTree();
  for (const leaf of kind === 'longer' ? leaves : leaves.slice(0, -1)) tree.append(leaf);
  tree.append(bytesOf('a lie'));
  const { consortium, owner } = department;
  const said = { size: tree.size, rootHash: rootAt(tree.size, tree), mapRoot: bytesOf('map root'), issuedAt: Date.now() };
  const anchored = await consortium.anchoredSize(LOG_ID);
  await anchorCheckpoint(kind === 'longer' ? owner : consortium.members[0]!, consortium.contracts.anchor, {
    ...said,
    logId: LOG_ID,
    keyId: logSigner.keyId,
    signature: await logSigner.sign(encodeCheckpoint({ origin: ORIGIN, ...said })),
    consistencyProof: anchored < tree.size ? proveConsistency(anchored, tree.size, tree) : [],
  });
}

describe('a node stops', () => {
  beforeEach(async () => {
    department = await startDepartment();
  });
  afterEach(async () => {
    await stopAll();
    await department.stop();
  });

  for (const [what, kind] of [
    ['another hand anchors a checkpoint that is not its own', 'longer'],
    ['anybody shows the chain another checkpoint of the anchored size', 'other'],
  ] as const) {
    test(`when ${what}, and does not start again`, async () => {
      const started = await start('data');
      await started.client.issue('L1');
      await started.client.anchor();
      await anchorLie(started.client, kind);
      await expectStopped(started, 'not the only one');
      await started.close();
      await expectStopped(await start('data'), 'not the only one');
    });
  }

  test('when the registry retires its key', async () => {
    const { consortium } = department;
    const { client } = await start('data');
    await consortium.addKey(AUTHORITY, signerNamed('next log key'), authoritySigner);
    expect((await client.issue('W1')).status).to.equal(201);
    await consortium.retireKey(AUTHORITY, logSigner, authoritySigner);
    await until(async () => (await client.get('/readyz')).status === 503);
    expect(JSON.stringify(await readiness(client))).to.contain('has retired the log key');
    expect((await client.issue('W2')).json).to.include({ code: 'UNAVAILABLE' });
  });

  test('when the registry suspends its log key, and goes on when that is lifted and it is started again', async () => {
    const { consortium } = department;
    const started = await start('data');
    await started.client.issue('S1');
    await consortium.suspend(logSigner.keyId);
    await expectStopped(started, 'has suspended the log key');
    await started.close();
    expect(await refusalOf(start('data'))).to.equal('FORBIDDEN');

    await consortium.decide(encodeLiftSuspension(logSigner.keyId));
    const again = await start('data');
    expect((await again.client.issue('S2')).status).to.equal(201);
    expect((await again.client.anchor()).status).to.equal(200);
  });

  test('issues nothing while its document key is suspended, goes on revoking, and issues again by itself', async () => {
    const { consortium } = department;
    const { client } = await start('data');
    const issued = await client.issue('D1');
    await consortium.suspend(documentSigner.keyId);
    let tries = 0;
    // What was taken before the node read of it is answered the same for ever: each try is a licence of its own.
    await until(async () => (await client.issue(`E${tries++}`)).status === 403);
    expect((await client.issue('D2')).json).to.include({ code: 'FORBIDDEN' });
    expect((await client.act('revoke', 'D1 ends', issued.json['identifier'] as string)).status).to.equal(201);
    expect((await client.get('/readyz')).status).to.equal(200);
    await consortium.decide(encodeLiftSuspension(documentSigner.keyId));
    await until(async () => (await client.issue('D3')).status === 201);
  });

  test('for good when its key is suspended, also if that is lifted while it runs: it asks to be looked at', async () => {
    const { consortium } = department;
    const started = await start('data');
    await started.client.issue('S3');
    await consortium.suspend(logSigner.keyId);
    await expectStopped(started, 'has suspended the log key');
    const { blockNumber } = await consortium.decide(encodeLiftSuspension(logSigner.keyId));
    // The node reads the chain every second.
    const seen = started.lines.length;
    await sleep(2_500);
    expect(blockNumber).to.be.greaterThan(0);
    expect((await started.client.get('/readyz')).status).to.equal(503);
    expect(started.lines.slice(seen).filter((line) => line.includes('FORBIDDEN'))).to.deep.equal([]);
  });

  test('when its log is closed', async () => {
    const started = await start('data');
    await started.client.issue('C1');
    await department.register(encodeCloseLog(LOG_ID));
    await expectStopped(started, 'has closed this log');
  });
});

describe('a log that moves to a successor', () => {
  const SUCCESSOR = '11100000MB03271699';
  const identifierOf = (serial: string, version = 1, issuer = AUTHORITY): string =>
    formatLicenceIdentifier({ type: TYPE, issuer, serial, version });
  let former: Started;
  let successor: Started;
  let config: Partial<NodeConfig>;
  let refused: string;

  before(async () => {
    department = await startDepartment();
    former = await start('data');
    for (const serial of ['M1', 'M2', 'M3']) await former.client.issue(serial);
    await former.client.anchor();
    // Published under the former owner's key, and never anchored.
    await former.client.issue('M4');
    config = { ...SLOW, ...(await enterSuccessor(department, SUCCESSOR, 'b3')) };
    const share = { successor: SUCCESSOR, logIds: [LOG_ID], licenceTypes: [TYPE, PRIVATE_TYPE] };
    await department.consortium.decide(encodeRecordSuccession(AUTHORITY, [share], true));
    await expectStopped(former, 'another account');
    await former.close();
    refused = await refusalOf(start('data'));
    successor = await start('data', config);
  });
  after(async () => {
    await stopAll();
    await department.stop();
  });

  test('is refused to the former owner’s node, and goes on under the successor’s', async () => {
    expect(refused).to.equal('FORBIDDEN');
    const [before, anchored] = [await (await successor.client.get('/checkpoint')).text(), await successor.client.anchor()];
    expect(anchored.status).to.equal(200);
    const { checkpoint, logSignature } = parseNote(anchored.json['checkpoint'] as string);
    const { publicKey } = signerNamed(`log key of ${SUCCESSOR}`);
    expect(isSm2Signature(publicKey, encodeCheckpoint(checkpoint), logSignature.signature)).to.equal(true);
    expect(checkpoint.size).to.equal(parseNote(before).checkpoint.size);
    expect(await department.consortium.anchoredSize(LOG_ID)).to.equal(checkpoint.size);
  });

  test('lets the successor revoke what the former owner issued', async () => {
    expect((await successor.client.act('revoke', 'M1 end', identifierOf('M1'))).status).to.equal(201);
    expect((await successor.client.act('revoke', 'M1 again', identifierOf('M1'))).json).to.include({ code: 'CONFLICT' });
    expect((await successor.client.act('revoke', 'none', identifierOf('NONE'))).json).to.include({ code: 'NOT_FOUND' });
  });

  test('lets the successor renew (延续) it under its old family, after a checkpoint that is later than the move', async () => {
    const renewal = issueBody('M2', { issuer: AUTHORITY, version: 2, files: [digestOf('renewed')] });
    const answer = await successor.client.issue('M2 renewed', renewal);
    expect(answer.status).to.equal(201);
    expect(answer.json['identifier']).to.equal(identifierOf('M2', 2));
    const licence = parseLicence(answer.json['licence']!);
    const { publicKey, keyId } = signerNamed(`document key of ${SUCCESSOR}`, 'document');
    expect(isSignedBy(licence, keyId, publicKey)).to.equal(true);
    expect(parseLicencePayload(licence.payload).identifier.family).to.equal(`${TYPE}.${AUTHORITY}.M2`);
    for (const version of [2, 4]) {
      const wrong = { ...renewal, version };
      expect((await successor.client.issue(`M2 ${version}`, wrong)).json).to.include({ code: 'CONFLICT' });
    }
  });

  test('knows no family that the former owner did not begin: 404', async () => {
    const body = issueBody('UNKNOWN', { issuer: AUTHORITY, version: 2 });
    expect((await successor.client.issue('unknown family', body)).json).to.include({ status: 404, code: 'NOT_FOUND' });
    const first = issueBody('UNKNOWN', { issuer: AUTHORITY });
    expect((await successor.client.issue('first of the other', first)).json).to.include({ status: 404, code: 'NOT_FOUND' });
    const ended = issueBody('M1', { issuer: AUTHORITY, version: 2 });
    expect((await successor.client.issue('revoked family', ended)).json).to.include({ status: 409, code: 'CONFLICT' });
  });

  test('holds the successor’s own licences under its own code', async () => {
    const answer = await successor.client.issue('OWN', issueBody('M3'));
    expect(answer.json['identifier']).to.equal(identifierOf('M3', 1, SUCCESSOR));
    const named = await successor.client.issue('OWN named', issueBody('OWN2', { issuer: SUCCESSOR }));
    expect(named.json['identifier']).to.equal(identifierOf('OWN2', 1, SUCCESSOR));
    expect((await successor.client.act('cancel', 'OWN end', identifierOf('M3', 1, SUCCESSOR))).status).to.equal(201);
    expect((await successor.client.act('cancel', 'M3 end', identifierOf('M3'))).status).to.equal(201);
  });

  test('comes back after a restart', async () => {
    const { size } = parseNote(await (await successor.client.get('/checkpoint')).text()).checkpoint;
    await successor.close();
    successor = await start('data', config);
    expect(parseNote(await (await successor.client.get('/checkpoint')).text()).checkpoint.size).to.equal(size);
    expect((await successor.client.issue('AFTER')).status).to.equal(201);
  });
});
