import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { decodeEntry, encodeEntry } from '../../core/log/entry.ts';
import { formatNote, parseNote, signNote } from '../../core/log/note.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { verifyConsistency } from '../../core/log/tree-proof.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { type Finding, parseFinding } from '../../verifier/follow/finding.ts';
import { bytesOf } from '../log/memory-log.ts';
import { digestOf, ISSUER, signerNamed, StoryLog } from '../verify/story.ts';
import { eventsOf } from './fake-chain.ts';
import { hasTrouble, logView, type Served, standsOn, until, World } from './world.ts';

let world: World;
let log: StoryLog;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(() => world.end());

/** Two entries: a licence and one file. */
function issue(name: string): void {
  world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] });
}

async function refusal(start: Promise<unknown>): Promise<string> {
  try {
    await start;
  } catch (error) {
    if (isCodedError(error)) return error.code;
    throw error;
  }
  return 'started';
}

async function findings(verifier: Served): Promise<string[]> {
  return (await readdir(join(verifier.dataDir, 'findings'))).sort();
}

describe('a verifier follows a log', () => {
  test('to the newest anchored checkpoint, and beyond it to what is published', async () => {
    const verifier = await world.start('verifier');
    issue('a');
    world.publish();
    await until('the published entries are replayed', async () => (await logView(verifier, log)).size === 2);
    expect(await logView(verifier, log)).to.include({ anchoredSize: null, trouble: null, checkpoint: null });
    world.mineNote(world.issuer.note!);
    await standsOn(verifier, log, 2);
    issue('b');
    world.publish();
    await until('more is replayed', async () => (await logView(verifier, log)).size === 4);
    expect(await logView(verifier, log)).to.include({ anchoredSize: 2, trouble: null });
  });

  test('to an anchored checkpoint that lies before what it has replayed already', async () => {
    const verifier = await world.start('verifier');
    issue('a');
    const early = world.publish();
    issue('b');
    world.publish();
    await until('all is replayed', async () => (await logView(verifier, log)).size === 4);
    world.mineNote(early);
    await standsOn(verifier, log, 2);
  });

  test('over many tiles, and every root on the way is the log’s', async () => {
    const sizes: number[] = [];
    for (let i = 0; i < 5; i++) {
      for (let j = 0; j <= 40 * i; j++) issue(`n${i}x${j}`);
      world.anchor();
      sizes.push(log.rows.length);
    }
    const verifier = await world.start('verifier');
    issue('last');
    world.anchor();
    await standsOn(verifier, log, log.rows.length);
    for (const from of sizes) {
      const { json } = await verifier.get(`/v1/logs/${encodeHex(log.logId)}/consistency?from=${from}&to=${log.rows.length}`);
      const [root1, root2] = [rootAt(from, log.tree), rootAt(log.rows.length, log.tree)];
      expect(json).to.include({ fromRoot: encodeHex(root1), toRoot: encodeHex(root2) });
      const proof = (json['proof'] as string[]).map(hashFromHex);
      verifyConsistency({ size1: from, root1, size2: log.rows.length, root2 }, proof);
    }
  });

  test('as far as it goes when a later checkpoint is out of reach', async () => {
    issue('a');
    world.anchor();
    issue('b');
    world.anchor();
    world.issuer.tamper = (path, bytes) => (path.endsWith('.p/4') ? null : bytes);
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    await hasTrouble(verifier, log, 'NODE_UNREACHABLE');
  });

  test('only when the config says where its node answers, and only a licence log', async () => {
    const { story } = world;
    story.facts = { ...story.facts, logs: story.facts.logs.map((one) => ({ ...one, class: 'access' as const })) };
    world.chain.lose(1);
    world.chain.mine(story.facts.block.at, ...eventsOf(story.facts));
    issue('a');
    world.anchor();
    const verifier = await world.start('verifier', { logs: [{ origin: log.origin, url: world.issuer.url }] });
    await until('the chain is read', async () => (await verifier.get('/readyz')).status === 200);
    const { json } = await verifier.get('/v1/logs');
    for (const view of json['logs'] as object[]) expect(view).to.include({ followed: false, size: null });
    expect(world.issuer.paths).to.deep.equal([]);
  });

  test('and a node that hangs holds up no other log and no answer', async () => {
    world.issuer.isHanging = true;
    issue('a');
    world.anchor();
    world.story.issue({ files: [digestOf('b')] }, world.story.outsider);
    world.anchor(world.story.outsider);
    const verifier = await world.start('verifier');
    await standsOn(verifier, world.story.outsider, 2);
    expect(await logView(verifier, log)).to.include({ anchoredSize: null, trouble: null });
    world.story.tick(10_001);
    await hasTrouble(verifier, log, 'NODE_UNREACHABLE');
    world.issuer.isHanging = false;
    await standsOn(verifier, log, 2);
    await hasTrouble(verifier, log, null);
  });

  test('whose openings it mirrors; one that is missing holds up nothing and is fetched when it comes', async () => {
    issue('a');
    world.issuer.tamper = (path, bytes) => (path.startsWith('/opening/') ? null : bytes);
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    const openings = async (): Promise<unknown[]> => {
      const slots = log.rows.map(({ slot }) => encodeHex(slot));
      return ((await verifier.post('/v1/lookup', { slots })).json['present'] as { opening: unknown }[]).map((row) => row.opening);
    };
    expect(await openings()).to.deep.equal([null, null]);
    world.issuer.tamper = (_path, bytes) => bytes;
    await until('the openings are there', async () => (await openings()).every((opening) => opening !== null));
  });
});

