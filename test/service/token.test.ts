import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import type { CodedError } from '../../core/bytes/error.ts';
import { sendJson } from '../../service/http.ts';
import { openTokens, readToken, requireRole } from '../../service/token.ts';
import { startEdge } from './edge-fixture.ts';

const A = 'a'.repeat(43);
const B = 'b'.repeat(43);

describe('token', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'token-'));
  });
  after(() => rm(directory, { recursive: true }));

  const refusalOf = (path: string, roles = ['issuer', 'operator']): Promise<string> =>
    openTokens(path, roles).then(
      () => 'accepted',
      (error: CodedError) => error.code,
    );

  async function write(name: string, text: string, mode = 0o600): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, text);
    await chmod(path, mode);
    return path;
  }

  test('makes a private file with a random token of 32 bytes for each role, once', async () => {
    const path = join(directory, 'new.json');
    await openTokens(path, ['issuer', 'operator']);
    const text = await readFile(path, 'utf8');
    const tokens = Object.values(JSON.parse(text) as Record<string, string>);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(tokens.map((token) => Buffer.from(token, 'base64url').length)).to.deep.equal([32, 32]);
    expect(new Set(tokens).size).to.equal(2);
    await openTokens(path, ['issuer', 'operator']);
    expect(await readFile(path, 'utf8')).to.equal(text);
  });

  test('is read by whoever shows it, from its owner’s file by role or from a file that holds it alone', async () => {
    const whole = await write('whole.json', JSON.stringify({ desk: A, issuer: B }));
    expect(await readToken(whole, 'desk')).to.equal(A);
    expect(await readToken(await write('alone', `${B}\n`), 'desk')).to.equal(B);
    for (const path of [await write('other.json', JSON.stringify({ issuer: B })), await write('short', 'abc')]) {
      const error: unknown = await readToken(path, 'desk').catch((refusal: unknown) => refusal);
      expect(error).to.include({ code: 'MALFORMED' });
    }
    const open: unknown = await readToken(await write('open', A, 0o644), 'desk').catch((refusal: unknown) => refusal);
    expect(open).to.include({ code: 'FORBIDDEN' });
  });

  for (const mode of [0o640, 0o604, 0o620, 0o666, 0o610]) {
    test(`refuses a file with mode ${mode.toString(8)}`, async () => {
      const path = await write('open.json', JSON.stringify({ issuer: A, operator: B }), mode);
      expect(await refusalOf(path)).to.equal('FORBIDDEN');
    });
  }

  const files: [rule: string, text: string][] = [
    ['is not JSON', 'issuer='],
    ['lacks a role', JSON.stringify({ issuer: A })],
    ['has a role too many', JSON.stringify({ issuer: A, operator: B, root: 'c'.repeat(43) })],
    ['names other roles', JSON.stringify({ issuer: A, toString: B })],
    ['gives two roles one token', JSON.stringify({ issuer: A, operator: A })],
    ['has a short token', JSON.stringify({ issuer: A, operator: 'short' })],
    ['has a token of other characters', JSON.stringify({ issuer: A, operator: `${B} ` })],
    ['has a token that is no string', JSON.stringify({ issuer: A, operator: 1 })],
    ['names a role twice', `{"issuer":"${A}","issuer":"${B}","operator":"${B}"}`],
  ];
  for (const [rule, text] of files) {
    test(`refuses a file that ${rule}`, async () => {
      expect(await refusalOf(await write('bad.json', text))).to.equal('MALFORMED');
    });
  }

  test('lets its role in and no other', async (t) => {
    const path = await write('good.json', JSON.stringify({ issuer: A, operator: B }));
    const tokens = await openTokens(path, ['issuer', 'operator']);
    const { url, lines } = await startEdge(t, {
      routes: [
        {
          method: 'POST',
          path: '/v1/licences',
          guards: [requireRole(tokens, 'issuer')],
          handle: (_request, response) => sendJson(response, { done: true }),
        },
      ],
    });
    const post = (authorization?: string): Promise<Response> =>
      fetch(`${url}/v1/licences`, { method: 'POST', headers: authorization === undefined ? {} : { authorization } });

    expect((await post(`Bearer ${A}`)).status).to.equal(200);
    const foreign = await post(`Bearer ${B}`);
    expect([foreign.status, ((await foreign.json()) as { code: string }).code]).to.deep.equal([403, 'FORBIDDEN']);
    for (const authorization of [undefined, '', A, 'Bearer', 'Bearer ', `bearer ${A}`, `Basic ${A}`, `Bearer ${A} `.repeat(2)]) {
      const response = await post(authorization);
      expect([response.status, response.headers.get('www-authenticate')], String(authorization)).to.deep.equal([401, 'Bearer']);
      expect(await response.json()).to.include({ code: 'FORBIDDEN' });
    }
    for (const authorization of [`Bearer ${A.slice(1)}`, `Bearer ${A}a`, 'Bearer x', `Bearer ${A.toUpperCase()}`]) {
      const response = await post(authorization);
      expect([response.status, response.headers.get('www-authenticate')]).to.deep.equal([401, 'Bearer error="invalid_token"']);
    }
    expect(lines.join('')).not.to.contain(A).and.not.to.contain(B);
  });
});
