import { test } from 'node:test';
import { network } from 'hardhat';
import { expect } from 'chai';
import { ChainRpc } from '../../chain/rpc.ts';
import { ChainSender } from '../../chain/sender.ts';
import { measureLibraries } from '../../scripts/gas-libraries.ts';
import { createLogger } from '../../service/logger.ts';

/** Above these, anchoring would not fit into the blocks of a small consortium chain any more. */
const LIMITS: Readonly<Record<string, number>> = { 'sm3-one-block': 17_500, 'sm3-block': 17_500, 'sm2-verify': 160_000 };

test('SM3 and SM2 stay within their gas', async () => {
  const chainId = 31_337;
  const server = await network.createServer({ override: { chainId } }, '127.0.0.1');
  const { port } = await server.listen();
  const rpcUrl = `http://127.0.0.1:${port}`;
  const logger = createLogger({ program: 'gas', level: 'warn' });
  const sender = new ChainSender({ rpcUrl, privateKeyHex: '11'.repeat(32), chainId, logger, timeoutMs: 30_000 });
  const gas = await measureLibraries(sender, new ChainRpc({ rpcUrl, timeoutMs: 30_000 }));
  await server.close();
  for (const [name, limit] of Object.entries(LIMITS)) expect(gas[name], name).to.be.at.most(limit);
  console.log(gas);
});
