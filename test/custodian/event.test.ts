/** Events as a gateway sends them, and what the persons they are about are told of them. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeEntry } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import { signerNamed } from '../chain/consortium-fixture.ts';
import { parseReceipt } from '../../gateway/event.ts';
import { verifyReceipt } from '../../gateway/receipt.ts';
import { parseSignedRequest } from '../../core/access/request.ts';
import {
  accessorSigner,
  type Answer,
  AUDITOR,
  auditorSigner,
  CUSTODIAN,
  GRANTED,
  requestSigner,
  residentNumber,
  signRequest,
  TestCustodian,
  vrfSigners,
} from './custodian.ts';
import { makeLogDirectory, QUANTUM } from './fixture.ts';
import { faultsOf, readHistory } from './reader.ts';

const [ANNA, BERT, CLEO] = [residentNumber(1), residentNumber(2), residentNumber(3)] as const;
const reasonOf = ({ json }: Answer): unknown => (json['facts'] as JsonObject | undefined)?.['reason'] ?? json['code'];

describe('access events', () => {
  let custodian: TestCustodian;
  beforeEach(async () => {
    custodian = await TestCustodian.start(await makeLogDirectory());
  });
  afterEach(() => custodian.stop());

  const historyOf = async (id: string) => {
    const { status, json } = await custodian.asPerson(id, '/v1/history');
    expect(status).to.equal(200);
    return readHistory(custodian, id, json);
  };

  test('are one entry for each subject, promised at once, told to each of them alone, and hold up in every check', async () => {
    const { status, json } = await custodian.event([ANNA, BERT]);
    expect(status).to.equal(201);
    expect(json['entries']).to.have.lengthOf(2);
    await custodian.anchor();
    for (const id of [ANNA, BERT]) {
      const [entry, ...others] = await historyOf(id);
      expect(others).to.deep.equal([]);
      expect(faultsOf(entry!)).to.deep.equal([]);
      const body = entry!.checked!.body!;
      expect(body.outcome.outcome.subjectCount).to.equal(2);
      expect(body.subject!.number.id).to.equal(id);
      const other = id === ANNA ? BERT : ANNA;
      if (entry!.content!.state !== 'opened') throw new Error('it is opened');
      expect(new TextDecoder().decode(entry!.content!.body)).not.to.contain(other);
    }
    expect(await historyOf(CLEO)).to.deep.equal([]);
  });

  test('give the accessor what opens its own access, and nothing that leads to a person’s other entries', async () => {
    const request = await signRequest({ requestedAt: custodian.directory.now });
    const { json } = await custodian.event([ANNA, BERT], { request });
    const receipt = parseReceipt(json);
    const signed = parseSignedRequest(request);
    const { facts, directory } = custodian;
    const opened = verifyReceipt({ request: signed, receipt, facts, now: directory.now, chunk: 0, seal: null });
    expect(opened).to.have.lengthOf(2);
    await custodian.anchor();
    const answer = await custodian.asPerson(ANNA, '/v1/history');
    const [own] = readHistory(custodian, ANNA, answer.json);
    expect(opened.map(({ leafHash }) => encodeHex(leafHash))).to.include(own!.leafHash);
    expect(Object.keys(json['copy'] as JsonObject)).to.deep.equal(['subjects', 'nobody']);
  });

  test('name each person once, in the one spelling of her number', async () => {
    const subjects = [ANNA, ` ${ANNA} `, '110105491231002', '11010519491231002x', '１１０１０５１９４９１２３１００２Ｘ'];
    const { json } = await custodian.event(subjects);
    const { subjects: told } = json['copy'] as { subjects: { id: string }[] };
    expect(told.map(({ id }) => id)).to.have.members([ANNA, '11010519491231002X']);
    expect((await custodian.event([`${ANNA.slice(0, 17)}!`])).status).to.equal(400);
  });

  test('without a subject are one entry that stands in nobody’s history', async () => {
    const { json } = await custodian.event([]);
    expect(json['entries']).to.have.lengthOf(1);
    const { subjects, nobody } = json['copy'] as { subjects: []; nobody: { leafHash: string } };
    expect(subjects).to.deep.equal([]);
    expect(nobody.leafHash).to.equal((json['entries'] as JsonObject[])[0]!['leafHash']);
    await custodian.anchor();
    expect(await historyOf(ANNA)).to.deep.equal([]);
  });

  test('are recorded once however often they are sent, also after a restart, and answered byte for byte the same', async () => {
    const request = await signRequest({ requestedAt: custodian.directory.now });
    const first = await custodian.event([ANNA, BERT], { request }, 'the-key');
    const again = await custodian.event([ANNA, BERT], { request }, 'the-key');
    expect(again.text).to.equal(first.text);
    await custodian.anchor();
    await custodian.restart();
    expect((await custodian.event([ANNA, BERT], { request }, 'the-key')).text).to.equal(first.text);
    expect((await custodian.event([ANNA], { request }, 'the-key')).status).to.equal(409);
    const replayed = await custodian.event([ANNA, BERT], { request }, 'another-key');
    expect([replayed.status, reasonOf(replayed)]).to.deep.equal([409, 'REPLAYED']);
    const next = { ...GRANTED, chunk: { number: 1, isLast: true } };
    expect((await custodian.event([ANNA], { request, outcome: next })).status).to.equal(201);
    await custodian.anchor();
    expect(await historyOf(ANNA)).to.have.lengthOf(2);
    expect(await historyOf(BERT)).to.have.lengthOf(1);
  });

  test('that were refused or failed are recorded too', async () => {
    const refused = { result: 'refused', code: 'NO_DUTY', fields: [], chunk: { number: 0, isLast: true } };
    const request = await signRequest({ purpose: 'statistics.official', requestedAt: custodian.directory.now });
    expect((await custodian.event([ANNA], { request, outcome: refused })).status).to.equal(201);
    await custodian.anchor();
    const [entry] = await historyOf(ANNA);
    expect(faultsOf(entry!)).to.deep.equal([]);
    expect(entry!.checked!.body!.outcome.outcome.code).to.equal('NO_DUTY');
  });

  test('of an import are signed by the custodian', async () => {
    const byCustodian = await signRequest({ grade: 'imported', purpose: 'whatever.it-was', requestedAt: 1_600_000_000_000 }, [
      requestSigner,
    ]);
    expect((await custodian.event([ANNA], { request: byCustodian })).status).to.equal(201);
    const byAccessor = await signRequest({ grade: 'imported' });
    expect(reasonOf(await custodian.event([ANNA], { request: byAccessor }))).to.equal('UNKNOWN_KEY');
  });

  describe('are not believed', () => {
    const stranger = signerNamed('nobody’s request key', 'request');
    const cases: [why: string, request: () => Promise<JsonObject>, reason: string][] = [
      ['a key that the registry does not list', () => signRequest({}, [stranger]), 'UNKNOWN_KEY'],
      ['another authority’s key', () => signRequest({}, [auditorSigner]), 'UNKNOWN_KEY'],
      ['another custodian’s request', () => signRequest({ custodian: parseUscc(AUDITOR) }), 'OTHER_CUSTODIAN'],
      ['a purpose that no duty names', () => signRequest({ purpose: 'audit.trace' }), 'NO_DUTY'],
      ['a request of tomorrow', () => signRequest({ requestedAt: custodian.directory.now + 86_400_000 }), 'BAD_TIME'],
      [
        'an operator’s signature by another',
        async () => {
          const { publicKey } = stranger;
          const operator = { id: 'NR-1', publicKey, role: '科员' };
          const liar = { ...stranger, sign: (message: Uint8Array) => accessorSigner.sign(message) };
          return signRequest({ grade: 'personal-key', operator }, [accessorSigner, liar]);
        },
        'BAD_SIGNATURE',
      ],
    ];
    for (const [why, request, reason] of cases) {
      test(`for ${why}`, async () => {
        expect(reasonOf(await custodian.event([ANNA], { request: await request() }))).to.equal(reason);
        await custodian.anchor();
        expect(await historyOf(ANNA)).to.deep.equal([]);
      });
    }

    test('by a key that is lost, suspended or no longer in force', async () => {
      const { facts, directory } = custodian;
      const withKey = (changes: object) => ({
        ...facts,
        keys: facts.keys.map((key) => (key.authority === CUSTODIAN || key.type !== 'request' ? key : { ...key, ...changes })),
      });
      const { now } = directory;
      for (const [changes, reason] of [
        [{ compromisedAt: now + 1 }, 'KEY_COMPROMISED'],
        [{ suspended: { from: now, until: now + 1 } }, 'KEY_COMPROMISED'],
        [{ validTo: now }, 'KEY_RETIRED'],
        [{ validFrom: now + 1 }, 'KEY_RETIRED'],
      ] as const) {
        custodian.facts = withKey(changes);
        expect(reasonOf(await custodian.event([ANNA]))).to.equal(reason);
      }
    });
  });

  test('are judged by facts of at most a day ago, but for break-glass and for what is refused', async () => {
    custodian.factsAgeMs = 86_400_001;
    expect(reasonOf(await custodian.event([ANNA]))).to.equal('STALE');
    const { now } = custodian.directory;
    const breakGlass = await signRequest({ breakGlass: '急救，来不及办理授权', purpose: 'public-security', requestedAt: now });
    expect((await custodian.event([ANNA], { request: breakGlass })).status).to.equal(201);
    const refused = { result: 'refused', code: 'STALE', fields: [], chunk: { number: 0, isLast: true } };
    expect((await custodian.event([BERT], { outcome: refused })).status).to.equal(201);
    custodian.factsAgeMs = null;
    expect(reasonOf(await custodian.event([CLEO]))).to.equal('STALE');
  });

  test('wait until what they rest on is anchored, but for break-glass', async () => {
    await custodian.event([ANNA]);
    expect(custodian.reached).to.have.lengthOf(1);
    await custodian.event([ANNA], { request: await signRequest({ breakGlass: '急救', requestedAt: custodian.directory.now }) });
    expect(custodian.reached).to.have.lengthOf(1);
  });

  test('need the gateway’s token, and the documented form', async () => {
    const body = { request: await signRequest(), outcome: GRANTED, subjects: [], seal: null };
    expect((await custodian.post('/v1/events', body)).status).to.equal(401);
    expect((await custodian.as('officer', '/v1/events', body)).status).to.equal(403);
    expect((await custodian.as('gateway', '/v1/events', { ...body, more: 1 })).status).to.equal(400);
    const twice = [...GRANTED.fields, GRANTED.fields[0]];
    expect((await custodian.as('gateway', '/v1/events', { ...body, outcome: { ...GRANTED, fields: twice } })).status).to.equal(
      400,
    );
    const tooMany = Array.from({ length: 10_001 }, (_, i) => ({ class: 1, id: residentNumber(i) }));
    expect((await custodian.as('gateway', '/v1/events', { ...body, subjects: tooMany })).status).to.equal(400);
  });

  test('of one moment stand in the tree in an order that says nothing of who asked first', async () => {
    const ids = Array.from({ length: 24 }, (_, i) => residentNumber(100 + i));
    await Promise.all(ids.map((id) => custodian.event([id])));
    await custodian.anchor();
    const { log, writer } = custodian.custody;
    const entries = Array.from({ length: writer.head.size }, (_, i) => decodeEntry(log.entry(i)));
    const slots = entries.map(({ slot }) => encodeHex(slot));
    expect(slots).to.deep.equal(slots.toSorted());
    expect(new Set(entries.map(({ recordedAt }) => recordedAt % QUANTUM))).to.deep.equal(new Set([0]));
  });

  test('rotate with the VRF key from an index on, and are told under every key', async () => {
    await custodian.event([ANNA]);
    await custodian.anchor();
    const { facts } = custodian;
    const [log, ...others] = facts.logs;
    const vrfKeys = [...log!.vrfKeys, { keyId: vrfSigners[1].keyId, fromIndex: 2 }];
    custodian.facts = { ...facts, logs: [{ ...log!, vrfKeys }, ...others] };
    await custodian.event([ANNA]);
    await custodian.anchor();
    await custodian.event([ANNA]);
    await custodian.event([ANNA]);
    await custodian.anchor();
    const entries = await historyOf(ANNA);
    expect(entries.map(({ epoch }) => epoch)).to.deep.equal([0, 0, 1, 1]);
    expect(entries.flatMap(faultsOf)).to.deep.equal([]);
    const slots = entries.map(({ proven }) => encodeHex(proven.entry.slot));
    expect(new Set(slots).size).to.equal(4);
    // Back to the first: its history goes on, and is told once.
    const back = [...vrfKeys, { keyId: vrfSigners[0].keyId, fromIndex: 4 }];
    custodian.facts = { ...facts, logs: [{ ...log!, vrfKeys: back }, ...others] };
    await custodian.event([ANNA]);
    await custodian.anchor();
    expect((await historyOf(ANNA)).map(({ epoch }) => epoch)).to.deep.equal([0, 0, 0, 1, 1]);
  });

  test('are not taken, and no history told, while a VRF key that the registry names is not here', async () => {
    const { facts } = custodian;
    const [log, ...others] = facts.logs;
    const unknown = signerNamed('vrf key elsewhere', 'vrf').keyId;
    const vrfKeys = [...log!.vrfKeys, { keyId: unknown, fromIndex: 0 }];
    await custodian.anchor();
    custodian.facts = { ...facts, logs: [{ ...log!, vrfKeys }, ...others] };
    expect((await custodian.event([ANNA])).status).to.equal(503);
    expect((await custodian.asPerson(ANNA, '/v1/history')).status).to.equal(503);
    custodian.facts = { ...facts, logs: [{ ...log!, vrfKeys: [] }, ...others] };
    expect((await custodian.event([ANNA])).status).to.equal(503);
  });

  test('are told at the checkpoint that is asked for, whatever was anchored since', async () => {
    await custodian.event([ANNA]);
    await custodian.anchor();
    const checkpointIn = ({ json }: { json: JsonObject }) => parseNote(json['checkpoint'] as string).checkpoint;
    const first = checkpointIn(await custodian.asPerson(ANNA, '/v1/history'));
    await custodian.event([ANNA]);
    await custodian.anchor();
    const at = { size: first.size, issuedAt: first.issuedAt };
    const ask = (path: string, asked: JsonObject) => custodian.asPerson(ANNA, path, { at: asked });
    const answer = await ask('/v1/history', at);
    expect(checkpointIn(answer)).to.deep.equal(first);
    expect(readHistory(custodian, ANNA, answer.json)).to.have.lengthOf(1);
    const beyond = (await ask('/v1/promised', at)).json as { size: number; entries: JsonObject[] };
    expect([beyond.size, beyond.entries.map(({ index }) => index)]).to.deep.equal([1, [1]]);
    for (const other of [
      { ...at, size: 2 },
      { ...at, issuedAt: at.issuedAt + 1 },
    ])
      expect((await ask('/v1/history', other)).status).to.equal(409);
    expect((await ask('/v1/history', { size: 1 })).status).to.equal(400);
  });

  test('tell a person what is promised and published beyond her anchored history', async () => {
    await custodian.anchor();
    await custodian.event([ANNA]);
    const promised = (await custodian.asPerson(ANNA, '/v1/promised')).json as { size: number; entries: JsonObject[] };
    expect(promised.entries).to.have.lengthOf(1);
    const { promise, content, index } = promised.entries[0]! as Record<string, JsonObject>;
    expect([index, (promise as JsonObject)['leafHash']]).to.deep.equal([null, promised.entries[0]!['leafHash']]);
    const body = parseJson(decodeBase64(content!['body'] as string)) as JsonObject;
    expect((body['subject'] as JsonObject)['id']).to.equal(ANNA);
    expect(await historyOf(ANNA)).to.deep.equal([]);
    await custodian.anchor();
    expect(((await custodian.asPerson(ANNA, '/v1/promised')).json as { entries: [] }).entries).to.deep.equal([]);
    expect(await historyOf(ANNA)).to.have.lengthOf(1);
  });
});
