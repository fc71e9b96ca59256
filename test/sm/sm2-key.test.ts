import { describe, test } from 'node:test';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeBase64, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { decodePrivateKeyDer, decodePublicKeyDer, encodePrivateKeyDer, encodePublicKeyDer } from '../../core/sm/sm2-key.ts';
import { formatPrivateKeyPem, formatPublicKeyPem, parsePrivateKeyPem, parsePublicKeyPem } from '../../core/sm/sm2-key.ts';
import oids from '../vectors/oids.json' with { type: 'json' };
import vectors from '../vectors/sm2_sign.json' with { type: 'json' };
import { manglings } from './mangle.ts';

const KEY = parsePrivateKey(decodeHex(vectors.tests[0]!.privateKey));
const PUBLIC_KEY = publicKeyOf(KEY);
const OTHER_PUBLIC_KEY = publicKeyOf(parsePrivateKey(decodeHex(vectors.tests[2]!.privateKey)));

const asDer = (key: KeyObject, type: 'spki' | 'pkcs8'): Buffer => key.export({ format: 'der', type });
const asPem = (key: KeyObject, type: 'spki' | 'pkcs8'): string => key.export({ format: 'pem', type });
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** DER of an object identifier: base 128, the first two numbers in one. */
function encodeOid(dotted: string): string {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [40 * first! + second!, ...rest].flatMap((number) => {
    const digits = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    return digits;
  });
  return encodeHex(Uint8Array.of(6, bytes.length, ...bytes));
}

