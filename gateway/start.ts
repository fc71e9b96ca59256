/** How both programs here start: a config file, a logger, a clock, and a signal that ends a start that waits. */
import { parseArgs } from 'node:util';
import { isCodedError, malformed } from '../core/bytes/error.ts';
import { type Running, runProgram } from '../service/lifecycle.ts';
import { createLogger, type Logger } from '../service/logger.ts';

export interface ProgramOptions<Config> {
  readonly config: Config;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
  /** Aborted when the program is to stop, be it before it is ready. */
  readonly stopping: AbortController;
}

const EXIT_CONFIGURED_WRONGLY = 2;

function configPath(): string {
  const { values } = parseArgs({ options: { config: { type: 'string' } }, strict: false });
  if (typeof values.config !== 'string') throw malformed('usage: main.ts --config FILE');
  return values.config;
}

/** Once per process. */
export async function runFromConfig<Config extends { readonly exitWithParent: boolean }>(
  program: string,
  read: (path: string) => Promise<Config>,
  start: (options: ProgramOptions<Config>) => Promise<Running>,
): Promise<void> {
  const logger = createLogger({ program, fields: ['source', 'dead', 'target'] });
  const orExit = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!isCodedError(error)) throw error;
      logger.fatal({ error }, 'the program cannot start');
      process.exit(EXIT_CONFIGURED_WRONGLY);
    }
  };
  const config = await orExit(async () => read(configPath()));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  if (config.exitWithParent) process.stdin.once('close', () => stopping.abort());
  await runProgram(() => orExit(() => start({ config, logger, clock: Date.now, stopping })), {
    logger,
    endsWithStdin: config.exitWithParent,
  });
}
