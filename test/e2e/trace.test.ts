/** An auditor traces on the running sample, from the command line, as two officers would. */
import { after, before, describe, test } from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { sampleNumber } from '../../samples/data-service.ts';
import { TEST_PERSONS } from '../../samples/persons.ts';
import { type Finished, System, until, veritrail } from '../system/system.ts';

const AUDITOR = '11999900MB0000003R';
const SERVICE = '11999900MB00000089';
const LEAKED = Array.from({ length: 12 }, (_, i) => sampleNumber(100 + i));
const FROM = '2026-01-01';

let system: System;

before(async () => {
  system = await System.start(await System.newData());
  await writeFile(at('number'), `${TEST_PERSONS[0]!.id}\n`);
  await writeFile(at('leaked.csv'), `number\n${LEAKED.join('\n')}\n`);
});
after(() => system?.remove());

const at = (name: string): string => join(system.data, name);
const keyOf = (officer: number): string => at(`keys/officer-${officer}.key.json`);
const passphrase = (): string => at('keys/passphrase');

interface Told extends Finished {
  // oxlint-disable-next-line typescript/no-explicit-any -- answers are looked into, not typed again.
  readonly json: any;
}

async function trace(name: string, ...args: readonly string[]): Promise<Told> {
  const common = [
    '--case',
    at(name),
    '--case-passphrase-file',
    passphrase(),
    '--desk',
    system.ready.desk,
    '--data',
    at('reader'),
  ];
  const finished = await veritrail(['trace', ...args, ...common, '--json']);
  return { ...finished, json: finished.stdout === '' ? null : JSON.parse(finished.stdout) };
}

const by = (officer: number): string[] => [
  '--officer',
  `A-0${officer}`,
  '--officer-key',
  keyOf(officer),
  '--officer-passphrase-file',
  passphrase(),
];

async function open(name: string): Promise<void> {
  const officers = [1, 2].flatMap((i) => ['--officer', `A-0${i}:审计员=${keyOf(i)}`]);
  const why = ['--reason', '核查一份外泄名单', '--legal-basis', '样例条例 第三十六条'];
  const { code, stderr } = await trace(name, 'open', '--authority', AUDITOR, '--number', `审 ${name}`, ...why, ...officers);
  expect(stderr).to.equal('');
  expect(code).to.equal(0);
}

describe('an auditor traces a disclosure', () => {
  test('by a leaked list: every reader with her four numbers, and no finding where chance explains it', async () => {
    await open('list.case');
    // The morning may not be confirmed to its end yet: then that is said.
    const { json } = await until(
      180,
      () => trace('list.case', 'sample', at('leaked.csv'), ...by(1), '--from', FROM),
      (told) => told.json?.unproven === 0,
    );
    const { ranking, silent } = json;
    expect(silent).to.deep.equal([]);
    // Nearly all that was read, she read: that she met the whole list says little, and is said to say little.
    expect(ranking.operatorFinding).to.equal('none');
    const [first] = ranking.operators;
    expect(first).to.include({ accessor: SERVICE, operator: 'S-0033', met: LEAKED.length, read: 500, standsOut: false });
    for (const number of LEAKED) expect(JSON.stringify(json)).not.to.contain(number);
  });

  test('by a person, whose history is whole and holds the auditor’s own look-ups', async () => {
    await open('person.case');
    const accessorsOf = ({ json }: Told): string[] =>
      json.entries.map(({ request }: { request: { accessor: string } }) => request.accessor);
    // The first look-up is on record, and stands in the log once that is anchored.
    const { json, ...told } = await until(
      60,
      () => trace('person.case', 'person', '--number-file', at('number'), ...by(1)),
      (one) => accessorsOf(one).includes(AUDITOR),
    );
    expect(told.code).to.equal(0);
    expect(json.sources.map(({ complete }: { complete: boolean }) => complete)).to.deep.equal([true, true]);
    const accessors = accessorsOf({ json, ...told });
    expect(accessors.filter((code: string) => code === SERVICE)).to.have.lengthOf(3);
    expect(JSON.stringify(json)).not.to.contain(TEST_PERSONS[0]!.id);
  });

  test('names a person only when a second officer agrees', async () => {
    const { json: seen } = await trace('person.case', 'person', '--number-file', at('number'), ...by(1));
    const { json: asked } = await trace('person.case', 'unmask', seen.pseudonym, ...by(1));
    const [request] =
      Object.values(asked)
        .flat(2)
        .map(String)
        .join(' ')
        .match(/[0-9a-f]{64}/) ?? JSON.stringify(asked).match(/[0-9a-f]{64}/)!;
    const own = await trace('person.case', 'approve', request, ...by(1));
    expect(own.code).not.to.equal(0);
    expect(own.stderr).to.contain('FORBIDDEN');
    const { json: agreed } = await trace('person.case', 'approve', request, ...by(2));
    expect(agreed.named).to.deep.equal([{ pseudonym: seen.pseudonym, class: 1, id: TEST_PERSONS[0]!.id }]);
  });

  test('packs what shows it, which holds without a network, and does not when a byte is changed', async () => {
    const { code, stderr } = await trace('person.case', 'package', at('package.zip'));
    expect(stderr).to.equal('');
    expect(code).to.equal(0);
    const verify = (file: string): Promise<Finished> =>
      veritrail(['verify', file, '--trust', system.ready.trust, '--data', at('other-reader'), '--json'], {
        withoutNetwork: true,
      });
    const verdict = JSON.parse((await verify(at('package.zip'))).stdout);
    expect(verdict.findings).to.deep.equal([]);
    expect(verdict.verdict).to.equal('valid');

    const bytes = await readFile(at('package.zip'));
    const changed = Buffer.from(bytes);
    changed[Math.floor(bytes.length / 2)]! ^= 1;
    await writeFile(at('changed.zip'), changed);
    const after = await verify(at('changed.zip'));
    expect(after.code).not.to.equal(0);
    expect(after.stdout).not.to.match(/"verdict":"valid"/);
  });
});
