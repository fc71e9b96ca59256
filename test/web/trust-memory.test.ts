import { describe, test } from 'node:test';
import { expect } from 'chai';
import { isCodedError } from '../../core/bytes/error.ts';
import { chainReferenceIn, type TextStore, TrustMemory } from '../../web/check/trust-memory.ts';
import { Story } from '../verify/story.ts';

const story = new Story();
const first = story.signTrust(story.trust());
const second = story.signTrust(story.trust({ version: 2 }));
const otherChain = story.signTrust(story.trust({ chainId: 1 }));

function storeOf(items = new Map<string, string>()): TextStore {
  return { getItem: (name) => items.get(name) ?? null, setItem: (name, text) => void items.set(name, text) };
}

describe('a browser’s trust memory', () => {
  test('takes the first trust file of a chain on sight, for as long as the page is open', () => {
    const store = storeOf();
    const memory = new TrustMemory(store);
    expect([memory.accept(first), memory.accept(second)].map(({ isFirstSight }) => isFirstSight)).to.deep.equal([true, true]);
    expect(new TrustMemory(store).accept(second).isFirstSight).to.equal(false);
  });

  test('keeps chains apart', () => {
    const memory = new TrustMemory(storeOf());
    memory.accept(second);
    expect(memory.accept(otherChain).isFirstSight).to.equal(true);
    expect(memory.recall(chainReferenceIn(first.trust))?.trust.version).to.equal(2);
  });

  test('refuses an older version and keeps the newer one', () => {
    const memory = new TrustMemory(storeOf());
    memory.accept(second);
    expect(() => memory.accept(first))
      .to.throw()
      .that.satisfies((error: unknown) => isCodedError(error, 'UNTRUSTED'));
    expect(memory.recall(chainReferenceIn(first.trust))?.trust.version).to.equal(2);
  });

  test('refuses a damaged memory: it does not read as first sight', () => {
    const items = new Map<string, string>();
    new TrustMemory(storeOf(items)).accept(first);
    for (const [name, text] of items) items.set(name, text.slice(1));
    const memory = new TrustMemory(storeOf(items));
    expect(() => memory.accept(first))
      .to.throw()
      .that.satisfies((error: unknown) => isCodedError(error, 'UNTRUSTED'));
  });

  test('is first sight every time where the browser keeps nothing', () => {
    const full: TextStore = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
    };
    const memory = new TrustMemory(full);
    expect([memory.accept(first), memory.accept(first)].every(({ isFirstSight }) => isFirstSight)).to.equal(true);
  });
});
