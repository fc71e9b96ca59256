/**
 * Tiles: the log as files that never change once full, in the shape of C2SP tlog-tiles (which fixes SHA-256: we do not conform).
 *
 *     /tile/<L>/<N>[.p/<W>]        hash tile: the nodes of level 8·L from N·256 on, 32 bytes each
 *     /tile/entries/<N>[.p/<W>]    entry bundle: the entries from N·256 on, each u16 length = 74 ‖ entry
 *
 * N is written in groups of three digits, all but the last with an x before: 1234067 is x001/x234/067. A tile has 256 items;
 * one that the log has not filled yet is asked for by its width W.
 */
import { ByteReader, concatBytes, u16 } from '../bytes/bytes.ts';
import { invariant, malformed } from '../bytes/error.ts';
import { asHash, HASH_LENGTH, type Hash } from '../bytes/hash.ts';
import { ENTRY_LENGTH } from './entry.ts';

export const TILE_WIDTH = 256;
export interface TileId {
  /** 0 … 6, in steps of eight tree levels (a tree of 2⁵³−1 entries ends at tree level 52); or the entries themselves. */
  readonly level: number | 'entries';
  readonly tileIndex: number;
  /** 1 … 256. */
  readonly width: number;
}

export function formatTilePath({ level, tileIndex, width }: TileId): string {
  const digits = String(tileIndex);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/.{3}/g)!;
  const place = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `/tile/${level}/${place}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** `path` as it stands in the request, from the first slash. Throws MALFORMED. */
export function parseTilePath(path: string): TileId {
  const match = /^\/tile\/(entries|[0-6])\/((?:x[0-9]{3}\/){0,4}[0-9]{3})(?:\.p\/([0-9]{1,3}))?$/.exec(path);
  if (match === null) throw malformed('not a tile path');
  const tile: TileId = {
    level: match[1] === 'entries' ? 'entries' : Number(match[1]),
    tileIndex: Number(match[2]!.replace(/[x/]/g, '')),
    width: match[3] === undefined ? TILE_WIDTH : Number(match[3]),
  };
  // One spelling: no leading groups or zeros, no width 0, 256 or more.
  if (tile.width < 1 || tile.width > TILE_WIDTH || formatTilePath(tile) !== path)
    throw malformed('a tile path in another spelling');
  return tile;
}

/** How many items the tile has in a log of `size` entries: 0 … 256. */
export function tileWidthAt(size: number, level: TileId['level'], tileIndex: number): number {
  const items = level === 'entries' ? size : Math.floor(size / TILE_WIDTH ** level);
  return Math.min(TILE_WIDTH, Math.max(0, items - tileIndex * TILE_WIDTH));
}

export function encodeHashTile(nodeHashes: readonly Hash[]): Uint8Array {
  return concatBytes(...nodeHashes);
}

/** Throws MALFORMED unless there are exactly `width` hashes. They are views of `bytes`. */
export function decodeHashTile(bytes: Uint8Array, width: number): Hash[] {
  const reader = new ByteReader(bytes);
  const nodeHashes = Array.from({ length: width }, () => asHash(reader.bytes(HASH_LENGTH)));
  reader.end();
  return nodeHashes;
}

export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  invariant(
    entries.every(({ length }) => length === ENTRY_LENGTH),
    'an entry has 74 bytes',
  );
  return concatBytes(...entries.flatMap((entry) => [u16(ENTRY_LENGTH), entry]));
}

/** Throws MALFORMED unless there are exactly `width` entries of 74 bytes. They are views of `bytes`, not decoded. */
export function decodeEntryBundle(bytes: Uint8Array, width: number): Uint8Array[] {
  const reader = new ByteReader(bytes);
  const entries = Array.from({ length: width }, () => {
    if (reader.u16() !== ENTRY_LENGTH) throw malformed('an entry bundle with an entry of another length');
    return reader.bytes(ENTRY_LENGTH);
  });
  reader.end();
  return entries;
}
