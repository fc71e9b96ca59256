/**
 * A key act: how an authority's keys change on chain, by the signature of its own or its parent's authority key. And the proof
 * that whoever lists a key has it, signed by the new key itself (docs/formats.md §19).
 *
 *       0  16   ⟨kc⟩                              0  16   ⟨kp⟩
 *      16  u64  chain id                         16  u64  chain id
 *      24  20   registry's address               24  20   registry's address
 *      44  18   authority's code, ASCII          44  18   authority's code, ASCII
 *      62  u64  nonce                            62  u64  nonce
 *      70  u8   act                              70  u8   key type
 *      71  u8   key type                         71  65   public key
 *      72  32   key id
 *     104  u64  date, UTC ms
 */
import { concatBytes, encodeUtf8, u64 } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import type { PublicKey } from '../sm/sm2.ts';
import { KEY_TYPES, type KeyType } from './registry-event.ts';

/** In the order of their numbers on chain, from 1. */
export const KEY_ACTS = ['add', 'retire', 'compromise'] as const;
export type KeyActKind = (typeof KEY_ACTS)[number];

/** What binds an act to one registry, one authority and its turn. */
export interface KeyActPlace {
  readonly chainId: number;
  /** The registry's address, 20 bytes. */
  readonly registry: Uint8Array;
  /** The code of the authority whose key it is, whoever signs. */
  readonly authority: string;
  /** How many key acts of that authority the registry has taken so far. */
  readonly nonce: number;
}

export interface KeyAct extends KeyActPlace {
  readonly act: KeyActKind;
  readonly keyType: KeyType;
  readonly keyId: Hash;
  /** add: `validFrom` as handed in; retire: 0; compromise: since when. */
  readonly date: number;
}

export interface KeyPossession extends KeyActPlace {
  readonly keyType: KeyType;
  readonly publicKey: PublicKey;
}

const ADDRESS_LENGTH = 20;

/** The 112 bytes that an authority key signs. Throws MALFORMED. */
export function encodeKeyAct(keyAct: KeyAct): Uint8Array {
  const { act, keyType, keyId, date } = keyAct;
  requireWhole(date);
  if (act === 'retire' && date !== 0) throw malformed('a key is retired now: the date of the act is 0');
  const numbers = Uint8Array.of(numberOf(KEY_ACTS, act), numberOf(KEY_TYPES, keyType));
  return concatBytes(label('kc'), encodePlace(keyAct), numbers, keyId, u64(date));
}

/** The 136 bytes that the new key itself signs, a vrf key too. Throws MALFORMED. */
export function encodeKeyPossession(possession: KeyPossession): Uint8Array {
  const { keyType, publicKey } = possession;
  return concatBytes(label('kp'), encodePlace(possession), Uint8Array.of(numberOf(KEY_TYPES, keyType)), publicKey);
}

function encodePlace({ chainId, registry, authority, nonce }: KeyActPlace): Uint8Array {
  if (registry.length !== ADDRESS_LENGTH) throw malformed('a contract address has 20 bytes');
  if (!/^[0-9A-Z]{18}$/.test(authority)) throw malformed("an authority's code has 18 characters");
  requireWhole(chainId);
  requireWhole(nonce);
  return concatBytes(u64(chainId), registry, encodeUtf8(authority), u64(nonce));
}

function requireWhole(value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw malformed('chain id, nonce and date are whole numbers up to 2^53-1');
}

function numberOf<Name extends string>(names: readonly Name[], name: Name): number {
  const number = names.indexOf(name) + 1;
  if (number === 0) throw malformed(`unknown: ${name}`);
  return number;
}
