/**
 * From events to facts: what the registry says after each event, in the chain's order. The contracts have judged whether an event was
 * allowed; a change to something unknown changes nothing.
 */
import { equalBytes } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import {
  type DutyFact,
  findKey,
  type KeyFact,
  type LogFact,
  type RegistryFacts,
  type ScopeFact,
  type Suspension,
} from './registry.ts';
import type { BlockPoint, RegistryEvent } from './registry-event.ts';

export function emptyRegistry(block: BlockPoint): RegistryFacts {
  const [authorities, keys, scopes, duties, logs] = [[], [], [], [], []];
  return { block, authorities, keys, scopes, duties, logs, modes: [], coverages: [], successions: [], disputes: [] };
}

function changed<Item>(items: readonly Item[], isMeant: (item: Item) => boolean, change: (item: Item) => Partial<Item>): Item[] {
  return items.map((item) => (isMeant(item) ? { ...item, ...change(item) } : item));
}

const changedKey = (facts: RegistryFacts, keyId: Hash, change: Partial<KeyFact>): readonly KeyFact[] =>
  changed(
    facts.keys,
    (key) => equalBytes(key.keyId, keyId),
    () => change,
  );

const changedLog = (facts: RegistryFacts, logId: Hash, change: (log: LogFact) => Partial<LogFact>): readonly LogFact[] =>
  changed(facts.logs, (log) => equalBytes(log.logId, logId), change);

const earlier = (a: number | null, b: number): number => (a === null ? b : Math.min(a, b));

/** Ends a grant, and with it all that was granted as a part of it. */
function ended<Grant extends ScopeFact | DutyFact>(
  grants: readonly Grant[],
  idOf: (grant: Grant) => Hash,
  id: Hash,
  validTo: number,
): Grant[] {
  let all = changed(
    grants,
    (grant) => equalBytes(idOf(grant), id),
    (grant) => ({ validTo: earlier(grant.validTo, validTo) }) as Partial<Grant>,
  );
  for (const grant of grants) {
    if (grant.parentId !== null && equalBytes(grant.parentId, id)) all = ended(all, idOf, idOf(grant), validTo);
  }
  return all;
}

/** Ends all grants of an authority, and what others hold as a part of them. */
function endedOf<Grant extends ScopeFact | DutyFact>(
  grants: readonly Grant[],
  idOf: (grant: Grant) => Hash,
  code: string,
  validTo: number,
): readonly Grant[] {
  const own = grants.filter(({ authority }) => authority === code);
  return own.reduce<readonly Grant[]>((all, grant) => ended(all, idOf, idOf(grant), validTo), grants);
}

const scopeIdOf = ({ scopeId }: ScopeFact): Hash => scopeId;
const dutyIdOf = ({ dutyId }: DutyFact): Hash => dutyId;

/** The facts after `event`. */
export function applyRegistryEvent(facts: RegistryFacts, event: RegistryEvent): RegistryFacts {
  return { ...facts, ...changeOf(facts, event), block: event.block };
}

