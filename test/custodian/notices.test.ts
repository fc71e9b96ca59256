/** A person is told once that somebody new has read her data, and each time that the glass was broken: by the real portal, of nothing else. */
import { afterEach, beforeEach, describe, test } from 'node:test';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseSignedRequest, requestDigestOf } from '../../core/access/request.ts';
import { Delivery } from '../../portal/notice/delivery.ts';
import { Outbox } from '../../portal/notice/outbox.ts';
import { NOTICE_ROLE, noticeRoutes } from '../../portal/notice/routes.ts';
import { createEdge, type Edge } from '../../service/http.ts';
import { createLogger } from '../../service/logger.ts';
import { createMetrics } from '../../service/metrics.ts';
import { Tokens } from '../../service/token.ts';
import { AUDITOR, auditorSigner, GRANTED, requestSigner } from './custodian.ts';
import { residentNumber, signRequest, TestCustodian } from './custodian.ts';
import { makeLogDirectory } from './fixture.ts';
import { startSealer } from './sealer.ts';

const [ANNA, BERT] = [residentNumber(1), residentNumber(2)] as const;
const TOKEN = 'custodian-token'.padEnd(40, 'c');
const REFUSED = { ...GRANTED, result: 'refused', code: 'NO_DUTY', fields: [] };
const FAILED = { ...GRANTED, result: 'failed', code: 'UPSTREAM_TIMEOUT', fields: [] };

