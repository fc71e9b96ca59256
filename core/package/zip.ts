/**
 * The zip file of a package: one spelling of PKWARE's APPNOTE 6.3, and nothing else is read (docs/formats.md §31).
 *
 *     local header 30 ‖ name ‖ deflated content          for each part, names strictly ascending, no gaps
 *     central header 46 ‖ name                            the same, in the same order
 *     end 22
 *
 * Names have one level or two, of letters, digits, `.` and `-`, none beginning with `.`: no way leads out of a folder. Flags, times, comments,
 * extra fields, links, encryption and zip64 do not exist. So one set of parts has one container but for how its content is deflated, which
 * their digests do not depend on. All sizes are attacker-controlled: caps come first, and no part is inflated beyond what it declares.
 */
import { deflateSync, Inflate } from 'fflate';
import { concatBytes, decodeUtf8, encodeUtf8, equalBytes } from '../bytes/bytes.ts';
import { invariant, malformed } from '../bytes/error.ts';

export interface ZipPart {
  readonly name: string;
  readonly content: Uint8Array;
}

export interface ReadPart {
  readonly name: string;
  /** Null: it does not inflate to what it declares. */
  readonly content: Uint8Array | null;
}

export const ZIP_CAPS = {
  bytes: 256 << 20,
  parts: 40_000,
  partBytes: 64 << 20,
  allBytes: 512 << 20,
  /** A part may be so many times as long as its deflated bytes; deflate itself ends at 1032. */
  ratio: 400,
  name: 100,
} as const;

const NAME = /^[0-9A-Za-z][0-9A-Za-z.-]*(?:\/[0-9A-Za-z][0-9A-Za-z.-]*)?$/;
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const LOCAL_LENGTH = 30;
const CENTRAL_LENGTH = 46;
const END_LENGTH = 22;
const VERSION = 20;
const DEFLATED = 8;
/** 1 January 1980, midnight: the first there is. */
const DATE = 0x0021;
const SLICE = 16 << 10;

/** Little-endian, as zip has it. */
function fields(...values: readonly (readonly [value: number, length: 2 | 4])[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((sum, [, length]) => sum + length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const [value, length] of values) {
    if (length === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
    offset += length;
  }
  return bytes;
}

interface Placed {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly packed: number;
  readonly length: number;
  readonly offset: number;
}

/** What both headers have in common. */
const shared = ({ name, crc, packed, length }: Placed): Uint8Array =>
  fields([VERSION, 2], [0, 2], [DEFLATED, 2], [0, 2], [DATE, 2], [crc, 4], [packed, 4], [length, 4], [name.length, 2], [0, 2]);

const localHeader = (placed: Placed): Uint8Array => concatBytes(fields([LOCAL, 4]), shared(placed), placed.name);
const centralHeader = (placed: Placed): Uint8Array =>
  concatBytes(
    fields([CENTRAL, 4], [VERSION, 2]),
    shared(placed),
    fields([0, 2], [0, 2], [0, 2], [0, 4], [placed.offset, 4]),
    placed.name,
  );
const endRecord = (count: number, length: number, offset: number): Uint8Array =>
  fields([END, 4], [0, 2], [0, 2], [count, 2], [count, 2], [length, 4], [offset, 4], [0, 2]);

/** The same parts make the same bytes. Throws MALFORMED beyond the caps. */
export function writeZip(parts: readonly ZipPart[]): Uint8Array {
  const sorted = parts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  invariant(
    sorted.every(({ name }, i) => isName(name) && (i === 0 || sorted[i - 1]!.name !== name)),
    'parts have names of the one form, each once',
  );
  const total = sorted.reduce((sum, { content }) => sum + content.length, 0);
  if (
    sorted.length > ZIP_CAPS.parts ||
    total > ZIP_CAPS.allBytes ||
    sorted.some(({ content }) => content.length > ZIP_CAPS.partBytes)
  )
    throw malformed('package: too large to be read again', { parts: sorted.length, bytes: total });
  const local: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content } of sorted) {
    const deflated = deflateSync(content, { level: 6 });
    const placed = { name: encodeUtf8(name), crc: crc32(content), packed: deflated.length, length: content.length, offset };
    const header = localHeader(placed);
    local.push(header, deflated);
    central.push(centralHeader(placed));
    offset += header.length + deflated.length;
  }
  const directory = concatBytes(...central);
  const bytes = concatBytes(...local, directory, endRecord(sorted.length, directory.length, offset));
  if (bytes.length > ZIP_CAPS.bytes) throw malformed('package: too large to be read again', { bytes: bytes.length });
  return bytes;
}

const isName = (name: string): boolean => name.length <= ZIP_CAPS.name && NAME.test(name);

