/**
 * The OpenID provider, as one of its clients: authorization code with PKCE, state and nonce; the ID token says who signed in; access
 * tokens are fetched one for each custodian by its resource indicator (RFC 8707), so that none opens another's door.
 */
import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildAuthorizationUrlWithPAR,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ClientSecretBasic,
  type Configuration,
  discovery,
  enableNonRepudiationChecks,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
  refreshTokenGrant,
  tokenRevocation,
} from 'openid-client';
import type { CanonicalNumber } from '../../core/access/number.ts';
import { unavailable, untrusted } from '../../core/bytes/error.ts';
import { parsePerson } from './person.ts';

export interface ProviderTerms {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string;
  /** Of this portal. */
  readonly redirectUri: () => string;
  /** The custodians' nodes, by address: what access tokens may be asked for. */
  readonly resources: readonly string[];
}

/** What must come back unchanged, or nobody signs in. */
export interface SignIn {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface SignedIn {
  readonly person: CanonicalNumber;
  readonly name: string | null;
  readonly refreshToken: string;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInMs: number;
  /** The one given before is used up where the provider gives a new one. */
  readonly refreshToken: string | null;
}

const TIMEOUT_SECONDS = 8;
/** Where the provider does not say. */
const DEFAULT_TOKEN_MS = 60_000;
const MAX_NAME = 64;

/** What fetch throws when nobody answers, and when the time is over. */
function isNoAnswer(error: unknown): boolean {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  return cause instanceof TypeError || (cause instanceof DOMException && cause.name === 'TimeoutError');
}

export class IdentityProvider {
  readonly #terms: ProviderTerms;
  #known: Promise<Configuration> | null = null;

  constructor(terms: ProviderTerms) {
    this.#terms = terms;
  }

  /** Its metadata, read once; a failure is forgotten. Throws UNAVAILABLE. */
  #configuration(): Promise<Configuration> {
    this.#known ??= this.#discover().catch(() => {
      this.#known = null;
      throw unavailable('the identity provider does not answer');
    });
    return this.#known;
  }

  async #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#terms;
    const isPlain = issuer.startsWith('http:');
    // In the code flow TLS would do; the signature is checked all the same.
    const execute = [enableNonRepudiationChecks, ...(isPlain ? [allowInsecureRequests] : [])];
    const options = { execute, timeout: TIMEOUT_SECONDS };
    return discovery(new URL(issuer), clientId, undefined, ClientSecretBasic(clientSecret), options);
  }

  /** Throws UNAVAILABLE. */
  async begin(): Promise<{ readonly signIn: SignIn; readonly address: URL }> {
    const signIn = { state: randomState(), nonce: randomNonce(), codeVerifier: randomPKCECodeVerifier() };
    const parameters = new URLSearchParams({
      redirect_uri: this.#terms.redirectUri(),
      scope: this.#terms.scope,
      state: signIn.state,
      nonce: signIn.nonce,
      code_challenge: await calculatePKCECodeChallenge(signIn.codeVerifier),
      code_challenge_method: 'S256',
    });
    for (const resource of this.#terms.resources) parameters.append('resource', resource);
    // OpenID Connect Core §11.
    if (this.#terms.scope.split(' ').includes('offline_access')) parameters.set('prompt', 'consent');
    return { signIn, address: await this.#addressOf(parameters) };
  }

  /** Pushed (RFC 9126) where the provider takes it: hundreds of custodians are too long for an address, and it tells the browser's history nothing. */
  async #addressOf(parameters: URLSearchParams): Promise<URL> {
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().pushed_authorization_request_endpoint === undefined)
      return buildAuthorizationUrl(configuration, parameters);
    return buildAuthorizationUrlWithPAR(configuration, parameters).catch(() => {
      throw unavailable('the identity provider takes no sign-in');
    });
  }

  /** `query`: of the address that the browser came back to. Throws UNTRUSTED when anything does not fit, UNAVAILABLE. */
  async finish(query: string, { state, nonce, codeVerifier }: SignIn): Promise<SignedIn> {
    const configuration = await this.#configuration();
    const address = new URL(`${this.#terms.redirectUri()}?${query}`);
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true };
    // What the client library throws may hold claims and tokens: none of it goes on.
    const tokens = await authorizationCodeGrant(configuration, address, checks).catch((error: unknown) => {
      throw isNoAnswer(error) ? unavailable('the identity provider does not answer') : untrusted('the sign-in does not hold');
    });
    const claims = tokens.claims();
    if (tokens.id_token === undefined || claims === undefined) throw untrusted('the identity provider names no person');
    if (tokens.refresh_token === undefined) throw untrusted('the identity provider gives no refresh token');
    const name = typeof claims['name'] === 'string' ? claims['name'].slice(0, MAX_NAME) : null;
    return { person: parsePerson(claims['person']), name, refreshToken: tokens.refresh_token };
  }

  /** For one custodian's node. Throws UNAVAILABLE. */
  async tokenFor(resource: string, refreshToken: string): Promise<IssuedToken> {
    const configuration = await this.#configuration();
    const tokens = await refreshTokenGrant(configuration, refreshToken, { resource }).catch(() => {
      throw unavailable('the identity provider gives no access token');
    });
    const expiresInMs = tokens.expires_in === undefined ? DEFAULT_TOKEN_MS : tokens.expires_in * 1000;
    return { accessToken: tokens.access_token, expiresInMs, refreshToken: tokens.refresh_token ?? null };
  }

  /**
   * Where the browser signs out of the provider too; null where it offers no such place. The address has no `id_token_hint`: the token names
   * the person, and addresses are logged. So a provider may ask whether to sign out. Nothing that fails here keeps anybody signed in.
   */
  async end(refreshToken: string, backTo: string): Promise<URL | null> {
    try {
      const configuration = await this.#configuration();
      if (configuration.serverMetadata().revocation_endpoint !== undefined) {
        await tokenRevocation(configuration, refreshToken).catch(() => {});
      }
      if (configuration.serverMetadata().end_session_endpoint === undefined) return null;
      return buildEndSessionUrl(configuration, { post_logout_redirect_uri: backTo });
    } catch {
      return null;
    }
  }
}
