import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { AbiCoder, FunctionFragment, type Interface } from 'ethers';
import * as fc from 'fast-check';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { type BlockPoint, type ChainEvent, isAnchorEvent, KEY_TYPES } from '../../core/authority/registry-event.ts';
import { encodeCheckpoint } from '../../core/log/checkpoint.ts';
import { logIdOf, parseOrigin, type Origin } from '../../core/log/origin.ts';
import { isSm2Signature, type PublicKey } from '../../core/sm/sm2.ts';
import { ANCHOR, codeHex, COURT, hex, REGISTRY, ZERO_WORD } from '../../chain/abi.ts';
import { chargeDigestOf, encodeClearDispute, encodeConfirmCharge } from '../../chain/charge-call.ts';
import { decodeAnchorEvent, decodeCourtEvent, decodeRegistryEvent } from '../../chain/event.ts';
import { blockAt } from '../../chain/finality.ts';
import * as registryCall from '../../chain/registry-call.ts';
import type { RawLog } from '../../chain/rpc.ts';
import type { Receipt } from '../../chain/sender.ts';
import { bytesOf } from '../log/memory-log.ts';
import { signerNamed, type TestConsortium } from './consortium-fixture.ts';
import { authoritySigner, LICENCE_TYPE, LOG_ID, logSigner, ORIGIN, OTHER, OWNER, SampleChain } from './sample-chain.ts';

const OTHER_TYPE = '11100000000013338W010';
const PURPOSE = 'mining.licence-review';
const THIRD = '11320000014000004F';
const otherSigner = signerNamed('authority key of the other', 'authority');
const accessOrigin = parseOrigin(`sample/${OTHER}/accesses`);
const sealsOrigin = parseOrigin(`sample/${OTHER}/seals`);
const accessLogId = logIdOf(accessOrigin);
const account = (byte: string): Uint8Array => decodeHex(byte.repeat(20));

let chain: SampleChain;
let consortium: TestConsortium;
before(async () => {
  chain = await SampleChain.start();
  ({ consortium } = chain);
});
after(() => chain.anvil.stop());

type Told = Record<string, unknown>;
const isMalformed = (error: unknown): boolean => isCodedError(error, 'MALFORMED');

function withoutBlock(event: ChainEvent): Told {
  const { block: _, ...said } = event;
  return said;
}

/** The new events that a call leads to, without their block, or why they are none. */
async function eventsOf(sent: Promise<Receipt>): Promise<Told[]> {
  const { blockNumber } = await sent;
  const { events, refused } = await consortium.reader({ fromBlock: blockNumber }).poll();
  for (const { block } of events) expect(block).to.deep.equal(await consortium.rpc.block(blockNumber));
  return [...events.map(withoutBlock), ...refused.map(({ reason }) => ({ refused: reason }))];
}

async function eventOf(sent: Promise<Receipt>): Promise<Told> {
  const events = await eventsOf(sent);
  expect(events).to.have.length(1);
  return events[0]!;
}

