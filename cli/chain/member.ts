/** `veritrail chain status` and `… member …`: who decides, how many of them, and what there is to decide or to worry about. */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isSuspended } from '../../core/authority/registry.ts';
import { words } from '../../core/verify/wording.ts';
import { encodeAddMember, encodeRemoveMember, encodeSetThresholds } from '../../chain/consortium-call.ts';
import { EXIT, print } from '../command.ts';
import { formatAccount, parseAccount, parseCode, parseCount } from './argument.ts';
import { readBallot } from './ballot.ts';
import { disputeLine } from './charge.ts';
import { type ChainOptions, Place } from './place.ts';
import { proposeCall, type ProposingOptions } from './proposal.ts';

export interface StatusOptions extends ChainOptions {
  readonly account?: string;
}

/** With an account file: also whose account it is. */
export async function status(options: StatusOptions): Promise<number> {
  const place = await Place.open(options);
  const ballot = await readBallot(place, options);
  const { consortium, names, state } = ballot;
  const { facts, refused } = state;
  const head = facts.block;
  const own = options.account === undefined ? null : (await place.sender(options.account)).account;
  const open = consortium.proposals.filter((one) => !['executed', 'expired'].includes(ballot.status(one)));
  const suspended = facts.keys.filter((key) => isSuspended(key, head.at));
  const { threshold, suspensionThreshold, members } = consortium;
  const { publicDelay, contracts, chain } = place;
  const answer = {
    chainId: chain.chainId,
    block: { number: head.number, at: head.at },
    contracts: { ...contracts },
    members: members.map((member) => ({ ...member })),
    threshold,
    suspensionThreshold,
    publicDelay,
    authorities: facts.authorities.length,
    logs: facts.logs.length,
    refusedEvents: refused,
    openProposals: open.map((one) => ballot.json(one)),
    suspendedKeys: suspended.map(({ keyId }) => encodeHex(keyId)),
    disputedLogs: facts.disputes.map(({ logId }) => encodeHex(logId)),
    account: own,
  };
  const authoritiesOf = facts.authorities.filter(({ account }) => formatAccount(account) === own).map(({ code }) => code);
  const as = [...new Set([ballot.member(own ?? ''), ...authoritiesOf.map((code) => names.authority(code))])].join(' / ');
  print(options, answer, [
    names.say(
      words(
        `链 ${chain.chainId}，区块 ${head.number}（${names.instant(head.at)}）`,
        `chain ${chain.chainId}, block ${head.number} (${names.instant(head.at)})`,
      ),
    ),
    ...Object.entries(contracts).map(([name, address]) => `  ${name} ${address}`),
    names.say(
      words(
        `表决门槛 ${threshold}/${members.length}，紧急暂停 ${suspensionThreshold}；密钥提案公示期 ${publicDelay / 1000} 秒`,
        `${threshold} of ${members.length} decide, ${suspensionThreshold} suspend a key; proposals about keys must be public for ${publicDelay / 1000} s`,
      ),
    ),
    ...members.map(({ code, account }) => `  ${names.authority(code)} ${account}`),
    ...(own === null ? [] : [names.say(words(`本账户：${as}`, `this account: ${as}`))]),
    names.say(
      words(
        `机关 ${facts.authorities.length}，日志 ${facts.logs.length}，待决提案 ${open.length}，暂停的密钥 ${suspended.length}，有争议的日志 ${facts.disputes.length}`,
        `${facts.authorities.length} authorities, ${facts.logs.length} logs, ${open.length} open proposals, ${suspended.length} suspended keys, ${facts.disputes.length} disputed logs`,
      ),
    ),
    ...open.flatMap((one) => ballot.lines(one)),
    ...suspended.map(({ keyId, suspended: to }) => {
      const [key, end] = [names.key(encodeHex(keyId)), names.instant(to?.until ?? null)];
      return names.say(words(`！${key} 暂停至 ${end}`, `! ${key} is suspended until ${end}`));
    }),
    ...facts.disputes.map((dispute) => disputeLine(dispute, names)),
    ...(refused === 0
      ? []
      : [names.say(words(`！${refused} 条合约事件不被采信`, `! ${refused} events of the contracts are not accepted`))]),
  ]);
  return EXIT.done;
}

async function propose(options: ProposingOptions, data: string): Promise<number> {
  const place = await Place.open(options);
  return proposeCall(place, options, { to: place.contracts.consortium, data });
}

export async function addMember(code: string, account: string, options: ProposingOptions): Promise<number> {
  return propose(options, encodeAddMember({ code: parseCode(code), account: formatAccount(parseAccount(account)) }));
}

export async function removeMember(account: string, options: ProposingOptions): Promise<number> {
  return propose(options, encodeRemoveMember(formatAccount(parseAccount(account))));
}

/** Approvals that a proposal needs, and those that the suspension of a key needs. */
export async function setThresholds(threshold: string, suspension: string, options: ProposingOptions): Promise<number> {
  const numbers = [parseCount(threshold, 'a threshold'), parseCount(suspension, 'a threshold')] as const;
  return propose(options, encodeSetThresholds(...numbers));
}
