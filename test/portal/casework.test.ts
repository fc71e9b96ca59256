/** An officer's work at a case, without markup: the page's own logic over HTTP before the real portal and a custodian's real routes. */
import { after, before, describe, test } from 'node:test';
import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import { parseCaseFile } from '../../core/trace/case-file.ts';
import { openCaseFile } from '../../web/desk/case-keys.ts';
import { Casework } from '../../web/desk/casework.ts';
import { type DeskPortal, sameOriginDesk } from '../../web/desk/portal.ts';
import type { KeyGiven } from '../../web/desk/state.ts';
import { TrustMemory } from '../../web/check/trust-memory.ts';
import { proposalName } from '../../core/desk/unmask.ts';
import { randomBytes } from 'node:crypto';
import { ACCESSOR, residentNumber } from '../custodian/custodian.ts';
import { ORIGIN } from '../custodian/fixture.ts';
import { DeskWorld } from './desk-world.ts';

const PASSPHRASE = 'a long passphrase';
const LEAKED = [3, 8, 14, 21, 27, 33];
const DATES = { from: '2026-01-01', to: '2099-01-01' };
let world: DeskWorld;
const browserFetch = globalThis.fetch;

before(async () => {
  world = await DeskWorld.start();
  const { department } = world;
  for (let i = 0; i < 24; i++) await department.read(`NR-00${i % 4}`, 2 * i, 2 * i + 1);
  await department.read('NR-0666', ...LEAKED);
  await department.anchor();
  // As in a browser: addresses without a host are this page's own.
  globalThis.fetch = (address, terms) =>
    browserFetch(typeof address === 'string' && address.startsWith('/') ? `${world.url}${address}` : address, terms);
});
after(async () => {
  globalThis.fetch = browserFetch;
  await world.stop();
});

interface Desk {
  readonly casework: Casework;
  readonly saved: Map<string, Uint8Array>;
}

function sitDown(portal: Partial<DeskPortal> = {}): Desk {
  const items = new Map<string, string>();
  const saved = new Map<string, Uint8Array>();
  const casework = new Casework({
    portal: { ...sameOriginDesk, ...portal },
    memory: new TrustMemory({ getItem: (name) => items.get(name) ?? null, setItem: (name, text) => void items.set(name, text) }),
    random: (length) => new Uint8Array(randomBytes(length)),
    now: Date.now,
    save: (name, _type, bytes) => void saved.set(name, bytes),
  });
  return { casework, saved };
}

async function keyOf(name: string): Promise<KeyGiven> {
  return {
    keyFile: new Uint8Array(await readFile(world.department.path(`${name}.key.json`))),
    keyPassphrase: PASSPHRASE,
  };
}

const TERMS = {
  number: '审〔2026〕7号',
  reason: '核查一份外泄名单',
  legalBasis: '审计法 第三十四条',
  officers: ['A-01', 'A-02'],
};

async function atNewCase(portal: Partial<DeskPortal> = {}): Promise<Desk> {
  const desk = sitDown(portal);
  await desk.casework.meet();
  await desk.casework.found({ terms: TERMS, casePassphrase: PASSPHRASE, ...(await keyOf('one')) });
  expect(desk.casework.state.trouble).to.equal(null);
  return desk;
}

