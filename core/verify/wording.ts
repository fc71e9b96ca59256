/**
 * The sentences for verdicts, checks and reasons, both languages side by side.
 *
 * A sentence for an unknown outcome says only that something could not be found out, never that a licence is good or bad. A reason
 * stands with failed and with unknown checks alike: its clause states what was met, not what follows from it.
 */
import type { LicenceStatus } from '../licence/status.ts';
import type { CheckId, ReasonCode, VerdictWord } from './verdict.ts';

export type Lang = 'zh-CN' | 'en';
export type Words = Readonly<Record<Lang, string>>;

export const words = (zh: string, en: string): Words => ({ 'zh-CN': zh, en });

export const VERDICTS: Readonly<Record<VerdictWord, Words>> = {
  valid: words('有效', 'Valid'),
  invalid: words('无效', 'Invalid'),
  undetermined: words('无法确认', 'Undetermined'),
};

export const STATUSES: Readonly<Record<LicenceStatus, Words>> = {
  active: words('在用', 'in force'),
  suspended: words('暂扣', 'suspended'),
  revoked: words('吊销', 'revoked'),
  annulled: words('撤销', 'annulled'),
  cancelled: words('注销', 'cancelled'),
  superseded: words('已换发新版本', 'superseded'),
};

/** Clauses without a full stop; English ones begin in lower case. */
export const REASONS: Readonly<Record<ReasonCode, Words>> = {
  NOT_RECORDED: words('所查询的存证日志中没有该文件的记录', 'the logs that were asked hold no record of this file'),
  LOG_NOT_FOLLOWED: words('核验服务没有跟踪该颁发机构的日志', 'the verifier does not follow this issuer’s log'),
  CONFLICTING_RECORDS: words('存证记录相互矛盾', 'the records contradict each other'),
  CONTENT_CHANGED: words('文件或证照信息与存证记录不一致', 'the file or the licence data is not what was recorded'),
  REVOKED: words('证照已被吊销', 'the licence has been revoked'),
  ANNULLED: words('证照已被撤销，自始没有法律约束力', 'the licence has been annulled: it is void from the start'),
  CANCELLED: words('证照已被注销，或该文件已被撤回', 'the licence has been cancelled, or this file withdrawn'),
  SUSPENDED: words('证照已被暂扣', 'the licence has been suspended'),
  SUPERSEDED: words('证照已换发新版本', 'a newer version of the licence has been issued'),
  EXPIRED: words('已超过载明的期限', 'the stated term has ended'),
  NOT_YET_VALID: words('尚未到载明的起始日期', 'the stated term has not begun'),
  WRONG_PURPOSE: words('该加注件是为其他用途制作的', 'this copy was made for another purpose'),
  UNKNOWN_ISSUER: words('登记簿中没有与该证照相符的颁发机构', 'the registry lists no issuer that fits this licence'),
  OUT_OF_SCOPE: words(
    '登记簿未显示该机构当时获准颁发此类证照',
    'the registry does not show that the authority could issue this type',
  ),
  KEY_RETIRED: words('登记簿未显示签名密钥当时处于使用期内', 'the registry does not show that the key was in use at that time'),
  KEY_COMPROMISED: words('签名密钥已被报告失密', 'the signing key has been reported lost'),
  BAD_SIGNATURE: words('签名核验不通过', 'a signature does not hold'),
  BAD_PROOF: words('收到的证明不完整或不成立', 'the proofs received are incomplete or do not hold'),
  BAD_ORDER: words('日志记录的先后次序不合规则', 'the entries stand in an order without a meaning'),
  UNKNOWN_KIND: words('含有本程序尚不能识别的内容', 'there is content that this program cannot read'),
  PROVISIONAL: words('记录尚未锚定到链上', 'the record is not anchored on the chain yet'),
  UNWITNESSED: words('见证机构的签名尚未达到要求的数量', 'too few witnesses have signed'),
  FORKED_LOG: words('该日志出现了相互矛盾的版本', 'this log has shown versions that contradict each other'),
  DISPUTED_LOG: words('该日志正处于争议处理中', 'this log is under dispute'),
  STALE: words('所依据的信息超过了允许的时限', 'the information is older than is allowed'),
  CHAIN_UNREACHABLE: words('核验服务目前无法读取链上信息', 'the verifier cannot read the chain at present'),
  NODE_UNREACHABLE: words('日志节点或核验服务没有答复', 'the log’s node or the verifier does not answer'),
  TRUST_EXPIRED: words('信任文件已过期', 'the trust file has expired'),
  TRUST_ROLLED_BACK: words('收到的信任文件比此前接受的更旧', 'the trust file received is older than one accepted before'),
};

/** Clauses as well; `pass` may be followed by a detail in parentheses, `unknown` by a colon and the reason. */
export type CheckWords = Readonly<Record<'name' | 'pass' | 'fail' | 'unknown', Words>>;

