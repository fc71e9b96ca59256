/** The public side of a department's node over a log in memory, with everything that an evil or a broken one does to its readers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { encodeEntryBundle, encodeHashTile, parseTilePath, TILE_WIDTH, tileWidthAt, type TileId } from '../../core/log/tile.ts';
import { parseNote } from '../../core/log/note.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { encodeSlotProof, proveSlot } from '../../core/log/slot-proof.ts';
import { formatLookupAnswer, parseLookupQuestion } from '../../core/verify/lookup.ts';
import type { MemoryMap } from '../log/memory-log.ts';
import type { StoryLog } from '../verify/story.ts';

/** What is done to an answer: its bytes changed, or null for a 404. */
export type Tamper = (path: string, bytes: Uint8Array) => Uint8Array | null;

/** The status of the answer to a call, before anything else is looked at: 200 lets it pass. */
export type Admission = (request: IncomingMessage, body: Uint8Array) => number;

export class SampleNode {
  log: StoryLog;
  admit: Admission = () => 200;
  /** The newest published note; null: none yet. */
  note: string | null = null;
  tamper: Tamper = (_path, bytes) => bytes;
  /** What slot proofs are made from; null: the log's own map. */
  map: MemoryMap | null = null;
  /** Takes requests and never answers. */
  isHanging = false;
  readonly paths: string[] = [];
  readonly #server: Server;

  private constructor(log: StoryLog) {
    this.log = log;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(log: StoryLog): Promise<SampleNode> {
    const node = new SampleNode(log);
    node.#server.listen(0, '127.0.0.1');
    await once(node.#server, 'listening');
    return node;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!;
    this.paths.push(path);
    if (this.isHanging) return;
    const body = await buffer(request);
    const status = this.admit(request, body);
    if (status !== 200) return SampleNode.#refuse(response, status, 'FORBIDDEN');
    const bytes = path === '/v1/lookup' ? this.#lookUp(body) : this.#read(path);
    const told = bytes && this.tamper(path, bytes);
    if (told === null) SampleNode.#refuse(response, 404, 'NOT_FOUND');
    else response.end(told);
  }

  static #refuse(response: ServerResponse, status: number, code: string): void {
    response.statusCode = status;
    response.setHeader('content-type', 'application/problem+json');
    response.end(JSON.stringify({ code, detail: 'nothing here' }));
  }

  #read(path: string): Uint8Array | null {
    if (path === '/checkpoint') return this.note === null ? null : Buffer.from(this.note);
    if (path.startsWith('/opening/')) {
      const row = this.log.rows.find(({ bytes }) => path === `/opening/${encodeHex(leafHashOf(bytes))}`);
      return row?.opening ?? null;
    }
    try {
      return this.#tile(parseTilePath(path));
    } catch (error) {
      if (isCodedError(error)) return null;
      throw error;
    }
  }

  /** Slot proofs under the map root of what is published. */
  #lookUp(body: Uint8Array): Uint8Array | null {
    const { slots } = parseLookupQuestion(parseJson(body));
    const { note, log } = this;
    if (note === null) return null;
    const { mapRoot } = parseNote(note).checkpoint;
    const { logId } = log;
    const absent = slots.map((slot) => ({ slot, logId, map: encodeSlotProof(proveSlot(mapRoot, slot, this.map ?? log.map)) }));
    const answer = { logId, checkpoint: note, polledMsAgo: 0, trouble: null, anchors: [] };
    // Which rows are called present makes no difference to who asks for the proofs alone.
    return Buffer.from(JSON.stringify(formatLookupAnswer({ logs: [answer], present: [], absent })));
  }

  #tile({ level, tileIndex, width }: TileId): Uint8Array | null {
    const size = this.note === null ? 0 : parseNote(this.note).checkpoint.size;
    if (width > tileWidthAt(size, level, tileIndex)) return null;
    const first = tileIndex * TILE_WIDTH;
    if (level === 'entries') return encodeEntryBundle(this.log.rows.slice(first, first + width).map(({ bytes }) => bytes));
    return encodeHashTile(Array.from({ length: width }, (_, i) => this.log.tree.node(8 * level, first + i)));
  }
}
