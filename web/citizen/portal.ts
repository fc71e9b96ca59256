/**
 * The portal that served this page, asked over HTTP: who is signed in, and in her name each custodian; and a verifier, through it. Every
 * question has a time-out; nothing that comes back is believed here. No number, handle or leaf hash stands in an address.
 */
import { type AccessAnswer, MAX_ANSWER_BYTES, parseAccessAnswer } from '../../core/access/answer.ts';
import { type CanonicalNumber, parseNumber } from '../../core/access/number.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { decodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import { forbidden, malformed, notFound, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { canonicalJson, type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { type AccessCopies, parseCopies } from '../../core/citizen/copies.ts';
import { parsePromised, type PromisedEntry } from '../../core/citizen/promised.ts';
import { type AnchorClaim, type LogAnswer, parseAnchorClaim, parseLookupAnswer } from '../../core/verify/lookup.ts';
import { parseSignedTrust, type SignedTrust } from '../../core/verify/trust.ts';
import type { LiveChain } from '../../core/verify/world.ts';

export interface SignedIn {
  readonly person: CanonicalNumber;
  readonly name: string | null;
  /** Shown beside the cookie by whatever changes something. */
  readonly csrf: string;
}

/** Whom the portal has a way to. */
export interface Sources {
  /** Logs, by origin. */
  readonly connected: ReadonlySet<string>;
  /** Authorities whose agents are asked for their copies. */
  readonly accessors: readonly string[];
}

/** Each throws UNAVAILABLE when there is no answer, MALFORMED when it is none of ours, FORBIDDEN when nobody is signed in any more. */
export interface Portal {
  readonly session: () => Promise<SignedIn | null>;
  readonly sources: () => Promise<Sources>;
  readonly live: () => Promise<LiveChain>;
  readonly trust: () => Promise<SignedTrust>;
  readonly answer: (log: LogFact, csrf: string) => Promise<AccessAnswer>;
  readonly standing: (logId: Hash, at: CheckpointName | null) => Promise<LogAnswer>;
  readonly anchors: (logId: Hash, from: number, to: number) => Promise<readonly AnchorClaim[]>;
  readonly promised: (log: LogFact, csrf: string) => Promise<readonly PromisedEntry[]>;
  /** Throws MALFORMED for another accessor's. */
  readonly copies: (accessor: string, csrf: string) => Promise<AccessCopies>;
  /** All entries of a seals log, 74 bytes each. */
  readonly seals: (log: LogFact) => Promise<Uint8Array>;
  readonly object: (objection: SentObjection, csrf: string) => Promise<void>;
  /** Where to go next. */
  readonly signOut: (csrf: string) => Promise<string>;
}

export interface SentObjection {
  readonly origin: string;
  readonly leafHash: string;
  readonly text: string;
  /** The same for the same objection sent again. */
  readonly key: string;
}

const TIMEOUT_MS = 15_000;
/** Custodians have time-outs of their own at the portal; long histories come over slow lines. */
const ANSWER_TIMEOUT_MS = 60_000;
const MAX_SEALS_BYTES = 96 << 20;
const MAX_ANCHORS = 16_384;
const MAX_SOURCES = 10_000;

