/** A newcomer's first hour: start, check the samples in every way, offline too, and start again. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { dropFiles, openBrowser, recordRequests, shownVerdict } from '../system/page.ts';
import { System, until, veritrail, type VerdictJson } from '../system/system.ts';

let system: System;
let browser: Browser;

before(async () => {
  system = await System.start(await System.newData());
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await system?.remove();
});

async function freshPage(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser.newPage(options);
  await page.goto(system.ready.verifier);
  return page;
}

const reasonsOf = (reason: string | null): string[] => (reason === null ? [] : [reason]);
const reader = (): string => join(system.data, 'reader');
const sampleNamed = (name: string) => system.ready.samples.find(({ file }) => basename(file) === name)!;

describe('every sample', () => {
  test('has the verdict and reasons that were announced: through the interface', async () => {
    for (const { file, expect: verdict, reason } of system.ready.samples) {
      const said = await system.askFile(file);
      expect([basename(file), said.verdict, said.reasons]).to.deep.equal([basename(file), verdict, reasonsOf(reason)]);
    }
  });

  test('on the command line, with the exit code of the verdict', async () => {
    const codes: Record<string, number> = { valid: 0, invalid: 1, undetermined: 3 };
    for (const { file, expect: verdict, reason } of system.ready.samples) {
      const run = await veritrail(['verify', file, '--url', system.ready.verifier, '--json', '--data', reader()]);
      const said = JSON.parse(run.stdout) as VerdictJson;
      expect([basename(file), run.code, said.verdict, said.reasons]).to.deep.equal([
        basename(file),
        codes[verdict],
        verdict,
        reasonsOf(reason),
      ]);
    }
  });

  test('in the page, which sends neither the file’s bytes nor its digest', async () => {
    for (const { file, expect: verdict, reason } of system.ready.samples) {
      const page = await freshPage();
      const { sent } = recordRequests(page);
      expect(await dropFiles(page, [file])).to.deep.equal({ verdict, reasons: reasonsOf(reason) });
      const bytes = await readFile(file);
      const digest = createHash('sm3').update(bytes).digest();
      const traffic = sent();
      expect(traffic).to.contain('/v1/lookup');
      for (const secret of [
        digest.toString('hex'),
        digest.toString('base64'),
        digest.toString('base64url'),
        digest.toString('latin1'),
      ]) {
        expect(traffic.includes(secret), 'the digest left the page').to.equal(false);
      }
      expect(traffic.includes(bytes.subarray(1000, 1040).toString('latin1')), 'bytes left the page').to.equal(false);
      expect(traffic.includes(basename(file)), 'the name left the page').to.equal(false);
      await page.close();
    }
  });

  test('carries the sample banner and says that no independent party took part', async () => {
    const page = await freshPage();
    await dropFiles(page, [sampleNamed('testPathClip.ofd').file]);
    expect(await page.locator('body').innerText()).to.match(/样例/);
    await page.close();
  });
});

describe('the changed file', () => {
  test('is invalid CONTENT_CHANGED in the page when its evidence is brought along', async () => {
    const page = await freshPage();
    const evidence = sampleNamed('testPathClip.ofd').evidence!;
    const shown = await dropFiles(page, [sampleNamed('testPathClip.changed.ofd').file, evidence]);
    expect(shown).to.deep.equal({ verdict: 'invalid', reasons: ['CONTENT_CHANGED'] });
    await page.close();
  });
});

describe('an answer altered on its way to the page', () => {
  const flip = (hex: string): string => (hex[0] === '0' ? '1' : '0') + hex.slice(1);
  const flip64 = (text: string): string => text.slice(0, 40) + (text[40] === 'A' ? 'B' : 'A') + text.slice(41);
  interface Answer {
    logs: { anchors: { blockNumber: number; blockHash: string; anchoredAt: number }[] }[];
    present: { inclusion: string[]; opening: string; entry: string; map: string }[];
  }
  const alterations: Record<string, (answer: Answer) => void> = {
    'a sibling': (answer) =>
      answer.present.forEach((row) => (row.inclusion = row.inclusion.map((hash, i) => (i === 0 ? flip(hash) : hash)))),
    'the opening': (answer) => answer.present.forEach((row) => (row.opening = flip64(row.opening))),
    'the entry': (answer) => answer.present.forEach((row) => (row.entry = flip64(row.entry))),
    'the block number': (answer) => answer.logs.forEach(({ anchors }) => anchors.forEach((anchor) => anchor.blockNumber++)),
    'the block hash': (answer) =>
      answer.logs.forEach(({ anchors }) => anchors.forEach((anchor) => (anchor.blockHash = flip(anchor.blockHash)))),
    'the block time': (answer) => answer.logs.forEach(({ anchors }) => anchors.forEach((anchor) => (anchor.anchoredAt += 1000))),
  };
  for (const [name, alter] of Object.entries(alterations)) {
    test(`(${name}) never shows valid`, async () => {
      const page = await freshPage();
      await page.route('**/v1/lookup', async (route) => {
        const response = await route.fetch();
        const answer = (await response.json()) as Answer;
        alter(answer);
        await route.fulfill({ response, json: answer });
      });
      const shown = await dropFiles(page, [sampleNamed('testPathClip.ofd').file]);
      expect(shown.verdict).to.equal('undetermined');
      await page.close();
    });
  }

  test('(a revoked licence with a forged verdict) stays invalid: the page judges by itself', async () => {
    const page = await freshPage();
    await page.route('**/v1/verify', (route) => route.fulfill({ json: { verdict: 'valid', reasons: [] } }));
    expect((await dropFiles(page, [sampleNamed('testImageNotFound.ofd').file])).verdict).to.equal('invalid');
    await page.close();
  });
});

