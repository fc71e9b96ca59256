/** An auditing authority's desk: the real portal before the real routes of a custodian's node, and officers with key files of their own. */
import { writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { formatEnvelope, type EnvelopeSignature } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeHex, encodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { requestSignedBytes } from '../../core/access/request.ts';
import { parsePrivateKey, parseSignature, publicKeyOf, signSm2 } from '../../core/sm/sm2.ts';
import { caseSignedBytes, encodeCase, parseSignedCase, type SignedCase, type TraceCase } from '../../core/trace/case.ts';
import { pseudonymCommitment } from '../../core/trace/pseudonym.ts';
import type { DeskConfig, PortalConfig } from '../../portal/config.ts';
import { startPortal } from '../../portal/program.ts';
import type { Running } from '../../service/lifecycle.ts';
import { createLogger } from '../../service/logger.ts';
import { bytesOf } from '../access/sample.ts';
import { AUDITOR } from '../custodian/custodian.ts';
import { ORIGIN } from '../custodian/fixture.ts';
import { Department } from '../trace/department.ts';

export const OFFICER_KEYS = [parsePrivateKey(bytesOf('officer 1')), parsePrivateKey(bytesOf('officer 2'))] as const;
export const OFFICERS = OFFICER_KEYS.map((key, i) => ({
  id: `A-0${i + 1}`,
  role: i === 0 ? '审计员' : '复核',
  publicKey: publicKeyOf(key),
}));
export const [SYSTEM, TERMINAL] = ['审计追查系统', '10.9.0.2'];
export const PSEUDONYM_KEY = bytesOf('pseudonym key');

/** By officer 0 or 1, or by whoever else has a key. */
export function signedBy(by: number | Uint8Array, message: Uint8Array): EnvelopeSignature {
  const key = typeof by === 'number' ? OFFICER_KEYS[by]! : parsePrivateKey(by);
  return { keyId: keyIdOf(publicKeyOf(key)), signature: signSm2(key, message) };
}

export const signatureJson = ({ keyId, signature }: EnvelopeSignature): JsonObject => ({
  keyId: encodeHex(keyId),
  signature: encodeHex(signature),
});

export interface Told {
  readonly status: number;
  readonly json: JsonObject;
}

export class DeskWorld {
  readonly department: Department;
  readonly #webDir: string | null;
  #running!: Running;
  url = '';
  /** What the portal logged. */
  logged = '';

  private constructor(department: Department, webDir: string | null) {
    this.department = department;
    this.#webDir = webDir;
  }

  static async start(webDir: string | null = null): Promise<DeskWorld> {
    const world = new DeskWorld(await Department.start(), webDir);
    await world.openPortal();
    return world;
  }

  /** Of the desk, in the portal's. */
  get config(): DeskConfig {
    const { department } = this;
    return {
      authority: AUDITOR,
      requestKey: department.path('request.key.json'),
      passphraseFile: department.path('passphrase'),
      earlierKeys: [],
      officers: OFFICERS.map(({ id, role, publicKey }) => ({ id, role, publicKey: encodeHex(publicKey) })),
      nodes: [{ origin: ORIGIN, url: department.custodian.url, tokenFile: department.path('tokens.json') }],
      system: SYSTEM,
      terminal: TERMINAL,
      webDir: this.#webDir,
    };
  }

  /** The verifier and everything else are the department's. */
  async openPortal(): Promise<void> {
    const { department } = this;
    await writeFile(department.path('client-secret'), 'of no provider', { mode: 0o600 });
    const config: PortalConfig = {
      dataDir: department.path('portal'),
      host: '127.0.0.1',
      port: 0,
      url: null,
      verifier: department.verifier,
      identity: {
        issuer: 'https://nobody.invalid',
        clientId: 'portal',
        clientSecretFile: department.path('client-secret'),
        scope: 'openid',
      },
      logs: [],
      accessors: [],
      custodianTimeoutMs: 1500,
      notices: null,
      desk: this.config,
      webDir: null,
      exitWithParent: false,
    };
    const destination = new Writable({
      write: (chunk, _encoding, done) => {
        this.logged += String(chunk);
        done();
      },
    });
    const logger = createLogger({ program: 'portal', level: 'debug', destination });
    this.#running = await startPortal({ config, logger, clock: Date.now });
    this.url = this.#running.ready['url'] as string;
  }

  async closePortal(): Promise<void> {
    await this.#running.close();
  }

  async stop(): Promise<void> {
    await this.closePortal();
    await this.department.stop();
  }

  async post(path: string, body: JsonValue, headers: Record<string, string> = {}): Promise<Told> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, json: (await response.json()) as JsonObject };
  }

  newCase(change: Partial<TraceCase> = {}): TraceCase {
    return {
      authority: parseUscc(AUDITOR),
      legalBasis: '审计法 第三十四条',
      number: '审〔2026〕3号',
      officers: OFFICERS,
      openedAt: Date.now(),
      pseudonyms: pseudonymCommitment(PSEUDONYM_KEY),
      reason: '核查公民信息外泄线索',
      ...change,
    };
  }

  async openCase(one = this.newCase()): Promise<SignedCase> {
    const payload = encodeCase(one);
    const { status, json } = await this.post('/desk/v1/signatures', {
      what: 'case',
      payload: encodeBase64(payload),
      officer: signatureJson(signedBy(0, caseSignedBytes(payload))),
    });
    if (status !== 200) throw new Error(`the case was not signed: ${JSON.stringify(json)}`);
    return parseSignedCase(formatEnvelope({ payload, signatures: [readSignature(json)] }));
  }

  askToSign(signedCase: SignedCase, payload: Uint8Array, by: number | Uint8Array = 0, what = 'request'): Promise<Told> {
    return this.post('/desk/v1/signatures', {
      what,
      case: formatEnvelope(signedCase.envelope),
      payload: encodeBase64(payload),
      officer: signatureJson(signedBy(by, requestSignedBytes(payload))),
    });
  }
}

export function readSignature(json: JsonObject): EnvelopeSignature {
  return {
    keyId: hashFromHex(json['keyId'] as string),
    signature: parseSignature(decodeHex(json['signature'] as string, 64)),
  };
}
