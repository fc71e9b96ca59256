import { describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { concatBytes, decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import {
  decodeEntryBundle,
  decodeHashTile,
  encodeEntryBundle,
  encodeHashTile,
  formatTilePath,
  parseTilePath,
  tileWidthAt,
  type TileId,
} from '../../core/log/tile.ts';
import { rootAt } from '../../core/log/tree.ts';
import { expectOneSpelling, expectOneTextSpelling, expectRefusal, readVectors } from './mangling.ts';
import { bytesOf, MemoryLog, MemoryTree, secretOf } from './memory-log.ts';

describe('a tile path', () => {
  test('parses back to what was formatted', () => {
    const tiles = fc.record<TileId>({
      level: fc.oneof(fc.integer({ min: 0, max: 6 }), fc.constant('entries' as const)),
      tileIndex: fc.oneof(fc.nat({ max: 2000 }), fc.integer({ min: 0, max: 10 ** 15 - 1 })),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(fc.property(tiles, (tile) => void expect(parseTilePath(formatTilePath(tile))).to.deep.equal(tile)));
  });

  test('has one spelling', () => {
    for (const path of [
      '/tile/0/000',
      '/tile/3/x001/234.p/7',
      '/tile/entries/x001/x234/067.p/255',
      '/tile/entries/x001/x234/067',
    ]) {
      expect(expectOneTextSpelling(path, (text) => formatTilePath(parseTilePath(text)))).to.be.greaterThan(path.length);
    }
  });
});

interface TileCase {
  readonly path: string;
  readonly level?: TileId['level'];
  readonly tileIndex?: number;
  readonly width?: number;
}

describe('the vectors of tile paths', () => {
  for (const { desc, want, path, ...tile } of readVectors<TileCase>('log-tile.json')) {
    test(desc, () => {
      if (want !== 'ok') return expectRefusal(want, () => parseTilePath(path));
      expect(parseTilePath(path)).to.deep.equal(tile);
      expect(formatTilePath(tile as TileId)).to.equal(path);
    });
  }
});

describe('a tile', () => {
  test('has as many items as the log has filled', () => {
    for (const [size, level, tileIndex, width] of [
      [0, 0, 0, 0],
      [1, 0, 0, 1],
      [255, 1, 0, 0],
      [256, 0, 0, 256],
      [256, 1, 0, 1],
      [257, 0, 1, 1],
      [257, 0, 2, 0],
      [70_000, 0, 273, 112],
      [70_000, 1, 1, 17],
      [70_000, 2, 0, 1],
      [70_000, 'entries', 273, 112],
      [2 ** 53 - 1, 0, 2 ** 45 - 1, 255],
      [2 ** 53 - 1, 6, 0, 31],
      [2 ** 53 - 1, 'entries', 2 ** 45, 0],
    ] as const) {
      expect(tileWidthAt(size, level, tileIndex), `${size} ${level} ${tileIndex}`).to.equal(width);
    }
  });

  test('of hashes decodes to what was encoded, in exactly its width', () => {
    const nodeHashes = Array.from({ length: 5 }, (_, i) => bytesOf(`node ${i}`));
    const bytes = encodeHashTile(nodeHashes);
    expect(decodeHashTile(bytes, 5)).to.deep.equal(nodeHashes);
    for (const width of [0, 1, 4, 6, 256]) expectRefusal('MALFORMED', () => decodeHashTile(bytes, width));
    expect(expectOneSpelling(bytes, (mangled) => encodeHashTile(decodeHashTile(mangled, 5)))).to.equal(2 * bytes.length);
  });

  test('of entries decodes to what was encoded, in exactly its width', () => {
    const log = new MemoryLog();
    for (let i = 0; i < 5; i++) log.say(secretOf('h'), i, 1);
    const bytes = encodeEntryBundle(log.entries);
    expect(encodeHex(bytes.subarray(0, 4))).to.equal('004a0101');
    expect(decodeEntryBundle(bytes, 5)).to.deep.equal(log.entries);
    for (const width of [0, 1, 4, 6, 256]) expectRefusal('MALFORMED', () => decodeEntryBundle(bytes, width));
    // Refused: every deletion and doubling, and an increment in one of the ten bytes of the lengths.
    const refused = expectOneSpelling(bytes, (mangled) => encodeEntryBundle(decodeEntryBundle(mangled, 5)));
    expect(refused).to.equal(2 * bytes.length + 10);
  });

  test('holds entries of 74 bytes only', () => {
    const entry = new Uint8Array(75);
    expect(() => encodeEntryBundle([entry])).to.throw('invariant');
    expectRefusal('MALFORMED', () => decodeEntryBundle(concatBytes(decodeHex('004b'), entry), 1));
  });

  test('at every level is made of the complete nodes eight levels up', () => {
    const tree = new MemoryTree();
    const size = 700;
    for (let i = 0; i < size; i++) tree.append(bytesOf(`leaf ${i}`));
    const tiles = new Map<string, ReturnType<typeof decodeHashTile>>();
    for (let level = 0; level < 2; level++) {
      for (let tileIndex = 0; tileWidthAt(size, level, tileIndex) > 0; tileIndex++) {
        const width = tileWidthAt(size, level, tileIndex);
        const nodes = Array.from({ length: width }, (_, i) => tree.node(8 * level, 256 * tileIndex + i));
        tiles.set(formatTilePath({ level, tileIndex, width }), decodeHashTile(encodeHashTile(nodes), width));
      }
    }
    expect([...tiles.keys()]).to.deep.equal(['/tile/0/000', '/tile/0/001', '/tile/0/002.p/188', '/tile/1/000.p/2']);
    const first = new MemoryTree();
    for (const leafHash of tiles.get('/tile/0/000')!) first.append(leafHash);
    expect(encodeHex(rootAt(256, first))).to.equal(encodeHex(tiles.get('/tile/1/000.p/2')![0]!));
  });
});
