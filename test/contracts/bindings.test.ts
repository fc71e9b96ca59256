import { test } from 'node:test';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BINDINGS_FOLDER, generateBindings } from '../../scripts/generate-bindings.ts';

async function filesOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const files = await Promise.all(
    paths.sort().map(async (path) => [path.slice(folder.length), await readFile(path, 'utf8')] as const),
  );
  return Object.fromEntries(files);
}

test('the committed bindings are what the contracts compile to, byte for byte', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'bindings-'));
  const folder = join(parent, 'bindings');
  await generateBindings(folder);
  const [committed, generated] = await Promise.all([filesOf(BINDINGS_FOLDER), filesOf(folder)]);
  expect(Object.keys(committed)).to.deep.equal(Object.keys(generated));
  for (const [path, text] of Object.entries(generated)) expect(committed[path] === text, `stale: ${path}`).to.equal(true);
  await rm(parent, { recursive: true });
});
