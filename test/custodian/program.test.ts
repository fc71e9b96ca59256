/** A custodian's node as a program, on a chain of its own: killed, rotated, refused, and searched for what it must not leave behind. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { handleOf } from '../../core/access/handle.ts';
import { parseNumber } from '../../core/access/number.ts';
import { parseAccessAnswer } from '../../core/access/answer.ts';
import { verifyHandle } from '../../core/access/handle.ts';
import { verifyHistory } from '../../core/log/history.ts';
import { verifyNote } from '../../core/log/note.ts';
import { slotAt } from '../../core/log/slot.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { encodeGrantDuty, encodeRegisterLog, encodeSetVrfKey } from '../../chain/registry-call.ts';
import type { NodeConfig } from '../../node/config.ts';
import type { FileType } from '../../core/sealed/key-file.ts';
import { checkPortalConfig } from '../../portal/config.ts';
import { startPortal } from '../../portal/program.ts';
import { createKeyFile } from '../../service/key-file.ts';
import { type Anvil, CHAIN_ID, startAnvil } from '../chain/anvil.ts';
import { signerNamed, TestConsortium } from '../chain/consortium-fixture.ts';
import { bytesOf } from '../log/memory-log.ts';
import { logSigner, silent } from '../node/fixture.ts';
import { ProgramProcess } from '../node/program-process.ts';
import {
  ACCESSOR,
  accessorSigner,
  AUDIENCE,
  CUSTODIAN,
  GRANTED,
  ISSUER,
  type Provider,
  requestSigner,
  residentNumber,
  ROLE_TOKENS,
  signRequest,
  startProvider,
  vrfSigners,
} from './custodian.ts';
import { LOG_ID, ORIGIN } from './fixture.ts';

const PASSPHRASE = 'correct horse battery';
const OPERATOR = 'operator-token'.padEnd(40, 'p');
const VRF_NAMES = ['vrf key of epoch 0', 'vrf key of epoch 1'] as const;
const [ANNA, BERT] = [residentNumber(1), residentNumber(2)] as const;
/** Never read by anybody. */
const CLEO = residentNumber(3);
const DORA = residentNumber(4);

