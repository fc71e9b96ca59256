/**
 * The words for what requests, outcomes and checks say, both languages side by side.
 *
 * Actions, methods, classes and codes are open lists: a custodian may use others, which are shown as they stand. A sentence for an unknown
 * outcome says only that something could not be found out.
 */
import { type Words, words } from '../verify/wording.ts';
import type { BodyCheckId } from './body-check.ts';
import type { AccessReason } from './finding.ts';
import type { AccessResult } from './outcome.ts';
import type { Grade } from './request.ts';

export const GRADE_WORDS: Readonly<Record<Grade, Words>> = {
  'personal-key': words('经办人用本人密钥签名', 'signed with the operator’s own key'),
  'session-attested': words('经办人已登录，由查询机关证明', 'the operator was signed in, says the authority that read'),
  asserted: words('经办人身份仅由查询机关的系统写明', 'the operator is merely named by the system of the authority that read'),
  imported: words('由数据机关补录，查询机关没有签名', 'recorded later by the custodian; the authority that read did not sign'),
};

export const RESULT_WORDS: Readonly<Record<AccessResult, Words>> = {
  granted: words('已提供', 'granted'),
  refused: words('已拒绝', 'refused'),
  failed: words('未成功', 'failed'),
};

/** What is done: the event type of GB/T 22239. */
export const ACTIONS: Readonly<Record<string, Words>> = {
  read: words('查看', 'read'),
  search: words('检索', 'search'),
  verify: words('核验（只答是否）', 'check (answered yes or no)'),
  export: words('批量导出', 'export'),
  trace: words('审计追查', 'trace by an auditor'),
  unmask: words('查看未脱敏内容', 'see unmasked'),
};

/** What the accessor does with the data: the method of handling of PIPL article 23. */
export const METHODS: Readonly<Record<string, Words>> = {
  view: words('仅查看，不留存', 'view, not keep'),
  keep: words('留存', 'keep'),
  compare: words('比对', 'compare'),
  compute: words('统计计算', 'compute'),
  forward: words('转送其他机关', 'forward to another authority'),
};

export interface FieldClassMeaning {
  readonly words: Words;
  /** Sensitive personal information in the sense of PIPL article 28. */
  readonly isSensitive: boolean;
}

const plain = (zh: string, en: string): FieldClassMeaning => ({ words: words(zh, en), isSensitive: false });
const sensitive = (zh: string, en: string): FieldClassMeaning => ({ words: words(zh, en), isSensitive: true });

export const FIELD_CLASSES: Readonly<Record<string, FieldClassMeaning>> = {
  identity: plain('身份信息', 'identity'),
  contact: plain('联系方式', 'contact'),
  household: plain('户籍和家庭', 'household and family'),
  education: plain('教育', 'education'),
  employment: plain('就业和社会保险', 'employment and social insurance'),
  property: plain('不动产和车辆', 'property'),
  licence: plain('证照', 'licences'),
  tax: plain('纳税', 'tax'),
  biometric: sensitive('生物识别', 'biometrics'),
  belief: sensitive('宗教信仰', 'religious belief'),
  'special-identity': sensitive('特定身份', 'special status'),
  health: sensitive('医疗健康', 'health'),
  finance: sensitive('金融账户', 'financial accounts'),
  location: sensitive('行踪轨迹', 'whereabouts'),
  minor: sensitive('不满十四周岁未成年人信息', 'data of a child under fourteen'),
};

/** Why an access was not granted. */
export const OUTCOME_CODES: Readonly<Record<string, Words>> = {
  NO_DUTY: words('登记簿中没有查询机关为此目的查询的职责', 'no duty of the authority names this purpose'),
  UNKNOWN_KEY: words('请求不是用已登记且有效的密钥签名的', 'the request is not signed with a registered key in force'),
  BAD_SIGNATURE: words('请求的签名不成立', 'the signature of the request does not hold'),
  REGISTRY_STALE: words('数据机关手头的登记信息过旧', 'the custodian’s facts from the registry are too old'),
  REPLAYED: words('同一请求已经用过', 'the request was used before'),
  OUT_OF_TIME: words('请求的时间与数据机关的时钟相差过大', 'the request’s time is too far from the custodian’s clock'),
  BAD_SEAL: words('封存凭据不成立或者已经用过', 'the seal does not hold or was used before'),
  OBJECTION: words('本人的异议正在处理', 'an objection of the person is being dealt with'),
  POLICY: words('数据机关的规则不允许', 'the custodian’s rules do not allow it'),
  SOURCE_FAILED: words('数据系统没有给出结果', 'the data system gave no result'),
};

