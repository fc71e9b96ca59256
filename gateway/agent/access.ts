/**
 * At an accessor: a plain call of a local system becomes a signed one on a custodian's gateway. `/to/<target>/<path>` is asked as
 * `<path>` there. Told in order:
 *
 *  1. the request is made from the caller's headers and signed; it is on disk before it is sent
 *  2. the answer comes in frames, each with the receipt of its event
 *  3. each receipt is verified and on disk before its bytes are handed over
 *
 * Where a receipt does not hold, the caller gets nothing more (unless the config says `warn`), and the receipt is kept as evidence.
 */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { Uscc } from '../../core/authority/uscc.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed, notFound, unverified } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { requestDigestOf, type SignedRequest } from '../../core/access/request.ts';
import { parseSignature, type PublicKey } from '../../core/sm/sm2.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { ByteSink } from '../../core/bytes/byte-sink.ts';
import type { Logger } from '../../service/logger.ts';
import { HttpRefusal, parseProblem, PROBLEM_TYPE } from '../../service/problem.ts';
import type { Signer } from '../../service/signer.ts';
import { type Caller, readPieces } from '../call.ts';
import { type Frame, FRAMES_TYPE, readFrames } from '../frame.ts';
import { SEAL_HEADER, sealHashIn } from '../http/seal.ts';
import { encodeQuery, type Query } from '../query.ts';
import { verifyReceipt } from '../receipt.ts';
import type { Registry } from '../registry.ts';
import { type Exchange, readAll } from '../server.ts';
import { numbersIn, type OutgoingCall, prepareRequest, type PreparedRequest, isFor, signOutgoing, signRequest } from './ask.ts';
import { readSaid } from './caller-header.ts';
import type { AccessConfig, TargetConfig } from './config.ts';
import { requireLocalProgram } from './custody.ts';
import type { PreparedRequests } from './prepared.ts';
import type { RecordEnd, Records } from './records.ts';

export interface AccessOptions {
  readonly config: AccessConfig;
  readonly authority: Uscc;
  readonly signer: Signer;
  readonly registry: Registry;
  readonly caller: Caller;
  readonly records: Records;
  readonly prepared: PreparedRequests;
  readonly logger: Logger;
  readonly clock: () => number;
}

interface Asked {
  readonly target: TargetConfig;
  readonly call: OutgoingCall;
  readonly signed: SignedRequest;
  readonly digest: Uint8Array;
  /** Leaf hash of the seal that it is to stand under. */
  readonly seal: Hash | null;
}

const PATH = /^\/to\/([a-z][a-z0-9-]{0,31})(\/.*)$/s;
const MAX_PROBLEM = 64 << 10;

export class AccessAgent {
  readonly #options: AccessOptions;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  async handle(exchange: Exchange): Promise<void> {
    requireLocalProgram(exchange.request);
    const { records, clock } = this.#options;
    const { target, call } = await this.#readCall(exchange);
    exchange.route = target.name;
    const { headers } = exchange.request;
    const { prepared, operator } = this.#prepare(headers, target, call);
    const seal = sealHashIn(headers[SEAL_HEADER]);
    const signed = await signRequest(prepared, this.#options.signer, operator);
    const digest = requestDigestOf(prepared.payload);
    const asked = { target, call, signed, digest, seal };
    const sentAt = clock();
    await records.begin({ digest, signed, target: target.name, salt: prepared.salt, query: encodeQuery(call), sentAt });
    exchange.response.setHeader('veritrail-request-digest', encodeHex(digest));
    let end: RecordEnd | null = 'NO_ANSWER';
    try {
      const message = await this.#send(exchange, asked, prepared.salt);
      try {
        await this.#receive(exchange, asked, message);
        end = null;
      } finally {
        message.destroy();
      }
    } catch (error) {
      end = exchange.gone.aborted ? 'CALLER_GONE' : endOf(error);
      throw error;
    } finally {
      if (end !== null) await records.end(digest, end, clock());
    }
  }

