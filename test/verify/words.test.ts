import { describe, test } from 'node:test';
import { expect } from 'chai';
import { CHECK_IDS, type Check, type CheckFacts, type Outcome, REASON_CODES } from '../../core/verify/verdict.ts';
import {
  describeCheck,
  describeFinding,
  describeReason,
  formatDay,
  formatInstant,
  formatPeriod,
  formatSpan,
  type Lang,
  nameCheck,
} from '../../core/verify/words.ts';

const LANGS: readonly Lang[] = ['zh-CN', 'en'];
const OUTCOMES: readonly Outcome[] = ['pass', 'fail', 'unknown', 'notAsked'];
const NEW_YEAR = Date.UTC(2025, 11, 31, 16);
const ACT: CheckFacts = { by: '样例市自然资源局', reason: '违法开采', legalBasis: '矿产资源法 第四十条', effectiveAt: NEW_YEAR };

const check = (changes: Partial<Check>): Check => ({ id: 'content', outcome: 'pass', code: null, facts: {}, ...changes });
const isSentence = (text: string, lang: Lang): boolean =>
  lang === 'en' ? /^[A-Z].*[a-z)]\.$/.test(text) && !/[\u4e00-\u9fff]/.test(text) : /[\u4e00-\u9fff].*。$/.test(text);

/** Every check with every outcome and, where there is one, every reason. */
const combinations = CHECK_IDS.flatMap((id) =>
  OUTCOMES.flatMap((outcome) => {
    const codes = outcome === 'fail' || outcome === 'unknown' ? [...REASON_CODES, null] : [null];
    return codes.map((code) => check({ id, outcome, code }));
  }),
);

describe('words', () => {
  for (const lang of LANGS) {
    test(`are there for every check, outcome and reason in ${lang}`, () => {
      const wrong = combinations.map((one) => describeCheck(one, lang)).filter((text) => !isSentence(text, lang));
      expect(wrong).to.deep.equal([]);
      expect(REASON_CODES.map((code) => describeReason(code, lang)).filter((text) => !isSentence(text, lang))).to.deep.equal([]);
      expect(new Set(CHECK_IDS.map((id) => nameCheck(id, lang))).size).to.equal(CHECK_IDS.length);
    });

    test(`never call a licence good, bad or forged where an outcome is unknown, in ${lang}`, () => {
      const verdicts = /有效|无效|伪造|真实|合法|\b(?:in)?valid\b|\bforge|\bfake|\bgenuine/i;
      const wrong = combinations
        .filter(({ outcome }) => outcome === 'unknown')
        .map((one) => describeCheck(one, lang))
        .filter((text) => verdicts.test(text));
      expect(wrong).to.deep.equal([]);
    });

    test(`do not read the same for two outcomes of one check, in ${lang}`, () => {
      for (const id of CHECK_IDS) {
        const texts = OUTCOMES.map((outcome) => describeCheck(check({ id, outcome }), lang));
        expect(new Set(texts).size, id).to.equal(OUTCOMES.length);
      }
    });
  }

  test('say since when, by whom, why and on which legal basis a licence was revoked', () => {
    const revoked = check({ id: 'status', outcome: 'fail', code: 'REVOKED', facts: ACT });
    const zh = describeCheck(revoked, 'zh-CN');
    for (const part of ['吊销', '样例市自然资源局', '2026年1月1日 00:00:00 +08:00', '违法开采', '矿产资源法 第四十条'])
      expect(zh).to.include(part);
    for (const part of ['revoked', '样例市自然资源局', '2026-01-01 00:00:00 +08:00', '违法开采'])
      expect(describeCheck(revoked, 'en')).to.include(part);
  });

  test('say until when a key is suspended, and do not call it reported lost', () => {
    for (const id of ['checkpoint-signature', 'issuer-key', 'content'] as const) {
      const suspended = check({ id, outcome: 'unknown', code: 'KEY_COMPROMISED', facts: { suspendedUntil: NEW_YEAR } });
      const lost = check({ id, outcome: 'unknown', code: 'KEY_COMPROMISED' });
      const [zh, en] = [describeCheck(suspended, 'zh-CN'), describeCheck(suspended, 'en')];
      expect([isSentence(zh, 'zh-CN'), /^[A-Z].*\.$/.test(en)]).to.deep.equal([true, true]);
      expect(zh).to.include('可能失密').and.include('暂停使用至 2026年1月1日 00:00:00 +08:00');
      expect(en).to.include('may be lost').and.include('is suspended until 2026-01-01 00:00:00 +08:00');
      for (const lang of LANGS) {
        expect(describeCheck(suspended, lang)).not.to.equal(describeCheck(lost, lang));
        expect(describeCheck(lost, lang)).not.to.match(/暂停使用|suspended/);
      }
    }
  });

  test('say "not given by the issuer" for what was withheld', () => {
    const facts = { ...ACT, reason: null, legalBasis: null, effectiveAt: null };
    const text = describeCheck(check({ id: 'status', outcome: 'fail', code: 'REVOKED', facts }), 'en');
    expect(text.match(/not given by the issuer/g)).to.have.length(3);
  });

  test('tell revoked 吊销, annulled 撤销, cancelled 注销 and suspended 暂扣 apart', () => {
    const told = (['REVOKED', 'ANNULLED', 'CANCELLED', 'SUSPENDED'] as const).map((code) => describeReason(code, 'zh-CN'));
    for (const [i, word] of ['吊销', '撤销', '注销', '暂扣'].entries()) {
      expect(told.map((text) => text.includes(word))).to.deep.equal(told.map((_, j) => i === j));
    }
  });

  test('give the figures behind a check', () => {
    const said = (changes: Partial<Check>): string => describeCheck(check(changes), 'en');
    expect(said({ id: 'witnesses', facts: { count: 2, quorum: 1 } }))
      .to.include('2')
      .and.include('1');
    expect(said({ id: 'anchor', facts: { blockNumber: 77, anchoredAt: NEW_YEAR } })).to.include('block 77, 2026-01-01');
    expect(said({ id: 'freshness', facts: { ageMs: 30_000 } })).to.include('30 s ago');
    expect(said({ id: 'validity', facts: { validFrom: NEW_YEAR, validTo: null } })).to.include('2026-01-01, no end');
  });

  test('name the other log in a finding', () => {
    const finding = { id: 'other-record', outcome: 'fail', code: 'OUT_OF_SCOPE', origin: 'sample/x/licences' } as const;
    for (const lang of LANGS) expect(describeFinding(finding, lang)).to.include('sample/x/licences');
  });
});