describe('SM2 key files', () => {
  test('name the algorithm and the curve by their object identifiers', () => {
    const algorithm = `3013${encodeOid(oids.oids.ec_public_key)}${encodeOid(oids.oids.sm2_curve_sm2p256v1)}`;
    expect(encodeHex(encodePublicKeyDer(PUBLIC_KEY))).to.include(algorithm);
    expect(encodeHex(encodePrivateKeyDer(KEY))).to.include(algorithm);
  });

  test('come back the same', () => {
    expect(decodePublicKeyDer(encodePublicKeyDer(PUBLIC_KEY))).to.deep.equal(PUBLIC_KEY);
    expect(parsePublicKeyPem(formatPublicKeyPem(PUBLIC_KEY))).to.deep.equal(PUBLIC_KEY);
    expect(decodePrivateKeyDer(encodePrivateKeyDer(KEY))).to.deep.equal(KEY);
    expect(parsePrivateKeyPem(formatPrivateKeyPem(KEY))).to.deep.equal(KEY);
  });

  test('are written byte for byte as OpenSSL writes them', () => {
    const privateKey = createPrivateKey(formatPrivateKeyPem(KEY));
    const publicKey = createPublicKey(privateKey);
    expect(asDer(privateKey, 'pkcs8').equals(encodePrivateKeyDer(KEY))).to.equal(true);
    expect(asPem(privateKey, 'pkcs8')).to.equal(formatPrivateKeyPem(KEY));
    expect(asDer(publicKey, 'spki').equals(encodePublicKeyDer(PUBLIC_KEY))).to.equal(true);
    expect(asPem(publicKey, 'spki')).to.equal(formatPublicKeyPem(PUBLIC_KEY));
    expect(createPublicKey(formatPublicKeyPem(PUBLIC_KEY)).equals(publicKey)).to.equal(true);
  });

  test('made by OpenSSL are read', () => {
    for (let i = 0; i < 20; i++) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'SM2' });
      const key = decodePrivateKeyDer(asDer(privateKey, 'pkcs8'));
      expect(parsePrivateKeyPem(asPem(privateKey, 'pkcs8'))).to.deep.equal(key);
      expect(decodePublicKeyDer(asDer(publicKey, 'spki'))).to.deep.equal(publicKeyOf(key));
      expect(parsePublicKeyPem(asPem(publicKey, 'spki'))).to.deep.equal(publicKeyOf(key));
    }
  });

  const publicDer = encodePublicKeyDer(PUBLIC_KEY);
  const privateDer = encodePrivateKeyDer(KEY);
  const publicPem = formatPublicKeyPem(PUBLIC_KEY);
  const privatePem = formatPrivateKeyPem(KEY);
  const forms: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ['a public key in DER', publicDer, decodePublicKeyDer],
    ['a private key in DER', privateDer, decodePrivateKeyDer],
    ['a public key in PEM', encodeUtf8(publicPem), (bytes) => parsePublicKeyPem(latin1(bytes))],
    ['a private key in PEM', encodeUtf8(privatePem), (bytes) => parsePrivateKeyPem(latin1(bytes))],
  ];
  for (const [what, form, read] of forms) {
    test(`refuses every byte of ${what} left out, doubled or incremented`, () => {
      for (const { damage, mangled } of manglings(form)) {
        expect(() => read(mangled), damage)
          .to.throw()
          .with.property('code', 'MALFORMED');
      }
    });

    test(`refuses ${what} cut short at any place`, () => {
      for (let length = 0; length < form.length; length++) {
        expect(() => read(form.subarray(0, length)), `${length} bytes`)
          .to.throw()
          .satisfy((error: unknown) => isCodedError(error, 'MALFORMED'));
      }
    });
  }

  test('refuses a private key with the public key of another', () => {
    const mixed = concatBytes(privateDer.subarray(0, -65), OTHER_PUBLIC_KEY);
    expect(() => decodePrivateKeyDer(mixed))
      .to.throw('public key of another')
      .with.property('code', 'MALFORMED');
  });

  // The curve's identifier ends in 822d; 2a8648ce3d030107 is that of P-256, as long as this one.
  const p256 = (der: Uint8Array): Uint8Array => decodeHex(encodeHex(der).replace('2a811ccf5501822d', '2a8648ce3d030107'));
  const wrong: [string, () => unknown][] = [
    ['a public key of another curve', () => decodePublicKeyDer(p256(publicDer))],
    ['a private key of another curve', () => decodePrivateKeyDer(p256(privateDer))],
    ['a private key where a public one belongs', () => decodePublicKeyDer(privateDer)],
    ['a public key where a private one belongs', () => decodePrivateKeyDer(publicDer)],
    [
      'a private key without its public key',
      () => decodePrivateKeyDer(decodeHex(`3041${encodeHex(privateDer.subarray(3, -70)).replace('046d306b', '04273025')}`)),
    ],
    [
      'a bare EC PRIVATE KEY',
      () =>
        decodePrivateKeyDer(
          decodeHex(`30770201010420${encodeHex(KEY)}a00a06082a811ccf5501822da144034200${encodeHex(PUBLIC_KEY)}`),
        ),
    ],
    [
      'the private key n − 1',
      () =>
        decodePrivateKeyDer(
          decodeHex(
            encodeHex(privateDer).replace(encodeHex(KEY), 'fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122'),
          ),
        ),
    ],
    [
      'a compressed public key',
      () =>
        decodePublicKeyDer(
          decodeHex(`3039${encodeHex(publicDer.subarray(2, 23))}032200${vectors.tests[0]!.publicKeyCompressed}`),
        ),
    ],
    ['PEM with CRLF', () => parsePublicKeyPem(publicPem.replaceAll('\n', '\r\n'))],
    ['PEM without the last line feed', () => parsePublicKeyPem(publicPem.slice(0, -1))],
    ['PEM with an empty line after it', () => parsePublicKeyPem(`${publicPem}\n`)],
    ['PEM with text before it', () => parsePublicKeyPem(`key of the office\n${publicPem}`)],
    ['PEM with spaces at a line end', () => parsePublicKeyPem(publicPem.replace('\n', ' \n'))],
    [
      'PEM in one line',
      () => parsePublicKeyPem(`-----BEGIN PUBLIC KEY-----\n${encodeBase64(publicDer)}\n-----END PUBLIC KEY-----\n`),
    ],
    [
      'PEM in lines of 76',
      () =>
        parsePublicKeyPem(
          `-----BEGIN PUBLIC KEY-----\n${encodeBase64(publicDer).replace(/.{76}/, '$&\n')}\n-----END PUBLIC KEY-----\n`,
        ),
    ],
    ['PEM under another label', () => parsePublicKeyPem(publicPem.replaceAll('PUBLIC', 'EC PUBLIC'))],
    ['PEM that ends under another label', () => parsePublicKeyPem(publicPem.replace('END PUBLIC', 'END PRIVATE'))],
    ['a private key in PEM labelled as public', () => parsePublicKeyPem(privatePem.replaceAll('PRIVATE', 'PUBLIC'))],
    ['two PEM blocks', () => parsePublicKeyPem(publicPem + publicPem)],
    ['empty PEM', () => parsePublicKeyPem('')],
    ['PEM without a body', () => parsePublicKeyPem('-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n')],
    ['very long text', () => parsePrivateKeyPem('A'.repeat(1_000_000))],
  ];
  for (const [what, run] of wrong) {
    test(`refuses ${what}`, () => {
      expect(run).to.throw().with.property('code', 'MALFORMED');
    });
  }
});
