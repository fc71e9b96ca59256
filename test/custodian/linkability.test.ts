/**
 * The linkability game. Two persons have one opened entry each, known to the adversary with all that it opens; then one of the two, as a
 * coin falls, is among the subjects of a further access at a known time. From the public entries of that quantum the adversary says which.
 *
 * Entries are made by the node's own code. The random source is seeded: the same run gives the same bytes, so that a bound of 3 σ holds
 * or does not, each time. That nobody could do better is not shown by a game; that these adversaries would notice a build that links is.
 */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, encodeHex, encodeUtf8, equalBytes, u32 } from '../../core/bytes/bytes.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import { label } from '../../core/bytes/label.ts';
import { parseAccessBody } from '../../core/access/body.ts';
import { encodeNumber, handleInput, handleOf } from '../../core/access/handle.ts';
import { type CanonicalNumber, normaliseNumber } from '../../core/access/number.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import { commitmentOf, decodeEntry, encodeEntry, type Entry } from '../../core/log/entry.ts';
import { EMPTY_MAP } from '../../core/log/map.ts';
import { asHistorySecret, type HistorySecret, slotAt } from '../../core/log/slot.ts';
import type { Signature } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { type EventTerms, prepareEvent } from '../../node/access/event.ts';
import type { JudgedRequest } from '../../node/access/judge.ts';
import type { LogStore } from '../../node/log/log-store.ts';
import { Acceptance, type AcceptanceOptions } from '../../node/quantum/acceptance.ts';
import { padQuantum } from '../../node/quantum/padding.ts';
import type { PendingEntries } from '../../node/quantum/pending.ts';
import { accessorSigner, LOG_ID, ORIGIN, QUANTUM, RECORDED_AT, REQUEST, signRequest, vrfKey } from '../access/sample.ts';
import { residentNumber } from './custodian.ts';

const ROUNDS = 10_000;
/** Enough for builds that are meant to be noticed. */
const FEW_ROUNDS = 1_000;
const PERSONS = 60;
const OTHERS = 3;
const FILL_TO = 8;
/** Rounds after which the log begins anew, so that trying positions stays cheap. */
const ROUNDS_OF_A_LOG = 50;
const POSITIONS = 24;

/** SM3 in counter mode. */
class SeededRandom {
  readonly #seed: Uint8Array;
  #counter = 0;

  constructor(seed: string) {
    this.#seed = encodeUtf8(seed);
  }

  readonly bytes = (length: number): Uint8Array => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, () => sm3(this.#seed, u32(this.#counter++)));
    return concatBytes(...blocks).slice(0, length);
  };

  /** From 0 to below `n` ≤ 256, where n's bias against 2¹⁶ does not matter. */
  below(n: number): number {
    const [high, low] = this.bytes(2);
    return (high! * 256 + low!) % n;
  }
}

interface Opened {
  readonly entry: Entry;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
}

/** How a build makes what a good one makes otherwise. */
interface Build {
  readonly handle: (number: CanonicalNumber) => HistorySecret;
  readonly finish: (entry: Uint8Array, h: HistorySecret) => Uint8Array;
}

const numbers = Array.from({ length: PERSONS }, (_, i) => normaliseNumber(1, residentNumber(i + 1)));
const secrets = new Map(numbers.map((number) => [number.id, handleOf(vrfKey, LOG_ID, number)]));
const honest: Build = { handle: ({ id }) => secrets.get(id)!, finish: (entry) => entry };

const signed = signRequest(REQUEST, accessorSigner);
const request: JudgedRequest = {
  ...signed,
  digest: requestDigestOf(signed.envelope.payload),
  groundedAt: RECORDED_AT,
  breaksGlass: false,
};

/** One log as its node fills it, held in memory. */
class Book {
  readonly #build: Build;
  readonly #random: SeededRandom;
  readonly #taken = new Set<string>();
  readonly #terms: EventTerms;
  #quantum = 0;

