/**
 * The curve arithmetic of the SM2 contract where sums of points meet, cancel and vanish. With a digest that the test chooses, every
 * pair of scalars becomes a signature: s·G + t·Q = (x, y) is right exactly if r = t - s holds for e = r - x and for no other e.
 */
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes } from '../../core/bytes/bytes.ts';
import { addGeneratorMultiple, addMultiple, affineOf, decodeBigint, encodeBigint } from '../../core/sm/sm2-curve.ts';
import { B, INFINITY, invert, modulo, N, P, tableOf, type Point } from '../../core/sm/sm2-curve.ts';
import { answersFor, deployLibraries, seededBytes, type Libraries } from './libraries.ts';

let world: Libraries;
before(async () => {
  world = await deployLibraries();
});
after(() => world.close());

/** One question: the scalars of G and Q, and e. */
interface Question {
  readonly q: { readonly x: bigint; readonly y: bigint };
  readonly s: bigint;
  readonly t: bigint;
  readonly e: bigint;
}

/** Stands behind e in the message: the contract's memory then holds no zeros where the table will be. */
const FILLER = new Uint8Array(1200).fill(0xff);

const isAccepted = ({ q, s, t, e }: Question): Promise<boolean> =>
  world.sm2OfChosenDigest.isSignature(
    q.x,
    q.y,
    concatBytes(encodeBigint(e), FILLER),
    concatBytes(encodeBigint(modulo(t - s, N)), encodeBigint(s)),
  );

const seededScalar = (seed: string): bigint => (decodeBigint(seededBytes(seed, 32)) % (N - 1n)) + 1n;
const multipleOfG = (scalar: bigint): Point => addGeneratorMultiple(INFINITY, scalar);
const inverse = (value: bigint): bigint => invert(value, N);

/** 128 pairs of bits from the top, the given ones again and again. */
const repeated = (...pairs: number[]): bigint =>
  Array.from({ length: 128 }, (_, i) => BigInt(pairs[i % pairs.length]!)).reduce((value, pair) => 4n * value + pair, 0n);

/** What a multiple of G is added to on the way, by the scalars alone. */
type Meeting = 'infinity' | 'itself' | 'its opposite' | 'another point';
const meetings = new Map<string, number>();

function meet(where: 'table' | 'sum', at: bigint, added: bigint): bigint {
  const opposite = modulo(-added, N);
  const other: Meeting = at === 0n ? 'infinity' : at === added ? 'itself' : at === opposite ? 'its opposite' : 'another point';
  meetings.set(`${where}: ${other}`, (meetings.get(`${where}: ${other}`) ?? 0) + 1);
  return modulo(at + added, N);
}

/** Walks as the contract does, with Q = d·G, and counts what meets what. */
function walk(d: bigint, s: bigint, t: bigint): bigint {
  for (let j = 1n; j < 4n; j++) {
    if (j > 1n) meet('table', modulo((j - 1n) * d, N), d);
    for (let i = 1n; i < 4n; i++) meet('table', modulo(j * d + i - 1n, N), 1n);
  }
  let sum = 0n;
  for (let bit = 254n; bit >= 0n; bit -= 2n) {
    const entry = modulo(((s >> bit) & 3n) + ((t >> bit) & 3n) * d, N);
    sum = modulo(4n * sum, N);
    if (entry !== 0n) sum = meet('sum', sum, entry);
  }
  return sum;
}

