import { after, before, describe, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { concatBytes, decodeHex, encodeHex, u64 } from '../../core/bytes/bytes.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { generateSm3, SM3_FILE } from '../../scripts/generate-sm3.ts';
import vectors from '../vectors/sm3.json' with { type: 'json' };
import { answersFor, deployLibraries, refusalOfView, seededBytes, seededInteger, type Libraries } from './libraries.ts';

let world: Libraries;
before(async () => {
  world = await deployLibraries();
});
after(() => world.close());

const hex = (bytes: Uint8Array): string => `0x${encodeHex(bytes)}`;

test('the committed source is what the generator writes', async () => {
  expect((await readFile(SM3_FILE, 'utf8')) === generateSm3(), 'run scripts/generate-sm3.ts').to.equal(true);
});

describe('SM3 on chain', () => {
  for (const { comment, msgHex, digest } of vectors.tests) {
    // The one vector without a message is the million times "a": more gas than any block has.
    if (msgHex === undefined) continue;
    test(`gives the published digest: ${comment || 'empty message'}`, async () => {
      expect(await world.sm3.hash(decodeHex(msgHex))).to.equal(`0x${digest}`);
    });
  }

  test('agrees with core at every length from 0 to 260', async () => {
    const messages = Array.from({ length: 261 }, (_, length) => seededBytes(`length ${length}`, length));
    const digests = await answersFor(messages, (message) => world.sm3.hash(message));
    for (const [length, message] of messages.entries()) expect(digests[length], `${length} bytes`).to.equal(hex(sm3(message)));
  });

  test('agrees with core on 300 messages of up to 2000 bytes', async () => {
    const messages = Array.from({ length: 300 }, (_, i) => seededBytes(`message ${i}`, seededInteger(`length ${i}`, 2000)));
    const digests = await answersFor(messages, (message) => world.sm3.hash(message));
    for (const [i, message] of messages.entries()) expect(digests[i], `message ${i}`).to.equal(hex(sm3(message)));
  });

  test('agrees with core on words that are all zeros or all ones', async () => {
    for (const length of [32, 64, 65, 128, 183]) {
      for (const byte of [0x00, 0xff, 0x80, 0x01]) {
        const message = new Uint8Array(length).fill(byte);
        expect(await world.sm3.hash(message), `${length} times ${byte}`).to.equal(hex(sm3(message)));
      }
    }
  });

  test('hashes nothing that only stands beside the message in the call', async () => {
    const selector = decodeHex(world.sm3.interface.getFunction('hash').selector.slice(2));
    const word = (value: number): Uint8Array => concatBytes(new Uint8Array(24), u64(value));
    for (const length of [0, 1, 31, 55, 56, 63, 64, 65, 119, 120]) {
      const message = seededBytes(`beside ${length}`, length);
      const filler = new Uint8Array(96).fill(0xff);
      const data = hex(concatBytes(selector, word(32 + 96), filler, word(length), message, filler, filler));
      expect(await world.provider.call({ to: world.sm3, data }), `${length} bytes`).to.equal(hex(sm3(message)));
    }
  });
});

describe('SM3 on chain, of the end of a message', () => {
  /** §5.2: the digest of a message is the state after the message with this behind it. */
  function paddingOf(length: number): Uint8Array {
    const zeros = (((55 - length) % 64) + 64) % 64;
    return concatBytes(Uint8Array.of(0x80), new Uint8Array(zeros), u64(8 * length));
  }

  test('agrees with core on the whole message, after 1 to 5 blocks and before 0 to 200 bytes', async () => {
    for (const length of [0, 55, 56, 119, 120, 200, 300]) {
      const message = seededBytes(`begin ${length}`, length);
      const beginning = concatBytes(message, paddingOf(length));
      for (const more of [0, 1, 55, 56, 64, 82, 200]) {
        const rest = seededBytes(`end ${more}`, more);
        const digest = await world.sm3.hashAfter(sm3(message), beginning.length, rest);
        expect(digest, `${beginning.length} and ${more} bytes`).to.equal(hex(sm3(beginning, rest)));
      }
    }
  });

  test('refuses a beginning that ends within a block or is longer than a message may be', async () => {
    for (const length of [1n, 63n, 65n, 2n ** 60n + 64n, 2n ** 64n - 64n]) {
      const call = world.sm3.hashAfter(new Uint8Array(32), length, '0x');
      expect(await refusalOfView(call)).to.deep.equal(['BadPrefixLength', length]);
    }
    await world.sm3.hashAfter(new Uint8Array(32), 2n ** 60n, '0x');
  });
});
