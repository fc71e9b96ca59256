import { describe, test } from 'node:test';
import { expect } from 'chai';
import { parseSignedRequest } from '../../core/access/request.ts';
import { sampleNumber, samplePerson } from '../../samples/data-service.ts';
import { parseReceipt } from '../../gateway/event.ts';
import { verifyReceipt } from '../../gateway/receipt.ts';
import { CUSTODIAN, duty, keys, PURPOSE, STRANGER, ACCESSOR } from './registry.ts';
import { type Ask, ask, headerJson, makeWorld, numberOf, reasonOf, signAsk, send, startWorldGateway } from './world.ts';

const PERSON = `/persons/${sampleNumber(7)}`;

describe('a gateway', () => {
  test('gives data with outcome and receipt, and logs whom they were about before', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    const given = await signAsk(gateway.url, { target: PERSON });
    const answered = await send(gateway.url, given);
    expect(answered.status).to.equal(200);
    expect(answered.json()).to.deep.equal(samplePerson(7));
    expect(answered.headers['cache-control']).to.equal('no-store');
    expect(world.node.events).to.have.length(1);
    const event = world.node.events[0]!;
    expect(event.subjects).to.deep.equal([numberOf(7)]);
    expect(event.outcome.fields.map(({ name }) => name)).to.deep.equal(['住址', '姓名', '电话']);
    expect(event.outcome).to.include({ result: 'granted', code: null });
    const receipt = parseReceipt({
      ...headerJson(answered, 'veritrail-receipt'),
      outcome: headerJson(answered, 'veritrail-outcome'),
    } as never);
    const request = parseSignedRequest(
      JSON.parse(Buffer.from(given.headers['veritrail-request']!, 'base64').toString()) as never,
    );
    const opened = verifyReceipt({
      request,
      receipt,
      facts: world.verifier.registry.facts,
      now: Date.now(),
      chunk: 0,
      seal: null,
    });
    expect(opened.map(({ entry }) => entry)).to.deep.equal(event.entries.map(({ entry }) => entry));
  });

  test('logs everybody in an answer once, and whom the request named though nobody was found', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    const idNumbers = [sampleNumber(1), sampleNumber(2), sampleNumber(2), '110105491231002'];
    const found = await ask(gateway.url, { method: 'POST', target: '/persons/search', body: JSON.stringify({ idNumbers }) });
    expect(found.status).to.equal(200);
    expect(world.node.events[0]!.subjects.map(({ id }) => id)).to.deep.equal([
      sampleNumber(1),
      sampleNumber(2),
      '11010519491231002X',
    ]);
    const nobody = await ask(gateway.url, { target: '/persons/11010519491231002X' });
    expect([nobody.status, nobody.bytes.length]).to.deep.equal([404, 0]);
    expect(world.node.events[1]!.outcome).to.deep.include({ result: 'granted', fields: [], subjectCount: 1 });
    const empty = await ask(gateway.url, { target: '/persons?district=nowhere', said: { action: 'search' } });
    expect(empty.json()).to.deep.equal({ count: 0, persons: [] });
    expect(world.node.events[2]!.outcome).to.deep.include({ result: 'granted', fields: [], subjectCount: 0 });
  });

  const refused: readonly (readonly [string, Ask, number, string])[] = [
    ['a purpose that no duty names', { target: '/export', said: { purpose: 'statistics.other' } }, 403, 'OTHER_PURPOSE'],
    [
      'a purpose that the route does not give data for',
      { target: PERSON, said: { purpose: 'statistics.official' } },
      403,
      'OTHER_PURPOSE',
    ],
    ['an accessor without the duty', { target: PERSON, accessor: STRANGER, signer: keys.stranger }, 403, 'NO_DUTY'],
    ['an action that the route does not know', { target: PERSON, said: { action: 'export' } }, 403, 'OTHER_ACTION'],
    ['a grade that is too low', { target: `/photos/${sampleNumber(7)}`, said: { grade: 'asserted' } }, 403, 'LOW_GRADE'],
    [
      'a call without the case that the route needs',
      { method: 'POST', target: '/persons/search', body: '{"idNumbers":[]}', said: { case: null } },
      403,
      'NO_CASE',
    ],
    ['break-glass where nobody may break it', { target: '/export', said: { breakGlass: '火灾' } }, 403, 'NO_BREAK_GLASS'],
    ['a path that is not configured', { target: '/secrets' }, 404, 'NO_ROUTE'],
    ['a method that is not configured', { method: 'DELETE', target: PERSON }, 404, 'NO_ROUTE'],
    ['a query parameter that is not configured', { target: `${PERSON}?admin=1` }, 400, 'BAD_TARGET'],
    ['a query parameter twice', { target: `${PERSON}?fields=a&fields=b` }, 400, 'BAD_TARGET'],
    ['dots in a path', { target: '/persons/%2E%2E' }, 400, 'BAD_TARGET'],
    ['a slash in a parameter', { target: '/persons/1%2F2' }, 400, 'BAD_TARGET'],
    ['a body where none is taken', { target: PERSON, body: '{}' }, 400, 'BAD_TARGET'],
    [
      'a body that is no JSON',
      { method: 'POST', target: '/persons/search', body: '{"idNumbers":[],"idNumbers":[]}' },
      400,
      'BAD_TARGET',
    ],
    ['a number that is none', { target: '/persons/123' }, 400, 'BAD_SUBJECT'],
    ['a request that was signed for another query', { target: PERSON, queryTarget: '/persons/1' }, 422, 'OTHER_QUERY'],
    ['a call without the salt', { target: PERSON, change: (headers) => delete headers['veritrail-salt'] }, 422, 'OTHER_QUERY'],
  ];
  test('refuses by rule, logs that it did, and hands out the receipt', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    for (const [name, given, status, reason] of refused) {
      const before = world.node.events.length;
      const answered = await ask(gateway.url, given);
      expect([answered.status, reasonOf(answered)], name).to.deep.equal([status, reason]);
      expect(world.node.events.length, name).to.equal(before + 1);
      const { outcome } = world.node.events.at(-1)!;
      expect(outcome, name).to.deep.include({ result: 'refused', code: reason, fields: [] });
      expect(headerJson(answered, 'veritrail-receipt')['requestDigest'], name).to.equal(world.node.events.at(-1)!.digest);
    }
    expect(world.node.countOf(numberOf(7))).to.be.greaterThan(5);
  });

  const turnedAway: readonly (readonly [string, Ask, number, string | undefined])[] = [
    ['no signature', { target: PERSON, change: (headers) => delete headers['signature'] }, 401, undefined],
    ['no request', { target: PERSON, change: (headers) => delete headers['veritrail-request'] }, 401, undefined],
    ['another path than was signed', { target: PERSON, sentTarget: '/persons' }, 422, 'BAD_SIGNATURE'],
    ['a key that the registry does not have', { target: PERSON, signer: keys.operator }, 403, 'UNKNOWN_KEY'],
    ['a key of somebody else', { target: PERSON, signer: keys.stranger }, 403, 'UNKNOWN_KEY'],
    ['a key of another use', { target: PERSON, accessor: CUSTODIAN, signer: keys.log }, 403, 'UNKNOWN_KEY'],
    ['another custodian', { target: PERSON, custodian: STRANGER }, 403, 'OTHER_CUSTODIAN'],
    ['a request of grade imported', { target: PERSON, said: { grade: 'imported' } }, 403, 'LOW_GRADE'],
    ['a call of three minutes ago', { target: PERSON, now: Date.now() - 180_000 }, 403, 'TOO_OLD'],
    ['a seal that is none', { target: PERSON, change: (headers) => (headers['veritrail-seal'] = 'AAAA') }, 403, 'BAD_SEAL'],
    ['a call of the future', { target: PERSON, now: Date.now() + 180_000 }, 403, 'TOO_OLD'],
  ];
  test('turns away whoever cannot be told to have asked, and logs nothing in anybody’s name', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    for (const [name, given, status, reason] of turnedAway) {
      const answered = await ask(gateway.url, given);
      expect([answered.status, reasonOf(answered)], name).to.deep.equal([status, reason]);
    }
    expect(world.node.events).to.deep.equal([]);
  });

  test('takes the operator’s own signature, and refuses another’s in its place', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    const photo = { target: `/photos/${sampleNumber(7)}`, said: { grade: 'personal-key' } } as const;
    const answered = await ask(gateway.url, { ...photo, operator: keys.operator });
    expect([answered.status, answered.bytes.length, answered.isCut]).to.deep.equal([200, 10_000, false]);
    expect(world.node.events.map(({ outcome }) => outcome.chunk)).to.deep.equal([
      { number: 0, isLast: false },
      { number: 1, isLast: false },
      { number: 2, isLast: true },
    ]);
    const forged = { ...keys.operator, sign: keys.stranger.sign.bind(keys.stranger) };
    expect(reasonOf(await ask(gateway.url, { ...photo, operator: forged }))).to.equal('BAD_SIGNATURE');
  });

  test('answers a request once, also after a restart, and at another gateway before the same node', async (t) => {
    const world = await makeWorld(t);
    const first = await startWorldGateway(t, world, { publicUrl: 'http://gateway.example' });
    const given = await signAsk('http://gateway.example', { target: PERSON });
    const answers = await Promise.all([1, 2, 3].map(() => send(first.url, given)));
    expect(answers.map(({ status }) => status)).to.have.members([200, 409, 409]);
    const other = await startWorldGateway(t, world, { publicUrl: 'http://gateway.example', dataDir: `${world.directory}/other` });
    const there = await send(other.url, given);
    expect([there.status, reasonOf(there)]).to.deep.equal([409, 'REPLAYED']);
    await first.close();
    const again = await startWorldGateway(t, world, { publicUrl: 'http://gateway.example' });
    expect((await send(again.url, given)).status).to.equal(409);
    expect(world.node.events).to.have.length(1);
  });

  test('goes by what the registry says now: a duty that ends, a key that is lost', async (t) => {
    const world = await makeWorld(t);
    const gateway = await startWorldGateway(t, world);
    const { registry } = world.verifier;
    registry.tell({ kind: 'key-compromised', keyId: keys.stranger.keyId, since: Date.now() - 1000 } as never);
    registry.tell(duty(STRANGER, PURPOSE));
    await new Promise((resolve) => setTimeout(resolve, 400));
    const lost = await ask(gateway.url, { target: PERSON, accessor: STRANGER, signer: keys.stranger });
    expect(reasonOf(lost)).to.equal('KEY_COMPROMISED');
    registry.tell({
      kind: 'duty-ended',
      dutyId: registry.facts.duties.find(({ authority }) => authority === ACCESSOR)!.dutyId,
      validTo: Date.now() - 1,
    } as never);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(reasonOf(await ask(gateway.url, { target: PERSON }))).to.equal('NO_DUTY');
  });

  test('gives nothing by facts that are too old, but to whoever breaks the glass, also after a restart', async (t) => {
    const world = await makeWorld(t);
    const settings = { registry: { verifiers: [world.verifier.url], pollMs: 100, maxStatusAgeMs: 60_000 } };
    const first = await startWorldGateway(t, world, settings);
    expect((await ask(first.url, { target: PERSON })).status).to.equal(200);
    await first.close();
    world.verifier.isDown = true;
    const later = (): number => Date.now() + 90_000;
    const gateway = await startWorldGateway(t, world, settings, later);
    const stale = await ask(gateway.url, { target: PERSON, now: later() });
    expect([stale.status, reasonOf(stale)]).to.deep.equal([503, 'STALE']);
    expect(world.node.events.at(-1)!.outcome.code).to.equal('STALE');
    const broken = await ask(gateway.url, { target: PERSON, now: later(), said: { breakGlass: '抢救病人' } });
    expect(broken.status).to.equal(200);
    expect((await fetch(`${gateway.operatorUrl}/readyz`)).status).to.equal(503);
  });
});
