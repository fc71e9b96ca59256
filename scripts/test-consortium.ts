/**
 * Builds the engine, runs test/consortium/story.ts and ends with `N passed, N failed`. Where the engine cannot be built nothing is
 * passed: the exit code is not 0, and the reason stands above the last line.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { run } from 'node:test';

const root = join(import.meta.dirname, '..');
const counts = { passed: 0, failed: 0 };

function report(isPass: boolean, name: string, detail = ''): void {
  counts[isPass ? 'passed' : 'failed']++;
  console.log(`${isPass ? '✓' : '✗'} ${name}${detail}`);
}

function explain(error: Error): string {
  const cause: unknown = error.cause ?? error;
  return `\n  ${(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)).split('\n').slice(0, 25).join('\n  ')}`;
}

async function playStory(): Promise<void> {
  const stream = run({ files: [join(root, 'test/consortium/story.ts')], timeout: 1_800_000, cwd: root });
  stream.on('test:pass', ({ name, details, skip }) => {
    if (details.type !== 'suite') report(skip === undefined, name, `, ${Math.round(details.duration_ms / 100) / 10} s`);
  });
  stream.on('test:fail', ({ name, details, nesting }) => {
    if (details.type !== 'suite' || nesting === 0) report(false, name, explain(details.error));
  });
  stream.on('test:diagnostic', ({ message, nesting }) => {
    if (nesting > 0) console.log(`    ${message}`);
  });
  stream.on('test:stderr', ({ message }) => process.stderr.write(message));
  for await (const _ of stream);
}

const startedAt = Date.now();
const { status } = spawnSync(process.execPath, [join(root, 'deploy/consortium/consortium.ts'), 'build'], { stdio: 'inherit' });
if (status === 0) {
  console.log(`the engine is built: ${Math.round((Date.now() - startedAt) / 1000)} s`);
  await playStory();
} else {
  report(false, 'NOT RUN: the consortium engine could not be built here (it needs Go and a C compiler; see above)');
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
