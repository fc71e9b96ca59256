/** `veritrail trace` as processes, against the real routes of a custodian's node: a case from its opening to a package that verifies. */
import { after, before, describe, test } from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { readZip } from '../../core/package/zip.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { ACCESSOR, residentNumber } from '../custodian/custodian.ts';
import { ORIGIN } from '../custodian/fixture.ts';
import { Department, type Ran } from './department.ts';

const LEAKED = [3, 8, 14, 21, 27, 33];
const rows = (json: JsonObject, name: string): readonly JsonObject[] => json[name] as readonly JsonObject[];

describe('veritrail trace', () => {
  let department: Department;
  const ran: Ran[] = [];
  const lines: JsonObject[] = [];
  let from = '';
  const trace = async (...args: Parameters<Department['trace']>): Promise<Ran> => {
    const one = await department.trace(...args);
    ran.push(one);
    return one;
  };

  before(async () => {
    department = await Department.start();
    from = new Date(department.custodian.directory.now - 3_600_000).toISOString();
    for (let i = 0; i < 24; i++) lines.push(await department.read(`NR-00${i % 4}`, 2 * i, 2 * i + 1));
    await department.anchor();
    lines.push(await department.read('NR-0666', ...LEAKED));
    await department.anchor();
  });
  after(() => department.stop());

  test('opens a case once, in a file that says nothing without its passphrase', async () => {
    const opened = await department.openCase();
    expect([opened.code, opened.stderr]).to.deep.equal([0, '']);
    expect((await department.openCase()).code).to.equal(2);
    const bytes = await readFile(department.path('leak.case'), 'latin1');
    for (const word of ['A-01', AUDITOR_REASON]) expect(bytes).to.not.contain(Buffer.from(word).toString('latin1'));
    expect(statSync(department.path('leak.case')).mode & 0o777).to.equal(0o600);
    const shown = await trace(['show', '--json']);
    expect([shown.json['number'], shown.json['reason'], rows(shown.json, 'officers').length]).to.deep.equal([
      '审〔2026〕3号',
      AUDITOR_REASON,
      2,
    ]);
  });

  test('shows a person’s whole history, under a pseudonym, read from a file or stdin', async () => {
    const { code, json, stderr } = await trace(['person', '--number-file', '-', '--json'], { input: `${residentNumber(3)}\n` });
    expect([code, stderr.replace(/^首次.*\n/, '')]).to.deep.equal([0, '']);
    expect(rows(json, 'sources')).to.deep.equal([{ origin: ORIGIN_NAME, complete: true, doubt: null, entries: 2, unproven: 0 }]);
    const subject = rows(json, 'entries')[0]!['subject'] as JsonObject;
    expect(subject).to.deep.equal({ pseudonym: json['pseudonym'], number: null });
  });

  test('finds by accessor, operator, purpose and time', async () => {
    const counts: number[] = [];
    for (const what of [
      ['accessor', ACCESSOR],
      ['operator', ACCESSOR, 'NR-0666'],
      ['purpose', 'service.eligibility'],
      ['time'],
    ]) {
      const { code, json } = await trace([...what, '--from', from, '--to', INSTANT(), '--json']);
      expect(code).to.equal(0);
      counts.push(rows(json, 'entries').filter(({ request }) => (request as JsonObject)['accessor'] === ACCESSOR).length);
    }
    expect(counts).to.deep.equal([54, 6, 54, 54]);
  });

  test('ranks whose reading fits a leaked list, in words', async () => {
    await writeFile(department.path('list.csv'), ['号码', ...LEAKED.map(residentNumber), residentNumber(900)].join('\n'));
    const args = ['sample', department.path('list.csv'), '--from', from, '--to', INSTANT()];
    const { code, json } = await trace([...args, '--json']);
    expect(code).to.equal(0);
    const ranking = json['ranking'] as JsonObject;
    expect([ranking['operatorFinding'], json['complete'], ranking['sampleRead']]).to.deep.equal(['one', 7, 6]);
    const [first] = rows(ranking, 'operators');
    expect([first!['operator'], first!['met'], first!['read'], first!['standsOut']]).to.deep.equal(['NR-0666', 6, 6, true]);
    const words = await trace([...args, '--lang', 'en']);
    expect(words.stdout).to.match(/Operator NR-0666 of .* read 6 of the 6 persons of the sample .* at most once in 10\^/);
  });

  test('compares an accessor’s own record with the custodian’s', async () => {
    await writeFile(
      department.path('records.ndjson'),
      lines
        .slice(1)
        .map((line) => JSON.stringify(line))
        .join('\n'),
    );
    const { code, json } = await trace([
      'reconcile',
      department.path('records.ndjson'),
      '--accessor',
      ACCESSOR,
      '--from',
      from,
      '--to',
      INSTANT(),
      '--json',
    ]);
    expect(code).to.equal(0);
    expect(json['counts']).to.deep.equal({ matched: 24, differing: 0, 'accessor-only': 0, 'custodian-only': 1 });
    expect(rows(json, 'rows')[0]!['reasons']).to.deep.equal(['NOT_KEPT']);
  });

  test('names a person when a second officer agrees, and not before', async () => {
    const person = await trace(['operator', ACCESSOR, 'NR-0666', '--from', from, '--to', INSTANT(), '--json']);
    const { pseudonym } = rows(person.json, 'entries')[0]!['subject'] as JsonObject;
    const asked = await trace(['unmask', pseudonym as string, '--json']);
    const [request] = asked.json['waiting'] as string[];
    expect((await trace(['approve', request!])).code).to.equal(2);
    const approved = await trace(['approve', request!, '--json'], { officer: 'A-02', key: 'two' });
    expect(approved.code).to.equal(0);
    const [named] = rows(approved.json, 'named');
    expect(named!['pseudonym']).to.equal(pseudonym);
    expect(LEAKED.map(residentNumber)).to.include(named!['id']);
    NAMED.add(named!['id'] as string);
  });

  test('packs the case, and anybody verifies it without a network', async () => {
    expect((await trace(['package', department.path('package.zip')])).code).to.equal(0);
    const verify = ['verify', department.path('package.zip'), '--trust', department.path('trust.json')];
    const good = await department.run([...verify, '--json']);
    expect([good.code, good.json['verdict']]).to.deep.equal([0, 'valid']);
    const words = await department.run(verify);
    expect(words.stdout).to.contain('证明包完整、有效');
    const bytes = await readFile(department.path('package.zip'));
    const at = bytes.indexOf('result.json') + 60;
    bytes[at]! ^= 1;
    await writeFile(department.path('changed.zip'), bytes);
    const bad = await department.run([
      'verify',
      department.path('changed.zip'),
      '--trust',
      department.path('trust.json'),
      '--json',
    ]);
    expect([bad.code, bad.json['verdict']]).to.deep.equal([1, 'invalid']);
    expect(rows(bad.json, 'findings')[0]).to.include({ part: 'result.json' });
    expect(
      (await department.run(['verify', department.path('desk.json'), '--trust', department.path('trust.json')])).code,
    ).to.equal(2);
    await writeFile(department.path('none.zip'), 'nothing');
    expect(
      (await department.run(['verify', department.path('none.zip'), '--trust', department.path('trust.json')])).code,
    ).to.equal(2);
  });

  test('leaves no number in outputs, addresses, the package or any file but the list and the records it was given', () => {
    const files = readdirSync(department.directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(department.directory, name)).isFile())
      .filter((name) => !['list.csv', 'records.ndjson', 'changed.zip'].includes(name));
    const packed = readZip(new Uint8Array(readFileSync(department.path('package.zip')))).map(({ content }) =>
      Buffer.from(content!).toString(),
    );
    const told = [
      ...ran.flatMap(({ stdout, stderr }) => [stdout, stderr]),
      ...department.asked,
      ...files.map((name) => readFileSync(join(department.directory, name), 'latin1')),
      ...packed,
    ].join('\n');
    for (let i = 0; i < 60; i++) {
      const id = residentNumber(i);
      const isNamed = NAMED.has(id);
      if (!isNamed) expect(told).to.not.contain(id);
      expect(told).to.not.contain(encodeHex(sm3(encodeUtf8(id))));
    }
  });

  const AUDITOR_REASON = '核查公民信息外泄线索';
  const ORIGIN_NAME: string = ORIGIN;
  const NAMED = new Set<string>();
  const INSTANT = (): string => new Date(department.custodian.directory.now + 1000).toISOString();
});
