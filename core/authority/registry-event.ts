/**
 * What the chain says, as plain data: events of the registry, the anchor contract and the court, each with the block it stands in.
 *
 * Whoever makes these values (the chain reader) has checked their shape: codes have 18 characters, a public key lies on the
 * curve and has the key id it is listed under, a log id belongs to its origin. Whether an event is *allowed* the contract has
 * decided; what follows from all of them together, a reader of these events decides.
 */
import type { Hash } from '../bytes/hash.ts';
import type { PublicKey, Signature } from '../sm/sm2.ts';

/** A block of the chain. Its hash is the chain's own (Keccak-256), not SM3. */
export interface BlockPoint {
  readonly number: number;
  readonly hash: Hash;
  /** The block's time, UTC ms. */
  readonly at: number;
}

/** In the order of their numbers on chain, from 1. A key has one use for ever. */
export const KEY_TYPES = ['authority', 'log', 'document', 'request', 'witness', 'trust', 'vrf'] as const;
export type KeyType = (typeof KEY_TYPES)[number];

/** In the order of their numbers on chain, from 1. */
export const LOG_CLASSES = ['licence', 'access', 'seals'] as const;
export type LogClass = (typeof LOG_CLASSES)[number];

/** How a licence's history secret is made. In the order of their numbers on chain, from 1. */
export const HISTORY_MODES = ['public', 'private'] as const;
export type HistoryMode = (typeof HISTORY_MODES)[number];

/** What a log can be convicted of. In the order of their numbers on chain, from 1. */
export const CHARGE_KINDS = ['unmapped', 'broken-promise', 'rolled-back', 'fork', 'split-view'] as const;
export type ChargeKind = (typeof CHARGE_KINDS)[number];

/** `code` and `owner` are unified social credit codes; `region` is a GB/T 2260 code; a null `validTo` means no end yet. */
export type RegistryEvent =
  | {
      readonly kind: 'authority-registered';
      readonly code: string;
      readonly name: string;
      readonly region: string;
      /** The authority above it; null at the top. */
      readonly parent: string | null;
      /** 20 bytes: the chain account that may anchor this authority's logs. */
      readonly account: Uint8Array;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'account-changed';
      readonly code: string;
      readonly account: Uint8Array;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'parent-changed';
      readonly code: string;
      readonly parent: string | null;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'authority-dissolved';
      readonly code: string;
      readonly dissolvedAt: number;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'key-added';
      readonly code: string;
      readonly keyId: Hash;
      readonly keyType: KeyType;
      readonly publicKey: PublicKey;
      readonly validFrom: number;
      readonly block: BlockPoint;
    }
  | { readonly kind: 'key-retired'; readonly keyId: Hash; readonly validTo: number; readonly block: BlockPoint }
  | { readonly kind: 'key-compromised'; readonly keyId: Hash; readonly since: number; readonly block: BlockPoint }
  | {
      /** Perhaps lost. A null `until` lifts it. */
      readonly kind: 'key-suspended';
      readonly keyId: Hash;
      readonly suspendedAt: number;
      readonly until: number | null;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'scope-granted';
      readonly scopeId: Hash;
      readonly code: string;
      readonly licenceType: string;
      readonly region: string;
      readonly validFrom: number;
      readonly validTo: number | null;
      /** The grantor's own scope that it is part of; null for one that the consortium gave. */
      readonly parentId: Hash | null;
      readonly block: BlockPoint;
    }
  | { readonly kind: 'scope-ended'; readonly scopeId: Hash; readonly validTo: number; readonly block: BlockPoint }
  | {
      readonly kind: 'duty-granted';
      readonly dutyId: Hash;
      readonly code: string;
      /** What data may be read for. */
      readonly purpose: string;
      readonly validFrom: number;
      readonly validTo: number | null;
      readonly parentId: Hash | null;
      readonly block: BlockPoint;
    }
  | { readonly kind: 'duty-ended'; readonly dutyId: Hash; readonly validTo: number; readonly block: BlockPoint }
  | {
      readonly kind: 'log-registered';
      readonly logId: Hash;
      readonly owner: string;
      readonly origin: string;
      readonly class: LogClass;
      /** Milliseconds, all three. */
      readonly quantum: number;
      readonly beat: number;
      readonly promiseSpan: number;
      /** A seal is overdue after it, ms; null but for a seals log. */
      readonly term: number | null;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'log-closed';
      readonly logId: Hash;
      readonly closedAt: number;
      /** Closed by its own authority, which then stands by its last anchor. */
      readonly byOwner: boolean;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'vrf-key-set';
      readonly logId: Hash;
      readonly keyId: Hash;
      /** The first entry index for which this key makes the handles. */
      readonly fromIndex: number;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'mode-set';
      readonly logId: Hash;
      readonly licenceType: string;
      readonly mode: HistoryMode;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'coverage-declared';
      readonly code: string;
      readonly licenceType: string;
      readonly since: number;
      readonly block: BlockPoint;
    }
  | {
      /** 机构改革: from this block on the logs, and with them the function, are the successor's. */
      readonly kind: 'function-moved';
      readonly code: string;
      readonly successor: string;
      readonly logIds: readonly Hash[];
      readonly licenceTypes: readonly string[];
      readonly movedAt: number;
      readonly block: BlockPoint;
    }
  | {
      /** The court found a charge proven. Checkpoints of the log from this size on are disputed. */
      readonly kind: 'log-disputed';
      readonly logId: Hash;
      /** Keccak-256, the court's own. */
      readonly chargeDigest: Hash;
      readonly charge: ChargeKind;
      readonly fromSequence: number;
      readonly fromSize: number;
      readonly block: BlockPoint;
    }
  | {
      readonly kind: 'dispute-cleared';
      readonly logId: Hash;
      readonly reason: string;
      readonly block: BlockPoint;
    };

interface AnchorFields {
  readonly logId: Hash;
  /** The number of the anchor within its log, from 0. */
  readonly sequence: number;
  readonly size: number;
  /** The checkpoint's own time. */
  readonly issuedAt: number;
  readonly rootHash: Hash;
  readonly mapRoot: Hash;
  readonly keyId: Hash;
  /** The chain has verified it; readers do so again. */
  readonly signature: Signature;
  readonly block: BlockPoint;
}

/** A checkpoint on chain, or one that contradicts it: `forked` has the size of anchor `sequence` and another root. */
export type AnchorEvent = ({ readonly kind: 'anchored' } & AnchorFields) | ({ readonly kind: 'forked' } & AnchorFields);

export type ChainEvent = RegistryEvent | AnchorEvent;

export function isAnchorEvent(event: ChainEvent): event is AnchorEvent {
  return event.kind === 'anchored' || event.kind === 'forked';
}

/** One that changes what the registry's facts are. */
export function isRegistryEvent(event: ChainEvent): event is RegistryEvent {
  return !isAnchorEvent(event);
}
