/**
 * Whether an accessor gets what it asks for: denied unless the route gives these data for this purpose and one of the accessor's duties in
 * the registry names it. Break-glass passes purpose, duty, case and agreement, and the age of the facts; nothing else.
 */
import { hasDuty } from '../../core/access/purpose.ts';
import type { Caller } from './authenticate.ts';
import type { RouteConfig } from './config.ts';
import { AccessRefusal, type Reason } from './refusal.ts';

function refuse(when: boolean, reason: Reason): void {
  if (when) throw new AccessRefusal(reason);
}

/** Throws an AccessRefusal. */
export function judge({ request, known, isOfQuery }: Caller, route: RouteConfig, now: number): void {
  const { accessor, action, purpose, grade, breakGlass } = request;
  refuse(!isOfQuery, 'OTHER_QUERY');
  refuse(!route.actions.includes(action), 'OTHER_ACTION');
  refuse(!route.grades.includes(grade), 'LOW_GRADE');
  if (breakGlass !== null) return refuse(!route.breakGlass, 'NO_BREAK_GLASS');
  refuse(!known.areFresh, 'STALE');
  refuse(!route.purposes.includes(purpose), 'OTHER_PURPOSE');
  refuse(!hasDuty(known.facts, accessor, purpose, now), 'NO_DUTY');
  refuse(route.needs.includes('case') && request.case === null, 'NO_CASE');
  refuse(route.needs.includes('agreement') && request.agreement === null, 'NO_AGREEMENT');
}
