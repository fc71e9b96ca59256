/**
 * A custodian's node as far as a gateway sees it: `POST /v1/events` makes real outcomes, subject trees, bodies, entries and promises with
 * core/, in memory, and keeps to the node's rules: one answer for one Idempotency-Key, one event for one chunk of a request. It can be
 * killed at each point.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Envelope, formatEnvelope } from '../../core/authority/envelope.ts';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { type AccessBody, encodeAccessBody } from '../../core/access/body.ts';
import { encodeNumber } from '../../core/access/handle.ts';
import { type CanonicalNumber, parseNumber } from '../../core/access/number.ts';
import { type AccessOutcome, encodeOutcome, outcomeSignedBytes } from '../../core/access/outcome.ts';
import { parseSignedRequest, requestDigestOf } from '../../core/access/request.ts';
import { growSubjectTree, type ShownSubject } from '../../core/access/subject.ts';
import { commitmentOf, encodeEntry, type Entry, KINDS } from '../../core/log/entry.ts';
import { encodePromise } from '../../core/log/promise.ts';
import { asHistorySecret, slotAt } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { CUSTODIAN, keys, LOG_ID, ORIGIN, QUANTUM, SPAN } from './registry.ts';

export interface NodeEvent {
  readonly body: AccessBody;
  readonly outcome: AccessOutcome;
  readonly digest: string;
  readonly subjects: readonly CanonicalNumber[];
  readonly entries: readonly { readonly entry: Entry; readonly number: CanonicalNumber | null }[];
}

/** Where the next event is cut off. */
export type KillPoint = 'before' | 'while-reading' | 'after-durable' | 'in-the-answer';

export const NODE_TOKEN = 'a'.repeat(43);

interface Question {
  readonly request: JsonObject;
  readonly outcome: Pick<AccessOutcome, 'result' | 'code' | 'fields' | 'chunk'>;
  readonly subjects: readonly { readonly class: number; readonly id: string }[];
  readonly seal: { readonly entry: string } | null;
}

export class StandInNode {
  readonly events: NodeEvent[] = [];
  url = '';
  /** Fails the next event at this point, and each while `stays`. */
  kill: KillPoint | null = null;
  stays = false;
  /** Changes the answer: what a lying node would say. */
  lie: ((receipt: Record<string, unknown>) => unknown) | null = null;
  /** What the outcome of an access that nobody sealed says of a seal. */
  falseSeal: Hash | null = null;
  attempts = 0;
  readonly #answers = new Map<string, { readonly asked: string; readonly answer: Promise<string | null> }>();
  readonly #chunks = new Map<string, boolean>();
  readonly #counts = new Map<string, number>();
  #server: Server | null = null;

