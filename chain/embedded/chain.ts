/**
 * The embedded chain: anvil behind our own gateway, made again from its journal at every start. It promises that a transaction
 * whose hash was answered is on disk, and that after any crash (kill −9 of this process, of anvil, of both, a torn last record)
 * the blocks come back with the same hashes, or the start is refused with words.
 *
 * One transaction is one block, mined at once, and no block is empty. Anvil allows blocks of equal time, so many blocks may share
 * a second and the chain's clock stays true under load. It never goes back: while the system clock does, it stands still.
 */
import { join } from 'node:path';
import { Transaction } from 'ethers';
import { type CodedError, conflict, invariant, unavailable, unverified } from '../../core/bytes/error.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { Executor, GAS_LIMIT, HARDFORK, RpcError, executorVersion } from './executor.ts';
import { type SavedState, readSavedState, writeSavedState } from './executor.ts';
import type { Logger } from '../../service/logger.ts';
import { type ChainTerms, Journal, type JournalContents } from './journal.ts';
import { type AnswerRpc, createRpcGateway } from './rpc-gateway.ts';

const STATE_FILE = 'state';
/** Blocks between two saved states. With 10,000 anchors in the state a block takes 8 ms to replay, the state 1 s to save. */
const SAVE_EVERY = 250;

export interface EmbeddedChainOptions {
  /** Holds the journal and what goes with it; made when missing. */
  readonly dir: string;
  /** 0: the system's choice. */
  readonly port: number;
  readonly chainId: number;
  /** UTC ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}

export interface EmbeddedChain {
  readonly url: string;
  readonly chainId: number;
  readonly executorPid: number;
  /** Settles when the chain cannot go on: close it and start it again. */
  readonly died: Promise<CodedError>;
  close(): Promise<void>;
}

interface Head {
  readonly number: number;
  readonly blockHash: string;
  readonly transactionHashes: readonly JsonValue[];
}

async function readHead(executor: Executor, tag = 'latest'): Promise<Head> {
  const block = (await executor.call('eth_getBlockByNumber', [tag, false])) as JsonObject | null;
  invariant(block !== null, `anvil has block ${tag}`);
  const { number, hash, transactions } = block as { number: string; hash: string; transactions: JsonValue[] };
  return { number: Number(number), blockHash: hash, transactionHashes: transactions };
}

interface SignedTransaction {
  readonly raw: string;
  readonly transactionHash: string;
  readonly from: string;
  readonly nonce: number;
}

/** What a transaction costs before its first opcode (EIP-2 and EIP-2028, in force at HARDFORK). */
function intrinsicGas({ data, to }: Transaction): bigint {
  const bytes = Buffer.from(data.slice(2), 'hex');
  const zeros = bytes.filter((byte) => byte === 0).length;
  return BigInt(21_000 + 4 * zeros + 16 * (bytes.length - zeros) + (to === null ? 32_000 : 0));
}

/** Recovers the sender, too: null for anything but one spelling of a signed transaction. */
function decodeTransaction(raw: string): (SignedTransaction & { transaction: Transaction }) | null {
  try {
    const transaction = Transaction.from(raw);
    const { from, hash: transactionHash, nonce } = transaction;
    if (from === null || transactionHash === null || transaction.serialized !== raw) return null;
    return { raw, transactionHash, from, nonce, transaction };
  } catch {
    return null;
  }
}

/** Refuses what anvil would take into its pool and then leave out of the block; all else anvil refuses itself. */
function parseTransaction(params: readonly JsonValue[], chainId: number): SignedTransaction {
  const [raw, ...others] = params;
  const signed = typeof raw === 'string' && others.length === 0 ? decodeTransaction(raw) : null;
  if (signed === null) throw new RpcError(-32602, 'not one signed transaction in lower-case hex');
  const { transaction } = signed;
  if (transaction.type !== 0) throw new RpcError(-32602, 'only legacy transactions are taken');
  if (transaction.chainId !== BigInt(chainId)) throw new RpcError(-32602, `wrong chain id, this chain is ${chainId}`);
  if (transaction.gasLimit < intrinsicGas(transaction)) throw new RpcError(-32003, 'intrinsic gas too low');
  return signed;
}

/** Throws CONFLICT if this program would make other block hashes than the one that wrote the journal. */
function agreeTerms(recorded: ChainTerms | null, { dir, chainId, clock }: EmbeddedChainOptions): ChainTerms {
  const genesisSeconds = recorded?.genesisSeconds ?? Math.floor(clock() / 1000);
  const terms: ChainTerms = { chainId, hardfork: HARDFORK, executor: executorVersion(), gasLimit: GAS_LIMIT, genesisSeconds };
  for (const name of ['chainId', 'hardfork', 'executor', 'gasLimit'] as const) {
    if (recorded === null || recorded[name] === terms[name]) continue;
    throw conflict(
      `the embedded chain in ${dir} was made with ${name} ${recorded[name]}, this program has ${terms[name]}: ` +
        'run it with what made it, or move its directory away to begin a new chain',
      { name, recorded: recorded[name], wanted: terms[name] },
    );
  }
  return terms;
}

