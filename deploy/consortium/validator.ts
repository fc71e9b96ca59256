/**
 * Validators of this host, each in a directory of its own beside what all share:
 *
 *   genesis.json          the same bytes at every validator of the chain
 *   static-nodes.json     all validators of the chain, one line each
 *   validator-1/          nodekey (secret), peer, rpc-port, pid, log, data/
 *
 * A validator runs as a process of its own, which goes on when whoever started it ends.
 */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, globSync } from 'node:fs';
import { copyFile, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { conflict, notFound, unavailable } from '../../core/bytes/error.ts';
import { createFileDurably, replaceFileDurably } from '../../service/durable-file.ts';
import { ENGINE } from './engine.ts';
import { addressOf, formatGenesis, formatPeer, parsePeer, type Peer, publicKeyOf } from './genesis.ts';

export interface Validator {
  readonly directory: string;
  readonly name: string;
  readonly peer: Peer;
  readonly rpcUrl: string;
}

const LOOPBACK = '127.0.0.1';
const START_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 30_000;

export interface Places {
  /** Where the other validators reach this host. */
  readonly host: string;
  /** Of the first validator; those after it count up. 0: any that is free now. */
  readonly port: number;
  readonly rpcPort: number;
}

/**
 * Keys and ports for `count` validators of this host. Throws CONFLICT where there are some (a lost key is a lost validator), MALFORMED
 * for places that the others could not be told.
 */
export async function createValidators(directory: string, count: number, { host, port, rpcPort }: Places): Promise<void> {
  const free = await freePorts(2 * count);
  for (let i = 0; i < count; i++) {
    // The curve's order is so close to 2^256 that no draw ever misses it; if one did, the next line would throw.
    const privateKey = new Uint8Array(randomBytes(32));
    const publicKey = publicKeyOf(privateKey);
    const peer = parsePeer(formatPeer({ publicKey, host, port: port === 0 ? free[2 * i]! : port + i }));
    const own = join(directory, `validator-${i + 1}`);
    if (existsSync(own)) throw conflict('this validator exists', { path: own });
    await mkdir(own, { recursive: true, mode: 0o700 });
    await writeFile(join(own, 'rpc-port'), `${rpcPort === 0 ? free[2 * i + 1]! : rpcPort + i}\n`);
    await writeFile(join(own, 'peer'), `${formatPeer(peer)}\n`);
    await createFileDurably(join(own, 'nodekey'), encodeUtf8(encodeHex(privateKey)));
  }
}

/** Below the ports that systems hand out to callers, so that none takes one while its validator is down. */
async function freePorts(count: number): Promise<number[]> {
  const taken = new Map<number, Server>();
  while (taken.size < count) {
    const [port, server] = [randomInt(10_000, 30_000), createServer()];
    const isFree = await new Promise<boolean>((done) => {
      server.once('error', () => done(false)).listen(port, LOOPBACK, () => done(true));
    });
    if (isFree) taken.set(port, server);
  }
  await Promise.all([...taken.values()].map((server) => new Promise((done) => server.close(done))));
  return [...taken.keys()];
}

/** Writes what all validators share. Throws CONFLICT if it is there, MALFORMED. */
export async function createGenesis(
  directory: string,
  chainId: number,
  peers: readonly Peer[],
  createdAt: number,
): Promise<void> {
  const path = join(directory, 'genesis.json');
  if (existsSync(path)) throw conflict('there is a genesis here', { path });
  const genesis = formatGenesis({ chainId, createdAt, peers });
  await replaceFileDurably(
    join(directory, 'static-nodes.json'),
    encodeUtf8(`${JSON.stringify(peers.map(formatPeer), null, 2)}\n`),
  );
  await createFileDurably(path, encodeUtf8(genesis));
}

/** Those of this host, by number. Throws NOT_FOUND if there is none. */
export async function readValidators(directory: string): Promise<Validator[]> {
  const names = globSync('validator-*/nodekey', { cwd: directory }).map((path) => path.split('/')[0]!);
  if (names.length === 0) throw notFound(`there is no validator in ${directory}`);
  const numberOf = (name: string): number => Number(name.slice('validator-'.length));
  return Promise.all(
    names
      .toSorted((a, b) => numberOf(a) - numberOf(b))
      .map(async (name) => {
        const own = join(directory, name);
        const peer = parsePeer((await readFile(join(own, 'peer'), 'utf8')).trimEnd());
        const rpcPort = (await readFile(join(own, 'rpc-port'), 'utf8')).trimEnd();
        return { directory, name, peer, rpcUrl: `http://${LOOPBACK}:${rpcPort}` };
      }),
  );
}

/** Null where it does not run. A number that another program has by now does not count. */
export async function pidOf({ directory, name }: Validator): Promise<number | null> {
  const pid = Number(await readFile(join(directory, name, 'pid'), 'utf8').catch(() => '0'));
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return command.includes(`\0${join(directory, name, 'data')}\0`) ? pid : null;
}

/** Resolves when its RPC answers; does nothing if it runs. Throws UNAVAILABLE with the end of its log. */
export async function startValidator(validator: Validator): Promise<void> {
  if ((await pidOf(validator)) !== null) return;
  const own = join(validator.directory, validator.name);
  const flags = await flagsOf(validator);
  await prepareData(validator);
  const log = await open(join(own, 'log'), 'a', 0o600);
  const child = spawn(ENGINE, flags, { stdio: ['ignore', log.fd, log.fd], detached: true });
  const failed = new Promise<void>((done) => child.once('error', () => done()).once('exit', () => done()));
  child.unref();
  await log.close();
  await replaceFileDurably(join(own, 'pid'), encodeUtf8(String(child.pid ?? 0)));
  if (await Promise.race([isAnswering(validator.rpcUrl), failed.then(() => false)])) return;
  child.kill('SIGKILL');
  const tail = (await readFile(join(own, 'log'), 'utf8')).trimEnd().split('\n').slice(-5).join('\n');
  throw unavailable(`${validator.name} does not start; the end of its log:\n${tail}`);
}

/** Writes block 0 where there is none, and says who the others are. Done again at each start, so that a crash in it does no harm. */
async function prepareData({ directory, name }: Validator): Promise<void> {
  const data = join(directory, name, 'data');
  const { status, stderr } = spawnSync(ENGINE, ['init', '--datadir', data, join(directory, 'genesis.json')], {
    encoding: 'utf8',
  });
  if (status !== 0) throw unavailable(`${name} does not take genesis.json: ${(stderr ?? '').trimEnd().split('\n').at(-1)}`);
  await copyFile(join(directory, 'static-nodes.json'), join(data, 'klay', 'static-nodes.json'));
}

async function flagsOf({ directory, name, peer, rpcUrl }: Validator): Promise<string[]> {
  const { config } = JSON.parse(await readFile(join(directory, 'genesis.json'), 'utf8')) as { config: { chainId: number } };
  const peers = JSON.parse(await readFile(join(directory, 'static-nodes.json'), 'utf8')) as string[];
  const hosts = new Set(peers.map((line) => `${parsePeer(line).host}/32`));
  return [
    ['--datadir', join(directory, name, 'data')],
    ['--nodekey', join(directory, name, 'nodekey')],
    ['--networkid', String(config.chainId)],
    // Every block's state goes to disk. By default only each 128th does, and when all validators are killed at once the chain goes
    // back to it: final blocks, and the anchors in them, would be gone.
    ['--gcmode', 'archive'],
    // Must be the same at all validators. By default a transaction that computes longer than a few SM2 verifications fails in the
    // block and burns all the gas it was given, whatever its gas limit.
    ['--opcode-computation-cost-limit', '1000000000000'],
    // Validators and nobody else: no search for peers, no port mapping, no address but theirs.
    ['--port', String(peer.port)],
    ['--nodiscover'],
    ['--nat', 'none'],
    ['--netrestrict', [...hosts].join(',')],
    // Neither the votes of a validator nor its pool can be reached: reading, and sending transactions.
    ['--rpc', '--rpcaddr', LOOPBACK, '--rpcport', new URL(rpcUrl).port],
    ['--rpcapi', 'eth,net'],
    ['--ipcdisable'],
    // Warnings only: otherwise every block leaves a dozen lines, 100 MB a day.
    ['--verbosity', '2'],
    // Paid nothing, and without it the engine complains at every start.
    ['--rewardbase', `0x${encodeHex(addressOf(peer))}`],
    // It would ask public time servers, which a closed network does not have.
    ['--ntp.disable'],
    // MiB. The state is small; what it keeps in memory by default is made for a public chain.
    ['--state.cache-size', '64'],
    ['--db.leveldb.cache-size', '64'],
  ].flat();
}

async function isAnswering(rpcUrl: string): Promise<boolean> {
  for (const until = Date.now() + START_WITHIN_MS; Date.now() < until; await pause(100)) {
    if ((await askNumber(rpcUrl, 'eth_blockNumber')) !== null) return true;
  }
  return false;
}

/** Null where it does not answer. */
export async function askNumber(rpcUrl: string, method: 'eth_blockNumber' | 'net_peerCount'): Promise<number | null> {
  try {
    const response = await fetch(rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] }),
      signal: AbortSignal.timeout(2_000),
    });
    return Number(((await response.json()) as { result: string }).result);
  } catch {
    return null;
  }
}

/** Resolves when the process is gone. What does not end in time is killed; no anchor is lost by that. */
export async function stopValidator(validator: Validator, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  const killAt = Date.now() + STOP_WITHIN_MS;
  for (let sent: NodeJS.Signals | null = null; ; await pause(50)) {
    const pid = await pidOf(validator);
    if (pid === null) break;
    const wanted = Date.now() > killAt ? 'SIGKILL' : signal;
    if (sent !== wanted) process.kill(pid, (sent = wanted));
  }
  await rm(join(validator.directory, validator.name, 'pid'), { force: true });
}