export const CHECKS: Readonly<Record<CheckId, CheckWords>> = {
  content: {
    name: words('文件内容', 'File content'),
    pass: words('该文件就是存证的文件，逐字节一致', 'This file is the one that was recorded, byte for byte'),
    fail: words(
      '该文件不是存证的文件：内容已改动，或是另一份文件',
      'This is not the recorded file: it was changed, or is another one',
    ),
    unknown: words('未能确认该文件是否为存证的文件', 'Whether this is the recorded file could not be found out'),
  },
  document: {
    name: words('证照信息', 'Licence data'),
    pass: words('证照信息与日志中的颁发记录相符', 'The licence data is what the log records as issued'),
    fail: words('证照信息与日志中的颁发记录不符', 'The licence data is not what the log records as issued'),
    unknown: words('未能核对证照信息与颁发记录', 'The licence data could not be compared with the record'),
  },
  'licence-signature': {
    name: words('颁发签名', 'Issuer’s signature'),
    pass: words('颁发机构的电子签名核验通过', 'The issuer’s signature holds'),
    fail: words('颁发机构的电子签名核验不通过', 'The issuer’s signature does not hold'),
    unknown: words('未能核验颁发机构的电子签名', 'The issuer’s signature could not be checked'),
  },
  'issuer-authority': {
    name: words('颁发机构', 'Issuing authority'),
    pass: words('颁发机构已登记，记录出自其本机构的日志', 'The issuer is registered, and the record stands in its own log'),
    fail: words('记录不是出自该颁发机构登记的日志', 'The record does not stand in a registered log of this issuer'),
    unknown: words('未能确认颁发机构的登记情况', 'The issuer’s registration could not be checked'),
  },
  'issuer-scope': {
    name: words('颁发权限', 'Scope'),
    pass: words(
      '颁发时，该机构有权在本行政区域颁发此类证照',
      'When it issued, the authority could issue this type in its region',
    ),
    fail: words('颁发时，该机构无权颁发此类证照', 'When it issued, the authority could not issue this type'),
    unknown: words('未能确认该机构的颁发权限', 'Whether the authority could issue this type was not found out'),
  },
  'issuer-key': {
    name: words('签名密钥', 'Issuer’s key'),
    pass: words('颁发时，签名密钥在登记的使用期内', 'When it signed, the issuer’s key was registered and in use'),
    fail: words('颁发时，签名密钥已停用、尚未启用或已失密', 'When it signed, the issuer’s key was not in use, or lost'),
    unknown: words('未能确认颁发时签名密钥的状态', 'Whether the issuer’s key was in use could not be found out'),
  },
  history: {
    name: words('存证记录', 'Recorded history'),
    pass: words(
      '日志中有关该文件和证照的记录已全部出示，无一遗漏',
      'All that the log says of the file and the licence is shown; nothing is left out',
    ),
    fail: words('日志出示的记录有遗漏或改动', 'The records shown by the log leave something out or were changed'),
    unknown: words('未能取得完整、可证明的记录', 'No complete and proven record could be had'),
  },
  status: {
    name: words('证照状态', 'Status'),
    pass: words(
      '证照未被暂扣、吊销、撤销或注销，且为最新版本',
      'Not suspended, revoked, annulled or cancelled; the newest version',
    ),
    fail: words('证照目前不在用', 'The licence is not in force'),
    unknown: words('未能确认证照目前的状态', 'The licence’s present status could not be found out'),
  },
  validity: {
    name: words('证照期限', 'Term'),
    pass: words('在证照载明的期限之内', 'Within the term stated in the licence'),
    fail: words('不在载明的期限之内', 'Outside the stated term'),
    unknown: words('未能核对证照载明的期限', 'The licence’s term could not be checked'),
  },
  'checkpoint-signature': {
    name: words('日志签名', 'Log’s signature'),
    pass: words('检查点由登记的日志密钥签名', 'The checkpoint is signed with the log’s registered key'),
    fail: words('检查点的日志签名核验不通过', 'The log’s signature on the checkpoint does not hold'),
    unknown: words('未能核验检查点的日志签名', 'The log’s signature on the checkpoint could not be relied on'),
  },
  anchor: {
    name: words('链上锚定', 'Anchor'),
    pass: words('检查点已锚定到链上', 'The checkpoint is anchored on the chain'),
    fail: words('检查点与链上锚定的不一致', 'The checkpoint is not the one anchored on the chain'),
    unknown: words('未能确认检查点已锚定到链上', 'Whether the checkpoint is anchored could not be found out'),
  },
  witnesses: {
    name: words('见证', 'Witnesses'),
    pass: words('见证机构已见证该检查点', 'The checkpoint is witnessed'),
    fail: words('检查点的见证签名核验不通过', 'The witnesses’ signatures do not hold'),
    unknown: words('未能确认检查点已由足够的机构见证', 'Whether enough witnesses stand behind it could not be found out'),
  },
  freshness: {
    name: words('信息时效', 'Freshness'),
    pass: words('所依据的信息在允许的时限之内', 'The information is recent enough'),
    fail: words('所依据的信息已过时', 'The information is out of date'),
    unknown: words('未能确认所依据的信息足够新', 'Whether the information is recent enough could not be found out'),
  },
  seal: {
    name: words('电子印章', 'Electronic seal'),
    pass: words('文件中的电子印章核验通过', 'The electronic seal in the file holds'),
    fail: words('文件中的电子印章核验不通过', 'The electronic seal in the file does not hold'),
    unknown: words('未能核验文件中的电子印章', 'The electronic seal in the file could not be checked'),
  },
};

export const NOT_ASKED = words('本次未要求此项', 'Not asked for');
export const WITHDRAWN = words('该文件已被颁发机构撤回', 'The issuer has withdrawn this file');
export const NOT_GIVEN = words('颁发机构未说明', 'not given by the issuer');
