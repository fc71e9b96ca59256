/** The commands that need no running system, and how every command says what is wrong. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { canonicalJson } from '../../core/bytes/json.ts';
import { formatLicenceDocument } from '../../core/licence/document.ts';
import { formatEvidence } from '../../core/verify/evidence.ts';
import { gather } from '../../core/verify/gather.ts';
import { formatSignedTrust } from '../../core/verify/trust.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { veritrail, type VerdictJson } from '../system/system.ts';
import { Story } from '../verify/story.ts';

let folder: string;
const at = (name: string): string => join(folder, name);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'veritrail-cli-'));
  await writeFile(at('passphrase'), 'correct horse battery\n', { mode: 0o600 });
  const story = new Story();
  const file = new TextEncoder().encode('a licence file');
  story.clock = Date.now() - 60_000;
  story.anchor();
  const licence = story.issue({ files: [sm3(file)] });
  story.anchor();
  const answer = await gather(story.lookUp, sm3(file));
  const evidence = { chainReference: story.chainReference(), fileDigest: sm3(file), takenAt: Date.now(), answer };
  const trust = story.signTrust(story.trust({ expiresAt: Date.now() + 3_600_000 }));
  await writeFile(at('file.ofd'), file);
  await writeFile(at('file.evidence.json'), JSON.stringify(formatEvidence(evidence)));
  await writeFile(at('trust.json'), canonicalJson(formatSignedTrust(trust)));
  await writeFile(
    at('file.licence.json'),
    JSON.stringify(formatLicenceDocument(licence, story.payload({ files: [sm3(file)] }).disclosures)),
  );
  await writeFile(at('checkpoint'), story.issuer.held[1]!.note);
});

after(() => rm(folder, { recursive: true, force: true }));

describe('veritrail verify', () => {
  const offline = ['--evidence', 'file.evidence.json', '--trust', 'trust.json'];
  const verify = (file: string, options: readonly string[]) =>
    veritrail([
      'verify',
      at(file),
      '--data',
      at('reader'),
      '--json',
      ...options.map((one) => (/^[^/]+\./.test(one) ? at(one) : one)),
    ]);

  test('answers 0 for a valid file from evidence alone', async () => {
    const run = await verify('file.ofd', offline);
    expect([run.code, (JSON.parse(run.stdout) as VerdictJson).verdict]).to.deep.equal([0, 'valid']);
    expect(run.stderr).to.match(/信任文件/);
  });

  test('does not say first sight twice, and uses the remembered trust file', async () => {
    const run = await verify('file.ofd', ['--evidence', 'file.evidence.json']);
    expect([run.code, run.stderr]).to.deep.equal([0, '']);
  });

  test('speaks English when asked', async () => {
    const run = await veritrail([
      'verify',
      at('file.ofd'),
      '--data',
      at('reader'),
      '--lang',
      'en',
      '--evidence',
      at('file.evidence.json'),
    ]);
    expect(run.stdout).to.match(/^Valid/);
  });

  const refused: [string, string, readonly string[], number][] = [
    ['neither a verifier nor evidence', 'file.ofd', [], 2],
    ['a file that is not there', 'missing.ofd', offline, 2],
    ['evidence that is none', 'file.ofd', ['--evidence', 'trust.json', '--trust', 'trust.json'], 2],
    ['a trust file that is none', 'file.ofd', ['--evidence', 'file.evidence.json', '--trust', 'file.licence.json'], 2],
    ['a time that is none', 'file.ofd', [...offline, '--at', 'yesterday'], 2],
    ['--save-evidence without a verifier', 'file.ofd', [...offline, '--save-evidence', 'out.json'], 2],
    ['an unknown option', 'file.ofd', ['--colour'], 2],
    ['a verifier that does not answer', 'file.ofd', ['--url', 'http://127.0.0.1:47999'], 3],
  ];
  for (const [name, file, options, code] of refused) {
    test(`ends with ${code} for ${name}`, async () => {
      const run = await verify(file, options);
      expect(run.code, run.stderr).to.equal(code);
      expect(run.stderr).not.to.match(/\n\s+at /);
    });
  }
});

describe('a verifier that answers what cannot be read', () => {
  for (const options of [[], ['--trust', 'trust.json']]) {
    test(`leaves nothing found out: exit 3 ${options.join(' ')}`, async () => {
      const server = createServer((_request, response) => response.end('{"logs":1}'));
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const paths = options.map((one) => (one.startsWith('--') ? one : at(one)));
      const run = await veritrail(['verify', at('file.ofd'), '--url', url, '--data', at('garbled'), ...paths]);
      server.close();
      expect(run.code, run.stderr).to.equal(3);
    });
  }
});

describe('veritrail inspect', () => {
  for (const [file, kind] of [
    ['file.licence.json', 'licence'],
    ['file.evidence.json', 'evidence'],
    ['trust.json', 'trust'],
    ['checkpoint', 'checkpoint'],
  ] as const) {
    test(`says what ${file} is`, async () => {
      const run = await veritrail(['inspect', at(file), '--json']);
      expect([run.code, (JSON.parse(run.stdout) as { kind: string }).kind]).to.deep.equal([0, kind]);
    });
  }

  test('ends with 2 for anything else', async () => {
    expect((await veritrail(['inspect', at('file.ofd')])).code).to.equal(2);
  });
});

describe('veritrail keygen', () => {
  test('makes an encrypted key that only its owner can read, and never overwrites it', async () => {
    const path = at('witness.key.json');
    const args = ['keygen', path, '--type', 'witness', '--passphrase-file', at('passphrase'), '--json'];
    const run = await veritrail(args);
    expect(run.code, run.stderr).to.equal(0);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    const kept = await readFile(path, 'utf8');
    expect((await veritrail(args)).code).to.equal(2);
    expect(await readFile(path, 'utf8')).to.equal(kept);
  });

  test('refuses a passphrase file that others can read, no passphrase, and an unknown type', async () => {
    await writeFile(at('open'), 'correct horse battery\n');
    await chmod(at('open'), 0o644);
    for (const options of [
      ['--type', 'log', '--passphrase-file', at('open')],
      ['--type', 'log'],
      ['--type', 'shoe', '--passphrase-file', at('passphrase')],
    ]) {
      expect((await veritrail(['keygen', at('no.key.json'), ...options])).code).to.equal(2);
    }
  });
});

describe('veritrail trust show', () => {
  test('says what a trust file says', async () => {
    const run = await veritrail(['trust', 'show', at('trust.json'), '--json']);
    expect(run.code).to.equal(0);
    expect(JSON.parse(run.stdout)).to.include({ version: 1, sample: true, witnessQuorum: 1 });
  });

  test('ends with 2 when it is not said which', async () => {
    expect((await veritrail(['trust', 'show'])).code).to.equal(2);
  });
});

test('help is no error, no command is', async () => {
  expect((await veritrail(['--help'])).code).to.equal(0);
  expect((await veritrail(['fly'])).code).to.equal(2);
  expect((await veritrail(['verify'])).code).to.equal(2);
});
