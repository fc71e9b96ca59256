/**
 * All contracts on a chain, and whoever may write them: two members who decide together, accounts that a test names by one byte, and
 * authority keys that sign key acts. Nothing in it is mocked. A decision about keys need not have been public for long.
 */
import { pino } from 'pino';
import { decodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { ANCHOR, hex } from '../../chain/abi.ts';
import { decideTogether, encodePropose, encodeProposeSuspension, encodeVote, proposedIn } from '../../chain/consortium-call.ts';
import { type Contracts, deployContracts } from '../../chain/deploy.ts';
import { addKeyCall, compromiseKeyCall, type KeyRegistry, type ListedKey, retireKeyCall } from '../../chain/key-change.ts';
import { ChainReader, type ReaderOptions } from '../../chain/reader.ts';
import { encodeRegisterAuthority } from '../../chain/registry-call.ts';
import { ChainRpc, readHex } from '../../chain/rpc.ts';
import { type Call, ChainSender, type Receipt, type SenderOptions } from '../../chain/sender.ts';
import { createSigner, type Signer } from '../../service/signer.ts';
import { bytesOf } from '../log/memory-log.ts';
import { CHAIN_ID } from './anvil.ts';

export const logger = pino({ level: 'silent' });

/** A fixed key for each name. */
export function signerNamed(name: string, type: Signer['type'] = 'log'): Signer {
  const privateKey = parsePrivateKey(bytesOf(name));
  return createSigner({ type, privateKey, publicKey: publicKeyOf(privateKey) });
}

/** Members' codes, and the bytes that their accounts are named by. */
const MEMBERS = [
  { code: '11100000MB03271699', keyByte: 'a1' },
  { code: '11320000014000004F', keyByte: 'a2' },
] as const;

export interface NewAuthority {
  readonly code: string;
  readonly name: string;
  readonly region: string;
  readonly parent?: string | null;
  /** Acts for it. */
  readonly account: string;
  /** Signs its key acts. */
  readonly key: Signer;
}

export class TestConsortium {
  readonly rpcUrl: string;
  readonly rpc: ChainRpc;
  readonly contracts: Contracts;
  readonly members: readonly ChainSender[];

  private constructor(rpcUrl: string, contracts: Contracts, members: readonly ChainSender[]) {
    this.rpcUrl = rpcUrl;
    this.rpc = new ChainRpc({ rpcUrl, timeoutMs: 5000 });
    this.contracts = contracts;
    this.members = members;
  }

  static async deploy(rpcUrl: string): Promise<TestConsortium> {
    const members = MEMBERS.map(({ keyByte }) => senderAt(rpcUrl, keyByte));
    return new TestConsortium(rpcUrl, await deployBy(members), members);
  }

  /** The same contracts once more, and nothing in them. */
  deployAgain(msPerUnit?: number): Promise<Contracts> {
    return deployBy(this.members, msPerUnit);
  }

  /** An account, with nothing but the right to send. */
  sender(keyByte: string, options: Partial<SenderOptions> = {}): ChainSender {
    return senderAt(this.rpcUrl, keyByte, options);
  }

  reader(options: Partial<ReaderOptions> = {}): ChainReader {
    return new ChainReader({ rpcUrl: this.rpcUrl, ...this.contracts, confirmations: 0, logger, timeoutMs: 5000, ...options });
  }

  async now(): Promise<number> {
    return (await this.rpc.block(await this.rpc.blockNumber()))!.at;
  }

  /** How many entries the newest anchor of a log holds; 0 where there is none. */
  async anchoredSize(logId: Hash): Promise<number> {
    const data = ANCHOR.encodeFunctionData('headOf', [hex(logId)]);
    const answer = readHex(await this.rpc.call('eth_call', [{ to: this.contracts.anchor, data }, 'latest']));
    const [head] = ANCHOR.decodeFunctionResult('headOf', answer) as unknown as [{ size: bigint }];
    return Number(head.size);
  }

  // By the members

  async decide(data: string, to = this.contracts.registry): Promise<Receipt> {
    const { consortium } = this.contracts;
    return decideTogether(this.members, { consortium, call: { to, data }, expiresAt: await this.#expiry() });
  }

  /** All but the last step of a decision: any member may send what is returned. */
  async prepare(data: string, to = this.contracts.registry): Promise<Call> {
    return this.#approve(encodePropose({ to, data }, await this.#expiry()));
  }

  async suspend(keyId: Hash): Promise<Receipt> {
    const { registry } = this.contracts;
    return this.members[0]!.send(await this.#approve(encodeProposeSuspension(registry, keyId, await this.#expiry())));
  }

  async #approve(proposing: string): Promise<Call> {
    const { consortium } = this.contracts;
    const [proposer, ...others] = this.members;
    const { logs } = await proposer!.send({ to: consortium, data: proposing });
    const proposalId = proposedIn(logs, consortium);
    for (const other of others) await other.send({ to: consortium, data: encodeVote('approve', proposalId) });
    return { to: consortium, data: encodeVote('execute', proposalId) };
  }

  async #expiry(): Promise<number> {
    return (await this.now()) + 86_400_000;
  }

  /** Puts an authority on record, with its authority key. */
  async register({ key, account, parent = null, ...authority }: NewAuthority): Promise<void> {
    await this.decide(encodeRegisterAuthority({ ...authority, parent, account: decodeHex(account.slice(2), 20) }));
    await this.decide(await addKeyCall(this.#at(), { code: authority.code, keyType: 'authority', validFrom: 0 }, key, null));
  }

  // By key acts, which the first member carries to the chain

  /** `officer` is an authority key of the authority or its parent. */
  async addKey(code: string, holder: Signer, officer: Signer, validFrom = 0): Promise<Receipt> {
    return this.#carry(await addKeyCall(this.#at(), { code, keyType: holder.type, validFrom }, holder, officer));
  }

  async retireKey(code: string, { keyId, type }: Signer, officer: Signer): Promise<Receipt> {
    return this.#carry(await retireKeyCall(this.#at(), listed(code, keyId, type), officer));
  }

  async declareLost(code: string, { keyId, type }: Signer, since: number, officer: Signer): Promise<Receipt> {
    return this.#carry(await compromiseKeyCall(this.#at(), listed(code, keyId, type), since, officer));
  }

  #at(): KeyRegistry {
    return { rpc: this.rpc, chainId: CHAIN_ID, registry: this.contracts.registry };
  }

  #carry(data: string): Promise<Receipt> {
    return this.members[0]!.send({ to: this.contracts.registry, data });
  }
}

/** From the first member's account. */
function deployBy(members: readonly ChainSender[], msPerUnit = 1000): Promise<Contracts> {
  return deployContracts(members[0]!, {
    consortiumName: 'sample',
    members: MEMBERS.map(({ code }, i) => ({ code, account: members[i]!.account })),
    threshold: 2,
    suspensionThreshold: 2,
    publicDelay: 0,
    msPerUnit,
  });
}

function listed(code: string, keyId: Hash, keyType: Signer['type']): ListedKey {
  return { code, keyId, keyType };
}

function senderAt(rpcUrl: string, keyByte: string, options: Partial<SenderOptions> = {}): ChainSender {
  const privateKeyHex = keyByte.repeat(32);
  return new ChainSender({ rpcUrl, privateKeyHex, chainId: CHAIN_ID, logger, timeoutMs: 10_000, ...options });
}
