/** Logs that grow by whole quanta, honest ones and others, and a world that follows them. Entries say nothing; times and slots are what counts. */
import { compareBytes } from '../../core/bytes/bytes.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { KeyType, LogClass } from '../../core/authority/registry-event.ts';
import { findKey } from '../../core/authority/registry.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { encodeEntry, type Entry, KINDS } from '../../core/log/entry.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { readCallSignature } from '../../service/call/http-signature.ts';
import { bytesOf, secretOf } from '../log/memory-log.ts';
import { AUDIT, OUTSIDER, signerNamed, StoryLog } from '../verify/story.ts';
import type { Admission, SampleNode } from '../verifier/sample-node.ts';
import { type Served, standsOn, World } from '../verifier/world.ts';
import type { VerifierConfig } from '../../verifier/config.ts';
import type { VerifierOptions } from '../../verifier/program.ts';

export const MINUTE = 60_000;
export const DAY = 86_400_000;
/** Whose data are read, and who seals. */
export const CUSTODIAN = OUTSIDER;
export const SEALER = '11999900MB0000004W';
/** Of whoever runs verifier and witness. */
export const REQUEST_KEY = 'request key of the audit office';
export const requestSigner = signerNamed(REQUEST_KEY);

/** What is said at a quantum, at a slot that differs for every name. */
export function entryAt(recordedAt: number, name: string, changes: Partial<Entry> = {}): Entry {
  return { kind: KINDS.access, recordedAt, slot: bytesOf(`slot ${name}`), commitment: bytesOf(`commitment ${name}`), ...changes };
}

export function bySlot(a: Entry, b: Entry): number {
  return a.recordedAt - b.recordedAt || compareBytes(a.slot, b.slot);
}

export class QuantumLog extends StoryLog {
  readonly class: LogClass;
  readonly quantum: number;

  constructor(authority: string, logClass: LogClass, quantum: number) {
    super(authority, logClass);
    this.class = logClass;
    this.quantum = quantum;
  }

  /** As an honest log does. */
  grow(...entries: Entry[]): void {
    this.append(...entries.sort(bySlot));
  }

  /** In this very order; the map takes each slot once. */
  append(...entries: Entry[]): void {
    for (const entry of entries) {
      const bytes = encodeEntry(entry);
      const isTaken = this.rows.some(({ slot }) => compareBytes(slot, entry.slot) === 0);
      this.rows.push({ h: secretOf('nobody'), slot: entry.slot, bytes, opening: new Uint8Array() });
      this.tree.append(leafHashOf(bytes));
      if (!isTaken) this.map.insert({ slot: entry.slot, leafHash: leafHashOf(bytes) });
    }
  }
}

export class CustodyWorld {
  readonly world: World;
  readonly access = new QuantumLog(CUSTODIAN, 'access', MINUTE);
  readonly seals = new QuantumLog(SEALER, 'seals', DAY);
  accessNode!: SampleNode;
  sealsNode!: SampleNode;
  /** What the custodian's node let pass, or did not, by status. */
  readonly admitted: { readonly path: string; readonly status: number; readonly nonce: string | null }[] = [];

  private constructor(world: World) {
    this.world = world;
  }

  static async create(): Promise<CustodyWorld> {
    const custody = new CustodyWorld(await World.create());
    const { world } = custody;
    world.story.enter(SEALER, '样例市检察院', { hasScope: false });
    custody.accessNode = await world.startNode(custody.access);
    custody.sealsNode = await world.startNode(custody.seals);
    custody.accessNode.admit = custody.admit;
    for (const log of [custody.access, custody.seals]) custody.#register(log);
    custody.addKey('request', AUDIT, REQUEST_KEY);
    return custody;
  }

  #register({ logId, authority: owner, origin, class: logClass, quantum }: QuantumLog): void {
    const terms = { quantum, beat: 10 * MINUTE, promiseSpan: 2 * quantum, term: logClass === 'seals' ? 30 * DAY : null };
    this.world.story.happen({ kind: 'log-registered', logId, owner, origin, class: logClass, ...terms });
  }

  addKey(keyType: KeyType, code: string, name: string): void {
    const { publicKey } = signerNamed(name);
    const validFrom = this.world.story.clock;
    this.world.story.happen({ kind: 'key-added', code, keyId: keyIdOf(publicKey), keyType, publicKey, validFrom });
  }

  /** As a custodian's node does: tiles and slot proofs are for who signs with a request key that the registry has. */
  readonly admit: Admission = ({ method, url, headers }, body) => {
    const path = url!;
    if (!path.startsWith('/tile/') && path !== '/v1/lookup') return 200;
    const call = { method: method!, targetUri: `${this.accessNode.url}${path}`, body };
    try {
      const signature = readCallSignature(headers, call);
      const key = findKey(this.world.story.facts, signature.keyId);
      const isKnown = key?.type === 'request' && signature.isOf(key.publicKey);
      this.admitted.push({ path, status: isKnown ? 200 : 403, nonce: signature.nonce });
      return isKnown ? 200 : 403;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      this.admitted.push({ path, status: 401, nonce: null });
      return 401;
    }
  };

  /** Lets the story's time come to the quantum after the one that it is in. Returns when that begins. */
  nextQuantum(quantum = MINUTE): number {
    const { story } = this.world;
    const next = (Math.floor(story.clock / quantum) + 1) * quantum;
    story.tick(next - story.clock);
    return next;
  }

  /** Grows a log by what these names stand for, in the quantum that is over now, and anchors it. */
  anchorNext(log: QuantumLog, ...names: string[]): string {
    const recordedAt = this.nextQuantum(log.quantum) - log.quantum;
    log.grow(...names.map((name) => entryAt(recordedAt, name)));
    return this.world.anchor(log);
  }

  async start(name: string, changes: Partial<VerifierConfig> = {}, options: Partial<VerifierOptions> = {}): Promise<Served> {
    const request = await this.world.writeKey('request', REQUEST_KEY);
    return this.world.start(name, { request, ...changes }, options);
  }

  async startWitness(changes: Partial<VerifierConfig> = {}): Promise<Served> {
    return this.world.startWitness('witness', { request: await this.world.writeKey('request', REQUEST_KEY), ...changes });
  }

  /** A verifier that stands on a log of two entries. */
  async startedOn(...names: string[]): Promise<Served> {
    this.anchorNext(this.access, ...names);
    const verifier = await this.start('verifier');
    await standsOn(verifier, this.access, this.access.rows.length);
    return verifier;
  }

  end(): Promise<void> {
    return this.world.end();
  }
}
