/** A relay in front of a chain that a test can make lose questions and answers. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RpcCall {
  readonly method: string;
  readonly params: readonly unknown[];
}

/** What becomes of a call: relayed, lost on the way there, lost on the way back, or answered by the proxy itself. */
export type Fate = 'relay' | 'lose question' | 'lose answer' | { readonly result: unknown } | { readonly error: unknown };

export interface RpcProxy {
  readonly rpcUrl: string;
  /** Every call so far. */
  readonly calls: RpcCall[];
  /** Decides over each call; relays all until a test says otherwise. */
  fate: (call: RpcCall) => Fate | Promise<Fate>;
  stop(): Promise<void>;
}

export async function startRpcProxy(target: string): Promise<RpcProxy> {
  const proxy: RpcProxy = { rpcUrl: '', calls: [], fate: () => 'relay', stop: async () => undefined };
  const relay = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const call = JSON.parse(body) as RpcCall;
    proxy.calls.push(call);
    const fate = await proxy.fate(call);
    if (fate === 'lose question') return void response.destroy();
    if (typeof fate === 'object') return void response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, ...fate }));
    const answer = await fetch(target, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
    const answered = await answer.text();
    if (fate === 'lose answer') return void response.destroy();
    response.end(answered);
  };
  const server = createServer((request, response) => void relay(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, {
    rpcUrl: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
