/**
 * The sides that the portal asks: a verifier, for what is public, and custodians' nodes and accessors' agents, each with an access token for it
 * alone.
 * Nothing that comes back is kept. No answer, a late one and an unreadable one are UNAVAILABLE, with the host and nothing else.
 */
import { type AccessAnswer, MAX_ANSWER_BYTES, parseAccessAnswer } from '../../core/access/answer.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, notFound, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { MAX_COPIES_BYTES } from '../../core/citizen/copies.ts';
import { parsePromised, type PromisedEntry } from '../../core/citizen/promised.ts';
import { type AnchorClaim, type LogAnswer, parseAnchorClaim, parseLookupAnswer } from '../../core/verify/lookup.ts';
import { acceptTrust, parseSignedTrust, type Trust } from '../../core/verify/trust.ts';
import type { LiveChain } from '../../core/verify/world.ts';
import { fetchBytes } from '../../service/call/client.ts';

const VERIFIER_TIMEOUT_MS = 8_000;
const MAX_VERIFIER_BYTES = 16 << 20;
const MAX_SEALS_BYTES = 64 << 20;
const MAX_ACT_BYTES = 64 << 10;
const MAX_ANCHORS = 16_384;

/** As UNAVAILABLE: an answer that is none of ours says nothing. */
async function readable<Read>(work: () => Promise<Read>): Promise<Read> {
  try {
    return await work();
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) throw unavailable('the answer is not of the documented form');
    throw error;
  }
}

export class VerifierSide {
  readonly #url: string;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** `path` is one of ours, with its query. */
  bytes(path: string): Promise<Uint8Array> {
    const caps = { timeoutMs: VERIFIER_TIMEOUT_MS, maxBytes: MAX_VERIFIER_BYTES, signal: this.#signal };
    return fetchBytes(`${this.#url}${path}`, caps);
  }

  async #json(path: string): Promise<JsonValue> {
    return parseJson(await this.bytes(path), { maxBytes: MAX_VERIFIER_BYTES });
  }

  live(): Promise<LiveChain> {
    return readable(async () => {
      const fields = new JsonFields(await this.#json('/v1/authorities'), 'authorities');
      return { ageMs: fields.integer('polledMsAgo'), facts: parseRegistryFacts(fields.value('facts')) };
    });
  }

  /** Taken on sight: the portal's verifier is of the portal's own choice. */
  trust(): Promise<Trust> {
    return readable(async () => acceptTrust(parseSignedTrust(await this.#json('/trust.json')), null));
  }

  /** Throws NOT_FOUND where the verifier does not follow the log. */
  standing(logId: Hash, at: CheckpointName | null): Promise<LogAnswer> {
    return readable(async () => {
      const { logs } = parseLookupAnswer(await this.#json(standingPath(logId, at)));
      if (logs.length !== 1) throw notFound('the verifier does not follow that log');
      return logs[0]!;
    });
  }

  anchors(logId: Hash, from: number, to: number): Promise<AnchorClaim[]> {
    return readable(async () => {
      const fields = new JsonFields(await this.#json(anchorsPath(logId, from, to)), 'anchors');
      return fields.array('anchors', MAX_ANCHORS, parseAnchorClaim);
    });
  }
}

export function standingPath(logId: Hash, at: CheckpointName | null): string {
  return `/v1/logs/${encodeHex(logId)}/standing${at === null ? '' : `?size=${at.size}&time=${at.issuedAt}`}`;
}

export function anchorsPath(logId: Hash, from: number, to: number): string {
  return `/v1/logs/${encodeHex(logId)}/anchors?from=${from}&to=${to}`;
}

export interface CustodianCall {
  /** Of the node, or the agent. */
  readonly url: string;
  readonly accessToken: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const bearer = (accessToken: string): Record<string, string> => ({
  authorization: `Bearer ${accessToken}`,
  'content-type': 'application/json',
});

/** The bytes as they came, for the browser to judge. */
export function fetchHistory({ url, accessToken, timeoutMs, signal }: CustodianCall): Promise<Uint8Array> {
  const body = encodeUtf8('{}');
  const terms = { body, headers: bearer(accessToken), timeoutMs, maxBytes: MAX_ANSWER_BYTES, signal };
  return fetchBytes(`${url}/v1/history`, { method: 'POST', ...terms });
}

export async function fetchAnswer(call: CustodianCall): Promise<AccessAnswer> {
  return readable(async () => parseAccessAnswer(parseJson(await fetchHistory(call), { maxBytes: MAX_ANSWER_BYTES })));
}

/** What is promised or published beyond the answer's checkpoint, as it came. */
export function fetchBeyond({ url, accessToken, timeoutMs, signal }: CustodianCall): Promise<Uint8Array> {
  const terms = { body: encodeUtf8('{}'), headers: bearer(accessToken), timeoutMs, maxBytes: MAX_ANSWER_BYTES, signal };
  return fetchBytes(`${url}/v1/promised`, { method: 'POST', ...terms });
}

export async function fetchPromised(call: CustodianCall): Promise<PromisedEntry[]> {
  return readable(async () => parsePromised(parseJson(await fetchBeyond(call), { maxBytes: MAX_ANSWER_BYTES })));
}

/** An accessor's copies of what it read about her, as they came. */
export function fetchCopies({ url, accessToken, timeoutMs, signal }: CustodianCall): Promise<Uint8Array> {
  const terms = { body: encodeUtf8('{}'), headers: bearer(accessToken), timeoutMs, maxBytes: MAX_COPIES_BYTES, signal };
  return fetchBytes(`${url}/v1/person/copies`, { method: 'POST', ...terms });
}

/** `key`: the same for the same objection, so that a second click makes no second entry. */
export function sendObjection(
  call: CustodianCall,
  objection: { leafHash: string; text: string },
  key: string,
): Promise<Uint8Array> {
  const { url, accessToken, timeoutMs, signal } = call;
  const headers = { ...bearer(accessToken), 'idempotency-key': key };
  const body = encodeUtf8(JSON.stringify(objection));
  return fetchBytes(`${url}/v1/objections`, { method: 'POST', body, headers, timeoutMs, maxBytes: MAX_ACT_BYTES, signal });
}

/** A seals log is public: no token. */
export function fetchSeals(url: string, signal: AbortSignal): Promise<Uint8Array> {
  return fetchBytes(`${url}/v1/seals`, { timeoutMs: VERIFIER_TIMEOUT_MS, maxBytes: MAX_SEALS_BYTES, signal });
}