describe('a custodian’s node as a program', () => {
  let path: string;
  let anvil: Anvil;
  let consortium: TestConsortium;
  let provider: Provider;
  let node: ProgramProcess;
  let url: string;
  let counter = 0;
  const stderr: string[] = [];

  before(async () => {
    path = await mkdtemp(join(tmpdir(), 'vt-custodian-program-'));
    anvil = await startAnvil();
    consortium = await TestConsortium.deploy(anvil.rpcUrl);
    const [officer, theirs] = [signerNamed('authority key', 'authority'), signerNamed('accessor authority key', 'authority')];
    const own = consortium.sender('b2');
    await consortium.register({ code: CUSTODIAN, name: '公安局', region: '110000', account: own.account, key: officer });
    const { account } = consortium.sender('b3');
    await consortium.register({ code: ACCESSOR, name: '自然资源局', region: '110000', account, key: theirs });
    for (const signer of [logSigner, requestSigner, ...vrfSigners]) await consortium.addKey(CUSTODIAN, signer, officer);
    await consortium.addKey(ACCESSOR, accessorSigner, theirs);
    const duty = { code: ACCESSOR, purpose: 'service.eligibility', validFrom: 0, validTo: null, parentId: null };
    await consortium.decide(encodeGrantDuty(duty));
    const { registry } = consortium.contracts;
    const spans = { quantum: 1_000, beat: 60_000, promiseSpan: 180_000, term: null };
    const register = async (data: string): Promise<void> => void (await own.send({ to: registry, data }));
    await register(encodeRegisterLog({ owner: CUSTODIAN, origin: ORIGIN, class: 'access', ...spans }));
    await register(encodeSetVrfKey({ logId: LOG_ID, keyId: vrfSigners[0].keyId, fromIndex: 0 }));
    await writeSecrets();
    provider = await startProvider({
      path,
      get now() {
        return Date.now();
      },
      remove: async () => undefined,
    });
    await start();
  });
  after(async () => {
    await node.kill('SIGTERM');
    await provider.close();
    await anvil.stop();
    await rm(path, { recursive: true, force: true });
  });

  async function writeSecrets(): Promise<void> {
    const write = (name: string, text: string): Promise<void> => writeFile(join(path, name), text, { mode: 0o600 });
    await write('passphrase', `${PASSPHRASE}\n`);
    await write('account', `${'b2'.repeat(32)}\n`);
    await write('tokens.json', JSON.stringify({ ...ROLE_TOKENS, operator: OPERATOR }));
    const key = async (name: string, type: FileType, file: string): Promise<void> => {
      const privateKey = parsePrivateKey(bytesOf(name));
      await createKeyFile(join(path, file), PASSPHRASE, { type, privateKey, publicKey: publicKeyOf(privateKey) });
    };
    await key('log key', 'log', 'log.key.json');
    await key('custodian request key', 'request', 'request.key.json');
    await key('records key', 'records', 'records.key.json');
    for (const [i, name] of VRF_NAMES.entries()) await key(name, 'vrf', `vrf-${i}.key.json`);
  }

  function configOf(changes: Partial<NodeConfig> = {}): object {
    const { registry, anchor, court, fromBlock } = consortium.contracts;
    const keyFile = (name: string): string => join(path, `${name}.key.json`);
    return {
      origin: ORIGIN,
      dataDir: join(path, 'data'),
      port: 0,
      chain: { rpcUrl: anvil.rpcUrl, chainId: CHAIN_ID, registry, anchor, court, confirmations: 0, fromBlock },
      keys: {
        log: keyFile('log'),
        request: keyFile('request'),
        records: keyFile('records'),
        vrf: [keyFile('vrf-0'), keyFile('vrf-1')],
      },
      passphraseFile: join(path, 'passphrase'),
      accountFile: join(path, 'account'),
      tokensFile: join(path, 'tokens.json'),
      bodies: { directory: join(path, 'data', 'bodies'), secretsFile: join(path, 'secrets') },
      identity: { issuer: ISSUER, audience: AUDIENCE, jwksUri: provider.jwksUri },
      padQuantumTo: 2,
      beatMs: 600_000,
      ...changes,
    };
  }

  async function launch(config: object): Promise<ProgramProcess> {
    const file = join(path, `config-${++counter}.json`);
    await writeFile(file, JSON.stringify(config));
    return new ProgramProcess('node/main.ts', '--config', file);
  }

  async function start(changes: Partial<NodeConfig> = {}): Promise<void> {
    node = await launch(configOf(changes));
    url = (await node.ready())['url'] as string;
  }

  async function post(
    route: string,
    body: JsonValue,
    headers: Record<string, string>,
  ): Promise<{ status: number; json: JsonObject }> {
    const response = await fetch(url + route, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': `key-${++counter}`, ...headers },
    });
    return { status: response.status, json: (await response.json()) as JsonObject };
  }

  const event = async (...ids: string[]) => {
    const request = await signRequest({ requestedAt: Date.now() });
    const subjects = ids.map((id) => ({ class: 1, id }));
    return post(
      '/v1/events',
      { request, outcome: GRANTED, subjects, seal: null },
      { authorization: `Bearer ${ROLE_TOKENS.gateway}` },
    );
  };

  /** Once all that was promised is in the tree. */
  async function anchor(): Promise<void> {
    await sleep(1_500);
    expect((await post('/v1/anchor', {}, { authorization: `Bearer ${OPERATOR}` })).status).to.equal(200);
  }

  /** Entries under each VRF key. */
  async function historyOf(id: string): Promise<number[]> {
    const token = await provider.token({ class: 1, id });
    const { status, json } = await post('/v1/history', {}, { authorization: `Bearer ${token}` });
    expect(status, JSON.stringify(json)).to.equal(200);
    const answer = parseAccessAnswer(json);
    verifyNote(answer.checkpoint, logSigner.publicKey);
    return answer.epochs.map((epoch, i) => {
      const h = verifyHandle(vrfSigners[i]!.publicKey, LOG_ID, parseNumber(1, id), epoch.proof);
      return verifyHistory({ h, checkpoint: answer.checkpoint.checkpoint, logClass: 'access' }, epoch).length;
    });
  }

  test('refuses a config that is of no class of log, or of another than the registry’s', async () => {
    const keys = { log: join(path, 'log.key.json') };
    const seals = await launch({ ...configOf({ keys }), identity: undefined, padQuantumTo: 0 });
    expect(await seals.ended()).to.have.property('code', 2);
    const half = await launch({ ...configOf(), bodies: undefined });
    const { code, stderr: said } = await half.ended();
    expect([code, said.includes('not those of one class')]).to.deep.equal([2, true]);
    const notices = { portal: 'http://portal.example', tokenFile: join(path, 'passphrase') };
    const open = await (await launch(configOf({ notices }))).ended();
    expect([open.code, open.stderr.includes('needs https')]).to.deep.equal([2, true]);
  });

  test('keeps what it promised through a kill, and tells it when it is anchored', async () => {
    expect((await event(ANNA, BERT)).status).to.equal(201);
    expect((await event(ANNA)).status).to.equal(201);
    stderr.push((await node.kill('SIGKILL')).stderr);
    await start();
    await anchor();
    expect(await historyOf(ANNA)).to.deep.equal([2]);
    expect(await historyOf(BERT)).to.deep.equal([1]);
    expect(await historyOf(CLEO)).to.deep.equal([0]);
  });

  test('tells a person through the real portal, though both are away in between: once', async () => {
    const open = (port: number) => startPortal({ config: portalConfig(port), logger: silent, clock: Date.now });
    let portal = await open(0);
    const port = Number(new URL(portal.ready['url'] as string).port);
    await portal.close();
    const { custodian } = JSON.parse(await readFile(join(path, 'portal-tokens.json'), 'utf8')) as { custodian: string };
    await writeFile(join(path, 'portal-token'), `${custodian}\n`, { mode: 0o600 });
    const notices = { portal: `http://127.0.0.1:${port}`, tokenFile: join(path, 'portal-token') };
    stderr.push((await node.kill('SIGTERM')).stderr);
    await start({ notices });
    expect((await event(DORA)).status).to.equal(201);
    expect((await event(DORA)).status).to.equal(201);
    stderr.push((await node.kill('SIGKILL')).stderr);
    await start({ notices });
    portal = await open(port);
    const count = async (base: string): Promise<string | undefined> =>
      /waiting_notices\S* (\d+)/.exec(await (await fetch(`${base}/metrics`)).text())?.[1];
    for (let i = 0; i < 100 && (await count(url)) !== '0'; i++) await sleep(100);
    expect([await count(url), await count(portal.ready['url'] as string)]).to.deep.equal(['0', '1']);
    await portal.close();
    stderr.push((await node.kill('SIGTERM')).stderr);
    await start();
  });

  const portalConfig = (port: number) =>
    checkPortalConfig({
      dataDir: join(path, 'portal'),
      host: '127.0.0.1',
      port,
      url: null,
      verifier: 'http://127.0.0.1:9',
      identity: { issuer: 'http://127.0.0.1:9', clientId: 'portal', clientSecretFile: join(path, 'passphrase'), scope: 'openid' },
      logs: [],
      accessors: [],
      custodianTimeoutMs: 1_000,
      notices: { tokenFile: join(path, 'portal-tokens.json'), webhook: null },
      desk: null,
      webDir: null,
      exitWithParent: false,
    });

  test('goes on under the next VRF key once the registry names it, and asks for both', async () => {
    const { size } = JSON.parse(JSON.stringify(await sizeNow()));
    const data = encodeSetVrfKey({ logId: LOG_ID, keyId: vrfSigners[1].keyId, fromIndex: size });
    await consortium.sender('b2').send({ to: consortium.contracts.registry, data });
    await sleep(2_500);
    await event(ANNA);
    await anchor();
    expect(await historyOf(ANNA)).to.deep.equal([2, 1]);
  });

  async function sizeNow(): Promise<{ size: number }> {
    const note = await (await fetch(`${url}/checkpoint`)).text();
    return { size: Number(note.split('\n')[1]) };
  }

  test('pads its quanta, and says how much is promised, in numbers about nobody', async () => {
    const before = await sizeNow();
    await sleep(2_500);
    expect((await sizeNow()).size).to.be.at.least(before.size + 2);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).to.contain('log_pending_entries');
    expect((await fetch(`${url}/readyz`)).status).to.equal(200);
  });

  test('leaves no trace of a number, a digest of one or a handle: in no file, log line or metric', async () => {
    const token = await provider.token({ class: 1, id: `${ANNA.slice(0, 17)}Y` });
    await post('/v1/history', {}, { authorization: `Bearer ${token}` });
    await post('/v1/events', { subjects: [{ class: 1, id: ANNA }] }, { authorization: `Bearer ${ROLE_TOKENS.gateway}` });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    stderr.push((await node.kill('SIGTERM')).stderr);
    const files: Buffer[] = [Buffer.from(metrics), ...stderr.map((text) => Buffer.from(text))];
    for (const one of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (one.isFile()) files.push(await readFile(join(one.parentPath, one.name)));
    }
    const everything = Buffer.concat(files);
    expect(everything.length).to.be.greaterThan(10_000);
    const county = Array.from({ length: 200 }, (_, i) => residentNumber(i));
    for (const id of county) {
      const plain = encodeUtf8(id);
      for (const digest of [sm3(plain), sm3(encodeUtf8(`1 ${id}`)), createHash('sha256').update(plain).digest()]) {
        expect(everything.includes(digest)).to.equal(false);
        expect(everything.includes(encodeHex(digest))).to.equal(false);
      }
      expect(everything.includes(id)).to.equal(false);
    }
    for (const name of VRF_NAMES) {
      for (const id of [ANNA, BERT]) {
        const h = handleOf(parsePrivateKey(bytesOf(name)), LOG_ID, parseNumber(1, id));
        expect([everything.includes(h), everything.includes(encodeHex(h))]).to.deep.equal([false, false]);
        // Slots are there as the tree has them, and in no log line.
        expect(stderr.join('').includes(encodeHex(slotAt(h, 0)))).to.equal(false);
      }
    }
    await start();
  });
});
