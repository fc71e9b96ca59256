/**
 * Logs of registry, anchor contract and court as events. Attacker-controlled as far as the contracts do not check, and as far as the
 * chain node lies: text that is no UTF-8, a key off the curve, an id that is not its thing's digest, an integer that cannot be held.
 * Every such log is refused with MALFORMED. Those that change nothing about what readers believe come back as null.
 */
import type { Interface, LogDescription, Result } from 'ethers';
import { decodeHex, decodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import { invariant, malformed } from '../core/bytes/error.ts';
import { asHash, type Hash } from '../core/bytes/hash.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { parseUscc } from '../core/authority/uscc.ts';
import { CHARGE_KINDS, HISTORY_MODES, KEY_TYPES, LOG_CLASSES } from '../core/authority/registry-event.ts';
import type { AnchorEvent, BlockPoint, RegistryEvent } from '../core/authority/registry-event.ts';
import { logIdOf, parseOrigin } from '../core/log/origin.ts';
import { parsePublicKey, parseSignature } from '../core/sm/sm2.ts';
import { ANCHOR, COURT, OPEN, REGISTRY } from './abi.ts';
import type { RawLog } from './rpc.ts';

type WithoutBlock<Event> = Event extends unknown ? Omit<Event, 'block'> : never;

/** By the event's name in the contract. */
const REGISTRY_EVENTS: Readonly<Record<string, (fields: EventFields) => WithoutBlock<RegistryEvent>>> = {
  AuthorityRegistered: (fields) => ({
    kind: 'authority-registered',
    code: fields.code('code'),
    name: fields.text('name'),
    region: fields.region(),
    parent: fields.codeOrNull('parent'),
    account: fields.bytes('account'),
  }),
  AccountChanged: (fields) => ({ kind: 'account-changed', code: fields.code('code'), account: fields.bytes('account') }),
  ParentChanged: (fields) => ({ kind: 'parent-changed', code: fields.code('code'), parent: fields.codeOrNull('parent') }),
  AuthorityDissolved: (fields) => ({
    kind: 'authority-dissolved',
    code: fields.code('code'),
    dissolvedAt: fields.integer('dissolvedAt'),
  }),
  KeyAdded: (fields) => {
    const publicKey = parsePublicKey(fields.bytes('publicKey'));
    const keyId = keyIdOf(publicKey);
    if (!equalBytes(keyId, fields.bytes('keyId'))) throw malformed('a key under another key’s id');
    const keyType = fields.choice('keyType', KEY_TYPES);
    return { kind: 'key-added', code: fields.code('code'), keyId, keyType, publicKey, validFrom: fields.integer('validFrom') };
  },
  KeyRetired: (fields) => ({ kind: 'key-retired', keyId: fields.hash('keyId'), validTo: fields.integer('validTo') }),
  KeyCompromised: (fields) => ({ kind: 'key-compromised', keyId: fields.hash('keyId'), since: fields.integer('since') }),
  KeySuspended: (fields) => {
    const until = fields.integer('suspendedUntil');
    const suspendedAt = fields.integer('suspendedAt');
    return { kind: 'key-suspended', keyId: fields.hash('keyId'), suspendedAt, until: until === 0 ? null : until };
  },
  ScopeGranted: (fields) => ({
    kind: 'scope-granted',
    scopeId: fields.hash('scopeId'),
    code: fields.code('code'),
    licenceType: fields.licenceType(),
    region: fields.region(),
    validFrom: fields.integer('validFrom'),
    validTo: fields.end('validTo'),
    parentId: fields.hashOrNull('parentId'),
  }),
  ScopeEnded: (fields) => ({ kind: 'scope-ended', scopeId: fields.hash('scopeId'), validTo: fields.integer('validTo') }),
  DutyGranted: (fields) => ({
    kind: 'duty-granted',
    dutyId: fields.hash('dutyId'),
    code: fields.code('code'),
    purpose: fields.matching('purpose', PURPOSE),
    validFrom: fields.integer('validFrom'),
    validTo: fields.end('validTo'),
    parentId: fields.hashOrNull('parentId'),
  }),
  DutyEnded: (fields) => ({ kind: 'duty-ended', dutyId: fields.hash('dutyId'), validTo: fields.integer('validTo') }),
  LogRegistered: (fields) => {
    const origin = parseOrigin(fields.text('origin'));
    const logId = logIdOf(origin);
    if (!equalBytes(logId, fields.bytes('logId'))) throw malformed('a log id that is not its origin’s');
    return {
      kind: 'log-registered',
      logId,
      owner: fields.code('owner'),
      origin,
      class: fields.choice('logClass', LOG_CLASSES),
      quantum: fields.integer('quantum'),
      beat: fields.integer('beat'),
      promiseSpan: fields.integer('promiseSpan'),
      term: fields.integer('term') || null,
    };
  },
  LogClosed: (fields) => ({
    kind: 'log-closed',
    logId: fields.hash('logId'),
    closedAt: fields.integer('closedAt'),
    byOwner: fields.flag('byOwner'),
  }),
  VrfKeySet: (fields) => ({
    kind: 'vrf-key-set',
    logId: fields.hash('logId'),
    keyId: fields.hash('keyId'),
    fromIndex: fields.integer('fromIndex'),
  }),
  ModeSet: (fields) => ({
    kind: 'mode-set',
    logId: fields.hash('logId'),
    licenceType: fields.licenceType(),
    mode: fields.choice('mode', HISTORY_MODES),
  }),
  CoverageDeclared: (fields) => ({
    kind: 'coverage-declared',
    code: fields.code('code'),
    licenceType: fields.licenceType(),
    since: fields.integer('since'),
  }),
  FunctionMoved: (fields) => ({
    kind: 'function-moved',
    code: fields.code('code'),
    successor: fields.code('successor'),
    logIds: fields.list('logs').map((hex) => asHash(decodeBytes(hex))),
    licenceTypes: fields.list('licenceTypes').map((text) => requireShape('licenceTypes', text, LICENCE_TYPE)),
    movedAt: fields.integer('movedAt'),
  }),
};

/** By the event's name in the contract. A charge that has no effect yet is nothing to readers. */
const COURT_EVENTS: Readonly<Record<string, ((fields: EventFields) => WithoutBlock<RegistryEvent>) | null>> = {
  Charged: null,
  Confirmed: null,
  Disputed: (fields) => ({
    kind: 'log-disputed',
    logId: fields.hash('logId'),
    chargeDigest: fields.hash('chargeDigest'),
    charge: fields.choice('charge', CHARGE_KINDS),
    fromSequence: fields.integer('fromSequence'),
    fromSize: fields.integer('fromSize'),
  }),
  Cleared: (fields) => ({ kind: 'dispute-cleared', logId: fields.hash('logId'), reason: fields.text('reason') }),
};

const LICENCE_TYPE = /^[0-9A-Z]{21}$/;
const REGION = /^[0-9]{6}$/;
const PURPOSE = /^[a-z0-9.-]{1,64}$/;

/** Throws MALFORMED. */
export function decodeRegistryEvent(log: RawLog, block: BlockPoint): RegistryEvent {
  const fields = new EventFields(REGISTRY, log);
  const decode = REGISTRY_EVENTS[fields.name];
  invariant(decode !== undefined, 'every event of the registry is known');
  return { ...decode(fields), block };
}

/** Throws MALFORMED. Null for what changes nothing. */
export function decodeCourtEvent(log: RawLog, block: BlockPoint): RegistryEvent | null {
  const fields = new EventFields(COURT, log);
  const decode = COURT_EVENTS[fields.name];
  invariant(decode !== undefined, 'every event of the court is known');
  return decode === null ? null : { ...decode(fields), block };
}

/** Throws MALFORMED. */
export function decodeAnchorEvent(log: RawLog, block: BlockPoint): AnchorEvent {
  const fields = new EventFields(ANCHOR, log);
  if (fields.integer('blockTime') !== block.at) throw malformed('an anchor with another time than its block');
  return {
    kind: fields.name === 'Anchored' ? 'anchored' : 'forked',
    logId: fields.hash('logId'),
    sequence: fields.integer('sequence'),
    size: fields.integer('size'),
    issuedAt: fields.integer('time'),
    rootHash: fields.hash('root'),
    mapRoot: fields.hash('mapRoot'),
    keyId: fields.hash('keyId'),
    signature: parseSignature(fields.bytes('signature')),
    block,
  };
}

/** The values of one log by name, each read strictly. Every method throws MALFORMED. */
class EventFields {
  readonly name: string;
  readonly #values: Result;

  constructor(abi: Interface, log: RawLog) {
    const found = parseLog(abi, log);
    if (found === null) throw malformed('not an event of this contract');
    this.name = found.name;
    this.#values = found.args;
  }

  text(name: string): string {
    return this.#values.getValue(name) as string;
  }

  list(name: string): readonly string[] {
    return (this.#values.getValue(name) as Result).toArray() as string[];
  }

  flag(name: string): boolean {
    return this.#values.getValue(name) as boolean;
  }

  bytes(name: string): Uint8Array {
    return decodeBytes(this.text(name));
  }

  hash(name: string): Hash {
    return asHash(this.bytes(name));
  }

  hashOrNull(name: string): Hash | null {
    return this.#isZero(name) ? null : this.hash(name);
  }

  codeOrNull(name: string): string | null {
    return this.#isZero(name) ? null : this.code(name);
  }

  #isZero(name: string): boolean {
    return this.bytes(name).every((byte) => byte === 0);
  }

  integer(name: string): number {
    const value = Number(this.#values.getValue(name));
    if (!Number.isSafeInteger(value)) throw malformed('an integer beyond 2^53-1', { name });
    return value;
  }

  end(name: string): number | null {
    return this.#values.getValue(name) === OPEN ? null : this.integer(name);
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const choice = choices[this.integer(name) - 1];
    if (choice === undefined) throw malformed('a number that stands for nothing', { name });
    return choice;
  }

  code(name: string): string {
    return parseUscc(decodeUtf8(this.bytes(name)));
  }

  licenceType(): string {
    return this.matching('licenceType', LICENCE_TYPE);
  }

  region(): string {
    return this.matching('region', REGION);
  }

  matching(name: string, shape: RegExp): string {
    return requireShape(name, this.text(name), shape);
  }
}

function decodeBytes(hex: string): Uint8Array {
  return decodeHex(hex.slice(2).toLowerCase());
}

function requireShape(name: string, text: string, shape: RegExp): string {
  if (!shape.test(text)) throw malformed('text in another shape', { name });
  return text;
}

/** Null unless the contract writes exactly these bytes. */
function parseLog(abi: Interface, log: RawLog): LogDescription | null {
  try {
    const found = abi.parseLog(log);
    if (found === null) return null;
    // Decoding forgives what encoding never writes: padding that is not zero, bytes behind the end.
    const { data, topics } = abi.encodeEventLog(found.fragment, found.args.toArray() as unknown[]);
    return data === log.data && topics.join() === log.topics.join() ? found : null;
  } catch {
    return null;
  }
}
