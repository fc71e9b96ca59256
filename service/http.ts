/**
 * The HTTP edge of a program: one node:http server with caps and time-outs, a table of hot routes answered on the bare request
 * (Express alone would cost several times a cheap answer), then Express for everything else. Every answer carries the
 * security headers, every error is a problem (problem.ts), every request is counted and logged by its route, never by its URL.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import type { Express, Request, RequestHandler, Response } from 'express';
import { invariant, malformed, notFound, unavailable } from '../core/bytes/error.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import { describeProblem, HttpRefusal, PROBLEM_TYPE } from './problem.ts';

export interface HotCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What follows the path of a prefix route, as sent; '' for an exact one. */
  readonly rest: string;
  /** As sent, without the '?'; '' when there is none. */
  readonly query: string;
}

export interface HotRoute {
  /** GET answers HEAD too. */
  readonly method: 'GET' | 'POST';
  /** Exact, or a prefix when it ends in '/'. */
  readonly path: string;
  readonly handle: (call: HotCall) => void | Promise<void>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** An Express pattern. No path stands both here and among the hot routes. */
  readonly path: string;
  /** Run first, in order: see `requireRole`. */
  readonly guards?: readonly RequestHandler[];
  readonly handle: (request: Request, response: Response) => void | Promise<void>;
}

export interface EdgeOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly hot?: readonly HotRoute[];
  readonly routes?: readonly Route[];
  /** Directories of built pages, by the path that they are served under: `/`, `/desk`. */
  readonly pages?: Readonly<Record<string, string>>;
  /** Origins whose pages may read the answers; '*' for all. None unless given. */
  readonly corsOrigins?: readonly string[];
  /** Further connections are dropped. Default 1024. */
  readonly maxConnections?: number;
  /** Until the last byte of a request has come; more where long NDJSON is taken. Default 30 s. */
  readonly requestTimeoutMs?: number;
}

export interface Edge {
  /** Port 0: the system's choice. Returns the URL without a slash. Throws UNAVAILABLE when the port is taken. */
  listen(port: number, host?: string): Promise<string>;
  /** Takes no more connections, lets answers under way finish for 5 s, then cuts them. */
  close(): Promise<void>;
}

const HEADERS_TIMEOUT_MS = 10_000;
/** A connection on which nothing moves either way. Handlers that wait for the world must answer sooner. */
const IDLE_TIMEOUT_MS = 120_000;
const TIMEOUT_CHECK_MS = 500;
const CLOSE_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 8 << 10;
/** Of our own making, as nginx counts it: the client went away before the answer was complete. */
const CLIENT_GONE = 499;

const SECURITY_HEADERS = [
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
] as const;

/** Pages run our own scripts and the wasm engine only, and talk to their own origin only. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What is known of a request while it is answered. */
interface Exchange {
  readonly startedAt: number;
  traceId?: string;
  /** The pattern, for log and labels. */
  route: string;
  hot: boolean;
  code?: string | null;
}

const exchanges = new WeakMap<IncomingMessage, Exchange>();

/** 16 random bytes in hex, the same in log and problem. Made when first asked for: most requests never need one. */
export function traceIdOf(request: IncomingMessage): string {
  const exchange = exchanges.get(request);
  invariant(exchange !== undefined, 'the request came through an edge');
  exchange.traceId ??= randomBytes(16).toString('hex');
  return exchange.traceId;
}

export function sendBytes(response: ServerResponse, bytes: Uint8Array, type = 'application/octet-stream', status = 200): void {
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', bytes.length);
  response.end(bytes);
}

/** `value` is our own: plain JSON, no cycles. */
export function sendJson(response: ServerResponse, value: object, status = 200): void {
  sendBytes(response, Buffer.from(JSON.stringify(value)), 'application/json', status);
}

type Methods = Map<string, HotRoute>;

class HotTable {
  readonly #exact = new Map<string, Methods>();
  readonly #prefixes: (readonly [prefix: string, methods: Methods])[] = [];

  constructor(routes: readonly HotRoute[]) {
    const byPath = Map.groupBy(routes, (route) => route.path);
    for (const [path, group] of byPath) {
      const methods: Methods = new Map(group.map((route) => [route.method, route]));
      invariant(methods.size === group.length, 'a hot route is given once');
      if (path.endsWith('/') && path !== '/') this.#prefixes.push([path, methods]);
      else this.#exact.set(path, methods);
    }
    this.#prefixes.sort(([a], [b]) => b.length - a.length);
  }

  find(path: string): { readonly methods: Methods; readonly rest: string } | undefined {
    const exact = this.#exact.get(path);
    if (exact) return { methods: exact, rest: '' };
    for (const [prefix, methods] of this.#prefixes) {
      if (path.startsWith(prefix)) return { methods, rest: path.slice(prefix.length) };
    }
    return undefined;
  }
}

function methodNotAllowed(methods: Iterable<string>): HttpRefusal {
  const allowed = [...methods].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return new HttpRefusal(405, 'MALFORMED', 'this path does not take that method', { Allow: allowed.join(', ') });
}

