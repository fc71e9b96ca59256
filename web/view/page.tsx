/** The page: one file in, one verdict out. */
import type { JSX } from 'preact';
import type { Session, SessionState } from '../check/session.ts';
import { useText } from '../text/language.ts';
import { CheckList, Findings } from './check-list.tsx';
import { Foot, Head } from './frame.tsx';
import { LicenceTable } from './licence-table.tsx';
import { DropZone, PickButton, useDrop } from './picker.tsx';
import { Proof } from './proof.tsx';
import { OfflineOffer, SaveEvidence } from './takeaway.tsx';
import { VerdictPanel } from './verdict-panel.tsx';

interface PageProps {
  readonly session: Session;
  readonly state: SessionState;
  readonly onSwitchLanguage: () => void;
}

export function Page({ session, state, onSwitchLanguage }: PageProps): JSX.Element {
  const text = useText();
  const isOver = useDrop(session.take);
  return (
    <>
      <Head text={text} trust={state.trust} onSwitchLanguage={onSwitchLanguage} />
      <main class={state.file === null ? undefined : 'has-file'} data-over={isOver}>
        <h1>{text.pageTitle}</h1>
        {state.file !== null && <FileBar session={session} state={state} file={state.file} />}
        <Progress state={state} />
        {state.file === null && <Welcome session={session} />}
        {state.step === 'told' && <Answer session={session} state={state} />}
      </main>
      <Foot text={text} trust={state.trust} />
    </>
  );
}

function Welcome({ session }: { readonly session: Session }): JSX.Element {
  const text = useText();
  return (
    <>
      <p class="lead">{text.lead}</p>
      <DropZone onPick={session.take} />
      <p class="privacy">{text.privacy}</p>
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

/** 1,536 → `1.5 KB`. */
function formatBytes(bytes: number): string {
  const [value, unit] = bytes < 1 << 20 ? [bytes / 1024, 'KB'] : [bytes / (1 << 20), 'MB'];
  return `${value.toFixed(1)} ${unit}`;
}

interface FileBarProps {
  readonly session: Session;
  readonly state: SessionState;
  readonly file: File;
}

function FileBar({ session, state, file }: FileBarProps): JSX.Element {
  const text = useText();
  return (
    <div class="file-bar">
      <p class="file-name">
        <span class="visually-hidden">{text.file}</span>
        <strong>{file.name}</strong>
        <span class="small">
          {formatBytes(file.size)}
          {state.evidence !== null && ` · ${text.withEvidence}`}
        </span>
      </p>
      <div class="actions">
        {state.step === 'told' && (
          <button type="button" class="button" data-action="again" onClick={() => void session.again()}>
            {text.again}
          </button>
        )}
        <PickButton label={text.pickAnother} isPrimary={false} onPick={session.take} />
      </div>
    </div>
  );
}

/** What is going on, also said aloud; trouble with what was picked. */
function Progress({ state }: { readonly state: SessionState }): JSX.Element {
  const text = useText();
  const { step, file, doneBytes, trouble } = state;
  return (
    <div role="status" class="progress">
      {trouble !== null && <p class="trouble">{text.troubles[trouble]}</p>}
      {step === 'reading' && file !== null && (
        <label>
          <span>{text.reading}</span>
          <progress max={Math.max(1, file.size)} value={doneBytes} />
        </label>
      )}
      {step === 'asking' && (
        <label>
          <span>{text.asking}</span>
          <progress />
        </label>
      )}
    </div>
  );
}

function Answer({ session, state }: { readonly session: Session; readonly state: SessionState }): JSX.Element | null {
  const { told, file, takeaway, isWatching, evidence } = state;
  if (told === null || file === null) return null;
  const { verdict, mode } = told;
  const isOpen = verdict.verdict === 'undetermined';
  return (
    <>
      <VerdictPanel key={mode} told={told} isWatching={isWatching} />
      {isOpen && mode === 'online' && evidence !== null && (
        <OfflineOffer onCheck={session.canCheckOffline() ? () => session.offline() : null} />
      )}
      <Findings findings={verdict.findings} />
      {verdict.licence !== null && <LicenceTable licence={verdict.licence} />}
      {takeaway !== null && <SaveEvidence fileName={file.name} evidence={takeaway} isUrgent={isOpen} />}
      <CheckList checks={verdict.checks} />
      <Proof told={told} />
    </>
  );
}
