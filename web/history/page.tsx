/** The citizen's page: who is signed in, what is certain, each custodian, and the accesses themselves. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatInstant } from '../../core/verify/words.ts';
import { isShown, NO_FILTER } from '../citizen/filter.ts';
import type { Visit, VisitState } from '../citizen/visit.ts';
import { useCitizenText } from '../text/citizen-language.ts';
import { Foot, Head } from '../view/frame.tsx';
import { Chart } from './chart.tsx';
import { Compared } from './compared.tsx';
import { Coverage } from './coverage.tsx';
import { Filters, SaveButtons } from './filters.tsx';
import { RowList } from './row-list.tsx';
import { Overview, Sentences } from './sentence.tsx';

interface PageProps {
  readonly visit: Visit;
  readonly state: VisitState;
  readonly onSwitchLanguage: () => void;
  readonly onLeave: (next: string) => void;
}

export function HistoryPage({ visit, state, onSwitchLanguage, onLeave }: PageProps): JSX.Element {
  const text = useCitizenText();
  const { person, step, trouble, trust } = state;
  return (
    <>
      <Head text={text} trust={trust} onSwitchLanguage={onSwitchLanguage} />
      <main data-step={step}>
        <h1>{text.pageTitle}</h1>
        {person !== null && <PersonBar visit={visit} state={state} onLeave={onLeave} />}
        <Progress state={state} />
        {step === 'signed-out' && <Welcome />}
        {person !== null && trouble === null && state.facts !== null && <Answer visit={visit} state={state} />}
      </main>
      <Foot text={text} trust={trust}>
        {text.checkedAt(formatInstant(state.evaluatedAt, text.lang))}
      </Foot>
    </>
  );
}

function Welcome(): JSX.Element {
  const text = useCitizenText();
  return (
    <>
      <p class="lead">{text.lead}</p>
      <p class="offer">
        <a class="button primary large" href="/portal/sign-in">
          {text.signIn}
        </a>
      </p>
      <p class="privacy">{text.signInNote}</p>
      <ol class="steps">
        {text.steps.map(([title = '', body = '']) => (
          <li key={title}>
            <h2>{title}</h2>
            <p>{body}</p>
          </li>
        ))}
      </ol>
    </>
  );
}

function PersonBar({ visit, state, onLeave }: Pick<PageProps, 'visit' | 'state' | 'onLeave'>): JSX.Element | null {
  const text = useCitizenText();
  const { person, step } = state;
  if (person === null) return null;
  const leave = (): void => {
    visit.signOut().then(onLeave, () => onLeave('/'));
  };
  return (
    <div class="file-bar">
      <p class="file-name">
        <span class="small">{text.signedInAs}</span>
        <strong>{person.name ?? text.number}</strong>
        <span class="small">
          {text.number} {text.masked(person.person.id.slice(-4))}
        </span>
      </p>
      <div class="actions">
        <button type="button" class="button" data-action="again" disabled={step === 'asking'} onClick={() => void visit.again()}>
          {text.again}
        </button>
        <button type="button" class="button" data-action="sign-out" onClick={leave}>
          {text.signOut}
        </button>
      </div>
    </div>
  );
}

/** What is going on, also said aloud. */
function Progress({ state }: { readonly state: VisitState }): JSX.Element {
  const text = useCitizenText();
  const { step, trouble, logs } = state;
  const done = logs.filter(({ asked }) => asked !== null).length;
  return (
    <div role="status" class="progress">
      {trouble !== null && (
        <p class="trouble" data-trouble={trouble}>
          {text.troubles[trouble]}
        </p>
      )}
      {step === 'asking' && (
        <label>
          <span>
            {text.asking} {logs.length > 0 && text.askingCount(done, logs.length)}
          </span>
          <progress max={Math.max(1, logs.length)} value={done} />
        </label>
      )}
    </div>
  );
}

function Answer({ visit, state }: Pick<PageProps, 'visit' | 'state'>): JSX.Element {
  const text = useCitizenText();
  const [filter, setFilter] = useState(NO_FILTER);
  const shown = state.rows.filter((row) => isShown(row, filter));
  return (
    <>
      <Overview state={state} />
      <Sentences state={state} />
      <Compared state={state} />
      <Coverage state={state} />
      <Chart rows={shown} />
      <section class="card" aria-labelledby="history">
        <div class="card-head">
          <h2 id="history">{text.history}</h2>
          <p class="small" role="status">
            {text.shownOf(shown.length, state.rows.length)}
          </p>
        </div>
        <Filters state={state} filter={filter} onFilter={setFilter} />
        <RowList visit={visit} state={state} rows={shown} />
        <SaveButtons state={state} rows={shown} />
      </section>
    </>
  );
}
