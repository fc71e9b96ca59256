/** Words for what the contracts refuse, and for what members vote on. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { type ErrorFragment, type Fragment, type FunctionFragment, id } from 'ethers';
import { ANCHOR, CONSORTIUM, COURT, describeCall, REGISTRY } from '../../chain/abi.ts';
import { encodeAddMember } from '../../chain/consortium-call.ts';
import { refusalOf } from '../../chain/refusal.ts';
import { encodeRecordSuccession, encodeRegisterAuthority } from '../../chain/registry-call.ts';
import { describeInWords, Names } from '../../cli/chain/call-words.ts';
import { describeRefusal, REFUSALS } from '../../cli/chain/words.ts';
import { emptyRegistry } from '../../core/authority/fold.ts';
import { ZERO_HASH } from '../../core/bytes/hash.ts';
import { sm3 } from '../../core/sm/sm3.ts';

const LANGS = ['zh-CN', 'en'] as const;
const ABIS = [REGISTRY, ANCHOR, CONSORTIUM, COURT];
const errors = ABIS.flatMap((abi) => abi.fragments.filter((one): one is ErrorFragment => one.type === 'error'));
const names = (lang: (typeof LANGS)[number]) => new Names(emptyRegistry({ number: 1, hash: ZERO_HASH, at: 0 }), lang);
const contracts = {
  consortium: `0x${'c0'.repeat(20)}`,
  registry: `0x${'12'.repeat(20)}`,
  anchor: `0x${'a0'.repeat(20)}`,
  court: `0x${'d0'.repeat(20)}`,
};
const CODE = '11999900MB0000001K';

describe('words for refusals', () => {
  test('there are some for every custom error of the four contracts, and none for an error that is not', () => {
    expect(Object.keys(REFUSALS).sort()).to.deep.equal([...new Set(errors.map(({ name }) => name))].sort());
  });

  test('they name only values that the error has, whichever contract says it', () => {
    const wrong = errors.flatMap(({ name, inputs }) =>
      LANGS.flatMap((lang) => [...REFUSALS[name]!.means[lang].matchAll(/\{(\w+)/g)].map((match) => match[1]!))
        .filter((value) => !inputs.some((input) => input.name === value))
        .map((value) => `${name}.${value}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  test('every error reads as two sentences without a gap, in both languages', () => {
    for (const error of errors) {
      const values = error.inputs.map(({ type }) =>
        type === 'string'
          ? 'x'
          : type === 'address'
            ? contracts.anchor
            : type.startsWith('bytes')
              ? `0x${'31'.repeat(Number(type.slice(5)))}`
              : 1,
      );
      const abi = ABIS.find((one) => one.getError(error.selector) !== null)!;
      const { facts } = refusalOf(abi.encodeErrorResult(error.selector, values));
      expect(facts['error']).to.equal(error.name);
      for (const lang of LANGS) {
        const text = describeRefusal(facts, lang);
        expect(text).not.to.match(/[{}–]|undefined|NaN/);
        expect(text).to.match(lang === 'en' ? /^[A-Z0-9“–].*\. .*\.$/ : /。.*。$/);
      }
    }
  });

  test('a code, an instant, an id and "no end" read as people write them', () => {
    const tooEarly = refusalOf(REGISTRY.encodeErrorResult('TooEarly', [1_767_225_600_000, 1_767_225_660_000]));
    expect(describeRefusal(tooEarly.facts, 'zh-CN')).to.contain('2026年1月1日 08:01:00 +08:00 起方可执行');
    const unknown = refusalOf(REGISTRY.encodeErrorResult('UnknownAuthority', [`0x${Buffer.from(CODE).toString('hex')}`]));
    expect(describeRefusal(unknown.facts, 'en')).to.contain(CODE);
    const overlapping = refusalOf(REGISTRY.encodeErrorResult('OverlappingGrant', [id('grant'), 2n ** 64n - 1n]));
    expect(describeRefusal(overlapping.facts, 'en')).to.contain(
      `rant ${id('grant').slice(2)} of the same is in force (end: no end)`,
    );
  });

  test('what is no error of ours reads as such', () => {
    for (const data of [null, '0x', '0x12345678'])
      expect(describeRefusal(refusalOf(data).facts, 'en')).to.match(/not one of ours/);
  });
});

describe('words for calls', () => {
  const functionsOf = ({ fragments }: { readonly fragments: readonly Fragment[] }): FunctionFragment[] =>
    fragments.filter(
      (one): one is FunctionFragment => one.type === 'function' && (one as FunctionFragment).stateMutability === 'nonpayable',
    );
  /** Members vote on their own contract by other words, and a charge is brought by one of them. */
  const isVotedOn = ({ name }: FunctionFragment): boolean => !/^(propose|approve|withdraw|execute|charge)/.test(name);
  const votedOn = [CONSORTIUM, REGISTRY, COURT].flatMap(functionsOf).filter(isVotedOn);

  for (const { name, inputs } of votedOn) {
    test(`there are some for ${name}`, () => {
      const values = Object.fromEntries(inputs.map((input) => [input.name, null]));
      for (const lang of LANGS) expect(describeInWords({ contract: 'registry', name, values }, names(lang))).to.be.a('string');
    });
  }

  test('say who, what and where', () => {
    const account = new Uint8Array(20).fill(0xab);
    const data = encodeRegisterAuthority({ code: CODE, name: '样例市自然资源局', region: '999900', parent: null, account });
    const said = describeInWords(describeCall({ to: contracts.registry, data }, contracts), names('zh-CN'));
    expect(said).to.equal(`登记机关 样例市自然资源局（${CODE}），行政区划 999900，上级 （无），账户 0x${'ab'.repeat(20)}`);
  });

  test('list every share of a succession', () => {
    const share = { successor: CODE, logIds: [sm3(new Uint8Array(1))], licenceTypes: ['11999900MB0000004W001'] };
    const data = encodeRecordSuccession('11999900MB0000002N', [share, { ...share, licenceTypes: [] }], true);
    const said = describeInWords(describeCall({ to: contracts.registry, data }, contracts), names('en'))!;
    expect(said.match(/takes logs [0-9a-f]{64}/g)).to.have.length(2);
    expect(said).to.contain('which is dissolved');
  });

  test('there are none for another contract with the same call, for an unknown call, and for nonsense', () => {
    const data = encodeAddMember({ code: CODE, account: contracts.anchor });
    const told = [
      { to: contracts.registry, data },
      { to: `0x${'ee'.repeat(20)}`, data },
      { to: contracts.consortium, data: '0x12345678' },
      { to: contracts.consortium, data: data.slice(0, -64) },
      { to: contracts.consortium, data: '0x' },
    ].map((call) => describeInWords(describeCall(call, contracts), names('en')));
    expect(told).to.deep.equal([null, null, null, null, null]);
  });
});
