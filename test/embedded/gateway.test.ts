import { existsSync } from 'node:fs';
import { readFile, readdir, readlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Transaction, keccak256 } from 'ethers';
import { createRpcGateway } from '../../chain/embedded/rpc-gateway.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { createLogger } from '../../service/logger.ts';
import {
  type LoggedChain,
  ask,
  call,
  contract,
  deployed,
  hashOf,
  headNumber,
  makeDirectory,
  post,
  send,
  sender,
  signed,
  startChain,
  stored,
} from './chain-fixture.ts';

const journalOf = (directory: string): Promise<string> => readFile(join(directory, 'journal'), 'utf8');
const nonceOf = async (chain: { url: string }): Promise<number> =>
  Number(await call(chain, 'eth_getTransactionCount', [sender, 'latest']));

describe('the gateway', () => {
  let chain: LoggedChain;
  let directory: string;
  const cleanings: (() => Promise<unknown>)[] = [];
  before(async () => {
    const scope = { after: (clean: () => Promise<unknown>) => void cleanings.unshift(clean) };
    directory = await makeDirectory(scope);
    chain = await startChain(scope, directory);
    await send(chain, deployed());
  });
  after(async () => {
    for (const clean of cleanings) await clean();
  });

  for (const method of [
    'anvil_setBalance',
    'anvil_reset',
    'anvil_dumpState',
    'anvil_impersonateAccount',
    'hardhat_setCode',
    'evm_mine',
    'evm_setNextBlockTimestamp',
    'evm_snapshot',
    'debug_traceTransaction',
    'txpool_content',
    'miner_start',
    'personal_sign',
    'eth_sendTransaction',
    'eth_sign',
    'eth_accounts',
    'eth_sendRawTransactionSync',
    'eth_sendUnsignedTransaction',
    'eth_newFilter',
    'eth_subscribe',
    'ETH_CALL',
    'eth_call ',
    '__proto__',
  ]) {
    test(`has no method ${method}`, async () => {
      expect((await ask(chain, method)).error).to.deep.equal({ code: -32601, message: 'method not found' });
    });
  }

  test('leaves no other way to anvil: no TCP connection, no socket file', { skip: process.platform !== 'linux' }, async () => {
    const descriptors = `/proc/${chain.executorPid}/fd`;
    const targets = await Promise.all((await readdir(descriptors)).map((fd) => readlink(join(descriptors, fd)).catch(() => '')));
    const inodes = targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []);
    const tableOf = async (name: string): Promise<string[][]> =>
      (await readFile(`/proc/net/${name}`, 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));

    const tcp = (await tableOf('tcp')).filter((row) => inodes.includes(row[9]!));
    expect(tcp).to.have.length(1);
    const [address, port] = tcp[0]![1]!.split(':');
    expect(address, '127.255.255.255').to.equal('FFFFFF7F');
    for (const host of ['127.255.255.255', '127.0.0.1']) {
      const outcome = await new Promise((resolve) => {
        const socket = connect(Number.parseInt(port!, 16), host);
        socket.once('connect', () => resolve('connected')).once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
      });
      expect(outcome, host).to.be.oneOf(['ENETUNREACH', 'ECONNREFUSED']);
    }
    const paths = (await tableOf('unix')).filter((row) => inodes.includes(row[6]!)).flatMap((row) => row[7] ?? []);
    expect(paths).to.not.deep.equal([]);
    for (const path of paths) expect(existsSync(path), path).to.equal(false);
  });

  test('mines each transaction in a block of its own before it answers', async () => {
    const [nonce, number] = [await nonceOf(chain), await headNumber(chain)];
    const hash = await send(chain, stored(nonce));
    const receipt = (await call(chain, 'eth_getTransactionReceipt', [hash])) as JsonObject;
    expect([Number(receipt['blockNumber']), Number(receipt['status'])]).to.deep.equal([number + 1, 1]);
    expect((receipt['logs'] as JsonObject[]).map((log) => log['address'])).to.deep.equal([contract.toLowerCase()]);
  });

  test('mines the same bytes once, however often and however close together they are sent', async () => {
    const [nonce, number] = [await nonceOf(chain), await headNumber(chain)];
    const raw = stored(nonce);
    const hashes = await Promise.all(Array.from({ length: 5 }, () => send(chain, raw)));
    hashes.push(await send(chain, raw));
    expect(new Set(hashes)).to.deep.equal(new Set([keccak256(raw)]));
    expect(await headNumber(chain)).to.equal(number + 1);
    expect((await journalOf(directory)).split(raw)).to.have.length(2);
  });

  test('mines and journals a transaction that reverts', async () => {
    const raw = signed(await nonceOf(chain), { to: contract });
    const receipt = (await call(chain, 'eth_getTransactionReceipt', [await send(chain, raw)])) as JsonObject;
    expect(Number(receipt['status'])).to.equal(0);
    expect(await journalOf(directory)).to.include(raw);
  });

  test('answers a batch in its order and writes in its order', async () => {
    const nonce = await nonceOf(chain);
    const raws = [nonce, nonce + 1, nonce + 2].map((n) => stored(n));
    const batch = [
      ...raws.map((raw, id) => ({ jsonrpc: '2.0', id, method: 'eth_sendRawTransaction', params: [raw] })),
      'no call',
    ];
    const answers = (await (await post(chain.url, JSON.stringify(batch))).json()) as JsonObject[];
    expect(answers.map(({ id, result }) => [id, result])).to.deep.equal([
      ...raws.map((raw, id) => [id, hashOf(raw)]),
      [null, undefined],
    ]);
  });

  const refused: Record<string, (nonce: number) => unknown[]> = {
    'no transaction': () => [],
    'a transaction and more': (nonce) => [signed(nonce), 'latest'],
    'a number': (nonce) => [nonce],
    'no hex': () => ['0xzz'],
    'an empty transaction': () => ['0x'],
    'a cut transaction': (nonce) => [signed(nonce).slice(0, -2)],
    'a transaction and a byte': (nonce) => [`${signed(nonce)}00`],
    'upper-case hex': (nonce) => [signed(nonce).toUpperCase().replace('0X', '0x')],
    'an unsigned transaction': (nonce) => [
      Transaction.from({ ...Transaction.from(signed(nonce)).toJSON(), sig: null }).unsignedSerialized,
    ],
    'a signature that is none': (nonce) => [
      signed(nonce).replace(/a0[0-9a-f]{64}a0[0-9a-f]{64}$/, `a0${'ff'.repeat(32)}a0${'0f'.repeat(32)}`),
    ],
    'another type': (nonce) => [signed(nonce, { type: 2, gasPrice: null, maxFeePerGas: 0, maxPriorityFeePerGas: 0 })],
    'another chain': (nonce) => [signed(nonce, { chainId: 1 })],
    'no chain': (nonce) => [signed(nonce, { chainId: 0 })],
    'a used nonce': (nonce) => [signed(nonce - 1, { data: '0x77' })],
    'a nonce to come': (nonce) => [signed(nonce + 1)],
    'a price': (nonce) => [signed(nonce, { gasPrice: 1 })],
    'a value': (nonce) => [signed(nonce, { value: 1 })],
    'too little gas to begin': (nonce) => [signed(nonce, { data: '0x00ff', gasLimit: 21_019 })],
    'too little gas to begin a contract': (nonce) => [signed(nonce, { to: null, data: '0x', gasLimit: 52_999 })],
    'more gas than a block has': (nonce) => [signed(nonce, { gasLimit: 200_000_001 })],
  };
  for (const [name, paramsOf] of Object.entries(refused)) {
    test(`refuses ${name} before it is journalled`, async () => {
      const [nonce, number, journal] = [await nonceOf(chain), await headNumber(chain), await journalOf(directory)];
      const { error } = await ask(chain, 'eth_sendRawTransaction', paramsOf(nonce));
      expect(error?.code).to.be.oneOf([-32602, -32003, -32000]);
      expect(await journalOf(directory)).to.equal(journal);
      await send(chain, stored(nonce));
      expect(await headNumber(chain), 'nothing of it is left for the next block').to.equal(number + 1);
    });
  }

  test('takes exactly the gas that a transaction needs to begin', async () => {
    await send(chain, signed(await nonceOf(chain), { data: '0x00ff', gasLimit: 21_020 }));
    await send(chain, signed(await nonceOf(chain), { to: null, data: '0x', gasLimit: 53_000 }));
  });

  test('answers what is asked of the newest state while blocks are mined', async () => {
    const first = await nonceOf(chain);
    const writing = { isDone: false };
    let refused = 0;
    const writer = async (): Promise<void> => {
      for (let i = 0; i < 60; i++) await send(chain, stored(first + i));
      writing.isDone = true;
    };
    const reader = async (method: string, params: readonly unknown[]): Promise<void> => {
      while (!writing.isDone) if ((await ask(chain, method, params)).error !== undefined) refused++;
    };
    const stateCall = { to: contract, data: `0x${'00'.repeat(64)}`, from: sender, gasPrice: '0x0' };
    await Promise.all([
      writer(),
      ...Array.from({ length: 4 }, () => reader('eth_call', [stateCall, 'latest'])),
      reader('eth_estimateGas', [stateCall]),
      reader('eth_getTransactionCount', [sender, 'latest']),
      reader('eth_getCode', [contract, 'latest']),
    ]);
    expect(refused).to.equal(0);
  });

  test('passes on what a contract reverts with', async () => {
    const { error } = await ask(chain, 'eth_call', [{ to: contract, data: '0x' }, 'latest']);
    expect(error).to.deep.include({ code: 3, data: '0x' });
  });

  test('judges calls by the time of now, not of the last block', async () => {
    const timestamp = { data: '0x4260005260206000f3' };
    const now = Math.floor(Date.now() / 1000);
    expect(Number(await call(chain, 'eth_call', [timestamp, 'pending']))).to.be.within(now - 1, now + 5);
  });

  const unreadable: Record<string, [body: string, code: number]> = {
    'no JSON': ['{', -32700],
    'a key twice': ['{"jsonrpc":"2.0","id":1,"id":2,"method":"eth_chainId"}', -32700],
    'too deep nesting': ['['.repeat(100) + ']'.repeat(100), -32700],
    'an empty batch': ['[]', -32600],
    'a batch of 101': [
      JSON.stringify(Array.from({ length: 101 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' }))),
      -32600,
    ],
    'a string': ['"eth_chainId"', -32600],
    'another version': ['{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600],
    'a call without id': ['{"jsonrpc":"2.0","method":"eth_chainId"}', -32600],
    'an id that is null': ['{"jsonrpc":"2.0","id":null,"method":"eth_chainId"}', -32600],
    'a method that is no string': ['{"jsonrpc":"2.0","id":1,"method":["eth_chainId"]}', -32600],
    'named params': ['{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32600],
    'an unknown member': ['{"jsonrpc":"2.0","id":1,"method":"eth_chainId","x":1}', -32600],
  };
  for (const [name, [body, code]] of Object.entries(unreadable)) {
    test(`refuses ${name}`, async () => {
      const answer = (await (await post(chain.url, body)).json()) as { error: { code: number } };
      expect(answer.error.code).to.equal(code);
    });
  }

  test('answers every mangled call with an answer', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber', params: ['0x0', false] });
    for (let i = 0; i < body.length; i++) {
      for (const mangled of [body.slice(0, i) + body.slice(i + 1), `${body.slice(0, i)}~${body.slice(i)}`]) {
        const answer = (await (await post(chain.url, mangled)).json()) as JsonObject;
        expect(Object.keys(answer)).to.have.length(3);
      }
    }
  });

  test('takes nothing that a web page could send without being asked', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' });
    expect((await post(chain.url, body, { 'content-type': 'text/plain' })).status).to.equal(415);
    expect((await fetch(chain.url)).status).to.equal(405);
    const preflight = await fetch(chain.url, { method: 'OPTIONS', headers: { origin: 'http://example.org' } });
    expect(preflight.headers.get('access-control-allow-origin')).to.equal(null);
  });

  test('refuses a body of more than 1 MiB', async () => {
    expect((await post(chain.url, ' '.repeat((1 << 20) + 1))).status).to.equal(413);
  });

  test('says that the executor does not answer, and does later what it had begun but nothing else', async (t) => {
    const [nonce, number] = [await nonceOf(chain), await headNumber(chain)];
    t.mock.timers.enable({ apis: ['setTimeout'] });
    process.kill(chain.executorPid, 'SIGSTOP');
    await sleep(500); // the signal has reached its last thread
    const answers = [
      ask(chain, 'eth_sendRawTransaction', [stored(nonce)]),
      ask(chain, 'eth_sendRawTransaction', [stored(nonce + 1)]),
      ask(chain, 'eth_blockNumber'),
    ];
    await sleep(1500); // the calls have come in, also on a busy machine
    t.mock.timers.tick(10_000);
    const errors = (await Promise.all(answers)).map(({ error }) => error);
    expect(errors).to.deep.equal(answers.map(() => ({ code: -32000, message: 'executor does not answer' })));
    t.mock.timers.reset();
    process.kill(chain.executorPid, 'SIGCONT');
    expect(await send(chain, stored(nonce))).to.equal(hashOf(stored(nonce)));
    expect(await headNumber(chain)).to.equal(number + 1);
  });

  test('stops asking an executor that leaves 1000 calls unanswered', async (t) => {
    const logger = createLogger({ program: 'test', level: 'fatal', destination: { write: () => {} } });
    const asked: (() => void)[] = [];
    const gateway = createRpcGateway({ logger, answer: () => new Promise((resolve) => asked.push(() => resolve(null))) });
    const url = await gateway.listen(0);
    t.after(async () => {
      for (const answer of asked) answer();
      await gateway.close();
    });
    const batch = JSON.stringify(Array.from({ length: 100 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' })));
    for (let i = 0; i < 10; i++) void post(url, batch);
    while (asked.length < 1000) await new Promise((resolve) => setImmediate(resolve));
    expect((await ask({ url }, 'eth_chainId')).error).to.deep.equal({ code: -32000, message: 'executor does not answer' });
  });
});
