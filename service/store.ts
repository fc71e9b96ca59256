/**
 * A key-value store over LevelDB whose values carry their own hash: stored = SM3(key ‖ value)[0, 16) ‖ value, the key with the
 * prefix of its key space. LevelDB does not check its blocks when it reads, so that a flipped bit on disk would be an
 * answer; here it is UNAVAILABLE.
 *
 * What a value under a key was, is certain. That a key is *absent*, or that its value is the *newest*, is LevelDB's word: a flipped
 * bit in a stored key hides the entry. Whoever concludes something from absence must prove it by other means (the map by its
 * root). A few kinds of damage LevelDB meets with an assertion that ends the process.
 *
 * The hash needs no label: it is a checksum that never leaves this directory, is never signed and is compared with nothing
 * but itself.
 */
import { access, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { concatBytes, encodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import type { CodedError } from '../core/bytes/error.ts';
import { conflict, invariant, unavailable } from '../core/bytes/error.ts';
import { sm3 } from '../core/sm/sm3.ts';
import { createFileDurably } from './durable-file.ts';

export interface KeyRange {
  /** The first key, itself included. */
  readonly from?: Uint8Array;
  /** The first key beyond. */
  readonly to?: Uint8Array;
  /** From the last key to the first. */
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** Keys of one kind, in the order of their bytes. Reads throw UNAVAILABLE on damage and after `close`. */
export interface KeySpace {
  readonly name: string;
  /** `name ‖ '/'`: no prefix begins another. */
  readonly prefix: Uint8Array;
  getSync(key: Uint8Array): Uint8Array | undefined;
  get(key: Uint8Array): Promise<Uint8Array | undefined>;
  has(key: Uint8Array): Promise<boolean>;
  /** Sees the store as it was at the first step. */
  iterate(range?: KeyRange): AsyncIterable<readonly [key: Uint8Array, value: Uint8Array]>;
}

/** All of it or nothing. Of two operations on one key the later counts. */
export interface Batch {
  put(space: KeySpace, key: Uint8Array, value: Uint8Array): this;
  del(space: KeySpace, key: Uint8Array): this;
  /** `sync`: on disk when it returns. Without: survives a killed process, not a power cut, and never a later write without it. */
  write(options: { readonly sync: boolean }): Promise<void>;
}

export interface Store {
  /** `name`: 1 to 16 of [a-z-]. */
  space(name: string): KeySpace;
  batch(): Batch;
  close(): Promise<void>;
}

type Database = Level<Uint8Array, Uint8Array>;

const CHECKSUM_LENGTH = 16;
const PAGE_ENTRIES = 1000;
const PAGE_BYTES = 256 << 10;

export function keySpacePrefix(name: string): Uint8Array {
  invariant(/^[a-z-]{1,16}$/.test(name), 'a key space has a name of [a-z-]');
  return encodeUtf8(`${name}/`);
}

function seal(key: Uint8Array, value: Uint8Array): Uint8Array {
  return concatBytes(sm3(key, value).subarray(0, CHECKSUM_LENGTH), value);
}

/** Names the key space and never the key: keys may be secrets of a person's history. */
function damaged(space: string): CodedError {
  return unavailable('the index is damaged', { space });
}

class LevelSpace implements KeySpace {
  readonly name: string;
  readonly prefix: Uint8Array;
  /** The first key beyond: '0' follows '/'. */
  readonly #end: Uint8Array;
  readonly #database: Database;

  constructor(database: Database, name: string) {
    this.name = name;
    this.prefix = keySpacePrefix(name);
    this.#end = encodeUtf8(`${name}0`);
    this.#database = database;
  }

  /** A plain Uint8Array: what LevelDB gives is a Buffer, whose `slice` does not copy. */
  #open(key: Uint8Array, stored: Uint8Array): Uint8Array {
    if (stored.length < CHECKSUM_LENGTH) throw damaged(this.name);
    const value = new Uint8Array(stored.buffer, stored.byteOffset + CHECKSUM_LENGTH, stored.length - CHECKSUM_LENGTH);
    const checksum = sm3(key, value).subarray(0, CHECKSUM_LENGTH);
    if (!equalBytes(checksum, stored.subarray(0, CHECKSUM_LENGTH))) throw damaged(this.name);
    return value;
  }

  /** Damage that LevelDB sees itself, an unreadable disk, a closed store. */
  readonly #refuse = (error: unknown): never => {
    throw unavailable('the index cannot be read', { space: this.name }, error);
  };

  getSync(key: Uint8Array): Uint8Array | undefined {
    const fullKey = concatBytes(this.prefix, key);
    let stored;
    try {
      stored = this.#database.getSync(fullKey);
    } catch (error) {
      return this.#refuse(error);
    }
    return stored && this.#open(fullKey, stored);
  }

  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const fullKey = concatBytes(this.prefix, key);
    const stored: Uint8Array | undefined = await this.#database.get(fullKey).catch(this.#refuse);
    return stored && this.#open(fullKey, stored);
  }

  async has(key: Uint8Array): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async *iterate({ from, to, reverse = false, limit = -1 }: KeyRange = {}): AsyncGenerator<readonly [Uint8Array, Uint8Array]> {
    if (this.#database.status !== 'open') this.#refuse(new Error('the store is closed'));
    const gte = from ? concatBytes(this.prefix, from) : this.prefix;
    const lt = to ? concatBytes(this.prefix, to) : this.#end;
    const entries = this.#database.iterator({ gte, lt, reverse, limit, highWaterMarkBytes: PAGE_BYTES });
    try {
      for (;;) {
        const page = await entries.nextv(PAGE_ENTRIES).catch(this.#refuse);
        if (page.length === 0) return;
        for (const [key, stored] of page) yield [new Uint8Array(key.subarray(this.prefix.length)), this.#open(key, stored)];
      }
    } finally {
      await entries.close();
    }
  }
}

/** LevelDB's chained batch: its array batch takes several times as long. */
class LevelBatch implements Batch {
  readonly #chain: ReturnType<Database['batch']>;

  constructor(database: Database) {
    this.#chain = database.batch();
  }

  put(space: KeySpace, key: Uint8Array, value: Uint8Array): this {
    const fullKey = concatBytes(space.prefix, key);
    this.#chain.put(fullKey, seal(fullKey, value));
    return this;
  }

  del(space: KeySpace, key: Uint8Array): this {
    this.#chain.del(concatBytes(space.prefix, key));
    return this;
  }

  async write({ sync }: { readonly sync: boolean }): Promise<void> {
    await this.#chain.write({ sync }).catch((error: unknown) => {
      throw unavailable('the index cannot be written', {}, error);
    });
  }
}

class LevelStore implements Store {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  space(name: string): KeySpace {
    return new LevelSpace(this.#database, name);
  }

  batch(): Batch {
    if (this.#database.status !== 'open') throw unavailable('the store is closed');
    return new LevelBatch(this.#database);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}

/**
 * Where LevelDB finds damage in its write-ahead log it drops that part, notes so in its LOG, opens, and has forgotten it by the next
 * start. One bit can cost every write of a 32 KiB block. We look at the notes and refuse, now and ever after. (A bad length in the
 * last block looks to LevelDB like a write cut short, and is not noted.)
 */
const DROPPED = /dropping \d+ bytes|ignoring error/i;
const NOTES = ['LOG', 'LOG.old'];
const NOTES_BYTES = 64 << 10;
const DAMAGE_MARK = 'DAMAGED';

async function hasDroppedWrites(directory: string): Promise<boolean> {
  for (const name of NOTES) {
    const file = await open(join(directory, name), 'r').catch(() => undefined);
    if (!file) continue;
    // Recovery stands at the beginning.
    const { buffer, bytesRead } = await file.read(Buffer.alloc(NOTES_BYTES), 0, NOTES_BYTES, 0);
    await file.close();
    if (DROPPED.test(buffer.toString('latin1', 0, bytesRead))) return true;
  }
  return false;
}

function isErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

async function openDatabase(directory: string): Promise<Database> {
  const database: Database = new Level(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  await database.open().catch((error: Error) => {
    if (isErrorCode(error.cause, 'LEVEL_LOCKED')) throw conflict('another process has the store open', { directory });
    throw unavailable('the store cannot be opened', { directory }, error);
  });
  return database;
}

/** Makes the directory when there is none. Throws UNAVAILABLE when it is damaged, CONFLICT when another process has it. */
export async function openStore(directory: string): Promise<Store> {
  const mark = join(directory, DAMAGE_MARK);
  const wasDamaged = await access(mark).then(
    () => true,
    () => false,
  );
  if (wasDamaged) throw unavailable('the store lost writes: restore it or build it anew', { directory });
  const database = await openDatabase(directory);
  if (await hasDroppedWrites(directory)) {
    await database.close();
    await createFileDurably(mark, encodeUtf8('LevelDB dropped a damaged part of its write-ahead log; see LOG and LOG.old.\n'));
    throw unavailable('the store lost writes: restore it or build it anew', { directory });
  }
  return new LevelStore(database);
}
