/** A real embedded chain in a directory that goes with the test, transactions for it, and journals written by hand. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { getCreateAddress, Transaction, type TransactionLike, Wallet } from 'ethers';
import { type EmbeddedChain, type EmbeddedChainOptions, startEmbeddedChain } from '../../chain/embedded/chain.ts';
import { executorVersion } from '../../chain/embedded/executor.ts';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { ZERO_HASH } from '../../core/bytes/hash.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { createLogger } from '../../service/logger.ts';

export const CHAIN_ID = 20777;
/** 2026-01-01. */
export const GENESIS_SECONDS = 1_767_225_600;
export const TERMS = `chain 1 ${CHAIN_ID} paris ${executorVersion()} 200000000 ${GENESIS_SECONDS}`;

const wallet = new Wallet(`0x${'5a'.repeat(32)}`);
export const sender = wallet.address;
/** Of the contract that `sender` makes with nonce 0. */
export const contract = getCreateAddress({ from: sender, nonce: 0 });
/**
 * 12 bytes that make a contract of the rest: it reverts on an empty call; else storage[word 0 of the call] becomes word 1, and the
 * whole call is logged.
 */
const STORE_AND_LOG = '0x601b600c600039601b6000f336600857600080fd5b60203560003555366000600037366000a000';

export function signed(nonce: number, fields: TransactionLike = {}, key = wallet.signingKey): string {
  const transaction = Transaction.from({
    type: 0,
    chainId: CHAIN_ID,
    nonce,
    gasPrice: 0,
    gasLimit: 200_000,
    to: `0x${'22'.repeat(20)}`,
    ...fields,
  });
  transaction.signature = key.sign(transaction.unsignedHash);
  return transaction.serialized;
}

export const hashOf = (raw: string): string => Transaction.from(raw).hash!;

export const deployed = (): string => signed(0, { to: null, data: STORE_AND_LOG });

const word = (value: number): string => value.toString(16).padStart(64, '0');

/** Writes one new word of the contract's storage. */
export const stored = (nonce: number): string => signed(nonce, { to: contract, data: `0x${word(nonce)}${word(nonce + 1)}` });

/** The journal's text for these records, as its format is drawn. */
export function journalText(records: readonly string[]): string {
  let digest = ZERO_HASH;
  return records
    .map((record) => {
      digest = sm3(digest, encodeUtf8(record));
      return `${record} ${encodeHex(digest)}\n`;
    })
    .join('');
}

/** Records for these transactions, four blocks in each second. */
export const blockRecords = (raws: readonly string[]): string[] =>
  raws.map((raw, i) => `block ${i + 1} ${GENESIS_SECONDS + Math.floor(i / 4)} ${raw}`);

/** A test, or whatever else runs what must be done after it. */
export interface Scope {
  after(clean: () => Promise<unknown>): void;
}

export async function makeDirectory(t: Scope): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'embedded-test-'));
  t.after(() => rm(directory, { recursive: true }));
  return directory;
}

export async function directoryWith(t: Scope, records: readonly string[]): Promise<string> {
  const directory = await makeDirectory(t);
  await writeFile(join(directory, 'journal'), journalText(records));
  return directory;
}

export interface LoggedChain extends EmbeddedChain {
  /** Messages, in order. */
  readonly messages: string[];
}

export async function startChain(t: Scope, dir: string, options: Partial<EmbeddedChainOptions> = {}): Promise<LoggedChain> {
  const messages: string[] = [];
  const write = (line: string): void => void messages.push((JSON.parse(line) as { msg: string }).msg);
  const logger = createLogger({ program: 'test', destination: { write } });
  const chain = await startEmbeddedChain({ dir, port: 0, chainId: CHAIN_ID, clock: Date.now, logger, ...options });
  t.after(() => chain.close());
  return { ...chain, messages };
}

export const post = (url: string, body: string, headers = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

export interface RpcErrorAnswer {
  readonly code: number;
  readonly message: string;
  readonly data?: JsonValue;
}

export async function ask(
  { url }: { url: string },
  method: string,
  params: readonly unknown[] = [],
): Promise<{ result?: JsonValue; error?: RpcErrorAnswer }> {
  const response = await post(url, JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }));
  const answer = (await response.json()) as { jsonrpc: string; id: number; result?: JsonValue; error?: RpcErrorAnswer };
  expect(answer).to.include({ jsonrpc: '2.0', id: 7 });
  return answer;
}

export async function call(chain: { url: string }, method: string, params: readonly unknown[] = []): Promise<JsonValue> {
  const { result, error } = await ask(chain, method, params);
  expect(error, method).to.equal(undefined);
  return result!;
}

export const send = (chain: { url: string }, raw: string): Promise<JsonValue> => call(chain, 'eth_sendRawTransaction', [raw]);

export async function headNumber(chain: { url: string }): Promise<number> {
  return Number(await call(chain, 'eth_blockNumber'));
}

/** Number, hash and time of every block from 0. */
export async function allBlocks(chain: { url: string }): Promise<string[]> {
  const blocks: string[] = [];
  for (const count = (await headNumber(chain)) + 1; blocks.length < count;) {
    const batch = Array.from({ length: Math.min(100, count - blocks.length) }, (_, id) => {
      return { jsonrpc: '2.0', id, method: 'eth_getBlockByNumber', params: [`0x${(blocks.length + id).toString(16)}`, false] };
    });
    const answers = await (await post(chain.url, JSON.stringify(batch))).json();
    for (const { result } of answers as { result: { number: string; hash: string; timestamp: string } }[]) {
      blocks.push(`${Number(result.number)} ${result.hash} ${Number(result.timestamp)}`);
    }
  }
  return blocks;
}
