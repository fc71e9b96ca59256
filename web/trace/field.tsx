/** Forms of the desk: fields that keep their own text until they are sent, so that no secret stands in the page's state. */
import type { ComponentChildren, JSX, TargetedSubmitEvent } from 'preact';

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly note?: string;
}

export interface TextFieldProps extends FieldProps {
  readonly type?: 'text' | 'password' | 'date';
  readonly value?: string;
  readonly maxLength?: number;
  readonly minLength?: number;
  /** Id of a list of what may be meant. */
  readonly list?: string;
}

function Note({ name, note }: { readonly name: string; readonly note: string | undefined }): JSX.Element | null {
  return note === undefined ? null : (
    <p class="small" id={`note-${name}`}>
      {note}
    </p>
  );
}

export function TextField({ label, name, note, type = 'text', value, maxLength, minLength, list }: TextFieldProps): JSX.Element {
  const given = {
    name,
    required: true,
    autocomplete: 'off',
    spellcheck: false,
    maxLength,
    minLength,
    defaultValue: value,
    'aria-describedby': note === undefined ? undefined : `note-${name}`,
  } as const;
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        {type === 'text' && <input type="text" list={list} {...given} />}
        {type === 'password' && <input type="password" {...given} />}
        {type === 'date' && <input type="date" {...given} />}
      </label>
      <Note name={name} note={note} />
    </div>
  );
}

export function FileField({ label, name, accept }: FieldProps & { readonly accept: string }): JSX.Element {
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        <input type="file" name={name} required accept={accept} />
      </label>
    </div>
  );
}

export interface Choice {
  readonly value: string;
  readonly name: string;
}

interface SelectProps extends FieldProps {
  readonly choices: readonly Choice[];
  readonly onChoose?: (value: string) => void;
}

export function SelectField({ label, name, choices, onChoose }: SelectProps): JSX.Element {
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        <select name={name} onChange={(event) => onChoose?.(event.currentTarget.value)}>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

export interface FormProps {
  /** Of the button. */
  readonly action: string;
  readonly label: string;
  readonly note?: string;
  readonly children: ComponentChildren;
  readonly onSend: (sent: Sent) => void;
}

/** What a form holds at the moment it is sent. */
export interface Sent {
  readonly text: (name: string) => string;
  readonly all: (name: string) => string[];
  readonly bytes: (name: string) => Promise<Uint8Array>;
}

function sentIn(form: HTMLFormElement): Sent {
  const data = new FormData(form);
  const text = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value : '');
  return {
    text: (name) => text(data.get(name)),
    all: (name) => data.getAll(name).map(text),
    bytes: async (name) => {
      const file = data.get(name);
      return file instanceof File ? new Uint8Array(await file.arrayBuffer()) : new Uint8Array();
    },
  };
}

export function Form({ action, label, note, children, onSend }: FormProps): JSX.Element {
  const send = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onSend(sentIn(event.currentTarget));
  };
  return (
    <form onSubmit={send}>
      <div class="fields">{children}</div>
      <div class="offer">
        <button type="submit" class="button primary" data-action={action}>
          {label}
        </button>
        {note !== undefined && <p class="small">{note}</p>}
      </div>
    </form>
  );
}
