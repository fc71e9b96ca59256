/**
 * Sends transactions from one account, one at a time, each with an explicit nonce and no gas price: the key is only this chain's
 * ticket, what counts is signed with SM2 inside.
 *
 * 1. If an earlier transaction is open (its fate unknown), its fate is found out first.
 * 2. The node estimates the gas; a call the contract refuses ends here.
 * 3. The transaction is signed once, and open from now on.
 * 4. Its bytes are handed to the node until it says that it has them. The same bytes have the same hash, so that handing them in
 *    again never acts twice.
 * 5. The receipt is waited for; with it the transaction is no longer open.
 *
 * When time runs out after 3 it stays open, and the same call made again goes on at 1 without a second signature.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { computeAddress, SigningKey, Transaction } from 'ethers';
import { decodeHex } from '../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import type { JsonObject } from '../core/bytes/json.ts';
import type { Logger } from '../service/logger.ts';
import { refusalIn, refusalOf, revertOf } from './refusal.ts';
import { ChainRpc, type EventLog, readEventLogs, readHash, readHex, readObject, readQuantity, type RpcOptions } from './rpc.ts';

export interface SenderOptions extends RpcOptions {
  /** 64 lower-case hex characters. */
  readonly privateKeyHex: string;
  readonly chainId: number;
  readonly logger: Logger;
}

export interface Call {
  /** The contract's address; null makes a new contract. */
  readonly to: string | null;
  readonly data: string;
}

export interface Receipt {
  readonly transactionHash: Hash;
  readonly blockNumber: number;
  readonly blockHash: Hash;
  /** The address of the new contract, if the call made one. */
  readonly contract: string | null;
  readonly gasUsed: number;
  /** What contracts logged in it. */
  readonly logs: readonly EventLog[];
}

/** Signed, and perhaps known to the chain. */
interface OpenTransaction extends Call {
  readonly nonce: number;
  readonly raw: string;
  readonly hash: string;
  /** Times that the node had used the nonce and showed no receipt. */
  looks: number;
}

const MAX_PAUSE_MS = 200;
/** A node may show a receipt a little later than the nonce that is used by it. */
const MAX_LOOKS = 10;

export class ChainSender {
  /** Lower-case `0x…`. */
  readonly account: string;
  readonly #rpc: ChainRpc;
  readonly #key: SigningKey;
  readonly #chainId: number;
  readonly #timeoutMs: number;
  readonly #logger: Logger;
  #open: OpenTransaction | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  /** `timeoutMs` is for a whole `send`; each call of the node gets a third of it, so that one lost answer does not use it up. */
  constructor({ rpcUrl, privateKeyHex, chainId, logger, timeoutMs }: SenderOptions) {
    this.#rpc = new ChainRpc({ rpcUrl, timeoutMs: Math.ceil(timeoutMs / 3) });
    this.#key = new SigningKey(decodeHex(privateKeyHex, 32));
    this.account = computeAddress(this.#key.publicKey).toLowerCase();
    this.#chainId = chainId;
    this.#timeoutMs = timeoutMs;
    this.#logger = logger;
  }

  /**
   * Resolves when the call is in a block. Throws CONFLICT with the contract's error if it refuses, UNAVAILABLE if the chain does not
   * answer in time: the call may still happen, and is safe to repeat.
   */
  async send(call: Call): Promise<Receipt> {
    const sent = this.#turn.then(() => this.#send(call, AbortSignal.timeout(this.#timeoutMs)));
    this.#turn = sent.catch(() => undefined);
    return sent;
  }

  async #send(call: Call, deadline: AbortSignal): Promise<Receipt> {
    const earlier = await this.#earlier(deadline);
    if (earlier !== null) {
      const receipt = await this.#settle(earlier, deadline);
      if (receipt !== null && earlier.to === call.to && earlier.data === call.data) return this.#judge(receipt, call, deadline);
    }
    this.#open = await this.#sign(call, deadline);
    const receipt = await this.#settle(this.#open, deadline);
    if (receipt === null) throw unavailable('another transaction of this account came first');
    return this.#judge(receipt, call, deadline);
  }

