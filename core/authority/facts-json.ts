/** Registry facts as JSON, in trust files and in a verifier's answers (docs/formats.md §14). Parser beside formatter. */
import { encodeHex } from '../bytes/bytes.ts';
import { type Hash, hashFromHex } from '../bytes/hash.ts';
import { malformed } from '../bytes/error.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { parsePublicKey } from '../sm/sm2.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { keyIdOf } from './key-id.ts';
import { CHARGE_KINDS, HISTORY_MODES, KEY_TYPES, LOG_CLASSES, type BlockPoint } from './registry-event.ts';
import type {
  AuthorityFact,
  CoverageFact,
  DisputeFact,
  DutyFact,
  KeyFact,
  LogFact,
  ModeFact,
  OwnerFact,
  RegistryFacts,
  ScopeFact,
  SuccessionFact,
  Suspension,
} from './registry.ts';

/** More than any consortium has; a list above it is refused before it is read. */
const MAX_FACTS = 100_000;

export function formatBlockPoint(block: BlockPoint): JsonObject {
  return { number: block.number, hash: encodeHex(block.hash), at: block.at };
}

export function readBlockPoint(fields: JsonFields): BlockPoint {
  const block = { number: fields.integer('number'), hash: fields.hash('hash'), at: fields.integer('at') };
  fields.end();
  return block;
}

/** Bytes become lower-case hex, every other member stays as it is. */
function formatFact(fact: object): JsonObject {
  return Object.fromEntries(Object.entries(fact).map(([name, value]: [string, unknown]) => [name, formatMember(value)]));
}

function formatMember(value: unknown): JsonValue {
  if (value instanceof Uint8Array) return encodeHex(value);
  if (Array.isArray(value)) return value.map(formatMember);
  return typeof value === 'object' && value !== null ? formatFact(value) : (value as JsonValue);
}

/** Its present owner is the last of its owners, and stands there alone. */
function formatLog(log: LogFact): JsonObject {
  const { authority: _, ...said } = log;
  return formatFact(said);
}

export function formatRegistryFacts(facts: RegistryFacts): JsonObject {
  return {
    block: formatBlockPoint(facts.block),
    authorities: facts.authorities.map(formatFact),
    keys: facts.keys.map(formatFact),
    scopes: facts.scopes.map(formatFact),
    duties: facts.duties.map(formatFact),
    logs: facts.logs.map(formatLog),
    modes: facts.modes.map(formatFact),
    coverages: facts.coverages.map(formatFact),
    successions: facts.successions.map(formatFact),
    disputes: facts.disputes.map(formatFact),
  };
}

const integerOrNull = (fields: JsonFields, name: string): number | null => fields.nullable(name, () => fields.integer(name));

function readAuthority(f: JsonFields): AuthorityFact {
  return {
    code: f.string('code', 18),
    name: f.string('name'),
    region: f.string('region', 6),
    parent: f.nullable('parent', () => f.string('parent', 18)),
    account: f.hex('account', 20),
    registeredAt: f.integer('registeredAt'),
    dissolvedAt: integerOrNull(f, 'dissolvedAt'),
  };
}

function readKey(f: JsonFields): KeyFact {
  const publicKey = parsePublicKey(f.hex('publicKey', 65));
  const keyId: Hash = f.hash('keyId');
  if (!equalBytes(keyId, keyIdOf(publicKey))) throw malformed('a key id that is not its key’s');
  return {
    keyId,
    authority: f.string('authority', 18),
    type: f.oneOf('type', KEY_TYPES),
    publicKey,
    validFrom: f.integer('validFrom'),
    validTo: integerOrNull(f, 'validTo'),
    compromisedAt: integerOrNull(f, 'compromisedAt'),
    suspended: f.nullable('suspended', () => readSuspension(f.object('suspended'))),
    registeredAt: f.integer('registeredAt'),
  };
}

function readSuspension(f: JsonFields): Suspension {
  const suspension = { from: f.integer('from'), until: f.integer('until') };
  f.end();
  return suspension;
}

