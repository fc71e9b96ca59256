/** Every check with its outcome in words; what was not asked for stands small at the end. */
import type { JSX } from 'preact';
import type { Check, Verdict } from '../../core/verify/verdict.ts';
import { describeCheck, describeFinding, nameCheck } from '../../core/verify/words.ts';
import { useText } from '../text/language.ts';
import { OutcomeSign } from './icons.tsx';

function CheckRow({ check }: { readonly check: Check }): JSX.Element {
  const text = useText();
  const { id, outcome, code } = check;
  return (
    <li class="check" data-check={id} data-outcome={outcome} data-code={code ?? undefined}>
      <OutcomeSign outcome={outcome} />
      <h3>{nameCheck(id, text.lang)}</h3>
      <span class="outcome">{text.outcomes[outcome]}</span>
      {outcome !== 'notAsked' && <p>{describeCheck(check, text.lang)}</p>}
    </li>
  );
}

export function CheckList({ checks }: { readonly checks: readonly Check[] }): JSX.Element {
  const text = useText();
  const asked = checks.filter(({ outcome }) => outcome !== 'notAsked');
  const rest = checks.filter(({ outcome }) => outcome === 'notAsked');
  const passed = asked.filter(({ outcome }) => outcome === 'pass');
  const rows = (
    <ul class="checks">
      {[...asked, ...rest].map((check) => (
        <CheckRow key={check.id} check={check} />
      ))}
    </ul>
  );
  // Where nothing could be checked, the verdict has said why; the list would say the same thing over and over.
  const isBare = asked.every(({ outcome }) => outcome === 'unknown');
  return (
    <section class="card">
      <div class="card-head">
        <h2>{text.checks}</h2>
        {!isBare && <p class="small">{text.counts(passed.length, asked.length)}</p>}
      </div>
      {isBare ? (
        <details>
          <summary>{text.eachCheck}</summary>
          {rows}
        </details>
      ) : (
        rows
      )}
    </section>
  );
}

export function Findings({ findings }: Pick<Verdict, 'findings'>): JSX.Element | null {
  const text = useText();
  if (findings.length === 0) return null;
  return (
    <aside class="note" aria-label={text.findings}>
      <h2>{text.findings}</h2>
      {findings.map((finding) => (
        <p key={finding.origin} data-finding={finding.id} data-code={finding.code}>
          {describeFinding(finding, text.lang)}
        </p>
      ))}
    </aside>
  );
}
