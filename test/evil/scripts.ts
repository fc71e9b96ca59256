/** What each lie is, who catches it and by which code, and what a reader is told then. The attack is played until all of it came true. */
import type { Lie } from './lies.ts';

export type Catcher = 'register' | 'chain' | 'witness' | 'verifier' | 'monitor' | 'court';

export interface Script {
  readonly does: string;
  /** Licences issued before, in good faith. */
  readonly before: number;
  readonly caughtBy: readonly (readonly [by: Catcher, code: string])[];
  /** Who must have nothing to say at the end. */
  readonly silent?: readonly Catcher[];
  /** What a reader is told of the licence that was issued before, and of the one that the lie is about. */
  readonly reader: { readonly before: string; readonly beyond: string };
}

export const SCRIPTS: Readonly<Record<Lie, Script>> = {
  fork: {
    does: 'anchors one root, signs another of the same size',
    before: 1,
    caughtBy: [
      ['register', 'UNVERIFIED'],
      ['chain', 'Forked'],
      ['verifier', 'FORKED_LOG'],
      ['court', 'fork'],
    ],
    reader: { before: 'undetermined FORKED_LOG', beyond: 'undetermined NOT_RECORDED' },
  },
  omit: {
    does: 'keeps an entry in the tree and out of the map',
    before: 1,
    caughtBy: [
      ['witness', 'map-root'],
      ['verifier', 'FORKED_LOG'],
      ['court', 'unmapped'],
    ],
    reader: { before: 'undetermined FORKED_LOG', beyond: 'undetermined NOT_RECORDED' },
  },
  'omit-never': {
    does: 'promises an entry and never records it',
    before: 1,
    caughtBy: [['court', 'broken-promise']],
    reader: { before: 'undetermined DISPUTED_LOG', beyond: 'undetermined NOT_RECORDED' },
  },
  rollback: {
    does: 'takes a slot back out of the map',
    before: 1,
    caughtBy: [
      ['witness', 'map-root'],
      ['verifier', 'FORKED_LOG'],
      ['court', 'rolled-back'],
    ],
    reader: { before: 'undetermined FORKED_LOG', beyond: 'undetermined NOT_RECORDED' },
  },
  rewind: {
    does: 'restores an old backup and signs on from there',
    before: 2,
    caughtBy: [
      ['register', 'CONFLICT'],
      ['chain', 'SizeShrinks'],
      ['chain', 'NotExtending'],
      ['verifier', 'FORKED_LOG'],
      ['court', 'split-view'],
    ],
    reader: { before: 'undetermined FORKED_LOG', beyond: 'undetermined NOT_RECORDED' },
  },
  backdate: {
    does: 'signs a checkpoint with a time in the past',
    before: 1,
    caughtBy: [
      ['register', 'CONFLICT'],
      ['chain', 'NotLater'],
    ],
    silent: ['court'],
    reader: { before: 'valid', beyond: 'undetermined NOT_RECORDED' },
  },
  'backdate-entry': {
    does: 'dates an entry before those that stand before it',
    before: 1,
    caughtBy: [
      ['witness', 'entry-time'],
      ['verifier', 'FORKED_LOG'],
    ],
    silent: ['court'],
    reader: { before: 'undetermined FORKED_LOG', beyond: 'undetermined NOT_RECORDED' },
  },
  withhold: {
    does: 'anchors a root whose entries it gives to nobody',
    before: 1,
    caughtBy: [
      ['witness', 'NODE_UNREACHABLE'],
      ['verifier', 'NODE_UNREACHABLE'],
    ],
    silent: ['court'],
    reader: { before: 'undetermined NODE_UNREACHABLE', beyond: 'undetermined NOT_RECORDED' },
  },
  'withhold-proofs': {
    does: 'anchors a wrong map root and opens it to nobody',
    before: 1,
    caughtBy: [
      ['witness', 'map-root'],
      ['verifier', 'FORKED_LOG'],
      ['monitor', 'withheld'],
    ],
    silent: ['court'],
    reader: { before: 'undetermined FORKED_LOG', beyond: 'undetermined NOT_RECORDED' },
  },
  'withhold-anchor': {
    does: 'publishes a checkpoint and keeps it off the chain',
    before: 1,
    caughtBy: [['monitor', 'anchored for it']],
    silent: ['court'],
    reader: { before: 'valid', beyond: 'valid' },
  },
  swap: {
    does: 'a second copy signs beside what the register holds',
    before: 1,
    caughtBy: [
      ['register', 'CONFLICT'],
      ['witness', 'fork'],
      ['court', 'fork'],
    ],
    reader: { before: 'valid', beyond: 'undetermined DISPUTED_LOG UNWITNESSED PROVISIONAL' },
  },
};
