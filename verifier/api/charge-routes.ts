/**
 * Charges by whoever holds the proof, above all a promise that a log did not keep: judged here as the court would judge them, kept, and
 * brought to the court by a member. Nobody pays for a false charge, and nobody need be a member to have one heard.
 */
import type { Request } from 'express';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import { findDispute } from '../../core/authority/registry.ts';
import { formatCharge, parseCharge } from '../../core/court/charge.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { readBody } from '../../service/body.ts';
import { sendJson } from '../../service/http.ts';
import { judgeCharge } from '../court/case.ts';
import type { KeptCharge } from '../court/charge-files.ts';
import type { Prosecution } from '../court/prosecution.ts';
import type { ChainFollower } from '../follow/chain-follower.ts';
import { type DescribedRoute, jsonOf, readLogId } from './route.ts';
import { CHARGE, CHARGES, KEPT_CHARGE } from './shape.ts';

export interface ChargeSources {
  readonly chain: ChainFollower;
  readonly prosecution: Prosecution;
  /** Longer ago than this, what the chain said is no ground to refuse a charge. */
  readonly silentForMs: number;
}

const MAX_BYTES = 64 << 10;

/** `kept`: any member may bring it; `waiting`: this program will; `brought`: the chain has it. */
function stateOf({ chain, prosecution: { prosecutor } }: ChargeSources, kept: KeptCharge): 'kept' | 'waiting' | 'brought' {
  const dispute = chain.facts === null ? undefined : findDispute(chain.facts, kept.logId);
  const isBrought = prosecutor?.hasBrought(kept) === true;
  if (isBrought || (dispute !== undefined && equalBytes(dispute.chargeDigest, kept.chargeDigest))) return 'brought';
  return prosecutor === null ? 'kept' : 'waiting';
}

export function describeCharge(sources: ChargeSources, kept: KeptCharge): JsonObject {
  const { charge, logId, chargeDigest, fromSize } = kept;
  const about = { logId: encodeHex(logId), kind: charge.kind, chargeDigest: encodeHex(chargeDigest), fromSize };
  return { ...about, state: stateOf(sources, kept) };
}

async function takeCharge(sources: ChargeSources, request: Request): Promise<JsonObject> {
  const { chain, prosecution, silentForMs } = sources;
  const charge = parseCharge(await readBody(request, { type: 'application/json', maxBytes: MAX_BYTES }));
  if (chain.polledMsAgo > silentForMs) throw unavailable('the chain does not answer: the charge cannot be judged');
  const { takesEffect } = judgeCharge(chain, logIdOf(charge.origin), charge);
  const kept = await prosecution.charges.keep(charge);
  prosecution.wake();
  return { ...describeCharge(sources, kept), takesEffect };
}

export function chargeRoutes(sources: ChargeSources): DescribedRoute[] {
  const { charges } = sources.prosecution;
  const withBytes = (kept: KeptCharge): JsonObject => ({
    ...describeCharge(sources, kept),
    charge: parseJson(formatCharge(kept.charge)),
  });
  return [
    {
      method: 'POST',
      path: '/v1/charges',
      handle: async (request, response) => sendJson(response, await takeCharge(sources, request)),
      description: {
        summary:
          'Takes a charge against a log that convicts it by the log’s own words, keeps it, and has it brought to the court',
        bodies: [jsonOf(CHARGE)],
        answer: jsonOf(KEPT_CHARGE),
      },
    },
    {
      method: 'GET',
      path: '/v1/logs/:logId/charges',
      handle: (request, response) => sendJson(response, { charges: charges.of(readLogId(request)).map(withBytes) }),
      description: { summary: 'The charges against a log that are kept here, for any member to bring', answer: jsonOf(CHARGES) },
    },
  ];
}
