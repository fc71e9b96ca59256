/**
 * A real OpenID provider with test persons, for `npm start` and for tests: whoever opens its page may sign in as any of them. It listens on
 * this machine only, and takes only a client on this machine. Never for production: there the department's own provider stands in its place.
 *
 * It gives what docs/operations.md asks of a provider: the claim `person` in ID tokens, and JWT access tokens (RFC 9068) for one custodian each,
 * asked for by resource indicator (RFC 8707), with `person` in them. Its keys are kept; who is signed in is forgotten at a restart.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Configuration, errors, type JWK, type KoaContextWithOIDC, Provider } from 'oidc-provider';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { createFileDurably, readPrivateFile } from '../../service/durable-file.ts';
import { answerInteraction } from './interaction.ts';
import { TEST_PERSONS, type TestPerson } from './persons.ts';

export interface TestProviderOptions {
  readonly dataDir: string;
  /** 0: the system's choice. */
  readonly port?: number;
  readonly persons?: readonly TestPerson[];
  /** Sign-ins may be pushed (RFC 9126). Default true. */
  readonly takesPushed?: boolean;
  /** Of access tokens. */
  readonly tokenSeconds?: number;
}

export interface TestProvider {
  readonly issuer: string;
  readonly clientId: string;
  /** The client's secret, alone in a file of its owner: what the portal's config names. */
  readonly clientSecretFile: string;
  readonly close: () => Promise<void>;
}

export const TEST_CLIENT = 'portal';
/** What an access token lets a person do at a custodian's node: ask about herself. */
const SCOPE = 'own-history';
const DEFAULT_TOKEN_SECONDS = 300;
const MAX_FILE = 1 << 16;
const LOOPBACK = /^(?:127\.0\.0\.1|localhost|\[::1\])$/;

interface Kept {
  readonly keys: JWK[];
  readonly cookieKey: string;
}

async function keep(path: string, make: () => string): Promise<string> {
  const bytes = await readPrivateFile(path, MAX_FILE).catch(async (error: unknown) => {
    if (!isCodedError(error, 'NOT_FOUND')) throw error;
    const made = encodeUtf8(make());
    await createFileDurably(path, made);
    return made;
  });
  return decodeUtf8(bytes);
}

function makeKeys(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: randomBytes(8).toString('hex') };
  return JSON.stringify({ keys: [jwk], cookieKey: randomBytes(32).toString('hex') });
}

function isLocal(address: string): boolean {
  const url = URL.parse(address);
  return url !== null && LOOPBACK.test(url.hostname);
}

/** The one client is ours: nobody is asked to consent to it. */
async function grantAll(ctx: KoaContextWithOIDC) {
  const { client, session, provider, params } = ctx.oidc;
  if (client === undefined || session?.accountId === undefined) return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid person profile offline_access');
  for (const resource of [params?.['resource']].flat()) {
    if (typeof resource === 'string') grant.addResourceScope(resource, SCOPE);
  }
  await grant.save();
  return grant;
}

function configurationOf(kept: Kept, clientSecret: string, options: TestProviderOptions): Configuration {
  const { persons = TEST_PERSONS, tokenSeconds = DEFAULT_TOKEN_SECONDS } = options;
  const personOf = (account: string) => {
    const found = persons.find((one) => one.account === account);
    return found && { class: found.class, id: found.id };
  };
  return {
    clients: [
      {
        client_id: TEST_CLIENT,
        client_secret: clientSecret,
        redirect_uris: ['http://127.0.0.1/portal/callback'],
        post_logout_redirect_uris: ['http://127.0.0.1/'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    jwks: { keys: kept.keys },
    cookies: { keys: [kept.cookieKey] },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub'], person: ['person'], profile: ['name'] },
    conformIdTokenClaims: false,
    findAccount: (_ctx, account) => {
      const found = persons.find((one) => one.account === account);
      if (found === undefined) return undefined;
      return { accountId: account, claims: () => ({ sub: account, name: found.name, person: personOf(account) }) };
    },
    extraTokenClaims: (_ctx, token) => ('accountId' in token ? { person: personOf(token.accountId) } : undefined),
    loadExistingGrant: grantAll,
    issueRefreshToken: () => true,
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    ttl: {
      AccessToken: tokenSeconds,
      IdToken: 300,
      RefreshToken: 8 * 3600,
      Session: 8 * 3600,
      Grant: 8 * 3600,
      Interaction: 600,
    },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: options.takesPushed ?? true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        getResourceServerInfo: (_ctx, resource) => {
          if (!isLocal(resource)) throw new errors.InvalidTarget();
          const jwt = { sign: { alg: 'ES256' as const } };
          return { scope: SCOPE, audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: tokenSeconds, jwt };
        },
      },
    },
  };
}

export async function startTestProvider(options: TestProviderOptions): Promise<TestProvider> {
  const { dataDir, port = 0 } = options;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const kept = JSON.parse(await keep(join(dataDir, 'keys.json'), makeKeys)) as Kept;
  const clientSecretFile = join(dataDir, 'client-secret');
  const clientSecret = await keep(clientSecretFile, () => randomBytes(32).toString('hex'));
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, configurationOf(kept, clientSecret, options));
  // The system chooses the portal's port, so the client is any page of ours on this machine.
  provider.Client.prototype.redirectUriAllowed = (uri: string) => isLocal(uri) && new URL(uri).pathname === '/portal/callback';
  provider.Client.prototype.postLogoutRedirectUriAllowed = (uri: string) => isLocal(uri) && new URL(uri).pathname === '/';
  const handle = provider.callback();
  const persons = options.persons ?? TEST_PERSONS;
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/interaction/') === true) void answerInteraction({ provider, persons, request, response });
    else void handle(request, response);
  });
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { issuer, clientId: TEST_CLIENT, clientSecretFile, close };
}
