import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { KeyType } from '../../core/authority/registry-event.ts';
import { parseNote } from '../../core/log/note.ts';
import type { Signer } from '../../core/log/signer.ts';
import { formatSignedTrust } from '../../core/verify/trust.ts';
import type { Verdict } from '../../core/verify/verdict.ts';
import {
  anchorCheckpoint,
  encodeAddKey,
  encodeGrantScope,
  encodeRegisterAuthority,
  encodeRegisterLog,
  encodeSetMode,
} from '../../chain/contract-call.ts';
import { type Contracts, deployContracts } from '../../chain/deploy.ts';
import { readChainIdentity } from '../../chain/finality.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import { ChainSender } from '../../chain/sender.ts';
import { createChainSource } from '../../verifier/chain-source.ts';
import type { VerifierConfig } from '../../verifier/config.ts';
import { type Anvil, CHAIN_ID, startAnvil } from '../chain/anvil.ts';
import { logger } from '../chain/sample-chain.ts';
import { AUDIT, digestOf, ISSUER, REGION, type StoryLog, TYPE, witnessName } from '../verify/story.ts';
import { short } from './reader.ts';
import { hasTrouble, logView, type Served, standsOn, TIMING, until, World } from './world.ts';

const FILE = encodeUtf8('a licence file');

let world: World;
let log: StoryLog;
let anvil: Anvil;
let contracts: Contracts;
let owner: ChainSender;
let witness: Served;
let verifier: Served;

/** The real contracts on a real chain, a witness and a verifier that read it, and times that are now. */
beforeEach(async () => {
  anvil = await startAnvil();
  world = await World.create();
  log = world.story.issuer;
  const [admin, issuer] = ['a1', 'b2'].map(
    (byte) =>
      new ChainSender({ rpcUrl: anvil.rpcUrl, privateKeyHex: byte.repeat(32), chainId: CHAIN_ID, logger, timeoutMs: 10_000 }),
  );
  owner = issuer!;
  contracts = await deployContracts(admin!, { admin: admin!.account, msPerUnit: 1000 });
  await register(admin!);
  world.story.clock = Date.now();
  witness = await startHere('witness', { ...(await witnessChanges()) });
  const witnesses = [{ name: witnessName(AUDIT), url: witness.url }];
  const trustFile = join(world.directory, 'trust.json');
  verifier = await startHere('verifier', { witnesses, trustFile });
  await writeTrust(trustFile);
});
afterEach(async () => {
  await world.end();
  await anvil.stop();
});

async function register(admin: ChainSender): Promise<void> {
  const { story } = world;
  const account = decodeHex(owner.account.slice(2));
  const key = (code: string, keyType: KeyType, { publicKey }: Signer): string =>
    encodeAddKey({ code, keyId: keyIdOf(publicKey), keyType, publicKey, validFrom: 0 });
  const { logId, origin } = log;
  for (const data of [
    encodeRegisterAuthority({ code: ISSUER, name: '样例市自然资源局', region: REGION, parent: null, account }),
    encodeRegisterAuthority({ code: AUDIT, name: '样例市审计局', region: REGION, parent: null, account }),
    key(ISSUER, 'log', story.logSigners.get(ISSUER)!),
    key(ISSUER, 'document', story.documentSigner),
    key(AUDIT, 'witness', story.witnessSigner),
    encodeGrantScope({ code: ISSUER, licenceType: TYPE, region: REGION, validFrom: 0, validTo: null }),
    encodeRegisterLog({ logId, owner: ISSUER, origin, class: 'licence', quantum: 1000, beat: 60_000, promiseSpan: 180_000 }),
    encodeSetMode({ logId, licenceType: TYPE, mode: 'public' }),
  ]) {
    await admin.send({ to: contracts.registry, data });
  }
}

async function witnessChanges(): Promise<Partial<VerifierConfig>> {
  return { role: 'witness', witness: { name: witnessName(AUDIT), ...(await world.witnessKey()) } };
}

