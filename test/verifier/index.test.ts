import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { CodedError } from '../../core/bytes/error.ts';
import { canonicalJson, type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { EMPTY_MAP } from '../../core/log/map.ts';
import { formatNote, parseNote } from '../../core/log/note.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { proveConsistency, proveInclusion } from '../../core/log/tree-proof.ts';
import { type Finding, FindingFiles, formatFinding, parseFinding, sizeInDoubt } from '../../verifier/follow/finding.ts';
import { treeAt } from '../../verifier/follow/split.ts';
import { IndexDamage } from '../../verifier/index/damage.ts';
import { HeadStore, type Head } from '../../verifier/index/head-store.ts';
import { IndexStore } from '../../verifier/index/index-store.ts';
import { formatSeen, parseSeen, SeenStore } from '../../verifier/index/seen-store.ts';
import { TileGrowth } from '../../verifier/index/tile-growth.ts';
import { TileStore } from '../../verifier/index/tile-store.ts';
import { bytesOf, MemoryTree } from '../log/memory-log.ts';
import { digestOf, Story } from '../verify/story.ts';

let directory: string;
let index: IndexStore;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'verifier-index-'));
  index = await IndexStore.open(join(directory, 'index'));
});
after(async () => {
  await index.close();
  await rm(directory, { recursive: true });
});

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return 'accepted';
}

/** 74 bytes that differ for every number. */
const entryOf = (i: number): Uint8Array =>
  Uint8Array.of(...bytesOf(`entry ${i}`), ...bytesOf(`rest ${i}`), ...bytesOf('end').subarray(0, 10));

describe('tiles', () => {
  async function grow(tiles: TileStore, from: number, to: number, writes: number): Promise<TileGrowth> {
    const growth = new TileGrowth(tiles, from);
    for (let i = from; i < to; i++) {
      growth.append(entryOf(i));
      if ((i + 1) % writes === 0) await write(growth, tiles);
    }
    await write(growth, tiles);
    return growth;
  }

  async function write(growth: TileGrowth, tiles: TileStore): Promise<void> {
    const batch = index.store.batch();
    const written = growth.drainTo(batch);
    await batch.write({ sync: false });
    tiles.forget(written);
  }

  test('give every root, entry and proof of the tree, however they grew', async () => {
    const logId = bytesOf('log grown in parts');
    const tree = new MemoryTree();
    let size = 0;
    for (const [to, writes] of [
      [1, 1],
      [2, 1],
      [255, 100],
      [256, 1],
      [257, 1],
      [700, 64],
      [1025, 1000],
    ] as const) {
      const growth = await grow(new TileStore(index.space('tile'), logId), size, to, writes);
      for (let i = size; i < to; i++) tree.append(leafHashOf(entryOf(i)));
      size = to;
      expect(growth.root()).to.deep.equal(rootAt(size, tree));
      const tiles = new TileStore(index.space('tile'), logId);
      for (let part = 0; part <= size; part += 1 + Math.floor(size / 40)) {
        expect(rootAt(part, tiles)).to.deep.equal(rootAt(part, tree));
        expect(proveConsistency(part, size, tiles)).to.deep.equal(proveConsistency(part, size, tree));
        if (part === size) continue;
        expect(proveInclusion(part, size, tiles)).to.deep.equal(proveInclusion(part, size, tree));
        expect(tiles.entryAt(part)).to.deep.equal(entryOf(part));
      }
    }
  });

  test('beyond the size that is held are overwritten by the next that come', async () => {
    const logId = bytesOf('log with void tiles');
    const tiles = new TileStore(index.space('tile'), logId);
    await grow(tiles, 0, 300, 300);
    const tree = new MemoryTree();
    for (let i = 0; i < 280; i++) tree.append(leafHashOf(entryOf(i)));
    const other = new TileGrowth(tiles, 280);
    for (let i = 280; i < 600; i++) {
      other.append(entryOf(1000 + i));
      tree.append(leafHashOf(entryOf(1000 + i)));
    }
    await write(other, tiles);
    expect(rootAt(600, tiles)).to.deep.equal(rootAt(600, tree));
    expect(tiles.entryAt(299)).to.deep.equal(entryOf(1299));
  });

  test('that are missing or too short are damage', async () => {
    const tiles = new TileStore(index.space('tile'), bytesOf('short log'));
    await grow(tiles, 0, 10, 10);
    for (const read of [() => tiles.entryAt(10), () => tiles.entryAt(256), () => tiles.node(0, 10), () => tiles.node(8, 0)]) {
      expect(read).to.throw(IndexDamage);
    }
  });
});

