/**
 * A custodian's node without a chain: the same log, custody and routes as the program has, over facts that a test makes; keys are fixed,
 * and what is anchored a test decides.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { emptyRegistry } from '../../core/authority/fold.ts';
import type { KeyFact, LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { type AccessRequest, encodeRequest, requestSignedBytes } from '../../core/access/request.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { parseNote } from '../../core/log/note.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { createEdge, type Edge } from '../../service/http.ts';
import { signCall } from '../../service/call/http-signature.ts';
import { PersonTokens } from '../../service/call/person-token.ts';
import type { Logger } from '../../service/logger.ts';
import { createMetrics } from '../../service/metrics.ts';
import { recordsKeyOf } from '../../service/sealed-space.ts';
import type { Signer } from '../../service/signer.ts';
import { openStore } from '../../service/store.ts';
import { Tokens } from '../../service/token.ts';
import { createCustody, type Custody } from '../../node/access/custody.ts';
import { Ledger } from '../../node/access/ledger.ts';
import { PersonNotices } from '../../node/access/notices.ts';
import { deskRoutes } from '../../node/api/desk-routes.ts';
import { eventRoutes } from '../../node/api/events.ts';
import { guardedReadRoutes } from '../../node/api/guarded-reads.ts';
import { officerRoutes } from '../../node/api/officer-routes.ts';
import { PartyGate } from '../../node/api/party.ts';
import { personRoutes } from '../../node/api/person-routes.ts';
import { BodyStore } from '../../node/bodies/body-store.ts';
import { SecretFile } from '../../node/bodies/secret-file.ts';
import { Anchors } from '../../node/log/anchors.ts';
import { Answers } from '../../node/log/answers.ts';
import { LogStore } from '../../node/log/log-store.ts';
import { createFileRegister } from '../../node/log/register.ts';
import { readPlaceCount } from '../../node/quantum/place-count.ts';
import { QuantumWriter } from '../../node/quantum/writer.ts';
import { bytesOf } from '../log/memory-log.ts';
import { signerNamed } from '../chain/consortium-fixture.ts';
import { AUTHORITY, logSigner, silent, START } from '../node/fixture.ts';
import { LOG_ID, type LogDirectory, ORIGIN, QUANTUM, TERMS } from './fixture.ts';

export const CUSTODIAN = AUTHORITY;
export const ACCESSOR = '11999900MB0000002N';
export const AUDITOR = '11999900MB0000003R';
export const SEALER = '11999900MB0000001K';
export const SEALS_ORIGIN = parseOrigin(`sample/${SEALER}/seals`);
export const ROLE_TOKENS = {
  gateway: 'gateway-token'.padEnd(40, 'g'),
  officer: 'officer-token'.padEnd(40, 'o'),
  desk: 'desk-token'.padEnd(40, 'd'),
};
/** What access tokens are issued for. */
export const AUDIENCE = 'http://custodian.example';
export const ISSUER = 'http://provider.example';

export const requestSigner = signerNamed('custodian request key', 'request');
export const accessorSigner = signerNamed('accessor request key', 'request');
export const auditorSigner = signerNamed('auditor request key', 'request');
export const sealsSigner = signerNamed('seals log key');
export const vrfSigners = [signerNamed('vrf key of epoch 0', 'vrf'), signerNamed('vrf key of epoch 1', 'vrf')] as const;
const vrfKeys = ['vrf key of epoch 0', 'vrf key of epoch 1'].map((name, i) => ({
  keyId: vrfSigners[i]!.keyId,
  privateKey: parsePrivateKey(bytesOf(name)),
}));
export const records = recordsKeyOf(bytesOf('records key'));

const LONG_AGO = START - 86_400_000;

function keyFact(signer: Signer, authority: string): KeyFact {
  const { keyId, type, publicKey } = signer;
  const none = { validTo: null, compromisedAt: null, suspended: null };
  return { keyId, authority, type, publicKey, validFrom: LONG_AGO, registeredAt: LONG_AGO, ...none };
}

function logFact(origin: string, authority: string, changes: Partial<LogFact>): LogFact {
  return {
    logId: logIdOf(parseOrigin(origin)),
    origin,
    authority,
    owners: [{ authority, since: LONG_AGO }],
    class: 'access',
    quantum: QUANTUM,
    beat: 60_000,
    promiseSpan: TERMS.promiseSpan,
    term: null,
    registeredAt: LONG_AGO,
    closedAt: null,
    closedByOwner: false,
    vrfKeys: [],
    ...changes,
  };
}

const duty = (authority: string, purpose: string): RegistryFacts['duties'][number] => ({
  dutyId: bytesOf(`${authority} ${purpose}`),
  authority,
  purpose,
  validFrom: LONG_AGO,
  validTo: null,
  parentId: null,
  registeredAt: LONG_AGO,
});

