import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { CodedError } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { encodeClearDispute } from '../../chain/charge-call.ts';
import { encodePropose, encodeVote, proposedIn } from '../../chain/consortium-call.ts';
import { encodeCloseLog, encodeDeclareCoverage, encodeEndGrant, encodeRetireKey } from '../../chain/registry-call.ts';
import type { Call, ChainSender } from '../../chain/sender.ts';
import { startRpcProxy, type Fate, type RpcProxy } from './rpc-proxy.ts';
import { bytesOf } from '../log/memory-log.ts';
import { authoritySigner, LICENCE_TYPE, LOG_ID, logSigner, OTHER, OWNER, SampleChain } from './sample-chain.ts';

const SIGNATURE = parseSignature(new Uint8Array(64).fill(0x5a));
let chain: SampleChain;
let proxy: RpcProxy;
beforeEach(async () => {
  chain = await SampleChain.start();
  proxy = await startRpcProxy(chain.anvil.rpcUrl);
});
afterEach(async () => {
  await proxy.stop();
  await chain.anvil.stop();
});

/** A call that the authority may make any number of times; each `since` makes another. */
function coverage(since: number, code = OWNER): Call {
  return { to: chain.consortium.contracts.registry, data: encodeDeclareCoverage({ code, licenceType: LICENCE_TYPE, since }) };
}

const ofConsortium = (data: string): Call => ({ to: chain.consortium.contracts.consortium, data });

/** The authority's account behind the proxy. */
const owner = (timeoutMs = 3000): ChainSender => chain.consortium.sender('b2', { rpcUrl: proxy.rpcUrl, timeoutMs });
/** An account that no authority named. */
const stranger = (): ChainSender => chain.consortium.sender('e5', { rpcUrl: proxy.rpcUrl });
const handedIn = (): unknown[] =>
  proxy.calls.filter(({ method }) => method === 'eth_sendRawTransaction').map(({ params }) => params[0]);

async function failureOf(sending: Promise<unknown>): Promise<CodedError> {
  const error: unknown = await sending.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CodedError)) throw new Error('no coded error', { cause: error });
  return error;
}

/** `since` of every coverage declared so far. */
async function declared(): Promise<number[]> {
  const { events } = await chain.consortium.reader().poll();
  return events.flatMap((event) => (event.kind === 'coverage-declared' ? [event.since] : []));
}

describe('a transaction', () => {
  test('is of the old kind, costs nothing, and is bound to the chain', async () => {
    const { transactionHash, blockNumber, blockHash } = await chain.owner.send(coverage(1));
    const found = await chain.anvil.call('eth_getTransactionByHash', `0x${encodeHex(transactionHash)}`);
    const { type, gasPrice, value, chainId, from } = found as JsonObject;
    expect({ type, gasPrice, value, chainId }).to.deep.equal({ type: '0x0', gasPrice: '0x0', value: '0x0', chainId: '0x4f24' });
    expect(from).to.equal(chain.owner.account);
    expect((await chain.consortium.rpc.block(blockNumber))!.hash).to.deep.equal(blockHash);
    expect(await chain.anvil.call('eth_getBalance', chain.owner.account, 'latest')).to.equal('0x0');
  });

  test('many at once go one after the other', async () => {
    await Promise.all([1, 2, 3, 4, 5].map((since) => chain.owner.send(coverage(since))));
    expect(await declared()).to.deep.equal([1, 2, 3, 4, 5]);
  });

  test('one that fails does not keep back the next', async () => {
    const [refused, accepted] = await Promise.allSettled([chain.owner.send(coverage(1, OTHER)), chain.owner.send(coverage(2))]);
    expect([refused.status, accepted.status]).to.deep.equal(['rejected', 'fulfilled']);
  });
});

