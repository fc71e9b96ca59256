/** The tail against exact fractions, and where numbers become very small or very large. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import fc from 'fast-check';
import { type Draw, expectedMet, logChanceOf, logFactorial } from '../../core/leak/chance.ts';

function choose(n: number, k: number): bigint {
  if (k < 0 || k > n) return 0n;
  let value = 1n;
  for (let i = 0; i < k; i++) value = (value * BigInt(n - i)) / BigInt(i + 1);
  return value;
}

/** By definition. */
function exactTail({ population, marked, drawn, met }: Draw): number {
  let ways = 0n;
  for (let i = met; i <= Math.min(marked, drawn); i++) ways += choose(marked, i) * choose(population - marked, drawn - i);
  const all = choose(population, drawn);
  return Math.log10(Number((ways * 10n ** 30n) / all)) - 30;
}

const draws = fc
  .tuple(fc.nat(60), fc.nat(60), fc.nat(60))
  .map(([a, b, c]) => [a, b, c].toSorted((x, y) => y - x) as [number, number, number])
  .chain(([population, marked, drawn]) =>
    fc.tuple(fc.constant({ population, marked, drawn }), fc.nat(Math.min(marked, drawn)), fc.boolean()),
  )
  .map(([{ population, marked, drawn }, met, isSwapped]) =>
    isSwapped ? { population, marked: drawn, drawn: marked, met } : { population, marked, drawn, met },
  );

describe('the chance to meet as many', () => {
  test('is that of the definition', () => {
    fc.assert(
      fc.property(draws, (draw) => {
        const want = exactTail(draw);
        if (Number.isFinite(want) && want > -25) expect(logChanceOf(draw)).to.be.closeTo(want, 1e-9);
      }),
      { numRuns: 2000 },
    );
  });

  test('never falls with fewer met, and is certain for none', () => {
    fc.assert(
      fc.property(draws, (draw) => {
        expect(logChanceOf({ ...draw, met: 0 })).to.equal(0);
        if (draw.met > 0) expect(logChanceOf(draw)).to.be.at.most(logChanceOf({ ...draw, met: draw.met - 1 }) + 1e-12);
      }),
    );
  });

  test('stays a number where no floating point number is that small', () => {
    const all = { population: 50_000_000, marked: 10_000, drawn: 10_000, met: 10_000 };
    // 1 ÷ C(M, K), factor by factor.
    let want = 0;
    for (let i = 0; i < 10_000; i++) want -= Math.log10((50_000_000 - i) / (i + 1));
    expect(logChanceOf(all)).to.be.closeTo(want, 1e-6);
    expect(logChanceOf(all)).to.be.below(-40_000);
    expect(logChanceOf({ ...all, met: 3 })).to.be.above(-1);
    // About K · n ÷ M.
    expect(logChanceOf({ population: 2 ** 53 - 1, marked: 1000, drawn: 1000, met: 1 })).to.be.closeTo(
      6 - 53 * Math.log10(2),
      1e-6,
    );
  });

  test('of what cannot be is none, of what must be is certain', () => {
    expect(logChanceOf({ population: 10, marked: 3, drawn: 5, met: 4 })).to.equal(-Infinity);
    expect(logChanceOf({ population: 10, marked: 8, drawn: 7, met: 5 })).to.equal(0);
    expect(logChanceOf({ population: 10, marked: 10, drawn: 10, met: 10 })).to.equal(0);
    expect(expectedMet({ population: 0, marked: 0, drawn: 0, met: 0 })).to.equal(0);
    expect(expectedMet({ population: 200, marked: 50, drawn: 8, met: 1 })).to.equal(2);
  });

  test('has logarithms of factorials right to 13 digits on both sides of where the series begins', () => {
    let exact = 0;
    for (let n = 1; n <= 5000; n++) {
      exact += Math.log(n);
      expect(Math.abs(logFactorial(n) - exact) / Math.max(1, exact)).to.be.below(1e-13);
    }
  });
});
