/** What each lie is, and what every party is told then. An honest custodian's access stands first: of it nobody is told anything bad. */
import type { Lie } from './lies.ts';
import type { Told } from './trial.ts';

export interface Script {
  readonly does: string;
  readonly told: Told;
}

const HONEST: Told = { accessor: 'granted', person: 'complete: proven', copy: 'agrees', auditor: 'matched', court: '–' };
/** Nothing came to the log, or nowhere where she finds it. */
const UNSEEN = { ...HONEST, person: 'complete' };
const OUTSIDE_HISTORY: Told = { ...UNSEEN, copy: 'missing NOT_IN_HISTORY', auditor: 'differing NOT_IN_HISTORY' };

export const SCRIPTS: Readonly<Record<Lie, Script>> = {
  honest: { does: 'records what it releases (no lie)', told: HONEST },
  silence: {
    does: 'releases data to an accessor that has agreed to record nothing',
    told: { ...UNSEEN, accessor: '–', copy: '–', auditor: '–' },
  },
  'no-receipt': {
    does: 'releases data to an honest accessor, and records nothing',
    told: { ...UNSEEN, accessor: 'NO_RECEIPT', copy: '–', auditor: 'accessor-only NOT_ANSWERED' },
  },
  'promise-only': {
    does: 'promises the entry to the accessor and never records it',
    told: { ...UNSEEN, copy: 'missing NOT_IN_HISTORY', auditor: 'accessor-only HIDDEN', court: 'broken-promise' },
  },
  'other-number': { does: 'records it under another person’s number', told: OUTSIDE_HISTORY },
  'no-number': { does: 'records it under a number that nobody has', told: OUTSIDE_HISTORY },
  'other-subject': {
    does: 'says to everybody that it was about another person',
    told: { ...UNSEEN, accessor: 'OTHER_SUBJECT', copy: '–' },
  },
  'second-handle': { does: 'records it under a handle key that the registry does not list', told: OUTSIDE_HISTORY },
  'skipped-slot': { does: 'records it beyond a slot that it leaves empty', told: OUTSIDE_HISTORY },
  'unlisted-log': {
    does: 'promises it in a log that the registry does not list',
    told: { ...UNSEEN, accessor: 'OTHER_LOG', copy: 'missing OTHER_LOG', auditor: 'accessor-only HIDDEN' },
  },
  'second-log': {
    does: 'promises it in a second log, listed and shown to nobody',
    told: { ...UNSEEN, copy: 'open NOT_COMPLETE', auditor: 'accessor-only HIDDEN' },
  },
  'other-fields': {
    does: 'records fewer fields than it signed to the accessor',
    told: {
      ...HONEST,
      copy: 'differs OTHER_OUTCOME',
      auditor: 'differing OTHER_FIELDS MISSING_ENTRIES NOT_IN_HISTORY',
      court: 'broken-promise',
    },
  },
  'other-request': {
    does: 'records another operator than the accessor signed',
    told: {
      ...HONEST,
      person: 'complete: contradicted request-signature BAD_SIGNATURE',
      copy: 'missing NOT_IN_HISTORY',
      auditor: 'accessor-only HIDDEN',
      court: 'broken-promise',
    },
  },
  'fewer-fields': { does: 'signs and records fewer fields than it gave', told: HONEST },
  late: { does: 'records it as of a later quantum', told: HONEST },
  'false-seal': {
    does: 'puts under seal what nobody sealed',
    told: { ...UNSEEN, accessor: 'OTHER_SEAL', copy: '–' },
  },
  'left-out': {
    does: 'leaves the entry out of what it shows her',
    told: { ...HONEST, person: 'unknown BAD_PROOF', copy: 'open NOT_COMPLETE' },
  },
  'old-checkpoint': {
    does: 'answers her for a checkpoint before the access',
    told: { ...HONEST, person: 'complete, older', copy: 'open NOT_DUE' },
  },
  erased: { does: 'calls the content erased, with no erasure on record', told: { ...HONEST, person: 'complete: withheld' } },
};

export const PARTIES = ['accessor', 'person', 'copy', 'auditor', 'court'] as const;
export type Party = (typeof PARTIES)[number];

/** Whether a party is told something that no honest custodian brings about. */
const IS_CAUGHT: Readonly<Record<Party, (told: string) => boolean>> = {
  accessor: (told) => told !== 'granted' && told !== '–',
  person: (told) => !/^complete(: proven)?$/.test(told),
  copy: (told) => /^(missing|differs)/.test(told),
  auditor: (told) => told !== 'matched' && told !== '–',
  court: (told) => told !== '–',
};

export function caughtBy(told: Told): Party[] {
  return PARTIES.filter((party) => IS_CAUGHT[party](told[party]));
}
