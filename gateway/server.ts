/**
 * The listening side of a proxy: a bare node:http server with caps and time-outs, which passes everything to one handler and turns what
 * that throws into a problem. Unlike the edge of our other programs (service/http.ts) it adds no headers of its own to answers that
 * are somebody else's. Requests are counted and logged by the name of their route, never by their URL.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { unavailable } from '../core/bytes/error.ts';
import { ByteSink } from '../core/bytes/byte-sink.ts';
import type { Logger } from '../service/logger.ts';
import type { Metrics } from '../service/metrics.ts';
import { describeProblem, HttpRefusal, type Problem, PROBLEM_TYPE } from '../service/problem.ts';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly traceId: string;
  /** Aborted when the client goes away before the answer is complete. */
  readonly gone: AbortSignal;
  /** Name from the config; what the logs and metrics call this exchange. */
  route: string;
  code: string | null;
}

export interface ProxyOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly handle: (exchange: Exchange) => Promise<void>;
  readonly maxConnections?: number;
  readonly requestTimeoutMs?: number;
}

export interface ProxyServer {
  listen(port: number, host: string): Promise<string>;
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 300_000;
const CLOSE_TIMEOUT_MS = 5_000;
/** A request of 16 KiB, twice in base64, and the rest. */
const MAX_HEADER_BYTES = 64 << 10;
const CLIENT_GONE = 499;
const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);

export function createProxy(options: ProxyOptions): ProxyServer {
  const { maxConnections = 1024, requestTimeoutMs = 30_000 } = options;
  const server = createServer({
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: 500,
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    requireHostHeader: true,
  });
  server.maxConnections = maxConnections;
  server.timeout = IDLE_TIMEOUT_MS;
  let isClosing = false;
  server.on('request', (request, response) => {
    const gone = new AbortController();
    const exchange: Exchange = {
      request,
      response,
      traceId: randomBytes(16).toString('hex'),
      gone: gone.signal,
      route: 'none',
      code: null,
    };
    const startedAt = performance.now();
    if (isClosing) response.setHeader('Connection', 'close');
    response.on('error', () => {});
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
      report(options, exchange, performance.now() - startedAt);
      if (isClosing) setImmediate(() => server.closeIdleConnections());
    });
    options.handle(exchange).catch((error: unknown) => fail(options, exchange, error));
  });
  return {
    listen: async (port, host) => {
      server.listen(port, host);
      await once(server, 'listening').catch((error: NodeJS.ErrnoException) => {
        throw unavailable('cannot listen on the port', { port, reason: error.code ?? null });
      });
      return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
    },
    close: async () => {
      isClosing = true;
      const cut = setTimeout(() => server.closeAllConnections(), CLOSE_TIMEOUT_MS);
      await new Promise((resolve) => server.close(resolve));
      clearTimeout(cut);
    },
  };
}

function report({ logger, metrics }: ProxyOptions, { request, response, route, code, traceId }: Exchange, ms: number): void {
  const method = METHODS.has(request.method ?? '') ? request.method! : 'other';
  const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
  metrics.observeRequest(method, route, status, ms / 1000);
  logger.info({ method, route, status, ms: Math.round(ms * 1000) / 1000, code, traceId }, 'request');
}

/** What a problem says, in the exchange's name; our own mistakes go to the log. */
export function problemOf({ logger }: Pick<ProxyOptions, 'logger'>, exchange: Exchange, error: unknown): Problem {
  const problem = describeProblem(error, exchange.traceId);
  exchange.code = typeof problem.facts?.['reason'] === 'string' ? problem.facts['reason'] : problem.code;
  if (problem.code === null) logger.error({ traceId: exchange.traceId, route: exchange.route, error }, 'mistake');
  return problem;
}

/** A problem before anything was sent; half an answer must not look whole. */
function fail(options: ProxyOptions, exchange: Exchange, error: unknown): void {
  const { response } = exchange;
  const problem = problemOf(options, exchange, error);
  if (response.headersSent) {
    if (!response.writableEnded) response.destroy();
    return;
  }
  const bytes = Buffer.from(JSON.stringify(problem));
  if (error instanceof HttpRefusal) {
    for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  }
  response.writeHead(problem.status, {
    'content-type': PROBLEM_TYPE,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(bytes);
}

/** Throws 413 beyond the cap. */
export async function readAll(request: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const sink = new ByteSink(maxBytes);
  const tooLong = (): HttpRefusal =>
    new HttpRefusal(413, 'MALFORMED', `the body is longer than ${maxBytes} bytes`, { Connection: 'close' });
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLong();
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      if (!sink.add(piece)) throw tooLong();
    }
  } catch (error) {
    if (error instanceof HttpRefusal) throw error;
    throw unavailable('the client went away');
  }
  return sink.take();
}
