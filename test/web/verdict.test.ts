import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { parseEvidence } from '../../core/verify/evidence.ts';
import { ISSUER } from '../verify/story.ts';
import { changedByte, FILES, sampleStory } from './fixture.ts';
import { again, Counter, forget, give, jsonFile, online, savedEvidence, seen, type Upload, upload } from './visitor.ts';

const SUCCESSOR = '11999900MB0000004W';
const counter = new Counter();

describe('the page says of a file', () => {
  test('valid, with the licence’s fields, the checks and the checkpoint', () =>
    counter.visit(async (page) => {
      expect(await give(page, upload(FILES.valid))).to.deep.equal(online('valid'));
      expect(await page.locator('.verdict-word').innerText()).to.equal('有效');
      const shown = await page.locator('main').innerText();
      for (const part of ['样例市自然资源局', '采矿许可证', '2026年1月1日至2030年12月31日', counter.verifier.story.issuer.origin])
        expect(shown).to.include(part);
      expect(await page.locator('[data-check][data-outcome=pass]').count()).to.equal(13);
      expect(await page.locator('[data-check=seal]').getAttribute('data-outcome')).to.equal('notAsked');
      await page.click('.proof summary');
      await page.locator('.proof dl').first().waitFor();
      const proof = await page.locator('.proof').innerText();
      const { checkpoint, claim } = counter.verifier.story.issuer.held.at(-1)!;
      for (const part of [checkpoint.rootHash, checkpoint.mapRoot, claim!.blockHash]) expect(proof).to.include(encodeHex(part));
    }));

  test('invalid when it was revoked: since when, by whom, why and on which legal basis', () =>
    counter.visit(async (page) => {
      expect(await give(page, upload(FILES.revoked))).to.deep.equal(online('invalid', 'REVOKED'));
      const shown = await page.locator('[data-verdict]').innerText();
      for (const part of ['吊销', '样例市自然资源局', '违法开采', '矿产资源法 第四十条', '+08:00'])
        expect(shown).to.include(part);
      expect(await page.locator('[data-check=status]').getAttribute('data-code')).to.equal('REVOKED');
    }));

  test('not recorded when one byte was changed, and that this is not "forged"', () =>
    counter.visit(async (page) => {
      expect(await give(page, upload(changedByte(FILES.valid)))).to.deep.equal(online('undetermined', 'NOT_RECORDED'));
      expect(await page.locator('[data-verdict]').innerText()).to.include('不等于文件是伪造的');
      expect(await page.locator('[data-action=save-evidence]').count()).to.equal(0);
    }));

  test('changed when its evidence comes with it, together or afterwards', () =>
    counter.visit(async (page) => {
      await give(page, upload(FILES.valid));
      const evidence = await savedEvidence(page);
      const changed = upload(changedByte(FILES.valid));
      expect(await give(page, changed, evidence)).to.deep.equal(online('invalid', 'CONTENT_CHANGED'));
      expect(await give(page, changed)).to.deep.equal(online('undetermined', 'NOT_RECORDED'));
      expect(await give(page, evidence)).to.deep.equal(online('invalid', 'CONTENT_CHANGED'));
      expect(await give(page, upload(FILES.valid), evidence)).to.deep.equal(online('valid'));
    }));

  test('valid, and whose function it is now, when its issuer was merged into another', () =>
    counter.visit(async (page) => {
      await give(page, upload(FILES.valid));
      expect(await page.locator('main').innerText()).not.to.include('机构改革');
      const moved = sampleStory();
      moved.enter(SUCCESSOR, '样例市规划局');
      moved.succeed(ISSUER, SUCCESSOR);
      moved.anchor();
      counter.verifier.story = moved;
      counter.verifier.trustChanges = { version: 2 };
      expect(await again(page)).to.deep.equal(online('valid'));
      const shown = await page.locator('main').innerText();
      for (const part of ['登记的颁发机构', '样例市自然资源局', '职责现由（机构改革）', `样例市规划局 ${SUCCESSOR}`])
        expect(shown).to.include(part);
    }));

  test('valid by the record of the authority that may issue it, and notes the other record', () =>
    counter.visit(async (page) => {
      expect(await give(page, upload(FILES.contested))).to.deep.equal(online('valid'));
      const note = page.locator('[data-finding]');
      expect(await note.getAttribute('data-code')).to.equal('OUT_OF_SCOPE');
      expect(await note.innerText()).to.include(counter.verifier.story.outsider.origin);
    }));
});

