/** What the members decide together, as calls, and what there is to decide, from the consortium's events. */
import { AbiCoder, getBytes, keccak256, type LogDescription } from 'ethers';
import { asHash, type Hash } from '../core/bytes/hash.ts';
import { decodeHex } from '../core/bytes/bytes.ts';
import { invariant, unavailable } from '../core/bytes/error.ts';
import { codeHex, codeOf, CONSORTIUM, hex } from './abi.ts';
import { newestFinalBlock } from './finality.ts';
import type { ChainRpc, EventLog } from './rpc.ts';
import type { Call, ChainSender, Receipt } from './sender.ts';

export interface Member {
  readonly code: string;
  /** Lower-case `0x…`. */
  readonly account: string;
}

export interface Proposal {
  readonly proposalId: Hash;
  readonly number: number;
  readonly proposer: string;
  readonly call: Call & { readonly to: string };
  /** It suspends a key, and needs fewer approvals. */
  readonly isSuspension: boolean;
  readonly proposedAt: number;
  readonly expiresAt: number;
  /** Accounts of present members. */
  readonly approvals: readonly string[];
  readonly needed: number;
  readonly isExecuted: boolean;
}

export interface ConsortiumState {
  readonly members: readonly Member[];
  readonly threshold: number;
  readonly suspensionThreshold: number;
  readonly proposals: readonly Proposal[];
}

// Calls

export function encodePropose({ to, data }: Call, expiresAt: number): string {
  invariant(to !== null, 'a proposal calls a contract');
  return CONSORTIUM.encodeFunctionData('propose', [to, data, expiresAt]);
}

export function encodeProposeSuspension(registry: string, keyId: Hash, expiresAt: number): string {
  return CONSORTIUM.encodeFunctionData('proposeSuspension', [registry, hex(keyId), expiresAt]);
}

export function encodeVote(vote: 'approve' | 'withdraw' | 'execute', proposalId: Hash): string {
  switch (vote) {
    case 'approve':
      return CONSORTIUM.encodeFunctionData('approve', [hex(proposalId)]);
    case 'withdraw':
      return CONSORTIUM.encodeFunctionData('withdraw', [hex(proposalId)]);
    case 'execute':
      return CONSORTIUM.encodeFunctionData('execute', [hex(proposalId)]);
  }
}

export function encodeAddMember({ code, account }: Member): string {
  return CONSORTIUM.encodeFunctionData('addMember', [codeHex(code), account]);
}

export function encodeRemoveMember(account: string): string {
  return CONSORTIUM.encodeFunctionData('removeMember', [account]);
}

export function encodeSetThresholds(threshold: number, suspensionThreshold: number): string {
  return CONSORTIUM.encodeFunctionData('setThresholds', [threshold, suspensionThreshold]);
}

/** The contract's own id of a proposal: what a node shows under it is what the members vote on, or this is another. */
export function proposalIdOf(
  { chainId, consortium }: { readonly chainId: number; readonly consortium: string },
  { number, call, isSuspension, expiresAt }: Pick<Proposal, 'number' | 'call' | 'isSuspension' | 'expiresAt'>,
): Hash {
  const types = ['uint256', 'address', 'uint64', 'address', 'bytes', 'bool', 'uint64'];
  const values = [chainId, consortium, number, call.to, call.data, isSuspension, expiresAt];
  return asHash(getBytes(keccak256(AbiCoder.defaultAbiCoder().encode(types, values))));
}

/**
 * Has members decide on one call: the first proposes, as many as are needed approve, the first executes. For those who hold several
 * members' keys, which no production consortium has.
 */
export async function decideTogether(
  senders: readonly ChainSender[],
  { consortium, call, expiresAt }: { readonly consortium: string; readonly call: Call; readonly expiresAt: number },
): Promise<Receipt> {
  const [proposer, ...others] = senders;
  invariant(proposer !== undefined, 'somebody proposes');
  const { logs } = await proposer.send({ to: consortium, data: encodePropose(call, expiresAt) });
  const proposalId = proposedIn(logs, consortium);
  await Promise.all(others.map((sender) => sender.send({ to: consortium, data: encodeVote('approve', proposalId) })));
  return proposer.send({ to: consortium, data: encodeVote('execute', proposalId) });
}

