/** Ranking in simulated worlds: it finds the leaker through noise, accuses nobody by chance, and says when the records cannot tell. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { rankReaders, type Ranking, type Reading } from '../../core/leak/ranking.ts';

/** Reproducible: mulberry32. */
class Dice {
  #state: number;
  constructor(seed: number) {
    this.#state = seed;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  /** `n` different ones below `max`. */
  some(n: number, max: number): number[] {
    const chosen = new Set<number>();
    while (chosen.size < n) chosen.add(this.below(max));
    return [...chosen];
  }
}

const who = (i: number): string => `log ${i.toString(16).padStart(20, '0')}`;
const SPAN = { from: 0, to: 1_000_000 };

interface Simulated {
  readonly readings: Reading[];
  readonly dice: Dice;
  readonly persons: number;
}

/** 3 authorities, 40 operators, each with a volume of its own, drawn from everybody; one reads ten times as much as the others. */
function world(seed: number, persons = 4000): Simulated {
  const dice = new Dice(seed);
  const readings: Reading[] = [];
  for (let operator = 0; operator < 40; operator++) {
    const volume = operator === 0 ? 1500 : 20 + dice.below(180);
    for (const person of dice.some(volume, persons)) add(readings, operator, person, dice.below(1_000_000));
  }
  return { readings, dice, persons };
}

function add(readings: Reading[], operator: number, person: number, readAt: number): void {
  const leafHash = readings.length.toString(16).padStart(64, '0');
  readings.push({ leafHash, accessor: `A${operator % 3}`, operator: `O${operator}`, subject: who(person), readAt, inCase: null });
}

const rank = (readings: readonly Reading[], sample: readonly string[]): Ranking =>
  rankReaders({ readings, sample: new Set(sample), sampleSize: sample.length, ...SPAN });

describe('a ranking', () => {
  test('finds the one who read what leaked, though half of the sample comes from elsewhere and somebody reads nearly everybody', () => {
    let found = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const { readings, dice, persons } = world(seed);
      const leaker = 1 + dice.below(39);
      const own = [...new Set(readings.filter(({ operator }) => operator === `O${leaker}`).map(({ subject }) => subject))];
      const leaked = own.slice(0, Math.min(own.length, 15));
      const noise = dice.some(15, persons).map(who);
      const { operatorFinding, operators } = rank(readings, [...leaked, ...noise]);
      if (operatorFinding === 'one' && operators[0]!.operator === `O${leaker}`) found++;
    }
    expect(found).to.be.at.least(97);
  });

  test('accuses nobody where the sample has nothing to do with who read: “cannot tell” in 99 of 100 worlds', () => {
    let accused = 0;
    for (let seed = 1001; seed <= 1200; seed++) {
      const { readings, dice, persons } = world(seed);
      const { operatorFinding, accessorFinding } = rank(readings, dice.some(40, persons).map(who));
      if (operatorFinding !== 'none' || accessorFinding !== 'none') accused++;
    }
    expect(accused).to.be.at.most(2);
  });

  test('says that several fit where two read the same', () => {
    const { readings } = world(7);
    for (let person = 0; person < 30; person++) for (const operator of [50, 51]) add(readings, operator, 4000 + person, person);
    const sample = Array.from({ length: 30 }, (_, i) => who(4000 + i));
    const { operatorFinding, operators } = rank(readings, sample);
    expect(operatorFinding).to.equal('several');
    expect(operators.slice(0, 2).map(({ operator }) => operator)).to.have.members(['O50', 'O51']);
  });

  test('does not put whoever reads everybody above whoever read little but just this', () => {
    const readings: Reading[] = [];
    for (let person = 0; person < 1000; person++) add(readings, 0, person, person);
    for (let person = 0; person < 20; person++) add(readings, 1, 50 * person, person);
    for (let operator = 2; operator < 10; operator++)
      for (let i = 0; i < 40; i++) add(readings, operator, (operator * 97 + i * 13) % 1000, i);
    const { operators } = rank(
      readings,
      Array.from({ length: 20 }, (_, i) => who(50 * i)),
    );
    expect(operators[0]).to.include({ operator: 'O1', met: 20, read: 20, standsOut: true });
    // It could have, and is named: its reading says nothing either way.
    expect(operators.find(({ operator }) => operator === 'O0')).to.include({
      met: 20,
      read: 1000,
      logChance: 0,
      standsOut: false,
    });
  });

  test('compares what was looked up in cases with nobody, and lists it by itself', () => {
    const { readings } = world(8);
    const own = [...new Set(readings.filter(({ operator }) => operator === 'O5').map(({ subject }) => subject))];
    const sample = own.slice(0, 15);
    const alone = rank(readings, sample);
    const lookedUp = (inCase: string, subjects: readonly string[]): Reading[] =>
      subjects.map((subject, i) => ({
        leafHash: `${inCase} ${i}`,
        accessor: 'A1',
        operator: 'O7',
        subject,
        readAt: i,
        inCase,
      }));
    const { lookUps, ...compared } = rank(
      [...readings, ...lookedUp('case 1', sample), ...lookedUp('case 2', [...sample.slice(0, 3), who(9999)])],
      sample,
    );
    expect({ ...compared, lookUps: [] }).to.deep.equal(alone);
    expect(lookUps.map(({ operator, case: number, met, read }) => [operator, number, met, read])).to.deep.equal([
      ['O7', 'case 1', 15, 15],
      ['O7', 'case 2', 3, 4],
    ]);
    expect(lookUps[1]!.leafHashes).to.deep.equal(['case 2 0', 'case 2 1', 'case 2 2']);
    expect(rank([...readings, ...lookedUp('case 3', [who(9999)])], sample).lookUps).to.deep.equal([]);
  });

  test('tells nothing of two coincidences, of a sample nobody read, or of no entries at all', () => {
    const { readings } = world(9);
    add(readings, 60, 5000, 1);
    add(readings, 60, 5001, 2);
    expect(rank(readings, [who(5000), who(5001)]).operatorFinding).to.equal('none');
    const unread = rank(readings, [who(9999)]);
    expect([unread.operatorFinding, unread.sampleRead, unread.operators.length]).to.deep.equal(['none', 0, 0]);
    const empty = rank([], [who(1)]);
    expect([empty.operatorFinding, empty.pool]).to.deep.equal(['none', 0]);
  });

  test('counts a person once, however often she was read, and names every entry behind a row', () => {
    const { readings } = world(11);
    for (let i = 0; i < 12; i++) add(readings, 60, 5000 + (i % 4), i);
    const { operators } = rank(
      readings,
      [0, 1, 2, 3].map((i) => who(5000 + i)),
    );
    expect(operators[0]).to.include({ operator: 'O60', met: 4, read: 4, readings: 12, firstAt: 0, lastAt: 11 });
    expect(operators[0]!.leafHashes).to.have.length(12);
  });

  test('is the same whatever the order of the entries', () => {
    const { readings, dice } = world(13);
    const sample = dice.some(50, 4000).map(who);
    const once = rank(readings, sample);
    const shuffled = readings.map((reading) => ({ reading, at: dice.next() })).toSorted((a, b) => a.at - b.at);
    expect(
      rank(
        shuffled.map(({ reading }) => reading),
        sample.toReversed(),
      ),
    ).to.deep.equal(once);
  });
});
