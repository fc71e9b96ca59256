import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, type ErrorCode } from '../../core/bytes/error.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { formatEnvelope, parseEnvelope } from '../../core/authority/envelope.ts';
import { parseLicenceAct } from '../../core/licence/act.ts';
import { encodeCover, parseCover } from '../../core/licence/cover.ts';
import { parseDisclosure } from '../../core/licence/disclosure.ts';
import { formatLicenceDocument, parseLicence, parseLicenceDocument } from '../../core/licence/document.ts';
import { fileFindingOf } from '../../core/licence/file-history.ts';
import {
  checkCharacter,
  formatLicenceIdentifier,
  parseLicenceIdentifier,
  vendorCheckCharacter,
} from '../../core/licence/identifier.ts';
import { parseLicencePayload } from '../../core/licence/payload.ts';
import { statusOf } from '../../core/licence/status.ts';
import { bytesOf } from '../log/memory-log.ts';
import { digestOf, Story } from '../verify/story.ts';

interface IdentifierCase {
  readonly identifier: string;
  readonly checkInput: string;
  readonly standardCheck: string;
  readonly vendorVariantCheck: string;
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/licence_identifier.json', import.meta.url), 'utf8')) as {
  tests: IdentifierCase[];
  synthetic: { tests: IdentifierCase[] };
  negative: { identifier: string; reason: string }[];
};

function refuses(run: () => unknown, code: ErrorCode = 'MALFORMED'): void {
  expect(run)
    .to.throw()
    .that.satisfies((error: unknown) => isCodedError(error, code));
}

describe('a licence identifier (GB/T 36904)', () => {
  for (const one of [...vectors.tests, ...vectors.synthetic.tests]) {
    test(`${one.identifier}: both check characters as published`, () => {
      expect(checkCharacter(one.checkInput)).to.equal(one.standardCheck);
      expect(vendorCheckCharacter(one.checkInput)).to.equal(one.vendorVariantCheck);
      const { grade } = parseLicenceIdentifier(one.identifier);
      const check = one.identifier.at(-1);
      expect(grade).to.equal(
        check === one.standardCheck ? 'standard' : check === one.vendorVariantCheck ? 'known-vendor-variant' : 'invalid',
      );
    });
  }

  for (const { identifier, reason } of vectors.negative) {
    test(`is refused or graded invalid: ${reason}`, () => {
      try {
        expect(parseLicenceIdentifier(identifier).grade).to.equal('invalid');
      } catch (error) {
        if (!isCodedError(error, 'MALFORMED')) throw error;
      }
    });
  }

  test('drops underscores from the family and keeps the version out of it', () => {
    const parts = { type: '11999900MB0000004W001', issuer: '11999900MB0000001K', serial: 'A_01', version: 7 };
    const identifier = parseLicenceIdentifier(formatLicenceIdentifier(parts));
    expect(identifier.family).to.equal('11999900MB0000004W001.11999900MB0000001K.A01');
    expect(identifier.grade).to.equal('standard');
    refuses(() => formatLicenceIdentifier({ ...parts, version: 0 }));
    refuses(() => formatLicenceIdentifier({ ...parts, version: 1000 }));
    refuses(() => formatLicenceIdentifier({ ...parts, serial: '_' }));
    refuses(() => formatLicenceIdentifier({ ...parts, serial: 'a' }));
  });
});

describe('a licence payload', () => {
  const story = new Story();
  const { bytes } = story.payload({ files: [digestOf('a'), digestOf('b')], fields: { ZZMC: 'x', CZZT: 'y' } });
  const text = decodeUtf8(bytes);
  const fields = JSON.parse(text) as Record<string, unknown>;
  const changed = (change: Record<string, unknown>): Uint8Array => {
    const value = Object.fromEntries(Object.entries({ ...fields, ...change }).filter(([, v]) => v !== undefined));
    return encodeUtf8(JSON.stringify(Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))));
  };

  test('parses back to the same values', () => {
    expect(parseLicencePayload(bytes).identifier.text).to.equal(fields['identifier']);
    expect(parseLicencePayload(changed({}))).to.deep.equal(parseLicencePayload(bytes));
  });

  const [low, high] = fields['files'] as [string, string];
  const refused: Readonly<Record<string, Record<string, unknown>>> = {
    'another version than the identifier’s': { version: 2 },
    'another type than the identifier’s': { type: '11999900MB0000004W002' },
    'a wrong check character': { identifier: `${String(fields['identifier']).slice(0, -1)}0` },
    'digests out of order': { files: [high, low] },
    'a digest twice': { files: [low, low] },
    'an end before its beginning': { validTo: 1 },
    'an unknown member': { extra: 1 },
    'a missing salt': { salt: undefined },
    'a short salt': { salt: '00' },
    'an origin that is none': { origin: 'sample/x/licences' },
    'a time that is no integer': { validFrom: 0.5 },
    'a field in clear': { fields: ['采矿许可证'] },
  };
  for (const [name, change] of Object.entries(refused)) {
    test(`refuses ${name}`, () => refuses(() => parseLicencePayload(changed(change))));
  }

  test('refuses every mangling of its bytes, or reads other bytes as another payload', () => {
    for (let i = 0; i < bytes.length; i++) {
      const mangled = [
        bytes.filter((_, at) => at !== i),
        bytes.map((byte, at) => (at === i ? byte + 1 : byte)),
        Uint8Array.from([...bytes.subarray(0, i), bytes[i]!, ...bytes.subarray(i)]),
      ];
      for (const one of mangled) {
        try {
          expect(parseLicencePayload(one)).not.to.deep.equal(parseLicencePayload(bytes));
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED')) throw error;
        }
      }
    }
  });
});

