/**
 * What a contract's refusal means and what to do, for every custom error of the four contracts. `{name}` is the error's value of that
 * name, `{name:time}` an instant, `{name:charge}` a kind of charge.
 */
import type { ErrorFacts } from '../../core/bytes/error.ts';
import { CHARGE_KINDS, type ChargeKind } from '../../core/authority/registry-event.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { type Lang, type Words, words } from '../../core/verify/wording.ts';
import { CORRECT_INPUT, NOTHING_LEFT, type RefusalWords, refusal, REGISTRY_REFUSALS, SEE_LOG } from './registry-words.ts';

export const CHARGE_NAMES: Readonly<Record<ChargeKind, Words>> = {
  unmapped: words('隐匿：记录在树中而不在映射中', 'hidden: an entry is in the tree and not in the map'),
  'broken-promise': words('失信：承诺的记录未按期载入', 'broken promise: what was promised is not there in time'),
  'rolled-back': words('回退：映射中原有的记录消失或被替换', 'rolled back: what the map held is gone or replaced'),
  fork: words('分叉：同一大小有两个根', 'fork: one size, two roots'),
  'split-view': words('两副面孔：较早的检查点与后来的树不符', 'split view: an earlier checkpoint is not part of the later tree'),
};

const ASK_STATUS = words('请用 veritrail chain status 查看成员和账户', 'see members and accounts with veritrail chain status');
const SEE_PROPOSALS = words('请用 veritrail chain proposals --all 核对', 'compare with veritrail chain proposals --all');
const NODE_MATTER = words(
  '这是节点的调用：请查看该节点的日志和 /readyz',
  'this is a node’s call: look at that node’s messages and its /readyz',
);

