/**
 * Small files that must survive a power cut. When `replaceFileDurably`, `createFileDurably` or `append` has returned, the bytes are
 * on disk under their name; when it has not, the name holds the old bytes or the new, never a mixture.
 */
import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { conflict, forbidden, invariant, malformed, notFound, unavailable } from '../core/bytes/error.ts';

/** Read and written by the owner alone. */
const PRIVATE = 0o600;

/** A new name is durable only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Writes beside `path` under a random name, fsyncs, lets `publish` give it its name, fsyncs the directory. */
async function writeBeside(path: string, bytes: Uint8Array, publish: (written: string) => Promise<void>): Promise<void> {
  const written = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = await open(written, 'wx', PRIVATE);
  try {
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await publish(written);
  } catch (error) {
    await file.close();
    await unlink(written).catch(() => {});
    throw error;
  }
  await syncDirectory(path);
}

/** The file belongs to its owner alone (0600). */
export async function replaceFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  await writeBeside(path, bytes, (written) => rename(written, path));
}

/** Throws CONFLICT when the name is taken: of two that create it, one succeeds. */
export async function createFileDurably(path: string, bytes: Uint8Array): Promise<void> {
  await writeBeside(path, bytes, async (written) => {
    await link(written, path).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' ? conflict('the file exists and is not overwritten', { path }) : error;
    });
    await unlink(written);
  });
}

/**
 * Reads a secret. Throws NOT_FOUND, FORBIDDEN when anybody but the owner may read or write it, MALFORMED beyond `maxBytes`.
 * Permissions are asked of the open file, so that it cannot be exchanged in between.
 */
export async function readPrivateFile(path: string, maxBytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw notFound('there is no such file', { path });
    throw unavailable('the file cannot be opened', { path, reason: error.code ?? null });
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw malformed('not a file', { path });
    if ((stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8);
      throw forbidden('a file with secrets must be readable by its owner alone (chmod 600)', { path, mode });
    }
    if (stat.size > maxBytes) throw malformed('the file is too long', { path, maxBytes });
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}

/** A file that only grows. After a failed append its end is unknown, so that it takes no more. */
export class AppendFile {
  readonly #file: FileHandle;
  #failed = false;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Keeps the first `size` bytes: the reader of the format says where the last whole record ends, and a torn tail is cut. */
  static async open(path: string, size: number): Promise<AppendFile> {
    const file = await open(path, 'a', PRIVATE);
    try {
      invariant((await file.stat()).size >= size, 'no more is kept than the file has');
      await file.truncate(size);
      await file.sync();
      await syncDirectory(path);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new AppendFile(file);
  }

  /** One at a time: the caller waits for one append before the next. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#failed) throw unavailable('an earlier append to this file failed');
    this.#failed = true;
    await this.#file.appendFile(bytes);
    await this.#file.datasync();
    this.#failed = false;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
