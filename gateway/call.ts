/**
 * One outbound HTTP exchange whose answer is read as it comes: to a data service, or to a custodian's gateway. node:http and not `fetch`:
 * headers go out exactly as given and come in with a cap of our choice, nothing is unpacked, and a body that is not read holds the
 * sender back. No redirect is followed.
 */
import { type Agent as HttpAgent, Agent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { unavailable } from '../core/bytes/error.ts';

export interface OutboundCall {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Until the answer's head has come. */
  readonly headTimeoutMs: number;
  /** On a connection on which nothing comes, once the head is there and somebody is reading. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

/** Outcome and receipt of small answers are headers. */
const MAX_HEADER_BYTES = 128 << 10;
const MAX_SOCKETS = 256;
const agentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: 300_000 };

export class Caller {
  readonly #http: HttpAgent = new Agent(agentOptions);
  readonly #https = new HttpsAgent(agentOptions);

  /** The head; the body is the message itself. Throws UNAVAILABLE with `facts.reason` TIMEOUT, ABORTED or NO_ANSWER. */
  async call(options: OutboundCall): Promise<IncomingMessage> {
    const { method, url, headers, body, headTimeoutMs, signal } = options;
    const { protocol, host } = new URL(url);
    const isSecure = protocol === 'https:';
    const common = { method, headers, signal, maxHeaderSize: MAX_HEADER_BYTES, insecureHTTPParser: false };
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => reject(unavailable('no answer', { host, reason }));
      const request = isSecure
        ? requestHttps(url, { ...common, agent: this.#https })
        : requestHttp(url, { ...common, agent: this.#http });
      const timer = setTimeout(() => {
        fail('TIMEOUT');
        request.destroy();
      }, headTimeoutMs);
      request.once('error', () => {
        clearTimeout(timer);
        fail(signal.aborted ? 'ABORTED' : 'NO_ANSWER');
      });
      request.once('response', (response) => {
        clearTimeout(timer);
        response.on('error', () => {});
        resolve(response);
      });
      request.end(body);
    });
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }
}

/** Pieces of a body as they come. Throws UNAVAILABLE with `facts.reason` when it breaks off, or nothing comes for `idleTimeoutMs`. */
export async function* readPieces(message: IncomingMessage, idleTimeoutMs: number): AsyncGenerator<Uint8Array> {
  let isIdle = false;
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => {
      isIdle = true;
      message.destroy();
    }, idleTimeoutMs);
  };
  try {
    wait();
    for await (const piece of message as AsyncIterable<Uint8Array>) {
      // While a reader takes its time, the other side is not to blame.
      clearTimeout(timer);
      yield piece;
      wait();
    }
  } catch {
    throw unavailable('the answer broke off', { reason: isIdle ? 'TIMEOUT' : 'ABORTED' });
  } finally {
    clearTimeout(timer);
  }
  if (!message.complete) throw unavailable('the answer broke off', { reason: isIdle ? 'TIMEOUT' : 'ABORTED' });
}
