import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { AbiCoder, FunctionFragment } from 'ethers';
import * as fc from 'fast-check';
import { decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { type BlockPoint, KEY_TYPES } from '../../core/authority/registry-event.ts';
import { logIdOf, parseOrigin, type Origin } from '../../core/log/origin.ts';
import type { PublicKey } from '../../core/sm/sm2.ts';
import * as contractCall from '../../chain/contract-call.ts';
import { decodeAnchorEvent, decodeRegistryEvent } from '../../chain/event.ts';
import { blockAt } from '../../chain/finality.ts';
import type { RawLog } from '../../chain/rpc.ts';
import { LICENCE_TYPE, LOG_ID, LOG_KEY, OTHER, OWNER, publicKey, root, SIGNATURE } from './sample-chain.ts';
import { startSampleChain, type SampleChain } from './sample-chain.ts';

const anotherLogKey = {
  code: OWNER,
  keyId: keyIdOf(publicKey('61')),
  keyType: 'log',
  publicKey: publicKey('61'),
  validFrom: 0,
} as const;

let chain: SampleChain;
before(async () => {
  chain = await startSampleChain();
});
after(() => chain.anvil.stop());

/** The new event that a call of the registry leads to, without its block, or why it is no event. */
async function eventOf(data: string): Promise<Record<string, unknown>> {
  const { blockNumber } = await chain.admin.send({ to: chain.contracts.registry, data });
  const { events, refused } = await chain.reader({ fromBlock: blockNumber }).poll();
  expect(events.length + refused.length).to.equal(1);
  if (events.length === 0) return { refused: refused[0]!.reason };
  const { block, ...event } = events[0]!;
  expect(block).to.deep.equal(await chain.rpc.block(blockNumber));
  return event;
}

describe('an event comes back as what was called', () => {
  const account = decodeHex('c3'.repeat(20));
  const keyId = keyIdOf(publicKey('33'));
  const accessOrigin = parseOrigin(`sample/${OTHER}/accesses`);
  const later = Date.UTC(2090, 0, 1);
  let scopeId = asHash(new Uint8Array(32));

  const authority = { code: OTHER, name: '审计署', region: '110000', parent: OWNER, account };
  const scope = { code: OWNER, licenceType: LICENCE_TYPE, region: '440300', validFrom: later, validTo: null };
  const log = { logId: logIdOf(accessOrigin), owner: OTHER, origin: accessOrigin, quantum: 60_000, beat: 1, promiseSpan: 60_002 };
  const access = { ...log, class: 'access' } as const;
  const vrf = { code: OTHER, keyId, keyType: 'vrf', publicKey: publicKey('33'), validFrom: later } as const;
  const vrfSet = { logId: log.logId, keyId, fromIndex: 0 };
  const mode = { logId: LOG_ID, licenceType: LICENCE_TYPE, mode: 'private' } as const;
  const coverage = { code: OWNER, licenceType: LICENCE_TYPE, since: 0 };
  const changed = { code: OTHER, account: decodeHex('d4'.repeat(20)) };
  const lost = { keyId, since: 1 };

  for (const [data, want] of [
    [contractCall.encodeRegisterAuthority(authority), { kind: 'authority-registered', ...authority }],
    [contractCall.encodeChangeAccount(changed), { kind: 'account-changed', ...changed }],
    [contractCall.encodeAddKey(vrf), { kind: 'key-added', ...vrf }],
    [contractCall.encodeRegisterLog(access), { kind: 'log-registered', ...access }],
    [contractCall.encodeSetVrfKey(vrfSet), { kind: 'vrf-key-set', ...vrfSet }],
    [contractCall.encodeSetMode(mode), { kind: 'mode-set', ...mode }],
    [contractCall.encodeDeclareCoverage(coverage), { kind: 'coverage-declared', ...coverage }],
    [contractCall.encodeDeclareKeyCompromised(lost), { kind: 'key-compromised', ...lost }],
  ] as const) {
    test(want.kind, async () => {
      expect(await eventOf(data)).to.deep.equal(want);
    });
  }

  test('scope-granted, with an open and with a fixed end', async () => {
    for (const validTo of [null, later + 1]) {
      const event = await eventOf(contractCall.encodeGrantScope({ ...scope, validTo }));
      scopeId = event.scopeId as typeof scopeId;
      expect(event).to.deep.equal({ kind: 'scope-granted', ...scope, validTo, scopeId });
    }
  });

  test('what ends now ends at the time of the block', async () => {
    const now = (await chain.rpc.block(await chain.rpc.blockNumber()))!.at + 10_000;
    const ends = [
      [contractCall.encodeEndScope(scopeId), { kind: 'scope-ended', scopeId, validTo: now }],
      [contractCall.encodeRetireKey(keyIdOf(LOG_KEY)), { kind: 'key-retired', keyId: keyIdOf(LOG_KEY), validTo: now }],
      [contractCall.encodeCloseLog(log.logId), { kind: 'log-closed', logId: log.logId, closedAt: now }],
    ] as const;
    await chain.anvil.call('anvil_setBlockTimestampInterval', 0);
    await chain.anvil.call('evm_setNextBlockTimestamp', now / 1000);
    for (const [data, want] of ends) expect(await eventOf(data)).to.deep.equal(want);
    await chain.anvil.call('anvil_removeBlockTimestampInterval');
  });

  test('every type of key', async () => {
    for (const [i, keyType] of KEY_TYPES.entries()) {
      const key = publicKey(`4${i}`);
      const event = await eventOf(
        contractCall.encodeAddKey({ code: OWNER, keyId: keyIdOf(key), keyType, publicKey: key, validFrom: later }),
      );
      expect(event.keyType).to.equal(keyType);
    }
  });

  test('anchored and forked', async () => {
    const fresh = await startSampleChain();
    const first = await fresh.anchor(0);
    await fresh.anchor(5, 'five');
    await fresh.anchor(5, 'other');
    const { events } = await fresh.reader({ fromBlock: first.blockNumber }).poll();
    const common = { logId: LOG_ID, keyId: keyIdOf(LOG_KEY), signature: SIGNATURE };
    const shown = events.map((event) => {
      if (event.kind !== 'anchored' && event.kind !== 'forked') throw new Error(event.kind);
      const { block, issuedAt, ...rest } = event;
      expect(block.at - issuedAt).to.be.within(-120_000, 3_600_000);
      return rest;
    });
    const five = { size: 5, rootHash: root('five'), mapRoot: root('map five') };
    const other = { size: 5, rootHash: root('other'), mapRoot: root('map other') };
    expect(shown).to.deep.equal([
      { kind: 'anchored', sequence: 0, ...common, size: 0, rootHash: root('root 0'), mapRoot: asHash(new Uint8Array(32)) },
      { kind: 'anchored', sequence: 1, ...common, ...five },
      { kind: 'forked', sequence: 1, ...common, ...other },
    ]);
    await fresh.anvil.stop();
  });
});

describe('what the contract cannot check is refused, and nothing else is lost by it', () => {
  const offCurve = new Uint8Array(65).fill(1) as PublicKey;
  offCurve[0] = 4;
  const good = publicKey('51');
  const badOrigin = 'Sample/x/y';
  const log = { owner: OWNER, class: 'licence', quantum: 1, beat: 1, promiseSpan: 3 } as const;
  const account = decodeHex('c3'.repeat(20));

  /** A call whose text is not UTF-8. */
  function registerWithName(name: Uint8Array): string {
    const types = ['bytes18', 'bytes', 'string', 'bytes18', 'address'];
    const code = `0x${encodeHex(encodeUtf8('91110000100003962T'))}`;
    const values = [code, name, '110000', `0x${'00'.repeat(18)}`, `0x${encodeHex(account)}`];
    const { selector } = FunctionFragment.from('registerAuthority(bytes18,string,string,bytes18,address)');
    return selector + AbiCoder.defaultAbiCoder().encode(types, values).slice(2);
  }

  for (const [what, data] of [
    [
      'a key off the curve',
      contractCall.encodeAddKey({ code: OWNER, keyId: keyIdOf(offCurve), keyType: 'log', publicKey: offCurve, validFrom: 0 }),
    ],
    [
      'a key under another id',
      contractCall.encodeAddKey({ code: OWNER, keyId: root('x'), keyType: 'log', publicKey: good, validFrom: 0 }),
    ],
    ['a name that is no UTF-8', registerWithName(Uint8Array.of(0xc3, 0x28))],
    [
      'a code with a wrong check character',
      contractCall.encodeRegisterAuthority({ code: '111000000000133380', name: 'x', region: '110000', parent: null, account }),
    ],
    [
      'an origin in another shape',
      contractCall.encodeRegisterLog({ ...log, logId: logIdOf(badOrigin as Origin), origin: badOrigin }),
    ],
    [
      'a log id that is not its origin’s',
      contractCall.encodeRegisterLog({ ...log, logId: root('y'), origin: `sample/${OWNER}/other` }),
    ],
  ] as const) {
    test(what, async () => {
      expect(Object.keys(await eventOf(data))).to.deep.equal(['refused']);
    });
  }

  test('a reader that meets them goes on', async () => {
    const { events, refused } = await chain.reader().poll();
    expect(refused.length).to.equal(6);
    expect(events.length).to.be.greaterThan(10);
    const last = await eventOf(contractCall.encodeDeclareCoverage({ code: OWNER, licenceType: LICENCE_TYPE, since: 7 }));
    expect(last.kind).to.equal('coverage-declared');
  });
});

describe('a log in another spelling is no event', () => {
  let logs: RawLog[];
  let blocks: BlockPoint[];
  let decoders: (typeof decodeRegistryEvent | typeof decodeAnchorEvent)[];
  before(async () => {
    const { registry, anchor } = chain.contracts;
    await chain.admin.send({ to: registry, data: contractCall.encodeAddKey(anotherLogKey) });
    await chain.anchor(1, 'one', undefined, anotherLogKey.keyId);
    const { refused } = await chain.reader().poll();
    const refusedBlocks = new Set(refused.map((log) => log.block.number));
    const all = await chain.rpc.logs([registry, anchor], 0, await chain.rpc.blockNumber());
    logs = all.filter((log) => !refusedBlocks.has(log.blockNumber));
    blocks = await Promise.all(logs.map((log) => blockAt(chain.rpc, log.blockNumber)));
    decoders = logs.map((log) => (log.address === registry ? decodeRegistryEvent : decodeAnchorEvent));
  });

  test('bytes behind the end, bytes missing, padding, topics of another number or event', () => {
    for (const [i, log] of logs.entries()) {
      const manglings: Partial<RawLog>[] = [
        { data: `${log.data}00` },
        { data: `${log.data}${'00'.repeat(32)}` },
        { data: log.data.slice(0, -64) },
        { data: '0x' },
        { topics: log.topics.slice(0, -1) },
        { topics: [...log.topics, `0x${'00'.repeat(32)}`] },
        { topics: [`0x${'00'.repeat(32)}`, ...log.topics.slice(1)] },
        { topics: [] },
      ];
      const endsInPadding = log.data.length > 130 && log.data.endsWith('00'.repeat(8));
      if (endsInPadding) manglings.push({ data: `${log.data.slice(0, -2)}01` });
      for (const mangling of manglings) {
        const decoding = () => decoders[i]!({ ...log, ...mangling }, blocks[i]!);
        expect(decoding, JSON.stringify(mangling))
          .to.throw()
          .that.satisfies((error: unknown) => isCodedError(error, 'MALFORMED'));
      }
    }
  });

  test('a changed byte is refused or is another event, and never anything else', () => {
    const byte = fc.record({ log: fc.nat(), at: fc.nat(), add: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(byte, ({ log, at, add }) => {
        const [i, place] = [log % logs.length, at % (logs[log % logs.length]!.data.length / 2 - 1)];
        const bytes = decodeHex(logs[i]!.data.slice(2));
        bytes[place] = (bytes[place]! + add) % 256;
        const before = decoders[i]!(logs[i]!, blocks[i]!);
        try {
          expect(decoders[i]!({ ...logs[i]!, data: `0x${encodeHex(bytes)}` }, blocks[i]!)).not.to.deep.equal(before);
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED')) throw error;
        }
      }),
      { numRuns: 300 },
    );
  });

  test('an anchor with another time than its block', () => {
    const i = decoders.indexOf(decodeAnchorEvent);
    const later = { ...blocks[i]!, at: blocks[i]!.at + 1 };
    expect(() => decoders[i]!(logs[i]!, later)).to.throw('another time than its block');
  });

  test('an event of the other contract', () => {
    for (const [i, log] of logs.entries()) {
      const other = decoders[i] === decodeRegistryEvent ? decodeAnchorEvent : decodeRegistryEvent;
      expect(() => other(log, blocks[i]!)).to.throw('not an event');
    }
  });
});
