/** Where a passphrase comes from: a private file, or the terminal without echo. Never an argument: those are seen by others. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { decodeUtf8 } from '../core/bytes/bytes.ts';
import { malformed } from '../core/bytes/error.ts';
import { readPrivateFile } from '../service/durable-file.ts';

const MAX_PASSPHRASE_BYTES = 1024;

/** `of` is what it opens, for a command that needs two. Throws as `readPrivateFile`, or MALFORMED when there is neither a file nor a terminal. */
export async function readPassphrase(path: string | undefined, of?: string): Promise<string> {
  if (path !== undefined) return decodeUtf8(await readPrivateFile(path, MAX_PASSPHRASE_BYTES)).replace(/\r?\n$/, '');
  if (!process.stdin.isTTY) throw malformed('a passphrase is needed: --passphrase-file FILE (mode 0600)');
  process.stderr.write(of === undefined ? 'Passphrase: ' : `Passphrase of ${of}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  const passphrase = await terminal.question('');
  terminal.close();
  process.stderr.write('\n');
  return passphrase;
}
