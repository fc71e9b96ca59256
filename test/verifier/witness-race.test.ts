/** Two replays of one log, of two histories, that reach the same witness at the same time: whatever the order, one is signed. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseNote } from '../../core/log/note.ts';
import { rootAt } from '../../core/log/tree.ts';
import { openStore } from '../../service/store.ts';
import { Anchor } from '../../verifier/follow/anchor.ts';
import { FindingFiles } from '../../verifier/follow/finding.ts';
import type { LogFollower } from '../../verifier/follow/log-follower.ts';
import { Witness } from '../../verifier/witness.ts';
import { createLogger } from '../../service/logger.ts';
import { createSigner } from '../../service/signer.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUDIT, digestOf, ISSUER, Story, StoryLog, witnessName } from '../verify/story.ts';

const logger = createLogger({ program: 'test', fields: ['origin'], destination: { write: () => {} } });
let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'witness-race-'));
});
after(() => rm(directory, { recursive: true }));

/** What a witness sees of a log that was replayed up to its anchored checkpoint. */
function replayed(story: Story, log: StoryLog, sequence: number): LogFollower {
  const { note } = story.anchor(log, { cosigned: false, anchored: false });
  const { checkpoint, logSignature } = parseNote(note);
  const block = { number: sequence, hash: bytesOf(`block ${sequence}`), at: story.tick() };
  const keyId = keyIdOf(story.logSigners.get(ISSUER)!.publicKey);
  const event = { kind: 'anchored', logId: log.logId, sequence, keyId, signature: logSignature.signature, block } as const;
  const anchor = Anchor.of({ ...event, ...checkpoint }, log.origin, 0)!;
  const facts = story.facts;
  return {
    origin: log.origin,
    logId: log.logId,
    finding: null,
    anchors: [anchor],
    registered: { log: facts.logs.find(({ logId }) => equalBytes(logId, log.logId))!, facts },
    isHeld: () => true,
    isReproduced: () => true,
    index: {
      size: checkpoint.size,
      rootAt: (size: number) => rootAt(size, log.tree),
      tiles: log.tree,
      heads: { newest: { ...checkpoint, note } },
    },
  } as unknown as LogFollower;
}

async function race(name: string, sizes: readonly number[]): Promise<{ signed: string[]; roots: string[]; findings: string[] }> {
  const story = new Story();
  const privateKey = parsePrivateKey(bytesOf('witness key'));
  const path = join(directory, name);
  const store = await openStore(path);
  const findings = join(directory, `${name}-findings`);
  await mkdir(findings);
  const witness = new Witness({
    name: witnessName(AUDIT),
    signer: createSigner({ type: 'witness', privateKey, publicKey: publicKeyOf(privateKey) }),
    store,
    chainReference: story.chainReference(),
    findings: await FindingFiles.open(findings),
    register: { newest: () => Promise.resolve(null) },
    clock: () => story.clock,
    logger,
  });
  const logs = sizes.map((size, i) => {
    const log = new StoryLog(ISSUER);
    for (let j = 0; j < size; j++) story.issue({ serial: `H${i}N${j}`, files: [digestOf(`${i} ${j}`)], issuer: ISSUER }, log);
    return replayed(story, log, i);
  });
  await Promise.all(logs.map((log) => witness.step(log, AbortSignal.timeout(60_000))));
  const roots = logs.map(({ anchors }) => encodeHex(anchors[0]!.checkpoint.rootHash));
  const seen = await Promise.all(
    logs.map(({ logId, anchors }) => {
      const { size, issuedAt } = anchors[0]!.checkpoint;
      return witness.seen(logId, size, issuedAt);
    }),
  );
  const signed = seen.flatMap((one) =>
    one === undefined || one.note.cosignatures.length === 0 ? [] : [encodeHex(one.note.checkpoint.rootHash)],
  );
  await store.close();
  return { signed, roots, findings: await readdir(findings) };
}

describe('a race of two replays', () => {
  test('of one size gets one root signed, and the log is convicted by the other', async () => {
    for (let round = 0; round < 5; round++) {
      const { signed, roots, findings } = await race(`same-${round}`, round % 2 === 0 ? [1, 1] : [2, 2]);
      expect(signed).to.have.length(1);
      expect(roots).to.include(signed[0]);
      expect(findings).to.have.length(1);
    }
  });

  test('of two sizes gets one history signed', async () => {
    for (const [round, sizes] of [
      [1, 3],
      [3, 1],
      [2, 5],
    ].entries()) {
      const { signed } = await race(`other-${round}`, sizes);
      expect(signed).to.have.length(1);
    }
  });
});