/** Throws UNVERIFIED if the blocks do not come out as the journal says. */
async function replayBlocks(executor: Executor, { blocks, heads }: JournalContents, savedNumber: number): Promise<void> {
  for (const { number, timestampSeconds, raw } of blocks.slice(savedNumber)) {
    try {
      await executor.call('eth_sendRawTransaction', [raw]);
      await executor.call('evm_mine', [timestampSeconds]);
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      throw unverified('the executor refuses a journalled block', { number, reason: error.message });
    }
  }
  // A block's hash commits to all blocks before it: the newest recorded one stands for all.
  const newest = [...heads].at(-1);
  if (newest === undefined) return;
  const [number, recorded] = newest;
  const { blockHash } = await readHead(executor, `0x${number.toString(16)}`);
  if (blockHash !== recorded) throw unverified('the journal replays to other blocks', { number, recorded, replayed: blockHash });
}

interface Recovered {
  readonly executor: Executor;
  readonly savedNumber: number;
}

async function replayFrom(saved: SavedState | null, terms: ChainTerms, contents: JournalContents): Promise<Recovered> {
  const executor = await Executor.start({ chainId: terms.chainId, genesisSeconds: terms.genesisSeconds, saved });
  const savedNumber = saved?.number ?? 0;
  try {
    await replayBlocks(executor, contents, savedNumber);
    return { executor, savedNumber };
  } catch (error) {
    await executor.stop();
    throw error;
  }
}

/** The executor at the journal's last block: from the saved state where that leads there, from block 0 otherwise. */
async function recoverChain(terms: ChainTerms, contents: JournalContents, options: EmbeddedChainOptions): Promise<Recovered> {
  const { dir, logger } = options;
  const blocks = contents.blocks.length;
  const saved = await readSavedState(join(dir, STATE_FILE));
  if (saved !== null && contents.heads.get(saved.number) === saved.blockHash) {
    logger.info({ blocks, from: saved.number }, 'replaying the journal');
    try {
      return await replayFrom(saved, terms, contents);
    } catch (error) {
      logger.warn(
        { reason: (error as Error).message },
        'the saved state does not lead to the journalled blocks and is left aside',
      );
    }
  }
  logger.info({ blocks, from: 0 }, 'replaying the journal');
  return replayFrom(null, terms, contents);
}

/** Writes one block after the other: the executor's checks, then the journal with fsync, then the block, then the answer. */
class BlockWriter {
  readonly #executor: Executor;
  readonly #journal: Journal;
  readonly #options: EmbeddedChainOptions;
  readonly #fail: (cause: unknown) => void;
  #number: number;
  #savedNumber: number;
  #lastSeconds: number;
  #turn: Promise<unknown> = Promise.resolve();
  #isBroken = false;

  constructor(
    recovered: Recovered,
    journal: Journal,
    { blocks }: JournalContents,
    options: EmbeddedChainOptions,
    fail: (cause: unknown) => void,
  ) {
    this.#executor = recovered.executor;
    this.#savedNumber = recovered.savedNumber;
    this.#journal = journal;
    this.#options = options;
    this.#fail = fail;
    this.#number = blocks.length;
    this.#lastSeconds = blocks.at(-1)?.timestampSeconds ?? 0;
  }

  /** Makes anvil's clock ours: after a replay it would judge calls by the time of the last block. */
  async start(): Promise<void> {
    this.#lastSeconds = this.#nextSeconds();
    await this.#executor.call('evm_setTime', [this.#lastSeconds]);
    await this.#saveIfDue();
  }

  #nextSeconds(): number {
    return Math.max(this.#lastSeconds, Math.floor(this.#options.clock() / 1000));
  }

