/**
 * What the registry says about this node: that its log, keys and account are the ones on record, and under which facts it issues. The
 * node does not judge its own scope; verifiers do.
 */
import { encodeHex } from '../core/bytes/bytes.ts';
import { forbidden } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import type { LogClass } from '../core/authority/registry-event.ts';
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
  /** Of a licence log. */
  readonly documentKeyId?: Hash;
  /** Of an access log. */
  readonly requestKeyId?: Hash;
  /** Lower-case `0x…`: the account that anchors. */
  readonly account: string;
}

/** What the registry knows it as. */
export interface Standing {
  readonly log: LogFact;
  readonly authority: AuthorityFact;
  readonly logKey: KeyFact;
  /** The document key of a licence log, the request key of an access log; null for a seals log. */
  readonly signingKey: KeyFact | null;
}

function classOf({ documentKeyId, requestKeyId }: Identity): LogClass {
  if (documentKeyId !== undefined) return 'licence';
  return requestKeyId === undefined ? 'seals' : 'access';
}

/** Throws FORBIDDEN, naming what the registry says otherwise than the node's configuration. */
export function standingOf(facts: RegistryFacts, identity: Identity, now: number): Standing {
  const log = findLog(facts, identity.logId);
  if (log === undefined) throw forbidden('the registry does not list this log', { logId: encodeHex(identity.logId) });
  if (log.class !== classOf(identity)) throw forbidden('the registry lists this log in another class', { class: log.class });
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
  return { log, authority, logKey, signingKey: signingKeyOf(facts, identity, authority, now) };
}

function signingKeyOf(facts: RegistryFacts, identity: Identity, authority: AuthorityFact, now: number): KeyFact | null {
  const { documentKeyId, requestKeyId } = identity;
  if (documentKeyId !== undefined) return keyOf(facts, documentKeyId, 'document', authority, now);
  return requestKeyId === undefined ? null : keyOf(facts, requestKeyId, 'request', authority, now);
}

type SigningType = 'log' | 'document' | 'request';

function keyOf(facts: RegistryFacts, keyId: Hash, type: SigningType, { code }: AuthorityFact, now: number): KeyFact {
  const key = findKey(facts, keyId);
  const named = { type, keyId: encodeHex(keyId) };
  if (key === undefined) throw forbidden(`the registry does not list the ${type} key`, named);
  if (key.type !== type || key.authority !== code) throw forbidden(`the registry lists the ${type} key for another use`, named);
  if (key.compromisedAt !== null) throw forbidden(`the registry calls the ${type} key compromised`, named);
  if (key.validTo !== null) throw forbidden(`the registry has retired the ${type} key`, named);
  // Without its document key a department issues nothing; what it revokes, the log says.
  if (type !== 'document') requireNotSuspended(key, now);
  if (key.validFrom > now) throw forbidden(`the ${type} key is not valid yet`, { ...named, validFrom: key.validFrom });
  return key;
}

function requireNotSuspended(key: KeyFact, now: number): void {
  if (!isSuspended(key, now)) return;
  const facts = { type: key.type, keyId: encodeHex(key.keyId), until: key.suspended!.until };
  throw forbidden(`the registry has suspended the ${key.type} key`, facts);
}

/** Throws FORBIDDEN while the document key is suspended. */
export function requireIssuing({ signingKey }: Standing, now: number): void {
  if (signingKey !== null) requireNotSuspended(signingKey, now);
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
  const { authority } = standing;
  const scopes = facts.scopes.filter(
    ({ authority: code, licenceType, region, validFrom, validTo }) =>
      code === authority.code &&
      licenceType === mode.licenceType &&
      isRegionWithin(authority.region, region) &&
      validFrom <= now &&
      (validTo === null || validTo > now),
  );
  const scopeSince = scopes.map(({ registeredAt, validFrom }) => Math.max(registeredAt, validFrom));
  const since = scopeSince.length > 0 ? Math.min(...scopeSince) : 0;
  return Math.max(since, ownGroundOf(standing), mode.registeredAt);
}

/** Since when the log is the authority's, with the keys that it signs with now. */
export function ownGroundOf({ log, authority, logKey, signingKey }: Standing): number {
  const keys = signingKey === null ? [logKey] : [logKey, signingKey];
  const since = keys.flatMap(({ registeredAt, validFrom }) => [registeredAt, validFrom]);
  // The log may have come to us from another authority.
  return Math.max(...since, log.owners.at(-1)!.since, authority.registeredAt);
}
