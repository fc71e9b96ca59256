/**
 * All that an auditor holds of a case: the signed case, the secret of its pseudonyms, each exchange with a custodian as it was, what accessors
 * handed over, and which sample is traced. It holds persons' numbers and what was read about them, so it stands on disk only encrypted; that
 * is for the program to do (core/sealed/journal.ts). Results are not kept: they are judged anew from this, each time.
 *
 *     {"format":"veritrail-case-file-v1","case":envelope,"pseudonymKey":64 hex,
 *      "exchanges":[{"origin","question":{…},"answer":{…}|null,"standing":LOG|null}],"reconciled":{"accessor","from","to"}|null,"records":[…],
 *      "sample":{"from","to","numbers":[{"class","id"}]}|null,"waiting":[{"origin","question":{…}}]}
 */
import { type CanonicalNumber, parseNumber } from '../access/number.ts';
import { formatEnvelope } from '../authority/envelope.ts';
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue, parseJson } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { type LogAnswer, formatLookupAnswer, parseLookupAnswer } from '../verify/lookup.ts';
import { type CaseAnswer, formatCaseAnswer, parseCaseAnswer } from './case-answer.ts';
import { parseSignedCase, type SignedCase } from './case.ts';
import { pseudonymCommitment, PSEUDONYM_KEY_LENGTH } from './pseudonym.ts';
import { type CaseQuestion, formatKeptQuestion, parseKeptQuestion } from './query.ts';
import { type GivenRecord, parseAccessorRecord } from './record.ts';

/** One question to the custodian that has a log, kept before it is sent, and what came back. */
export interface Exchange {
  readonly origin: string;
  readonly question: CaseQuestion;
  /** Null: no answer that could be read. */
  readonly answer: CaseAnswer | null;
  /** A verifier's word on the checkpoint of the answer; null where it had none. */
  readonly standing: LogAnswer | null;
}

export interface WaitingUnmasking {
  readonly origin: string;
  /** Without an approval. */
  readonly question: CaseQuestion;
}

export interface TracedSample {
  /** UTC ms; the first included, the last not. */
  readonly from: number;
  readonly to: number;
  readonly numbers: readonly CanonicalNumber[];
}

/** Whose records are compared with the custodians', and of which time. */
export interface ReconciledSpan {
  readonly accessor: Uscc;
  readonly from: number;
  readonly to: number;
}

export interface CaseFile {
  readonly signedCase: SignedCase;
  readonly pseudonymKey: Uint8Array;
  readonly exchanges: readonly Exchange[];
  /** As the accessors gave them, one JSON object each; and what they say. */
  readonly records: readonly GivenRecord[];
  readonly reconciled: ReconciledSpan | null;
  readonly sample: TracedSample | null;
  /** Unmaskings that a second officer has not approved yet. */
  readonly waiting: readonly WaitingUnmasking[];
}

const FORMAT = 'veritrail-case-file-v1';
export const MAX_CASE_FILE_BYTES = 512 << 20;
const MAX_EXCHANGES = 100_000;
const MAX_RECORDS = 1_000_000;
const MAX_SAMPLE = 20_000;
const MAX_WAITING = 1000;

export function newCaseFile(signedCase: SignedCase, pseudonymKey: Uint8Array): CaseFile {
  return { signedCase, pseudonymKey, exchanges: [], reconciled: null, records: [], sample: null, waiting: [] };
}

export function encodeCaseFile(file: CaseFile): Uint8Array {
  return encodeCanonicalJson({
    format: FORMAT,
    case: formatEnvelope(file.signedCase.envelope),
    pseudonymKey: encodeHex(file.pseudonymKey),
    exchanges: file.exchanges.map(formatExchange),
    reconciled: file.reconciled && { ...file.reconciled },
    records: file.records.map(({ given }) => given),
    sample: file.sample && {
      from: file.sample.from,
      to: file.sample.to,
      numbers: file.sample.numbers.map((number) => ({ class: number.class, id: number.id })),
    },
    waiting: file.waiting.map(({ origin, question }) => ({ origin, question: formatKeptQuestion(question) })),
  });
}

export function formatExchange({ origin, question, answer, standing }: Exchange): JsonObject {
  return {
    origin,
    question: formatKeptQuestion(question),
    answer: answer && formatCaseAnswer(answer),
    standing: standing && formatLogAnswer(standing),
  };
}

/** One log's part of a look-up answer (§16). */
export function formatLogAnswer(standing: LogAnswer): JsonObject {
  const { logs } = formatLookupAnswer({ logs: [standing], present: [], absent: [] });
  return (logs as readonly JsonObject[])[0]!;
}

/** Throws MALFORMED. */
export function parseLogAnswer(value: JsonValue, place = 'log'): LogAnswer {
  return parseLookupAnswer({ logs: [value], present: [], absent: [] }, place).logs[0]!;
}

function readWaiting(fields: JsonFields): WaitingUnmasking {
  return { origin: fields.string('origin', 128), question: parseKeptQuestion(fields.value('question')) };
}

export function readExchange(fields: JsonFields): Exchange {
  const question = parseKeptQuestion(fields.value('question'));
  return {
    origin: fields.string('origin', 128),
    question,
    answer: fields.nullable('answer', () => parseCaseAnswer(fields.value('answer'), question.query.kind)),
    standing: fields.nullable('standing', () => parseLogAnswer(fields.value('standing'))),
  };
}

function readSpan(fields: JsonFields): ReconciledSpan {
  const accessor = parseUscc(fields.string('accessor', 18));
  return { accessor, from: fields.integer('from'), to: fields.integer('to') };
}

function readSample(fields: JsonFields): TracedSample {
  const readNumber = (value: JsonValue, place: string): CanonicalNumber =>
    readFields(value, place, (f) => parseNumber(f.integer('class'), f.string('id', 128)));
  return { from: fields.integer('from'), to: fields.integer('to'), numbers: fields.array('numbers', MAX_SAMPLE, readNumber) };
}

/** Throws MALFORMED, also for a secret that is not the one the case commits to. */
export function parseCaseFile(bytes: Uint8Array): CaseFile {
  const file = readFields(parseJson(bytes, { maxBytes: MAX_CASE_FILE_BYTES }), 'case file', (fields) => {
    fields.oneOf('format', [FORMAT]);
    return {
      signedCase: parseSignedCase(fields.value('case')),
      pseudonymKey: fields.hex('pseudonymKey', PSEUDONYM_KEY_LENGTH),
      exchanges: fields.array('exchanges', MAX_EXCHANGES, (item, at) => readFields(item, at, readExchange)),
      reconciled: fields.nullable('reconciled', () => readFields(fields.value('reconciled'), 'reconciled', readSpan)),
      records: fields.array('records', MAX_RECORDS, (item, at) => {
        const read = parseAccessorRecord(item, at);
        return { given: item as JsonObject, read };
      }),
      sample: fields.nullable('sample', () => readFields(fields.value('sample'), 'sample', readSample)),
      waiting: fields.array('waiting', MAX_WAITING, (item, at) => readFields(item, at, readWaiting)),
    };
  });
  if (!equalBytes(file.signedCase.case.pseudonyms, pseudonymCommitment(file.pseudonymKey)))
    throw malformed('case file: another secret than the case commits to');
  return file;
}