describe('an event comes back as what was called', () => {
  const later = Date.UTC(2090, 0, 1);
  const vrfSigner = signerNamed('vrf key', 'vrf');
  const nextSigner = signerNamed('next log key');

  test('authority-registered, at the top by the members and below by the parent', async () => {
    const top = { code: THIRD, name: '江苏省人民政府', region: '320000', parent: null, account: account('c2') };
    const registered = { kind: 'authority-registered', ...top };
    expect(await eventOf(consortium.decide(registryCall.encodeRegisterAuthority(top)))).to.deep.equal(registered);
    const below = { ...top, code: OTHER, name: '审计署', parent: OWNER, account: decodeHex(chain.owner.account.slice(2)) };
    const want = { kind: 'authority-registered', ...below };
    expect(await eventOf(chain.call(registryCall.encodeRegisterAuthority(below)))).to.deep.equal(want);
  });

  test('key-added, signed by the parent’s authority key', async () => {
    const first = { code: OTHER, keyId: otherSigner.keyId, keyType: 'authority', publicKey: otherSigner.publicKey };
    const added = await eventOf(consortium.addKey(OTHER, otherSigner, authoritySigner, later));
    expect(added).to.deep.equal({ kind: 'key-added', ...first, validFrom: later });
    const { validFrom, ...vrf } = await eventOf(consortium.addKey(OTHER, vrfSigner, authoritySigner));
    // A date in the past counts as the block's time.
    expect(validFrom).to.equal(await consortium.now());
    const said = { code: OTHER, keyId: vrfSigner.keyId, keyType: 'vrf', publicKey: vrfSigner.publicKey };
    expect(vrf).to.deep.equal({ kind: 'key-added', ...said });
  });

  test('every type of key', async () => {
    for (const keyType of KEY_TYPES) {
      const event = await eventOf(consortium.addKey(OWNER, signerNamed(`another ${keyType} key`, keyType), authoritySigner));
      expect(event.keyType).to.equal(keyType);
    }
  });

  test('key-suspended: at first, again, and lifted', async () => {
    const { keyId } = signerNamed('another log key');
    const days = 7 * 86_400_000;
    const first = await eventOf(consortium.suspend(keyId));
    const [at, kind] = [await consortium.now(), 'key-suspended'];
    expect(first).to.deep.equal({ kind, keyId, suspendedAt: at, until: at + days });
    const again = await eventOf(consortium.decide(registryCall.encodeSuspendKeyAgain(keyId)));
    const then = await consortium.now();
    expect(again).to.deep.equal({ kind, keyId, suspendedAt: then, until: then + days });
    const lifted = await eventOf(consortium.decide(registryCall.encodeLiftSuspension(keyId)));
    expect(lifted).to.deep.equal({ kind, keyId, suspendedAt: await consortium.now(), until: null });
  });

  test('key-compromised, again with an earlier date', async () => {
    const lost = signerNamed('another request key', 'request');
    for (const since of [2, 1]) {
      const event = await eventOf(consortium.declareLost(OWNER, lost, since, authoritySigner));
      expect(event).to.deep.equal({ kind: 'key-compromised', keyId: lost.keyId, since });
    }
  });

  const log = { owner: OTHER, quantum: 60_000, beat: 1, promiseSpan: 60_002 };
  const access = { ...log, logId: accessLogId, origin: accessOrigin, class: 'access', term: null } as const;
  const seals = { ...log, logId: logIdOf(sealsOrigin), origin: sealsOrigin, class: 'seals', term: 9 } as const;
  const changed = { code: OTHER, account: account('d4') };
  const vrfSet = { logId: accessLogId, keyId: vrfSigner.keyId, fromIndex: 0 };
  const mode = { logId: LOG_ID, licenceType: LICENCE_TYPE, mode: 'private' } as const;
  const coverage = { code: OWNER, licenceType: LICENCE_TYPE, since: 0 };
  const unparented = { code: OTHER, parent: null };
  const parented = { code: OTHER, parent: THIRD };
  const reparented = { code: OTHER, parent: OWNER };

  for (const [desc, send, want] of [
    ['log-registered', () => chain.call(registryCall.encodeRegisterLog(access)), { kind: 'log-registered', ...access }],
    [
      'log-registered, with the term of seals',
      () => chain.call(registryCall.encodeRegisterLog(seals)),
      { kind: 'log-registered', ...seals },
    ],
    ['vrf-key-set', () => chain.call(registryCall.encodeSetVrfKey(vrfSet)), { kind: 'vrf-key-set', ...vrfSet }],
    ['mode-set', () => chain.call(registryCall.encodeSetMode(mode)), { kind: 'mode-set', ...mode }],
    [
      'coverage-declared',
      () => chain.call(registryCall.encodeDeclareCoverage(coverage)),
      { kind: 'coverage-declared', ...coverage },
    ],
    ...[unparented, parented, reparented].map(
      (parent) =>
        [
          `parent-changed, to ${parent.parent}`,
          () => consortium.decide(registryCall.encodeChangeParent(parent)),
          { kind: 'parent-changed', ...parent },
        ] as const,
    ),
    ['account-changed', () => chain.call(registryCall.encodeChangeAccount(changed)), { kind: 'account-changed', ...changed }],
  ] as const) {
    test(desc, async () => {
      expect(await eventOf(send())).to.deep.equal(want);
    });
  }

  const grants: Hash[] = [];

  test('scope-granted, with an open and with a fixed end, by the members and as a part of that by the parent', async () => {
    const scope = { licenceType: LICENCE_TYPE, region: '440300', validFrom: later };
    for (const [code, validTo, hasParent] of [
      [OWNER, null, false],
      [OTHER, null, true],
      [OTHER, later + 1, true],
    ] as const) {
      const terms = { ...scope, code, validTo, parentId: hasParent ? grants[0]! : null };
      const region = validTo === null ? '440300' : '440305';
      const data = registryCall.encodeGrantScope({ ...terms, region });
      const event = await eventOf(hasParent ? chain.call(data) : consortium.decide(data));
      expect(event).to.deep.equal({ kind: 'scope-granted', ...terms, region, scopeId: event.scopeId });
      grants.push(event.scopeId as Hash);
    }
  });

  test('duty-granted, with an open and with a fixed end, by the members and as a part of that by the parent', async () => {
    const terms = { code: OWNER, purpose: PURPOSE, validFrom: later, validTo: null, parentId: null };
    const event = await eventOf(consortium.decide(registryCall.encodeGrantDuty(terms)));
    const dutyId = event.dutyId as Hash;
    expect(event).to.deep.equal({ kind: 'duty-granted', ...terms, dutyId });
    const part = { ...terms, code: OTHER, validTo: later + 1, parentId: dutyId };
    const below = await eventOf(chain.call(registryCall.encodeGrantDuty(part)));
    expect(below).to.deep.equal({ kind: 'duty-granted', ...part, dutyId: below.dutyId });
    grants.push(dutyId);
  });

  test('what ends now ends at the time of the block', async () => {
    const now = (await consortium.now()) + 10_000;
    await consortium.addKey(OWNER, nextSigner, authoritySigner);
    await chain.anvil.call('anvil_setBlockTimestampInterval', 0);
    await chain.anvil.call('evm_setNextBlockTimestamp', now / 1000);
    const [scopeId, , , dutyId] = grants as [Hash, Hash, Hash, Hash];
    const ends = [
      [() => chain.call(registryCall.encodeEndGrant(grants[2]!)), { kind: 'scope-ended', scopeId: grants[2]!, validTo: now }],
      [() => consortium.decide(registryCall.encodeEndGrant(scopeId)), { kind: 'scope-ended', scopeId, validTo: now }],
      [() => consortium.decide(registryCall.encodeEndGrant(dutyId)), { kind: 'duty-ended', dutyId, validTo: now }],
      [
        () => consortium.retireKey(OWNER, nextSigner, authoritySigner),
        { kind: 'key-retired', keyId: nextSigner.keyId, validTo: now },
      ],
      [
        () => consortium.decide(registryCall.encodeCloseLog(accessLogId)),
        { kind: 'log-closed', logId: accessLogId, closedAt: now, byOwner: false },
      ],
    ] as const;
    for (const [send, want] of ends) {
      expect(await eventOf(send())).to.deep.equal(want);
    }
    await chain.anvil.call('anvil_removeBlockTimestampInterval');
  });

  test('function-moved and authority-dissolved', async () => {
    const fresh = await SampleChain.start();
    const { consortium: members } = fresh;
    const tell = async (sent: Promise<Receipt>): Promise<ChainEvent[]> => {
      const { blockNumber } = await sent;
      return [...(await members.reader({ fromBlock: blockNumber }).poll()).events];
    };
    const successor = { code: OTHER, name: '审计署', region: '110000', parent: null, account: account('c3') };
    await members.decide(registryCall.encodeRegisterAuthority(successor));
    for (const licenceType of [LICENCE_TYPE, OTHER_TYPE]) {
      await fresh.call(registryCall.encodeSetMode({ logId: LOG_ID, licenceType, mode: 'public' }));
    }
    const share = { successor: OTHER, logIds: [LOG_ID], licenceTypes: [OTHER_TYPE, LICENCE_TYPE] };
    const events = await tell(members.decide(registryCall.encodeRecordSuccession(OWNER, [share], true)));
    const at = await members.now();
    expect(events.map(withoutBlock)).to.deep.equal([
      { kind: 'function-moved', code: OWNER, ...share, movedAt: at },
      { kind: 'authority-dissolved', code: OWNER, dissolvedAt: at },
    ]);
    await fresh.anvil.stop();
  });

  test('log-closed by its own authority', async () => {
    const logId = logIdOf(parseOrigin(`sample/${OWNER}/short`));
    const short = { ...access, owner: OWNER, origin: `sample/${OWNER}/short`, class: 'licence' } as const;
    await chain.call(registryCall.encodeRegisterLog(short));
    const event = await eventOf(chain.call(registryCall.encodeCloseLog(logId)));
    expect(event).to.deep.equal({ kind: 'log-closed', logId, closedAt: await consortium.now(), byOwner: true });
  });
});