async function startHere(name: string, changes: Partial<VerifierConfig>): Promise<Served> {
  const { registry, anchor, fromBlock } = contracts;
  const chain = { rpcUrl: anvil.rpcUrl, chainId: CHAIN_ID, registry, anchor, fromBlock, confirmations: 0 };
  const logs = [{ origin: log.origin, url: world.issuer.url }];
  const timing = { ...TIMING, silentForMs: 1_000 };
  return world.start(
    name,
    { chain, logs, pollMs: 25, ...changes },
    {
      chain: createChainSource({ chain }, logger),
      clock: Date.now,
      timing,
    },
  );
}

/** What the registry says now is what the reader trusts. */
async function writeTrust(path: string): Promise<void> {
  const { json } = await until('the registry is read', async () => {
    const answer = await verifier.get('/v1/authorities');
    return answer.status === 200 && (answer.json['facts'] as { modes: unknown[] }).modes.length > 0 && answer;
  });
  const identity = await readChainIdentity(new ChainRpc({ rpcUrl: anvil.rpcUrl, timeoutMs: 5000 }));
  const trust = world.story.trust({
    ...identity,
    registryAddress: decodeHex(contracts.registry.slice(2)),
    anchorAddress: decodeHex(contracts.anchor.slice(2)),
    facts: parseRegistryFacts(json['facts'] as JsonValue),
    expiresAt: Date.now() + 86_400_000,
    maxHeadAge: 1_000,
  });
  await writeFile(path, JSON.stringify(formatSignedTrust(world.story.signTrust(trust))));
  await until('the trust file is read', async () => (await verifier.get('/trust.json')).status === 200);
}

async function anchorNote(note: string): Promise<void> {
  const { checkpoint, logSignature } = parseNote(note);
  const { publicKey } = world.story.logSigners.get(ISSUER)!;
  const signed = { keyId: keyIdOf(publicKey), signature: logSignature.signature, consistencyProof: [] };
  await anchorCheckpoint(owner, contracts.anchor, { logId: log.logId, ...checkpoint, ...signed });
}

const verdictNow = async (): Promise<Verdict> => (await verifier.post('/v1/verify', FILE)).json as unknown as Verdict;
const becomes = (word: string): Promise<boolean> =>
  until(`the verdict is ${word}`, async () => short(await verdictNow()) === word);
/** Undetermined, this among the reasons. */
const isInDoubt = (reason: Verdict['reasons'][number]): Promise<boolean> =>
  until(`it is ${reason}`, async () => {
    const { verdict, reasons } = await verdictNow();
    return verdict === 'undetermined' && reasons.includes(reason);
  });

describe('on a real chain', () => {
  test('an issued licence becomes valid; a block that is lost makes it provisional until it is anchored again', async () => {
    world.story.issue({ files: [digestOf('a licence file')] });
    const note = world.publish();
    await until('it is replayed', async () => (await logView(verifier, log)).size === 2);
    await isInDoubt('PROVISIONAL');
    await anchorNote(note);
    await standsOn(verifier, log, 2);
    await becomes('valid');
    await anvil.call('anvil_rollback', 1);
    await standsOn(verifier, log, null);
    await isInDoubt('PROVISIONAL');
    await anvil.call('evm_mine');
    await anchorNote(note);
    await standsOn(verifier, log, 2);
    await becomes('valid');
  });

  test('a chain that stands still is said to be out of reach, and all is well again when it goes on', async () => {
    world.story.issue({ files: [digestOf('a licence file')] });
    await anchorNote(world.publish());
    await becomes('valid');
    await anvil.pause();
    await isInDoubt('CHAIN_UNREACHABLE');
    expect(await hasTrouble(verifier, log, 'CHAIN_UNREACHABLE')).to.include({ anchoredSize: 2 });
    anvil.resume();
    await becomes('valid');
  });

  test('a fork that the contract records convicts the log', async () => {
    world.story.issue({ files: [digestOf('a licence file')] });
    const note = world.publish();
    await anchorNote(note);
    await becomes('valid');
    const { checkpoint } = parseNote(note);
    const rootHash = digestOf('another root');
    await anchorNote(world.sign({ ...checkpoint, rootHash, issuedAt: checkpoint.issuedAt + 1 }));
    await hasTrouble(verifier, log, 'FORKED_LOG');
    await hasTrouble(witness, log, 'FORKED_LOG');
    await isInDoubt('FORKED_LOG');
  });
});
