/** `veritrail chain scope|duty|coverage …`: what an authority may issue, read, and declares to record completely. */
import { encodeDeclareCoverage, encodeEndGrant, encodeGrantDuty, encodeGrantScope } from '../../chain/registry-call.ts';
import { parseInstant } from '../command.ts';
import { parseBeginning, parseCode, parseEnd, parseId, parseLicenceType, parsePurpose, parseRegion } from './argument.ts';
import { Place, type SendingOptions } from './place.ts';
import { type EitherWayOptions, proposeCall, type ProposingOptions, sendCall, sendOrPropose } from './proposal.ts';

interface GrantOptions extends ProposingOptions {
  readonly from?: string;
  readonly to?: string;
  /** The grantor's own scope or duty; without it the members grant. */
  readonly partOf?: string;
}

export interface ScopeOptions extends GrantOptions {
  readonly type: string;
  readonly region: string;
}

export interface DutyOptions extends GrantOptions {
  readonly purpose: string;
}

export interface CoverageOptions extends SendingOptions {
  readonly type: string;
  readonly since: string;
}

function termsOf(code: string, { from, to, partOf }: GrantOptions) {
  const parentId = partOf === undefined ? null : parseId(partOf, '--part-of');
  return { code: parseCode(code), validFrom: parseBeginning(from), validTo: parseEnd(to), parentId };
}

async function grant(options: GrantOptions, data: string): Promise<number> {
  const place = await Place.open(options);
  const call = { to: place.contracts.registry, data };
  return options.partOf === undefined ? proposeCall(place, options, call) : sendCall(place, options, call);
}

export async function grantScope(code: string, options: ScopeOptions): Promise<number> {
  const [licenceType, region] = [parseLicenceType(options.type), parseRegion(options.region)];
  return grant(options, encodeGrantScope({ ...termsOf(code, options), licenceType, region }));
}

export async function grantDuty(code: string, options: DutyOptions): Promise<number> {
  return grant(options, encodeGrantDuty({ ...termsOf(code, options), purpose: parsePurpose(options.purpose) }));
}

/** A scope or a duty. */
export async function endGrant(id: string, options: EitherWayOptions): Promise<number> {
  const data = encodeEndGrant(parseId(id, 'the id of a scope or duty'));
  const place = await Place.open(options);
  return sendOrPropose(place, options, { to: place.contracts.registry, data });
}

export async function declareCoverage(code: string, options: CoverageOptions): Promise<number> {
  const [licenceType, since] = [parseLicenceType(options.type), parseInstant(options.since)];
  const data = encodeDeclareCoverage({ code: parseCode(code), licenceType, since });
  const place = await Place.open(options);
  return sendCall(place, options, { to: place.contracts.registry, data });
}
