/** `veritrail witness` and `veritrail monitor` run the verifier program: its output, exit code and signals are theirs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { CHAIN_ID } from '../chain/anvil.ts';
import { ROOT, veritrail } from '../system/system.ts';
import { ChainWorld, OFFICE } from './chain-world.ts';

let world: ChainWorld;
before(async () => {
  world = await ChainWorld.start();
  await world.key('witness.key.json', 'witness', '15');
});
after(() => world?.stop());

async function configure(changes: object): Promise<string> {
  const { registry, anchor, court, fromBlock } = world.contracts;
  const config = {
    role: 'witness',
    dataDir: world.at('witness'),
    chain: { rpcUrl: world.anvil.rpcUrl, chainId: CHAIN_ID, registry, anchor, court, fromBlock },
    logs: [],
    witness: {
      name: `sample/${OFFICE}/witness`,
      key: world.at('witness.key.json'),
      passphraseFile: world.at('passphrase'),
    },
    ...changes,
  };
  await writeFile(world.at('witness.json'), JSON.stringify(config));
  return world.at('witness.json');
}

describe('veritrail witness', () => {
  test('is ready with the program’s line, and ends with 0 when it is told to', async () => {
    const args = [join(ROOT, 'cli/veritrail.js'), 'witness', '--config', await configure({})];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    expect(JSON.parse(line)).to.include({ ready: true });
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });

  test('passes on what is wrong in the config file', async () => {
    expect((await veritrail(['witness', '--config', await configure({ pollMs: 'often' })])).code).to.equal(2);
  });

  test('and refuses the config of something else, and none', async () => {
    const config = await configure({ role: 'verifier', witness: null });
    for (const role of ['witness', 'monitor']) {
      const run = await veritrail([role, '--config', config]);
      expect([run.code, run.stderr]).to.satisfy(([code, text]: [number, string]) => code === 2 && text.includes(`not a ${role}`));
    }
    expect((await veritrail(['monitor', '--config', world.at('missing.json')])).code).to.equal(2);
    expect((await veritrail(['monitor'])).code).to.equal(2);
  });
});
