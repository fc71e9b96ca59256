import { after, before, test } from 'node:test';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { CHAIN_ID, startAnvil, type Anvil } from './anvil.ts';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../scripts/deploy.ts');
let anvil: Anvil;
let folder: string;
before(async () => {
  anvil = await startAnvil();
  folder = await mkdtemp(join(tmpdir(), 'deploy-'));
});
after(async () => {
  await anvil.stop();
  await rm(folder, { recursive: true });
});

const deploy = (...args: string[]) => run(process.execPath, [script, '--rpc', anvil.rpcUrl, ...args]);

test('the script deploys with a key file and prints what a reader needs', async () => {
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, `${'c1'.repeat(32)}\n`, { mode: 0o600 });
  const admin = `0x${'ab'.repeat(20)}`;
  const { stdout } = await deploy('--key', keyFile, '--admin', admin);
  const printed = JSON.parse(stdout) as Record<string, string>;
  expect(printed).to.include({ chainId: CHAIN_ID, fromBlock: 1, admin });
  const genesis = (await anvil.call('eth_getBlockByNumber', '0x0', false)) as { hash: string };
  expect(`0x${printed.genesisHash}`).to.equal(genesis.hash);
  for (const address of [printed.registry!, printed.anchor!]) {
    expect(await anvil.call('eth_getCode', address, 'latest')).to.match(/^0x[0-9a-f]{1000,}$/);
  }
});

test('the script refuses a key that others can read, and block times of another unit', async () => {
  const open = join(folder, 'open');
  await writeFile(open, 'c1'.repeat(32), { mode: 0o644 });
  const closed = join(folder, 'closed');
  await writeFile(closed, 'c1'.repeat(32), { mode: 0o600 });
  for (const args of [['--key', open], ['--key', closed, '--ms-per-unit', '1'], []]) {
    const failed = await deploy(...args).catch(() => 'failed');
    expect(failed, args.join(' ')).to.equal('failed');
  }
});
