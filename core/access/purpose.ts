/**
 * Purposes: what the registry's duties name (a token of a–z, 0–9, `.` and `-`), in a citizen's words, beside the terms of W3C DPV 2.3
 * where it has one that means the same or a wider one that covers it.
 *
 * An authority may read data for a purpose that one of its duties names, and for no other. The registry takes any token; those that are
 * not in this table are shown as they stand, marked as not explained here.
 */
import type { DutyFact, RegistryFacts } from '../authority/registry.ts';
import { type Words, words } from '../verify/wording.ts';
import type { ProvedTime } from '../verify/basis.ts';
import { type AccessFinding, bestOf, fail, heldDuring, unknown } from './finding.ts';

export interface PurposeMeaning {
  readonly words: Words;
  /** A term of https://w3id.org/dpv; null where none fits. */
  readonly dpv: string | null;
  /** `exact`: the term says the same; `broader`: it says more. The sentence and its choice are ours in any case. */
  readonly match: 'exact' | 'broader' | null;
}

const DPV = 'https://w3id.org/dpv#';
const exact = (term: string, zh: string, en: string): PurposeMeaning => ({
  words: words(zh, en),
  dpv: DPV + term,
  match: 'exact',
});
const broader = (term: string, zh: string, en: string): PurposeMeaning => ({
  words: words(zh, en),
  dpv: DPV + term,
  match: 'broader',
});
const ours = (zh: string, en: string): PurposeMeaning => ({ words: words(zh, en), dpv: null, match: null });

export const PURPOSES: Readonly<Record<string, PurposeMeaning>> = {
  'service.requested': exact('RequestedServiceProvision', '办理您申请的事项', 'to deal with what you applied for'),
  'service.eligibility': exact('ServiceAccessDetermination', '核对您是否符合办理条件', 'to see whether you meet the conditions'),
  'service.registration': exact('ServiceRegistration', '为办理事项进行登记', 'to register you for a service'),
  'service.improvement': exact('ImprovePublicServices', '改进公共服务', 'to improve public services'),
  'identity.verification': exact('IdentityVerification', '核实身份', 'to verify an identity'),
  'age.verification': exact('AgeVerification', '核实年龄', 'to verify an age'),
  'licence.verification': broader('Verification', '核验证照', 'to check a licence'),
  'rights.fulfilment': exact('RightsFulfilment', '落实您的法定权利', 'to fulfil a right that the law gives you'),
  'legal.obligation': exact('LegalCompliance', '履行法定职责或者义务', 'to fulfil a duty laid down by law'),
  'fraud.prevention': exact('FraudPreventionAndDetection', '防范和查处欺诈', 'to prevent and detect fraud'),
  'dispute.handling': exact('DisputeManagement', '处理争议', 'to settle a dispute'),
  'public-security': exact('ProtectionOfPublicSecurity', '维护公共安全', 'to protect public security'),
  'national-security': exact('ProtectionOfNationalSecurity', '维护国家安全', 'to protect national security'),
  'statistics.official': exact('ProvideOfficialStatistics', '编制官方统计', 'to compile official statistics'),
  'records.management': exact('RecordManagement', '管理档案和记录', 'to keep records'),
  'security.enforcement': exact('EnforceSecurity', '保障数据和系统安全', 'to keep data and systems secure'),
  'audit.compliance': broader('OrganisationComplianceManagement', '合规审计', 'to audit whether rules are kept'),
  'audit.trace': broader('MisusePreventionAndDetection', '查证数据泄露或者违规查询', 'to find out about a leak or misuse'),
  'person.own-history': ours('应本人请求，向本人提供查询记录', 'to show you, at your request, who read your data'),
  'objection.handling': ours('处理您提出的异议', 'to deal with your objection'),
};

/** Null for a purpose that this table does not explain. */
export function purposeMeaningOf(purpose: string): PurposeMeaning | null {
  return Object.hasOwn(PURPOSES, purpose) ? PURPOSES[purpose]! : null;
}

function dutiesFor(facts: RegistryFacts, authority: string, purpose: string): DutyFact[] {
  return facts.duties.filter((duty) => duty.authority === authority && duty.purpose === purpose);
}

/** For a gateway: whether a duty of the authority names the purpose, at an instant that is now. */
export function hasDuty(facts: RegistryFacts, authority: string, purpose: string, now: number): boolean {
  return dutiesFor(facts, authority, purpose).some(
    ({ validFrom, validTo }) => now >= validFrom && (validTo === null || now < validTo),
  );
}

/** For a reader: whether one did while something came to be. Facts older than that may lack a duty granted since. */
export function dutyFinding(facts: RegistryFacts, authority: string, purpose: string, span: ProvedTime): AccessFinding {
  const [first, ...others] = dutiesFor(facts, authority, purpose).map(({ validFrom, validTo }) =>
    heldDuring(span, validFrom, validTo, 'NO_DUTY', { purpose }),
  );
  if (first !== undefined) return bestOf([first, ...others]);
  const areRecent = span.to !== null && facts.block.at >= span.to;
  return areRecent ? fail('NO_DUTY', { purpose }) : unknown('NO_DUTY', { purpose });
}
