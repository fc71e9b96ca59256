/** Before a case: opening its file with an officer's key, or starting a new one. */
import type { JSX } from 'preact';
import type { Casework } from '../desk/casework.ts';
import type { Place } from '../desk/portal.ts';
import { useDeskText } from '../text/desk-language.ts';
import { FileField, Form, type Sent, TextField } from './field.tsx';

export function KeyFields(): JSX.Element {
  const text = useDeskText();
  return (
    <>
      <FileField label={text.keyFile} name="keyFile" accept=".json" />
      <TextField label={text.keyPassphrase} name="keyPassphrase" type="password" />
    </>
  );
}

export async function keyIn(sent: Sent): Promise<{ keyFile: Uint8Array; keyPassphrase: string }> {
  return { keyFile: await sent.bytes('keyFile'), keyPassphrase: sent.text('keyPassphrase') };
}

export function OpenForm({ casework }: { readonly casework: Casework }): JSX.Element {
  const text = useDeskText();
  const open = async (sent: Sent): Promise<void> => {
    const caseFile = await sent.bytes('caseFile');
    await casework.open({ caseFile, casePassphrase: sent.text('casePassphrase'), ...(await keyIn(sent)) });
  };
  return (
    <section class="card" aria-labelledby="open-case">
      <h2 id="open-case">{text.step.open}</h2>
      <Form action="open" label={text.open} note={text.openNote} onSend={(sent) => void open(sent)}>
        <FileField label={text.caseFile} name="caseFile" accept=".case,application/octet-stream" />
        <TextField label={text.casePassphrase} name="casePassphrase" type="password" />
        <KeyFields />
      </Form>
    </section>
  );
}

export function FoundForm({ casework, place }: { readonly casework: Casework; readonly place: Place }): JSX.Element {
  const text = useDeskText();
  const found = async (sent: Sent): Promise<void> => {
    const terms = {
      number: sent.text('number').trim(),
      reason: sent.text('reason').trim(),
      legalBasis: sent.text('legalBasis').trim(),
      officers: sent.all('officer'),
    };
    await casework.found({ terms, casePassphrase: sent.text('newPassphrase'), ...(await keyIn(sent)) });
  };
  return (
    <section class="card" aria-labelledby="found-case">
      <h2 id="found-case">{text.step.found}</h2>
      <Form action="found" label={text.found} onSend={(sent) => void found(sent)}>
        <TextField label={text.number} name="number" maxLength={128} />
        <TextField label={text.legalBasis} name="legalBasis" maxLength={500} />
        <TextField label={text.reason} name="reason" note={text.reasonNote} maxLength={200} />
        <TextField label={text.newPassphrase} name="newPassphrase" note={text.newPassphraseNote} type="password" minLength={8} />
        <fieldset class="field">
          <legend>{text.officers}</legend>
          {place.officers.map(({ id, role }) => (
            <label key={id} class="tick">
              <input type="checkbox" name="officer" value={id} defaultChecked={place.officers.length === 2} />
              <span>
                {id} {role}
              </span>
            </label>
          ))}
          <p class="small">{text.officersNote}</p>
        </fieldset>
        <KeyFields />
      </Form>
    </section>
  );
}