  /** For an operator who signs herself, or a request that is to be sealed. Answers the payload to sign. */
  prepareFor(
    headers: IncomingHttpHeaders,
    given: Query,
    operatorKey: PublicKey | null,
  ): {
    readonly requestDigest: string;
    readonly payload: Uint8Array;
  } {
    const { config, authority, prepared, clock } = this.#options;
    const { target, path } = this.#splitTarget(given.target);
    const said = readSaid(headers, config, operatorKey);
    const call = { ...given, target: path, gatewayUrl: target.gatewayUrl };
    const parties = { accessor: authority, custodian: parseUscc(target.custodian) };
    const made = prepareRequest(said, parties, call, clock());
    return { requestDigest: prepared.add(made, target.name, clock()), payload: made.payload };
  }

  #splitTarget(url: string): { readonly target: TargetConfig; readonly path: string } {
    const [, name, path] = PATH.exec(url) ?? [];
    const target = this.#options.config.targets.find((one) => one.name === name);
    if (target === undefined || path === undefined) throw notFound('no such target: /to/<target>/<path>');
    return { target, path };
  }

  async #readCall({ request }: Exchange): Promise<{ readonly target: TargetConfig; readonly call: OutgoingCall }> {
    const { target, path } = this.#splitTarget(request.url ?? '');
    const body = await readAll(request, this.#options.config.maxBodyBytes);
    return { target, call: { method: request.method ?? '', gatewayUrl: target.gatewayUrl, target: path, body } };
  }

  #prepare(
    headers: IncomingHttpHeaders,
    target: TargetConfig,
    call: OutgoingCall,
  ): { readonly prepared: PreparedRequest; readonly operator: EnvelopeSignature | null } {
    const { config, authority, clock } = this.#options;
    const name = headers['veritrail-prepared'];
    if (name === undefined) {
      const parties = { accessor: authority, custodian: parseUscc(target.custodian) };
      return { prepared: prepareRequest(readSaid(headers, config, null), parties, call, clock()), operator: null };
    }
    const prepared = this.#options.prepared.take(String(name), target.name, clock());
    if (!isFor(prepared, call)) throw unverified('the request was prepared for another call');
    const { publicKey } = prepared.request.operator;
    if (publicKey === null) return { prepared, operator: null };
    const signature = headers['veritrail-operator-signature'];
    if (typeof signature !== 'string') throw malformed('the header veritrail-operator-signature is missing');
    return { prepared, operator: { keyId: keyIdOf(publicKey), signature: parseSignature(decodeHex(signature, 64)) } };
  }

  async #send({ request, gone }: Exchange, { target, call, signed }: Asked, salt: Uint8Array): Promise<IncomingMessage> {
    const { signer, caller, clock } = this.#options;
    const seal = request.headers[SEAL_HEADER];
    const contentType = request.headers['content-type'];
    const headers = {
      ...(await signOutgoing(call, signed, salt, signer, clock())),
      accept: FRAMES_TYPE,
      ...(typeof seal === 'string' && { [SEAL_HEADER]: seal }),
      ...(call.body.length > 0 && { 'content-length': String(call.body.length) }),
      ...(call.body.length > 0 && contentType !== undefined && { 'content-type': contentType }),
    };
    const times = { headTimeoutMs: target.timeoutMs, idleTimeoutMs: target.timeoutMs };
    const { method, gatewayUrl, body } = call;
    return caller.call({ method, url: `${gatewayUrl}${call.target}`, headers, body, ...times, signal: gone });
  }

  /** The record has its end before the last part is handed over. */
  async #receive(exchange: Exchange, asked: Asked, message: IncomingMessage): Promise<void> {
    const isFramed = message.statusCode === 200 && message.headers['content-type'] === FRAMES_TYPE;
    if (!isFramed) throw await this.#withoutReceipt(asked, message);
    const { records, logger, clock } = this.#options;
    let [chunk, isHolding] = [0, true];
    for await (const frame of readFrames(readPieces(message, asked.target.timeoutMs))) {
      const { result, chunk: place } = frame.receipt.outcome.outcome;
      const finding = this.#judge(asked, frame, chunk);
      await records.add(asked.digest, chunk, frame, finding);
      if (finding !== null) logger.warn({ target: asked.target.name, reason: finding }, 'a receipt does not hold');
      if (finding !== null && asked.target.onBadReceipt === 'refuse')
        throw new HttpRefusal(
          502,
          'UNVERIFIED',
          'the custodian’s receipt does not hold: the data are kept back',
          {},
          { reason: finding },
        );
      isHolding &&= finding === null;
      if (place.isLast) await records.end(asked.digest, isHolding ? result : 'BAD_RECEIPT', clock());
      await this.#handOver(exchange, frame, place.isLast, finding);
      chunk++;
      if (place.isLast) return;
    }
    throw unverified('the answer ends before its last part', { reason: 'CUT' });
  }

  /** Null when the receipt holds. */
  #judge({ signed, call, seal }: Asked, { receipt }: Frame, chunk: number): string | null {
    const { registry, clock } = this.#options;
    try {
      verifyReceipt({ request: signed, receipt, facts: registry.current().facts, now: clock(), chunk, seal });
    } catch (error) {
      if (!isCodedError(error)) throw error;
      return String(error.facts['reason'] ?? error.code);
    }
    // A custodian that answers about one person and logs another shows it here.
    if (chunk > 0 || seal !== null) return null;
    const logged = new Set(receipt.subjects.map(({ number }) => number.id));
    return numbersIn(call).every(({ id }) => logged.has(id)) ? null : 'OTHER_SUBJECT';
  }

  async #handOver({ response, gone }: Exchange, frame: Frame, isLast: boolean, finding: string | null): Promise<void> {
    const { outcome } = frame.receipt.outcome;
    if (!response.headersSent) {
      if (frame.head === null) throw unverified('the first part has no head', { reason: 'CUT' });
      const { status, headers } = frame.head;
      response.writeHead(status, {
        ...headers,
        'cache-control': 'no-store',
        'veritrail-result': outcome.result,
        ...(finding !== null && { 'veritrail-warning': finding }),
        ...(isLast && status !== 204 && { 'content-length': frame.bytes.length }),
      });
    } else if (outcome.result === 'failed' || outcome.result === 'refused') {
      return void response.destroy();
    }
    if (frame.bytes.length > 0 && !response.write(frame.bytes)) {
      const timer = setTimeout(() => response.destroy(), this.#options.config.callerTimeoutMs);
      await once(response, 'drain', { signal: gone }).finally(() => clearTimeout(timer));
    }
    if (isLast) response.end();
  }

  /** What came was no answer of a gateway's log: a refusal before there was an event, or something that is none. */
  async #withoutReceipt({ target }: Asked, message: IncomingMessage): Promise<Error> {
    const status = message.statusCode ?? 0;
    const isProblem = message.headers['content-type'] === PROBLEM_TYPE && status >= 400;
    const sink = new ByteSink(MAX_PROBLEM);
    if (isProblem) for await (const piece of readPieces(message, target.timeoutMs)) if (!sink.add(piece)) break;
    const problem = isProblem ? parseProblem(sink.take()) : undefined;
    if (problem === undefined)
      return new HttpRefusal(502, 'UNVERIFIED', 'the custodian answered without a receipt', {}, { reason: 'NO_RECEIPT' });
    return new HttpRefusal(status, problem.code, `the custodian’s gateway: ${problem.detail}`, {}, { reason: 'NO_EVENT' });
  }
}

function endOf(error: unknown): RecordEnd {
  if (!isCodedError(error)) return 'NO_ANSWER';
  const { reason } = error.facts;
  if (reason === 'NO_RECEIPT' || reason === 'NO_EVENT') return 'NO_RECEIPT';
  if (reason === 'CUT' || reason === 'ABORTED') return 'CUT';
  return error.code === 'UNVERIFIED' || error.code === 'UNTRUSTED' || error.code === 'MALFORMED' ? 'BAD_RECEIPT' : 'NO_ANSWER';
}
