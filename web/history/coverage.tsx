/** Every access log that the registry names: asked or not, complete up to where, and why not where not. None is ever left out. */
import type { JSX } from 'preact';
import { ACCESS_REASON_WORDS } from '../../core/access/wording.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { AskedLog } from '../../core/citizen/ask.ts';
import { formatInstant } from '../../core/verify/words.ts';
import type { VisitState } from '../citizen/visit.ts';
import { useCitizenText } from '../text/citizen-language.ts';
import type { CitizenText } from '../text/citizen-zh-CN.ts';
import { OutcomeSign } from '../view/icons.tsx';
import { nameIn, SIGN_OF, type Standing } from './sentence.tsx';

function standingOfLog(asked: AskedLog | null): Standing {
  if (asked === null) return 'asking';
  const { completeness } = asked.judgement;
  if (completeness.outcome === 'complete') return 'complete';
  return completeness.code === 'NOT_CONNECTED' ? 'apart' : 'unknown';
}

/** Of each epoch: all are shown where the log is complete; a gap names the one that is not. */
function epochsOf({ vrfKeys }: LogFact, { judgement: { completeness } }: AskedLog, text: CitizenText): string {
  if (completeness.outcome === 'complete') return text.epochAll(vrfKeys.length);
  const { keyId } = completeness.facts;
  const gap = vrfKeys.find((one) => encodeHex(one.keyId) === keyId);
  return gap === undefined ? text.epochOpen(vrfKeys.length) : text.epochGap(gap.fromIndex);
}

function LogDetails({
  log,
  asked,
  state,
}: {
  readonly log: LogFact;
  readonly asked: AskedLog;
  readonly state: VisitState;
}): JSX.Element {
  const text = useCitizenText();
  const { completeness, entries } = asked.judgement;
  const { agreeing } = state.comparison;
  const compared = entries.filter(({ proven }) => agreeing.has(encodeHex(proven.leafHash))).length;
  const instant = (ms: number): string => formatInstant(ms, text.lang);
  return (
    <>
      {completeness.outcome === 'complete' ? (
        <p>{text.upTo(completeness.upTo.size, instant(completeness.anchor.anchoredAt))}</p>
      ) : (
        <p>{ACCESS_REASON_WORDS[completeness.code][text.lang]}</p>
      )}
      {asked.newer !== null && <p data-newer>{text.newer(asked.newer.size, instant(asked.newer.issuedAt))}</p>}
      {completeness.outcome === 'unknown' && completeness.code === 'NOT_CONNECTED' ? null : (
        <p class="small">
          {text.epochs}
          {text.lang === 'en' ? ': ' : '：'}
          {epochsOf(log, asked, text)} · {text.shown(entries.length)} · {text.compared(compared, entries.length)}
        </p>
      )}
    </>
  );
}

export function Coverage({ state }: { readonly state: VisitState }): JSX.Element {
  const text = useCitizenText();
  return (
    <section class="card" aria-labelledby="coverage">
      <h2 id="coverage">{text.coverage}</h2>
      <p class="small">{text.coverageLead}</p>
      <ul class="checks">
        {state.logs.map(({ log, asked }) => {
          const standing = standingOfLog(asked);
          const completeness = asked?.judgement.completeness;
          const code = completeness?.outcome === 'unknown' ? completeness.code : undefined;
          return (
            <li
              key={log.origin}
              class="log"
              data-log={log.origin}
              data-standing={standing}
              data-code={code}
              data-outcome={SIGN_OF[standing]}
            >
              <OutcomeSign outcome={SIGN_OF[standing]} />
              <h3>{nameIn(state, log.authority)}</h3>
              <span class="outcome">{text.coverageOutcomes[standing]}</span>
              <div class="log-says">
                {asked !== null && <LogDetails log={log} asked={asked} state={state} />}
                <p class="code">{log.origin}</p>
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
