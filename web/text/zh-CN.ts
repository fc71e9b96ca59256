/** The page's own words in Chinese, the default. What checks and reasons say is in core/verify/wording.ts. */
import type { KindName } from '../../core/log/entry.ts';
import type { Outcome, ReasonCode, VerdictWord } from '../../core/verify/verdict.ts';
import type { Lang } from '../../core/verify/words.ts';
import type { Trouble } from '../check/session.ts';

/** What a reason means for the person at the counter, and what to do. */
export interface Explanation {
  /** The one sentence that matters most. */
  readonly says: string;
  readonly why?: string;
  readonly next?: string;
}

type Explanations = Partial<Readonly<Record<ReasonCode, Explanation>>>;
type FieldNames = Readonly<Record<string, string>>;
type KindNames = Partial<Readonly<Record<KindName, string>>>;

const NOT_AGAINST = '这不说明证照有问题。';
const ASK_ISSUER = '请向颁发机构核实。';
const TRUST = '请联系本系统的管理者，取得有效的信任文件后再核验。';

export const zhCN = {
  lang: 'zh-CN' as Lang,
  name: '证迹',
  pageTitle: '电子证照核验',
  otherLang: 'English',
  lead: '选择证照文件，核验它由谁颁发、目前是否在用。',
  privacy: '文件只在本机读取，文件内容及其摘要都不会离开本机。',

  sample: '样例',
  sampleNote: '全部程序运行在一台机器上，没有独立的第三方。仅供演示。',

  pick: '选择文件',
  pickAnother: '核验其他文件',
  drop: '也可以把文件拖到这里',
  pickHint: '有证据文件（.evidence.json）的，请与证照文件一并选择。',
  file: '文件',
  withEvidence: '附证据文件',
  again: '再次核验',
  reading: '正在读取文件',
  asking: '正在核对存证记录',
  troubles: {
    'no-file': '已读取附带的文件。请再选择要核验的证照文件。',
    'many-files': '一次只能核验一份证照文件（可附一份证据文件）。',
    'unreadable-file': '文件无法读取，可能已被移动或修改。请重新选择。',
    'unreadable-evidence': '证据文件或信任文件无法识别，可能已损坏。',
    'refused-trust': '该信任文件不能采用：它比此前采用的更旧，或签名不符。',
    broken: '本页发生内部错误，没有得出结论。请刷新后重试。',
  } satisfies Record<Trouble, string>,

  steps: [
    ['本机计算', '用 SM3 计算文件摘要，据此推算查询位置。对外只发送查询位置，由它推不出文件。'],
    ['取得证明', '从日志取得记录及其密码学证明：在册证明、无遗漏证明、链上锚定和见证签名。'],
    ['自行核验', '签名与证明全部由本页在本机核验，不采信服务器的结论。'],
  ],

  valid: (issuer: string) => `本证照由${issuer}颁发，目前在用。`,
  validOffline: (issuer: string) => `本证照由${issuer}颁发，截至上述时刻在用。`,
  validNext: '请将下列信息与所持证照逐项核对，并核对持证人身份。',
  offline: (instant: string) => `截至 ${instant}`,
  offlineNote: '这是按所带证据作出的离线核验，只说明截至该时刻的情况；此后是否被暂扣、吊销、撤销或注销，须联网核验。',
  next: {
    valid: '',
    invalid: '请勿据此办理。如有疑问，请向颁发机构核实。',
    undetermined: '暂不能据此判断。请稍后再次核验，或向颁发机构核实。',
  } satisfies Record<VerdictWord, string>,
  explain: {
    NOT_RECORDED: {
      says: '所查询的存证日志中没有这份文件的记录。',
      why: '这不等于文件是伪造的：它可能尚未存证，可能由未接入的机构颁发，也可能在转存时发生了变化——相差一个字节就是另一份文件。',
      next: '请使用颁发机构给出的原始文件再试；有证据文件（.evidence.json）的，请一并选择。仍无记录的，请向颁发机构核实。',
    },
    LOG_NOT_FOLLOWED: {
      says: '本核验服务没有跟踪该颁发机构的日志，因此无从核对。',
      why: NOT_AGAINST,
      next: '请换用跟踪该机构的核验服务，或向颁发机构核实。',
    },
    CONFLICTING_RECORDS: { says: '不同的存证记录对这份文件的说法相互矛盾。', next: ASK_ISSUER },
    CONTENT_CHANGED: {
      says: '这份文件与证据和存证记录所指的文件不一致：内容被改动过，或者不是同一份文件。',
      next: '请勿采信这份文件。请持证人提供颁发机构给出的原始文件。',
    },
    REVOKED: { says: '该证照已被吊销，不能再作为依据。' },
    ANNULLED: { says: '该证照已被撤销，自始没有法律约束力。' },
    CANCELLED: { says: '该证照已被注销，或者颁发机构已撤回这份文件。' },
    SUSPENDED: { says: '该证照正在暂扣期间，目前不能作为依据。', next: '暂扣是否已经解除，请向作出决定的机关核实。' },
    SUPERSEDED: { says: '该证照已换发新版本，这份文件是旧版本。', next: '请持证人出示最新版本的证照文件。' },
    EXPIRED: { says: '该证照已超过载明的期限。', next: '请持证人出示延续后的证照文件。' },
    NOT_YET_VALID: { says: '尚未到该证照载明的起始日期。' },
    PROVISIONAL: {
      says: '记录已经写入日志，但尚未锚定到链上，还不能作出结论。',
      why: '这通常只需几分钟。',
      next: '本页会自动重新核验，请稍候。',
    },
    UNWITNESSED: { says: '对这份记录作出见证的机构还不够多，因此不能作出结论。' },
    FORKED_LOG: { says: '该机构的日志出现了相互矛盾的版本，在查明之前不能作为依据。', next: ASK_ISSUER },
    DISPUTED_LOG: { says: '该机构的日志正处于争议处理中，在处理完毕之前不能作为依据。', next: ASK_ISSUER },
    BAD_PROOF: {
      says: '收到的证明不完整或不成立，不能作为依据。',
      why: '这可能是传输或服务的问题，不说明证照有问题。',
    },
    STALE: {
      says: '所依据的信息超过了允许的时限，或者本机时钟不准，因此不能确认目前的状态。',
      next: '请核对本机的日期和时间，然后再次核验。',
    },
    CHAIN_UNREACHABLE: {
      says: '核验服务目前无法从链上取得最新信息，因此不能确认证照目前的状态。',
      why: NOT_AGAINST,
      next: '本页会自动重新核验。可先保存证据文件，待恢复后或离线核验；急需时请向颁发机构核实。',
    },
    NODE_UNREACHABLE: {
      says: '核验服务没有答复，或者没有取得所需的记录，因此无从核对。',
      why: NOT_AGAINST,
      next: '本页会自动重新核验。带有证据文件的，可以离线核验；急需时请向颁发机构核实。',
    },
    TRUST_EXPIRED: { says: '信任文件已过期，任何结论都不再有依据。', next: TRUST },
    TRUST_ROLLED_BACK: { says: '核验服务给出的信任文件比本浏览器此前采用的更旧，不予采用。', next: TRUST },
  } satisfies Explanations as Explanations,
  trustRefused: { says: '核验服务给出的信任文件未通过核验，不予采用，因此没有作出核对。', next: TRUST } as Explanation,
  notChecked: (names: string) => `未能核对：${names}。`,
  watching: '每 3 秒自动重新核验',
  checkedAt: (instant: string) => `核验时间 ${instant}`,

  act: { by: '作出机关', since: '生效时间', reason: '理由', legalBasis: '法律依据', proved: '最迟记录于' },
  notGiven: '颁发机构未说明',
  newerVersion: '新版本的证照标识',

  saveEvidence: '保存证据文件',
  saveEvidenceNote: '证据文件可随证照文件携带，供离线核验。它与证照文件同等敏感，请妥善保管。',
  checkOffline: '按证据离线核验',
  checkOfflineNote: '不联网，依据所带的证据文件和本浏览器采用的信任文件核验，结论只到证据取得之时。',
  noTrustForEvidence: '本浏览器没有这份证据所属链的信任文件。请把信任文件（trust.json）一并选择，即可离线核验。',

  licence: '与所持证照核对',
  issuer: '登记的颁发机构',
  successor: '职责现由（机构改革）',
  type: '证照类型代码',
  identifier: '证照标识',
  term: '证照期限',
  status: '证照状态',
  fields: {
    ZZMC: '证照名称',
    ZZBH: '证照编号',
    ZZBS: '证照标识',
    ZZLXDM: '证照类型代码',
    ZZBFJG: '证照颁发机构',
    ZZBFJGDM: '证照颁发机构代码',
    ZZBFRQ: '证照颁发日期',
    ZZYXQQSRQ: '期限起始日期',
    ZZYXQJZRQ: '期限截止日期',
    CZZT: '持证主体',
    CZZTDM: '持证主体代码',
    CZZTDMLX: '持证主体代码类型',
    KZ_KSMC: '矿山名称',
    KZ_KCKZ: '开采矿种',
    KZ_XMMC: '项目名称',
  } as FieldNames,

  findings: '另请注意',
  checks: '核验项目',
  eachCheck: '逐项查看',
  counts: (pass: number, asked: number) => `${asked} 项中 ${pass} 项通过`,
  outcomes: { pass: '通过', fail: '不通过', unknown: '未能核对', notAsked: '未要求' } satisfies Record<Outcome, string>,

  proof: '查看证明',
  checkpoint: '检查点',
  standsOn: (origin: string, size: number) => `依据检查点 ${origin} · ${size} 条记录`,
  standsOnNothing: '没有可依据的检查点。',
  origin: '日志名称',
  logId: '日志标识',
  size: '记录总数',
  rootHash: '树根',
  mapRoot: '映射根',
  issuedAt: '检查点时间',
  anchor: '链上锚定',
  notAnchored: '尚未锚定',
  blockNumber: '区块号',
  blockHash: '区块哈希',
  anchoredAt: '区块时间',
  anchoredBy: '信息来源',
  by: { chain: '核验服务刚刚读取的链，且有见证机构签名', witnesses: '见证机构的签名（离线）' },
  witnesses: '见证',
  witnessCount: (count: number, quorum: number) => `${count} 家（要求 ${quorum} 家）`,
  entries: '所依据的记录',
  entryIndex: '序号',
  entryKind: '记录',
  recordedAt: '日志所称时间',
  provedTime: '经证明的时间',
  provedBetween: (from: string, to: string | null) => (to === null ? `不早于 ${from}` : `${from} 至 ${to} 之间`),
  about: { licence: '证照', file: '文件' },
  kinds: {
    issue: '颁发',
    suspend: '暂扣',
    resume: '解除暂扣',
    revoke: '吊销',
    annul: '撤销',
    cancel: '注销',
    reinstate: '恢复',
    correct: '更正',
    file: '存证',
    copy: '加注件',
    erasure: '删除',
  } as KindNames,
  unknownKind: '其他',

  truth: '核验结果证明：谁、最迟何时、作出了什么记载，以及目前的状态如何；并不证明记载的内容在当时属实。',
  trust: '信任文件',
  trustOf: (consortium: string, version: number, until: string) => `联盟 ${consortium} · 第 ${version} 版 · 使用至 ${until}`,
  firstSight: '本浏览器首次见到，未经比对即采用；要求更高时，请从可靠渠道取得信任文件并一并选择。',
};

export type Text = typeof zhCN;
