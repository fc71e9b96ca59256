/**
 * The part of the embedded default that is about data: two custodians, each with a data service that only its gateway reaches, a log of
 * who read what and a node that answers persons; an authority that seals; two departments that read; an identity provider with test
 * persons, and the portal.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { replaceFileDurably } from '../../service/durable-file.ts';
import { openTokens } from '../../service/token.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { writeDesk } from './desk.ts';
import { type ChainPlace, freePort, HOST, ROOT, writeConfig } from './place.ts';
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

/** Custodians tell it whom to tell. */
interface PortalPlace {
  readonly port: number;
  readonly url: string;
  readonly tokens: string;
  /** The one token of these, alone in a file: what nodes show. */
  readonly tokenFile: string;
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
}

/** What readers are asked at, once they run. */
export interface Custody {
  readonly portal: string;
  /** Config of the auditor's desk. */
  readonly desk: string;
  readonly logins: readonly JsonObject[];
  /** `<accessUrl>/to/<custodian>/…`, and the agent's own address. */
  readonly agents: Readonly<Record<'service' | 'police', { readonly url: string; readonly accessUrl: string }>>;
  readonly seals: CustodyLog;
}

type SampleLog = (typeof sample.accessLogs)[number];

const CUSTODIANS = ['civil', 'housing'] as const;

const codeOf = (id: string): string => sample.authorities.find((one) => one.id === id)!.code;

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

const NOTICE_ROLE = 'custodian';

async function placePortal(data: string): Promise<PortalPlace> {
  const directory = join(data, 'portal');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const tokens = join(directory, 'tokens.json');
  await openTokens(tokens, [NOTICE_ROLE]);
  const { [NOTICE_ROLE]: token } = JSON.parse(await readFile(tokens, 'utf8')) as Record<string, string>;
  const tokenFile = join(data, 'keys', 'portal-notices.token');
  await replaceFileDurably(tokenFile, encodeUtf8(`${token}\n`));
  const port = await freePort();
  return { port, url: `http://${HOST}:${port}`, tokens, tokenFile };
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
  const accessKeys = { request: key('request'), vrf: [key('vrf')], records: key('records') };
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
    startAgent('service', gateways, SERVICE, terms),
    startAgent('police', gateways, POLICE, terms),
  ]);
  const portal = await startPortal(place, terms);
  const desk = await writeDesk(logs, terms);
  return { portal, desk, logins, agents: { service, police }, seals: logs.find((log) => log.class === 'seals')! };
}

const RESIDENT_ANSWER = [
  { name: '姓名', class: 'identity', path: '/name' },
  { name: '住址', class: 'household', path: '/address' },
  { name: '电话', class: 'contact', path: '/phone' },
] as const;

/** What each custodian gives, and for what. */
function routesOf(upstream: string): JsonObject[] {
  const purposes = ['service.requested', 'service.eligibility', 'public-security'];
  const listed = RESIDENT_ANSWER.map((field) => ({ ...field, path: `/persons/*${field.path}` }));
  return [
    {
      name: 'person',
      method: 'GET',
      path: '/persons/{idNumber}',
      upstream,
      subjects: [{ class: 'resident', at: 'path:idNumber' }],
      purposes,
      answer: { kind: 'json', subjects: [{ class: 'resident', path: '/idNumber' }], fields: [...RESIDENT_ANSWER] },
    },
    {
      name: 'persons',
      method: 'GET',
      path: '/persons',
      upstream,
      query: ['district', 'limit'],
      purposes: ['service.eligibility'],
      actions: ['read', 'search'],
      needs: ['case'],
      answer: {
        kind: 'json',
        subjects: [{ class: 'resident', path: '/persons/*/idNumber' }],
        fields: listed,
        ignored: ['/count'],
      },
    },
  ];
}

