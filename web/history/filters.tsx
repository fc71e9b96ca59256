/** Which accesses are shown, and taking them away. */
import type { JSX, TargetedEvent } from 'preact';
import { useState } from 'preact/hooks';
import { RESULTS } from '../../core/access/outcome.ts';
import { RESULT_WORDS } from '../../core/access/wording.ts';
import type { Row } from '../../core/citizen/row.ts';
import { exportCsv, exportJson, save } from '../citizen/export.ts';
import { dayEnd, dayStart, type Filter, NO_FILTER } from '../citizen/filter.ts';
import type { VisitState } from '../citizen/visit.ts';
import { useCitizenText } from '../text/citizen-language.ts';
import { nameIn } from './sentence.tsx';

interface FiltersProps {
  readonly state: VisitState;
  readonly filter: Filter;
  readonly onFilter: (filter: Filter) => void;
}

interface Choice {
  readonly value: string;
  readonly name: string;
}

function Select({
  label,
  name,
  value,
  choices,
  onChoose,
}: {
  readonly label: string;
  readonly name: string;
  readonly value: string;
  readonly choices: readonly Choice[];
  readonly onChoose: (value: string) => void;
}): JSX.Element {
  const text = useCitizenText();
  return (
    <label class="field">
      <span>{label}</span>
      <select
        name={name}
        value={value}
        onChange={(event: TargetedEvent<HTMLSelectElement>) => onChoose(event.currentTarget.value)}
      >
        <option value="">{text.filterAll}</option>
        {choices.map((choice) => (
          <option key={choice.value} value={choice.value}>
            {choice.name}
          </option>
        ))}
      </select>
    </label>
  );
}

function DateField({
  label,
  name,
  onDate,
}: {
  readonly label: string;
  readonly name: string;
  readonly onDate: (date: string) => void;
}): JSX.Element {
  return (
    <label class="field">
      <span>{label}</span>
      <input type="date" name={name} onChange={(event: TargetedEvent<HTMLInputElement>) => onDate(event.currentTarget.value)} />
    </label>
  );
}

export function Filters({ state, filter, onFilter }: FiltersProps): JSX.Element {
  const text = useCitizenText();
  // Dates are the inputs' own: made anew, they are empty.
  const [round, setRound] = useState(0);
  const change = (part: Partial<Filter>): void => onFilter({ ...filter, ...part });
  const named = (codes: readonly (string | undefined)[]): Choice[] =>
    [...new Set(codes.flatMap((code) => code ?? []))].map((code) => ({ value: code, name: nameIn(state, code) }));
  const results = RESULTS.map((result) => ({ value: result, name: RESULT_WORDS[result][text.lang] }));
  return (
    <details class="filters">
      <summary>{text.filters}</summary>
      <div class="fields" key={round}>
        <DateField label={text.filterFrom} name="from" onDate={(date) => change({ from: dayStart(date) })} />
        <DateField label={text.filterTo} name="to" onDate={(date) => change({ to: dayEnd(date) })} />
        <Select
          label={text.filterCustodian}
          name="custodian"
          value={filter.custodian}
          choices={named(state.rows.map(({ custodian }) => custodian))}
          onChoose={(custodian) => change({ custodian })}
        />
        <Select
          label={text.filterAccessor}
          name="accessor"
          value={filter.accessor}
          choices={named(state.rows.map(({ request }) => request?.accessor))}
          onChoose={(accessor) => change({ accessor })}
        />
        <Select
          label={text.filterResult}
          name="result"
          value={filter.result}
          choices={results}
          onChoose={(result) => change({ result: result as Filter['result'] })}
        />
        <label class="field tick">
          <input
            type="checkbox"
            name="break-glass"
            checked={filter.breakGlassOnly}
            onChange={(event: TargetedEvent<HTMLInputElement>) => change({ breakGlassOnly: event.currentTarget.checked })}
          />
          <span>{text.filterBreakGlass}</span>
        </label>
        <button
          type="button"
          class="button"
          data-action="clear-filter"
          onClick={() => {
            setRound(round + 1);
            onFilter(NO_FILTER);
          }}
        >
          {text.filterClear}
        </button>
      </div>
    </details>
  );
}

export function SaveButtons({ state, rows }: { readonly state: VisitState; readonly rows: readonly Row[] }): JSX.Element {
  const text = useCitizenText();
  return (
    <div class="offer">
      <button type="button" class="button" data-action="save-json" onClick={() => save(exportJson(state, rows))}>
        {text.saveJson}
      </button>
      <button type="button" class="button" data-action="save-csv" onClick={() => save(exportCsv(state, rows, text.lang))}>
        {text.saveCsv}
      </button>
      <p class="small">{text.saveNote}</p>
    </div>
  );
}