describe('what the chain takes back', () => {
  test('makes what stood on it provisional again, until it is anchored in another block', async () => {
    const verifier = await world.start('verifier');
    issue('a');
    world.anchor();
    issue('b');
    const note = world.anchor();
    await standsOn(verifier, log, 4);
    world.chain.lose(1);
    await standsOn(verifier, log, 2);
    expect(await logView(verifier, log)).to.include({ size: 4, trouble: null });
    world.mineNote(note);
    await standsOn(verifier, log, 4);
  });

  test('is taken back from the facts, too, and a restart agrees', async () => {
    const { story } = world;
    const key = signerNamed('another log key');
    const added = { code: ISSUER, keyId: keyIdOf(key.publicKey), keyType: 'log', publicKey: key.publicKey } as const;
    world.chain.mine(story.tick(), { kind: 'key-added', validFrom: story.clock, ...added });
    let verifier = await world.start('verifier');
    const knows = async (): Promise<boolean> => (await verifier.get('/v1/authorities')).text.includes(encodeHex(added.keyId));
    await until('the key is known', knows);
    world.chain.lose(1);
    await until('the key is gone', async () => !(await knows()));
    await verifier.close();
    verifier = await world.start('verifier');
    expect(await knows()).to.equal(false);
  });
});

describe('a restart', () => {
  test('goes on where it was, without reading chain or log again', async () => {
    issue('a');
    world.anchor();
    let verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    await verifier.close();
    const { blocksTold } = world.chain;
    world.issuer.paths.length = 0;
    verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    await until('the chain was polled', async () => (await verifier.get('/readyz')).status === 200);
    expect(world.chain.blocksTold).to.equal(blocksTold);
    expect(world.issuer.paths.filter((path) => path.startsWith('/tile/'))).to.deep.equal([]);
  });

  test('without the chain answers from what it knows, and says how old that is', async () => {
    issue('a');
    world.anchor();
    let verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    await verifier.close();
    world.chain.isDown = true;
    verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    await hasTrouble(verifier, log, 'CHAIN_UNREACHABLE');
    expect((await verifier.get('/v1/authorities')).json['polledMsAgo']).to.equal(Number.MAX_SAFE_INTEGER);
    expect((await verifier.get('/readyz')).status).to.equal(503);
    world.chain.isDown = false;
    await hasTrouble(verifier, log, null);
  });

  test('is refused on another chain’s index, and a first start without a chain', async () => {
    world.chain.isDown = true;
    expect(await refusal(world.start('verifier'))).to.equal('UNAVAILABLE');
    world.chain.isDown = false;
    await (await world.start('verifier')).close();
    world.chain.genesisHash = bytesOf('another genesis');
    expect(await refusal(world.start('verifier'))).to.equal('CONFLICT');
  });

  test('is refused while another process has the index, and when a log is named twice', async () => {
    await world.start('verifier');
    expect(await refusal(world.start('verifier'))).to.equal('CONFLICT');
    const named = { origin: log.origin, url: world.issuer.url };
    expect(await refusal(world.start('other', { logs: [named, named] }))).to.equal('MALFORMED');
  });

  test('goes on with a chain that became another one while it ran: it is not read', async () => {
    const verifier = await world.start('verifier');
    await until('the chain was polled', async () => (await verifier.get('/readyz')).status === 200);
    world.chain.genesisHash = bytesOf('another genesis');
    world.chain.lose(1);
    issue('a');
    world.anchor();
    world.story.tick(10_001);
    await until('the chain counts as gone', async () => (await verifier.get('/readyz')).status === 503);
    expect(((await verifier.get('/v1/status')).json['chain'] as { head: { number: number } }).head.number).to.equal(0);
  });
});

