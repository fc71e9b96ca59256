/**
 * A reader on the command line: which trust file it believes and remembers, and how it asks a verifier. Only slots leave this
 * machine; the verdict is made here.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import { isCodedError, malformed, notFound } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import { canonicalJson, type JsonValue, parseJson } from '../core/bytes/json.ts';
import { type Verifier, verifierBy } from '../core/citizen/verifier.ts';
import { chainReferenceOf } from '../core/log/attestation.ts';
import type { LookUp } from '../core/verify/gather.ts';
import { formatLookupQuestion, parseLookupAnswer } from '../core/verify/lookup.ts';
import { acceptTrust, formatSignedTrust, parseSignedTrust, type SignedTrust, type Trust } from '../core/verify/trust.ts';
import type { LiveChain } from '../core/verify/world.ts';
import { fetchBytes } from '../service/call/client.ts';
import { replaceFileDurably } from '../service/durable-file.ts';

const TIMEOUT_MS = 20_000;
const MAX_ANSWER_BYTES = 16 << 20;
const MAX_TRUST_BYTES = 8 << 20;

export interface Posted {
  readonly body: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One exchange of JSON; a GET without `posted`. The answer is parsed strictly and given its type by a parser of core/. */
export async function exchange(url: string, path: string, posted?: Posted): Promise<JsonValue> {
  const options = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_ANSWER_BYTES };
  const headers = { ...posted?.headers, 'content-type': 'application/json' };
  const sending = posted && { method: 'POST' as const, body: encodeUtf8(JSON.stringify(posted.body)), headers };
  const bytes = await fetchBytes(`${url.replace(/\/$/, '')}${path}`, { ...options, ...sending });
  return parseJson(bytes, { maxBytes: bytes.length });
}

/** `gather` asks through this. */
export function lookUpAt(url: string): LookUp {
  return async (question) => parseLookupAnswer(await exchange(url, '/v1/lookup', { body: formatLookupQuestion(question) }));
}

export const verifierAt = (url: string): Verifier => verifierBy((path) => exchange(url, path));

export async function liveChainOf(url: string): Promise<LiveChain> {
  const askedAt = performance.now();
  const { facts, ageMs } = await verifierAt(url).live();
  return { facts, ageMs: ageMs + Math.ceil(performance.now() - askedAt) };
}

export async function fetchTrust(url: string): Promise<SignedTrust> {
  return verifierAt(url).trust();
}

export async function readTrustFile(path: string): Promise<SignedTrust> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? notFound(`there is no trust file ${path}`) : error;
  });
  return parseSignedTrust(parseJson(bytes, { maxBytes: MAX_TRUST_BYTES }));
}

function referenceOf(trust: Trust): Hash {
  return chainReferenceOf(trust.chainId, trust.genesisHash, trust.anchorAddress);
}

/** The newest trust file accepted per chain, one file each, under `<data>/trust/`. */
export class TrustMemory {
  readonly #directory: string;

  constructor(dataDirectory: string) {
    this.#directory = join(dataDirectory, 'trust');
  }

  #path(reference: Hash): string {
    return join(this.#directory, `${encodeHex(reference)}.json`);
  }

  /** Null when none was accepted for this chain yet. A damaged memory is an error: it must not read as first sight. */
  async recall(reference: Hash): Promise<SignedTrust | null> {
    try {
      return await readTrustFile(this.#path(reference));
    } catch (error) {
      if (isCodedError(error, 'NOT_FOUND')) return null;
      if (isCodedError(error)) throw malformed(`the remembered trust file is damaged: ${this.#path(reference)}`);
      throw error;
    }
  }

  /** The only remembered one, for callers that name none. */
  async recallOnly(): Promise<SignedTrust> {
    const names = await readdir(this.#directory).catch(() => []);
    const files = names.filter((name) => /^[0-9a-f]{64}\.json$/.test(name));
    if (files.length !== 1) throw notFound('no trust file is remembered here: name one with --trust');
    return readTrustFile(join(this.#directory, files[0]!));
  }

  /** Judges and remembers. Throws UNVERIFIED or UNTRUSTED (core/verify/trust.ts). */
  async accept(candidate: SignedTrust): Promise<{ trust: Trust; isFirstSight: boolean }> {
    const reference = referenceOf(candidate.trust);
    const remembered = await this.recall(reference);
    const trust = acceptTrust(candidate, remembered);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await replaceFileDurably(this.#path(reference), encodeUtf8(`${canonicalJson(formatSignedTrust(candidate))}\n`));
    return { trust, isFirstSight: remembered === null };
  }
}
