/** `veritrail verify package.zip`: an auditor's package, checked without a network against a trust file. */
import type { JsonObject } from '../core/bytes/json.ts';
import { PACKAGE_CHECKS, PACKAGE_REASON_WORDS, REPORT_WORDS } from '../core/package/words.ts';
import { type CheckedPackage, verifyPackage } from '../core/package/package-check.ts';
import type { LookUpCounts } from '../core/package/parts.ts';
import { PACKAGE_CHECK_IDS, type PackageVerdict } from '../core/package/verdict.ts';
import { againstOf } from '../core/trace/view.ts';
import { formatInstant, type Lang } from '../core/verify/words.ts';
import type { Trust } from '../core/verify/trust.ts';
import { exitOf, print } from './command.ts';
import type { VerifyOptions } from './verify.ts';

const NAMES: Readonly<Record<Lang, Readonly<Record<PackageVerdict['verdict'], string>>>> = {
  'zh-CN': { valid: '证明包完整、有效', invalid: '证明包无效', undetermined: '无法确认' },
  en: { valid: 'Valid: whole, as its authority made it', invalid: 'Invalid', undetermined: 'Undetermined' },
};

export function verifyPackageFile(bytes: Uint8Array, trust: Trust, options: VerifyOptions): number {
  const checked = verifyPackage(bytes, { trust, evaluatedAt: Date.now() });
  print(options, formatChecked(checked), describeChecked(checked, trust, options.lang));
  return exitOf(checked.verdict.verdict);
}

function formatChecked({ verdict, signed, entries, lookUps }: CheckedPackage): JsonObject {
  return {
    package: true,
    verdict: verdict.verdict,
    reasons: [...verdict.reasons],
    passed: { ...verdict.passed },
    findings: verdict.findings.map((finding) => ({ ...finding, facts: { ...finding.facts } })),
    case: signed && { number: signed.case.number, authority: signed.case.authority, reason: signed.case.reason },
    madeAt: signed && signed.manifest.manifest.madeAt,
    trustVersion: signed && signed.manifest.manifest.trust.version,
    lookUps: lookUps && { ...lookUps },
    // What the package shows, not what is wrong with it.
    against: (entries?.entries ?? []).flatMap(({ part, traced }) => {
      const against = againstOf(traced);
      return against.length === 0 ? [] : [{ part, against }];
    }),
  };
}

function describeChecked({ verdict, signed, entries, lookUps }: CheckedPackage, trust: Trust, lang: Lang): string[] {
  const isChinese = lang === 'zh-CN';
  const lines = [`${NAMES[lang][verdict.verdict]}  ${verdict.reasons.join(' ')}`.trimEnd()];
  if (trust.sample) lines.push(isChinese ? '【样例】单机运行，没有独立的第三方' : '[SAMPLE] one machine, no independent party');
  if (signed !== null) {
    const { number, authority, reason } = signed.case;
    lines.push(`${number}  ${authority}  ${reason}  ${formatInstant(signed.manifest.manifest.madeAt, lang)}`);
  }
  for (const id of PACKAGE_CHECK_IDS) {
    const against = verdict.findings.filter(({ check }) => check === id);
    const count = verdict.passed[id];
    if (count === 0 && against.length === 0) continue;
    const mark = against.some(({ outcome }) => outcome === 'fail') ? '✗' : against.length > 0 ? '?' : '✓';
    lines.push(`${mark} ${PACKAGE_CHECKS[id][lang]} (${count}${against.length > 0 ? ` / ${count + against.length}` : ''})`);
    for (const { part, code } of against)
      lines.push(`    ${part}${isChinese ? '：' : ': '}${PACKAGE_REASON_WORDS[code][lang]} (${code})`);
  }
  lines.push(...lookUpLines(lookUps, lang));
  const irregular = (entries?.entries ?? []).filter(({ traced }) => againstOf(traced).length > 0).length;
  if (irregular > 0)
    lines.push(
      isChinese
        ? `其中 ${irregular} 条记录所载的查询有不成立或者无法确认之处，见报告。`
        : `Of ${irregular} accesses something does not hold, or is not known: see the report.`,
    );
  return lines;
}

/** Said beside the verdict: a package may be valid with look-ups that show nothing. */
function lookUpLines(counts: LookUpCounts | null, lang: Lang): string[] {
  const names = ['unanswered', 'unconfirmed', 'unproven'] as const;
  const said = names.filter((name) => counts !== null && counts[name] > 0);
  if (counts === null || said.length === 0) return [];
  return [
    `! ${REPORT_WORDS.lookUps[lang]}: ${counts.asked}`,
    ...said.map((name) => `    ${REPORT_WORDS[name][lang]}: ${counts[name]}`),
  ];
}