/** Throws MALFORMED unless every byte but the deflated ones is as `writeZip` puts it. */
export function readZip(bytes: Uint8Array): ReadPart[] {
  if (bytes.length > ZIP_CAPS.bytes) throw malformed('package: too long', { maxBytes: ZIP_CAPS.bytes });
  const placed = readDirectory(bytes);
  return placed.map((one) => {
    const start = one.offset + LOCAL_LENGTH + one.name.length;
    return { name: decodeUtf8(one.name), content: inflate(bytes.subarray(start, start + one.packed), one) };
  });
}

function readDirectory(bytes: Uint8Array): Placed[] {
  if (bytes.length < END_LENGTH) throw malformed('package: not a zip file');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const endOffset = bytes.length - END_LENGTH;
  const count = view.getUint16(endOffset + 10, true);
  const [length, offset] = [view.getUint32(endOffset + 12, true), view.getUint32(endOffset + 16, true)];
  const isEnd = equalBytes(bytes.subarray(endOffset), endRecord(count, length, offset));
  if (!isEnd || offset + length !== endOffset) throw malformed('package: not a zip file, or cut short');
  if (count > ZIP_CAPS.parts) throw malformed('package: too many parts', { max: ZIP_CAPS.parts });
  const placed: Placed[] = [];
  let [at, place, total] = [offset, 0, 0];
  for (let i = 0; i < count; i++) {
    const one = readCentral(bytes, view, at, endOffset, place);
    if (i > 0 && decodeUtf8(placed[i - 1]!.name) >= decodeUtf8(one.name))
      throw malformed('package: names not ascending, or twice');
    total += one.length;
    if (total > ZIP_CAPS.allBytes) throw malformed('package: too long once inflated', { maxBytes: ZIP_CAPS.allBytes });
    placed.push(one);
    at += CENTRAL_LENGTH + one.name.length;
    place += LOCAL_LENGTH + one.name.length + one.packed;
  }
  if (at !== endOffset || place !== offset) throw malformed('package: bytes between its parts');
  return placed;
}

/** `place`: where the part before it ended. */
function readCentral(bytes: Uint8Array, view: DataView, at: number, end: number, place: number): Placed {
  if (at + CENTRAL_LENGTH > end) throw malformed('package: the directory is cut short');
  const nameEnd = at + CENTRAL_LENGTH + view.getUint16(at + 28, true);
  if (nameEnd > end) throw malformed('package: the directory is cut short');
  const placed = {
    name: bytes.subarray(at + CENTRAL_LENGTH, nameEnd),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    length: view.getUint32(at + 24, true),
    offset: place,
  };
  const name = decodeUtf8(placed.name);
  if (!isName(name)) throw malformed('package: a name that no part may have');
  const local = localHeader(placed);
  const isOurs =
    equalBytes(bytes.subarray(at, nameEnd), centralHeader(placed)) &&
    equalBytes(bytes.subarray(place, place + local.length), local) &&
    place + local.length + placed.packed <= at;
  if (!isOurs) throw malformed(`package: ${name} has another header than is written`);
  if (placed.length > ZIP_CAPS.partBytes || placed.length > placed.packed * ZIP_CAPS.ratio)
    throw malformed(`package: ${name} is longer than a part may be`);
  return placed;
}

/** Never holds much more than is declared; null for anything but exactly that, or for bytes after the deflated stream. */
function inflate(deflated: Uint8Array, { length, crc }: Placed): Uint8Array | null {
  const content = new Uint8Array(length);
  let written = 0;
  const stream = new Inflate((chunk) => {
    if (written + chunk.length > length) throw malformed('too long');
    content.set(chunk, written);
    written += chunk.length;
  });
  try {
    pushAll(stream, deflated);
  } catch {
    return null;
  }
  return written === length && crc32(content) === crc && needsItsLastByte(deflated) ? content : null;
}

/** Slice by slice, so that what grows beyond its place is stopped while it is small. Throws for a stream that does not end. */
function pushAll(stream: Inflate, deflated: Uint8Array): void {
  let start = 0;
  do {
    const end = Math.min(start + SLICE, deflated.length);
    stream.push(deflated.subarray(start, end), end === deflated.length);
    start = end;
  } while (start < deflated.length);
}

/** What follows the end of a deflated stream is read by nobody, and could hold anything. */
function needsItsLastByte(deflated: Uint8Array): boolean {
  if (deflated.length < 2) return false;
  try {
    pushAll(new Inflate(() => {}), deflated.subarray(0, -1));
    return false;
  } catch {
    return true;
  }
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 of ISO 3309, as zip has it. It finds accidents; forgeries the digests in the manifest find. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
