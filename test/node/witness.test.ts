/**
 * A node and the witness that keeps its register, as processes that are killed and stopped. Whatever happens, every answer is in the log
 * once, and the witness, which replays the log, finds nothing against it.
 */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { formatNote } from '../../core/log/note.ts';
import { parseSwapState } from '../../core/verify/swap.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { createKeyFile } from '../../service/key-file.ts';
import { openStore } from '../../service/store.ts';
import type { NodeConfig } from '../../node/config.ts';
import type { VerifierConfig } from '../../verifier/config.ts';
import { bytesOf } from '../log/memory-log.ts';
import { auditLog, verifyAnswer } from './audit.ts';
import { Client } from './client.ts';
import { type Department, LOG_KEY, PROMISE_SPAN, startDepartment } from './department.ts';
import { LOG_ID, ORIGIN } from './fixture.ts';
import { ProgramProcess } from './program-process.ts';

const BEAT = 1_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('a node and the witness that keeps its register', () => {
  let department: Department;
  let witnessUrl: string;
  let witnessConfig: VerifierConfig;
  let config: NodeConfig;
  let witness: ProgramProcess;
  const running = new Set<ProgramProcess>();

  const launch = async (program: string, programConfig: NodeConfig | VerifierConfig): Promise<ProgramProcess> => {
    const path = join(department.path, `${program.replaceAll(/\W/g, '-')}-${Math.random()}.json`);
    await writeFile(path, JSON.stringify(programConfig));
    const launched = new ProgramProcess(program, '--config', path);
    running.add(launched);
    await launched.ready();
    return launched;
  };
  const launchWitness = async (): Promise<void> => {
    witness = await launch('verifier/main.ts', witnessConfig);
  };
  const launchNode = (changes: Partial<NodeConfig> = {}): Promise<ProgramProcess> =>
    launch('node/main.ts', { ...config, ...changes });
  const kill = async (one: ProgramProcess): Promise<void> => {
    running.delete(one);
    await one.kill('SIGKILL');
  };

  before(async () => {
    department = await startDepartment();
    const [nodePort, witnessPort] = [await freePort(), await freePort()];
    witnessUrl = `http://127.0.0.1:${witnessPort}`;
    config = department.config('node', { port: nodePort, beatMs: BEAT, register: { url: witnessUrl } });
    const privateKey = parsePrivateKey(bytesOf('witness key'));
    const key = join(department.path, 'witness.key.json');
    const passphrase = 'correct horse battery';
    await createKeyFile(key, passphrase, { type: 'witness', privateKey, publicKey: publicKeyOf(privateKey) });
    witnessConfig = {
      role: 'witness',
      dataDir: join(department.path, 'witness'),
      host: '127.0.0.1',
      port: witnessPort,
      chain: config.chain,
      trustFile: null,
      logs: [{ origin: ORIGIN, url: `http://127.0.0.1:${nodePort}` }],
      witnesses: [],
      request: null,
      charges: null,
      witness: { name: 'sample/11999900MB0000003R/witness', key, passphraseFile: config.passphraseFile },
      webDir: null,
      pollMs: 200,
      exitWithParent: false,
    };
  });
  beforeEach(launchWitness);
  afterEach(async () => {
    await Promise.all([...running].map(kill));
  });
  after(() => department.stop());

  const client = (): Client => new Client(`http://127.0.0.1:${config.port}`);
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (const end = performance.now() + 60_000; !(await isSo().catch(() => false)); await sleep(50)) {
      if (performance.now() > end) throw new Error(`it did not come to pass: ${what}`);
    }
  };
  /** As a careful client does: again with the same key until there is an answer. */
  const issue = async (name: string): Promise<string> => {
    for (;;) {
      const answer = await client()
        .issue(name)
        .catch(() => null);
      if (answer?.status === 201) return answer.text;
      if (answer !== null && answer.status < 500) throw new Error(answer.text);
      await sleep(50);
    }
  };
  const get = async (path: string): Promise<JsonObject> => (await (await fetch(`${witnessUrl}${path}`)).json()) as JsonObject;
  const registered = async (): Promise<string> => formatNote(parseSwapState(await get(`/v1/swap/${encodeHex(LOG_ID)}`)).note!);

  /** The witness has replayed and cosigned the log as it now is, and has nothing to say against it. */
  async function expectCosigned(): Promise<void> {
    const { size } = await client().checkpoint();
    await until(`the witness cosigned size ${size}`, async () => {
      const response = await fetch(`${witnessUrl}/seen/${encodeHex(LOG_ID)}?size=${size}`);
      return response.status === 200;
    });
    const { finding, trouble } = await get(`/v1/logs/${encodeHex(LOG_ID)}`);
    expect([finding, trouble]).to.deep.equal([null, null]);
  }

  async function expectWhole(answers: readonly string[]): Promise<void> {
    const note = await registered();
    for (const one of running) if (one !== witness) await kill(one);
    const store = await openStore(join(config.dataDir, 'store'));
    const audit = await auditLog(store, note);
    const indexes = answers.flatMap((answer) => verifyAnswer(new TextEncoder().encode(answer), audit, LOG_KEY, PROMISE_SPAN));
    expect(new Set(indexes).size).to.equal(2 * answers.length);
    await store.close();
  }

  test('starts before its witness answers, can be read then, and writes when it does', async () => {
    await launchNode();
    const first = await issue('A1');
    await Promise.all([...running].map(kill));
    const node = await launchNode();
    expect((await client().issue('A2')).json).to.include({ status: 503, code: 'UNAVAILABLE' });
    expect((await client().checkpoint()).size).to.equal(2);
    expect((await client().get('/readyz')).status).to.equal(503);
    await launchWitness();
    const second = await issue('A2');
    expect(node.child.exitCode).to.equal(null);
    await expectCosigned();
    await expectWhole([first, second]);
  });

  test('waits while the witness is stopped over some beats, and both go on', async () => {
    await launchNode();
    const answers = [await issue('B1')];
    const { size } = await client().checkpoint();
    witness.child.kill('SIGSTOP');
    const waiting = Array.from({ length: 4 }, (_, i) => issue(`B2${i}`));
    await sleep(3 * BEAT);
    expect((await client().checkpoint()).size, 'nothing is published that nobody registered').to.equal(size);
    await until('writes are refused', async () => (await client().get('/readyz')).status === 503);
    witness.child.kill('SIGCONT');
    answers.push(...(await Promise.all(waiting)), await issue('B3'));
    await expectCosigned();
    await expectWhole(answers);
  });

  test('loses nothing and convicts nobody when both are killed again and again', async () => {
    let node = await launchNode();
    const answers = new Map<string, string>();
    const left = Array.from({ length: 60 }, (_, i) => `C${i}`);
    const clients = Array.from({ length: 6 }, async () => {
      for (let name = left.pop(); name !== undefined; name = left.pop()) answers.set(name, await issue(name));
    });
    for (const count of [8, 24, 40]) {
      while (answers.size < count) await sleep(1);
      await kill(node);
      node = await launchNode();
      while (answers.size < count + 8) await sleep(1);
      await kill(witness);
      await launchWitness();
    }
    await Promise.all(clients);
    await expectCosigned();
    await expectWhole([...answers.values()]);
  });

  test('signs nothing when it was restored from an old backup, and the witness finds nothing against it', async () => {
    const node = await launchNode();
    await issue('D1');
    await kill(node);
    await department.copy('node', 'backup');
    const original = await launchNode();
    await issue('D2');
    await expectCosigned();
    await kill(original);
    const note = await registered();
    const restored = await launchNode({ dataDir: join(department.path, 'backup') });
    await until('it has stopped', async () => (await (await client().get('/readyz')).text()).includes('old'));
    expect((await client().issue('D3')).json).to.include({ status: 503, code: 'UNAVAILABLE' });
    await sleep(2 * BEAT);
    expect(await registered()).to.equal(note);
    expect((await get(`/v1/logs/${encodeHex(LOG_ID)}`))['finding']).to.equal(null);
    await kill(restored);
    await launchNode();
    await issue('D3');
    await expectCosigned();
  });
});
