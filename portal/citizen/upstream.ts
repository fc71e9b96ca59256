/**
 * The sides that the portal asks: a verifier, for what is public, and custodians' nodes and accessors' agents, each with an access token for it
 * alone.
 * Nothing that comes back is kept. No answer, a late one and an unreadable one are UNAVAILABLE, with the host and nothing else.
 */
import { type AccessAnswer, MAX_ANSWER_BYTES, parseAccessAnswer } from '../../core/access/answer.ts';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { parseJson } from '../../core/bytes/json.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { MAX_COPIES_BYTES } from '../../core/citizen/copies.ts';
import { parsePromised, type PromisedEntry } from '../../core/citizen/promised.ts';
import { type Verifier, verifierBy } from '../../core/citizen/verifier.ts';
import type { AnchorClaim, LogAnswer } from '../../core/verify/lookup.ts';
import { acceptTrust, type Trust } from '../../core/verify/trust.ts';
import type { LiveChain } from '../../core/verify/world.ts';
import { fetchBytes } from '../../service/call/client.ts';
import { HttpRefusal } from '../../service/problem.ts';

const VERIFIER_TIMEOUT_MS = 8_000;
const MAX_VERIFIER_BYTES = 16 << 20;
const MAX_SEALS_BYTES = 64 << 20;
const MAX_ACT_BYTES = 64 << 10;

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
  readonly #verifier: Verifier = verifierBy(async (path) => parseJson(await this.bytes(path), { maxBytes: MAX_VERIFIER_BYTES }));

  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  /** `path` is one of ours, with its query. */
  bytes(path: string): Promise<Uint8Array> {
    const caps = { timeoutMs: VERIFIER_TIMEOUT_MS, maxBytes: MAX_VERIFIER_BYTES, signal: this.#signal };
    return fetchBytes(`${this.#url}${path}`, caps);
  }

  live(): Promise<LiveChain> {
    return readable(() => this.#verifier.live());
  }

  /** Taken on sight: the portal's verifier is of the portal's own choice. */
  trust(): Promise<Trust> {
    return readable(async () => acceptTrust(await this.#verifier.trust(), null));
  }

  /** Throws NOT_FOUND where the verifier does not follow the log. */
  standing(logId: Hash, at: CheckpointName | null): Promise<LogAnswer> {
    return readable(() => this.#verifier.standing(logId, at));
  }

  anchors(logId: Hash, from: number, to: number): Promise<readonly AnchorClaim[]> {
    return readable(() => this.#verifier.anchors(logId, from, to));
  }
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

/**
 * The bytes as they came, for the browser to judge: her history at that checkpoint, or what is promised or published beyond it. That she asks
 * too often, the person is told as that.
 */
export async function fetchOwn(
  call: CustodianCall,
  path: '/v1/history' | '/v1/promised',
  at: CheckpointName | null,
): Promise<Uint8Array> {
  const { url, accessToken, timeoutMs, signal } = call;
  const body = encodeUtf8(JSON.stringify(at === null ? {} : { at }));
  const terms = { body, headers: bearer(accessToken), timeoutMs, maxBytes: MAX_ANSWER_BYTES, signal };
  try {
    return await fetchBytes(`${url}${path}`, { method: 'POST', ...terms });
  } catch (error) {
    if (!isCodedError(error) || error.facts['status'] !== 429) throw error;
    throw new HttpRefusal(429, 'UNAVAILABLE', 'too many questions; ask again later', {}, { status: 429 });
  }
}

export async function fetchAnswer(call: CustodianCall, at: CheckpointName | null): Promise<AccessAnswer> {
  const bytes = await fetchOwn(call, '/v1/history', at);
  return readable(async () => parseAccessAnswer(parseJson(bytes, { maxBytes: MAX_ANSWER_BYTES })));
}

export async function fetchPromised(call: CustodianCall, at: CheckpointName | null): Promise<PromisedEntry[]> {
  const bytes = await fetchOwn(call, '/v1/promised', at);
  return readable(async () => parsePromised(parseJson(bytes, { maxBytes: MAX_ANSWER_BYTES })));
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