/** Answers with the problem, or cuts an answer that has begun: half an answer must not look whole. */
function fail(logger: Logger, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const exchange = exchanges.get(request)!;
  const coded = error instanceof URIError ? malformed('the path is not percent-encoded UTF-8') : error;
  const problem = describeProblem(coded, traceIdOf(request));
  exchange.code = problem.code;
  if (problem.code === null) logger.error({ traceId: problem.traceId, route: exchange.route, error }, 'mistake');
  if (response.headersSent) {
    if (!response.writableEnded) response.destroy();
    return;
  }
  if (coded instanceof HttpRefusal) {
    for (const [name, value] of Object.entries(coded.headers)) response.setHeader(name, value);
  }
  response.setHeader('Cache-Control', 'no-store');
  sendBytes(response, Buffer.from(JSON.stringify(problem)), PROBLEM_TYPE, problem.status);
}

function addRoutes(app: Express, routes: readonly Route[]): void {
  for (const [path, group] of Map.groupBy(routes, (route) => route.path)) {
    const route = app.route(path);
    route.all((request, _response, next) => {
      exchanges.get(request)!.route = path;
      next();
    });
    for (const { method, guards = [], handle } of group) {
      const handlers = [...guards, (request: Request, response: Response) => handle(request, response)];
      if (method === 'GET') route.get(...handlers);
      else route.post(...handlers);
    }
    route.all(() => {
      throw methodNotAllowed(group.map(({ method }) => method));
    });
  }
}

function setPageHeaders(response: Response): void {
  exchanges.get(response.req)!.route = 'page';
  response.setHeader('Content-Security-Policy', PAGE_POLICY);
  response.setHeader('Cache-Control', 'no-cache');
}

function createApp({ logger, routes = [], pages = {} }: EdgeOptions): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing').enable('strict routing');
  addRoutes(app, routes);
  const asPages = { cacheControl: false, redirect: false, setHeaders: setPageHeaders };
  for (const [path, directory] of Object.entries(pages)) app.use(path, express.static(directory, asPages));
  app.use(() => {
    throw notFound('there is nothing at this path');
  });
  // Express knows an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, _next: unknown) => fail(logger, request, response, error));
  return app;
}

/** True when the request was a preflight and is answered. */
function answerCors(origins: readonly string[], request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  if (origins.length === 0) return false;
  response.setHeader('Vary', 'Origin');
  if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  if (request.method !== 'OPTIONS') return false;
  // No authorization header: tokens are for programs, not for other people's pages.
  response.setHeader('Access-Control-Allow-Methods', 'GET, POST');
  response.setHeader('Access-Control-Allow-Headers', 'Content-Type');
  response.setHeader('Access-Control-Max-Age', '600');
  response.statusCode = 204;
  response.end();
  return true;
}

function report({ logger, metrics }: EdgeOptions, request: IncomingMessage, response: ServerResponse): void {
  const { startedAt, route, hot, code, traceId } = exchanges.get(request)!;
  const method = ['GET', 'HEAD', 'POST', 'OPTIONS'].includes(request.method ?? '') ? request.method! : 'other';
  const status = response.writableFinished ? response.statusCode : CLIENT_GONE;
  const ms = performance.now() - startedAt;
  metrics.observeRequest(method, route, status, ms / 1000);
  const level = hot && status < 400 ? 'debug' : 'info';
  if (!logger.isLevelEnabled(level)) return;
  logger[level]({ method, route, status, ms: Math.round(ms * 1000) / 1000, code, traceId }, 'request');
}

function createCappedServer({ maxConnections = 1024, requestTimeoutMs = 30_000 }: EdgeOptions): Server {
  const server = createServer({
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, requestTimeoutMs),
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  server.maxConnections = maxConnections;
  server.timeout = IDLE_TIMEOUT_MS;
  return server;
}

/** Throws what is wrong with the request, or lets Express answer what is not hot. */
function answer(hotTable: HotTable, app: Express, request: IncomingMessage, response: ServerResponse): void | Promise<void> {
  const url = request.url!;
  const mark = url.indexOf('?');
  const found = hotTable.find(mark === -1 ? url : url.slice(0, mark));
  if (!found) return void app(request, response);
  const route = found.methods.get(request.method === 'HEAD' ? 'GET' : request.method!);
  if (!route) throw methodNotAllowed(found.methods.keys());
  const exchange = exchanges.get(request)!;
  exchange.route = found.rest === '' ? route.path : `${route.path}*`;
  exchange.hot = true;
  return route.handle({ request, response, rest: found.rest, query: mark === -1 ? '' : url.slice(mark + 1) });
}

export function createEdge(options: EdgeOptions): Edge {
  const { logger, corsOrigins = [] } = options;
  const hotTable = new HotTable(options.hot ?? []);
  for (const { path } of options.routes ?? []) invariant(!hotTable.find(path), 'no route hides behind a hot one');
  const app = createApp(options);
  const server = createCappedServer(options);
  let isClosing = false;

  server.on('request', (request, response) => {
    exchanges.set(request, { startedAt: performance.now(), route: 'none', hot: false });
    response.once('close', () => {
      report(options, request, response);
      if (isClosing) setImmediate(() => server.closeIdleConnections());
    });
    for (const [name, value] of SECURITY_HEADERS) response.setHeader(name, value);
    if (isClosing) response.setHeader('Connection', 'close');
    if (answerCors(corsOrigins, request, response)) return;
    try {
      answer(hotTable, app, request, response)?.catch((error: unknown) => fail(logger, request, response, error));
    } catch (error) {
      fail(logger, request, response, error);
    }
  });

  return {
    listen: async (port, host = '127.0.0.1') => {
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
