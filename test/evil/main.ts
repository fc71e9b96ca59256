/**
 * A lying node as a program: `--evil LIE --config FILE`, the same file as a department's node has. It is honest until it is told to lie
 * (`POST /evil/lie`). For tests alone: no program of ours has such a flag.
 */
import { parseArgs } from 'node:util';
import { malformed } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { readAccountKey } from '../../chain/config.ts';
import { ChainSender } from '../../chain/sender.ts';
import { readNodeConfig } from '../../node/config.ts';
import { readSecret } from '../../service/config.ts';
import { createEdge } from '../../service/http.ts';
import { type Running, runProgram } from '../../service/lifecycle.ts';
import { createLogger } from '../../service/logger.ts';
import { createMetrics } from '../../service/metrics.ts';
import { openSigner } from '../../service/signer.ts';
import { EvilIssuer } from './evil-issuer.ts';
import { type Lie, LIES, PLAYS } from './lies.ts';

const SEND_TIMEOUT_MS = 15_000;
const logger = createLogger({ program: 'evil-node', level: 'warn' });

const { values } = parseArgs({ options: { config: { type: 'string' }, evil: { type: 'string' } } });
const lie = LIES.find((one) => one === values.evil);
if (values.config === undefined || lie === undefined) throw malformed(`usage: main.ts --evil ${LIES.join('|')} --config FILE`);
const config = await readNodeConfig(values.config);

async function start(name: Lie): Promise<Running> {
  const { chain, keys, passphraseFile, accountFile, register } = config;
  if (register === undefined) throw malformed('a liar needs a register to lie to');
  const passphrase = await readSecret(passphraseFile);
  const [signer, documentSigner] = await Promise.all([
    openSigner(keys.log, passphrase, 'log'),
    openSigner(keys.document!, passphrase, 'document'),
  ]);
  const privateKeyHex = await readAccountKey(accountFile);
  const sender = new ChainSender({ ...chain, privateKeyHex, logger, timeoutMs: SEND_TIMEOUT_MS });
  const origin = parseOrigin(config.origin);
  const node = new EvilIssuer({ origin, signer, documentSigner, sender, anchorAddress: chain.anchor, registerUrl: register.url });
  const tell = async (request: JsonObject): Promise<JsonObject> => {
    node.replies.length = 0;
    const said = await PLAYS[name](node, request);
    return { ...said, replies: [...node.replies] };
  };
  const edge = createEdge({ logger, metrics: createMetrics('evil'), hot: node.issuerRoutes(tell) });
  const url = await edge.listen(config.port, config.host);
  return { ready: { url, origin: config.origin, lie: name }, close: () => edge.close() };
}

await runProgram(() => start(lie), { logger, endsWithStdin: config.exitWithParent });