describe('instants', () => {
  test('are at UTC+8 and say so, whatever the machine’s zone', () => {
    expect(formatInstant(NEW_YEAR, 'zh-CN')).to.equal('2026年1月1日 00:00:00 +08:00');
    expect(formatInstant(NEW_YEAR - 1, 'en')).to.equal('2025-12-31 23:59:59 +08:00');
    expect(formatDay(0, 'en')).to.equal('1970-01-01');
  });

  test('beyond what a Date holds are still words', () => {
    expect(formatInstant(Number.MAX_SAFE_INTEGER, 'zh-CN')).to.include('275760年9月13日');
    expect(formatInstant(Number.MAX_SAFE_INTEGER, 'en')).to.include('275760-09-13');
  });

  test('of a term are days only where it runs over whole days', () => {
    const day = 86_400_000;
    expect(formatPeriod(NEW_YEAR, NEW_YEAR + day - 1, 'zh-CN')).to.equal('2026年1月1日至2026年1月1日');
    expect(formatPeriod(NEW_YEAR, NEW_YEAR + day, 'en')).to.equal('2026-01-01 00:00:00 +08:00 to 2026-01-02 00:00:00 +08:00');
    expect(formatPeriod(NEW_YEAR, null, 'zh-CN')).to.equal('2026年1月1日起，长期');
  });

  test('spans use the largest unit of which there are two', () => {
    expect([119_000, 120_000, 7_200_000, 172_800_000].map((ms) => formatSpan(ms, 'en'))).to.deep.equal([
      '2 minutes',
      '2 minutes',
      '2 hours',
      '2 days',
    ]);
    expect(formatSpan(45_000, 'zh-CN').trim()).to.equal('45 秒');
  });
});
