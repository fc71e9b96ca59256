/** What is kept of an answer, and who can read it. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { concatBytes, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { sm3 } from '../../core/sm/sm3.ts';
import { Answers, identifyRequest } from '../../node/log/answers.ts';
import { expectRefusal } from '../log/mangling.ts';
import { createMemoryStore } from '../service/memory-store.ts';
import { refusalOf } from './fixture.ts';

const ANSWER = encodeUtf8('{"field":"张三"}');
const request = identifyRequest('key 1', '/path', { a: 1, b: ['2'] });

async function answersWith(...given: Uint8Array[]) {
  const store = createMemoryStore();
  const answers = new Answers(store);
  for (const answer of given) {
    const batch = store.batch();
    answers.put(batch, request, answer);
    await batch.write({ sync: true });
  }
  return { store, answers };
}

describe('answers', () => {
  test('are found by the same request, the last one given', async () => {
    const { answers } = await answersWith(encodeUtf8('{}'), ANSWER);
    expect(answers.find(request)).to.deep.equal(ANSWER);
    expect(answers.find(identifyRequest('key 1', '/path', { b: ['2'], a: 1 }))).to.deep.equal(ANSWER);
  });

  test('are not there for a key that was never used', async () => {
    const { answers } = await answersWith(ANSWER);
    expect(answers.find(identifyRequest('key 2', '/path', { a: 1, b: ['2'] }))).to.equal(undefined);
  });

  const others: [desc: string, route: string, body: { a: number; b?: string[] }][] = [
    ['another body', '/path', { a: 2, b: ['2'] }],
    ['a member less', '/path', { a: 1 }],
    ['another path', '/other', { a: 1, b: ['2'] }],
  ];
  for (const [desc, route, body] of others) {
    test(`are refused to a request under the same key with ${desc}`, async () => {
      const { answers } = await answersWith(ANSWER);
      const other = identifyRequest('key 1', route, body);
      expectRefusal('CONFLICT', () => answers.find(other));
      const first = answers.once(request, async () => ANSWER);
      expect(await refusalOf(answers.once(other, async () => ANSWER))).to.equal('CONFLICT');
      await first;
    });
  }

  test('do not lie on the disk in clear', async () => {
    const { store } = await answersWith(ANSWER);
    const rows: Uint8Array[] = [];
    for await (const [key, value] of store.space('answer').iterate()) rows.push(key, value);
    const text = Buffer.from(concatBytes(...rows)).toString('latin1');
    for (const secret of [ANSWER, encodeUtf8('张三'), encodeUtf8('key 1'), sm3(ANSWER)]) {
      expect(text.includes(Buffer.from(secret).toString('latin1'))).to.equal(false);
    }
  });

  test('come from one piece of work for all who ask at once, and from a new one after a failure', async () => {
    const { answers } = await answersWith();
    let count = 0;
    const work = async (): Promise<Uint8Array> => {
      count++;
      await Promise.resolve();
      if (count === 1) throw new Error('first');
      return ANSWER;
    };
    const together = await Promise.allSettled([answers.once(request, work), answers.once(request, work)]);
    expect(together.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(await answers.once(request, work)).to.deep.equal(ANSWER);
    expect(count).to.equal(2);
  });
});
