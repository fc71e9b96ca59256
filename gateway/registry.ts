/**
 * Registry facts, as a verifier tells them: polled, aged, kept on disk. Who may read and with which key is judged by facts at most
 * `maxStatusAge` old; older facts are good for break-glass alone, which must work when the network does not.
 *
 * With a trust file, a verifier that contradicts its snapshot (core/authority/contradiction.ts), or has not read as far, is passed over: it cannot
 * take away an authority's keys or end its duties in the past, nor invent some from before. What it invents after that, it can.
 */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { contradictionOf } from '../core/authority/contradiction.ts';
import { findKey, isSuspended, type KeyFact, type RegistryFacts } from '../core/authority/registry.ts';
import { formatRegistryFacts, parseRegistryFacts } from '../core/authority/facts-json.ts';
import { encodeUtf8 } from '../core/bytes/bytes.ts';
import { isCodedError, notFound, unavailable, untrusted } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import type { JsonValue } from '../core/bytes/json.ts';
import { parseJson } from '../core/bytes/json.ts';
import { JsonFields } from '../core/bytes/json-fields.ts';
import { acceptTrust, parseSignedTrust } from '../core/verify/trust.ts';
import { fetchBytes } from '../service/call/client.ts';
import { PATH, URL_BASE } from '../service/config.ts';
import { readPrivateFile, replaceFileDurably } from '../service/durable-file.ts';
import type { Logger } from '../service/logger.ts';

export const REGISTRY_CONFIG = z.strictObject({
  /** Asked in this order; one should not be the custodian's own. */
  verifiers: z.array(URL_BASE).min(1).max(16),
  /** Whose snapshot of the registry no verifier may contradict. It serves beyond its date: what it says of the past stays true. */
  trustFile: PATH.nullable().default(null),
  pollMs: z.number().int().min(100).default(10_000),
  /** Facts older than this judge nothing but break-glass. Default 24 h. */
  maxStatusAgeMs: z.number().int().min(1000).default(86_400_000),
});
export type RegistryConfig = z.infer<typeof REGISTRY_CONFIG>;

export interface RegistryOptions {
  readonly config: RegistryConfig;
  /** Where the last facts are kept across a restart. */
  readonly path: string;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
  readonly signal: AbortSignal;
}

export interface AgedFacts {
  readonly facts: RegistryFacts;
  /** Since the verifier last read the chain. */
  readonly ageMs: number;
  /** At most `maxStatusAge` old. */
  readonly areFresh: boolean;
}

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 << 20;
const KEEP_EVERY_MS = 60_000;

export class Registry {
  readonly #options: RegistryOptions;
  #facts: RegistryFacts | null = null;
  /** When the chain was read, by our clock. */
  #readAt = 0;
  /** The same on a clock that nobody sets; endless for facts of an earlier run. */
  #readTick = Infinity;
  #keptAt = 0;
  #snapshot: RegistryFacts | null = null;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** Facts of an earlier run, then a first question; neither need succeed. Throws what the trust file is refused with. */
  async start(): Promise<void> {
    const { trustFile } = this.#options.config;
    if (trustFile !== null) this.#snapshot = await readSnapshot(trustFile);
    await this.#recall();
    await this.poll();
  }