  /** The open transaction, unless the chain has lost blocks before it: then it would wait for its turn for ever. */
  async #earlier(deadline: AbortSignal): Promise<OpenTransaction | null> {
    if (this.#open === null) return null;
    const isStranded = (await this.#nextNonce(deadline)) < this.#open.nonce;
    this.#logger.info({ reason: isStranded ? 'stranded' : 'open' }, 'the fate of an earlier transaction is not known');
    if (isStranded) this.#open = null;
    return this.#open;
  }

  async #sign({ to, data }: Call, deadline: AbortSignal): Promise<OpenTransaction> {
    const request = this.#request({ to, data });
    const gas = await this.#rpc.call('eth_estimateGas', [request], deadline).catch((error: unknown) => {
      throw revertOf(error) ?? error;
    });
    const nonce = await this.#nextNonce(deadline);
    // The state may have moved when the call is mined: a quarter more than estimated.
    const gasLimit = Math.ceil(readQuantity(gas) * 1.25);
    const transaction = Transaction.from({ type: 0, to, data, nonce, gasLimit, gasPrice: 0, chainId: this.#chainId });
    transaction.signature = this.#key.sign(transaction.unsignedHash);
    return { to, data, nonce, raw: transaction.serialized, hash: transaction.hash!, looks: 0 };
  }

  /** The call as a node executes it without a signature. */
  #request({ to, data }: Call): JsonObject {
    return { from: this.account, data, gasPrice: '0x0', ...(to !== null && { to }) };
  }

  /** Counts what waits in the node's pool, which an earlier process may have left there. */
  async #nextNonce(deadline: AbortSignal): Promise<number> {
    const counts = ['latest', 'pending'].map((tag) => this.#rpc.call('eth_getTransactionCount', [this.account, tag], deadline));
    return Math.max(...(await Promise.all(counts)).map(readQuantity));
  }

  /** The receipt of an open transaction, or null if it can no longer get one. Throws UNAVAILABLE: then it stays open. */
  async #settle(open: OpenTransaction, deadline: AbortSignal): Promise<JsonObject | null> {
    let handedIn: 'no' | 'yes' | 'too late' = 'no';
    for (let pause = 10; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      try {
        if (handedIn === 'no') handedIn = await this.#handIn(open, deadline);
        const receipt = await this.#rpc.call('eth_getTransactionReceipt', [open.hash], deadline);
        if (receipt === null && handedIn === 'too late') open.looks++;
        if (receipt !== null || open.looks === MAX_LOOKS) {
          this.#open = null;
          return receipt === null ? null : readObject(receipt);
        }
      } catch (error) {
        if (this.#open === null || !isCodedError(error, 'UNAVAILABLE')) throw error;
      }
      await sleep(pause, undefined, { signal: deadline }).catch(() => {
        throw unavailable('the transaction is not in a block in time', { transaction: open.hash });
      });
    }
  }

  /** Says whether the node holds the transaction now, or has already used its nonce: for it or for another. */
  async #handIn(open: OpenTransaction, deadline: AbortSignal): Promise<'yes' | 'too late'> {
    try {
      await this.#rpc.call('eth_sendRawTransaction', [open.raw], deadline);
      return 'yes';
    } catch (error) {
      const reason = refusalIn(error)?.message;
      if (reason === undefined) throw error;
      // Every engine has its own words for both.
      if (/(?<!un)known|imported/i.test(reason)) return 'yes';
      if (/nonce.*(?:low|old)/i.test(reason)) return 'too late';
      if ((await this.#rpc.call('eth_getTransactionByHash', [open.hash], deadline)) !== null) return 'yes';
      this.#open = null;
      throw error;
    }
  }

  /** Throws CONFLICT if the contract refused in the block; why, only the call made again can say. */
  async #judge(receipt: JsonObject, call: Call, deadline: AbortSignal): Promise<Receipt> {
    if (readQuantity(receipt.status) !== 1) {
      const again = this.#rpc.call('eth_call', [this.#request(call), 'latest'], deadline);
      throw (await again.then(() => null, revertOf)) ?? refusalOf(null);
    }
    const contract = receipt.contractAddress ?? null;
    return {
      transactionHash: readHash(receipt.transactionHash),
      blockNumber: readQuantity(receipt.blockNumber),
      blockHash: readHash(receipt.blockHash),
      contract: contract === null ? null : readHex(contract),
      gasUsed: readQuantity(receipt.gasUsed),
      logs: readEventLogs(receipt.logs),
    };
  }
}
