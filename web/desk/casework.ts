/**
 * One officer at a case, from opening the page until she leaves it. The case, its passphrase, her key and all that custodians answered are in this
 * page's memory and nowhere else: the portal signs and passes on, and keeps digests. Knows no markup: the view draws each new state it is given.
 */
import { parseUscc } from '../../core/authority/uscc.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { invariant, isCodedError } from '../../core/bytes/error.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { type Searched, searchEntries, searchPerson, searchRecords, searchSample } from '../../core/desk/search.ts';
import { proposeUnmasking } from '../../core/desk/unmask.ts';
import { parseAccessorRecords } from '../../core/trace/record.ts';
import type { CaseFile } from '../../core/trace/case-file.ts';
import type { Desk } from '../../core/trace/desk.ts';
import { judgeCase } from '../../core/trace/view.ts';
import type { World } from '../../core/verify/world.ts';
import { deskOf, packageOf, worldAt } from './at-desk.ts';
import { fileName, foundCase, type Found, officerOf, openCaseFile, openOwnKey, type OwnKey, sealCase } from './case-keys.ts';
import { type Act, type CaseworkState, type Done, type KeyGiven, START, type Workplace } from './state.ts';
import { type Dates, filterOf, sampleOf, spanOf, subjectOf, type WantedEntries } from './wanted.ts';

/** What nobody but this page has. */
interface Secrets {
  readonly casePassphrase: string;
  readonly key: OwnKey;
}

export class Casework {
  readonly #workplace: Workplace;
  #state = START;
  #listener: (state: CaseworkState) => void = () => {};
  #secrets: Secrets | null = null;
  #file: CaseFile | null = null;

  constructor(workplace: Workplace) {
    this.#workplace = workplace;
  }

  get state(): CaseworkState {
    return this.#state;
  }

  listen(listener: (state: CaseworkState) => void): void {
    this.#listener = listener;
    listener(this.#state);
  }

  #change(change: Partial<CaseworkState>): void {
    this.#state = { ...this.#state, ...change };
    this.#listener(this.#state);
  }

  /** One act at a time. What goes wrong is told; what was kept before that stays kept. */
  async #act(act: Act, work: () => Promise<Done | null>): Promise<void> {
    if (this.#state.busy !== null) return;
    this.#change({ busy: { act, asked: 0 }, trouble: null, done: null });
    try {
      // The page draws first that it is busy.
      await new Promise((drawn) => setTimeout(drawn, 0));
      const done = await work();
      this.#change({ busy: null, done });
    } catch (error) {
      this.#change({ busy: null, trouble: { act, code: isCodedError(error) ? error.code : 'BROKEN' } });
      this.#judgeKept();
      if (!isCodedError(error)) throw error;
    }
  }

