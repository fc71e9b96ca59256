/**
 * A consortium and its registry on a fresh chain in this process: members who vote, authorities with accounts and fixed SM2 keys,
 * a clock that stands still until a test moves it, and what a call was refused with.
 */
import { network } from 'hardhat';
import { BrowserProvider, hexlify, isError, toUtf8Bytes } from 'ethers';
import type {
  Addressable,
  Contract,
  ContractTransactionReceipt,
  ContractTransactionResponse,
  EventLog,
  JsonRpcSigner,
} from 'ethers';
import type { AuthorityRegistry } from '../../chain/bindings/AuthorityRegistry.ts';
import type { Consortium } from '../../chain/bindings/Consortium.ts';
import { AuthorityRegistry__factory } from '../../chain/bindings/factories/AuthorityRegistry__factory.ts';
import { Consortium__factory } from '../../chain/bindings/factories/Consortium__factory.ts';
import { SM2__factory } from '../../chain/bindings/factories/SM2__factory.ts';
import { SM3__factory } from '../../chain/bindings/factories/SM3__factory.ts';
import { encodeKeyAct, encodeKeyPossession, type KeyActKind, type KeyActPlace } from '../../core/authority/key-act.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { KEY_TYPES, type KeyType } from '../../core/authority/registry-event.ts';
import { decodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { label } from '../../core/bytes/label.ts';
import { parsePrivateKey, publicKeyOf, signSm2 } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';

export const OPEN = 2n ** 64n - 1n;
export const MAX_INTEGER = 2n ** 53n - 1n;
export const ZERO = `0x${'00'.repeat(32)}`;
export const NO_CODE = `0x${'00'.repeat(18)}`;
export const NO_ACCOUNT = `0x${'00'.repeat(20)}`;
/** 2026-01-01, when the chain begins. */
export const START = 1_767_225_600_000;
export const SECOND = 1000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** How long a proposal about keys must have been public. */
export const DELAY = 2 * DAY;
export const CHAIN_ID = 31_337;

/** The chain's form of a unified social credit code. */
export const codeOf = (text: string): string => hexlify(toUtf8Bytes(text));

/** Four levels, and two more counties: USCC and region. */
export const AUTHORITIES = {
  nation: ['11100000000013338W', '000000'],
  province: ['11320000014000004F', '320000'],
  city: ['113205000141495224', '320500'],
  county: ['11320581014159107W', '320581'],
  second: ['11320582014163107P', '320582'],
  third: ['113205830141671086', '320583'],
} as const;
export type Name = keyof typeof AUTHORITIES;
export const NAMES = Object.keys(AUTHORITIES) as Name[];
export const PARENTS: Readonly<Record<Name, Name | null>> = {
  nation: null,
  province: 'nation',
  city: 'province',
  county: 'city',
  second: 'city',
  third: 'city',
};
export const at = (name: Name): string => codeOf(AUTHORITIES[name][0]);

export const TYPE = '11100000000013338W009';
export const TYPE_2 = '11100000000013338W010';
export const TYPE_3 = '11100000000013338W011';

/** A fixed key for each name. */
export function keyNamed(name: string) {
  const privateKey = parsePrivateKey(sm3(encodeUtf8(`test key: ${name}`)));
  const publicKey = publicKeyOf(privateKey);
  const keyId = keyIdOf(publicKey);
  return { privateKey, publicKey, keyId, id: hexlify(keyId), sign: (bytes: Uint8Array) => signSm2(privateKey, bytes) };
}
export const keyIdNamed = (name: string): string => keyNamed(name).id;

export const originOf = (name: Name, log: string): string => `sample/${AUTHORITIES[name][0]}/${log}`;
export const logIdOf = (origin: string): string => hexlify(sm3(label('id'), encodeUtf8(origin)));

export interface Chain {
  readonly provider: BrowserProvider;
  readonly signers: readonly JsonRpcSigner[];
  /** Block time of the next calls, UTC ms, a whole second. It stands still. */
  clock: number;
  close(): Promise<void>;
}

export async function openChain(chainId = CHAIN_ID): Promise<Chain> {
  const override = { chainId, initialDate: new Date(START).toISOString(), allowBlocksWithSameTimestamp: true };
  const connection = await network.create({ override });
  const request = connection.provider.request.bind(connection.provider);
  const chain = { clock: START + SECOND, close: () => connection.close() };
  const timed = async (call: { method: string; params?: unknown[] | object }): Promise<unknown> => {
    if (call.method === 'eth_estimateGas' || call.method === 'eth_sendTransaction') {
      await request({ method: 'evm_setNextBlockTimestamp', params: [chain.clock / SECOND] });
    }
    return request(call);
  };
  const provider = new BrowserProvider({ request: timed }, undefined, { cacheTimeout: -1 });
  const signers = await Promise.all(Array.from({ length: 12 }, (_, i) => provider.getSigner(i)));
  return Object.assign(chain, { provider, signers });
}

export interface Decision {
  /** Milliseconds from the proposal to the day it is carried out. */
  readonly wait?: number;
  readonly approvals?: number;
  readonly expiresIn?: number;
}

/** Five members, three of whom decide; two suspend a key. */
export class Votes {
  readonly chain: Chain;
  readonly consortium: Consortium;
  readonly members: readonly JsonRpcSigner[];
  readonly stranger: JsonRpcSigner;

  constructor(chain: Chain, consortium: Consortium) {
    this.chain = chain;
    this.consortium = consortium;
    this.members = chain.signers.slice(0, 5);
    this.stranger = chain.signers[11]!;
  }

  static membersOf(chain: Chain): { code: string; account: string }[] {
    return chain.signers.slice(0, 5).map(({ address }, i) => ({ code: codeOf(`MEMBER00000000000${i}`), account: address }));
  }

  static async open(chain: Chain): Promise<Votes> {
    const consortium = await new Consortium__factory(chain.signers[11]!).deploy(Votes.membersOf(chain), 3, 2, 1000);
    return new Votes(chain, consortium);
  }

  as(member: number): Consortium {
    return this.consortium.connect(this.members[member]);
  }

  async propose(target: string | Addressable, data: string, expiresIn = 30 * DAY): Promise<string> {
    return proposalIn(await this.as(0).propose(target, data, this.chain.clock + expiresIn));
  }

  async approve(proposalId: string, approvals = 3): Promise<void> {
    for (let i = 1; i < approvals; i++) await this.as(i).approve(proposalId);
  }

  /** Proposed, approved and, after a while, carried out. */
  async decide(target: string | Addressable, data: string, { wait = 0, approvals = 3, expiresIn }: Decision = {}): Promise<void> {
    const proposalId = await this.propose(target, data, expiresIn);
    await this.approve(proposalId, approvals);
    this.chain.clock += wait;
    await this.as(0).execute(proposalId);
  }

  /** A decision of the consortium about itself. */
  async reform(
    name: 'addMember' | 'removeMember' | 'setThresholds',
    args: readonly unknown[],
    decision?: Decision,
  ): Promise<void> {
    await this.decide(
      this.consortium,
      (this.consortium as unknown as Contract).interface.encodeFunctionData(name, args),
      decision,
    );
  }
}

export async function proposalIn(response: ContractTransactionResponse): Promise<string> {
  const receipt: ContractTransactionReceipt | null = await response.wait();
  return receipt!.logs[0]!.topics[1]!;
}

export interface NewKey {
  readonly of: Name;
  readonly name: string;
  readonly type: KeyType;
  readonly validFrom?: number | bigint;
}

/** The consortium of `Votes`, its registry, and what each authority's account and keys can do. */
export class World extends Votes {
  readonly registry: AuthorityRegistry;
  readonly registryBytes: Uint8Array;

  constructor(chain: Chain, consortium: Consortium, registry: AuthorityRegistry, address: string) {
    super(chain, consortium);
    this.registry = registry;
    this.registryBytes = decodeHex(address.slice(2).toLowerCase());
  }

  static override async open(chain?: Chain): Promise<World> {
    const own = chain ?? (await openChain());
    const { consortium } = await Votes.open(own);
    const deployer = own.signers[11]!;
    const sm3Contract = await new SM3__factory(deployer).deploy();
    const sm2Contract = await new SM2__factory(deployer).deploy(sm3Contract);
    const registry = await new AuthorityRegistry__factory(deployer).deploy(consortium, sm3Contract, sm2Contract, 'sample', DELAY);
    return new World(own, consortium, registry, await registry.getAddress());
  }

  close(): Promise<void> {
    return this.chain.close();
  }

  /** The account that acts for an authority. */
  accountOf(name: Name): JsonRpcSigner {
    return this.chain.signers[5 + NAMES.indexOf(name)]!;
  }

  by(name: Name): AuthorityRegistry {
    return this.registry.connect(this.accountOf(name));
  }

  get strange(): AuthorityRegistry {
    return this.registry.connect(this.stranger);
  }

  /** A call of the registry by the consortium. */
  async quorum(name: string, args: readonly unknown[], decision?: Decision): Promise<void> {
    await this.decide(this.registry, (this.registry as unknown as Contract).interface.encodeFunctionData(name, args), decision);
  }

  async suspend(keyId: string, approvals = 2): Promise<void> {
    const proposalId = await proposalIn(await this.as(0).proposeSuspension(this.registry, keyId, this.chain.clock + DAY));
    await this.approve(proposalId, approvals);
    await this.as(0).execute(proposalId);
  }

  /** Registers the authorities named, each below the one that stands above it: the top by the consortium, the others by their parents. */
  async register(...names: Name[]): Promise<void> {
    for (const name of names) {
      const parent = PARENTS[name];
      const args = [
        at(name),
        name,
        AUTHORITIES[name][1],
        parent === null ? NO_CODE : at(parent),
        this.accountOf(name).address,
      ] as const;
      if (parent === null) await this.quorum('registerAuthority', args);
      else await this.by(parent).registerAuthority(...args);
    }
  }

  /** Where the next key act of an authority stands. */
  async place(of: Name): Promise<KeyActPlace> {
    const { keyActs } = await this.registry.authorityOf(at(of));
    return { chainId: CHAIN_ID, registry: this.registryBytes, authority: AUTHORITIES[of][0], nonce: Number(keyActs) };
  }

  async possession({ of, name, type }: NewKey, change: Partial<KeyActPlace> = {}): Promise<Uint8Array> {
    const { publicKey, sign } = keyNamed(name);
    return sign(encodeKeyPossession({ ...(await this.place(of)), ...change, keyType: type, publicKey }));
  }

  async act(
    of: Name,
    act: KeyActKind,
    type: KeyType,
    name: string,
    date: number,
    signer: string,
    change: Partial<KeyActPlace> = {},
  ) {
    const bytes = encodeKeyAct({ ...(await this.place(of)), ...change, act, keyType: type, keyId: keyNamed(name).keyId, date });
    return keyNamed(signer).sign(bytes);
  }

  /** Adds a key by the key act of `signer`. Anybody carries it to the chain. */
  async addKey(key: NewKey, signer: string, change: { act?: Partial<KeyActPlace>; possession?: Partial<KeyActPlace> } = {}) {
    const validFrom = Number(key.validFrom ?? 0);
    const possession = await this.possession(key, change.possession);
    const act = await this.act(key.of, 'add', key.type, key.name, validFrom, signer, change.act);
    const { publicKey } = keyNamed(key.name);
    const number = KEY_TYPES.indexOf(key.type) + 1;
    return this.strange.addKey(at(key.of), number, publicKey, validFrom, possession, keyIdNamed(signer), act);
  }

  async addKeyByQuorum(key: NewKey, decision?: Decision): Promise<void> {
    const { publicKey } = keyNamed(key.name);
    const number = KEY_TYPES.indexOf(key.type) + 1;
    await this.quorum(
      'addKeyByQuorum',
      [at(key.of), number, publicKey, key.validFrom ?? 0, await this.possession(key)],
      decision,
    );
  }

  async retireKey(of: Name, type: KeyType, name: string, signer: string) {
    return this.strange.retireKey(keyIdNamed(name), keyIdNamed(signer), await this.act(of, 'retire', type, name, 0, signer));
  }

  async declareLost(of: Name, type: KeyType, name: string, since: number, signer: string) {
    const act = await this.act(of, 'compromise', type, name, since, signer);
    return this.strange.declareKeyCompromised(keyIdNamed(name), since, keyIdNamed(signer), act);
  }

  async registerLog(of: Name, log: string, logClass = 1): Promise<string> {
    const origin = originOf(of, log);
    await this.by(of).registerLog(at(of), origin, logClass, 1, 60_000, 120_001, logClass === 3 ? DAY : 0);
    return logIdOf(origin);
  }

  /** The values of the newest event of that name. */
  async lastEvent(name: string): Promise<Record<string, unknown>> {
    return (await eventsOf(this.registry, name)).at(-1)!.args.toObject() as Record<string, unknown>;
  }
}

/** A contract's events from block 0, of one name or all. */
export async function eventsOf(contract: AuthorityRegistry | Consortium, name = '*'): Promise<EventLog[]> {
  return (await (contract as unknown as Contract).queryFilter(name, 0)) as EventLog[];
}

/** The custom error a call was refused with, as [name, ...values]. Fails if it was not refused. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown[]> {
  try {
    await call;
  } catch (error) {
    const data = revertData(error);
    for (const factory of [AuthorityRegistry__factory, Consortium__factory]) {
      const found = data === null ? null : factory.createInterface().parseError(data);
      if (found !== null) return [found.name, ...(found.args.toArray() as unknown[])];
    }
    throw error;
  }
  throw new Error('the call was not refused');
}

/** The in-process chain puts the bytes one level deeper than ethers always looks. */
export function revertData(error: unknown): string | null {
  if (!isError(error, 'CALL_EXCEPTION')) return null;
  const info = error.info as { error?: { data?: { data?: string } } } | undefined;
  return error.data ?? info?.error?.data?.data ?? null;
}
