/**
 * A consortium around a verifier under test: logs in memory behind real HTTP, a chain in memory, a witness and a verifier in this
 * process. Times are the story's; only pauses are real and short.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type Logger } from '../../service/logger.ts';
import type { Running } from '../../service/lifecycle.ts';
import { createKeyFile } from '../../service/key-file.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { parseJson, type JsonObject, type JsonValue } from '../../core/bytes/json.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { formatNote, signNote } from '../../core/log/note.ts';
import type { BlockPoint } from '../../core/authority/registry-event.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { formatSignedTrust, type Trust } from '../../core/verify/trust.ts';
import type { VerifierConfig } from '../../verifier/config.ts';
import type { MemberAccount } from '../../verifier/court/prosecution.ts';
import type { Timing } from '../../verifier/follow/following.ts';
import { startVerifier, type VerifierOptions } from '../../verifier/program.ts';
import { bytesOf } from '../log/memory-log.ts';
import { AUDIT, Story, type StoryLog, witnessName } from '../verify/story.ts';
import { eventsOf, FakeChain } from './fake-chain.ts';
import { SampleNode } from './sample-node.ts';

const POLL_MS = 15;
const PASSPHRASE = 'a passphrase for tests';
/** Patience of the tests, in real time. */
const WITHIN_MS = 90_000;

/** Times that pass in the story, but for the last three, which are real. */
export const TIMING: Timing = {
  witnessesWithinMs: 30_000,
  silentForMs: 10_000,
  retryMs: 0,
  openingRetryMs: 0,
  checkpointMs: 300,
  tileMs: 300,
};

