import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { canonicalJson } from '../../core/bytes/json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { signAttestation } from '../../core/log/attestation.ts';
import { checkpointDigest } from '../../core/log/checkpoint.ts';
import { addCosignature, cosign, parseNote } from '../../core/log/note.ts';
import type { Signer } from '../../core/log/signer.ts';
import { formatSeen, type Seen } from '../../verifier/index/seen-store.ts';
import { AUDIT, digestOf, ISSUER, OUTSIDER, signerNamed, type StoryLog, witnessName } from '../verify/story.ts';
import { judgeAt, short } from './reader.ts';
import { logView, type Served, standsOn, until, World } from './world.ts';

let world: World;
let log: StoryLog;
let fake: Server | null = null;
beforeEach(async () => {
  world = await World.create();
  log = world.story.issuer;
});
afterEach(async () => {
  fake?.closeAllConnections();
  fake?.close();
  fake = null;
  await world.end();
});

const FILE = digestOf('a file');
const WAITED = 30_001;

/** Something that answers where a witness should; null: it hangs. */
async function startFake(answer: (path: string) => string | null): Promise<string> {
  fake = createServer((request, response) => {
    const text = answer(request.url!);
    if (text !== null) response.end(text);
  });
  fake.listen(0, '127.0.0.1');
  await once(fake, 'listening');
  return `http://127.0.0.1:${(fake.address() as AddressInfo).port}`;
}

async function startAsking(url: string, name = witnessName(AUDIT)): Promise<Served> {
  return world.start('verifier', { trustFile: await world.writeTrust(), witnesses: [{ name, url }] });
}

async function isReplayed(verifier: Served, size: number): Promise<void> {
  await until(`${size} entries are replayed`, async () => (await logView(verifier, log)).size === size);
}

/** What a witness with this key would say of the newest anchor. */
function wordOf(signer: Signer, name = witnessName(AUDIT), block = world.chain.head): Seen {
  const note = parseNote(world.issuer.note!);
  const place = { blockNumber: block.number, blockHash: block.hash, blockAt: block.at };
  const attestation = {
    chainReference: world.story.chainReference(),
    ...place,
    checkpointDigest: checkpointDigest(note.checkpoint),
  };
  const attestations = [{ keyId: keyIdOf(signer.publicKey), signature: signAttestation(attestation, signer) }];
  const cosigned = addCosignature(note, cosign(note.checkpoint, name, world.story.clock, signer));
  return { logId: log.logId, note: cosigned, anchor: { block, attestations } };
}

describe('an anchored checkpoint is stood on', () => {
  test('as soon as the quorum has spoken, and the licence in it is valid', async () => {
    const { verifier } = await world.startBoth();
    world.anchor();
    world.story.issue({ files: [FILE] });
    world.anchor();
    const { checkpoint } = await standsOn(verifier, log, 2);
    expect(parseNote(checkpoint!).cosignatures).to.have.length(1);
    await until('it is valid', async () => short(await judgeAt(world, verifier, FILE)) === 'valid');
  });

  test('without the witnesses when they have had their time; what they say later is added', async () => {
    const said = { isSpeaking: false };
    const url = await startFake(() => (said.isSpeaking ? canonicalJson(formatSeen(wordOf(world.story.witnessSigner))) : '{}'));
    const verifier = await startAsking(url);
    world.story.issue({ files: [FILE] });
    world.anchor();
    await isReplayed(verifier, 2);
    expect(await logView(verifier, log)).to.include({ anchoredSize: null, trouble: null });
    world.story.tick(WAITED);
    await standsOn(verifier, log, 2);
    await until('it is unwitnessed', async () => (await judgeAt(world, verifier, FILE)).reasons.includes('UNWITNESSED'));
    said.isSpeaking = true;
    world.story.tick(10_000);
    await until('it is valid', async () => short(await judgeAt(world, verifier, FILE)) === 'valid');
  });

  test('in time though a witness hangs', async () => {
    const verifier = await startAsking(await startFake(() => null));
    world.story.issue({ files: [FILE] });
    world.anchor();
    await isReplayed(verifier, 2);
    world.story.tick(WAITED);
    await standsOn(verifier, log, 2);
  });

  test('with what was collected before a restart, asking nobody again', async () => {
    const { verifier, witness } = await world.startBoth();
    world.story.issue({ files: [FILE] });
    world.anchor();
    const { checkpoint } = await standsOn(verifier, log, 2);
    await verifier.close();
    await witness.close();
    const again = await world.start('verifier', { trustFile: await world.writeTrust() });
    expect((await standsOn(again, log, 2)).checkpoint).to.equal(checkpoint);
  });
});

