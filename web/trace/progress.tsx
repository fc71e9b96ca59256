/** What is going on, what it came to and what went wrong, also said aloud. Whoever could not be asked is named each time. */
import type { JSX } from 'preact';
import type { Searched } from '../../core/desk/search.ts';
import type { Casework } from '../desk/casework.ts';
import type { CaseworkState, Done, Trouble } from '../desk/state.ts';
import { useDeskText } from '../text/desk-language.ts';
import { custodianName } from './at-case.ts';

interface ProgressProps {
  readonly casework: Casework;
  readonly state: CaseworkState;
}

export function Progress({ casework, state }: ProgressProps): JSX.Element {
  const text = useDeskText();
  const { busy, trouble, done, place } = state;
  return (
    <>
      <div role="status" class="progress">
        {busy !== null && (
          <p>
            {text.busy[busy.act]} {busy.asked > 0 && text.asked(busy.asked)}
          </p>
        )}
        {trouble !== null && <TroubleLine trouble={trouble} />}
        {done !== null && <DoneLines done={done} state={state} />}
      </div>
      {place === null && trouble?.act === 'meet' && (
        <button type="button" class="button" data-action="again" onClick={() => void casework.meet()}>
          {text.again}
        </button>
      )}
    </>
  );
}

function TroubleLine({ trouble: { act, code } }: { readonly trouble: Trouble }): JSX.Element {
  const text = useDeskText();
  return (
    <p class="trouble" data-trouble={act} data-code={code}>
      {text.troubles[act][code] ?? text.troubleOf(text.refusals[code])}
    </p>
  );
}

function DoneLines({ done, state }: { readonly done: Done; readonly state: CaseworkState }): JSX.Element {
  const text = useDeskText();
  if (done.act === 'propose') return <p data-done="propose">{text.done.proposed(done.count)}</p>;
  if (!('searched' in done)) return <p data-done={done.act}>{text.done[done.act]}</p>;
  return (
    <>
      <p data-done={done.act}>{text.done.searched}</p>
      <Silences searched={done.searched} state={state} />
      {'sample' in done && done.sample.unreadableLines.length > 0 && (
        <p class="trouble" data-unreadable>
          {text.sampleUnreadable(done.sample.unreadableLines.slice(0, MAX_LINES).join(' '))}
        </p>
      )}
      {'sample' in done && done.sample.repeated > 0 && <p>{text.sampleRepeated(done.sample.repeated)}</p>}
    </>
  );
}

const MAX_LINES = 20;

function Silences({ searched, state }: { readonly searched: Searched; readonly state: CaseworkState }): JSX.Element {
  const text = useDeskText();
  const { open } = state;
  return (
    <>
      {searched.silent.map(({ origin, code }) => (
        <p key={origin} class="trouble" data-silent={origin} data-code={code}>
          {text.silent(open === null ? origin : custodianName(open, origin), text.refusals[code])}
        </p>
      ))}
      {!searched.isWhole && (
        <p class="trouble" data-not-whole>
          {text.notWhole}
        </p>
      )}
    </>
  );
}
