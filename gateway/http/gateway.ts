/**
 * One call through the gateway, told in order:
 *
 *  1. the call is its accessor's, signed just now for this custodian (authenticate.ts); before that nobody has asked
 *  2. the seal that it is under, if any (seal.ts); the route, and whom it names (route.ts)
 *  3. claimed: on disk, once for ever (claims.ts); from here on there will be an event, whatever happens
 *  4. judged (judge.ts)
 *  5. the data service is asked
 *  6. for each part of the answer: the event is recorded by the node, durable and promised
 *  7. the part leaves, with its receipt
 *
 * No entry, no data: what step 6 does not reach, step 7 does not send. A refusal or a failure is the last event of its request; where the
 * node does not take that, it is kept, encrypted, and told to the node later.
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, unavailable } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { Logger } from '../../service/logger.ts';
import { HttpRefusal, PROBLEM_TYPE } from '../../service/problem.ts';
import type { Store } from '../../service/store.ts';
import type { Caller as HttpCaller } from '../call.ts';
import { type AccessEvent, formatEvent } from '../event.ts';
import { eventKeyOf, type NodeClient, type Recorded } from '../node-client.ts';
import type { Outbox } from '../../service/call/outbox.ts';
import type { Registry } from '../registry.ts';
import { type Exchange, problemOf, readAll } from '../server.ts';
import { AnswerReader } from './answer.ts';
import { authenticate, type Caller } from './authenticate.ts';
import type { Claims } from './claims.ts';
import type { GatewayConfig } from './config.ts';
import { judge } from './judge.ts';
import { encodeNotice } from './notice.ts';
import { AccessRefusal, type Reason, REASONS, reasonOf } from './refusal.ts';
import { createRelease, type Release } from './release.ts';
import { type GivenCall, type Plan, type Planned, Routes } from './route.ts';
import { readSeal, SEAL_HEADER } from './seal.ts';

export interface GatewayOptions {
  readonly config: GatewayConfig;
  /** As accessors address it. */
  readonly publicUrl: () => string;
  readonly registry: Registry;
  readonly node: NodeClient;
  readonly caller: HttpCaller;
  readonly claims: Claims;
  readonly store: Store;
  /** Ends of requests that the node has not taken yet. */
  readonly leftovers: Outbox;
  /** Null: nobody is told of break-glass but by the log. */
  readonly notices: Outbox | null;
  readonly upstreamToken: string | null;
  readonly logger: Logger;
  readonly clock: () => number;
}