describe('what the anchor contract and the court say comes back', () => {
  let fresh: SampleChain;
  const told = async (): Promise<readonly ChainEvent[]> => (await fresh.consortium.reader().poll()).events;
  before(async () => {
    fresh = await SampleChain.start();
  });
  after(() => fresh.anvil.stop());

  test('anchored and forked, with the signatures that hold', async () => {
    await fresh.anchor(0);
    await fresh.anchor(5);
    await fresh.anchor(5, { branch: 'other' });
    const shown = (await told()).filter(isAnchorEvent).map(({ block, issuedAt, signature, ...rest }) => {
      expect(block.at - issuedAt).to.be.within(-120_000, 3_600_000);
      const checkpoint = { origin: ORIGIN, issuedAt, size: rest.size, rootHash: rest.rootHash, mapRoot: rest.mapRoot };
      expect(isSm2Signature(logSigner.publicKey, encodeCheckpoint(checkpoint), signature)).to.equal(true);
      return rest;
    });
    const common = { logId: LOG_ID, keyId: logSigner.keyId };
    expect(shown).to.deep.equal([
      { kind: 'anchored', sequence: 0, ...common, ...fresh.rootsAt(0) },
      { kind: 'anchored', sequence: 1, ...common, ...fresh.rootsAt(5) },
      { kind: 'forked', sequence: 1, ...common, ...fresh.rootsAt(5, 'other') },
    ]);
  });

  const newest = async ({ blockNumber }: Receipt): Promise<Told[]> =>
    (await told()).filter(({ block }) => block.number === blockNumber).map(withoutBlock);

  test('log-disputed and dispute-cleared; the charge itself is nothing to readers', async () => {
    const { charge, call } = await fresh.forkCharge();
    const { court } = fresh.consortium.contracts;
    const charged = await fresh.consortium.members[0]!.send(call);
    expect(charged.logs).to.have.length(2);
    const chargeDigest = chargeDigestOf(charge);
    const dispute = { logId: LOG_ID, chargeDigest, charge: 'fork', fromSequence: 1, fromSize: 5 };
    expect(await newest(charged)).to.deep.equal([{ kind: 'log-disputed', ...dispute }]);
    const cleared = await fresh.consortium.decide(encodeClearDispute(LOG_ID, '测试：两份副本，已查明'), court);
    expect(await newest(cleared)).to.deep.equal([{ kind: 'dispute-cleared', logId: LOG_ID, reason: '测试：两份副本，已查明' }]);
  });

  test('a charge with a doubtful key waits, and is in effect once it is confirmed', async () => {
    const { court } = fresh.consortium.contracts;
    // After a clearing only what the log has said since then counts.
    await fresh.anvil.call('evm_increaseTime', 10);
    await fresh.anvil.call('evm_mine');
    await fresh.anchor(6);
    await fresh.consortium.suspend(logSigner.keyId);
    const { charge, call } = await fresh.forkCharge();
    const charged = await fresh.consortium.members[0]!.send(call);
    expect(charged.logs).to.have.length(1);
    expect(await newest(charged)).to.deep.equal([]);
    const confirmed = await fresh.consortium.decide(encodeConfirmCharge(chargeDigestOf(charge)), court);
    expect((await newest(confirmed)).map(({ kind }) => kind)).to.deep.equal(['log-disputed']);
  });
});

