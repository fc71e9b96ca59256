/** What the case comes to: whose reading fits the leaked list, and where two sides' records differ; in the words of core/trace. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { RankedReader, Ranking } from '../../core/leak/ranking.ts';
import { RECONCILED, type Reconciliation, type ReconciliationRow } from '../../core/trace/reconciliation.ts';
import { type RankedSample, rankedSampleOf, reconciliationOf } from '../../core/trace/result.ts';
import { type JudgedCase, nameOf } from '../../core/trace/view.ts';
import {
  describeLookUps,
  describeReader,
  describeUnproven,
  LOOK_UPS_TITLE,
  RANKING_FINDINGS,
  RANKING_LIMITS,
  RECONCILED_WORDS,
  RECONCILIATION_WORDS,
} from '../../core/trace/words.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { useDeskText } from '../text/desk-language.ts';

interface OfCase {
  readonly judged: JudgedCase;
}

const MAX_READERS = 20;

export function Results({ judged }: OfCase): JSX.Element {
  const [ranked, reconciled] = useMemo(() => [rankedSampleOf(judged), reconciliationOf(judged)], [judged]);
  return (
    <>
      {ranked !== null && <RankingCard judged={judged} ranked={ranked} />}
      {reconciled !== null && <ReconciliationCard judged={judged} reconciled={reconciled} />}
    </>
  );
}

function RankingCard({ judged, ranked }: OfCase & { readonly ranked: RankedSample }): JSX.Element {
  const text = useDeskText();
  const { ranking, complete, unproven } = ranked;
  return (
    <section class="card" aria-labelledby="ranking" data-finding={ranking.operatorFinding}>
      <h2 id="ranking">{text.ranking}</h2>
      <p>{text.rankingCounts(ranking.sample, complete, ranking.sampleRead)}</p>
      {unproven > 0 && <p data-unproven={unproven}>{describeUnproven(unproven, text.lang)}</p>}
      <p class="finding">{RANKING_FINDINGS[ranking.operatorFinding][text.lang]}</p>
      {ranking.operators.length === 0 ? (
        <p>{text.nobodyRead}</p>
      ) : (
        <>
          <h3>{text.byOperator}</h3>
          <Readers judged={judged} ranking={ranking} readers={ranking.operators} />
          <h3>{text.byAccessor}</h3>
          <Readers judged={judged} ranking={ranking} readers={ranking.accessors} />
        </>
      )}
      {ranking.lookUps.length > 0 && (
        <>
          <p>{LOOK_UPS_TITLE[text.lang]}</p>
          <ul class="readers">
            {ranking.lookUps.slice(0, MAX_READERS).map((one) => (
              <li key={`${one.accessor} ${one.operator} ${one.case}`} data-looked-up={one.case}>
                {describeLookUps(one, nameOf(judged.world.facts, one.accessor), text.lang)}
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="small">{RANKING_LIMITS[text.lang]}</p>
    </section>
  );
}

interface ReadersProps extends OfCase {
  readonly ranking: Ranking;
  readonly readers: readonly RankedReader[];
}

function Readers({ judged, ranking, readers }: ReadersProps): JSX.Element {
  const text = useDeskText();
  return (
    <ol class="readers">
      {readers.slice(0, MAX_READERS).map((one) => (
        <li
          key={`${one.accessor} ${one.operator}`}
          data-reader={`${one.accessor} ${one.operator ?? ''}`.trim()}
          data-stands-out={one.standsOut}
        >
          {one.standsOut && <span class="tag loud">{text.standsOut}</span>}{' '}
          {describeReader(one, ranking, nameOf(judged.world.facts, one.accessor), text.lang)}
        </li>
      ))}
    </ol>
  );
}

function ReconciliationCard({ judged, reconciled }: OfCase & { readonly reconciled: Reconciliation }): JSX.Element {
  const text = useDeskText();
  const { counts, rows, unopened } = reconciled;
  return (
    <section class="card" aria-labelledby="reconciliation">
      <h2 id="reconciliation">{text.reconcile}</h2>
      <dl class="facts">
        {RECONCILED.map((state) => (
          <div key={state} data-reconciled={state} data-count={counts[state]}>
            <dt>{RECONCILED_WORDS[state][text.lang]}</dt>
            <dd>{counts[state]}</dd>
          </div>
        ))}
      </dl>
      {unopened > 0 && <p>{text.unopened(unopened)}</p>}
      {rows.length === 0 ? <p>{text.reconcileNone}</p> : <Differences judged={judged} rows={rows} />}
    </section>
  );
}

function Differences({ judged, rows }: OfCase & { readonly rows: readonly ReconciliationRow[] }): JSX.Element {
  const text = useDeskText();
  return (
    <ul class="entries">
      {rows.map(({ request, chunk, accessor, operator, requestedAt, state, reasons }) => (
        <li key={`${request} ${chunk}`} class="entry" data-difference={state}>
          <p class="entry-when">
            <span>{formatInstant(requestedAt, text.lang)}</span>
            <span>
              {nameOf(judged.world.facts, accessor)} {operator}
            </span>
          </p>
          <p>
            <strong>{RECONCILED_WORDS[state][text.lang]}</strong>
            {text.lang === 'en' ? ': ' : '：'}
            {reasons.map((reason) => RECONCILIATION_WORDS[reason][text.lang]).join(text.lang === 'en' ? '; ' : '；')}
          </p>
          <p class="code">{request}</p>
        </li>
      ))}
    </ul>
  );
}
