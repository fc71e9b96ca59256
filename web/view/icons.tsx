/** Signs whose shape says the same as their colour: circle, octagon, triangle, dash. All are decoration beside words. */
import type { JSX } from 'preact';
import type { Outcome, VerdictWord } from '../../core/verify/verdict.ts';

type Sign = 'pass' | 'fail' | 'unknown' | 'notAsked';

const OUTLINES: Readonly<Record<Sign, string>> = {
  pass: 'M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19z',
  fail: 'M8.1 2.5h7.8l5.6 5.6v7.8l-5.6 5.6H8.1l-5.6-5.6V8.1z',
  unknown: 'M10.5 3.2a1.7 1.7 0 0 1 3 0l8.6 15.9a1.7 1.7 0 0 1-1.5 2.5H3.4a1.7 1.7 0 0 1-1.5-2.5z',
  notAsked: '',
};

const STROKES: Readonly<Record<Sign, string>> = {
  pass: 'M7.6 12.3l3.1 3.1 5.9-6.4',
  fail: 'M8.6 8.6l6.8 6.8M15.4 8.6l-6.8 6.8',
  unknown: 'M10.1 11.2a1.9 1.9 0 1 1 2.9 1.7c-.7.4-1 .8-1 1.6M12 17.6v.1',
  notAsked: 'M7 12h10',
};

export function OutcomeSign({ outcome }: { readonly outcome: Outcome }): JSX.Element {
  return (
    <svg class="sign" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {OUTLINES[outcome] !== '' && <path class="sign-body" d={OUTLINES[outcome]} />}
      <path class="sign-stroke" d={STROKES[outcome]} />
    </svg>
  );
}

const SIGN_OF: Readonly<Record<VerdictWord, Sign>> = { valid: 'pass', invalid: 'fail', undetermined: 'unknown' };

export function VerdictSign({ verdict }: { readonly verdict: VerdictWord }): JSX.Element {
  return <OutcomeSign outcome={SIGN_OF[verdict]} />;
}

/** Two leaves that meet in a root. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="mark-ground" width="32" height="32" rx="6" />
      <path class="mark-lines" d="M9 22v-3.5a3 3 0 0 1 3-3h8a3 3 0 0 1 3 3V22M16 15.5V10" />
      <circle class="mark-node" cx="16" cy="8.5" r="2.8" />
      <circle class="mark-node" cx="9" cy="23.5" r="2.8" />
      <circle class="mark-node" cx="23" cy="23.5" r="2.8" />
    </svg>
  );
}
