/**
 * A node that lies about its log: it serves what a real node serves, from whatever face it puts on, signs with the log's real key, asks
 * the real register and anchors with the real account. What the others answer it notes down.
 */
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, notFound } from '../../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import { type Checkpoint, encodeCheckpoint } from '../../core/log/checkpoint.ts';
import { formatNote, noteKeyHash, parseNote } from '../../core/log/note.ts';
import type { Origin } from '../../core/log/origin.ts';
import { parseTilePath } from '../../core/log/tile.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { formatLookupAnswer, parseLookupQuestion } from '../../core/verify/lookup.ts';
import { formatSwapRequest } from '../../core/verify/swap.ts';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import { ANCHOR } from '../../chain/abi.ts';
import type { ChainSender, Receipt } from '../../chain/sender.ts';
import { readBody } from '../../service/body.ts';
import { fetchJson } from '../../service/call/client.ts';
import { type HotRoute, sendBytes, sendJson } from '../../service/http.ts';
import type { Signer } from '../../service/signer.ts';
import type { MemoryMap } from '../log/memory-log.ts';
import { EvilLog, type Face, lookUpIn, readTile } from './evil-log.ts';

export interface EvilNodeOptions {
  readonly origin: Origin;
  readonly signer: Signer;
  readonly sender: Pick<ChainSender, 'send'>;
  readonly anchorAddress: string;
  /** Of the witness that keeps the swap register. */
  readonly registerUrl: string;
}

/** What somebody said to the node: `registered`, the contract's event, or the code of a refusal, the contract's own if it was its. */
export interface Reply extends JsonObject {
  readonly from: 'register' | 'chain';
  readonly code: string;
}

/** Names its tricks to those who ask: paths that are not answered. */
export type Hidden = 'tiles' | 'proofs';

const QUANTUM = 1_000;

export class EvilNode {
  readonly origin: Origin;
  readonly hidden = new Set<Hidden>();
  readonly replies: Reply[] = [];
  log: EvilLog;
  face: Face | null = null;
  readonly #options: EvilNodeOptions;
  /** The newest checkpoint that the register, and the chain, took. */
  #registeredSize = 0;
  #anchoredSize = 0;

  constructor(options: EvilNodeOptions) {
    this.#options = options;
    this.origin = options.origin;
    this.log = new EvilLog(options.origin);
  }

  /** A multiple of the log's quantum. */
  now(): number {
    return Math.floor(Date.now() / QUANTUM) * QUANTUM;
  }

  async sign(log: EvilLog, map: MemoryMap = log.mapWithout(), issuedAt: number = Date.now()): Promise<Face> {
    const { signer } = this.#options;
    const checkpoint: Checkpoint = log.checkpointWith(map, issuedAt);
    const signature = await signer.sign(encodeCheckpoint(checkpoint));
    const keyHash = noteKeyHash(log.origin, signer.publicKey);
    return { log, map, checkpoint, note: formatNote({ checkpoint, logSignature: { keyHash, signature }, cosignatures: [] }) };
  }

  /** As an honest node would: register, publish, anchor. */
  async publish(face: Face): Promise<void> {
    await this.swap(face);
    this.face = face;
    await this.anchor(face);
  }

  async swap({ log, note, checkpoint }: Face, oldSize: number = this.#registeredSize): Promise<void> {
    const parsed = parseNote(note);
    const consistency = oldSize <= checkpoint.size ? proveConsistency(oldSize, checkpoint.size, log.tree) : [];
    const send = formatSwapRequest({ oldSize, note: parsed, consistency });
    const isTaken = await this.#hear('register', async () => {
      await fetchJson(`${this.#options.registerUrl}/v1/swap`, { send });
      return 'registered';
    });
    if (isTaken) this.#registeredSize = checkpoint.size;
  }

  async anchor({ log, checkpoint, note }: Face): Promise<void> {
    const { sender, anchorAddress, signer } = this.#options;
    const { size, issuedAt, rootHash, mapRoot } = checkpoint;
    const { signature } = parseNote(note).logSignature;
    const from = Math.min(this.#anchoredSize, size);
    const consistencyProof = proveConsistency(from, size, log.tree);
    const said = { logId: log.logId, size, issuedAt, rootHash, mapRoot, keyId: signer.keyId, signature, consistencyProof };
    const isTaken = await this.#hear('chain', async () => eventIn(await anchorCheckpoint(sender, anchorAddress, said)));
    if (isTaken) this.#anchoredSize = size;
  }

  async #hear(from: Reply['from'], ask: () => Promise<string>): Promise<boolean> {
    try {
      this.replies.push({ from, code: await ask() });
      return true;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      const { error: contractError } = error.facts;
      this.replies.push({ from, code: typeof contractError === 'string' ? contractError : error.code });
      return false;
    }
  }

  // What it shows

  routes(): HotRoute[] {
    return [
      {
        method: 'GET',
        path: '/checkpoint',
        handle: ({ response }) => sendBytes(response, encodeUtf8(this.#shown().note), 'text/plain; charset=utf-8'),
      },
      { method: 'GET', path: '/tile/', handle: ({ response, rest }) => sendBytes(response, this.#tile(rest)) },
      { method: 'GET', path: '/opening/', handle: ({ response, rest }) => sendBytes(response, this.#opening(hashFromHex(rest))) },
      {
        method: 'POST',
        path: '/v1/lookup',
        handle: async ({ request, response }) => {
          const question = parseLookupQuestion(parseJson(await readBody(request, { type: 'application/json' })));
          if (this.hidden.has('proofs')) throw notFound('nothing here');
          sendJson(response, formatLookupAnswer(lookUpIn(this.#shown(), question)));
        },
      },
    ];
  }

  #shown(): Face {
    if (this.face === null) throw notFound('nothing is published yet');
    return this.face;
  }

  #tile(rest: string): Uint8Array {
    const bytes = this.hidden.has('tiles') ? undefined : readTile(this.#shown(), parseTilePath(`/tile/${rest}`));
    if (bytes === undefined) throw notFound('no such tile');
    return bytes;
  }

  #opening(leafHash: Hash): Uint8Array {
    const opening = this.#shown().log.openingOf(leafHash);
    if (opening === undefined) throw notFound('no such opening');
    return opening;
  }
}

/** `Anchored`, or `Forked`. */
function eventIn({ logs }: Receipt): string {
  return logs.map((log) => ANCHOR.parseLog(log)?.name).find((name) => name !== undefined) ?? 'nothing';
}
