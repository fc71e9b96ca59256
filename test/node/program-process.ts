/** A program of ours as a process, killed and stopped as the test likes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../core/bytes/json.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

export class ProgramProcess {
  readonly child: ChildProcess;
  readonly #stderr: Promise<string>;
  readonly #lines: AsyncIterator<string>;

  /** `program`: its path in the project. */
  constructor(program: string, ...args: string[]) {
    this.child = spawn(process.execPath, [join(ROOT, program), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#stderr = text(this.child.stderr!);
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async ready(): Promise<JsonObject> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`the program ended: ${await this.#stderr}`);
    return JSON.parse(line.value) as JsonObject;
  }

  async ended(): Promise<Ended> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    return { code: this.child.exitCode, stderr: await this.#stderr };
  }

  async kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended();
  }
}