/** The id of the proposal that a receipt's logs tell of. Throws UNAVAILABLE when they do not. */
export function proposedIn(logs: readonly EventLog[], consortium: string): Hash {
  for (const log of logs.filter(({ address }) => address === consortium)) {
    const found = CONSORTIUM.parseLog(log);
    if (found?.name === 'Proposed') return wordOf(found, 'proposalId');
  }
  throw unavailable('the chain node does not show the proposal that was just made');
}

// State

const BLOCKS_PER_CALL = 2_000;

/** Folded from all events of the contract. Throws UNAVAILABLE. */
export async function readConsortium(
  rpc: ChainRpc,
  {
    consortium,
    fromBlock,
    confirmations,
  }: { readonly consortium: string; readonly fromBlock: number; readonly confirmations: number },
): Promise<ConsortiumState> {
  const { number: last } = await newestFinalBlock(rpc, { confirmations });
  const fold = new ConsortiumFold();
  for (let first = fromBlock; first <= last; first += BLOCKS_PER_CALL) {
    const logs = await rpc.logs([consortium], first, Math.min(last, first + BLOCKS_PER_CALL - 1));
    for (const log of logs) {
      const found = CONSORTIUM.parseLog(log);
      if (found !== null) fold.apply(found);
    }
  }
  return fold.state();
}

type Change = (values: LogDescription) => void;

class ConsortiumFold {
  readonly #members = new Map<string, Member>();
  readonly #proposals = new Map<string, Omit<Proposal, 'approvals' | 'needed' | 'isExecuted'>>();
  readonly #approvals = new Map<string, Set<string>>();
  readonly #executed = new Set<string>();
  #thresholds: readonly [number, number] = [0, 0];

  readonly #changes: Readonly<Record<string, Change>> = {
    MemberAdded: (log) => {
      const account = textOf(log, 'account');
      this.#members.set(account, { code: codeOf(textOf(log, 'code')) ?? '', account });
    },
    MemberRemoved: (log) => {
      const account = textOf(log, 'account');
      this.#members.delete(account);
      for (const approvals of this.#approvals.values()) approvals.delete(account);
    },
    ThresholdsChanged: (log) => {
      this.#thresholds = [numberIn(log, 'threshold'), numberIn(log, 'suspensionThreshold')];
    },
    Proposed: (log) => {
      const id = textOf(log, 'proposalId');
      this.#proposals.set(id, {
        proposalId: wordOf(log, 'proposalId'),
        number: numberIn(log, 'number'),
        proposer: textOf(log, 'proposer'),
        call: { to: textOf(log, 'target'), data: textOf(log, 'data') },
        isSuspension: log.args.getValue('isSuspension') as boolean,
        proposedAt: numberIn(log, 'proposedAt'),
        expiresAt: numberIn(log, 'expiresAt'),
      });
      this.#approvals.set(id, this.#approvals.get(id) ?? new Set());
    },
    Approved: (log) => {
      const id = textOf(log, 'proposalId');
      this.#approvals.set(id, (this.#approvals.get(id) ?? new Set()).add(textOf(log, 'member')));
    },
    Withdrawn: (log) => void this.#approvals.get(textOf(log, 'proposalId'))?.delete(textOf(log, 'member')),
    Executed: (log) => void this.#executed.add(textOf(log, 'proposalId')),
  };

  apply(log: LogDescription): void {
    this.#changes[log.name]?.(log);
  }

  state(): ConsortiumState {
    const [threshold, suspensionThreshold] = this.#thresholds;
    const proposals = [...this.#proposals].map(([id, proposal]): Proposal => ({
      ...proposal,
      approvals: [...(this.#approvals.get(id) ?? [])],
      needed: proposal.isSuspension ? suspensionThreshold : threshold,
      isExecuted: this.#executed.has(id),
    }));
    return { members: [...this.#members.values()], threshold, suspensionThreshold, proposals };
  }
}

function textOf({ args }: LogDescription, name: string): string {
  return String(args.getValue(name)).toLowerCase();
}

function numberIn({ args }: LogDescription, name: string): number {
  return Number(args.getValue(name));
}

function wordOf(log: LogDescription, name: string): Hash {
  return asHash(decodeHex(textOf(log, name).slice(2)));
}
