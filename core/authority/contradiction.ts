/** Whether what a verifier says of the registry can be true beside what a trust file's snapshot said of it at an earlier block. */
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import type {
  AuthorityFact,
  CoverageFact,
  DutyFact,
  KeyFact,
  LogFact,
  ModeFact,
  OwnerFact,
  RegistryFacts,
  ScopeFact,
  SuccessionFact,
  VrfKeyFact,
} from './registry.ts';

type Fact = AuthorityFact | KeyFact | ScopeFact | DutyFact | LogFact | ModeFact | CoverageFact | SuccessionFact;

/** Disputes come and go, and can only take away from a verdict. */
const LISTS = ['authorities', 'keys', 'scopes', 'duties', 'logs', 'modes', 'coverages', 'successions'] as const;
const MAY_CHANGE = new Set(['account', 'parent', 'suspended']);
const FINAL = new Set(['dissolvedAt', 'closedAt']);

/**
 * The first thing that `live` says otherwise than `snapshot`, or null. What a snapshot holds may only gain an end (retired, compromised,
 * dissolved, closed), another owner or a later VRF key; what it does not hold must have been recorded after its block. And nothing
 * is said twice in two ways: whoever looks a fact up finds the one that was compared.
 */
export function contradictionOf(live: RegistryFacts, snapshot: RegistryFacts): string | null {
  for (const list of LISTS) {
    const said = new Map<string, Fact>();
    for (const fact of live[list]) {
      const identity = identityOf(fact);
      if (said.has(identity) && !isWhollyNamed(fact)) return `${list}: ${identity}`;
      said.set(identity, fact);
    }
    const held = new Set(snapshot[list].map(identityOf));
    for (const known of snapshot[list]) {
      const now = said.get(identityOf(known));
      if (now === undefined || !mayBecome(known, now, snapshot.block.at)) return `${list}: ${identityOf(known)}`;
    }
    for (const [identity, added] of said) {
      if (!held.has(identity) && added.registeredAt < snapshot.block.at) return `${list}: ${identity}`;
    }
  }
  return null;
}

/** Two of one identity are the same: an authority may declare a coverage again, even in one block. */
function isWhollyNamed(fact: Fact): boolean {
  return 'since' in fact || 'successor' in fact;
}

function identityOf(fact: Fact): string {
  if ('keyId' in fact) return encodeHex(fact.keyId);
  if ('scopeId' in fact) return encodeHex(fact.scopeId);
  if ('dutyId' in fact) return encodeHex(fact.dutyId);
  if ('mode' in fact) return `${encodeHex(fact.logId)} ${fact.licenceType}`;
  if ('logId' in fact) return encodeHex(fact.logId);
  if ('since' in fact) return `${fact.authority} ${fact.licenceType} ${fact.since} ${fact.registeredAt}`;
  if ('successor' in fact) {
    const { authority, successor, logIds, licenceTypes, registeredAt } = fact;
    return [authority, successor, ...logIds.map(encodeHex), ...licenceTypes, registeredAt].join(' ');
  }
  return fact.code;
}

function mayBecome(known: Fact, now: Fact, snapshotAt: number): boolean {
  const before = Object.entries(known) as [string, unknown][];
  const after = new Map(Object.entries(now) as [string, unknown][]);
  return before.every(([name, value]) => {
    const later = after.get(name);
    if (name === 'owners') return continues(later as readonly OwnerFact[], value as readonly OwnerFact[], snapshotAt);
    if (name === 'authority' && 'owners' in known) return true;
    if (name === 'closedByOwner' && 'closedAt' in known) return known.closedAt === null || later === value;
    if (name === 'logIds' || name === 'licenceTypes') return sameList(value as readonly unknown[], later as readonly unknown[]);
    if (name === 'vrfKeys') return startsWith(later as readonly VrfKeyFact[], value as readonly VrfKeyFact[]);
    if (name === 'compromisedAt') return value === null || (typeof later === 'number' && later <= (value as number));
    // The contract ends things at the time of the block that says so.
    const isNewEnd = typeof later === 'number' && later >= snapshotAt && (value === null || later < (value as number));
    if (name === 'validTo') return later === value || isNewEnd;
    if (FINAL.has(name)) return later === value || (value === null && isNewEnd);
    return MAY_CHANGE.has(name) || isSame(value, later);
  });
}

function isSame(a: unknown, b: unknown): boolean {
  return a instanceof Uint8Array ? b instanceof Uint8Array && equalBytes(a, b) : a === b;
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
}

/** The handles of entries that the log had stay what they were. */
function startsWith(all: readonly VrfKeyFact[], first: readonly VrfKeyFact[]): boolean {
  return first.every(({ keyId, fromIndex }, i) => {
    const now = all[i];
    return now !== undefined && now.fromIndex === fromIndex && equalBytes(now.keyId, keyId);
  });
}

/** Who owned a log stays as it was; others may have come since the snapshot. */
function continues(all: readonly OwnerFact[], first: readonly OwnerFact[], snapshotAt: number): boolean {
  const isKept = first.every(({ authority, since }, i) => all[i]?.authority === authority && all[i].since === since);
  return isKept && all.slice(first.length).every(({ since }) => since >= snapshotAt);
}
