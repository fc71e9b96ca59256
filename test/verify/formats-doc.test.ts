/** Recomputes the worked examples of sections 11 to 19 of docs/formats.md from their own inputs. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { encodeKeyAct, encodeKeyPossession, type KeyActKind, type KeyActPlace } from '../../core/authority/key-act.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { KeyType } from '../../core/authority/registry-event.ts';
import { encodeLicenceAct, parseLicenceAct } from '../../core/licence/act.ts';
import { encodeCover, parseCover } from '../../core/licence/cover.ts';
import { fieldDigest, parseDisclosure } from '../../core/licence/disclosure.ts';
import { licenceSignedBytes, verifyDisclosures } from '../../core/licence/document.ts';
import { checkCharacter, parseLicenceIdentifier } from '../../core/licence/identifier.ts';
import { encodeLicencePayload, issueCommitment, parseLicencePayload } from '../../core/licence/payload.ts';
import { commitmentOf } from '../../core/log/entry.ts';
import { isSm2Signature } from '../../core/sm/sm2.ts';
import { encodeTrust, parseTrust, trustSignedBytes } from '../../core/verify/trust.ts';
import { exampleOf, type Example } from '../log/format-example.ts';

describe('the worked examples of docs/formats.md', () => {
  test('12 identifier', () => {
    const of = exampleOf('identifier');
    const identifier = parseLicenceIdentifier(of.text('identifier'));
    expect(identifier.grade).to.equal('standard');
    expect(checkCharacter(of.text('checked'))).to.equal(of.text('check'));
    expect(identifier.family).to.equal(of.text('family'));
  });

  test('12 disclosure', () => {
    const of = exampleOf('disclosure');
    of.expect('digest', fieldDigest(parseDisclosure(parseJson(of.text('disclosure')), 'example')));
  });

  test('12 licence', () => {
    const of = exampleOf('licence');
    const bytes = encodeUtf8(of.text('payload'));
    const payload = parseLicencePayload(bytes);
    expect(encodeLicencePayload(payload)).to.deep.equal(bytes);
    of.expect('salt', payload.salt);
    of.expect('commitment', issueCommitment(payload, bytes));
    of.expect('signedBytes', licenceSignedBytes(bytes));
    of.expect('keyId', keyIdOf(of.publicKey('publicKey')));
    expect(isSm2Signature(of.publicKey('publicKey'), of.bytes('signedBytes'), of.signature())).to.equal(true);
  });

  test('12 act', () => {
    const of = exampleOf('act');
    const bytes = encodeUtf8(of.text('act'));
    expect(encodeLicenceAct(parseLicenceAct(bytes))).to.deep.equal(bytes);
    of.expect('commitment', commitmentOf(of.bytes('nonce'), bytes));
  });

  test('13 cover', () => {
    const of = exampleOf('cover');
    const bytes = encodeUtf8(of.text('cover'));
    const cover = parseCover(bytes);
    expect(encodeCover(cover)).to.deep.equal(bytes);
    of.expect('commitment', commitmentOf(of.bytes('nonce'), bytes));
    expect(decodeUtf8(cover.licence.payload)).to.equal(exampleOf('licence').text('payload'));
    verifyDisclosures(parseLicencePayload(cover.licence.payload), cover.disclosures);
  });

  test('15 trust', () => {
    const of = exampleOf('trust');
    const bytes = encodeUtf8(of.text('payload'));
    expect(encodeTrust(parseTrust(bytes))).to.deep.equal(bytes);
    of.expect('signedBytes', trustSignedBytes(bytes));
    expect(isSm2Signature(of.publicKey('publicKey'), of.bytes('signedBytes'), of.signature())).to.equal(true);
  });

  const placeOf = (of: Example): KeyActPlace => ({
    chainId: of.number('chainId'),
    registry: of.bytes('registry'),
    authority: of.text('authority'),
    nonce: of.number('nonce'),
  });

  test('19 key act', () => {
    const of = exampleOf('key-act');
    const [act, keyType] = [of.text('act') as KeyActKind, of.text('keyType') as KeyType];
    of.expect('signedBytes', encodeKeyAct({ ...placeOf(of), act, keyType, keyId: of.hash('keyId'), date: of.number('date') }));
    of.expect('keyId', keyIdOf(exampleOf('key-possession').publicKey('publicKey')));
    expect(isSm2Signature(of.publicKey('publicKey'), of.bytes('signedBytes'), of.signature())).to.equal(true);
  });

  test('19 key possession', () => {
    const of = exampleOf('key-possession');
    const [keyType, publicKey] = [of.text('keyType') as KeyType, of.publicKey('publicKey')];
    of.expect('signedBytes', encodeKeyPossession({ ...placeOf(of), keyType, publicKey }));
    expect(isSm2Signature(publicKey, of.bytes('signedBytes'), of.signature())).to.equal(true);
  });
});
