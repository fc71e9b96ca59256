/** What everything that stands beside an open case is given, and how it names a custodian. */
import { findAuthority } from '../../core/authority/registry.ts';
import type { Casework } from '../desk/casework.ts';
import type { AtCase } from '../desk/state.ts';

export interface AtCaseProps {
  readonly casework: Casework;
  readonly open: AtCase;
}

export function custodianName({ judged }: Pick<AtCase, 'judged'>, origin: string): string {
  const { facts } = judged.world;
  const log = facts.logs.find((one) => one.origin === origin);
  return (log && findAuthority(facts, log.authority)?.name) ?? origin;
}
