/** Signatures checked by others: OpenSSL inside Node, the `openssl` command and sm-crypto, each both ways. */
import { after, describe, test } from 'node:test';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, createSign, createVerify, randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import smCrypto from 'sm-crypto';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { isSm2Signature, parseSignature, privateKeyFromRandom, publicKeyOf, signSm2 } from '../../core/sm/sm2.ts';
import type { PrivateKey, PublicKey, Signature } from '../../core/sm/sm2.ts';
import { decodeSignatureDer, encodeSignatureDer } from '../../core/sm/sm2-der.ts';
import { encodePrivateKeyDer, encodePublicKeyDer, formatPrivateKeyPem, formatPublicKeyPem } from '../../core/sm/sm2-key.ts';
import { parsePrivateKeyPem, parsePublicKeyPem } from '../../core/sm/sm2-key.ts';
import vectors from '../vectors/sm2_sign.json' with { type: 'json' };

const ROUNDS = 1000;

interface Sample {
  readonly privateKey: PrivateKey;
  readonly publicKey: PublicKey;
  readonly message: Uint8Array;
  readonly signature: Signature;
  /** Names the sample when something fails. */
  readonly name: string;
}

function randomSample(): Sample {
  const privateKey = privateKeyFromRandom(randomBytes(40));
  const message = randomBytes(randomInt(0, 200));
  return {
    privateKey,
    publicKey: publicKeyOf(privateKey),
    message,
    signature: signSm2(privateKey, message),
    name: `d ${encodeHex(privateKey)} message ${encodeHex(message)}`,
  };
}

const samples = Array.from({ length: ROUNDS }, randomSample);

/** One bit of message or signature flipped. */
function mutated({ message, signature }: Sample): { message: Uint8Array; signature: Signature } {
  const bytes = Buffer.concat([signature, message]);
  const bit = randomInt(0, 8 * bytes.length);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return { message: bytes.subarray(64), signature: parseSignature(bytes.subarray(0, 64)) };
}

/** ENTL, the default id and the curve, from the published vector; only the key differs. */
const Z_HEAD = decodeHex(vectors.tests[0]!.zInputHex.slice(0, -128));
const zOf = (publicKey: PublicKey): Buffer => createHash('sm3').update(Z_HEAD).update(publicKey.subarray(1)).digest();

/**
 * OpenSSL inside Node. Only this way gives SM2 with a user id: an imported key, and Z hashed in by hand. One-shot `verify` would
 * use an empty id, and a key that Node itself generated would sign ECDSA.
 */
const openssl = {
  isSignature(publicKey: PublicKey, message: Uint8Array, signature: Signature): boolean {
    const key = createPublicKey({ key: Buffer.from(encodePublicKeyDer(publicKey)), format: 'der', type: 'spki' });
    return createVerify('sm3').update(zOf(publicKey)).update(message).verify(key, encodeSignatureDer(signature));
  },
  sign(privateKey: PrivateKey, message: Uint8Array): Signature {
    const key = createPrivateKey({ key: Buffer.from(encodePrivateKeyDer(privateKey)), format: 'der', type: 'pkcs8' });
    return decodeSignatureDer(
      createSign('sm3')
        .update(zOf(publicKeyOf(privateKey)))
        .update(message)
        .sign(key),
    );
  },
};

const smc = {
  isSignature(publicKey: PublicKey, message: Uint8Array, signature: Signature): boolean {
    return smCrypto.sm2.doVerifySignature([...message], encodeHex(signature), encodeHex(publicKey), { hash: true });
  },
  sign(privateKey: PrivateKey, message: Uint8Array): Signature {
    const publicKey = encodeHex(publicKeyOf(privateKey));
    return parseSignature(decodeHex(smCrypto.sm2.doSignature([...message], encodeHex(privateKey), { hash: true, publicKey })));
  },
};

