import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { isCodedError } from '../../core/bytes/error.ts';
import type { ChainEvent } from '../../core/authority/registry-event.ts';
import type { ChainReader, ChainUpdate } from '../../chain/reader.ts';
import { startRpcProxy, type Fate, type RpcProxy } from './rpc-proxy.ts';
import { encodeClearDispute } from '../../chain/charge-call.ts';
import { encodeRegisterAuthority } from '../../chain/registry-call.ts';
import { LOG_ID, OTHER, SampleChain } from './sample-chain.ts';

let chain: SampleChain;
let reader: ChainReader;
beforeEach(async () => {
  chain = await SampleChain.start();
  reader = chain.consortium.reader();
});
afterEach(() => chain.anvil.stop());

/** An event in short: its kind, and the size of an anchor. */
const short = (event: ChainEvent): string => ('size' in event ? `${event.kind} ${event.size}` : event.kind);
const told = ({ lost, events }: ChainUpdate): unknown => ({ lost, events: events.map(short) });
const addresses = (): string[] => {
  const { registry, anchor, court } = chain.consortium.contracts;
  return [registry, anchor, court];
};
const REGISTERED = ['authority-registered', 'key-added', 'key-added', 'log-registered'];
const authority = { code: OTHER, name: '审计署', region: '110000', parent: null, account: new Uint8Array(20).fill(1) };

async function expectUnavailable(poll: Promise<unknown>): Promise<void> {
  const error: unknown = await poll.then(
    () => 'answered',
    (thrown: unknown) => thrown,
  );
  expect(error).to.satisfy((thrown: unknown) => isCodedError(thrown, 'UNAVAILABLE'));
}

/** Everything a follower holds after it took some updates: what a late reader of the same chain reads at once. */
class Follower {
  events: ChainEvent[] = [];

  take({ lost, events }: ChainUpdate): void {
    if (lost !== null) this.events = this.events.filter(({ block }) => block.number < lost);
    this.events.push(...events);
  }
}

describe('following', () => {
  test('each event is handed out once, in order, with its block', async () => {
    await chain.anchor(1);
    const first = await reader.poll();
    expect(told(first)).to.deep.equal({ lost: null, events: [...REGISTERED, 'anchored 1'] });
    expect(first.head).to.deep.equal(await chain.consortium.rpc.block(await chain.consortium.rpc.blockNumber()));
    for (const { block } of first.events) expect(block).to.deep.equal(await chain.consortium.rpc.block(block.number));
    expect(told(await reader.poll())).to.deep.equal({ lost: null, events: [] });
    await chain.anchor(2);
    await chain.anchor(2, { branch: 'another' });
    expect(told(await reader.poll())).to.deep.equal({ lost: null, events: ['anchored 2', 'forked 2'] });
  });

  test('events of one block keep their order', async () => {
    const decision = await chain.consortium.prepare(encodeRegisterAuthority(authority));
    await reader.poll();
    await chain.anvil.call('evm_setAutomine', false);
    const sent = [chain.anchor(1), chain.consortium.members[0]!.send(decision)];
    while ((await chain.anvil.call('eth_getBlockTransactionCountByNumber', 'pending')) !== '0x2') await sleep(10);
    await chain.anvil.call('evm_mine');
    expect(new Set((await Promise.all(sent)).map((receipt) => receipt.blockNumber)).size).to.equal(1);
    const { events } = await reader.poll();
    const [block] = events.map((event) => event.block);
    const logs = await chain.consortium.rpc.logs(addresses(), block!.number, block!.number);
    expect(logs.map((log) => log.logIndex)).to.deep.equal(logs.map((log) => log.logIndex).toSorted((a, b) => a - b));
    expect(logs).to.have.length(2);
    const kinds = logs.map((log) => (log.address === chain.consortium.contracts.anchor ? 'anchored' : 'authority-registered'));
    expect(events.map((event) => event.kind)).to.deep.equal(kinds);
  });

  test('what the court says comes with the rest, in the chain’s order, and what it only notes is passed over', async () => {
    const { consortium } = chain;
    await chain.anchor(1);
    await consortium.members[0]!.send((await chain.forkCharge()).call);
    await chain.anchor(2);
    await consortium.decide(encodeClearDispute(LOG_ID, 'two copies'), consortium.contracts.court);
    await consortium.decide(encodeRegisterAuthority(authority));
    const { events, refused } = await reader.poll();
    const said = ['anchored 1', 'log-disputed', 'anchored 2', 'dispute-cleared', 'authority-registered'];
    expect(events.map(short)).to.deep.equal([...REGISTERED, ...said]);
    expect(refused).to.deep.equal([]);
  });

  test('a block counts when as many as set have followed it', async () => {
    const patient = chain.consortium.reader({ confirmations: 2 });
    await chain.anvil.call('anvil_mine', 2);
    expect(told(await patient.poll())).to.deep.equal({ lost: null, events: REGISTERED });
    await chain.anchor(1);
    for (const events of [[], [], ['anchored 1'], []] as string[][]) {
      expect(told(await patient.poll())).to.deep.equal({ lost: null, events });
      await chain.anvil.call('evm_mine');
    }
  });

  test('a reader that starts below or above the chain waits for it', async () => {
    const early = chain.consortium.reader({ fromBlock: 1_000 });
    expect(told(await early.poll())).to.deep.equal({ lost: null, events: [] });
    const deep = chain.consortium.reader({ confirmations: 1_000 });
    expect((await deep.poll()).head.number).to.equal(0);
  });

  test('a long way is gone in bounded steps that leave nothing out', async (t) => {
    const last = 123_456;
    const proxy = await startRpcProxy(chain.anvil.rpcUrl);
    t.after(() => proxy.stop());
    const end = await chain.consortium.rpc.blockNumber();
    const hex = (number: number): string => `0x${number.toString(16)}`;
    proxy.fate = async ({ method, params: [first] }): Promise<Fate> => {
      if (method === 'eth_blockNumber') return { result: hex(last) };
      if (method === 'eth_getLogs') {
        const range = first as { fromBlock: string };
        const isReal = Number(range.fromBlock) <= end;
        return { result: isReal ? await chain.anvil.call(method, { ...range, toBlock: hex(end) }) : [] };
      }
      if (Number(first) <= end) return 'relay';
      return { result: { number: first, hash: `0x${hex(Number(first)).slice(2).padStart(64, '0')}`, timestamp: '0x70000000' } };
    };
    const far = chain.consortium.reader({ rpcUrl: proxy.rpcUrl });
    const updates = [await far.poll(), await far.poll()];
    expect(updates.map(told)).to.deep.equal([
      { lost: null, events: REGISTERED },
      { lost: null, events: [] },
    ]);
    expect(updates.map(({ caughtUp }) => caughtUp)).to.deep.equal([false, true]);
    expect(updates[1]!.head.number).to.equal(last);
    let next = chain.consortium.contracts.fromBlock;
    for (const { params } of proxy.calls.filter(({ method }) => method === 'eth_getLogs')) {
      const [{ fromBlock, toBlock }] = params as [{ fromBlock: string; toBlock: string }];
      expect(Number(fromBlock)).to.equal(next);
      expect(Number(toBlock) - next).to.be.within(0, 1999);
      next = Number(toBlock) + 1;
    }
    expect(next).to.equal(last + 1);
  });

  test('a reader goes on from the cursor of another', async () => {
    await chain.anchor(1);
    await reader.poll();
    await chain.anchor(2);
    const next = chain.consortium.reader({ cursor: reader.cursor });
    expect(told(await next.poll())).to.deep.equal({ lost: null, events: ['anchored 2'] });
  });
});

