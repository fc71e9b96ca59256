/** Whom a gateway believes about the registry: the first verifier that answers, is not behind, and does not contradict the trust file. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { findKey, type RegistryFacts } from '../../core/authority/registry.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { encodeTrust, trustSignedBytes } from '../../core/verify/trust.ts';
import { Registry } from '../../gateway/registry.ts';
import { createLogger } from '../../service/logger.ts';
import { signerNamed } from '../chain/consortium-fixture.ts';
import { ACCESSOR, duty, keys, type RunningVerifier, SampleRegistry, startVerifier, STRANGER } from './registry.ts';

const trustSigner = signerNamed('gateway trust', 'request');

let directory: string;
let honest: RunningVerifier;
let other: RunningVerifier;
let trustFile: string;
let logged: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'vt-facts-'));
  [honest, other] = [await startVerifier(), await startVerifier()];
  trustFile = await writeTrust(honest.registry.facts);
  logged = '';
});
afterEach(async () => {
  await Promise.all([honest.close(), other.close()]);
  await rm(directory, { recursive: true, force: true });
});

async function writeTrust(facts: RegistryFacts): Promise<string> {
  const zero = asHash(new Uint8Array(32));
  const payload = encodeTrust({
    consortium: 'sample',
    version: 1,
    issuedAt: 0,
    // Long past: what the snapshot says of the past stays true.
    expiresAt: 1,
    sample: true,
    chainId: 1,
    genesisHash: zero,
    registryAddress: zero.subarray(0, 20),
    anchorAddress: zero.subarray(0, 20),
    facts,
    witnesses: [{ authority: STRANGER, name: `sample/${STRANGER}/witness`, publicKey: keys.stranger.publicKey }],
    witnessQuorum: 1,
    trustKeys: [trustSigner.publicKey],
    trustQuorum: 1,
    floors: [],
    required: ['history'],
    requiredByType: {},
    maxHeadAge: 60_000,
    maxStatusAge: 60_000,
  });
  const signature = { keyId: keyIdOf(trustSigner.publicKey), signature: await trustSigner.sign(trustSignedBytes(payload)) };
  const path = join(directory, 'trust.json');
  await writeFile(path, JSON.stringify(formatEnvelope({ payload, signatures: [signature] })));
  return path;
}

async function registryOf(verifiers: readonly RunningVerifier[], trust: string | null): Promise<Registry> {
  const registry = new Registry({
    config: { verifiers: verifiers.map(({ url }) => url), trustFile: trust, pollMs: 60_000, maxStatusAgeMs: 60_000 },
    path: join(directory, 'registry.json'),
    logger: createLogger({ program: 'gateway', destination: { write: (line) => void (logged += line) } }),
    clock: Date.now,
    signal: new AbortController().signal,
  });
  await registry.start();
  return registry;
}

function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isCodedError(error)) return error.code;
    throw error;
  }
  return 'none';
}

/** The other verifier says that this was so before the trust file was made. */
function rewrite(change: (facts: RegistryFacts) => Partial<RegistryFacts>): void {
  const { facts } = other.registry;
  other.registry.facts = { ...facts, ...change(facts) };
}

describe('the registry’s facts', () => {
  const LIES: readonly [string, (facts: RegistryFacts) => Partial<RegistryFacts>][] = [
    ['takes a key away', ({ keys: all }) => ({ keys: all.filter(({ authority }) => authority !== ACCESSOR) })],
    [
      'has a duty from before that the file lacks',
      ({ duties }) => ({ duties: [...duties, { ...duties[0]!, dutyId: asHash(new Uint8Array(32)) }] }),
    ],
    ['gives a key to another', ({ keys: all }) => ({ keys: all.map((key) => ({ ...key, authority: ACCESSOR })) })],
    ['has not read as far', ({ block }) => ({ block: { ...block, number: block.number - 1 } })],
  ];
  for (const [what, lie] of LIES) {
    test(`are the next verifier’s where one ${what}`, async () => {
      rewrite(lie);
      const registry = await registryOf([other, honest], trustFile);
      expect(registry.current().facts).to.deep.equal(honest.registry.facts);
      expect(logged).to.include('trust file');
      const alone = await registryOf([other], trustFile);
      // What an honest one told before is still there; of the liar nothing is taken.
      expect(alone.current().facts).to.deep.equal(honest.registry.facts);
    });
  }

  test('are not there at all where only one that contradicts the trust file answers', async () => {
    rewrite(LIES[0]![1]);
    const registry = await registryOf([other], trustFile);
    expect(refusalOf(() => registry.current())).to.equal('UNAVAILABLE');
    expect(registry.trouble).to.equal('the registry was not read yet');
  });

  test('may go on from the trust file: later keys and duties are believed', async () => {
    honest.registry.tell(duty(ACCESSOR, 'identity.verification'));
    const registry = await registryOf([honest], trustFile);
    expect(registry.current().facts.duties).to.have.length(honest.registry.facts.duties.length);
  });

  test('kept from an earlier run are dropped where they contradict the trust file', async () => {
    rewrite(LIES[0]![1]);
    const before = await registryOf([other], null);
    expect(findKey(before.current().facts, keyIdOf(keys.accessor.publicKey))).to.equal(undefined);
    other.isDown = true;
    const after = await registryOf([other], trustFile);
    expect(refusalOf(() => after.current())).to.equal('UNAVAILABLE');
  });

  test('are not read with a trust file that is missing, damaged or not signed by its own keys', async () => {
    const refused = async (path: string): Promise<string> => {
      try {
        await registryOf([honest], path);
      } catch (error) {
        return isCodedError(error) ? error.code : 'other';
      }
      return 'none';
    };
    expect(await refused(join(directory, 'nowhere.json'))).to.equal('NOT_FOUND');
    await writeFile(trustFile, '{}');
    expect(await refused(trustFile)).to.equal('MALFORMED');
    const unsigned = await writeTrust(new SampleRegistry().facts);
    const { signatures, ...rest } = JSON.parse(await readFile(unsigned, 'utf8')) as {
      signatures: { signature: string }[];
    };
    await writeFile(unsigned, JSON.stringify({ ...rest, signatures: [{ ...signatures[0]!, signature: '11'.repeat(64) }] }));
    expect(await refused(unsigned)).to.equal('UNVERIFIED');
  });
});