describe('what the contract cannot check is refused, and nothing else is lost by it', () => {
  /** A call whose text is not UTF-8. */
  function registerWithName(name: Uint8Array): string {
    const types = ['bytes18', 'bytes', 'string', 'bytes18', 'address'];
    const values = [codeHex('91110000100003962T'), name, '110000', codeHex(null), hex(account('c3'))];
    const { selector } = FunctionFragment.from('registerAuthority(bytes18,string,string,bytes18,address)');
    return selector + AbiCoder.defaultAbiCoder().encode(types, values).slice(2);
  }

  const badCode = { code: '111000000000133380', name: 'x', region: '110000', parent: null, account: account('c3') };
  for (const [what, data] of [
    ['a name that is no UTF-8', registerWithName(Uint8Array.of(0xc3, 0x28))],
    ['a code with a wrong check character', registryCall.encodeRegisterAuthority(badCode)],
  ] as const) {
    test(what, async () => {
      expect(Object.keys(await eventOf(consortium.decide(data)))).to.deep.equal(['refused']);
    });
  }

  test('a reader that meets them goes on', async () => {
    const { events, refused } = await consortium.reader().poll();
    expect(refused.length).to.equal(2);
    expect(events.length).to.be.greaterThan(10);
    const coverage = { code: OWNER, licenceType: LICENCE_TYPE, since: 7 };
    const last = await eventOf(chain.call(registryCall.encodeDeclareCoverage(coverage)));
    expect(last.kind).to.equal('coverage-declared');
  });
});

