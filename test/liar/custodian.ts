/**
 * A custodian whose node lies: it has the real keys of log, handles and outcomes, answers gateways, persons and auditors as a real node does,
 * grows by whole quanta, registers and anchors. What it promises, what it records and what it shows need not be the same.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareBytes, encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { AccessAnswer, EntryContent } from '../../core/access/answer.ts';
import { parseAccessBody } from '../../core/access/body.ts';
import { handleOf, proveHandle } from '../../core/access/handle.ts';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { commitmentOf, encodeEntry, KINDS } from '../../core/log/entry.ts';
import { proveHistory } from '../../core/log/history.ts';
import { type Note, parseNote } from '../../core/log/note.ts';
import { asHistorySecret, type HistorySecret, slotAt } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import { type PrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import type { EntryRow } from '../../core/trace/case-answer.ts';
import {
  describeEvent,
  type EventOutcome,
  type EventTerms,
  keptOf,
  prepareEvent,
  type PreparedEvent,
} from '../../node/access/event.ts';
import type { JudgedRequest } from '../../node/access/judge.ts';
import type { Signer } from '../../service/signer.ts';
import type { Face, Row } from '../evil/evil-log.ts';
import { EvilNode, type EvilNodeOptions } from '../evil/evil-node.ts';
import { type Lie, PLAYS, SHOWN } from './lies.ts';

export interface LyingCustodianOptions extends EvilNodeOptions {
  /** Signs outcomes. */
  readonly requestSigner: Signer;
  readonly vrfKey: PrivateKey;
}

/** What came of a request, as the gateway tells it. */
export interface ReadEvent {
  readonly request: JudgedRequest;
  readonly what: EventOutcome;
}

/** Far within the registered span: promises that a test can wait for. */
const PROMISE_MS = 5_000;
const GROW_EVERY_MS = 250;
/** So that there is a checkpoint at which what was promised is due. */
const BEAT_MS = 3_000;

export class LyingCustodian extends EvilNode {
  /** What the next event is recorded by. */
  next: Lie = 'honest';
  readonly #keys: LyingCustodianOptions;
  readonly #lies = new Map<string, Lie>();
  /** What was shown when a person's first event came. */
  readonly #faceBefore = new Map<string, Face>();
  readonly #taken = new Set<string>();
  /** All that was published, by when it was signed. */
  readonly #faces = new Map<number, Face>();
  #pending: Row[] = [];

  constructor(options: LyingCustodianOptions) {
    super(options);
    this.#keys = options;
  }

  handleOf(number: CanonicalNumber, vrfKey: PrivateKey = this.#keys.vrfKey): HistorySecret {
    return handleOf(vrfKey, this.log.logId, number);
  }

  // Recording

  /** The lie goes with the persons: they are answered by it, too. */
  read({ request, what }: ReadEvent): Promise<JsonObject> {
    for (const { id } of what.subjects) {
      this.#lies.set(id, this.next);
      if (this.face !== null && !this.#faceBefore.has(id)) this.#faceBefore.set(id, this.face);
    }
    return PLAYS[this.next](this, { request, what });
  }

  prepare({ request, what }: ReadEvent, change: Partial<EventTerms> = {}): Promise<PreparedEvent> {
    const terms: EventTerms = {
      origin: this.origin,
      signer: this.#keys.requestSigner,
      handlesOf: async (numbers) => numbers.map((number) => this.handleOf(number)),
      random: (length) => new Uint8Array(randomBytes(length)),
      clock: Date.now,
    };
    return prepareEvent({ ...terms, ...change }, request, what);
  }

  /** What the entries would be, each in the next free slot of its history. */
  rowsOf({ drafts }: PreparedEvent, { recordedAt = this.now(), skip = 0 } = {}): Row[] {
    return drafts.map(({ kind, at, nonce, body }) => {
      const slot = 'slot' in at ? at.slot : this.#freeSlot(at.h, skip);
      const entry = { kind: KINDS[kind], recordedAt, slot, commitment: commitmentOf(nonce, body) };
      const bytes = encodeEntry(entry);
      const draft = { kind, h: 'slot' in at ? asHistorySecret(at.slot) : at.h, nonce, body };
      return { kind, entry, entryIndex: -1, leafHash: leafHashOf(bytes), draft, bytes, opening: new Uint8Array() };
    });
  }

  #freeSlot(h: HistorySecret, skip: number): Hash {
    let i = 0;
    while (this.#taken.has(encodeHex(slotAt(h, i)))) i++;
    return slotAt(h, i + skip);
  }

  record(rows: readonly Row[]): void {
    for (const { entry } of rows) this.#taken.add(encodeHex(entry.slot));
    this.#pending.push(...rows);
  }

  /** What the accessor is answered: promised, whatever becomes of it. */
  receipt(
    prepared: PreparedEvent,
    rows: readonly Row[],
    { logId = this.log.logId, promiseMs = PROMISE_MS } = {},
  ): Promise<JsonObject> {
    const issuedAt = Date.now();
    const times = { recordedAt: rows[0]!.entry.recordedAt, issuedAt, deadlineAt: issuedAt + promiseMs };
    const entries = rows.map(({ kind, leafHash, entry }) => ({ kind, leafHash, slot: entry.slot }));
    const by = { logId, signer: this.#keys.signer, requireGoing: () => {} };
    return describeEvent(by, { ...times, entries }, keptOf(prepared));
  }

  // Growing

  async keepGrowing(signal: AbortSignal): Promise<void> {
    for (let publishedAt = 0; !signal.aborted; await sleep(GROW_EVERY_MS, undefined, { signal }).catch(() => undefined)) {
      const isDue = this.#grow();
      if (!isDue && Date.now() - publishedAt < BEAT_MS) continue;
      publishedAt = Date.now();
      const face = await this.sign(this.log, this.log.mapWithout(), publishedAt);
      this.#faces.set(publishedAt, face);
      await this.publish(face);
    }
  }

  /** By all that was recorded for quanta that are over. */
  #grow(): boolean {
    const now = this.now();
    const due = this.#pending.filter(({ entry }) => entry.recordedAt < now).toSorted(byTimeAndSlot);
    this.#pending = this.#pending.filter(({ entry }) => entry.recordedAt >= now);
    this.log.append(due.map((row, i) => ({ ...row, entryIndex: this.log.size + i })));
    return due.length > 0;
  }

  // Answering

  /** At the checkpoint that is asked for, or the newest. */
  #faceAt(issuedAt: number | null): Face {
    const face = issuedAt === null ? this.face : this.#faces.get(issuedAt);
    if (face === undefined || face === null) throw unavailable('no such checkpoint is published');
    return face;
  }

