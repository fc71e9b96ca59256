import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { isSm2Signature, parsePrivateKey, parsePublicKey, parseSignature } from '../../core/sm/sm2.ts';
import { privateKeyFromRandom, publicKeyOf, signSm2, type PrivateKey } from '../../core/sm/sm2.ts';
import { decodeBigint, encodeBigint, N, P } from '../../core/sm/sm2-curve.ts';
import { decodeSignatureDer } from '../../core/sm/sm2-der.ts';
import rootChain from '../vectors/sm2_national_root_chain.json' with { type: 'json' };
import negative from '../vectors/sm2_negative.json' with { type: 'json' };
import range from '../vectors/sm2_range.json' with { type: 'json' };
import vectors from '../vectors/sm2_sign.json' with { type: 'json' };
import { answersFor, deployLibraries, seededBytes, seededInteger, type Libraries } from './libraries.ts';

let world: Libraries;
before(async () => {
  world = await deployLibraries();
});
after(() => world.close());

const MESSAGE = encodeUtf8('message digest');
const DEFAULT_ID = encodeHex(encodeUtf8('1234567812345678'));

/** What is asked: any 64 bytes as a key, any bytes as a message and as a signature. */
interface Question {
  readonly key: Uint8Array;
  readonly message: Uint8Array;
  readonly signature: Uint8Array;
}

const keyOf = (seed: string): PrivateKey => privateKeyFromRandom(seededBytes(`key ${seed}`, 40));
const coordinatesOf = (key: Uint8Array): [x: bigint, y: bigint] => [
  decodeBigint(key.subarray(0, 32)),
  decodeBigint(key.subarray(32)),
];
const onChain = ({ key, message, signature }: Question): Promise<boolean> =>
  world.sm2.isSignature(...coordinatesOf(key), message, signature);

/** What core answers; what it cannot parse is no signature. */
function inCore({ key, message, signature }: Question): boolean {
  try {
    return isSm2Signature(parsePublicKey(concatBytes(Uint8Array.of(4), key)), message, parseSignature(signature));
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return false;
    throw error;
  }
}

describe('SM2 on chain against published signatures', () => {
  const official = vectors.tests.filter(({ curve, idHex }) => curve === 'sm2p256v1' && idHex === DEFAULT_ID);
  for (const { source, msgHex, publicKeyUncompressed, sigRaw } of official) {
    test(`accepts ${source.slice(0, 60)}`, async () => {
      const key = decodeHex(publicKeyUncompressed).subarray(1);
      expect(await onChain({ key, message: decodeHex(msgHex), signature: decodeHex(sigRaw) })).to.equal(true);
    });
  }

  for (const { source, msgUtf8, publicKeyUncompressed, sigDer } of vectors.verifyOnly) {
    test(`accepts ${source}`, async () => {
      const signature = decodeSignatureDer(decodeHex(sigDer));
      const key = decodeHex(publicKeyUncompressed).subarray(1);
      expect(await onChain({ key, message: encodeUtf8(msgUtf8), signature })).to.equal(true);
    });
  }

  test('accepts the national root certificate and the authority under it', async () => {
    const root = readCertificate(rootChain.root.der);
    const authority = readCertificate(rootChain.intermediate.der);
    expect(await onChain(root)).to.equal(true);
    expect(await onChain({ ...authority, key: root.key })).to.equal(true);
    expect(await onChain(authority)).to.equal(false);
  });

  /** 30 82 L { signed part 30 82 l {…}, algorithm 14 bytes, 03 length 00 DER signature }. */
  function readCertificate(hex: string): Question {
    const der = decodeHex(hex);
    const end = 4 + 4 + new DataView(der.buffer).getUint16(6);
    const keyAt = hex.indexOf('2a811ccf5501822d03420004') / 2 + 12;
    return {
      key: der.subarray(keyAt, keyAt + 64),
      message: der.subarray(4, end),
      signature: decodeSignatureDer(der.subarray(end + 14 + 3)),
    };
  }
});

