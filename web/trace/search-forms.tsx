/** Asking: by person, accessor, operator, purpose and time; by a leaked list; and with an accessor's own record. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { PURPOSES } from '../../core/access/purpose.ts';
import type { Dates } from '../desk/wanted.ts';
import { useDeskText } from '../text/desk-language.ts';
import { FileField, Form, SelectField, type Sent, TextField } from './field.tsx';
import type { AtCaseProps } from './at-case.ts';

const DAY = 86_400_000;
const ZONE_MS = 8 * 3_600_000;
const DEFAULT_DAYS = 90;

/** Of UTC+8. */
const dateOf = (ms: number): string => new Date(ms + ZONE_MS).toISOString().slice(0, 10);

function DateFields({ now }: { readonly now: number }): JSX.Element {
  const text = useDeskText();
  return (
    <>
      <TextField label={text.from} name="from" type="date" value={dateOf(now - DEFAULT_DAYS * DAY)} />
      <TextField label={text.to} name="to" type="date" value={dateOf(now)} />
    </>
  );
}

const datesIn = (sent: Sent): Dates => ({ from: sent.text('from'), to: sent.text('to') });

/** Any authority that the registry has; another code may be typed. */
function AccessorField({ open, name }: Pick<AtCaseProps, 'open'> & { readonly name: string }): JSX.Element {
  const text = useDeskText();
  const list = `authorities-${name}`;
  return (
    <>
      <TextField label={text.accessorCode} name="accessor" maxLength={18} list={list} />
      <datalist id={list}>
        {open.judged.world.facts.authorities.map(({ code, name: called }) => (
          <option key={code} value={code}>
            {called}
          </option>
        ))}
      </datalist>
    </>
  );
}

type SearchKind = 'person' | 'accessor' | 'operator' | 'purpose' | 'time';
const SEARCH_KINDS: readonly SearchKind[] = ['person', 'accessor', 'operator', 'purpose', 'time'];

export function SearchForm({ casework, open }: AtCaseProps): JSX.Element {
  const text = useDeskText();
  const [kind, setKind] = useState<SearchKind>('person');
  const ask = (sent: Sent): void => {
    if (kind === 'person') return void casework.searchPerson(sent.text('class'), sent.text('number'));
    const [accessor, operator, purpose] = ['accessor', 'operator', 'purpose'].map((name) => sent.text(name).trim());
    void casework.searchEntries({ ...datesIn(sent), accessor: accessor!, operator: operator!, purpose: purpose! });
  };
  const kinds = SEARCH_KINDS.map((value) => ({ value, name: text.searchKinds[value] }));
  const classes = Object.entries(text.numberClasses).map(([value, name]) => ({ value, name }));
  const purposes = Object.entries(PURPOSES).map(([value, { words }]) => ({ value, name: words[text.lang] }));
  return (
    <section class="card" aria-labelledby="search">
      <h2 id="search">{text.search}</h2>
      <Form action="search" label={text.ask} note={text.recorded} onSend={ask}>
        <SelectField
          label={text.searchBy}
          name="kind"
          choices={kinds}
          onChoose={(value) => setKind(SEARCH_KINDS.find((one) => one === value) ?? 'person')}
        />
        {kind === 'person' && (
          <>
            <SelectField label={text.personClass} name="class" choices={classes} />
            <TextField label={text.personNumber} name="number" note={text.personNumberNote} maxLength={64} />
          </>
        )}
        {(kind === 'accessor' || kind === 'operator') && <AccessorField open={open} name="search" />}
        {kind === 'operator' && <TextField label={text.operator} name="operator" maxLength={64} />}
        {kind === 'purpose' && <SelectField label={text.purpose} name="purpose" choices={purposes} />}
        {kind !== 'person' && <DateFields now={open.judged.world.evaluatedAt} />}
      </Form>
    </section>
  );
}

export function SampleForm({ casework, open }: AtCaseProps): JSX.Element {
  const text = useDeskText();
  const ask = async (sent: Sent): Promise<void> => casework.traceSample(await sent.bytes('sample'), datesIn(sent));
  return (
    <section class="card" aria-labelledby="sample">
      <h2 id="sample">{text.sampleSearch}</h2>
      <p class="small">{text.sampleSearchNote}</p>
      <Form action="sample" label={text.sampleAsk} note={text.recorded} onSend={(sent) => void ask(sent)}>
        <FileField label={text.sampleFile} name="sample" accept=".csv,.txt,.ndjson,.json" />
        <DateFields now={open.judged.world.evaluatedAt} />
      </Form>
    </section>
  );
}

export function ReconcileForm({ casework, open }: AtCaseProps): JSX.Element {
  const text = useDeskText();
  const ask = async (sent: Sent): Promise<void> =>
    casework.reconcile(await sent.bytes('records'), sent.text('accessor').trim(), datesIn(sent));
  return (
    <section class="card" aria-labelledby="reconcile">
      <h2 id="reconcile">{text.reconcile}</h2>
      <p class="small">{text.reconcileNote}</p>
      <Form action="reconcile" label={text.reconcileAsk} note={text.recorded} onSend={(sent) => void ask(sent)}>
        <FileField label={text.recordFile} name="records" accept=".ndjson,.json,.txt" />
        <AccessorField open={open} name="reconcile" />
        <DateFields now={open.judged.world.evaluatedAt} />
      </Form>
    </section>
  );
}
