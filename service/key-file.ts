/** Key files (core/sealed/key-file.ts) on disk: made once, and their owner's alone (0600). */
import { randomBytes } from 'node:crypto';
import { type FileType, MAX_KEY_FILE_BYTES, openKey, sealKey, type TypedKey } from '../core/sealed/key-file.ts';
import { createFileDurably, readPrivateFile } from './durable-file.ts';

/** Never overwrites: throws CONFLICT when the file exists, MALFORMED for a short passphrase. */
export async function createKeyFile(path: string, passphrase: string, key: TypedKey<FileType>): Promise<void> {
  await createFileDurably(path, await sealKey(key, passphrase, randomBytes));
}

/**
 * Throws NOT_FOUND, FORBIDDEN for permissions that are too wide and for a wrong passphrase, MALFORMED for a damaged file or a key
 * of another type.
 */
export async function openKeyFile<Type extends FileType>(path: string, passphrase: string, type: Type): Promise<TypedKey<Type>> {
  return openKey(await readPrivateFile(path, MAX_KEY_FILE_BYTES), passphrase, type);
}
