import { afterEach, beforeEach, describe, test } from 'node:test';
import { mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { ErrorCode } from '../../core/bytes/error.ts';
import { type BodySecret, SecretFile } from '../../node/bodies/secret-file.ts';
import { bytesOf } from '../log/memory-log.ts';

const secret = (name: string): BodySecret => ({ key: bytesOf(`key ${name}`).slice(0, 16), nonce: bytesOf(`nonce ${name}`) });

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vt-secrets-'));
  path = join(directory, 'secrets');
});
afterEach(() => rm(directory, { recursive: true }));

async function refusal(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error: unknown = await work.then(
    () => 'done',
    (thrown: unknown) => thrown,
  );
  expect(isCodedError(error, code), String(error)).to.equal(true);
}

/** With three secrets, of which the second is erased. */
async function threeSecrets(): Promise<SecretFile> {
  const file = await SecretFile.open(path);
  expect(await file.add([secret('a'), secret('b')])).to.equal(0);
  expect(await file.add([secret('c')])).to.equal(2);
  await file.erase([1]);
  return file;
}

describe('the keys of bodies', () => {
  test('are found again at their places, also after a restart', async () => {
    await (await threeSecrets()).close();
    const file = await SecretFile.open(path);
    expect([await file.read(0), await file.read(1), await file.read(2)]).to.deep.equal([secret('a'), null, secret('c')]);
    expect(file.count).to.equal(3);
    await file.close();
  });

  test('belong to their owner alone', async () => {
    await (await threeSecrets()).close();
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });

  test('once erased are nowhere in the file, and the others are', async () => {
    await (await threeSecrets()).close();
    const text = encodeHex(await readFile(path));
    for (const [name, isThere] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const) {
      expect(text.includes(encodeHex(secret(name).key)), name).to.equal(isThere);
      expect(text.includes(encodeHex(secret(name).nonce)), name).to.equal(isThere);
    }
  });

  test('may be erased twice', async () => {
    const file = await threeSecrets();
    await file.erase([1, 1]);
    expect(await file.read(1)).to.equal(null);
    await file.close();
  });

  test('written at the same moment have places of their own', async () => {
    const file = await SecretFile.open(path);
    const names = Array.from({ length: 20 }, (_, i) => `${i}`);
    const places = await Promise.all(names.map((name) => file.add([secret(name)])));
    expect(new Set(places).size).to.equal(20);
    for (const [i, name] of names.entries()) expect(await file.read(places[i]!)).to.deep.equal(secret(name));
    await file.close();
  });

  test('are UNAVAILABLE once a bit is flipped, and never another key', async () => {
    await (await threeSecrets()).close();
    const bytes = await readFile(path);
    for (let at = 64; at < 64 * 4; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at]! ^= 1;
      await writeFile(path, damaged);
      const file = await SecretFile.open(path);
      await refusal(file.read(Math.floor(at / 64) - 1), 'UNAVAILABLE');
      await file.close();
    }
  });

  test('swapped between places are UNAVAILABLE', async () => {
    await (await threeSecrets()).close();
    const bytes = await readFile(path);
    await writeFile(path, Buffer.concat([bytes.subarray(0, 64), bytes.subarray(192, 256), bytes.subarray(128, 256)]));
    const file = await SecretFile.open(path);
    await refusal(file.read(0), 'UNAVAILABLE');
    await file.close();
  });

  test('that a torn write left half there give their place to the next', async () => {
    await (await threeSecrets()).close();
    await truncate(path, 64 * 4 - 10);
    const file = await SecretFile.open(path);
    await refusal(file.read(2), 'UNAVAILABLE');
    expect(await file.add([secret('d')])).to.equal(2);
    expect(await file.read(2)).to.deep.equal(secret('d'));
    await file.close();
  });

  test('of an older copy of the file are missing, not empty', async () => {
    const file = await threeSecrets();
    await refusal(file.read(3), 'UNAVAILABLE');
    await refusal(file.erase([3]), 'UNAVAILABLE');
    await file.close();
  });

  test('are not looked for in another file, nor behind a link', async () => {
    await writeFile(path, 'something else'.padEnd(64));
    await refusal(SecretFile.open(path), 'MALFORMED');
    const link = join(directory, 'link');
    await symlink(path, link);
    await refusal(SecretFile.open(link), 'UNAVAILABLE');
  });
});