describe('sums of multiples on chain', () => {
  const fractions = [inverse(2n), inverse(3n), 2n * inverse(3n), 3n * inverse(2n), inverse(4n), inverse(5n)];
  const weakKeys = [
    ...Array.from({ length: 12 }, (_, i) => BigInt(i + 1)),
    ...Array.from({ length: 16 }, (_, i) => 1n << BigInt(16 * i + 4)),
    ...Array.from({ length: 4 }, (_, i) => (1n << BigInt(64 * i + 2)) + 1n),
    ...fractions.map((fraction) => fraction % N),
  ].flatMap((d) => [d, N - d]);
  const small = [1n, 2n, 3n, 4n, 5n, 16n, N - 1n, N - 2n].flatMap((s) =>
    [1n, 2n, 3n, 4n, 12n, 17n, N - 1n].map((t): [s: bigint, t: bigint] => [s, t]),
  );
  /** Scalars whose first pairs of bits are these. */
  const startingWith = (s: [number, number], t: [number, number]): [s: bigint, t: bigint] => {
    const rest = (1n << 252n) - 1n;
    const start = ([first, second]: [number, number]): bigint => BigInt(4 * first + second) << 252n;
    return [start(s) + (seededScalar(`s ${start(s)}`) & rest), start(t) + (seededScalar(`t ${start(t)}`) & rest)];
  };
  const patterns: [s: bigint, t: bigint][] = [
    startingWith([1, 0], [0, 1]),
    startingWith([1, 1], [0, 1]),
    startingWith([2, 3], [0, 1]),
    startingWith([1, 2], [0, 2]),
    startingWith([0, 2], [1, 3]),
    startingWith([3, 0], [0, 3]),
    [repeated(1), repeated(2)],
    [repeated(1, 0), repeated(0, 1)],
    [repeated(0, 1), repeated(1, 0)],
    [repeated(0, 0, 3), repeated(3, 0, 0)],
    [repeated(1, 3), repeated(2, 1, 3)],
    [1n << 64n, 1n << 128n],
  ];

  test('are right under weak keys, whatever they meet', async () => {
    const questions: Question[] = [];
    const wanted: boolean[] = [];
    for (const [i, d] of weakKeys.entries()) {
      const q = affineOf(multipleOfG(d));
      const drawn: [bigint, bigint] = [seededScalar(`s ${i}`), seededScalar(`t ${i}`)];
      // Of the small ones a third for each key, so that each meets every kind of key.
      for (const [s, t] of [...small.filter((_, k) => k % 3 === i % 3), ...patterns, drawn]) {
        if (s === t) continue;
        const sum = walk(d, s, t);
        expect(sum).to.equal(modulo(s + t * d, N));
        const r = modulo(t - s, N);
        // Infinity has no x: as nothing else fits either, the x of whoever takes the zeros in its place.
        const e = modulo(r - (sum === 0n ? 0n : affineOf(multipleOfG(sum)).x), N);
        questions.push({ q, s, t, e }, { q, s, t, e: e + 1n });
        wanted.push(sum !== 0n, false);
      }
    }
    const answers = await answersFor(questions, isAccepted);
    for (const [i, { s, t, e, q }] of questions.entries()) {
      expect(answers[i], `s ${s} t ${t} x ${q.x} e ${e}`).to.equal(wanted[i]);
    }
    expect(wanted.filter((accepted) => accepted).length).to.be.greaterThan(1000);
  });

  test('met everything there is to meet, in the table and on the way', () => {
    for (const where of ['table', 'sum']) {
      for (const other of ['infinity', 'itself', 'its opposite', 'another point'] satisfies Meeting[]) {
        expect(meetings.get(`${where}: ${other}`) ?? 0, `${where}: ${other}`).to.be.greaterThan(8);
      }
    }
  });

  test('may vanish at every second step and go on', async () => {
    // Q = -4·G: each G, quadrupled, meets its opposite. The last pair of bits adds a G that stays.
    const q = affineOf(multipleOfG(N - 4n));
    const s = repeated(0, 1);
    const t = repeated(1, 0) - (1n << 254n);
    const e = modulo(t - s - affineOf(multipleOfG(1n)).x, N);
    expect(await isAccepted({ q, s, t, e })).to.equal(true);
    expect(await isAccepted({ q, s, t, e: e + 1n })).to.equal(false);
    // With a Q instead nothing is left.
    expect(await isAccepted({ q, s: repeated(1, 0), t: repeated(0, 1), e: modulo(repeated(0, 1) - repeated(1, 0), N) })).to.equal(
      false,
    );
  });

  test('count for nothing where t is 0, though r fits', async () => {
    for (const s of [1n, 2n, seededScalar('s')]) {
      const e = modulo(-s - affineOf(multipleOfG(s)).x, N);
      expect(await isAccepted({ q: affineOf(multipleOfG(7n)), s, t: 0n, e })).to.equal(false);
    }
  });

  test('are right under keys of which nobody knows the private one: those with a small coordinate', async () => {
    for (const q of SMALL_POINTS) {
      for (const seed of ['1', '2', '3']) {
        const [s, t] = [seededScalar(`s ${seed}`), seededScalar(`t ${seed}`)];
        const sum = affineOf(addMultiple(multipleOfG(s), tableOf({ ...q, z: 1n }, 4), t));
        const e = modulo(t - s - sum.x, N);
        expect(await isAccepted({ q, s, t, e })).to.equal(true);
        expect(await isAccepted({ q, s, t, e: e + 1n })).to.equal(false);
      }
    }
  });
});