  async run(): Promise<void> {
    const { config, signal } = this.#options;
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, config.pollMs);
        function done(): void {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        }
        signal.addEventListener('abort', done);
      });
      if (!signal.aborted) await this.poll();
    }
  }

  /** Throws UNAVAILABLE when no facts were ever had. */
  current(): AgedFacts {
    if (this.#facts === null) throw unavailable('the registry was not read yet');
    // A clock that was set back must not make facts young again: what was read in this run ages by another one as well.
    const ageMs = Math.max(0, this.#options.clock() - this.#readAt, performance.now() - this.#readTick);
    return { facts: this.#facts, ageMs, areFresh: ageMs <= this.#options.config.maxStatusAgeMs };
  }

  /** Null when all is well; for /readyz. */
  get trouble(): string | null {
    if (this.#facts === null) return 'the registry was not read yet';
    return this.current().areFresh ? null : 'what is known of the registry is too old';
  }

  async poll(): Promise<void> {
    const { config, logger, signal } = this.#options;
    for (const url of config.verifiers) {
      try {
        await this.#ask(url);
        return;
      } catch (error) {
        if (!isCodedError(error)) throw error;
        if (!signal.aborted) logger.warn({ error }, 'a verifier did not tell the registry’s facts');
      }
    }
  }

  async #ask(url: string): Promise<void> {
    const { clock, signal } = this.#options;
    const bytes = await fetchBytes(`${url}/v1/authorities`, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal });
    const fields = new JsonFields(parseJson(bytes, { maxBytes: MAX_BYTES }), 'authorities');
    const polledMsAgo = fields.integer('polledMsAgo');
    const [readAt, readTick] = [clock() - polledMsAgo, performance.now() - polledMsAgo];
    const facts = parseRegistryFacts(fields.value('facts'));
    requireUncontradicted(facts, this.#snapshot);
    // Another verifier may be behind the last one that answered.
    if (this.#facts !== null && facts.block.number < this.#facts.block.number) throw unavailable('a verifier that is behind');
    const isNews = facts.block.number !== this.#facts?.block.number;
    [this.#facts, this.#readAt, this.#readTick] = [facts, readAt, readTick];
    if (isNews || clock() - this.#keptAt > KEEP_EVERY_MS) await this.#keep();
  }

  async #keep(): Promise<void> {
    const kept: JsonValue = { facts: formatRegistryFacts(this.#facts!), readAt: this.#readAt };
    await replaceFileDurably(this.#options.path, encodeUtf8(JSON.stringify(kept)));
    this.#keptAt = this.#options.clock();
  }

  async #recall(): Promise<void> {
    try {
      const bytes = await readPrivateFile(this.#options.path, MAX_BYTES);
      const fields = new JsonFields(parseJson(bytes, { maxBytes: MAX_BYTES }), 'registry');
      const facts = parseRegistryFacts(fields.value('facts'));
      requireUncontradicted(facts, this.#snapshot);
      [this.#readAt, this.#facts] = [fields.integer('readAt'), facts];
    } catch (error) {
      if (!isCodedError(error)) throw error;
      if (error.code !== 'NOT_FOUND') this.#options.logger.warn({ error }, 'the kept facts cannot be read');
    }
  }
}

async function readSnapshot(path: string): Promise<RegistryFacts> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? notFound(`there is no trust file ${path}`) : error;
  });
  return acceptTrust(parseSignedTrust(parseJson(bytes, { maxBytes: MAX_BYTES })), null).facts;
}

/** Throws UNAVAILABLE for facts from before the snapshot, UNTRUSTED for such as cannot have followed it. */
function requireUncontradicted(facts: RegistryFacts, snapshot: RegistryFacts | null): void {
  if (snapshot === null) return;
  if (facts.block.number < snapshot.block.number) throw unavailable('facts from before the trust file');
  const found = contradictionOf(facts, snapshot);
  if (found !== null) throw untrusted(`the registry’s facts contradict the trust file: ${found}`);
}

/** A request key of this authority, in force now and not in doubt. Throws UNTRUSTED. */
export function requireRequestKey(facts: RegistryFacts, keyId: Hash, authority: string, now: number): KeyFact {
  const key = findKey(facts, keyId);
  if (key === undefined || key.type !== 'request' || key.authority !== authority)
    throw untrusted('the registry has no such request key of this authority', { reason: 'UNKNOWN_KEY' });
  requireInForce(key, now);
  return key;
}

/** Throws UNTRUSTED. */
export function requireInForce(key: KeyFact, now: number): void {
  if (key.compromisedAt !== null || isSuspended(key, now))
    throw untrusted('the key is lost, or may be', { reason: 'KEY_COMPROMISED' });
  if (now < key.validFrom || (key.validTo !== null && now >= key.validTo))
    throw untrusted('the key is not in force', { reason: 'KEY_RETIRED' });
}
