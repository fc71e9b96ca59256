import { before, describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { HttpRefusal } from '../../service/problem.ts';
import { readCallSignature, signCall, type SignedCall } from '../../service/call/http-signature.ts';
import { createSigner, type Signer } from '../../service/signer.ts';

function signerNamed(name: string): Signer {
  const privateKey = parsePrivateKey(sm3(encodeUtf8(name)));
  return createSigner({ type: 'request', privateKey, publicKey: publicKeyOf(privateKey) });
}

const signer = signerNamed('request key');
const CALL: SignedCall = {
  method: 'POST',
  targetUri: 'https://data.example/persons?x=1',
  body: encodeUtf8('{"id":"x"}'),
  request: 'eyJwYXlsb2FkIjoiIn0=',
};
const PARAMETERS = { createdAt: Date.UTC(2026, 10, 28, 1, 2, 3, 456), nonce: new Uint8Array(16).fill(7) };

let headers: Record<string, string>;
before(async () => {
  headers = await signCall(CALL, signer, PARAMETERS);
});

const isTaken = (sent: Record<string, string>, call: Omit<SignedCall, 'request'> = CALL): boolean =>
  readCallSignature(sent, call).isOf(signer.publicKey);

function expectRefused(sent: Record<string, string>, why: string, call: Omit<SignedCall, 'request'> = CALL): void {
  expect(() => readCallSignature(sent, call))
    .to.throw(HttpRefusal, why)
    .that.includes({ status: 401, code: 'FORBIDDEN' });
}

describe('a signed call', () => {
  test('is read back with key, time and nonce', () => {
    const read = readCallSignature(headers, CALL);
    expect(encodeHex(read.keyId)).to.equal(encodeHex(signer.keyId));
    expect([read.createdAt, read.nonce]).to.deep.equal([Date.UTC(2026, 10, 28, 1, 2, 3), '07'.repeat(16)]);
    expect(read.isOf(signer.publicKey)).to.equal(true);
    expect(read.isOf(signerNamed('another').publicKey)).to.equal(false);
  });

  test('may come without a request and without a body', async () => {
    const bare = { method: 'GET', targetUri: 'https://log.example/tile/0/000', body: new Uint8Array(0), request: null };
    const sent = await signCall(bare, signer, PARAMETERS);
    expect(Object.keys(sent)).not.to.include('veritrail-request');
    expect(isTaken(sent, bare)).to.equal(true);
  });

  test('has the signature base of RFC 9421 §2.5', async () => {
    const seen: string[] = [];
    const spy: Signer = { ...signer, sign: (message) => (seen.push(new TextDecoder().decode(message)), signer.sign(message)) };
    await signCall(CALL, spy, PARAMETERS);
    const parameters = headers['signature-input']!.slice('sig1='.length);
    expect(seen).to.deep.equal([
      [
        '"@method": POST',
        '"@target-uri": https://data.example/persons?x=1',
        `"content-digest": ${headers['content-digest']!}`,
        '"veritrail-request": eyJwYXlsb2FkIjoiIn0=',
        `"@signature-params": ${parameters}`,
      ].join('\n'),
    ]);
  });

  for (const [what, call] of [
    ['another method', { ...CALL, method: 'PUT' }],
    ['another target', { ...CALL, targetUri: 'https://data.example/persons?x=2' }],
  ] as const) {
    test(`does not hold for ${what}`, () => {
      expect(isTaken(headers, call)).to.equal(false);
    });
  }

  test('is refused with another body', () => {
    expectRefused(headers, 'content-digest', { ...CALL, body: encodeUtf8('{"id":"y"}') });
  });

  test('does not hold with another request, and a request that it does not cover is refused', async () => {
    expect(isTaken({ ...headers, 'veritrail-request': 'AAAA' })).to.equal(false);
    const bare = await signCall({ ...CALL, request: null }, signer, PARAMETERS);
    expectRefused({ ...bare, 'veritrail-request': 'AAAA' }, 'do not fit');
    const { 'veritrail-request': _, ...without } = headers;
    expectRefused(without, 'do not fit');
  });

  for (const name of ['content-digest', 'signature-input', 'signature']) {
    test(`is refused without ${name}`, () => {
      const { [name]: _, ...without } = headers;
      expectRefused(without, `${name} is missing`);
    });
  }

  for (const [what, name, change] of [
    ['another label', 'signature-input', (text: string) => text.replace('sig1', 'sig2')],
    ['a second signature', 'signature-input', (text: string) => `${text}, sig2=${text.slice(5)}`],
    ['another algorithm', 'signature-input', (text: string) => text.replace('sm2-sm3', 'ecdsa-p256-sha256')],
    ['parameters in another order', 'signature-input', (text: string) => text.replace(/(;created=\d+)(;keyid="\w+")/, '$2$1')],
    ['fewer components', 'signature-input', (text: string) => text.replace(' "content-digest"', '')],
    ['a time with a leading zero', 'signature-input', (text: string) => text.replace('created=', 'created=0')],
    ['a key id in upper case', 'signature-input', (text: string) => text.replace(/keyid="(\w+)"/, (all) => all.toUpperCase())],
    ['a short signature', 'signature', () => 'sig1=:AAAA:'],
    ['a signature of zeros', 'signature', () => `sig1=:${'A'.repeat(86)}==:`],
    ['unused bits that are not zero', 'signature', (text: string) => text.replace(/.==:$/, 'B==:')],
  ] as const) {
    test(`is refused, or does not hold, with ${what}`, () => {
      const sent = { ...headers, [name]: change(headers[name]!) };
      try {
        expect(isTaken(sent)).to.equal(false);
      } catch (error) {
        expect(error).to.be.instanceOf(HttpRefusal);
      }
    });
  }

  test('whatever one changes in its headers, it is refused or does not hold', () => {
    const place = fc.record({
      name: fc.constantFrom(...Object.keys(headers)),
      at: fc.nat(),
      to: fc.integer({ min: 32, max: 126 }),
    });
    fc.assert(
      fc.property(place, ({ name, at, to }) => {
        const text = headers[name]!;
        const i = at % text.length;
        const changed = text.slice(0, i) + String.fromCharCode(to) + text.slice(i + 1);
        if (changed === text) return;
        try {
          const read = readCallSignature({ ...headers, [name]: changed }, CALL);
          const isSameKey = encodeHex(read.keyId) === encodeHex(signer.keyId);
          expect(isSameKey && read.isOf(signer.publicKey)).to.equal(false);
        } catch (error) {
          expect(error).to.be.instanceOf(HttpRefusal);
        }
      }),
      { numRuns: 500 },
    );
  });
});
