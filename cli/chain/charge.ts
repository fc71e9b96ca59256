/**
 * `veritrail chain charge|dispute|clear|confirm`: brings what a monitor found before the court, shows what is disputed and what waits,
 * and puts an answer to the vote. A charge is judged here first, as the court will: a false one costs nobody a transaction.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, isCodedError, notFound } from '../../core/bytes/error.ts';
import { formatRegistryFacts } from '../../core/authority/facts-json.ts';
import { CHARGE_KINDS } from '../../core/authority/registry-event.ts';
import type { DisputeFact } from '../../core/authority/registry.ts';
import { type Charge, parseCharge } from '../../core/court/charge.ts';
import { chargedLogOf, type Conviction, verifyCharge } from '../../core/court/judgement.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { words } from '../../core/verify/wording.ts';
import type { Described } from '../../chain/abi.ts';
import { anchoredCheckpoints, encodeCharge, encodeClearDispute, encodeConfirmCharge } from '../../chain/charge-call.ts';
import { EXIT, print, readInput } from '../command.ts';
import { parseId, parseLog } from './argument.ts';
import { idOf, Names } from './call-words.ts';
import { type ChainOptions, type ChainState, Place, type SendingOptions } from './place.ts';
import { proposeCall, type ProposingOptions, sendCall } from './proposal.ts';
import { CHARGE_NAMES } from './words.ts';

/** By a member. */
export async function bringCharge(file: string, options: SendingOptions): Promise<number> {
  const charge = parseCharge(await readInput(file));
  const place = await Place.open(options);
  const state = await place.state({ withAnchors: true });
  const logId = logIdOf(charge.origin);
  const anchors = anchoredCheckpoints(
    charge.origin,
    state.anchors.filter((event) => equalBytes(event.logId, logId)),
  );
  const { takesEffect } = judge(charge, state, anchors);
  if (!takesEffect) {
    const waits = words(
      '所依据的密钥已失密或被暂停：指控将记录在案，经联盟确认（chain confirm）后生效',
      'it rests on a key that is lost or suspended: it is recorded, and takes effect when the members confirm it (chain confirm)',
    );
    process.stderr.write(`${waits[options.lang]}\n`);
  }
  return sendCall(place, options, { to: place.contracts.court, data: encodeCharge(charge, anchors) });
}

/** Throws CONFLICT, as the court would refuse it, with the reason. */
function judge(charge: Charge, { facts }: ChainState, anchors: ReturnType<typeof anchoredCheckpoints>): Conviction {
  try {
    return verifyCharge(charge, chargedLogOf(facts, logIdOf(charge.origin), anchors));
  } catch (error) {
    if (!isCodedError(error, 'UNVERIFIED')) throw error;
    throw conflict(error.message, { error: 'FalseCharge', charge: CHARGE_KINDS.indexOf(charge.kind) + 1 });
  }
}

export function disputeLine(
  { logId, charge, chargeDigest, fromSequence, fromSize, registeredAt }: DisputeFact,
  names: Names,
): string {
  const [log, kind, at] = [names.log(encodeHex(logId)), names.say(CHARGE_NAMES[charge]), names.instant(registeredAt)];
  return names.say(
    words(
      `！${log} 自大小 ${fromSize}（第 ${fromSequence} 号锚定）起有争议，${at}：${kind}（${encodeHex(chargeDigest)}）`,
      `! ${log} is disputed from size ${fromSize} (anchor ${fromSequence}) on, since ${at}: ${kind} (${encodeHex(chargeDigest)})`,
    ),
  );
}

/** Charges that wait for the members: brought, resting on a key in doubt, and neither in effect nor cleared since. */
function waitingCharges(events: readonly Described[]): Described[] {
  const waiting = new Map<unknown, Described>();
  for (const event of events) {
    const { chargeDigest, logId } = event.values;
    if (event.name === 'Charged' && event.values['takesEffect'] === false) waiting.set(chargeDigest, event);
    if (event.name === 'Disputed') waiting.delete(chargeDigest);
    if (event.name !== 'Cleared') continue;
    for (const [digest, one] of waiting) if (one.values['logId'] === logId) waiting.delete(digest);
  }
  return [...waiting.values()];
}

/** Of one log, or of all. */
export async function showDisputes(log: string | undefined, options: ChainOptions): Promise<number> {
  const logId = log === undefined ? null : encodeHex(parseLog(log));
  const place = await Place.open(options);
  const { facts } = await place.state();
  if (logId !== null && !facts.logs.some((one) => encodeHex(one.logId) === logId)) throw notFound('no such log is registered');
  const isAsked = (id: string): boolean => logId === null || id === logId;
  const disputes = facts.disputes.filter((one) => isAsked(encodeHex(one.logId)));
  const waiting = waitingCharges(await place.events('court')).filter(({ values }) => isAsked(idOf(values['logId'])));
  const names = new Names(facts, options.lang);
  const lines = [...disputes.map((dispute) => disputeLine(dispute, names)), ...waiting.map((one) => waitingLine(one, names))];
  const answer = {
    disputes: formatRegistryFacts({ ...facts, disputes })['disputes']!,
    waiting: waiting.map(({ values }) => values),
  };
  print(options, answer, lines.length > 0 ? lines : [names.say(words('没有争议', 'no disputes'))]);
  return EXIT.done;
}

function waitingLine({ values }: Described, names: Names): string {
  const [log, digest] = [names.log(idOf(values['logId'])), idOf(values['chargeDigest'])];
  const kind = names.say(CHARGE_NAMES[CHARGE_KINDS[Number(values['charge']) - 1]!]);
  return names.say(
    words(
      `？${log} 被指控，待联盟确认：${kind}（veritrail chain confirm ${digest}）`,
      `? ${log} is charged, and the members must confirm it: ${kind} (veritrail chain confirm ${digest})`,
    ),
  );
}

export interface ClearOptions extends ProposingOptions {
  readonly reason: string;
}

/** The reason is public and stays. */
export async function clearDispute(log: string, options: ClearOptions): Promise<number> {
  const data = encodeClearDispute(parseLog(log), options.reason);
  const place = await Place.open(options);
  return proposeCall(place, options, { to: place.contracts.court, data });
}

export async function confirmCharge(digest: string, options: ProposingOptions): Promise<number> {
  const data = encodeConfirmCharge(parseId(digest, 'a charge’s digest'));
  const place = await Place.open(options);
  return proposeCall(place, options, { to: place.contracts.court, data });
}
