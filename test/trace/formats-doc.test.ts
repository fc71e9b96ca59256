/** Recomputes the worked examples of sections 29 to 31 of docs/formats.md from their own inputs. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { parseNumber } from '../../core/access/number.ts';
import { queryDigestOf } from '../../core/access/request.ts';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { encodeManifest, manifestSignedBytes, parseManifest } from '../../core/package/manifest.ts';
import { isSm2Signature } from '../../core/sm/sm2.ts';
import { caseDigestOf, caseSignedBytes, encodeCase, parseCase } from '../../core/trace/case.ts';
import { pseudonymCommitment, pseudonymOf } from '../../core/trace/pseudonym.ts';
import { parseQuery, queryBytes } from '../../core/trace/query.ts';
import { exampleOf, type Example } from '../log/format-example.ts';

const expectSigned = (of: Example, bytes: Uint8Array): void => {
  of.expect('signedBytes', bytes);
  expect(isSm2Signature(of.publicKey('publicKey'), bytes, of.signature())).to.equal(true);
};

describe('the worked examples of docs/formats.md', () => {
  test('29 case', () => {
    const of = exampleOf('case');
    const payload = encodeUtf8(of.text('payload'));
    expect(encodeCase(parseCase(payload))).to.deep.equal(payload);
    of.expect('digest', caseDigestOf(payload));
    expectSigned(of, caseSignedBytes(payload));
  });

  test('29 pseudonym', () => {
    const of = exampleOf('pseudonym');
    of.expect('commitment', pseudonymCommitment(of.bytes('key')));
    expect(pseudonymOf(of.bytes('key'), parseNumber(of.number('class'), of.text('id')))).to.equal(of.text('pseudonym'));
  });

  test('30 query', () => {
    const of = exampleOf('case-query');
    const bytes = encodeUtf8(of.text('query'));
    expect(queryBytes(parseQuery(parseJson(bytes)))).to.deep.equal(bytes);
    of.expect('queryDigest', queryDigestOf(of.bytes('salt'), bytes));
  });

  test('31 manifest', () => {
    const of = exampleOf('manifest');
    const payload = encodeUtf8(of.text('payload'));
    expect(encodeManifest(parseManifest(payload))).to.deep.equal(payload);
    expectSigned(of, manifestSignedBytes(payload));
  });
});