const SMALL_POINTS = [
  { x: 0n, y: 0xfd4511e81736a60f07e88a83d6cf5a167fae6d1a9c9330e76e232e00f5cdc154n },
  { x: 1n, y: 0x9f7a091433a81e3f218f405f792355bf2aa98b5ffa95982f03870800065279a3n },
  { x: 0x9c17043effe1a805a74a9a5e70b9d659705d3242094a566dc016f49311178d1fn, y: 1n },
];

describe('the comparison of r on chain', () => {
  /** A key under which s·G + t·Q is this point. */
  function keyFor(sum: { x: bigint; y: bigint }, s: bigint, t: bigint): { x: bigint; y: bigint } {
    const table = tableOf({ ...sum, z: 1n }, 4);
    return affineOf(addMultiple(multipleOfG(modulo(-s * inverse(t), N)), table, inverse(t)));
  }

  /** The first point whose x is not below `from`: p is 3 modulo 4, so a square root is a power. */
  function pointFrom(from: bigint): { x: bigint; y: bigint } {
    for (let x = from; ; x++) {
      const square = modulo(x * x * x - 3n * x + B, P);
      const y = power(square, (P + 1n) / 4n);
      if ((y * y) % P === square) return { x, y };
    }
  }

  function power(base: bigint, exponent: bigint): bigint {
    let result = 1n;
    for (const bit of exponent.toString(2)) result = (result * result * (bit === '1' ? base : 1n)) % P;
    return result;
  }

  test('takes an x from n to p as its residue modulo n', async () => {
    for (const from of [N, N + 1000n, P - 1000n]) {
      const sum = pointFrom(from);
      expect(sum.x >= N && sum.x < P).to.equal(true);
      const [s, t] = [seededScalar(`s ${from}`), seededScalar(`t ${from}`)];
      const question = { q: keyFor(sum, s, t), s, t, e: modulo(t - s - sum.x, N) };
      expect(await isAccepted(question)).to.equal(true);
      expect(await isAccepted({ ...question, e: modulo(question.e + 1n, N) })).to.equal(false);
    }
  });

  test('takes an x that is 0, or just below n', async () => {
    for (const sum of [SMALL_POINTS[0]!, pointFrom(N - 1000n)]) {
      const [s, t] = [seededScalar(`s ${sum.x}`), seededScalar(`t ${sum.x}`)];
      expect(await isAccepted({ q: keyFor(sum, s, t), s, t, e: modulo(t - s - sum.x, N) })).to.equal(true);
    }
  });

  test('takes a digest that is n or more as its residue', async () => {
    const sum = SMALL_POINTS[1]!;
    for (const e of [0n, 5n, (1n << 256n) - 1n - N]) {
      const s = seededScalar(`s ${e}`);
      const t = modulo(s + e + sum.x, N);
      const question = { q: keyFor(sum, s, t), s, t };
      expect(await isAccepted({ ...question, e })).to.equal(true);
      expect(await isAccepted({ ...question, e: e + N })).to.equal(true);
      expect(await isAccepted({ ...question, e: e + 1n })).to.equal(false);
    }
  });
});
