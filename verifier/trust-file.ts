/**
 * The trust file that this verifier judges by and hands out. It is read again when it changes on disk; a file that may not follow
 * the one accepted before (core/verify/trust.ts) is refused and the older one stays. The newest accepted is remembered in the data
 * directory, so that a restart does not take an older one on sight.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeUtf8, equalBytes } from '../core/bytes/bytes.ts';
import { isCodedError, untrusted } from '../core/bytes/error.ts';
import { canonicalJson, parseJson, type JsonObject } from '../core/bytes/json.ts';
import { acceptTrust, formatSignedTrust, parseSignedTrust, type SignedTrust, type Trust } from '../core/verify/trust.ts';
import type { Logger } from '../service/logger.ts';
import { replaceFileDurably } from '../service/durable-file.ts';
import type { ChainIdentity } from './index/event-store.ts';

export interface TrustFileOptions {
  readonly path: string;
  readonly dataDir: string;
  readonly identity: ChainIdentity;
  readonly logger: Logger;
}

const MAX_BYTES = 8 << 20;

async function readSigned(path: string): Promise<SignedTrust | null> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return bytes && parseSignedTrust(parseJson(bytes, { maxBytes: MAX_BYTES }));
}

export class TrustFile {
  readonly #options: TrustFileOptions;
  readonly #memoryPath: string;
  #accepted: SignedTrust | null;
  #modifiedAt: number | null = null;

  private constructor(options: TrustFileOptions, memoryPath: string, accepted: SignedTrust | null) {
    this.#options = options;
    this.#memoryPath = memoryPath;
    this.#accepted = accepted;
  }

  /** Throws MALFORMED when what was remembered is damaged: it must not read as first sight. */
  static async open(options: TrustFileOptions): Promise<TrustFile> {
    const memoryPath = join(options.dataDir, 'trust-accepted.json');
    const file = new TrustFile(options, memoryPath, await readSigned(memoryPath));
    await file.refresh();
    return file;
  }

  /** Null until a file was accepted. */
  get trust(): Trust | null {
    return this.#accepted?.trust ?? null;
  }

  /** The signed file, to be handed out. */
  get signed(): JsonObject | null {
    return this.#accepted && formatSignedTrust(this.#accepted);
  }

  /** Looks whether the file has changed. What is refused is logged, once per change. */
  async refresh(): Promise<void> {
    const { path, logger } = this.#options;
    const found = await stat(path).catch(() => null);
    if (found === null || found.mtimeMs === this.#modifiedAt) return;
    this.#modifiedAt = found.mtimeMs;
    try {
      await this.#accept(await readSigned(path));
    } catch (error) {
      if (!isCodedError(error)) throw error;
      logger.error({ error }, 'the trust file is refused, the one accepted before stays');
    }
  }

  async #accept(candidate: SignedTrust | null): Promise<void> {
    if (candidate === null) return;
    const { chainId, genesisHash, anchorAddress } = this.#options.identity;
    const { trust } = candidate;
    const isOurs =
      trust.chainId === chainId && equalBytes(trust.genesisHash, genesisHash) && equalBytes(trust.anchorAddress, anchorAddress);
    if (!isOurs) throw untrusted('the trust file is about another chain than this verifier follows');
    acceptTrust(candidate, this.#accepted);
    await replaceFileDurably(this.#memoryPath, encodeUtf8(`${canonicalJson(formatSignedTrust(candidate))}\n`));
    this.#accepted = candidate;
  }
}