interface Question {
  readonly send?: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

function refusal(status: number): Error {
  if (status === 401) return forbidden('nobody is signed in');
  if (status === 404) return notFound('the other side does not have it');
  return unavailable('the other side refuses', { status });
}

/** The time-out counts until the last byte of the answer. */
async function ask(path: string, question: Question = {}): Promise<JsonValue> {
  const { send, headers = {}, timeoutMs = TIMEOUT_MS, maxBytes = MAX_ANSWER_BYTES } = question;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  const type = { 'Content-Type': 'application/json' };
  const sent: RequestInit =
    send === undefined ? { headers } : { method: 'POST', headers: { ...type, ...headers }, body: canonicalJson(send) };
  let text: string;
  try {
    const response = await fetch(path, { ...sent, cache: 'no-store', credentials: 'same-origin', signal: controller.signal });
    if (!response.ok) throw refusal(response.status);
    text = await response.text();
  } catch (error) {
    // What fetch itself throws: no connection, cut off, or our own time-out.
    throw error instanceof DOMException || error instanceof TypeError ? unavailable('no answer', {}, error) : error;
  } finally {
    clearTimeout(timer);
  }
  return parseJson(text, { maxBytes });
}

const own = (csrf: string): Record<string, string> => ({ 'Veritrail-Csrf': csrf });

async function session(): Promise<SignedIn | null> {
  const fields = new JsonFields(await ask('/portal/v1/session'), 'session');
  if (!fields.boolean('signedIn')) return null;
  const person = fields.object('person');
  return {
    person: parseNumber(person.integer('class'), person.string('id', 128)),
    name: fields.nullable('name', () => fields.string('name', 64)),
    csrf: fields.string('csrf', 64),
  };
}

function readText(value: JsonValue): string {
  return typeof value === 'string' ? value : '';
}

async function standing(logId: Hash, at: CheckpointName | null): Promise<LogAnswer> {
  const query = at === null ? '' : `?size=${at.size}&time=${at.issuedAt}`;
  const { logs } = parseLookupAnswer(await ask(`/v1/logs/${encodeHex(logId)}/standing${query}`));
  if (logs.length !== 1) throw notFound('the verifier does not follow that log');
  return logs[0]!;
}

export const sameOriginPortal: Portal = {
  session,
  sources: async () => {
    const fields = new JsonFields(await ask('/portal/v1/sources'), 'sources');
    return {
      connected: new Set(fields.array('connected', MAX_SOURCES, readText)),
      accessors: fields.array('accessors', MAX_SOURCES, readText),
    };
  },
  live: async () => {
    const fields = new JsonFields(await ask('/v1/authorities'), 'authorities');
    return { ageMs: fields.integer('polledMsAgo'), facts: parseRegistryFacts(fields.value('facts')) };
  },
  trust: async () => parseSignedTrust(await ask('/trust.json')),
  answer: async ({ origin }, csrf) =>
    parseAccessAnswer(await ask('/portal/v1/answers', { send: { origin }, headers: own(csrf), timeoutMs: ANSWER_TIMEOUT_MS })),
  standing,
  anchors: async (logId, from, to) => {
    const fields = new JsonFields(await ask(`/v1/logs/${encodeHex(logId)}/anchors?from=${from}&to=${to}`), 'anchors');
    return fields.array('anchors', MAX_ANCHORS, parseAnchorClaim);
  },
  promised: async ({ origin }, csrf) =>
    parsePromised(await ask('/portal/v1/promised', { send: { origin }, headers: own(csrf), timeoutMs: ANSWER_TIMEOUT_MS })),
  copies: async (accessor, csrf) => {
    const question = { send: { accessor }, headers: own(csrf), timeoutMs: ANSWER_TIMEOUT_MS };
    const told = parseCopies(await ask('/portal/v1/copies', question));
    if (told.accessor !== accessor) throw malformed('copies of another accessor');
    return told;
  },
  seals: async ({ origin }) => {
    const path = `/portal/v1/seals?origin=${encodeURIComponent(origin)}`;
    return decodeBase64(
      new JsonFields(await ask(path, { maxBytes: MAX_SEALS_BYTES }), 'seals').string('entries', MAX_SEALS_BYTES),
    );
  },
  object: async ({ origin, leafHash, text, key }, csrf) => {
    const headers = { ...own(csrf), 'Idempotency-Key': key };
    await ask('/portal/v1/objections', { send: { origin, leafHash, text }, headers });
  },
  signOut: async (csrf) =>
    new JsonFields(await ask('/portal/sign-out', { send: {}, headers: own(csrf) }), 'sign-out').string('next', 8192),
};