describe('an officer at her desk', () => {
  test('ranks a leaked list, and each look-up is signed by her and on record', async () => {
    const { casework } = await atNewCase();
    await casework.traceSample(encodeUtf8(['号码', ...LEAKED.map(residentNumber), 'none'].join('\n')), DATES);
    const { trouble, done, open } = casework.state;
    expect(trouble).to.equal(null);
    expect(done).to.deep.include({ act: 'sample', searched: { silent: [], isWhole: true } });
    expect(open!.isSaved).to.equal(false);
    const { exchanges } = open!.judged.file;
    expect(exchanges).to.have.length(LEAKED.length + 1);
    for (const { question, answer } of exchanges) {
      expect(question.request.request.grade).to.equal('personal-key');
      expect(answer!.event.promises).to.have.length(1);
    }
  });

  test('finds by accessor, operator, purpose and time', async () => {
    const { casework } = await atNewCase();
    const counts: number[] = [];
    for (const wanted of [
      { accessor: ACCESSOR },
      { accessor: ACCESSOR, operator: 'NR-0666' },
      { purpose: 'service.eligibility' },
      {},
    ]) {
      await casework.searchEntries({ ...DATES, accessor: '', operator: '', purpose: '', ...wanted });
      expect(casework.state.trouble).to.equal(null);
      const { judged, shown } = casework.state.open!;
      const found = [...shown!].flatMap((i) => judged.traced[i]!.entries);
      counts.push(found.filter(({ papers }) => papers?.request.request.accessor === ACCESSOR).length);
    }
    expect(counts).to.deep.equal([54, 6, 54, 54]);
  });

  test('has a person named only with another officer’s key', async () => {
    const { casework } = await atNewCase();
    await casework.searchPerson('resident', residentNumber(8));
    const { judged } = casework.state.open!;
    const pseudonym = judged.pseudonymOf(judged.entries[0]!)!;
    await casework.propose([pseudonym]);
    const [waiting] = casework.state.open!.judged.file.waiting;
    await casework.approve(proposalName(waiting!));
    expect(casework.state.trouble).to.deep.equal({ act: 'approve', code: 'FORBIDDEN' });
    expect(casework.state.open!.judged.named.size).to.equal(0);
    await casework.changeOfficer(await keyOf('two'));
    expect(casework.state.open!.officer.id).to.equal('A-02');
    await casework.approve(proposalName(waiting!));
    expect(casework.state.trouble).to.equal(null);
    expect(casework.state.open!.judged.named.get(pseudonym)?.id).to.equal(residentNumber(8));
    expect(casework.state.open!.judged.file.waiting).to.deep.equal([]);
  });

  test('makes a package that verifies offline', async () => {
    const { casework, saved } = await atNewCase();
    await casework.searchPerson('resident', residentNumber(8));
    await casework.pack();
    expect(casework.state.trouble).to.equal(null);
    const { department } = world;
    await writeFile(department.path('page.zip'), saved.get('审〔2026〕7号.zip')!);
    const verified = await department.run([
      'verify',
      department.path('page.zip'),
      '--trust',
      department.path('trust.json'),
      '--json',
    ]);
    expect([verified.code, verified.json['verdict']]).to.deep.equal([0, 'valid']);
  });

  test('keeps a case that the command line opens and goes on with, and opens it again', async () => {
    const { casework, saved } = await atNewCase();
    await casework.searchPerson('resident', residentNumber(8));
    await casework.save();
    expect(casework.state.open!.isSaved).to.equal(true);
    const { department } = world;
    await writeFile(department.path('leak.case'), saved.get('审〔2026〕7号.case')!, { mode: 0o600 });
    const gone = await department.trace(['time', '--from', '2026-01-01', '--json']);
    expect([gone.code, gone.stderr]).to.deep.equal([0, '']);
    const bytes = new Uint8Array(await readFile(department.path('leak.case')));
    const again = sitDown();
    await again.casework.meet();
    await again.casework.open({ caseFile: bytes, casePassphrase: PASSPHRASE, ...(await keyOf('two')) });
    expect(again.casework.state.open!.judged.file.exchanges).to.have.length(2);
    expect(again.casework.state.open!.isSaved).to.equal(true);
    await again.casework.searchPerson('resident', residentNumber(14));
    expect(again.casework.state.open!.isSaved).to.equal(false);
  });
});