/** By the error's name in the contracts. */
export const REFUSALS: Readonly<Record<string, RefusalWords>> = {
  ...REGISTRY_REFUSALS,

  // Whoever calls

  NotMember: refusal(words('账户 {account} 不是联盟成员', 'account {account} is not a member of the consortium'), ASK_STATUS),
  NotConsortium: refusal(
    words(
      '只有联盟成员共同表决才能做此事，账户 {sender} 不能单独进行',
      'only the members together may do this, not account {sender} alone',
    ),
    words(
      '请以提案提交（--propose），或用上级机关的账户并以 --part-of 指明其授权',
      'put it to the vote (--propose), or act from the parent’s account under its own grant (--part-of)',
    ),
  ),
  Running: refusal(
    words(
      '提案 {proposalId} 正在执行，执行中不能再执行另一提案',
      'proposal {proposalId} is running, and its call may not run another',
    ),
    words('被提案调用的合约不可信，请勿再执行该提案', 'the contract that it calls is not to be trusted: do not execute it again'),
  ),

  // Deployment

  BadUnit: refusal(
    words(
      '区块时间戳 {timestamp} 不是以 {msPerUnit} 毫秒为单位',
      'the block’s timestamp {timestamp} does not count units of {msPerUnit} ms',
    ),
    words(
      '部署时的时间单位（1 或 1000 毫秒）与该链不符，请更正后重新部署',
      'the unit given at deployment (1 or 1000 ms) is not this chain’s: deploy again with the right one',
    ),
  ),

  // Members and proposals

  BadCode: refusal(words('{code} 不是统一社会信用代码', '{code} is not a unified social credit code'), CORRECT_INPUT),
  ZeroAccount: refusal(words('账户地址不能为零', 'the account is zero'), CORRECT_INPUT),
  KnownMember: refusal(
    words('机关 {code} 或账户 {account} 已是成员', 'authority {code} or account {account} is a member already'),
    words(
      '一个机关只有一票；更换账户请先移除再加入',
      'a department has one vote; to change its account, remove it and add it again',
    ),
  ),
  BadThreshold: refusal(
    words(
      '门槛 {threshold} 与暂停门槛 {suspensionThreshold} 不适合 {members} 名成员',
      'thresholds {threshold} and {suspensionThreshold} (suspension) do not fit {members} members',
    ),
    words(
      '须满足 2 ≤ 暂停门槛 ≤ 门槛 ≤ 成员数；移除成员前先降低门槛',
      'needed: 2 ≤ suspension threshold ≤ threshold ≤ members; lower the thresholds before a member is removed',
    ),
  ),
  BadExpiry: refusal(
    words(
      '提案的截止时间 {expiresAt:time} 须晚于区块时间 {blockTime:time}，且不超过其后 30 日',
      'the proposal’s end {expiresAt:time} must be later than the block ({blockTime:time}), by at most 30 days',
    ),
    words('请改用 --expires-in，并检查本机时钟', 'choose another --expires-in, and check this machine’s clock'),
  ),
  UnknownProposal: refusal(words('没有编号为 {proposalId} 的提案', 'there is no proposal {proposalId}'), SEE_PROPOSALS),
  ExecutedProposal: refusal(words('提案 {proposalId} 已执行', 'proposal {proposalId} has been executed'), NOTHING_LEFT),
  ExpiredProposal: refusal(
    words('提案 {proposalId} 已于 {expiresAt:time} 过期', 'proposal {proposalId} has expired at {expiresAt:time}'),
    words('如仍需要，请重新提出', 'propose it again if it is still wanted'),
  ),
  ApprovedBefore: refusal(
    words('账户 {member} 已批准过该提案', 'account {member} has approved this proposal already'),
    words('等待其他成员批准', 'other members must approve'),
  ),
  NotApproved: refusal(
    words(
      '账户 {member} 未批准过该提案，无可撤回',
      'account {member} has not approved this proposal: there is nothing to withdraw',
    ),
    SEE_PROPOSALS,
  ),
  TooFewApprovals: refusal(
    words('批准不足：现有 {approvals}，需要 {needed}', 'too few approvals: {approvals} of {needed}'),
    words('请其他成员用 veritrail chain approve 批准', 'other members approve with veritrail chain approve'),
  ),
  NoContract: refusal(
    words('提案所调用的地址 {target} 没有合约', 'there is no contract at {target}, which the proposal calls'),
    words('该提案无效，请以正确地址重新提出', 'the proposal is void: propose it again with the right address'),
  ),

  // Anchors

  NotLogAccount: refusal(
    words(
      '账户 {account} 不是日志 {logId} 所属机关的账户；他人须待 {silentAt:time} 后才可代为锚定',
      'account {account} is not the log owner’s (log {logId}); others may anchor only after {silentAt:time}',
    ),
    NODE_MATTER,
  ),
  WrongKey: refusal(
    words('密钥 {keyId} 不是该日志当时所属机关的日志密钥', 'key {keyId} is not a log key of the authority whose log it was then'),
    SEE_LOG,
  ),
  NotValidThen: refusal(
    words(
      '密钥 {keyId} 在检查点时间 {time:time} 尚未生效或已停用',
      'key {keyId} was not in force at the checkpoint’s time, {time:time}',
    ),
    NODE_MATTER,
  ),
  RetiredKey: refusal(words('密钥 {keyId} 已于 {validTo:time} 停用', 'key {keyId} was retired at {validTo:time}'), NODE_MATTER),
  CompromisedKey: refusal(
    words('密钥 {keyId} 已被宣告自 {since:time} 起失密', 'key {keyId} is declared compromised since {since:time}'),
    words('节点须换用新的日志密钥', 'the node needs a new log key'),
  ),
  SuspendedKey: refusal(
    words('密钥 {keyId} 被暂停至 {suspendedUntil:time}', 'key {keyId} is suspended until {suspendedUntil:time}'),
    words(
      '等待到期或由联盟解除（key lift）；如已失控，换用新密钥',
      'wait, or let the members lift it (key lift); if the key is lost, use a new one',
    ),
  ),
  BadSignature: refusal(
    words('密钥 {keyId} 的签名不成立', 'the signature by key {keyId} does not hold'),
    words('所交材料被改动过，或不是这把密钥所签', 'what was handed in was changed, or another key signed it'),
  ),
  ProofTooLong: refusal(words('一致性证明过长（{length}）', 'the consistency proof is too long ({length})'), NODE_MATTER),
  NotExtending: refusal(
    words(
      '日志 {logId} 的新检查点（大小 {got}）不是已锚定检查点（大小 {have}）的延续',
      'log {logId}: the new checkpoint (size {got}) does not extend the anchored one (size {have})',
    ),
    words(
      '历史被改写，或节点恢复了旧备份：停止节点，恢复最新状态',
      'history was rewritten, or the node was restored from an old backup: stop it and restore its newest state',
    ),
  ),
  BadRoot: refusal(
    words('大小为 {size} 的检查点，树根 {root} 不合规定', 'a checkpoint of size {size} cannot have root {root}'),
    NODE_MATTER,
  ),
  BadMapRoot: refusal(
    words('大小为 {size} 的检查点，映射根 {mapRoot} 不合规定', 'a checkpoint of size {size} cannot have map root {mapRoot}'),
    NODE_MATTER,
  ),
  SizeShrinks: refusal(
    words(
      '日志 {logId} 不能变短：已锚定 {have}，所交为 {got}',
      'log {logId} cannot shrink: {have} is anchored, {got} was handed in',
    ),
    words(
      '节点恢复了旧备份：停止节点，恢复最新状态',
      'the node was restored from an old backup: stop it and restore its newest state',
    ),
  ),
  NotLater: refusal(
    words(
      '日志 {logId} 的检查点时间 {got:time} 不晚于已锚定的 {have:time}',
      'log {logId}: the checkpoint’s time {got:time} is not later than the anchored one’s, {have:time}',
    ),
    words('已有更新的锚定，或节点时钟被拨回', 'a newer one is anchored, or the node’s clock was set back'),
  ),
  TimeOutOfBounds: refusal(
    words(
      '检查点时间 {time:time} 距区块时间 {blockTime:time} 过远（最多早 1 小时、晚 2 分钟）',
      'the checkpoint’s time {time:time} is too far from the block’s, {blockTime:time} (1 h before, 2 min after)',
    ),
    words('检查节点和验证节点的时钟', 'check the clocks of node and validators'),
  ),

  // Disputes

  FalseCharge: refusal(
    words(
      '指控不成立：所交材料没有证明“{charge:charge}”',
      'the charge does not hold: what was handed in does not show “{charge:charge}”',
    ),
    words('什么也没有改变；请核对材料出处', 'nothing has changed; find out where the material came from'),
  ),
  BadCheckpoint: refusal(
    words(
      '大小为 {size} 的检查点，树根 {root} 或映射根 {mapRoot} 不合规定',
      'a checkpoint of size {size} cannot have root {root} and map root {mapRoot}',
    ),
    words(
      '空日志有固定的根，非空日志没有：材料不是检查点',
      'an empty log has fixed roots and no other has them: this is no checkpoint',
    ),
  ),
  UnknownAnchor: refusal(
    words('日志 {logId} 没有这样的第 {sequence} 号锚定', 'log {logId} has no such anchor {sequence}'),
    words(
      '材料与链上记录不符；链如丢失过区块，请重新制作指控文件',
      'the material is not what the chain has; if the chain lost blocks, make the charge anew',
    ),
  ),
  BadPromise: refusal(
    words(
      '承诺（{issuedAt:time} 至 {deadline:time}）超出该日志的承诺期',
      'the promise ({issuedAt:time} to {deadline:time}) is longer than the log’s promise span',
    ),
    words('这样的承诺不约束日志', 'such a promise does not bind the log'),
  ),
  WrongStart: refusal(
    words('争议起点（第 {sequence} 号锚定）不正确', 'the dispute does not start at anchor {sequence}'),
    words('其间可能有新的锚定：请重试', 'there may be a new anchor meanwhile: try again'),
  ),
  KnownCharge: refusal(
    words(
      '指控 {chargeDigest} 已提出过，或已经审查并撤销',
      'charge {chargeDigest} was brought before, or was examined and cleared',
    ),
    words('同一事实只有一项指控：veritrail chain dispute', 'a fact has one charge: see veritrail chain dispute'),
  ),
  UnknownCharge: refusal(
    words('没有待确认的指控 {chargeDigest}', 'there is no charge {chargeDigest} that waits to be confirmed'),
    words('请用 veritrail chain dispute 核对', 'compare with veritrail chain dispute'),
  ),
  NotDisputed: refusal(
    words('日志 {logId} 没有争议', 'log {logId} is not disputed'),
    words('无需撤销', 'there is nothing to clear'),
  ),
  BadReason: refusal(
    words('理由须为 1 至 1024 字节（现为 {length}）', 'a reason has 1 to 1024 bytes (this one has {length})'),
    CORRECT_INPUT,
  ),
};