describe('a notice to a person', () => {
  let [custodian, dir, logged, port]: [TestCustodian, string, string, number] = [] as never;
  let portal: { readonly edge: Edge; readonly outbox: Outbox } | null = null;
  const logger = createLogger({
    program: 'node',
    destination: new Writable({ write: (chunk, _encoding, done) => ((logged += String(chunk)), done()) }),
  });

  /** The portal's own routes and outbox; nobody takes them from it. */
  async function openPortal(): Promise<void> {
    const outbox = await Outbox.open(join(dir, 'portal'), Date.now());
    const delivery = new Delivery({ outbox, webhook: null, clock: Date.now, logger });
    const routes = noticeRoutes({ outbox, delivery, tokens: new Tokens({ [NOTICE_ROLE]: TOKEN }), clock: Date.now });
    const edge = createEdge({ logger, metrics: createMetrics('portal'), routes });
    port = Number(new URL(await edge.listen(port)).port);
    portal = { edge, outbox };
  }
  async function closePortal(): Promise<void> {
    await portal?.edge.close();
    portal = null;
  }

  beforeEach(async () => {
    [dir, logged, port] = [await mkdtemp(join(tmpdir(), 'vt-notices-')), '', 0];
    await writeFile(join(dir, 'token'), `${TOKEN}\n`, { mode: 0o600 });
    await openPortal();
    custodian = await TestCustodian.start(await makeLogDirectory(), logger);
    await custodian.restart(async () => {
      custodian.portal = { portal: `http://127.0.0.1:${port}`, tokenFile: join(dir, 'token') };
    });
  });
  afterEach(async () => {
    await custodian.stop();
    await closePortal();
    await rm(dir, { recursive: true });
  });

  const notices = () => custodian.custody.notices!;
  /** What the portal has, once the custodian has nothing left to tell. */
  async function told(): Promise<string[]> {
    for (let i = 0; i < 400 && notices().waiting > 0; i++) await sleep(10);
    expect(notices().waiting).to.equal(0);
    return (await portal!.outbox.waiting()).map(({ kind, person }) => `${kind} ${person.id}`).toSorted();
  }
  const read = async (ids: readonly string[], changes: Parameters<typeof signRequest>[0] = {}, others: JsonObject = {}) => {
    const request = await signRequest({ requestedAt: custodian.directory.now, ...changes });
    const answer = await custodian.event(ids, { ...others, request });
    expect(answer.status, answer.text).to.equal(201);
  };

  test('is sent when an authority reads her data here for the first time, and not again', async () => {
    await read([ANNA, BERT]);
    expect(await told()).to.deep.equal([`first-access ${ANNA}`, `first-access ${BERT}`]);
    await read([ANNA]);
    await custodian.restart();
    await read([BERT]);
    expect(await told()).to.have.length(2);
  });

  test('is sent for each authority: an auditor’s look-up is a reading too', async () => {
    await read([ANNA]);
    const request = await signRequest(
      {
        accessor: AUDITOR as never,
        action: 'trace',
        case: 'AJ-1',
        purpose: 'audit.trace',
        requestedAt: custodian.directory.now,
      },
      [auditorSigner],
    );
    await custodian.anchor();
    const looked = await custodian.as('desk', '/v1/case/history', { request, subject: { class: 1, id: ANNA } });
    expect(looked.status, looked.text).to.equal(200);
    expect(await told()).to.deep.equal([`first-access ${ANNA}`, `first-access ${ANNA}`]);
  });

  test('is sent each time that the glass is broken, and then not for the first access as well', async () => {
    await read([ANNA], { breakGlass: '急诊' });
    await read([ANNA], { breakGlass: '急诊' });
    await read([ANNA]);
    expect(await told()).to.deep.equal([`break-glass ${ANNA}`, `break-glass ${ANNA}`]);
  });

  test('is sent once for two events that are recorded at once', async () => {
    await Promise.all([read([ANNA]), read([ANNA]), read([ANNA, BERT])]);
    expect(await told()).to.deep.equal([`first-access ${ANNA}`, `first-access ${BERT}`]);
  });

  test('is sent once for an event that is told again under its key', async () => {
    const request = await signRequest({ requestedAt: custodian.directory.now });
    for (let i = 0; i < 2; i++) expect((await custodian.event([ANNA], { request }, 'same')).status).to.equal(201);
    expect(await told()).to.deep.equal([`first-access ${ANNA}`]);
  });

  test('is not sent for what was not given out, or was imported; the first that is given out is told of then', async () => {
    await read([ANNA], {}, { outcome: REFUSED });
    await read([ANNA], {}, { outcome: FAILED });
    const old = await signRequest({ grade: 'imported', requestedAt: custodian.directory.now }, [requestSigner]);
    expect((await custodian.event([ANNA], { request: old })).status).to.equal(201);
    await read([]);
    expect(await told()).to.deep.equal([]);
    await read([ANNA]);
    expect(await told()).to.deep.equal([`first-access ${ANNA}`]);
  });

  test('is not sent for an access under seal, which it would disclose; when it is released, it is', async () => {
    const sealer = await startSealer(custodian.directory);
    try {
      const request = await signRequest({ requestedAt: custodian.directory.now });
      const digest = encodeHex(requestDigestOf(parseSignedRequest(request).envelope.payload));
      const { json } = await sealer.seal('/v1/seals', { request: digest, legalBasis: '个人信息保护法 第十八条' });
      expect((await custodian.event([ANNA], { request, seal: json['shown'] as JsonObject })).status).to.equal(201);
      expect([await told(), notices().waiting]).to.deep.equal([[], 0]);
      const [{ leafHash }] = json['entries'] as [{ leafHash: string }];
      const released = await sealer.seal('/v1/seals/release', { seal: leafHash });
      const release = { seal: leafHash, renewals: released.json['renewals']!, release: released.json['shown']! };
      expect((await custodian.as('officer', '/v1/releases', release)).status).to.equal(201);
      expect(await told()).to.deep.equal([`first-access ${ANNA}`]);
    } finally {
      await sealer.stop();
    }
  });

  test('waits while the portal is silent, holds up no release, and is readable to nobody who has the files', async () => {
    await closePortal();
    const before = performance.now();
    await read([ANNA, BERT]);
    expect(performance.now() - before).to.be.below(5_000);
    expect(notices().waiting).to.equal(2);
    await custodian.restart();
    expect(notices().waiting).to.equal(2);
    const metrics = await (await fetch(`${custodian.url}/metrics`)).text();
    await custodian.restart(async () => {
      const files = await readdir(custodian.directory.path, { recursive: true, withFileTypes: true });
      const bytes = await Promise.all(
        files.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name), 'latin1')),
      );
      expect(bytes.join('')).to.not.contain(ANNA).and.not.contain('first-access');
    });
    await openPortal();
    expect(await told()).to.deep.equal([`first-access ${ANNA}`, `first-access ${BERT}`]);
    expect(logged + metrics)
      .to.not.contain(ANNA)
      .and.not.contain(BERT);
  });

  test('keeps its key when it is sent again, so that the portal has it once, and the key says nothing of the entry', async () => {
    const keys: string[] = [];
    const { outbox } = portal!;
    const put = outbox.put.bind(outbox);
    // Taken, and the answer is lost on the way.
    outbox.put = async (key, notice) => {
      keys.push(key);
      await put(key, notice);
      if (keys.length === 1) throw new Error('cut');
      return put(key, notice);
    };
    await read([ANNA]);
    expect(await told()).to.deep.equal([`first-access ${ANNA}`]);
    expect([keys.length, new Set(keys).size]).to.deep.equal([2, 1]);
    const [event] = await custodian.custody.index.find({ from: 0, to: Number.MAX_SAFE_INTEGER }, 1);
    expect(keys[0]).to.not.equal(encodeHex(event!.recorded.entries[0]!.leafHash));
  });
});