/** One request on its way, from claim to last event. */
interface Passage {
  readonly exchange: Exchange;
  readonly caller: Caller;
  readonly planned: Planned;
  readonly attempt: Uint8Array;
  readonly release: Release;
  /** Chunk that is due. */
  chunk: number;
  readonly seal: JsonObject | null;
  /** The last event is recorded. */
  isOver: boolean;
}

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #routes: Routes;
  readonly #readers: ReadonlyMap<string, AnswerReader>;
  #underWay = 0;

  constructor(options: GatewayOptions) {
    const { routes } = options.config;
    this.#options = options;
    this.#routes = new Routes(routes);
    this.#readers = new Map(routes.map((route) => [route.name, new AnswerReader(route)]));
  }

  get underWay(): number {
    return this.#underWay;
  }

  async handle(exchange: Exchange): Promise<void> {
    if (this.#underWay >= this.#options.config.maxExchanges) throw unavailable('too many calls at once', { reason: 'BUSY' });
    this.#underWay++;
    try {
      await this.#pass(exchange);
    } finally {
      this.#underWay--;
    }
  }

  async #pass(exchange: Exchange): Promise<void> {
    const { config, registry, publicUrl, clock } = this.#options;
    const call = await readCall(exchange.request, config.maxBodyBytes);
    const door = { custodian: config.custodian, publicUrl: publicUrl(), maxAgeMs: config.maxAgeMs };
    const caller = authenticate(door, exchange.request.headers, call, registry.current(), clock());
    const seal = readSeal(exchange.request.headers[SEAL_HEADER], caller, config.sealsLogs, clock());
    const planned = this.#routes.plan(call);
    exchange.route = planned.route;
    const attempt = randomBytes(8);
    await this.#claim({ caller, planned, attempt, seal });
    const release = createRelease(exchange, config.clientTimeoutMs);
    const passage: Passage = { exchange, caller, planned, attempt, release, seal, chunk: 0, isOver: false };
    try {
      await this.#answer(passage, call);
    } catch (error) {
      await this.#refuse(passage, error);
    }
  }

  async #claim({ caller, planned, attempt, seal }: Pick<Passage, 'caller' | 'planned' | 'attempt' | 'seal'>): Promise<void> {
    const { claims, notices, clock } = this.#options;
    const isNoticed = caller.request.breakGlass !== null && notices !== null;
    await claims.claim(caller, { subjects: planned.subjects, attempt, seal }, (batch) => {
      if (isNoticed) notices.add(batch, encodeNotice(caller, clock()));
    });
    if (isNoticed) notices.announce();
  }

  async #answer(passage: Passage, call: GivenCall): Promise<void> {
    const { clock } = this.#options;
    const { exchange, caller, planned, release, seal } = passage;
    if ('refusal' in planned) throw planned.refusal;
    judge(caller, planned.plan.route, clock());
    const message = await this.#ask(passage, planned.plan, call);
    try {
      const { head, parts } = this.#readers.get(planned.plan.route.name)!.read(message, planned.plan.subjects);
      for await (const { pieces, subjects, fields, isLast } of parts) {
        if (exchange.gone.aborted) throw new AccessRefusal('CLIENT_GONE');
        // A seal is for one event.
        if (seal !== null && !isLast) throw new AccessRefusal('SEALED_STREAM');
        const chunk = { number: passage.chunk, isLast };
        const event = { result: 'granted', code: null, fields, chunk, subjects } as const;
        const recorded = await this.#record(passage, event);
        await release.send(head, recorded, pieces, isLast);
      }
    } finally {
      message.destroy();
    }
  }

  async #ask({ exchange }: Passage, plan: Plan, call: GivenCall): Promise<IncomingMessage> {
    const { caller, upstreamToken } = this.#options;
    const headers = {
      'accept-encoding': 'identity',
      ...(call.body.length > 0 && { 'content-length': String(call.body.length) }),
      ...(call.body.length > 0 && plan.contentType !== null && { 'content-type': plan.contentType }),
      ...(upstreamToken !== null && { authorization: `Bearer ${upstreamToken}` }),
    };
    const { upstreamUrl: url, route } = plan;
    const times = { headTimeoutMs: route.timeoutMs, idleTimeoutMs: route.timeoutMs };
    return caller.call({ method: call.method, url, headers, body: call.body, ...times, signal: exchange.gone });
  }

  /** The event is the node's when it returns. Throws NODE_UNREACHABLE; CONFLICT when another gateway answered this request. */
  async #record(passage: Passage, said: Omit<AccessEvent, 'request' | 'seal'>): Promise<Recorded> {
    const { node, claims } = this.#options;
    const { caller, attempt, seal } = passage;
    const event = { ...said, request: caller.envelope, seal };
    const key = eventKeyOf(caller.digest, said.chunk.number, attempt);
    try {
      const recorded = await node.record(event, key);
      passage.chunk = said.chunk.number + 1;
      passage.isOver = said.chunk.isLast;
      if (passage.isOver) await this.#closeClaim(caller);
      else await claims.advance(caller.digest, passage.chunk);
      return recorded;
    } catch (error) {
      if (!isCodedError(error) || error.code === 'CONFLICT') throw error;
      if (error.code === 'UNAVAILABLE') throw new AccessRefusal('NODE_UNREACHABLE');
      this.#options.logger.error({ error }, 'the node refused an event');
      throw new AccessRefusal('NODE_REFUSED');
    }
  }

  /** The last event of a request that got no answer, or not all of it; then the problem, if the client can still be told. */
  async #refuse(passage: Passage, error: unknown): Promise<void> {
    const { exchange, planned } = passage;
    if (isCodedError(error, 'CONFLICT')) {
      await this.#closeClaim(passage.caller);
      throw new HttpRefusal(
        409,
        'CONFLICT',
        'this request was answered before: ask again with a new one',
        {},
        { reason: 'REPLAYED' },
      );
    }
    // All of it was recorded as given, and the client did not stay for it.
    if (passage.isOver) throw error;
    const reason = exchange.gone.aborted ? 'CLIENT_GONE' : reasonOf(error);
    if (reason === 'MISTAKE') problemOf(this.#options, exchange, error);
    const end = endOf(reason, passage.chunk, planned.subjects);
    if (reason === 'NODE_UNREACHABLE') {
      await this.#leave(passage, end);
      throw error;
    }
    const recorded = await this.#record(passage, end).catch(async (trouble: unknown) => {
      if (!isCodedError(trouble)) throw trouble;
      await this.#leave(passage, end);
      throw trouble;
    });
    this.#sendProblem(passage, reason, recorded);
  }

  /** What the data service answered is not passed on with a problem. */
  #sendProblem({ exchange, release }: Passage, reason: Reason, recorded: Recorded): void {
    const problem = problemOf(this.#options, exchange, new AccessRefusal(reason));
    if (exchange.gone.aborted) return;
    const head = { status: problem.status, headers: { 'content-type': PROBLEM_TYPE } };
    release.refuse(head, recorded, encodeUtf8(JSON.stringify(problem)));
  }

  async #closeClaim({ digest }: Caller): Promise<void> {
    const batch = this.#options.store.batch();
    this.#options.claims.close(batch, digest);
    await batch.write({ sync: false });
  }

  /** From the claim to the outbox in one batch: the end of a request is never in neither. */
  async #leave({ caller, attempt, chunk, seal }: Passage, end: Omit<AccessEvent, 'request' | 'seal'>): Promise<void> {
    const { leftovers, claims, store } = this.#options;
    const event = formatEvent({ ...end, request: caller.envelope, seal });
    const key = eventKeyOf(caller.digest, chunk, attempt);
    const batch = store.batch();
    leftovers.add(batch, encodeUtf8(JSON.stringify({ digest: encodeHex(caller.digest), key, event })));
    claims.close(batch, caller.digest);
    await batch.write({ sync: true });
    leftovers.announce();
  }
}

export function endOf(reason: Reason, chunk: number, subjects: AccessEvent['subjects']): Omit<AccessEvent, 'request' | 'seal'> {
  return { result: REASONS[reason].result, code: reason, fields: [], chunk: { number: chunk, isLast: true }, subjects };
}

async function readCall(request: IncomingMessage, maxBytes: number): Promise<GivenCall> {
  const { method = '', url = '', headers } = request;
  return { method, target: url, contentType: headers['content-type'] ?? null, body: await readAll(request, maxBytes) };
}
