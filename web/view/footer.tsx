/** What a verdict means at all, and on whose word this browser relies. */
import type { JSX } from 'preact';
import { formatInstant } from '../../core/verify/words.ts';
import type { AcceptedTrust } from '../check/trust-memory.ts';
import { useText } from '../text/language.ts';

export function Footer({ trust }: { readonly trust: AcceptedTrust | null }): JSX.Element {
  const text = useText();
  return (
    <footer>
      <p class="truth">{text.truth}</p>
      {trust !== null && (
        <p class="small" data-trust-version={trust.trust.version}>
          {text.trust} ·{' '}
          {text.trustOf(trust.trust.consortium, trust.trust.version, formatInstant(trust.trust.expiresAt, text.lang))}
          {trust.isFirstSight && <span data-first-sight> {text.firstSight}</span>}
        </p>
      )}
    </footer>
  );
}
