/**
 * Who signs. Asynchronous, because the key may live in a security module on the other side of a wire; here it is a key file,
 * opened once, with the private key in this process's memory.
 */
import { keyIdOf } from '../core/authority/key-id.ts';
import type { KeyType } from '../core/authority/registry-event.ts';
import type { Hash } from '../core/bytes/hash.ts';
import type { TypedKey } from '../core/sealed/key-file.ts';
import type { PublicKey, Signature } from '../core/sm/sm2.ts';
import { signSm2 } from '../core/sm/sm2.ts';
import { openKeyFile } from './key-file.ts';

export interface Signer {
  readonly type: KeyType;
  readonly publicKey: PublicKey;
  readonly keyId: Hash;
  /** `message` begins with its label; the signature is SM2 with the standard's user id. */
  sign(message: Uint8Array): Promise<Signature>;
}

export function createSigner({ type, privateKey, publicKey }: TypedKey): Signer {
  return {
    type,
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: async (message) => signSm2(privateKey, message),
  };
}

/** Throws as `openKeyFile`. */
export async function openSigner(path: string, passphrase: string, type: KeyType): Promise<Signer> {
  return createSigner(await openKeyFile(path, passphrase, type));
}
