/**
 * Puts all contracts on an outside chain and prints where they are, as one JSON line:
 *
 *   node scripts/deploy.ts --rpc URL --key FILE --terms TERMS.json
 *
 * FILE holds the 64 hex characters of the account that deploys, readable by its owner alone; afterwards that account has no right of
 * any kind. TERMS.json says who decides:
 *
 *   {"consortiumName":"…","members":[{"code":USCC,"account":"0x…"}],"threshold":3,"suspensionThreshold":2,"publicDelay":MS,"msPerUnit":1000}
 *
 * `msPerUnit` is 1 for chains whose block times are milliseconds.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { encodeHex } from '../core/bytes/bytes.ts';
import { malformed } from '../core/bytes/error.ts';
import { parseUscc } from '../core/authority/uscc.ts';
import { ADDRESS, readAccountKey } from '../chain/config.ts';
import { deployContracts } from '../chain/deploy.ts';
import { readChainIdentity } from '../chain/finality.ts';
import { ChainRpc } from '../chain/rpc.ts';
import { ChainSender } from '../chain/sender.ts';
import { readConfig } from '../service/config.ts';
import { createLogger } from '../service/logger.ts';

const TIMEOUT_MS = 60_000;

const TERMS = z.strictObject({
  consortiumName: z.string().regex(/^[a-z0-9-]{1,64}$/),
  members: z
    .array(z.strictObject({ code: z.string(), account: ADDRESS }))
    .min(2)
    .max(256),
  threshold: z.number().int().min(2),
  suspensionThreshold: z.number().int().min(2),
  publicDelay: z.number().int().min(0),
  msPerUnit: z.union([z.literal(1), z.literal(1000)]),
});

const { values } = parseArgs({
  options: { rpc: { type: 'string' }, key: { type: 'string' }, terms: { type: 'string' } },
});
const { rpc: rpcUrl, key, terms: path } = values;
if (rpcUrl === undefined || key === undefined || path === undefined) {
  throw malformed('--rpc URL, --key FILE and --terms FILE are needed');
}
const terms = await readConfig(path, TERMS);
for (const { code } of terms.members) parseUscc(code);
const privateKeyHex = await readAccountKey(key);
const options = { rpcUrl, timeoutMs: TIMEOUT_MS };
const { chainId, genesisHash } = await readChainIdentity(new ChainRpc(options));
const sender = new ChainSender({ ...options, privateKeyHex, chainId, logger: createLogger({ program: 'deploy' }) });
const contracts = await deployContracts(sender, terms);
console.log(JSON.stringify({ chainId, genesisHash: encodeHex(genesisHash), ...contracts }));
