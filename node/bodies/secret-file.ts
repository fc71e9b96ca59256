/**
 * The keys of bodies, each at a fixed place of one file, apart from the bodies and their backups: what is erased here is overwritten
 * where it stood, and no body that it opened can be read again, wherever a copy of it is.
 *
 *      0  64   "veritrail-bk-v1\n", then zeros
 *     64  64 × places:
 *           0  u8   1 held, 2 erased, 3 lost: an older copy of the file was restored
 *           1  16   key of the body; zeros unless held
 *          17  32   nonce of the entry's commitment; zeros unless held
 *          49  15   first bytes of H(u64 place ‖ the 49 bytes before)
 *
 * Not in LevelDB, which keeps deleted values until it compacts. A file system that copies on write, and the disk below it, may still
 * keep what was overwritten: docs/operations.md says what to do about both.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { ByteReader, concatBytes, encodeUtf8, equalBytes, u64, u8 } from '../../core/bytes/bytes.ts';
import { invariant, malformed, unavailable } from '../../core/bytes/error.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { createFileDurably } from '../../service/durable-file.ts';

export interface BodySecret {
  /** 16 bytes. */
  readonly key: Uint8Array;
  /** 32 bytes. */
  readonly nonce: Uint8Array;
}

const HEADER = concatBytes(encodeUtf8('veritrail-bk-v1\n'), new Uint8Array(48));
const PLACE_LENGTH = 64;
const SECRET_LENGTH = 48;
const CHECK_LENGTH = 15;
const HELD = 1;
const ERASED = 2;
const LOST = 3;
const AT_ONCE = 1024;
const NO_SECRET = new Uint8Array(SECRET_LENGTH);

function encodePlace(place: number, state: number, secret: Uint8Array): Uint8Array {
  const said = concatBytes(u8(state), secret);
  return concatBytes(said, sm3(u64(place), said).subarray(0, CHECK_LENGTH));
}

/** The secret, or null where it was erased. */
function decodePlace(place: number, bytes: Uint8Array): BodySecret | null {
  const reader = new ByteReader(bytes);
  const state = reader.u8();
  const secret = reader.bytes(SECRET_LENGTH);
  if (!equalBytes(bytes, encodePlace(place, state, secret))) throw unavailable('a body’s key is damaged', { place });
  if (state === LOST) throw unavailable('a body’s key was lost with a newer copy of the file', { place });
  return state === HELD ? { key: secret.slice(0, 16), nonce: secret.slice(16) } : null;
}

const offsetOf = (place: number): number => HEADER.length + place * PLACE_LENGTH;

export class SecretFile {
  readonly #file: FileHandle;
  #count: number;
  /** One write at a time. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle, count: number) {
    this.#file = file;
    this.#count = count;
  }

  /** Makes the file where there is none. A place that was being written when the power went is written again by the next. */
  static async open(path: string): Promise<SecretFile> {
    const flags = constants.O_RDWR | constants.O_NOFOLLOW;
    const existing = await open(path, flags).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw unavailable('the keys of bodies cannot be opened', { path, reason: error.code ?? null });
      await createFileDurably(path, HEADER);
      return open(path, flags);
    });
    try {
      const header = await readAt(existing, 0, HEADER.length);
      if (!equalBytes(header, HEADER)) throw malformed('not a file of bodies’ keys', { path });
      const { size } = await existing.stat();
      return new SecretFile(existing, Math.floor((size - HEADER.length) / PLACE_LENGTH));
    } catch (error) {
      await existing.close();
      throw error;
    }
  }

  /** Places in use, erased ones included. */
  get count(): number {
    return this.#count;
  }

  /** On disk when it returns: the first of consecutive places. */
  async add(secrets: readonly BodySecret[]): Promise<number> {
    return this.#inTurn(async () => {
      const first = this.#count;
      const places = secrets.map(({ key, nonce }, i) => {
        invariant(key.length === 16 && nonce.length === 32, 'a body has a key of 16 bytes and a nonce of 32');
        return encodePlace(first + i, HELD, concatBytes(key, nonce));
      });
      await this.#write(first, concatBytes(...places));
      this.#count = first + secrets.length;
      return first;
    });
  }

  /** After an older copy of the file was restored: the places up to `count` are lost, and never given to other bodies. */
  async extendTo(count: number): Promise<void> {
    await this.#inTurn(async () => {
      while (this.#count < count) {
        const first = this.#count;
        const lost = Array.from({ length: Math.min(count - first, AT_ONCE) }, (_, i) => encodePlace(first + i, LOST, NO_SECRET));
        await this.#write(first, concatBytes(...lost));
        this.#count += lost.length;
      }
    });
  }

  /** Null when it was erased. Throws UNAVAILABLE for a place that is damaged or lost, or that this file never had. */
  async read(place: number): Promise<BodySecret | null> {
    invariant(Number.isSafeInteger(place) && place >= 0, 'places are counted from 0');
    // An older copy of the file may have been restored.
    if (place >= this.#count) throw unavailable('the file of bodies’ keys lacks a place: it is older than the log', { place });
    return decodePlace(place, await readAt(this.#file, offsetOf(place), PLACE_LENGTH));
  }

  /** Overwritten and on disk when it returns. What was erased before stays so. */
  async erase(places: readonly number[]): Promise<void> {
    await this.#inTurn(async () => {
      for (const place of places) {
        if (place >= this.#count)
          throw unavailable('the file of bodies’ keys lacks a place: it is older than the log', { place });
        await writeAt(this.#file, encodePlace(place, ERASED, NO_SECRET), offsetOf(place));
      }
      await this.#file.sync();
    });
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#file.close();
  }

  async #write(place: number, bytes: Uint8Array): Promise<void> {
    await writeAt(this.#file, bytes, offsetOf(place));
    await this.#file.sync();
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead !== length) throw unavailable('the file of bodies’ keys is cut short');
  return bytes;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}