describe('a chain that loses blocks', () => {
  /** Anchors 1, 2 and 3 are read; returns the block of each. */
  async function readThree(): Promise<number[]> {
    const blocks: number[] = [];
    for (const size of [1, 2, 3]) blocks.push((await chain.anchor(size)).blockNumber);
    await reader.poll();
    return blocks;
  }

  test('a reorganisation is told by the first block that is gone', async () => {
    const [, second] = await readThree();
    await chain.anvil.call('anvil_reorg', 2, []);
    expect(told(await reader.poll())).to.deep.equal({ lost: second, events: [] });
    expect(told(await reader.poll())).to.deep.equal({ lost: null, events: [] });
    await chain.anchor(4);
    expect(told(await reader.poll())).to.deep.equal({ lost: null, events: ['anchored 4'] });
  });

  test('the loss of blocks without events takes no event back', async () => {
    const [, , third] = await readThree();
    await chain.anvil.call('anvil_mine', 3);
    await reader.poll();
    await chain.anvil.call('anvil_rollback', 2);
    expect(told(await reader.poll())).to.deep.equal({ lost: third! + 1, events: [] });
  });

  test('a chain whose head is lower is told, also while it is', async () => {
    const [, second] = await readThree();
    await chain.anvil.call('anvil_rollback', 2);
    const update = await reader.poll();
    expect(told(update)).to.deep.equal({ lost: second, events: [] });
    expect(update.head.number).to.equal(second! - 1);
  });

  test('a chain that lost blocks and has grown again since is told once, with what is new', async () => {
    const [, second] = await readThree();
    await chain.anvil.call('anvil_rollback', 2);
    for (const size of [5, 6, 7]) await chain.anchor(size);
    expect(told(await reader.poll())).to.deep.equal({ lost: second, events: ['anchored 5', 'anchored 6', 'anchored 7'] });
    expect(told(await reader.poll())).to.deep.equal({ lost: null, events: [] });
  });

  test('what was lost while no reader ran is told to the next one', async () => {
    const [, , third] = await readThree();
    await chain.anvil.call('anvil_rollback', 1);
    await chain.anchor(9);
    const next = chain.consortium.reader({ cursor: reader.cursor });
    expect(told(await next.poll())).to.deep.equal({ lost: third, events: ['anchored 9'] });
  });

  test('a chain that lost everything is read from the start', async () => {
    const [, , third] = await readThree();
    await chain.anvil.call('anvil_rollback', third!);
    await chain.anvil.call('evm_increaseTime', 100);
    const again = await chain.consortium.deployAgain();
    expect(again).to.deep.equal(chain.consortium.contracts);
    await chain.consortium.decide(encodeRegisterAuthority(authority));
    await chain.anvil.call('anvil_mine', 20);
    expect(told(await reader.poll())).to.deep.equal({ lost: again.fromBlock, events: ['authority-registered'] });
  });

  test('a follower ends with what a late reader reads, whatever was lost in between', async () => {
    const follower = new Follower();
    let size = 0;
    for (const [grow, lose, how] of [
      [3, 2, 'anvil_rollback'],
      [2, 1, 'anvil_reorg'],
      [0, 1, 'anvil_rollback'],
      [4, 6, 'anvil_reorg'],
      [1, 4, 'anvil_rollback'],
      [2, 0, ''],
    ] as const) {
      for (let i = 0; i < grow; i++) await chain.anchor(++size);
      follower.take(await reader.poll());
      if (lose > 0) await (how === 'anvil_reorg' ? chain.anvil.call(how, lose, []) : chain.anvil.call(how, lose));
      if (lose % 2 === 0) follower.take(await reader.poll());
    }
    follower.take(await reader.poll());
    expect(follower.events).to.deep.equal((await chain.consortium.reader().poll()).events);
  });
});