/** Questions about one opened access. */
export const BODY_CHECKS: Readonly<Record<BodyCheckId, Words>> = {
  commitment: words('内容就是当时登记的内容', 'the content is what was recorded then'),
  body: words('内容的格式完整', 'the content has its form'),
  subject: words('这一次查询确实涉及该号码', 'this access was about this number'),
  'request-match': words('结果对应这一请求', 'the outcome belongs to this request'),
  custodian: words('由当时负责该日志的机关作出', 'made by the authority whose log it was then'),
  'request-signature': words('请求由查询机关签名', 'signed by the authority that read'),
  'request-key': words('请求的密钥当时有效', 'the request’s key was in force'),
  operator: words('经办人本人签名', 'the operator signed as well'),
  'outcome-signature': words('结果由数据机关签名', 'the outcome is signed by the custodian'),
  'outcome-key': words('结果的密钥当时有效', 'the outcome’s key was in force'),
  purpose: words('查询目的在查询机关的登记职责之内', 'the purpose is among the registered duties of the authority that read'),
  time: words('时间先后合理', 'the times are in order'),
  seal: words('封存有据可查', 'the seal is on record'),
};

/** Clauses without a full stop; they state what was met, not what follows from it. */
export const ACCESS_REASON_WORDS: Readonly<Record<AccessReason, Words>> = {
  BAD_BODY: words('内容的格式无法识别', 'the content cannot be read'),
  BAD_COMMITMENT: words('给出的内容不是当时登记的内容', 'the content shown is not what was recorded'),
  BAD_PATH: words('内容不能证明涉及谁', 'the content does not show whom it was about'),
  BAD_PROOF: words('收到的证明不完整或不成立', 'the proofs received are incomplete or do not hold'),
  BAD_SIGNATURE: words('签名核验不通过', 'a signature does not hold'),
  BAD_TIME: words('时间先后不合理', 'the times contradict each other'),
  CHAIN_UNREACHABLE: words('核验服务目前无法读取链上信息', 'the verifier cannot read the chain at present'),
  CLAIMED_TIME: words('查询时间是补录时自称的，无法证明', 'when it happened is merely claimed by a later record'),
  DISPUTED_LOG: words('该日志正处于争议处理中', 'this log is under dispute'),
  FORKED_LOG: words('该日志出现了相互矛盾的版本', 'this log has shown versions that contradict each other'),
  KEY_COMPROMISED: words('签名密钥已被报告失密', 'the signing key has been reported lost'),
  KEY_RETIRED: words('登记簿未显示签名密钥当时处于使用期内', 'the registry does not show that the key was in use at that time'),
  NODE_UNREACHABLE: words('数据机关目前没有答复', 'the custodian does not answer at present'),
  NOT_CONNECTED: words('该机关已登记，尚未接入', 'this authority is registered and not connected yet'),
  NOT_SHOWN: words('没有出示', 'it was not shown'),
  NO_DUTY: words('登记簿未显示查询机关当时有此职责', 'the registry does not show that the authority had such a duty then'),
  OTHER_CHECKPOINT: words('数据机关与核验服务依据的检查点不同', 'custodian and verifier stand on different checkpoints'),
  OTHER_CUSTODIAN: words('不是由当时负责该日志的机关作出', 'it is not by the authority whose log it was then'),
  OTHER_LOG: words('属于另一日志', 'it belongs to another log'),
  OTHER_REQUEST: words('结果对应的是另一请求', 'the outcome belongs to another request'),
  OTHER_SEAL: words('封存凭据与此次查询不符', 'the seal is not for this access'),
  OTHER_SUBJECT: words('涉及的是另一号码', 'it is about another number'),
  PROVISIONAL: words('记录尚未锚定到链上', 'the record is not anchored on the chain yet'),
  STALE: words('所依据的信息超过了允许的时限', 'the information is older than is allowed'),
  TOO_OFTEN: words('刚才问得太频繁，数据机关要求稍后再问', 'the custodian was asked too often just now'),
  TRUST_EXPIRED: words('信任文件已过期', 'the trust file has expired'),
  TRUST_ROLLED_BACK: words('信任文件比此前接受的版本旧', 'the trust file is older than one accepted before'),
  UNKNOWN_KEY: words('登记簿中没有这一密钥', 'the registry has no such key'),
  UNKNOWN_KIND: words('含有本程序尚不能识别的内容', 'there is content that this program cannot read'),
  UNWITNESSED: words('见证机构的签名尚未达到要求的数量', 'too few witnesses have signed'),
};
