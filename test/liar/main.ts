/**
 * A lying custodian's node as a program: `--config FILE`, the same file as a custodian's node has. How it lies about the next access, it is
 * told (`POST /liar/next {"lie"}`). For tests alone: no program of ours has such a route.
 */
import { parseArgs } from 'node:util';
import { malformed } from '../../core/bytes/error.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { readAccountKey } from '../../chain/config.ts';
import { ChainSender } from '../../chain/sender.ts';
import { readNodeConfig } from '../../node/config.ts';
import { PersonTokens } from '../../service/call/person-token.ts';
import { readSecret } from '../../service/config.ts';
import { createEdge } from '../../service/http.ts';
import { openKeyFile } from '../../service/key-file.ts';
import { type Running, runProgram } from '../../service/lifecycle.ts';
import { createLogger } from '../../service/logger.ts';
import { createMetrics } from '../../service/metrics.ts';
import { openSigner } from '../../service/signer.ts';
import { LyingCustodian } from './custodian.ts';
import { custodianRoutes } from './routes.ts';

const SEND_TIMEOUT_MS = 15_000;
const logger = createLogger({ program: 'liar', level: 'warn' });

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (values.config === undefined) throw malformed('usage: main.ts --config FILE');
const config = await readNodeConfig(values.config);

async function start(): Promise<Running> {
  const { chain, keys, passphraseFile, accountFile, register, identity } = config;
  if (register === undefined || identity === undefined) throw malformed('a liar needs a register and persons to lie to');
  const passphrase = await readSecret(passphraseFile);
  const privateKeyHex = await readAccountKey(accountFile);
  const custodian = new LyingCustodian({
    origin: parseOrigin(config.origin),
    signer: await openSigner(keys.log, passphrase, 'log'),
    requestSigner: await openSigner(keys.request!, passphrase, 'request'),
    vrfKey: (await openKeyFile(keys.vrf![0]!, passphrase, 'vrf')).privateKey,
    sender: new ChainSender({ ...chain, privateKeyHex, logger, timeoutMs: SEND_TIMEOUT_MS }),
    anchorAddress: chain.anchor,
    registerUrl: register.url,
  });
  const hot = custodianRoutes(custodian, new PersonTokens(identity, Date.now));
  const edge = createEdge({ logger, metrics: createMetrics('liar'), hot });
  const url = await edge.listen(config.port, config.host);
  const stopping = new AbortController();
  const growing = custodian.keepGrowing(stopping.signal);
  const close = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([growing, edge.close()]);
  };
  return { ready: { url, origin: config.origin }, close };
}

await runProgram(start, { logger, endsWithStdin: config.exitWithParent });
