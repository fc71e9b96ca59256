/**
 * A custodian's node, and an accessor's agent, as far as a person meets it, over real HTTP: it checks the access token against the provider's keys (issuer, audience,
 * signature, time) and answers from the story. A test may stop it, make it slow or make it lie.
 */
import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AccessAnswer, formatAccessAnswer } from '../../core/access/answer.ts';
import { type CanonicalNumber, parseNumber } from '../../core/access/number.ts';
import { type AccessCopies, formatCopies } from '../../core/citizen/copies.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { AccessStory } from './story.ts';

interface TokenClaims {
  readonly iss: string;
  readonly aud: string | string[];
  readonly exp: number;
  readonly person: { readonly class: number; readonly id: string };
}

export type CopyLie = (told: AccessCopies) => AccessCopies;
export type Lie = (answer: AccessAnswer, person: CanonicalNumber) => AccessAnswer;

const HONEST: Lie = (answer) => answer;
const HONEST_COPIES: CopyLie = (told) => told;

export class TestCustodian {
  readonly code: string;
  readonly #story: () => AccessStory;
  readonly #issuer: () => string;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  mode: 'up' | 'silent' | 'cut' = 'up';
  lie: Lie = HONEST;
  copyLie: CopyLie = HONEST_COPIES;
  /** Bearer tokens as they came. */
  readonly tokens: string[] = [];
  readonly bodies: string[] = [];
  readonly refusals: string[] = [];
  url = '';

  constructor(code: string, story: () => AccessStory, issuer: () => string) {
    this.code = code;
    this.#story = story;
    this.#issuer = issuer;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Throws with why the token opens nothing here. */
  async personOf(token: string): Promise<CanonicalNumber> {
    const [head = '', payload = '', signature = ''] = token.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { typ: string; alg: string; kid: string };
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as TokenClaims;
    const { keys } = (await (await fetch(`${this.#issuer()}/jwks`)).json()) as { keys: (JsonWebKey & { kid: string })[] };
    const jwk = keys.find(({ kid }) => kid === header.kid);
    if (header.typ !== 'at+jwt' || header.alg !== 'ES256' || jwk === undefined) throw new Error('not an access token');
    const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
    if (!verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url')))
      throw new Error('signature');
    if (claims.iss !== this.#issuer()) throw new Error('issuer');
    if ([claims.aud].flat().join() !== this.url) throw new Error('audience');
    if (claims.exp * 1000 <= Date.now()) throw new Error('expired');
    return parseNumber(claims.person.class, claims.person.id);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    this.bodies.push(body);
    if (this.mode === 'silent') return;
    if (this.mode === 'cut') return void request.socket.destroy();
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    this.tokens.push(token);
    const send = (status: number, value: object): void => {
      response.writeHead(status, {
        'content-type': status === 200 || status === 201 ? 'application/json' : 'application/problem+json',
      });
      response.end(JSON.stringify(value));
    };
    try {
      const person = await this.personOf(token);
      const story = this.#story();
      if (request.url === '/v1/history') return send(200, formatAccessAnswer(this.lie(story.answer(this.code, person), person)));
      if (request.url === '/v1/person/copies') return send(200, formatCopies(this.copyLie(story.copies(this.code, person))));
      if (request.url === '/v1/promised') return send(200, story.promised(this.code, person));
      if (request.url !== '/v1/objections' || request.headers['idempotency-key'] === undefined)
        return send(404, { code: 'NOT_FOUND', detail: '' });
      const { leafHash, text } = JSON.parse(body) as { leafHash: string; text: string };
      const made = story.object(this.code, person, hashFromHex(leafHash), text);
      send(201, { entries: [{ kind: 'objection', leafHash: encodeHex(made), index: null }] });
    } catch (error) {
      this.refusals.push(error instanceof Error ? error.message : '');
      send(401, { code: 'FORBIDDEN', detail: 'the access token opens nothing here' });
    }
  }
}
