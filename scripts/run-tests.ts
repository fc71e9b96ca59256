/**
 * Runs the static checks and all tests, prints failures with their reasons, and ends with `N passed, N failed`.
 *
 * `npm test -- core e2e/page` runs only the test files whose path holds one of the words, without the static checks.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import type { EventData } from 'node:test';
import { installBrowser } from './browser.ts';

const root = join(import.meta.dirname, '..');
const words = process.argv.slice(2);
const counts = { passed: 0, failed: 0 };

function report(isPass: boolean, name: string, detail = ''): void {
  counts[isPass ? 'passed' : 'failed']++;
  if (!isPass) console.log(`✗ ${name}\n${detail}\n`);
}

/** A tool that must exit 0, run as a check of its own. */
function staticCheck(name: string, tool: string, args: readonly string[]): void {
  const done = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], { cwd: root, encoding: 'utf8' });
  report(done.status === 0, name, `${done.stdout}${done.stderr}`);
  console.log(`${done.status === 0 ? '✓' : '✗'} ${name}`);
}

function explain(data: EventData.TestFail): string {
  const cause: unknown = data.details.error.cause ?? data.details.error;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  return `  ${data.file ?? ''}:${data.line ?? ''}\n  ${text.split('\n').slice(0, 25).join('\n  ')}`;
}

/** Each file in a process of its own. Those that start the whole system run one after the other. */
async function runFiles(files: readonly string[], concurrency: number): Promise<void> {
  if (files.length === 0) return;
  const stream = run({ files: [...files], concurrency, timeout: 900_000, cwd: root });
  stream.on('test:pass', (data) => {
    if (data.details.type !== 'suite' && data.skip === undefined && data.todo === undefined) report(true, data.name);
    if (data.skip !== undefined) report(false, data.name, '  a skipped test counts as failed');
  });
  stream.on('test:fail', (data) => {
    if (data.details.type !== 'suite' || data.nesting === 0) report(false, data.name, explain(data));
  });
  stream.on('test:stderr', (data) => process.stderr.write(data.message));
  for await (const event of stream) {
    if (event.type === 'test:summary' && event.data.file !== undefined) {
      const { passed, failed } = event.data.counts;
      console.log(`${failed === 0 ? '✓' : '✗'} ${event.data.file.slice(root.length + 1)}: ${passed} passed, ${failed} failed`);
    }
  }
}

const isChosen = (file: string): boolean => words.length === 0 || words.some((word) => file.slice(root.length).includes(word));
const files = globSync('test/**/*.test.ts', { cwd: root })
  .map((file) => join(root, file))
  .filter(isChosen)
  .toSorted();
const isWhole = (file: string): boolean => /\/test\/(e2e|embedded|web)\//.test(file);

if (words.length === 0) {
  staticCheck('formatted (prettier)', 'prettier/bin/prettier.cjs', ['--check', '--log-level', 'warn', '.']);
  staticCheck('typed (tsc)', 'typescript/bin/tsc', ['-p', '.']);
  staticCheck('linted (oxlint, type-aware)', 'oxlint/bin/oxlint', ['--type-aware', '--deny-warnings']);
}
if (files.some(isWhole)) installBrowser();
await runFiles(
  files.filter((file) => !isWhole(file)),
  2,
);
await runFiles(files.filter(isWhole), 1);

console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
