/**
 * The whole system on a real BFT chain: four validators as processes, our contracts, nodes, witness and verifier. Validators are killed
 * with SIGKILL, one, two and all, and come back. Run by `npm run test:consortium`; the tests stand in the order of the story.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import { LogProof__factory } from '../../chain/bindings/factories/LogProof__factory.ts';
import { ChainSender } from '../../chain/sender.ts';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { CodedError } from '../../core/bytes/error.ts';
import { type Checkpoint, encodeCheckpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { rootAt } from '../../core/log/tree.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { parseSignature, type Signature } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { buildEngine } from '../../deploy/consortium/engine.ts';
import { UniformTree } from '../../scripts/uniform-tree.ts';
import { createLogger } from '../../service/logger.ts';
import { openSigner, type Signer } from '../../service/signer.ts';
import { System, until, type VerdictJson } from '../system/system.ts';
import { anchorsAt, CHAIN_ID, Validators } from './validators.ts';

/** A turn of a dead validator costs ten seconds, and after a halt the rounds grow longer. */
const NEW_BLOCK_WITHIN_S = 240;
/** The node's next try to anchor comes up to a minute after the chain is back. */
const CAUGHT_UP_WITHIN_S = 180;
/** A verifier that has not read the chain for so long says that it does not know: `maxHeadAge` of the sample's trust file. */
const HEAD_AGE_S = 10;

let validators: Validators;
let system: System;
let sizeAtStart = 0;
let setUpMs = 0;

before(async () => {
  buildEngine();
  validators = await Validators.start();
  await newBlock(1);
  const startedAt = Date.now();
  system = await System.start(await System.newData(), ['--beat', '5000', '--chain', validators.all[0]!.rpcUrl]);
  setUpMs = Date.now() - startedAt;
  sizeAtStart = await publishedSize();
});

after(async () => {
  await system?.remove();
  await validators?.remove();
});

interface Issued {
  readonly file: Uint8Array;
  readonly entries: readonly { readonly index: number }[];
}

/** All that the department's node has confirmed. */
const issued: Issued[] = [];

/** The node must confirm it, whatever the chain does. */
async function issue(): Promise<Issued> {
  const number = issued.length;
  const file = encodeUtf8(`licence ${number} on the consortium's chain`);
  const body = {
    type: '11999900MB0000004W001',
    serial: `BFT${String(number).padStart(4, '0')}`,
    version: 1,
    validFrom: Date.UTC(2026, 0, 1),
    validTo: null,
    fields: { ZZMC: '采矿许可证' },
    files: [encodeHex(sm3(file))],
  };
  const answer = await system.write('issuer', '/v1/licences', body, `bft-${number}`);
  expect(answer.status, JSON.stringify(answer.body)).to.equal(201);
  const { entries } = answer.body as Issued;
  issued.push({ file, entries });
  return { file, entries };
}

async function issueSome(count: number): Promise<Issued[]> {
  const some: Issued[] = [];
  for (let i = 0; i < count; i++) some.push(await issue());
  return some;
}

function untilValid({ file }: Issued): Promise<VerdictJson> {
  return until(
    CAUGHT_UP_WITHIN_S,
    () => system.ask(file),
    ({ verdict }) => verdict === 'valid',
  );
}

/** Until it says why; whatever it says before that must not be *valid*. */
async function untilUndetermined({ file }: Issued, reason: string): Promise<void> {
  const { verdict } = await until(
    3 * HEAD_AGE_S,
    () => system.ask(file),
    ({ verdict, reasons }) => verdict === 'valid' || reasons.includes(reason),
  );
  expect(verdict).to.equal('undetermined');
}

async function publishedSize(): Promise<number> {
  return parseNote(await (await fetch(`${system.issuer.url}/checkpoint`)).text()).checkpoint.size;
}

/** What the node itself tells its operator. */
async function entriesWithoutAnchor(): Promise<number> {
  const metrics = await (await fetch(`${system.issuer.url}/metrics`)).text();
  const gauge = (name: string): number => Number(new RegExp(`^${name}\\S* (\\d+)$`, 'm').exec(metrics)![1]);
  return gauge('log_entries') - gauge('log_anchored_entries');
}

