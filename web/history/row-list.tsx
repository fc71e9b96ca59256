/** The entries, newest first: when, who, which system, why, which data, granted or not, and how far each is shown. */
import type { JSX } from 'preact';
import { purposeMeaningOf } from '../../core/access/purpose.ts';
import type { DisclosedField } from '../../core/access/outcome.ts';
import type { AccessRequest } from '../../core/access/request.ts';
import { ACTIONS, FIELD_CLASSES, METHODS, OUTCOME_CODES, RESULT_WORDS } from '../../core/access/wording.ts';
import { lacksDuty, type Row, type RowState } from '../../core/citizen/row.ts';
import { formatInstant } from '../../core/verify/words.ts';
import type { Words } from '../../core/verify/wording.ts';
import type { Visit, VisitState } from '../citizen/visit.ts';
import { useCitizenText } from '../text/citizen-language.ts';
import type { CitizenText } from '../text/citizen-zh-CN.ts';
import { OutcomeSign } from '../view/icons.tsx';
import { How } from './how.tsx';
import { ObjectionForm, Objections } from './objection.tsx';
import { nameIn } from './sentence.tsx';
import { FactList, type FactRow } from '../view/fact-list.tsx';

const STATE_SIGN = {
  proven: 'pass',
  provisional: 'unknown',
  open: 'unknown',
  contradicted: 'fail',
  refused: 'notAsked',
  erased: 'notAsked',
  lost: 'unknown',
  withheld: 'unknown',
} as const satisfies Record<RowState, string>;

/** Whom they were about, the custodian itself cannot read any more: it could not reply. */
const ANSWERLESS: readonly RowState[] = ['erased', 'lost'];

interface RowProps {
  readonly visit: Visit;
  readonly state: VisitState;
  readonly row: Row;
}

function wordOf(table: Readonly<Record<string, Words>>, token: string, text: CitizenText): string {
  return Object.hasOwn(table, token) ? table[token]![text.lang] : token;
}

function titleOf({ kind, request, outcome }: Row, state: VisitState, text: CitizenText): string {
  if (request === null || outcome === null) return (kind && text.kinds[kind]) ?? text.unknownKind;
  const [accessor, action] = [nameIn(state, request.accessor), wordOf(ACTIONS, request.action, text)];
  return outcome.result === 'granted' ? text.read(accessor, action) : text.tried(accessor, action);
}

function Tags({ row }: { readonly row: Row }): JSX.Element {
  const text = useCitizenText();
  const { state, request, outcome } = row;
  return (
    <p class="tags">
      <span class="tag" data-outcome={STATE_SIGN[state]}>
        <OutcomeSign outcome={STATE_SIGN[state]} />
        {text.states[state]}
      </span>
      {outcome !== null && <span class="tag plain">{RESULT_WORDS[outcome.result][text.lang]}</span>}
      {request !== null && request.breakGlass !== null && <span class="tag loud">{text.breakGlass}</span>}
      {lacksDuty(row) && <span class="tag loud">{text.noDuty}</span>}
    </p>
  );
}

function why({ purpose }: AccessRequest, text: CitizenText): string {
  return purposeMeaningOf(purpose)?.words[text.lang] ?? text.purposeUnknown(purpose);
}

function FieldNames({ fields }: { readonly fields: readonly DisclosedField[] }): JSX.Element {
  const text = useCitizenText();
  if (fields.length === 0) return <>{text.noFields}</>;
  return (
    <ul class="field-names">
      {fields.map(({ name, class: token }) => {
        const meaning = Object.hasOwn(FIELD_CLASSES, token) ? FIELD_CLASSES[token]! : null;
        return (
          <li key={name}>
            {name}{' '}
            <span class="small">
              {meaning?.words[text.lang] ?? token}
              {meaning?.isSensitive === true && ` · ${text.sensitive}`}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function Facts({ row, state }: { readonly row: Row; readonly state: VisitState }): JSX.Element | null {
  const text = useCitizenText();
  const { request, outcome } = row;
  if (request === null || outcome === null) return null;
  const shown: FactRow[] = [
    [text.who, `${nameIn(state, request.accessor)} · ${text.operator(request.operator.role, request.operator.id)}`],
    [text.system, request.system],
    [text.why, `${why(request, text)}${text.lang === 'en' ? '; ' : '；'}${request.cause}`],
    [text.legalBasis, request.legalBasis],
    [text.what, <FieldNames fields={outcome.fields} />],
    [text.resultWhy, outcome.code === null ? null : wordOf(OUTCOME_CODES, outcome.code, text)],
  ];
  const more: FactRow[] = [
    [text.matter, request.matter],
    [text.caseNumber, request.case],
    [text.agreement, request.agreement],
    [text.method, outcome.result === 'granted' ? wordOf(METHODS, request.method, text) : null],
    [text.people, text.peopleCount(outcome.subjectCount)],
    [text.terminal, request.terminal],
  ];
  return (
    <>
      <FactList rows={shown} />
      <details>
        <summary>{text.more}</summary>
        <FactList rows={more} />
      </details>
    </>
  );
}

/** What must be said beside the entry, and is never left to its colour. */
function Notes({ row }: { readonly row: Row }): JSX.Element {
  const text = useCitizenText();
  const { content } = row;
  return (
    <>
      {row.request !== null && row.request.breakGlass !== null && (
        <p class="loud-note">{text.breakGlassNote(row.request.breakGlass)}</p>
      )}
      {lacksDuty(row) && <p class="loud-note">{row.request?.breakGlass === null ? text.noDutyNote : text.breakGlassNoDuty}</p>}
      {row.state !== 'proven' && (
        <p>
          {text.stateNotes[row.state]}
          {content?.state === 'refused' && content.legalBasis}
        </p>
      )}
      {row.erasure !== null && (
        <p>
          {text.erasedUnder(row.erasure.legalBasis, row.erasure.entries.length, formatInstant(row.erasure.erasedAt, text.lang))}
        </p>
      )}
    </>
  );
}

function Entry({ visit, state, row }: RowProps): JSX.Element {
  const text = useCitizenText();
  const { outcome, entry, kind } = row;
  const isCompared = state.comparison.agreeing.has(row.name);
  return (
    <li
      class="entry"
      data-row={row.name}
      data-kind={kind}
      data-state={row.state}
      data-result={outcome?.result}
      data-compared={isCompared}
    >
      <div class="entry-head">
        <p class="entry-when">
          <time dateTime={new Date(entry.recordedAt).toISOString()}>{formatInstant(entry.recordedAt, text.lang)}</time>
          <span>{nameIn(state, row.custodian)}</span>
        </p>
        <h3>{titleOf(row, state, text)}</h3>
        <Tags row={row} />
      </div>
      <Notes row={row} />
      <Facts row={row} state={state} />
      <Objections row={row} />
      {kind === 'access' && !ANSWERLESS.includes(row.state) && <ObjectionForm visit={visit} row={row} />}
      <How row={row} isCompared={isCompared} />
    </li>
  );
}

export function RowList({
  visit,
  state,
  rows,
}: {
  readonly visit: Visit;
  readonly state: VisitState;
  readonly rows: readonly Row[];
}): JSX.Element {
  const text = useCitizenText();
  if (rows.length === 0) return <p class="empty">{state.rows.length === 0 ? text.noneAtAll : text.none}</p>;
  return (
    <ul class="entries">
      {rows.map((row) => (
        <Entry key={`${row.origin} ${row.name}`} visit={visit} state={state} row={row} />
      ))}
    </ul>
  );
}
