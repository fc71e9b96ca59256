/** A swap register as a witness has it, over HTTP, and what may happen to a question on its way there and back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unavailable } from '../../core/bytes/error.ts';
import { emptyRegistry } from '../../core/authority/fold.ts';
import type { KeyFact, LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import { formatNote } from '../../core/log/note.ts';
import type { SwapRequest, SwapState } from '../../core/verify/swap.ts';
import { createEdge, type Edge } from '../../service/http.ts';
import { createMetrics } from '../../service/metrics.ts';
import { openStore, type Store } from '../../service/store.ts';
import { swapRoutes } from '../../verifier/api/swap-routes.ts';
import { SwapRegister } from '../../verifier/register.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUTHORITY, LOG_ID, LOG_KEY, LOG_KEY_ID, ORIGIN, silent, START } from './fixture.ts';

const YEAR = 365 * 86_400_000;
const KEY: KeyFact = {
  keyId: LOG_KEY_ID,
  authority: AUTHORITY,
  type: 'log',
  publicKey: LOG_KEY,
  validFrom: START - YEAR,
  validTo: null,
  compromisedAt: null,
  suspended: null,
  registeredAt: START - YEAR,
};
const LOG: LogFact = {
  logId: LOG_ID,
  origin: ORIGIN,
  authority: AUTHORITY,
  owners: [{ authority: AUTHORITY, since: START - YEAR }],
  class: 'licence',
  quantum: 1000,
  beat: 1000,
  promiseSpan: 60_000,
  term: null,
  registeredAt: START - YEAR,
  closedAt: null,
  closedByOwner: false,
  vrfKeys: [],
};

/** What the registry says of the log. */
export const REGISTERED: RegistryFacts = {
  ...emptyRegistry({ number: 1, hash: bytesOf('block'), at: START }),
  keys: [KEY],
  logs: [LOG],
};

export class RegisterHost {
  /** What becomes of a swap. */
  fate: 'relay' | 'lose question' | 'lose answer' = 'relay';
  isDown = false;
  now: number | null = null;
  facts = REGISTERED;
  /** Notes that came, taken or not. */
  readonly sent: string[] = [];
  readonly #path: string;
  readonly #clock: () => number;
  #store!: Store;
  #register!: SwapRegister;
  #edge!: Edge;
  url = '';

  private constructor(path: string, clock: () => number) {
    this.#path = path;
    this.#clock = clock;
  }

  static async start(clock: () => number): Promise<RegisterHost> {
    const host = new RegisterHost(await mkdtemp(join(tmpdir(), 'vt-register-')), clock);
    await host.#open();
    const faulty = { read: host.#read, swap: host.#swap } as unknown as SwapRegister;
    host.#edge = createEdge({ logger: silent, metrics: createMetrics('witness'), routes: swapRoutes(faulty) });
    host.url = await host.#edge.listen(0);
    return host;
  }

  async #open(): Promise<void> {
    this.#store = await openStore(join(this.#path, 'store'));
    const clock = (): number => this.now ?? this.#clock();
    this.#register = new SwapRegister({ store: this.#store, facts: () => this.facts, clock });
  }

  readonly #read = async (logId: Parameters<SwapRegister['read']>[0]): Promise<SwapState> => {
    if (this.isDown) throw unavailable('down');
    return this.#register.read(logId);
  };

  readonly #swap = async (request: SwapRequest): Promise<SwapState> => {
    if (this.isDown) throw unavailable('down');
    this.sent.push(formatNote(request.note));
    if (this.fate === 'lose question') throw unavailable('lost on the way there');
    const state = await this.#register.swap(request);
    if (this.fate === 'lose answer') throw unavailable('lost on the way back');
    return state;
  };

  async registered(): Promise<string | null> {
    const { note } = await this.#register.read(LOG_ID);
    return note && formatNote(note);
  }

  /** A register that remembers nothing. */
  async forget(): Promise<void> {
    await this.#store.close();
    await rm(join(this.#path, 'store'), { recursive: true });
    await this.#open();
  }

  async restart(): Promise<void> {
    await this.#store.close();
    await this.#open();
  }

  async stop(): Promise<void> {
    await this.#edge.close();
    await this.#store.close();
    await rm(this.#path, { recursive: true });
  }
}