  constructor(build: Build, random: SeededRandom) {
    this.#build = build;
    this.#random = random;
    const signature = async (): Promise<Signature> => random.bytes(64) as Signature;
    this.#terms = {
      origin: ORIGIN,
      signer: { type: 'request', publicKey: accessorSigner.publicKey, keyId: asHash(random.bytes(32)), sign: signature },
      handlesOf: async (asked) => asked.map(build.handle),
      random: random.bytes,
      clock: () => RECORDED_AT,
    };
  }

  /** An access to these persons in a quantum of its own: what everyone sees of it, and what its first subject may open. */
  async read(subjects: readonly CanonicalNumber[]): Promise<{ entries: Entry[]; first: Opened }> {
    const recordedAt = RECORDED_AT + this.#quantum++ * QUANTUM;
    const chunk = { number: 0, isLast: true };
    const what = { result: 'granted', code: null, fields: [], chunk, subjects, seal: null } as const;
    const { drafts, bodies } = await prepareEvent(this.#terms, request, what);
    const acceptance = new Acceptance(this.#acceptanceOptions(recordedAt));
    acceptance.take({ request: {} as never, drafts, claims: [] });
    for (const { entry } of acceptance.entries) this.#taken.add(encodeHex(entry.slot));
    const own = acceptance.entries.map(({ entryBytes }, i) =>
      this.#build.finish(entryBytes, this.#build.handle(bodies[i]!.subject!.number)),
    );
    const first = drafts[0]!;
    const opened = { entry: decodeEntry(own[0]!), nonce: first.nonce, body: first.body };
    const padded = padQuantum({ entries: own, recordedAt, fillTo: FILL_TO, random: this.#random.bytes });
    return { entries: padded.map(decodeEntry), first: opened };
  }

  #acceptanceOptions(recordedAt: number): AcceptanceOptions {
    const taken = (slot: Hash): number | undefined => (this.#taken.has(encodeHex(slot)) ? 0 : undefined);
    const log = { indexAt: taken, map: {} } as unknown as LogStore;
    const pending = { at: () => undefined } as unknown as PendingEntries;
    const head = { mapRoot: EMPTY_MAP } as AcceptanceOptions['head'];
    const times = { recordedAt, issuedAt: recordedAt, deadlineAt: recordedAt + QUANTUM };
    return { log, pending, head, random: this.#random.bytes, times };
  }
}

/** How much an opened entry speaks for its person being among those of the quantum. */
type Adversary = (opened: Opened, entries: readonly Entry[]) => number;

const publicBytes = ({ slot, commitment }: Entry): Uint8Array => concatBytes(slot, commitment);
const bitsOf = (byte: number): number => [1, 2, 4, 8, 16, 32, 64, 128].filter((bit) => (byte & bit) !== 0).length;
const largest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), -Infinity);
const hits = (slots: readonly Hash[], entries: readonly Entry[]): number =>
  slots.filter((slot) => entries.some((entry) => equalBytes(entry.slot, slot))).length;
const positions = (h: Uint8Array): Hash[] => Array.from({ length: POSITIONS }, (_, i) => slotAt(asHistorySecret(h), i));

const ADVERSARIES: Readonly<Record<string, Adversary>> = {
  'finds bytes that stay in their places': ({ entry }, entries) => {
    const known = publicBytes(entry);
    return largest(entries.map((one) => publicBytes(one).filter((byte, i) => byte === known[i]).length));
  },
  'finds bits that stay in their places': ({ entry }, entries) =>
    -largest(entries.map(({ slot }) => -slot.reduce((sum, byte, i) => sum + bitsOf(byte ^ entry.slot[i]!), 0))),
  'tries the number without a key': ({ body }, entries) => {
    const { number } = parseAccessBody(body).subject!;
    return hits(
      [sm3(encodeNumber(number)), sm3(handleInput(LOG_ID, number)), sm3(encodeUtf8(number.id))].flatMap(positions),
      entries,
    );
  },
  'makes the next slot from the last': ({ entry }, entries) =>
    hits([sm3(entry.slot), sm3(label('sl'), entry.slot), ...positions(entry.slot)], entries),
  'makes slots from what was opened': ({ nonce, body }, entries) =>
    hits([nonce, parseAccessBody(body).subject!.salt, sm3(body)].flatMap(positions), entries),
  'finds a commitment made of what was opened': ({ entry, nonce, body }, entries) => {
    const made = [entry.commitment, commitmentOf(nonce, body), commitmentOf(parseAccessBody(body).subject!.salt, body)];
    return made.filter((hash) => entries.some(({ commitment }) => equalBytes(commitment, hash))).length;
  },
};

/** What each adversary gained over a guesser, in standard deviations of a guesser's wins. */
async function play(build: Build, rounds: number): Promise<Record<string, number>> {
  const random = new SeededRandom('the game');
  const wins = Object.fromEntries(Object.keys(ADVERSARIES).map((name) => [name, 0]));
  let book = new Book(build, random);
  for (let round = 0; round < rounds; round++) {
    if (round % ROUNDS_OF_A_LOG === 0) book = new Book(build, random);
    const drawn: CanonicalNumber[] = [];
    while (drawn.length < 2 + OTHERS) {
      const number = numbers[random.below(PERSONS)]!;
      if (!drawn.includes(number)) drawn.push(number);
    }
    const [a, b, ...others] = drawn as [CanonicalNumber, CanonicalNumber, ...CanonicalNumber[]];
    const known = [(await book.read([a])).first, (await book.read([b])).first] as const;
    const coin = random.below(2);
    const { entries } = await book.read([coin === 0 ? a : b, ...others]);
    for (const [name, adversary] of Object.entries(ADVERSARIES)) {
      const [forA, forB] = known.map((opened) => adversary(opened, entries)) as [number, number];
      const guess = forA === forB ? random.below(2) : Number(forB > forA);
      if (guess === coin) wins[name]!++;
    }
  }
  return Object.fromEntries(
    Object.entries(wins).map(([name, won]) => [name, Math.abs(won - rounds / 2) / Math.sqrt(rounds / 4)]),
  );
}

describe('the linkability game', () => {
  test('nobody gains more than 3 σ from what is public and what two persons opened', async () => {
    for (const [name, gain] of Object.entries(await play(honest, ROUNDS))) expect(gain, name).to.be.at.most(3);
  });

  const linkable: readonly (readonly [string, Build, readonly string[]])[] = [
    [
      'whose handles need no key',
      { ...honest, handle: (number) => asHistorySecret(sm3(handleInput(LOG_ID, number))) },
      ['tries the number without a key'],
    ],
    [
      'whose slots keep four bytes of their history',
      { ...honest, finish: (entry, h) => withSlot(entry, ({ slot }) => concatBytes(sm3(h).slice(0, 4), slot.slice(4))) },
      ['finds bytes that stay in their places', 'finds bits that stay in their places'],
    ],
    [
      'whose commitments are of their history alone',
      {
        ...honest,
        finish: (entry, h) => encodeEntry({ ...decodeEntry(entry), commitment: sm3(label('bd'), h) }),
      },
      ['finds bytes that stay in their places', 'finds a commitment made of what was opened'],
    ],
  ];
  for (const [name, build, noticing] of linkable) {
    test(`a build ${name} is noticed`, async () => {
      const gains = await play(build, FEW_ROUNDS);
      for (const adversary of noticing) expect(gains[adversary], adversary).to.be.above(3);
    });
  }
});

function withSlot(bytes: Uint8Array, change: (entry: Entry) => Uint8Array): Uint8Array {
  const entry = decodeEntry(bytes);
  return encodeEntry({ ...entry, slot: asHash(change(entry)) });
}