describe('heads', () => {
  const headOf = (size: number): Head => ({
    size,
    rootHash: bytesOf(`root ${size}`),
    mapRoot: bytesOf(`map ${size}`),
    note: `${size}`,
  });
  const open = (logId = bytesOf('log with heads')): Promise<HeadStore> => HeadStore.open(index.store, index.space('head'), logId);

  test('are found by size, in whatever order they came, after a restart as well', async () => {
    const heads = await open();
    expect(heads.newest).to.include({ size: 0, note: '', mapRoot: EMPTY_MAP });
    for (const size of [5, 9, 7, 5]) await heads.add(headOf(size));
    for (const read of [heads, await open()]) {
      expect(read.newest).to.deep.equal(headOf(9));
      expect(read.at(7)).to.deep.equal(headOf(7));
      expect(read.at(6)).to.equal(undefined);
      expect([4, 5, 6, 8, 100].map((size) => read.below(size).size)).to.deep.equal([0, 5, 5, 7, 9]);
    }
    await heads.clear();
    expect((await open()).newest.size).to.equal(0);
  });

  test('are kept to a number, the newest ones', async () => {
    const heads = await open(bytesOf('log with many heads'));
    for (let size = 1; size <= 1100; size++) await heads.add(headOf(size));
    const again = await open(bytesOf('log with many heads'));
    for (const read of [heads, again]) {
      expect(read.newest.size).to.equal(1100);
      expect(read.at(1100 - 64)!.size).to.equal(1036);
      expect(read.at(1)).to.equal(undefined);
      expect(read.below(10).size).to.equal(0);
    }
  });
});

// Formats

const story = new Story();
story.issue({ files: [digestOf('a')] });
const small = story.anchor();
story.issue({ serial: 'B', files: [digestOf('b')] });
const large = story.anchor();
const { logId } = story.issuer;

/** Every JSON text that differs in one member is refused or says something else. */
function manglings(value: JsonObject): JsonObject[] {
  const without = Object.keys(value).map((name) => Object.fromEntries(Object.entries(value).filter(([key]) => key !== name)));
  const mistyped = Object.keys(value).flatMap((name) => [-1, '', [], {}, true].map((other) => ({ ...value, [name]: other })));
  return [...without, ...mistyped, { ...value, more: 1 }];
}

