/**
 * Who asks about herself: an access token of the identity provider, a JWT (RFC 9068) issued for this very program and for no other (RFC 8707):
 * a custodian's node, or an accessor's agent. It checks the token itself; what a portal says about who signed in counts for nothing. No word of a
 * token goes into a log or an error.
 */
import type { IncomingMessage } from 'node:http';
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from 'jose';
import { z } from 'zod';
import { isCodedError, unavailable } from '../../core/bytes/error.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import { URL_BASE } from '../config.ts';
import { HttpRefusal } from '../problem.ts';

export const IDENTITY_CONFIG = z.strictObject({
  /** As the provider's tokens name it. */
  issuer: z.string().min(1),
  jwksUri: z.url({ protocol: /^https?$/ }),
  /** This program, as portals ask for tokens to it: its address. */
  audience: URL_BASE,
});
export type IdentityConfig = z.infer<typeof IDENTITY_CONFIG>;

/** Asymmetric ones alone: whoever can check a token must not be able to make one. */
const ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'];
const TOKEN_TYPE = 'at+jwt';
const CLOCK_TOLERANCE_SECONDS = 5;
const TIMEOUT_MS = 5_000;
const COOLDOWN_MS = 10_000;
const KEYS_KEPT_MS = 600_000;
const MAX_TOKEN = 8 << 10;
const PERSON = z.strictObject({ class: z.number().int(), id: z.string().max(128) });

function refusal(detail: string): HttpRefusal {
  return new HttpRefusal(401, 'FORBIDDEN', detail, { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
}

export class PersonTokens {
  readonly #config: IdentityConfig;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  readonly #clock: () => number;

  constructor(config: IdentityConfig, clock: () => number) {
    this.#config = config;
    this.#clock = clock;
    const options = { timeoutDuration: TIMEOUT_MS, cooldownDuration: COOLDOWN_MS, cacheMaxAge: KEYS_KEPT_MS };
    this.#keys = createRemoteJWKSet(new URL(config.jwksUri), options);
  }

  /** Whose token it is. Throws FORBIDDEN (401), UNAVAILABLE when the provider's keys cannot be had. */
  async verify(request: IncomingMessage): Promise<CanonicalNumber> {
    const [, token] = /^Bearer ([A-Za-z0-9_.-]+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined || token.length > MAX_TOKEN)
      throw new HttpRefusal(401, 'FORBIDDEN', 'an access token is needed', { 'WWW-Authenticate': 'Bearer' });
    return this.#personIn(await this.#claims(token));
  }

  async #claims(token: string): Promise<JWTPayload> {
    const { issuer, audience } = this.#config;
    try {
      const { payload } = await jwtVerify(token, this.#keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        typ: TOKEN_TYPE,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(this.#clock()),
        requiredClaims: ['exp', 'iat', 'person'],
      });
      // One that is good elsewhere too could be shown here by whoever got it there.
      if (Array.isArray(payload.aud) && payload.aud.length !== 1) throw refusal('the token is for other places as well');
      return payload;
    } catch (error) {
      throw reasonOf(error);
    }
  }

  #personIn(payload: JWTPayload): CanonicalNumber {
    const parsed = PERSON.safeParse(payload['person']);
    if (!parsed.success) throw refusal('the token names no person');
    try {
      const number = normaliseNumber(parsed.data.class, parsed.data.id);
      if (number.class !== NUMBER_CLASSES.family) return number;
    } catch (error) {
      if (!isCodedError(error, 'MALFORMED')) throw error;
    }
    throw refusal('the token names a person by a number that is none');
  }
}

/** What the library says may quote the token: none of it goes on. */
function reasonOf(error: unknown): unknown {
  if (isCodedError(error)) return error;
  if (error instanceof errors.JWTExpired) return refusal('the token has expired');
  const isAboutToken =
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys;
  return isAboutToken ? refusal('the token is not one for this place') : unavailable('the identity provider does not answer');
}
