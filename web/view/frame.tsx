/** What stands around every page: at the top that all of it is a sample, where it is; below, what it shows at all and on whose word it relies. */
import type { ComponentChildren, JSX } from 'preact';
import { formatInstant, type Lang } from '../../core/verify/words.ts';
import type { AcceptedTrust } from '../check/trust-memory.ts';
import { Mark } from './icons.tsx';

export interface FrameText {
  readonly lang: Lang;
  readonly name: string;
  readonly otherLang: string;
  readonly sample: string;
  readonly sampleNote: string;
  readonly truth: string;
  readonly trust: string;
  readonly trustOf: (consortium: string, version: number, until: string) => string;
  readonly firstSight: string;
}

interface FrameProps {
  readonly text: FrameText;
  readonly trust: AcceptedTrust | null;
}

export function Head({ text, trust, onSwitchLanguage }: FrameProps & { readonly onSwitchLanguage: () => void }): JSX.Element {
  return (
    <>
      {trust?.trust.sample === true && (
        <aside class="sample" aria-label={text.sample}>
          <strong>{text.sample}</strong> {text.sampleNote}
        </aside>
      )}
      <header>
        <p class="brand">
          <Mark />
          {text.name}
        </p>
        <button type="button" class="link" lang={text.lang === 'en' ? 'zh-CN' : 'en'} onClick={onSwitchLanguage}>
          {text.otherLang}
        </button>
      </header>
    </>
  );
}

/** `children`: more about that, once there is a trust file. */
export function Foot({ text, trust, children }: FrameProps & { readonly children?: ComponentChildren }): JSX.Element {
  return (
    <footer>
      <p class="truth">{text.truth}</p>
      {trust !== null && (
        <p class="small" data-trust-version={trust.trust.version}>
          {text.trust} ·{' '}
          {text.trustOf(trust.trust.consortium, trust.trust.version, formatInstant(trust.trust.expiresAt, text.lang))}
          {trust.isFirstSight && <span data-first-sight> {text.firstSight}</span>} {children}
        </p>
      )}
    </footer>
  );
}
