import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import type { AnchorEvent, BlockPoint, ChainEvent } from '../../core/authority/registry-event.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { EventStore } from '../../verifier/index/event-store.ts';
import { IndexStore } from '../../verifier/index/index-store.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUDIT, ISSUER, signerNamed, TYPE } from '../verify/story.ts';

let directory: string;
let index: IndexStore;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'verifier-events-'));
  index = await IndexStore.open(join(directory, 'index'));
});
after(async () => {
  await index.close();
  await rm(directory, { recursive: true });
});

describe('events', () => {
  const blockOf = (number: number): BlockPoint => ({ number, hash: bytesOf(`block ${number}`), at: number });
  const eventsOf = (
    number: number,
  ): { kind: 'key-retired'; keyId: ReturnType<typeof bytesOf>; validTo: number; block: BlockPoint }[] =>
    [1, 2].map((validTo) => ({ kind: 'key-retired', keyId: bytesOf('key'), validTo, block: blockOf(number) }));

  /** One of each kind: a kind more is a type error here. */
  const EVERY: { readonly [Kind in ChainEvent['kind']]: Omit<Extract<ChainEvent, { kind: Kind }>, 'kind' | 'block'> } = {
    'authority-registered': {
      code: ISSUER,
      name: '样例市自然资源局',
      region: '999900',
      parent: null,
      account: bytesOf('account').subarray(0, 20),
    },
    'account-changed': { code: ISSUER, account: bytesOf('another').subarray(0, 20) },
    'parent-changed': { code: ISSUER, parent: AUDIT },
    'authority-dissolved': { code: ISSUER, dissolvedAt: 5 },
    'key-added': {
      code: ISSUER,
      keyId: bytesOf('key'),
      keyType: 'log',
      publicKey: signerNamed('log key').publicKey,
      validFrom: 1,
    },
    'key-retired': { keyId: bytesOf('key'), validTo: 2 },
    'key-compromised': { keyId: bytesOf('key'), since: 2 },
    'key-suspended': { keyId: bytesOf('key'), suspendedAt: 2, until: null },
    'scope-granted': {
      scopeId: bytesOf('scope'),
      code: ISSUER,
      licenceType: TYPE,
      region: '990000',
      validFrom: 1,
      validTo: null,
      parentId: bytesOf('parent'),
    },
    'scope-ended': { scopeId: bytesOf('scope'), validTo: 3 },
    'duty-granted': { dutyId: bytesOf('duty'), code: ISSUER, purpose: 'audit', validFrom: 1, validTo: 9, parentId: null },
    'duty-ended': { dutyId: bytesOf('duty'), validTo: 3 },
    'log-registered': {
      logId: bytesOf('log'),
      owner: ISSUER,
      origin: 'sample/11999900MB0000001K/seals',
      class: 'seals',
      quantum: 1,
      beat: 2,
      promiseSpan: 5,
      term: 7,
    },
    'log-closed': { logId: bytesOf('log'), closedAt: 8, byOwner: true },
    'vrf-key-set': { logId: bytesOf('log'), keyId: bytesOf('vrf'), fromIndex: 4 },
    'mode-set': { logId: bytesOf('log'), licenceType: TYPE, mode: 'private' },
    'coverage-declared': { code: ISSUER, licenceType: TYPE, since: 1 },
    'function-moved': {
      code: ISSUER,
      successor: AUDIT,
      logIds: [bytesOf('log'), bytesOf('b')],
      licenceTypes: [TYPE],
      movedAt: 6,
    },
    'log-disputed': {
      logId: bytesOf('log'),
      chargeDigest: bytesOf('charge'),
      charge: 'rolled-back',
      fromSequence: 3,
      fromSize: 77,
    },
    'dispute-cleared': { logId: bytesOf('log'), reason: '已查明：时钟错误' },
    anchored: anchorFields(1),
    forked: anchorFields(2),
  };

  function anchorFields(issuedAt: number): Omit<AnchorEvent, 'kind' | 'block'> {
    const roots = { rootHash: bytesOf('root'), mapRoot: bytesOf('map') };
    const signature = parseSignature(new Uint8Array(64).fill(9));
    return { logId: bytesOf('log'), sequence: 0, size: 2, issuedAt, ...roots, keyId: bytesOf('key'), signature };
  }

  test('of every kind come back as they were', async () => {
    const events = new EventStore(index);
    const head = blockOf(80_000);
    const all = Object.entries(EVERY).map(([kind, fields]) => ({ ...fields, kind, block: head }) as ChainEvent);
    await events.write({ head, caughtUp: true, lost: 0, events: all, refused: [] }, { head, eventBlocks: [head] });
    expect((await new EventStore(index).read()).events).to.deep.equal(all);
    await events.write({ head, caughtUp: true, lost: 0, events: [], refused: [] }, { head, eventBlocks: [] });
  });

  test('come back in order, without those that were lost', async () => {
    const events = new EventStore(index);
    expect((await events.read()).events).to.deep.equal([]);
    const write = async (lost: number | null, ...numbers: number[]): Promise<void> => {
      const head = blockOf(numbers.at(-1)!);
      const update = { head, caughtUp: true, lost, events: numbers.flatMap(eventsOf), refused: [] };
      await events.write(update, { head, eventBlocks: [head] });
    };
    await write(null, 1, 300, 70_000);
    await write(300, 400);
    const read = await new EventStore(index).read();
    expect(read.events).to.deep.equal([1, 400].flatMap(eventsOf));
    expect(read.cursor).to.deep.equal({ head: blockOf(400), eventBlocks: [blockOf(400)] });
    expect(await events.identity()).to.equal(null);
    const identity = { chainId: 5, genesisHash: bytesOf('genesis'), anchorAddress: bytesOf('anchor').subarray(0, 20) };
    await events.setIdentity(identity);
    expect(await events.identity()).to.deep.equal(identity);
  });
});
