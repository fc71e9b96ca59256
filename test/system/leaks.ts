/**
 * Looks for persons in bytes that should not have any: a county's resident numbers are enumerated, as somebody with a copy of the bytes would do it,
 * and whatever is a cheap function of one of them is looked for at every place, raw, in hex and in base64.
 *
 * A digest is known by its first eight bytes, so that one cut to these or more is found as well: among four million of them and a few hundred
 * million places a chance hit is one in a hundred thousand runs.
 */
import { hash } from 'node:crypto';
import { encodeNumber, handleInput } from '../../core/access/handle.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import { concatBytes, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash, ZERO_HASH } from '../../core/bytes/hash.ts';
import { label } from '../../core/bytes/label.ts';
import { asHistorySecret, slotAt } from '../../core/log/slot.ts';
import { encodeQuery } from '../../gateway/query.ts';

export interface Place {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface County {
  /** Six digits. */
  readonly code: string;
  /** YYYYMMDD, or as much of its beginning. */
  readonly births: readonly string[];
  /** Sequence numbers from 1 to this. */
  readonly most: number;
}

const DAYS = Array.from({ length: 12 }, (_, month) =>
  Array.from({ length: 31 }, (_, day) => `${String(month + 1).padStart(2, '0')}${String(day + 1).padStart(2, '0')}`),
).flat();
const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

function withCheck(digits: string): string {
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * Number(digits[i]), 0);
  return digits + '10X98765432'[sum % 11]!;
}

export function* numbersOf({ code, births, most }: County): Generator<string> {
  for (const birth of births) {
    for (const day of birth.length === 8 ? [birth] : DAYS.map((one) => birth + one)) {
      for (let i = 1; i <= most; i++) yield withCheck(code + day + String(i).padStart(3, '0'));
    }
  }
}

/** What somebody might have hashed to hide a number badly: spellings, the typed form, what our formats hash with a secret, without it. */
function inputsOf(number: CanonicalNumber, logIds: readonly Hash[]): Uint8Array[] {
  const { id } = number;
  const typed = encodeNumber(number);
  const query = encodeQuery({ method: 'GET', target: `/persons/${id}`, body: new Uint8Array() });
  const spelled = [id, `1${id}`, `1 ${id}`, `1:${id}`, `resident:${id}`, `${id}\n`];
  if (id.endsWith('X')) spelled.push(id.toLowerCase());
  return [
    ...spelled.map((text) => encodeUtf8(text)),
    typed,
    concatBytes(label('sb'), typed),
    concatBytes(Uint8Array.of(0), label('sb'), ZERO_HASH, typed),
    query,
    concatBytes(label('qd'), ZERO_HASH, query),
    ...logIds.map((logId) => handleInput(logId, number)),
  ];
}

const digestOf = (name: string, bytes: Uint8Array): Buffer => hash(name, bytes, 'buffer');

/** Every digest of one number, the places in the map among them that a handle without a key would give. */
export function* digestsOf(id: string, logIds: readonly Hash[]): Generator<Uint8Array> {
  const number = normaliseNumber(NUMBER_CLASSES.resident, id);
  for (const input of inputsOf(number, logIds)) for (const name of ['sm3', 'sha256']) yield digestOf(name, input);
  for (const name of ['md5', 'sha1', 'sha512']) yield digestOf(name, encodeUtf8(id));
  for (const logId of logIds) {
    const guess = asHistorySecret(asHash(new Uint8Array(digestOf('sm3', handleInput(logId, number)))));
    yield slotAt(guess, 0);
  }
}

const HEAD = 8;
const SLOTS = 1 << 23;
const BITS = 1 << 27;

const mixed = (high: number, low: number): number => {
  const once = Math.imul(high ^ Math.imul(low, 0x9e3779b1), 0x85ebca6b);
  return (once ^ (once >>> 15)) >>> 0;
};

/** Heads of digests: a table of 64 MiB with open places, and 16 MiB of bits before it that say "no" to most. */
class HeadSet {
  readonly #heads = new Uint32Array(2 * SLOTS);
  readonly #bits = new Uint8Array(BITS >>> 3);
  count = 0;

