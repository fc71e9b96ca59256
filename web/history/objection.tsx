/** Objections to an entry, with the answer or the deadline for it; and making one. */
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { isPlainText } from '../../core/bytes/plain-text.ts';
import type { Row } from '../../core/citizen/row.ts';
import { MAX_REDRESS_TEXT } from '../../core/redress/redress.ts';
import type { ObjectionStanding } from '../../core/redress/standing.ts';
import { formatInstant } from '../../core/verify/words.ts';
import type { Visit } from '../citizen/visit.ts';
import { useCitizenText } from '../text/citizen-language.ts';

function One({ standing }: { readonly standing: ObjectionStanding }): JSX.Element {
  const text = useCitizenText();
  const { objection, reply, isOverdue } = standing;
  const instant = (ms: number): string => formatInstant(ms, text.lang);
  return (
    <div class="objection" data-objection={reply !== null ? 'answered' : isOverdue ? 'overdue' : 'waiting'}>
      <p class="small">{text.objected(instant(objection.saidAt))}</p>
      <p>{objection.text}</p>
      {reply === null ? (
        <p>
          <strong class={isOverdue ? 'overdue' : undefined}>{isOverdue ? text.overdue : text.waiting}</strong>{' '}
          <span class="small">{text.answerBy(instant(objection.dueAt))}</span>
        </p>
      ) : (
        <>
          <p class="small">
            {text.answered(instant(reply.repliedAt))} · <strong>{text.decisions[reply.decision]}</strong>
          </p>
          <p>{reply.text}</p>
        </>
      )}
    </div>
  );
}

export function Objections({ row }: { readonly row: Row }): JSX.Element | null {
  if (row.objections.length === 0) return null;
  return (
    <>
      {row.objections.map((standing) => (
        <One key={encodeHex(standing.leafHash)} standing={standing} />
      ))}
    </>
  );
}

/** As one line without blanks at the ends: the form that the log takes. */
function inOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Random, in hex: an objection sent twice is made once. */
function freshKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function ObjectionForm({ visit, row }: { readonly visit: Visit; readonly row: Row }): JSX.Element {
  const text = useCitizenText();
  const [isOpen, setOpen] = useState(false);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  const area = useRef<HTMLTextAreaElement>(null);
  const key = useRef('');
  if (!isOpen) {
    const open = (): void => {
      key.current = freshKey();
      setOpen(true);
    };
    return (
      <button type="button" class="link object" data-action="object" onClick={open}>
        {text.object}
      </button>
    );
  }
  const send = async (): Promise<void> => {
    const words = inOneLine(area.current?.value ?? '');
    if (!isPlainText(words, MAX_REDRESS_TEXT)) return setTrouble(text.objectText);
    setSending(true);
    setTrouble(null);
    try {
      await visit.object(row, words, key.current);
      setOpen(false);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      setTrouble(text.objectFailed);
    } finally {
      setSending(false);
    }
  };
  return (
    <div class="objection-form">
      <label>
        <span>{text.objectLabel}</span>
        <textarea ref={area} rows={3} maxLength={MAX_REDRESS_TEXT} />
      </label>
      <p class="small">{text.objectNote}</p>
      <div role="status">{trouble !== null && <p class="trouble">{trouble}</p>}</div>
      <div class="actions">
        <button
          type="button"
          class="button primary"
          data-action="send-objection"
          disabled={isSending}
          onClick={() => void send()}
        >
          {text.objectSend}
        </button>
        <button type="button" class="button" onClick={() => setOpen(false)}>
          {text.objectCancel}
        </button>
      </div>
    </div>
  );
}
