/**
 * The report in a package, for somebody who only reads: HTML without scripts, links or anything fetched. It says what was found and what it
 * does not show; that it is true, the other parts show (package-check.ts).
 */
import { PURPOSES } from '../access/purpose.ts';
import { RESULT_WORDS } from '../access/wording.ts';
import { encodeHex, encodeUtf8 } from '../bytes/bytes.ts';
import type { RankedReader, Ranking } from '../leak/ranking.ts';
import type { Reconciliation } from '../trace/reconciliation.ts';
import type { TracedEntry } from '../trace/traced.ts';
import { againstOf, type JudgedCase, nameOf } from '../trace/view.ts';
import {
  describeLookUps,
  describeReader,
  LOOK_UPS_TITLE,
  RANKING_FINDINGS,
  RANKING_LIMITS,
  RECONCILED_WORDS,
  RECONCILIATION_WORDS,
} from '../trace/words.ts';
import { formatInstant, type Lang } from '../verify/words.ts';
import { countLookUps } from './parts.ts';
import type { PackedResult } from './result-part.ts';
import { REPORT_WORDS as W } from './words.ts';

const MAX_ROWS = 500;

const STYLE =
  'body{font:16px/1.6 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%;font-size:.9rem;display:block;overflow-x:auto}th,td{border:1px solid #999;padding:.25rem .5rem;text-align:left;vertical-align:top}code{word-break:break-all}';

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: 'th' | 'td', values: readonly string[]): string =>
    values.map((value) => `<${tag}${tag === 'th' ? ' scope="col"' : ''}>${escapeHtml(value)}</${tag}>`).join('');
  const body = rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('\n');
  return `<table><thead><tr>${cells('th', heads)}</tr></thead><tbody>\n${body}\n</tbody></table>`;
}

const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`;
const heading = (text: string): string => `<h2>${escapeHtml(text)}</h2>`;

export function reportOf(
  judged: JudgedCase,
  result: PackedResult,
  entries: readonly TracedEntry[],
  madeAt: number,
  lang: Lang,
): Uint8Array {
  const { signedCase, exchanges } = judged.file;
  const one = signedCase.case;
  const title = `${W.title[lang]} ${one.number}`;
  const facts: string[][] = [
    [W.authority[lang], `${nameOf(judged.world.facts, one.authority)} (${one.authority})`],
    [W.reason[lang], one.reason],
    [W.legalBasis[lang], one.legalBasis],
    [W.openedAt[lang], formatInstant(one.openedAt, lang)],
    [W.madeAt[lang], formatInstant(madeAt, lang)],
    [W.lookUps[lang], String(exchanges.length)],
    ...lookUpRows(judged, lang),
  ];
  const sections = [
    `<h1>${escapeHtml(title)}</h1>`,
    ...(judged.world.trust.sample ? [`<p><strong>${escapeHtml(W.sample[lang])}</strong></p>`] : []),
    table([W.what[lang], ''], facts),
    heading(W.shows[lang]),
    paragraph(W.showsText[lang]),
    paragraph(W.showsNot[lang]),
    ...(result.ranking === null ? [] : rankingSections(judged, result, result.ranking, lang)),
    ...(result.reconciliation === null ? [] : reconciliationSections(judged, result.reconciliation, lang)),
    heading(W.entries[lang]),
    ...(entries.length > MAX_ROWS ? [paragraph(W.firstRows[lang].replace('N', String(MAX_ROWS)))] : []),
    entryTable(judged, entries.slice(0, MAX_ROWS), lang),
    ...checkpointSections(entries, lang),
    heading(W.howTo[lang]),
    paragraph(W.howToText[lang]),
  ];
  return encodeUtf8(
    `<!doctype html>\n<html lang="${lang}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>\n<body>\n${sections.join('\n')}\n</body></html>\n`,
  );
}

/** What could not be had or confirmed; nothing where that is nothing. */
function lookUpRows({ file, traced }: JudgedCase, lang: Lang): string[][] {
  const lookUps = file.exchanges.map(({ answer }, i) => ({ event: answer && answer.event, shown: traced[i] ?? null }));
  const counts = countLookUps(lookUps);
  const names = ['unanswered', 'unconfirmed', 'unproven'] as const;
  return names.flatMap((name) => (counts[name] === 0 ? [] : [[W[name][lang], String(counts[name])]]));
}

