/** Starts the whole embedded default as a user would, and asks it as a user would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface Ready {
  readonly verifier: string;
  readonly portal: string;
  readonly desk: string;
  readonly deskPage: string;
  readonly trust: string;
  readonly chain: { readonly url: string; readonly chainId: number; readonly registry: string; readonly anchor: string };
  readonly nodes: readonly { origin: string; logId: string; url: string; authority: string; role: string; tokens: string }[];
  readonly processes: readonly { name: string; pid: number }[];
  readonly agents: Readonly<Record<'service' | 'police', { readonly url: string; readonly accessUrl: string }>>;
  readonly samples: readonly { file: string; evidence: string | null; expect: string; reason: string | null }[];
}

export interface VerdictJson {
  readonly verdict: string;
  readonly reasons: readonly string[];
  readonly checks: readonly { id: string; outcome: string; code: string | null; text: string; facts: Record<string, unknown> }[];
  readonly findings: readonly { code: string; origin: string }[];
  readonly anchor: { by: string; blockNumber: number } | null;
  readonly checkpoint: { origin: string; size: number } | null;
  readonly licence: {
    readonly issuer: { readonly code: string; readonly successor: { readonly code: string; readonly name: string } | null };
  } | null;
}

export class System {
  readonly data: string;
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #errors: readonly string[];

  private constructor(data: string, ready: Ready, child: ChildProcess, errors: readonly string[]) {
    this.data = data;
    this.ready = ready;
    this.#child = child;
    this.#errors = errors;
  }

  /** All that the programs have logged so far. */
  get logged(): string {
    return this.#errors.join('');
  }

  static newData(): Promise<string> {
    return mkdtemp(join(tmpdir(), 'veritrail-e2e-'));
  }

  static async start(data: string, options: readonly string[] = ['--beat', '2000']): Promise<System> {
    const args = [join(ROOT, 'scripts/start.js'), '--data', data, '--port', '0', '--no-open', ...options];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      child.stdout.resume();
      return new System(data, JSON.parse(line) as Ready, child, errors);
    }
    throw new Error(`npm start ended before it was ready:\n${errors.join('').slice(-4000)}`);
  }

  get issuer(): Ready['nodes'][number] {
    return this.node('issuer');
  }

  node(role: string): Ready['nodes'][number] {
    return this.ready.nodes.find((node) => node.role === role)!;
  }

  /** As it is now: a child that died has another pid. */
  async pidOf(name: string): Promise<number> {
    const running = JSON.parse(await readFile(join(this.data, 'running.json'), 'utf8')) as Ready;
    return running.processes.find((one) => one.name === name)!.pid;
  }

  /** Exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.#child.once('exit', resolve));
    this.#child.kill(signal);
    return ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  async tokens(role: string): Promise<Record<string, string>> {
    return JSON.parse(await readFile(this.node(role).tokens, 'utf8')) as Record<string, string>;
  }

  /** A write at a node, with its token. Throws when the node does not answer in time. */
  async write(
    role: string,
    path: string,
    body: unknown,
    key: string,
    tokenRole = 'issuer',
  ): Promise<{ status: number; body: unknown }> {
    const token = (await this.tokens(role))[tokenRole];
    const response = await fetch(`${this.node(role).url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    return { status: response.status, body: await response.json() };
  }

  /** What the interface for integrators says about the file's bytes. */
  async ask(bytes: Uint8Array): Promise<VerdictJson> {
    const response = await fetch(`${this.ready.verifier}/v1/verify`, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
      signal: AbortSignal.timeout(15_000),
    });
    if (response.status !== 200) throw new Error(`/v1/verify answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as VerdictJson;
  }

  async askFile(path: string): Promise<VerdictJson> {
    return this.ask(await readFile(path));
  }
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `veritrail …`, as it stands in the project. `withoutNetwork`: in a network namespace that has not even a loopback. */
export async function veritrail(args: readonly string[], { withoutNetwork = false } = {}): Promise<Finished> {
  const command = [process.execPath, join(ROOT, 'cli/veritrail.js'), ...args];
  const [file, ...rest] = withoutNetwork ? ['unshare', '--net', ...command] : command;
  const child = spawn(file!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr]: string[][] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout!.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => stderr!.push(chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout: stdout!.join(''), stderr: stderr!.join('') };
}

/** Asks again until `isDone`, at most `seconds`. */
export async function until<Value>(
  seconds: number,
  ask: () => Promise<Value>,
  isDone: (value: Value) => boolean,
): Promise<Value> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await ask().catch((error: unknown) => {
      if (Date.now() > end) throw error;
      return undefined;
    });
    if (value !== undefined && isDone(value)) return value;
    if (Date.now() > end) throw new Error(`not within ${seconds} s; last: ${JSON.stringify(value)?.slice(0, 600)}`);
    await pause(250);
  }
}
