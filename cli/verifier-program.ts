/**
 * `veritrail witness` and `veritrail monitor`: run the verifier program (verifier/main.ts), which is told by its config file what it is.
 * Its output, signals and exit code are ours.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { malformed } from '../core/bytes/error.ts';
import type { JsonObject } from '../core/bytes/json.ts';
import { readJsonInput } from './command.ts';

const PROGRAM = join(import.meta.dirname, '../verifier/main.ts');

/** Does not return before the program ends; the program refuses what is wrong in the file otherwise. */
export async function runVerifier(role: 'witness' | 'monitor', config: string): Promise<number> {
  const { role: told } = (await readJsonInput(config)) as JsonObject;
  if (told !== role) throw malformed(`${config} configures a ${JSON.stringify(told ?? null)}, not a ${role}`);
  const child = spawn(process.execPath, [PROGRAM, '--config', config], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(passedOn(signal)));
  return ended(child);
}

/** The program knows SIGINT and SIGTERM. */
const passedOn = (signal: NodeJS.Signals): NodeJS.Signals => (signal === 'SIGHUP' ? 'SIGTERM' : signal);

async function ended(child: ChildProcess): Promise<number> {
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('exit', (...how) => resolve(how)).once('error', reject);
  });
  // 128 and more: as shells say that a signal ended it.
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal];
}
