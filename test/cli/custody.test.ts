/** `veritrail custody …` at a custodian's node: what an officer reads, and what came of it. */
import { after, before, describe, test } from 'node:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Answer, residentNumber, ROLE_TOKENS, TestCustodian } from '../custodian/custodian.ts';
import { makeLogDirectory } from '../custodian/fixture.ts';
import { readHistory } from '../custodian/reader.ts';
import { type Finished, veritrail } from '../system/system.ts';

const ANNA = residentNumber(1);
const LAW = '个人信息保护法 第四十七条';

let custodian: TestCustodian;
let folder: string;
const at = (name: string): string => join(folder, name);

before(async () => {
  custodian = await TestCustodian.start(await makeLogDirectory());
  folder = await mkdtemp(join(tmpdir(), 'veritrail-custody-'));
  await writeFile(at('tokens.json'), JSON.stringify(ROLE_TOKENS), { mode: 0o600 });
  await writeFile(at('text'), '经查属实，已停止该账号的权限。\n');
});
after(async () => {
  await rm(folder, { recursive: true, force: true });
  await custodian.stop();
});

const officer = (...args: readonly string[]): Promise<Finished> =>
  veritrail(['custody', ...args, '--node', custodian.url, '--tokens', at('tokens.json'), '--data', at('data')]);
const leafOf = ({ json }: Answer): string => (json['entries'] as { leafHash: string }[])[0]!.leafHash;
const access = async (): Promise<string> => leafOf(await custodian.event([ANNA]));

async function stateOf(leaf: string): Promise<string | undefined> {
  await custodian.anchor();
  const history = readHistory(custodian, ANNA, (await custodian.asPerson(ANNA, '/v1/history')).json);
  return history.find(({ proven }) => Buffer.from(proven.leafHash).toString('hex') === leaf)!.content?.state;
}

describe('veritrail custody', () => {
  test('says what is to be answered, by when, and no longer once it is answered', async () => {
    const leaf = await access();
    const objection = leafOf(await custodian.asPerson(ANNA, '/v1/objections', { leafHash: leaf, text: '我没有办理过。' }));
    const open = await officer('objections');
    expect([open.code, open.stderr]).to.deep.equal([0, '']);
    expect(open.stdout).to.contain(objection).and.contain(`→ ${leaf}`).and.contain('前答复').and.not.contain('逾期');
    const answered = await officer('answer', objection, '--decision', 'upheld', '--text-file', at('text'));
    expect([answered.code, answered.stdout.trim()]).to.deep.equal([0, '已答复，并已登记']);
    expect((await officer('objections', '--json')).stdout).to.equal('{"objections":[]}\n');
  });

  test('keeps a content from being shown, under a law, and shows it again', async () => {
    const leaf = await access();
    expect((await officer('withhold', leaf, '--legal-basis', LAW)).code).to.equal(0);
    expect(await stateOf(leaf)).to.equal('refused');
    expect((await officer('withhold', leaf, '--lift')).code).to.equal(0);
    expect(await stateOf(leaf)).to.equal('opened');
  });

  test('answers 1 to an erasure that is refused, with reason and words in both languages', async () => {
    const leaf = await access();
    const early = await officer('erase', leaf, '--legal-basis', LAW, '--json');
    const { error } = JSON.parse(early.stdout) as { error: { reason: string; keptUntil: number; code: string } };
    expect([early.code, error.code, error.reason]).to.deep.equal([1, 'FORBIDDEN', 'KEPT_BY_LAW']);
    expect(error.keptUntil).to.be.greaterThan(custodian.directory.now);
    const objected = leafOf(await custodian.asPerson(ANNA, '/v1/objections', { leafHash: leaf, text: '我没有办理过。' }));
    const open = await officer('erase', leaf, '--legal-basis', LAW, '--ordered-by', 'court', '--lang', 'en');
    const words = 'veritrail: an objection has no reply yet: it is not erased (CONFLICT OPEN_OBJECTION)\n';
    expect([open.code, open.stdout, open.stderr]).to.deep.equal([1, '', words]);
    await officer('answer', objected, '--decision', 'rejected', '--text-file', at('text'));
    expect((await officer('erase', leaf, '--legal-basis', LAW, '--ordered-by', 'court')).code).to.equal(0);
    expect(await stateOf(leaf)).to.equal('erased');
    const again = await officer('erase', leaf, '--legal-basis', LAW, '--ordered-by', 'court');
    expect([again.code, again.stderr]).to.deep.equal([1, 'veritrail: 该记录的内容此前已经删除 (CONFLICT ERASED)\n']);
  });

  for (const [what, args, said] of [
    ['a hold without saying why', ['hold', 'ab'.repeat(32)], '--reason-file'],
    ['a hold that is also lifted', ['hold', 'ab'.repeat(32), '--lift', '--reason-file', 'x'], '--lift'],
    ['what is no leaf hash', ['withhold', 'AB', '--lift'], '64 lower-case hex'],
    ['an entry that the log does not know', ['withhold', 'ab'.repeat(32), '--lift'], 'NOT_FOUND'],
  ] as const) {
    test(`refuses ${what}, and does nothing`, async () => {
      const { code, stdout, stderr } = await officer(...args);
      expect([code, stdout]).to.deep.equal([2, '']);
      expect(stderr).to.contain(said);
    });
  }
});
