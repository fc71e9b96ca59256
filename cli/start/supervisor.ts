/**
 * Children of the starter: each announces itself with one JSON line, is started again when it dies, and is stopped with the others.
 *
 * A child gets a pipe as stdin that nobody writes to: when the starter dies, be it by SIGKILL, the pipe ends and the child stops itself.
 * It runs in a process group of its own, so that Ctrl-C reaches the starter alone and the order of stopping is ours.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { unavailable } from '../../core/bytes/error.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';

export interface Program {
  readonly name: string;
  /** Path of the `.ts` program and its arguments. */
  readonly args: readonly string[];
}

interface Child {
  readonly program: Program;
  process: ChildProcess;
  restarts: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 6_000;

export class Supervisor {
  readonly #children: Child[] = [];
  readonly #say: (text: string) => void;
  readonly #changed: () => void;
  #isStopping = false;

  /** `changed` is told whenever a pid is another one. */
  constructor(say: (text: string) => void, changed: () => void) {
    this.#say = say;
    this.#changed = changed;
  }

  get processes(): { name: string; pid: number }[] {
    return this.#children.map(({ program, process: child }) => ({ name: program.name, pid: child.pid ?? 0 }));
  }

  /** Resolves with the child's ready line. Throws UNAVAILABLE when it ends before that or takes longer than a minute. */
  async start(program: Program): Promise<JsonObject> {
    if (this.#isStopping) throw unavailable('stopping');
    const child: Child = { program, process: this.#spawn(program), restarts: 0 };
    this.#children.push(child);
    const ready = await this.#readyLine(child);
    this.#keepAlive(child);
    return ready;
  }

  #spawn({ args }: Program): ChildProcess {
    return spawn(process.execPath, [...args], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  }

  async #readyLine({ program, process: child }: Child): Promise<JsonObject> {
    const lines = createInterface({ input: child.stdout! });
    const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
    try {
      for await (const line of lines) return parseJson(line) as JsonObject;
    } finally {
      clearTimeout(timer);
      child.stdout?.resume();
    }
    throw unavailable(`${program.name} ended before it was ready`);
  }

  #keepAlive(child: Child): void {
    child.process.once('exit', (code, signal) => {
      if (this.#isStopping) return;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(child.restarts, 10));
      child.restarts++;
      this.#say(`${child.program.name} ended (${signal ?? code}); starting it again`);
      setTimeout(() => this.#restart(child), pause);
    });
  }

  #restart(child: Child): void {
    if (this.#isStopping) return;
    child.process = this.#spawn(child.program);
    this.#changed();
    this.#keepAlive(child);
    this.#readyLine(child).then(
      () => (child.restarts = 0),
      () => undefined, // It ended again: keepAlive has seen it.
    );
  }

  /** Last started, first stopped. What does not end in time is killed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { process: child } of this.#children.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
      child.kill('SIGTERM');
      // A stopped process (SIGSTOP) does not see SIGTERM before it goes on.
      child.kill('SIGCONT');
      await ended;
      clearTimeout(timer);
    }
  }
}