describe('a desk', () => {
  test('keeps that a custodian was asked and did not answer, and does not call that nothing found', async () => {
    const { casework } = await atNewCase({ ask: () => Promise.reject(unavailable('no answer')) });
    await casework.searchPerson('resident', residentNumber(8));
    const silent = [{ origin: ORIGIN, code: 'UNAVAILABLE', detail: 'no answer' }];
    expect(casework.state.done).to.deep.equal({ act: 'search', searched: { silent, isWhole: true } });
    const { exchanges } = casework.state.open!.judged.file;
    expect(exchanges.map(({ answer }) => answer)).to.deep.equal([null]);
  });

  test('keeps what was asked when the page itself fails', async () => {
    const { casework } = await atNewCase({ ask: () => Promise.reject(new Error('a mistake of ours')) });
    let mistake: unknown;
    await casework.searchPerson('resident', residentNumber(8)).catch((error: unknown) => (mistake = error));
    expect(String(mistake)).to.contain('a mistake of ours');
    expect(casework.state.trouble).to.deep.equal({ act: 'search', code: 'BROKEN' });
    expect(casework.state.open!.judged.file.exchanges).to.have.length(1);
  });

  test('tells whoever could not be asked, also where it has no way to them', async () => {
    const place = await sameOriginDesk.place();
    const { casework } = await atNewCase({ place: async () => ({ ...place, origins: new Set<string>() }) });
    await casework.searchPerson('resident', residentNumber(8));
    const { done } = casework.state;
    expect(done).to.deep.include({ searched: { silent: [{ origin: ORIGIN, code: 'NOT_FOUND', detail: '' }], isWhole: true } });
    expect(casework.state.open!.judged.file.exchanges).to.deep.equal([]);
  });

  test('asks nobody for a number that is none, or a span that ends before it begins', async () => {
    const { casework } = await atNewCase();
    await casework.searchPerson('resident', '12345');
    expect(casework.state.trouble).to.deep.equal({ act: 'search', code: 'MALFORMED' });
    await casework.searchEntries({ from: '2026-03-02', to: '2026-03-01', accessor: '', operator: '', purpose: '' });
    expect(casework.state.trouble).to.deep.equal({ act: 'search', code: 'MALFORMED' });
    await casework.traceSample(encodeUtf8(residentNumber(8)), { from: '2026-03-02', to: '2026-03-01' });
    expect(casework.state.trouble).to.deep.equal({ act: 'sample', code: 'MALFORMED' });
    expect(casework.state.open!.judged.file.exchanges).to.deep.equal([]);
  });

  test('opens a case for nobody but its officers, and for nobody without its passphrase', async () => {
    const { casework, saved } = await atNewCase();
    await casework.save();
    const caseFile = saved.get('审〔2026〕7号.case')!;
    const other = sitDown();
    await other.casework.meet();
    await other.casework.open({ caseFile, casePassphrase: PASSPHRASE, ...(await keyOf('request')) });
    expect(other.casework.state.trouble).to.deep.equal({ act: 'open', code: 'FORBIDDEN' });
    await other.casework.open({ caseFile, casePassphrase: 'another passphrase', ...(await keyOf('one')) });
    expect(other.casework.state.trouble).to.deep.equal({ act: 'open', code: 'FORBIDDEN' });
    expect(other.casework.state.open).to.equal(null);
  });

  test('comes again when the portal says that it is asked too often', async () => {
    const { casework } = await atNewCase();
    const ask = globalThis.fetch;
    let refused = 0;
    globalThis.fetch = (address, terms) => {
      if (address !== '/desk/v1/signatures' || refused++ > 0) return ask(address, terms);
      return Promise.resolve(new Response('{"code":"UNAVAILABLE"}', { status: 429, headers: { 'retry-after': '1' } }));
    };
    await casework.searchPerson('resident', residentNumber(8));
    globalThis.fetch = ask;
    expect([casework.state.trouble, refused]).to.deep.equal([null, 2]);
  });

  test('forgets case and keys when she leaves', async () => {
    const { casework } = await atNewCase();
    casework.leave();
    expect(casework.state.open).to.equal(null);
    let refused: unknown;
    await casework.save().catch((error: unknown) => (refused = error));
    expect(String(refused)).to.contain('a case is open');
  });

  test('seals a case anew each time it is saved', async () => {
    const { casework, saved } = await atNewCase();
    await casework.save();
    const [first] = saved.values();
    await casework.save();
    const [second] = saved.values();
    expect(second).not.to.deep.equal(first);
    const file = await openCaseFile(second!, PASSPHRASE);
    expect(file.signedCase.case.number).to.equal(TERMS.number);
    expect(() => parseCaseFile(second!)).to.throw();
  });
});
