import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { verifyAttestation } from '../../core/log/attestation.ts';
import { checkpointDigest } from '../../core/log/checkpoint.ts';
import { formatNote, parseNote, verifyCosignatureLine } from '../../core/log/note.ts';
import { parseSeen, type Seen } from '../../verifier/index/seen-store.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUDIT, digestOf, ISSUER, signerNamed, StoryLog, witnessName } from '../verify/story.ts';
import { SampleNode } from './sample-node.ts';
import { hasTrouble, logView, type Served, standsOn, until, World } from './world.ts';

const SUCCESSOR = '11999900MB0000004W';
let world: World;
let log: StoryLog;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(() => world.end());

function issue(name: string, into = log): void {
  world.story.issue({ serial: name.toUpperCase(), files: [digestOf(name)] }, into);
}

async function seenAt(program: Served, query = '', of = log): Promise<Seen | null> {
  const { status, json } = await program.get(`/seen/${encodeHex(of.logId)}${query}`);
  if (status === 404) return null;
  expect(status).to.equal(200);
  return parseSeen(json);
}

/** What the witness says of a note, once it says something. */
function wordOn(witness: Served, note: string, of = log): Promise<Seen> {
  const { size, issuedAt } = parseNote(note).checkpoint;
  return until('the witness has spoken', () => seenAt(witness, `?size=${size}&time=${issuedAt}`, of));
}

/** Throws unless both signatures hold for this note, in this block. */
function verifyWord({ note, anchor }: Seen, signed: string, block = world.chain.head): void {
  const { checkpoint } = note;
  expect(formatNote({ ...note, cosignatures: [] })).to.equal(signed);
  const { publicKey } = world.story.witnessSigner;
  expect(note.cosignatures.map(({ witness }) => witness)).to.deep.equal([witnessName(AUDIT)]);
  verifyCosignatureLine(checkpoint, note.cosignatures[0]!, publicKey);
  expect(anchor!.block).to.deep.equal(block);
  expect(anchor!.attestations.map(({ keyId }) => encodeHex(keyId))).to.deep.equal([encodeHex(keyIdOf(publicKey))]);
  const place = { blockNumber: block.number, blockHash: block.hash, blockAt: block.at };
  const attestation = { chainReference: world.story.chainReference(), ...place, checkpointDigest: checkpointDigest(checkpoint) };
  verifyAttestation(attestation, publicKey, anchor!.attestations[0]!.signature);
}

async function isReplayed(program: Served, size: number, of = log): Promise<void> {
  await until(`${size} entries are replayed`, async () => (await logView(program, of)).size === size);
}

