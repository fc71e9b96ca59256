/**
 * What is asked of a verifier beside look-ups, by whoever has a way to it: a page through its portal, the portal, the command line. No number,
 * handle or leaf hash stands in an address.
 */
import { parseRegistryFacts } from '../authority/facts-json.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { notFound } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import type { JsonValue } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';
import type { CheckpointName } from './ask.ts';
import { type AnchorClaim, type LogAnswer, parseAnchorClaim, parseLookupAnswer } from '../verify/lookup.ts';
import { parseSignedTrust, type SignedTrust } from '../verify/trust.ts';
import type { LiveChain } from '../verify/world.ts';

/** Each throws UNAVAILABLE when there is no answer, MALFORMED when it is none of ours. */
export interface Verifier {
  readonly live: () => Promise<LiveChain>;
  readonly trust: () => Promise<SignedTrust>;
  readonly standing: (logId: Hash, at: CheckpointName | null) => Promise<LogAnswer>;
  readonly anchors: (logId: Hash, from: number, to: number) => Promise<readonly AnchorClaim[]>;
}

const MAX_ANCHORS = 16_384;

export function standingPath(logId: Hash, at: CheckpointName | null): string {
  return `/v1/logs/${encodeHex(logId)}/standing${at === null ? '' : `?size=${at.size}&time=${at.issuedAt}`}`;
}

export function anchorsPath(logId: Hash, from: number, to: number): string {
  return `/v1/logs/${encodeHex(logId)}/anchors?from=${from}&to=${to}`;
}

/** `ask`: a GET of that path, its answer as JSON. */
export function verifierBy(ask: (path: string) => Promise<JsonValue>): Verifier {
  return {
    live: async () => {
      const fields = new JsonFields(await ask('/v1/authorities'), 'authorities');
      return { ageMs: fields.integer('polledMsAgo'), facts: parseRegistryFacts(fields.value('facts')) };
    },
    trust: async () => parseSignedTrust(await ask('/trust.json')),
    standing: async (logId, at) => {
      const { logs } = parseLookupAnswer(await ask(standingPath(logId, at)));
      if (logs.length !== 1) throw notFound('the verifier does not follow that log');
      return logs[0]!;
    },
    anchors: async (logId, from, to) => {
      const fields = new JsonFields(await ask(anchorsPath(logId, from, to)), 'anchors');
      return fields.array('anchors', MAX_ANCHORS, parseAnchorClaim);
    },
  };
}
