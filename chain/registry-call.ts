/** Calls of the registry, from the same words that its events come back in. */
import type { Hash } from '../core/bytes/hash.ts';
import { HISTORY_MODES, KEY_TYPES, LOG_CLASSES, type RegistryEvent } from '../core/authority/registry-event.ts';
import type { PublicKey, Signature } from '../core/sm/sm2.ts';
import { codeHex, hex, numberOf, OPEN, REGISTRY, ZERO_WORD } from './abi.ts';

/** What a call hands in: the event it leads to, less what the contract adds. */
type Input<Kind extends RegistryEvent['kind']> = Omit<Extract<RegistryEvent, { kind: Kind }>, 'kind' | 'block'>;

/** An authority key, and its signature of the key act (core/authority/key-act.ts). */
export interface SignedAct {
  readonly signer: Hash;
  readonly signature: Signature;
}

/** Null: the consortium decides, after the public delay. */
type By = SignedAct | null;

// Authorities

export function encodeRegisterAuthority({ code, name, region, parent, account }: Input<'authority-registered'>): string {
  return REGISTRY.encodeFunctionData('registerAuthority', [codeHex(code), name, region, codeHex(parent), hex(account)]);
}

export function encodeChangeAccount({ code, account }: Input<'account-changed'>): string {
  return REGISTRY.encodeFunctionData('changeAccount', [codeHex(code), hex(account)]);
}

export function encodeChangeParent({ code, parent }: Input<'parent-changed'>): string {
  return REGISTRY.encodeFunctionData('changeParent', [codeHex(code), codeHex(parent)]);
}

// Keys

export interface NewKey extends Pick<Input<'key-added'>, 'code' | 'keyType' | 'validFrom'> {
  readonly publicKey: PublicKey;
  /** By the new key itself. */
  readonly possession: Signature;
}

/** A `validFrom` in the past counts as the block's time. */
export function encodeAddKey({ code, keyType, publicKey, validFrom, possession }: NewKey, by: By): string {
  const key = [codeHex(code), numberOf(KEY_TYPES, keyType), hex(publicKey), validFrom, hex(possession)] as const;
  if (by === null) return REGISTRY.encodeFunctionData('addKeyByQuorum', [...key]);
  return REGISTRY.encodeFunctionData('addKey', [...key, hex(by.signer), hex(by.signature)]);
}

export function encodeRetireKey(keyId: Hash, by: By): string {
  if (by === null) return REGISTRY.encodeFunctionData('retireKeyByQuorum', [hex(keyId)]);
  return REGISTRY.encodeFunctionData('retireKey', [hex(keyId), hex(by.signer), hex(by.signature)]);
}

export function encodeDeclareKeyCompromised({ keyId, since }: Input<'key-compromised'>, by: By): string {
  if (by === null) return REGISTRY.encodeFunctionData('declareKeyCompromisedByQuorum', [hex(keyId), since]);
  return REGISTRY.encodeFunctionData('declareKeyCompromised', [hex(keyId), since, hex(by.signer), hex(by.signature)]);
}

/** What `proposeSuspension` lets the members decide. */
export function encodeSuspendKey(keyId: Hash): string {
  return REGISTRY.encodeFunctionData('suspendKey', [hex(keyId)]);
}

export function encodeSuspendKeyAgain(keyId: Hash): string {
  return REGISTRY.encodeFunctionData('suspendKeyAgain', [hex(keyId)]);
}

export function encodeLiftSuspension(keyId: Hash): string {
  return REGISTRY.encodeFunctionData('liftSuspension', [hex(keyId)]);
}

// Scopes, duties and coverage

const grantHex = (id: Hash | null): string => (id === null ? ZERO_WORD : hex(id));

/** A `validFrom` in the past counts as the block's time. */
export function encodeGrantScope(scope: Omit<Input<'scope-granted'>, 'scopeId'>): string {
  const { code, licenceType, region, validFrom, validTo, parentId } = scope;
  const values = [codeHex(code), licenceType, region, validFrom, validTo ?? OPEN, grantHex(parentId)] as const;
  return REGISTRY.encodeFunctionData('grantScope', [...values]);
}

export function encodeGrantDuty(duty: Omit<Input<'duty-granted'>, 'dutyId'>): string {
  const { code, purpose, validFrom, validTo, parentId } = duty;
  return REGISTRY.encodeFunctionData('grantDuty', [codeHex(code), purpose, validFrom, validTo ?? OPEN, grantHex(parentId)]);
}

export function encodeEndGrant(grantId: Hash): string {
  return REGISTRY.encodeFunctionData('endGrant', [hex(grantId)]);
}

export function encodeDeclareCoverage({ code, licenceType, since }: Input<'coverage-declared'>): string {
  return REGISTRY.encodeFunctionData('declareCoverage', [codeHex(code), licenceType, since]);
}

// Logs

export function encodeRegisterLog(log: Omit<Input<'log-registered'>, 'logId'>): string {
  const { owner, origin, quantum, beat, promiseSpan, term } = log;
  const logClass = numberOf(LOG_CLASSES, log.class);
  const values = [codeHex(owner), origin, logClass, quantum, beat, promiseSpan, term ?? 0] as const;
  return REGISTRY.encodeFunctionData('registerLog', [...values]);
}

export function encodeCloseLog(logId: Hash): string {
  return REGISTRY.encodeFunctionData('closeLog', [hex(logId)]);
}

export function encodeSetVrfKey({ logId, keyId, fromIndex }: Input<'vrf-key-set'>): string {
  return REGISTRY.encodeFunctionData('setVrfKey', [hex(logId), hex(keyId), fromIndex]);
}

export function encodeSetMode({ logId, licenceType, mode }: Input<'mode-set'>): string {
  return REGISTRY.encodeFunctionData('setMode', [hex(logId), licenceType, numberOf(HISTORY_MODES, mode)]);
}

// Succession

/** What moves to one successor. */
export type Share = Pick<Input<'function-moved'>, 'successor' | 'logIds' | 'licenceTypes'>;

/** 合并: one share, dissolving. 拆分: several, dissolving. 划转: a part, and the authority stays. */
export function encodeRecordSuccession(code: string, shares: readonly Share[], dissolves: boolean): string {
  const values = shares.map(({ successor, logIds, licenceTypes }) => ({
    successor: codeHex(successor),
    logs: logIds.map(hex),
    licenceTypes: [...licenceTypes],
  }));
  return REGISTRY.encodeFunctionData('recordSuccession', [codeHex(code), values, dissolves]);
}