describe('a chain that does not answer', () => {
  test('a stopped chain is UNAVAILABLE in time, and nothing is lost or told twice when it goes on', async () => {
    const hasty = chain.consortium.reader({ timeoutMs: 300 });
    await hasty.poll();
    await chain.anchor(1);
    const before = hasty.cursor;
    await chain.anvil.pause();
    await expectUnavailable(hasty.poll());
    expect(hasty.cursor).to.equal(before);
    chain.anvil.resume();
    expect(told(await hasty.poll())).to.deep.equal({ lost: null, events: ['anchored 1'] });
  });

  test('nobody there is UNAVAILABLE', () => expectUnavailable(chain.consortium.reader({ rpcUrl: 'http://127.0.0.1:1' }).poll()));
});

describe('a node that cannot be relied on', () => {
  let proxy: RpcProxy;
  beforeEach(async () => {
    proxy = await startRpcProxy(chain.anvil.rpcUrl);
    reader = chain.consortium.reader({ rpcUrl: proxy.rpcUrl });
    await chain.anchor(1);
  });
  afterEach(() => proxy.stop());

  test('every lost answer leaves the reader as it was', async () => {
    const whole = await reader.poll();
    const count = proxy.calls.length;
    reader = chain.consortium.reader({ rpcUrl: proxy.rpcUrl });
    for (let lost = 0; lost < count; lost++) {
      let calls = 0;
      proxy.fate = () => (calls++ === lost ? 'lose answer' : 'relay');
      await expectUnavailable(reader.poll());
      expect(reader.cursor).to.deep.equal({ head: null, eventBlocks: [] });
    }
    proxy.fate = () => 'relay';
    expect(await reader.poll()).to.deep.equal(whole);
  });

  test('a chain that changes during a poll is not read as one', async () => {
    for (const method of ['eth_getLogs', 'eth_getBlockByNumber']) {
      let hasChanged = false;
      proxy.fate = async (call): Promise<Fate> => {
        if (call.method === method && !hasChanged) {
          hasChanged = true;
          await chain.anvil.call('anvil_reorg', 1, []);
        }
        return 'relay';
      };
      // Before the first header is read a change is no change.
      if (method === 'eth_getLogs') await expectUnavailable(reader.poll());
      else expect(told(await reader.poll())).to.deep.equal({ lost: null, events: REGISTERED });
    }
  });

  test('answers of another kind are UNAVAILABLE', async () => {
    const block = { number: '0x1', hash: `0x${'11'.repeat(32)}`, timestamp: '0x1' };
    const log = { topics: [], data: '0x', logIndex: '0x0', blockNumber: '0x1', blockHash: block.hash };
    for (const [method, result] of [
      ['eth_blockNumber', null],
      ['eth_blockNumber', 7],
      ['eth_blockNumber', '7'],
      ['eth_blockNumber', `0x${'ff'.repeat(8)}`],
      ['eth_getBlockByNumber', null],
      ['eth_getBlockByNumber', 'block'],
      ['eth_getBlockByNumber', {}],
      ['eth_getBlockByNumber', block],
      ['eth_getBlockByNumber', { ...block, number: '0x6', hash: '0x11' }],
      ['eth_getBlockByNumber', { ...block, number: '0x6', hash: `0x${'zz'.repeat(32)}` }],
      ['eth_getLogs', null],
      ['eth_getLogs', {}],
      ['eth_getLogs', [log]],
      ['eth_getLogs', [{ ...log, address: `0x${'11'.repeat(20)}` }]],
      ['eth_getLogs', [{ ...log, address: chain.consortium.contracts.registry, blockNumber: '0x0' }]],
      ['eth_getLogs', [{ ...log, address: chain.consortium.contracts.registry, blockHash: `0x${'22'.repeat(32)}` }]],
    ] as const) {
      proxy.fate = (call) => (call.method === method ? { result } : 'relay');
      await expectUnavailable(reader.poll());
    }
  });
});
