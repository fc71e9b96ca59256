/** What registered parties and auditors may read, and what their reading leaves behind. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { asHash, hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { type AccessRequest, requestDigestOf, parseSignedRequest } from '../../core/access/request.ts';
import { parseNote } from '../../core/log/note.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { verifyInclusion } from '../../core/log/tree-proof.ts';
import { decodeBase64 } from '../../core/bytes/bytes.ts';
import { signerNamed } from '../chain/consortium-fixture.ts';
import { ACCESSOR, accessorSigner, AUDITOR, auditorSigner, residentNumber, signRequest, TestCustodian } from './custodian.ts';
import { makeLogDirectory, QUANTUM } from './fixture.ts';
import { readHistory } from './reader.ts';

const [ANNA, BERT, CLEO] = [residentNumber(1), residentNumber(2), residentNumber(3)] as const;

describe('what an access log shows', () => {
  let custodian: TestCustodian;
  beforeEach(async () => {
    custodian = await TestCustodian.start(await makeLogDirectory());
    await custodian.event([ANNA, BERT]);
    await custodian.event([ANNA]);
    await custodian.anchor();
  });
  afterEach(() => custodian.stop());

  describe('to everybody', () => {
    test('is the checkpoint', async () => {
      const note = await (await fetch(`${custodian.url}/checkpoint`)).text();
      expect(parseNote(note).checkpoint.size).to.equal(3);
    });

    test('is neither tile nor slot proof nor opening', async () => {
      for (const path of ['/tile/0/000.p/1', '/tile/entries/000.p/3']) {
        const response = await fetch(custodian.url + path);
        expect([response.status, response.headers.get('www-authenticate')]).to.deep.equal([401, 'Signature']);
      }
      expect((await custodian.post('/v1/lookup', { slots: ['ab'.repeat(32)] })).status).to.equal(401);
      expect((await fetch(`${custodian.url}/opening/${'ab'.repeat(32)}`)).status).to.equal(404);
    });
  });

  describe('to a registered party', () => {
    test('is all that a witness needs, for no cache to keep', async () => {
      const tile = await custodian.signed('GET', '/tile/entries/000.p/3', null);
      expect([tile.status, tile.headers.get('cache-control')]).to.deep.equal([200, 'no-store']);
      expect((await tile.arrayBuffer()).byteLength).to.equal(3 * 76);
      const looked = await custodian.signed('POST', '/v1/lookup', { slots: ['ab'.repeat(32)] });
      expect(looked.status).to.equal(200);
      expect(looked.headers.get('cache-control')).to.equal('no-store');
    });

    test('is nothing once the call is old, was sent before, is another’s, or the key is lost or unknown', async () => {
      const path = '/tile/0/000.p/3';
      const { now } = custodian.directory;
      expect((await custodian.signed('GET', path, null, accessorSigner)).status).to.equal(200);
      expect((await custodian.signed('GET', path, null, accessorSigner, now - 121_000)).status).to.equal(401);
      expect((await custodian.signed('GET', path, null, accessorSigner, now + 122_000)).status).to.equal(401);
      expect((await custodian.signed('GET', path, null, signerNamed('nobody', 'request'))).status).to.equal(401);
      const { facts } = custodian;
      custodian.facts = {
        ...facts,
        keys: facts.keys.map((key) => (key.authority === ACCESSOR ? { ...key, compromisedAt: now } : key)),
      };
      expect((await custodian.signed('GET', path, null, accessorSigner)).status).to.equal(401);
      const dissolved = facts.authorities.map((one) => (one.code === AUDITOR ? { ...one, dissolvedAt: now } : one));
      custodian.facts = { ...facts, authorities: dissolved };
      expect((await custodian.signed('GET', path, null)).status).to.equal(401);
      custodian.facts = facts;
      custodian.factsAgeMs = 86_400_001;
      expect((await custodian.signed('GET', path, null)).status).to.equal(503);
    });

    test('is shown once for each signed call', async () => {
      const original = globalThis.fetch;
      let sent: RequestInit | undefined;
      globalThis.fetch = ((url: string, init?: RequestInit) => ((sent = init), original(url, init))) as typeof fetch;
      const path = '/tile/0/000.p/3';
      try {
        expect((await custodian.signed('GET', path, null)).status).to.equal(200);
      } finally {
        globalThis.fetch = original;
      }
      expect((await fetch(custodian.url + path, sent)).status).to.equal(401);
      expect((await fetch(`${custodian.url}/tile/0/000.p/2`, sent)).status).to.equal(401);
    });
  });

  describe('to an auditor', () => {
    const trace = (changes: Partial<AccessRequest> = {}, signer = auditorSigner) =>
      signRequest(
        {
          accessor: parseUscc(AUDITOR),
          action: 'trace',
          case: '审计〔2026〕7号',
          purpose: 'audit.trace',
          requestedAt: custodian.directory.now,
          ...changes,
        },
        [signer],
      );
    const digestOf = (request: JsonObject) => requestDigestOf(parseSignedRequest(request).envelope.payload);
    const everything = { from: 0, to: Number.MAX_SAFE_INTEGER };
    interface Row {
      readonly leafHash: string;
      readonly index: number;
      readonly entry: string;
      readonly inclusion: string[];
      readonly pseudonym: string | null;
      readonly request: JsonObject;
      readonly requestDigest: string;
    }
    const rowsIn = (json: JsonObject): Row[] => json['entries'] as unknown as Row[];

    test('is answered at the checkpoint that he asks for, or at the newest that is anchored, not at one that is only published', async () => {
      const anchored = parseNote((await custodian.asPerson(ANNA, '/v1/history')).json['checkpoint'] as string).checkpoint;
      await custodian.event([ANNA]);
      custodian.directory.now += QUANTUM;
      await custodian.custody.writer.grow();
      const ask = async (at: JsonObject) => {
        const body = { request: await trace(), filter: everything, ...at };
        return (await custodian.as('desk', '/v1/case/entries', body)).json;
      };
      const sizeIn = (json: JsonObject) => parseNote(json['checkpoint'] as string).checkpoint.size;
      expect(sizeIn(await ask({}))).to.equal(anchored.size);
      const { issuedAt, size } = anchored;
      const json = await ask({ at: { issuedAt, size } });
      expect(rowsIn(json).filter(({ index }) => index !== null)).to.have.lengthOf(size);
      expect((await ask({ at: { issuedAt: issuedAt + 1, size } }))['code']).to.equal('CONFLICT');
    });

    test('is a person’s history, and his look stands in it from then on', async () => {
      const body = { request: await trace(), subject: { class: 1, id: ANNA } };
      const { status, json } = await custodian.as('desk', '/v1/case/history', body);
      expect(status).to.equal(200);
      expect(readHistory(custodian, ANNA, json['answer'] as JsonObject)).to.have.lengthOf(2);
      expect((json['promised'] as { entries: [] }).entries, 'the look itself').to.have.lengthOf(1);
      await custodian.anchor();
      const history = readHistory(custodian, ANNA, (await custodian.asPerson(ANNA, '/v1/history')).json);
      expect(history).to.have.lengthOf(3);
      const { request } = history.at(-1)!.checked!.body!.request;
      expect([request.accessor, request.case, request.action]).to.deep.equal([AUDITOR, '审计〔2026〕7号', 'trace']);
    });

    test('is nothing without a case, a duty, the desk’s token, or twice for one request', async () => {
      const subject = { class: 1, id: ANNA };
      const ask = async (request: JsonObject) => (await custodian.as('desk', '/v1/case/history', { request, subject })).status;
      expect(await ask(await trace({ case: null }))).to.equal(403);
      expect(await ask(await trace({ action: 'read' }))).to.equal(403);
      expect(await ask(await trace({ accessor: parseUscc(ACCESSOR) }, accessorSigner))).to.equal(403);
      const request = await trace();
      expect((await custodian.as('gateway', '/v1/case/history', { request, subject })).status).to.equal(403);
      expect(await ask(request)).to.equal(200);
      expect(await ask(request)).to.equal(409);
      await custodian.anchor();
      expect(readHistory(custodian, ANNA, (await custodian.asPerson(ANNA, '/v1/history')).json)).to.have.lengthOf(3);
    });

    test('are entries by accessor, operator, purpose, time or request, proven, with persons under pseudonyms of the case', async () => {
      const own = await signRequest({
        operator: { id: 'NR-9', publicKey: null, role: '科员' },
        requestedAt: custodian.directory.now,
      });
      await custodian.event([CLEO], { request: own });
      await custodian.anchor();
      const search = async (filter: object, changes: Partial<AccessRequest> = {}) => {
        const body = { request: await trace(changes), filter: { ...everything, ...filter } };
        return (await custodian.as('desk', '/v1/case/entries', body)).json;
      };
      const found = await search({ accessor: ACCESSOR });
      const { checkpoint } = parseNote(found['checkpoint'] as string);
      const rows = rowsIn(found);
      expect(rows).to.have.lengthOf(4);
      for (const { entry, index, inclusion } of rows) {
        const claim = { leafHash: leafHashOf(decodeBase64(entry)), entryIndex: index, ...checkpoint };
        verifyInclusion(claim, inclusion.map(hashFromHex));
      }
      const [cleo, ...others] = rows.map(({ pseudonym }) => pseudonym);
      // Two persons, one of them twice.
      expect(new Set(others).size).to.equal(2);
      expect(others).not.to.include(cleo);
      expect(JSON.stringify(found)).not.to.match(new RegExp(`${ANNA}|${BERT}|${CLEO}`));
      const elsewhere = rowsIn(await search({ accessor: ACCESSOR }, { case: '审计〔2026〕8号' }));
      expect(elsewhere.map(({ pseudonym }) => pseudonym)).not.to.include.members([others[0]]);
      expect(rowsIn(await search({ operator: 'NR-9' }))).to.have.lengthOf(1);
      expect(rowsIn(await search({ purpose: 'audit.trace' })).length).to.be.greaterThan(3);
      expect(rowsIn(await search({ request: encodeHex(digestOf(own)) }))).to.have.lengthOf(1);
      expect(rowsIn(await search({ accessor: ACCESSOR, to: 1 }))).to.deep.equal([]);
      const { now } = custodian.directory;
      expect(rowsIn(await search({ accessor: ACCESSOR, from: now - 60_000 }))).to.have.lengthOf(1);
    });

    test('are shown a thousand at a time, on from where he was, each once', async () => {
      const many = Array.from({ length: 1_200 }, (_, i) => residentNumber(5_000 + i));
      await custodian.event(many);
      await custodian.event([CLEO]);
      await custodian.anchor();
      const search = async (skip: object) => {
        const body = { request: await trace(), filter: { ...everything, accessor: ACCESSOR, ...skip } };
        return (await custodian.as('desk', '/v1/case/entries', body)).json;
      };
      const first = await search({});
      const rest = await search({ skip: 1_000 });
      expect([rowsIn(first).length, first['isAll'], rest['isAll']]).to.deep.equal([1_000, false, true]);
      const leafHashes = [...rowsIn(first), ...rowsIn(rest)].map(({ leafHash }) => leafHash);
      expect([leafHashes.length, new Set(leafHashes).size]).to.deep.equal([1_204, 1_204]);
      expect(rowsIn(await search({ skip: 5_000 }))).to.deep.equal([]);
      expect((await search({ skip: 0 }))['code']).to.equal('MALFORMED');
    });

    test('are the persons once a second operator has approved, and each of them is told', async () => {
      const request = await trace();
      const { json } = await custodian.as('desk', '/v1/case/entries', { request, filter: { ...everything, accessor: ACCESSOR } });
      // Of the event that was about her alone.
      const [[alone]] = [...Map.groupBy(rowsIn(json), ({ requestDigest }) => requestDigest).values()].filter(
        (rows) => rows.length === 1,
      ) as [[Row]];
      const anna = alone.leafHash;
      const parent = digestOf(request);
      const asking = await trace({ action: 'unmask', parent });
      const unmask = async (approval: JsonObject, ask = asking) =>
        custodian.as('desk', '/v1/case/unmask', { request: ask, approval, leafHashes: [anna] });
      const other = { id: 'AU-2', publicKey: null, role: '审计组长' };
      const approve = (changes: Partial<AccessRequest> = {}) =>
        trace({ action: 'approve', parent: digestOf(asking), operator: other, ...changes });
      expect((await unmask(await approve({ operator: { id: 'NR-0427', publicKey: null, role: '同一人' } }))).status).to.equal(
        403,
      );
      expect((await unmask(await approve({ parent: asHash(new Uint8Array(32)) }))).status).to.equal(403);
      expect((await unmask(await approve({ case: '审计〔2026〕8号' }))).status).to.equal(403);
      expect((await unmask(await approve(), await trace({ action: 'unmask', parent: null }))).status).to.equal(403);
      const { status, json: shown } = await unmask(await approve());
      expect(status).to.equal(200);
      const [opened] = shown['opened'] as { body: string }[];
      expect(new TextDecoder().decode(decodeBase64(opened!.body))).to.contain(ANNA);
      await custodian.anchor();
      const history = readHistory(custodian, ANNA, (await custodian.asPerson(ANNA, '/v1/history')).json);
      expect(history.at(-1)!.checked!.body!.request.request.action).to.equal('unmask');
      expect(readHistory(custodian, BERT, (await custodian.asPerson(BERT, '/v1/history')).json)).to.have.lengthOf(1);
    });
  });
});
