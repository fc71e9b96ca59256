import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeBase64 } from '../../core/bytes/bytes.ts';
import { asHash } from '../../core/bytes/hash.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { sampleNumber } from '../../samples/data-service.ts';
import { keys, LOG_ID, SPAN } from './registry.ts';
import { sealOf } from './shown-seal.ts';
import { type Answered, makeWorld, numberOf, reasonOf, send, signAsk, type SignedAsk, startWorldGateway } from './world.ts';

const PERSON = { target: `/persons/${sampleNumber(7)}` };

function sendUnder(url: string, given: SignedAsk, seal: string): Promise<Answered> {
  return send(url, { ...given, headers: { ...given.headers, 'veritrail-seal': seal } });
}

describe('an access under seal', () => {
  test('names the seal’s leaf hash in its outcome, and so does its refusal', async (t) => {
    const world = await makeWorld(t);
    const { url } = await startWorldGateway(t, world);
    const given = await signAsk(url, PERSON);
    const seal = await sealOf(given.digest);
    expect((await sendUnder(url, given, seal)).status).to.equal(200);
    const { entry } = JSON.parse(Buffer.from(decodeBase64(seal)).toString()) as { entry: string };
    const leafHash = leafHashOf(decodeBase64(entry));
    expect(world.node.events[0]!.outcome.seal).to.deep.equal(leafHash);
    const refused = await signAsk(url, { ...PERSON, said: { purpose: 'statistics.official' } });
    expect(reasonOf(await sendUnder(url, refused, await sealOf(refused.digest)))).to.equal('OTHER_PURPOSE');
    expect(world.node.events[1]!.outcome.seal).not.to.equal(null);
    expect(world.node.countOf(numberOf(7))).to.equal(2);
  });

  test('asks for a seal that holds; one that does not tells the person nothing', async (t) => {
    const world = await makeWorld(t);
    const { url } = await startWorldGateway(t, world);
    const wrong: readonly (readonly [string, (digest: Uint8Array) => Promise<string>])[] = [
      ['for another request', () => sealOf(randomBytes(32))],
      ['of another key', (digest) => sealOf(digest, { signer: keys.log })],
      ['of a log that is none of seals', (digest) => sealOf(digest, { logId: LOG_ID, signer: keys.log })],
      ['of a log that nobody has', (digest) => sealOf(digest, { logId: asHash(randomBytes(32)) })],
      ['with a promise without end', (digest) => sealOf(digest, { span: 10 * SPAN })],
      ['that is none', () => Promise.resolve('!')],
    ];
    for (const [name, make] of wrong) {
      const given = await signAsk(url, PERSON);
      const answered = await sendUnder(url, given, await make(given.digest));
      expect([answered.status, reasonOf(answered)], name).to.deep.equal([403, 'BAD_SEAL']);
    }
    expect(world.node.events).to.deep.equal([]);
    const untaken = await startWorldGateway(t, world, { sealsLogs: [], dataDir: `${world.directory}/untaken` });
    const given = await signAsk(untaken.url, PERSON);
    expect(reasonOf(await sendUnder(untaken.url, given, await sealOf(given.digest)))).to.equal('BAD_SEAL');
  });

  test('is one event: a longer answer is not given under it', async (t) => {
    const world = await makeWorld(t);
    const { url } = await startWorldGateway(t, world);
    const short = await signAsk(url, { target: '/export?limit=50' });
    expect((await sendUnder(url, short, await sealOf(short.digest))).status).to.equal(200);
    const long = await signAsk(url, { target: '/export?limit=250' });
    expect(reasonOf(await sendUnder(url, long, await sealOf(long.digest)))).to.equal('SEALED_STREAM');
    expect(world.node.events.map(({ outcome }) => [outcome.result, outcome.seal !== null])).to.deep.equal([
      ['granted', true],
      ['failed', true],
    ]);
  });
});
