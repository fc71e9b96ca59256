/** Calls of the two contracts, from the same words that their events come back in. */
import { encodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { HISTORY_MODES, KEY_TYPES, LOG_CLASSES } from '../core/authority/registry-event.ts';
import type { AnchorEvent, RegistryEvent } from '../core/authority/registry-event.ts';
import { AuthorityRegistry__factory } from './bindings/factories/AuthorityRegistry__factory.ts';
import { CheckpointAnchor__factory } from './bindings/factories/CheckpointAnchor__factory.ts';
import type { ChainSender, Receipt } from './sender.ts';

const REGISTRY = AuthorityRegistry__factory.createInterface();
const ANCHOR = CheckpointAnchor__factory.createInterface();

/** What the contract calls "no end yet": the largest uint64. */
const OPEN = 2n ** 64n - 1n;
const NO_CODE = `0x${'00'.repeat(18)}`;

/** What a call hands in: the event it leads to, less what the contract adds. */
type Input<Kind extends RegistryEvent['kind']> = Omit<Extract<RegistryEvent, { kind: Kind }>, 'kind' | 'block'>;

const hex = (bytes: Uint8Array): string => `0x${encodeHex(bytes)}`;
const codeHex = (code: string): string => hex(encodeUtf8(code));
const numberOf = <Choice>(choices: readonly Choice[], choice: Choice): number => choices.indexOf(choice) + 1;

export function encodeRegisterAuthority({ code, name, region, parent, account }: Input<'authority-registered'>): string {
  const parentHex = parent === null ? NO_CODE : codeHex(parent);
  return REGISTRY.encodeFunctionData('registerAuthority', [codeHex(code), name, region, parentHex, hex(account)]);
}

export function encodeChangeAccount({ code, account }: Input<'account-changed'>): string {
  return REGISTRY.encodeFunctionData('changeAccount', [codeHex(code), hex(account)]);
}

/** A `validFrom` in the past counts as the block's time. */
export function encodeAddKey({ code, keyId, keyType, publicKey, validFrom }: Input<'key-added'>): string {
  const typeNumber = numberOf(KEY_TYPES, keyType);
  return REGISTRY.encodeFunctionData('addKey', [codeHex(code), hex(keyId), typeNumber, hex(publicKey), validFrom]);
}

export function encodeRetireKey(keyId: Hash): string {
  return REGISTRY.encodeFunctionData('retireKey', [hex(keyId)]);
}

export function encodeDeclareKeyCompromised({ keyId, since }: Input<'key-compromised'>): string {
  return REGISTRY.encodeFunctionData('declareKeyCompromised', [hex(keyId), since]);
}

/** A `validFrom` in the past counts as the block's time. */
export function encodeGrantScope(scope: Omit<Input<'scope-granted'>, 'scopeId'>): string {
  const { code, licenceType, region, validFrom, validTo } = scope;
  return REGISTRY.encodeFunctionData('grantScope', [codeHex(code), licenceType, region, validFrom, validTo ?? OPEN]);
}

export function encodeEndScope(scopeId: Hash): string {
  return REGISTRY.encodeFunctionData('endScope', [hex(scopeId)]);
}

export function encodeDeclareCoverage({ code, licenceType, since }: Input<'coverage-declared'>): string {
  return REGISTRY.encodeFunctionData('declareCoverage', [codeHex(code), licenceType, since]);
}

export function encodeRegisterLog(log: Input<'log-registered'>): string {
  const { logId, owner, origin, quantum, beat, promiseSpan } = log;
  const logClass = numberOf(LOG_CLASSES, log.class);
  return REGISTRY.encodeFunctionData('registerLog', [hex(logId), codeHex(owner), origin, logClass, quantum, beat, promiseSpan]);
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

/** A signed checkpoint, and the proof that the log has grown into it. */
export interface AnchorInput extends Omit<AnchorEvent, 'kind' | 'sequence' | 'block'> {
  readonly consistencyProof: readonly Hash[];
}

/** Throws CONFLICT if the contract refuses, UNAVAILABLE if the chain does not answer: then the same call may be repeated. */
export function anchorCheckpoint(sender: Pick<ChainSender, 'send'>, anchorAddress: string, input: AnchorInput): Promise<Receipt> {
  const { logId, size, issuedAt, rootHash, mapRoot, keyId, signature, consistencyProof } = input;
  const data = ANCHOR.encodeFunctionData('anchor', [
    hex(logId),
    size,
    issuedAt,
    hex(rootHash),
    hex(mapRoot),
    hex(keyId),
    hex(signature),
    consistencyProof.map(hex),
  ]);
  return sender.send({ to: anchorAddress, data });
}
