import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { CodedError } from '../../core/bytes/error.ts';
import { AppendFile, createFileDurably, readPrivateFile, replaceFileDurably } from '../../service/durable-file.ts';

const codeOf = (error: unknown): string => (error instanceof CodedError ? error.code : `not coded: ${String(error)}`);

describe('durable-file', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'durable-'));
  });
  after(() => rm(directory, { recursive: true }));

  test('replaces a file as a whole, private, and leaves nothing beside it', async () => {
    const path = join(directory, 'register');
    for (const text of ['a longer first content', 'second']) await replaceFileDurably(path, encodeUtf8(text));
    expect(await readFile(path, 'utf8')).to.equal('second');
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(directory)).to.deep.equal(['register']);
  });

  test('holds one of the contents after many replacements at once', async () => {
    const path = join(directory, 'contended');
    const contents = Array.from({ length: 8 }, (_, i) => String(i).repeat(10_000 + i));
    await Promise.all(contents.map((text) => replaceFileDurably(path, encodeUtf8(text))));
    expect(contents).to.contain(await readFile(path, 'utf8'));
  });

  test('refuses to create over an existing file, and of many creators lets one through', async () => {
    const path = join(directory, 'once');
    const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((text) => createFileDurably(path, encodeUtf8(text))));
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(refused.map(({ reason }) => codeOf(reason))).to.deep.equal(['CONFLICT', 'CONFLICT', 'CONFLICT']);
    const content = await readFile(path, 'utf8');
    expect(await createFileDurably(path, encodeUtf8('late')).catch(codeOf)).to.equal('CONFLICT');
    expect(await readFile(path, 'utf8')).to.equal(content);
    expect((await readdir(directory)).filter((name) => name.endsWith('.new'))).to.deep.equal([]);
  });

  test('leaves the old file and nothing else when it cannot publish the new one', async () => {
    const taken = join(directory, 'a-directory');
    await mkdir(taken);
    expect(await replaceFileDurably(taken, encodeUtf8('x')).catch(codeOf)).to.match(/EISDIR|ENOTEMPTY|EEXIST/);
    expect((await readdir(directory)).filter((name) => name.endsWith('.new'))).to.deep.equal([]);
  });

  test('reads a private file and refuses any other', async () => {
    const path = join(directory, 'secret');
    await writeFile(path, 'secret', { mode: 0o600 });
    expect(await readPrivateFile(path, 6)).to.deep.equal(encodeUtf8('secret'));
    expect(await readPrivateFile(path, 5).catch(codeOf)).to.equal('MALFORMED');
    await chmod(path, 0o640);
    expect(await readPrivateFile(path, 6).catch(codeOf)).to.equal('FORBIDDEN');
    expect(await readPrivateFile(join(directory, 'absent'), 6).catch(codeOf)).to.equal('NOT_FOUND');
    expect(await readPrivateFile(directory, 6).catch(codeOf)).to.equal('MALFORMED');
    expect(await readPrivateFile(join(path, 'below'), 6).catch(codeOf)).to.equal('UNAVAILABLE');
  });

  test('appends, and cuts a torn tail when it opens again', async () => {
    const path = join(directory, 'journal');
    const first = await AppendFile.open(path, 0);
    await first.append(encodeUtf8('one,'));
    await first.append(encodeUtf8('two,torn'));
    await first.close();
    const second = await AppendFile.open(path, 8);
    await second.append(encodeUtf8('three,'));
    await second.close();
    expect(await readFile(path, 'utf8')).to.equal('one,two,three,');
  });

  test('never makes a file longer to keep what is not there', async () => {
    const path = join(directory, 'short');
    await writeFile(path, 'abc');
    expect(await AppendFile.open(path, 4).catch(codeOf)).to.match(/invariant/);
    expect(await readFile(path, 'utf8')).to.equal('abc');
  });

  test('takes no more after an append that failed', async () => {
    const file = await AppendFile.open(join(directory, 'failing'), 0);
    await file.close();
    expect(await file.append(encodeUtf8('x')).catch(codeOf)).to.match(/EBADF|closed/);
    expect(await file.append(encodeUtf8('x')).catch(codeOf)).to.equal('UNAVAILABLE');
  });
});