export interface Served extends Running {
  readonly url: string;
  readonly dataDir: string;
  readonly lines: string[];
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  post(path: string, body: JsonValue | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

export interface KeyPlace {
  readonly key: string;
  readonly passphraseFile: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: JsonObject;
}

export class World {
  readonly story = new Story();
  readonly chain: FakeChain;
  readonly directory: string;
  issuer!: SampleNode;
  outsider!: SampleNode;
  readonly nodes = new Map<StoryLog, SampleNode>();
  witnessUrl = '';
  /** The block that the registry was written in. */
  readonly registered: BlockPoint;
  readonly #startedAt = performance.now();
  readonly #running: Served[] = [];

  private constructor(directory: string) {
    this.directory = directory;
    const { genesisHash, anchorAddress, facts } = this.story;
    this.chain = new FakeChain({ chainId: 20777, genesisHash, anchorAddress });
    this.registered = this.chain.mine(facts.block.at, ...eventsOf(facts));
    this.story.onEvents = (at, events) => void this.chain.mine(at, ...events);
  }

  static async create(): Promise<World> {
    const world = new World(await mkdtemp(join(tmpdir(), 'verifier-')));
    world.issuer = await world.startNode(world.story.issuer);
    world.outsider = await world.startNode(world.story.outsider);
    return world;
  }

  /** A node of the log, which programs that start from now on are configured with. */
  async startNode(log: StoryLog): Promise<SampleNode> {
    const node = await SampleNode.start(log);
    this.nodes.set(log, node);
    return node;
  }

  async end(): Promise<void> {
    await Promise.all(this.#running.map((program) => program.close()));
    await Promise.all([...this.nodes.values()].map((node) => node.stop()));
    await rm(this.directory, { recursive: true });
  }

  /** The story's time goes on by itself, too. */
  readonly clock = (): number => this.story.clock + Math.floor(performance.now() - this.#startedAt);

  /** Signs the log as it is and has its node publish that. */
  publish(log: StoryLog = this.story.issuer, signer = this.story.logSignerOf(log)): string {
    const { note } = this.story.anchor(log, { cosigned: false, anchored: false, signer });
    this.nodeOf(log).note = note;
    return note;
  }

  /** Publishes, and anchors what was published. */
  anchor(log: StoryLog = this.story.issuer): string {
    const note = this.publish(log);
    this.mineNote(note, log);
    return note;
  }

  mineNote(note: string, log: StoryLog = this.story.issuer, kind: 'anchored' | 'forked' = 'anchored'): void {
    this.chain.anchor(note, this.story.logSignerOf(log).publicKey, this.story.tick(), kind);
  }

  /** What the log's key says of any checkpoint, true or not. */
  sign(checkpoint: Checkpoint, log: StoryLog = this.story.issuer): string {
    return formatNote(signNote(checkpoint, this.story.logSigners.get(log.authority)!));
  }

  nodeOf(log: StoryLog): SampleNode {
    return this.nodes.get(log) ?? this.outsider;
  }

  config(name: string, changes: Partial<VerifierConfig> = {}): VerifierConfig {
    const address = `0x${'00'.repeat(20)}`;
    return {
      role: 'verifier',
      dataDir: join(this.directory, name),
      host: '127.0.0.1',
      port: 0,
      chain: {
        rpcUrl: 'http://127.0.0.1:1',
        chainId: 20777,
        registry: address,
        anchor: address,
        court: address,
        confirmations: 0,
        fromBlock: 0,
      },
      trustFile: null,
      logs: [...this.nodes].map(([{ origin }, { url }]) => ({ origin, url })),
      witnesses: [],
      witness: null,
      request: null,
      charges: null,
      webDir: null,
      pollMs: POLL_MS,
      exitWithParent: false,
      ...changes,
    };
  }

  /** Writes a trust file signed by the story's key and returns its path. */
  async writeTrust(changes: Partial<Trust> = {}, name = 'trust.json'): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, JSON.stringify(formatSignedTrust(this.story.signTrust(this.trust(changes)))));
    return path;
  }

  trust(changes: Partial<Trust> = {}): Trust {
    return this.story.trust({ facts: { ...this.story.facts, block: this.registered }, ...changes });
  }

  async start(name: string, changes: Partial<VerifierConfig> = {}, options: Partial<VerifierOptions> = {}): Promise<Served> {
    const config = this.config(name, changes);
    const lines: string[] = [];
    const logger: Logger = createLogger({
      program: name,
      fields: ['origin', 'index'],
      destination: { write: (line) => void lines.push(line) },
    });
    const running = await startVerifier({ config, chain: this.chain, logger, clock: this.clock, timing: TIMING, ...options });
    const served = serve(running, config.dataDir, lines);
    this.#running.push(served);
    return served;
  }

  /** A witness of the audit office. */
  async startWitness(name = 'witness', changes: Partial<VerifierConfig> = {}): Promise<Served> {
    const witness = { name: witnessName(AUDIT), ...(await this.witnessKey()) };
    return this.start(name, { role: 'witness', witness, ...changes });
  }

  async witnessKey(): Promise<KeyPlace> {
    return this.writeKey('witness', 'witness key');
  }

  /** The file of a key of that name (bytesOf). */
  async writeKey(type: 'witness' | 'request', name: string): Promise<KeyPlace> {
    const [key, passphraseFile] = [join(this.directory, `${name}.key.json`), join(this.directory, 'passphrase')];
    await writeFile(passphraseFile, PASSPHRASE, { mode: 0o600 });
    await writeFile(key, await keyFileOf(type, name), { mode: 0o600 });
    return { key, passphraseFile };
  }

  /** A monitor, with the account of a consortium member when one is given. */
  async startMonitor(member: MemberAccount | null = null, name = 'monitor'): Promise<Served> {
    return this.start(name, { role: 'monitor' }, { member });
  }

  /** The usual pair: a witness, and a verifier that asks it and has a trust file. */
  async startBoth(): Promise<{ witness: Served; verifier: Served }> {
    const witness = await this.startWitness();
    this.witnessUrl = witness.url;
    const witnesses = [{ name: witnessName(AUDIT), url: witness.url }];
    const verifier = await this.start('verifier', { trustFile: await this.writeTrust(), witnesses });
    return { witness, verifier };
  }
}

export interface LogView {
  readonly authority: string;
  readonly size: number | null;
  readonly anchoredSize: number | null;
  readonly trouble: string | null;
  readonly checkpoint: string | null;
  readonly finding: { readonly index?: number | null } | null;
  readonly search: { readonly isWithheld: boolean; readonly isOver: boolean } | null;
  readonly charges: readonly { readonly kind: string; readonly fromSize: number; readonly state: string }[];
}

export async function logView(verifier: Served, log: StoryLog): Promise<LogView> {
  return (await verifier.get(`/v1/logs/${encodeHex(log.logId)}`)).json as unknown as LogView;
}

/** Waits until the verifier stands on a checkpoint of this size. */
export function standsOn(verifier: Served, log: StoryLog, size: number | null): Promise<LogView> {
  return until(`the verifier stands on ${size}`, async () => {
    const view = await logView(verifier, log);
    return view.anchoredSize === size && view;
  });
}

/** Waits until the verifier has this to say against the log. */
export function hasTrouble(verifier: Served, log: StoryLog, trouble: string | null): Promise<LogView> {
  return until(`the trouble is ${trouble}`, async () => {
    const view = await logView(verifier, log);
    return view.trouble === trouble && view;
  });
}

/** Made once: each takes a second. */
const keyFiles = new Map<string, Promise<Uint8Array>>();

function keyFileOf(type: 'witness' | 'request', name: string): Promise<Uint8Array> {
  const make = async (): Promise<Uint8Array> => {
    const directory = await mkdtemp(join(tmpdir(), 'verifier-key-'));
    const path = join(directory, 'key.json');
    const privateKey = parsePrivateKey(bytesOf(name));
    await createKeyFile(path, PASSPHRASE, { type, privateKey, publicKey: publicKeyOf(privateKey) });
    const bytes = await readFile(path);
    await rm(directory, { recursive: true });
    return bytes;
  };
  const made = keyFiles.get(name) ?? make();
  keyFiles.set(name, made);
  return made;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const isJson = /^application\/(?:problem\+)?json/.test(response.headers.get('content-type') ?? '');
  const json = isJson ? (parseJson(text, { maxBytes: 64 << 20 }) as JsonObject) : {};
  return { status: response.status, headers: response.headers, text, json };
}

function serve(running: Running, dataDir: string, lines: string[]): Served {
  const url = running.ready['url'] as string;
  let closing: Promise<void> | undefined;
  return {
    ...running,
    close: () => (closing ??= running.close()),
    url,
    dataDir,
    lines,
    get: async (path, headers = {}) => answerOf(await fetch(`${url}${path}`, { headers })),
    post: async (path, body, headers = {}) => {
      const isBytes = body instanceof Uint8Array;
      const type = isBytes ? 'application/octet-stream' : 'application/json';
      const sent = isBytes ? new Uint8Array(body) : JSON.stringify(body);
      return answerOf(
        await fetch(`${url}${path}`, { method: 'POST', body: sent, headers: { 'content-type': type, ...headers } }),
      );
    },
  };
}

/** Until `ask` gives something other than null, false or undefined. */
export async function until<Found>(what: string, ask: () => Promise<Found> | Found): Promise<NonNullable<Exclude<Found, false>>> {
  const deadline = performance.now() + WITHIN_MS;
  for (;;) {
    const found = await ask();
    if (found !== null && found !== undefined && found !== false) return found as NonNullable<Exclude<Found, false>>;
    if (performance.now() > deadline) throw new Error(`it did not come to pass: ${what}`);
    await sleep(10);
  }
}
