/** Accesses under seal: counted by anyone, told to nobody, and told to the persons once the sealing authority releases them. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import type { FoundEvent } from '../../node/access/event-index.ts';
import { concatBytes, decodeBase64, decodeHex, encodeBase64, encodeHex, u32 } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseSignedRequest, requestDigestOf } from '../../core/access/request.ts';
import { sealStatesOf } from '../../core/access/seal-count.ts';
import { sealSlotAfter } from '../../core/access/seal.ts';
import { decodeEntry, ENTRY_LENGTH, kindNameOf } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import { rootAt } from '../../core/log/tree.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { MemoryTree } from '../log/memory-log.ts';
import { type Answer, residentNumber, signRequest, TestCustodian } from './custodian.ts';
import { makeLogDirectory } from './fixture.ts';
import { faultsOf, readHistory } from './reader.ts';
import { type Sealer, startSealer } from './sealer.ts';

const [ANNA, BERT] = [residentNumber(1), residentNumber(2)] as const;
const LAW = '个人信息保护法 第十八条';

describe('an access under seal', () => {
  let custodian: TestCustodian;
  let sealer: Sealer;
  beforeEach(async () => {
    custodian = await TestCustodian.start(await makeLogDirectory());
    sealer = await startSealer(custodian.directory);
  });
  afterEach(async () => {
    await sealer.stop();
    await custodian.stop();
  });

  const reasonOf = ({ json }: Answer): unknown => (json['facts'] as JsonObject | undefined)?.['reason'];
  const leafOf = (json: JsonObject): string => (json['entries'] as { leafHash: string }[])[0]!.leafHash;

  async function sealedRequest() {
    const request = await signRequest({ requestedAt: custodian.directory.now });
    const digest = encodeHex(requestDigestOf(parseSignedRequest(request).envelope.payload));
    const { json } = await sealer.seal('/v1/seals', { request: digest, legalBasis: LAW });
    return { request, seal: json['shown'] as JsonObject, leafHash: leafOf(json) };
  }

  const historyOf = async (id: string) => readHistory(custodian, id, (await custodian.asPerson(id, '/v1/history')).json);

  test('stands at a random slot in nobody’s history, under a 32 that anyone counts', async () => {
    const { request, seal } = await sealedRequest();
    const { status, json } = await custodian.event([ANNA, BERT], { request, seal });
    expect([status, (json['entries'] as []).length]).to.deep.equal([201, 2]);
    await custodian.anchor();
    expect(await historyOf(ANNA)).to.deep.equal([]);
    expect((await custodian.asPerson(ANNA, '/v1/objections', { leafHash: leafOf(json), text: '是我吗？' })).status).to.equal(404);
    await sealer.anchor();
    const all = (await (await fetch(`${sealer.url}/v1/seals`)).json()) as { checkpoint: string; entries: string };
    const bytes = decodeBase64(all.entries);
    expect(bytes.length).to.equal(ENTRY_LENGTH);
    const { checkpoint } = parseNote(all.checkpoint);
    const tree = new MemoryTree();
    tree.append(leafHashOf(bytes));
    expect(encodeHex(rootAt(1, tree))).to.equal(encodeHex(checkpoint.rootHash));
    const { count } = sealStatesOf([decodeEntry(bytes)], { term: 1, asOf: checkpoint.issuedAt });
    expect(count).to.include({ sealed: 1, unreleased: 1, overdue: 1 });
  });

  async function foundEvents(): Promise<FoundEvent[]> {
    const found: FoundEvent[] = [];
    for await (const event of custodian.custody.index.find({ from: 0, to: Number.MAX_SAFE_INTEGER })) found.push(event);
    return found;
  }

  test('is not found by auditors before it is released', async () => {
    const { request, seal } = await sealedRequest();
    await custodian.event([ANNA], { request, seal });
    const found = await foundEvents();
    expect(found).to.deep.equal([]);
  });

  test('about one person looks like one about another: under the same random source only commitments differ', async () => {
    const seen: string[] = [];
    for (const id of [ANNA, BERT]) {
      const { writer, log } = custodian.custody;
      let counter = 0;
      custodian.random = (length) =>
        concatBytes(...Array.from({ length: Math.ceil(length / 32) }, () => sm3(u32(counter++)))).slice(0, length);
      const { request, seal } = await sealedRequest();
      await custodian.event([id], { request, seal });
      await custodian.anchor();
      const { kind, slot, recordedAt } = decodeEntry(log.entry(writer.head.size - 1));
      seen.push(JSON.stringify([kind, encodeHex(slot), recordedAt - custodian.directory.now, writer.head.size, counter]));
      await sealer.stop();
      await custodian.stop();
      custodian = await TestCustodian.start(await makeLogDirectory());
      sealer = await startSealer(custodian.directory);
    }
    expect(seen[0]).to.equal(seen[1]);
  });

  test('takes each 32 once, and only one that a registered seals log promised for this very request', async () => {
    const { request, seal } = await sealedRequest();
    const other = await sealedRequest();
    const send = (given: JsonObject) => custodian.event([ANNA], { request, seal: given });
    expect(reasonOf(await send(other.seal))).to.equal('BAD_SEAL');
    const promise = seal['promise'] as JsonObject;
    const cases: JsonObject[] = [
      { ...seal, nonce: 'ab'.repeat(32) },
      { ...seal, promise: { ...promise, leafHash: 'ab'.repeat(32) } },
      { ...seal, promise: { ...promise, deadline: (promise['deadline'] as number) + 1 } },
      { ...seal, promise: { ...promise, deadline: (promise['issuedAt'] as number) + 300_000_000 } },
      { ...seal, promise: { ...promise, keyId: 'ab'.repeat(32) } },
      { ...seal, promise: { ...promise, logId: encodeHex(custodian.custody.writer.logId) } },
      { ...seal, entry: encodeBase64(decodeBase64(seal['entry'] as string).map((byte, i) => (i === 1 ? 16 : byte))) },
    ];
    for (const changed of cases) expect(reasonOf(await send(changed))).to.equal('BAD_SEAL');
    expect((await send(seal)).status).to.equal(201);
    const next = { result: 'granted', code: null, fields: [], chunk: { number: 1, isLast: true } };
    const twice = await custodian.event([ANNA], { request, seal, outcome: next });
    expect([twice.status, reasonOf(twice)]).to.deep.equal([409, 'BAD_SEAL']);
  });

  test('stands in the persons’ histories after its release, once, and holds up', async () => {
    const { request, seal, leafHash } = await sealedRequest();
    await custodian.event([ANNA, BERT], { request, seal });
    await custodian.anchor();
    expect((await sealer.seal('/v1/seals/renew', { seal: leafHash, legalBasis: LAW })).status).to.equal(201);
    const { status, json } = await sealer.seal('/v1/seals/release', { seal: leafHash });
    expect(status).to.equal(201);
    const [renewal] = (json['renewals'] as string[]).map((text) => decodeEntry(decodeBase64(text)));
    expect(kindNameOf(renewal!.kind)).to.equal('seal-renewal');
    expect(encodeHex(renewal!.slot)).to.equal(encodeHex(sealSlotAfter(hashFromHex(leafHash))));
    const release = (renewals: unknown) =>
      custodian.as('officer', '/v1/releases', { seal: leafHash, renewals: renewals as string[], release: json['shown']! });
    expect(reasonOf(await release([]))).to.equal('BAD_SEAL');
    expect((await release(json['renewals'])).status).to.equal(201);
    expect((await release(json['renewals'])).status).to.equal(409);
    await custodian.anchor();
    const shown = { entry: decodeEntry(decodeBase64(seal['entry'] as string)), nonce: decodeHex(seal['nonce'] as string) };
    const body = decodeBase64(seal['body'] as string);
    for (const id of [ANNA, BERT]) {
      const { json: answer } = await custodian.asPerson(id, '/v1/history');
      const [entry, ...others] = readHistory(custodian, id, answer, { ...shown, body });
      expect(others).to.deep.equal([]);
      expect(encodeHex(entry!.checked!.body!.outcome.outcome.seal!)).to.equal(leafHash);
      // Without the sealed entry's own proved time it cannot be told when its keys and duties had to be in force.
      expect(faultsOf(entry!).filter((fault) => !fault.includes('unknown'))).to.deep.equal([]);
    }
    const found = await foundEvents();
    expect(found.map(({ recorded }) => recorded.entries.length)).to.deep.equal([2]);
  });

  test('is neither renewed nor released twice, nor by what the log does not know', async () => {
    const { leafHash } = await sealedRequest();
    await sealer.seal('/v1/seals/release', { seal: leafHash }, 'release');
    expect((await sealer.seal('/v1/seals/release', { seal: leafHash }, 'release')).status).to.equal(201);
    expect((await sealer.seal('/v1/seals/release', { seal: leafHash })).status).to.equal(409);
    expect((await sealer.seal('/v1/seals/renew', { seal: leafHash, legalBasis: LAW })).status).to.equal(409);
    expect((await sealer.seal('/v1/seals/renew', { seal: 'ab'.repeat(32), legalBasis: LAW })).status).to.equal(404);
  });

  test('is in a log that everybody may read', async () => {
    await sealedRequest();
    await sealer.anchor();
    for (const path of ['/checkpoint', '/tile/0/000.p/1', '/tile/entries/000.p/1']) {
      expect((await fetch(sealer.url + path)).status).to.equal(200);
    }
    const slots = ['ab'.repeat(32)];
    const headers = { 'content-type': 'application/json' };
    expect(
      (await fetch(`${sealer.url}/v1/lookup`, { method: 'POST', body: JSON.stringify({ slots }), headers })).status,
    ).to.equal(200);
  });
});
