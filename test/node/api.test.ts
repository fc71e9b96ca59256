/** A node's HTTP surface, on a real chain. */
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { parseLicenceAct } from '../../core/licence/act.ts';
import { parseCover } from '../../core/licence/cover.ts';
import { parseDisclosure } from '../../core/licence/disclosure.ts';
import { isSignedBy, parseLicence, verifyDisclosures } from '../../core/licence/document.ts';
import { formatLicenceIdentifier } from '../../core/licence/identifier.ts';
import { issueCommitment, parseLicencePayload } from '../../core/licence/payload.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import { openOpening } from '../../core/log/opening.ts';
import { verifyPromise } from '../../core/log/promise.ts';
import { fileSecret, type HistorySecret, publicLicenceSecret } from '../../core/log/slot.ts';
import { decodeEntryBundle, decodeHashTile, formatTilePath } from '../../core/log/tile.ts';
import { leafHashOf, rootAt } from '../../core/log/tree.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { encodeSetMode } from '../../chain/registry-call.ts';
import { createLogger } from '../../service/logger.ts';
import type { Running } from '../../service/lifecycle.ts';
import { startNode } from '../../node/program.ts';
import { MemoryMap, MemoryTree } from '../log/memory-log.ts';
import { type Answer, Client, digestOf, issueBody, saidIn, type Told } from './client.ts';
import {
  type Department,
  DOCUMENT_KEY,
  LATE_TYPE,
  LOG_KEY,
  PRIVATE_TYPE,
  PROMISE_SPAN,
  startDepartment,
  TOKENS,
  TYPE,
} from './department.ts';
import { AUTHORITY, LOG_ID, ORIGIN } from './fixture.ts';

const familySecret = (serial: string): HistorySecret => publicLicenceSecret(LOG_ID, `${TYPE}.${AUTHORITY}.${serial}`);
const identifierOf = (serial: string, version = 1): string =>
  formatLicenceIdentifier({ type: TYPE, issuer: AUTHORITY, serial, version });

