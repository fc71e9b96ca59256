/** Plays every lie about a person of its own, and hears what each party then makes of it: the accessor, the person, the auditor, the court. */
import { readFile, writeFile } from 'node:fs/promises';
import { type JsonObject, type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { parseAccessAnswer } from '../../core/access/answer.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import { findLog, type LogFact } from '../../core/authority/registry.ts';
import { type AskedLog, askLog, type Doors } from '../../core/citizen/ask.ts';
import { compareCopies } from '../../core/citizen/compared.ts';
import { parseCopies } from '../../core/citizen/copies.ts';
import { parsePromised } from '../../core/citizen/promised.ts';
import { findingsOf, type Row, rowsOf, shownIn } from '../../core/citizen/row.ts';
import { parseNote } from '../../core/log/note.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { type World, worldOf } from '../../core/verify/world.ts';
import { VerifierSide } from '../../portal/citizen/upstream.ts';
import { sampleNumber } from '../../samples/data-service.ts';
import { fetchJson } from '../../service/call/client.ts';
import { veritrail } from '../system/system.ts';
import { until } from '../evil/attack.ts';
import { type LogJson, logAt, type PromiseJson } from '../evil/promise-charge.ts';
import { broken, issuedAt } from './court.ts';
import { type Lie, LIES, secondLogOf } from './lies.ts';
import { ACCESSOR, AUDITOR, type CustodyStage, LOG_ID, ORIGIN } from './stage.ts';

/** What the parties are told of one access; `–` where there is nothing to tell by. */
export interface Told {
  /** The accessor's agent: the outcome, or why it keeps the data back. */
  readonly accessor: string;
  /** The person's own proof: whether her history is complete, and her entries. */
  readonly person: string;
  /** The accessor's copy, held against her history. */
  readonly copy: string;
  /** Reconciliation of both sides' records, with her history. */
  readonly auditor: string;
  readonly court: string;
}

/** One entry of the accessor's record, as its agent hands it out. */
interface RecordJson extends JsonObject {
  readonly requestDigest: string;
  readonly end: string;
  readonly parts: readonly ({
    readonly entries: readonly (JsonObject & { readonly promise: PromiseJson & JsonObject })[];
  } & JsonObject)[];
}

/** By log of the custodian. */
interface Asked {
  readonly world: World;
  readonly asked: readonly AskedLog[];
}

const PASSING: readonly string[] = ['OTHER_CHECKPOINT', 'PROVISIONAL', 'UNWITNESSED'];
const NOTHING = '–';
const CALLER = { 'veritrail-operator': 'S-0017', 'veritrail-matter': 'benefit', 'veritrail-case': 'SL-1' };
/** Longer than any promise of the liar's. */
const DUE_MS = 13_000;

export const personOf = (lie: Lie): CanonicalNumber =>
  normaliseNumber(NUMBER_CLASSES.resident, sampleNumber(10 + LIES.indexOf(lie)));

export class Trial {
  readonly #stage: CustodyStage;
  /** By lie: the digest of the request, and what the agent answered. */
  readonly #asked = new Map<Lie, { readonly digest: string; readonly said: string }>();
  #startedAt = 0;
  /** What reconciliation says of the accesses that the custodian alone has. */
  custodianOnly: readonly string[] = [];

  constructor(stage: CustodyStage) {
    this.#stage = stage;
  }

  /** Every lie once, and then until all that was promised is due at a checkpoint that the verifier stands on. */
  async play(): Promise<void> {
    this.#startedAt = Date.now();
    await until('the log is stood on', async () => (await this.#standing()).checkpoint);
    for (const lie of LIES) await this.#access(lie);
    const dueAt = Date.now() + DUE_MS;
    await until('all is due', async () => (issuedAt(await this.#standing()) >= dueAt ? true : null));
  }

  /** Persons first: an auditor's look-up stands in their histories. The court last: a log in dispute shows nothing complete. */
  async hear(): Promise<ReadonlyMap<Lie, Told>> {
    const persons = new Map<Lie, Pick<Told, 'person' | 'copy'>>();
    for (const lie of LIES) persons.set(lie, await this.#person(lie));
    const auditor = await this.#auditor();
    const court = await this.#court();
    return new Map(
      LIES.map((lie) => [
        lie,
        { accessor: this.#asked.get(lie)?.said ?? NOTHING, ...persons.get(lie)!, auditor: auditor(lie), court: court(lie) },
      ]),
    );
  }

  #standing(): Promise<LogJson> {
    return logAt(this.#stage.ground.verifierUrl, LOG_ID);
  }

  async #access(lie: Lie): Promise<void> {
    const { nodeUrl, dataUrl, accessor } = this.#stage;
    const path = `/persons/${personOf(lie).id}`;
    if (lie === 'silence') return void (await fetchJson(`${dataUrl}${path}`));
    await fetchJson(`${nodeUrl}/liar/next`, { send: { lie } });
    const target = lie === 'no-receipt' ? 'bare' : 'gateway';
    const answer = await fetch(`${accessor.accessUrl}/to/${target}${path}`, { headers: CALLER });
    const { facts } = (await answer.json()) as { facts?: { reason?: string } };
    const said = answer.headers.get('veritrail-result') ?? facts?.reason ?? String(answer.status);
    this.#asked.set(lie, { digest: answer.headers.get('veritrail-request-digest')!, said });
  }

  // The accessor

  async #record(lie: Lie): Promise<RecordJson | null> {
    const asked = this.#asked.get(lie);
    if (asked === undefined) return null;
    return (await this.#agent(`/v1/records/${asked.digest}`)) as RecordJson;
  }

  async #agent(path: string): Promise<JsonObject> {
    const { url, tokensFile } = this.#stage.accessor;
    const { reader } = parseJson(await readFile(tokensFile)) as { readonly reader: string };
    return (await fetchJson(`${url}${path}`, { headers: { authorization: `Bearer ${reader}` } })) as JsonObject;
  }

  // The person

  /** What her own proof shows, and what the accessor's copy adds to it. */
  async #person(lie: Lie): Promise<Pick<Told, 'person' | 'copy'>> {
    const number = personOf(lie);
    const { world, asked } = await this.ask(number);
    const told = parseCopies(await this.#asHer(number, `${this.#stage.accessor.personUrl}/v1/person/copies`));
    const histories = { facts: world.facts, number, judgements: asked.map(({ judgement }) => judgement) };
    const [judged] = compareCopies(histories, [told]).copies;
    return {
      person: describe(asked[0]!),
      copy: judged === undefined ? NOTHING : [judged.standing, judged.code ?? []].flat().join(' '),
    };
  }

  /** With an access token of her own. */
  async #asHer({ class: numberClass, id }: CanonicalNumber, url: string, send: JsonObject = {}): Promise<JsonValue> {
    const headers = { authorization: `Bearer ${await this.#stage.provider.token({ class: numberClass, id })}` };
    return fetchJson(url, { send, headers });
  }

  /** Again while the verifier does not stand yet on what the custodian answers at. */
  ask(number: CanonicalNumber): Promise<Asked> {
    return until('the verifier knows the checkpoint', async () => {
      const told = await this.#askOnce(number);
      const { completeness } = told.asked[0]!.judgement;
      return completeness.outcome === 'unknown' && PASSING.includes(completeness.code) ? null : told;
    });
  }

  /** Both logs of the custodian, as her page does it; the second one has no way to it. */
  async #askOnce(number: CanonicalNumber): Promise<Asked> {
    const { ground, nodeUrl } = this.#stage;
    const verifier = new VerifierSide(ground.verifierUrl, new AbortController().signal);
    const [trust, live] = await Promise.all([verifier.trust(), verifier.live()]);
    const world = worldOf({ trust, live, evaluatedAt: Date.now(), at: null });
    const doors: Doors = {
      // At the checkpoint that the verifier stands on: of a log in dispute it takes no newer one.
      custodian: async ({ logId }) => {
        const { checkpoint } = parseNote((await verifier.standing(logId, null)).checkpoint);
        const at = { size: checkpoint.size, issuedAt: checkpoint.issuedAt };
        return parseAccessAnswer(await this.#asHer(number, `${nodeUrl}/v1/history`, { at }));
      },
      promised: async () => parsePromised(await this.#asHer(number, `${nodeUrl}/v1/promised`)),
      standing: (logId, at) => verifier.standing(logId, at),
      anchors: (logId, from, to) => verifier.anchors(logId, from, to),
    };
    const logs = [ORIGIN, secondLogOf(ORIGIN)].map((origin): LogFact => findLog(world.facts, logIdOf(origin))!);
    const asked = logs.map((log) => askLog(doors, { world, log, number }, log.origin === ORIGIN));
    return { world, asked: await Promise.all(asked) };
  }

  // The auditor

  /** By request: what `veritrail trace` makes of both records, once she has looked up every person of the lies. */
  async #auditor(): Promise<(lie: Lie) => string> {
    const { ground } = this.#stage;
    const records = await Promise.all(LIES.map((lie) => this.#record(lie)));
    await writeFile(
      this.#stage.at('records.ndjson'),
      records.flatMap((one) => (one === null ? [] : JSON.stringify(one))).join('\n'),
    );
    await writeFile(this.#stage.at('persons.csv'), ['number', ...LIES.map((lie) => personOf(lie).id)].join('\n'));
    const officers = [1, 2].flatMap((i) => ['--officer', `A-0${i}:审计员=${ground.key(`officer-${i}`)}`]);
    const why = ['--reason', '核查查询记录', '--legal-basis', '样例条例 第三十六条', '--number', '审 1'];
    await this.#trace('open', '--authority', AUDITOR, ...why, ...officers);
    const within = ['--officer', 'A-01', '--log', ORIGIN, '--from', new Date(this.#startedAt - 60_000).toISOString()];
    await this.#trace('sample', this.#stage.at('persons.csv'), ...within);
    const reconciled = await this.#trace('reconcile', this.#stage.at('records.ndjson'), '--accessor', ACCESSOR, ...within);
    const { rows } = reconciled as unknown as { rows: { request: string; state: string; reasons: string[] }[] };
    this.custodianOnly = rows.filter(({ state }) => state === 'custodian-only').flatMap(({ reasons }) => reasons);
    return (lie) => {
      const asked = this.#asked.get(lie);
      if (asked === undefined) return NOTHING;
      const row = rows.find(({ request }) => request === asked.digest);
      return row === undefined ? 'matched' : [row.state, ...row.reasons].join(' ');
    };
  }

  async #trace(...args: readonly string[]): Promise<JsonObject> {
    const { ground, deskFile } = this.#stage;
    const common = ['--case', this.#stage.at('case'), '--case-passphrase-file', ground.passphraseFile, '--desk', deskFile];
    const place = ['--data', this.#stage.at('reader'), '--json'];
    const { code, stdout, stderr } = await veritrail(['trace', ...args, ...common, ...place]);
    // 3: something could not be confirmed, as is to be expected among liars.
    if (code !== 0 && code !== 3) throw new Error(`veritrail trace ${args[0]} ended with ${code}: ${stderr}`);
    return parseJson(stdout) as JsonObject;
  }

  // The court

  /** Whether the promise that the accessor holds convicts: judged by a monitor as the court would, and brought there. */
  async #court(): Promise<(lie: Lie) => string> {
    const promises = new Map<Lie, PromiseJson>();
    for (const lie of LIES) {
      const promise = (await this.#record(lie))?.parts[0]?.entries[0]?.promise;
      if (promise?.logId === LOG_ID) promises.set(lie, promise);
    }
    const { ground, nodeUrl } = this.#stage;
    const convicting = await broken(promises, { monitorUrl: ground.monitorUrl, nodeUrl });
    return (lie) => (convicting.has(lie) ? 'broken-promise' : NOTHING);
  }
}

export function describe({ judgement, newer }: AskedLog): string {
  const { completeness } = judgement;
  const standing = completeness.outcome === 'complete' ? 'complete' : `unknown ${completeness.code}`;
  const rows = rowsOf([shownIn(judgement)], Date.now()).map(describeRow);
  return `${standing}${newer === null ? '' : ', older'}${rows.length === 0 ? '' : `: ${rows.join(', ')}`}`;
}

function describeRow(row: Row): string {
  const failed = findingsOf(row).filter(([, { outcome }]) => outcome === 'fail');
  return [row.state, ...failed.map(([id, { code }]) => `${id} ${code}`)].join(' ');
}
