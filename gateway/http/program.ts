/**
 * A custodian's gateway, put together. It opens its store, ends what an earlier run left open, and then takes calls; without the node, or
 * without ever having read the registry, it takes none.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Gauge } from 'prom-client';
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeHex, decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { readSecret } from '../../service/config.ts';
import { healthRoutes } from '../../service/health.ts';
import { createEdge, type Edge } from '../../service/http.ts';
import type { Running } from '../../service/lifecycle.ts';
import type { Logger } from '../../service/logger.ts';
import { createMetrics, type Metrics } from '../../service/metrics.ts';
import { openRecordsKey, type RecordsKey } from '../../service/sealed-space.ts';
import { openSigner } from '../../service/signer.ts';
import { openStore, type Store } from '../../service/store.ts';
import { Caller } from '../call.ts';
import { NodeClient } from '../node-client.ts';
import { Outbox } from '../../service/call/outbox.ts';
import { Registry } from '../registry.ts';
import { createProxy } from '../server.ts';
import { Claims, type OpenClaim } from './claims.ts';
import type { GatewayConfig } from './config.ts';
import { endOf, Gateway } from './gateway.ts';
import { sendNotice } from './notice.ts';

export interface GatewayProgramOptions {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
  /** Aborted when the program is to stop, be it before it is ready. */
  readonly stopping: AbortController;
}

/** Throws whatever the files of the config are refused with. */
export async function startGateway(options: GatewayProgramOptions): Promise<Running> {
  const { config, logger, clock, stopping } = options;
  parseUscc(config.custodian);
  if (new Set(config.routes.map(({ name }) => name)).size !== config.routes.length) throw malformed('two routes have one name');
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const passphrase = await readSecret(config.passphraseFile);
  const recordsKey = await openRecordsKey(config.recordsKey, passphrase);
  const token = await readSecret(config.node.tokenFile);
  const store = await openStore(join(config.dataDir, 'store'));
  const node = new NodeClient({ url: config.node.url, timeoutMs: config.node.timeoutMs, token });
  const path = join(config.dataDir, 'registry.json');
  const registry = new Registry({ config: config.registry, path, logger, clock, signal: stopping.signal });
  const leftovers = await openLeftovers(options, store, recordsKey, node);
  const notices = await openNotices(options, store, recordsKey, passphrase);
  const claims = new Claims(store, recordsKey);
  await endOpenClaims(store, claims, leftovers);
  await claims.forget(clock());
  const upstreamToken = config.upstreamTokenFile === undefined ? null : await readSecret(config.upstreamTokenFile);
  let publicUrl = config.publicUrl ?? '';
  const caller = new Caller();
  const parts = { config, registry, node, caller, claims, store, leftovers, notices, upstreamToken, logger, clock };
  const gateway = new Gateway({ ...parts, publicUrl: () => publicUrl });
  const metrics = createMetrics('gateway');
  measure(metrics, { leftovers, notices, gateway });
  const proxy = createProxy({ logger, metrics, handle: (exchange) => gateway.handle(exchange) });
  const operator = createOperatorEdge(options, metrics, registry, leftovers);
  await registry.start();
  const url = await proxy.listen(config.port, config.host);
  if (publicUrl === '') publicUrl = url;
  const operatorUrl = await operator.listen(config.operatorPort, config.operatorHost);
  const loops = [registry.run(), leftovers.run(), ...(notices === null ? [] : [notices.run()])];
  const close = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([proxy.close(), operator.close(), ...loops]);
    caller.close();
    await store.close();
  };
  return { ready: { url, operatorUrl, custodian: config.custodian }, close };
}

interface Leftover {
  readonly digest: string;
  readonly key: string;
  readonly event: JsonObject;
}

/** A node that has another event about that chunk already has said what there is to say. */
async function openLeftovers(
  { logger, stopping }: GatewayProgramOptions,
  store: Store,
  recordsKey: RecordsKey,
  node: NodeClient,
): Promise<Outbox> {
  const deliver = async (item: Uint8Array, signal: AbortSignal): Promise<void> => {
    const { digest, key, event } = JSON.parse(decodeUtf8(item)) as Leftover;
    try {
      await node.recordJson(event, decodeHex(digest), key, signal);
    } catch (error) {
      if (!isCodedError(error, 'CONFLICT')) throw error;
    }
  };
  return Outbox.open({ store, name: 'leftover', recordsKey, logger, deliver, signal: stopping.signal });
}

async function openNotices(
  { config, logger, clock, stopping }: GatewayProgramOptions,
  store: Store,
  recordsKey: RecordsKey,
  passphrase: string,
): Promise<Outbox | null> {
  if (config.notices === undefined) return null;
  const receiver = { url: config.notices.url, signer: await openSigner(config.notices.key, passphrase, 'request') };
  const deliver = (item: Uint8Array, signal: AbortSignal): Promise<void> => sendNotice(receiver, item, clock(), signal);
  return Outbox.open({ store, name: 'notice', recordsKey, logger, deliver, signal: stopping.signal });
}

/** What this gateway died over was never answered: it failed. */
async function endOpenClaims(store: Store, claims: Claims, leftovers: Outbox): Promise<void> {
  for await (const claim of claims.open()) {
    const batch = store.batch();
    leftovers.add(batch, encodeUtf8(JSON.stringify(interrupted(claim))));
    claims.close(batch, claim.digest);
    await batch.write({ sync: true });
  }
}

function interrupted({ digest, request, subjects, attempt, seal, chunk }: OpenClaim): Leftover {
  const { result, code, fields, chunk: end } = endOf('INTERRUPTED', chunk, []);
  const outcome: JsonObject = { result, code, fields: [...fields] as [], chunk: { isLast: end.isLast, number: end.number } };
  const event: JsonObject = { request, outcome, subjects: [...subjects], seal };
  return { digest: encodeHex(digest), key: `${encodeHex(digest)}.${chunk}.${attempt}`, event };
}

function createOperatorEdge({ logger }: GatewayProgramOptions, metrics: Metrics, registry: Registry, leftovers: Outbox): Edge {
  const checks = {
    registry: () => registry.trouble,
    node: () => (leftovers.count > 0 ? 'the node has not taken every event' : null),
  };
  return createEdge({ logger, metrics, hot: healthRoutes({ metrics, checks }) });
}

interface Measured {
  readonly leftovers: Outbox;
  readonly notices: Outbox | null;
  readonly gateway: Gateway;
}

function measure({ registry }: Metrics, { leftovers, notices, gateway }: Measured): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
  };
  gauge('gateway_exchanges', 'Calls under way', () => gateway.underWay);
  gauge('gateway_leftover_events', 'Ends of requests that the node has not taken yet', () => leftovers.count);
  gauge('gateway_notices', 'Break-glass notices that were not taken yet', () => notices?.count ?? 0);
}