function changeOf(facts: RegistryFacts, event: RegistryEvent): Partial<RegistryFacts> {
  const registeredAt = event.block.at;
  switch (event.kind) {
    case 'authority-registered': {
      const { code, name, region, parent, account } = event;
      const authority = { code, name, region, parent, account, registeredAt, dissolvedAt: null };
      return { authorities: [...facts.authorities, authority] };
    }
    case 'account-changed':
    case 'parent-changed': {
      const change = event.kind === 'account-changed' ? { account: event.account } : { parent: event.parent };
      return {
        authorities: changed(
          facts.authorities,
          ({ code }) => code === event.code,
          () => change,
        ),
      };
    }
    case 'authority-dissolved':
      return dissolved(facts, event.code, event.dissolvedAt);
    case 'key-added': {
      const { keyId, publicKey, validFrom } = event;
      const key = { keyId, authority: event.code, type: event.keyType, publicKey, validFrom, validTo: null };
      return { keys: [...facts.keys, { ...key, compromisedAt: null, suspended: null, registeredAt }] };
    }
    case 'key-retired':
      return { keys: changedKey(facts, event.keyId, { validTo: event.validTo }) };
    case 'key-compromised':
      return { keys: changedKey(facts, event.keyId, { compromisedAt: event.since }) };
    case 'key-suspended':
      return { keys: changedKey(facts, event.keyId, { suspended: suspensionAfter(facts, event) }) };
    case 'scope-granted': {
      const { scopeId, licenceType, region, validFrom, validTo, parentId } = event;
      const scope = { scopeId, authority: event.code, licenceType, region, validFrom, validTo, parentId, registeredAt };
      return { scopes: [...facts.scopes, scope] };
    }
    case 'scope-ended':
      return { scopes: ended(facts.scopes, scopeIdOf, event.scopeId, event.validTo) };
    case 'duty-granted': {
      const { dutyId, purpose, validFrom, validTo, parentId } = event;
      const duty = { dutyId, authority: event.code, purpose, validFrom, validTo, parentId, registeredAt };
      return { duties: [...facts.duties, duty] };
    }
    case 'duty-ended':
      return { duties: ended(facts.duties, dutyIdOf, event.dutyId, event.validTo) };
    case 'log-registered': {
      const { logId, origin, owner, quantum, beat, promiseSpan, term } = event;
      const owners = [{ authority: owner, since: registeredAt }];
      const log = { logId, origin, authority: owner, owners, class: event.class, quantum, beat, promiseSpan, term };
      return { logs: [...facts.logs, { ...log, registeredAt, closedAt: null, closedByOwner: false, vrfKeys: [] }] };
    }
    case 'log-closed':
      return { logs: changedLog(facts, event.logId, () => ({ closedAt: event.closedAt, closedByOwner: event.byOwner })) };
    case 'vrf-key-set': {
      const { keyId, fromIndex } = event;
      return { logs: changedLog(facts, event.logId, ({ vrfKeys }) => ({ vrfKeys: [...vrfKeys, { keyId, fromIndex }] })) };
    }
    case 'mode-set': {
      const { logId, licenceType, mode } = event;
      return { modes: [...facts.modes, { logId, licenceType, mode, registeredAt }] };
    }
    case 'coverage-declared': {
      const { licenceType, since } = event;
      return { coverages: [...facts.coverages, { authority: event.code, licenceType, since, registeredAt }] };
    }
    case 'function-moved': {
      const { code, successor, logIds, licenceTypes, movedAt } = event;
      const moved = changed(
        facts.logs,
        ({ logId }) => logIds.some((one) => equalBytes(one, logId)),
        ({ owners }) => ({ authority: successor, owners: [...owners, { authority: successor, since: movedAt }] }),
      );
      const succession = { authority: code, successor, logIds, licenceTypes, registeredAt };
      return { logs: moved, successions: [...facts.successions, succession] };
    }
    case 'log-disputed': {
      const { logId, charge, chargeDigest, fromSequence, fromSize } = event;
      const dispute = { logId, charge, chargeDigest, fromSequence, fromSize, registeredAt };
      return { disputes: [...withoutDispute(facts, logId), dispute] };
    }
    case 'dispute-cleared':
      return { disputes: withoutDispute(facts, event.logId) };
  }
}

/** One that is renewed goes on from its first day: what was signed in between may be a thief's. */
function suspensionAfter(facts: RegistryFacts, event: Extract<RegistryEvent, { kind: 'key-suspended' }>): Suspension | null {
  const { keyId, suspendedAt, until } = event;
  if (until === null) return null;
  const before = findKey(facts, keyId)?.suspended ?? null;
  return { from: before !== null && suspendedAt < before.until ? before.from : suspendedAt, until };
}

/** All that counts of the authority ends. A log's VRF key is the log's, and goes on with it. */
function dissolved(facts: RegistryFacts, code: string, dissolvedAt: number): Partial<RegistryFacts> {
  const isIts = ({ authority }: { readonly authority: string }): boolean => authority === code;
  const end = ({ validTo }: { readonly validTo: number | null }): { validTo: number } => ({
    validTo: earlier(validTo, dissolvedAt),
  });
  return {
    authorities: changed(
      facts.authorities,
      (authority) => authority.code === code,
      () => ({ dissolvedAt }),
    ),
    keys: changed(facts.keys, (key) => isIts(key) && key.type !== 'vrf', end),
    scopes: endedOf(facts.scopes, scopeIdOf, code, dissolvedAt),
    duties: endedOf(facts.duties, dutyIdOf, code, dissolvedAt),
  };
}

function withoutDispute(facts: RegistryFacts, logId: Hash): RegistryFacts['disputes'] {
  return facts.disputes.filter((dispute) => !equalBytes(dispute.logId, logId));
}
