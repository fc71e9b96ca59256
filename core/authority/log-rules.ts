/**
 * What the class of a log decides: which kinds of entries it has, how it grows, and who may read it (docs/formats.md §2).
 */
import { kindNameOf, type KindName } from '../log/entry.ts';
import type { LogClass } from './registry-event.ts';

export interface LogRules {
  readonly kinds: readonly KindName[];
  /**
   * True: by whole quanta. Entries are sorted by (time, slot), and a checkpoint holds those of the quanta that were over at its time, all of
   * them and no others. So nobody sees in which order things were read within a quantum, or which entries came together.
   */
  readonly growsByQuanta: boolean;
  /**
   * False: entries and slot proofs are for registered parties, who sign their questions. Whoever may ask for any slot collects all of them
   * from proofs of absence.
   */
  readonly isPublic: boolean;
  /** Its node hands out openings, which nobody reads without h. */
  readonly hasOpenings: boolean;
}

export const LOG_RULES: Readonly<Record<LogClass, LogRules>> = {
  licence: {
    kinds: ['issue', 'suspend', 'resume', 'revoke', 'annul', 'cancel', 'reinstate', 'correct', 'file', 'copy', 'erasure'],
    growsByQuanta: false,
    isPublic: true,
    hasOpenings: true,
  },
  access: { kinds: ['access', 'objection', 'answer', 'erasure'], growsByQuanta: true, isPublic: false, hasOpenings: false },
  seals: { kinds: ['seal', 'seal-release', 'seal-renewal'], growsByQuanta: true, isPublic: true, hasOpenings: false },
};

/** False for a kind of another class. What a number without a meaning says nobody knows: it may stand anywhere. */
export function isKindOf(logClass: LogClass, kind: number): boolean {
  const name = kindNameOf(kind);
  return name === null || LOG_RULES[logClass].kinds.includes(name);
}

/** When the quantum began that this instant is in: all quanta before were over then. */
export function quantumOf(time: number, quantum: number): number {
  return time - (time % quantum);
}
