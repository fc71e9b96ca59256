import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { parseNote } from '../../core/log/note.ts';
import { proveConsistency } from '../../core/log/tree-proof.ts';
import { formatSignedTrust } from '../../core/verify/trust.ts';
import type { Verdict } from '../../core/verify/verdict.ts';
import { anchorCheckpoint } from '../../chain/anchor-call.ts';
import { readChainIdentity } from '../../chain/finality.ts';
import { ChainRpc } from '../../chain/rpc.ts';
import {
  encodeGrantScope,
  encodeLiftSuspension,
  encodeRecordSuccession,
  encodeRegisterLog,
  encodeSetMode,
} from '../../chain/registry-call.ts';
import type { ChainSender } from '../../chain/sender.ts';
import { createChainSource } from '../../verifier/chain-source.ts';
import type { VerifierConfig } from '../../verifier/config.ts';
import { type Anvil, CHAIN_ID, startAnvil } from '../chain/anvil.ts';
import { logger, signerNamed, TestConsortium } from '../chain/consortium-fixture.ts';
import {
  AUDIT,
  digestOf,
  ISSUER,
  OUTSIDER,
  REGION,
  signerNamed as storySigner,
  type StoryLog,
  TYPE,
  witnessName,
} from '../verify/story.ts';
import { short } from './reader.ts';
import { hasTrouble, logView, type Served, standsOn, TIMING, until, World } from './world.ts';

const FILE = encodeUtf8('a licence file');

let world: World;
let log: StoryLog;
let anvil: Anvil;
let consortium: TestConsortium;
let owner: ChainSender;
let witness: Served;
let verifier: Served;

/** The real contracts on a real chain, a witness and a verifier that read it, and times that are now. */
beforeEach(async () => {
  anvil = await startAnvil();
  world = await World.create();
  log = world.story.issuer;
  consortium = await TestConsortium.deploy(anvil.rpcUrl);
  owner = consortium.sender('b2');
  await register();
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

const authoritySigner = signerNamed('authority key', 'authority');
const auditSigner = signerNamed('authority key of the audit office', 'authority');

/** As the story has it, with the story's keys. */
async function register(): Promise<void> {
  const { logId, origin } = log;
  const [region, { account }] = [REGION, owner];
  await consortium.register({ code: ISSUER, name: '样例市自然资源局', region, account, key: authoritySigner });
  await consortium.register({ code: AUDIT, name: '样例市审计局', region, account, key: auditSigner });
  await consortium.addKey(ISSUER, signerNamed('log key'), authoritySigner);
  await consortium.addKey(ISSUER, signerNamed('document key', 'document'), authoritySigner);
  await consortium.addKey(AUDIT, signerNamed('witness key', 'witness'), auditSigner);
  await consortium.decide(scopeOf(ISSUER));
  const spans = { quantum: 1000, beat: 60_000, promiseSpan: 180_000, term: null };
  // At one time: an entry is proven to be later than its log, and with another second between nothing shows that it is later than the mode.
  await anvil.call('anvil_setBlockTimestampInterval', 0);
  await call(encodeRegisterLog({ owner: ISSUER, origin, class: 'licence', ...spans }));
  await call(encodeSetMode({ logId, licenceType: TYPE, mode: 'public' }));
  await anvil.call('anvil_removeBlockTimestampInterval');
}

const scopeOf = (code: string): string =>
  encodeGrantScope({ code, licenceType: TYPE, region: REGION, validFrom: 0, validTo: null, parentId: null });

async function call(data: string): Promise<void> {
  await owner.send({ to: consortium.contracts.registry, data });
}

async function witnessChanges(): Promise<Partial<VerifierConfig>> {
  return { role: 'witness', witness: { name: witnessName(AUDIT), ...(await world.witnessKey()) } };
}

async function startHere(name: string, changes: Partial<VerifierConfig>): Promise<Served> {
  const { registry, anchor, court, fromBlock } = consortium.contracts;
  const chain = { rpcUrl: anvil.rpcUrl, chainId: CHAIN_ID, registry, anchor, court, fromBlock, confirmations: 0 };
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
    registryAddress: decodeHex(consortium.contracts.registry.slice(2)),
    anchorAddress: decodeHex(consortium.contracts.anchor.slice(2)),
    facts: parseRegistryFacts(json['facts'] as JsonValue),
    expiresAt: Date.now() + 86_400_000,
    maxHeadAge: 1_000,
  });
  await writeFile(path, JSON.stringify(formatSignedTrust(world.story.signTrust(trust))));
  await until('the trust file is read', async () => (await verifier.get('/trust.json')).status === 200);
}