async function startGateway(log: CustodyLog, { supervisor, data, verifier }: ReaderTerms): Promise<string> {
  const { role } = log;
  const service = await supervisor.start({ name: `data-${role}`, args: [join(ROOT, 'samples/data-service.ts')] });
  const tokenFile = join(data, 'keys', `${role}-gateway.token`);
  const { gateway } = JSON.parse(await readFile(log.tokens, 'utf8')) as { gateway: string };
  await replaceFileDurably(tokenFile, encodeUtf8(`${gateway}\n`));
  const dataDir = join(data, `gateway-${role}`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const config = await writeConfig(data, `gateway-${role}`, {
    custodian: log.authority,
    dataDir,
    host: HOST,
    node: { url: log.url, tokenFile },
    registry: { verifiers: [verifier], pollMs: 1_000 },
    recordsKey: join(data, 'keys', `${role}-records.key.json`),
    passphraseFile: join(data, 'keys', 'passphrase'),
    sealsLogs: sample.accessLogs
      .filter((one) => one.class === 'seals')
      .map(({ owner, name }) => `${sample.consortium}/${codeOf(owner)}/${name}`),
    routes: routesOf(new JsonFields(service, 'ready').string('url')),
    exitWithParent: true,
  });
  const ready = await supervisor.start({
    name: `gateway-${role}`,
    args: ['--max-semi-space-size=1', join(ROOT, 'gateway/http/main.ts'), '--config', config],
  });
  return new JsonFields(ready, 'ready').string('url');
}

interface Reader {
  readonly system: string;
  readonly role: string;
  readonly matters: JsonObject;
}

const SERVICE: Reader = {
  system: '样例政务服务平台',
  role: '窗口受理',
  matters: {
    application: {
      matter: '公租房申请受理',
      legalBasis: '样例条例 第十一条',
      cause: '受理本人申请',
      purpose: 'service.requested',
    },
    eligibility: {
      matter: '低保资格核对',
      legalBasis: '社会救助暂行办法 第十一条',
      cause: '核对申请人信息',
      purpose: 'service.eligibility',
    },
    // No duty of this department names it: the gateway refuses.
    statistics: {
      matter: '内部统计',
      legalBasis: '无',
      cause: '内部统计',
      purpose: 'statistics.official',
    },
  },
};

const POLICE: Reader = {
  system: '样例警务平台',
  role: '办案民警',
  matters: {
    investigation: {
      matter: '案件调查',
      legalBasis: '刑事诉讼法 第五十四条',
      cause: '调查取证',
      purpose: 'public-security',
    },
  },
};

async function startAgent(
  id: 'service' | 'police',
  gateways: readonly (readonly [string, string])[],
  { system, role, matters }: Reader,
  { supervisor, data, verifier }: ReaderTerms,
): Promise<{ url: string; accessUrl: string }> {
  const dataDir = join(data, `agent-${id}`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const config = await writeConfig(data, `agent-${id}`, {
    authority: codeOf(id),
    dataDir,
    registry: { verifiers: [verifier], pollMs: 1_000 },
    requestKey: join(data, 'keys', `${id}-request.key.json`),
    recordsKey: join(data, 'keys', `${id}-records.key.json`),
    passphraseFile: join(data, 'keys', 'passphrase'),
    tokensFile: join(dataDir, 'tokens.json'),
    access: {
      system,
      grade: 'session-attested',
      role,
      targets: gateways.map(([name, gatewayUrl]) => ({ name, custodian: codeOf(name), gatewayUrl })),
      matters,
    },
    exitWithParent: true,
  });
  const ready = await supervisor.start({ name: `agent-${id}`, args: [join(ROOT, 'gateway/agent/main.ts'), '--config', config] });
  const told = new JsonFields(ready, 'ready');
  return { url: told.string('url'), accessUrl: told.string('accessUrl') };
}

async function startPortal({ logs, provider, portal }: CustodyPlace, terms: ReaderTerms): Promise<string> {
  const { supervisor, data, verifier } = terms;
  const config = await writeConfig(data, 'portal', {
    dataDir: join(data, 'portal'),
    host: HOST,
    port: portal.port,
    verifier,
    identity: { ...provider, scope: 'openid person profile own-history' },
    logs: logs.map(({ origin, url }) => ({ origin, url })),
    // No message service here: notices wait in the outbox, and are counted.
    notices: { tokenFile: portal.tokens },
    webDir: join(ROOT, 'web/dist-citizen'),
    exitWithParent: true,
  });
  const ready = await supervisor.start({ name: 'portal', args: [join(ROOT, 'portal/main.ts'), '--config', config] });
  return new JsonFields(ready, 'ready').string('url');
}
