/** Tiles of the published log, made from its stored nodes and entries (core/log/tile.ts has the format). */
import { notFound } from '../../core/bytes/error.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { encodeEntryBundle, encodeHashTile, TILE_WIDTH, type TileId, tileWidthAt } from '../../core/log/tile.ts';
import type { LogStore } from './log-store.ts';

/** Tree levels between two tile levels. */
const LEVELS = 8;

/** Throws NOT_FOUND for a tile that a log of `size` entries does not fill that far. Bytes once given never change. */
export async function readTile(log: LogStore, size: number, { level, tileIndex, width }: TileId): Promise<Uint8Array> {
  if (width > tileWidthAt(size, level, tileIndex)) throw notFound('the log does not reach so far');
  const first = tileIndex * TILE_WIDTH;
  if (level === 'entries') return encodeEntryBundle(await log.entriesFrom(first, width));
  return encodeHashTile((await log.nodesFrom(level * LEVELS, first, width)).map(asHash));
}
