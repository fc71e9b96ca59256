/** Whose history is told: the one whose access token says so, and was made for this custodian by the provider that it trusts. */
import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { generateKeyPair, type JWTPayload } from 'jose';
import { AUDIENCE, ISSUER, residentNumber, TestCustodian } from './custodian.ts';
import { makeLogDirectory } from './fixture.ts';
import { readHistory } from './reader.ts';

const [ANNA, BERT] = [residentNumber(1), residentNumber(2)] as const;
const ANNA_CLAIM = { class: 1, id: ANNA };

describe('a person’s access token', () => {
  let custodian: TestCustodian;
  beforeEach(async () => {
    custodian = await TestCustodian.start(await makeLogDirectory());
    await custodian.event([ANNA]);
    await custodian.anchor();
  });
  afterEach(() => custodian.stop());

  const ask = (token: string) => custodian.post('/v1/history', {}, { authorization: `Bearer ${token}` });
  const seconds = () => Math.floor(custodian.directory.now / 1000);

  test('opens her own history and nobody else’s', async () => {
    const { json } = await ask(await custodian.provider.token(ANNA_CLAIM));
    expect(readHistory(custodian, ANNA, json)).to.have.lengthOf(1);
    const other = await ask(await custodian.provider.token({ class: 1, id: BERT }));
    expect(readHistory(custodian, BERT, other.json)).to.deep.equal([]);
  });

  test('may name her number as a form has it', async () => {
    const { json } = await ask(await custodian.provider.token({ class: 1, id: ` ${ANNA.toLowerCase()}` }));
    expect(readHistory(custodian, ANNA, json)).to.have.lengthOf(1);
  });

  test('is good for a few seconds of difference between clocks, and no more', async () => {
    const { provider } = custodian;
    expect((await ask(await provider.token(ANNA_CLAIM, { exp: seconds() - 3 }))).status).to.equal(200);
    expect((await ask(await provider.token(ANNA_CLAIM, { exp: seconds() - 10 }))).status).to.equal(401);
  });

  const refusals: [why: string, changes: () => JWTPayload & { alg?: string; typ?: string }][] = [
    ['another custodian', () => ({ aud: 'http://other.example' })],
    ['this custodian and another', () => ({ aud: [AUDIENCE, 'http://other.example'] })],
    ['nobody', () => ({ aud: '' })],
    ['another issuer’s clients', () => ({ iss: 'http://evil.example' })],
    ['a time that is over', () => ({ exp: seconds() - 60 })],
    ['a time to come', () => ({ nbf: seconds() + 60 })],
    ['another use, as an ID token', () => ({ typ: 'JWT' })],
  ];
  for (const [why, changes] of refusals) {
    test(`is refused when it is for ${why}`, async () => {
      const { status, text, headers } = await ask(await custodian.provider.token(ANNA_CLAIM, changes()));
      expect(status).to.equal(401);
      expect(headers.get('www-authenticate')).to.contain('Bearer');
      expect(text).not.to.contain(ANNA);
    });
  }

  const claims: [why: string, person: unknown][] = [
    ['no person', undefined],
    ['a number without its class', { id: ANNA }],
    ['a number that is none', { class: 1, id: `${ANNA.slice(0, 17)}Z` }],
    ['a licence', { class: 32, id: '11100000000013338W009.11999900MB0000001K.ABC123' }],
    ['a class that nobody knows', { class: 9, id: ANNA }],
    ['more than class and number', { ...ANNA_CLAIM, name: 'Anna' }],
  ];
  for (const [why, person] of claims) {
    test(`is refused when it names ${why}`, async () => {
      const token = await custodian.provider.token(person as never);
      const { status, text } = await ask(token);
      expect(status).to.equal(401);
      expect(text).not.to.contain(ANNA.slice(0, 17));
    });
  }

  test('is refused without a signature, under a key of its own making, and when a byte is changed', async () => {
    const good = await custodian.provider.token(ANNA_CLAIM);
    const [, payload, signature] = good.split('.') as [string, string, string];
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const none = `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.`;
    // The provider's public key, taken for a shared secret.
    const jwks = await (await fetch(custodian.provider.jwksUri)).text();
    const hs = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'k1' })}.${payload}`;
    const confused = `${hs}.${createHmac('sha256', jwks).update(hs).digest('base64url')}`;
    const { privateKey } = await generateKeyPair('ES256');
    const own = await custodian.provider.token(ANNA_CLAIM, { key: privateKey });
    const changed = `${good.slice(0, good.indexOf('.') + 10)}A${good.slice(good.indexOf('.') + 11)}`;
    const cut = `${good.split('.')[0]!}.${payload}.${signature.slice(0, -4)}`;
    for (const token of [none, confused, own, changed, cut, 'x', `${good}.${good}`])
      expect((await ask(token)).status).to.equal(401);
    expect((await custodian.post('/v1/history', {})).status).to.equal(401);
    expect((await custodian.as('officer', '/v1/history', {})).status).to.equal(401);
  });

  test('cannot be checked while the provider does not answer, which is no refusal', async () => {
    const token = await custodian.provider.token(ANNA_CLAIM);
    await custodian.restart(() => custodian.provider.close());
    expect((await ask(token)).status).to.equal(503);
    custodian.provider.close = async () => undefined;
  });

  test('does not let anybody ask without end', async () => {
    const token = await custodian.provider.token(ANNA_CLAIM);
    const answers = await Promise.all(Array.from({ length: 25 }, () => ask(token)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).to.have.lengthOf(5);
    expect(Number(refused[0]!.headers.get('retry-after'))).to.be.within(1, 60);
    expect((await ask(await custodian.provider.token({ class: 1, id: BERT }))).status).to.equal(200);
    custodian.directory.now += 60_000;
    expect((await ask(await custodian.provider.token(ANNA_CLAIM))).status).to.equal(200);
  });

  test('is of no use where another role is asked for', async () => {
    const token = await custodian.provider.token(ANNA_CLAIM, { iss: ISSUER });
    expect((await custodian.post('/v1/erasures', {}, { authorization: `Bearer ${token}` })).status).to.equal(401);
  });
});
