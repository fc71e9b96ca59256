/**
 * What the registry says at one block: authorities, their keys, scopes and duties, the logs and whose they were when, how each log
 * makes its history secrets, which functions moved, and which logs are disputed.
 *
 * Facts are made by folding the chain's events in order (`fold.ts`), and read back from JSON (`facts-json.ts`) where a trust file or a
 * verifier states them. Every fact keeps the time of the block that recorded it. Ends are worked in: of a dissolved authority's keys,
 * scopes and duties, and of whatever was granted as a part of something that ended.
 */
import { equalBytes } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import type { PublicKey } from '../sm/sm2.ts';
import type { BlockPoint, ChargeKind, HistoryMode, KeyType, LogClass } from './registry-event.ts';

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
  readonly dissolvedAt: number | null;
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
  /** Perhaps lost: what was signed since counts nowhere until the end; null unless it was suspended. */
  readonly suspended: Suspension | null;
  readonly registeredAt: number;
}

export interface Suspension {
  readonly from: number;
  readonly until: number;
}

export interface ScopeFact {
  readonly scopeId: Hash;
  readonly authority: string;
  readonly licenceType: string;
  readonly region: string;
  readonly validFrom: number;
  readonly validTo: number | null;
  /** The grantor's scope that it is part of. */
  readonly parentId: Hash | null;
  readonly registeredAt: number;
}

/** What an authority may read other authorities' data for. */
export interface DutyFact {
  readonly dutyId: Hash;
  readonly authority: string;
  readonly purpose: string;
  readonly validFrom: number;
  readonly validTo: number | null;
  readonly parentId: Hash | null;
  readonly registeredAt: number;
}

export interface VrfKeyFact {
  readonly keyId: Hash;
  readonly fromIndex: number;
}

export interface OwnerFact {
  readonly authority: string;
  readonly since: number;
}

export interface LogFact {
  readonly logId: Hash;
  readonly origin: string;
  /** Whose log it is now. */
  readonly authority: string;
  /** Whose it was, the first first; the last is `authority`. */
  readonly owners: readonly OwnerFact[];
  readonly class: LogClass;
  /** Milliseconds, all three. */
  readonly quantum: number;
  readonly beat: number;
  readonly promiseSpan: number;
  /** Milliseconds; null but for a seals log. */
  readonly term: number | null;
  readonly registeredAt: number;
  readonly closedAt: number | null;
  /** Closed by its own authority, which then stands by its last anchor. */
  readonly closedByOwner: boolean;
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

export interface SuccessionFact {
  readonly authority: string;
  readonly successor: string;
  readonly logIds: readonly Hash[];
  readonly licenceTypes: readonly string[];
  readonly registeredAt: number;
}

export interface DisputeFact {
  readonly logId: Hash;
  readonly charge: ChargeKind;
  readonly chargeDigest: Hash;
  readonly fromSequence: number;
  /** Checkpoints from this size on are disputed. */
  readonly fromSize: number;
  readonly registeredAt: number;
}

export interface RegistryFacts {
  readonly block: BlockPoint;
  readonly authorities: readonly AuthorityFact[];
  readonly keys: readonly KeyFact[];
  readonly scopes: readonly ScopeFact[];
  readonly duties: readonly DutyFact[];
  readonly logs: readonly LogFact[];
  readonly modes: readonly ModeFact[];
  readonly coverages: readonly CoverageFact[];
  readonly successions: readonly SuccessionFact[];
  /** One for a log at most; cleared ones are gone. */
  readonly disputes: readonly DisputeFact[];
}

export function findAuthority(facts: RegistryFacts, code: string): AuthorityFact | undefined {
  return facts.authorities.find((authority) => authority.code === code);
}

export function findKey(facts: RegistryFacts, keyId: Hash): KeyFact | undefined {
  return facts.keys.find((key) => equalBytes(key.keyId, keyId));
}

/** Each key of the log once, as it was first named: a log that went back to a key goes on with the history under it. */
export function vrfEpochsOf({ vrfKeys }: LogFact): VrfKeyFact[] {
  return vrfKeys.filter(({ keyId }, i) => vrfKeys.findIndex((one) => equalBytes(one.keyId, keyId)) === i);
}

export function findLog(facts: RegistryFacts, logId: Hash): LogFact | undefined {
  return facts.logs.find((log) => equalBytes(log.logId, logId));
}

export function findMode(facts: RegistryFacts, logId: Hash, licenceType: string): ModeFact | undefined {
  return facts.modes.find((mode) => equalBytes(mode.logId, logId) && mode.licenceType === licenceType);
}

export function findDispute(facts: RegistryFacts, logId: Hash): DisputeFact | undefined {
  return facts.disputes.find((dispute) => equalBytes(dispute.logId, logId));
}

/** Whose log it was at that instant; null before its registration. */
export function ownerAt(log: Pick<LogFact, 'owners'>, time: number): string | null {
  return log.owners.findLast(({ since }) => since <= time)?.authority ?? null;
}

/** True while a key may be lost and nobody has said so for good. */
export function isSuspended({ suspended }: KeyFact, now: number): boolean {
  return suspended !== null && now < suspended.until;
}

/** True for a key of the log's owner of that instant, in force then. Whether it was lost is another question. */
export function isLogKeyAt(key: KeyFact, log: LogFact, time: number): boolean {
  const isInForce = time >= key.validFrom && (key.validTo === null || time < key.validTo);
  return key.type === 'log' && isInForce && key.authority === ownerAt(log, time);
}

/** True when `outer` is `inner` or a division above it: GB/T 2260 codes nest by pairs of digits, 00 meaning "all below". */
export function isRegionWithin(inner: string, outer: string): boolean {
  const prefix = outer.replace(/(?:00)+$/, '');
  return inner.startsWith(prefix);
}
