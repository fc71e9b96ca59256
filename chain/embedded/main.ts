/**
 * The embedded chain as a program: `--dir D [--port N] [--chain-id N] [--exit-with-parent]`. It ends with 2 when called wrongly and
 * with 1 when it cannot start or cannot go on; it may be started again at once. --exit-with-parent: it stops when its stdin ends.
 */
import { parseArgs } from 'node:util';
import { createLogger } from '../../service/logger.ts';
import { runProgram } from '../../service/lifecycle.ts';
import { startEmbeddedChain } from './chain.ts';

const logger = createLogger({ program: 'chain', fields: ['blocks', 'from', 'tornBytes'] });

function readArguments(): { dir: string; port: number; chainId: number; exitWithParent: boolean } {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string' },
      port: { type: 'string', default: '0' },
      'chain-id': { type: 'string', default: '20777' },
      'exit-with-parent': { type: 'boolean', default: false },
    },
  });
  const { dir, port, 'chain-id': chainId, 'exit-with-parent': exitWithParent } = values;
  if (dir === undefined || !/^\d{1,5}$/.test(port) || !/^[1-9]\d{0,8}$/.test(chainId))
    throw new Error('--dir, --port or --chain-id');
  return { dir, port: Number(port), chainId: Number(chainId), exitWithParent };
}

function readArgumentsOrExit(): ReturnType<typeof readArguments> {
  try {
    return readArguments();
  } catch (error) {
    logger.fatal({ reason: (error as Error).message }, 'usage: main.ts --dir D [--port N] [--chain-id N] [--exit-with-parent]');
    process.exit(2);
  }
}

const { exitWithParent, ...place } = readArgumentsOrExit();
// A replay may take longer than a stop may. It can be cut off anywhere, and anvil ends with this process.
let isReady = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => isReady || process.exit(0));
await runProgram(
  async () => {
    const chain = await startEmbeddedChain({ ...place, clock: Date.now, logger });
    void chain.died.then((error) => {
      throw error;
    });
    const { url, chainId, executorPid } = chain;
    isReady = true;
    return { ready: { url, chainId, executorPid }, close: () => chain.close() };
  },
  { logger, closeTimeoutMs: 2_500, endsWithStdin: exitWithParent },
);