function readScope(f: JsonFields): ScopeFact {
  return {
    scopeId: f.hash('scopeId'),
    authority: f.string('authority', 18),
    licenceType: f.string('licenceType', 64),
    region: f.string('region', 6),
    validFrom: f.integer('validFrom'),
    validTo: integerOrNull(f, 'validTo'),
    parentId: f.nullable('parentId', () => f.hash('parentId')),
    registeredAt: f.integer('registeredAt'),
  };
}

function readDuty(f: JsonFields): DutyFact {
  return {
    dutyId: f.hash('dutyId'),
    authority: f.string('authority', 18),
    purpose: f.string('purpose', 64),
    validFrom: f.integer('validFrom'),
    validTo: integerOrNull(f, 'validTo'),
    parentId: f.nullable('parentId', () => f.hash('parentId')),
    registeredAt: f.integer('registeredAt'),
  };
}

function readOwner(f: JsonFields): OwnerFact {
  return { authority: f.string('authority', 18), since: f.integer('since') };
}

function readLog(f: JsonFields): LogFact {
  const owners = f.array('owners', 1024, (value, place) => readFields(value, place, readOwner));
  const last = owners.at(-1);
  if (last === undefined) throw malformed('a log without an owner');
  return {
    logId: f.hash('logId'),
    origin: f.string('origin', 128),
    authority: last.authority,
    owners,
    class: f.oneOf('class', LOG_CLASSES),
    quantum: f.integer('quantum'),
    beat: f.integer('beat'),
    promiseSpan: f.integer('promiseSpan'),
    term: integerOrNull(f, 'term'),
    registeredAt: f.integer('registeredAt'),
    closedAt: integerOrNull(f, 'closedAt'),
    closedByOwner: f.boolean('closedByOwner'),
    vrfKeys: f.array('vrfKeys', 1024, (value, place) =>
      readFields(value, place, (v) => ({ keyId: v.hash('keyId'), fromIndex: v.integer('fromIndex') })),
    ),
  };
}

function readMode(f: JsonFields): ModeFact {
  return {
    logId: f.hash('logId'),
    licenceType: f.string('licenceType', 64),
    mode: f.oneOf('mode', HISTORY_MODES),
    registeredAt: f.integer('registeredAt'),
  };
}

function readCoverage(f: JsonFields): CoverageFact {
  return {
    authority: f.string('authority', 18),
    licenceType: f.string('licenceType', 64),
    since: f.integer('since'),
    registeredAt: f.integer('registeredAt'),
  };
}

function readSuccession(f: JsonFields): SuccessionFact {
  return {
    authority: f.string('authority', 18),
    successor: f.string('successor', 18),
    logIds: f.array('logIds', 1024, readHash),
    licenceTypes: f.array('licenceTypes', 1024, readText),
    registeredAt: f.integer('registeredAt'),
  };
}

function readHash(value: JsonValue, place: string): Hash {
  if (typeof value !== 'string') throw malformed(`${place} is not a hash`);
  return hashFromHex(value);
}

function readText(value: JsonValue, place: string): string {
  if (typeof value !== 'string' || value.length > 64) throw malformed(`${place} is not a licence type`);
  return value;
}

function readDispute(f: JsonFields): DisputeFact {
  return {
    logId: f.hash('logId'),
    charge: f.oneOf('charge', CHARGE_KINDS),
    chargeDigest: f.hash('chargeDigest'),
    fromSequence: f.integer('fromSequence'),
    fromSize: f.integer('fromSize'),
    registeredAt: f.integer('registeredAt'),
  };
}

/** Throws MALFORMED, also for a key off the curve or under another key's id. */
export function parseRegistryFacts(value: JsonValue, place = 'facts'): RegistryFacts {
  return readFields(value, place, (fields) => {
    const list = <Fact>(name: string, read: (f: JsonFields) => Fact): Fact[] =>
      fields.array(name, MAX_FACTS, (item, at) => readFields(item, at, read));
    return {
      block: readBlockPoint(fields.object('block')),
      authorities: list('authorities', readAuthority),
      keys: list('keys', readKey),
      scopes: list('scopes', readScope),
      duties: list('duties', readDuty),
      logs: list('logs', readLog),
      modes: list('modes', readMode),
      coverages: list('coverages', readCoverage),
      successions: list('successions', readSuccession),
      disputes: list('disputes', readDispute),
    };
  });
}
