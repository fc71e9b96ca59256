/** Calls that change an authority's keys, with the signatures that they need (docs/formats.md §19). */
import { decodeHex } from '../core/bytes/bytes.ts';
import { conflict } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { encodeKeyAct, encodeKeyPossession, type KeyActPlace } from '../core/authority/key-act.ts';
import { keyIdOf } from '../core/authority/key-id.ts';
import type { KeyType } from '../core/authority/registry-event.ts';
import type { PublicKey, Signature } from '../core/sm/sm2.ts';
import type { Signer } from '../service/signer.ts';
import { hex } from './abi.ts';
import { encodeAddKey, encodeDeclareKeyCompromised, encodeRetireKey, type SignedAct } from './registry-call.ts';
import type { ChainRpc } from './rpc.ts';
import { readKeyActs } from './view.ts';

export interface KeyRegistry {
  readonly rpc: ChainRpc;
  readonly chainId: number;
  /** Lower-case `0x…`. */
  readonly registry: string;
}

/** Signs with an authority key of the authority or of its parent; null where the consortium decides. */
type Officer = Signer | null;

/** Of an authority, whose turn it is next. Acts of one authority go one after the other. Throws UNAVAILABLE. */
async function placeOf({ rpc, chainId, registry }: KeyRegistry, code: string): Promise<KeyActPlace> {
  const nonce = await readKeyActs(rpc, registry, code);
  return { chainId, registry: decodeHex(registry.slice(2), 20), authority: code, nonce };
}

async function signAct(officer: Officer, act: Uint8Array): Promise<SignedAct | null> {
  return officer === null ? null : { signer: officer.keyId, signature: await officer.sign(act) };
}

export interface NewKeyTerms {
  readonly code: string;
  readonly keyType: KeyType;
  /** In the past: as the block's time. */
  readonly validFrom: number;
}

/** That whoever lists a key has it: for the authority's next key act alone. */
export interface KeyProof {
  readonly publicKey: PublicKey;
  readonly nonce: number;
  /** By the new key itself. */
  readonly possession: Signature;
}

/** `holder` has the new key. Throws UNAVAILABLE. */
export async function proveKey(
  at: KeyRegistry,
  { code, keyType }: Pick<NewKeyTerms, 'code' | 'keyType'>,
  holder: Signer,
): Promise<KeyProof> {
  const place = await placeOf(at, code);
  const { publicKey } = holder;
  const possession = await holder.sign(encodeKeyPossession({ ...place, keyType, publicKey }));
  return { publicKey, nonce: place.nonce, possession };
}

/** Throws UNAVAILABLE, and CONFLICT as the registry would if another key act came before this one. */
export async function addProvenKeyCall(at: KeyRegistry, terms: NewKeyTerms, proof: KeyProof, officer: Officer): Promise<string> {
  const { code, keyType, validFrom } = terms;
  const { publicKey, nonce, possession } = proof;
  const place = await placeOf(at, code);
  const keyId = keyIdOf(publicKey);
  if (place.nonce !== nonce) {
    throw conflict('another key act came first: the new key must prove itself again', {
      error: 'NoPossession',
      keyId: hex(keyId),
    });
  }
  const act = encodeKeyAct({ ...place, act: 'add', keyType, keyId, date: validFrom });
  return encodeAddKey({ code, keyType, publicKey, validFrom, possession }, await signAct(officer, act));
}

/** `holder` has the new key. Throws as `addProvenKeyCall`. */
export async function addKeyCall(at: KeyRegistry, terms: NewKeyTerms, holder: Signer, officer: Officer): Promise<string> {
  return addProvenKeyCall(at, terms, await proveKey(at, terms, holder), officer);
}

/** A key that the registry lists. */
export interface ListedKey {
  readonly code: string;
  readonly keyType: KeyType;
  readonly keyId: Hash;
}

/** Throws UNAVAILABLE. */
export async function retireKeyCall(at: KeyRegistry, { code, keyType, keyId }: ListedKey, officer: Officer): Promise<string> {
  const place = await placeOf(at, code);
  return encodeRetireKey(keyId, await signAct(officer, encodeKeyAct({ ...place, act: 'retire', keyType, keyId, date: 0 })));
}

/** Throws UNAVAILABLE. */
export async function compromiseKeyCall(at: KeyRegistry, key: ListedKey, since: number, officer: Officer): Promise<string> {
  const { code, keyType, keyId } = key;
  const place = await placeOf(at, code);
  const act = encodeKeyAct({ ...place, act: 'compromise', keyType, keyId, date: since });
  return encodeDeclareKeyCompromised({ keyId, since }, await signAct(officer, act));
}
