/** Registry facts as JSON, in trust files and in a verifier's answers (docs/formats.md §14). Parser beside formatter. */
import { encodeHex } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import { malformed } from '../bytes/error.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { parsePublicKey } from '../sm/sm2.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { keyIdOf } from './key-id.ts';
import { HISTORY_MODES, KEY_TYPES, LOG_CLASSES, type BlockPoint } from './registry-event.ts';
import type { AuthorityFact, CoverageFact, KeyFact, LogFact, ModeFact, RegistryFacts, ScopeFact } from './registry.ts';

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
  const members = Object.entries(fact).map(([name, value]: [string, unknown]): [string, JsonValue] => {
    if (value instanceof Uint8Array) return [name, encodeHex(value)];
    if (Array.isArray(value)) return [name, value.map((item: object) => formatFact(item))];
    return [name, value as JsonValue];
  });
  return Object.fromEntries(members);
}

export function formatRegistryFacts(facts: RegistryFacts): JsonObject {
  return {
    block: formatBlockPoint(facts.block),
    authorities: facts.authorities.map(formatFact),
    keys: facts.keys.map(formatFact),
    scopes: facts.scopes.map(formatFact),
    logs: facts.logs.map(formatFact),
    modes: facts.modes.map(formatFact),
    coverages: facts.coverages.map(formatFact),
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
    registeredAt: f.integer('registeredAt'),
  };
}

function readScope(f: JsonFields): ScopeFact {
  return {
    scopeId: f.hash('scopeId'),
    authority: f.string('authority', 18),
    licenceType: f.string('licenceType', 64),
    region: f.string('region', 6),
    validFrom: f.integer('validFrom'),
    validTo: integerOrNull(f, 'validTo'),
    registeredAt: f.integer('registeredAt'),
  };
}

function readLog(f: JsonFields): LogFact {
  return {
    logId: f.hash('logId'),
    origin: f.string('origin', 128),
    authority: f.string('authority', 18),
    class: f.oneOf('class', LOG_CLASSES),
    quantum: f.integer('quantum'),
    beat: f.integer('beat'),
    promiseSpan: f.integer('promiseSpan'),
    registeredAt: f.integer('registeredAt'),
    closedAt: integerOrNull(f, 'closedAt'),
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
      logs: list('logs', readLog),
      modes: list('modes', readMode),
      coverages: list('coverages', readCoverage),
    };
  });
}
