import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { addressOf, formatGenesis, formatPeer, parsePeer, type Peer, publicKeyOf } from '../../deploy/consortium/genesis.ts';
import { createGenesis, createValidators, pidOf, readValidators } from '../../deploy/consortium/validator.ts';

/** The validators whose private keys are 1, 2, 3, 4. */
const PEERS = [1, 2, 3, 4].map((scalar): Peer => {
  const privateKey = new Uint8Array(32);
  privateKey[31] = scalar;
  return { publicKey: publicKeyOf(privateKey), host: `10.0.0.${scalar}`, port: 32_323 };
});
const TERMS = { chainId: 20_250, createdAt: Date.UTC(2026, 0, 1), peers: PEERS };

/** As the engine's own tool writes it (homi extra encode, Kaia v1.0.3) for the addresses of PEERS in ascending order. */
const EXTRA_DATA =
  '0x0000000000000000000000000000000000000000000000000000000000000000f89af854941eff47bc3a10a45d4b230b5d10e37751fe6aa718942b5ad5c4795c026514f8317c7a215e218dccd6cf946813eb9362372eef6200f3b1dbc3f819671cba69947e5f4552091a69125d5dfcb7b8c2659029395bdfb8410000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000c0';

interface Genesis {
  readonly config: Record<string, unknown>;
  readonly extraData: string;
  readonly alloc: object;
}

async function codeOf(action: () => unknown): Promise<string> {
  try {
    await action();
  } catch (error) {
    return isCodedError(error) ? error.code : String(error);
  }
  return 'no error';
}

describe('the genesis of a consortium', () => {
  test('names the validators as the engine’s own tool does', () => {
    const { extraData } = JSON.parse(formatGenesis(TERMS)) as Genesis;
    expect(extraData).to.equal(EXTRA_DATA);
    // Published for the private key 1 in every Ethereum library.
    expect(encodeHex(addressOf(PEERS[0]!))).to.equal('7e5f4552091a69125d5dfcb7b8c2659029395bdf');
  });

  test('is the same in whichever order the validators are named', () => {
    expect(formatGenesis({ ...TERMS, peers: PEERS.toReversed() })).to.equal(formatGenesis(TERMS));
  });

  test('gives nobody money, no price to gas, and knows no fork later than London', () => {
    const { alloc, config } = JSON.parse(formatGenesis(TERMS)) as Genesis;
    expect(alloc).to.deep.equal({});
    expect(config['unitPrice']).to.equal(0);
    const forks = Object.keys(config).filter((name) => name.endsWith('CompatibleBlock'));
    expect(forks).to.have.members(['istanbulCompatibleBlock', 'londonCompatibleBlock', 'ethTxTypeCompatibleBlock']);
  });

  test('refuses three validators, one that is named twice, and more than can all sign', async () => {
    const many = Array.from({ length: 101 }, (_, i) => ({ ...PEERS[0]!, publicKey: new Uint8Array(64).fill(i) }));
    for (const peers of [PEERS.slice(1), [...PEERS, PEERS[0]!], many]) {
      expect(await codeOf(() => formatGenesis({ ...TERMS, peers }))).to.equal('MALFORMED');
    }
  });
});

describe('the line that names a validator', () => {
  const line = formatPeer(PEERS[0]!);

  test('is read as it was written', () => {
    expect(parsePeer(line)).to.deep.equal(PEERS[0]);
  });

  test('is refused with a character less, or means another validator', () => {
    for (let i = 0; i < line.length; i++) {
      const shorter = line.slice(0, i) + line.slice(i + 1);
      try {
        expect(formatPeer(parsePeer(shorter))).to.equal(shorter);
      } catch (error) {
        expect(isCodedError(error, 'MALFORMED'), shorter).to.equal(true);
      }
    }
  });

  for (const [what, wrong] of [
    ['a host name', line.replace('10.0.0.1', 'validator.example')],
    ['an address that is none', line.replace('10.0.0.1', '10.0.0.256')],
    ['port 0', line.replace(':32323', ':0')],
    ['a port above 65535', line.replace(':32323', ':65536')],
    ['capitals', line.replace(/[0-9a-f]{128}/, (key) => key.toUpperCase())],
    ['a key that is no point of the curve', line.replace(/[0-9a-f]{128}/, '11'.repeat(64))],
    ['no port for discovery', line.replace('discport=0&', '')],
    ['a line end', `${line}\n`],
  ] as const) {
    test(`is refused with ${what}`, async () => {
      expect(await codeOf(() => parsePeer(wrong))).to.equal('MALFORMED');
    });
  }
});

describe('the directory of a host’s validators', () => {
  async function within(use: (directory: string) => Promise<void>): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), 'veritrail-validators-'));
    try {
      await use(directory);
    } finally {
      await rm(directory, { recursive: true });
    }
  }
  const places = { host: '127.0.0.1', port: 0, rpcPort: 0 };

  test('holds keys that only their owner can read, and a port of its own for each purpose', () =>
    within(async (directory) => {
      await createValidators(directory, 4, places);
      const all = await readValidators(directory);
      expect(all.map(({ name }) => name)).to.deep.equal(['validator-1', 'validator-2', 'validator-3', 'validator-4']);
      const ports = all.flatMap(({ peer, rpcUrl }) => [peer.port, Number(new URL(rpcUrl).port)]);
      expect(new Set(ports).size).to.equal(8);
      for (const { name } of all) expect((await stat(join(directory, name, 'nodekey'))).mode & 0o777).to.equal(0o600);
    }));

  test('never loses a key or a genesis to a second call', () =>
    within(async (directory) => {
      await createValidators(directory, 1, places);
      const key = await readFile(join(directory, 'validator-1/nodekey'), 'utf8');
      expect(await codeOf(() => createValidators(directory, 1, places))).to.equal('CONFLICT');
      expect(await readFile(join(directory, 'validator-1/nodekey'), 'utf8')).to.equal(key);
      await createGenesis(directory, 1, PEERS, 0);
      const shared = (): Promise<string[]> =>
        Promise.all(['genesis.json', 'static-nodes.json'].map((name) => readFile(join(directory, name), 'utf8')));
      const before = await shared();
      expect(await codeOf(() => createGenesis(directory, 2, PEERS.toReversed(), 0))).to.equal('CONFLICT');
      expect(await shared()).to.deep.equal(before);
    }));

  test('is refused without a validator, and with a host that the others could not be told', () =>
    within(async (directory) => {
      expect(await codeOf(() => readValidators(directory))).to.equal('NOT_FOUND');
      expect(await codeOf(() => createValidators(directory, 1, { ...places, host: 'localhost' }))).to.equal('MALFORMED');
    }));

  test('does not take another program for a validator because it has its number', () =>
    within(async (directory) => {
      await createValidators(directory, 1, places);
      const [validator] = await readValidators(directory);
      await writeFile(join(directory, 'validator-1/pid'), String(process.pid));
      expect(await pidOf(validator!)).to.equal(null);
    }));
});
