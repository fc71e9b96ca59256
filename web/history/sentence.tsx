/** What is certain, custodian by custodian, in the one sentence that is true; and what it does not cover. */
import type { JSX } from 'preact';
import type { LogPart, SentenceNumbers } from '../../core/access/sentence.ts';
import { ACCESS_REASON_WORDS } from '../../core/access/wording.ts';
import { findAuthority } from '../../core/authority/registry.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { isFound } from '../../core/citizen/compared.ts';
import type { VisitState } from '../citizen/visit.ts';
import { useCitizenText } from '../text/citizen-language.ts';
import type { CitizenText } from '../text/citizen-zh-CN.ts';
import { OutcomeSign } from '../view/icons.tsx';

export type Standing = 'complete' | 'unknown' | 'apart' | 'asking';

/** Of a custodian: apart when none of its logs could be asked at all, complete only when all of them are. */
export function standingOf({ isComplete, logs, custodian }: SentenceNumbers, state: VisitState): Standing {
  const waiting = state.logs.some(({ log, asked }) => log.authority === custodian && asked === null);
  if (waiting) return 'asking';
  if (isComplete) return 'complete';
  return logs.every(({ code }) => code === 'NOT_CONNECTED') ? 'apart' : 'unknown';
}

export const SIGN_OF = { complete: 'pass', unknown: 'unknown', apart: 'notAsked', asking: 'notAsked' } as const;

export function nameIn({ facts }: VisitState, code: string): string {
  return (facts && findAuthority(facts, code)?.name) || code;
}

export function Overview({ state }: { readonly state: VisitState }): JSX.Element {
  const text = useCitizenText();
  const standings = state.sentences.map((one) => standingOf(one, state));
  const count = (wanted: Standing): number => standings.filter((one) => one === wanted).length;
  const accesses = state.sentences.reduce((sum, one) => sum + one.accesses, 0);
  const found = state.comparison.copies.filter(isFound).length;
  const showing = state.sentences.filter(({ entries, isComplete }) => isComplete || entries > 0).length;
  const others = [
    count('unknown') > 0 && text.overviewOpen(count('unknown')),
    count('apart') > 0 && text.overviewApart(count('apart')),
  ].filter((part) => part !== false);
  return (
    <section class="card overview" aria-labelledby="overview" data-complete={count('complete')} data-unknown={count('unknown')}>
      <h2 id="overview">{text.overview}</h2>
      <p class="overview-count">{text.overviewRows(accesses, showing)}</p>
      {found > 0 && (
        <p class="loud-note" data-found={found}>
          {text.overviewFound(found)}
        </p>
      )}
      <p>{[text.overviewComplete(count('complete'), standings.length), ...others].join(text.lang === 'en' ? '; ' : '；')}</p>
    </section>
  );
}

function checkpointsOf(logs: readonly LogPart[], text: CitizenText): string {
  const named = logs.flatMap(({ origin, upTo }) => (upTo === null ? [] : text.checkpointOf(origin, upTo.size)));
  return named.join(text.lang === 'en' ? ' and ' : '、');
}

function whyOf(logs: readonly LogPart[], text: CitizenText): string {
  const codes = [...new Set(logs.flatMap(({ code }) => code ?? []))];
  return codes.map((code) => ACCESS_REASON_WORDS[code][text.lang]).join(text.lang === 'en' ? '; ' : '；');
}

function says(numbers: SentenceNumbers, standing: Standing, name: string, text: CitizenText): string {
  if (standing === 'apart') return text.sentenceApart(name);
  if (standing === 'complete') {
    const anchoredAt = formatInstant(numbers.anchoredAt ?? 0, text.lang);
    return text.sentence(name, checkpointsOf(numbers.logs, text), anchoredAt, numbers.entries);
  }
  const some = numbers.entries > 0 ? ` ${text.sentenceSome(numbers.entries)}` : '';
  return `${text.sentenceOpen(name, whyOf(numbers.logs, text))}${some}`;
}

function NotCovered({ numbers, name }: { readonly numbers: SentenceNumbers; readonly name: string }): JSX.Element {
  const text = useCitizenText();
  const { seals, compared, entries } = numbers;
  const sealed = seals === null ? text.notCoveredSealsUnknown : text.notCoveredSeals(seals.unreleased, seals.overdue);
  return (
    <p class="small">
      <strong>{text.notCovered}</strong>
      {text.lang === 'en' ? ': ' : '：'}
      {text.notCoveredBy(name, compared, entries)}
      {text.lang === 'en' && ' '}
      {sealed}
    </p>
  );
}

export function Sentences({ state }: { readonly state: VisitState }): JSX.Element {
  const text = useCitizenText();
  const told = state.sentences
    .map((numbers) => ({ numbers, standing: standingOf(numbers, state), name: nameIn(state, numbers.custodian) }))
    .filter(({ standing }) => standing !== 'asking');
  return (
    <section class="card" aria-labelledby="sentences">
      <h2 id="sentences">{text.sentences}</h2>
      <ul class="sentences">
        {told.map(({ numbers, standing, name }) => (
          <li
            key={numbers.custodian}
            class="sentence"
            data-custodian={numbers.custodian}
            data-standing={standing}
            data-outcome={SIGN_OF[standing]}
          >
            <OutcomeSign outcome={SIGN_OF[standing]} />
            <div>
              <p>{says(numbers, standing, name, text)}</p>
              {standing === 'complete' && numbers.entries === 0 && <p>{text.nobody}</p>}
              {standing === 'complete' && <NotCovered numbers={numbers} name={name} />}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