describe('another department', () => {
  test('that records the same file without scope is a finding, and the true record still answers', async () => {
    const { file } = sampleNamed('testPathClip.ofd');
    const digest = createHash('sm3')
      .update(await readFile(file))
      .digest('hex');
    const body = {
      type: '11999900MB0000004W001',
      serial: 'OUTSIDER1',
      version: 1,
      validFrom: Date.UTC(2026, 0, 1),
      validTo: null,
      fields: { ZZMC: '采矿许可证' },
      files: [digest],
    };
    expect((await system.write('outsider', '/v1/licences', body, 'outsider-1')).status).to.equal(201);
    await system.write('outsider', '/v1/anchor', {}, 'outsider-2', 'operator');
    const said = await until(
      60,
      () => system.askFile(file),
      ({ findings, verdict }) => findings.length > 0 && verdict === 'valid',
    );
    expect(said.findings.map(({ code }) => code)).to.deep.equal(['OUT_OF_SCOPE']);
    expect(said.findings[0]?.origin).to.equal(system.node('outsider').origin);
  });
});

describe('offline', () => {
  const trustAt = (): string => join(system.data, 'offline-trust.json');
  const offline = (args: string[], data = 'offline') =>
    veritrail(['verify', ...args, '--json', '--data', join(system.data, data)], { withoutNetwork: true });

  test('a file verifies from its evidence and a trust file without any network', async () => {
    const { file, evidence } = sampleNamed('testPathClip.ofd');
    const run = await offline([file, '--evidence', evidence!, '--trust', system.ready.trust]);
    const said = JSON.parse(run.stdout) as VerdictJson;
    expect([run.code, said.verdict, said.anchor?.by]).to.deep.equal([0, 'valid', 'witnesses']);
  });

  test('a revoked one is invalid offline as well, with its reason', async () => {
    const { file, evidence } = sampleNamed('testImageNotFound.ofd');
    const run = await offline([file, '--evidence', evidence!, '--trust', system.ready.trust]);
    expect(run.code).to.equal(1);
    const status = (JSON.parse(run.stdout) as VerdictJson).checks.find(({ id }) => id === 'status');
    expect(status?.facts['reason']).to.contain('最低勘查投入');
  });

  test('another licence’s evidence fails: exit 1', async () => {
    const { file } = sampleNamed('testPathClip.ofd');
    const { evidence } = sampleNamed('testImageNotFound.ofd');
    const run = await offline([file, '--evidence', evidence!, '--trust', system.ready.trust]);
    expect([run.code, (JSON.parse(run.stdout) as VerdictJson).reasons[0]]).to.deep.equal([1, 'CONTENT_CHANGED']);
  });

  test('an expired trust file leaves it undetermined: exit 3', async () => {
    const { file, evidence } = sampleNamed('testPathClip.ofd');
    const made = await veritrail(['trust', 'export', '--data', system.data, '--expires-in', '1', '--out', trustAt()]);
    expect(made.code, made.stderr).to.equal(0);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const run = await offline([file, '--evidence', evidence!, '--trust', trustAt()], 'expired');
    expect([run.code, (JSON.parse(run.stdout) as VerdictJson).reasons]).to.deep.equal([3, ['TRUST_EXPIRED']]);
  });

  test('a rolled-back trust file is refused: exit 3', async () => {
    const { file, evidence } = sampleNamed('testPathClip.ofd');
    const old = join(system.data, 'old-trust.json');
    await writeFile(old, await readFile(system.ready.trust));
    const newer = await veritrail([
      'trust',
      'export',
      '--data',
      system.data,
      '--expires-in',
      '600',
      '--raise-version',
      '--out',
      trustAt(),
    ]);
    expect(newer.code, newer.stderr).to.equal(0);
    expect((await offline([file, '--evidence', evidence!, '--trust', trustAt()], 'rollback')).code).to.equal(0);
    const run = await offline([file, '--evidence', evidence!, '--trust', old], 'rollback');
    expect([run.code, (JSON.parse(run.stdout) as VerdictJson).reasons]).to.deep.equal([3, ['TRUST_ROLLED_BACK']]);
  });

  test('a trust file changed after signing is refused: exit 3', async () => {
    const { file, evidence } = sampleNamed('testPathClip.ofd');
    const signed = JSON.parse(await readFile(system.ready.trust, 'utf8')) as { payload: string };
    const payload = Buffer.from(signed.payload, 'base64').toString().replace('"sample":true', '"sample":false');
    const forged = join(system.data, 'forged-trust.json');
    await writeFile(forged, JSON.stringify({ ...signed, payload: Buffer.from(payload).toString('base64') }));
    const run = await offline([file, '--evidence', evidence!, '--trust', forged], 'forged');
    expect([run.code, (JSON.parse(run.stdout) as VerdictJson).verdict]).to.deep.equal([3, 'undetermined']);
  });
});

