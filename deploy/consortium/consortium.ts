/**
 * The validators of a consortium on this host; README.md tells in which order.
 *
 *   node deploy/consortium/consortium.ts build
 *   node deploy/consortium/consortium.ts keys    --dir DIR [--count 4] [--host 127.0.0.1] [--port N] [--rpc-port N]
 *   node deploy/consortium/consortium.ts genesis --dir DIR --chain-id N [kni://… of the other hosts]
 *   node deploy/consortium/consortium.ts start   --dir DIR [--only validator-N]
 *   node deploy/consortium/consortium.ts stop    --dir DIR [--only validator-N]
 *   node deploy/consortium/consortium.ts status  --dir DIR
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isCodedError, malformed, notFound } from '../../core/bytes/error.ts';
import { buildEngine } from './engine.ts';
import { formatPeer, parsePeer } from './genesis.ts';
import {
  askNumber,
  createGenesis,
  createValidators,
  pidOf,
  readValidators,
  startValidator,
  stopValidator,
  type Validator,
} from './validator.ts';

const MAX_PORT = 65_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string' },
    count: { type: 'string', default: '4' },
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    'rpc-port': { type: 'string', default: '0' },
    'chain-id': { type: 'string' },
    only: { type: 'string' },
  },
});

function wholeNumber(name: 'count' | 'port' | 'rpc-port' | 'chain-id', max: number): number {
  const value = Number(values[name]);
  if (!/^\d{1,9}$/.test(values[name] ?? '') || value > max) throw malformed(`--${name} is a whole number up to ${max}`);
  return value;
}

function directory(): string {
  if (values.dir === undefined) throw malformed('--dir DIR is needed');
  return resolve(values.dir);
}

async function chosen(): Promise<Validator[]> {
  const all = await readValidators(directory());
  const some = all.filter(({ name }) => values.only === undefined || name === values.only);
  if (some.length === 0) throw notFound(`there is no ${values.only} in ${values.dir}`);
  return some;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function sayPeers(): Promise<void> {
  for (const { peer } of await readValidators(directory())) say(formatPeer(peer));
}

async function status(validator: Validator): Promise<void> {
  const { name, rpcUrl } = validator;
  const [pid, block, peers] = await Promise.all([
    pidOf(validator),
    askNumber(rpcUrl, 'eth_blockNumber'),
    askNumber(rpcUrl, 'net_peerCount'),
  ]);
  say(JSON.stringify({ name, pid, rpcUrl, block, peers }));
}

const COMMANDS: Readonly<Record<string, (others: readonly string[]) => Promise<void>>> = {
  build: async () => buildEngine(),
  keys: async () => {
    await mkdir(directory(), { recursive: true, mode: 0o700 });
    const places = { host: values.host, port: wholeNumber('port', MAX_PORT), rpcPort: wholeNumber('rpc-port', MAX_PORT) };
    await createValidators(directory(), wholeNumber('count', 100), places);
    await sayPeers();
  },
  genesis: async (others) => {
    const own = (await readValidators(directory())).map(({ peer }) => peer);
    await createGenesis(directory(), wholeNumber('chain-id', 999_999_999), [...own, ...others.map(parsePeer)], Date.now());
  },
  start: async () => {
    const some = await chosen();
    await Promise.all(some.map(startValidator));
    for (const one of some) await status(one);
  },
  stop: async () => void (await Promise.all((await chosen()).map((one) => stopValidator(one)))),
  status: async () => {
    for (const one of await chosen()) await status(one);
  },
};

try {
  const [name = '', ...others] = positionals;
  const command = COMMANDS[name];
  if (command === undefined) throw malformed(`one of ${Object.keys(COMMANDS).join(', ')}`);
  await command(others);
} catch (error) {
  if (!isCodedError(error)) throw error;
  process.stderr.write(`consortium: ${error.message}\n`);
  process.exitCode = 2;
}
