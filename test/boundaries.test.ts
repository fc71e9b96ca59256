import { readFileSync, globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, test } from 'node:test';
import { expect } from 'chai';

const root = join(import.meta.dirname, '..');

/** Which top-level folders a folder may import from. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  service: ['core', 'service'],
  chain: ['core', 'service', 'chain'],
  node: ['core', 'service', 'chain', 'node'],
  verifier: ['core', 'service', 'chain', 'verifier'],
  gateway: ['core', 'service', 'gateway'],
  portal: ['core', 'service', 'portal'],
  web: ['core', 'web'],
  cli: ['core', 'service', 'chain', 'cli', 'samples'],
  scripts: ['core', 'service', 'chain', 'web', 'samples', 'scripts'],
  bench: ['core', 'bench', 'samples', 'test'],
  deploy: ['core', 'service', 'deploy'],
};
/** Packages that only one folder may know. */
const ONLY_IN: Readonly<Record<string, string>> = {
  ethers: 'chain',
  fflate: 'core',
  preact: 'web',
  zod: 'service chain node verifier gateway portal scripts',
  jose: 'service',
  'openid-client': 'portal',
  'oidc-provider': 'scripts',
};
const GENERATED = /^(chain\/bindings|web\/dist|web\/dist-citizen)\//;

const folders = Object.keys(MAY_IMPORT);
const sources = folders
  .flatMap((folder) => globSync(`${folder}/**/*.{ts,tsx}`, { cwd: root }))
  .filter((file) => !GENERATED.test(file));

function importsOf(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
}

/** What is loaded with a file: types are not, and what is imported when it is needed. */
function loadedWith(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^import (?!type\b)(?:[^;']*? from )?'(\.[^']+)'/gm)].map((match) =>
    relative(root, join(root, dirname(file), match[1]!)),
  );
}

describe('the folders', () => {
  test('import only what their place allows', () => {
    const wrong = sources.flatMap((file) => {
      const folder = file.split('/')[0]!;
      return importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => relative(root, join(root, dirname(file), name)))
        .filter((target) => !MAY_IMPORT[folder]!.includes(target.split('/')[0]!))
        .map((target) => `${file} → ${target}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  test('keep each package in the one place that may know it', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .filter((name) => ONLY_IN[name.split('/')[0]!] !== undefined)
        .filter((name) => !ONLY_IN[name.split('/')[0]!]!.split(' ').includes(file.split('/')[0]!))
        .map((name) => `${file} → ${name}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  test('load the chain for the chain commands alone: verify answers at once, and without it', () => {
    const loaded = new Set(['cli/main.ts']);
    for (const file of loaded) if (file.endsWith('.ts')) for (const other of loadedWith(file)) loaded.add(other);
    expect(loaded.size).to.be.greaterThan(20);
    expect([...loaded].filter((file) => file.startsWith('chain/'))).to.deep.equal([]);
    const wrong = sources.filter(
      (file) => /^cli\/[^/]+$/.test(file) && importsOf(file).some((name) => name.startsWith('../chain/')),
    );
    expect(wrong).to.deep.equal([]);
  });

  test('core runs in a browser: it imports no Node module', () => {
    const wrong = sources.filter(
      (file) => /^(core|web)\//.test(file) && importsOf(file).some((name) => name.startsWith('node:')),
    );
    expect(wrong).to.deep.equal([]);
  });

  test('no production folder uses the test oracle for SM2', () => {
    const wrong = sources.filter((file) => importsOf(file).includes('sm-crypto'));
    expect(wrong).to.deep.equal([]);
  });

  test('are at most two levels deep, with at most 15 files each', () => {
    const counts = new Map<string, number>();
    for (const file of sources) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    const wrong = [...counts].filter(([folder, count]) => count > 15 || folder.split('/').length > 2);
    expect(wrong).to.deep.equal([]);
  });

  test('have no barrel files and no files named for nothing', () => {
    const wrong = sources.filter((file) => /\/(index|utils?|helpers?|common|types)\.tsx?$/.test(file));
    expect(wrong).to.deep.equal([]);
  });
});
