/** Four validators of the real engine on this machine, and what a test asks of them. Needs the engine built. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnchorEvent } from '../../core/authority/registry-event.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { ChainReader } from '../../chain/reader.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import {
  createGenesis,
  createValidators,
  readValidators,
  startValidator,
  stopValidator,
  type Validator,
} from '../../deploy/consortium/validator.ts';
import { createLogger } from '../../service/logger.ts';
import type { System } from '../system/system.ts';

export const CHAIN_ID = 20_250;
const TIMEOUT_MS = 30_000;

export class Validators {
  readonly all: readonly Validator[];
  readonly #directory: string;

  private constructor(directory: string, all: readonly Validator[]) {
    this.#directory = directory;
    this.all = all;
  }

  static async start(): Promise<Validators> {
    const directory = await mkdtemp(join(tmpdir(), 'veritrail-consortium-'));
    await createValidators(directory, 4, { host: '127.0.0.1', port: 0, rpcPort: 0 });
    const all = await readValidators(directory);
    const peers = all.map(({ peer }) => peer);
    await createGenesis(directory, CHAIN_ID, peers, Date.now());
    const validators = new Validators(directory, all);
    await validators.startAgain(1, 2, 3, 4);
    return validators;
  }

  /** From 1 on, as their directories are called. */
  async startAgain(...numbers: readonly number[]): Promise<void> {
    await Promise.all(numbers.map((number) => startValidator(this.#numbered(number))));
  }

  async kill(...numbers: readonly number[]): Promise<void> {
    await Promise.all(numbers.map((number) => stopValidator(this.#numbered(number), 'SIGKILL')));
  }

  #numbered(number: number): Validator {
    return this.all[number - 1]!;
  }

  rpc(number: number): ChainRpc {
    return new ChainRpc({ rpcUrl: this.#numbered(number).rpcUrl, timeoutMs: TIMEOUT_MS });
  }

  async remove(): Promise<void> {
    await this.kill(1, 2, 3, 4);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** All anchors from block 0 as one validator tells them, oldest first, each with the block that holds it. */
export async function anchorsAt(system: System, { rpcUrl }: Validator): Promise<string[]> {
  const { registry, anchor, court, fromBlock } = JSON.parse(await readFile(join(system.data, 'chain.json'), 'utf8')) as {
    registry: string;
    anchor: string;
    court: string;
    fromBlock: number;
  };
  const logger = createLogger({ program: 'test', level: 'warn' });
  const options = { rpcUrl, registry, anchor, court, fromBlock, confirmations: 0, timeoutMs: TIMEOUT_MS, logger };
  const { events } = await new ChainReader(options).poll();
  return events.filter((event): event is AnchorEvent => event.kind === 'anchored' || event.kind === 'forked').map(describe);
}

function describe({ kind, logId, size, issuedAt, block }: AnchorEvent): string {
  return `${kind} ${encodeHex(logId)} ${size} ${issuedAt} in ${block.number} ${encodeHex(block.hash)}`;
}