/** Long enough for a witness that would sign to have signed. */
async function hasHadTime(program: Served): Promise<void> {
  const { polls } = world.chain;
  await until('the chain was polled some more', () => world.chain.polls > polls + 8);
  await program.get('/livez');
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

describe('a witness', () => {
  test('cosigns what it replayed and attests the block, and says the same after a restart', async () => {
    let witness = await world.startWitness();
    issue('a');
    const note = world.anchor();
    const word = await wordOn(witness, note);
    verifyWord(word, note);
    expect(await seenAt(witness)).to.deep.equal(word);
    await witness.close();
    witness = await world.startWitness();
    expect(await seenAt(witness)).to.deep.equal(word);
    await hasHadTime(witness);
    expect(await seenAt(witness)).to.deep.equal(word);
  });

  test('speaks about every anchor: of a size the newest, of a size and a time that one', async () => {
    const witness = await world.startWitness();
    issue('a');
    verifyWord(await wordOn(witness, world.anchor()), world.issuer.note!);
    const second = world.anchor();
    const block = world.chain.head;
    await wordOn(witness, second);
    issue('b');
    const third = world.anchor();
    await wordOn(witness, third);
    verifyWord((await seenAt(witness, '?size=2'))!, second, block);
    verifyWord((await seenAt(witness))!, third);
    expect(await seenAt(witness, '?size=3')).to.equal(null);
    expect(await seenAt(witness, '?size=2&time=1')).to.equal(null);
    expect(await seenAt(witness, '', world.story.outsider)).to.equal(null);
  });

  test('that comes late attests the anchors it passed as well', async () => {
    issue('a');
    const early = world.anchor();
    const block = world.chain.head;
    issue('b');
    const late = world.anchor();
    const witness = await world.startWitness();
    verifyWord(await wordOn(witness, late), late);
    const { note, anchor } = await wordOn(witness, early);
    expect(note.cosignatures).to.deep.equal([]);
    expect(anchor!.block).to.deep.equal(block);
    expect(anchor!.attestations).to.have.length(1);
  });

  test('attests the new block when the chain has lost the old one, and keeps its cosignature', async () => {
    const witness = await world.startWitness();
    issue('a');
    const note = world.anchor();
    const before = await wordOn(witness, note);
    world.chain.lose(1);
    await standsOn(witness, log, null);
    world.chain.mine(world.story.tick());
    world.mineNote(note);
    const after = await until('it attests the new block', async () => {
      const word = await wordOn(witness, note);
      return word.anchor!.block.number === world.chain.head.number && word;
    });
    verifyWord(after, note);
    expect(after.note).to.deep.equal(before.note);
  });

  test('says nothing about its own authority’s log', async () => {
    const name = witnessName(ISSUER);
    const witness = await world.startWitness('witness', { witness: { name, ...(await world.witnessKey()) } });
    issue('a');
    world.anchor();
    issue('b', world.story.outsider);
    await wordOn(witness, world.anchor(world.story.outsider), world.story.outsider);
    await isReplayed(witness, 2);
    await hasHadTime(witness);
    expect(await seenAt(witness)).to.equal(null);
  });

  test('says nothing about a log that was its own authority’s once, or is now, though it spoke about it before', async () => {
    const { story } = world;
    const ofIssuer = { witness: { name: witnessName(ISSUER), ...(await world.witnessKey()) } };
    const [audit, issuer] = [await world.startWitness(), await world.startWitness('issuer’s', ofIssuer)];
    issue('a');
    const first = world.anchor();
    await wordOn(audit, first);
    story.enter(SUCCESSOR, '样例市规划局');
    story.succeed(ISSUER, SUCCESSOR);
    issue('b');
    const second = world.anchor();
    await wordOn(audit, second);
    await isReplayed(issuer, 4);
    expect(await seenAt(issuer)).to.equal(null);

    const auditLogKey = signerNamed('log key of the audit office');
    const { publicKey } = auditLogKey;
    story.logSigners.set(AUDIT, auditLogKey);
    const key = { code: AUDIT, keyId: keyIdOf(publicKey), keyType: 'log', publicKey, validFrom: story.clock } as const;
    story.happen({ kind: 'key-added', ...key });
    story.succeed(SUCCESSOR, AUDIT);
    issue('c');
    const third = world.anchor();
    for (const witness of [audit, issuer]) await isReplayed(witness, 6);
    await hasHadTime(audit);
    const { size, issuedAt } = parseNote(third).checkpoint;
    for (const witness of [audit, issuer]) expect(await seenAt(witness, `?size=${size}&time=${issuedAt}`)).to.equal(null);
  });

  test('says nothing about the log of an authority right below its own', async () => {
    const { story, chain } = world;
    const below = new StoryLog('11999900MB0000004W');
    const signer = signerNamed('log key below');
    const { publicKey } = signer;
    const account = bytesOf('account').subarray(0, 20);
    story.logSigners.set(below.authority, signer);
    chain.mine(
      story.tick(),
      { kind: 'authority-registered', code: below.authority, name: '样例县局', region: '999900', parent: AUDIT, account },
      { kind: 'key-added', code: below.authority, keyId: keyIdOf(publicKey), keyType: 'log', publicKey, validFrom: 0 },
      {
        kind: 'log-registered',
        logId: below.logId,
        origin: below.origin,
        owner: below.authority,
        class: 'licence',
        quantum: 1_000,
        beat: 60_000,
        promiseSpan: 180_000,
        term: null,
      },
    );
    const node = await SampleNode.start(below);
    const logs = [
      { origin: log.origin, url: world.issuer.url },
      { origin: below.origin, url: node.url },
    ];
    const witness = await world.startWitness('witness', { logs });
    issue('a', below);
    node.note = story.anchor(below, { cosigned: false, anchored: false }).note;
    world.mineNote(node.note, below);
    issue('b');
    await wordOn(witness, world.anchor());
    await isReplayed(witness, 2, below);
    await hasHadTime(witness);
    expect(await seenAt(witness, '', below)).to.equal(null);
    await node.stop();
  });

  test('goes on after restarts in the middle of a tile, and signs once it has all of it', async () => {
    let witness = await world.startWitness();
    for (let i = 0; i < 135; i++) issue(`tile${i}`);
    const note = world.anchor();
    world.issuer.tamper = (path, bytes) => (path.startsWith('/tile/entries/001') ? null : bytes);
    await hasTrouble(witness, log, 'NODE_UNREACHABLE');
    await hasHadTime(witness);
    expect(await seenAt(witness)).to.equal(null);
    await witness.close();
    witness = await world.startWitness();
    await hasTrouble(witness, log, 'NODE_UNREACHABLE');
    expect(await seenAt(witness)).to.equal(null);
    world.issuer.tamper = (_path, bytes) => bytes;
    verifyWord(await wordOn(witness, note), note);
    await witness.close();
    issue('more');
    const next = world.anchor();
    witness = await world.startWitness();
    verifyWord(await wordOn(witness, next), next);
  });

  test('says nothing about a log whose tiles are withheld', async () => {
    const witness = await world.startWitness();
    world.issuer.tamper = (path, bytes) => (path.startsWith('/tile/') ? null : bytes);
    issue('a');
    world.anchor();
    await hasTrouble(witness, log, 'NODE_UNREACHABLE');
    await hasHadTime(witness);
    expect(await seenAt(witness)).to.equal(null);
  });

  test('says nothing more about a log whose map root is wrong', async () => {
    const witness = await world.startWitness();
    issue('a');
    const good = await wordOn(witness, world.anchor());
    issue('b');
    const { checkpoint } = parseNote(world.publish());
    world.issuer.note = world.sign({ ...checkpoint, mapRoot: bytesOf('another map') });
    world.mineNote(world.issuer.note);
    await hasTrouble(witness, log, 'FORKED_LOG');
    await hasHadTime(witness);
    expect(await seenAt(witness)).to.deep.equal(good);
  });

  test('says nothing about an anchor that the log did not sign', async () => {
    const witness = await world.startWitness();
    issue('a');
    world.publish();
    const { checkpoint, logSignature } = parseNote(world.issuer.note!);
    const { publicKey } = signerNamed('outsider log key');
    world.chain.anchorCheckpoint(checkpoint, keyIdOf(publicKey), logSignature.signature, world.story.tick());
    await isReplayed(witness, 2);
    await hasHadTime(witness);
    expect(await seenAt(witness)).to.equal(null);
  });

  test('never signs another history than before, even with an index built anew, and convicts the log', async () => {
    let witness = await world.startWitness();
    issue('a');
    const note = world.anchor();
    const word = await wordOn(witness, note);
    await witness.close();
    // The chain lost the anchor, the index is gone, and the log serves another history of the same length.
    world.chain.lose(1);
    await rm(join(witness.dataDir, 'index'), { recursive: true });
    world.issuer.log = new StoryLog(ISSUER);
    issue('b', world.issuer.log);
    const { note: other } = world.story.anchor(world.issuer.log, { cosigned: false, anchored: false });
    world.issuer.note = other;
    world.mineNote(other);
    witness = await world.startWitness();
    await hasTrouble(witness, log, 'FORKED_LOG');
    expect(await logView(witness, log)).to.have.nested.property('finding.a', note);
    expect(await seenAt(witness)).to.deep.equal(word);
  });

  test('signs nothing, larger or smaller, until its tree holds all that it signed before', async () => {
    let witness = await world.startWitness();
    issue('a');
    issue('b');
    const note = world.anchor();
    await wordOn(witness, note);
    await witness.close();
    world.chain.lose(1);
    await rm(join(witness.dataDir, 'index'), { recursive: true });
    world.issuer.log = new StoryLog(ISSUER);
    issue('c', world.issuer.log);
    const { note: smaller } = world.story.anchor(world.issuer.log, { cosigned: false, anchored: false });
    world.issuer.note = smaller;
    world.mineNote(smaller);
    witness = await world.startWitness();
    await standsOn(witness, log, 2);
    await hasHadTime(witness);
    expect(await seenAt(witness, '?size=2')).to.equal(null);
    issue('d', world.issuer.log);
    issue('e', world.issuer.log);
    const { note: larger } = world.story.anchor(world.issuer.log, { cosigned: false, anchored: false });
    world.issuer.note = larger;
    world.mineNote(larger);
    await hasTrouble(witness, log, 'FORKED_LOG');
    expect(await seenAt(witness, '?size=6')).to.equal(null);
  });

  test('is refused with another chain’s signatures in its directory, a wrong passphrase, and a name that is none', async () => {
    await (await world.startWitness()).close();
    const key = await world.witnessKey();
    const start = (name: string, changes: object): Promise<string> =>
      refusal(world.startWitness(name, { witness: { name: witnessName(AUDIT), ...key, ...changes } }));
    expect(await start('a', { name: `sample/${AUDIT}/licences` })).to.equal('MALFORMED');
    expect(await start('b', { passphraseFile: key.key })).to.equal('FORBIDDEN');
    expect(await start('c', { key: join(world.directory, 'none') })).to.equal('NOT_FOUND');
    await rm(join(world.directory, 'witness', 'index'), { recursive: true });
    world.chain.genesisHash = bytesOf('another genesis');
    expect(await start('witness', {})).to.equal('CONFLICT');
  });
});

describe('a verifier without a key', () => {
  test('shows what it has replayed, with the log’s signature alone', async () => {
    const verifier = await world.start('verifier');
    expect(await seenAt(verifier)).to.equal(null);
    issue('a');
    const note = world.anchor();
    await standsOn(verifier, log, 2);
    const seen = (await seenAt(verifier, '?size=2'))!;
    expect(formatNote(seen.note)).to.equal(note);
    expect(seen.anchor).to.deep.equal({ block: world.chain.head, attestations: [] });
    expect(await seenAt(verifier, '?size=3')).to.equal(null);
    expect(equalBytes(seen.logId, log.logId)).to.equal(true);
  });
});
