/**
 * How a program of ours lives: it starts, prints one JSON line on stdout when it is ready, stops once on SIGINT or SIGTERM with exit
 * code 0, and ends at once with 1 on our own mistake, because a log that has lost count must not sign.
 */
import type { JsonObject } from '../core/bytes/json.ts';
import { canonicalJson } from '../core/bytes/json.ts';
import type { Logger } from './logger.ts';

export interface Running {
  /** What the line on stdout says; `"ready":true` is added. */
  readonly ready: JsonObject;
  close(): Promise<void>;
}

export interface LifecycleOptions {
  readonly logger: Logger;
  /** For `close`; then the process ends with 1, whatever still runs. Default 8 s. */
  readonly closeTimeoutMs?: number;
  /**
   * Stop when stdin ends. A starter gives its children a pipe and never writes: the system closes it when the starter dies, be it
   * by SIGKILL, so that no child outlives it.
   */
  readonly endsWithStdin?: boolean;
}

const EXIT_MISTAKE = 1;

/** Once per process. Returns when the program is ready; the process ends by a signal. */
export async function runProgram(start: () => Promise<Running>, options: LifecycleOptions): Promise<void> {
  const { logger, closeTimeoutMs = 8_000, endsWithStdin = false } = options;

  const die = (error: unknown): never => {
    // Stderr may be gone with the starter that read it.
    try {
      logger.fatal({ error }, 'the program cannot go on');
    } finally {
      process.exit(EXIT_MISTAKE);
    }
  };
  process.once('uncaughtException', die);
  process.once('unhandledRejection', die);

  // A stop during the start waits for it: a half-started program has files open as well.
  let running: Promise<Running> | undefined;
  let isStopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => die(new Error('closing took too long')), closeTimeoutMs);
    logger.info({ signal }, 'stopping');
    await (await running)?.close();
    process.exit(0);
  };
  const onStop = (signal: string): void => void stop(signal).catch(die);
  process.on('SIGINT', onStop).on('SIGTERM', onStop);
  if (endsWithStdin) process.stdin.once('close', () => onStop('stdin')).resume();

  running = start();
  try {
    const { ready } = await running;
    if (!isStopping) process.stdout.write(`${canonicalJson({ ready: true, ...ready })}\n`);
  } catch (error) {
    die(error);
  }
}
