/** What a desk's portal signs and passes on, and for whom it does not: nothing without an officer's own key, and nothing of any other form. */
import { after, before, describe, test } from 'node:test';
import { appendFile, readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { type EnvelopeSignature, formatEnvelope } from '../../core/authority/envelope.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import { encodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type AccessRequest, encodeRequest, parseSignedRequest, requestSignedBytes } from '../../core/access/request.ts';
import type { SignedRequest } from '../../core/access/request.ts';
import { encodeManifest, manifestSignedBytes } from '../../core/package/manifest.ts';
import { isSm2Signature, parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { caseDigestOf, caseSignedBytes, encodeCase, type SignedCase } from '../../core/trace/case.ts';
import { type CaseQuery, formatSentQuestion, lookUpRequest } from '../../core/trace/query.ts';
import { approvalRequest } from '../../core/trace/unmasking.ts';
import type { DeskConfig } from '../../portal/config.ts';
import { openDesk } from '../../portal/desk/place.ts';
import { deskRoutes } from '../../portal/desk/routes.ts';
import { RateLimit } from '../../service/call/rate-limit.ts';
import { createEdge } from '../../service/http.ts';
import { createLogger } from '../../service/logger.ts';
import { createMetrics } from '../../service/metrics.ts';
import { bytesOf } from '../access/sample.ts';
import { ACCESSOR, AUDITOR, CUSTODIAN, residentNumber } from '../custodian/custodian.ts';
import { ORIGIN } from '../custodian/fixture.ts';
import { parseNumber } from '../../core/access/number.ts';
import { bytesOf as fixtureBytes } from '../log/memory-log.ts';
import { DeskWorld, OFFICERS, readSignature, signatureJson, signedBy, SYSTEM, TERMINAL, type Told } from './desk-world.ts';

const PERSON: CaseQuery = { kind: 'person', subject: parseNumber(1, residentNumber(3)) };
const STRANGER = bytesOf('key of a stranger');
const STRANGER_KEY = publicKeyOf(parsePrivateKey(STRANGER));
const AUTHORITY_SECRET = fixtureBytes('auditor request key');
const AUTHORITY_KEY = publicKeyOf(parsePrivateKey(AUTHORITY_SECRET));
let world: DeskWorld;
let opened: SignedCase;
let count = 0;

before(async () => {
  world = await DeskWorld.start();
  await world.department.read('NR-0001', 3, 4);
  await world.department.anchor();
  opened = await world.openCase();
});
after(() => world.stop());

function lookUp(
  change: Partial<AccessRequest> = {},
  { by = 0, query = PERSON, parent = null }: { by?: number; query?: CaseQuery; parent?: Hash | null } = {},
): Uint8Array {
  const request = lookUpRequest({
    case: opened.case,
    custodian: parseUscc(CUSTODIAN),
    query,
    officer: OFFICERS[by]!,
    isSignedByOfficer: true,
    parent,
    system: SYSTEM,
    terminal: TERMINAL,
    nonce: bytesOf(`nonce ${count++}`),
    salt: bytesOf('salt'),
    now: Date.now(),
  });
  return encodeRequest({ ...request, ...change });
}

/** As the page makes it: the officer's signature first, then the authority's. */
async function signed(payload: Uint8Array, by = 0): Promise<SignedRequest> {
  const { status, json } = await world.askToSign(opened, payload, by);
  expect(status).to.equal(200);
  const own = signedBy(by, requestSignedBytes(payload));
  return parseSignedRequest(formatEnvelope({ payload, signatures: [readSignature(json), own] }));
}

const ask = (
  request: SignedRequest,
  approval: SignedRequest | null = null,
  query: CaseQuery = PERSON,
  origin: string = ORIGIN,
  url = world.url,
): Promise<Told> =>
  postTo(url, '/desk/v1/ask', {
    case: formatEnvelope(opened.envelope),
    origin,
    question: formatSentQuestion({ request, approval, query, at: null }),
  });

/** What a custodian refused behind the desk is marked: the desk itself should have. */
const refusal = ({ status, json }: Told): string =>
  `${status} ${json['code'] as string}${(json['detail'] as string | undefined)?.startsWith('the other side') === true ? ' by the custodian' : ''}`;

async function journal(): Promise<JsonObject[]> {
  const text = await readFile(world.department.path('portal/desk-signatures.ndjson'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject);
}

describe('a desk', () => {
  test('tells whose it is, and neither tokens nor addresses nor keys that sign', async () => {
    const text = await (await fetch(`${world.url}/desk/v1/place`)).text();
    const place = JSON.parse(text) as JsonObject;
    expect(place).to.have.all.keys('authority', 'officers', 'origins', 'system', 'terminal');
    expect(place['authority']).to.equal(AUDITOR);
    expect((place['officers'] as JsonObject[]).map(({ id }) => id)).to.deep.equal(['A-01', 'A-02']);
    expect(text).not.to.contain(world.department.custodian.url);
  });

  test('signs a case and a look-up of it for an officer, each with its line in the journal first', async () => {
    const before = (await journal()).length;
    const payload = lookUp();
    const { json } = await world.askToSign(opened, payload);
    const { keyId, signature } = readSignature(json);
    expect(isSm2Signature(AUTHORITY_KEY, requestSignedBytes(payload), signature)).to.equal(true);
    const lines = await journal();
    expect(lines).to.have.length(before + 1);
    const line = lines.at(-1)!;
    expect(line).to.include({ what: 'request', digest: encodeHex(sm3(payload)) });
    // The officer's, not the authority's: none of ours is without hers.
    expect(line['keyId']).not.to.equal(encodeHex(keyId));
    const hers = readSignature(line).signature;
    expect(isSm2Signature(OFFICERS[0]!.publicKey, requestSignedBytes(payload), hers)).to.equal(true);
    expect(lines[0]).to.include({ what: 'case', digest: encodeHex(caseDigestOf(opened.envelope.payload)) });
    expect(JSON.stringify(lines)).not.to.contain(residentNumber(3));
  });

  test('passes a question on, and the custodian has recorded it before it answers', async () => {
    const { status, json } = await ask(await signed(lookUp()));
    expect(status).to.equal(200);
    expect(json).to.have.all.keys('event', 'answer', 'promised');
    expect((json['event'] as JsonObject)['entries']).to.have.length(1);
  });

  test('keeps its journal over a restart, and cuts a line that was not written whole', async () => {
    const before = await journal();
    await world.closePortal();
    const path = world.department.path('portal/desk-signatures.ndjson');
    await appendFile(path, '{"at":17');
    await world.openPortal();
    await signed(lookUp());
    const after = await journal();
    expect(after.slice(0, -1)).to.deep.equal(before);
  });

  test('keeps numbers and reasons out of what it logs', () => {
    for (const word of [residentNumber(3), opened.case.reason, opened.case.number]) expect(world.logged).not.to.contain(word);
    expect(world.logged).to.contain('/desk/v1/ask');
  });
});

describe('a desk does not sign', () => {
  const noCase = (officer: EnvelopeSignature, payload: Uint8Array): JsonObject => ({
    what: 'case',
    payload: encodeBase64(payload),
    officer: signatureJson(officer),
  });
  const twoOfHerOwn = [OFFICERS[0]!, { id: 'A-09', role: '复核', publicKey: STRANGER_KEY }];
  const sameIdOtherKey = [OFFICERS[0]!, { ...OFFICERS[1]!, publicKey: STRANGER_KEY }];

  const cases: [rule: string, change: Parameters<DeskWorld['newCase']>[0], by: number | Uint8Array, want: string][] = [
    ['a case for somebody who is no officer', {}, STRANGER, '403 FORBIDDEN'],
    ['a case with an officer of her own making', { officers: twoOfHerOwn }, 0, '403 FORBIDDEN'],
    ['a case with another key for her colleague', { officers: sameIdOtherKey }, 0, '403 FORBIDDEN'],
    ['a case of another authority', { authority: parseUscc(ACCESSOR) }, 0, '403 FORBIDDEN'],
    ['a case that is dated back', { openedAt: Date.now() - 3_600_000 }, 0, '403 FORBIDDEN'],
  ];
  for (const [rule, change, by, want] of cases) {
    test(rule, async () => {
      const payload = encodeCase(world.newCase(change));
      expect(refusal(await world.post('/desk/v1/signatures', noCase(signedBy(by, caseSignedBytes(payload)), payload)))).to.equal(
        want,
      );
    });
  }

  test('a case under a signature over another one', async () => {
    const [one, other] = [encodeCase(world.newCase()), encodeCase(world.newCase({ number: '另案' }))];
    const told = await world.post('/desk/v1/signatures', noCase(signedBy(0, caseSignedBytes(other)), one));
    expect(refusal(told)).to.equal('422 UNVERIFIED');
  });

  const requests: [rule: string, change: Partial<AccessRequest>, by: number | Uint8Array, want: string][] = [
    ['a look-up for a stranger', {}, STRANGER, '403 FORBIDDEN'],
    ['a look-up in the name of a colleague', {}, 1, '403 FORBIDDEN'],
    ['an ordinary reading', { action: 'read', parent: bytesOf('look-up') }, 0, '403 FORBIDDEN'],
    ['another purpose', { purpose: 'service.requested' }, 0, '403 FORBIDDEN'],
    ['another reason than the case has', { cause: '受理本人申请' }, 0, '403 FORBIDDEN'],
    ['another case number', { case: '另案' }, 0, '403 FORBIDDEN'],
    ['a look-up without a case', { case: null }, 0, '403 FORBIDDEN'],
    ['a broken glass', { breakGlass: '紧急' }, 0, '403 FORBIDDEN'],
    ['another accessor', { accessor: parseUscc(ACCESSOR) }, 0, '403 FORBIDDEN'],
    ['a custodian that it has no way to', { custodian: parseUscc(ACCESSOR) }, 0, '403 FORBIDDEN'],
    ['another terminal', { terminal: '10.0.0.1' }, 0, '403 FORBIDDEN'],
    ['an unmasking that names no look-up', { action: 'unmask' }, 0, '403 FORBIDDEN'],
    ['a look-up that is dated back', { requestedAt: Date.now() - 3_600_000 }, 0, '403 FORBIDDEN'],
  ];
  for (const [rule, change, by, want] of requests) {
    test(rule, async () => {
      const before = (await journal()).length;
      expect(refusal(await world.askToSign(opened, lookUp(change), by))).to.equal(want);
      expect(await journal()).to.have.length(before);
    });
  }

  test('a look-up without the officer’s own key behind it', async () => {
    const told = await world.askToSign(
      opened,
      lookUp({ grade: 'session-attested', operator: { ...OFFICERS[0]!, publicKey: null } }),
    );
    expect(refusal(told)).to.equal('403 FORBIDDEN');
  });

  test('in a case that the authority did not sign', async () => {
    const payload = encodeCase(world.newCase());
    const forged = { case: opened.case, envelope: { payload, signatures: [signedBy(0, caseSignedBytes(payload))] } };
    expect(refusal(await world.askToSign(forged, lookUp()))).to.equal('403 UNTRUSTED');
    const moved = { case: opened.case, envelope: { payload, signatures: opened.envelope.signatures } };
    expect(refusal(await world.askToSign(moved, lookUp()))).to.equal('403 UNTRUSTED');
  });

  test('a manifest of another case, and signs one of this case', async () => {
    const manifest = (digest: Hash, madeAt = Date.now()): Uint8Array =>
      encodeManifest({
        case: digest,
        chainReference: bytesOf('chain'),
        madeAt,
        parts: [],
        trust: { version: 1, digest: bytesOf('trust') },
      });
    const send = (payload: Uint8Array, { envelope } = opened): Promise<Told> =>
      world.post('/desk/v1/signatures', {
        what: 'manifest',
        case: formatEnvelope(envelope),
        payload: encodeBase64(payload),
        officer: signatureJson(signedBy(0, manifestSignedBytes(payload))),
      });
    const ownDigest = caseDigestOf(opened.envelope.payload);
    expect(refusal(await send(manifest(ownDigest, Date.now() - 3_600_000)))).to.equal('403 FORBIDDEN');
    // A case of the same authority that has another key for this officer.
    const payload = encodeCase(world.newCase({ officers: [{ ...OFFICERS[0]!, publicKey: STRANGER_KEY }, OFFICERS[1]!] }));
    const elsewhere = {
      case: opened.case,
      envelope: { payload, signatures: [signedBy(AUTHORITY_SECRET, caseSignedBytes(payload))] },
    };
    expect(refusal(await send(manifest(caseDigestOf(payload)), elsewhere))).to.equal('403 FORBIDDEN');
    expect(refusal(await send(manifest(bytesOf('another case'))))).to.equal('403 FORBIDDEN');
    const own = manifest(ownDigest);
    const { json } = await send(own);
    expect(isSm2Signature(AUTHORITY_KEY, manifestSignedBytes(own), readSignature(json).signature)).to.equal(true);
    // Signed as one thing it is none of the others.
    expect(refusal(await world.askToSign(opened, own))).to.equal('400 MALFORMED');
  });

  test('for a page of another site, a body of another kind or with members that nobody asked for', async () => {
    const body = {
      what: 'request',
      case: formatEnvelope(opened.envelope),
      payload: encodeBase64(lookUp()),
      officer: signatureJson(signedBy(0, requestSignedBytes(lookUp()))),
    };
    expect(refusal(await world.post('/desk/v1/signatures', body, { origin: 'https://elsewhere.example' }))).to.equal(
      '403 FORBIDDEN',
    );
    expect(refusal(await world.post('/desk/v1/signatures', body, { 'sec-fetch-site': 'cross-site' }))).to.equal('403 FORBIDDEN');
    expect(refusal(await world.post('/desk/v1/signatures', body, { 'content-type': 'text/plain' }))).to.equal('415 MALFORMED');
    expect(refusal(await world.post('/desk/v1/signatures', { ...body, more: 1 }))).to.equal('400 MALFORMED');
    expect(refusal(await world.post('/desk/v1/signatures', { ...body, what: 'licence' }))).to.equal('400 MALFORMED');
  });
});

describe('a desk does not ask', () => {
  const unmask: CaseQuery = { kind: 'unmask', leafHashes: [bytesOf('leaf')] };

  test('what it did not sign, nor what was signed long ago', async () => {
    const payload = lookUp();
    const own = signedBy(0, requestSignedBytes(payload));
    const byHerself = parseSignedRequest(
      formatEnvelope({ payload, signatures: [signedBy(STRANGER, requestSignedBytes(payload)), own] }),
    );
    expect(refusal(await ask(byHerself))).to.equal('422 UNVERIFIED');
    const old = lookUp({ requestedAt: Date.now() - 3_600_000 });
    const stale = parseSignedRequest(
      formatEnvelope({
        payload: old,
        signatures: [signedBy(AUTHORITY_SECRET, requestSignedBytes(old)), signedBy(0, requestSignedBytes(old))],
      }),
    );
    expect(refusal(await ask(stale))).to.equal('403 FORBIDDEN');
  });

  test('a log that it has no way to', async () => {
    const request = await signed(lookUp());
    expect(refusal(await ask(request, null, PERSON, `${ORIGIN}-2`))).to.equal('404 NOT_FOUND');
  });

  test('for an unmasking that one officer alone wants', async () => {
    const first = await signed(lookUp({}, { query: unmask, parent: bytesOf('look-up') }));
    expect(refusal(await ask(first, null, unmask))).to.equal('400 MALFORMED');
    const approval = (by: number, now = Date.now()): Uint8Array =>
      encodeRequest(
        approvalRequest({
          request: first,
          officer: OFFICERS[by]!,
          system: SYSTEM,
          terminal: TERMINAL,
          nonce: bytesOf(`approval ${by}`),
          now,
        }),
      );
    const approvalBy = (by: number): Promise<SignedRequest> => signed(approval(by), by);
    const old = approval(1, Date.now() - 3_600_000);
    const signatures = [signedBy(AUTHORITY_SECRET, requestSignedBytes(old)), signedBy(1, requestSignedBytes(old))];
    const stale = parseSignedRequest(formatEnvelope({ payload: old, signatures }));
    expect(refusal(await ask(first, stale, unmask))).to.equal('403 FORBIDDEN');
    expect(refusal(await ask(first, await approvalBy(0), unmask))).to.equal('422 UNVERIFIED');
    // Two agree: now the custodian is asked, which knows no such entry.
    expect(refusal(await ask(first, await approvalBy(1), unmask))).to.match(/ by the custodian$/);
  });

  test('an unmasking’s request as a look-up', async () => {
    const first = await signed(lookUp({}, { query: unmask, parent: bytesOf('look-up') }));
    expect(refusal(await ask(first))).to.equal('403 FORBIDDEN');
  });
});

/** The desk's routes by themselves, set up otherwise. */
async function otherDesk(change: Partial<DeskConfig>, limit: RateLimit): Promise<{ url: string; close: () => Promise<void> }> {
  const dataDir = world.department.path(`other-${count++}`);
  const { signal } = new AbortController();
  const desk = await openDesk({ config: { ...world.config, ...change }, dataDir, clock: Date.now, url: () => world.url, signal });
  const logger = createLogger({ program: 'test', level: 'fatal' });
  const edge = createEdge({ logger, metrics: createMetrics('test'), routes: deskRoutes({ ...desk, limit }) });
  const close = async (): Promise<void> => {
    await edge.close();
    await desk.journal.close();
  };
  return { url: await edge.listen(0), close };
}

const limitOf = (burst: number): RateLimit => new RateLimit({ burst, perMinute: 1, clock: Date.now });

async function postTo(url: string, path: string, body: JsonObject): Promise<Told> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as JsonObject };
}

describe('a desk set up otherwise', () => {
  test('signs no more for an officer who asks too often, and still for the other', async () => {
    const { url, close } = await otherDesk({}, limitOf(2));
    const send = async (by: number): Promise<number> => {
      const payload = encodeCase(world.newCase());
      const officer = signatureJson(signedBy(by, caseSignedBytes(payload)));
      return (await postTo(url, '/desk/v1/signatures', { what: 'case', payload: encodeBase64(payload), officer })).status;
    };
    expect([await send(0), await send(0), await send(0), await send(1)]).to.deep.equal([200, 200, 429, 200]);
    await close();
  });

  test('with two custodians sends neither what was signed for the other', async () => {
    const [node] = world.config.nodes;
    const other = { ...node!, origin: `sample/${ACCESSOR}/access` };
    const { url, close } = await otherDesk({ nodes: [node!, other] }, limitOf(9));
    const request = await signed(lookUp());
    const told = await ask(request, null, PERSON, other.origin, url);
    expect(refusal(told)).to.equal('403 FORBIDDEN');
    await close();
  });

  test('goes on with cases that an earlier key of its authority signed', async () => {
    const payload = encodeCase(world.newCase());
    const earlier = { case: opened.case, envelope: { payload, signatures: [signedBy(STRANGER, caseSignedBytes(payload))] } };
    const ask = async (url: string): Promise<string> => {
      const look = lookUp();
      const officer = signatureJson(signedBy(0, requestSignedBytes(look)));
      const body = { what: 'request', case: formatEnvelope(earlier.envelope), payload: encodeBase64(look), officer };
      return refusal(await postTo(url, '/desk/v1/signatures', body));
    };
    expect(await ask(world.url)).to.equal('403 UNTRUSTED');
    const { url, close } = await otherDesk({ earlierKeys: [encodeHex(STRANGER_KEY)] }, limitOf(9));
    expect(await ask(url)).to.match(/^200 /);
    await close();
  });
});