describe('a node over HTTP', () => {
  let department: Department;
  let node: Running;
  let client: Client;
  const lines: string[] = [];

  before(async () => {
    department = await startDepartment();
    const logger = createLogger({ program: 'node', level: 'debug', destination: { write: (line) => void lines.push(line) } });
    const config = department.config('data', { beatMs: 600_000 });
    node = await startNode({ config, logger, clock: Date.now, stopping: new AbortController() });
    client = new Client(node.ready['url'] as string);
  });
  after(async () => {
    await node.close();
    await department.stop();
  });

  /** What the opening at `place` of a told history says, believed because it recomputes the commitment. */
  const openAt = ({ answer, entries }: Told, h: HistorySecret, place: number) =>
    openOpening({ h, logId: LOG_ID, entry: entries[place]!.entry }, answer.present[place]!.opening!);

  const expectProblem = ({ status, json, headers }: Answer, want: number, code: string): JsonObject => {
    expect(json, JSON.stringify(json)).to.include({ status: want, code });
    expect(status).to.equal(want);
    expect(headers.get('content-type')).to.equal('application/problem+json');
    return json;
  };

  describe('issuing', () => {
    test('answers with the signed document, every field, and promises that are kept', async () => {
      const answer = await client.issue('A1');
      expect(answer.status).to.equal(201);
      expect(Object.keys(answer.json)).to.deep.equal(['identifier', 'licence', 'disclosures', 'entries']);
      expect(answer.json['identifier']).to.equal(identifierOf('A1'));
      const licence = parseLicence(answer.json['licence']!);
      expect(isSignedBy(licence, keyIdOf(DOCUMENT_KEY), DOCUMENT_KEY)).to.equal(true);
      const payload = parseLicencePayload(licence.payload);
      expect(payload.origin).to.equal(ORIGIN);
      const disclosures = (answer.json['disclosures'] as JsonValue[]).map((value) => parseDisclosure(value, 'disclosure'));
      verifyDisclosures(payload, disclosures);
      expect(Object.fromEntries(disclosures.map(({ name, value }) => [name, value]))).to.deep.equal(issueBody('A1')['fields']);

      const told = await client.history(familySecret('A1'));
      expect(told.entries.map(({ entry }) => entry.kind)).to.deep.equal([1]);
      expect(encodeHex(told.entries[0]!.entry.commitment)).to.equal(encodeHex(issueCommitment(payload, licence.payload)));
      const { entries } = saidIn(answer);
      expect(entries.map(({ kind }) => kind)).to.deep.equal(['issue', 'file']);
      for (const { leafHash, promise } of entries) {
        const { issuedAt, deadline: deadlineAt } = promise;
        const [logId, slot] = [hashFromHex(promise.logId), hashFromHex(promise.slot)];
        const said = { logId, slot, leafHash: hashFromHex(leafHash), issuedAt, deadlineAt };
        verifyPromise(said, PROMISE_SPAN, LOG_KEY, parseSignature(decodeHex(promise.signature)));
        expect(promise.keyId).to.equal(encodeHex(keyIdOf(LOG_KEY)));
      }
      expect(entries[0]!.leafHash).to.equal(encodeHex(told.entries[0]!.leafHash));
    });

    test('gives each file a cover that holds no personal field', async () => {
      await client.issue('A2');
      const h = fileSecret(hashFromHex(digestOf('file A2')));
      const told = await client.history(h);
      expect(told.entries.map(({ entry }) => entry.kind)).to.deep.equal([10]);
      const cover = parseCover(openAt(told, h, 0).body);
      expect(encodeHex(cover.file)).to.equal(digestOf('file A2'));
      expect(cover.disclosures.map(({ name }) => name)).to.deep.equal(['ZZMC', 'KZ_KSMC']);
      expect([cover.vrfProof, cover.copy]).to.deep.equal([null, null]);
      verifyDisclosures(parseLicencePayload(cover.licence.payload), cover.disclosures);
    });

    test('takes no files, many, and the file of an earlier version', async () => {
      expect((await client.issue('A3', issueBody('A3', { files: [] }))).status).to.equal(201);
      const files = Array.from({ length: 64 }, (_, i) => digestOf(`page ${i}`));
      expect(saidIn(await client.issue('A4', issueBody('A4', { files }))).entries).to.have.length(65);
      const again = await client.issue('A4 again', issueBody('A4', { version: 2, files: files.slice(0, 1) }));
      expect(again.status).to.equal(201);
      const told = await client.history(fileSecret(hashFromHex(files[0]!)));
      expect(told.entries.map(({ entry }) => entry.kind)).to.deep.equal([10, 10]);
    });

    test('takes a licence without end, and one whose earlier versions stand elsewhere', async () => {
      expect((await client.issue('A5', issueBody('A5', { validTo: null, version: 7 }))).status).to.equal(201);
      expectProblem(await client.issue('A5 next', issueBody('A5', { version: 7 })), 409, 'CONFLICT');
      expect((await client.issue('A5 then', issueBody('A5', { version: 8 }))).status).to.equal(201);
    });

    test('refuses a version that does not follow the last one, and says which that is', async () => {
      await client.issue('A6');
      for (const version of [1, 3, 999]) {
        const problem = expectProblem(await client.issue(`A6 ${version}`, issueBody('A6', { version })), 409, 'CONFLICT');
        expect(problem['facts']).to.deep.equal({ lastVersion: 1 });
      }
    });

    test('lets one of many that come at once have a version, and records it once', async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => client.issue(`A7 ${i}`, issueBody('A7'))));
      expect(answers.map(({ status }) => status)).to.have.members([201, ...Array<number>(11).fill(409)]);
      expect((await client.history(familySecret('A7'))).entries).to.have.length(1);
      expect((await client.history(fileSecret(hashFromHex(digestOf('file A7'))))).entries).to.have.length(1);
    });

    test('refuses a private type, and a type without a mode', async () => {
      const problem = expectProblem(await client.issue('A8', issueBody('A8', { type: PRIVATE_TYPE })), 403, 'FORBIDDEN');
      expect(problem['detail']).to.contain('public types only');
      const none = expectProblem(await client.issue('A9', issueBody('A9', { type: LATE_TYPE })), 403, 'FORBIDDEN');
      expect(none['detail']).to.contain('no mode');
    });

    test('anchors first when a fact it rests on is newer than the last anchor', async () => {
      await department.register(encodeSetMode({ logId: LOG_ID, licenceType: LATE_TYPE, mode: 'public' }));
      const block = (await department.anvil.call('eth_getBlockByNumber', 'latest', false)) as JsonObject;
      const setAt = Number(block['timestamp']) * 1000;
      let answer = await client.issue('A10', issueBody('A10', { type: LATE_TYPE }));
      // The node reads the chain every second.
      while (answer.status === 403) answer = await client.issue('A10', issueBody('A10', { type: LATE_TYPE }));
      expect(answer.status).to.equal(201);
      const h = publicLicenceSecret(LOG_ID, `${LATE_TYPE}.${AUTHORITY}.A10`);
      const { answer: told, entries } = await client.history(h);
      const before = told.logs[0]!.anchors.filter(
        (anchor) => parseNote(anchor.checkpoint).checkpoint.size <= entries[0]!.entryIndex,
      );
      expect(before).to.have.length(1);
      const { anchoredAt, checkpoint } = before[0]!;
      expect(Math.min(anchoredAt, parseNote(checkpoint).checkpoint.issuedAt)).to.be.at.least(setAt);
    });
  });

  describe('ending', () => {
    test('records kind, reason and legal basis, readable by number', async () => {
      for (const [i, [kind, number]] of (
        [
          ['revoke', 4],
          ['annul', 5],
          ['cancel', 6],
        ] as const
      ).entries()) {
        await client.issue(`B${i}`);
        const answer = await client.act(kind, `B${i} end`, identifierOf(`B${i}`));
        expect(answer.status).to.equal(201);
        expect(Object.keys(answer.json)).to.deep.equal(['entries']);
        const h = familySecret(`B${i}`);
        const told = await client.history(h);
        expect(told.entries.map(({ entry }) => entry.kind)).to.deep.equal([1, number]);
        const act = parseLicenceAct(openAt(told, h, 1).body);
        expect(act).to.deep.equal({ reason: '检查发现', legalBasis: '矿产资源法第四十条', effectiveAt: Date.UTC(2026, 5, 1) });
      }
    });

    test('is for good: no further end, no further version', async () => {
      await client.issue('B8');
      await client.act('revoke', 'B8 end', identifierOf('B8'));
      for (const kind of ['revoke', 'annul', 'cancel']) {
        expectProblem(await client.act(kind, `B8 ${kind}`, identifierOf('B8')), 409, 'CONFLICT');
      }
      expectProblem(await client.issue('B8 next', issueBody('B8', { version: 2 })), 409, 'CONFLICT');
    });

    test('is refused for an old version, and for what this log does not know', async () => {
      await client.issue('B9');
      await client.issue('B9 next', issueBody('B9', { version: 2 }));
      const problem = expectProblem(await client.act('revoke', 'B9 old', identifierOf('B9')), 409, 'CONFLICT');
      expect(problem['facts']).to.deep.equal({ lastVersion: 2 });
      expectProblem(await client.act('revoke', 'B9 none', identifierOf('NONE')), 404, 'NOT_FOUND');
      const other = formatLicenceIdentifier({ type: TYPE, issuer: '11100000MB03271699', serial: 'B9', version: 2 });
      expectProblem(await client.act('revoke', 'B9 other', other), 404, 'NOT_FOUND');
    });
  });

  describe('a write that is sent again', () => {
    test('gets the same bytes and is done once', async () => {
      const [first, second] = await Promise.all([client.issue('C1'), client.issue('C1')]);
      const third = await client.issue('C1');
      expect([second.text, third.text]).to.deep.equal([first.text, first.text]);
      expect([second.status, third.status]).to.deep.equal([201, 201]);
      expect((await client.history(familySecret('C1'))).entries).to.have.length(1);
    });

    test('is the same request in any spelling of its JSON', async () => {
      const first = await client.issue('C2');
      const entries = Object.entries(issueBody('C2')).toReversed();
      const again = await client.write('/v1/licences', 'C2', JSON.stringify(Object.fromEntries(entries), null, 3));
      expect(again.text).to.equal(first.text);
    });

    test('with another body, or to another path, is refused', async () => {
      await client.issue('C3');
      expectProblem(await client.issue('C3', issueBody('C3', { version: 2 })), 409, 'CONFLICT');
      expectProblem(await client.act('revoke', 'C3', identifierOf('C3')), 409, 'CONFLICT');
      const both = await Promise.all([client.issue('C4'), client.issue('C4', issueBody('C5'))]);
      expect(both.map(({ status }) => status)).to.deep.equal([201, 409]);
    });

    test('is judged anew when it was refused before', async () => {
      expectProblem(await client.act('cancel', 'C6 end', identifierOf('C6')), 404, 'NOT_FOUND');
      await client.issue('C6');
      expect((await client.act('cancel', 'C6 end', identifierOf('C6'))).status).to.equal(201);
    });
  });

  describe('refuses', () => {
    const badBodies: [desc: string, body: JsonValue | string][] = [
      ['what is no JSON', '{"type":'],
      ['a member twice', '{"type":"a","type":"b"}'],
      ['an array', []],
      ['an unknown member', issueBody('D', { colour: 'red' })],
      ['a missing member', { type: TYPE }],
      ['a type of another length', issueBody('D', { type: TYPE.slice(1) })],
      ['a serial in lower case', issueBody('d')],
      ['a serial of underscores', issueBody('___')],
      ['a serial too long', issueBody('D'.repeat(33))],
      ['version 0', issueBody('D', { version: 0 })],
      ['version 1000', issueBody('D', { version: 1000 })],
      ['a version in words', issueBody('D', { version: '1' })],
      ['a fractional time', issueBody('D', { validFrom: 1.5 })],
      ['a negative time', issueBody('D', { validFrom: -1 })],
      ['a time after the year 9999', issueBody('D', { validTo: 253_402_300_800_000 })],
      ['an end before the beginning', issueBody('D', { validTo: 0 })],
      ['a field that is no string', issueBody('D', { fields: { ZZMC: 1 } })],
      ['a field without a name', issueBody('D', { fields: { '': 'x' } })],
      ['a name too long', issueBody('D', { fields: { ['N'.repeat(65)]: 'x' } })],
      ['a value too long', issueBody('D', { fields: { ZZMC: 'x'.repeat(4_097) } })],
      ['a value too long once escaped', issueBody('D', { fields: { ZZMC: '\u0001'.repeat(1_000) } })],
      ['too many fields', issueBody('D', { fields: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`F${i}`, ''])) })],
      ['fields in a list', issueBody('D', { fields: ['ZZMC'] })],
      ['a digest in upper case', issueBody('D', { files: [digestOf('x').toUpperCase()] })],
      ['a short digest', issueBody('D', { files: ['00'] })],
      ['a file twice', issueBody('D', { files: [digestOf('x'), digestOf('x')] })],
      ['65 files', issueBody('D', { files: Array.from({ length: 65 }, (_, i) => digestOf(`${i}`)) })],
    ];
    for (const [desc, body] of badBodies) {
      test(`an issue with ${desc}`, async () => {
        expectProblem(
          await client.write('/v1/licences', `D ${digestOf(desc).slice(0, 8)}`.replace(' ', '-'), body),
          400,
          'MALFORMED',
        );
      });
    }

    test('an issue beyond 128 KiB', async () => {
      const answer = await client.issue('D-long', issueBody('D', { fields: { ZZMC: 'x'.repeat(140_000) } }));
      expectProblem(answer, 413, 'MALFORMED');
    });

    test('no field for its name', async () => {
      const body = JSON.stringify(issueBody('D1')).replace('"ZZMC"', '"__proto__"');
      const answer = await client.write('/v1/licences', 'D1', body);
      const names = (answer.json['disclosures'] as [string, string, string][]).map(([, name]) => name);
      expect(names).to.deep.equal(['__proto__', 'KZ_KSMC', 'KZ_FDDBR']);
    });

    const badActs: [desc: string, changes: JsonObject][] = [
      ['another identifier', { identifier: 'C9999002026' }],
      ['a wrong check character', { identifier: identifierOf('C6').replace(/.$/, (char) => (char === '0' ? '1' : '0')) }],
      ['no reason', { reason: '' }],
      ['a reason too long', { reason: 'x'.repeat(1_001) }],
      ['a reason too long once escaped', { reason: '\u0001'.repeat(1_000), legalBasis: '\u0001'.repeat(500) }],
      ['no legal basis', { legalBasis: '' }],
      ['a date in words', { effectiveAt: '2026-01-01' }],
      ['an unknown member', { by: 'me' }],
    ];
    for (const [desc, changes] of badActs) {
      test(`an end with ${desc}`, async () => {
        const body = { identifier: identifierOf('C6'), reason: 'r', legalBasis: 'b', effectiveAt: 0, ...changes };
        expectProblem(await client.write('/v1/licences/revoke', 'D2', body), 400, 'MALFORMED');
      });
    }

    test('a write without a token, with an unknown one, or with another role’s', async () => {
      const send = (path: string, headers: Record<string, string>) => client.post(path, issueBody('E1'), headers);
      for (const path of ['/v1/licences', '/v1/licences/revoke', '/v1/licences/annul', '/v1/licences/cancel', '/v1/anchor']) {
        expectProblem(await send(path, { 'idempotency-key': 'E1' }), 401, 'FORBIDDEN');
        expectProblem(await send(path, { authorization: `Bearer ${'x'.repeat(40)}` }), 401, 'FORBIDDEN');
        const other = path === '/v1/anchor' ? TOKENS.issuer : TOKENS.operator;
        expectProblem(await send(path, { authorization: `Bearer ${other}` }), 403, 'FORBIDDEN');
      }
    });

    test('a write without a key of its own', async () => {
      for (const key of ['', ' ', 'é', 'x'.repeat(129)]) {
        const headers = { authorization: `Bearer ${TOKENS.issuer}`, ...(key === '' ? {} : { 'idempotency-key': key }) };
        expectProblem(await client.post('/v1/licences', issueBody('E2'), headers), 400, 'MALFORMED');
      }
    });

    test('what a later version may do', async () => {
      for (const kind of ['suspend', 'resume', 'supersede', 'copy']) {
        expectProblem(await client.act(kind, `E3 ${kind}`, identifierOf('C6')), 404, 'NOT_FOUND');
      }
    });
  });

  describe('reading', () => {
    test('gives tiles that are the tree of the checkpoint', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, i) => client.issue(`F${i}`)));
      const files = Array.from({ length: 60 }, (_, i) => digestOf(`tile ${i}`));
      await Promise.all([1, 2, 3].map((i) => client.issue(`G${i}`, issueBody(`G${i}`, { files }))));
      const { size, rootHash, mapRoot } = await client.checkpoint();
      expect(size).to.be.greaterThan(256);
      const read = async (path: string): Promise<Uint8Array> => {
        const response = await client.get(path);
        expect(response.status, path).to.equal(200);
        expect(response.headers.get('cache-control')).to.contain('immutable');
        return new Uint8Array(await response.arrayBuffer());
      };
      const [tree, map] = [new MemoryTree(), new MemoryMap()];
      for (let tileIndex = 0; tileIndex * 256 < size; tileIndex++) {
        const width = Math.min(256, size - tileIndex * 256);
        const entries = decodeEntryBundle(await read(formatTilePath({ level: 'entries', tileIndex, width })), width);
        const leaves = decodeHashTile(await read(formatTilePath({ level: 0, tileIndex, width })), width);
        expect(entries.map((entry) => encodeHex(leafHashOf(entry)))).to.deep.equal(leaves.map(encodeHex));
        for (const [i, entry] of entries.entries()) {
          tree.append(leaves[i]!);
          map.insert({ slot: decodeEntry(entry).slot, leafHash: leaves[i]! });
        }
      }
      expect([encodeHex(rootAt(size, tree)), encodeHex(map.root)]).to.deep.equal([encodeHex(rootHash), encodeHex(mapRoot)]);
      const [top] = decodeHashTile(await read('/tile/1/000.p/1'), 1);
      expect(encodeHex(top!)).to.equal(encodeHex(tree.node(8, 0)));
      expect(await read('/tile/entries/000.p/3')).to.deep.equal((await read('/tile/entries/000')).subarray(0, 3 * 76));
    });

    const noTiles: [path: string, status: number][] = [
      ['/tile/entries/999', 404],
      ['/tile/0/x001/000', 404],
      ['/tile/2/000.p/1', 404],
      ['/tile/1/000', 404],
      ['/tile/7/000', 400],
      ['/tile/0/0', 400],
      ['/tile/0/000.p/256', 400],
      ['/tile/0/000.p/0', 400],
      ['/tile/entries/', 400],
      [`/opening/${'00'.repeat(32)}`, 404],
      ['/opening/00', 400],
      ['/opening/', 400],
      ['/checkpoint/', 404],
    ];
    for (const [path, status] of noTiles) {
      test(`finds nothing at ${path.slice(0, 40)}`, async () => {
        const response = await client.get(path);
        expect(response.status).to.equal(status);
        expect(response.headers.get('content-type')).to.equal('application/problem+json');
      });
    }

    test('gives an opening by its leaf hash, as it stands in a look-up', async () => {
      await client.issue('H1');
      const told = await client.history(familySecret('H1'));
      const response = await client.get(`/opening/${encodeHex(told.entries[0]!.leafHash)}`);
      expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(told.answer.present[0]!.opening);
    });

    test('proves at every anchored size, and says the newest for one it does not hold', async () => {
      await client.issue('H2');
      const anchored = await client.anchor();
      expect(anchored.status).to.equal(200);
      expect(Object.keys(anchored.json)).to.deep.equal(['checkpoint', 'blockNumber', 'blockHash', 'anchoredAt']);
      const { size } = parseNote(anchored.json['checkpoint'] as string).checkpoint;
      await client.act('revoke', 'H2 end', identifierOf('H2'));
      await client.issue('H3');
      const logId = encodeHex(LOG_ID);
      const then = await client.history(familySecret('H2'), { logId, size });
      expect([then.checkpoint.size, then.entries.length]).to.deep.equal([size, 1]);
      expect(then.answer.logs[0]!.checkpoint).to.equal(anchored.json['checkpoint']);
      const claim = then.answer.logs[0]!.anchors.find(({ checkpoint }) => checkpoint === anchored.json['checkpoint'])!;
      expect(claim).to.deep.include({ blockNumber: anchored.json['blockNumber'], anchoredAt: anchored.json['anchoredAt'] });
      expect((await client.history(familySecret('H2'), { logId })).entries).to.have.length(2);
      const newest = (await client.checkpoint()).size;
      for (const wrong of [newest - 1, newest + 1]) {
        const problem = await client.post('/v1/lookup', { slots: [digestOf('slot')], logId, size: wrong }, {});
        expect(expectProblem(problem, 409, 'CONFLICT')['facts']).to.deep.equal({ newest });
      }
    });

    const badQuestions: [desc: string, body: JsonValue | string, status: number][] = [
      ['no slot', { slots: [] }, 400],
      ['65 slots', { slots: Array.from({ length: 65 }, (_, i) => digestOf(`${i}`)) }, 400],
      ['a size without a log', { slots: [digestOf('x')], size: 1 }, 400],
      ['another log', { slots: [digestOf('x')], logId: digestOf('x') }, 404],
      ['an unknown member', { slots: [digestOf('x')], h: digestOf('x') }, 400],
      ['no JSON', 'slots', 400],
    ];
    for (const [desc, body, status] of badQuestions) {
      test(`refuses a look-up with ${desc}`, async () => {
        expect((await client.post('/v1/lookup', body, {})).status).to.equal(status);
      });
    }

    test('counts what it holds, and is ready', async () => {
      await client.anchor();
      const { size } = await client.checkpoint();
      const metrics = await (await client.get('/metrics')).text();
      expect(metrics).to.match(new RegExp(`^log_entries\\{program="node"\\} ${size}$`, 'm'));
      expect(metrics).to.match(new RegExp(`^log_anchored_entries\\{program="node"\\} ${size}$`, 'm'));
      expect((await client.get('/readyz')).status).to.equal(200);
      expect((await client.get('/livez')).status).to.equal(200);
    });
  });

  test('anchors again, with a new time, when asked and nothing was added', async () => {
    const [first, second] = [await client.anchor(), await client.anchor()];
    const [a, b] = [first, second].map(({ json }) => parseNote(json['checkpoint'] as string).checkpoint);
    expect(b!.size).to.equal(a!.size);
    expect(b!.issuedAt).to.be.greaterThan(a!.issuedAt);
    expect(Number(second.json['blockNumber'])).to.be.greaterThan(Number(first.json['blockNumber']));
  });

  test('says nothing of licences, files or slots in its log', () => {
    const all = lines.join('');
    expect(lines.length).to.be.greaterThan(100);
    for (const word of [
      '采矿',
      '张三',
      'A1',
      digestOf('file A1'),
      encodeHex(familySecret('A1')),
      'Bearer',
      TOKENS.issuer,
      'slot"',
    ]) {
      expect(all).not.to.contain(word);
    }
  });
});
