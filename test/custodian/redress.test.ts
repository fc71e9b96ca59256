/** Objections and replies, and how the content of an entry ends: only when the law lets it, and then for good. */
import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { redressOf } from '../../core/redress/standing.ts';
import { KINDS } from '../../core/log/entry.ts';
import { LOG_FLOOR_MS, RECORD_FLOOR_MS } from '../../node/access/floor.ts';
import { type Answer, GRANTED, residentNumber, signRequest, TestCustodian } from './custodian.ts';
import { makeLogDirectory } from './fixture.ts';
import { type ReadEntry, readHistory } from './reader.ts';

const [ANNA, BERT] = [residentNumber(1), residentNumber(2)] as const;
const DAY = 86_400_000;
const ORDERED = { legalBasis: '个人信息保护法 第四十七条；某法院判决', orderedBy: 'court' } as const;
const OVER = { legalBasis: '保存期限届满', orderedBy: null } as const;

describe('redress', () => {
  let custodian: TestCustodian;
  beforeEach(async () => {
    custodian = await TestCustodian.start(await makeLogDirectory());
  });
  afterEach(() => custodian.stop());

  const historyOf = async (id: string): Promise<ReadEntry[]> => {
    await custodian.anchor();
    return readHistory(custodian, id, (await custodian.asPerson(id, '/v1/history')).json);
  };
  const leafOf = ({ json }: Answer): string => (json['entries'] as { leafHash: string }[])[0]!.leafHash;
  const object = (id: string, leafHash: string) =>
    custodian.asPerson(id, '/v1/objections', { leafHash, text: '我没有办理过这项业务。' });
  const reply = (objection: string) =>
    custodian.as('officer', '/v1/answers', { objection, decision: 'upheld', text: '经查属实。' });
  const erase = (entries: string[], terms: JsonObject = ORDERED, key?: string) =>
    custodian.as('officer', '/v1/erasures', { entries, ...terms }, key);
  const reasonOf = ({ status, json }: Answer): string => `${status} ${(json['facts'] as { reason: string }).reason}`;
  const redress = (history: readonly ReadEntry[], now: number) =>
    redressOf(
      history.map(({ kind, proven, content }) => ({
        kind: KINDS[kind],
        leafHash: proven.leafHash,
        body: content?.state === 'opened' ? content.body : null,
      })),
      now,
    );

  test('begins with an objection that stands in her history, has a deadline, and is overdue when nobody replies', async () => {
    const access = leafOf(await custodian.event([ANNA]));
    const objected = await object(ANNA, access);
    expect(objected.status).to.equal(201);
    expect(objected.json['dueAt']).to.equal(custodian.directory.now + 30 * DAY);
    const history = await historyOf(ANNA);
    expect(history.map(({ kind }) => kind)).to.deep.equal(['access', 'objection']);
    const { objections } = redress(history, custodian.directory.now);
    expect(objections[0]!.objection.entry).to.deep.equal(hashFromHex(access));
    expect(objections[0]!.isOverdue).to.equal(false);
    expect(redress(history, custodian.directory.now + 31 * DAY).objections[0]!.isOverdue).to.equal(true);
    custodian.directory.now += 31 * DAY;
    const open = (await custodian.as('officer', '/v1/objections/open', {})).json['objections'] as JsonObject[];
    expect(open).to.have.lengthOf(1);
    expect([open[0]!['leafHash'], open[0]!['isOverdue']]).to.deep.equal([leafOf(objected), true]);
  });

  test('goes on with a reply in the same history, also after a restart', async () => {
    const { subjects } = (await custodian.event([ANNA, BERT])).json['copy'] as { subjects: { id: string; leafHash: string }[] };
    const objection = leafOf(await object(ANNA, subjects.find(({ id }) => id === ANNA)!.leafHash));
    await custodian.restart();
    expect((await reply(objection)).status).to.equal(201);
    const history = await historyOf(ANNA);
    expect(history.map(({ kind }) => kind)).to.deep.equal(['access', 'objection', 'answer']);
    expect(redress(history, custodian.directory.now).objections[0]!.reply!.decision).to.equal('upheld');
    expect((await historyOf(BERT)).map(({ kind }) => kind)).to.deep.equal(['access']);
    expect((await custodian.as('officer', '/v1/objections/open', {})).json['objections']).to.deep.equal([]);
  });

  test('is about entries of one’s own history only', async () => {
    const other = leafOf(await custodian.event([BERT]));
    expect((await object(ANNA, other)).status).to.equal(404);
    expect((await object(ANNA, 'ab'.repeat(32))).status).to.equal(404);
    expect((await reply(other)).status).to.equal(404);
  });

  describe('erasure', () => {
    /** Every byte of every file under the log's directory. */
    async function findsInFiles(needle: Uint8Array): Promise<string[]> {
      const names = await readdir(custodian.directory.path, { recursive: true, withFileTypes: true });
      const found: string[] = [];
      for (const name of names) {
        if (!name.isFile()) continue;
        const bytes = await readFile(join(name.parentPath, name.name));
        if (bytes.includes(needle)) found.push(name.name);
      }
      return found;
    }

    /** Key and nonce as the file of keys has them. */
    async function secretOf(leafHash: string): Promise<{ key: Uint8Array; nonce: Uint8Array }> {
      const place = await custodian.custody.bodies.placeOf(hashFromHex(leafHash));
      const bytes = await readFile(join(custodian.directory.path, 'secrets'));
      const at = 64 + 64 * place;
      return { key: bytes.subarray(at + 1, at + 17), nonce: bytes.subarray(at + 17, at + 49) };
    }

    test('destroys key and nonce in every file, tells the person so, and leaves all others as they were', async () => {
      const event = await custodian.event([ANNA, BERT], {}, 'one-event');
      const [first, second] = (event.json['copy'] as { subjects: { id: string; leafHash: string }[] }).subjects;
      const anna = [first!, second!].find(({ id }) => id === ANNA)!.leafHash;
      await custodian.anchor();
      const { key, nonce } = await secretOf(anna);
      expect(await findsInFiles(key)).to.deep.equal(['secrets']);
      expect(await findsInFiles(nonce)).to.deep.equal(['secrets']);
      const erased = await erase([anna]);
      expect(erased.status).to.equal(201);
      expect([...(await findsInFiles(key)), ...(await findsInFiles(nonce))]).to.deep.equal([]);
      const history = await historyOf(ANNA);
      expect(history.map(({ kind, content }) => [kind, content?.state])).to.deep.equal([
        ['access', 'erased'],
        ['erasure', 'opened'],
      ]);
      const said = redress(history, custodian.directory.now).erased.get(anna)!;
      expect(said.legalBasis).to.equal(ORDERED.legalBasis);
      expect((await historyOf(BERT)).map(({ content }) => content?.state)).to.deep.equal(['opened']);
      await custodian.restart();
      expect([...(await findsInFiles(key)), ...(await findsInFiles(nonce))]).to.deep.equal([]);
    });

    test('is done again before anything is served when an older file of keys is restored', async () => {
      const { path } = custodian.directory;
      const access = leafOf(await custodian.event([ANNA]));
      const { key } = await secretOf(access);
      await cp(join(path, 'secrets'), join(path, '..', 'secrets.backup'));
      await erase([access]);
      const later = leafOf(await custodian.event([BERT]));
      await custodian.restart(() => cp(join(path, '..', 'secrets.backup'), join(path, 'secrets')));
      await rm(join(path, '..', 'secrets.backup'));
      expect(await findsInFiles(key)).to.deep.equal([]);
      expect((await historyOf(ANNA)).map(({ content }) => content?.state)).to.deep.equal(['erased', 'lost']);
      // Its key is lost with the newer file: nobody says that it was erased.
      expect((await historyOf(BERT))[0]!.content).to.deep.equal({ state: 'lost' });
      expect((await object(BERT, later)).status).to.equal(503);
      const again = leafOf(await custodian.event([BERT]));
      expect(again).not.to.equal(later);
      expect((await historyOf(BERT)).map(({ content }) => content?.state)).to.deep.equal(['lost', 'opened']);
    });

    test('opens nothing when an older store of bodies is restored', async () => {
      const { path } = custodian.directory;
      const access = leafOf(await custodian.event([ANNA]));
      await custodian.restart(() => cp(join(path, 'bodies'), join(path, '..', 'bodies.backup'), { recursive: true }));
      await erase([access]);
      await custodian.restart(async () => {
        await rm(join(path, 'bodies'), { recursive: true });
        await cp(join(path, '..', 'bodies.backup'), join(path, 'bodies'), { recursive: true });
        await rm(join(path, '..', 'bodies.backup'), { recursive: true });
      });
      expect((await historyOf(ANNA)).map(({ content }) => content?.state)).to.deep.equal(['erased', 'lost']);
    });

    test('is refused before the law allows it, unless ordered', async () => {
      const granted = leafOf(await custodian.event([ANNA]));
      const refusedOutcome = { result: 'refused', code: 'NO_DUTY', fields: [], chunk: { number: 0, isLast: true } };
      const refused = leafOf(await custodian.event([ANNA], { outcome: refusedOutcome }));
      const madeAt = custodian.directory.now;
      const early = await erase([granted], OVER);
      expect(early.status).to.equal(403);
      expect(early.json['facts']).to.deep.equal({ reason: 'KEPT_BY_LAW', keptUntil: madeAt + RECORD_FLOOR_MS });
      custodian.directory.now = madeAt + LOG_FLOOR_MS - 1;
      expect((await erase([refused], OVER)).status).to.equal(403);
      custodian.directory.now = madeAt + LOG_FLOOR_MS;
      expect((await erase([refused], OVER)).status).to.equal(201);
      expect((await erase([granted], OVER)).status).to.equal(403);
      expect((await erase([refused, granted], OVER)).status).to.equal(409);
      custodian.directory.now = madeAt + RECORD_FLOOR_MS;
      expect((await erase([granted], OVER)).status).to.equal(201);
      expect((await historyOf(ANNA)).map(({ kind }) => kind)).to.deep.equal(['access', 'access', 'erasure', 'erasure']);
    });

    test('is refused under legal hold, even when ordered, and while an objection has no reply', async () => {
      const access = leafOf(await custodian.event([ANNA]));
      await custodian.as('officer', '/v1/holds', { leafHash: access, reason: '某案证据' });
      expect(reasonOf(await erase([access]))).to.equal('409 HELD');
      await custodian.as('officer', '/v1/holds', { leafHash: access, reason: null });
      const objection = leafOf(await object(ANNA, access));
      expect(reasonOf(await erase([access]))).to.equal('409 OPEN_OBJECTION');
      await reply(objection);
      expect((await erase([access], ORDERED, 'the-order')).status).to.equal(201);
      expect((await erase([access], ORDERED, 'the-order')).status).to.equal(201);
      expect(reasonOf(await erase([access]))).to.equal('409 ERASED');
      expect((await object(ANNA, access)).status).to.equal(409);
      expect((await erase(['ab'.repeat(32)])).status).to.equal(404);
    });

    test('takes entries of one person at a time, replies and objections too', async () => {
      const [anna, bert] = [leafOf(await custodian.event([ANNA])), leafOf(await custodian.event([BERT]))];
      expect((await erase([anna, bert])).status).to.equal(400);
      const objection = leafOf(await object(ANNA, anna));
      const answer = leafOf(await reply(objection));
      expect((await erase([objection, answer, anna])).status).to.equal(201);
      const states = (await historyOf(ANNA)).map(({ kind, content }) => `${kind} ${String(content?.state)}`);
      expect(states).to.deep.equal(['access erased', 'objection erased', 'answer erased', 'erasure opened']);
    });

    test('of an access about nobody stands in nobody’s history', async () => {
      const nobody = leafOf(await custodian.event([]));
      expect((await erase([nobody])).status).to.equal(201);
      expect(await historyOf(ANNA)).to.deep.equal([]);
    });

    test('leaves a request that is sent again without what was erased', async () => {
      const request = await signRequest({ requestedAt: custodian.directory.now });
      const first = await custodian.event([ANNA, BERT], { request, outcome: GRANTED }, 'one');
      const { subjects } = first.json['copy'] as { subjects: { id: string; leafHash: string }[] };
      await erase([subjects.find(({ id }) => id === ANNA)!.leafHash]);
      const again = await custodian.event([ANNA, BERT], { request, outcome: GRANTED }, 'one');
      expect((again.json['copy'] as { subjects: { id: string }[] }).subjects.map(({ id }) => id)).to.deep.equal([BERT]);
      await erase([subjects.find(({ id }) => id === BERT)!.leafHash]);
      expect((await custodian.event([ANNA, BERT], { request, outcome: GRANTED }, 'one')).status).to.equal(409);
    });
  });

  test('knows of contents that are withheld under a law, and says which', async () => {
    const access = leafOf(await custodian.event([ANNA]));
    await custodian.as('officer', '/v1/withholdings', { leafHash: access, legalBasis: '个人信息保护法 第十八条' });
    expect((await historyOf(ANNA))[0]!.content).to.deep.equal({ state: 'refused', legalBasis: '个人信息保护法 第十八条' });
    await custodian.as('officer', '/v1/withholdings', { leafHash: access, legalBasis: null });
    expect((await historyOf(ANNA))[0]!.content!.state).to.equal('opened');
    expect((await custodian.as('officer', '/v1/withholdings', { leafHash: 'ab'.repeat(32), legalBasis: null })).status).to.equal(
      404,
    );
  });
});
