/** Entries, look-ups and results as lines for a terminal. Persons stand under pseudonyms, but for those that two officers have named. */
import { PURPOSES } from '../../core/access/purpose.ts';
import { ACCESS_REASON_WORDS, ACTIONS, BODY_CHECKS, RESULT_WORDS } from '../../core/access/wording.ts';
import { Paths } from '../../core/leak/path.ts';
import type { CaseReader, RankedReader, Ranking } from '../../core/leak/ranking.ts';
import type { Reconciliation } from '../../core/trace/reconciliation.ts';
import type { RankedSample } from '../../core/trace/result.ts';
import type { Traced, TracedEntry } from '../../core/trace/traced.ts';
import { type Against, againstOf, type JudgedCase, nameOf } from '../../core/trace/view.ts';
import {
  CONTENT_WORDS,
  describeErasure,
  describeLookUps,
  describeReader,
  describeUnproven,
  LOOK_UPS_TITLE,
  RANKING_FINDINGS,
  RANKING_LIMITS,
  RECONCILED_WORDS,
  RECONCILIATION_WORDS,
} from '../../core/trace/words.ts';
import { formatInstant, type Lang } from '../../core/verify/words.ts';

const SHORT = 16;

/** Two lines: who, when and why; what came of it and what of that does not hold. */
export function entryLines(judged: JudgedCase, entry: TracedEntry, lang: Lang): string[] {
  const { papers, leafHash } = entry;
  const when = formatInstant(entry.entry.recordedAt, lang);
  if (papers === null) {
    const erasure = judged.erasures.get(leafHash);
    const why = erasure === undefined ? '' : `  ${describeErasure(erasure, lang)}`;
    return [`${when}  ${leafHash.slice(0, SHORT)}…  ${CONTENT_WORDS[entry.content][lang]}${why}`];
  }
  const { accessor, operator, action, purpose, cause, case: number, breakGlass } = papers.request.request;
  const { result } = papers.outcome.outcome;
  const who = `${nameOf(judged.world.facts, accessor)} ${operator.id}`;
  const what = [ACTIONS[action]?.[lang] ?? action, PURPOSES[purpose]?.words[lang] ?? purpose, cause, number ?? ''].filter(
    Boolean,
  );
  const broken = breakGlass === null ? '' : lang === 'en' ? `  BREAK-GLASS: ${breakGlass}` : `  【紧急】${breakGlass}`;
  return [
    `${when}  ${who}  ${what.join(' · ')}${broken}`,
    `  ${subjectOf(judged, entry)}  ${RESULT_WORDS[result][lang]}  ${leafHash.slice(0, SHORT)}…${againstLine(entry, lang)}`,
  ];
}

function subjectOf(judged: JudgedCase, entry: TracedEntry): string {
  const pseudonym = judged.pseudonymOf(entry);
  return pseudonym === null ? '–' : (judged.named.get(pseudonym)?.id ?? pseudonym);
}

function againstLine(entry: TracedEntry, lang: Lang): string {
  const line = ({ id, outcome, code }: Against): string => {
    const why = code === null ? '' : ACCESS_REASON_WORDS[code][lang];
    return `\n  ${outcome === 'fail' ? '✗' : '?'} ${BODY_CHECKS[id][lang]}${lang === 'en' ? ': ' : '：'}${why}`;
  };
  return againstOf(entry).map(line).join('');
}

export function tracedLines(traced: readonly Traced[], lang: Lang): string[] {
  const lines: string[] = [];
  for (const { log, doubt, entries, unproven, completeness } of traced) {
    const complete = completeness?.outcome === 'complete' ? (lang === 'en' ? ', complete' : '，记录完整') : '';
    const count = lang === 'en' ? `${entries.length} entries${complete}` : `${entries.length} 条记录${complete}`;
    lines.push(`${log.origin}: ${count}`);
    if (doubt !== null) lines.push(`  ! ${ACCESS_REASON_WORDS[doubt][lang]}`);
    if (unproven > 0)
      lines.push(
        lang === 'en'
          ? `  ${unproven} without a proof, or not in the log yet`
          : `  另有 ${unproven} 条没有证明，或者尚未写入日志`,
      );
  }
  return lines;
}

/** From the first request that is known to this one. */
export function pathLines(judged: JudgedCase, entries: readonly TracedEntry[], lang: Lang): string[] {
  const paths = new Paths(judged.entries);
  const digests = new Set(entries.flatMap(({ request }) => request ?? []));
  return [...digests].flatMap((digest) => {
    const steps = paths.to(digest);
    if (steps.length < 2) return [];
    const shown = steps.map(({ request, said }) =>
      said === null
        ? `${request.slice(0, SHORT)}…（${lang === 'en' ? 'not shown' : '未出示'}）`
        : `${nameOf(judged.world.facts, said.accessor)} ${said.operator.id} @ ${nameOf(judged.world.facts, said.custodian)}`,
    );
    return [`${lang === 'en' ? 'Path' : '路径'}: ${shown.join(' → ')}`];
  });
}

export function rankingLines(judged: JudgedCase, { ranking, complete, unproven }: RankedSample, lang: Lang): string[] {
  const name = ({ accessor }: { readonly accessor: string }): string => nameOf(judged.world.facts, accessor);
  const counts =
    lang === 'en'
      ? `Sample of ${ranking.sample}; ${complete} complete histories; ${ranking.sampleRead} read by anybody.`
      : `样本 ${ranking.sample} 人，其中 ${complete} 人取得了完整记录；有查询记录的 ${ranking.sampleRead} 人次。`;
  const rows = (readers: readonly RankedReader[]): string[] =>
    readers
      .slice(0, 20)
      .map((one, i) => `${one.standsOut ? '!' : ' '} ${i + 1}. ${describeReader(one, ranking, name(one), lang)}`);
  return [
    counts,
    ...(unproven > 0 ? [describeUnproven(unproven, lang)] : []),
    RANKING_FINDINGS[ranking.operatorFinding][lang],
    ...rows(ranking.operators),
    '',
    ...rows(ranking.accessors),
    '',
    ...lookUpLines(ranking, name, lang),
    RANKING_LIMITS[lang],
  ];
}

function lookUpLines({ lookUps }: Ranking, name: (one: CaseReader) => string, lang: Lang): string[] {
  if (lookUps.length === 0) return [];
  return [LOOK_UPS_TITLE[lang], ...lookUps.slice(0, 20).map((one) => `  ${describeLookUps(one, name(one), lang)}`), ''];
}

export function reconciliationLines(judged: JudgedCase, { counts, rows, unopened }: Reconciliation, lang: Lang): string[] {
  const stated = Object.entries(counts).map(
    ([state, count]) => `${RECONCILED_WORDS[state as keyof typeof counts][lang]}: ${count}`,
  );
  return [
    stated.join('  '),
    ...(unopened > 0 ? [lang === 'en' ? `${unopened} entries not shown` : `${unopened} 条记录未出示内容`] : []),
    ...rows.map(({ requestedAt, accessor, operator, state, reasons, request, chunk }) => {
      const why = reasons.map((reason) => RECONCILIATION_WORDS[reason][lang]).join(lang === 'en' ? '; ' : '；');
      const which = `${request.slice(0, SHORT)}…${chunk === null ? '' : ` #${chunk}`}`;
      const who = `${nameOf(judged.world.facts, accessor)} ${operator}`;
      return `${formatInstant(requestedAt, lang)}  ${who}  ${which}  ${RECONCILED_WORDS[state][lang]}${lang === 'en' ? ': ' : '：'}${why}`;
    }),
  ];
}
