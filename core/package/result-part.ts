/** result.json: what the case comes to, as its authority states it. A reader does not believe it: ranking and counts are worked out again. */
import { type CanonicalNumber, parseNumber } from '../access/number.ts';
import { malformed } from '../bytes/error.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue, parseCanonicalJson } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import type { Reconciliation } from '../trace/reconciliation.ts';
import { parsePseudonym, type Pseudonym } from '../trace/pseudonym.ts';
import type { Ranking } from '../leak/ranking.ts';
import { ZIP_CAPS } from './zip.ts';

export interface NamedPerson {
  readonly pseudonym: string;
  readonly number: CanonicalNumber;
}

export interface PackedResult {
  /** Persons of the sample whose whole history every custodian showed: the auditor's word. */
  readonly complete: number;
  readonly named: readonly NamedPerson[];
  readonly ranking: Ranking | null;
  readonly reconciliation: Reconciliation | null;
  readonly sample: readonly Pseudonym[];
  /** `all`: every entry of the case is a part. `behind`: those behind rows of the results. */
  readonly shown: 'all' | 'behind';
}

const MAX_PERSONS = 100_000;

export function encodeResult({ complete, named, ranking, reconciliation, sample, shown }: PackedResult): Uint8Array {
  return encodeCanonicalJson({
    complete,
    named: named.map(({ pseudonym, number }) => ({ pseudonym, class: number.class, id: number.id })),
    // Plain data throughout.
    ranking: ranking as unknown as JsonObject | null,
    reconciliation: reconciliation as unknown as JsonObject | null,
    sample,
    shown,
  });
}

export interface StatedResult extends Omit<PackedResult, 'ranking' | 'reconciliation'> {
  /** As stated, to be compared with what is worked out again. */
  readonly ranking: JsonObject | null;
  readonly reconciliation: JsonObject | null;
}

/** Throws MALFORMED. */
export function parseResult(content: Uint8Array): StatedResult {
  const value = parseCanonicalJson(content, { maxBytes: ZIP_CAPS.partBytes });
  return readFields(value, 'result', (fields) => ({
    complete: fields.integer('complete'),
    named: fields.array('named', MAX_PERSONS, (item, at) => readFields(item, at, readNamed)),
    ranking: fields.nullable('ranking', () => asObject(fields.value('ranking'))),
    reconciliation: fields.nullable('reconciliation', () => asObject(fields.value('reconciliation'))),
    sample: fields.array('sample', MAX_PERSONS, (item) => parsePseudonym(typeof item === 'string' ? item : '')),
    shown: fields.oneOf('shown', ['all', 'behind']),
  }));
}

function readNamed(fields: JsonFields): NamedPerson {
  const pseudonym = fields.string('pseudonym', 64);
  return { pseudonym, number: parseNumber(fields.integer('class'), fields.string('id', 128)) };
}

function asObject(value: JsonValue): JsonObject {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw malformed('result: not an object');
  return value as JsonObject;
}
