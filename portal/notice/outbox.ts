/**
 * Notices on their way to persons: on disk before they are taken, sent until the department's message service has them.
 *
 * A notice says that something is to be seen, to whom, and nothing of what: "somebody looked for the first time", "somebody broke the glass".
 * Whoever may know reads the rest after signing in. Each is a file of its own, encrypted under a key that is in another file; once it is taken
 * only its empty name stays for a month, so that the same notice sent again is not sent on again.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { concatBytes, decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { openSm4Gcm, sealSm4Gcm } from '../../core/sm/sm4-gcm.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { createFileDurably, readPrivateFile, replaceFileDurably } from '../../service/durable-file.ts';

export const NOTICE_KINDS = ['first-access', 'break-glass'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

export interface Notice {
  readonly kind: NoticeKind;
  /** To whom. It goes to the message service and nowhere else. */
  readonly person: { readonly class: number; readonly id: string };
  /** UTC ms. */
  readonly takenAt: number;
}

export interface WaitingNotice extends Notice {
  /** Hex. */
  readonly noticeId: string;
}

const KEY_LENGTH = 16;
const IV_LENGTH = 12;
const KEPT_MS = 30 * 86_400_000;
const NAME = /^[0-9a-f]{64}$/;

export class Outbox {
  readonly #directory: string;
  readonly #key: Uint8Array;
  readonly #names: Set<string>;
  #count: number;

  private constructor(directory: string, key: Uint8Array, names: Set<string>, count: number) {
    this.#directory = directory;
    this.#key = key;
    this.#names = names;
    this.#count = count;
  }

  /** `now`: UTC ms. Names older than a month go. */
  static async open(dataDir: string, now: number): Promise<Outbox> {
    const directory = join(dataDir, 'outbox');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const key = await openKey(join(dataDir, 'outbox.key'));
    const names = new Set<string>();
    let count = 0;
    for (const name of (await readdir(directory)).filter((one) => NAME.test(one))) {
      const { size, mtimeMs } = await stat(join(directory, name));
      if (size === 0 && mtimeMs < now - KEPT_MS) await rm(join(directory, name));
      else names.add(name);
      if (size > 0) count++;
    }
    return new Outbox(directory, key, names, count);
  }

  /** Notices that the message service has not taken yet. */
  get count(): number {
    return this.#count;
  }

  /** `key` names the notice: the same again is the same notice. Durable when it returns. */
  async put(key: string, notice: Notice): Promise<string> {
    const noticeId = encodeHex(sm3(encodeUtf8(key)));
    if (this.#names.has(noticeId)) return noticeId;
    const iv = randomBytes(IV_LENGTH);
    const sealed = sealSm4Gcm({
      key: this.#key,
      iv,
      aad: encodeUtf8(noticeId),
      plaintext: encodeUtf8(JSON.stringify(notice)),
    });
    this.#names.add(noticeId);
    try {
      await createFileDurably(join(this.#directory, noticeId), concatBytes(iv, sealed));
      this.#count++;
    } catch (error) {
      // Two at once: the other one's is there.
      if (!isCodedError(error, 'CONFLICT')) this.#names.delete(noticeId);
      throw error;
    }
    return noticeId;
  }

  async waiting(): Promise<WaitingNotice[]> {
    const found: WaitingNotice[] = [];
    for (const noticeId of this.#names) {
      const bytes = await readFile(join(this.#directory, noticeId)).catch(() => new Uint8Array());
      if (bytes.length <= IV_LENGTH) continue;
      const [iv, sealed] = [bytes.subarray(0, IV_LENGTH), bytes.subarray(IV_LENGTH)];
      const text = decodeUtf8(openSm4Gcm({ key: this.#key, iv, aad: encodeUtf8(noticeId), sealed }));
      found.push({ noticeId, ...(JSON.parse(text) as Notice) });
    }
    return found.toSorted((a, b) => a.takenAt - b.takenAt);
  }

  /** The message service has it. */
  async done(noticeId: string): Promise<void> {
    await replaceFileDurably(join(this.#directory, noticeId), new Uint8Array());
    this.#count--;
  }
}

async function openKey(path: string): Promise<Uint8Array> {
  return readPrivateFile(path, KEY_LENGTH).catch(async (error: unknown) => {
    if (!isCodedError(error, 'NOT_FOUND')) throw error;
    const key = new Uint8Array(randomBytes(KEY_LENGTH));
    await createFileDurably(path, key);
    return key;
  });
}
