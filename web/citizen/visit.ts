/**
 * One person's visit, from opening the page to what each custodian's logs say about her. Knows no markup: the view draws each new state it is
 * given. Every log is asked and judged by itself, so that one that does not answer holds up no other.
 */
import type { LogJudgement } from '../../core/access/answer-check.ts';
import type { SealCount } from '../../core/access/seal-count.ts';
import { custodiansOf, type SentenceNumbers, sentenceOf } from '../../core/access/sentence.ts';
import type { LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { type AskedLog, askLog, type Doors, orNull } from '../../core/citizen/ask.ts';
import { compareCopies, type Comparison } from '../../core/citizen/compared.ts';
import type { AccessCopies } from '../../core/citizen/copies.ts';
import { type Row, rowsOf, shownIn } from '../../core/citizen/row.ts';
import { countSeals } from '../../core/citizen/seals.ts';
import { type World, worldOf } from '../../core/verify/world.ts';
import type { AcceptedTrust, TrustMemory } from '../check/trust-memory.ts';
import type { Portal, SignedIn } from './portal.ts';

/** Why there is nothing to show. */
export type Trouble = 'failed' | 'unavailable' | 'no-answer' | 'refused-trust' | 'ended' | 'broken';

export interface VisitState {
  readonly step: 'opening' | 'signed-out' | 'asking' | 'told';
  readonly trouble: Trouble | null;
  readonly person: SignedIn | null;
  readonly facts: RegistryFacts | null;
  readonly trust: AcceptedTrust | null;
  /** Every access log that the registry names, in its order; null while it is being asked. */
  readonly logs: readonly { readonly log: LogFact; readonly asked: AskedLog | null }[];
  /** Every accessor that the portal has a way to; `told` is null while it is asked, 'silent' when it could not be. */
  readonly accessors: readonly { readonly authority: string; readonly told: AccessCopies | 'silent' | null }[];
  /** Of what accessors told, once every log was asked. */
  readonly comparison: Comparison;
  readonly rows: readonly Row[];
  /** By custodian; while logs are still being asked, these count as not shown. */
  readonly sentences: readonly SentenceNumbers[];
  readonly evaluatedAt: number;
}

export interface Visitor {
  readonly portal: Portal;
  readonly memory: TrustMemory;
  /** UTC ms. */
  readonly now: () => number;
}

const NOT_COMPARED: Comparison = { copies: [], agreeing: new Set() };

const START: VisitState = {
  step: 'opening',
  trouble: null,
  person: null,
  facts: null,
  trust: null,
  logs: [],
  accessors: [],
  comparison: NOT_COMPARED,
  rows: [],
  sentences: [],
  evaluatedAt: 0,
};

/** Logs asked at once: each judgement is work for this one thread. */
const AT_ONCE = 4;

function troubleOf(error: unknown): Trouble {
  if (!isCodedError(error)) return 'broken';
  if (error.code === 'FORBIDDEN') return 'ended';
  return error.code === 'UNTRUSTED' || error.code === 'UNVERIFIED' ? 'refused-trust' : 'no-answer';
}

export class Visit {
  readonly #visitor: Visitor;
  #state = START;
  #listener: (state: VisitState) => void = () => {};
  #seals: ReadonlyMap<string, SealCount> = new Map();
  /** Counts what the person asked for: an older run's answers no longer matter. */
  #run = 0;

  constructor(visitor: Visitor) {
    this.#visitor = visitor;
  }

  get state(): VisitState {
    return this.#state;
  }

  /** Tells `listener` each new state; one listener at a time. */
  listen(listener: (state: VisitState) => void): () => void {
    this.#listener = listener;
    listener(this.#state);
    return () => {
      this.#listener = () => {};
    };
  }

  #change(change: Partial<VisitState>): void {
    this.#state = { ...this.#state, ...change };
    this.#listener(this.#state);
  }

  /** `trouble`: what the sign-in came to, where the browser just came back from one. */
  async open(trouble: Trouble | null = null): Promise<void> {
    this.#change({ trouble });
    await this.#guarded(async () => {
      const person = await this.#visitor.portal.session();
      if (person === null) return this.#change({ step: 'signed-out' });
      this.#change({ person, trouble: null });
      await this.#ask(person);
    });
  }

  /** Asks everybody anew. */
  async again(): Promise<void> {
    const { person } = this.#state;
    if (person !== null) await this.#guarded(() => this.#ask(person));
  }

  async #guarded(work: () => Promise<void>): Promise<void> {
    const run = ++this.#run;
    try {
      await work();
    } catch (error) {
      if (run !== this.#run) return;
      const trouble = troubleOf(error);
      this.#change(
        trouble === 'ended'
          ? { ...START, step: 'signed-out', trouble }
          : { trouble, step: this.#state.person === null ? 'signed-out' : 'told' },
      );
      if (trouble === 'broken') throw error;
    }
  }

  async #ask(person: SignedIn): Promise<void> {
    const run = this.#run;
    const { portal, memory, now } = this.#visitor;
    this.#change({ step: 'asking', trouble: null });
    const [signed, live, sources] = await Promise.all([portal.trust(), portal.live(), portal.sources()]);
    const trust = memory.accept(signed);
    const evaluatedAt = now();
    const world = worldOf({ trust: trust.trust, live, evaluatedAt, at: null });
    const logs = live.facts.logs.filter((log) => log.class === 'access').map((log) => ({ log, asked: null }));
    if (run !== this.#run) return;
    const accessors = sources.accessors.map((authority) => ({ authority, told: null }));
    this.#change({ facts: live.facts, trust, evaluatedAt, logs, accessors, comparison: NOT_COMPARED });
    this.#tell(live.facts);
    const { connected } = sources;
    await Promise.all([
      this.#askLogs(run, world, person, connected),
      this.#askAccessors(run, person),
      this.#countSeals(run, world, connected),
    ]);
    if (run !== this.#run) return;
    this.#compare(live.facts, person);
    this.#change({ step: 'told' });
  }

  async #askLogs(run: number, world: World, person: SignedIn, connected: ReadonlySet<string>): Promise<void> {
    const { portal } = this.#visitor;
    const doors: Doors = {
      custodian: (log) => portal.answer(log, person.csrf),
      standing: (logId, at) => portal.standing(logId, at),
      anchors: (logId, from, to) => portal.anchors(logId, from, to),
      promised: (log) => portal.promised(log, person.csrf),
    };
    const waiting = this.#state.logs.map(({ log }) => log);
    const work = async (): Promise<void> => {
      for (let log = waiting.shift(); log !== undefined; log = waiting.shift()) {
        const { origin } = log;
        const asked = await askLog(doors, { world, log, number: person.person }, connected.has(origin));
        if (run !== this.#run) return;
        this.#change({ logs: this.#state.logs.map((one) => (one.log.origin === origin ? { ...one, asked } : one)) });
        this.#tell(world.facts);
        // The page may draw and be used in between.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  /** All of them, whoever is in her history: what a custodian left out, only those know who read it. */
  async #askAccessors(run: number, { csrf }: SignedIn): Promise<void> {
    const { portal } = this.#visitor;
    const ask = async ({ authority }: VisitState['accessors'][number]): Promise<void> => {
      const told = (await orNull(portal.copies(authority, csrf))) ?? 'silent';
      if (run !== this.#run) return;
      this.#change({ accessors: this.#state.accessors.map((one) => (one.authority === authority ? { authority, told } : one)) });
    };
    await Promise.all(this.#state.accessors.map(ask));
  }

  #compare(facts: RegistryFacts, { person: number }: SignedIn): void {
    const judgements = this.#state.logs.flatMap(({ asked }) => asked?.judgement ?? []);
    const told = this.#state.accessors.flatMap(({ told }) => (told === null || told === 'silent' ? [] : told));
    this.#change({ comparison: compareCopies({ facts, number, judgements }, told) });
    this.#tell(facts);
  }

  async #countSeals(run: number, world: World, connected: ReadonlySet<string>): Promise<void> {
    const { portal } = this.#visitor;
    const counts = new Map<string, SealCount>();
    for (const log of world.facts.logs.filter((one) => one.class === 'seals')) {
      if (!connected.has(log.origin)) continue;
      const [standing, entries] = await Promise.all([orNull(portal.standing(log.logId, null)), orNull(portal.seals(log))]);
      const count = standing === null || entries === null ? null : countSeals(world, log, standing, entries);
      if (count !== null) counts.set(log.origin, count);
    }
    if (run !== this.#run) return;
    this.#seals = counts;
    this.#tell(world.facts);
  }

  #tell(facts: RegistryFacts): void {
    const told = this.#state.logs.flatMap(({ asked }) => asked ?? []);
    const judgements: LogJudgement[] = told.map(({ judgement }) => judgement);
    const shown = told.map(({ judgement, beyond }) => ({
      log: judgement.log,
      entries: [...shownIn(judgement).entries, ...beyond],
    }));
    const terms = { agreeing: this.#state.comparison.agreeing, seals: this.#seals };
    this.#change({
      rows: rowsOf(shown, this.#state.evaluatedAt),
      sentences: custodiansOf(facts).map((code) => sentenceOf(facts, code, judgements, terms)),
    });
  }

  /** Throws a coded error when it did not get there; asks anew when it did. */
  async object(row: Row, text: string, key: string): Promise<void> {
    const { person } = this.#state;
    if (person === null) return;
    await this.#visitor.portal.object({ origin: row.origin, leafHash: row.name, text, key }, person.csrf);
    await this.again();
  }

  /** Where to go next. */
  async signOut(): Promise<string> {
    const { person } = this.#state;
    this.#run++;
    this.#change({ ...START, step: 'signed-out' });
    return person === null ? '/' : this.#visitor.portal.signOut(person.csrf);
  }
}
