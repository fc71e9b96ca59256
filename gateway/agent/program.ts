/**
 * An agent, put together: at a custodian it takes events and files (custody.ts), at an accessor it makes calls (access.ts). It listens on this
 * machine alone; what it keeps of persons is encrypted.
 */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Gauge } from 'prom-client';
import { parseUscc, type Uscc } from '../../core/authority/uscc.ts';
import { malformed } from '../../core/bytes/error.ts';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import { readSecret } from '../../service/config.ts';
import { type Check, healthRoutes } from '../../service/health.ts';
import { PersonTokens } from '../../service/call/person-token.ts';
import { createEdge, type Edge, type Route } from '../../service/http.ts';
import type { Running } from '../../service/lifecycle.ts';
import { createMetrics, type Metrics } from '../../service/metrics.ts';
import { openRecordsKey, type RecordsKey } from '../../service/sealed-space.ts';
import { openSigner, type Signer } from '../../service/signer.ts';
import { openStore, type Store } from '../../service/store.ts';
import { openTokens } from '../../service/token.ts';
import { Caller } from '../call.ts';
import { NodeClient } from '../node-client.ts';
import { Registry } from '../registry.ts';
import { createProxy, type ProxyServer } from '../server.ts';
import type { ProgramOptions } from '../start.ts';
import { AccessAgent } from './access.ts';
import { accessRoutes, ROLES } from './access-route.ts';
import type { AgentConfig } from './config.ts';
import { custodyRoutes, runImports } from './custody.ts';
import { EventQueue } from '../import/event-queue.ts';
import { Importer } from '../import/importer.ts';
import { OutboxTable } from '../import/table.ts';
import { personRoutes } from './person-route.ts';
import { PreparedRequests } from './prepared.ts';
import { Records } from './records.ts';

type Options = ProgramOptions<AgentConfig>;

interface Base {
  readonly authority: Uscc;
  readonly signer: Signer;
  readonly recordsKey: RecordsKey;
  readonly store: Store;
  readonly registry: Registry;
  readonly metrics: Metrics;
}

/** One of the two things that an agent may be. */
interface Part {
  readonly routes: readonly Route[];
  readonly checks: Readonly<Record<string, Check>>;
  readonly loops: readonly Promise<void>[];
  readonly proxy: ProxyServer | null;
  /** For persons. */
  readonly persons: Edge | null;
  close(): void;
}

const NO_PART: Part = { routes: [], checks: {}, loops: [], proxy: null, persons: null, close: () => {} };

/** Throws whatever the files of the config are refused with. */
export async function startAgent(options: Options): Promise<Running> {
  const { config, logger, stopping, clock } = options;
  if (config.custody === undefined && config.access === undefined) throw malformed('config: neither custody nor access');
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const passphrase = await readSecret(config.passphraseFile);
  const path = join(config.dataDir, 'registry.json');
  const base = {
    authority: parseUscc(config.authority),
    signer: await openSigner(config.requestKey, passphrase, 'request'),
    recordsKey: await openRecordsKey(config.recordsKey, passphrase),
    store: await openStore(join(config.dataDir, 'store')),
    registry: new Registry({ config: config.registry, path, logger, clock, signal: stopping.signal }),
    metrics: createMetrics('agent'),
  };
  await base.registry.start();
  const custody = await openCustody(options, base);
  const access = await openAccess(options, base);
  const checks = { registry: () => base.registry.trouble, ...custody.checks, ...access.checks };
  const health = healthRoutes({ metrics: base.metrics, checks });
  const routes = [...custody.routes, ...access.routes];
  const edge = createEdge({ logger, metrics: base.metrics, hot: health, routes });
  const url = await edge.listen(config.port, config.host);
  const accessUrl = access.proxy === null ? null : await access.proxy.listen(config.access!.port, config.host);
  const persons = config.access?.persons;
  const personUrl = access.persons && persons ? await access.persons.listen(persons.port, persons.host) : null;
  const loops = [base.registry.run(), ...custody.loops, ...access.loops];
  const close = async (): Promise<void> => {
    stopping.abort();
    await Promise.all([edge.close(), access.proxy?.close(), access.persons?.close(), ...loops]);
    access.close();
    await base.store.close();
  };
  return { ready: { url, accessUrl, personUrl, authority: config.authority }, close };
}

async function openCustody({ config, logger, stopping }: Options, base: Base): Promise<Part> {
  const { custody } = config;
  if (custody === undefined) return NO_PART;
  const { store, recordsKey, authority, signer, metrics } = base;
  const token = await readSecret(custody.node.tokenFile);
  const node = new NodeClient({ url: custody.node.url, timeoutMs: custody.node.timeoutMs, token });
  const { signal } = stopping;
  const refusedPath = join(config.dataDir, 'refused.ndjson');
  const onRefused = (event: object, code: string): Promise<void> =>
    appendFile(refusedPath, `${JSON.stringify({ code, event })}\n`, { mode: 0o600 });
  const queue = await EventQueue.open({ store, recordsKey, node, logger, signal, onRefused });
  const secret = hmacSm3(recordsKey.secret, encodeUtf8('veritrail-import-v1'));
  const custodian = { code: authority, signer, secret };
  const importers = custody.imports.map(
    (one) => new Importer({ config: one, defaults: custody.defaults, custodian, queue, store, recordsKey, logger, signal }),
  );
  const tables = custody.tables.map((one) => new OutboxTable({ ...one, defaults: custody.defaults, custodian, queue }));
  const names = [...custody.imports, ...custody.tables].map(({ source }) => source);
  if (new Set(names).size !== names.length) throw malformed('two imports have one source');
  gauge(metrics, 'agent_waiting_events', 'Events that the node has not promised yet', () => queue.count);
  gauge(metrics, 'agent_refused_events', 'Events that the node refused since the start', () => queue.refused);
  return {
    routes: custodyRoutes({ queue, custodian, defaults: custody.defaults, withinMs: custody.node.timeoutMs }),
    checks: { node: () => (queue.count > 0 ? 'the node has not promised every event' : null) },
    loops: [queue.run(), runImports([...importers, ...tables], custody.importEveryMs, logger, signal)],
    proxy: null,
    persons: null,
    close: () => {},
  };
}

async function openAccess(options: Options, base: Base): Promise<Part> {
  const { config, logger, clock } = options;
  const { access } = config;
  if (access === undefined) return NO_PART;
  const { store, recordsKey, authority, signer, registry, metrics } = base;
  const caller = new Caller();
  const records = new Records(store, recordsKey);
  const prepared = new PreparedRequests();
  const agent = new AccessAgent({ config: access, authority, signer, registry, caller, records, prepared, logger, clock });
  const tokens = await openTokens(config.tokensFile, ROLES);
  return {
    routes: accessRoutes({ agent, records, tokens, maxBodyBytes: access.maxBodyBytes }),
    checks: {},
    loops: [],
    proxy: createProxy({ logger, metrics, handle: (exchange) => agent.handle(exchange) }),
    persons: access.persons ? openPersons(options, base, records) : null,
    close: () => caller.close(),
  };
}

function openPersons({ config, logger, clock }: Options, { authority, metrics }: Base, records: Records): Edge {
  const tokens = new PersonTokens(config.access!.persons!.identity, clock);
  return createEdge({ logger, metrics, routes: personRoutes({ authority, records, tokens, clock }) });
}

function gauge({ registry }: Metrics, name: string, help: string, read: () => number): void {
  const collect = function (this: Gauge): void {
    this.set(read());
  };
  registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
}
