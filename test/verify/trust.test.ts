import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, type ErrorCode } from '../../core/bytes/error.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { formatEvidence, parseEvidence } from '../../core/verify/evidence.ts';
import { gather } from '../../core/verify/gather.ts';
import {
  formatLookupAnswer,
  formatLookupQuestion,
  MAX_LOOKUP_SLOTS,
  parseLookupAnswer,
  parseLookupQuestion,
} from '../../core/verify/lookup.ts';
import {
  acceptTrust,
  encodeTrust,
  formatSignedTrust,
  parseSignedTrust,
  parseTrust,
  type Trust,
} from '../../core/verify/trust.ts';
import { bytesOf } from '../log/memory-log.ts';
import { digestOf, signerNamed, START, Story, TYPE } from './story.ts';

function refuses(run: () => unknown, code: ErrorCode = 'MALFORMED', reason?: string): void {
  expect(run)
    .to.throw()
    .that.satisfies((error: unknown) => isCodedError(error, code) && (reason === undefined || error.facts['reason'] === reason));
}

const story = new Story();
story.anchor();
story.issue({ files: [digestOf('file')] });
story.anchor();

describe('a trust file', () => {
  test('parses back to itself, in its envelope as well', () => {
    const signed = story.signTrust(story.trust({ floors: [{ logId: story.issuer.logId, size: 1, time: START }] }));
    const parsed = parseSignedTrust(parseJson(JSON.stringify(formatSignedTrust(signed))));
    expect(encodeTrust(parsed.trust)).to.deep.equal(signed.envelope.payload);
  });

  const refused: Readonly<Record<string, Partial<Trust>>> = {
    'a trust quorum of zero': { trustQuorum: 0 },
    'a trust quorum above its keys': { trustQuorum: 2 },
    'one trust key twice': { trustKeys: [story.trustSigner.publicKey, story.trustSigner.publicKey] },
    'a witness quorum of zero': { witnessQuorum: 0 },
    'a witness quorum above its witnesses': { witnessQuorum: 2 },
    'no required checks': { required: [] },
    'no required checks for a type': { requiredByType: { [TYPE]: [] } },
  };
  for (const [name, change] of Object.entries(refused)) {
    test(`refuses ${name}`, () => refuses(() => parseTrust(encodeTrust(story.trust(change)))));
  }

  test('refuses every mangling of its bytes, or reads other bytes as another trust file', () => {
    const bytes = encodeTrust(story.trust());
    for (let i = 0; i < bytes.length; i += 3) {
      for (const mangled of [bytes.filter((_, at) => at !== i), bytes.map((byte, at) => (at === i ? byte + 1 : byte))]) {
        try {
          expect(encodeTrust(parseTrust(mangled))).to.deep.equal(mangled);
        } catch (error) {
          if (!isCodedError(error, 'MALFORMED')) throw error;
        }
      }
    }
  });

  const other = signerNamed('other trust key');
  const first = story.signTrust(story.trust({ version: 5 }));

  test('is taken on sight the first time, if its own keys signed it', () => {
    expect(acceptTrust(first, null).version).to.equal(5);
    refuses(() => acceptTrust(story.signTrust(story.trust(), other), null), 'UNVERIFIED');
  });

  test('is refused when changed after signing', () => {
    const payload = encodeTrust(story.trust({ version: 5, witnessQuorum: 1, sample: false }));
    const forged = { trust: parseTrust(payload), envelope: { ...first.envelope, payload } };
    refuses(() => acceptTrust(forged, null), 'UNVERIFIED');
  });

  test('of a lower version is TRUST_ROLLED_BACK', () => {
    refuses(() => acceptTrust(story.signTrust(story.trust({ version: 4 })), first), 'UNTRUSTED', 'TRUST_ROLLED_BACK');
  });

  test('of the same version may have other dates', () => {
    const again = story.signTrust(story.trust({ version: 5, expiresAt: START + 1000 }));
    expect(acceptTrust(again, first).expiresAt).to.equal(START + 1000);
  });

  test('with new keys needs a quorum of the old ones', () => {
    const next = story.trust({ version: 6, trustKeys: [other.publicKey] });
    refuses(() => acceptTrust(story.signTrust(next, other), first), 'UNTRUSTED');
    expect(acceptTrust(story.signTrust(next, other, story.trustSigner), first).version).to.equal(6);
  });

  test('about another chain does not replace the remembered one', () => {
    refuses(() => acceptTrust(story.signTrust(story.trust({ version: 6, genesisHash: bytesOf('x') })), first), 'UNTRUSTED');
  });
});

describe('look-ups and evidence', () => {
  const slots = [bytesOf('slot')];
  const logId = bytesOf('log');

  test('questions parse back to themselves', () => {
    for (const question of [{ slots }, { slots, logId }, { slots, logId, size: 7 }]) {
      expect(parseLookupQuestion(parseJson(JSON.stringify(formatLookupQuestion(question))))).to.deep.equal(question);
    }
  });

  for (const text of [
    '{"slots":[]}',
    `{"slots":${JSON.stringify(Array.from({ length: MAX_LOOKUP_SLOTS + 1 }, () => '00'.repeat(32)))}}`,
    '{"slots":["00"]}',
    `{"slots":["${'00'.repeat(32)}"],"size":1}`,
    `{"slots":["${'00'.repeat(32)}"],"logId":1}`,
    `{"slots":["${'00'.repeat(32)}"],"file":"x"}`,
    '[]',
  ]) {
    test(`refuses the question ${text.slice(0, 40)}`, () => {
      refuses(() => parseLookupQuestion(parseJson(text)));
    });
  }

  test('answers and evidence parse back to themselves', async () => {
    const answer = await gather(story.lookUp, digestOf('file'));
    expect(parseLookupAnswer(parseJson(JSON.stringify(formatLookupAnswer(answer))))).to.deep.equal(answer);
    const evidence = { chainReference: story.chainReference(), fileDigest: digestOf('file'), takenAt: START, answer };
    expect(parseEvidence(encodeUtf8(JSON.stringify(formatEvidence(evidence))))).to.deep.equal(evidence);
  });

  test('evidence refuses every mangling, or reads it as other evidence', async () => {
    const answer = await gather(story.lookUp, digestOf('file'));
    const evidence = { chainReference: story.chainReference(), fileDigest: digestOf('file'), takenAt: START, answer };
    const bytes = encodeUtf8(JSON.stringify(formatEvidence(evidence)));
    for (let i = 0; i < bytes.length; i += 29) {
      const mangled = bytes.map((byte, at) => (at === i ? byte ^ 1 : byte));
      try {
        const again = encodeUtf8(JSON.stringify(formatEvidence(parseEvidence(mangled))));
        expect(decodeUtf8(again)).to.equal(decodeUtf8(mangled));
      } catch (error) {
        if (!isCodedError(error, 'MALFORMED')) throw error;
      }
    }
  });

  test('one log at two sizes is asked for again, and then refused', async () => {
    let count = 0;
    const moving: typeof story.lookUp = async (question) => {
      count++;
      const answer = await story.lookUp({ slots: question.slots });
      return { ...answer, logs: answer.logs.map((log) => ({ ...log, checkpoint: story.issuer.held[count % 2]!.note })) };
    };
    await gather(moving, digestOf('file')).then(
      () => expect.fail('gathered from a moving log'),
      (error: unknown) => expect(isCodedError(error)).to.equal(true),
    );
  });
});