function rankingSections(judged: JudgedCase, { complete, sample }: PackedResult, ranking: Ranking, lang: Lang): string[] {
  const name = ({ accessor }: { readonly accessor: string }): string => nameOf(judged.world.facts, accessor);
  const rows = (readers: readonly RankedReader[]): string[][] =>
    readers.slice(0, MAX_ROWS).map((one) => [describeReader(one, ranking, name(one), lang), one.leafHashes.join(' ')]);
  return [
    heading(W.ranking[lang]),
    paragraph(RANKING_FINDINGS[ranking.operatorFinding][lang]),
    paragraph(`${W.sampleCounts[lang]} ${sample.length} / ${complete} / ${ranking.sampleRead}`),
    paragraph(RANKING_LIMITS[lang]),
    table([W.reader[lang], W.leafHashes[lang]], [...rows(ranking.operators), ...rows(ranking.accessors)]),
    ...(ranking.lookUps.length === 0
      ? []
      : [
          paragraph(LOOK_UPS_TITLE[lang]),
          table(
            [W.reader[lang], W.leafHashes[lang]],
            ranking.lookUps.map((one) => [describeLookUps(one, name(one), lang), one.leafHashes.join(' ')]),
          ),
        ]),
  ];
}

function reconciliationSections(judged: JudgedCase, { counts, rows, unopened }: Reconciliation, lang: Lang): string[] {
  const stated = Object.entries(counts).map(([state, count]) => [
    RECONCILED_WORDS[state as keyof typeof counts][lang],
    String(count),
  ]);
  return [
    heading(W.reconciliation[lang]),
    table([W.state[lang], W.count[lang]], [...stated, [W.unopened[lang], String(unopened)]]),
    table(
      [W.when[lang], W.reader[lang], W.state[lang], W.why[lang], W.request[lang]],
      rows
        .slice(0, MAX_ROWS)
        .map(({ requestedAt, accessor, operator, state, reasons, request }) => [
          formatInstant(requestedAt, lang),
          `${nameOf(judged.world.facts, accessor)} ${operator}`,
          RECONCILED_WORDS[state][lang],
          reasons.map((reason) => RECONCILIATION_WORDS[reason][lang]).join(lang === 'en' ? '; ' : '；'),
          request,
        ]),
    ),
  ];
}

function entryTable(judged: JudgedCase, entries: readonly TracedEntry[], lang: Lang): string {
  return table(
    [W.when[lang], W.reader[lang], W.purpose[lang], W.outcome[lang], W.subject[lang], W.against[lang], W.leafHashes[lang]],
    entries.map((entry) => {
      const request = entry.papers?.request.request;
      const result = entry.papers?.outcome.outcome.result;
      const pseudonym = judged.pseudonymOf(entry);
      return [
        formatInstant(entry.entry.recordedAt, lang),
        request === undefined ? '' : `${nameOf(judged.world.facts, request.accessor)} ${request.operator.id}`,
        request === undefined ? '' : (PURPOSES[request.purpose]?.words[lang] ?? request.purpose),
        result === undefined ? '' : RESULT_WORDS[result][lang],
        (pseudonym !== null && judged.named.get(pseudonym)?.id) || (pseudonym ?? ''),
        againstOf(entry)
          .map(({ id, code }) => `${id} ${code ?? ''}`.trim())
          .join(' '),
        entry.leafHash,
      ];
    }),
  );
}

function checkpointSections(entries: readonly TracedEntry[], lang: Lang): string[] {
  const checkpoints = new Map(
    entries.map(({ placed: { checkpoint } }) => [`${checkpoint.origin} ${checkpoint.size}`, checkpoint]),
  );
  return [
    heading(W.checkpoints[lang]),
    table(
      [W.origin[lang], W.size[lang], W.when[lang], W.rootHash[lang]],
      [...checkpoints.values()].map(({ origin, size, issuedAt, rootHash }) => [
        origin,
        String(size),
        formatInstant(issuedAt, lang),
        encodeHex(rootHash),
      ]),
    ),
  ];
}
