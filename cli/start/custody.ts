/**
 * The part of the embedded default that is about data: two custodians, each with a data service that only its gateway reaches, a log of
 * who read what and a node that answers persons; an authority that seals; two departments that read; an identity provider with test
 * persons, and the portal, which is an auditor's desk too.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { POLICE, SERVICE, startAgent } from './agent.ts';
import { DESK_PATH, writeDesk } from './desk.ts';
import { startGateway } from './gateway.ts';
import { type ChainPlace, codeOf, freePort, HOST, ROOT, writeConfig } from './place.ts';
import { placePortal, type PortalPlace, startPortal } from './portal.ts';
import type { Supervisor } from './supervisor.ts';

export interface CustodyLog {
  readonly origin: string;
  readonly logId: string;
  readonly authority: string;
  readonly role: string;
  readonly class: string;
  readonly port: number;
  readonly url: string;
  readonly tokens: string;
}

/** Where things will be, before they run. */
export interface CustodyPlace {
  readonly logs: readonly CustodyLog[];
  readonly provider: { readonly issuer: string; readonly clientId: string; readonly clientSecretFile: string };
  readonly logins: readonly JsonObject[];
  readonly portal: PortalPlace;
}

interface Terms {
  readonly supervisor: Supervisor;
  readonly data: string;
}

export interface NodeTerms extends Terms {
  readonly chain: ChainPlace;
  readonly beat: number;
  /** Keeps the logs' swap registers. */
  readonly witness: string;
}

export interface ReaderTerms extends Terms {
  readonly verifier: string;
  /** Path of the trust file. */
  readonly trust: string;
}

/** What readers are asked at, once they run. */
export interface Custody {
  readonly portal: string;
  /** Config of the auditor's desk, and its page. */
  readonly desk: string;
  readonly deskPage: string;
  readonly logins: readonly JsonObject[];
  /** `<accessUrl>/to/<custodian>/…`, and the agent's own address. */
  readonly agents: Readonly<Record<'service' | 'police', { readonly url: string; readonly accessUrl: string }>>;
  readonly seals: CustodyLog;
}

type SampleLog = (typeof sample.accessLogs)[number];

const CUSTODIANS = ['civil', 'housing'] as const;

async function placeOf(data: string, log: SampleLog): Promise<CustodyLog> {
  const authority = codeOf(log.owner);
  const origin = parseOrigin(`${sample.consortium}/${authority}/${log.name}`);
  const port = await freePort();
  const tokens = join(data, `node-${log.owner}`, 'tokens.json');
  const place = { origin, logId: encodeHex(logIdOf(origin)), authority, role: log.owner, class: log.class };
  return { ...place, port, url: `http://${HOST}:${port}`, tokens };
}

/** Starts the identity provider: nodes are told whose tokens to believe. */
export async function chooseCustody(data: string, supervisor: Supervisor): Promise<CustodyPlace> {
  const logs: CustodyLog[] = [];
  for (const log of sample.accessLogs.filter(({ isConnected }) => isConnected)) logs.push(await placeOf(data, log));
  const dataDir = join(data, 'provider');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const args = [join(ROOT, 'scripts/test-provider/main.ts'), '--data', dataDir, '--port', String(await freePort())];
  const told = await supervisor.start({ name: 'identity-provider', args: [...args, '--ends-with-stdin'] });
  const ready = new JsonFields(told, 'ready');
  const provider = {
    issuer: ready.string('issuer'),
    clientId: ready.string('clientId'),
    clientSecretFile: ready.string('clientSecretFile'),
  };
  return { logs, provider, logins: ready.value('logins') as JsonObject[], portal: await placePortal(data) };
}

export async function startCustodians(place: CustodyPlace, terms: NodeTerms): Promise<void> {
  await Promise.all(place.logs.map((log) => startNode(log, place, terms)));
}

async function startNode(log: CustodyLog, { provider, portal }: CustodyPlace, terms: NodeTerms): Promise<void> {
  const { supervisor, data, chain, beat, witness } = terms;
  const { issuer } = provider;
  const key = (type: string): string => join(data, 'keys', `${log.role}-${type}.key.json`);
  const directory = join(data, `node-${log.role}`);
  await mkdir(join(data, 'secrets'), { recursive: true, mode: 0o700 });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const isAccess = log.class === 'access';
  const accessKeys = { request: key('request'), vrf: await vrfKeysOf(data, log.role), records: key('records') };
  const identity = { issuer, jwksUri: `${issuer}/jwks`, audience: log.url };
  const config = await writeConfig(data, `node-${log.role}`, {
    origin: log.origin,
    dataDir: directory,
    host: HOST,
    port: log.port,
    chain,
    keys: { log: key('log'), ...(isAccess && accessKeys) },
    passphraseFile: join(data, 'keys', 'passphrase'),
    accountFile: join(data, 'keys', `${log.role}.account`),
    tokensFile: log.tokens,
    register: { url: witness },
    beatMs: beat,
    bodies: { directory: join(data, `bodies-${log.role}`), secretsFile: join(data, 'secrets', `${log.role}.keys`) },
    publicUrl: log.url,
    ...(isAccess && { identity, notices: { portal: portal.url, tokenFile: portal.tokenFile } }),
    exitWithParent: true,
  });
  await supervisor.start({ name: `node-${log.role}`, args: [join(ROOT, 'node/main.ts'), '--config', config] });
}

/** Of every epoch: the first one’s ROLE-vrf.key.json, and those that an operator put beside it, ROLE-vrf-….key.json. */
async function vrfKeysOf(data: string, role: string): Promise<string[]> {
  const names = await readdir(join(data, 'keys'));
  const own = names.filter(
    (name) => name.startsWith(`${role}-vrf`) && /^-vrf(-[a-z0-9]+)?\.key\.json$/.test(name.slice(role.length)),
  );
  return own.toSorted().map((name) => join(data, 'keys', name));
}

/** Gateways, the departments that read, and the portal. */
export async function startReaders(place: CustodyPlace, terms: ReaderTerms): Promise<Custody> {
  const { logs, logins } = place;
  const gateways = await Promise.all(
    CUSTODIANS.map(async (id): Promise<[string, string]> => [
      id,
      await startGateway(
        logs.find(({ role }) => role === id)!,
        terms,
      ),
    ]),
  );
  const [service, police] = await Promise.all([
    startAgent('service', gateways, SERVICE, place, terms),
    startAgent('police', gateways, POLICE, place, terms),
  ]);
  const accessors = [service, police].map(({ authority, personUrl }) => ({ authority, url: personUrl }));
  const portal = await startPortal(place, accessors, terms);
  const desk = await writeDesk(logs, terms);
  const deskPage = `${portal}${DESK_PATH}`;
  return { portal, desk, deskPage, logins, agents: { service, police }, seals: logs.find((log) => log.class === 'seals')! };
}
