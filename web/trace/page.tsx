/** The auditor's desk: what each look-up entails, a case to open or to start, and at the case everything that can be done with it. */
import type { JSX } from 'preact';
import type { Casework } from '../desk/casework.ts';
import type { CaseworkState } from '../desk/state.ts';
import { useDeskText } from '../text/desk-language.ts';
import { Foot, Head } from '../view/frame.tsx';
import type { AtCaseProps } from './at-case.ts';
import { CaseBar } from './case-bar.tsx';
import { Entries } from './entries.tsx';
import { LookUps, Waiting } from './look-ups.tsx';
import { FoundForm, OpenForm } from './open-forms.tsx';
import { Progress } from './progress.tsx';
import { Results } from './results.tsx';
import { ReconcileForm, SampleForm, SearchForm } from './search-forms.tsx';

interface PageProps {
  readonly casework: Casework;
  readonly state: CaseworkState;
  readonly onSwitchLanguage: () => void;
}

export function DeskPage({ casework, state, onSwitchLanguage }: PageProps): JSX.Element {
  const text = useDeskText();
  const { open, place, trust, busy } = state;
  return (
    <>
      <Head text={text} trust={trust} onSwitchLanguage={onSwitchLanguage} />
      <main data-step={open === null ? 'outside' : 'inside'} data-busy={busy?.act} aria-busy={busy !== null}>
        <h1>{text.pageTitle}</h1>
        <section class="note" data-recorded aria-labelledby="recorded">
          <h2 id="recorded">{text.recorded}</h2>
          <p>{text.recordedNote}</p>
        </section>
        <Progress casework={casework} state={state} />
        {open === null && place !== null && (
          <>
            <p class="lead">{text.lead}</p>
            <OpenForm casework={casework} />
            <FoundForm casework={casework} place={place} />
          </>
        )}
        {open !== null && <Inside casework={casework} open={open} />}
      </main>
      <Foot text={text} trust={trust} />
    </>
  );
}

function Inside({ casework, open }: AtCaseProps): JSX.Element {
  return (
    <>
      <CaseBar casework={casework} open={open} />
      <SearchForm casework={casework} open={open} />
      <SampleForm casework={casework} open={open} />
      <ReconcileForm casework={casework} open={open} />
      <Results judged={open.judged} />
      <Entries casework={casework} open={open} />
      <Waiting casework={casework} open={open} />
      <LookUps casework={casework} open={open} />
    </>
  );
}
