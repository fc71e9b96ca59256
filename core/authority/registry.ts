/**
 * What the registry says at one block: authorities, their keys and scopes, the logs, and how each log makes its history secrets.
 *
 * Facts are made by folding the chain's events in order (`applyRegistryEvent`), and read back from JSON (`facts-json.ts`) where a
 * trust file or a verifier states them. Every fact keeps the time of the block that recorded it.
 */
import type { Hash } from '../bytes/hash.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import type { PublicKey } from '../sm/sm2.ts';
import type { BlockPoint, HistoryMode, KeyType, LogClass, RegistryEvent } from './registry-event.ts';

export interface AuthorityFact {
  /** Unified social credit code, GB 32100. */
  readonly code: string;
  readonly name: string;
  /** GB/T 2260 division code, six digits. */
  readonly region: string;
  readonly parent: string | null;
  /** The 20-byte chain account that anchors for it. */
  readonly account: Uint8Array;
  readonly registeredAt: number;
}

export interface KeyFact {
  readonly keyId: Hash;
  readonly authority: string;
  readonly type: KeyType;
  readonly publicKey: PublicKey;
  readonly validFrom: number;
  readonly validTo: number | null;
  /** Nothing signed since then counts; null where no loss is known. */
  readonly compromisedAt: number | null;
  readonly registeredAt: number;
}

export interface ScopeFact {
  readonly scopeId: Hash;
  readonly authority: string;
  readonly licenceType: string;
  readonly region: string;
  readonly validFrom: number;
  readonly validTo: number | null;
  readonly registeredAt: number;
}

export interface VrfKeyFact {
  readonly keyId: Hash;
  readonly fromIndex: number;
}

export interface LogFact {
  readonly logId: Hash;
  readonly origin: string;
  readonly authority: string;
  readonly class: LogClass;
  /** Milliseconds, all three. */
  readonly quantum: number;
  readonly beat: number;
  readonly promiseSpan: number;
  readonly registeredAt: number;
  readonly closedAt: number | null;
  readonly vrfKeys: readonly VrfKeyFact[];
}

export interface ModeFact {
  readonly logId: Hash;
  readonly licenceType: string;
  readonly mode: HistoryMode;
  readonly registeredAt: number;
}

export interface CoverageFact {
  readonly authority: string;
  readonly licenceType: string;
  /** All licences of the type issued since then are declared to be in the log. */
  readonly since: number;
  readonly registeredAt: number;
}

export interface RegistryFacts {
  /** The newest block whose events are in. */
  readonly block: BlockPoint;
  readonly authorities: readonly AuthorityFact[];
  readonly keys: readonly KeyFact[];
  readonly scopes: readonly ScopeFact[];
  readonly logs: readonly LogFact[];
  readonly modes: readonly ModeFact[];
  readonly coverages: readonly CoverageFact[];
}

export function emptyRegistry(block: BlockPoint): RegistryFacts {
  return { block, authorities: [], keys: [], scopes: [], logs: [], modes: [], coverages: [] };
}

function changed<Item>(items: readonly Item[], isMeant: (item: Item) => boolean, change: (item: Item) => Item): Item[] {
  return items.map((item) => (isMeant(item) ? change(item) : item));
}

/** The facts after `event`. The contract has judged whether the event was allowed; a change to something unknown changes nothing. */
export function applyRegistryEvent(facts: RegistryFacts, event: RegistryEvent): RegistryFacts {
  const registeredAt = event.block.at;
  const next = { ...facts, block: event.block };
  switch (event.kind) {
    case 'authority-registered': {
      const { code, name, region, parent, account } = event;
      return { ...next, authorities: [...facts.authorities, { code, name, region, parent, account, registeredAt }] };
    }
    case 'account-changed': {
      const { account } = event;
      return {
        ...next,
        authorities: changed(
          facts.authorities,
          (a) => a.code === event.code,
          (a) => ({ ...a, account }),
        ),
      };
    }
    case 'key-added': {
      const { keyId, publicKey, validFrom } = event;
      const key = { keyId, authority: event.code, type: event.keyType, publicKey, validFrom };
      return { ...next, keys: [...facts.keys, { ...key, validTo: null, compromisedAt: null, registeredAt }] };
    }
    case 'key-retired': {
      const { validTo } = event;
      return {
        ...next,
        keys: changed(
          facts.keys,
          (k) => equalBytes(k.keyId, event.keyId),
          (k) => ({ ...k, validTo }),
        ),
      };
    }
    case 'key-compromised': {
      const compromisedAt = event.since;
      return {
        ...next,
        keys: changed(
          facts.keys,
          (k) => equalBytes(k.keyId, event.keyId),
          (k) => ({ ...k, compromisedAt }),
        ),
      };
    }
    case 'scope-granted': {
      const { scopeId, licenceType, region, validFrom, validTo } = event;
      const scope = { scopeId, authority: event.code, licenceType, region, validFrom, validTo, registeredAt };
      return { ...next, scopes: [...facts.scopes, scope] };
    }
    case 'scope-ended': {
      const { validTo } = event;
      return {
        ...next,
        scopes: changed(
          facts.scopes,
          (s) => equalBytes(s.scopeId, event.scopeId),
          (s) => ({ ...s, validTo }),
        ),
      };
    }
    case 'log-registered': {
      const { logId, origin, quantum, beat, promiseSpan } = event;
      const log = { logId, origin, authority: event.owner, class: event.class, quantum, beat, promiseSpan };
      return { ...next, logs: [...facts.logs, { ...log, registeredAt, closedAt: null, vrfKeys: [] }] };
    }
    case 'log-closed': {
      const { closedAt } = event;
      return {
        ...next,
        logs: changed(
          facts.logs,
          (l) => equalBytes(l.logId, event.logId),
          (l) => ({ ...l, closedAt }),
        ),
      };
    }
    case 'vrf-key-set': {
      const { keyId, fromIndex } = event;
      const withKey = (l: LogFact): LogFact => ({ ...l, vrfKeys: [...l.vrfKeys, { keyId, fromIndex }] });
      return { ...next, logs: changed(facts.logs, (l) => equalBytes(l.logId, event.logId), withKey) };
    }
    case 'mode-set': {
      const { logId, licenceType, mode } = event;
      return { ...next, modes: [...facts.modes, { logId, licenceType, mode, registeredAt }] };
    }
    case 'coverage-declared': {
      const { licenceType, since } = event;
      return { ...next, coverages: [...facts.coverages, { authority: event.code, licenceType, since, registeredAt }] };
    }
  }
}

