/**
 * The embedded chain's journal: the append-only text file from which the chain is made again after any crash. The record of a
 * block is on disk before the block is mined, so the file may hold one block that nobody has seen yet, never one too few.
 *
 *   chain 1 <chain id> <hardfork> <executor> <block gas limit> <genesis time> <digest>    the first line: what the hashes rest on
 *   block <number> <block time> 0x<one signed transaction> <digest>                       numbers 1, 2, 3 …; times never decrease
 *   head <number> 0x<block hash> <digest>                                                 the hash that the newest block got
 *
 * ASCII, one space between fields, LF after every line, times in seconds (the unit of block timestamps). digest = lower-case hex
 * of H(the digest above it, 32 zero bytes for the first line ‖ the line up to its last space): it shows damage, also a lost or
 * repeated line; it does not stop somebody who may write the file. Bytes after the last LF are a record that a crash cut short:
 * nothing rests on it and it is cut away. Any other line that does not hold stops the start, for what follows it was mined.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { conflict, unverified } from '../../core/bytes/error.ts';
import { type Hash, ZERO_HASH } from '../../core/bytes/hash.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { AppendFile } from '../../service/durable-file.ts';

/** What every block hash rests on, besides the transactions and their times. */
export interface ChainTerms {
  readonly chainId: number;
  readonly hardfork: string;
  /** Name and version of the program that executes: another version may give other hashes. */
  readonly executor: string;
  readonly gasLimit: number;
  readonly genesisSeconds: number;
}

export interface BlockRecord {
  readonly number: number;
  readonly timestampSeconds: number;
  /** The signed transaction, 0x and lower-case hex. */
  readonly raw: string;
}

export interface JournalContents {
  terms: ChainTerms | null;
  /** blocks[i] is block i + 1. */
  readonly blocks: BlockRecord[];
  /** Block hashes by block number, as they came out when the blocks were mined. */
  readonly heads: Map<number, string>;
  /** Bytes of whole records, and of the cut record after them. */
  wholeBytes: number;
  tornBytes: number;
  lastDigest: Hash;
}

const LINE_FEED = 0x0a;
const WORD = '[A-Za-z0-9./-]{1,64}';
const NUMBER = '(0|[1-9][0-9]{0,15})';
const CHAIN_LINE = new RegExp(`^chain 1 ${NUMBER} (${WORD}) (${WORD}) ${NUMBER} ${NUMBER}$`);
const BLOCK_LINE = new RegExp(`^block ${NUMBER} ${NUMBER} (0x(?:[0-9a-f]{2})+)$`);
const HEAD_LINE = new RegExp(`^head ${NUMBER} (0x[0-9a-f]{64})$`);

function formatTerms({ chainId, hardfork, executor, gasLimit, genesisSeconds }: ChainTerms): string {
  return `chain 1 ${chainId} ${hardfork} ${executor} ${gasLimit} ${genesisSeconds}`;
}

/** Adds what one line says; false if it says nothing that can stand at this place. */
function readLine(contents: JournalContents, text: string): boolean {
  const { blocks, heads, terms } = contents;
  const chain = CHAIN_LINE.exec(text);
  if (terms === null) {
    if (chain === null) return false;
    const [chainId, gasLimit, genesisSeconds] = [Number(chain[1]), Number(chain[4]), Number(chain[5])];
    contents.terms = { chainId, hardfork: chain[2]!, executor: chain[3]!, gasLimit, genesisSeconds };
    return [chainId, gasLimit, genesisSeconds].every(Number.isSafeInteger);
  }
  const block = BLOCK_LINE.exec(text);
  if (block !== null) {
    const [number, timestampSeconds, raw] = [Number(block[1]), Number(block[2]), block[3]!];
    const earliest = blocks.at(-1)?.timestampSeconds ?? terms.genesisSeconds;
    if (number !== blocks.length + 1 || timestampSeconds < earliest || !Number.isSafeInteger(timestampSeconds)) return false;
    blocks.push({ number, timestampSeconds, raw });
    return true;
  }
  const head = HEAD_LINE.exec(text);
  if (head === null || Number(head[1]) !== blocks.length || heads.has(blocks.length)) return false;
  heads.set(blocks.length, head[2]!);
  return true;
}

