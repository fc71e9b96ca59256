/** All contracts on a fresh chain in this process, with real crypto: a consortium of three, an authority with logs, its accounts. */
import { network } from 'hardhat';
import { BrowserProvider, ErrorFragment, isError } from 'ethers';
import type { Interface, JsonRpcSigner, LogDescription, TransactionReceipt } from 'ethers';
import { decodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { hashFromHex, ZERO_HASH, type Hash } from '../../core/bytes/hash.ts';
import { encodeKeyPossession } from '../../core/authority/key-act.ts';
import { applyRegistryEvent, emptyRegistry } from '../../core/authority/fold.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import { KEY_TYPES, type BlockPoint, type KeyType } from '../../core/authority/registry-event.ts';
import type { AnchoredCheckpoint } from '../../core/court/charge.ts';
import { chargedLogOf, type ChargedLog } from '../../core/court/judgement.ts';
import { signCheckpoint, type Checkpoint } from '../../core/log/checkpoint.ts';
import { logIdOf, parseOrigin, type Origin } from '../../core/log/origin.ts';
import type { Signer } from '../../core/log/signer.ts';
import { ANCHOR, codeHex, CONSORTIUM, COURT, hex, REGISTRY } from '../../chain/abi.ts';
import { anchoredCheckpoints } from '../../chain/charge-call.ts';
import { decodeAnchorEvent, decodeRegistryEvent } from '../../chain/event.ts';
import type { RawLog } from '../../chain/rpc.ts';
import { AuthorityRegistry__factory } from '../../chain/bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from '../../chain/bindings/factories/CheckpointAnchor__factory.ts';
import { Consortium__factory } from '../../chain/bindings/factories/Consortium__factory.ts';
import { LogProof__factory } from '../../chain/bindings/factories/LogProof__factory.ts';
import { OmissionCourt__factory } from '../../chain/bindings/factories/OmissionCourt__factory.ts';
import { SM2__factory } from '../../chain/bindings/factories/SM2__factory.ts';
import { SM3__factory } from '../../chain/bindings/factories/SM3__factory.ts';
import { keyIdOfSigner, signerNamed } from './spoken-log.ts';

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
/** 2026-01-01, the time of the first block. */
export const START = 1_767_225_600_000;
/** Everything is registered before. */
export const READY = START + HOUR;
export const BEAT = MINUTE;
export const PROMISE_SPAN = 5 * MINUTE;

export const CODE = '11100000000013338W';
export const OTHER_CODE = '11100000MB03271699';
export const ORIGIN = parseOrigin(`sample/${CODE}/licences`);
export const CLOSED_ORIGIN = parseOrigin(`sample/${CODE}/closed`);
const MEMBERS = [CODE, OTHER_CODE, '11999900MB0000001K'];
const CHAIN_ID = 31_337;
const GAS = 29_000_000;

export const logSigner = signerNamed('log key');
/** Listed as well, to be retired, suspended or lost. */
export const secondSigner = signerNamed('second log key');

interface Addresses {
  readonly consortium: string;
  readonly registry: string;
  readonly anchor: string;
  readonly court: string;
}

export interface AnchorCall {
  readonly checkpoint: Checkpoint;
  readonly signer?: Signer;
  readonly proof?: readonly Hash[];
  readonly from?: JsonRpcSigner;
  readonly at?: number;
  /** In place of the log's own. */
  readonly signature?: string;
  readonly keyId?: Hash;
  readonly logId?: string;
}

export class CourtWorld {
  readonly provider: BrowserProvider;
  readonly addresses: Addresses;
  readonly members: readonly JsonRpcSigner[];
  /** The account that anchors for the authority. */
  readonly owner: JsonRpcSigner;
  readonly stranger: JsonRpcSigner;
  readonly close: () => Promise<void>;
  now = START;
  /** By block hash. */
  readonly #blockTimes = new Map<string, number>();

  constructor(world: Pick<CourtWorld, 'provider' | 'addresses' | 'members' | 'owner' | 'stranger' | 'close'>) {
    this.provider = world.provider;
    this.addresses = world.addresses;
    this.members = world.members;
    this.owner = world.owner;
    this.stranger = world.stranger;
    this.close = world.close;
  }

  /** In a block of that time, or of the last one's. */
  async send(from: JsonRpcSigner, to: string, data: string, at = this.now): Promise<TransactionReceipt> {
    await this.provider.send('evm_setNextBlockTimestamp', [at / SECOND]);
    const transaction = await from.sendTransaction({ to, data, gasLimit: GAS });
    this.now = at;
    return (await transaction.wait())!;
  }

  /** What a call to the court or another contract is refused with, as [name, ...values]; null if it is not. Changes nothing. */
  async refusal(from: JsonRpcSigner, to: string, data: string): Promise<unknown[] | null> {
    await this.provider.send('evm_setNextBlockTimestamp', [this.now / SECOND]);
    return refusalOf(this.provider.call({ from: from.address, to, data, gasLimit: GAS, blockTag: 'pending' }));
  }

  /** A proposal of the consortium, made, approved and carried out. Throws as the call does. */
  async decide(to: string, data: string): Promise<TransactionReceipt> {
    const [first, second] = this.members as [JsonRpcSigner, JsonRpcSigner];
    const { consortium } = this.addresses;
    const proposed = await this.send(first, consortium, call(CONSORTIUM, 'propose', [to, data, this.now + HOUR]));
    const [event] = eventsIn(proposed, CONSORTIUM);
    const proposalId = (event!.args.toObject() as { proposalId: string }).proposalId;
    await this.send(second, consortium, call(CONSORTIUM, 'approve', [proposalId]));
    return this.send(second, consortium, call(CONSORTIUM, 'execute', [proposalId]));
  }

  async registerKey(signer: Signer, keyType: KeyType = 'log', code = CODE): Promise<void> {
    const { registry } = this.addresses;
    const [authority] = await this.ask(REGISTRY, registry, 'authorityOf', [codeHex(code)]);
    const nonce = Number((authority as { keyActs: bigint }).keyActs);
    const place = { chainId: CHAIN_ID, registry: decodeHex(registry.slice(2).toLowerCase()), authority: code, nonce };
    const possession = signer.sign(encodeKeyPossession({ ...place, keyType, publicKey: signer.publicKey }));
    const type = KEY_TYPES.indexOf(keyType) + 1;
    await this.decide(
      registry,
      call(REGISTRY, 'addKeyByQuorum', [codeHex(code), type, hex(signer.publicKey), 0, hex(possession)]),
    );
  }

  async declareCompromised(signer: Signer, since = this.now): Promise<void> {
    const values = [hex(keyIdOfSigner(signer)), since];
    await this.decide(this.addresses.registry, call(REGISTRY, 'declareKeyCompromisedByQuorum', values));
  }

  async retire(signer: Signer): Promise<void> {
    await this.decide(this.addresses.registry, call(REGISTRY, 'retireKeyByQuorum', [hex(keyIdOfSigner(signer))]));
  }

  async suspend(signer: Signer): Promise<void> {
    await this.decide(this.addresses.registry, call(REGISTRY, 'suspendKeyAgain', [hex(keyIdOfSigner(signer))]));
  }

  async liftSuspension(signer: Signer): Promise<void> {
    await this.decide(this.addresses.registry, call(REGISTRY, 'liftSuspension', [hex(keyIdOfSigner(signer))]));
  }

  async registerLog(origin: Origin, code = CODE, account = this.owner): Promise<void> {
    const values = [codeHex(code), origin, 1, 1, BEAT, PROMISE_SPAN, 0];
    await this.send(account, this.addresses.registry, call(REGISTRY, 'registerLog', values));
  }

  async closeLog(origin: Origin): Promise<void> {
    await this.send(this.owner, this.addresses.registry, call(REGISTRY, 'closeLog', [hex(logIdOf(origin))]));
  }

  async anchor(input: AnchorCall): Promise<AnchoredCheckpoint> {
    const { checkpoint, at = this.now } = input;
    const receipt = await this.send(input.from ?? this.owner, this.addresses.anchor, anchorData(input), at);
    const [event] = eventsIn(receipt, ANCHOR);
    if (event?.name !== 'Anchored') throw new Error(`not anchored but ${event?.name}`);
    const { sequence } = event.args.toObject() as { sequence: bigint };
    return { by: 'anchor', checkpoint, sequence: Number(sequence), anchoredAt: at };
  }

  async head(origin = ORIGIN): Promise<{ count: bigint; size: bigint; time: bigint; blockTime: bigint; root: string }> {
    const [head] = await this.ask(ANCHOR, this.addresses.anchor, 'headOf', [hex(logIdOf(origin))]);
    return (head as { toObject(): Awaited<ReturnType<CourtWorld['head']>> }).toObject();
  }

  async ask(abi: Interface, to: string, name: string, values: readonly unknown[]): Promise<readonly unknown[]> {
    const answer = await this.provider.call({ to, data: abi.encodeFunctionData(name, values) });
    return abi.decodeFunctionResult(name, answer).toArray() as unknown[];
  }

  /** From block 0, as the chain has them. */
  async rawLogs(...contracts: readonly (keyof Addresses)[]): Promise<[log: RawLog, block: BlockPoint][]> {
    const address = contracts.map((name) => this.addresses[name]);
    const logs = await this.provider.getLogs({ fromBlock: 0, address });
    return Promise.all(
      logs.map(async ({ topics, data, index, blockNumber, blockHash, ...log }) => {
        const hash = hashFromHex(blockHash.slice(2));
        const at = await this.#timeOf(blockNumber, blockHash);
        const raw = {
          address: log.address.toLowerCase(),
          topics: [...topics],
          data,
          logIndex: index,
          blockNumber,
          blockHash: hash,
        };
        return [raw, { number: blockNumber, hash, at }] as [RawLog, BlockPoint];
      }),
    );
  }

  async #timeOf(blockNumber: number, blockHash: string): Promise<number> {
    const known = this.#blockTimes.get(blockHash) ?? (await this.provider.getBlock(blockNumber))!.timestamp * SECOND;
    this.#blockTimes.set(blockHash, known);
    return known;
  }

  async facts(): Promise<RegistryFacts> {
    const block = { number: await this.provider.getBlockNumber(), hash: ZERO_HASH, at: this.now };
    const events = (await this.rawLogs('registry')).map(([log, at]) => decodeRegistryEvent(log, at));
    return { ...events.reduce(applyRegistryEvent, emptyRegistry(block)), block };
  }

  async anchors(origin = ORIGIN): Promise<AnchoredCheckpoint[]> {
    const events = (await this.rawLogs('anchor')).map(([log, block]) => decodeAnchorEvent(log, block));
    return anchoredCheckpoints(
      origin,
      events.filter(({ logId }) => equalBytes(logId, logIdOf(origin))),
    );
  }

  /** What a charge is judged by outside the chain: made from events alone. */
  async chargedLog(origin = ORIGIN): Promise<ChargedLog> {
    return chargedLogOf(await this.facts(), logIdOf(origin), await this.anchors(origin));
  }

  /** Everything done after it is undone by `restore`, once. */
  async snapshot(): Promise<() => Promise<void>> {
    const [id, now] = [(await this.provider.send('evm_snapshot', [])) as string, this.now];
    return async () => {
      await this.provider.send('evm_revert', [id]);
      this.now = now;
    };
  }
}

