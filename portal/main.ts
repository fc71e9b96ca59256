/** The portal as a program: `--config FILE` (config.ts). It ends with 2 when it is called or configured wrongly, with 1 on our own mistake. */
import { parseArgs } from 'node:util';
import { isCodedError, malformed } from '../core/bytes/error.ts';
import { runProgram } from '../service/lifecycle.ts';
import { createLogger } from '../service/logger.ts';
import { readPortalConfig } from './config.ts';
import { startPortal } from './program.ts';

const EXIT_CONFIGURED_WRONGLY = 2;
const logger = createLogger({ program: 'portal' });

async function orExit<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isCodedError(error) || error.code === 'UNAVAILABLE') throw error;
    logger.fatal({ error }, 'the program cannot start');
    process.exit(EXIT_CONFIGURED_WRONGLY);
  }
}

function configPath(): string {
  const { values } = parseArgs({ options: { config: { type: 'string' } }, strict: false });
  if (typeof values.config !== 'string') throw malformed('usage: main.ts --config FILE');
  return values.config;
}

const config = await orExit(async () => readPortalConfig(configPath()));
await runProgram(() => orExit(() => startPortal({ config, logger, clock: Date.now })), {
  logger,
  endsWithStdin: config.exitWithParent,
});
