/**
 * `npm run bench [-- --only ID --json]`: our work and a named peer's, in alternating rounds of one run; what is printed is the median of
 * the rounds' ratios (above 1: we are faster). Only ratios from one run are worth comparing. Never part of the tests.
 */
import { createHash, createPublicKey, createVerify } from 'node:crypto';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { concatBytes, encodeUtf8, u16 } from '../core/bytes/bytes.ts';
import { isSm2Signature, parsePrivateKey, privateKeyFromRandom, publicKeyOf, signSm2 } from '../core/sm/sm2.ts';
import { encodeSignatureDer } from '../core/sm/sm2-der.ts';
import { encodePublicKeyDer } from '../core/sm/sm2-key.ts';
import { sm3 } from '../core/sm/sm3.ts';
import { leafHashOf, nodeHashOf } from '../core/log/tree.ts';

const ROUNDS = 7;

interface Bench {
  readonly id: string;
  readonly peer: string;
  /** Both do the same work `count` times. */
  readonly count: number;
  readonly ours: (i: number) => void;
  readonly theirs: (i: number) => void;
}

const message = encodeUtf8(
  'a checkpoint of 128 bytes or so, as a log signs it, with two roots, a size and a time'.padEnd(128, '.'),
);

/** Z of GB/T 32918.2 §5.5, for OpenSSL, whose own interface here has no user id. */
function identityDigest(publicKey: Uint8Array): Uint8Array {
  const curve = Buffer.from(
    'fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93' +
      '32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0',
    'hex',
  );
  return sm3(concatBytes(u16(128), encodeUtf8('1234567812345678'), curve, publicKey.subarray(1)));
}

function verification(id: string, keyCount: number, count: number): Bench {
  const keys = Array.from({ length: keyCount }, (_, i) => {
    const privateKey =
      keyCount === 1
        ? parsePrivateKey(sm3(encodeUtf8('key')))
        : privateKeyFromRandom(concatBytes(sm3(u16(i)), new Uint8Array(8)));
    const publicKey = publicKeyOf(privateKey);
    const signature = signSm2(privateKey, message);
    const peerKey = createPublicKey({ key: Buffer.from(encodePublicKeyDer(publicKey)), format: 'der', type: 'spki' });
    return { publicKey, signature, peerKey, z: identityDigest(publicKey), der: encodeSignatureDer(signature) };
  });
  // Every round of the unseen-key bench goes on where the last stopped, so that no key comes back before it has left our cache.
  let next = 0;
  return {
    id,
    peer: 'node:crypto (OpenSSL), key imported before',
    count,
    ours: () => {
      const { publicKey, signature } = keys[next++ % keyCount]!;
      if (!isSm2Signature(publicKey, message, signature)) throw new Error('our own signature is refused');
    },
    theirs: (i) => {
      const { peerKey, z, der } = keys[i % keyCount]!;
      if (!createVerify('sm3').update(z).update(message).verify(peerKey, der)) throw new Error('the peer refuses our signature');
    },
  };
}

const left = leafHashOf(message);
const right = nodeHashOf(left, left);
const prefix = Uint8Array.of(1);

const BENCHES: readonly (() => Bench)[] = [
  () => verification('sm2-verify-cached', 1, 300),
  () => verification('sm2-verify-cold', 400, 40),
  () => ({
    id: 'sm3-node',
    peer: 'node:crypto (OpenSSL)',
    count: 50_000,
    ours: () => void nodeHashOf(left, right),
    theirs: () => void createHash('sm3').update(prefix).update(left).update(right).digest(),
  }),
];

function msOf(work: (i: number) => void, count: number): number {
  const startedAt = performance.now();
  for (let i = 0; i < count; i++) work(i);
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

const { values } = parseArgs({ options: { only: { type: 'string' }, json: { type: 'boolean', default: false } } });
const machine = `${cpus()[0]?.model ?? 'unknown'} ×${cpus().length}, Node ${process.versions.node}`;
const benches = BENCHES.map((make) => make()).filter(({ id }) => values.only === undefined || id === values.only);
if (benches.length === 0) throw new Error(`no bench ${values.only}`);
for (const { id, peer, count, ours, theirs } of benches) {
  msOf(ours, count);
  msOf(theirs, count);
  const rounds = Array.from({ length: ROUNDS }, () => ({ ours: msOf(ours, count), theirs: msOf(theirs, count) }));
  const ratio = median(rounds.map((round) => round.theirs / round.ours));
  const each = median(rounds.map((round) => (round.ours * 1000) / count));
  if (values.json) console.log(JSON.stringify({ id, ratio, peer, rounds: ROUNDS, machine }));
  else console.log(`${id.padEnd(20)} ${ratio.toFixed(2)}× ${peer}; ours ${each.toFixed(1)} µs each`);
}
