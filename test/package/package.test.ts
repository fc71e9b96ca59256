/** A package: it verifies offline, it names what was done to it, and it holds no number but of who was named. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import { canonicalJson, type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { handleOf } from '../../core/access/handle.ts';
import { rankedSampleOf, reconciliationOf } from '../../core/trace/result.ts';
import { encodeManifest, manifestSignedBytes, parseSignedManifest, partHashOf } from '../../core/package/manifest.ts';
import { verifyPackage } from '../../core/package/package-check.ts';
import type { PackageVerdict } from '../../core/package/verdict.ts';
import { readZip, writeZip, type ZipPart } from '../../core/package/zip.ts';
import type { Trust } from '../../core/verify/trust.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { keyOf, LOG_ID, vrfKey } from '../access/sample.ts';
import { expectRefusal } from '../log/mangling.ts';
import { Auditor } from '../trace/auditor.ts';
import { auditSigner, citizen } from '../trace/custodian.ts';
import { LEAKED, LEAKER, nameOne, pack, signedTrust, tracedLeak } from './story.ts';

const AUDITOR = await tracedLeak();
const MASKED = await pack(AUDITOR);
const BEFORE = AUDITOR.judged;
await nameOne(AUDITOR);
const NAMED = await pack(AUDITOR);
const { trust: TRUST } = signedTrust(AUDITOR);

const verify = (bytes: Uint8Array, trust: Trust = TRUST): PackageVerdict =>
  verifyPackage(bytes, { trust, evaluatedAt: AUDITOR.custodian.world.clock + 60_000 }).verdict;

const partsIn = (bytes: Uint8Array): ZipPart[] => readZip(bytes).map(({ name, content }) => ({ name, content: content! }));

function withPart(bytes: Uint8Array, name: string, change: (content: Uint8Array) => Uint8Array | null): Uint8Array {
  return writeZip(
    partsIn(bytes).flatMap((part) => {
      if (part.name !== name) return [part];
      const content = change(part.content);
      return content === null ? [] : [{ name, content }];
    }),
  );
}

/** What an auditor could sign who lies, or somebody who has no key of hers. */
function signedAgain(bytes: Uint8Array, signer: Signer = auditSigner): Uint8Array {
  const parts = partsIn(bytes).filter(({ name }) => name !== 'manifest.json');
  const old = parseSignedManifest(parseJson(partsIn(bytes).find(({ name }) => name === 'manifest.json')!.content)).manifest;
  const listed = parts.map(({ name, content }) => ({ name, bytes: content.length, hash: partHashOf(content) }));
  const payload = encodeManifest({ ...old, parts: listed });
  const signature = signer.sign(manifestSignedBytes(payload));
  const envelope = { payload, signatures: [{ keyId: keyIdOf(auditSigner.publicKey), signature }] };
  return writeZip([...parts, { name: 'manifest.json', content: encodeUtf8(canonicalJson(formatEnvelope(envelope))) }]);
}

const said = ({ verdict, findings }: PackageVerdict): string[] => [
  verdict,
  ...new Set(findings.map(({ check, part, code }) => `${check} ${part} ${code}`)),
];

const edited =
  (edit: (value: Record<string, unknown>) => void) =>
  (content: Uint8Array): Uint8Array => {
    const value = JSON.parse(decodeUtf8(content)) as Record<string, unknown>;
    edit(value);
    return encodeUtf8(canonicalJson(value as JsonObject));
  };

const entryNames = partsIn(NAMED)
  .map(({ name }) => name)
  .filter((name) => name.startsWith('entries/'));