for (const [name, other, mutants] of [
  ['OpenSSL in Node', openssl, ROUNDS],
  // It needs 17 ms for one verification.
  ['sm-crypto', smc, 50],
] as const) {
  describe(`SM2 beside ${name}`, () => {
    test(`makes ${ROUNDS} signatures that it accepts`, () => {
      for (const sample of samples) {
        expect(other.isSignature(sample.publicKey, sample.message, sample.signature), sample.name).to.equal(true);
      }
    });

    test(`accepts ${ROUNDS} signatures that it makes`, () => {
      for (const { privateKey, publicKey, message, name: sample } of samples) {
        expect(isSm2Signature(publicKey, message, other.sign(privateKey, message)), sample).to.equal(true);
      }
    });

    test('refuses, as it does, signatures and messages with one bit flipped', () => {
      for (const sample of samples.slice(0, mutants)) {
        const { message, signature } = mutated(sample);
        const why = `${sample.name} signature ${encodeHex(signature)} over ${encodeHex(message)}`;
        expect(isSm2Signature(sample.publicKey, message, signature), why).to.equal(false);
        expect(other.isSignature(sample.publicKey, message, signature), why).to.equal(false);
      }
    });

    test('refuses, as it does, a signature under the next key', () => {
      for (const [i, { message, signature, name: sample }] of samples.slice(0, 20).entries()) {
        const { publicKey } = samples[i + 1]!;
        expect(isSm2Signature(publicKey, message, signature), sample).to.equal(false);
        expect(other.isSignature(publicKey, message, signature), sample).to.equal(false);
      }
    });
  });
}

const version = spawnSync('openssl', ['version'], { encoding: 'utf8' }).stdout ?? '';
const skip = /^OpenSSL [3-9]\./.test(version) ? false : 'no openssl 3 command on this machine';

describe('SM2 beside the openssl command', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'veritrail-sm2-'));
  const file = (name: string): string => join(folder, name);
  const options = ['-rawin', '-digest', 'sm3', '-pkeyopt', 'distid:1234567812345678'];
  after(() => rmSync(folder, { recursive: true }));

  test('makes keys and signatures that it accepts', () => {
    for (const { privateKey, publicKey, message, signature, name } of samples.slice(0, 5)) {
      writeFileSync(file('public.pem'), formatPublicKeyPem(publicKey));
      writeFileSync(file('private.pem'), formatPrivateKeyPem(privateKey));
      writeFileSync(file('message'), message);
      writeFileSync(file('signature'), encodeSignatureDer(signature));
      execFileSync('openssl', ['pkey', '-in', file('private.pem'), '-check', '-noout'], { stdio: 'ignore' });
      const args = [
        'pkeyutl',
        '-verify',
        '-pubin',
        '-inkey',
        file('public.pem'),
        '-in',
        file('message'),
        '-sigfile',
        file('signature'),
      ];
      expect(spawnSync('openssl', [...args, ...options]).status, name).to.equal(0);
      writeFileSync(file('message'), Buffer.concat([message, Buffer.of(0)]));
      expect(spawnSync('openssl', [...args, ...options]).status, name).to.equal(1);
    }
  });

  test('reads the keys and accepts the signatures that it makes', () => {
    for (const { message } of samples.slice(0, 5)) {
      execFileSync('openssl', ['genpkey', '-algorithm', 'SM2', '-out', file('private.pem')], { stdio: 'ignore' });
      execFileSync('openssl', ['pkey', '-in', file('private.pem'), '-pubout', '-out', file('public.pem')]);
      const privatePem = readFileSync(file('private.pem'), 'utf8');
      const publicPem = readFileSync(file('public.pem'), 'utf8');
      const publicKey = parsePublicKeyPem(publicPem);
      expect(publicKeyOf(parsePrivateKeyPem(privatePem))).to.deep.equal(publicKey);
      expect(formatPrivateKeyPem(parsePrivateKeyPem(privatePem))).to.equal(privatePem);
      expect(formatPublicKeyPem(publicKey)).to.equal(publicPem);
      writeFileSync(file('message'), message);
      const args = ['pkeyutl', '-sign', '-inkey', file('private.pem'), '-in', file('message'), '-out', file('signature')];
      execFileSync('openssl', [...args, ...options]);
      expect(isSm2Signature(publicKey, message, decodeSignatureDer(readFileSync(file('signature')))), privatePem).to.equal(true);
    }
  });
});
