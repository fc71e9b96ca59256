/** The one large verdict: the word, what it means, what to do next, and the checkpoint it stands on. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Check, Verdict } from '../../core/verify/verdict.ts';
import { formatInstant, nameCheck, nameVerdict } from '../../core/verify/words.ts';
import type { Told } from '../check/check.ts';
import { useText } from '../text/language.ts';
import type { Explanation, Text } from '../text/zh-CN.ts';
import { VerdictSign } from './icons.tsx';

function explanationOf({ verdict, mode, isTrustRefused }: Told, text: Text): Explanation {
  if (verdict.verdict === 'valid') {
    const issuer = verdict.licence?.issuer;
    const name = issuer?.name || issuer?.code || '';
    return { says: mode === 'online' ? text.valid(name) : text.validOffline(name), next: text.validNext };
  }
  const [reason] = verdict.reasons;
  if (isTrustRefused && reason !== 'TRUST_ROLLED_BACK') return text.trustRefused;
  return (reason && text.explain[reason]) ?? { says: '' };
}

/** Names the checks that are left open, where others were made: what exactly is not known. */
function openChecks({ checks, verdict }: Verdict, text: Text): string | null {
  const open = checks.filter(({ outcome }) => outcome === 'unknown');
  if (verdict !== 'undetermined' || !checks.some(({ outcome }) => outcome === 'pass')) return null;
  return text.notChecked(open.map(({ id }) => nameCheck(id, text.lang)).join(text.lang === 'en' ? ', ' : '、'));
}

function Act({ check }: { readonly check: Check }): JSX.Element | null {
  const text = useText();
  const { by, reason, legalBasis, effectiveAt, provedAt } = check.facts;
  if (typeof by !== 'string') return null;
  const instant = (value: typeof by | number | boolean | null | undefined): string | null =>
    typeof value === 'number' ? formatInstant(value, text.lang) : null;
  const rows: [string, string | null][] = [
    [text.act.by, by],
    [text.act.since, instant(effectiveAt)],
    [text.act.reason, typeof reason === 'string' ? reason : null],
    [text.act.legalBasis, typeof legalBasis === 'string' ? legalBasis : null],
  ];
  const proved = instant(provedAt);
  if (proved !== null) rows.push([text.act.proved, proved]);
  return (
    <dl class="act">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? text.notGiven}</dd>
        </div>
      ))}
    </dl>
  );
}

function standsOn({ checkpoint }: Verdict, text: Text): string {
  return checkpoint === null ? text.standsOnNothing : text.standsOn(checkpoint.origin, checkpoint.size);
}

interface VerdictPanelProps {
  readonly told: Told;
  readonly isWatching: boolean;
}

export function VerdictPanel({ told, isWatching }: VerdictPanelProps): JSX.Element {
  const text = useText();
  const heading = useRef<HTMLHeadingElement>(null);
  // After a check that was asked for, the verdict is where reading goes on; quiet re-checks keep this element and its focus.
  useEffect(() => heading.current?.focus(), []);
  const { verdict, mode } = told;
  const { says, why, next } = explanationOf(told, text);
  const open = openChecks(verdict, text);
  const status = verdict.checks.find(({ id, outcome }) => id === 'status' && outcome === 'fail');
  const asOf = mode === 'offline' && verdict.anchor !== null ? formatInstant(verdict.anchor.anchoredAt, text.lang) : null;
  return (
    <section class="verdict" data-verdict={verdict.verdict} data-reason={verdict.reasons.join(' ')} data-mode={mode}>
      <div class="verdict-head" aria-live="polite">
        <VerdictSign verdict={verdict.verdict} />
        <h2 class="verdict-word" tabIndex={-1} ref={heading}>
          {nameVerdict(verdict.verdict, text.lang)}
          {asOf !== null && <span class="verdict-as-of">{text.offline(asOf)}</span>}
        </h2>
      </div>
      <div class="verdict-body">
        <p class="verdict-says">{says}</p>
        {why !== undefined && <p>{why}</p>}
        {open !== null && <p>{open}</p>}
        {status && <Act check={status} />}
        <p class="verdict-next">{next ?? text.next[verdict.verdict]}</p>
        {mode === 'offline' && <p>{text.offlineNote}</p>}
      </div>
      <p class="verdict-basis">
        <span>{standsOn(verdict, text)}</span>
        <span>{text.checkedAt(formatInstant(verdict.evaluatedAt, text.lang))}</span>
        {isWatching && <span class="watching">{text.watching}</span>}
      </p>
    </section>
  );
}
