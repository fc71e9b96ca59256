/**
 * Who signs, and the one check that every signature of a log or a witness goes through.
 *
 * A program that keeps its key in a device hands in its own `Signer`; `signerOf` is the one over a key in memory.
 */
import { unverified } from '../bytes/error.ts';
import { isSm2Signature, publicKeyOf, signSm2, type PrivateKey, type PublicKey, type Signature } from '../sm/sm2.ts';

/** One key. Signs any message it is given: what may be signed, its caller decides. */
export interface Signer {
  readonly publicKey: PublicKey;
  sign(message: Uint8Array): Signature;
}

export function signerOf(privateKey: PrivateKey): Signer {
  return { publicKey: publicKeyOf(privateKey), sign: (message) => signSm2(privateKey, message) };
}

/** Throws UNVERIFIED, naming `what` was signed. Whether the key may sign it, its caller decides. */
export function verifySignature(what: string, publicKey: PublicKey, message: Uint8Array, signature: Signature): void {
  if (!isSm2Signature(publicKey, message, signature)) throw unverified(`${what}: the signature does not hold`);
}
