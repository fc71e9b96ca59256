/**
 * The portal that served this page, asked over HTTP: who is signed in, and in her name each custodian; and a verifier, through it.
 * Nothing that comes back is believed here. No number, handle or leaf hash stands in an address.
 */
import { type AccessAnswer, MAX_ANSWER_BYTES, parseAccessAnswer } from '../../core/access/answer.ts';
import { type CanonicalNumber, parseNumber } from '../../core/access/number.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { decodeBase64 } from '../../core/bytes/bytes.ts';
import { forbidden, malformed, notFound, unavailable } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { type AccessCopies, parseCopies } from '../../core/citizen/copies.ts';
import { parsePromised, type PromisedEntry } from '../../core/citizen/promised.ts';
import { type Verifier, verifierBy } from '../../core/citizen/verifier.ts';
import { askServer, type Question } from '../check/ask.ts';

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
export interface Portal extends Verifier {
  readonly session: () => Promise<SignedIn | null>;
  readonly sources: () => Promise<Sources>;
  readonly answer: (log: LogFact, at: CheckpointName | null, csrf: string) => Promise<AccessAnswer>;
  readonly promised: (log: LogFact, at: CheckpointName | null, csrf: string) => Promise<readonly PromisedEntry[]>;
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
const MAX_SOURCES = 10_000;

function refusal({ status }: Response): Error {
  if (status === 401) return forbidden('nobody is signed in');
  if (status === 404) return notFound('the other side does not have it');
  return unavailable('the other side refuses', { status });
}

type Terms = Partial<Pick<Question, 'send' | 'headers' | 'timeoutMs' | 'maxBytes'>>;

function ask(path: string, terms: Terms = {}): Promise<JsonValue> {
  const caps = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES, credentials: 'same-origin' as const };
  return askServer(path, { ...caps, refusal, ...terms });
}

const own = (csrf: string): Record<string, string> => ({ 'Veritrail-Csrf': csrf });

function askOwn(path: string, { origin }: LogFact, at: CheckpointName | null, csrf: string): Promise<JsonValue> {
  const send = at === null ? { origin } : { origin, at: { size: at.size, issuedAt: at.issuedAt } };
  return ask(path, { send, headers: own(csrf), timeoutMs: ANSWER_TIMEOUT_MS });
}

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

export const sameOriginPortal: Portal = {
  ...verifierBy(ask),
  session,
  sources: async () => {
    const fields = new JsonFields(await ask('/portal/v1/sources'), 'sources');
    return {
      connected: new Set(fields.array('connected', MAX_SOURCES, readText)),
      accessors: fields.array('accessors', MAX_SOURCES, readText),
    };
  },
  answer: async (log, at, csrf) => parseAccessAnswer(await askOwn('/portal/v1/answers', log, at, csrf)),
  promised: async (log, at, csrf) => parsePromised(await askOwn('/portal/v1/promised', log, at, csrf)),
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