  async start(port = 0): Promise<void> {
    const server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server!.close(resolve));
    this.#server = null;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.attempts++;
    const point = this.kill;
    if (!this.stays) this.kill = null;
    if (point === 'before') return void response.destroy();
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) {
      pieces.push(piece);
      if (point === 'while-reading') return void response.destroy();
    }
    if (request.headers.authorization !== `Bearer ${NODE_TOKEN}`) return refuse(response, 401, 'FORBIDDEN');
    const key = String(request.headers['idempotency-key']);
    const asked = Buffer.concat(pieces).toString();
    const known = this.#answers.get(key);
    if (known !== undefined && known.asked !== asked) return refuse(response, 409, 'CONFLICT');
    const pending = known?.answer ?? this.#record(asked);
    this.#answers.set(key, { asked, answer: pending });
    const answer = await pending;
    if (answer === null) return refuse(response, 409, 'CONFLICT');
    if (point === 'after-durable') return void response.destroy();
    const said = this.lie === null ? answer : JSON.stringify(this.lie(JSON.parse(answer) as Record<string, unknown>));
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(said) });
    if (point === 'in-the-answer') return void response.write(said.slice(0, 40), () => response.destroy());
    response.end(said);
  }

  /** Null when this chunk, or the last of the request, is there already. */
  async #record(asked: string): Promise<string | null> {
    const question = parseJson(asked, { maxBytes: 64 << 20 }) as unknown as Question;
    const request = parseSignedRequest(question.request);
    const digest = requestDigestOf(request.envelope.payload);
    const { number, isLast } = question.outcome.chunk;
    const chunks = [`${encodeHex(digest)}.${number}`, `${encodeHex(digest)}.${number - 1}`] as const;
    const follows = number === 0 || this.#chunks.get(chunks[1]) === false;
    if (this.#chunks.has(chunks[0]) || !follows) return null;
    this.#chunks.set(chunks[0], isLast);
    const subjects = question.subjects.map((one) => parseNumber(one.class, one.id));
    const tree = growSubjectTree(subjects.map((one) => ({ number: one, salt: randomBytes(32) })));
    const outcome: AccessOutcome = {
      ...question.outcome,
      answeredAt: Date.now(),
      custodian: CUSTODIAN,
      origin: ORIGIN,
      request: digest,
      seal: question.seal === null ? this.falseSeal : leafHashOf(Buffer.from(question.seal.entry, 'base64')),
      subjectCount: tree.subjects.length,
      subjectsRoot: tree.subjectsRoot,
    };
    const payload = encodeOutcome(outcome);
    const signature = await keys.custodian.sign(outcomeSignedBytes(payload));
    const envelope: Envelope = { payload, signatures: [{ keyId: keys.custodian.keyId, signature }] };
    const shown: (ShownSubject | null)[] = tree.subjects.length === 0 ? [null] : [...tree.subjects];
    const made = [];
    for (const subject of shown)
      made.push(await this.#entryOf({ request, outcome: { envelope, outcome }, subject }, outcome.seal !== null));
    const body = { request, outcome: { envelope, outcome }, subject: null };
    const entries = made.map(({ entry, subject }) => ({ entry, number: subject?.number ?? null }));
    this.events.push({ body, outcome, digest: encodeHex(digest), subjects, entries });
    const withSubject = made.flatMap(({ subject, leafHash, nonce }) => (subject === null ? [] : [{ subject, leafHash, nonce }]));
    const nobody = made.find(({ subject }) => subject === null);
    return JSON.stringify({
      outcome: formatEnvelope(envelope),
      requestDigest: encodeHex(digest),
      entries: made.map(({ row }) => row),
      copy: {
        subjects: withSubject.map(({ subject, leafHash, nonce }) => ({
          class: subject.number.class,
          id: subject.number.id,
          salt: encodeHex(subject.salt),
          index: subject.index,
          leafHash: encodeHex(leafHash),
          nonce: encodeHex(nonce),
        })),
        nobody: nobody === undefined ? null : { leafHash: encodeHex(nobody.leafHash), nonce: encodeHex(nobody.nonce) },
      },
    });
  }

  async #entryOf(
    body: AccessBody,
    isSealed: boolean,
  ): Promise<{
    readonly entry: Entry;
    readonly subject: ShownSubject | null;
    readonly leafHash: Hash;
    readonly nonce: Uint8Array;
    readonly row: object;
  }> {
    const now = Date.now();
    const nonce = randomBytes(32);
    const { subject } = body;
    const slot = subject === null || isSealed ? asHash(randomBytes(32)) : this.#nextSlot(subject.number);
    const recordedAt = Math.floor(now / QUANTUM) * QUANTUM;
    const entry = { kind: KINDS.access, recordedAt, slot, commitment: commitmentOf(nonce, encodeAccessBody(body)) };
    const leafHash = leafHashOf(encodeEntry(entry));
    const terms = { logId: LOG_ID, slot, leafHash, issuedAt: now, deadlineAt: now + SPAN };
    const signature = await keys.log.sign(encodePromise(terms));
    const promise = {
      logId: encodeHex(LOG_ID),
      slot: encodeHex(slot),
      leafHash: encodeHex(leafHash),
      issuedAt: now,
      deadline: now + SPAN,
      keyId: encodeHex(keys.log.keyId),
      signature: encodeHex(signature),
    };
    const row = { kind: KINDS.access, leafHash: encodeHex(leafHash), index: null, recordedAt, promise };
    return { entry, subject, leafHash, nonce, row };
  }

  /** A mere hash for a handle, which costs milliseconds and which no gateway ever sees. */
  #nextSlot(number: CanonicalNumber): Hash {
    const name = `${number.class} ${number.id}`;
    const h = asHistorySecret(sm3(encodeNumber(number)));
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    return slotAt(h, count);
  }

  /** How often this number stands in the log. */
  countOf(number: CanonicalNumber): number {
    return this.events.filter((event) => event.subjects.some((one) => equalBytes(Buffer.from(one.id), Buffer.from(number.id))))
      .length;
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(JSON.stringify({ type: `urn:veritrail:error:${code}`, title: code, status, code, detail: 'no', traceId: '' }));
}
