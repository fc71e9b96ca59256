/**
 * How a call reaches the contracts: from an account itself, or as a proposal that members approve and one executes. What is put to the
 * vote is rehearsed first, so that nobody votes for weeks on what the contract refuses; what is approved is shown in words, and its id
 * is computed here, so that a node cannot show one call and have another approved.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { malformed, notFound } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { findKey } from '../../core/authority/registry.ts';
import { type Words, words } from '../../core/verify/wording.ts';
import { describeCall, describeEvents, type Described } from '../../chain/abi.ts';
import { encodePropose, encodeProposeSuspension, encodeVote, type Proposal, proposedIn } from '../../chain/consortium-call.ts';
import { encodeSuspendKey } from '../../chain/registry-call.ts';
import type { Receipt } from '../../chain/sender.ts';
import { rehearse } from '../../chain/view.ts';
import { EXIT, print } from '../command.ts';
import { parseCount, parseId, parseSpan } from './argument.ts';
import { type Ballot, delayOf, nowOf, readBallot } from './ballot.ts';
import { describeInWords, idOf, Names } from './call-words.ts';
import { type ChainOptions, Place, type SendingOptions } from './place.ts';

export interface ProposingOptions extends SendingOptions {
  readonly expiresIn?: string;
  /** Also what would be refused today. */
  readonly anyway: boolean;
}

/** Where the parent or the authority itself may act as well. */
export interface EitherWayOptions extends ProposingOptions {
  readonly propose: boolean;
}

interface RegistryCall {
  readonly to: string;
  readonly data: string;
}

const DAY = 86_400_000;
const DEFAULT_VOTE = 14 * DAY;
/** After the public delay, where there is one. */
const VOTE_AFTER_DELAY = 7 * DAY;
/** The contract's 30 days, less what clocks may differ. */
const LONGEST_VOTE = 30 * DAY - 600_000;

// By an account itself

/** Done when it is in a block. Throws CONFLICT with the contract's error. */
export async function sendCall(place: Place, options: SendingOptions, call: RegistryCall): Promise<number> {
  const sender = await place.sender(options.account);
  const receipt = await sender.send(call);
  const names = new Names((await place.state()).facts, options.lang);
  const said = describeInWords(describeCall(call, place.contracts), names) ?? call.data;
  const events = describeEvents(receipt.logs, place.contracts);
  print(options, { ...receiptJson(receipt), events: events.map(describedJson) }, [
    names.say(words(`已上链（区块 ${receipt.blockNumber}）：${said}`, `done in block ${receipt.blockNumber}: ${said}`)),
    ...newIds(events, names),
  ]);
  return EXIT.done;
}

function receiptJson({ transactionHash, blockNumber }: Receipt): JsonObject {
  return { transaction: encodeHex(transactionHash), block: blockNumber };
}

const describedJson = ({ contract, name, values }: Described): JsonObject => ({ contract, name, values });

const NEW_IDS: Readonly<Record<string, readonly [name: string, what: Words]>> = {
  ScopeGranted: ['scopeId', words('权限编号', 'scope id')],
  DutyGranted: ['dutyId', words('职责编号', 'duty id')],
  Charged: ['chargeDigest', words('指控编号', 'charge digest')],
};

/** What later commands name. */
function newIds(events: readonly Described[], names: Names): string[] {
  return events.flatMap((event) => {
    const [name, what] = NEW_IDS[event.name] ?? [];
    return name === undefined ? [] : [`${names.say(what!)} ${idOf(event.values[name])}`];
  });
}

/** By the account itself, or with `--propose` by the members. */
export async function sendOrPropose(place: Place, options: EitherWayOptions, call: RegistryCall): Promise<number> {
  return options.propose ? proposeCall(place, options, call) : sendCall(place, options, call);
}

// By the members

/** Puts a call to the vote. Throws CONFLICT with the contract's error when it would be refused today. */
export async function proposeCall(place: Place, options: ProposingOptions, call: RegistryCall): Promise<number> {
  const { facts } = await place.state();
  const delay = delayOf(describeCall(call, place.contracts), facts, place);
  if (!options.anyway) await rehearse(place.rpc, { from: place.contracts.consortium, ...call });
  return putToVote(place, options, encodePropose(call, endOfVote(options, facts.block.at, delay)));
}

