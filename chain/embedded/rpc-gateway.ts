/**
 * JSON-RPC 2.0 over HTTP on 127.0.0.1, in front of the embedded chain: the methods listed here and no others, one call or a
 * batch. Everything a caller sends is untrusted; a web page cannot send at all, for it cannot set this content type without a
 * preflight, which is not answered.
 */
import { CodedError } from '../../core/bytes/error.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { readBody } from '../../service/body.ts';
import { healthRoutes } from '../../service/health.ts';
import { createEdge, type Edge, type HotRoute, sendJson } from '../../service/http.ts';
import type { Logger } from '../../service/logger.ts';
import { createMetrics } from '../../service/metrics.ts';
import { RpcError } from './executor.ts';

/** Reads, and the one way to write. What anvil knows besides (anvil_, evm_, debug_, txpool_ …) does not exist here. */
const METHODS: ReadonlySet<string> = new Set([
  'eth_chainId',
  'eth_blockNumber',
  'eth_getBlockByNumber',
  'eth_getBlockByHash',
  'eth_getLogs',
  'eth_getTransactionReceipt',
  'eth_getTransactionByHash',
  'eth_getTransactionCount',
  'eth_getBalance',
  'eth_getCode',
  'eth_call',
  'eth_estimateGas',
  'eth_gasPrice',
  'eth_sendRawTransaction',
  'net_version',
  'web3_clientVersion',
]);

const MAX_BODY_BYTES = 1 << 20;
const MAX_BATCH = 100;
const MAX_PARAMS = 8;
/** Calls that the executor has not answered yet, also those whose callers no longer wait. */
const MAX_UNANSWERED = 1000;
const ANSWER_WITHIN_MS = 10_000;

/** `signal` aborts when the caller was told that there is no answer: what was not begun by then must not be done. */
export type AnswerRpc = (method: string, params: readonly JsonValue[], signal: AbortSignal) => Promise<JsonValue>;

interface RpcCall {
  readonly id: string | number;
  readonly method: string;
  readonly params: readonly JsonValue[];
}

type RpcAnswer = { jsonrpc: '2.0'; id: JsonValue } & ({ result: JsonValue } | { error: object });

function errorAnswer(id: JsonValue, { code, message, data }: RpcError): RpcAnswer {
  return { jsonrpc: '2.0', id, error: data === undefined ? { code, message } : { code, message, data } };
}

function parseCall(value: JsonValue): RpcCall {
  const fields = new JsonFields(value, 'call');
  fields.oneOf('jsonrpc', ['2.0']);
  const id = fields.value('id');
  if (typeof id !== 'string' && typeof id !== 'number') throw new RpcError(-32600, 'id is neither a string nor a number');
  const method = fields.string('method');
  const params = fields.has('params') ? fields.array('params', MAX_PARAMS, (param) => param) : [];
  fields.end();
  return { id, method, params };
}

class RpcGateway {
  readonly #answer: AnswerRpc;
  #unanswered = 0;

  constructor(answer: AnswerRpc) {
    this.#answer = answer;
  }

  /** Settles after ANSWER_WITHIN_MS at the latest. */
  async answerInTime(method: string, params: readonly JsonValue[]): Promise<JsonValue> {
    if (this.#unanswered >= MAX_UNANSWERED) throw new RpcError(-32000, 'executor does not answer');
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(new RpcError(-32000, 'executor does not answer')), ANSWER_WITHIN_MS);
    this.#unanswered++;
    const work = this.#answer(method, params, late.signal).finally(() => this.#unanswered--);
    const lateness = new Promise<never>((_, reject) => {
      late.signal.addEventListener('abort', () => reject(late.signal.reason as RpcError), { once: true });
    });
    return Promise.race([work, lateness]).finally(() => clearTimeout(timer));
  }

  async #answerCall(value: JsonValue): Promise<RpcAnswer> {
    let id: JsonValue = null;
    try {
      const call = parseCall(value);
      id = call.id;
      if (!METHODS.has(call.method)) throw new RpcError(-32601, 'method not found');
      return { jsonrpc: '2.0', id, result: await this.answerInTime(call.method, call.params) };
    } catch (error) {
      if (error instanceof RpcError) return errorAnswer(id, error);
      if (!(error instanceof CodedError)) throw error;
      return errorAnswer(id, new RpcError(error.code === 'MALFORMED' ? -32600 : -32000, error.message));
    }
  }

  /** The answer to one request body; a batch is answered in its order, writes are carried out in its order. */
  async answerBody(body: Uint8Array): Promise<RpcAnswer | RpcAnswer[]> {
    let value: JsonValue;
    try {
      value = parseJson(body, { maxBytes: MAX_BODY_BYTES });
    } catch {
      return errorAnswer(null, new RpcError(-32700, 'not JSON in its strict form'));
    }
    if (!Array.isArray(value)) return this.#answerCall(value);
    if (value.length === 0 || value.length > MAX_BATCH) {
      return errorAnswer(null, new RpcError(-32600, `a batch has 1 to ${MAX_BATCH} calls`));
    }
    return Promise.all(value.map((call: JsonValue) => this.#answerCall(call)));
  }
}

export interface RpcGatewayOptions {
  readonly answer: AnswerRpc;
  readonly logger: Logger;
}

export function createRpcGateway({ answer, logger }: RpcGatewayOptions): Edge {
  const gateway = new RpcGateway(answer);
  const metrics = createMetrics('chain');
  const executor = async (): Promise<null> => {
    await gateway.answerInTime('eth_blockNumber', []);
    return null;
  };
  const rpc: HotRoute = {
    method: 'POST',
    path: '/',
    handle: async ({ request, response }) => {
      const body = await readBody(request, { type: 'application/json', maxBytes: MAX_BODY_BYTES });
      sendJson(response, await gateway.answerBody(body));
    },
  };
  return createEdge({ logger, metrics, hot: [rpc, ...healthRoutes({ metrics, checks: { executor } })] });
}
