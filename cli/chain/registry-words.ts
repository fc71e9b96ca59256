/**
 * What the registry's refusals mean and what to do. `{name}` is the error's value of that name, `{name:time}` an instant. Some of these
 * errors the other contracts know as well.
 */
import { type Words, words } from '../../core/verify/wording.ts';

export interface RefusalWords {
  readonly means: Words;
  readonly next: Words;
}

export const refusal = (means: Words, next: Words): RefusalWords => ({ means, next });

export const CORRECT_INPUT = words('请改正后重新提交', 'correct it and try again');
export const NOTHING_LEFT = words('无需再办', 'nothing is left to do');
export const SEE_LOG = words('请用 veritrail chain log show 核对', 'compare with veritrail chain log show');
const SEE_AUTHORITY = words('请用 veritrail chain authority show 核对', 'compare with veritrail chain authority show');

/** By the error's name. */
export const REGISTRY_REFUSALS: Readonly<Record<string, RefusalWords>> = {
  // Whoever calls

  NotAllowed: refusal(
    words('账户 {sender} 无权为机关 {code} 办理', 'account {sender} may not act for authority {code}'),
    words(
      '请用该机关或其上级机关的账户，或以提案提交（--propose）',
      'use the account of that authority or of its parent, or put it to the vote (--propose)',
    ),
  ),
  TooEarly: refusal(
    words(
      '公示期未满：该提案于 {proposedAt:time} 提出，{allowedAt:time} 起方可执行',
      'too early: proposed at {proposedAt:time}, it may be executed from {allowedAt:time} on',
    ),
    words(
      '期满后再执行；密钥如已可能失控，可先暂停（key suspend）',
      'execute it then; a key that may be lost can be suspended meanwhile (key suspend)',
    ),
  ),

  // Arguments

  BadText: refusal(
    words(
      '“{text}”的格式不被接受（名称、代码、行政区划、证照类型或用途）',
      '“{text}” is not accepted as a name, code, region, licence type or purpose here',
    ),
    words(
      '核对拼写；机构改革中，类型须为移转日志中的类型，且只写一次',
      'check its spelling; in a succession name each type once, and only types that the moving logs hold',
    ),
  ),
  BadNumber: refusal(words('数值 {value} 超出允许范围', 'the number {value} is out of range'), CORRECT_INPUT),
  EmptyPeriod: refusal(
    words('有效期为空：{validFrom:time} 至 {validTo:time}', 'the period is empty: {validFrom:time} to {validTo:time}'),
    words(
      '截止时间须晚于起始时间；过去的起始时间按区块时间计',
      'the end must be later than the beginning; a beginning in the past counts as the block’s time',
    ),
  ),

  // Authorities

  UnknownAuthority: refusal(
    words('机关 {code} 未登记', 'authority {code} is not registered'),
    words('请先登记（authority add）', 'register it first (authority add)'),
  ),
  KnownAuthority: refusal(words('机关 {code} 已登记', 'authority {code} is registered already'), SEE_AUTHORITY),
  DissolvedAuthority: refusal(
    words('机关 {code} 已于 {dissolvedAt:time} 撤销', 'authority {code} was dissolved at {dissolvedAt:time}'),
    words('其职责由承继机关办理', 'its successor acts now'),
  ),
  BadParent: refusal(
    words('{parent} 在 {code} 之下，不能作其上级', '{parent} stands below {code} and cannot be its parent'),
    SEE_AUTHORITY,
  ),

  // Keys

  BadPublicKey: refusal(
    words(
      '公钥须为 65 字节、以 04 开头（现为 {length} 字节）',
      'a public key has 65 bytes and begins with 04 (this one has {length})',
    ),
    CORRECT_INPUT,
  ),
  OffCurve: refusal(
    words('公钥不在 SM2 曲线上', 'the public key is not on the SM2 curve'),
    words('密钥文件已损坏，请换用新密钥', 'the key file is damaged: use a new key'),
  ),
  NoPossession: refusal(
    words('不能证明持有密钥 {keyId}', 'possession of key {keyId} is not shown'),
    words(
      '持有证明只对下一次密钥变更有效：如期间有过其他密钥变更，请重新制作（key prove）',
      'a proof of possession is good for the next key act alone: make it again (key prove) if another came first',
    ),
  ),
  BadKeyAct: refusal(
    words(
      '密钥 {signer} 对机关 {code} 第 {nonce} 次密钥变更的签名不成立',
      'the signature by key {signer} of key act {nonce} of authority {code} does not hold',
    ),
    words(
      '可能有另一变更抢先：请重做；仍不成立则核对链 ID 与登记合约地址',
      'another act may have come first: try again; if it still fails, compare chain id and registry address',
    ),
  ),
  WrongSigner: refusal(
    words('密钥 {signer} 不能为机关 {code} 签署密钥变更', 'key {signer} may not sign key acts of authority {code}'),
    words(
      '须用该机关或其现上级的、有效且未失密未暂停的 authority 密钥；没有时由联盟表决（--by-quorum）',
      'it takes an authority key of that authority or its present parent, in force, neither lost nor suspended; else let the members decide (--by-quorum)',
    ),
  ),
  UnknownKey: refusal(words('密钥 {keyId} 未登记', 'key {keyId} is not listed'), SEE_AUTHORITY),
  KnownKey: refusal(
    words(
      '密钥 {keyId} 已登记过，一把密钥只能登记一次、只有一种用途',
      'key {keyId} is listed already: a key is listed once, for one use',
    ),
    words('请用 veritrail keygen 制作新密钥', 'make a new one with veritrail keygen'),
  ),
  EndedKey: refusal(words('密钥 {keyId} 已于 {validTo:time} 停用', 'key {keyId} has ended at {validTo:time}'), NOTHING_LEFT),
  NotEarlier: refusal(
    words(
      '密钥 {keyId} 已被宣告自 {have:time} 起失密，只能改得更早',
      'key {keyId} is declared compromised since {have:time}; that can only be made earlier',
    ),
    words('如需更早的时间，请用更早的 --since', 'give an earlier --since if that is meant'),
  ),
  SuspendedBefore: refusal(
    words(
      '密钥 {keyId} 曾被紧急暂停，同一密钥只能紧急暂停一次',
      'key {keyId} was suspended before: the emergency suspension comes once for a key',
    ),
    words('再次暂停须全体门槛（key suspend-again）', 'once more takes the whole quorum (key suspend-again)'),
  ),
  NotSuspended: refusal(
    words('密钥 {keyId} 未被暂停', 'key {keyId} is not suspended'),
    words('无需解除', 'there is nothing to lift'),
  ),

  // Scopes and duties

  UnknownGrant: refusal(words('没有编号为 {grantId} 的授权', 'there is no grant {grantId}'), SEE_AUTHORITY),
  EndedGrant: refusal(
    words('授权 {grantId} 已于 {validTo:time} 终止', 'grant {grantId} has ended at {validTo:time}'),
    NOTHING_LEFT,
  ),
  OverlappingGrant: refusal(
    words(
      '同样内容的授权 {grantId} 仍有效（截止：{validTo:time}）',
      'grant {grantId} of the same is in force (end: {validTo:time})',
    ),
    words('请先终止它，或从其截止时间起授予', 'end it first, or begin where it ends'),
  ),
  BeyondGrant: refusal(
    words(
      '超出上级授权 {parentId} 的范围：持有机关、证照类型、行政区划、用途或有效期不在其内',
      'beyond grant {parentId}: another holder, licence type, region or purpose, or a longer period',
    ),
    words(
      '只能授予上级自己所持授权之内的部分；先看 veritrail chain authority show 上级代码',
      'only a part of what the parent holds can be granted: see veritrail chain authority show PARENT',
    ),
  ),

  // Logs

  BadOrigin: refusal(
    words('日志名“{origin}”不合规定', 'log name “{origin}” is not accepted'),
    words(
      '格式为 <联盟>/<机关代码>/<小写字母、数字、连字符>，联盟与机关须与登记一致',
      'it reads <consortium>/<code>/<lower-case letters, digits, ->, with this consortium and the owner’s code',
    ),
  ),
  UnknownLog: refusal(
    words('日志 {logId} 未登记', 'log {logId} is not registered'),
    words('请先登记（log register）', 'register it first (log register)'),
  ),
  KnownLog: refusal(
    words('日志“{origin}”已登记过，名称永不重用', 'log “{origin}” is registered already, and no name is used twice'),
    words('请另取名称', 'choose another name'),
  ),
  ClosedLog: refusal(
    words('日志 {logId} 已于 {closedAt:time} 关闭', 'log {logId} was closed at {closedAt:time}'),
    words('关闭后不再接受任何变更或锚定', 'a closed log takes no change and no anchor'),
  ),
  WrongClass: refusal(
    words('日志 {logId} 的种类（{logClass}）不允许此操作', 'log {logId} is of a class ({logClass}) that does not allow this'),
    words('模式只属证照日志；印章日志没有 VRF 密钥', 'modes belong to licence logs; a seals log has no VRF key'),
  ),
  ShortPromise: refusal(
    words(
      '承诺期 {promiseSpan} 毫秒过短：须不少于时间粒度 {quantum} 加两个锚定周期 {beat}',
      'a promise span of {promiseSpan} ms is too short: it takes one quantum ({quantum}) and two beats ({beat})',
    ),
    CORRECT_INPUT,
  ),
  WrongVrfKey: refusal(
    words('密钥 {keyId} 不能作日志 {logId} 的 VRF 密钥', 'key {keyId} cannot be the VRF key of log {logId}'),
    words(
      '须为日志所属机关的、有效且未失密未暂停的 vrf 密钥',
      'it must be a vrf key of the log’s owner, in force, neither lost nor suspended',
    ),
  ),
  WrongVrfIndex: refusal(
    words('日志 {logId} 的 VRF 密钥不能从第 {fromIndex} 项起用', 'log {logId} cannot take a VRF key from entry {fromIndex} on'),
    words(
      '第一把从 0 起，其后须更晚；证照日志终身只有一把',
      'the first begins at 0, each further one later; a licence log has one for ever',
    ),
  ),
  ModeTaken: refusal(
    words('证照类型 {licenceType} 已在日志 {otherLogId} 中办理', 'licence type {licenceType} has its log already: {otherLogId}'),
    words('一个机关的一种证照只有一个在用日志；先关闭那个日志', 'an authority has one open log for a type; close that log first'),
  ),

  // Succession

  NotOwner: refusal(words('日志 {logId} 不属于机关 {code}', 'log {logId} is not authority {code}’s'), SEE_LOG),
  OwnSuccessor: refusal(words('机关 {code} 不能承继自己的职责', 'authority {code} cannot be its own successor'), CORRECT_INPUT),
  TypeStays: refusal(
    words(
      '日志 {logId} 还载有证照类型 {licenceType}，而该类型不在移转之列：一个日志不能载有两个机关的类型',
      'log {logId} also holds licence type {licenceType}, which is not to move: no log may hold types of two authorities',
    ),
    words(
      '请把该类型一并移转；或先为要移转的类型另开日志（关闭旧日志，证照在新日志重新颁发）',
      'move that type as well; or first give the types that are to move a log of their own (close the old one and re-issue)',
    ),
  ),
  LogStays: refusal(
    words(
      '证照类型 {licenceType} 要移转，但载有它的日志 {logId} 没有移转',
      'licence type {licenceType} is to move, and log {logId}, which holds it, is not',
    ),
    words('请把该日志一并移转（--log 或 --share）', 'let that log move as well (--log or --share)'),
  ),
  OpenLogs: refusal(
    words('机关 {code} 撤销后还剩 {openLogs} 个未关闭的日志', 'authority {code} would be dissolved with {openLogs} open logs'),
    words('请把每个日志移转给承继机关，或先关闭', 'let each of them move to a successor, or close it first'),
  ),
};