describe('a refusal of the contract', () => {
  test('is CONFLICT with the name of the error and its values, and sends nothing', async () => {
    const sender = stranger();
    const notAllowed = await failureOf(sender.send(coverage(1)));
    expect([notAllowed.code, notAllowed.facts.error]).to.deep.equal(['CONFLICT', 'NotAllowed']);
    expect(String(notAllowed.facts.sender).toLowerCase()).to.equal(sender.account);
    expect(handedIn()).to.deep.equal([]);
    await chain.anchor(5);
    const shrinks = await failureOf(chain.anchor(4));
    expect(shrinks.facts).to.deep.equal({ error: 'SizeShrinks', logId: `0x${encodeHex(LOG_ID)}`, have: 5, got: 4 });
  });

  test('that comes only in the block is CONFLICT as well', async () => {
    const decision = await chain.consortium.prepare(encodeCloseLog(LOG_ID));
    await chain.anvil.call('evm_setAutomine', false);
    const pending = (): Promise<unknown> => chain.anvil.call('eth_getBlockTransactionCountByNumber', 'pending');
    let closing: Promise<unknown> | undefined;
    // The node estimates on what is pending: the log is closed once the anchor is signed.
    proxy.fate = async ({ method }): Promise<Fate> => {
      if (method === 'eth_sendRawTransaction') {
        closing = chain.consortium.members[0]!.send(decision);
        while ((await pending()) !== '0x1') await sleep(10);
      }
      return 'relay';
    };
    const anchoring = failureOf(chain.anchor(1, { from: owner(10_000) }));
    while ((await pending()) !== '0x2') await sleep(10);
    await chain.anvil.call('evm_mine');
    await closing;
    expect((await anchoring).facts.error).to.equal('ClosedLog');
  });

  test('without a known error is CONFLICT too', async () => {
    const nonsense = await failureOf(chain.owner.send({ to: chain.consortium.contracts.registry, data: '0x12345678' }));
    expect([nonsense.code, nonsense.facts.error]).to.deep.equal(['CONFLICT', 'unknown']);
  });

  const nobody = bytesOf('nobody');
  const nobodyHex = `0x${encodeHex(nobody)}`;
  const logId = `0x${encodeHex(LOG_ID)}`;
  const keyId = `0x${encodeHex(logSigner.keyId)}`;
  const DAY = 86_400_000;
  const signed = { signer: authoritySigner.keyId, signature: SIGNATURE };

  for (const [desc, send, error, facts] of [
    [
      'of the registry, about a key that does not exist',
      () => chain.call(encodeRetireKey(nobody, signed)),
      'UnknownKey',
      { keyId: nobodyHex },
    ],
    [
      'of the registry, about an act that nobody signed',
      () => chain.call(encodeRetireKey(logSigner.keyId, signed)),
      'BadKeyAct',
      { signer: `0x${encodeHex(authoritySigner.keyId)}`, nonce: 2 },
    ],
    [
      'of the registry, about an authority that does not exist',
      () => chain.owner.send(coverage(1, OTHER)),
      'UnknownAuthority',
      {},
    ],
    [
      'of the registry, passed on by the consortium',
      () => chain.consortium.decide(encodeEndGrant(nobody)),
      'UnknownGrant',
      { grantId: nobodyHex },
    ],
    [
      'of the consortium, about a proposal that does not exist',
      () => chain.consortium.members[0]!.send(ofConsortium(encodeVote('execute', nobody))),
      'UnknownProposal',
      { proposalId: nobodyHex },
    ],
    [
      'of the consortium, about a proposal that only its proposer approves',
      async () => {
        const [proposer] = chain.consortium.members;
        const { consortium, registry } = chain.consortium.contracts;
        const proposing = encodePropose({ to: registry, data: encodeEndGrant(nobody) }, (await chain.consortium.now()) + DAY);
        const { logs } = await proposer!.send(ofConsortium(proposing));
        return proposer!.send(ofConsortium(encodeVote('execute', proposedIn(logs, consortium))));
      },
      'TooFewApprovals',
      { approvals: 1, needed: 2 },
    ],
    [
      'of the anchor contract, about a key of another use',
      () => chain.anchor(1, { signer: authoritySigner }),
      'WrongKey',
      { keyId: `0x${encodeHex(authoritySigner.keyId)}` },
    ],
    [
      'of the anchor contract, about a signature of another key',
      () => chain.anchor(1, { signer: { ...logSigner, sign: (message) => authoritySigner.sign(message) } }),
      'BadSignature',
      { keyId },
    ],
    [
      'of the anchor contract, about a tree that does not extend the anchored one',
      async () => {
        await chain.anchor(3);
        return chain.anchor(5, { branch: 'another' });
      },
      'NotExtending',
      { logId, have: 3, got: 5 },
    ],
    [
      'of the anchor contract, about a retired key',
      async () => {
        await chain.anvil.call('evm_increaseTime', 10);
        await chain.consortium.retireKey(OWNER, logSigner, authoritySigner);
        return chain.anchor(1);
      },
      'NotValidThen',
      { keyId },
    ],
    [
      'of the anchor contract, about a suspended key',
      async () => {
        await chain.consortium.suspend(logSigner.keyId);
        return chain.anchor(1);
      },
      'SuspendedKey',
      { keyId },
    ],
    [
      'of the court, about a log that nobody disputes',
      () => chain.consortium.decide(encodeClearDispute(LOG_ID, 'none'), chain.consortium.contracts.court),
      'NotDisputed',
      { logId },
    ],
  ] as const) {
    test(`${desc}, is named with what explains it`, async () => {
      const refused = await failureOf(send());
      expect(refused.code).to.equal('CONFLICT');
      expect(refused.facts).to.deep.include({ error, ...facts });
    });
  }

  test('of the constructor: a unit of time that does not fit the chain', async () => {
    const refused = await failureOf(chain.consortium.deployAgain(1));
    expect(refused.facts.error).to.equal('BadUnit');
  });
});

