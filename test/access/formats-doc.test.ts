/** Recomputes the worked examples of sections 21 to 26 of docs/formats.md from their own inputs. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { parseAccessBody } from '../../core/access/body.ts';
import { handleInput, verifyHandle } from '../../core/access/handle.ts';
import { normaliseNumber, parseNumber } from '../../core/access/number.ts';
import { encodeOutcome, outcomeSignedBytes, parseOutcome } from '../../core/access/outcome.ts';
import { encodeRequest, parseRequest, queryDigestOf, requestDigestOf, requestSignedBytes } from '../../core/access/request.ts';
import { encodeSealBody, encodeSealReleaseBody, encodeSealRenewalBody, sealFor, sealSlotAfter } from '../../core/access/seal.ts';
import { parseSealBody, parseSealReleaseBody, parseSealRenewalBody } from '../../core/access/seal.ts';
import { growSubjectTree, subjectLeafHash, verifySubject } from '../../core/access/subject.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { commitmentOf, decodeEntry } from '../../core/log/entry.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { slotAt } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { encodeToCurve } from '../../core/sm/encode-to-curve.ts';
import { isSm2Signature, parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { encodePoint } from '../../core/sm/sm2-point.ts';
import { parseVrfProof, proveVrf, verifyVrf } from '../../core/sm/vrf.ts';
import { exampleOf, type Example } from '../log/format-example.ts';

const expectSigned = (of: Example, key: string, bytes: Uint8Array, signature: string): void =>
  void expect(isSm2Signature(of.publicKey(key), bytes, of.signature(signature)), signature).to.equal(true);

describe('the worked examples of docs/formats.md', () => {
  test('21 the VRF', () => {
    const of = exampleOf('vrf');
    const key = parsePrivateKey(of.bytes('privateKey'));
    of.expect('publicKey', publicKeyOf(key));
    of.expect('proof', proveVrf(key, of.bytes('input')));
    of.expect('output', verifyVrf(of.publicKey('publicKey'), of.bytes('input'), parseVrfProof(of.bytes('proof'))));
    const y = of.bytes('publicKey');
    const message = Uint8Array.of(2 + (y[64]! & 1), ...y.subarray(1, 33), ...of.bytes('input'));
    of.expect(
      'inputPoint',
      encodePoint(encodeToCurve(message, Uint8Array.of(...encodeUtf8('ECVRF_SM2_XMD:SM3_SSWU_NU_'), 0xf2))),
    );
  });

  test('22 numbers', () => {
    const of = exampleOf('number');
    for (const given of ['given', 'older', 'canonical']) {
      expect(normaliseNumber(1, of.text(given)).id).to.equal(of.text('canonical'));
    }
    expect(normaliseNumber(3, of.text('passport')).id).to.equal(of.text('canonicalPassport'));
    expect(normaliseNumber(4, of.text('permit')).id).to.equal(of.text('canonicalPermit'));
  });

  test('22 handle', () => {
    const of = exampleOf('handle');
    const logId = logIdOf(parseOrigin(of.text('origin')));
    const number = parseNumber(of.number('class'), of.text('id'));
    of.expect('input', handleInput(logId, number));
    of.expect('keyId', keyIdOf(of.publicKey('publicKey')));
    const h = verifyHandle(of.publicKey('publicKey'), logId, number, parseVrfProof(of.bytes('proof')));
    of.expect('h', h);
    of.expect('slot0', slotAt(h, 0));
  });

  test('23 request', () => {
    const of = exampleOf('request');
    const payload = encodeUtf8(of.text('payload'));
    const request = parseRequest(payload);
    expect(encodeRequest(request)).to.deep.equal(payload);
    of.expect('digest', requestDigestOf(payload));
    of.expect('signedBytes', requestSignedBytes(payload));
    expectSigned(of, 'accessorKey', of.bytes('signedBytes'), 'accessorSignature');
    expectSigned(of, 'operatorKey', of.bytes('signedBytes'), 'operatorSignature');
    expect(request.operator.publicKey).to.deep.equal(of.publicKey('operatorKey'));
    of.expect('queryDigest', queryDigestOf(of.bytes('querySalt'), of.bytes('query')));
    of.expect('queryDigest', request.queryDigest);
  });

  const subjects = (): ReturnType<typeof growSubjectTree> => {
    const of = exampleOf('subjects');
    return growSubjectTree([1, 2].map((i) => ({ number: parseNumber(1, of.text(`id${i}`)), salt: of.bytes(`salt${i}`) })));
  };

  test('24 subjects', () => {
    const of = exampleOf('subjects');
    const tree = subjects();
    of.expect('subjectsRoot', tree.subjectsRoot);
    for (const i of [1, 2]) {
      const subject = tree.subjects.find(({ number }) => number.id === of.text(`id${i}`))!;
      of.expect(`leafHash${i}`, subjectLeafHash(subject));
      expect(subject.index).to.equal(of.number(`index${i}`));
    }
  });

  test('24 outcome', () => {
    const of = exampleOf('outcome');
    const payload = encodeUtf8(of.text('payload'));
    const outcome = parseOutcome(payload);
    expect(encodeOutcome(outcome)).to.deep.equal(payload);
    exampleOf('request').expect('digest', outcome.request);
    expect(outcome.subjectsRoot).to.deep.equal(subjects().subjectsRoot);
    of.expect('signedBytes', outcomeSignedBytes(payload));
    expectSigned(of, 'publicKey', of.bytes('signedBytes'), 'signature');
  });

  test('25 body of an access', () => {
    const of = exampleOf('access-body');
    const bytes = encodeUtf8(of.text('body'));
    const { request, outcome, subject } = parseAccessBody(bytes);
    expect(decodeUtf8(request.envelope.payload)).to.equal(exampleOf('request').text('payload'));
    expect(decodeUtf8(outcome.envelope.payload)).to.equal(exampleOf('outcome').text('payload'));
    verifySubject(subject!, outcome.outcome.subjectCount, outcome.outcome.subjectsRoot);
    const entry = decodeEntry(of.bytes('entry'));
    expect(entry.kind).to.equal(16);
    expect(entry.commitment).to.deep.equal(commitmentOf(of.bytes('nonce'), bytes));
    exampleOf('handle').expect('slot0', entry.slot);
    of.expect('leafHash', leafHashOf(of.bytes('entry')));
  });

  test('26 seal', () => {
    const of = exampleOf('seal');
    const body = (name: string): Uint8Array => encodeUtf8(of.text(name));
    expect(encodeSealBody(parseSealBody(body('sealBody')))).to.deep.equal(body('sealBody'));
    expect(encodeSealRenewalBody(parseSealRenewalBody(body('renewalBody')))).to.deep.equal(body('renewalBody'));
    expect(encodeSealReleaseBody(parseSealReleaseBody(body('releaseBody')))).to.deep.equal(body('releaseBody'));
    for (const [name, kind] of [
      ['seal', 32],
      ['renewal', 34],
      ['release', 33],
    ] as const) {
      const entry = decodeEntry(of.bytes(name));
      expect(entry.kind).to.equal(kind);
      expect(entry.commitment).to.deep.equal(commitmentOf(of.bytes(`${name}Nonce`), body(`${name}Body`)));
      if (name !== 'seal') of.expect(`${name}Slot`, entry.slot);
    }
    of.expect('sealLeafHash', leafHashOf(of.bytes('seal')));
    of.expect('renewalSlot', sealSlotAfter(of.hash('sealLeafHash')));
    of.expect('renewalLeafHash', leafHashOf(of.bytes('renewal')));
    of.expect('releaseSlot', sealSlotAfter(of.hash('renewalLeafHash')));
    const shown = { entry: decodeEntry(of.bytes('seal')), nonce: of.bytes('sealNonce'), body: body('sealBody') };
    expect(sealFor(shown, exampleOf('request').hash('digest'))).to.deep.equal(of.hash('sealLeafHash'));
  });
});
