/**
 * Logs of the two contracts as events. Attacker-controlled as far as the contracts do not check: text that is no UTF-8, a key off
 * the curve, an id that is not its thing's digest, an integer that cannot be held. Every such log is refused with MALFORMED.
 */
import type { Interface, LogDescription, Result } from 'ethers';
import { decodeHex, decodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import { invariant, malformed } from '../core/bytes/error.ts';
import { asHash, type Hash } from '../core/bytes/hash.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import { parseUscc } from '../core/authority/uscc.ts';
import { HISTORY_MODES, KEY_TYPES, LOG_CLASSES } from '../core/authority/registry-event.ts';
import type { AnchorEvent, BlockPoint, RegistryEvent } from '../core/authority/registry-event.ts';
import { logIdOf, parseOrigin } from '../core/log/origin.ts';
import { parsePublicKey, parseSignature } from '../core/sm/sm2.ts';
import { AuthorityRegistry__factory } from './bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from './bindings/factories/CheckpointAnchor__factory.ts';
import type { RawLog } from './rpc.ts';

const REGISTRY: Interface = AuthorityRegistry__factory.createInterface();
const ANCHOR: Interface = CheckpointAnchor__factory.createInterface();

/** What the contract calls "no end yet": the largest uint64. */
const OPEN = 2n ** 64n - 1n;

type WithoutBlock<Event> = Event extends unknown ? Omit<Event, 'block'> : never;

/** By the event's name in the contract. */
const REGISTRY_EVENTS: Readonly<Record<string, (fields: EventFields) => WithoutBlock<RegistryEvent>>> = {
  AuthorityRegistered: (fields) => ({
    kind: 'authority-registered',
    code: fields.code('code'),
    name: fields.text('name'),
    region: fields.region(),
    parent: fields.isZero('parent') ? null : fields.code('parent'),
    account: fields.bytes('account'),
  }),
  AccountChanged: (fields) => ({ kind: 'account-changed', code: fields.code('code'), account: fields.bytes('account') }),
  KeyAdded: (fields) => {
    const publicKey = parsePublicKey(fields.bytes('publicKey'));
    const keyId = keyIdOf(publicKey);
    if (!equalBytes(keyId, fields.bytes('keyId'))) throw malformed('a key under another key’s id');
    const keyType = fields.choice('keyType', KEY_TYPES);
    return { kind: 'key-added', code: fields.code('code'), keyId, keyType, publicKey, validFrom: fields.integer('validFrom') };
  },
  KeyRetired: (fields) => ({ kind: 'key-retired', keyId: fields.hash('keyId'), validTo: fields.integer('validTo') }),
  KeyCompromised: (fields) => ({ kind: 'key-compromised', keyId: fields.hash('keyId'), since: fields.integer('since') }),
  ScopeGranted: (fields) => ({
    kind: 'scope-granted',
    scopeId: fields.hash('scopeId'),
    code: fields.code('code'),
    licenceType: fields.licenceType(),
    region: fields.region(),
    validFrom: fields.integer('validFrom'),
    validTo: fields.end('validTo'),
  }),
  ScopeEnded: (fields) => ({ kind: 'scope-ended', scopeId: fields.hash('scopeId'), validTo: fields.integer('validTo') }),
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
    };
  },
  LogClosed: (fields) => ({ kind: 'log-closed', logId: fields.hash('logId'), closedAt: fields.integer('closedAt') }),
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
};

/** Throws MALFORMED. */
export function decodeRegistryEvent(log: RawLog, block: BlockPoint): RegistryEvent {
  const fields = new EventFields(REGISTRY, log);
  const decode = REGISTRY_EVENTS[fields.name];
  invariant(decode !== undefined, 'every event of the registry is known');
  return { ...decode(fields), block };
}

/** Throws MALFORMED. Of the checkpoint only what the contract checks is sure. */
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

  bytes(name: string): Uint8Array {
    return decodeHex(this.text(name).slice(2).toLowerCase());
  }

  hash(name: string): Hash {
    return asHash(this.bytes(name));
  }

  isZero(name: string): boolean {
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
    return this.#matching('licenceType', /^[0-9A-Z]{21}$/);
  }

  region(): string {
    return this.#matching('region', /^[0-9]{6}$/);
  }

  #matching(name: string, shape: RegExp): string {
    const text = this.text(name);
    if (!shape.test(text)) throw malformed('text in another shape', { name });
    return text;
  }
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