describe('SM2 on chain against known defects', () => {
  // What cannot be put to it: other forms of a key than two coordinates, of a signature than r and s of 32 bytes each.
  const asked = negative.tests.flatMap(({ tcId, comment, publicKey, idHex, msg, sig, result }) => {
    if (publicKey.length !== 130 || !publicKey.startsWith('04') || idHex !== DEFAULT_ID) return [];
    const signature = readDer(sig);
    if (signature === null) return [];
    const key = decodeHex(publicKey).subarray(1);
    return [{ name: `case ${tcId}: ${comment}`, accepted: result === 'valid', key, message: decodeHex(msg), signature }];
  });

  function readDer(der: string): Uint8Array | null {
    try {
      return decodeSignatureDer(decodeHex(der));
    } catch (error) {
      if (isCodedError(error, 'MALFORMED')) return null;
      throw error;
    }
  }

  for (const { name, accepted, ...question } of asked) {
    test(`${accepted ? 'accepts' : 'refuses'} ${name}`, async () => {
      expect(await onChain(question)).to.equal(accepted);
    });
  }

  test('all 65 cases but the 21 that are about other forms were put to it', () => {
    expect(asked.length).to.equal(44);
  });

  for (const { desc, sigRaw, want } of range.tests) {
    test(`${want === 'valid' ? 'accepts' : 'refuses'} a signature with ${desc}`, async () => {
      const key = decodeHex(range.publicKey).subarray(1);
      expect(await onChain({ key, message: decodeHex(range.msg), signature: decodeHex(sigRaw) })).to.equal(want === 'valid');
    });
  }

  test('takes no digest from outside: the pair that fits a chosen e fits neither e nor any message', async () => {
    const { e, r, s, publicKey } = negative.rawEForgery;
    const key = decodeHex(publicKey).subarray(1);
    for (const message of [decodeHex(e), MESSAGE, new Uint8Array()]) {
      expect(await onChain({ key, message, signature: decodeHex(r + s) })).to.equal(false);
    }
  });

  test('answers false, and does not revert, for every length of a signature but 64', async () => {
    const [key, signature] = [publicKeyOf(keyOf('length')).subarray(1), signSm2(keyOf('length'), MESSAGE)];
    for (const length of [0, 1, 31, 32, 33, 63, 65, 72, 96, 128, 1000]) {
      const other = concatBytes(signature, signature, new Uint8Array(872)).subarray(0, length);
      expect(await onChain({ key, message: MESSAGE, signature: other }), `${length}`).to.equal(false);
    }
    expect(await onChain({ key, message: MESSAGE, signature })).to.equal(true);
  });
});

