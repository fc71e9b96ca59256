import { after, before, test } from 'node:test';
import { expect } from 'chai';
import { newestFinalBlock, readChainIdentity } from '../../chain/finality.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import { CHAIN_ID, startAnvil, type Anvil } from './anvil.ts';

let anvil: Anvil;
let rpc: ChainRpc;
before(async () => {
  anvil = await startAnvil();
  rpc = new ChainRpc({ rpcUrl: anvil.rpcUrl, timeoutMs: 5000 });
  await anvil.call('anvil_mine', 5);
});
after(() => anvil.stop());

test('a block counts when as many as set have followed it', async () => {
  for (const [confirmations, number] of [
    [0, 5],
    [1, 4],
    [5, 0],
    [6, 0],
  ] as const) {
    expect(await newestFinalBlock(rpc, { confirmations })).to.deep.equal(await rpc.block(number));
  }
});

test('a chain is known by its id and its first block', async () => {
  expect(await readChainIdentity(rpc)).to.deep.equal({ chainId: CHAIN_ID, genesisHash: (await rpc.block(0))!.hash });
});

test('block times are milliseconds, whatever the chain counts in', async () => {
  const block = (await anvil.call('eth_getBlockByNumber', '0x5', false)) as { timestamp: string };
  expect((await rpc.block(5))!.at).to.equal(Number(block.timestamp) * 1000);
});
