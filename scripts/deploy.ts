/**
 * Puts both contracts on an outside chain and prints where they are, as one JSON line:
 *
 *   node scripts/deploy.ts --rpc URL --key FILE [--admin 0x…] [--ms-per-unit 1000]
 *
 * FILE holds the 64 hex characters of the account that deploys, readable by its owner alone. That account is the administrator unless
 * another is named. `--ms-per-unit 1` is for chains whose block times are milliseconds.
 */
import { parseArgs } from 'node:util';
import { decodeUtf8, encodeHex } from '../core/bytes/bytes.ts';
import { malformed } from '../core/bytes/error.ts';
import { deployContracts } from '../chain/deploy.ts';
import { readChainIdentity } from '../chain/finality.ts';
import { ChainRpc } from '../chain/rpc.ts';
import { ChainSender } from '../chain/sender.ts';
import { readPrivateFile } from '../service/durable-file.ts';
import { createLogger } from '../service/logger.ts';

const TIMEOUT_MS = 60_000;
const KEY_FILE_BYTES = 65;

const { values } = parseArgs({
  options: {
    rpc: { type: 'string' },
    key: { type: 'string' },
    admin: { type: 'string' },
    'ms-per-unit': { type: 'string', default: '1000' },
  },
});
if (values.rpc === undefined || values.key === undefined) throw malformed('--rpc URL and --key FILE are needed');
const privateKeyHex = decodeUtf8(await readPrivateFile(values.key, KEY_FILE_BYTES)).trimEnd();
const options = { rpcUrl: values.rpc, timeoutMs: TIMEOUT_MS };
const { chainId, genesisHash } = await readChainIdentity(new ChainRpc(options));
const sender = new ChainSender({ ...options, privateKeyHex, chainId, logger: createLogger({ program: 'deploy' }) });
const admin = values.admin ?? sender.account;
const { registry, anchor, fromBlock } = await deployContracts(sender, { admin, msPerUnit: Number(values['ms-per-unit']) });
console.log(JSON.stringify({ chainId, genesisHash: encodeHex(genesisHash), registry, anchor, fromBlock, admin }));
