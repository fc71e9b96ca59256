/**
 * The verifier that served this page, asked over HTTP. Only slots are sent; nothing that comes back is believed here.
 */
import { conflict, notFound, unavailable } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import type { LookUp } from '../../core/verify/gather.ts';
import { formatLookupQuestion, parseLookupAnswer } from '../../core/verify/lookup.ts';
import { parseSignedTrust, type SignedTrust } from '../../core/verify/trust.ts';
import { askServer } from './ask.ts';

/** What the registry says, and how long ago the verifier read the chain. */
export interface ChainReport {
  readonly facts: RegistryFacts;
  readonly polledMsAgo: number;
}

/** Each of them throws UNAVAILABLE when there is no answer, MALFORMED when it is none of ours. */
export interface Verifier {
  /** As `LookUp` says, NOT_FOUND for a log that is not followed. */
  readonly lookUp: LookUp;
  readonly chain: () => Promise<ChainReport>;
  readonly trust: () => Promise<SignedTrust>;
}

const TIMEOUT_MS = 8000;
const MAX_ANSWER = 16 << 20;

function refusal({ status }: Response): Error {
  if (status === 404) return notFound('the verifier does not have it');
  if (status === 409) return conflict('the verifier has moved on');
  return unavailable('the verifier refuses', { status });
}

function ask(path: string, send?: JsonValue): Promise<JsonValue> {
  const caps = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER, credentials: 'omit' as const };
  return askServer(path, { ...caps, refusal, ...(send !== undefined && { send }) });
}

async function chain(): Promise<ChainReport> {
  const fields = new JsonFields(await ask('/v1/authorities'), 'authorities');
  return { polledMsAgo: fields.integer('polledMsAgo'), facts: parseRegistryFacts(fields.value('facts')) };
}

export const sameOriginVerifier: Verifier = {
  lookUp: async (question) => parseLookupAnswer(await ask('/v1/lookup', formatLookupQuestion(question))),
  chain,
  trust: async () => parseSignedTrust(await ask('/trust.json')),
};
