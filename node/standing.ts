/**
 * What the registry says about this node: that its log, keys and account are the ones on record, and under which facts it issues. The
 * node does not judge its own scope; verifiers do.
 */
import { encodeHex } from '../core/bytes/bytes.ts';
import { forbidden } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import {
  type AuthorityFact,
  findAuthority,
  findKey,
  findLog,
  findMode,
  isRegionWithin,
  isSuspended,
  type KeyFact,
  type LogFact,
  type ModeFact,
  type RegistryFacts,
} from '../core/authority/registry.ts';

/** What the node was configured to be. */
export interface Identity {
  readonly logId: Hash;
  readonly logKeyId: Hash;
  readonly documentKeyId: Hash;
  /** Lower-case `0x…`: the account that anchors. */
  readonly account: string;
}

/** What the registry knows it as. */
export interface Standing {
  readonly log: LogFact;
  readonly authority: AuthorityFact;
  readonly logKey: KeyFact;
  readonly documentKey: KeyFact;
}

/** Throws FORBIDDEN, naming what the registry says otherwise than the node's configuration. */
export function standingOf(facts: RegistryFacts, identity: Identity, now: number): Standing {
  const log = findLog(facts, identity.logId);
  if (log === undefined) throw forbidden('the registry does not list this log', { logId: encodeHex(identity.logId) });
  if (log.class !== 'licence') throw forbidden('the registry lists this log in another class', { class: log.class });
  if (log.closedAt !== null) throw forbidden('the registry has closed this log', { closedAt: log.closedAt });
  const authority = findAuthority(facts, log.authority);
  const account = authority === undefined ? 'none' : `0x${encodeHex(authority.account)}`;
  if (authority === undefined || account !== identity.account) {
    throw forbidden('the registry names another account for this authority', {
      registered: account,
      configured: identity.account,
    });
  }
  const logKey = keyOf(facts, identity.logKeyId, 'log', authority, now);
  return { log, authority, logKey, documentKey: keyOf(facts, identity.documentKeyId, 'document', authority, now) };
}

function keyOf(facts: RegistryFacts, keyId: Hash, type: 'log' | 'document', { code }: AuthorityFact, now: number): KeyFact {
  const key = findKey(facts, keyId);
  const named = { type, keyId: encodeHex(keyId) };
  if (key === undefined) throw forbidden(`the registry does not list the ${type} key`, named);
  if (key.type !== type || key.authority !== code) throw forbidden(`the registry lists the ${type} key for another use`, named);
  if (key.compromisedAt !== null) throw forbidden(`the registry calls the ${type} key compromised`, named);
  if (key.validTo !== null) throw forbidden(`the registry has retired the ${type} key`, named);
  // Without its document key a department issues nothing; what it revokes, the log says.
  if (type === 'log') requireNotSuspended(key, now);
  if (key.validFrom > now) throw forbidden(`the ${type} key is not valid yet`, { ...named, validFrom: key.validFrom });
  return key;
}

function requireNotSuspended(key: KeyFact, now: number): void {
  if (!isSuspended(key, now)) return;
  const facts = { type: key.type, keyId: encodeHex(key.keyId), until: key.suspended!.until };
  throw forbidden(`the registry has suspended the ${key.type} key`, facts);
}

/** Throws FORBIDDEN while the document key is suspended. */
export function requireIssuing({ documentKey }: Standing, now: number): void {
  requireNotSuspended(documentKey, now);
}

/** Throws FORBIDDEN for a type that this log may not issue, or not with this program. */
export function requireMode(facts: RegistryFacts, { log }: Standing, licenceType: string): ModeFact {
  const mode = findMode(facts, log.logId, licenceType);
  if (mode === undefined) throw forbidden('the registry sets no mode for this licence type in this log', { type: licenceType });
  if (mode.mode === 'private') {
    throw forbidden('the registry sets this licence type to private, and this version of the node issues public types only', {
      type: licenceType,
    });
  }
  return mode;
}

/**
 * Since when all that an issue rests on is on record. A verifier believes it of an entry only if an anchored checkpoint from no earlier
 * than this lacks the entry. Of several scopes one suffices; without any the verifier's finding is the same, whenever we issue.
 */
export function groundOf(facts: RegistryFacts, standing: Standing, mode: ModeFact, now: number): number {
  const { log, authority, logKey, documentKey } = standing;
  const scopes = facts.scopes.filter(
    ({ authority: code, licenceType, region, validFrom, validTo }) =>
      code === authority.code &&
      licenceType === mode.licenceType &&
      isRegionWithin(authority.region, region) &&
      validFrom <= now &&
      (validTo === null || validTo > now),
  );
  const since = [logKey, documentKey].flatMap(({ registeredAt, validFrom }) => [registeredAt, validFrom]);
  const scopeSince = scopes.map(({ registeredAt, validFrom }) => Math.max(registeredAt, validFrom));
  if (scopeSince.length > 0) since.push(Math.min(...scopeSince));
  // The log may have come to us from another authority.
  since.push(log.owners.at(-1)!.since);
  return Math.max(...since, authority.registeredAt, mode.registeredAt);
}