describe('the trace of a leak', () => {
  test('ranks the one whose reading fits the sample, with the entries behind it, and says what cannot be known', () => {
    const { ranking, complete } = rankedSampleOf(BEFORE)!;
    expect([ranking.operatorFinding, ranking.operators[0]!.operator]).to.deep.equal(['one', LEAKER]);
    expect([ranking.sample, ranking.sampleRead, complete, ranking.operators[0]!.met]).to.deep.equal([7, 6, 7, 6]);
    expect(ranking.operators[0]!.leafHashes).to.have.length(6);
  });

  test('finds the one access that the accessor has no record of', () => {
    const { counts, rows } = reconciliationOf(BEFORE)!;
    expect(counts).to.deep.equal({ matched: 40, differing: 0, 'accessor-only': 0, 'custodian-only': 1 });
    expect(rows[0]!.reasons).to.deep.equal(['NOT_KEPT']);
  });
});

describe('a package', () => {
  test('verifies without a network, masked and with a person named', () => {
    for (const bytes of [MASKED, NAMED]) {
      const verdict = verify(bytes);
      expect(said(verdict)).to.deep.equal(['valid']);
      expect(verdict.passed.entry).to.be.at.least(46);
      expect(verdict.passed.papers).to.be.at.least(92);
    }
    expect([verify(MASKED).passed.naming, verify(NAMED).passed.naming]).to.deep.equal([0, 2]);
  });

  test('is the same bytes again', async () => {
    expect(sm3(await pack(AUDITOR))).to.deep.equal(sm3(NAMED));
  });

  test('holds no number, handle or plain hash of anybody but of who was named', () => {
    const told = (bytes: Uint8Array): string =>
      partsIn(bytes)
        .map(({ content }) => decodeUtf8(content))
        .flatMap((text) => [text, ...[...text.matchAll(/"(?:body|payload)":"([^"]+)"/g)].map(([, b64]) => atob(b64!))])
        .join('\n');
    const [masked, named] = [told(MASKED), told(NAMED)];
    for (let i = 0; i < 60; i++) {
      const number = citizen(i);
      const isNamed = number.id === LEAKED[0]!.id;
      for (const trace of [number.id, encodeHex(sm3(encodeUtf8(number.id))), encodeHex(handleOf(vrfKey, LOG_ID, number))]) {
        expect(masked).to.not.contain(trace);
        if (!isNamed) expect(named).to.not.contain(trace);
      }
    }
    expect(named).to.contain(LEAKED[0]!.id);
    expect(named).to.not.contain(encodeHex(handleOf(vrfKey, LOG_ID, LEAKED[0]!)));
  });

  test('names each part that was altered, is missing, was added or swapped, and checks the others all the same', () => {
    const whole = ['case.json', 'lookups.json', 'logs.json', 'result.json', 'report.en.html'];
    const records = partsIn(NAMED).filter(({ name }) => name.startsWith('records/'));
    expect(records).to.have.length(0);
    for (const name of [...whole, entryNames[0]!, entryNames.at(-1)!]) {
      const altered = verify(withPart(NAMED, name, (content) => Uint8Array.of(...content, 0x20)));
      expect(altered.verdict).to.equal('invalid');
      expect(altered.findings.find(({ check }) => check === 'part')).to.include({ part: name, code: 'PART_ALTERED' });
      const missing = verify(withPart(NAMED, name, () => null));
      expect(missing.findings.find(({ check }) => check === 'part')).to.include({ part: name, code: 'PART_MISSING' });
    }
    const added = writeZip([...partsIn(NAMED), { name: 'more.json', content: encodeUtf8('{}') }]);
    expect(said(verify(added))).to.deep.equal(['invalid', 'part more.json PART_ADDED']);
    const [first, second] = entryNames as [string, string];
    const parts = partsIn(NAMED);
    const contentOf = (name: string): Uint8Array => parts.find((part) => part.name === name)!.content;
    const swapped = verify(
      withPart(
        withPart(NAMED, first, () => contentOf(second)),
        second,
        () => contentOf(first),
      ),
    );
    const found = swapped.findings
      .filter(({ check }) => check === 'part')
      .map(({ part, code, facts }) => [part, code, facts['with']]);
    expect(found).to.deep.equal([
      [first, 'PART_SWAPPED', second],
      [second, 'PART_SWAPPED', first],
    ]);
    expect(swapped.passed.entry).to.equal(entryNames.length - 2);
  });

  test('of which any byte of the file was changed is refused, is invalid, or says the same', () => {
    const bytes = Uint8Array.from(NAMED);
    for (let i = 7; i < bytes.length; i += Math.ceil(bytes.length / 24)) {
      const changed = bytes.with(i, bytes[i]! ^ 0x10);
      try {
        const { verdict } = verify(changed);
        if (verdict !== 'invalid') expect(partsIn(changed)).to.deep.equal(partsIn(NAMED));
      } catch (error) {
        expect((error as { code?: string }).code).to.equal('MALFORMED');
      }
    }
  });

  test('signed by somebody else, or with a manifest that was changed, is not the authority’s', () => {
    const thief = signerOf(keyOf('thief'));
    expect(said(verify(signedAgain(NAMED, thief)))).to.deep.equal(['invalid', 'manifest manifest.json BAD_SIGNATURE']);
    expectRefusal('MALFORMED', () => verify(withPart(NAMED, 'manifest.json', () => null)));
    expectRefusal('MALFORMED', () => verify(withPart(NAMED, 'manifest.json', () => encodeUtf8('{}'))));
    expectRefusal('MALFORMED', () => verify(encodeUtf8('no package')));
  });

  test('cannot be made to say what the logs do not, by the auditor herself', () => {
    const [name] = entryNames as [string];
    const lie = (part: string, edit: (value: Record<string, unknown>) => void): string[] =>
      said(verify(signedAgain(withPart(NAMED, part, edited(edit)))));
    expect(lie(name, (entry) => (entry['index'] = Number(entry['index']) + 1))).to.contain(`entry ${name} BAD_PROOF`);
    expect(lie(name, (entry) => (entry['checkpoint'] = '00'.repeat(32)))).to.contain(`entry ${name} OTHER_LOG`);
    const entryOf = (text: unknown): Uint8Array => Uint8Array.from(atob(text as string), (char) => char.charCodeAt(0));
    expect(lie(name, (entry) => (entry['entry'] = btoa(String.fromCharCode(...entryOf(entry['entry']).with(50, 1)))))).to.contain(
      `entry ${name} OTHER_NAME`,
    );
    expect(lie('result.json', (result) => ((result['ranking'] as JsonObject & { pool: number }).pool = 9))).to.contain(
      'result result.json RESULT_DIFFERS',
    );
    expect(lie('result.json', (result) => (result['named'] = []))[0]).to.equal('invalid');
    // An entry left out shows where a row rests on it, or where the ranking does.
    const hit = rankedSampleOf(BEFORE)!.ranking.operators[0]!.leafHashes[0]!;
    const without = said(verify(signedAgain(withPart(NAMED, `entries/${hit}.json`, () => null))));
    expect(without).to.contain('result result.json PART_MISSING');
  });

  test('in which one officer alone named a person is refused for it', () => {
    const alone = withPart(
      NAMED,
      'lookups.json',
      edited((value) => {
        for (const lookup of value['lookups'] as { approval: unknown }[]) lookup.approval = null;
      }),
    );
    expect(said(verify(signedAgain(alone)))).to.contain('naming result.json NOT_APPROVED');
  });

  test('in which a look-up has no promise, or is another case’s, is refused for it', () => {
    const unrecorded = withPart(
      NAMED,
      'lookups.json',
      edited((value) => {
        const [first] = value['lookups'] as { event: { entries: unknown[] } }[];
        first!.event.entries = [];
      }),
    );
    expect(said(verify(signedAgain(unrecorded)))).to.deep.equal(['invalid', 'look-up lookups.json#1 NOT_RECORDED']);
  });

  test('says which look-ups were not confirmed, and stays valid with them; that one was, it cannot say without a verifier’s word', async () => {
    const auditor = await tracedLeak();
    auditor.standing = () => Promise.reject(unavailable('no verifier'));
    const [log] = auditor.desk().logs;
    await auditor.desk().ask(log!, { kind: 'person', subject: citizen(3) });
    const bytes = await pack(auditor);
    const { verdict, lookUps } = verifyPackage(bytes, { trust: TRUST, evaluatedAt: auditor.custodian.world.clock });
    expect([verdict.verdict, lookUps!.asked, lookUps!.unconfirmed]).to.deep.equal(['valid', 9, 1]);
    const html = decodeUtf8(partsIn(bytes).find(({ name }) => name === 'report.en.html')!.content);
    expect(html).to.contain('the answer was not confirmed');
    const lied = withPart(
      bytes,
      'lookups.json',
      edited((value) => {
        const { shown } = (value['lookups'] as { shown: { doubt: unknown; checkpoint: string } }[]).at(-1)!;
        [shown.doubt, shown.checkpoint] = [null, '00'.repeat(32)];
      }),
    );
    expect(said(verify(signedAgain(lied)))).to.deep.equal(['invalid', 'look-up lookups.json#9 NOT_CONFIRMED']);
  });

  test('lists look-ups of earlier cases by themselves, and verifies so', async () => {
    const auditor = new Auditor();
    const { custodian } = auditor;
    for (let i = 0; i < 20; i++) custodian.read({ operator: `S-00${10 + (i % 5)}`, subjects: [citizen(i)] });
    const change = { purpose: 'audit.trace', action: 'trace', case: '审〔2025〕9号' } as const;
    for (let i = 0; i < 4; i++) custodian.read({ operator: 'A-09', subjects: [citizen(i)], change });
    custodian.world.anchor();
    const [log] = auditor.desk().logs;
    const span = { from: custodian.world.clock - 3_600_000, to: custodian.world.clock };
    const numbers = [0, 1, 2, 3].map(citizen);
    await auditor.desk().change({ sample: { ...span, numbers } });
    for (const subject of numbers) await auditor.desk().ask(log!, { kind: 'person', subject });
    const { ranking } = rankedSampleOf(auditor.judged)!;
    expect(ranking.operators.map(({ operator }) => operator)).to.not.include('A-09');
    expect(ranking.lookUps.map(({ operator, case: number, met }) => [operator, number, met])).to.deep.equal([
      ['A-09', '审〔2025〕9号', 4],
    ]);
    const bytes = await pack(auditor);
    expect(said(verify(bytes))).to.deep.equal(['valid']);
    expect(decodeUtf8(partsIn(bytes).find(({ name }) => name === 'report.zh-CN.html')!.content)).to.contain('审〔2025〕9号');
  });

  test('is undetermined under a trust file that knows no such key, another chain, or too few witnesses', () => {
    const unknowing = { ...TRUST, facts: { ...TRUST.facts, keys: TRUST.facts.keys.filter(({ type }) => type !== 'request') } };
    expect(verify(NAMED, unknowing)).to.include({ verdict: 'undetermined' });
    expect(said(verify(NAMED, { ...TRUST, chainId: 1 }))).to.include('chain manifest.json OTHER_CHAIN');
    const alone = verify(NAMED, { ...TRUST, witnesses: [] });
    expect([alone.verdict, alone.reasons]).to.deep.equal(['undetermined', ['DOUBTED_LOG']]);
    expect(said(verify(NAMED, { ...TRUST, expiresAt: 1 }))).to.include('log logs.json#1 DOUBTED_LOG');
  });

  test('has a report in both languages that says what it shows and what it does not, and runs nothing', () => {
    for (const [lang, words] of [
      ['zh-CN', ['本报告证明什么', '它不证明', LEAKER, '样例市自然资源局']],
      ['en', ['What this shows', 'It does not show', LEAKER, 'Operator S-0666 of 样例市自然资源局 read 6 of the 6 persons']],
    ] as const) {
      const html = decodeUtf8(partsIn(NAMED).find(({ name }) => name === `report.${lang}.html`)!.content);
      for (const word of words) expect(html).to.contain(word);
      expect(html).to.not.match(/<script|<a |src=|href=|url\(|\son[a-z]+=/);
      expect(html).to.contain(`lang="${lang}"`);
    }
  });
});
