import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { isCodedError } from '../../core/bytes/error.ts';
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import { readVerifierConfig } from '../../verifier/config.ts';
import { type Anvil, CHAIN_ID, startAnvil } from '../chain/anvil.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'verifier', 'main.ts');

let anvil: Anvil;
let directory: string;
before(async () => {
  anvil = await startAnvil();
  directory = await mkdtemp(join(tmpdir(), 'verifier-program-'));
});
after(async () => {
  await anvil.stop();
  await rm(directory, { recursive: true });
});

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const CONFIG = { role: 'verifier', logs: [], pollMs: 50 };

async function writeConfig(changes: JsonObject = {}): Promise<string> {
  const path = join(directory, 'config.json');
  const address = `0x${'11'.repeat(20)}`;
  const chain = { rpcUrl: anvil.rpcUrl, chainId: CHAIN_ID, registry: address, anchor: address, court: address, confirmations: 0 };
  await writeFile(path, JSON.stringify({ ...CONFIG, dataDir: join(directory, 'data'), chain, ...changes }));
  return path;
}

function spawnMain(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  children.push(child);
  return child;
}

async function readyOf(child: ChildProcess): Promise<JsonObject> {
  const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  return parseJson(line) as JsonObject;
}

/** Its exit code and what it said. */
async function ended(child: ChildProcess): Promise<{ code: number; said: string }> {
  let said = '';
  child.stderr!.on('data', (part: Buffer) => (said += part.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  return { code, said };
}

describe('the verifier as a program', () => {
  test('says in one line where it answers, and ends with 0 when it is told to, be the chain standing still or not', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const child = spawnMain('--config', await writeConfig());
      const { ready, url, role } = await readyOf(child);
      expect([ready, role]).to.deep.equal([true, 'verifier']);
      expect((await fetch(`${url as string}/livez`)).status).to.equal(200);
      if (signal === 'SIGINT') await anvil.pause();
      child.kill(signal);
      expect((await ended(child)).code).to.equal(0);
      anvil.resume();
    }
  });

  test('starts as a monitor, with a member’s account that only its owner can read', async () => {
    const accountFile = join(directory, 'member.account');
    await writeFile(accountFile, `${'17'.repeat(32)}\n`, { mode: 0o600 });
    const changes = { role: 'monitor', charges: { accountFile }, dataDir: join(directory, 'monitor') };
    const child = spawnMain('--config', await writeConfig(changes));
    expect(await readyOf(child)).to.include({ ready: true, role: 'monitor' });
    child.kill('SIGTERM');
    expect((await ended(child)).code).to.equal(0);
    await chmod(accountFile, 0o644);
    const { code, said } = await ended(spawnMain('--config', await writeConfig(changes)));
    expect(code).to.equal(2);
    expect(said).to.contain('FORBIDDEN').and.contain('"program":"monitor"');
  });

  test('ends when its starter dies', async () => {
    const child = spawnMain('--config', await writeConfig({ exitWithParent: true }));
    await readyOf(child);
    child.stdin!.end();
    expect((await ended(child)).code).to.equal(0);
  });

  test('refuses another chain’s data directory with words', async () => {
    const first = spawnMain('--config', await writeConfig({ dataDir: join(directory, 'other') }));
    await readyOf(first);
    first.kill('SIGTERM');
    await ended(first);
    const anchor = `0x${'22'.repeat(20)}`;
    const chain = { rpcUrl: anvil.rpcUrl, chainId: CHAIN_ID, registry: anchor, anchor, court: anchor, confirmations: 0 };
    const { code, said } = await ended(spawnMain('--config', await writeConfig({ dataDir: join(directory, 'other'), chain })));
    expect(code).to.equal(2);
    expect(said).to.contain('the index was built on another chain or anchor contract');
  });

  test('ends with 2 without a config, and with 1 when a first start finds no chain', async () => {
    expect((await ended(spawnMain())).code).to.equal(2);
    const address = `0x${'11'.repeat(20)}`;
    const chain = { rpcUrl: 'http://127.0.0.1:1', chainId: 1, registry: address, anchor: address, court: address };
    const { code, said } = await ended(spawnMain('--config', await writeConfig({ dataDir: join(directory, 'lonely'), chain })));
    expect(code).to.equal(1);
    expect(said).to.contain('UNAVAILABLE');
  });
});

describe('a config', () => {
  const ADDRESS = `0x${'11'.repeat(20)}`;
  const CHAIN = { rpcUrl: 'http://127.0.0.1:1', chainId: 1, registry: ADDRESS, anchor: ADDRESS, court: ADDRESS };
  const LOG = { origin: 'sample/11999900MB0000001K/licences', url: 'http://127.0.0.1:1' };
  const WITNESS = { name: 'sample/11999900MB0000003R/witness', key: 'key.json', passphraseFile: 'passphrase' };
  const read = async (changes: JsonObject): Promise<unknown> =>
    readVerifierConfig(await writeConfig({ chain: CHAIN, ...changes }));

  test('says what it must, and the rest has defaults', async () => {
    expect(await read({ logs: [LOG] })).to.deep.include({
      host: '127.0.0.1',
      port: 0,
      witnesses: [],
      webDir: null,
      trustFile: null,
    });
    expect(await read({ role: 'witness', witness: WITNESS })).to.deep.include({ witness: WITNESS, charges: null });
    const charges = { accountFile: 'member.account' };
    expect(await read({ role: 'monitor', charges })).to.deep.include({ role: 'monitor', witness: null, charges });
    expect(await read({ role: 'witness', witness: WITNESS, charges })).to.deep.include({ charges });
  });

  const WRONG: Record<string, JsonObject> = {
    'an unknown member': { more: 1 },
    'a role that is none': { role: 'node' },
    'a witness without a key': { role: 'witness' },
    'a verifier with a key': { witness: WITNESS },
    'a monitor with a key': { role: 'monitor', witness: WITNESS },
    'a verifier with an account': { charges: { accountFile: 'member.account' } },
    'an address that ends in a slash': { logs: [{ ...LOG, url: 'http://127.0.0.1:1/' }] },
    'an address that is no HTTP': { logs: [{ ...LOG, url: 'file:///etc' }] },
    'a contract’s address in capitals': { chain: { ...CHAIN, anchor: `0x${'AA'.repeat(20)}` } },
    'a negative finality': { chain: { ...CHAIN, confirmations: -1 } },
    'a port beyond all': { port: 65_536 },
    'no data directory': { dataDir: '' },
  };
  for (const [what, changes] of Object.entries(WRONG)) {
    test(`is refused with ${what}`, async () => {
      const error: unknown = await read(changes).catch((thrown: unknown) => thrown);
      expect(isCodedError(error, 'MALFORMED'), what).to.equal(true);
    });
  }
});