describe('SM2 on chain beside core', () => {
  test('agrees on 700 signatures, and on each with a bit of signature, message or key flipped', async () => {
    const keys = Array.from({ length: 35 }, (_, i) => keyOf(`${i}`));
    const questions = Array.from({ length: 700 }, (_, i): Question => {
      const privateKey = keys[i % keys.length]!;
      const message = seededBytes(`message ${i}`, seededInteger(`length ${i}`, 260));
      return { key: publicKeyOf(privateKey).subarray(1), message, signature: signSm2(privateKey, message) };
    });
    const mutants = questions.flatMap((question, i) =>
      (['signature', 'message', 'key'] as const).map((part) => ({
        ...question,
        [part]: flipped(question[part], `${part} ${i}`),
      })),
    );
    const all = [...questions, ...mutants];
    const answers = await answersFor(all, onChain);
    for (const [i, question] of all.entries()) expect(answers[i], `${i}`).to.equal(inCore(question));
    expect(answers.filter((isValid) => isValid).length).to.equal(questions.length + emptyMessages(questions));
  });

  /** Without a bit to flip a message stays as it was. */
  const emptyMessages = (questions: readonly Question[]): number =>
    questions.filter(({ message }) => message.length === 0).length;

  function flipped(bytes: Uint8Array, seed: string): Uint8Array {
    const bit = seededInteger(`bit of ${seed}`, 8 * bytes.length || 1);
    return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  }

  test('agrees on messages of every length around the blocks of SM3', async () => {
    const privateKey = keyOf('blocks');
    const questions = Array.from({ length: 132 }, (_, length): Question => {
      const message = seededBytes('blocks', length);
      return { key: publicKeyOf(privateKey).subarray(1), message, signature: signSm2(privateKey, message) };
    });
    expect((await answersFor(questions, onChain)).every((isValid) => isValid)).to.equal(true);
  });

  test('accepts what the weakest keys sign, and nothing that differs by a bit', async () => {
    const small = Array.from({ length: 12 }, (_, i) => BigInt(i + 1));
    const large = Array.from({ length: 12 }, (_, i) => N - 2n - BigInt(i));
    const powers = Array.from({ length: 52 }, (_, i) => 1n << BigInt(5 * i + 1));
    const questions = [...small, ...large, ...powers].map((d): Question => {
      const privateKey = parsePrivateKey(encodeBigint(d % (N - 1n)));
      return { key: publicKeyOf(privateKey).subarray(1), message: MESSAGE, signature: signSm2(privateKey, MESSAGE) };
    });
    const mutants = questions.map((question, i) => ({ ...question, signature: flipped(question.signature, `weak ${i}`) }));
    const answers = await answersFor([...questions, ...mutants], onChain);
    expect(answers).to.deep.equal([...questions.map(() => true), ...mutants.map(() => false)]);
  });
});

describe('public keys on chain', () => {
  const key = publicKeyOf(keyOf('a key')).subarray(1);
  const [x, y] = coordinatesOf(key);
  /** Points whose small coordinate still fits 32 bytes with p added, found by solving the curve's equation. */
  const smallPoints = [
    [0n, 0xfd4511e81736a60f07e88a83d6cf5a167fae6d1a9c9330e76e232e00f5cdc154n],
    [1n, 0x9f7a091433a81e3f218f405f792355bf2aa98b5ffa95982f03870800065279a3n],
    [0x9c17043effe1a805a74a9a5e70b9d659705d3242094a566dc016f49311178d1fn, 1n],
  ] as const;
  const MAX = (1n << 256n) - 1n;

  test('are points of the curve with coordinates below p', async () => {
    for (const [a, b] of [[x, y], [x, P - y], ...smallPoints] as const) {
      expect(await world.sm2.isOnCurve(a, b), `${a}, ${b}`).to.equal(true);
    }
  });

  const wrong: [string, bigint, bigint][] = [
    ['the origin', 0n, 0n],
    ['x and y swapped', y, x],
    ['y + 1', x, y + 1n],
    ['y = 0', x, 0n],
    ['x = p', P, y],
    ['y = p', x, P],
    ['the largest coordinates', MAX, MAX],
    ...smallPoints.map(([a, b]): [string, bigint, bigint] => (a < b ? [`x = p + ${a}`, a + P, b] : [`y = p + ${b}`, a, b + P])),
  ];
  for (const [what, a, b] of wrong) {
    test(`are not: ${what}; and under that no signature holds`, async () => {
      expect(await world.sm2.isOnCurve(a, b)).to.equal(false);
      const signature = signSm2(keyOf('a key'), MESSAGE);
      expect(await world.sm2.isSignature(a, b, MESSAGE, signature)).to.equal(false);
    });
  }

  test('have the key id of core', async () => {
    for (const seed of ['a', 'b', 'c']) {
      const publicKey = publicKeyOf(keyOf(seed));
      expect(await world.sm2.keyIdOf(...coordinatesOf(publicKey.subarray(1)))).to.equal(`0x${encodeHex(keyIdOf(publicKey))}`);
    }
  });
});
