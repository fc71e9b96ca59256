/**
 * A department's node as a program: `--config FILE` (config.ts). It ends with 2 when it is called or configured wrongly, with 1 on our
 * own mistake.
 */
import { parseArgs } from 'node:util';
import { isCodedError, malformed } from '../core/bytes/error.ts';
import { runProgram } from '../service/lifecycle.ts';
import { createLogger } from '../service/logger.ts';
import { readNodeConfig } from './config.ts';
import { startNode } from './program.ts';

const EXIT_CONFIGURED_WRONGLY = 2;
const logger = createLogger({ program: 'node' });

async function orExit<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isCodedError(error)) throw error;
    logger.fatal({ error }, 'the node cannot start');
    process.exit(EXIT_CONFIGURED_WRONGLY);
  }
}

function configPath(): string {
  const { values } = parseArgs({ options: { config: { type: 'string' } }, strict: false });
  if (typeof values.config !== 'string') throw malformed('usage: main.ts --config FILE');
  return values.config;
}

const config = await orExit(async () => readNodeConfig(configPath()));
// The lifecycle waits for the start; a start that waits for the chain ends by this.
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
if (config.exitWithParent) process.stdin.once('close', () => stopping.abort());

await runProgram(() => orExit(() => startNode({ config, logger, clock: Date.now, stopping })), {
  logger,
  endsWithStdin: config.exitWithParent,
});