describe('lost answers', () => {
  test('the very same bytes are handed in again, and act once', async () => {
    for (const [since, fate] of [
      [1, 'lose answer'],
      [2, 'lose question'],
    ] as const) {
      proxy.calls.length = 0;
      proxy.fate = ({ method }) => (method === 'eth_sendRawTransaction' && handedIn().length < 3 ? fate : 'relay');
      await owner().send(coverage(since));
      expect(handedIn().length).to.equal(3);
      expect(new Set(handedIn()).size).to.equal(1);
    }
    expect(await declared()).to.deep.equal([1, 2]);
  });

  test('any single lost answer after the signature delays and changes nothing', async () => {
    for (const [i, method] of ['eth_sendRawTransaction', 'eth_getTransactionReceipt'].entries()) {
      let lost = 0;
      proxy.fate = (call) => (call.method === method && lost++ === 0 ? 'lose answer' : 'relay');
      await owner().send(coverage(i));
    }
    expect(await declared()).to.deep.equal([0, 1]);
  });

  test('before the signature they are UNAVAILABLE, and nothing was sent', async () => {
    for (const method of ['eth_estimateGas', 'eth_getTransactionCount']) {
      proxy.fate = (call) => (call.method === method ? 'lose answer' : 'relay');
      expect((await failureOf(owner().send(coverage(1)))).code).to.equal('UNAVAILABLE');
    }
    expect(handedIn()).to.deep.equal([]);
  });

  test('time runs out: UNAVAILABLE; the same call again goes on with the same bytes', async () => {
    const sender = owner(300);
    proxy.fate = ({ method }) => (method === 'eth_sendRawTransaction' ? 'lose answer' : 'relay');
    await chain.anvil.call('evm_setAutomine', false);
    expect((await failureOf(sender.send(coverage(1)))).code).to.equal('UNAVAILABLE');
    await chain.anvil.call('evm_setAutomine', true);
    await chain.anvil.call('evm_mine');
    proxy.fate = () => 'relay';
    await sender.send(coverage(1));
    expect(new Set(handedIn()).size).to.equal(1);
    expect(await declared()).to.deep.equal([1]);
  });

  test('another call first finds out what became of the one before it', async () => {
    const sender = owner(300);
    proxy.fate = ({ method }) => (method === 'eth_sendRawTransaction' ? 'lose question' : 'relay');
    expect((await failureOf(sender.send(coverage(1)))).code).to.equal('UNAVAILABLE');
    proxy.fate = () => 'relay';
    await sender.send(coverage(2));
    expect(await declared()).to.deep.equal([1, 2]);
  });
});

