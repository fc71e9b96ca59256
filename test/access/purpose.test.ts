import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { dutyFinding, hasDuty, PURPOSES, purposeMeaningOf } from '../../core/access/purpose.ts';
import {
  ACCESS_REASON_WORDS,
  ACTIONS,
  BODY_CHECKS,
  FIELD_CLASSES,
  GRADE_WORDS,
  METHODS,
  OUTCOME_CODES,
} from '../../core/access/wording.ts';
import { isPlainText, isToken } from '../../core/bytes/plain-text.ts';
import { ACCESSOR, CUSTODIAN, REQUEST } from './sample.ts';
import { duty, FACTS } from './world.ts';

const { terms } = JSON.parse(readFileSync(new URL('../vectors/dpv_purposes.json', import.meta.url), 'utf8')) as {
  terms: { iri: string }[];
};

describe('purposes', () => {
  test('have the shape that the registry takes, and name only terms that W3C DPV has', () => {
    const known = new Set(terms.map(({ iri }) => iri));
    for (const [purpose, { dpv, match }] of Object.entries(PURPOSES)) {
      expect(isToken(purpose), purpose).to.equal(true);
      expect(dpv === null || known.has(dpv), purpose).to.equal(true);
      expect((dpv === null) === (match === null), purpose).to.equal(true);
    }
    expect(purposeMeaningOf('constructor')).to.equal(null);
    expect(purposeMeaningOf('x.unknown')).to.equal(null);
  });

  test('are allowed by a duty of that authority, for that purpose, in its time, and by nothing else', () => {
    const at = (
      duties: readonly ReturnType<typeof duty>[],
      who: string = ACCESSOR,
      purpose = REQUEST.purpose,
      now = 100,
    ): boolean => hasDuty({ ...FACTS, duties }, who, purpose, now);
    expect(at([])).to.equal(false);
    expect(at([duty(REQUEST.purpose, 100)])).to.equal(true);
    expect(at([duty(REQUEST.purpose, 101)])).to.equal(false);
    expect(at([duty(REQUEST.purpose, 0, 100)])).to.equal(false);
    expect(at([duty(REQUEST.purpose, 0, 101)])).to.equal(true);
    expect(at([duty(REQUEST.purpose, 0)], CUSTODIAN)).to.equal(false);
    expect(at([duty(REQUEST.purpose, 0)], ACCESSOR, 'service')).to.equal(false);
    expect(at([duty('service', 0)], ACCESSOR, 'service.requested')).to.equal(false);
  });

  test('without a duty are unknown to facts older than the entry', () => {
    const none = { ...FACTS, duties: [] };
    const find = (to: number | null): string => dutyFinding(none, ACCESSOR, REQUEST.purpose, { from: 0, to }).outcome;
    expect([find(FACTS.block.at), find(FACTS.block.at + 1), find(null)]).to.deep.equal(['fail', 'unknown', 'unknown']);
  });
});

describe('words', () => {
  test('stand in both languages, seen characters only, and the tokens they explain are tokens', () => {
    const plain = [GRADE_WORDS, ACTIONS, METHODS, OUTCOME_CODES, BODY_CHECKS, ACCESS_REASON_WORDS].flatMap((table) =>
      Object.values(table),
    );
    const all = [...plain, ...[...Object.values(PURPOSES), ...Object.values(FIELD_CLASSES)].map((meaning) => meaning.words)];
    for (const one of all) {
      expect(isPlainText(one['zh-CN'], 100) && /\p{Script=Han}/u.test(one['zh-CN'])).to.equal(true);
      expect(isPlainText(one.en, 200) && !/\p{Script=Han}/u.test(one.en)).to.equal(true);
    }
    for (const token of [ACTIONS, METHODS, FIELD_CLASSES].flatMap((table) => Object.keys(table)))
      expect(isToken(token), token).to.equal(true);
    for (const code of Object.keys(OUTCOME_CODES)) expect(code).to.match(/^[A-Z][A-Z0-9_]{0,63}$/);
  });
});
