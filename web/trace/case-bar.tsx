/** Which case this is, who acts, whether it is saved; and what is done with the case as a whole. */
import type { JSX } from 'preact';
import { nameOf } from '../../core/trace/view.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { useDeskText } from '../text/desk-language.ts';
import { Form, type Sent } from './field.tsx';
import { keyIn, KeyFields } from './open-forms.tsx';
import type { AtCaseProps } from './at-case.ts';

export function CaseBar({ casework, open }: AtCaseProps): JSX.Element {
  const text = useDeskText();
  const { officer, isSaved, judged } = open;
  const { case: one } = judged.file.signedCase;
  const rows: readonly (readonly [string, string])[] = [
    [text.authority, nameOf(judged.world.facts, one.authority)],
    [text.reason, one.reason],
    [text.legalBasis, one.legalBasis],
    [text.officersOf, one.officers.map(({ id, role }) => `${id} ${role}`).join('、')],
    [text.openedAt, formatInstant(one.openedAt, text.lang)],
    [text.lookUpCount, text.lookUpsOf(judged.file.exchanges.length)],
  ];
  return (
    <section class="card" aria-labelledby="case" data-case={one.number} data-saved={isSaved}>
      <div class="card-head">
        <h2 id="case">
          {text.atCase} {one.number}
        </h2>
        <p data-officer={officer.id}>
          {text.officer} <strong>{officer.id}</strong> {officer.role}
        </p>
      </div>
      <dl class="facts">
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {isSaved ? <p class="small">{text.saved}</p> : <Unsaved />}
      <div class="actions">
        <button
          type="button"
          class={isSaved ? 'button' : 'button primary'}
          data-action="save"
          onClick={() => void casework.save()}
        >
          {text.save}
        </button>
        <button type="button" class="button" data-action="pack" onClick={() => void casework.pack()}>
          {text.pack}
        </button>
        <button type="button" class="button" data-action="leave" onClick={() => casework.leave()}>
          {isSaved ? text.leave : text.leaveUnsaved}
        </button>
      </div>
      <p class="small">{text.packNote}</p>
      <ChangeOfficer casework={casework} open={open} />
    </section>
  );
}

function Unsaved(): JSX.Element {
  const text = useDeskText();
  return (
    <p class="trouble" data-unsaved>
      <strong>{text.unsaved}</strong> {text.unsavedNote}
    </p>
  );
}

/** The key of whoever acted before is forgotten. */
function ChangeOfficer({ casework, open }: AtCaseProps): JSX.Element {
  const text = useDeskText();
  const change = async (sent: Sent): Promise<void> => casework.changeOfficer(await keyIn(sent));
  return (
    <details key={open.officer.id}>
      <summary>{text.changeOfficer}</summary>
      <Form action="change-officer" label={text.change} onSend={(sent) => void change(sent)}>
        <KeyFields />
      </Form>
    </details>
  );
}
