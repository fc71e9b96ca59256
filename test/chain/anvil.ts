/** A chain process of our own on a free port, with base fee 0 and no account that has a known key. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonValue } from '../../core/bytes/json.ts';
import { ChainRpc } from '../../chain/rpc.ts';

export const CHAIN_ID = 20_260;

export interface Anvil {
  readonly rpcUrl: string;
  /** Any method, those for tests included. */
  call(method: string, ...params: JsonValue[]): Promise<JsonValue>;
  /** Stands still until `resume`: takes connections, and answers nothing. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
}

export async function startAnvil(): Promise<Anvil> {
  const binary = createRequire(import.meta.url).resolve(
    `@foundry-rs/anvil-${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}/bin/anvil`,
  );
  const port = await freePort();
  const listening = `--host 127.0.0.1 --port ${port} --silent --chain-id ${CHAIN_ID} --hardfork paris`;
  const freeOfCharge = '--accounts 0 --block-base-fee-per-gas 0 --gas-price 0 --disable-min-priority-fee';
  const flags = `${listening} ${freeOfCharge}`.split(' ');
  const child = spawn(binary, flags, { stdio: 'ignore' });
  const kill = (): unknown => child.kill('SIGKILL');
  process.once('exit', kill);
  const rpcUrl = `http://127.0.0.1:${port}`;
  const rpc = new ChainRpc({ rpcUrl, timeoutMs: 5000 });
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill);
    const ended = once(child, 'exit');
    kill();
    await ended;
  };
  try {
    await answering(rpc);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    rpcUrl,
    call: (method, ...params) => rpc.call(method, params),
    async pause() {
      child.kill('SIGSTOP');
      // The signal reaches the last thread when it does.
      const hasty = new ChainRpc({ rpcUrl, timeoutMs: 50 });
      const answers = () =>
        hasty.blockNumber().then(
          () => true,
          () => false,
        );
      while (await answers());
    },
    resume: () => void child.kill('SIGCONT'),
    stop,
  };
}

async function answering(rpc: ChainRpc): Promise<void> {
  for (let tries = 200; ; tries--) {
    try {
      return void (await rpc.blockNumber());
    } catch (error) {
      if (tries === 0) throw error;
    }
    await sleep(25);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