  meet(): Promise<void> {
    return this.#act('meet', async () => {
      this.#change({ place: await this.#workplace.portal.place() });
      return null;
    });
  }

  open({ caseFile, casePassphrase, ...given }: KeyGiven & { caseFile: Uint8Array; casePassphrase: string }): Promise<void> {
    return this.#act('open', async () => {
      const file = await openCaseFile(caseFile, casePassphrase);
      await this.#enter(file, { casePassphrase, key: await openOwnKey(given.keyFile, given.keyPassphrase) }, true);
      return { act: 'open' };
    });
  }

  found({ casePassphrase, ...given }: KeyGiven & { casePassphrase: string; terms: Found }): Promise<void> {
    return this.#act('found', async () => {
      const { portal, random, now } = this.#workplace;
      const { place } = this.#state;
      invariant(place !== null, 'a case is founded at a place');
      const key = await openOwnKey(given.keyFile, given.keyPassphrase);
      const file = await foundCase(given.terms, { place, portal, random, now: now(), key });
      await this.#enter(file, { casePassphrase, key }, false);
      return { act: 'found' };
    });
  }

  /** Another officer at the same case, or the same one again. */
  changeOfficer({ keyFile, keyPassphrase }: KeyGiven): Promise<void> {
    return this.#act('officer', async () => {
      const { file, secrets } = this.#held();
      await this.#enter(file, { ...secrets, key: await openOwnKey(keyFile, keyPassphrase) }, this.#state.open!.isSaved);
      return { act: 'officer' };
    });
  }

  /** Throws FORBIDDEN for a key that is no officer's of the case. */
  async #enter(file: CaseFile, secrets: Secrets, isSaved: boolean): Promise<void> {
    const officer = officerOf(file, secrets.key);
    const judged = judgeCase(file, await this.#world());
    this.#file = file;
    this.#secrets = secrets;
    this.#change({ open: { judged, officer, isSaved, shown: null } });
  }

  #held(): { file: CaseFile; secrets: Secrets } {
    const [file, secrets] = [this.#file, this.#secrets];
    invariant(file !== null && secrets !== null, 'a case is open');
    return { file, secrets };
  }

  async #world(): Promise<World> {
    const { world, trust } = await worldAt(this.#workplace);
    this.#change({ trust });
    return world;
  }

  async #desk(): Promise<Desk> {
    const { file, secrets } = this.#held();
    const { place } = this.#state;
    invariant(place !== null, 'a desk is at a place');
    const [workplace, world] = [this.#workplace, await this.#world()];
    return deskOf({ workplace, place, world, file, key: secrets.key, keep: (after) => this.#keep(after) });
  }

  /** In this page's memory; on disk only once the officer saves it, which the page says. */
  async #keep(after: CaseFile): Promise<void> {
    const isAsked = after.exchanges.length > this.#held().file.exchanges.length;
    this.#file = after;
    const { open, busy } = this.#state;
    this.#change({
      open: open && { ...open, isSaved: false },
      busy: busy && { ...busy, asked: busy.asked + (isAsked ? 1 : 0) },
    });
  }

  #judge(world: World, shownFrom: number | null): void {
    const { file } = this.#held();
    const shown = shownFrom === null ? null : new Set([...file.exchanges.keys()].filter((i) => i >= shownFrom));
    const { open } = this.#state;
    this.#change({ open: open && { ...open, judged: judgeCase(file, world), shown } });
  }

  /** After trouble: what was asked until then is in the case. */
  #judgeKept(): void {
    const { open } = this.#state;
    if (open !== null && this.#file !== null && open.judged.file !== this.#file) this.#judge(open.judged.world, null);
  }

  /** Asks whom this desk can ask, and shows what that came to. The others are told as silent: they were not asked. */
  async #searched(ask: (desk: Desk, logs: readonly LogFact[]) => Promise<Searched>): Promise<Searched> {
    const before = this.#held().file.exchanges.length;
    const desk = await this.#desk();
    const isWithin = ({ origin }: LogFact): boolean => this.#state.place!.origins.has(origin);
    const searched = await ask(desk, desk.logs.filter(isWithin));
    this.#judge(desk.world, before);
    const apart = desk.logs
      .filter((log) => !isWithin(log))
      .map(({ origin }) => ({ origin, code: 'NOT_FOUND' as const, detail: '' }));
    return { ...searched, silent: [...searched.silent, ...apart] };
  }

  searchPerson(name: string, text: string): Promise<void> {
    return this.#act('search', async () => {
      const subject = subjectOf(name, text);
      return { act: 'search', searched: await this.#searched((desk, logs) => searchPerson(desk, logs, subject)) };
    });
  }

  searchEntries(wanted: WantedEntries): Promise<void> {
    return this.#act('search', async () => {
      const filter = filterOf(wanted, this.#workplace.now());
      return { act: 'search', searched: await this.#searched((desk, logs) => searchEntries(desk, logs, filter)) };
    });
  }

  traceSample(list: Uint8Array, dates: Dates): Promise<void> {
    return this.#act('sample', async () => {
      const [sample, span] = [sampleOf(list), spanOf(dates, this.#workplace.now())];
      const searched = await this.#searched((desk, logs) => searchSample(desk, logs, { ...span, numbers: sample.numbers }));
      return { act: 'sample', searched, sample };
    });
  }

  reconcile(given: Uint8Array, accessor: string, dates: Dates): Promise<void> {
    return this.#act('reconcile', async () => {
      const reconciled = { accessor: parseUscc(accessor), ...spanOf(dates, this.#workplace.now()) };
      const records = parseAccessorRecords(given);
      const searched = await this.#searched((desk, logs) => searchRecords(desk, logs, records, reconciled));
      return { act: 'reconcile', searched };
    });
  }

  /** Entries of one look-up, or of all. */
  show(shown: ReadonlySet<number> | null): void {
    const { open } = this.#state;
    this.#change({ open: open && { ...open, shown } });
  }

  propose(pseudonyms: readonly string[]): Promise<void> {
    return this.#act('propose', async () => {
      const desk = await this.#desk();
      const proposed = await proposeUnmasking(desk, this.#state.open!.judged, pseudonyms);
      this.#judge(desk.world, null);
      return { act: 'propose', count: proposed.length };
    });
  }

  approve(proposal: string): Promise<void> {
    return this.#act('approve', async () => {
      const desk = await this.#desk();
      await desk.approve(hashFromHex(proposal));
      this.#judge(desk.world, null);
      return { act: 'approve' };
    });
  }

  pack(): Promise<void> {
    return this.#act('pack', async () => {
      const { file, secrets } = this.#held();
      const terms = { workplace: this.#workplace, file, key: secrets.key, keep: (after: CaseFile) => this.#keep(after) };
      this.#workplace.save(fileName(file, 'zip'), 'application/zip', await packageOf(terms));
      return { act: 'pack' };
    });
  }

  save(): Promise<void> {
    return this.#act('save', async () => {
      const { random, save } = this.#workplace;
      const { file, secrets } = this.#held();
      save(fileName(file, 'case'), 'application/octet-stream', await sealCase(file, secrets.casePassphrase, random));
      this.#change({ open: this.#state.open && { ...this.#state.open, isSaved: true } });
      return { act: 'save' };
    });
  }

  /** Forgets case and keys. */
  leave(): void {
    if (this.#state.busy !== null) return;
    this.#secrets = null;
    this.#file = null;
    this.#change({ ...START, place: this.#state.place, trust: this.#state.trust });
  }
}