export function findAuthority(facts: RegistryFacts, code: string): AuthorityFact | undefined {
  return facts.authorities.find((authority) => authority.code === code);
}

export function findKey(facts: RegistryFacts, keyId: Hash): KeyFact | undefined {
  return facts.keys.find((key) => equalBytes(key.keyId, keyId));
}

export function findLog(facts: RegistryFacts, logId: Hash): LogFact | undefined {
  return facts.logs.find((log) => equalBytes(log.logId, logId));
}

export function findMode(facts: RegistryFacts, logId: Hash, licenceType: string): ModeFact | undefined {
  return facts.modes.find((mode) => equalBytes(mode.logId, logId) && mode.licenceType === licenceType);
}

/** True when `outer` is `inner` or a division above it: GB/T 2260 codes nest by pairs of digits, 00 meaning "all below". */
export function isRegionWithin(inner: string, outer: string): boolean {
  const prefix = outer.replace(/(?:00)+$/, '');
  return inner.startsWith(prefix);
}

/**
 * The first thing that `live` says otherwise than `snapshot`, or null. What a snapshot holds may only gain an end (retired, compromised,
 * closed) or a later VRF key; what it does not hold must have been recorded after its block.
 */
export function contradictionOf(live: RegistryFacts, snapshot: RegistryFacts): string | null {
  const lists = ['authorities', 'keys', 'scopes', 'logs', 'modes', 'coverages'] as const;
  for (const list of lists) {
    const said = new Map(live[list].map((fact) => [identityOf(fact), fact]));
    for (const known of snapshot[list]) {
      const now = said.get(identityOf(known));
      if (now === undefined || !mayBecome(known, now)) return `${list}: ${identityOf(known)}`;
      said.delete(identityOf(known));
    }
    for (const [identity, added] of said) if (added.registeredAt < snapshot.block.at) return `${list}: ${identity}`;
  }
  return null;
}

type Fact = AuthorityFact | KeyFact | ScopeFact | LogFact | ModeFact | CoverageFact;
const MAY_CHANGE = new Set(['account', 'validTo', 'compromisedAt', 'closedAt', 'vrfKeys']);

function identityOf(fact: Fact): string {
  if ('keyId' in fact) return encodeHex(fact.keyId);
  if ('scopeId' in fact) return encodeHex(fact.scopeId);
  if ('mode' in fact) return `${encodeHex(fact.logId)} ${fact.licenceType}`;
  if ('logId' in fact) return encodeHex(fact.logId);
  if ('since' in fact) return `${fact.authority} ${fact.licenceType} ${fact.since}`;
  return fact.code;
}

function mayBecome(known: Fact, now: Fact): boolean {
  const before = Object.entries(known) as [string, unknown][];
  const after = new Map(Object.entries(now) as [string, unknown][]);
  return before.every(([name, value]) => {
    const later = after.get(name);
    if (name === 'compromisedAt' && value !== null) return typeof later === 'number' && later <= (value as number);
    if (name === 'closedAt' && value !== null) return later === value;
    if (name === 'validTo' && value !== null) return typeof later === 'number' && later <= (value as number);
    if (MAY_CHANGE.has(name)) return true;
    return value instanceof Uint8Array ? later instanceof Uint8Array && equalBytes(value, later) : later === value;
  });
}