/** Who signed the newest transaction at or below a block. */
async function senderOfNewest(number: number): Promise<string> {
  const block = await validators.rpc(1).call('eth_getBlockByNumber', [`0x${number.toString(16)}`, true]);
  const { transactions } = block as { transactions: { from: string }[] };
  return transactions[0]?.from ?? senderOfNewest(number - 1);
}

/** Resolves when the validator has a block that it did not have. */
async function newBlock(number: number): Promise<void> {
  const rpc = validators.rpc(number);
  const first = await until(
    NEW_BLOCK_WITHIN_S,
    () => rpc.blockNumber(),
    () => true,
  );
  await until(
    NEW_BLOCK_WITHIN_S,
    () => rpc.blockNumber(),
    (block) => block > first,
  );
}

/** Anchors until told to stop; what it returns was answered as anchored. */
async function anchorAgainAndAgain(told: AbortSignal): Promise<{ number: number; hash: string }[]> {
  const anchored: { number: number; hash: string }[] = [];
  while (!told.aborted) {
    const answer = await system.write('issuer', '/v1/anchor', {}, `bft-anchor-${Date.now()}`, 'operator').catch(() => null);
    if (answer?.status !== 200) {
      await pause(100);
      continue;
    }
    const { blockNumber, blockHash } = answer.body as { blockNumber: number; blockHash: string };
    anchored.push({ number: blockNumber, hash: blockHash });
  }
  return anchored;
}

/** Nothing that the chain said before is gone or stands elsewhere, and no anchor is there twice. */
async function expectKept(before: readonly string[], number: number): Promise<string[]> {
  const now = await anchorsAt(system, validators.all[number - 1]!);
  expect(now.slice(0, before.length)).to.deep.equal(before);
  expect(now.filter((anchor) => anchor.startsWith('forked'))).to.deep.equal([]);
  const checkpoints = now.map((anchor) => anchor.split(' in ')[0]);
  expect(new Set(checkpoints).size, 'a checkpoint is anchored twice').to.equal(checkpoints.length);
  return now;
}

/** Every licence that was confirmed is valid, recorded once and at one place. */
async function expectAllOnce(): Promise<void> {
  for (const one of issued) {
    const { checks } = await untilValid(one);
    expect(checks.find(({ id }) => id === 'status')?.facts['entries']).to.equal(1);
  }
  const places = issued.flatMap(({ entries }) => entries.map(({ index }) => index));
  expect(new Set(places).size).to.equal(places.length);
  expect((await publishedSize()) - sizeAtStart).to.equal(places.length);
}