/** The custom errors of a contract, but for its constructor's. */
export function errorsOf(abi: Interface): string[] {
  const errors = abi.fragments.filter((fragment) => fragment instanceof ErrorFragment).map(({ name }) => name);
  return errors.filter((name) => name !== 'BadUnit');
}

export const call = (abi: Interface, name: string, values: readonly unknown[]): string => abi.encodeFunctionData(name, values);

export function anchorData(input: AnchorCall): string {
  const { checkpoint, signer = logSigner, proof = [], logId = hex(logIdOf(checkpoint.origin)) } = input;
  const { size, issuedAt, rootHash, mapRoot } = checkpoint;
  const keyId = input.keyId ?? keyIdOfSigner(signer);
  const signature = input.signature ?? hex(signCheckpoint(checkpoint, signer));
  const said = [logId, size, issuedAt, hex(rootHash), hex(mapRoot), hex(keyId), signature, proof.map(hex)];
  return call(ANCHOR, 'anchor', said);
}

export function eventsIn(receipt: TransactionReceipt, abi: Interface): LogDescription[] {
  return receipt.logs.map((log) => abi.parseLog(log)).filter((event) => event !== null);
}

/** A consortium, an authority with two log keys, an open log and one to be closed. */
export async function deployCourtWorld(): Promise<CourtWorld> {
  const override = { chainId: CHAIN_ID, initialDate: new Date(START).toISOString(), allowBlocksWithSameTimestamp: true };
  const connection = await network.create({ override });
  const provider = new BrowserProvider(connection.provider, undefined, { cacheTimeout: -1 });
  const signers = await Promise.all([0, 1, 2, 3, 4].map((i) => provider.getSigner(i)));
  const [a, b, c, owner, stranger] = signers as [JsonRpcSigner, JsonRpcSigner, JsonRpcSigner, JsonRpcSigner, JsonRpcSigner];
  const members = [a, b, c];
  await provider.send('evm_setNextBlockTimestamp', [START / SECOND + 1]);
  const sm3 = await new SM3__factory(a).deploy();
  const sm2 = await new SM2__factory(a).deploy(sm3);
  const logProof = await new LogProof__factory(a).deploy(sm3);
  const seats = members.map(({ address }, i) => ({ code: codeHex(MEMBERS[i]!), account: address }));
  const consortium = await new Consortium__factory(a).deploy(seats, 2, 2, 1000);
  const registry = await new AuthorityRegistry__factory(a).deploy(consortium, sm3, sm2, 'sample', 0);
  const anchor = await new CheckpointAnchor__factory(a).deploy(registry, sm2, logProof);
  const court = await new OmissionCourt__factory(a).deploy(anchor, sm2, logProof);
  const deployed = await Promise.all([consortium, registry, anchor, court].map((contract) => contract.getAddress()));
  const addresses = { consortium: deployed[0]!, registry: deployed[1]!, anchor: deployed[2]!, court: deployed[3]! };
  const close = (): Promise<void> => connection.close();
  const world = new CourtWorld({ provider, addresses, members, owner, stranger, close });

  world.now = START + MINUTE;
  for (const [code, account] of [
    [CODE, owner],
    [OTHER_CODE, stranger],
  ] as const) {
    const values = [codeHex(code), '样例', '110000', codeHex(null), account.address];
    await world.decide(addresses.registry, call(REGISTRY, 'registerAuthority', values));
  }
  await world.registerKey(logSigner);
  await world.registerKey(secondSigner);
  for (const origin of [ORIGIN, CLOSED_ORIGIN]) await world.registerLog(origin);
  world.now = READY;
  return world;
}

/** The names of all custom errors met with so far. */
export const provoked = new Set<string>();

/** The custom error a call was refused with, as [name, ...values]; null if it was not. */
export async function refusalOf(sent: Promise<unknown>): Promise<unknown[] | null> {
  try {
    await sent;
  } catch (error) {
    const data = revertData(error);
    for (const abi of [COURT, ANCHOR, REGISTRY, CONSORTIUM]) {
      const found = data === null ? null : abi.parseError(data);
      if (found === null) continue;
      provoked.add(found.name);
      return [found.name, ...(found.args.toArray() as unknown[])];
    }
    throw error;
  }
  return null;
}

/** The in-process chain puts the bytes deeper than ethers always looks. */
function revertData(error: unknown): string | null {
  if (isError(error, 'CALL_EXCEPTION') && error.data !== null) return error.data;
  const { error: inner, info } = error as { error?: { data?: string }; info?: { error?: { data?: string | { data?: string } } } };
  const data = inner?.data ?? info?.error?.data;
  return (typeof data === 'object' ? data.data : data) ?? null;
}