/** Anybody may show the chain a checkpoint that contradicts the newest anchor. */
async function anchorNote(note: string, signerName = 'log key'): Promise<void> {
  const { checkpoint, logSignature } = parseNote(note);
  const anchored = await consortium.anchoredSize(log.logId);
  const signed = {
    keyId: signerNamed(signerName).keyId,
    signature: logSignature.signature,
    consistencyProof: anchored < checkpoint.size ? proveConsistency(anchored, checkpoint.size, log.tree) : [],
  };
  await anchorCheckpoint(owner, consortium.contracts.anchor, { logId: log.logId, ...checkpoint, ...signed });
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

  test('a licence whose log moved to a successor stays valid, and the successor may revoke it', async () => {
    const { story } = world;
    story.issue({ files: [digestOf('a licence file')] });
    await anchorNote(world.publish());
    await becomes('valid');
    const key = signerNamed('authority key of the successor', 'authority');
    await consortium.register({ code: OUTSIDER, name: '样例市某局', region: REGION, account: owner.account, key });
    await consortium.addKey(OUTSIDER, signerNamed('successor log key'), key);
    // This chain's blocks of one second bear one time: whether the anchor was before the move would not show.
    await sleep(1_100);
    const share = { successor: OUTSIDER, logIds: [log.logId], licenceTypes: [TYPE] };
    await consortium.decide(encodeRecordSuccession(ISSUER, [share], true));
    // The block of the move is of this second.
    story.clock = Math.max(story.clock, Date.now() + 1_000);
    const signer = storySigner('successor log key');
    const publish = (): string => world.publish(log, signer);
    await anchorNote(publish(), 'successor log key');
    await standsOn(verifier, log, 2);
    await becomes('valid');
    expect((await verdictNow()).licence?.issuer).to.deep.include({
      code: ISSUER,
      successor: { code: OUTSIDER, name: '样例市某局' },
    });
    story.act('revoke');
    await anchorNote(publish(), 'successor log key');
    await becomes('invalid REVOKED');
  });

  test('what a suspended log key signs is not taken by the chain, and counts nowhere', async () => {
    const { story } = world;
    story.issue({ files: [digestOf('a licence file')] });
    await anchorNote(world.publish());
    await becomes('valid');
    await consortium.suspend(signerNamed('log key').keyId);
    story.clock = Math.max(story.clock, Date.now() + 1_000);
    story.act('revoke');
    const note = world.publish();
    const refused = await anchorNote(note).catch((error: unknown) => isCodedError(error, 'CONFLICT') && error.facts['error']);
    expect(refused).to.equal('SuspendedKey');
    // As long as it takes a witness to replay, cosign and attest, many times over.
    await sleep(1_500);
    const seen = await witness.get(`/seen/${encodeHex(log.logId)}`);
    expect(parseNote(seen.json['checkpoint'] as string).checkpoint.size).to.equal(2);
    expect((await verdictNow()).verdict).not.to.equal('invalid');
    await consortium.decide(encodeLiftSuspension(signerNamed('log key').keyId));
    await anchorNote(note);
    await becomes('invalid REVOKED');
  });
});
