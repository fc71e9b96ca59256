/** The vectors of numbers, requests, outcomes, bodies and seals, and what the JSON Schema files say of the same values. */
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeAccessBody, parseAccessBody } from '../../core/access/body.ts';
import { normaliseNumber, parseNumber } from '../../core/access/number.ts';
import { encodeOutcome, parseOutcome } from '../../core/access/outcome.ts';
import { encodeRequest, parseRequest } from '../../core/access/request.ts';
import { encodeSealBody, encodeSealReleaseBody, encodeSealRenewalBody } from '../../core/access/seal.ts';
import { parseSealBody, parseSealReleaseBody, parseSealRenewalBody } from '../../core/access/seal.ts';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';
import { expectRefusal, readVectors } from '../log/mangling.ts';
import { isValid } from './json-schema.ts';

describe('numbers', () => {
  for (const vector of readVectors<{ class: number; text: string; id?: string }>('access-number.json')) {
    test(`${vector.want === 'ok' ? 'takes' : 'refuses'} ${vector.desc}`, () => {
      if (vector.want !== 'ok') return expectRefusal(vector.want, () => normaliseNumber(vector.class, vector.text));
      const number = normaliseNumber(vector.class, vector.text);
      expect(number).to.deep.equal({ class: vector.class, id: vector.id });
      // In signed bytes no other spelling than the canonical one is taken.
      if (vector.text !== vector.id) expectRefusal('MALFORMED', () => parseNumber(vector.class, vector.text));
      expect(parseNumber(vector.class, vector.id!)).to.deep.equal(number);
      expect(normaliseNumber(vector.class, vector.id!)).to.deep.equal(number);
    });
  }
});

interface PayloadCase {
  readonly payload: string;
  readonly schema: 'accepts' | 'refuses';
}

const FORMATS = {
  request: (bytes: Uint8Array) => encodeRequest(parseRequest(bytes)),
  outcome: (bytes: Uint8Array) => encodeOutcome(parseOutcome(bytes)),
};

for (const [name, reformat] of Object.entries(FORMATS)) {
  describe(`${name}s`, () => {
    for (const vector of readVectors<PayloadCase>(`access-${name}.json`)) {
      test(`${vector.want === 'ok' ? 'takes' : 'refuses'} ${vector.desc}`, () => {
        const bytes = encodeUtf8(vector.payload);
        if (vector.want !== 'ok') return expectRefusal(vector.want, () => reformat(bytes));
        expect(reformat(bytes)).to.deep.equal(bytes);
      });
    }

    const schema = JSON.parse(
      readFileSync(new URL(`../../docs/schema/${name}.schema.json`, import.meta.url), 'utf8'),
    ) as JsonObject;
    for (const vector of readVectors<PayloadCase>(`access-${name}.json`)) {
      test(`docs/schema ${vector.schema} ${vector.desc}`, () => {
        // Text that is no JSON for anybody never reaches a schema.
        let value: JsonValue | undefined;
        try {
          value = JSON.parse(vector.payload) as JsonValue;
        } catch {
          value = undefined;
        }
        expect(value !== undefined && isValid(value, schema)).to.equal(vector.schema === 'accepts');
        if (vector.want === 'ok') expect(vector.schema).to.equal('accepts');
      });
    }
  });
}

describe('bodies', () => {
  for (const vector of readVectors<{ body: string }>('access-body.json')) {
    test(`${vector.want === 'ok' ? 'takes' : 'refuses'} ${vector.desc}`, () => {
      const bytes = encodeUtf8(vector.body);
      if (vector.want !== 'ok') return expectRefusal(vector.want, () => parseAccessBody(bytes));
      expect(encodeAccessBody(parseAccessBody(bytes))).to.deep.equal(bytes);
    });
  }
});

const SEALS = {
  seal: (bytes: Uint8Array) => encodeSealBody(parseSealBody(bytes)),
  renewal: (bytes: Uint8Array) => encodeSealRenewalBody(parseSealRenewalBody(bytes)),
  release: (bytes: Uint8Array) => encodeSealReleaseBody(parseSealReleaseBody(bytes)),
};

describe('bodies of seals', () => {
  for (const vector of readVectors<{ format: keyof typeof SEALS; body: string }>('access-seal.json')) {
    test(`${vector.want === 'ok' ? 'takes' : 'refuses'} ${vector.desc}`, () => {
      const bytes = encodeUtf8(vector.body);
      if (vector.want !== 'ok') return expectRefusal(vector.want, () => SEALS[vector.format](bytes));
      expect(SEALS[vector.format](bytes)).to.deep.equal(bytes);
    });
  }
});