describe('a signed licence and its cover', () => {
  const story = new Story();
  const { payload, bytes, disclosures } = story.payload({ files: [digestOf('a')] });
  const licence = story.envelope(bytes, story.documentSigner);

  test('round trip', () => {
    const json = parseJson(JSON.stringify(formatLicenceDocument(licence, disclosures)));
    expect(parseLicenceDocument(json).payload).to.deep.equal(payload);
    const cover = { file: digestOf('a'), licence, disclosures, vrfProof: null, copy: null };
    expect(encodeCover(parseCover(encodeCover(cover)))).to.deep.equal(encodeCover(cover));
    const copy = { purpose: 'p', requester: 'r', expiresAt: 1 };
    expect(parseCover(encodeCover({ ...cover, copy })).copy).to.deep.equal(copy);
  });

  test('refuses a disclosure that the payload does not commit to', () => {
    const forged = [{ ...disclosures[0]!, value: 'forged' }];
    refuses(() => parseLicenceDocument(parseJson(JSON.stringify(formatLicenceDocument(licence, forged)))), 'UNVERIFIED');
  });

  test('refuses no signature, one key twice, and two issuers', () => {
    const [one] = licence.signatures;
    const two = { keyId: bytesOf('other'), signature: one!.signature };
    const as = (signatures: typeof licence.signatures) => parseJson(JSON.stringify(formatEnvelope({ ...licence, signatures })));
    refuses(() => parseEnvelope(as([]), 'test', 65536));
    refuses(() => parseEnvelope(as([one!, one!]), 'test', 65536));
    refuses(() => parseLicence(as([one!, two])));
    refuses(() => parseEnvelope(as([one!]), 'test', 10));
  });

  test('refuses a field disclosed twice in a cover', () => {
    const twice = { file: digestOf('a'), licence, disclosures: [...disclosures, ...disclosures], vrfProof: null, copy: null };
    refuses(() => parseCover(encodeCover(twice)));
  });

  for (const text of [
    '[]',
    '["00","a",1]',
    `["${'00'.repeat(32)}","",1]`,
    `["${'00'.repeat(32)}",1,1]`,
    `["${'00'.repeat(32)}","a"]`,
  ]) {
    test(`refuses the disclosure ${text.slice(0, 20)}…`, () => refuses(() => parseDisclosure(parseJson(text), 'test')));
  }

  test('refuses acts that are not canonical or say more than an act says', () => {
    const act = '{"effectiveAt":1,"legalBasis":"b","reason":"a"}';
    expect(parseLicenceAct(encodeUtf8(act)).reason).to.equal('a');
    for (const wrong of [act.replace(':1', ': 1'), act.replace('"a"', '1'), act.replace('}', ',"who":"x"}'), '{}']) {
      refuses(() => parseLicenceAct(encodeUtf8(wrong)));
    }
  });
});

describe('the order of kinds', () => {
  const known: [Parameters<typeof statusOf>[0], string, number][] = [
    [['issue'], 'active', 0],
    [['issue', 'suspend'], 'suspended', 1],
    [['issue', 'suspend', 'resume'], 'active', 2],
    [['issue', 'suspend', 'issue'], 'suspended', 1],
    [['issue', 'revoke'], 'revoked', 1],
    [['issue', 'suspend', 'revoke', 'correct'], 'revoked', 2],
    [['issue', 'annul', 'reinstate'], 'active', 2],
    [['issue', 'cancel', 'erasure'], 'cancelled', 1],
  ];
  for (const [kinds, status, since] of known) {
    test(`${kinds.join(' ')} → ${status}`, () => {
      expect(statusOf(kinds)).to.deep.include({ outcome: 'known', status, since });
    });
  }
  const unknown: [Parameters<typeof statusOf>[0], string][] = [
    [[], 'BAD_ORDER'],
    [['suspend'], 'BAD_ORDER'],
    [['issue', 'resume'], 'BAD_ORDER'],
    [['issue', 'suspend', 'suspend'], 'BAD_ORDER'],
    [['issue', 'revoke', 'issue'], 'BAD_ORDER'],
    [['issue', 'revoke', 'annul'], 'BAD_ORDER'],
    [['issue', 'reinstate'], 'BAD_ORDER'],
    [['issue', 'file'], 'BAD_ORDER'],
    [['issue', null], 'UNKNOWN_KIND'],
  ];
  for (const [kinds, code] of unknown) {
    test(`${kinds.join(' ') || 'nothing'} → unknown ${code}`, () => {
      expect(statusOf(kinds)).to.deep.equal({ outcome: 'unknown', code });
    });
  }

  test('of a file: rendered or copied first, later ones replace, cancel withdraws', () => {
    expect(fileFindingOf(['file', 'correct', 'copy'])).to.deep.equal({
      outcome: 'known',
      kind: 'copy',
      cover: 2,
      isWithdrawn: false,
    });
    expect(fileFindingOf(['file', 'cancel'])).to.deep.include({ isWithdrawn: true, cover: 0 });
    expect(fileFindingOf(['file', 'cancel', 'file'])).to.deep.include({ isWithdrawn: false, cover: 2 });
    for (const kinds of [[], ['cancel'], ['file', 'issue'], ['file', 'access']] as const) {
      expect(fileFindingOf(kinds)).to.deep.equal({ outcome: 'unknown', code: 'BAD_ORDER' });
    }
    expect(fileFindingOf(['file', null])).to.deep.equal({ outcome: 'unknown', code: 'UNKNOWN_KIND' });
  });
});