describe('a finding', () => {
  const FINDINGS: Finding[] = [
    { kind: 'fork', logId, a: small.note, b: large.note, tree: treeAt(story.issuer.tree, 2, 4) },
    { kind: 'fork', logId, a: small.note, b: small.note, tree: null },
    { kind: 'bad', logId, checkpoint: small.note, why: 'slot-twice', lacks: null, entryIndex: 1 },
    { kind: 'bad', logId, checkpoint: small.note, why: 'map-root', lacks: null, entryIndex: null },
    { kind: 'bad', logId, checkpoint: large.note, why: 'quantum', lacks: small.note, entryIndex: 2 },
  ];

  for (const finding of FINDINGS) {
    test(`is read as it was written (${finding.kind}), and refused when it is changed`, () => {
      const said = formatFinding(finding);
      expect(parseFinding(encodeUtf8(canonicalJson(said)))).to.deep.equal(finding);
      for (const changed of manglings(said)) {
        expect(codeOf(() => parseFinding(encodeUtf8(canonicalJson(changed))))).to.equal('MALFORMED');
      }
    });
  }

  test('of the version before is read: it has no checkpoint that lacks an entry', () => {
    const { lacks: _, ...rest } = formatFinding(FINDINGS[2]!);
    const old = { ...rest, format: 'veritrail-bad-checkpoint-v2' };
    expect(parseFinding(encodeUtf8(canonicalJson(old)))).to.deep.equal(FINDINGS[2]);
    expect(codeOf(() => parseFinding(encodeUtf8(canonicalJson({ ...old, lacks: null }))))).to.equal('MALFORMED');
  });

  test('is refused or understood, whatever the bytes', () => {
    const bytes = encodeUtf8(canonicalJson(formatFinding(FINDINGS[0]!)));
    const mangled = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(mangled, ([place, change]) => {
        const changed = bytes.slice();
        changed[place]! ^= change;
        expect(codeOf(() => parseFinding(changed))).to.be.oneOf(['MALFORMED', 'accepted']);
      }),
    );
  });

  test('puts in doubt everything from the smaller checkpoint on', () => {
    expect(FINDINGS.map(sizeInDoubt)).to.deep.equal([2, 2, 2, 2, 4]);
  });

  test('stays when there is another, and in its file over a restart', async () => {
    const path = join(directory, 'findings');
    await rm(path, { recursive: true, force: true });
    await mkdir(path);
    const files = await FindingFiles.open(path);
    expect(files.of(logId)).to.equal(null);
    for (const finding of FINDINGS) await files.add(finding);
    for (const read of [files, await FindingFiles.open(path)]) expect(read.of(logId)).to.deep.equal(FINDINGS[0]);
    expect(await readdir(path)).to.deep.equal([`fork-${encodeHex(logId)}.json`]);
  });

  test('names the first bad entry once that is found out, and no other after that', async () => {
    const path = join(directory, 'named');
    await mkdir(path);
    const files = await FindingFiles.open(path);
    const [, , , unnamed] = FINDINGS;
    await files.add(unnamed!);
    await files.nameEntry(logId, 3);
    await files.nameEntry(logId, 1);
    for (const read of [files, await FindingFiles.open(path)])
      expect(read.of(logId)).to.deep.equal({ ...unnamed, entryIndex: 3 });
  });

  test('in a damaged file, or in another log’s, stops the start', async () => {
    const path = join(directory, 'damaged');
    await mkdir(path);
    const startCode = async (): Promise<string> => {
      try {
        await FindingFiles.open(path);
      } catch (error) {
        if (error instanceof CodedError) return error.code;
        throw error;
      }
      return 'started';
    };
    const name = (hex: string): string => join(path, `fork-${hex}.json`);
    await writeFile(name(encodeHex(logId)), 'no JSON');
    expect(await startCode()).to.equal('MALFORMED');
    await rm(name(encodeHex(logId)));
    await writeFile(name(encodeHex(bytesOf('other'))), canonicalJson(formatFinding(FINDINGS[0]!)));
    expect(await startCode()).to.equal('MALFORMED');
  });
});

describe('what was seen', () => {
  const block = { number: 7, hash: bytesOf('block 7'), at: 1_767_225_700_000 };
  const seen = { logId, note: parseNote(large.note), anchor: { block, attestations: large.claim!.attestations } };

  test('is read as it was written, and refused when it is changed', () => {
    for (const one of [seen, { ...seen, anchor: null }, { ...seen, anchor: { block, attestations: [] } }]) {
      const said = formatSeen(one);
      expect(parseSeen(parseJson(canonicalJson(said)))).to.deep.equal(one);
      for (const changed of manglings(said)) expect(codeOf(() => parseSeen(changed))).to.equal('MALFORMED');
    }
    for (const changed of manglings(formatSeen(seen)['anchor'] as JsonObject)) {
      if (canonicalJson(changed) === canonicalJson({ ...(formatSeen(seen)['anchor'] as JsonObject), attestations: [] })) continue;
      if (changed['blockNumber'] === 0 || changed['anchoredAt'] === 0) continue;
      expect(codeOf(() => parseSeen({ ...formatSeen(seen), anchor: changed }))).to.equal('MALFORMED');
    }
  });

  test('is found by size and time; of a size the newest, else of the largest', async () => {
    const store = new SeenStore(index.store, 'seen');
    const put = async (size: number, issuedAt: number, of = logId): Promise<void> => {
      const checkpoint = { ...seen.note.checkpoint, size, issuedAt };
      await store.put({ ...seen, logId: of, note: { ...seen.note, checkpoint } }, { sync: false });
    };
    await put(2, 10);
    await put(2, 30);
    await put(2, 20);
    await put(300, 40);
    await put(999, 1, bytesOf('another log'));
    const timeOf = async (size?: number): Promise<number | undefined> =>
      (await store.newest(logId, size))?.note.checkpoint.issuedAt;
    expect([await timeOf(), await timeOf(2), await timeOf(300), await timeOf(3)]).to.deep.equal([40, 30, 40, undefined]);
    const at = (issuedAt: number): unknown =>
      store.find(logId, { ...seen.note.checkpoint, size: 2, issuedAt })?.note.checkpoint.issuedAt;
    expect([at(10), at(20), at(21)]).to.deep.equal([10, 20, undefined]);
    expect(formatNote((await store.newest(logId))!.note).split('\n')[1]).to.equal('300');
  });
});
