/**
 * Where the chain and its contracts are, what they say, and who sends. A command reads the chain from the first block on and keeps
 * nothing: what it prints is the chain's word at that moment, through the node that was asked.
 */
import { join } from 'node:path';
import { isCodedError, malformed, unavailable } from '../../core/bytes/error.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { applyRegistryEvent, emptyRegistry } from '../../core/authority/fold.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import { type AnchorEvent, isAnchorEvent } from '../../core/authority/registry-event.ts';
import { type ContractAddresses, describeEvents, type Described } from '../../chain/abi.ts';
import { CHAIN_CONFIG, type ChainConfig, readAccountKey } from '../../chain/config.ts';
import { type ConsortiumState, readConsortium } from '../../chain/consortium-call.ts';
import { newestFinalBlock, readChainIdentity } from '../../chain/finality.ts';
import { ChainReader } from '../../chain/reader.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import { ChainSender } from '../../chain/sender.ts';
import { readConsortiumAddress, readPublicDelay } from '../../chain/view.ts';
import { parseShape } from '../../service/config.ts';
import { createLogger } from '../../service/logger.ts';
import { type CommonOptions, readJsonInput } from '../command.ts';
import { parseCount } from './argument.ts';

export interface ChainOptions extends CommonOptions {
  readonly config?: string;
  readonly rpc?: string;
  readonly registry?: string;
  readonly anchor?: string;
  readonly court?: string;
  readonly chainId?: string;
  readonly fromBlock?: string;
}

export interface SendingOptions extends ChainOptions {
  readonly account: string;
}

/** What the chain says at one moment. */
export interface ChainState {
  /** At the newest block that counts. */
  readonly facts: RegistryFacts;
  /** Empty unless asked for. */
  readonly anchors: readonly AnchorEvent[];
  /** Events of our contracts that no reader accepts. */
  readonly refused: number;
}

const TIMEOUT_MS = 60_000;
const BLOCKS_PER_CALL = 2_000;
const HOW_TO_NAME =
  'name the chain: --config FILE, --data of a running start, or --rpc, --chain-id, --registry, --anchor and --court';

export class Place {
  readonly rpc: ChainRpc;
  readonly chain: ChainConfig;
  readonly contracts: ContractAddresses;
  /** Milliseconds that a proposal about an existing authority's keys or account must have been public. */
  readonly publicDelay: number;
  // Warnings of the reader come back as a number.
  readonly #logger = createLogger({ program: 'veritrail', level: 'fatal' });

  private constructor(rpc: ChainRpc, chain: ChainConfig, contracts: ContractAddresses, publicDelay: number) {
    this.rpc = rpc;
    this.chain = chain;
    this.contracts = contracts;
    this.publicDelay = publicDelay;
  }

  /** Throws MALFORMED when it is not said where, UNAVAILABLE, and CONFLICT for a node of another chain. */
  static async open(options: ChainOptions): Promise<Place> {
    const chain = await findChain(options);
    const rpc = new ChainRpc({ rpcUrl: chain.rpcUrl, timeoutMs: TIMEOUT_MS });
    const { chainId } = await readChainIdentity(rpc);
    if (chainId !== chain.chainId) throw malformed(`the node at ${chain.rpcUrl} is of chain ${chainId}, not ${chain.chainId}`);
    const consortium = await readConsortiumAddress(rpc, chain.registry);
    const { registry, anchor, court } = chain;
    return new Place(rpc, chain, { consortium, registry, anchor, court }, await readPublicDelay(rpc, registry));
  }

  /** Throws UNAVAILABLE. */
  async state({ withAnchors = false } = {}): Promise<ChainState> {
    const options = { ...this.chain, logger: this.#logger, timeoutMs: TIMEOUT_MS };
    const reader = new ChainReader(withAnchors ? options : { ...options, anchor: null });
    const anchors: AnchorEvent[] = [];
    let facts: RegistryFacts | null = null;
    for (let refused = 0; ;) {
      const update = await reader.poll();
      if (update.lost !== null) throw unavailable('the chain lost blocks while it was read; ask again');
      facts ??= emptyRegistry(update.head);
      refused += update.refused.length;
      for (const event of update.events) {
        if (isAnchorEvent(event)) anchors.push(event);
        else facts = applyRegistryEvent(facts, event);
      }
      if (update.caughtUp) return { facts: { ...facts, block: update.head }, anchors, refused };
    }
  }

  /** Throws UNAVAILABLE. */
  async consortium(): Promise<ConsortiumState> {
    const { fromBlock, confirmations } = this.chain;
    return readConsortium(this.rpc, { consortium: this.contracts.consortium, fromBlock, confirmations });
  }

  /** All that one of the contracts said, in order. Throws UNAVAILABLE. */
  async events(contract: keyof ContractAddresses): Promise<Described[]> {
    const { number: last } = await newestFinalBlock(this.rpc, this.chain);
    const said: Described[] = [];
    for (let first = this.chain.fromBlock; first <= last; first += BLOCKS_PER_CALL) {
      const logs = await this.rpc.logs([this.contracts[contract]], first, Math.min(last, first + BLOCKS_PER_CALL - 1));
      said.push(...describeEvents(logs, this.contracts));
    }
    return said;
  }

  /** Throws as `readAccountKey`. */
  async sender(accountFile: string): Promise<ChainSender> {
    const { rpcUrl, chainId } = this.chain;
    const privateKeyHex = await readAccountKey(accountFile);
    return new ChainSender({ rpcUrl, privateKeyHex, chainId, logger: this.#logger, timeoutMs: TIMEOUT_MS });
  }
}

/** What is given by name counts before what a file says. */
async function findChain(options: ChainOptions): Promise<ChainConfig> {
  const { rpc, registry, anchor, court, chainId, fromBlock } = options;
  const given = Object.entries({
    rpcUrl: rpc,
    registry: registry?.toLowerCase(),
    anchor: anchor?.toLowerCase(),
    court: court?.toLowerCase(),
    chainId: chainId === undefined ? undefined : parseCount(chainId, '--chain-id'),
    fromBlock: fromBlock === undefined ? undefined : parseCount(fromBlock, '--from-block'),
  }).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  const isWhole = [rpc, registry, anchor, court, chainId].every((one) => one !== undefined);
  const kept = isWhole ? {} : await keptChain(options);
  return parseShape(CHAIN_CONFIG, { ...kept, ...Object.fromEntries(given) }, 'chain');
}

/** The member `chain` of a program's config file, or of what a running start wrote. */
async function keptChain({ config, data }: ChainOptions): Promise<JsonObject> {
  const path = config ?? join(data, 'running.json');
  const value = await readJsonInput(path).catch((error: unknown) => {
    throw config === undefined && isCodedError(error, 'NOT_FOUND') ? malformed(HOW_TO_NAME) : error;
  });
  const chain = memberOf(value, 'chain');
  if (chain === undefined) throw malformed(`${path} has no member "chain"`);
  const url = memberOf(chain, 'url');
  if (url === undefined) return chain as JsonObject;
  const { url: _, ...others } = chain as JsonObject;
  return { ...others, rpcUrl: url };
}

function memberOf(value: JsonValue, name: string): JsonValue | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject)[name] : undefined;
}
