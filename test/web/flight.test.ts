import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeBase64, encodeHex } from '../../core/bytes/bytes.ts';
import { type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { fileSecret } from '../../core/log/slot.ts';
import { parseLookupQuestion } from '../../core/verify/lookup.ts';
import { type Alter, changedByte, FILES } from './fixture.ts';
import { again, Counter, give, online, savedEvidence, upload } from './visitor.ts';

const counter = new Counter();

type Json = Record<string, unknown> & { [place: string]: Json };

/** Changes one character of the text at the end of `path`, or adds one to the number there. */
function alterAt(value: JsonValue, path: string): JsonValue {
  const copy = structuredClone(value) as Json;
  const steps = path.split('.');
  const last = steps.pop()!;
  let place = copy;
  for (const step of steps) place = place[step === '-1' ? String((place as unknown as unknown[]).length - 1) : step]!;
  const old = place[last] as unknown;
  if (typeof old === 'number') Object.assign(place, { [last]: old + 1 });
  else if (typeof old === 'string') {
    const at = Math.floor(old.length / 2);
    Object.assign(place, { [last]: `${old.slice(0, at)}${old[at] === '1' ? '2' : '1'}${old.slice(at + 1)}` });
  } else throw new Error(`nothing to alter at ${path}`);
  return copy;
}

describe('an answer altered on the way', () => {
  const altered = [
    ['/v1/lookup', 'present.0.inclusion.0'],
    ['/v1/lookup', 'present.0.map'],
    ['/v1/lookup', 'present.0.entry'],
    ['/v1/lookup', 'present.0.opening'],
    ['/v1/lookup', 'present.0.index'],
    ['/v1/lookup', 'absent.0.map'],
    ['/v1/lookup', 'logs.0.checkpoint'],
    ['/v1/lookup', 'logs.0.anchors.-1.blockNumber'],
    ['/v1/lookup', 'logs.0.anchors.-1.blockHash'],
    ['/v1/lookup', 'logs.0.anchors.-1.anchoredAt'],
    ['/v1/lookup', 'logs.0.anchors.-1.attestations.0.signature'],
    ['/v1/authorities', 'facts.keys.1.publicKey'],
    ['/v1/authorities', 'facts.authorities.0.name'],
    ['/v1/authorities', 'facts.scopes.0.region'],
    ['/trust.json', 'payload'],
    ['/trust.json', 'signatures.0.signature'],
  ] as const;

  test(`never reads as valid (${altered.length} places)`, () =>
    counter.visit(async (page) => {
      expect(await give(page, upload(FILES.valid))).to.deep.equal(online('valid'));
      for (const [route, place] of altered) {
        let count = 0;
        const alter: Alter = (path, value) => (path === route ? (count++, alterAt(value, place)) : value);
        counter.verifier.alter = alter;
        const { verdict } = await again(page);
        expect(count, `${route} ${place} is altered`).to.be.greaterThan(0);
        expect(verdict, `${route} ${place}`).to.equal('undetermined');
      }
      counter.verifier.alter = (_, value) => value;
      expect(await again(page)).to.deep.equal(online('valid'));
    }));
});

describe('what leaves the browser', () => {
  test('is slots: neither bytes, digest nor history secret of a file, nor its name', () =>
    counter.visit(async (page, context) => {
      counter.verifier.requests.length = 0;
      const foreign: string[] = [];
      context.on('request', (request) => {
        if (!request.url().startsWith(`${counter.verifier.url}/`) && !request.url().startsWith('blob:'))
          foreign.push(request.url());
      });
      const evidence = await give(page, upload(FILES.valid)).then(() => savedEvidence(page));
      await give(page, upload(changedByte(FILES.valid)), evidence);
      await give(page, upload(FILES.revoked));
      const secrets = [FILES.valid, changedByte(FILES.valid), FILES.revoked].flatMap(({ name, buffer, digest }) =>
        [digest, fileSecret(digest), buffer.subarray(0, 32), buffer.subarray(-32)]
          .flatMap((bytes) => [encodeHex(bytes), encodeBase64(bytes), Buffer.from(bytes).toString('base64url')])
          .concat(name, encodeURIComponent(name)),
      );
      expect(counter.verifier.requests.map(({ url }) => url)).to.include('/v1/lookup');
      for (const { method, url, headers, body } of counter.verifier.requests) {
        const sent = `${url}\n${headers}\n${body.toString('latin1')}`;
        expect(secrets.filter((secret) => sent.toLowerCase().includes(secret.toLowerCase()))).to.deep.equal([]);
        if (url === '/v1/lookup') parseLookupQuestion(parseJson(body));
        else expect([method, body.length], url).to.deep.equal(['GET', 0]);
      }
      expect(foreign).to.deep.equal([]);
    }));

  test('what stays in it is the trust file and the language', () =>
    counter.visit(async (page) => {
      await give(page, upload(FILES.valid));
      await page.click('header button');
      const kept = await page.evaluate(() => Object.fromEntries(Object.entries(localStorage)));
      expect(Object.keys(kept).map((name) => name.replace(/[0-9a-f]{64}$/, ''))).to.have.members([
        'veritrail.trust.',
        'veritrail.lang',
      ]);
      expect(JSON.stringify(kept)).not.to.include(encodeHex(FILES.valid.digest));
      expect(await page.evaluate(() => [document.cookie, sessionStorage.length])).to.deep.equal(['', 0]);
    }));
});