describe('what no contract of ours says, and a lying node may, is no event', () => {
  const block: BlockPoint = { number: 1, hash: bytesOf('block'), at: 1_000 };
  const origin = `sample/${OWNER}/other`;
  const good = signerNamed('a good key').publicKey;
  const offCurve = new Uint8Array(65).fill(1) as PublicKey;
  offCurve[0] = 4;
  const code = codeHex(OWNER);
  const tooMuch = 2n ** 53n;
  const spans = [1, 1, 3, 0] as const;
  const roots = [hex(bytesOf('root')), hex(bytesOf('map')), hex(bytesOf('key')), `0x${'5a'.repeat(64)}`] as const;

  function logOf(abi: Interface, name: string, values: readonly unknown[]): RawLog {
    const { data, topics } = abi.encodeEventLog(name, [...values]);
    return { address: hex(account('ab')), topics, data, logIndex: 0, blockNumber: 1, blockHash: block.hash };
  }

  for (const [what, abi, name, values] of [
    ['a key off the curve', REGISTRY, 'KeyAdded', [code, hex(keyIdOf(offCurve)), 2, hex(offCurve), 0, ZERO_WORD]],
    ['a key under another id', REGISTRY, 'KeyAdded', [code, hex(bytesOf('x')), 2, hex(good), 0, ZERO_WORD]],
    ['a key for an unknown use', REGISTRY, 'KeyAdded', [code, hex(keyIdOf(good)), 8, hex(good), 0, ZERO_WORD]],
    [
      'an origin in another shape',
      REGISTRY,
      'LogRegistered',
      [hex(logIdOf('Sample/x/y' as Origin)), code, 'Sample/x/y', 1, ...spans],
    ],
    ['a log id that is not its origin’s', REGISTRY, 'LogRegistered', [hex(bytesOf('y')), code, origin, 1, ...spans]],
    ['a log of an unknown class', REGISTRY, 'LogRegistered', [hex(logIdOf(origin as Origin)), code, origin, 4, ...spans]],
    ['a licence type in lower case', REGISTRY, 'CoverageDeclared', [code, LICENCE_TYPE.toLowerCase(), 0]],
    ['a region in letters', REGISTRY, 'ScopeGranted', [ZERO_WORD, code, LICENCE_TYPE, '44030x', 0, 1, ZERO_WORD]],
    ['a purpose in capitals', REGISTRY, 'DutyGranted', [ZERO_WORD, code, 'Mining', 0, 1, ZERO_WORD]],
    ['no code', REGISTRY, 'AuthorityDissolved', [codeHex(null), 1]],
    ['an instant beyond 2^53-1', REGISTRY, 'AuthorityDissolved', [code, tooMuch]],
    [
      'an end beyond 2^53-1 that is not "none"',
      REGISTRY,
      'ScopeGranted',
      [ZERO_WORD, code, LICENCE_TYPE, '440300', 0, tooMuch, ZERO_WORD],
    ],
    ['a moved type in another shape', REGISTRY, 'FunctionMoved', [code, codeHex(OTHER), [], ['W009'], 1]],
    ['an unknown charge', COURT, 'Disputed', [ZERO_WORD, ZERO_WORD, 6, 0, 0]],
    ['charge 0', COURT, 'Disputed', [ZERO_WORD, ZERO_WORD, 0, 0, 0]],
    ['a dispute from a size beyond 2^53-1', COURT, 'Disputed', [ZERO_WORD, ZERO_WORD, 4, 0, tooMuch]],
    ['an anchor with another time than its block', ANCHOR, 'Anchored', [ZERO_WORD, 0, 1, 1, ...roots, 2_000]],
    ['a signature of another length', ANCHOR, 'Anchored', [ZERO_WORD, 0, 1, 1, ...roots.with(3, `0x${'5a'.repeat(63)}`), 1_000]],
  ] as const) {
    test(what, () => {
      const decoder = abi === REGISTRY ? decodeRegistryEvent : abi === COURT ? decodeCourtEvent : decodeAnchorEvent;
      expect(() => decoder(logOf(abi, name, values), block))
        .to.throw()
        .that.satisfies(isMalformed);
    });
  }
});