describe('nonces', () => {
  test('a sender that starts counts what an earlier one left in the pool', async () => {
    await chain.anvil.call('evm_setAutomine', false);
    await failureOf(chain.consortium.sender('b2', { timeoutMs: 300 }).send(coverage(1)));
    const second = chain.consortium.sender('b2').send(coverage(2));
    while ((await chain.anvil.call('eth_getBlockTransactionCountByNumber', 'pending')) !== '0x2') await sleep(10);
    await chain.anvil.call('evm_mine');
    await second;
    expect(await declared()).to.deep.equal([1, 2]);
  });

  test('a transaction whose nonce another program has used is signed anew', async () => {
    const sender = owner();
    const hasty = owner(300);
    // The same bytes stay lost however late they come, until the other program has used the nonce.
    const lost = new Set<unknown>();
    proxy.fate = ({ method, params }) => {
      if (method === 'eth_sendRawTransaction' && lost.size === 0) lost.add(params[0]);
      return lost.has(params[0]) ? 'lose question' : 'relay';
    };
    // On a busy machine its time may be over before it has anything to hand in.
    while (lost.size === 0) await failureOf(hasty.send(coverage(1)));
    await sender.send(coverage(2));
    proxy.fate = () => 'relay';
    // Its own time-out is too short to make sure, so it stays open for a while.
    while ((await hasty.send(coverage(1)).catch(() => null)) === null) await sleep(1);
    expect(await declared()).to.deep.equal([2, 1]);
  });

  test('a transaction that waits for one the chain has lost is signed anew', async () => {
    const sender = owner(300);
    await sender.send(coverage(1));
    proxy.fate = ({ method }) => (method === 'eth_sendRawTransaction' ? 'lose question' : 'relay');
    await failureOf(sender.send(coverage(2)));
    proxy.fate = () => 'relay';
    await chain.anvil.call('anvil_rollback', 1);
    await sender.send(coverage(2));
    expect(await declared()).to.deep.equal([2]);
  });

  test('a transaction that the node refuses for itself is not kept', async () => {
    const sender = owner();
    const error = { code: -32000, message: 'exceeds block gas limit' };
    proxy.fate = ({ method }) => (method === 'eth_sendRawTransaction' ? { error } : 'relay');
    const refused = await failureOf(sender.send(coverage(1)));
    expect(refused.code).to.equal('UNAVAILABLE');
    expect(refused.facts).to.deep.equal({ method: 'eth_sendRawTransaction', reason: error.message });
    proxy.fate = () => 'relay';
    await sender.send(coverage(2));
    expect(await declared()).to.deep.equal([2]);
  });

  test('what other engines say of bytes they have, or of a nonce that is used, is understood', async () => {
    for (const [since, message] of [
      [1, 'already known'],
      [2, 'known transaction: 0x00'],
      [3, 'ALREADY_EXISTS: already known'],
      [4, 'transaction already imported'],
      [5, 'nonce too low: next nonce 7, tx nonce 6'],
      [6, 'Nonce too low'],
    ] as const) {
      proxy.calls.length = 0;
      proxy.fate = ({ method }) => {
        if (method !== 'eth_sendRawTransaction') return 'relay';
        return handedIn().length === 1 ? 'lose answer' : { error: { code: -32000, message } };
      };
      await owner().send(coverage(since));
    }
    expect(await declared()).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });
});

describe('a chain that stands still', () => {
  test('is UNAVAILABLE in time; when it goes on, the same call acts once', async () => {
    const sender = chain.consortium.sender('b2', { timeoutMs: 600 });
    await chain.anvil.pause();
    expect((await failureOf(sender.send(coverage(1)))).code).to.equal('UNAVAILABLE');
    chain.anvil.resume();
    await sender.send(coverage(1));
    expect(await declared()).to.deep.equal([1]);
  });

  test('also when it stops between signature and receipt', async () => {
    const sender = chain.consortium.sender('b2', { rpcUrl: proxy.rpcUrl, timeoutMs: 600 });
    proxy.fate = async ({ method }): Promise<Fate> => {
      if (method === 'eth_sendRawTransaction') await chain.anvil.pause();
      return 'relay';
    };
    expect((await failureOf(sender.send(coverage(1)))).code).to.equal('UNAVAILABLE');
    proxy.fate = () => 'relay';
    chain.anvil.resume();
    await sender.send(coverage(1));
    expect(new Set(handedIn()).size).to.equal(1);
    expect(await declared()).to.deep.equal([1]);
  });
});

test('refuses a private key in another spelling', () => {
  for (const key of ['a1', `0x${'a1'.repeat(32)}`, 'A1'.repeat(32), 'a1'.repeat(33)]) {
    expect(() => chain.consortium.sender(key, { privateKeyHex: key })).to.throw(CodedError);
  }
});
