/**
 * Measures the embedded chain: `node test/embedded/measure-restart.ts [transactions]`, each of which writes one word and logs 64
 * bytes as an anchor does. One JSON line: transactions per second from one sender, and the restart after kill −9 with the
 * longest replay there can be.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../core/bytes/json.ts';
import { call, deployed, send, stored } from './chain-fixture.ts';

const MAIN = join(import.meta.dirname, '../../chain/embedded/main.ts');
const SAVE_EVERY = 250;
const count = Number(process.argv[2] ?? 10_000);

async function startProgram(dir: string): Promise<{ url: string; kill(): Promise<unknown> }> {
  const child = spawn(process.execPath, [MAIN, '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { url } = JSON.parse(line.toString()) as { url: string };
  return { url, kill: () => (child.kill('SIGKILL'), once(child, 'exit')) };
}

const headHash = async (chain: { url: string }): Promise<unknown> =>
  ((await call(chain, 'eth_getBlockByNumber', ['latest', false])) as JsonObject)['hash'];

const dir = await mkdtemp(join(tmpdir(), 'measure-restart-'));
const first = await startProgram(dir);
// One less than the next saved state: the restart replays 249 blocks.
const blocks = Math.ceil(count / SAVE_EVERY) * SAVE_EVERY + SAVE_EVERY - 1;
const raws = [deployed(), ...Array.from({ length: blocks - 1 }, (_, i) => stored(i + 1))];
const sentAt = performance.now();
for (const raw of raws) await send(first, raw);
const sendSeconds = (performance.now() - sentAt) / 1000;
const before = await headHash(first);
await first.kill();
const startedAt = performance.now();
const second = await startProgram(dir);
const restartSeconds = (performance.now() - startedAt) / 1000;
const hasSameHead = (await headHash(second)) === before;
await second.kill();
await rm(join(dir, 'state'));
const replayedAt = performance.now();
const third = await startProgram(dir);
const replaySeconds = (performance.now() - replayedAt) / 1000;
await third.kill();
await rm(dir, { recursive: true });
const round = (value: number): number => Math.round(value * 100) / 100;
process.stdout.write(
  `${JSON.stringify({
    id: 'embedded-restart',
    blocks,
    perSecond: round(blocks / sendSeconds),
    restartSeconds: round(restartSeconds),
    replaySeconds: round(replaySeconds),
    hasSameHead,
  })}\n`,
);
