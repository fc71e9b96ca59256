/** A program for lifecycle.test.ts to start and kill. Its first argument says how it behaves. */
import { createLogger } from '../../service/logger.ts';
import { runProgram } from '../../service/lifecycle.ts';
import { malformed } from '../../core/bytes/error.ts';

const [, , behaviour = 'plain'] = process.argv;
const logger = createLogger({ program: 'test' });
const alive = setInterval(() => {}, 1000);

async function start(): Promise<{ ready: { pid: number }; close: () => Promise<void> }> {
  if (behaviour === 'bad-config') throw malformed('config: /port is missing', { place: '/port' });
  if (behaviour === 'slow-start') await new Promise((resolve) => setTimeout(resolve, 300));
  if (behaviour === 'throws')
    setTimeout(() => {
      throw new Error('mistake of ours');
    }, 20);
  if (behaviour === 'rejects') setTimeout(() => void Promise.reject(new Error('mistake of ours')), 20);
  const close = async (): Promise<void> => {
    logger.info('closing');
    if (behaviour === 'hangs') await new Promise(() => {});
    if (behaviour === 'fails-to-close') throw new Error('mistake of ours');
    if (behaviour === 'slow-close') await new Promise((resolve) => setTimeout(resolve, 200));
    clearInterval(alive);
    logger.info('closed');
  };
  return { ready: { pid: process.pid }, close };
}

await runProgram(start, { logger, closeTimeoutMs: 500, endsWithStdin: behaviour === 'child' });