/** Throws UNVERIFIED at a whole line that does not hold; a cut last line is only counted. */
export function parseJournal(bytes: Uint8Array): JournalContents {
  const contents: JournalContents = {
    terms: null,
    blocks: [],
    heads: new Map(),
    wholeBytes: 0,
    tornBytes: 0,
    lastDigest: ZERO_HASH,
  };
  for (let line = 1; ; line++) {
    const from = contents.wholeBytes;
    const end = bytes.indexOf(LINE_FEED, from);
    if (end < 0) break;
    if (!takeLine(contents, bytes.subarray(from, end))) {
      throw unverified(
        'the embedded chain journal is damaged: put back a copy of it, or move its directory away to begin a new chain',
        {
          line,
          offset: from,
        },
      );
    }
    contents.wholeBytes = end + 1;
  }
  contents.tornBytes = bytes.length - contents.wholeBytes;
  return contents;
}

/** Checks the digest, then reads the line. False at a line that does not hold. */
function takeLine(contents: JournalContents, line: Uint8Array): boolean {
  const space = line.lastIndexOf(0x20);
  if (space < 0) return false;
  const digest = sm3(contents.lastDigest, line.subarray(0, space));
  if (encodeHex(digest) !== String.fromCharCode(...line.subarray(space + 1, space + 66))) return false;
  contents.lastDigest = digest;
  return readLine(contents, decodeUtf8(line.subarray(0, space)));
}

async function readIfThere(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return new Uint8Array();
    throw error;
  });
}

/** The kernel drops this lock when the process ends, however it ends; no stale lock can stand in the way of a restart. */
function lockJournal(directory: string): DatabaseSync {
  // SQLite is here for its file lock alone: Node has no other that the kernel keeps.
  const lock = new DatabaseSync(join(directory, 'journal.lock'));
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return lock;
  } catch {
    lock.close();
    throw conflict('another process is running the embedded chain in this directory', { directory });
  }
}

/** One open journal, locked. Calls must not overlap; after one has thrown, the journal takes no more. */
export class Journal {
  readonly #file: AppendFile;
  readonly #lock: DatabaseSync;
  #lastDigest: Hash;

  private constructor(file: AppendFile, lock: DatabaseSync, lastDigest: Hash) {
    this.#file = file;
    this.#lock = lock;
    this.#lastDigest = lastDigest;
  }

  /** Begins a new one where there is none; cuts a torn tail. Throws CONFLICT if it is in use, UNVERIFIED if it is damaged. */
  static async open(directory: string): Promise<{ journal: Journal; contents: JournalContents }> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const lock = lockJournal(directory);
    try {
      const path = join(directory, 'journal');
      const contents = parseJournal(await readIfThere(path));
      const file = await AppendFile.open(path, contents.wholeBytes);
      return { journal: new Journal(file, lock, contents.lastDigest), contents };
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  writeTerms(terms: ChainTerms): Promise<void> {
    return this.#append(formatTerms(terms));
  }

  /** On return the record is on disk: the block may be mined. */
  writeBlock({ number, timestampSeconds, raw }: BlockRecord): Promise<void> {
    return this.#append(`block ${number} ${timestampSeconds} ${raw}`);
  }

  writeHead(number: number, blockHash: string): Promise<void> {
    return this.#append(`head ${number} ${blockHash}`);
  }

  async #append(text: string): Promise<void> {
    const digest = sm3(this.#lastDigest, encodeUtf8(text));
    await this.#file.append(encodeUtf8(`${text} ${encodeHex(digest)}\n`));
    this.#lastDigest = digest;
  }

  async close(): Promise<void> {
    await this.#file.close();
    this.#lock.close();
  }
}
