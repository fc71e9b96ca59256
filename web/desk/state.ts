/** What an officer's page shows of her work, and what it is given to work with. */
import type { ErrorCode } from '../../core/bytes/error.ts';
import type { Searched } from '../../core/desk/search.ts';
import type { LeakedSample } from '../../core/leak/sample.ts';
import type { Officer } from '../../core/trace/case.ts';
import type { JudgedCase } from '../../core/trace/view.ts';
import type { AcceptedTrust, TrustMemory } from '../check/trust-memory.ts';
import type { DeskPortal, Place } from './portal.ts';

export type Act =
  'meet' | 'open' | 'found' | 'officer' | 'search' | 'sample' | 'reconcile' | 'propose' | 'approve' | 'pack' | 'save';

export interface Trouble {
  readonly act: Act;
  readonly code: ErrorCode | 'BROKEN';
}

/** What the last act came to, where it came to something. */
export type Done =
  | { readonly act: 'search' | 'reconcile'; readonly searched: Searched }
  | { readonly act: 'sample'; readonly searched: Searched; readonly sample: LeakedSample }
  | { readonly act: 'propose'; readonly count: number }
  | { readonly act: 'open' | 'found' | 'officer' | 'approve' | 'pack' | 'save' };

export interface AtCase {
  readonly judged: JudgedCase;
  readonly officer: Officer;
  readonly isSaved: boolean;
  /** Exchanges of the last search, by place; null: all of them. */
  readonly shown: ReadonlySet<number> | null;
}

export interface CaseworkState {
  readonly place: Place | null;
  readonly trust: AcceptedTrust | null;
  /** `asked`: look-ups of this act so far. */
  readonly busy: { readonly act: Act; readonly asked: number } | null;
  readonly trouble: Trouble | null;
  readonly done: Done | null;
  readonly open: AtCase | null;
}

export interface Workplace {
  readonly portal: DeskPortal;
  readonly memory: TrustMemory;
  readonly random: (length: number) => Uint8Array;
  /** UTC ms. */
  readonly now: () => number;
  readonly save: (name: string, type: string, bytes: Uint8Array) => void;
}

export interface KeyGiven {
  readonly keyFile: Uint8Array;
  readonly keyPassphrase: string;
}

export const START: CaseworkState = { place: null, trust: null, busy: null, trouble: null, done: null, open: null };