  /** What the person is told, and an auditor who asks about her. */
  answer(number: CanonicalNumber, issuedAt: number | null = null): AccessAnswer {
    const lie = this.#lies.get(number.id) ?? 'honest';
    const face = lie === 'old-checkpoint' ? this.#faceBefore.get(number.id)! : this.#faceAt(issuedAt);
    const { items, absence } = proveHistory(this.handleOf(number), face.checkpoint, readerOf(face));
    const told = items.map((item) => ({ ...item, content: this.#contentOf(this.#rowOf(leafHashOf(item.entryBytes)), lie) }));
    const { vrfKey } = this.#keys;
    const [keyId, proof] = [keyIdOf(publicKeyOf(vrfKey)), proveHandle(vrfKey, this.log.logId, number)];
    return {
      checkpoint: parseNote(face.note),
      epochs: [{ keyId, proof, items: lie === 'left-out' ? told.slice(0, -1) : told, absence }],
    };
  }

  #rowOf(leafHash: Hash): Row {
    return this.log.rows.find((row) => equalBytes(row.leafHash, leafHash))!;
  }

  #contentOf({ draft: { nonce, body } }: Row, lie: Lie): EntryContent {
    return lie === 'erased' ? SHOWN.erased : { state: 'opened', nonce, body };
  }

  /** What an auditor is shown of an accessor's readings. */
  entriesOf(accessor: string, issuedAt: number | null = null): { readonly checkpoint: Note; readonly rows: EntryRow[] } {
    const face = this.#faceAt(issuedAt);
    const { size } = face.checkpoint;
    const rows = face.log.rows.slice(0, size).flatMap((row, index): EntryRow[] => {
      const { request, outcome, subject } = parseAccessBody(row.draft.body);
      if (request.request.accessor !== accessor) return [];
      const { state } = this.#contentOf(row, this.#lies.get(subject?.number.id ?? '') ?? 'honest');
      const placed = { index, entry: row.bytes, inclusion: proveInclusion(index, size, face.log.tree) };
      const pseudonym = state === 'opened' && subject !== null ? encodeHex(requestDigestOf(request.envelope.payload)) : null;
      return [{ leafHash: row.leafHash, placed, state, papers: state === 'opened' ? { request, outcome } : null, pseudonym }];
    });
    return { checkpoint: parseNote(face.note), rows };
  }
}

function byTimeAndSlot({ entry: a }: Row, { entry: b }: Row): number {
  return a.recordedAt - b.recordedAt || compareBytes(a.slot, b.slot);
}

function readerOf({ log, map }: Face): Parameters<typeof proveHistory>[2] {
  const entryAt = (slot: Hash): { entryBytes: Uint8Array; entryIndex: number } => {
    const { bytes: entryBytes, entryIndex } = log.rows.find(({ entry }) => equalBytes(entry.slot, slot))!;
    return { entryBytes, entryIndex };
  };
  return { tree: log.tree, map, entryAt };
}
