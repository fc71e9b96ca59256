import { after, before, test } from 'node:test';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { readConsortium } from '../../chain/consortium-call.ts';
import { CONTRACT_NAMES } from '../../chain/deploy.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import { readConsortiumAddress, readPublicDelay } from '../../chain/view.ts';
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

const account = (byte: string): string => `0x${byte.repeat(20)}`;
const TERMS = {
  consortiumName: 'sample',
  members: [
    { code: '11100000000013338W', account: account('d1') },
    { code: '11100000MB03271699', account: account('d2') },
    { code: '11320000014000004F', account: account('d3') },
  ],
  threshold: 3,
  suspensionThreshold: 2,
  publicDelay: 2 * 86_400_000,
  msPerUnit: 1000,
};

async function writeTerms(name: string, terms: object): Promise<string> {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify(terms));
  return path;
}

const deploy = (...args: string[]) => run(process.execPath, [script, '--rpc', anvil.rpcUrl, ...args]);

test('the script deploys with a key file and prints what a reader needs', async () => {
  const keyFile = join(folder, 'key');
  await writeFile(keyFile, `${'c1'.repeat(32)}\n`, { mode: 0o600 });
  const { stdout } = await deploy('--key', keyFile, '--terms', await writeTerms('terms', TERMS));
  const printed = JSON.parse(stdout) as Record<string, string> & { gasUsed: Record<string, number> };
  expect(printed).to.include({ chainId: CHAIN_ID, fromBlock: 1 });
  const genesis = (await anvil.call('eth_getBlockByNumber', '0x0', false)) as { hash: string };
  expect(`0x${printed.genesisHash}`).to.equal(genesis.hash);
  for (const name of CONTRACT_NAMES) {
    expect(await anvil.call('eth_getCode', printed[name]!, 'latest'), name).to.match(/^0x[0-9a-f]{1000,}$/);
    expect(printed.gasUsed[name], name).to.be.greaterThan(100_000);
  }
  const rpc = new ChainRpc({ rpcUrl: anvil.rpcUrl, timeoutMs: 5000 });
  const { members, ...state } = await readConsortium(rpc, { consortium: printed.consortium!, fromBlock: 1, confirmations: 0 });
  expect(members).to.deep.equal(TERMS.members);
  expect(state).to.deep.equal({ threshold: 3, suspensionThreshold: 2, proposals: [] });
  expect(await readConsortiumAddress(rpc, printed.registry!)).to.equal(printed.consortium);
  expect(await readPublicDelay(rpc, printed.registry!)).to.equal(TERMS.publicDelay);
});

test('the script refuses a key that others can read, and block times of another unit', async () => {
  const open = join(folder, 'open');
  await writeFile(open, 'c1'.repeat(32), { mode: 0o644 });
  const closed = join(folder, 'closed');
  await writeFile(closed, 'c1'.repeat(32), { mode: 0o600 });
  const terms = await writeTerms('good', TERMS);
  const milliseconds = await writeTerms('milliseconds', { ...TERMS, msPerUnit: 1 });
  for (const args of [['--key', open, '--terms', terms], ['--key', closed, '--terms', milliseconds], ['--key', closed], []]) {
    const failed = await deploy(...args).catch(() => 'failed');
    expect(failed, args.join(' ')).to.equal('failed');
  }
});

const [first, second, third] = TERMS.members;
for (const [desc, changes] of [
  ['one who decides alone', { threshold: 1, suspensionThreshold: 1 }],
  ['fewer members than must agree', { threshold: 4 }],
  ['a suspension that needs more than a decision', { threshold: 2, suspensionThreshold: 3 }],
  ['one account that votes twice', { members: [first, second, { ...third, account: first!.account }] }],
  ['one member twice', { members: [first, second, { ...third, code: first!.code }] }],
  ['a code with a wrong check character', { members: [first, second, { ...third, code: '111000000000133380' }] }],
  ['an account in capitals', { members: [first, second, { ...third, account: `0x${'AB'.repeat(20)}` }] }],
  ['an administrator', { admin: `0x${'ab'.repeat(20)}` }],
  ['a delay that outlasts every proposal', { publicDelay: 30 * 86_400_000 }],
] as const) {
  test(`the script refuses ${desc}`, async () => {
    const keyFile = join(folder, 'member');
    await writeFile(keyFile, 'c1'.repeat(32), { mode: 0o600 });
    const terms = await writeTerms('terms', { ...TERMS, ...changes });
    const failed = await deploy('--key', keyFile, '--terms', terms).catch(() => 'failed');
    expect(failed).to.equal('failed');
  });
}