export function makeFacts(): RegistryFacts {
  return {
    ...emptyRegistry({ number: 1, hash: bytesOf('block'), at: LONG_AGO }),
    authorities: [CUSTODIAN, ACCESSOR, AUDITOR, SEALER].map((code) => ({
      code,
      name: code,
      region: '110000',
      parent: null,
      account: new Uint8Array(20),
      registeredAt: LONG_AGO,
      dissolvedAt: null,
    })),
    keys: [
      keyFact(logSigner, CUSTODIAN),
      keyFact(requestSigner, CUSTODIAN),
      ...vrfSigners.map((signer) => keyFact(signer, CUSTODIAN)),
      keyFact(accessorSigner, ACCESSOR),
      keyFact(auditorSigner, AUDITOR),
      keyFact(sealsSigner, SEALER),
    ],
    logs: [
      logFact(ORIGIN, CUSTODIAN, { vrfKeys: [{ keyId: vrfSigners[0].keyId, fromIndex: 0 }] }),
      logFact(SEALS_ORIGIN, SEALER, { class: 'seals', quantum: 86_400_000, promiseSpan: 200_000_000, term: 1_000_000_000 }),
    ],
    duties: [duty(ACCESSOR, 'service.eligibility'), duty(AUDITOR, 'audit.trace')],
  };
}

/** A request, signed by the accessor unless told otherwise. */
export async function signRequest(
  changes: Partial<AccessRequest> = {},
  signers: readonly Signer[] = [accessorSigner],
): Promise<JsonObject> {
  const payload = encodeRequest({
    accessor: parseUscc(ACCESSOR),
    action: 'read',
    agreement: null,
    breakGlass: null,
    case: null,
    cause: '核对申请条件',
    custodian: parseUscc(CUSTODIAN),
    grade: 'session-attested',
    legalBasis: '行政许可法 第三十四条',
    matter: '采矿权许可',
    method: 'view',
    nonce: asHash(new Uint8Array(randomBytes(32))),
    operator: { id: 'NR-0427', publicKey: null, role: '审批科员' },
    parent: null,
    purpose: 'service.eligibility',
    queryDigest: bytesOf('query'),
    requestedAt: START,
    system: '审批系统',
    terminal: 'T-07',
    ...changes,
  });
  const signatures = [];
  for (const signer of signers)
    signatures.push({ keyId: signer.keyId, signature: await signer.sign(requestSignedBytes(payload)) });
  return formatEnvelope({ payload, signatures });
}

export const GRANTED = {
  result: 'granted',
  code: null,
  fields: [
    { class: 'identity', name: 'name' },
    { class: 'contact', name: 'address' },
  ],
  chunk: { number: 0, isLast: true },
} as const;

/** A number of class 1 with its check character. */
export function residentNumber(serial: number): string {
  const seventeen = `999999${String(19_000_000_000 + serial).slice(0, 11)}`;
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((total, weight, i) => total + weight * Number(seventeen[i]), 0);
  return seventeen + '10X98765432'[sum % 11]!;
}

export interface Answer {
  readonly status: number;
  readonly json: JsonObject;
  readonly text: string;
  readonly headers: Headers;
}

export interface Provider {
  readonly jwksUri: string;
  token(person: JsonValue, changes?: JWTPayload & { alg?: string; typ?: string; key?: CryptoKey }): Promise<string>;
  close(): Promise<void>;
}