describe('a log in another spelling is no event', () => {
  interface Decoded {
    readonly log: RawLog;
    readonly block: BlockPoint;
    readonly abi: Interface;
    readonly decode: (log: RawLog, block: BlockPoint) => ChainEvent | null;
  }
  let logs: Decoded[];
  before(async () => {
    const { registry, anchor, court } = consortium.contracts;
    await chain.anchor(1);
    await chain.anchor(1, { branch: 'other' });
    await consortium.members[0]!.send((await chain.forkCharge()).call);
    await consortium.decide(encodeClearDispute(LOG_ID, 'cleared'), court);
    const { refused } = await consortium.reader().poll();
    const refusedBlocks = new Set(refused.map((log) => log.block.number));
    const all = await consortium.rpc.logs([registry, anchor, court], 0, await consortium.rpc.blockNumber());
    const decoders = new Map([
      [registry, { abi: REGISTRY, decode: decodeRegistryEvent }],
      [anchor, { abi: ANCHOR, decode: decodeAnchorEvent }],
      [court, { abi: COURT, decode: decodeCourtEvent }],
    ]);
    const kept = all.filter((log) => !refusedBlocks.has(log.blockNumber));
    logs = await Promise.all(
      kept.map(async (log) => ({ log, block: await blockAt(consortium.rpc, log.blockNumber), ...decoders.get(log.address)! })),
    );
  });

  test('bytes behind the end, bytes missing, padding, topics of another number or event', () => {
    for (const { log, block, decode } of logs) {
      const manglings: Partial<RawLog>[] = [
        { data: `${log.data}00` },
        { data: `${log.data}${'00'.repeat(32)}` },
        { topics: log.topics.slice(0, -1) },
        { topics: [...log.topics, `0x${'00'.repeat(32)}`] },
        { topics: [`0x${'00'.repeat(32)}`, ...log.topics.slice(1)] },
        { topics: [] },
      ];
      if (log.data !== '0x') manglings.push({ data: log.data.slice(0, -64) }, { data: '0x' });
      const endsInPadding = log.data.length > 130 && log.data.endsWith('00'.repeat(8));
      if (endsInPadding) manglings.push({ data: `${log.data.slice(0, -2)}01` });
      for (const mangling of manglings) {
        expect(() => decode({ ...log, ...mangling }, block), JSON.stringify(mangling))
          .to.throw()
          .that.satisfies(isMalformed);
      }
    }
  });

  test('a changed byte is refused or is another event, unless it is in the name of who signed, which changes nothing', () => {
    const telling = logs.filter(({ log, block, decode }) => log.data !== '0x' && decode(log, block) !== null);
    const valuesOf = (abi: Interface, log: RawLog): Told => abi.parseLog(log)!.args.toObject();
    const byte = fc.record({ which: fc.nat(), at: fc.nat(), add: fc.integer({ min: 1, max: 255 }) });
    fc.assert(
      fc.property(byte, ({ which, at, add }) => {
        const { log, block, abi, decode } = telling[which % telling.length]!;
        const bytes = decodeHex(log.data.slice(2));
        const place = at % bytes.length;
        bytes[place] = (bytes[place]! + add) % 256;
        const changed = { ...log, data: `0x${encodeHex(bytes)}` };
        try {
          const event = decode(changed, block);
          const [before, now] = [valuesOf(abi, log), valuesOf(abi, changed)];
          const isOfSigner = 'signer' in before && before.signer !== now.signer;
          if (isOfSigner) expect(event).to.deep.equal(decode(log, block));
          else expect(event).not.to.deep.equal(decode(log, block));
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED')) throw error;
        }
      }),
      { numRuns: 400 },
    );
  });

  test('an event of another contract', () => {
    const decoders = [decodeRegistryEvent, decodeAnchorEvent, decodeCourtEvent];
    for (const { log, block, decode } of logs) {
      for (const other of decoders.filter((one) => one !== decode)) {
        expect(() => other(log, block)).to.throw('not an event');
      }
    }
  });
});
