import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { canonicalJson, type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { addCosignature, cosign, formatNote, signNote } from '../../core/log/note.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { signerOf } from '../../core/log/signer.ts';
import { formatSwapRequest, formatSwapState, parseSwapRequest, parseSwapState } from '../../core/verify/swap.ts';
import { parsePrivateKey } from '../../core/sm/sm2.ts';
import { bytesOf } from '../log/memory-log.ts';
import { expectOneTextSpelling, expectRefusal } from '../log/mangling.ts';

const signer = signerOf(parsePrivateKey(bytesOf('log key')));
const origin = parseOrigin('sample/11999900MB0000001K/licences');
const witness = parseOrigin('sample/11999900MB0000003R/witness');
const checkpoint = { origin, size: 3, rootHash: bytesOf('root'), mapRoot: bytesOf('map root'), issuedAt: Date.UTC(2026, 0, 1) };
const note = signNote(checkpoint, signer);
const cosigned = addCosignature(note, cosign(checkpoint, witness, checkpoint.issuedAt, signer));
const request = { oldSize: 2, note, consistency: [bytesOf('a'), bytesOf('b')] };
const state = { logId: logIdOf(origin), note, answeredAt: checkpoint.issuedAt + 1 };

describe('a swap request', () => {
  const sent = formatSwapRequest(request);

  test('comes back as it was sent', () => {
    expect(parseSwapRequest(sent)).to.deep.equal(request);
    expect(parseSwapRequest(formatSwapRequest({ ...request, oldSize: 0, consistency: [] })).consistency).to.deep.equal([]);
  });

  test('has one spelling', () => {
    const text = canonicalJson(sent);
    const reformat = (mangled: string): string => canonicalJson(formatSwapRequest(parseSwapRequest(parseJson(mangled))));
    expect(expectOneTextSpelling(text, reformat)).to.be.greaterThan(1_000);
  });

  const refused: Record<string, JsonObject> = {
    'a note of another log': { ...sent, origin: 'sample/11999900MB0000002N/licences' },
    'an origin that is none': { ...sent, origin: 'sample/licences' },
    'a note with a cosignature': { ...sent, note: formatNote(cosigned) },
    'a note that is none': { ...sent, note: 'newest' },
    'a negative size': { ...sent, oldSize: -1 },
    'a size that is no whole number': { ...sent, oldSize: 2.5 },
    'a size as text': { ...sent, oldSize: '2' },
    'a proof longer than any': { ...sent, consistency: Array<string>(65).fill(encodeHex(bytesOf('a'))) },
    'a proof with a short hash': { ...sent, consistency: ['00'] },
    'a proof with a number': { ...sent, consistency: [1] },
    'no proof': { origin: sent['origin']!, oldSize: 2, note: sent['note']! },
    'a member that nobody asked for': { ...sent, force: true },
  };
  for (const [why, value] of Object.entries(refused)) {
    test(`is refused with ${why}`, () => expectRefusal('MALFORMED', () => parseSwapRequest(value)));
  }
  test('is refused when it is a list', () => expectRefusal('MALFORMED', () => parseSwapRequest([])));
});

describe('a register’s state', () => {
  const told = formatSwapState(state);

  test('comes back as it was told, with a note and without', () => {
    expect(parseSwapState(told)).to.deep.equal(state);
    expect(parseSwapState(formatSwapState({ ...state, note: null }))).to.deep.equal({ ...state, note: null });
  });

  const refused: Record<string, JsonObject> = {
    'a note with a cosignature': { ...told, checkpoint: formatNote(cosigned) },
    'an empty note': { ...told, checkpoint: '' },
    'no time': { logId: told['logId']!, checkpoint: null },
    'a log id in upper case': { ...told, logId: encodeHex(state.logId).toUpperCase() },
    'a member that nobody asked for': { ...told, anchor: null },
  };
  for (const [why, value] of Object.entries(refused)) {
    test(`is refused with ${why}`, () => expectRefusal('MALFORMED', () => parseSwapState(value)));
  }
});
