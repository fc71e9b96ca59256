/** When a log is anchored: a real log and the real call data, over a chain whose clock, losses and refusals the test decides. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeHex } from '../../core/bytes/bytes.ts';
import { conflict, unavailable } from '../../core/bytes/error.ts';
import { asHash } from '../../core/bytes/hash.ts';
import type { AnchorEvent } from '../../core/authority/registry-event.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { verifyConsistency } from '../../core/log/tree-proof.ts';
import { CheckpointAnchor__factory } from '../../chain/bindings/factories/CheckpointAnchor__factory.ts';
import type { ChainUpdate } from '../../chain/reader.ts';
import type { Call, Receipt } from '../../chain/sender.ts';
import { AnchorLoop } from '../../node/anchor.ts';
import { ChainFollower } from '../../node/follower.ts';
import { ChainWatch } from '../../node/watch.ts';
import { bytesOf } from '../log/memory-log.ts';
import {
  LOG_ID,
  LOG_KEY_ID,
  logSigner,
  type LogDirectory,
  makeLogDirectory,
  type OpenLog,
  refusalOf,
  say,
  silent,
  startLog,
} from './fixture.ts';

const BEAT = 60_000;
const HOUR = 3_600_000;
const bytes = (hex: string): Uint8Array => decodeHex(hex.slice(2));

/** What the chain says and does, without a chain. */
class FakeChain {
  readonly events: AnchorEvent[] = [];
  readonly proofs: Uint8Array[][] = [];
  trouble: Error | null = null;
  #told = 0;
  #lost: number | null = null;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async send({ data }: Call): Promise<Receipt> {
    if (this.trouble !== null) throw this.trouble;
    const call = CheckpointAnchor__factory.createInterface().decodeFunctionData('anchor', data);
    const text = (name: string): string => call.getValue(name) as string;
    const [size, issuedAt] = [Number(call.getValue('size')), Number(call.getValue('time'))];
    const last = this.events.at(-1);
    if (last !== undefined && issuedAt <= last.issuedAt) throw conflict('the contract refused: NotLater');
    this.proofs.push((call.getValue('proof') as string[]).map(bytes));
    this.add({
      size,
      issuedAt,
      rootHash: asHash(bytes(text('root'))),
      mapRoot: asHash(bytes(text('mapRoot'))),
      keyId: asHash(bytes(text('keyId'))),
      signature: parseSignature(bytes(text('signature'))),
    });
    const { number, hash } = this.events.at(-1)!.block;
    return { transactionHash: hash, blockNumber: number, blockHash: hash, contract: null, gasUsed: 0, logs: [] };
  }

  add(checkpoint: Pick<AnchorEvent, 'size' | 'issuedAt' | 'rootHash' | 'mapRoot' | 'keyId' | 'signature'>): void {
    const number = (this.events.at(-1)?.block.number ?? 0) + 1;
    const block = { number, hash: bytesOf(`block ${number} ${this.#now()}`), at: Math.floor(this.#now() / 1000) * 1000 };
    this.events.push({ kind: 'anchored', logId: LOG_ID, sequence: this.events.length, ...checkpoint, block });
  }

  lose(count: number): void {
    this.events.splice(-count);
    this.#told = Math.min(this.#told, this.events.length);
    this.#lost = (this.events.at(-1)?.block.number ?? 0) + 1;
  }

  async poll(): Promise<ChainUpdate> {
    const events = this.events.slice(this.#told);
    this.#told = this.events.length;
    const head = { number: this.events.length, hash: bytesOf('head'), at: this.#now() };
    const update = { head, caughtUp: true, lost: this.#lost, events, refused: [] };
    this.#lost = null;
    return update;
  }
}

describe('the anchor loop', () => {
  let directory: LogDirectory;
  let open: OpenLog;
  let chain: FakeChain;
  let loop: AnchorLoop;
  let follower: ChainFollower;

  beforeEach(async () => {
    directory = await makeLogDirectory();
    open = await startLog(directory);
    const clock = (): number => directory.now;
    chain = new FakeChain(clock);
    const identity = { logId: LOG_ID, logKeyId: LOG_KEY_ID, documentKeyId: LOG_KEY_ID, account: '0x' };
    const watch = new ChainWatch({ ...open, identity, clock });
    const take = async (update: ChainUpdate): Promise<void> => {
      if (await watch.take(update, follower.facts)) loop.replaceLost();
    };
    follower = new ChainFollower({ reader: chain, logger: silent, clock, take, signal: new AbortController().signal });
    const [sender, anchorAddress] = [chain, `0x${'00'.repeat(20)}`];
    loop = new AnchorLoop({ ...open, follower, sender, anchorAddress, signer: logSigner, logger: silent, clock });
  });
  afterEach(async () => {
    await open.close();
    await directory.remove();
  });

  /** One look at the chain, `laterMs` from now. */
  async function tick(laterMs = 0): Promise<number> {
    directory.now += laterMs;
    await follower.poll();
    await loop.tick();
    return chain.events.length;
  }

  test('anchors nothing before it is started, then the empty log at once', async () => {
    expect(await tick(HOUR)).to.equal(0);
    loop.start(BEAT);
    expect(await tick()).to.equal(1);
    expect(chain.events[0]).to.deep.include({ size: 0, keyId: LOG_KEY_ID });
  });

  test('anchors what is new once a beat, and all of it', async () => {
    loop.start(BEAT);
    await tick();
    await open.writer.submit(say('a', '1'));
    expect(await tick(BEAT - 1)).to.equal(1);
    await open.writer.submit(say('a', '2'));
    expect(await tick(1)).to.equal(2);
    expect(chain.events[1]!.size).to.equal(2);
  });

  test('anchors an unchanged log once an hour, with a new time', async () => {
    loop.start(BEAT);
    await tick();
    const [first] = chain.events;
    expect(await tick(HOUR - 1)).to.equal(1);
    expect(await tick(1)).to.equal(2);
    const { size, rootHash } = first!;
    expect(chain.events[1]).to.deep.include({ size, rootHash, issuedAt: first!.issuedAt + HOUR });
    expect(await tick(HOUR - 1)).to.equal(2);
  });

  test('makes a new checkpoint rather than hand in one that is half an hour old', async () => {
    await open.writer.submit(say('a', '1'));
    directory.now += HOUR;
    const { anchor } = await loop.anchor();
    expect(anchor.issuedAt).to.equal(directory.now);
  });

  test('hands in a proof that the log has grown out of the last anchor', async () => {
    for (const name of ['1', '2', '3']) await open.writer.submit(say('a', name));
    await loop.anchor();
    for (const name of ['4', '5', '6', '7']) await open.writer.submit(say('a', name));
    directory.now += 1;
    await loop.anchor();
    const [old, grown] = chain.events as [AnchorEvent, AnchorEvent];
    const claim = { size1: old.size, root1: old.rootHash, size2: grown.size, root2: grown.rootHash };
    verifyConsistency(claim, chain.proofs[1]!.map(asHash));
    expect(chain.proofs[1]!.length).to.be.greaterThan(0);
  });

  test('anchors once for all who ask while an anchor is under way', async () => {
    const asked = [loop.anchor()];
    await Promise.resolve();
    asked.push(loop.anchor(), loop.anchor(), loop.anchor());
    const answers = await Promise.all(asked);
    expect(chain.events).to.have.length(2);
    expect(new Set(answers.slice(1).map(({ note }) => note)).size).to.equal(1);
  });

  test('tries again, ever more rarely, while the chain does not take the checkpoint', async () => {
    loop.start(BEAT);
    chain.trouble = unavailable('no answer');
    const { note } = open.writer.newest!;
    let tries = 0;
    const send = chain.send.bind(chain);
    chain.send = (call) => (tries++, send(call));
    for (let second = 0; second < 600; second++) await tick(1_000);
    // 1, 2, 4 … 60 seconds apart.
    expect(tries).to.be.within(10, 20);
    expect(open.writer.trouble).to.equal(null);
    await open.writer.submit(say('a', '1'));
    chain.trouble = null;
    expect(await tick(60_000)).to.equal(1);
    expect(chain.events[0]!.size).to.equal(1);
    expect(note).not.to.equal(open.writer.newest!.note);
  });

  test('does not wait for a clock that was set back to come where it was', async () => {
    loop.start(BEAT);
    await tick();
    await open.writer.submit(say('a', '1'));
    expect(await tick(-24 * HOUR)).to.equal(2);
    expect(chain.events[1]!.size).to.equal(1);
    chain.trouble = unavailable('no answer');
    await open.writer.submit(say('a', '2'));
    await tick(BEAT);
    chain.trouble = null;
    expect(await tick(-HOUR)).to.equal(3);
  });

  test('gives up waiting for an instant when the clock is set back', async () => {
    chain.trouble = unavailable('no answer');
    const waiting = refusalOf(loop.reach(directory.now + 1, 10_000));
    await new Promise((resolve) => setTimeout(resolve, 10));
    directory.now -= 24 * HOUR;
    expect(await waiting).to.equal('UNAVAILABLE');
  });

  test('replaces anchors that the chain has lost by the newest checkpoint', async () => {
    loop.start(BEAT);
    await tick();
    await open.writer.submit(say('a', '1'));
    await tick(BEAT);
    await open.writer.submit(say('a', '2'));
    chain.lose(2);
    expect(await tick(1)).to.equal(1);
    expect(chain.events[0]!.size).to.equal(2);
    expect(open.anchors.newest).to.deep.include({ size: 2 });
    expect(await open.anchors.newestOf(1)).to.equal(undefined);
    // A lost anchor of an unchanged log is replaced as well.
    chain.lose(1);
    expect(await tick(1)).to.equal(1);
  });

  test('reaches an instant by anchoring until a checkpoint is no earlier', async () => {
    await loop.anchor();
    directory.now += 5_000;
    await loop.reach(directory.now, 10_000);
    expect(chain.events).to.have.length(2);
    await loop.reach(directory.now, 10_000);
    expect(chain.events).to.have.length(2);
  });

  test('does not wait for ever to reach an instant', async () => {
    chain.trouble = unavailable('no answer');
    const waiting = refusalOf(loop.reach(directory.now + 1, 10_000));
    await new Promise((resolve) => setTimeout(resolve, 10));
    directory.now += 10_000;
    expect(await waiting).to.equal('UNAVAILABLE');
  });

  const foreign: [desc: string, change: (event: AnchorEvent) => Partial<AnchorEvent>][] = [
    ['beyond its own tree', ({ size }) => ({ size: size + 1, rootHash: bytesOf('root'), mapRoot: bytesOf('map') })],
    ['with another root at its size', () => ({ rootHash: bytesOf('root') })],
    ['with another map root at its size', () => ({ mapRoot: bytesOf('map') })],
    ['of a size it never published', () => ({ size: 1, rootHash: bytesOf('root') })],
  ];
  for (const [desc, change] of foreign) {
    test(`stops the log when the chain shows a checkpoint ${desc}`, async () => {
      await Promise.all(['1', '2', '3'].map((name) => open.writer.submit(say('a', name))));
      await loop.anchor();
      const event = chain.events[0]!;
      chain.add({ ...event, issuedAt: event.issuedAt + 1, ...change(event) });
      await follower.poll();
      expect(open.writer.trouble).to.contain('does not hold');
      expect(await refusalOf(open.writer.submit(say('a', '4')))).to.equal('UNAVAILABLE');
      expect(await refusalOf(loop.anchor())).to.equal('UNAVAILABLE');
      expect(open.writer.newest!.checkpoint.size).to.equal(3);
    });
  }

  test('goes on when the chain shows its own tree with a time it does not know', async () => {
    await open.writer.submit(say('a', '1'));
    await loop.anchor();
    const event = chain.events[0]!;
    chain.add({ ...event, issuedAt: event.issuedAt + 500 });
    directory.now += 1_000;
    await loop.anchor();
    expect(open.writer.trouble).to.equal(null);
    expect(chain.events).to.have.length(3);
  });
});
