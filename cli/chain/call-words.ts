/** Calls of the contracts in words: what a proposal would do, and what was done. Whoever made a call chose its values. */
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { HISTORY_MODES, KEY_TYPES, type KeyType, LOG_CLASSES, type LogClass } from '../../core/authority/registry-event.ts';
import { findAuthority, findKey, findLog, type RegistryFacts } from '../../core/authority/registry.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { type Lang, type Words, words } from '../../core/verify/wording.ts';
import type { Described } from '../../chain/abi.ts';

export const KEY_NAMES: Readonly<Record<KeyType, Words>> = {
  authority: words('机关密钥', 'authority key'),
  log: words('日志密钥', 'log key'),
  document: words('证照密钥', 'document key'),
  request: words('请求密钥', 'request key'),
  witness: words('见证密钥', 'witness key'),
  trust: words('信任密钥', 'trust key'),
  vrf: words('VRF 密钥', 'vrf key'),
};

export const CLASS_NAMES: Readonly<Record<LogClass, Words>> = {
  licence: words('证照日志', 'licence log'),
  access: words('访问日志', 'access log'),
  seals: words('印章日志', 'seals log'),
};

const textOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));
/** An id as this program prints it. */
export const idOf = (value: JsonValue | undefined): string => textOf(value).replace(/^0x(?=[0-9a-f]{64}$)/, '');
const isZero = (text: string): boolean => /^0x0*$/.test(text);

/** Ids and codes with what the registry says about them. */
export class Names {
  readonly #facts: RegistryFacts;
  readonly lang: Lang;

  constructor(facts: RegistryFacts, lang: Lang) {
    this.#facts = facts;
    this.lang = lang;
  }

  say({ [this.lang]: text }: Words): string {
    return text;
  }