/** The emergency suspension of a key, which takes fewer approvals. Throws as `proposeCall`. */
export async function proposeSuspension(place: Place, options: ProposingOptions, keyId: Hash): Promise<number> {
  const { facts } = await place.state();
  const { registry } = place.contracts;
  if (findKey(facts, keyId) === undefined) throw notFound(`no key ${encodeHex(keyId)} is listed`);
  const call = { to: registry, data: encodeSuspendKey(keyId) };
  if (!options.anyway) await rehearse(place.rpc, { from: place.contracts.consortium, ...call });
  return putToVote(place, options, encodeProposeSuspension(registry, keyId, endOfVote(options, facts.block.at, 0)));
}

async function putToVote(place: Place, options: ProposingOptions, data: string): Promise<number> {
  const sender = await place.sender(options.account);
  const { consortium } = place.contracts;
  const receipt = await sender.send({ to: consortium, data });
  const id = proposedIn(receipt.logs, consortium);
  return printVote(place, options, id, words('已提出：', 'proposed:'), receipt);
}

function endOfVote({ expiresIn }: ProposingOptions, headAt: number, delay: number): number {
  const usual = delay === 0 ? DEFAULT_VOTE : Math.min(LONGEST_VOTE, delay + VOTE_AFTER_DELAY);
  const span = expiresIn === undefined ? usual : parseSpan(expiresIn);
  if (span > LONGEST_VOTE) throw malformed('--expires-in is less than 30d');
  if (span <= delay) throw malformed(`the proposal would end before it may be executed: it must be public for ${delay} ms`);
  return nowOf(headAt) + span;
}

const VOTED = {
  approve: words('已批准：', 'approved:'),
  withdraw: words('已撤回批准：', 'approval withdrawn:'),
  execute: words('已执行：', 'executed:'),
} as const;

/** By its whole id: a number could be another proposal's tomorrow. Throws NOT_FOUND, UNVERIFIED, and CONFLICT with the contract's error. */
export async function vote(kind: 'approve' | 'withdraw' | 'execute', id: string, options: SendingOptions): Promise<number> {
  const proposalId = parseId(id, 'a proposal’s id');
  const place = await Place.open(options);
  find(await readBallot(place, options), byId(proposalId));
  const sender = await place.sender(options.account);
  const receipt = await sender.send({ to: place.contracts.consortium, data: encodeVote(kind, proposalId) });
  return printVote(place, options, proposalId, VOTED[kind], receipt);
}

async function printVote(place: Place, options: ChainOptions, id: Hash, done: Words, receipt: Receipt): Promise<number> {
  const ballot = await readBallot(place, options);
  const proposal = find(ballot, byId(id));
  const events = describeEvents(receipt.logs, place.contracts);
  const answer = { ...receiptJson(receipt), proposal: ballot.json(proposal), events: events.map(describedJson) };
  print(options, answer, [done[options.lang], ...ballot.lines(proposal), ...newIds(events, ballot.names)]);
  return EXIT.done;
}

// Reading

function find({ consortium }: Ballot, isMeant: (proposal: Proposal) => boolean): Proposal {
  const found = consortium.proposals.find(isMeant);
  if (found === undefined) throw notFound('there is no such proposal');
  return found;
}

export interface ListOptions extends ChainOptions {
  /** Also what is executed or expired. */
  readonly all: boolean;
}

export async function listProposals(options: ListOptions): Promise<number> {
  const ballot = await readBallot(await Place.open(options), options);
  const isListed = (one: Proposal): boolean => options.all || !['executed', 'expired'].includes(ballot.status(one));
  const listed = ballot.consortium.proposals.filter(isListed);
  const lines = listed.flatMap((one) => ballot.lines(one));
  print(options, { proposals: listed.map((one) => ballot.json(one)) }, [
    ...lines,
    ...(lines.length === 0 ? [ballot.names.say(words('没有待决提案', 'no open proposals'))] : []),
  ]);
  return EXIT.done;
}

/** By id or number. */
export async function showProposal(id: string, options: ChainOptions): Promise<number> {
  const isMeant = id.length < 64 ? byNumber(parseCount(id, 'a proposal’s number')) : byId(parseId(id, 'a proposal’s id'));
  const ballot = await readBallot(await Place.open(options), options);
  const proposal = find(ballot, isMeant);
  print(options, ballot.json(proposal), [...ballot.lines(proposal), ...(await ballot.details(proposal))]);
  return EXIT.done;
}

const byNumber = (number: number) => (one: Proposal) => one.number === number;
const byId = (id: Hash) => (one: Proposal) => equalBytes(one.proposalId, id);
