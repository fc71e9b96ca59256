import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { pbkdf2Sync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { CodedError } from '../../core/bytes/error.ts';
import { canonicalJson, encodeCanonicalJson } from '../../core/bytes/json.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { isSm2Signature, parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { openSm4Gcm, sealSm4Gcm } from '../../core/sm/sm4-gcm.ts';
import { createKeyFile, openKeyFile } from '../../service/key-file.ts';
import { openSigner } from '../../service/signer.ts';

const PASSPHRASE = 'correct 马 battery';
const privateKey = parsePrivateKey(decodeHex('3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8'));
const publicKey = publicKeyOf(privateKey);
const KEY = { type: 'log', privateKey, publicKey } as const;

interface Fields {
  [name: string]: unknown;
  kdf: { name: string; rounds: number; salt: string };
  cipher: { name: string; iv: string };
  sealed: string;
  publicKey: string;
}

describe('key-file', () => {
  let directory = '';
  let path = '';
  let text = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'key-'));
    path = join(directory, 'log.key.json');
    await createKeyFile(path, PASSPHRASE, KEY);
    text = await readFile(path, 'utf8');
  });
  after(() => rm(directory, { recursive: true }));

  const fields = (): Fields => JSON.parse(text) as Fields;

  /** What opening a file with this text says: the code and the first words. */
  async function refusalOf(content: string, passphrase = PASSPHRASE, mode = 0o600): Promise<string> {
    const file = join(directory, 'changed.key.json');
    await writeFile(file, content, { mode });
    await chmod(file, mode);
    return openKeyFile(file, passphrase, 'log').then(
      () => 'opened',
      (error: unknown) => {
        if (!(error instanceof CodedError)) throw error;
        return `${error.code}: ${error.message}`;
      },
    );
  }

  /** Gives the fields the check that fits them. */
  function checked(file: Fields): string {
    const { check: _, ...others } = file;
    return JSON.stringify({ ...others, check: encodeHex(sm3(encodeCanonicalJson(others as unknown as JsonObject))) });
  }

  test('gives the key back under its passphrase', async () => {
    const opened = await openKeyFile(path, PASSPHRASE, 'log');
    expect(opened.type).to.equal('log');
    expect(opened.privateKey).to.deep.equal(privateKey);
    expect(opened.publicKey).to.deep.equal(publicKey);
  });

  test('is private, names its key and holds no secret in clear', async () => {
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(fields()).to.include({ type: 'log', publicKey: encodeHex(publicKey), keyId: encodeHex(keyIdOf(publicKey)) });
    expect(text).not.to.contain(encodeHex(privateKey)).and.not.to.contain(PASSPHRASE);
  });

  test('is what RFC 8018 and SM4-GCM by its parameters say, by OpenSSL’s PBKDF2', () => {
    const { sealed, check: _, ...clear } = fields();
    expect(clear.kdf.rounds).to.be.at.least(100_000);
    const key = pbkdf2Sync(PASSPHRASE, decodeHex(clear.kdf.salt), clear.kdf.rounds, 16, 'sm3');
    const aad = encodeCanonicalJson(clear as unknown as JsonObject);
    const opened = openSm4Gcm({ key, iv: decodeHex(clear.cipher.iv), aad, sealed: decodeHex(sealed) });
    expect(opened).to.deep.equal(new Uint8Array(privateKey));
  });

  test('takes a new salt and iv for each file', async () => {
    const second = join(directory, 'second.key.json');
    await createKeyFile(second, PASSPHRASE, KEY);
    const other = JSON.parse(await readFile(second, 'utf8')) as Fields;
    expect(other.kdf.salt).not.to.equal(fields().kdf.salt);
    expect(other.cipher.iv).not.to.equal(fields().cipher.iv);
  });

  test('takes a passphrase in either Unicode form', async () => {
    const file = join(directory, 'accent.key.json');
    await createKeyFile(file, 'pass\u00e9word', KEY);
    expect((await openKeyFile(file, 'passe\u0301word', 'log')).publicKey).to.deep.equal(publicKey);
  });

  test('tells a wrong passphrase from a damaged file', async () => {
    for (const wrong of ['', `${PASSPHRASE} `, PASSPHRASE.toUpperCase()]) {
      expect(await refusalOf(text, wrong)).to.equal('FORBIDDEN: the passphrase is wrong');
    }
    const { sealed } = fields();
    const damaged = text.replace(
      sealed,
      sealed.replace(/^./, (char) => (char === '0' ? '1' : '0')),
    );
    expect(await refusalOf(damaged)).to.equal('MALFORMED: the key file is damaged');
    expect(await refusalOf(damaged, 'wrong passphrase')).to.equal('MALFORMED: the key file is damaged');
  });

  test('is refused after any change of any byte', async () => {
    for (let offset = 0; offset < text.trimEnd().length; offset++) {
      const changed = Buffer.from(text);
      changed[offset] = (changed[offset]! + 1) % 256;
      expect(await refusalOf(changed.toString('latin1')), `offset ${offset}`).to.match(/^MALFORMED/);
    }
  });

  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    test(`is refused with mode ${mode.toString(8)}`, async () => {
      expect(await refusalOf(text, PASSPHRASE, mode)).to.match(/^FORBIDDEN: .*chmod 600/);
    });
  }

  const changes: [rule: string, change: (file: Fields) => void, want: RegExp][] = [
    ['another format', (file) => (file['format'] = 'veritrail-key-v2'), /^MALFORMED: key file\.format/],
    ['an unknown type', (file) => (file['type'] = 'root'), /^MALFORMED: key file\.type/],
    ['another type than wanted', (file) => (file['type'] = 'witness'), /^MALFORMED: the key is of another type/],
    ['too few rounds', (file) => (file.kdf.rounds = 99_999), /^MALFORMED: key file: rounds/],
    ['rounds to keep us busy', (file) => (file.kdf.rounds = 10_000_001), /^MALFORMED: key file: rounds/],
    ['rounds that are no whole number', (file) => (file.kdf.rounds = 100_000.5), /^MALFORMED: key file\.kdf\.rounds/],
    ['another derivation', (file) => (file.kdf.name = 'PBKDF2-HMAC-SHA1'), /^MALFORMED: key file\.kdf\.name/],
    ['another cipher', (file) => (file.cipher.name = 'none'), /^MALFORMED: key file\.cipher\.name/],
    ['a short salt', (file) => (file.kdf.salt = '00'), /^MALFORMED/],
    ['upper-case hex', (file) => (file.sealed = file.sealed.toUpperCase()), /^MALFORMED/],
    ['an unknown member', (file) => (file['comment'] = 'x'), /^MALFORMED: key file has unknown members/],
    ['a missing member', (file) => delete file['keyId'], /^MALFORMED: key file\.keyId is missing/],
    ['a public key off the curve', (file) => (file.publicKey = `${file.publicKey.slice(0, -2)}00`), /^MALFORMED/],
    [
      'the public key of another',
      (file) => (file.publicKey = encodeHex(publicKeyOf(parsePrivateKey(sm3())))),
      /names another key id/,
    ],
    ['another key id', (file) => (file['keyId'] = '00'.repeat(32)), /names another key id/],
    // Bound by the AAD: whoever changes them and the check gets no further.
    ['a changed salt', (file) => (file.kdf.salt = '00'.repeat(16)), /^FORBIDDEN: the passphrase is wrong/],
    ['a changed iv', (file) => (file.cipher.iv = '00'.repeat(12)), /^FORBIDDEN: the passphrase is wrong/],
  ];
  for (const [rule, change, want] of changes) {
    test(`is refused with ${rule}, though the check fits`, async () => {
      const file = fields();
      change(file);
      expect(await refusalOf(checked(file))).to.match(want);
    });
  }

  test('does not turn into a key of another type or another public key by a change that the check fits', async () => {
    const witness = join(directory, 'witness.key.json');
    await writeFile(witness, checked({ ...fields(), type: 'witness' }), { mode: 0o600 });
    const error: unknown = await openKeyFile(witness, PASSPHRASE, 'witness').catch((refusal: unknown) => refusal);
    expect(error).to.include({ code: 'FORBIDDEN' });
  });

  test('is refused when the sealed key is not the one it names', async () => {
    const { sealed: _, check: _old, ...clear } = fields();
    const key = pbkdf2Sync(PASSPHRASE, decodeHex(clear.kdf.salt), clear.kdf.rounds, 16, 'sm3');
    const aad = encodeCanonicalJson(clear as unknown as JsonObject);
    const plaintext = parsePrivateKey(sm3());
    const sealed = encodeHex(sealSm4Gcm({ key, iv: decodeHex(clear.cipher.iv), aad, plaintext }));
    expect(await refusalOf(checked({ ...clear, sealed }))).to.match(/^UNVERIFIED/);
  });

  test('is never overwritten', async () => {
    const error: unknown = await createKeyFile(path, PASSPHRASE, KEY).catch((refusal: unknown) => refusal);
    expect(error).to.include({ code: 'CONFLICT' });
    expect(await readFile(path, 'utf8')).to.equal(text);
  });

  test('is not made under a short passphrase', async () => {
    const file = join(directory, 'short.key.json');
    const error: unknown = await createKeyFile(file, '1234567', KEY).catch((refusal: unknown) => refusal);
    expect(error).to.include({ code: 'MALFORMED' });
    expect(await stat(file).catch(() => 'absent')).to.equal('absent');
  });

  test('may be spaced by an editor, but its canonical form is what it says', async () => {
    expect(text).to.equal(`${canonicalJson(fields() as unknown as JsonObject)}\n`);
    expect(await refusalOf(JSON.stringify(fields(), null, 2))).to.equal('opened');
  });

  test('gives a signer for its own use only', async () => {
    const signer = await openSigner(path, PASSPHRASE, 'log');
    const message = encodeUtf8('message');
    expect(isSm2Signature(publicKey, message, await signer.sign(message))).to.equal(true);
    expect(isSm2Signature(publicKey, encodeUtf8('messagf'), await signer.sign(message))).to.equal(false);
    expect(encodeHex(signer.keyId)).to.equal(fields()['keyId']);
    const error: unknown = await openSigner(path, PASSPHRASE, 'authority').catch((refusal: unknown) => refusal);
    expect(error).to.include({ code: 'MALFORMED' });
  });
});