  add(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD);
    const [high, low] = [view.getUint32(0), view.getUint32(4)];
    if (this.has(high, low)) return;
    if (++this.count > SLOTS * 0.75) throw new Error('too many digests for the table');
    const at = mixed(high, low);
    const bit = at % BITS;
    this.#bits[bit >>> 3]! |= 1 << (bit & 7);
    let slot = at % SLOTS;
    while (this.#heads[2 * slot] !== 0 || this.#heads[2 * slot + 1] !== 0) slot = (slot + 1) % SLOTS;
    this.#heads[2 * slot] = high;
    this.#heads[2 * slot + 1] = low;
  }

  has(high: number, low: number): boolean {
    const at = mixed(high, low);
    const bit = at % BITS;
    if ((this.#bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    for (let slot = at % SLOTS; ; slot = (slot + 1) % SLOTS) {
      const [one, two] = [this.#heads[2 * slot]!, this.#heads[2 * slot + 1]!];
      if (one === high && two === low) return true;
      if (one === 0 && two === 0) return false;
    }
  }
}

export class LeakSearch {
  readonly #heads = new HeadSet();
  readonly #plain: RegExp;
  /** Numbers whose digests are looked for. */
  readonly numbers: number;

  constructor(counties: readonly County[], logIds: readonly Hash[]) {
    // Of these counties no number at all may stand anywhere, enumerated or not.
    this.#plain = new RegExp(`(?:${counties.map(({ code }) => code).join('|')})(?:19|20)[0-9]{9}[0-9Xx]`);
    const ids = new Set(counties.flatMap((county) => [...numbersOf(county)]));
    for (const id of ids) for (const digest of digestsOf(id, logIds)) this.#heads.add(digest);
    this.numbers = ids.size;
  }

  /** Digests that are known by different beginnings. */
  get digests(): number {
    return this.#heads.count;
  }

  /** Where something was found, and in which writing; never the number. */
  hits(places: readonly Place[]): string[] {
    return places.flatMap(({ path, bytes }) => this.#hitsIn(bytes, 2).map((what) => `${what} in ${path}`));
  }

  #hitsIn(bytes: Uint8Array, depth: number): string[] {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const found = this.#plain.test(text) ? ['number'] : [];
    const at = this.#digestIn(bytes);
    if (at !== null) found.push(`digest at ${at}`);
    if (depth === 0) return found;
    for (const read of readings(bytes, 'hex')) if (this.#digestIn(read) !== null) found.push('digest in hex');
    for (const read of readings(bytes, 'base64')) {
      found.push(...this.#hitsIn(read, depth - 1).map((what) => `${what} in base64`));
    }
    return [...new Set(found)];
  }

  #digestIn(bytes: Uint8Array): number | null {
    if (bytes.length < HEAD) return null;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let high = view.getUint32(0);
    let low = view.getUint32(4);
    for (let i = 0; ; i++) {
      if (this.#heads.has(high, low)) return i;
      if (i + HEAD >= bytes.length) return null;
      high = ((high << 8) | (low >>> 24)) >>> 0;
      low = ((low << 8) | bytes[i + HEAD]!) >>> 0;
    }
  }
}

type Alphabet = Uint8Array;

const alphabet = (chars: string): Alphabet => {
  const isIn = new Uint8Array(256);
  for (const byte of encodeUtf8(chars)) isIn[byte] = 1;
  return isIn;
};
const HEX = alphabet('0123456789abcdefABCDEF');
const BASE64 = alphabet('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_');

/** Stretches of at least so many characters of one alphabet. */
function* runs(bytes: Uint8Array, isIn: Alphabet, least: number): Generator<string> {
  for (let from = 0; from < bytes.length; from++) {
    let to = from;
    while (to < bytes.length && isIn[bytes[to]!] === 1) to++;
    if (to - from >= least) yield Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1');
    from = to;
  }
}

/** What came before a digest may have an odd number of digits, or not fill three bytes. */
function* readings(bytes: Uint8Array, writing: 'hex' | 'base64'): Generator<Uint8Array> {
  const [isIn, least, offsets] = writing === 'hex' ? [HEX, 2 * HEAD, 2] : [BASE64, Math.ceil((4 * HEAD) / 3), 4];
  for (const run of runs(bytes, isIn, least)) {
    for (let from = 0; from < offsets; from++) yield Buffer.from(run.slice(from), writing);
  }
}
