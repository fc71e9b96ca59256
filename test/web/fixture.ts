/**
 * A verifier made of the in-memory consortium, over real HTTP: it serves the built pages and answers their look-ups. A test may
 * stop it, make it old, or alter what it says on the way; all requests are kept.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { isCodedError } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { formatRegistryFacts } from '../../core/authority/facts-json.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { formatLookupAnswer, parseLookupQuestion } from '../../core/verify/lookup.ts';
import { formatSignedTrust, type Trust } from '../../core/verify/trust.ts';
import { Story } from '../verify/story.ts';

export interface SampleFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
  readonly digest: Hash;
}

/** Bytes that differ for every name and look like nothing. */
export function fileNamed(name: string, length = 100_000): SampleFile {
  const buffer = Buffer.alloc(length);
  let block: Uint8Array = sm3(Buffer.from(name));
  for (let offset = 0; offset < length; offset += 32, block = sm3(block)) buffer.set(block.subarray(0, length - offset), offset);
  return { name, mimeType: 'application/ofd', buffer, digest: sm3(buffer) };
}

export function changedByte(file: SampleFile): SampleFile {
  const buffer = Buffer.from(file.buffer);
  buffer[buffer.length >> 1]! ^= 1;
  return { ...file, buffer, digest: sm3(buffer) };
}

export const FILES = {
  valid: fileNamed('采矿许可证.ofd'),
  revoked: fileNamed('采矿许可证（已吊销）.ofd'),
  contested: fileNamed('勘查许可证.ofd'),
  unknown: fileNamed('未存证.ofd'),
};

const FIELDS = {
  ZZMC: '采矿许可证',
  ZZBH: 'C9900002026012110000001',
  ZZBFRQ: '2026-01-06',
  KZ_KSMC: '样例市青石岭石灰岩矿',
};

/** Five whole years at UTC+8. */
const TERM = { validFrom: Date.UTC(2025, 11, 31, 16), validTo: Date.UTC(2030, 11, 31, 16) - 1 };

/** All that the tests ask about, issued within the last two minutes. */
export function sampleStory(): Story {
  const story = new Story();
  story.clock = Date.now() - 120_000;
  story.anchor();
  story.anchor(story.outsider);
  story.issue({ files: [FILES.valid.digest], fields: FIELDS, ...TERM });
  story.issue({ serial: 'C5300002012', files: [FILES.revoked.digest], fields: FIELDS, ...TERM });
  story.issue({ serial: 'C5300002013', files: [FILES.contested.digest], fields: { ...FIELDS, ZZMC: '勘查许可证' } });
  story.issue({ serial: 'C5300002013', files: [FILES.contested.digest] }, story.outsider);
  story.anchor();
  story.anchor(story.outsider);
  story.act('revoke', 'C5300002012');
  story.anchor();
  return story;
}

export type Alter = (path: string, value: JsonValue) => JsonValue;

export interface Kept {
  readonly method: string;
  readonly url: string;
  readonly headers: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'";

export class SampleVerifier {
  story: Story;
  readonly requests: Kept[] = [];
  /** `silent` takes questions and never answers; `cut` hangs up. Pages are served all the same. */
  mode: 'up' | 'silent' | 'cut' = 'up';
  polledMsAgo = 100;
  trustChanges: Partial<Trust> = {};
  alter: Alter = (_, value) => value;
  /** Fixed: a trust file of one version has one content. */
  readonly #expiresAt = Date.now() + 30 * 86_400_000;
  readonly #pages: string;
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  url = '';

  constructor(pages: string, story = sampleStory()) {
    this.#pages = pages;
    this.story = story;
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

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const { method = '', url = '' } = request;
    this.requests.push({ method, url, headers: JSON.stringify(request.headers), body });
    const path = new URL(url, 'http://verifier').pathname;
    if (path !== '/trust.json' && !path.startsWith('/v1/')) return this.#page(path, response);
    if (this.mode === 'silent') return;
    if (this.mode === 'cut') return void request.socket.destroy();
    const [status, value] = await this.#told(path, body);
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(this.alter(path, value)));
  }

  async #page(path: string, response: ServerResponse): Promise<void> {
    const file = path === '/' ? '/index.html' : path;
    try {
      const bytes = await readFile(join(this.#pages, file));
      response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? '', 'Content-Security-Policy': POLICY });
      response.end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  }

  async #told(path: string, body: Buffer): Promise<[status: number, value: JsonValue]> {
    const { story, polledMsAgo } = this;
    if (path === '/trust.json') {
      const trust = story.trust({ expiresAt: this.#expiresAt, ...this.trustChanges });
      return [200, formatSignedTrust(story.signTrust(trust))];
    }
    if (path === '/v1/authorities') return [200, { polledMsAgo, facts: formatRegistryFacts(story.facts) }];
    try {
      const answer = await story.lookUp(parseLookupQuestion(parseJson(body)));
      return [200, formatLookupAnswer({ ...answer, logs: answer.logs.map((log) => ({ ...log, polledMsAgo })) })];
    } catch (error) {
      if (!isCodedError(error)) throw error;
      return [error.code === 'CONFLICT' ? 409 : 404, { code: error.code }];
    }
  }
}
