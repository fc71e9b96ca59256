/**
 * What the authority's key signed, and for whom: one line of JSON each, on disk before the signature is made. Digests alone stand in it, and
 * with each the officer's own signature, so that none of ours is without hers.
 *
 *     {"at":ms,"what":"case"|"request"|"manifest","digest":64 hex,"keyId":64 hex,"signature":128 hex}      digest: H(payload); keyId, signature: the officer's
 */
import { open } from 'node:fs/promises';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { AppendFile } from '../../service/durable-file.ts';

export const SIGNED_KINDS = ['case', 'request', 'manifest'] as const;
export type SignedKind = (typeof SIGNED_KINDS)[number];

export interface SignedLine {
  /** UTC ms. */
  readonly at: number;
  readonly what: SignedKind;
  readonly digest: Hash;
  readonly officer: EnvelopeSignature;
}

/** Longer than any line. */
const TAIL_BYTES = 1024;

export class SigningJournal {
  readonly #file: AppendFile;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: AppendFile) {
    this.#file = file;
  }

  /** A line that was not written whole is cut. */
  static async open(path: string): Promise<SigningJournal> {
    return new SigningJournal(await AppendFile.open(path, await wholeLines(path)));
  }

  /** On disk when it returns; after a failure it takes no more, and nothing more is signed. */
  add({ at, what, digest, officer }: SignedLine): Promise<void> {
    const line = {
      at,
      what,
      digest: encodeHex(digest),
      keyId: encodeHex(officer.keyId),
      signature: encodeHex(officer.signature),
    };
    const added = this.#last.then(() => this.#file.append(encodeUtf8(`${JSON.stringify(line)}\n`)));
    this.#last = added.catch(() => undefined);
    return added;
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close();
  }
}

/** Bytes up to the last line end. */
async function wholeLines(path: string): Promise<number> {
  const file = await open(path, 'a+', 0o600);
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - TAIL_BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
    return from + buffer.subarray(0, bytesRead).lastIndexOf(0x0a) + 1;
  } finally {
    await file.close();
  }
}
