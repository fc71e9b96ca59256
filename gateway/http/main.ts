/**
 * A custodian's gateway as a program: `--config FILE` (config.ts). It ends with 2 when it is called or configured wrongly, with 1 on our
 * own mistake.
 */
import { runFromConfig } from '../start.ts';
import { readGatewayConfig } from './config.ts';
import { startGateway } from './program.ts';

await runFromConfig('gateway', readGatewayConfig, startGateway);
