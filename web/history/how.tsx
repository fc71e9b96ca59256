/** How we know: every check of one entry with its outcome, and the figures behind it, for whoever wants to check the check. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ACCESS_REASON_WORDS, BODY_CHECKS, GRADE_WORDS } from '../../core/access/wording.ts';
import { findingsOf, type Row } from '../../core/citizen/row.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { useCitizenText } from '../text/citizen-language.ts';
import { OutcomeSign } from '../view/icons.tsx';

function Checks({ row }: { readonly row: Row }): JSX.Element | null {
  const text = useCitizenText();
  const findings = findingsOf(row);
  if (findings.length === 0) return null;
  return (
    <ul class="checks">
      {findings.map(([id, { outcome, code }]) => (
        <li key={id} class="check" data-check={id} data-outcome={outcome} data-code={code ?? undefined}>
          <OutcomeSign outcome={outcome} />
          <h4>{BODY_CHECKS[id][text.lang]}</h4>
          <span class="outcome">{text.outcomes[outcome]}</span>
          {code !== null && <p>{ACCESS_REASON_WORDS[code][text.lang]}</p>}
        </li>
      ))}
    </ul>
  );
}

interface HowProps {
  readonly row: Row;
  /** An accessor's own copy agrees with it. */
  readonly isCompared: boolean;
}

function Figures({ row, isCompared }: HowProps): JSX.Element {
  const text = useCitizenText();
  const { entry, entryIndex, recordedIn, request, origin, name: leafHash } = row;
  const instant = (ms: number): string => formatInstant(ms, text.lang);
  const { from, to } = recordedIn;
  const rows: (readonly [string, string])[] = [
    [text.recordedAt, instant(entry.recordedAt)],
    [text.provedTime, text.provedBetween(instant(from), to === null ? null : instant(to))],
    ...(request === null
      ? []
      : ([
          [text.requestedAt, instant(request.requestedAt)],
          [text.grade, GRADE_WORDS[request.grade][text.lang]],
        ] as const)),
    ...(row.kind === 'access' ? [[text.receipt, isCompared ? text.receiptAgrees : text.receiptNone] as const] : []),
    [text.place, entryIndex === null ? text.placePromised(origin) : text.placeOf(origin, entryIndex)],
    [text.leafHash, leafHash],
  ];
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="code">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function How({ row, isCompared }: HowProps): JSX.Element {
  const text = useCitizenText();
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="how" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text.how}</summary>
      {isOpen && (
        <>
          <Checks row={row} />
          <Figures row={row} isCompared={isCompared} />
        </>
      )}
    </details>
  );
}
