/** An encrypted file that grows: what it keeps, what it refuses, and what a stop in the middle of a record leaves. */
import { after, before, describe, test } from 'node:test';
import { chmod, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { SealedJournal } from '../../service/sealed-journal.ts';

const PASSPHRASE = 'correct horse battery';
let folder: string;
const at = (name: string): string => join(folder, name);

before(async () => void (folder = await mkdtemp(join(tmpdir(), 'veritrail-sealed-'))));
after(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, ...records: readonly string[]): Promise<string> {
  const [first, ...others] = records.map(encodeUtf8);
  const journal = await SealedJournal.create(at(name), PASSPHRASE, first!);
  for (const record of others) await journal.append(record);
  await journal.close();
  return at(name);
}

async function readAll(path: string, passphrase = PASSPHRASE): Promise<string[]> {
  const { journal, records } = await SealedJournal.open(path, passphrase);
  await journal.close();
  return records.map(decodeUtf8);
}

async function refusal(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (isCodedError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('a sealed journal', () => {
  test('gives back its records, and shows none of them, to its owner alone', async () => {
    const path = await written('one', 'first', 'second', 'third');
    expect(await readAll(path)).to.deep.equal(['first', 'second', 'third']);
    const bytes = await readFile(path, 'latin1');
    for (const word of ['first', 'second', 'third']) expect(bytes).to.not.contain(word);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    await chmod(path, 0o644);
    expect(await refusal(() => readAll(path))).to.equal('FORBIDDEN');
  });

  test('goes on where it was left, and under a new head once it is written anew', async () => {
    const path = await written('two', 'first');
    const { journal } = await SealedJournal.open(path, PASSPHRASE);
    await journal.append(encodeUtf8('second'));
    const head = (await readFile(path, 'latin1')).split('\n')[0];
    await journal.rewrite(encodeUtf8('anew'));
    await journal.append(encodeUtf8('more'));
    await journal.close();
    expect(await readAll(path)).to.deep.equal(['anew', 'more']);
    expect((await readFile(path, 'latin1')).split('\n')[0]).to.not.equal(head);
  });

  test('is not overwritten, nor opened with another passphrase or a short one', async () => {
    const path = await written('three', 'first');
    expect(await refusal(() => SealedJournal.create(path, PASSPHRASE, encodeUtf8('x')))).to.equal('CONFLICT');
    expect(await refusal(() => readAll(path, 'another passphrase'))).to.equal('FORBIDDEN');
    expect(await refusal(() => SealedJournal.create(at('short'), 'short', encodeUtf8('x')))).to.equal('MALFORMED');
    expect(await refusal(() => readAll(at('none')))).to.equal('NOT_FOUND');
  });

  test('whose last record was not written whole loses that one, and takes the next in its place', async () => {
    const path = await written('four', 'first', 'second');
    const { size } = await stat(path);
    await truncate(path, size - 3);
    const { journal, records } = await SealedJournal.open(path, PASSPHRASE);
    expect(records.map(decodeUtf8)).to.deep.equal(['first']);
    await journal.append(encodeUtf8('again'));
    await journal.close();
    expect(await readAll(path)).to.deep.equal(['first', 'again']);
  });

  test('with a byte changed, a record moved or taken from another file is refused', async () => {
    const path = await written('five', 'first', 'second');
    const other = await written('six', 'first', 'other!');
    const bytes = await readFile(path);
    const start = bytes.indexOf(0x0a) + 1;
    for (const offset of [start + 5, start + 30, bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[offset]! ^= 1;
      await writeFile(at('changed'), changed, { mode: 0o600 });
      expect(await refusal(() => readAll(at('changed')))).to.be.oneOf(['FORBIDDEN', 'MALFORMED']);
    }
    const length = bytes.length - start;
    const records = [bytes.subarray(start, start + 25), bytes.subarray(start + 25)];
    expect(25 + records[1]!.length).to.equal(length);
    for (const body of [[records[1]!, records[0]!], [records[0]!, (await readFile(other)).subarray(start + 25)], [records[1]!]]) {
      await writeFile(at('moved'), Buffer.concat([bytes.subarray(0, start), ...body]), { mode: 0o600 });
      expect(await refusal(() => readAll(at('moved')))).to.be.oneOf(['FORBIDDEN', 'MALFORMED']);
    }
    await writeFile(at('headless'), 'nothing', { mode: 0o600 });
    expect(await refusal(() => readAll(at('headless')))).to.equal('MALFORMED');
  });
});
