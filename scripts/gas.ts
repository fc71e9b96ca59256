/**
 * Measures what each contract call costs and prints it: `npm run gas [-- --json]`. With `--write` it also replaces
 * contracts/gas.json, where a jump then shows in review.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { network } from 'hardhat';
import { decodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { logIdOf, parseOrigin } from '../core/log/origin.ts';
import { parseSignature, parsePrivateKey, publicKeyOf } from '../core/sm/sm2.ts';
import { sm3 } from '../core/sm/sm3.ts';
import * as contractCall from '../chain/contract-call.ts';
import { deployContracts } from '../chain/deploy.ts';
import { ChainSender, type Receipt } from '../chain/sender.ts';
import { createLogger } from '../service/logger.ts';

export const GAS_FILE = join(import.meta.dirname, '../contracts/gas.json');

const START = 1_767_225_600_000;
const CODE = '11100000000013338W';
const LICENCE_TYPE = '11100000000013338W009';
const CHAIN_ID = 31_337;

/** Gas by name of call, the same on every machine: nothing that costs differs from run to run. */
export async function measureGas(): Promise<Record<string, number>> {
  const override = { chainId: CHAIN_ID, initialDate: new Date(START).toISOString() };
  const server = await network.createServer({ override }, '127.0.0.1');
  const { port } = await server.listen();
  try {
    return await measureAt(`http://127.0.0.1:${port}`);
  } finally {
    await server.close();
  }
}

async function measureAt(rpcUrl: string): Promise<Record<string, number>> {
  const logger = createLogger({ program: 'gas', level: 'warn' });
  const sender = new ChainSender({ rpcUrl, privateKeyHex: '11'.repeat(32), chainId: CHAIN_ID, logger, timeoutMs: 30_000 });
  const { registry, anchor, gasUsed } = await deployContracts(sender, { admin: sender.account, msPerUnit: 1000 });
  const gas: Record<string, number> = { 'deploy-registry': gasUsed.registry, 'deploy-anchor': gasUsed.anchor };

  const origin = parseOrigin(`sample/${CODE}/licences`);
  const [logId, publicKey] = [logIdOf(origin), publicKeyOf(parsePrivateKey(decodeHex('22'.repeat(32))))];
  const keyId = keyIdOf(publicKey);
  const account = decodeHex(sender.account.slice(2));
  const spans = { quantum: 1, beat: 60_000, promiseSpan: 120_001 };
  for (const [name, data] of [
    [
      'register-authority',
      contractCall.encodeRegisterAuthority({ code: CODE, name: '自然资源部', region: '110000', parent: null, account }),
    ],
    ['add-key', contractCall.encodeAddKey({ code: CODE, keyId, keyType: 'log', publicKey, validFrom: 0 })],
    [
      'grant-scope',
      contractCall.encodeGrantScope({ code: CODE, licenceType: LICENCE_TYPE, region: '110000', validFrom: 0, validTo: null }),
    ],
    ['register-log', contractCall.encodeRegisterLog({ logId, owner: CODE, origin, class: 'licence', ...spans })],
    ['set-mode', contractCall.encodeSetMode({ logId, licenceType: LICENCE_TYPE, mode: 'public' })],
    ['declare-coverage', contractCall.encodeDeclareCoverage({ code: CODE, licenceType: LICENCE_TYPE, since: START })],
  ] as const) {
    gas[name] = (await sender.send({ to: registry, data })).gasUsed;
  }
  const anchorOnce = (seconds: number, size: number, roots: string): Promise<Receipt> =>
    contractCall.anchorCheckpoint(sender, anchor, {
      logId,
      size,
      issuedAt: START + seconds * 1000,
      rootHash: sm3(encodeUtf8(roots)),
      mapRoot: sm3(encodeUtf8(`map ${roots}`)),
      keyId,
      signature: parseSignature(new Uint8Array(64).fill(0x5a)),
      consistencyProof: [],
    });
  gas['anchor-first'] = (await anchorOnce(61, 100_001, 'one')).gasUsed;
  gas.anchor = (await anchorOnce(62, 200_001, 'two')).gasUsed;
  gas['anchor-idle'] = (await anchorOnce(63, 200_001, 'two')).gasUsed;
  gas['anchor-forked'] = (await anchorOnce(64, 200_001, 'three')).gasUsed;
  return gas;
}

if (import.meta.main) {
  const gas = await measureGas();
  const asJson = process.argv.includes('--json');
  for (const [name, used] of Object.entries(gas)) {
    console.log(asJson ? JSON.stringify({ name, gas: used }) : `${name.padEnd(20)}${String(used).padStart(10)}`);
  }
  if (process.argv.includes('--write')) await writeFile(GAS_FILE, `${JSON.stringify(gas, null, 2)}\n`);
}
