/**
 * The embedded chain's executor: one anvil process that executes what it is told and that nobody but us can talk to.
 *
 * Anvil obeys whoever reaches it (anvil_setBalance, evm_mine, anvil_reset …), so it must not be reachable. We speak to it over a
 * Unix socket in a directory of mode 0700 and remove the path as soon as we are connected: there is no second connection. Its
 * TCP port cannot be switched off; on Linux it is bound to 127.255.255.255, the loopback network's broadcast address, which no
 * TCP connection can be made to. Elsewhere it stays a system-chosen port on 127.0.0.1: a program on this machine, or a web page
 * over WebSocket, that finds the port can spoil the chain that runs, though not the journal it is made from. Who may trace our
 * processes or write our files is not kept out by any of this.
 *
 * Its saved state is a cache that spares a long replay, never the truth: anvil computes the root over all of its state anew for
 * each block, so a replay's cost grows with the square of the anchors. It lacks the hashes of old blocks: a contract that asked
 * for BLOCKHASH would read another one after it; ours do not. The file:
 *
 *   state <number> 0x<block hash> <digest> LF <what anvil_dumpState gave, gzip>            digest = hex of H(the gzip bytes)
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { concatBytes, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { replaceFileDurably } from '../../service/durable-file.ts';

/** Fixed for ever: they enter every block hash. The contracts use no opcode younger than Paris. */
export const HARDFORK = 'paris';
export const GAS_LIMIT = 200_000_000;

/** Loading a saved state of a few hundred MB takes anvil seconds. */
const START_WITHIN_MS = 60_000;

/** The error of a JSON-RPC answer (JSON-RPC 2.0 §5.1). `data` carries what a revert returned. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: JsonValue | undefined;

  constructor(code: number, message: string, data?: JsonValue) {
    super(message);
    this.name = 'RpcError';
    this.code = code;
    this.data = data;
  }
}

export interface SavedState {
  readonly number: number;
  readonly blockHash: string;
  readonly dump: Uint8Array;
}

/** Null for anything but a whole file: the journal can do without. */
export async function readSavedState(path: string): Promise<SavedState | null> {
  const file = await readFile(path).catch(() => null);
  const [head, number, blockHash, digest] =
    /^state (\d{1,16}) (0x[0-9a-f]{64}) ([0-9a-f]{64})\n/.exec(file?.toString('latin1', 0, 256) ?? '') ?? [];
  if (file === null || head === undefined) return null;
  const dump = file.subarray(head.length);
  return encodeHex(sm3(dump)) === digest ? { number: Number(number), blockHash: blockHash!, dump } : null;
}

export async function writeSavedState(path: string, { number, blockHash, dump }: SavedState): Promise<void> {
  const head = encodeUtf8(`state ${number} ${blockHash} ${encodeHex(sm3(dump))}\n`);
  await replaceFileDurably(path, concatBytes(head, dump));
}

