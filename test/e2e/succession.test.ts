/** 机构改革 on the running sample: one department is merged into another, whose node goes on with the inherited log. */
import { after, before, describe, test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { encodeRecordSuccession } from '../../chain/registry-call.ts';
import { ChainSender } from '../../chain/sender.ts';
import { createLogger } from '../../service/logger.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { System, until, type VerdictJson } from '../system/system.ts';

const TYPE = '11999900MB0000004W001';
const codeOf = (id: string): string => sample.authorities.find((one) => one.id === id)!.code;
const [ISSUER, SUCCESSOR] = [codeOf('issuer'), codeOf('outsider')];
const DAY = 86_400_000;

let system: System;

before(async () => {
  system = await System.start(await System.newData());
});
after(() => system?.remove());

interface Issued {
  readonly file: Uint8Array;
  readonly identifier: string;
}

function issueBody(serial: string, version: number, file: Uint8Array): Record<string, unknown> {
  const fields = { ZZMC: '采矿许可证' };
  return { type: TYPE, serial, version, validFrom: Date.now() - DAY, validTo: null, fields, files: [encodeHex(sm3(file))] };
}

async function issue(serial: string, version = 1, changes: Record<string, unknown> = {}): Promise<Issued> {
  const file = encodeUtf8(`${serial}, version ${version}`);
  const answer = await until(
    20,
    () => system.write('issuer', '/v1/licences', { ...issueBody(serial, version, file), ...changes }, `${serial}-${version}`),
    ({ status }) => status === 201,
  );
  return { file, identifier: (answer.body as { identifier: string }).identifier };
}

function verdictOf({ file }: Issued, verdict: string): Promise<VerdictJson> {
  return until(
    60,
    () => system.ask(file),
    (told) => told.verdict === verdict,
  );
}

/** By the account of the government, the parent of both. */
async function merge(): Promise<void> {
  const record = JSON.parse(await readFile(join(system.data, 'chain.json'), 'utf8')) as { registry: string; chainId: number };
  const sender = new ChainSender({
    rpcUrl: system.ready.chain.url,
    privateKeyHex: (await readFile(join(system.data, 'keys', 'government.account'), 'utf8')).trim(),
    chainId: record.chainId,
    logger: createLogger({ program: 'test', level: 'warn' }),
    timeoutMs: 15_000,
  });
  const { publicTypes, privateTypes } = sample.departments.find(({ role }) => role === 'issuer')!;
  const share = {
    successor: SUCCESSOR,
    logIds: [hashFromHex(system.issuer.logId)],
    licenceTypes: [...publicTypes, ...privateTypes],
  };
  await sender.send({ to: record.registry, data: encodeRecordSuccession(ISSUER, [share], true) });
}

describe('a department is merged into another', () => {
  let before: Issued;
  let renewed: Issued;

  test('what it issued before stays valid and names the successor', async () => {
    before = await issue('MERGED0001');
    renewed = await issue('MERGED0002');
    for (const one of [before, renewed]) {
      const { licence } = await verdictOf(one, 'valid');
      expect(licence?.issuer).to.include({ code: ISSUER, successor: null });
    }
    await merge();
    const told = await until(
      30,
      () => system.ask(before.file),
      ({ licence }) => licence?.issuer.successor !== null,
    );
    expect([told.verdict, told.licence?.issuer.code]).to.deep.equal(['valid', ISSUER]);
    expect(told.licence?.issuer.successor).to.deep.equal({ code: SUCCESSOR, name: '样例市文化旅游局' });
  });

  test('its own node signs nothing any more', async () => {
    const refused = await until(
      30,
      () => system.write('issuer', '/v1/licences', issueBody('MERGED0003', 1, encodeUtf8('late')), 'late'),
      ({ status }) => status === 503,
    );
    expect(refused.body).to.include({ code: 'UNAVAILABLE' });
    expect((await fetch(`${system.issuer.url}/checkpoint`)).status).to.equal(200);
  });

  test('the successor’s node goes on with the log, and revokes what its predecessor issued', async () => {
    const { data } = system;
    expect(await system.stop()).to.equal(0);
    system = await System.start(data);
    expect(system.issuer).to.include({ authority: SUCCESSOR, origin: `sample/${ISSUER}/licences` });
    expect((await verdictOf(before, 'valid')).licence?.issuer.successor).to.deep.include({ code: SUCCESSOR });
    const act = { identifier: before.identifier, reason: '违规', legalBasis: '样例条例 第三十条', effectiveAt: Date.now() };
    const answer = await system.write('issuer', '/v1/licences/revoke', act, 'revoke');
    expect(answer.status, JSON.stringify(answer.body)).to.equal(201);
    const told = await verdictOf(before, 'invalid');
    expect(told.reasons).to.deep.equal(['REVOKED']);
    expect(told.checks.find(({ id }) => id === 'status')?.facts['by']).to.equal('样例市文化旅游局');
  });

  test('a renewal without a scope of the successor’s own is none', async () => {
    const next = await issue('MERGED0002', 2, { issuer: ISSUER });
    const told = await until(
      60,
      () => system.ask(next.file),
      ({ findings }) => findings.some(({ code }) => code === 'OUT_OF_SCOPE'),
    );
    expect([told.verdict, told.reasons]).to.deep.equal(['undetermined', ['NOT_RECORDED']]);
  });
});
