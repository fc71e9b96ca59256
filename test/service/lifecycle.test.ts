import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const PROGRAM = fileURLToPath(new URL('lifecycle-program.ts', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly lines: readonly string[];
}

/** Starts the program, does `act` once it is ready (or at once), and waits for its end. */
async function run(behaviour: string, act: (child: ChildProcess) => void, whenReady = true): Promise<Ended> {
  const child = spawn(process.execPath, [PROGRAM, behaviour], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    if (stdout === '' && whenReady) act(child);
    stdout += part;
  });
  if (!whenReady) act(child);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, lines: stderr.split('\n').filter((line) => line !== '') };
}

const messages = ({ lines }: Ended): unknown[] => lines.map((line) => (JSON.parse(line) as { msg: unknown }).msg);

describe('lifecycle', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`prints one line when ready and ends with 0 on ${signal}`, async () => {
      let pid: number | undefined;
      const ended = await run('plain', (child) => {
        pid = child.pid;
        child.kill(signal);
      });
      expect(ended.code).to.equal(0);
      expect(ended.stdout).to.equal(`{"pid":${pid},"ready":true}\n`);
      expect(messages(ended)).to.deep.equal(['stopping', 'closing', 'closed']);
    });
  }

  test('takes a second signal for no more than the first', async () => {
    const ended = await run('slow-close', (child) => {
      child.kill('SIGINT');
      setTimeout(() => child.kill('SIGINT'), 50);
      setTimeout(() => child.kill('SIGTERM'), 100);
    });
    expect(ended.code).to.equal(0);
    expect(messages(ended)).to.deep.equal(['stopping', 'closing', 'closed']);
  });

  test('closes what a start still under way had opened', async () => {
    const ended = await run('slow-start', (child) => setTimeout(() => child.kill('SIGTERM'), 0), false);
    // The signal may come before the program has said that it wants to hear of it.
    if (ended.code === null) return;
    expect(ended).to.include({ code: 0, stdout: '' });
    expect(messages(ended)).to.deep.equal(['stopping', 'closing', 'closed']);
  });

  test('ends when its stdin does, if it was started as a child', async () => {
    expect((await run('child', (child) => child.stdin!.end())).code).to.equal(0);
  });

  test('does not end with its stdin otherwise', async () => {
    const ended = await run('plain', (child) => {
      child.stdin!.end();
      setTimeout(() => child.kill('SIGTERM'), 100);
    });
    expect(messages(ended)).to.deep.equal(['stopping', 'closing', 'closed']);
    expect(ended.lines[0]).to.contain('SIGTERM');
  });

  test('does not outlive a starter that is killed', async () => {
    const starter = spawn(
      process.execPath,
      [
        '-e',
        `const child = require('node:child_process').spawn(process.execPath, [${JSON.stringify(PROGRAM)}, 'child'], { stdio: ['pipe', 'pipe', 'inherit'] });
         child.stdout.pipe(process.stdout);`,
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const [line] = (await once(starter.stdout, 'data')) as [Buffer];
    const { pid } = JSON.parse(line.toString()) as { pid: number };
    starter.kill('SIGKILL');
    await once(starter, 'exit');
    const isAlive = (): boolean => {
      try {
        return process.kill(pid, 0);
      } catch {
        return false;
      }
    };
    while (isAlive()) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  const failures: [behaviour: string, message: RegExp][] = [
    ['bad-config', /"code":"MALFORMED".*"place":"\/port"/],
    ['throws', /mistake of ours.*lifecycle-program\.ts/],
    ['rejects', /mistake of ours.*lifecycle-program\.ts/],
  ];
  for (const [behaviour, message] of failures) {
    test(`ends with 1 and one fatal line: ${behaviour}`, async () => {
      const ended = await run(behaviour, () => {}, false);
      expect(ended.code).to.equal(1);
      expect(ended.lines).to.have.length(1);
      expect(ended.lines[0])
        .to.match(/"level":"fatal"/)
        .and.to.match(message);
      if (behaviour === 'bad-config') expect(ended.stdout).to.equal('');
    });
  }

  for (const behaviour of ['hangs', 'fails-to-close']) {
    test(`ends with 1 when closing ${behaviour}`, async () => {
      const ended = await run(behaviour, (child) => child.kill('SIGTERM'));
      expect(ended.code).to.equal(1);
      expect(messages(ended).at(-1)).to.equal('the program cannot go on');
    });
  }

  test('ends although nobody reads its stderr', async () => {
    const ended = await run('plain', (child) => {
      child.stderr!.destroy();
      child.kill('SIGTERM');
    });
    expect(ended.code).to.equal(0);
  });
});