/** A file of the package that holds anvil for this platform: npm installs only the fitting one. */
function anvilFile(part: string): string {
  const platform = `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  try {
    const anvil = createRequire(import.meta.url).resolve('@foundry-rs/anvil/package.json');
    return createRequire(anvil).resolve(`@foundry-rs/anvil-${platform}/${part}`);
  } catch (cause) {
    throw unavailable('anvil is not installed, or does not exist for this platform', { platform }, cause);
  }
}

/** Name and version, without starting it. */
export function executorVersion(): string {
  const { version } = JSON.parse(readFileSync(anvilFile('package.json'), 'utf8')) as { version: string };
  return `anvil/${version}`;
}

export interface ExecutorOptions {
  readonly chainId: number;
  readonly genesisSeconds: number;
  readonly saved: SavedState | null;
}

function anvilFlags(options: ExecutorOptions, socketPath: string, statePath: string): string[] {
  const flags = ['--quiet', '--ipc', socketPath, '--port', '0', '--no-cors'];
  flags.push('--host', process.platform === 'linux' ? '127.255.255.255' : '127.0.0.1');
  flags.push('--chain-id', String(options.chainId), '--timestamp', String(options.genesisSeconds));
  flags.push('--hardfork', HARDFORK, '--gas-limit', String(GAS_LIMIT));
  // No account with a known key and no coin: gas costs nothing, and the base fee stays 0 because it was 0.
  flags.push('--accounts', '0', '--disable-default-create2-deployer');
  flags.push('--block-base-fee-per-gas', '0', '--gas-price', '0', '--disable-min-priority-fee');
  // Blocks are mined when we say so. Only states of old blocks are pruned: blocks, receipts and logs stay readable from block 0.
  flags.push('--no-mining', '--order', 'fifo', '--prune-history');
  return options.saved === null ? flags : [...flags, '--load-state', statePath];
}

/** Its own session, so that Ctrl-C in a terminal reaches us and not it, and no environment that could change its flags. */
async function spawnAnvil(flags: readonly string[], cwd: string): Promise<ChildProcess> {
  const anvil = spawn(anvilFile('bin/anvil'), flags, { cwd, env: {}, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
  await once(anvil, 'spawn').catch((cause: unknown) => {
    throw unavailable('anvil cannot be run', {}, cause);
  });
  return anvil;
}

/** Ends anvil when we end, however we end: the kernel then closes the pipe that this shell reads. */
function leash(pid: number): ChildProcess {
  return spawn('/bin/sh', ['-c', 'read -r _; kill -9 "$1"', 'leash', String(pid)], {
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
}

function connectOnce(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(null));
  });
}

interface Waiter {
  resolve(result: JsonValue): void;
  reject(error: Error): void;
}

export class Executor {
  readonly pid: number;
  /** Settles, with anvil's last words, when the process has ended for whatever reason. */
  readonly ended: Promise<string>;
  readonly #anvil: ChildProcess;
  readonly #leash: ChildProcess;
  readonly #waiters = new Map<number, Waiter>();
  #socket: Socket | undefined;
  #lastId = 0;
  #parts: Buffer[] = [];

  private constructor(anvil: ChildProcess) {
    this.pid = anvil.pid!;
    this.#anvil = anvil;
    this.#leash = leash(this.pid);
    let words = '';
    anvil.stderr!.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-2000)));
    this.ended = new Promise((resolve) => {
      anvil.once('close', (code, signal) => {
        this.#leash.kill('SIGKILL');
        this.#rejectAll();
        resolve(`anvil ended with ${signal ?? String(code)} ${words.trim()}`.trim());
      });
    });
  }

  /** Throws UNAVAILABLE if anvil does not come up. */
  static async start(options: ExecutorOptions): Promise<Executor> {
    const directory = await mkdtemp(join(tmpdir(), 'veritrail-')); // mode 0700; short, as socket paths must be
    try {
      const [socketPath, statePath] = [join(directory, 'ipc'), join(directory, 'state.json')];
      if (options.saved !== null) await writeFile(statePath, gunzipSync(options.saved.dump));
      const executor = new Executor(await spawnAnvil(anvilFlags(options, socketPath, statePath), directory));
      try {
        await executor.#connect(socketPath);
        return executor;
      } catch (error) {
        await executor.stop();
        throw error;
      }
    } finally {
      await rm(directory, { recursive: true });
    }
  }

  async #connect(path: string): Promise<void> {
    const ended = this.ended.then((words) => {
      throw unavailable('the embedded chain did not start', { words });
    });
    for (let waited = 0; waited < START_WITHIN_MS; waited += 10) {
      const socket = await Promise.race([connectOnce(path), ended]);
      if (socket !== null) return this.#listen(socket);
      await sleep(10);
    }
    throw unavailable('the embedded chain did not start in time');
  }

  #listen(socket: Socket): void {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // Without the socket anvil is of no use; `ended` tells those who wait. An error is always followed by 'close'.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#anvil.kill('SIGKILL'));
  }

  /** Answers are JSON texts, one a line. */
  #receive(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      this.#parts.push(chunk.subarray(from, end));
      this.#settle(Buffer.concat(this.#parts).toString());
      this.#parts = [];
      from = end + 1;
    }
    this.#parts.push(chunk.subarray(from));
  }

  #settle(text: string): void {
    const { id, result, error } = JSON.parse(text) as {
      id: number;
      result?: JsonValue;
      error?: { code: number; message: string; data?: JsonValue };
    };
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (error === undefined) waiter?.resolve(result ?? null);
    else waiter?.reject(new RpcError(error.code, error.message, error.data));
  }

  #rejectAll(): void {
    for (const waiter of this.#waiters.values()) waiter.reject(unavailable('the embedded chain has stopped'));
    this.#waiters.clear();
  }

  /**
   * Waits as long as it takes: a call that changes the chain must not be given up while anvil may still carry it out. Anvil may
   * carry out calls that overlap in any order. Throws what anvil refuses as RpcError, UNAVAILABLE when it has ended.
   */
  call(method: string, params: readonly JsonValue[] = []): Promise<JsonValue> {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return Promise.reject(unavailable('the embedded chain has stopped'));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiters.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  }

  /** SIGKILL, also for a process that is stopped: anvil keeps nothing that could be lost. */
  async stop(): Promise<void> {
    this.#anvil.kill('SIGKILL');
    await this.ended;
    this.#socket?.destroy();
  }
}
