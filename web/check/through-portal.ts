/** A verifier, asked through the portal that served this page. No number, handle or leaf hash stands in an address. */
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { notFound } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { type AnchorClaim, type LogAnswer, parseAnchorClaim, parseLookupAnswer } from '../../core/verify/lookup.ts';
import { parseSignedTrust, type SignedTrust } from '../../core/verify/trust.ts';
import type { LiveChain } from '../../core/verify/world.ts';

/** Each throws UNAVAILABLE when there is no answer, MALFORMED when it is none of ours. */
export interface PortalVerifier {
  readonly live: () => Promise<LiveChain>;
  readonly trust: () => Promise<SignedTrust>;
  readonly standing: (logId: Hash, at: CheckpointName | null) => Promise<LogAnswer>;
  readonly anchors: (logId: Hash, from: number, to: number) => Promise<readonly AnchorClaim[]>;
}

const MAX_ANCHORS = 16_384;

export function verifierThrough(ask: (path: string) => Promise<JsonValue>): PortalVerifier {
  return {
    live: async () => {
      const fields = new JsonFields(await ask('/v1/authorities'), 'authorities');
      return { ageMs: fields.integer('polledMsAgo'), facts: parseRegistryFacts(fields.value('facts')) };
    },
    trust: async () => parseSignedTrust(await ask('/trust.json')),
    standing: async (logId, at) => {
      const query = at === null ? '' : `?size=${at.size}&time=${at.issuedAt}`;
      const { logs } = parseLookupAnswer(await ask(`/v1/logs/${encodeHex(logId)}/standing${query}`));
      if (logs.length !== 1) throw notFound('the verifier does not follow that log');
      return logs[0]!;
    },
    anchors: async (logId, from, to) => {
      const fields = new JsonFields(await ask(`/v1/logs/${encodeHex(logId)}/anchors?from=${from}&to=${to}`), 'anchors');
      return fields.array('anchors', MAX_ANCHORS, parseAnchorClaim);
    },
  };
}