describe('a witness’s word is not taken', () => {
  const LIES: Record<string, () => string> = {
    'when it is no JSON': () => 'a word',
    'when it is another document': () => canonicalJson({ logId: encodeHex(log.logId) }),
    'under a key that the trust file does not name': () => canonicalJson(formatSeen(wordOf(signerNamed('a stranger')))),
    'under another witness’s name': () => canonicalJson(formatSeen(wordOf(world.story.witnessSigner, witnessName(ISSUER)))),
    'about another block': () => {
      const block = { ...world.chain.head, at: world.chain.head.at + 1 };
      return canonicalJson(formatSeen(wordOf(world.story.witnessSigner, witnessName(AUDIT), block)));
    },
    'about another checkpoint': () => {
      const word = wordOf(world.story.witnessSigner);
      const { issuedAt } = word.note.checkpoint;
      return canonicalJson(
        formatSeen({ ...word, note: { ...word.note, checkpoint: { ...word.note.checkpoint, issuedAt: issuedAt + 1 } } }),
      );
    },
    'when the cosignature does not hold': () => {
      const word = wordOf(world.story.witnessSigner);
      const cosignatures = word.note.cosignatures.map((line) => ({ ...line, cosignedAt: line.cosignedAt + 1 }));
      return canonicalJson(formatSeen({ ...word, note: { ...word.note, cosignatures } }));
    },
    'when the attestation does not hold': () => {
      const word = wordOf(world.story.witnessSigner);
      const wrong = wordOf(signerNamed('a stranger')).anchor!.attestations[0]!.signature;
      const attestations = word.anchor!.attestations.map((one) => ({ ...one, signature: wrong }));
      return canonicalJson(formatSeen({ ...word, anchor: { ...word.anchor!, attestations } }));
    },
    'when it cosigns and attests nothing': () =>
      canonicalJson(formatSeen({ ...wordOf(world.story.witnessSigner), anchor: null })),
  };

  for (const [why, lie] of Object.entries(LIES)) {
    test(why, async () => {
      let asked = 0;
      world.story.issue({ files: [FILE] });
      world.anchor();
      const verifier = await startAsking(
        await startFake(() => {
          asked++;
          return lie();
        }),
      );
      await isReplayed(verifier, 2);
      await until('it was asked', () => asked > 0);
      world.story.tick();
      await until('it was asked again', () => asked > 1);
      expect(await logView(verifier, log)).to.include({ anchoredSize: null });
    });
  }

  test('when it is the log’s own authority’s', async () => {
    const { story } = world;
    const witnesses = [{ authority: ISSUER, name: witnessName(ISSUER), publicKey: story.witnessSigner.publicKey }];
    const url = await startFake(() => canonicalJson(formatSeen(wordOf(story.witnessSigner, witnessName(ISSUER)))));
    const trustFile = await world.writeTrust({ witnesses });
    const verifier = await world.start('verifier', { trustFile, witnesses: [{ name: witnessName(ISSUER), url }] });
    story.issue({ files: [FILE] });
    world.anchor();
    await isReplayed(verifier, 2);
    story.tick(WAITED - 10_000);
    expect(await logView(verifier, log)).to.include({ anchoredSize: null });
  });
});

describe('a quorum of two', () => {
  /** What each witness's server says; the second is another office's. */
  async function startTwo(second: string): Promise<Served> {
    const { story } = world;
    const other = signerNamed('second witness key');
    const name = witnessName(second);
    const first = story.trust().witnesses;
    const trustFile = await world.writeTrust({
      witnesses: [...first, { authority: second, name, publicKey: other.publicKey }],
      witnessQuorum: 2,
    });
    const url = await startFake((path) =>
      canonicalJson(formatSeen(path.startsWith('/second') ? wordOf(other, name) : wordOf(story.witnessSigner))),
    );
    const witnesses = [
      { name: witnessName(AUDIT), url },
      { name, url: `${url}/second` },
    ];
    return world.start('verifier', { trustFile, witnesses });
  }

  test('is two authorities', async () => {
    const verifier = await startTwo(OUTSIDER);
    world.story.issue({ files: [FILE] });
    world.anchor();
    expect(parseNote((await standsOn(verifier, log, 2)).checkpoint!).cosignatures).to.have.length(2);
  });

  test('is not one authority with two keys', async () => {
    const verifier = await startTwo(AUDIT);
    world.story.issue({ files: [FILE] });
    world.anchor();
    await isReplayed(verifier, 2);
    world.story.tick(WAITED - 10_000);
    expect(await logView(verifier, log)).to.include({ anchoredSize: null });
  });
});
