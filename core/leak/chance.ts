/**
 * How likely it is to meet at least so many by chance: the upper tail of the hypergeometric distribution, computed so that neither very small
 * probabilities nor large populations lose it.
 *
 *   P(X ≥ k),  X = marked ones among n drawn without putting back from a population of M, of which K are marked
 *
 * The first term stands in logarithms (Stirling's series), the rest follows by exact ratios of neighbours. Below the mean the lower tail is
 * summed instead, so that no sum begins with a term too small to be seen.
 */
import { invariant } from '../bytes/error.ts';

export interface Draw {
  /** M */
  readonly population: number;
  /** K */
  readonly marked: number;
  /** n */
  readonly drawn: number;
  /** k */
  readonly met: number;
}

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);
/** ln n! for small n, where the series is not good to 16 digits. */
const SMALL: readonly number[] = (() => {
  const logs = [0];
  for (let n = 1; n < 64; n++) logs.push(logs[n - 1]! + Math.log(n));
  return logs;
})();

/** What Stirling's formula lacks. */
function remainder(n: number): number {
  const inverse = 1 / n;
  const square = inverse * inverse;
  return inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
}

/** ln n!, with an error below 10⁻¹⁴ of its value. */
export function logFactorial(n: number): number {
  return n < SMALL.length ? SMALL[n]! : (n + 0.5) * Math.log(n) - n + HALF_LOG_TWO_PI + remainder(n);
}

/** ln (n! ÷ (n − k)!), without taking the difference of two large numbers. */
function logFalling(n: number, k: number): number {
  const rest = n - k;
  if (rest < SMALL.length) return logFactorial(n) - logFactorial(rest);
  return k * (Math.log(n) - 1) - (rest + 0.5) * Math.log1p(-k / n) + remainder(n) - remainder(rest);
}

function logChoose(n: number, k: number): number {
  const fewer = Math.min(k, n - k);
  return logFalling(n, fewer) - logFactorial(fewer);
}

/** n · K / M: how many are to be met by chance on average; 0 of an empty population. */
export function expectedMet({ population, marked, drawn }: Draw): number {
  return population === 0 ? 0 : (drawn * marked) / population;
}

/** log₁₀ P(X ≥ k), from −∞ to 0. */
export function logChanceOf(draw: Draw): number {
  const { population, marked, drawn, met } = draw;
  const isDraw = [population, marked, drawn, met].every((n) => Number.isSafeInteger(n) && n >= 0);
  invariant(isDraw && marked <= population && drawn <= population, 'a draw is from a population');
  const most = Math.min(marked, drawn);
  const least = Math.max(0, drawn + marked - population);
  if (met <= least) return 0;
  if (met > most) return -Infinity;
  if (met > expectedMet(draw)) return Math.min(0, tailFrom(draw, met, most, 1) / Math.LN10);
  const lower = Math.exp(tailFrom(draw, met - 1, least, -1));
  return Math.min(0, Math.log1p(-Math.min(1, lower)) / Math.LN10);
}

/** ln of the sum of the terms from `start` on to `end`, which fall all the way: the start lies beyond the mean on that side. */
function tailFrom({ population, marked, drawn }: Draw, start: number, end: number, step: 1 | -1): number {
  const first = logChoose(marked, start) + logChoose(population - marked, drawn - start) - logChoose(population, drawn);
  let term = 1;
  let sum = 1;
  for (let i = start; i !== end && term > sum * Number.EPSILON; i += step) {
    const up = (x: number): number => ((marked - x) * (drawn - x)) / ((x + 1) * (population - marked - drawn + x + 1));
    term *= step === 1 ? up(i) : 1 / up(i - 1);
    sum += term;
  }
  return first + Math.log(sum);
}
