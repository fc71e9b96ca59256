import { test } from 'node:test';
import { network } from 'hardhat';
import { expect } from 'chai';
import { ChainRpc } from '../../chain/rpc.ts';
import { ChainSender } from '../../chain/sender.ts';
import { measureLibraries } from '../../scripts/gas-libraries.ts';
import { createLogger } from '../../service/logger.ts';

const CHAIN_ID = 31_337;
/** What was promised, as distinct from what was last recorded. */
const LIMITS: Readonly<Record<string, number>> = { 'sm3-one-block': 17_500, 'sm3-block': 17_500, 'sm2-verify': 160_000 };

test('a block of SM3 costs at most 17,500 gas, the arithmetic of SM2 160,000', async () => {
  const server = await network.createServer({ override: { chainId: CHAIN_ID } }, '127.0.0.1');
  const { port } = await server.listen();
  const rpcUrl = `http://127.0.0.1:${port}`;
  const logger = createLogger({ program: 'gas', level: 'warn' });
  try {
    const sender = new ChainSender({ rpcUrl, privateKeyHex: '11'.repeat(32), chainId: CHAIN_ID, logger, timeoutMs: 30_000 });
    const gas = await measureLibraries(sender, new ChainRpc({ rpcUrl, timeoutMs: 30_000 }));
    for (const [name, limit] of Object.entries(LIMITS)) expect(gas[name], name).to.be.within(1, limit);
  } finally {
    await server.close();
  }
});