const UNKNOWN: RefusalWords = refusal(
  words('合约拒绝，原因无法辨认', 'the contract refused, and its reason is not one of ours'),
  words(
    '请核对合约地址是否正确、程序与合约版本是否一致',
    'check the contract addresses, and that program and contracts are of one version',
  ),
);

type Value = ErrorFacts[string];

function formatValue(value: Value | undefined, kind: string | undefined, lang: Lang): string {
  if (value === undefined) return '–';
  if (value === null) return words('无期限', 'no end')[lang];
  if (kind === 'time') return formatInstant(Number(value), lang);
  if (kind === 'charge') return CHARGE_NAMES[CHARGE_KINDS[Number(value) - 1]!][lang];
  return String(value).replace(/^0x(?=[0-9a-f]{64}$)/, '');
}

/** Two sentences: what it means, and what to do. `facts` are those of the error (chain/refusal.ts). */
export function describeRefusal(facts: ErrorFacts, lang: Lang): string {
  const { means, next } = REFUSALS[String(facts['error'])] ?? UNKNOWN;
  const filled = means[lang].replace(/\{(\w+)(?::(\w+))?\}/g, (_, name: string, kind?: string) =>
    formatValue(facts[name], kind, lang),
  );
  const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;
  return lang === 'en' ? `${sentence(filled)} ${sentence(next.en)}` : `${filled}。${next['zh-CN']}。`;
}
