/** The node as a process: how it starts, refuses to, ends, and what a kill leaves behind. */
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { chmod, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { fileSecret, publicLicenceSecret } from '../../core/log/slot.ts';
import { openStore } from '../../service/store.ts';
import type { NodeConfig } from '../../node/config.ts';
import { createFileRegister } from '../../node/log/register.ts';
import { auditLog, verifyAnswer } from './audit.ts';
import { Client, digestOf } from './client.ts';
import { type Department, LOG_KEY, PROMISE_SPAN, startDepartment, TYPE } from './department.ts';
import { AUTHORITY, LOG_ID, ORIGIN } from './fixture.ts';
import { ProgramProcess } from './program-process.ts';

const PROGRAM = 'node/main.ts';

describe('the node’s process', () => {
  let department: Department;
  before(async () => {
    department = await startDepartment();
  });
  after(() => department.stop());

  const launch = async (config: NodeConfig): Promise<ProgramProcess> =>
    new ProgramProcess(PROGRAM, '--config', await department.writeConfig(config));

  test('says on one line that it is ready, and ends with 0 when told to', async () => {
    const node = await launch(department.config('plain'));
    const ready = await node.ready();
    expect(Object.keys(ready)).to.have.members(['ready', 'url', 'origin', 'logId']);
    expect(ready).to.include({ ready: true, origin: ORIGIN, logId: encodeHex(LOG_ID) });
    expect((await new Client(ready['url'] as string).issue('P1')).status).to.equal(201);
    expect((await node.kill('SIGTERM')).code).to.equal(0);
  });

  test('ends with 0 while it waits for a chain that is not there', async () => {
    const { chain } = department.config('plain');
    const node = await launch(department.config('waiting', { chain: { ...chain, rpcUrl: 'http://127.0.0.1:9' } }));
    await once(node.child.stderr!, 'data');
    expect((await node.kill('SIGINT')).code).to.equal(0);
  });

  test('ends with its parent when it is told to be a child', async () => {
    const node = await launch(department.config('child', { exitWithParent: true }));
    await node.ready();
    node.child.stdin!.end();
    expect((await node.ended()).code).to.equal(0);
  });

  describe('ends with 2 and says why', () => {
    const expectRefused = async (node: ProgramProcess, words: RegExp): Promise<void> => {
      const { code, stderr } = await node.ended();
      expect(stderr).to.match(words);
      expect(code).to.equal(2);
    };

    test('without a config', async () => {
      await expectRefused(new ProgramProcess(PROGRAM), /usage/);
      await expectRefused(new ProgramProcess(PROGRAM, '--config', '/nowhere'), /NOT_FOUND/);
    });

    const configs: [desc: string, change: (config: NodeConfig) => object, words: RegExp][] = [
      ['an unknown member', () => ({ colour: 'red' }), /MALFORMED.*the document has unknown members/],
      ['another log', () => ({ origin: `sample/${AUTHORITY}/other` }), /FORBIDDEN.*does not list this log/],
      ['a wrong passphrase', ({ accountFile }) => ({ passphraseFile: accountFile }), /FORBIDDEN.*the passphrase is wrong/],
      ['another account', () => ({ accountFile: join(department.path, 'other-account') }), /FORBIDDEN.*another account/],
      ['a secret that others can read', () => ({ accountFile: join(department.path, 'open-account') }), /FORBIDDEN.*chmod 600/],
    ];
    for (const [desc, change, words] of configs) {
      test(`with ${desc}`, async () => {
        await writeFile(join(department.path, 'other-account'), 'c3'.repeat(32), { mode: 0o600 });
        await writeFile(join(department.path, 'open-account'), 'b2'.repeat(32));
        await chmod(join(department.path, 'open-account'), 0o644);
        const config = department.config('refused');
        await expectRefused(await launch({ ...config, ...change(config) }), words);
      });
    }
  });

  test('killed again and again during 100 issues, has every answer in the log and nothing twice', async () => {
    // A log of its own: the chain must not know an older one under its name.
    const own = await startDepartment();
    const config = own.config('killed', { beatMs: 1_000 });
    const answers = new Map<string, string>();
    const names = Array.from({ length: 100 }, (_, i) => `K${i}`);
    const url = { now: '' };

    /** As a careful client does: again with the same key until there is an answer. */
    const issue = async (name: string): Promise<void> => {
      for (;;) {
        const answer = await new Client(url.now).issue(name).catch(() => null);
        if (answer?.status === 201) return void answers.set(name, answer.text);
        await sleep(20);
      }
    };
    const clients = async (): Promise<void> => {
      const left = [...names];
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let name = left.pop(); name !== undefined; name = left.pop()) await issue(name);
        }),
      );
    };

    let node = await launch(config);
    url.now = (await node.ready())['url'] as string;
    const isDone = clients();
    for (const count of [10, 35, 70]) {
      while (answers.size < count) await sleep(1);
      await node.kill('SIGKILL');
      node = await launch(config);
      url.now = (await node.ready())['url'] as string;
    }
    await isDone;

    const client = new Client(url.now);
    for (const name of names) {
      expect((await client.issue(name)).text, name).to.equal(answers.get(name));
      expect((await client.history(publicLicenceSecret(LOG_ID, `${TYPE}.${AUTHORITY}.${name}`))).entries).to.have.length(1);
      expect((await client.history(fileSecret(hashFromHex(digestOf(`file ${name}`))))).entries).to.have.length(1);
    }
    expect((await node.kill('SIGTERM')).code).to.equal(0);
    const store = await openStore(join(config.dataDir, 'store'));
    const audit = await auditLog(store, await createFileRegister(join(config.dataDir, 'register')).recall());
    expect(audit.size).to.equal(200);
    const indexes = [...answers.values()].flatMap((answer) =>
      verifyAnswer(new TextEncoder().encode(answer), audit, LOG_KEY, PROMISE_SPAN),
    );
    expect(new Set(indexes).size).to.equal(200);
    await store.close();
    await own.stop();
  });
});
