/** A custodian with a data service behind its gateway, a stand-in node and a verifier, all over real HTTP; and an accessor that asks. */
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { decodeBase64, decodeUtf8 } from '../../core/bytes/bytes.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { normaliseNumber, type CanonicalNumber } from '../../core/access/number.ts';
import { requestDigestOf, requestSignedBytes } from '../../core/access/request.ts';
import type { Running } from '../../service/lifecycle.ts';
import { createLogger } from '../../service/logger.ts';
import type { Signer } from '../../service/signer.ts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../../gateway/http/config.ts';
import { startGateway } from '../../gateway/http/program.ts';
import { prepareRequest, type SaidOfAccess, signOutgoing, signRequest } from '../../gateway/agent/ask.ts';
import { parseShape } from '../../service/config.ts';
import { type DataService, sampleNumber, startDataService } from '../../samples/data-service.ts';
import { ACCESSOR, CUSTODIAN, keys, PURPOSE, type RunningVerifier, SEALS_ORIGIN, startVerifier } from './registry.ts';
import { keyFiles, sampleRoutes } from './sample.ts';
import { StandInNode } from './stand-in-node.ts';

export const numberOf = (i: number): CanonicalNumber => normaliseNumber(1, sampleNumber(i));

export interface World {
  readonly directory: string;
  readonly keys: string;
  readonly verifier: RunningVerifier;
  readonly node: StandInNode;
  readonly data: DataService;
  /** What every program said so far. */
  readonly lines: string[];
}

export async function makeWorld(t: TestContext): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'vt-gateway-'));
  const [verifier, data, node] = [await startVerifier(), await startDataService(), new StandInNode()];
  await node.start();
  t.after(async () => {
    await Promise.all([verifier.close(), data.close(), node.stop().catch(() => {})]);
    await rm(directory, { recursive: true, force: true });
  });
  return { directory, keys: await keyFiles(), verifier, node, data, lines: [] };
}

/** As a config file would say it. */
export type ConfigChanges = Readonly<Record<string, unknown>>;

export interface RunningGateway extends Running {
  readonly url: string;
  readonly operatorUrl: string;
}

export async function startWorldGateway(
  t: TestContext,
  world: World,
  changes: ConfigChanges = {},
  clock = Date.now,
): Promise<RunningGateway> {
  const given = {
    custodian: CUSTODIAN,
    dataDir: join(world.directory, 'gateway'),
    node: { url: world.node.url, tokenFile: join(world.keys, 'node.token'), timeoutMs: 5_000 },
    registry: { verifiers: [world.verifier.url], pollMs: 100 },
    recordsKey: join(world.keys, 'records.key.json'),
    passphraseFile: join(world.keys, 'passphrase'),
    routes: sampleRoutes(world.data.url),
    sealsLogs: [SEALS_ORIGIN],
    ...changes,
  };
  const config: GatewayConfig = parseShape(GATEWAY_CONFIG, parseJson(JSON.stringify(given)), 'config');
  const logger = createLogger({
    program: 'gateway',
    level: 'debug',
    destination: { write: (line) => void world.lines.push(line) },
  });
  const running = await startGateway({ config, logger, clock, stopping: new AbortController() });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= running.close());
  t.after(close);
  const { url, operatorUrl } = running.ready as { readonly url: string; readonly operatorUrl: string };
  return { ...running, close, url, operatorUrl };
}

export const SAID: SaidOfAccess = {
  action: 'read',
  agreement: null,
  breakGlass: null,
  case: 'SL-2026-000017',
  cause: '核对申请条件',
  grade: 'session-attested',
  legalBasis: '样例条例 第一条',
  matter: '样例补贴',
  method: 'view',
  operator: { id: 'S-0017', publicKey: null, role: '窗口受理' },
  parent: null,
  purpose: PURPOSE,
  system: '样例平台',
  terminal: '10.8.0.17',
};

export interface Ask {
  readonly method?: string;
  readonly target: string;
  readonly body?: string;
  readonly said?: Partial<SaidOfAccess>;
  readonly accessor?: typeof ACCESSOR;
  readonly custodian?: typeof ACCESSOR;
  readonly signer?: Signer;
  readonly operator?: Signer;
  readonly now?: number;
  /** Sent instead of what was signed. */
  readonly change?: (headers: Record<string, string>) => void;
  /** The target that is sent, where it is not the signed one. */
  readonly sentTarget?: string;
  /** The query that the request is for, where it is not this one. */
  readonly queryTarget?: string;
}

export interface SignedAsk {
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  readonly digest: Uint8Array;
}

export async function signAsk(gatewayUrl: string, ask: Ask): Promise<SignedAsk> {
  const {
    method = 'GET',
    target,
    accessor = ACCESSOR,
    custodian = CUSTODIAN,
    signer = keys.accessor,
    operator,
    now = Date.now(),
  } = ask;
  const body = Buffer.from(ask.body ?? '');
  const call = { method, gatewayUrl, target, body };
  const key = operator?.publicKey ?? null;
  const said = { ...SAID, ...ask.said };
  const operatorSaid = { ...said.operator, publicKey: key };
  const forQuery = { ...call, target: ask.queryTarget ?? target };
  const prepared = prepareRequest({ ...said, operator: operatorSaid }, { accessor, custodian }, forQuery, now);
  const second = operator && { keyId: operator.keyId, signature: await operator.sign(requestSignedBytes(prepared.payload)) };
  const signed = await signRequest(prepared, signer, second ?? null);
  const headers = await signOutgoing(call, signed, prepared.salt, signer, now);
  // node:http frames the body of a GET only when it is told to.
  if (ask.body !== undefined)
    Object.assign(headers, { 'content-type': 'application/json', 'content-length': String(body.length) });
  ask.change?.(headers);
  return { method, target: ask.sentTarget ?? target, headers, body, digest: requestDigestOf(prepared.payload) };
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly isCut: boolean;
  json(): Record<string, unknown>;
}

export async function send(gatewayUrl: string, { method, target, headers, body }: SignedAsk): Promise<Answered> {
  const { hostname, port } = new URL(gatewayUrl);
  return new Promise((resolve, reject) => {
    const request = requestHttp(
      { method, path: target, hostname, port, headers, agent: false, maxHeaderSize: 1 << 17 },
      (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', () => {});
        response.once('close', () => {
          const bytes = Buffer.concat(pieces);
          const json = (): Record<string, unknown> => JSON.parse(bytes.toString()) as Record<string, unknown>;
          resolve({ status: response.statusCode!, headers: response.headers, bytes, isCut: !response.complete, json });
        });
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

export async function ask(gatewayUrl: string, given: Ask): Promise<Answered> {
  return send(gatewayUrl, await signAsk(gatewayUrl, given));
}

export function reasonOf(answered: Answered): string | undefined {
  return (answered.json()['facts'] as { readonly reason?: string } | undefined)?.reason;
}

/** A receipt header's JSON. */
export function headerJson(answered: Answered, name: string): Record<string, unknown> {
  return parseJson(decodeUtf8(decodeBase64(String(answered.headers[name])))) as Record<string, unknown>;
}

export async function until(holds: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not come to be in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
