import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { SigningKey } from 'ethers';
import type { CodedError } from '../../core/bytes/error.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import {
  CHAIN_ID,
  GENESIS_SECONDS,
  TERMS,
  allBlocks,
  blockRecords,
  call,
  deployed,
  directoryWith,
  hashOf,
  headNumber,
  journalText,
  makeDirectory,
  send,
  signed,
  startChain,
  stored,
} from './chain-fixture.ts';

const MAIN = join(import.meta.dirname, '../../chain/embedded/main.ts');

interface Program {
  readonly url: string;
  readonly executorPid: number;
  readonly child: ChildProcess;
  readonly ended: Promise<[code: number | null, signal: string | null]>;
}

async function startProgram(t: TestContext, dir: string, flags: readonly string[] = []): Promise<Program> {
  const child = spawn(process.execPath, [MAIN, '--dir', dir, ...flags], { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit') as Program['ended'];
  t.after(() => child.kill('SIGKILL') && ended);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const ready = JSON.parse(line.toString()) as { ready: true; url: string; executorPid: number; chainId: number };
  expect(ready).to.include({ ready: true, chainId: CHAIN_ID });
  return { ...ready, child, ended };
}

/** A process that ended and that nobody has waited for yet is a zombie: gone, too. */
function isAlive(pid: number): boolean {
  try {
    const state = existsSync('/proc/self') ? /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1] : 'R';
    return process.kill(pid, 0) && state !== 'Z';
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<void> {
  while (isAlive(pid)) await sleep(10);
}

async function refusal(starting: Promise<unknown>): Promise<CodedError> {
  const error = await starting.catch((reason: unknown) => reason);
  if (isCodedError(error)) return error;
  throw new Error('not refused', { cause: error });
}

const firstRaws = (count: number): string[] => [deployed(), ...Array.from({ length: count - 1 }, (_, i) => stored(i + 1))];

describe('the embedded chain', () => {
  test('has the same blocks after a restart, and goes on', async (t) => {
    const directory = await makeDirectory(t);
    const first = await startChain(t, directory);
    for (const raw of firstRaws(5)) await send(first, raw);
    const blocks = await allBlocks(first);
    await first.close();
    const second = await startChain(t, directory);
    expect(await allBlocks(second)).to.deep.equal(blocks);
    await send(second, stored(5));
    expect(await headNumber(second)).to.equal(6);
    await second.close();
    const third = await startChain(t, directory);
    expect((await allBlocks(third)).slice(0, 6)).to.deep.equal(blocks);
  });

  test('loses nothing it has answered, and mines nothing twice, when it is killed under load', async (t) => {
    const directory = await makeDirectory(t);
    const queues = ['11', '22', '33', '44'].map((byte) => {
      const key = new SigningKey(`0x${byte.repeat(32)}`);
      return Array.from({ length: 20 }, (_, nonce) => signed(nonce, {}, key));
    });
    const seen = new Map<string, unknown>();
    let program = await startProgram(t, directory);
    for (const killAfter of [10, 30, 55]) {
      const { url, child, executorPid, ended } = program;
      // Four senders, each with one transaction under way when the blow falls.
      const senders = queues.map(async (raws) => {
        for (const raw of raws) {
          const hash = await send({ url }, raw);
          const receipt = (await call({ url }, 'eth_getTransactionReceipt', [hash])) as JsonObject;
          seen.set(hashOf(raw), receipt['blockHash']);
          if (seen.size >= killAfter) child.kill('SIGKILL');
        }
      });
      await Promise.allSettled(senders);
      expect(await ended).to.deep.equal([null, 'SIGKILL']);
      await gone(executorPid);
      program = await startProgram(t, directory);
      for (const [hash, blockHash] of seen) {
        expect(((await call(program, 'eth_getTransactionReceipt', [hash])) as JsonObject)['blockHash']).to.equal(blockHash);
      }
    }
    for (const raw of queues.flat()) expect(await send(program, raw)).to.equal(hashOf(raw));
    expect(await headNumber(program)).to.equal(queues.flat().length);
  });

  test('ends when anvil is killed, and has the same blocks when it is started again', async (t) => {
    const directory = await makeDirectory(t);
    const first = await startProgram(t, directory);
    for (const raw of firstRaws(3)) await send(first, raw);
    const blocks = await allBlocks(first);
    process.kill(first.executorPid, 'SIGKILL');
    expect(await first.ended).to.deep.equal([1, null]);
    expect(await allBlocks(await startProgram(t, directory))).to.deep.equal(blocks);
  });

  for (const [name, end] of Object.entries<(child: ChildProcess) => unknown>({
    SIGINT: (child) => child.kill('SIGINT'),
    'two SIGTERM': (child) => child.kill('SIGTERM') && child.kill('SIGTERM'),
    'the end of its stdin': (child) => child.stdin!.end(),
  })) {
    test(`ends with 0 and takes anvil with it on ${name}`, async (t) => {
      const { child, ended, executorPid } = await startProgram(t, await makeDirectory(t), ['--exit-with-parent']);
      end(child);
      expect(await ended).to.deep.equal([0, null]);
      expect(isAlive(executorPid)).to.equal(false);
    });
  }

  test('ends with 0 while anvil is stopped', async (t) => {
    const { child, ended, executorPid } = await startProgram(t, await makeDirectory(t));
    process.kill(executorPid, 'SIGSTOP');
    child.kill('SIGTERM');
    expect(await ended).to.deep.equal([0, null]);
    expect(isAlive(executorPid)).to.equal(false);
  });

  for (const flags of [
    [],
    ['--dir'],
    ['--dir', 'x', '--port', '-1'],
    ['--dir', 'x', '--chain-id', '0'],
    ['--dir', 'x', '--prot', '1'],
  ]) {
    test(`ends with 2 when it is called with ${JSON.stringify(flags)}`, async () => {
      const [code] = (await once(spawn(process.execPath, [MAIN, ...flags], { stdio: 'ignore' }), 'exit')) as [number];
      expect(code).to.equal(2);
    });
  }

  test('is run by one process at a time', async (t) => {
    const directory = await makeDirectory(t);
    await startProgram(t, directory);
    const { code } = await refusal(startChain(t, directory));
    expect(code).to.equal('CONFLICT');
  });

  test('refuses a port that is taken and leaves nothing running', async (t) => {
    const taken = await startChain(t, await makeDirectory(t));
    const directory = await makeDirectory(t);
    expect((await refusal(startChain(t, directory, { port: Number(new URL(taken.url).port) }))).code).to.equal('UNAVAILABLE');
    await startChain(t, directory);
  });

  test('mines at the start what was journalled and not mined', async (t) => {
    const directory = await directoryWith(t, [TERMS, ...blockRecords(firstRaws(2))]);
    const chain = await startChain(t, directory);
    expect(await headNumber(chain)).to.equal(2);
    expect(await send(chain, stored(1))).to.equal(hashOf(stored(1)));
    expect(await headNumber(chain)).to.equal(2);
    const [, head] = /\nhead 2 (0x\S+)/.exec(await readFile(join(directory, 'journal'), 'utf8'))!;
    expect((await allBlocks(chain)).at(-1)).to.include(head);
  });

  test('cuts a torn record with a notice', async (t) => {
    const directory = await directoryWith(t, [TERMS, ...blockRecords(firstRaws(2))]);
    await appendFile(join(directory, 'journal'), `block 3 ${GENESIS_SECONDS} ${stored(2)}`);
    const chain = await startChain(t, directory);
    expect(await headNumber(chain)).to.equal(2);
    expect(chain.messages.join()).to.include('cut a record');
    await send(chain, stored(2));
  });

  test('begins anew when not even the first record was whole', async (t) => {
    const directory = await makeDirectory(t);
    await writeFile(join(directory, 'journal'), TERMS);
    expect(await headNumber(await startChain(t, directory))).to.equal(0);
  });

  test('refuses a journal that is damaged in the middle and leaves it as it is', async (t) => {
    const directory = await directoryWith(t, []);
    const path = join(directory, 'journal');
    const damaged = journalText([TERMS, ...blockRecords(firstRaws(3))]).replace('block 2', 'block 7');
    await writeFile(path, damaged);
    const error = await refusal(startChain(t, directory));
    expect(error).to.deep.include({ code: 'UNVERIFIED' });
    expect(error.facts).to.include({ line: 3 });
    expect(error.message).to.include('put back a copy of it');
    expect(await readFile(path, 'utf8')).to.equal(damaged);
  });

  const otherTerms: Record<string, [recorded: RegExp | string, becomes: string]> = {
    'chain id': [`${CHAIN_ID}`, '20778'],
    hardfork: ['paris', 'cancun'],
    'anvil version': [/anvil\/\S+/, 'anvil/0.0.1'],
    'block gas limit': ['200000000', '100000000'],
  };
  for (const [name, [recorded, becomes]] of Object.entries(otherTerms)) {
    test(`refuses the journal of another ${name} with words`, async (t) => {
      const directory = await directoryWith(t, [TERMS.replace(recorded, becomes)]);
      const error = await refusal(startChain(t, directory));
      expect(error).to.deep.include({ code: 'CONFLICT' });
      expect(error.message).to.include(becomes).and.to.include('move its directory away');
    });
  }

  test('refuses a journal that replays to other blocks than were recorded', async (t) => {
    const head = `head 2 0x${'ab'.repeat(32)}`;
    const error = await refusal(startChain(t, await directoryWith(t, [TERMS, ...blockRecords(firstRaws(2)), head])));
    expect(error).to.deep.include({ code: 'UNVERIFIED' });
    expect(error.facts).to.include({ number: 2 });
  });

  test('refuses a journal with a block that anvil does not take', async (t) => {
    const raw = signed(1, { value: 1 });
    const error = await refusal(startChain(t, await directoryWith(t, [TERMS, ...blockRecords([deployed(), raw])])));
    expect(error).to.deep.include({ code: 'UNVERIFIED' });
    expect(error.facts).to.include({ number: 2 });
  });

  test('has a clock that may stand still but never goes back', async (t) => {
    const directory = await makeDirectory(t);
    let now = Date.now();
    const chain = await startChain(t, directory, { clock: () => now });
    const raws = firstRaws(4);
    for (const [i, elapsed] of [0, 1, 30_000, -60_000].entries()) {
      now += elapsed;
      await send(chain, raws[i]!);
    }
    const start = Math.floor((now + 29_999) / 1000);
    const times = (await allBlocks(chain)).map((block) => Number(block.split(' ')[2]));
    expect(times.slice(3)).to.deep.equal([start + 30, start + 30]);
    expect(times[2]! - times[1]!).to.be.oneOf([0, 1]);
    await chain.close();
    const again = await startChain(t, directory, { clock: () => now });
    await send(again, stored(4));
    expect((await allBlocks(again)).map((block) => Number(block.split(' ')[2]))).to.deep.equal([...times, start + 30]);
  });
});

describe('the saved state', () => {
  const COUNT = 260;
  const records = [TERMS, ...blockRecords(firstRaws(COUNT))];
  const logsOf = (chain: { url: string }): Promise<unknown> =>
    call(chain, 'eth_getLogs', [{ fromBlock: '0x0', toBlock: 'latest' }]);

  test('leads to the same blocks, logs and receipts as the whole replay, and can be lost, damaged or foreign', async (t) => {
    const directory = await directoryWith(t, records);
    const path = join(directory, 'state');
    const whole = await startChain(t, directory);
    expect(await readdir(directory)).to.include('state');
    await send(whole, stored(COUNT));
    const [blocks, logs] = [await allBlocks(whole), await logsOf(whole)];
    expect(logs).to.have.length(COUNT);
    await whole.close();

    const shortcut = await startChain(t, directory);
    expect([await allBlocks(shortcut), await logsOf(shortcut)]).to.deep.equal([blocks, logs]);
    const next = stored(COUNT + 1);
    await send(shortcut, next);
    const longer = await allBlocks(shortcut);
    expect(
      Number(((await call(shortcut, 'eth_getTransactionReceipt', [hashOf(stored(1))])) as JsonObject)['blockNumber']),
    ).to.equal(2);
    await shortcut.close();

    const saved = await readFile(path);
    const damaged = saved.with(saved.length - 9, saved.at(-9)! ^ 1);
    for (const state of [null, damaged, Buffer.from(saved.toString('latin1').replace(/^state \d+/, 'state 259'), 'latin1')]) {
      if (state === null) await rm(path);
      else await writeFile(path, state);
      const chain = await startChain(t, directory);
      expect(await allBlocks(chain)).to.deep.equal(longer);
      await chain.close();
    }
  });
});

describe('10,000 journalled transactions', () => {
  test('come back to the same head, replayed and from the saved state', async (t) => {
    const raws = Array.from({ length: 10_000 }, (_, nonce) => signed(nonce, { data: '0x5eed', gasLimit: 30_000 }));
    const directory = await directoryWith(t, [TERMS, ...blockRecords(raws)]);
    const heads: unknown[] = [];
    for (const _ of ['replayed', 'from the saved state']) {
      const chain = await startChain(t, directory);
      expect(await headNumber(chain)).to.equal(10_000);
      heads.push(((await call(chain, 'eth_getBlockByNumber', ['latest', false])) as JsonObject)['hash']);
      await chain.close();
    }
    expect(heads[0]).to.equal(heads[1]);
  });
});
