/** Plays a lie on the stage and waits until everybody who should has caught it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseNote } from '../../core/log/note.ts';
import { decodeSlotProof } from '../../core/log/slot-proof.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { parseLookupAnswer } from '../../core/verify/lookup.ts';
import { fetchJson } from '../../service/call/client.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { PROMISE_MS } from './evil-issuer.ts';
import type { Reply } from './evil-node.ts';
import { type Catcher, type Script, SCRIPTS } from './scripts.ts';
import { bringCharge, disputesOf, logAt, promiseCharge, type PromiseJson } from './promise-charge.ts';
import type { EvilPlace, Stage } from './stage.ts';

export interface Caught {
  readonly by: Catcher;
  readonly code: string;
  readonly afterMs: number;
}

export interface Played {
  readonly lie: string;
  readonly does: string;
  readonly caught: readonly Caught[];
  /** Who should have been silent and was not. */
  readonly loud: readonly Catcher[];
  readonly reader: Script['reader'];
  /** What a reader is told of an honest department's licence meanwhile. */
  readonly honest: string;
}

/** What the node heard when it lied, and when that was. */
interface Lied {
  readonly replies: readonly Reply[];
  readonly startedAt: number;
}

const WITHIN_MS = 60_000;
const POLL_MS = 100;
const DAY = 86_400_000;

/** The first answer that is one. */
export async function until<Found>(what: string, ask: () => Promise<Found | null>): Promise<Found> {
  let last: unknown = null;
  for (const end = Date.now() + WITHIN_MS; Date.now() < end; await sleep(POLL_MS)) {
    const found = await ask().catch((error: unknown) => {
      last = error;
      return null;
    });
    if (found !== null) return found;
  }
  throw new Error(`it did not come to pass: ${what}`, { cause: last });
}

const bytesOf = (name: string): Uint8Array => encodeUtf8(`the file of ${name}`);
const digestOf = (name: string): string => encodeHex(sm3(bytesOf(name)));

function licence(type: string, serial: string): JsonObject {
  const fields = { ZZMC: '采矿许可证' };
  return { type, serial, version: 1, validFrom: Date.now() - DAY, validTo: null, fields, files: [digestOf(serial)] };
}