describe('the command line of a department', () => {
  test('issues, waits until others can confirm it, and revokes', async () => {
    const file = join(system.data, 'new-licence.ofd');
    await writeFile(file, `a new licence ${Date.now()}`);
    const out = join(system.data, 'new.licence.json');
    const issued = await veritrail([
      'issue',
      '--data',
      system.data,
      '--type',
      '11999900MB0000004W001',
      '--serial',
      'CLI1',
      '--valid-from',
      '2026-01-01',
      '--field',
      'ZZMC=采矿许可证',
      '--field',
      'KZ_FDDBR=某人',
      '--file',
      file,
      '--out',
      out,
      '--wait',
      '--json',
    ]);
    expect(issued.code, issued.stderr).to.equal(0);
    const { identifier, verdict } = JSON.parse(issued.stdout) as { identifier: string; verdict: string };
    expect(verdict).to.equal('valid');
    expect(await readFile(out, 'utf8')).to.contain('某人');
    expect(JSON.stringify(await system.askFile(file))).not.to.contain('某人');
    const words = ['--reason', '测试吊销', '--legal-basis', '样例条例 第一条'];
    const revoked = await veritrail(['revoke', identifier, '--data', system.data, ...words, '--file', file, '--wait', '--json']);
    expect(revoked.code, revoked.stderr).to.equal(0);
    expect((await system.askFile(file)).reasons).to.deep.equal(['REVOKED']);
  });

  test('a private licence type is refused with a code until step D', async () => {
    const body = { type: '11999900MB0000004W003', serial: 'P1', version: 1, validFrom: 0, validTo: null, fields: {}, files: [] };
    const { status, body: problem } = await system.write('issuer', '/v1/licences', body, 'private-1');
    expect([status, (problem as { code: string }).code]).to.deep.equal([403, 'FORBIDDEN']);
  });
});

describe('started again', () => {
  test('everything is as it was, and the page remembers nothing it should not', async () => {
    const head = async (): Promise<unknown> =>
      (await fetch(`${system.issuer.url}/checkpoint`)).text().then((note) => note.split('\n').slice(0, 4));
    const before = await head();
    const { data } = system;
    expect(await system.stop()).to.equal(0);
    system = await System.start(data);
    expect(await head()).to.deep.equal(before);
    const { file } = sampleNamed('testPathClip.ofd');
    expect((await system.askFile(file)).verdict).to.equal('valid');
    const page = await freshPage();
    expect((await dropFiles(page, [file])).verdict).to.equal('valid');
    expect((await shownVerdict(page)).verdict).to.equal('valid');
    await page.close();
  });
});
