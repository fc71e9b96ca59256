/** Proposals with what explains them: the call in words, who approved, and what is needed now. */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { isCodedError, unverified } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import { type Words, words } from '../../core/verify/wording.ts';
import { describeCall, type Described } from '../../chain/abi.ts';
import { type ConsortiumState, type Proposal, proposalIdOf } from '../../chain/consortium-call.ts';
import { rehearse } from '../../chain/view.ts';
import { describeInWords, Names } from './call-words.ts';
import type { ChainOptions, ChainState, Place } from './place.ts';
import { describeRefusal } from './words.ts';

/** A chain that makes no empty blocks has an old head. */
export const nowOf = (headAt: number): number => Math.max(headAt, Date.now());

const DELAYED = ['addKeyByQuorum', 'retireKeyByQuorum', 'declareKeyCompromisedByQuorum', 'changeAccount'];

/** How long a proposal must be public before the registry accepts it. */
export function delayOf(call: Described | null, facts: RegistryFacts, { publicDelay }: Place): number {
  if (call === null || !DELAYED.includes(call.name)) return 0;
  const isFirst = !facts.keys.some(({ authority, type }) => authority === call.values['code'] && type === 'authority');
  return call.name === 'addKeyByQuorum' && isFirst ? 0 : publicDelay;
}

export type ProposalStatus = 'open' | 'waiting' | 'ready' | 'executed' | 'expired';

/** Proposals with what explains them. */
export class Ballot {
  readonly consortium: ConsortiumState;
  readonly names: Names;
  readonly #place: Place;
  readonly state: ChainState;

  constructor(place: Place, consortium: ConsortiumState, state: ChainState, names: Names) {
    this.consortium = consortium;
    this.names = names;
    this.#place = place;
    this.state = state;
  }

  #allowedAt(proposal: Proposal): number {
    return proposal.proposedAt + delayOf(this.#callOf(proposal), this.state.facts, this.#place);
  }

  #callOf({ call }: Proposal): Described | null {
    return describeCall(call, this.#place.contracts);
  }

  status(proposal: Proposal): ProposalStatus {
    const now = nowOf(this.state.facts.block.at);
    if (proposal.isExecuted) return 'executed';
    if (proposal.expiresAt <= now) return 'expired';
    if (proposal.approvals.length < proposal.needed) return 'open';
    return this.#allowedAt(proposal) > now ? 'waiting' : 'ready';
  }

  /** A member that left is known by its account alone. */
  member(account: string): string {
    const code = this.consortium.members.find((member) => member.account === account)?.code;
    return code === undefined ? account : this.names.authority(code);
  }

  json(proposal: Proposal): JsonObject {
    const call = this.#callOf(proposal);
    return {
      proposalId: encodeHex(proposal.proposalId),
      number: proposal.number,
      status: this.status(proposal),
      target: proposal.call.to,
      call: call && { contract: call.contract, name: call.name, values: call.values },
      data: proposal.call.data,
      isSuspension: proposal.isSuspension,
      proposer: proposal.proposer,
      proposedAt: proposal.proposedAt,
      allowedAt: this.#allowedAt(proposal),
      expiresAt: proposal.expiresAt,
      approvals: proposal.approvals,
      needed: proposal.needed,
    };
  }

  lines(proposal: Proposal): string[] {
    const { proposalId, number, approvals, needed } = proposal;
    const said = describeInWords(this.#callOf(proposal), this.names);
    const members = approvals.map((account) => this.member(account));
    const [by, and] = [members.join('、'), members.join(', ')];
    return [
      this.names.say(words(`提案 ${number}  ${encodeHex(proposalId)}`, `proposal ${number}  ${encodeHex(proposalId)}`)),
      `  ${said ?? this.#warning(proposal)}`,
      `  ${this.names.say(words(`批准 ${approvals.length}/${needed}：${by || '无'}`, `approved ${approvals.length} of ${needed}: ${and || 'nobody'}`))}`,
      `  ${this.#next(proposal)}`,
    ];
  }

  #warning({ call }: Proposal): string {
    return this.names.say(
      words(
        `！无法辨认的调用，不明内容请勿批准：合约 ${call.to}，数据 ${call.data}`,
        `! an unknown call; approve nothing that you cannot read: contract ${call.to}, data ${call.data}`,
      ),
    );
  }

  /** What is needed now. */
  #next(proposal: Proposal): string {
    const id = encodeHex(proposal.proposalId);
    const lacking = proposal.needed - proposal.approvals.length;
    const [end, allowed] = [this.names.instant(proposal.expiresAt), this.names.instant(this.#allowedAt(proposal))];
    const next: Readonly<Record<ProposalStatus, Words>> = {
      open: words(
        `还需 ${lacking} 个成员批准，截止 ${end}：veritrail chain approve ${id}`,
        `approvals still needed: ${lacking}, until ${end}: veritrail chain approve ${id}`,
      ),
      waiting: words(
        `批准已足；公示期满（${allowed}）后、${end} 前执行：veritrail chain execute ${id}`,
        `approved; it must be public until ${allowed}, then, before ${end}: veritrail chain execute ${id}`,
      ),
      ready: words(
        `批准已足，请在 ${end} 前执行：veritrail chain execute ${id}`,
        `approved; execute it before ${end}: veritrail chain execute ${id}`,
      ),
      executed: words('已执行', 'executed'),
      expired: words(`已于 ${end} 过期，未执行`, `expired at ${end}, not executed`),
    };
    return this.names.say(next[this.status(proposal)]);
  }

  /** Every value, and what the contract would say now. */
  async details(proposal: Proposal): Promise<string[]> {
    const call = this.#callOf(proposal);
    const values = Object.entries(call?.values ?? {}).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`);
    const proposer = this.member(proposal.proposer);
    return [
      `  ${this.names.say(words(`由 ${proposer} 于 ${this.names.instant(proposal.proposedAt)} 提出`, `proposed by ${proposer} at ${this.names.instant(proposal.proposedAt)}`))}`,
      `  ${call === null ? proposal.call.to : `${call.contract} ${proposal.call.to} ${call.name}`}`,
      ...values,
      `  ${await this.#foresee(proposal)}`,
    ];
  }

  async #foresee(proposal: Proposal): Promise<string> {
    const status = this.status(proposal);
    if (status === 'executed' || status === 'expired') return this.#next(proposal);
    try {
      await rehearse(this.#place.rpc, { from: this.#place.contracts.consortium, ...proposal.call });
    } catch (error) {
      if (!isCodedError(error, 'CONFLICT')) throw error;
      const refusal = describeRefusal(error.facts, this.names.lang);
      return this.names.say(words(`现在执行会被拒绝：${refusal}`, `it would be refused now: ${refusal}`));
    }
    return this.names.say(words('合约现在会接受此调用', 'the contract would accept this call now'));
  }
}

/** Throws UNVERIFIED when the node shows a call under the id of another proposal. */
async function readConsortium(place: Place): Promise<ConsortiumState> {
  const consortium = await place.consortium();
  const at = { chainId: place.chain.chainId, consortium: place.contracts.consortium };
  const isOwn = (one: Proposal): boolean => equalBytes(proposalIdOf(at, one), one.proposalId);
  if (!consortium.proposals.every(isOwn)) throw unverified('the chain node shows a call under the id of another proposal');
  return consortium;
}

export async function readBallot(place: Place, { lang }: ChainOptions): Promise<Ballot> {
  const [consortium, state] = await Promise.all([readConsortium(place), place.state()]);
  return new Ballot(place, consortium, state, new Names(state.facts, lang));
}