export class Attack {
  readonly #stage: Stage;
  readonly #honest = 'HONEST0001';

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** An honest department's licence, to be asked about all the while. */
  async prepare(): Promise<void> {
    const { url, token } = this.#stage.honest;
    const headers = { authorization: `Bearer ${token}`, 'idempotency-key': 'honest' };
    const send = licence(sample.departments[0]!.publicTypes[0]!, this.#honest);
    await until('the honest node has issued', () => fetchJson(`${url}/v1/licences`, { send, headers }));
    await this.#isTold(this.#honest, 'valid');
  }

  async play(place: EvilPlace): Promise<Played> {
    const { lie, licenceType, url } = place;
    const script = SCRIPTS[lie];
    const serials = Array.from({ length: script.before }, (_, i) => `${serialOf(lie)}${i}`);
    await this.#stage.startEvil(place);
    await until('the register knows the log', () => fetchJson(`${this.#stage.ground.witnessUrl}/v1/swap/${place.logId}`));
    for (const serial of serials)
      await fetchJson(`${url}/v1/licences`, { send: licence(licenceType, serial), timeoutMs: WITHIN_MS });
    await this.#isTold(serials[0]!, 'valid');

    const beyond = `${serialOf(lie)}X`;
    const startedAt = Date.now();
    const said = (await fetchJson(`${url}/evil/lie`, { send: licence(licenceType, beyond), timeoutMs: WITHIN_MS })) as JsonObject;
    if (lie === 'omit-never') await this.#bringPromise(place, said);
    const replies = said['replies'] as unknown as readonly Reply[];
    const codesOf = (by: Catcher): Promise<string[]> => this.#codesOf(by, place, { replies, startedAt });
    const caught: Caught[] = [];
    for (const [by, code] of script.caughtBy) {
      await until(`${lie}: ${by} says ${code}`, async () => ((await codesOf(by)).includes(code) ? true : null));
      caught.push({ by, code, afterMs: Date.now() - startedAt });
    }
    const reader = {
      before: await this.#isTold(serials[0]!, script.reader.before),
      beyond: await this.#isTold(beyond, script.reader.beyond),
    };
    const loud: Catcher[] = [];
    for (const by of script.silent ?? []) if ((await codesOf(by)).length > 0) loud.push(by);
    return { lie, does: script.does, caught, loud, reader, honest: await this.#verdictOf(this.#honest) };
  }

  // Who says what

  async #codesOf(by: Catcher, { logId }: EvilPlace, { replies, startedAt }: Lied): Promise<string[]> {
    if (by === 'register' || by === 'chain') return replies.filter(({ from }) => from === by).map(({ code }) => code);
    if (by === 'court') return disputesOf(this.#stage.ground.verifierUrl, logId);
    const { witnessUrl, monitorUrl, verifierUrl } = this.#stage.ground;
    const view = await logAt({ witness: witnessUrl, monitor: monitorUrl, verifier: verifierUrl }[by], logId);
    if (by === 'verifier') return view.trouble === null ? [] : [view.trouble];
    if (by === 'witness') return view.finding === null ? [view.trouble ?? ''] : [view.finding.why ?? 'fork'];
    // The node itself did not anchor since.
    const isForced = !replies.some(({ from }) => from === 'chain') && (view.anchor?.anchoredAt ?? 0) > startedAt;
    return [...(view.search?.isWithheld === true ? ['withheld'] : []), ...(isForced ? ['anchored for it'] : [])];
  }

  async #verdictOf(serial: string): Promise<string> {
    const send = { fileDigest: digestOf(serial) };
    const { verdict, reasons } = (await fetchJson(`${this.#stage.ground.verifierUrl}/v1/verify`, { send })) as {
      verdict: string;
      reasons: string[];
    };
    return [verdict, ...reasons].join(' ');
  }

  /** Waits for it, and says what it is in the end. */
  async #isTold(serial: string, wanted: string): Promise<string> {
    let told = '';
    await until(`a reader is told ${wanted}`, async () => {
      told = await this.#verdictOf(serial);
      return told === wanted ? true : null;
    }).catch(() => null);
    return told;
  }

  /** The holder waits for the deadline and the next anchor, and brings the promise with the proof that it was not kept. */
  async #bringPromise(place: EvilPlace, said: JsonObject): Promise<void> {
    const { monitorUrl, verifierUrl } = this.#stage.ground;
    const { promise } = (said['entries'] as unknown as { promise: PromiseJson }[])[0]!;
    await sleep(Math.max(0, promise.issuedAt + PROMISE_MS - Date.now()));
    const send = licence(place.licenceType, 'LATER');
    await fetchJson(`${place.url}/v1/licences`, { send, timeoutMs: WITHIN_MS });
    const standing = await until('the next anchor is stood on', async () => {
      const view = await logAt(verifierUrl, place.logId);
      const isDue = view.checkpoint !== null && parseNote(view.checkpoint).checkpoint.issuedAt >= promise.deadline;
      return isDue ? view : null;
    });
    const { size } = parseNote(standing.checkpoint!).checkpoint;
    const question = { slots: [promise.slot], logId: place.logId, size };
    const { absent } = parseLookupAnswer(await fetchJson(`${verifierUrl}/v1/lookup`, { send: question }));
    await bringCharge(monitorUrl, promiseCharge(place.origin, promise, standing, decodeSlotProof(absent[0]!.map)));
  }
}

/** Serials have capitals and digits. */
const serialOf = (lie: string): string => lie.replaceAll('-', '').toUpperCase();
