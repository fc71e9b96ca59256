/** The portal that served this page, as a desk: its authority's signature, and custodians. Nothing that comes back is believed here. */
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { parseUscc, type Uscc } from '../../core/authority/uscc.ts';
import { encodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import { CodedError, ERROR_CODES, isCodedError, malformed, unavailable } from '../../core/bytes/error.ts';
import { type JsonObject, type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { type JsonFields, readFields } from '../../core/bytes/json-fields.ts';
import { readPlainText } from '../../core/bytes/plain-text.ts';
import { type Verifier, verifierBy } from '../../core/citizen/verifier.ts';
import { parseOrigin } from '../../core/log/origin.ts';
import { parsePublicKey, parseSignature } from '../../core/sm/sm2.ts';
import { type CaseAnswer, MAX_CASE_ANSWER_BYTES, parseCaseAnswer } from '../../core/trace/case-answer.ts';
import type { Officer, SignedCase } from '../../core/trace/case.ts';
import { formatSentQuestion, type SentQuestion } from '../../core/trace/query.ts';
import { askServer } from '../check/ask.ts';

export interface Place {
  readonly authority: Uscc;
  readonly officers: readonly Officer[];
  /** Logs that the desk has a way to. */
  readonly origins: ReadonlySet<string>;
  readonly system: string;
  readonly terminal: string;
}

export interface ToSign {
  readonly what: 'case' | 'request' | 'manifest';
  /** Null of a new case. */
  readonly signedCase: SignedCase | null;
  readonly payload: Uint8Array;
  readonly own: EnvelopeSignature;
}

/** Each throws a coded error: UNAVAILABLE where nobody answers, or what the portal or, behind it, the custodian refuses with. */
export interface DeskPortal extends Verifier {
  readonly place: () => Promise<Place>;
  readonly sign: (call: ToSign) => Promise<EnvelopeSignature>;
  readonly ask: (signedCase: SignedCase, origin: string, question: SentQuestion) => Promise<CaseAnswer>;
}

const TIMEOUT_MS = 15_000;
/** The portal has one of its own for the custodian. */
const ASK_TIMEOUT_MS = 75_000;
const MAX_OFFICERS = 32;
const MAX_ORIGINS = 10_000;
const MAX_WAITS = 5;
const MAX_WAIT_S = 60;
const TOO_MANY = 429;

/** What the problem says; anything else that is no answer says nothing. */
async function refusal(response: Response): Promise<Error> {
  const { status } = response;
  const found = codeIn(await response.text());
  const code = ERROR_CODES.find((one) => one === found);
  const waitS = Number(response.headers.get('retry-after') ?? 0);
  return code === undefined
    ? unavailable('the other side refuses', { status })
    : new CodedError(code, 'refused', { status, waitS });
}

function codeIn(text: string): JsonValue {
  try {
    const value = parseJson(text);
    return value === null || typeof value !== 'object' ? null : ((value as JsonObject)['code'] ?? null);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** An answer that is none of ours is no answer: MALFORMED would blame the question. */
async function readable<Read>(work: () => Promise<Read>): Promise<Read> {
  try {
    return await work();
  } catch (error) {
    if (isCodedError(error, 'MALFORMED') && error.facts['status'] === undefined) throw unavailable('the answer cannot be read');
    throw error;
  }
}

/** A portal that is asked too often says when to come again. */
async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  for (let waits = 0; ; waits++) {
    try {
      return await ask();
    } catch (error) {
      if (!isCodedError(error) || error.facts['status'] !== TOO_MANY || waits === MAX_WAITS) throw error;
      const seconds = Math.min(MAX_WAIT_S, Math.max(1, Number(error.facts['waitS'])));
      await new Promise((done) => setTimeout(done, seconds * 1000));
    }
  }
}

function askDesk(path: string, send?: JsonValue, timeoutMs = TIMEOUT_MS): Promise<JsonValue> {
  const caps = { timeoutMs, maxBytes: MAX_CASE_ANSWER_BYTES, credentials: 'omit' as const, refusal };
  return patiently(() => askServer(path, { ...caps, ...(send !== undefined && { send }) }));
}

function readSignature(value: JsonValue): EnvelopeSignature {
  return readFields(value, 'signature', (fields) => ({
    keyId: fields.hash('keyId'),
    signature: parseSignature(fields.hex('signature', 64)),
  }));
}

function readPlace(value: JsonValue): Place {
  return readFields(value, 'place', (fields) => ({
    authority: parseUscc(fields.string('authority', 18)),
    officers: fields.array('officers', MAX_OFFICERS, (item, at) => readFields(item, at, readOfficer)),
    origins: new Set(fields.array('origins', MAX_ORIGINS, readOrigin)),
    system: readPlainText(fields, 'system', 128),
    terminal: readPlainText(fields, 'terminal', 128),
  }));
}

function readOfficer(fields: JsonFields): Officer {
  return {
    id: fields.string('id', 64),
    role: readPlainText(fields, 'role', 64),
    publicKey: parsePublicKey(fields.hex('publicKey', 65)),
  };
}

function readOrigin(value: JsonValue): string {
  if (typeof value !== 'string') throw malformed('place: not an origin');
  return parseOrigin(value);
}

export const sameOriginDesk: DeskPortal = {
  ...verifierBy(askDesk),
  place: () => readable(async () => readPlace(await askDesk('/desk/v1/place'))),
  sign: ({ what, signedCase, payload, own }) =>
    readable(async () => {
      const inCase = signedCase === null ? {} : { case: formatEnvelope(signedCase.envelope) };
      const officer = { keyId: encodeHex(own.keyId), signature: encodeHex(own.signature) };
      return readSignature(await askDesk('/desk/v1/signatures', { what, ...inCase, payload: encodeBase64(payload), officer }));
    }),
  ask: (signedCase, origin, question) =>
    readable(async () => {
      const asked = { case: formatEnvelope(signedCase.envelope), origin, question: formatSentQuestion(question) };
      return parseCaseAnswer(await askDesk('/desk/v1/ask', asked, ASK_TIMEOUT_MS), question.query.kind);
    }),
};
