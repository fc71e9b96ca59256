/**
 * A verifier, witness or monitor as a program: `--config FILE` (config.ts). It ends with 2 when it is called or configured wrongly,
 * with 1 on our own mistake or when a first start finds no chain.
 */
import { parseArgs } from 'node:util';
import { isCodedError, malformed } from '../core/bytes/error.ts';
import { type Running, runProgram } from '../service/lifecycle.ts';
import { createLogger, type Logger } from '../service/logger.ts';
import { createChainSource, openMember } from './chain-source.ts';
import { readVerifierConfig } from './config.ts';
import { startVerifier } from './program.ts';

const EXIT_CONFIGURED_WRONGLY = 2;

const loggerFor = (program: string): Logger => createLogger({ program, fields: ['origin', 'index'] });

async function orExit<Result>(logger: Logger, work: () => Promise<Result>): Promise<Result> {
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

const config = await orExit(loggerFor('verifier'), async () => readVerifierConfig(configPath()));
const logger = loggerFor(config.role);
const start = async (): Promise<Running> => {
  const member = await openMember(config, logger);
  return startVerifier({ config, chain: createChainSource(config, logger), member, logger, clock: Date.now });
};
await runProgram(() => orExit(logger, start), { logger, endsWithStdin: config.exitWithParent });
