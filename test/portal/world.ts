/** All that a person meets: the test provider, a verifier and custodians made of a story, and the real portal in front, over real HTTP. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { formatRegistryFacts } from '../../core/authority/facts-json.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { formatAnchorClaim, formatLookupAnswer } from '../../core/verify/lookup.ts';
import { formatSignedTrust } from '../../core/verify/trust.ts';
import type { PortalConfig } from '../../portal/config.ts';
import { startPortal } from '../../portal/program.ts';
import { startTestProvider, type TestProvider } from '../../scripts/test-provider/provider.ts';
import type { Running } from '../../service/lifecycle.ts';
import { createLogger } from '../../service/logger.ts';
import { TestCustodian } from './custodian.ts';
import { DAY, INSURANCE, POLICE, SERVICE } from './access-log.ts';
import { anchorsIn, standingIn } from './honest-verifier.ts';
import { sampleStory } from './sample-story.ts';
import { type AccessStory } from './story.ts';

export interface WorldOptions {
  readonly story?: AccessStory;
  readonly webDir?: string | null;
  readonly tokenSeconds?: number;
  readonly custodianTimeoutMs?: number;
}

export class PortalWorld {
  story: AccessStory;
  readonly #options: WorldOptions;
  readonly #expiresAt = Date.now() + 30 * DAY;
  readonly #server = createServer((request, response) => this.#answer(request, response));
  #dir = '';
  #running!: Running;
  provider!: TestProvider;
  readonly police: TestCustodian;
  readonly insurance: TestCustodian;
  /** An accessor's agent. */
  readonly service: TestCustodian;
  verifierMode: 'up' | 'cut' = 'up';
  /** Paths with queries, as the verifier got them. */
  readonly asked: string[] = [];
  /** What the portal logged. */
  logged = '';
  url = '';

  constructor(options: WorldOptions = {}) {
    this.#options = options;
    this.story = options.story ?? sampleStory();
    const issuer = (): string => this.provider.issuer;
    this.police = new TestCustodian(POLICE, () => this.story, issuer);
    this.insurance = new TestCustodian(INSURANCE, () => this.story, issuer);
    this.service = new TestCustodian(SERVICE, () => this.story, issuer);
  }

  get dir(): string {
    return this.#dir;
  }

  async open(): Promise<void> {
    this.#dir = await mkdtemp(join(tmpdir(), 'veritrail-portal-'));
    const { tokenSeconds, webDir = null, custodianTimeoutMs = 1500 } = this.#options;
    this.provider = await startTestProvider({
      dataDir: join(this.#dir, 'identity'),
      ...(tokenSeconds !== undefined && { tokenSeconds }),
    });
    await Promise.all([this.police.listen(), this.insurance.listen(), this.service.listen()]);
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { issuer, clientId, clientSecretFile } = this.provider;
    const verifier = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    const config: PortalConfig = {
      dataDir: join(this.#dir, 'portal'),
      host: '127.0.0.1',
      port: 0,
      url: null,
      verifier,
      identity: { issuer, clientId, clientSecretFile, scope: 'openid person profile own-history' },
      logs: [
        ...[this.police, this.insurance].map(({ code, url }) => ({ origin: this.story.log(code).origin, url })),
        ...this.story.logs.filter(({ origin }) => origin.endsWith('/seals')).map(({ origin }) => ({ origin, url: verifier })),
      ],
      accessors: [{ authority: SERVICE, url: this.service.url }],
      custodianTimeoutMs,
      notices: null,
      webDir,
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

  async close(): Promise<void> {
    await this.#running.close();
    this.#server.closeAllConnections();
    this.#server.close();
    await Promise.all([this.police.close(), this.insurance.close(), this.service.close(), this.provider.close()]);
    await rm(this.#dir, { recursive: true });
  }

  /** A test may make the node of the seals log lie. */
  sealsAnswer = (story: AccessStory): JsonValue => {
    const log = story.logs.find(({ origin }) => origin.endsWith('/seals'))!;
    const entries = log.rows.map(({ bytes }) => Buffer.from(bytes));
    return { checkpoint: log.held.at(-1)!.note, entries: Buffer.concat(entries).toString('base64') };
  };

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { url = '' } = request;
    this.asked.push(url);
    if (this.verifierMode === 'cut') return void request.socket.destroy();
    const [status, value] = this.#told(new URL(url, 'http://verifier'));
    response.writeHead(status, { 'content-type': status === 200 ? 'application/json' : 'application/problem+json' });
    response.end(JSON.stringify(value));
  }

  #told({ pathname, searchParams }: URL): [status: number, value: JsonValue] {
    const { story } = this;
    // As the seals log's own node would.
    if (pathname === '/v1/seals') return [200, this.sealsAnswer(story)];
    if (pathname === '/livez') return [200, { live: true }];
    if (pathname === '/trust.json') return [200, formatSignedTrust(story.signTrust(story.trust({ expiresAt: this.#expiresAt })))];
    if (pathname === '/v1/authorities') return [200, { polledMsAgo: 100, facts: formatRegistryFacts(story.facts) }];
    const [, hex = '', what] = /^\/v1\/logs\/([0-9a-f]{64})\/(standing|anchors)$/.exec(pathname) ?? [];
    const number = (name: string): number | null => (searchParams.has(name) ? Number(searchParams.get(name)) : null);
    try {
      if (what === 'standing') {
        return [
          200,
          formatLookupAnswer({
            logs: [standingIn(story, hashFromHex(hex), number('size'), number('time'))],
            present: [],
            absent: [],
          }),
        ];
      }
      const claims = anchorsIn(story, hashFromHex(hex), number('from')!, number('to')!);
      return [200, { anchors: claims.map(formatAnchorClaim) }];
    } catch (error) {
      if (!isCodedError(error)) throw error;
      return [404, { code: error.code, detail: '' }];
    }
  }
}
