/**
 * Where lies about accesses are played: the ground, a custodian whose node lies behind an honest gateway and its data service, an accessor's
 * agent, an identity provider, and an auditor's desk. The custodian has a second log, which the registry lists and nobody is shown.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { logIdOf, type Origin, parseOrigin } from '../../core/log/origin.ts';
import { encodeRegisterLog } from '../../chain/registry-call.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { AUDIENCE, ISSUER, type Provider, startProvider } from '../custodian/custodian.ts';
import { codeOf, Ground, HOST } from '../evil/ground.ts';
import { freePort } from '../evil/program.ts';
import { PURPOSE } from '../gateway/registry.ts';
import { sampleRoutes } from '../gateway/sample.ts';
import { secondLogOf } from './lies.ts';

const QUANTUM = 1_000;
const BEAT = 2_000;
const NODE_TOKEN = 't'.repeat(43);

export const CUSTODIAN = codeOf('civil');
export const ACCESSOR = codeOf('service');
export const AUDITOR = codeOf('witness');
export const ORIGIN: Origin = parseOrigin(`${sample.consortium}/${CUSTODIAN}/access`);
export const LOG_ID = encodeHex(logIdOf(ORIGIN));

export interface AccessorPlace {
  readonly url: string;
  readonly accessUrl: string;
  /** Where persons ask for copies. */
  readonly personUrl: string;
  readonly tokensFile: string;
}

export class CustodyStage {
  readonly ground: Ground;
  provider!: Provider;
  nodeUrl = '';
  dataUrl = '';
  accessor!: AccessorPlace;
  deskFile = '';

  private constructor(ground: Ground) {
    this.ground = ground;
  }

  static async start(): Promise<CustodyStage> {
    const stage = new CustodyStage(await Ground.lay());
    try {
      await stage.#setUp();
    } catch (error) {
      await stage.end();
      throw error;
    }
    return stage;
  }

  async end(): Promise<void> {
    await this.provider?.close();
    await this.ground.end();
  }

  /** Under the directory that goes with the stage. */
  at(name: string): string {
    return join(this.ground.data, name);
  }

  async #setUp(): Promise<void> {
    const { ground } = this;
    const registered = encodeRegisterLog({
      owner: CUSTODIAN,
      origin: secondLogOf(ORIGIN),
      class: 'access',
      quantum: QUANTUM,
      beat: BEAT,
      promiseSpan: 180_000,
      term: null,
    });
    await (await ground.sender('civil')).send({ to: ground.chain.registry, data: registered });
    const clock = { path: ground.data, remove: async () => undefined, now: 0 };
    Object.defineProperty(clock, 'now', { get: Date.now });
    this.provider = await startProvider(clock);
    const port = await freePort();
    this.nodeUrl = `http://${HOST}:${port}`;
    await ground.startReaders([{ origin: ORIGIN, url: this.nodeUrl }]);
    await this.#startLiar(port);
    this.dataUrl = new JsonFields(await ground.startBare('data', 'samples/data-service.ts'), 'ready').string('url');
    await writeFile(this.at('node.token'), NODE_TOKEN, { mode: 0o600 });
    await this.#startAccessor(await this.#startGateway());
    await this.#writeDesk();
  }

  get #identity(): JsonObject {
    return { issuer: ISSUER, audience: AUDIENCE, jwksUri: this.provider.jwksUri };
  }

  async #startLiar(port: number): Promise<void> {
    const { ground } = this;
    const key = (type: string): string => ground.key(`civil-${type}`);
    await ground.startProgram('liar', 'test/liar/main.ts', {
      origin: ORIGIN,
      dataDir: this.at('liar'),
      port,
      chain: { ...ground.chain },
      keys: { log: key('log'), request: key('request'), vrf: [key('vrf')], records: key('records') },
      passphraseFile: ground.passphraseFile,
      accountFile: ground.account('civil'),
      tokensFile: this.at('liar.tokens.json'),
      register: { url: ground.witnessUrl },
      bodies: { directory: this.at('bodies'), secretsFile: this.at('bodies.keys') },
      identity: this.#identity,
    });
  }

  async #startGateway(): Promise<string> {
    const { ground } = this;
    await mkdir(this.at('gateway'), { mode: 0o700 });
    const ready = await ground.startProgram('gateway', 'gateway/http/main.ts', {
      custodian: CUSTODIAN,
      dataDir: this.at('gateway'),
      node: { url: this.nodeUrl, tokenFile: this.at('node.token') },
      registry: { verifiers: [ground.verifierUrl], pollMs: 500 },
      recordsKey: ground.key('civil-records'),
      passphraseFile: ground.passphraseFile,
      routes: sampleRoutes(this.dataUrl) as JsonObject[],
    });
    return new JsonFields(ready, 'ready').string('url');
  }

  async #startAccessor(gatewayUrl: string): Promise<void> {
    const { ground } = this;
    const dataDir = this.at('agent');
    await mkdir(dataDir, { mode: 0o700 });
    const tokensFile = join(dataDir, 'tokens.json');
    const matter = { matter: '样例补贴', legalBasis: '样例条例 第一条', cause: '核对申请条件', purpose: PURPOSE };
    const ready = await ground.startProgram('agent', 'gateway/agent/main.ts', {
      authority: ACCESSOR,
      dataDir,
      registry: { verifiers: [ground.verifierUrl], pollMs: 500 },
      requestKey: ground.key('service-request'),
      recordsKey: ground.key('service-records'),
      passphraseFile: ground.passphraseFile,
      tokensFile,
      access: {
        system: '业务系统',
        role: '窗口受理',
        targets: [
          { name: 'gateway', custodian: CUSTODIAN, gatewayUrl },
          // The data service itself, without a gateway before it.
          { name: 'bare', custodian: CUSTODIAN, gatewayUrl: this.dataUrl },
        ],
        matters: { benefit: matter },
        persons: { port: 0, identity: this.#identity },
      },
    });
    const told = new JsonFields(ready, 'ready');
    const [url, accessUrl, personUrl] = [told.string('url'), told.string('accessUrl'), told.string('personUrl')];
    this.accessor = { url, accessUrl, personUrl, tokensFile };
  }

  async #writeDesk(): Promise<void> {
    const { ground } = this;
    this.deskFile = await ground.writeConfig('desk', {
      requestKey: ground.key('witness-request'),
      passphraseFile: ground.passphraseFile,
      verifier: ground.verifierUrl,
      nodes: [{ origin: ORIGIN, url: this.nodeUrl, tokenFile: this.at('node.token') }],
      system: '样例审计平台',
      terminal: '审计室 1',
    });
  }
}