describe('when something cannot be found out, the page', () => {
  test('says so while the chain is stopped, offers the evidence, and is valid again without a reload', () =>
    counter.visit(async (page) => {
      counter.verifier.polledMsAgo = 60_000;
      expect(await give(page, upload(FILES.valid))).to.deep.equal(online('undetermined', 'CHAIN_UNREACHABLE'));
      expect(await page.locator('[data-verdict]').innerText()).to.include('链上锚定');
      expect(await page.locator('[data-check=content]').getAttribute('data-outcome')).to.equal('pass');
      const evidence = await savedEvidence(page);
      expect(evidence.name).to.equal('采矿许可证.ofd.evidence.json');
      expect(encodeHex(parseEvidence(evidence.buffer).fileDigest)).to.equal(encodeHex(FILES.valid.digest));
      counter.verifier.polledMsAgo = 100;
      await page.waitForSelector('[data-verdict=valid]', { timeout: 10_000 });
    }));

  test('says so when the verifier hangs up, and checks offline by the evidence, as of when it was anchored', () =>
    counter.visit(async (page) => {
      await give(page, upload(FILES.valid));
      const evidence = await savedEvidence(page);
      counter.verifier.mode = 'cut';
      expect(await again(page)).to.deep.equal(online('undetermined', 'NODE_UNREACHABLE'));
      expect(await page.locator('[data-action=save-evidence]').count(), 'the earlier answer is still there to take').to.equal(1);
      expect(await give(page, upload(FILES.valid), evidence)).to.deep.equal(online('undetermined', 'NODE_UNREACHABLE'));
      await forget(page);
      await page.click('[data-action=check-offline]');
      await page.waitForSelector('[data-mode=offline]');
      expect(await page.getAttribute('[data-verdict]', 'data-verdict')).to.equal('valid');
      expect(await page.locator('.verdict-word').innerText()).to.match(/有效\s*截至 \d{4}年/);
    }));

  test('refuses offline what was changed, and evidence of another licence', () =>
    counter.visit(async (page) => {
      await give(page, upload(FILES.valid));
      const evidence = await savedEvidence(page);
      counter.verifier.mode = 'cut';
      for (const other of [changedByte(FILES.valid), FILES.revoked]) {
        await give(page, upload(other), evidence);
        await page.click('[data-action=check-offline]');
        await page.waitForSelector('[data-mode=offline][data-verdict=invalid][data-reason=CONTENT_CHANGED]');
      }
    }));

  test('checks offline by evidence and trust file where the verifier was never heard', () =>
    counter.visit(async (page, context) => {
      await give(page, upload(FILES.valid));
      const evidence = await savedEvidence(page);
      const trust = jsonFile('trust.json', await (await context.request.get(`${counter.verifier.url}/trust.json`)).text());
      await page.evaluate(() => localStorage.clear());
      counter.verifier.mode = 'cut';
      await page.reload();
      expect(await give(page, upload(FILES.valid), evidence)).to.deep.equal(online('undetermined', 'NODE_UNREACHABLE'));
      expect(await page.locator('[data-action=check-offline]').count()).to.equal(0);
      await give(page, trust);
      await forget(page);
      await page.click('[data-action=check-offline]');
      expect(await seen(page)).to.deep.equal({ verdict: 'valid', reason: '', mode: 'offline' });
    }));

  test('says so when the verifier stays silent for 8 s', () =>
    counter.visit(async (page) => {
      counter.verifier.mode = 'silent';
      await page.clock.install();
      await page.setInputFiles('input[type=file]', [upload(FILES.valid)]);
      await page.locator('progress:not([max])').waitFor();
      expect(await page.locator('[data-verdict]').count()).to.equal(0);
      await page.clock.fastForward(8100);
      expect(await seen(page)).to.deep.equal(online('undetermined', 'NODE_UNREACHABLE'));
    }));

  test('refuses a trust file that is older or of other signers than the one it remembers', () =>
    counter.visit(async (page) => {
      counter.verifier.trustChanges = { version: 2 };
      expect(await give(page, upload(FILES.valid))).to.deep.equal(online('valid'));
      counter.verifier.trustChanges = { version: 1 };
      expect(await again(page)).to.deep.equal(online('undetermined', 'TRUST_ROLLED_BACK'));
      counter.verifier.trustChanges = { version: 3, trustKeys: [counter.verifier.story.witnessSigner.publicKey] };
      expect(await again(page)).to.deep.equal(online('undetermined', 'BAD_SIGNATURE'));
      counter.verifier.trustChanges = { version: 3, expiresAt: Date.now() - 1 };
      expect(await again(page)).to.deep.equal(online('undetermined', 'TRUST_EXPIRED'));
    }));

  test('says which of the picked files it cannot use', () =>
    counter.visit(async (page) => {
      const troubles: [Upload[], string][] = [
        [[upload(FILES.valid), upload(FILES.revoked)], '一次只能核验一份'],
        [[jsonFile('a.evidence.json', '{"format":"veritrail-evidence-v1"}')], '无法识别'],
        [[jsonFile('trust.json', '{')], '无法识别'],
      ];
      for (const [files, words] of troubles) {
        await page.setInputFiles('input[type=file]', files);
        await page.locator('.trouble', { hasText: words }).waitFor();
        expect(await page.locator('[data-verdict]').count()).to.equal(0);
      }
    }));
});