describe('a node that lies convicts nobody', () => {
  /** Of an entry bundle; the first two entries were replayed before the node began to lie. */
  const ROW = 76;
  const LIES: Record<string, (path: string, bytes: Uint8Array) => Uint8Array | null> = {
    'withholds a tile': (path, bytes) => (path.startsWith('/tile/') ? null : bytes),
    'changes an entry': (path, bytes) => (path.startsWith('/tile/entries') ? flipped(bytes, 2 * ROW + 40) : bytes),
    'cuts a tile': (path, bytes) => (path.startsWith('/tile/entries') ? bytes.subarray(0, -1) : bytes),
    'adds to a tile': (path, bytes) => (path.startsWith('/tile/entries') ? Uint8Array.of(...bytes, 0) : bytes),
    'gives an entry another length': (path, bytes) => (path.startsWith('/tile/entries') ? flipped(bytes, 2 * ROW + 1) : bytes),
    'swaps two entries': (path, bytes) =>
      path.startsWith('/tile/entries')
        ? concatBytes(bytes.subarray(0, 2 * ROW), bytes.subarray(3 * ROW), bytes.subarray(2 * ROW, 3 * ROW))
        : bytes,
  };

  function flipped(bytes: Uint8Array, offset: number): Uint8Array {
    const changed = bytes.slice();
    changed[offset]! ^= 1;
    return changed;
  }

  for (const [what, lie] of Object.entries(LIES)) {
    test(`when it ${what}: the log stays where it was, and goes on when the node does`, async () => {
      const verifier = await world.start('verifier');
      issue('a');
      world.anchor();
      await standsOn(verifier, log, 2);
      world.issuer.tamper = lie;
      issue('b');
      world.anchor();
      expect(await hasTrouble(verifier, log, 'NODE_UNREACHABLE')).to.include({ anchoredSize: 2 });
      world.issuer.tamper = (_path, bytes) => bytes;
      await standsOn(verifier, log, 4);
      await hasTrouble(verifier, log, null);
      expect(await findings(verifier)).to.deep.equal([]);
    });
  }

  test('when it publishes what is no checkpoint of the log', async () => {
    const { story } = world;
    issue('a');
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    const { checkpoint } = parseNote(world.issuer.note!);
    const forged = { ...checkpoint, rootHash: bytesOf('another root') };
    for (const note of [
      'no note',
      formatNote(signNote(forged, signerNamed('a stranger’s key'))),
      formatNote(signNote(forged, story.documentSigner)),
      formatNote(signNote({ ...forged, origin: story.outsider.origin }, story.logSigners.get(ISSUER)!)),
      world.sign({ ...forged, issuedAt: 5 }),
    ]) {
      world.issuer.paths.length = 0;
      world.issuer.note = note;
      await until('it was read', () => world.issuer.paths.filter((path) => path === '/checkpoint').length > 2);
    }
    expect(await logView(verifier, log)).to.include({ anchoredSize: 2, size: 2, trouble: null });
    expect(await findings(verifier)).to.deep.equal([]);
  });
});