/** An identity provider's keys, and tokens that it signs by the clock of the directory. */
export async function startProvider(directory: LogDirectory): Promise<Provider> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    jwksUri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    async token(person, { typ = 'at+jwt', key = privateKey, alg = 'ES256', ...claims } = {}) {
      const seconds = Math.floor(directory.now / 1000);
      const payload = { iss: ISSUER, aud: AUDIENCE, iat: seconds, exp: seconds + 300, person, ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg, kid: 'k1', typ }).sign(key);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export class TestCustodian {
  facts = makeFacts();
  /** Where persons are told, from the next opening on. */
  portal: { readonly portal: string; readonly tokenFile: string } | null = null;
  /** Milliseconds since the chain was read. */
  factsAgeMs: number | null = 0;
  random = (length: number): Uint8Array => new Uint8Array(randomBytes(length));
  /** Every instant that something was to be anchored from. */
  readonly reached: number[] = [];
  readonly directory: LogDirectory;
  custody!: Custody;
  provider!: Provider;
  url = '';
  #edge!: Edge;
  #logger: Logger = silent;
  #close!: () => Promise<void>;
  #counter = 0;

  private constructor(directory: LogDirectory) {
    this.directory = directory;
  }

  static async start(directory: LogDirectory, logger: Logger = silent): Promise<TestCustodian> {
    const custodian = new TestCustodian(directory);
    custodian.#logger = logger;
    custodian.provider = await startProvider(directory);
    await custodian.open();
    return custodian;
  }

  async open(): Promise<void> {
    const { directory } = this;
    const clock = (): number => directory.now;
    const store = await openStore(join(directory.path, 'store'));
    const [log, answers, anchors] = [new LogStore(store), new Answers(store), new Anchors(store)];
    const secrets = await SecretFile.open(join(directory.path, 'secrets'));
    const bodies = new BodyStore(await openStore(join(directory.path, 'bodies')), secrets, LOG_ID);
    await bodies.settle(readPlaceCount(store), await new Ledger(store, records).erasedPlaces());
    const register = createFileRegister(join(directory.path, 'register'));
    const random = (length: number): Uint8Array => this.random(length);
    const common = { origin: ORIGIN, log, answers, bodies, logger: this.#logger, clock, random };
    const writer = await QuantumWriter.open({ ...common, register, signer: logSigner, fillTo: 0 });
    const stopping = new AbortController();
    const { signal } = stopping;
    const notices = this.portal && (await PersonNotices.open({ ...this.portal, store, records, logger: this.#logger, signal }));
    const telling = notices?.run();
    this.custody = createCustody({
      ...common,
      anchors,
      writer,
      logSigner,
      requestSigner,
      vrfKeys,
      records,
      logFact: () => this.facts.logs[0]!,
      facts: () => this.facts,
      factsAgeMs: () => this.factsAgeMs,
      maxStatusAgeMs: 86_400_000,
      replyWithinMs: 30 * 86_400_000,
      notices,
      reach: async (since) => void this.reached.push(since),
    });
    await writer.resume(TERMS);
    const tokens = new Tokens(ROLE_TOKENS);
    const gate = new PartyGate({ judge: this.custody.judge, publicUrl: null, clock });
    const identity = { issuer: ISSUER, audience: AUDIENCE, jwksUri: this.provider.jwksUri };
    const metrics = createMetrics('node');
    this.#edge = createEdge({
      logger: this.#logger,
      metrics,
      hot: [
        ...guardedReadRoutes({ log, anchors, writer, polledMsAgo: () => 0 }, gate),
        { method: 'GET', path: '/metrics', handle: async ({ response }) => void response.end(await metrics.registry.metrics()) },
      ],
      routes: [
        ...eventRoutes(this.custody, tokens),
        ...personRoutes(this.custody, new PersonTokens(identity, clock)),
        ...officerRoutes(this.custody, tokens),
        ...deskRoutes(this.custody, tokens),
      ],
    });
    this.url = await this.#edge.listen(0);
    this.#close = async () => {
      await this.#edge.close();
      stopping.abort();
      await telling;
      await bodies.close();
      await store.close();
    };
  }

  async close(): Promise<void> {
    await this.#close();
  }

  async restart(between: () => Promise<void> = async () => undefined): Promise<void> {
    await this.#close();
    await between();
    await this.open();
  }

  async stop(): Promise<void> {
    await this.#close();
    await this.provider.close();
    await this.directory.remove();
  }

  /** The quantum passes, and what it held is in the tree, and anchored. */
  async anchor(): Promise<void> {
    const { writer, anchors } = this.custody;
    this.directory.now += QUANTUM;
    await writer.grow();
    const { note } = await writer.refresh();
    const { size, issuedAt } = parseNote(note).checkpoint;
    await anchors.record({
      size,
      issuedAt,
      block: { number: ++this.#counter, hash: bytesOf(`block ${this.#counter}`), at: issuedAt },
    });
  }

  async post(path: string, body: JsonValue, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
    const text = await response.text();
    const json = (text === '' ? {} : parseJson(text, { maxBytes: 64 << 20 })) as JsonObject;
    return { status: response.status, json, text, headers: response.headers };
  }

  as(role: keyof typeof ROLE_TOKENS, path: string, body: JsonValue, key = `key-${++this.#counter}`): Promise<Answer> {
    return this.post(path, body, { authorization: `Bearer ${ROLE_TOKENS[role]}`, 'idempotency-key': key });
  }

  async event(ids: readonly string[], changes: JsonObject = {}, key?: string): Promise<Answer> {
    const request = changes['request'] ?? (await signRequest({ requestedAt: this.directory.now }));
    const subjects = ids.map((id) => ({ class: 1, id }));
    return this.as('gateway', '/v1/events', { outcome: GRANTED, seal: null, ...changes, request, subjects }, key);
  }

  async asPerson(id: string, path: string, body: JsonValue = {}, key = `key-${++this.#counter}`): Promise<Answer> {
    const token = await this.provider.token({ class: 1, id });
    return this.post(path, body, { authorization: `Bearer ${token}`, 'idempotency-key': key });
  }

  /** A call signed by a registered party. */
  async signed(
    method: 'GET' | 'POST',
    path: string,
    body: JsonValue | null,
    signer: Signer = auditorSigner,
    at = this.directory.now,
  ) {
    const bytes = body === null ? new Uint8Array(0) : encodeUtf8(JSON.stringify(body));
    const call = { method, targetUri: this.url + path, body: bytes, request: null };
    const signature = await signCall(call, signer, { createdAt: at, nonce: new Uint8Array(randomBytes(16)) });
    const headers = { 'content-type': 'application/json', ...signature };
    return fetch(this.url + path, { method, headers, ...(body !== null && { body: Buffer.from(bytes) }) });
  }
}