function note(context: TestContext, what: string, startedAt: number): void {
  context.diagnostic(`${what}: ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

describe('four validators', () => {
  test('make one chain, where gas is free and nobody has money', async (context) => {
    const chainId = Number(await validators.rpc(1).call('eth_chainId', []));
    expect([chainId, system.ready.chain.chainId]).to.deep.equal([CHAIN_ID, CHAIN_ID]);
    context.diagnostic(`contracts, sample consortium and all programs: ${setUpMs / 1000} s`);
    const rpc = validators.rpc(1);
    expect(Number(await rpc.call('eth_gasPrice', []))).to.equal(0);
    const last = (await rpc.block(await rpc.blockNumber()))!;
    const sender = await senderOfNewest(last.number);
    expect(Number(await rpc.call('eth_getBalance', [sender, 'latest']))).to.equal(0);
    context.diagnostic(`mean time between blocks: ${(last.at - (await rpc.block(last.number - 20))!.at) / 20_000} s`);
    for (const number of [2, 3, 4]) {
      const same = await until(
        10,
        () => validators.rpc(number).block(last.number),
        (block) => block !== null,
      );
      expect(encodeHex(same!.hash)).to.equal(encodeHex(last.hash));
    }
  });

  test('hold anchors that never change, the same at every validator', async (context) => {
    const startedAt = Date.now();
    const [one] = await issueSome(1);
    await untilValid(one!);
    note(context, 'from issue to valid', startedAt);
    const anchors = await anchorsAt(system, validators.all[0]!);
    expect(anchors.length).to.be.greaterThan(0);
    await newBlock(1);
    for (const number of [1, 2, 3, 4]) {
      await newBlock(number);
      await expectKept(anchors, number);
    }
  });

  test('refuse a checkpoint that the log did not sign, and one that does not extend the anchored tree', async () => {
    const { signer, sender } = await issuerKeys();
    const note = parseNote(await (await fetch(`${system.issuer.url}/checkpoint`)).text());
    const { origin, size, rootHash, mapRoot } = note.checkpoint;
    const logId = logIdOf(origin);
    const refusalOf = async (checkpoint: Checkpoint, signature: Signature): Promise<unknown> => {
      const input = { logId, ...checkpoint, keyId: signer.keyId, signature, consistencyProof: [] };
      const { anchor } = system.ready.chain;
      const error: unknown = await anchorCheckpoint(sender, anchor, input).then(
        () => 'taken',
        (thrown: unknown) => thrown,
      );
      return error instanceof CodedError ? error.facts['error'] : error;
    };
    const idle = { origin, size, rootHash, mapRoot, issuedAt: Date.now() };
    const wrong = parseSignature((await signer.sign(encodeCheckpoint(idle))).map((byte, i) => (i === 40 ? byte ^ 1 : byte)));
    expect(await refusalOf(idle, wrong)).to.equal('BadSignature');
    const rewritten = { ...idle, size: size + 1, rootHash: sm3(encodeUtf8('another history')) };
    expect(await refusalOf(rewritten, await signer.sign(encodeCheckpoint(rewritten)))).to.equal('NotExtending');
    const shrunk = { ...idle, size: size - 1, rootHash: sm3(encodeUtf8('an old backup')) };
    expect(await refusalOf(shrunk, await signer.sign(encodeCheckpoint(shrunk)))).to.equal('SizeShrinks');
  });

  test('check the longest consistency proof there can be within their limits', async (context) => {
    const tree = new UniformTree();
    // All bits but one: a sibling on every level.
    const [size1, size2] = [2 ** 52 - 1, 2 ** 53 - 1];
    const proof = proveConsistency(size1, size2, tree);
    const { logProof } = JSON.parse(await readFile(join(system.data, 'chain.json'), 'utf8')) as { logProof: string };
    const abi = LogProof__factory.createInterface();
    const hex = (bytes: Uint8Array): string => `0x${encodeHex(bytes)}`;
    const [root1, root2] = [rootAt(size1, tree), rootAt(size2, tree)].map(hex);
    const data = abi.encodeFunctionData('isConsistent', [size1, root1!, size2, root2!, proof.map(hex)]);
    const answer = await validators.rpc(1).call('eth_call', [{ to: logProof, data }, 'latest']);
    expect(abi.decodeFunctionResult('isConsistent', answer as string)[0]).to.equal(true);
    const gas = Number(await validators.rpc(1).call('eth_estimateGas', [{ to: logProof, data }]));
    context.diagnostic(`${proof.length} hashes: ${gas} gas`);
  });
});

/** What only the department has, and what the chain takes no lie from all the same. */
async function issuerKeys(): Promise<{ signer: Signer; sender: ChainSender }> {
  const directory = join(system.data, 'keys');
  const read = async (name: string): Promise<string> => (await readFile(join(directory, name), 'utf8')).trim();
  const signer = await openSigner(join(directory, 'issuer-log.key.json'), await read('passphrase'), 'log');
  const sender = new ChainSender({
    rpcUrl: validators.all[0]!.rpcUrl,
    privateKeyHex: await read('issuer.account'),
    chainId: CHAIN_ID,
    logger: createLogger({ program: 'test', level: 'warn' }),
    timeoutMs: 30_000,
  });
  return { signer, sender };
}

describe('one validator killed', () => {
  test('licences go on being anchored and become valid', async (context) => {
    const before = await anchorsAt(system, validators.all[0]!);
    await validators.kill(4);
    let longestMs = 0;
    // Five blocks: at least one of them was the dead one's turn.
    for (let i = 0; i < 5; i++) {
      const startedAt = Date.now();
      const [one] = await issueSome(1);
      await untilValid(one!);
      await newBlock(1);
      longestMs = Math.max(longestMs, Date.now() - startedAt);
    }
    context.diagnostic(`longest from issue to valid and one more block: ${longestMs / 1000} s`);
    await expectKept(before, 1);
  });
});

describe('two validators killed', () => {
  test('licences go on being recorded, and none of the new ones is called valid', async () => {
    const [old] = issued;
    const before = await anchorsAt(system, validators.all[0]!);
    await validators.kill(3);
    // What was under way when the quorum was lost may have gone through: what is asked comes after it.
    await pause(2_000);
    const head = await validators.rpc(1).blockNumber();
    for (const one of await issueSome(20)) {
      await untilUndetermined(one, 'PROVISIONAL');
    }
    expect(await validators.rpc(1).blockNumber()).to.equal(head);
    expect((await system.ask(old!.file)).verdict).to.equal('valid');
    await expectKept(before, 1);
  });

  test('the lateness is seen: at the node in entries, at the verifier in the age of the newest block', async () => {
    expect(await entriesWithoutAnchor()).to.equal(40);
    const status = async (): Promise<number> => {
      const answer = (await (await fetch(`${system.ready.verifier}/v1/status`)).json()) as { chain: { head: { at: number } } };
      return (Date.now() - answer.chain.head.at) / 1000;
    };
    await until(30, status, (ageS) => ageS > HEAD_AGE_S);
  });

  test('healed, the queue is anchored: nothing is lost, nothing is there twice', async (context) => {
    const before = await anchorsAt(system, validators.all[0]!);
    const startedAt = Date.now();
    await validators.startAgain(3);
    await newBlock(1);
    note(context, 'from start of the third validator to the next block', startedAt);
    await expectAllOnce();
    note(context, 'until all that waited is valid', startedAt);
    await expectKept(before, 1);
    await validators.startAgain(4);
    await newBlock(4);
    const head = await validators.rpc(1).blockNumber();
    await until(
      NEW_BLOCK_WITHIN_S,
      () => validators.rpc(4).blockNumber(),
      (number) => number >= head,
    );
    note(context, 'until the fourth has caught up', startedAt);
    await expectKept(before, 4);
    expect(await until(CAUGHT_UP_WITHIN_S, entriesWithoutAnchor, (late) => late === 0)).to.equal(0);
  });
});

describe('all validators killed at once with kill -9', () => {
  for (const round of [1, 2]) {
    test(`round ${round}: no anchor that was answered is lost, and licences wait for the chain`, async (context) => {
      const told = new AbortController();
      const anchoring = anchorAgainAndAgain(told.signal);
      context.after(() => told.abort());
      await issueSome(10);
      await pause(3_000 + 700 * round);
      const before = await anchorsAt(system, validators.all[0]!);
      await validators.kill(1, 2, 3, 4);
      told.abort();
      const answered = await anchoring;
      context.diagnostic(`${answered.length} anchors answered before the kill`);

      const late = await issueSome(5);
      await until(
        3 * HEAD_AGE_S,
        () => system.ask(issued[0]!.file),
        ({ reasons }) => reasons.includes('CHAIN_UNREACHABLE'),
      );
      for (const { file } of late) expect((await system.ask(file)).verdict).to.equal('undetermined');

      const startedAt = Date.now();
      await validators.startAgain(1, 2, 3, 4);
      await newBlock(1);
      note(context, 'from start to the next block', startedAt);
      for (const number of [1, 2, 3, 4]) {
        await newBlock(number);
        await expectKept(before, number);
        for (const { number: height, hash } of answered) {
          expect(encodeHex((await validators.rpc(number).block(height))!.hash)).to.equal(hash);
        }
      }
      await expectAllOnce();
      note(context, 'until all that waited is valid', startedAt);
    });
  }
});