describe('an anchor', () => {
  test('without the log’s signature is no checkpoint of the log', async () => {
    const { story } = world;
    issue('a');
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2);
    issue('b');
    const { checkpoint, logSignature } = parseNote(world.publish());
    const mine = (keyId: Parameters<typeof world.chain.anchorCheckpoint>[1], signature = logSignature.signature): unknown =>
      world.chain.anchorCheckpoint(checkpoint, keyId, signature, story.tick());
    mine(keyIdOf(story.logSigners.get(ISSUER)!.publicKey), parseSignature(new Uint8Array(64).fill(7)));
    mine(keyIdOf(story.outsiderDocumentSigner.publicKey));
    mine(bytesOf('no key'));
    await until('the entries are replayed', async () => (await logView(verifier, log)).size === 4);
    expect(await logView(verifier, log)).to.include({ anchoredSize: 2, trouble: null });
    world.mineNote(world.issuer.note!);
    await standsOn(verifier, log, 4);
  });
});

describe('a log that signs what cannot be', () => {
  /** The finding, once the log is convicted; it still stands where it stood. */
  async function convicted(verifier: Served, anchoredSize: number | null): Promise<ReturnType<typeof parseFinding>> {
    const view = await hasTrouble(verifier, log, 'FORKED_LOG');
    expect(view.anchoredSize).to.equal(anchoredSize);
    const [name, ...others] = await findings(verifier);
    expect(others).to.deep.equal([]);
    return parseFinding(await readFile(join(verifier.dataDir, 'findings', name!)));
  }

  /** Throws unless the larger checkpoint's tree had another root than the smaller one says, by the finding alone. */
  function verifyTree(finding: Finding): void {
    if (finding.kind !== 'fork') throw new Error('not a fork');
    const [earlier, later] = [finding.a, finding.b].map((note) => parseNote(note).checkpoint).sort((a, b) => a.size - b.size);
    const { rootHash, consistencyProof } = finding.tree!;
    expect(encodeHex(rootHash)).to.not.equal(encodeHex(earlier!.rootHash));
    const claim = { size1: earlier!.size, root1: rootHash, size2: later!.size, root2: later!.rootHash };
    verifyConsistency(claim, consistencyProof);
  }

  /** A second history from the beginning, signed by the same key and served by the same node. */
  function rewritten(...names: string[]): StoryLog {
    const other = new StoryLog(ISSUER);
    for (const name of names) world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)], issuer: ISSUER }, other);
    return other;
  }

  async function startedOn(...names: string[]): Promise<Served> {
    for (const name of names) issue(name);
    world.anchor();
    const verifier = await world.start('verifier');
    await standsOn(verifier, log, 2 * names.length);
    return verifier;
  }

  test('is convicted by two anchored checkpoints of one size', async () => {
    const verifier = await startedOn('a');
    const { checkpoint } = parseNote(world.issuer.note!);
    const other = world.sign({ ...checkpoint, rootHash: bytesOf('another root'), issuedAt: world.story.tick() });
    world.mineNote(other, log, 'forked');
    const finding = await convicted(verifier, 2);
    expect(finding).to.deep.include({ kind: 'fork', a: world.issuer.note, b: other });
  });

  test('is not convicted by a contradiction that it did not sign', async () => {
    const verifier = await startedOn('a');
    const { checkpoint } = parseNote(world.issuer.note!);
    const forged = { ...checkpoint, rootHash: bytesOf('another root') };
    const { publicKey } = world.story.logSigners.get(ISSUER)!;
    const signature = parseSignature(new Uint8Array(64).fill(7));
    world.chain.anchorCheckpoint(forged, keyIdOf(publicKey), signature, world.story.tick(), 'forked');
    issue('b');
    world.anchor();
    await standsOn(verifier, log, 4);
    expect(await logView(verifier, log)).to.include({ trouble: null });
  });

  test('is convicted by a published checkpoint of an anchored size with another root, or another map root', async () => {
    for (const [name, change] of Object.entries({ rootHash: bytesOf('another root'), mapRoot: bytesOf('another map') })) {
      const verifier = await world.start(`verifier ${name}`);
      if (log.rows.length === 0) issue('a');
      const note = world.anchor();
      await standsOn(verifier, log, 2);
      world.issuer.note = world.sign({ ...parseNote(note).checkpoint, [name === 'rootHash' ? 'rootHash' : 'mapRoot']: change });
      expect((await convicted(verifier, 2)).kind).to.equal('fork');
      await verifier.close();
    }
  });

  test('is convicted by a published checkpoint that its anchored tree does not begin with', async () => {
    const verifier = await startedOn('a', 'b');
    const { checkpoint } = parseNote(world.issuer.note!);
    world.issuer.note = world.sign({ ...checkpoint, size: 3, rootHash: bytesOf('another root') });
    const finding = await convicted(verifier, 4);
    expect(finding).to.deep.include({ kind: 'fork', a: world.issuer.note });
    verifyTree(finding);
  });

  test('is convicted when it anchors a history that does not go on from the one it anchored before', async () => {
    const verifier = await startedOn('a');
    const before = world.issuer.note!;
    world.issuer.log = rewritten('x', 'y', 'z');
    const { note } = world.story.anchor(world.issuer.log, { cosigned: false, anchored: false });
    world.issuer.note = note;
    world.mineNote(note);
    const finding = await convicted(verifier, 2);
    expect(finding).to.deep.include({ kind: 'fork', a: before, b: note });
    verifyTree(finding);
  });

  test('is convicted by a late reader, of two anchors that no tree has', async () => {
    issue('a');
    world.anchor();
    world.issuer.log = rewritten('x', 'y');
    const { note } = world.story.anchor(world.issuer.log, { cosigned: false, anchored: false });
    world.issuer.note = note;
    world.mineNote(note);
    const verifier = await world.start('verifier');
    verifyTree(await convicted(verifier, null));
  });

  const BAD: Record<string, { why: string; entryIndex?: null; make: () => void }> = {
    'a map root that is not its entries’': { why: 'map-root', entryIndex: null, make: () => issue('b') },
    'an entry at a slot that was taken': {
      why: 'slot-twice',
      make: () => {
        const entry = { ...decodeEntry(log.rows[0]!.bytes), recordedAt: Math.floor(world.story.tick() / 1000) * 1000 };
        const bytes = encodeEntry(entry);
        log.rows.push({ ...log.rows[0]!, bytes });
        log.tree.append(leafHashOf(bytes));
      },
    },
    'an entry off the quantum': {
      why: 'entry-time',
      make: () => log.say('issue', log.rows[0]!.h, new Uint8Array(), 1_800_000_000_001),
    },
    'an entry before the one before': {
      why: 'entry-time',
      make: () => log.say('revoke', log.rows[0]!.h, new Uint8Array(), 1000),
    },
    'an entry later than its checkpoint': {
      why: 'entry-time',
      make: () => log.say('revoke', log.rows[0]!.h, new Uint8Array(), 4_000_000_000_000),
    },
  };

  for (const [what, { why, entryIndex = 2, make }] of Object.entries(BAD)) {
    test(`is convicted by ${what}, and stays where it was for ever`, async () => {
      let verifier = await startedOn('a');
      make();
      const { checkpoint } = parseNote(world.publish());
      const bad = world.sign(why === 'map-root' ? { ...checkpoint, mapRoot: bytesOf('another map') } : checkpoint);
      world.issuer.note = bad;
      world.mineNote(bad);
      expect(await convicted(verifier, 2)).to.deep.include({ kind: 'bad', why, entryIndex, checkpoint: bad });
      expect(verifier.lines.join('')).to.contain(`"reason":"${why}","index":${entryIndex}`);
      expect(await logView(verifier, log)).to.have.nested.property('finding.index', entryIndex);
      await verifier.close();
      verifier = await world.start('verifier');
      await convicted(verifier, 2);
      if (why === 'map-root') {
        issue('c');
        world.anchor();
        await until('the chain was polled', async () => (await verifier.get('/readyz')).status === 200);
        await convicted(verifier, 2);
      }
    });
  }
});