  /** Answers the transaction's hash once it is mined, now or before. */
  submit(params: readonly JsonValue[], signal: AbortSignal): Promise<JsonValue> {
    const transaction = parseTransaction(params, this.#options.chainId);
    const turn = this.#turn.then(async () => {
      signal.throwIfAborted();
      if (this.#isBroken) throw unavailable('the embedded chain has stopped');
      const known = await this.#executor.call('eth_getTransactionByHash', [transaction.transactionHash]);
      if (known === null) await this.#write(transaction);
      return transaction.transactionHash;
    });
    this.#turn = turn.then(
      () => this.#saveIfDue(),
      () => undefined,
    );
    return turn;
  }

  async #write(transaction: SignedTransaction): Promise<void> {
    const next = Number(await this.#executor.call('eth_getTransactionCount', [transaction.from, 'latest']));
    if (transaction.nonce !== next) {
      const word = transaction.nonce < next ? 'low' : 'high';
      throw new RpcError(-32003, `nonce too ${word}: ${transaction.nonce}, the next one is ${next}`);
    }
    await this.#executor.call('eth_sendRawTransaction', [transaction.raw]); // into anvil's pool, or refused; nothing is mined
    try {
      await this.#mine(transaction);
    } catch (cause) {
      // Journal and executor may differ now, and only a replay tells: this process must not write again.
      this.#isBroken = true;
      this.#fail(cause);
      throw unavailable('the embedded chain has stopped');
    }
  }

  async #mine({ raw, transactionHash }: SignedTransaction): Promise<void> {
    const [number, timestampSeconds] = [this.#number + 1, this.#nextSeconds()];
    await this.#journal.writeBlock({ number, timestampSeconds, raw });
    await this.#executor.call('evm_mine', [timestampSeconds]);
    const head = await readHead(this.#executor);
    const isOurs = head.number === number && head.transactionHashes.length === 1 && head.transactionHashes[0] === transactionHash;
    invariant(isOurs, `block ${number} holds its one transaction`);
    await this.#journal.writeHead(number, head.blockHash);
    this.#number = number;
    this.#lastSeconds = timestampSeconds;
  }

  /** In the writer's turn, so that no block is mined meanwhile. */
  async #saveIfDue(): Promise<void> {
    if (this.#number - this.#savedNumber < SAVE_EVERY) return;
    this.#savedNumber = this.#number;
    try {
      const { number, blockHash } = await readHead(this.#executor);
      const dumped = (await this.#executor.call('anvil_dumpState')) as string;
      const dump = Buffer.from(dumped.slice(2), 'hex');
      await writeSavedState(join(this.#options.dir, STATE_FILE), { number, blockHash, dump });
    } catch (error) {
      this.#options.logger.warn({ reason: (error as Error).message }, 'the state was not saved: the next start replays more');
    }
  }

  /** Settles when the turn that was being taken is over. */
  async idle(): Promise<void> {
    await this.#turn;
  }
}

/**
 * Starts the chain in `dir`. Throws CONFLICT if another process runs it or another program made it, UNVERIFIED if the journal is
 * damaged or does not replay, UNAVAILABLE if anvil does not start.
 */
export async function startEmbeddedChain(options: EmbeddedChainOptions): Promise<EmbeddedChain> {
  const { journal, contents } = await Journal.open(options.dir);
  const { tornBytes } = contents;
  if (tornBytes > 0)
    options.logger.warn({ tornBytes }, 'cut a record that a crash left unfinished: its transaction was never mined');
  try {
    const terms = agreeTerms(contents.terms, options);
    if (contents.terms === null) await journal.writeTerms(terms);
    const recovered = await recoverChain(terms, contents, options);
    try {
      const { number, blockHash } = await readHead(recovered.executor);
      if (!contents.heads.has(number)) await journal.writeHead(number, blockHash);
      return await serveChain(recovered, journal, contents, options);
    } catch (error) {
      await recovered.executor.stop();
      throw error;
    }
  } catch (error) {
    await journal.close();
    throw error;
  }
}

const READ_TRIES = 10;

/**
 * Anvil keeps no old states, and takes "latest" for a number before it looks there: a block that is mined in between has it refuse. Then
 * it is asked again.
 */
async function read(executor: Executor, method: string, params: readonly JsonValue[]): Promise<JsonValue> {
  for (let tries = 1; ; tries++) {
    try {
      return await executor.call(method, params);
    } catch (error) {
      const isOvertaken = error instanceof RpcError && error.message.startsWith('BlockOutOfRangeError');
      if (!isOvertaken || tries === READ_TRIES) throw error;
    }
  }
}

async function serveChain(
  recovered: Recovered,
  journal: Journal,
  contents: JournalContents,
  options: EmbeddedChainOptions,
): Promise<EmbeddedChain> {
  const { executor } = recovered;
  const { promise: died, resolve } = Promise.withResolvers<CodedError>();
  let closing: Promise<void> | undefined;
  const fail = (cause: unknown): void => {
    if (closing === undefined) resolve(unavailable('the embedded chain has stopped', { reason: String(cause) }, cause));
  };
  void executor.ended.then(fail);
  const writer = new BlockWriter(recovered, journal, contents, options, fail);
  await writer.start();
  const answer: AnswerRpc = async (method, params, signal) =>
    method === 'eth_sendRawTransaction' ? writer.submit(params, signal) : read(executor, method, params);
  const gateway = createRpcGateway({ answer, logger: options.logger });
  const url = await gateway.listen(options.port);
  const close = async (): Promise<void> => {
    await executor.stop();
    await gateway.close();
    await writer.idle();
    await journal.close();
  };
  return { url, chainId: options.chainId, executorPid: executor.pid, died, close: () => (closing ??= close()) };
}