  authority(code: string | null): string {
    if (code === null) return this.say(words('（无）', '(none)'));
    const name = findAuthority(this.#facts, code)?.name;
    if (name === undefined) return code;
    return this.say(words(`${name}（${code}）`, `${name} (${code})`));
  }

  key(keyId: string): string {
    const key = /^[0-9a-f]{64}$/.test(keyId) ? findKey(this.#facts, asHash(decodeHex(keyId))) : undefined;
    if (key === undefined) return keyId;
    const [owner, type] = [this.authority(key.authority), this.say(KEY_NAMES[key.type])];
    return this.say(words(`${owner}的${type} ${keyId}`, `${type} ${keyId} of ${owner}`));
  }

  log(logId: string): string {
    const log = /^[0-9a-f]{64}$/.test(logId) ? findLog(this.#facts, asHash(decodeHex(logId))) : undefined;
    return log?.origin ?? logId;
  }

  /** A scope or duty. */
  grant(grantId: string): string {
    const scope = this.#facts.scopes.find((one) => encodeHex(one.scopeId) === grantId);
    const duty = this.#facts.duties.find((one) => encodeHex(one.dutyId) === grantId);
    const holder = (scope ?? duty)?.authority;
    if (holder === undefined) return grantId;
    const what = scope === undefined ? duty!.purpose : `${scope.licenceType} @ ${scope.region}`;
    const owner = this.authority(holder);
    return this.say(words(`${owner}的 ${what}（${grantId}）`, `${what} of ${owner} (${grantId})`));
  }

  instant(at: number | null): string {
    return at === null ? this.say(words('无期限', 'no end')) : formatInstant(at, this.lang);
  }

  period(from: number, to: number | null): string {
    const begins = from === 0 ? this.say(words('即时', 'now')) : this.instant(from);
    const ends = to === null ? words('无期限', 'no end') : words(`至 ${this.instant(to)}`, `until ${this.instant(to)}`);
    return this.say(words(`${begins} 起，${ends['zh-CN']}`, `from ${begins}, ${ends.en}`));
  }
}

/** Reads a call's values; what is missing or of another kind reads as its JSON. */
class Values {
  readonly #values: JsonObject;
  readonly names: Names;

  constructor(values: JsonObject, names: Names) {
    this.#values = values;
    this.names = names;
  }

  text(name: string): string {
    return textOf(this.#values[name]);
  }

  /** Null is "no end yet". */
  number(name: string): number | null {
    const value = this.#values[name];
    return typeof value === 'number' ? value : null;
  }

  authority(name: string): string {
    const value = this.#values[name] ?? null;
    return this.names.authority(value === null ? null : textOf(value));
  }

  key(name = 'keyId'): string {
    return this.names.key(idOf(this.#values[name]));
  }

  log(name = 'logId'): string {
    return this.names.log(idOf(this.#values[name]));
  }

  /** Null where it is part of nothing. */
  parentGrant(): string | null {
    return isZero(this.text('parentId')) ? null : this.names.grant(idOf(this.#values['parentId']));
  }

  grant(): string {
    return this.names.grant(idOf(this.#values['grantId']));
  }

  id(name: string): string {
    return idOf(this.#values[name]);
  }

  instant(name: string): string {
    return this.names.instant(this.number(name));
  }

  period(): string {
    return this.names.period(this.number('validFrom') ?? 0, this.number('validTo'));
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice | null {
    return choices[(this.number(name) ?? 0) - 1] ?? null;
  }

  keyType(): string {
    const type = this.choice('keyType', KEY_TYPES);
    return type === null ? this.text('keyType') : this.names.say(KEY_NAMES[type]);
  }

  list(name: string): readonly JsonValue[] {
    const value = this.#values[name];
    return Array.isArray(value) ? (value as readonly JsonValue[]) : [];
  }
}

function describeGrant(v: Values, what: Words): Words {
  const [holder, period, above] = [v.authority('code'), v.period(), v.parentGrant()];
  const source = words(
    above === null ? '由联盟授予' : `属 ${above} 之一部分`,
    above === null ? 'by the members' : `as part of ${above}`,
  );
  return words(
    `授予${holder}${what['zh-CN']}，${period}，${source['zh-CN']}`,
    `grant ${holder} ${what.en}, ${period}, ${source.en}`,
  );
}

function describeNewKey(v: Values): Words {
  const [owner, type, key] = [v.authority('code'), v.keyType(), v.text('publicKey').slice(2)];
  return words(
    `为${owner}登记${type}，公钥 ${key}，${v.period()}`,
    `list a ${type} for ${owner}, public key ${key}, ${v.period()}`,
  );
}

function describeShare(share: JsonValue, names: Names): Words {
  const v = new Values(share as JsonObject, names);
  const logs = v.list('logs').map((id) => names.log(idOf(id)));
  const types = v.list('licenceTypes').map(textOf);
  return words(
    `由${v.authority('successor')}承继日志 ${logs.join('、') || '（无）'} 及证照类型 ${types.join('、') || '（无）'}`,
    `${v.authority('successor')} takes logs ${logs.join(', ') || '(none)'} and licence types ${types.join(', ') || '(none)'}`,
  );
}

function describeSuccession(v: Values): Words {
  const shares = v.list('shares').map((share) => describeShare(share, v.names));
  const dissolves = v.text('dissolves') === 'true';
  const code = v.authority('code');
  return words(
    `机构改革：${code}${dissolves ? '撤销' : '划转部分职责'}；${shares.map((one) => one['zh-CN']).join('；')}`,
    `succession of ${code}, ${dissolves ? 'which is dissolved' : 'which stays'}: ${shares.map(({ en }) => en).join('; ')}`,
  );
}

function describeLog(v: Values): Words {
  const type = v.choice('logClass', LOG_CLASSES);
  const kind = type === null ? v.text('logClass') : v.names.say(CLASS_NAMES[type]);
  const [origin, quantum, beat, promiseSpan] = ['origin', 'quantum', 'beat', 'promiseSpan'].map((name) => v.text(name));
  return words(
    `登记${kind} ${origin}（时间粒度 ${quantum}、锚定周期 ${beat}、承诺期 ${promiseSpan} 毫秒）`,
    `register ${kind} ${origin} (quantum ${quantum}, beat ${beat}, promise span ${promiseSpan} ms)`,
  );
}

/** By the function's name in the contracts. */
const CALLS: Readonly<Record<string, (v: Values) => Words>> = {
  addMember: (v) =>
    words(
      `接纳成员 ${v.authority('code')}，账户 ${v.text('account')}`,
      `add member ${v.authority('code')} with account ${v.text('account')}`,
    ),
  removeMember: (v) => words(`移除成员，账户 ${v.text('account')}`, `remove the member with account ${v.text('account')}`),
  setThresholds: (v) =>
    words(
      `门槛改为 ${v.text('threshold')}，暂停密钥的门槛改为 ${v.text('suspensionThreshold')}`,
      `set the thresholds to ${v.text('threshold')}, and ${v.text('suspensionThreshold')} for suspensions`,
    ),
  registerAuthority: (v) => {
    const [name, code, region, account] = ['name', 'code', 'region', 'account'].map((one) => v.text(one));
    const parent = v.authority('parent');
    return words(
      `登记机关 ${name}（${code}），行政区划 ${region}，上级 ${parent}，账户 ${account}`,
      `register authority ${name} (${code}), region ${region}, parent ${parent}, account ${account}`,
    );
  },
  changeAccount: (v) =>
    words(
      `${v.authority('code')}的账户改为 ${v.text('account')}`,
      `change the account of ${v.authority('code')} to ${v.text('account')}`,
    ),
  changeParent: (v) =>
    words(
      `${v.authority('code')}的上级改为${v.authority('parent')}`,
      `put ${v.authority('code')} under ${v.authority('parent')}`,
    ),
  addKey: describeNewKey,
  addKeyByQuorum: describeNewKey,
  retireKey: (v) => words(`停用 ${v.key()}`, `retire ${v.key()}`),
  retireKeyByQuorum: (v) => words(`停用 ${v.key()}`, `retire ${v.key()}`),
  declareKeyCompromised: (v) => describeLoss(v),
  declareKeyCompromisedByQuorum: (v) => describeLoss(v),
  suspendKey: (v) => words(`紧急暂停 ${v.key()}，7 日`, `suspend ${v.key()} for 7 days (emergency)`),
  suspendKeyAgain: (v) => words(`再次暂停 ${v.key()}，7 日`, `suspend ${v.key()} again, for 7 days`),
  liftSuspension: (v) => words(`解除对 ${v.key()} 的暂停`, `lift the suspension of ${v.key()}`),
  grantScope: (v) => {
    const what = `${v.text('licenceType')} @ ${v.text('region')}`;
    return describeGrant(v, words(`颁发权限 ${what}`, `the scope ${what}`));
  },
  grantDuty: (v) => describeGrant(v, words(`读取职责 ${v.text('purpose')}`, `the duty ${v.text('purpose')}`)),
  endGrant: (v) => words(`终止授权 ${v.grant()}`, `end the grant ${v.grant()}`),
  declareCoverage: (v) =>
    words(
      `${v.authority('code')}声明：${v.text('licenceType')} 自${v.instant('since')}起全部存证`,
      `${v.authority('code')} declares that its logs hold all of ${v.text('licenceType')} since ${v.instant('since')}`,
    ),
  registerLog: describeLog,
  closeLog: (v) => words(`关闭日志 ${v.log()}`, `close log ${v.log()}`),
  setVrfKey: (v) =>
    words(
      `日志 ${v.log()} 自第 ${v.text('fromIndex')} 项起用 ${v.key()}`,
      `log ${v.log()} uses ${v.key()} from entry ${v.text('fromIndex')} on`,
    ),
  setMode: (v) => {
    const mode = v.choice('mode', HISTORY_MODES) ?? v.text('mode');
    return words(
      `日志 ${v.log()} 办理证照类型 ${v.text('licenceType')}，模式 ${mode}`,
      `log ${v.log()} takes licence type ${v.text('licenceType')}, mode ${mode}`,
    );
  },
  recordSuccession: describeSuccession,
  confirm: (v) => words(`确认指控 ${v.id('chargeDigest')} 生效`, `let charge ${v.id('chargeDigest')} take effect`),
  clear: (v) =>
    words(
      `撤销日志 ${v.log()} 的争议，理由：${v.text('reason')}`,
      `clear the dispute of log ${v.log()}, because: ${v.text('reason')}`,
    ),
};

function describeLoss(v: Values): Words {
  return words(`宣告 ${v.key()} 自${v.instant('since')}起失密`, `declare ${v.key()} compromised since ${v.instant('since')}`);
}

/** Null: nobody here knows this call, and nobody should approve it. */
export function describeInWords(call: Described | null, names: Names): string | null {
  const describe = call === null ? undefined : CALLS[call.name];
  return describe === undefined ? null : describe(new Values(call!.values, names))[names.lang];
}
