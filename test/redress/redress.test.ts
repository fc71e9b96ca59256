import { describe, test } from 'node:test';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { encodeErasure, encodeObjection, encodeReply } from '../../core/redress/redress.ts';
import { parseErasure, parseObjection, parseReply } from '../../core/redress/redress.ts';
import { redressOf, type SaidEntry } from '../../core/redress/standing.ts';
import { KINDS } from '../../core/log/entry.ts';
import { exampleOf } from '../log/format-example.ts';
import { bytesOf } from '../log/memory-log.ts';
import { expectOneSpelling } from '../log/mangling.ts';

const DAY = 86_400_000;
const SAID_AT = Date.UTC(2026, 10, 28);
const ENTRY = bytesOf('access');
const OBJECTION = { entry: ENTRY, text: '我没有办理过这项业务。', saidAt: SAID_AT, dueAt: SAID_AT + 15 * DAY };
const REPLY = { objection: bytesOf('objection'), decision: 'upheld', text: '经查属实。', repliedAt: SAID_AT + DAY } as const;
const ERASURE = {
  entries: [bytesOf('a'), bytesOf('b')].toSorted((a, b) => (encodeHex(a) < encodeHex(b) ? -1 : 1)),
  legalBasis: '个人信息保护法 第四十七条',
  erasedAt: SAID_AT,
};

const FORMATS = [
  { name: 'objection', bytes: encodeObjection(OBJECTION), value: OBJECTION, parse: parseObjection },
  { name: 'reply', bytes: encodeReply(REPLY), value: REPLY, parse: parseReply },
  { name: 'erasure', bytes: encodeErasure(ERASURE), value: ERASURE, parse: parseErasure },
] as const;
const ENCODERS = { objection: encodeObjection, reply: encodeReply, erasure: encodeErasure } as Record<
  string,
  (value: never) => Uint8Array
>;

describe('objection, reply and erasure', () => {
  for (const { name, bytes, value, parse } of FORMATS) {
    test(`${name}: comes back as it was written`, () => {
      expect(parse(bytes)).to.deep.equal(value);
    });

    test(`${name}: has one spelling`, () => {
      expectOneSpelling(bytes, (mangled) => ENCODERS[name]!(parse(mangled) as never));
    });
  }

  for (const [what, parse, bytes, change] of [
    ['an objection due before it was made', parseObjection, encodeObjection({ ...OBJECTION, dueAt: SAID_AT - 1 }), null],
    ['an objection without text', parseObjection, encodeObjection({ ...OBJECTION, text: '' }), null],
    ['an objection that turns the line', parseObjection, encodeObjection({ ...OBJECTION, text: 'a\u202eb' }), null],
    ['a reply with another decision', parseReply, encodeReply(REPLY), (text: string) => text.replace('upheld', 'ignored')],
    ['an erasure of nothing', parseErasure, encodeErasure({ ...ERASURE, entries: [] }), null],
    ['an erasure of one entry twice', parseErasure, encodeErasure({ ...ERASURE, entries: [ENTRY, ENTRY] }), null],
    ['a member more', parseReply, encodeReply(REPLY), (text: string) => text.replace('{"decision"', '{"also":1,"decision"')],
  ] as const) {
    test(`refuses ${what}`, () => {
      const sent = change === null ? bytes : encodeUtf8(change(decodeUtf8(bytes)));
      expect(() => parse(sent))
        .to.throw()
        .that.satisfies((error: unknown) => isCodedError(error, 'MALFORMED'));
    });
  }
});

test('the worked example of docs/formats.md §28 is read', () => {
  const of = exampleOf('redress');
  const [objection, reply, erasure] = ['objection', 'reply', 'erasure'].map((name) => encodeUtf8(of.text(name)));
  expect(parseObjection(objection!).dueAt).to.equal(1769212800000);
  expect([parseReply(reply!).decision, parseErasure(erasure!).entries.length]).to.deep.equal(['upheld', 2]);
});

describe('what became of an objection', () => {
  const objection: SaidEntry = { kind: KINDS.objection, leafHash: REPLY.objection, body: encodeObjection(OBJECTION) };
  const reply: SaidEntry = { kind: KINDS.answer, leafHash: bytesOf('reply'), body: encodeReply(REPLY) };

  test('open until its day, then overdue, and replied to', () => {
    const standing = (history: readonly SaidEntry[], now: number): unknown[] =>
      redressOf(history, now).objections.map((one) => [one.reply?.decision ?? null, one.isOverdue]);
    expect(standing([objection], OBJECTION.dueAt)).to.deep.equal([[null, false]]);
    expect(standing([objection], OBJECTION.dueAt + 1)).to.deep.equal([[null, true]]);
    expect(standing([objection, reply], OBJECTION.dueAt + 1)).to.deep.equal([['upheld', false]]);
  });

  test('a later reply takes the place of an earlier, and a reply to nothing is nothing', () => {
    const later = { ...reply, body: encodeReply({ ...REPLY, decision: 'rejected' }) };
    expect(redressOf([objection, reply, later], SAID_AT).objections[0]!.reply?.decision).to.equal('rejected');
    expect(redressOf([reply], SAID_AT).objections).to.deep.equal([]);
  });

  test('an erasure is told of each entry, and what is not shown says nothing', () => {
    const erasure: SaidEntry = { kind: KINDS.erasure, leafHash: bytesOf('erasure'), body: encodeErasure(ERASURE) };
    const { erased } = redressOf([erasure, { ...objection, body: null }, { ...reply, body: encodeUtf8('{}') }], SAID_AT);
    expect([...erased.keys()]).to.deep.equal(ERASURE.entries.map(encodeHex));
  });

  test('any bytes in place of a body are no more than silence', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, fc.constantFrom(18, 19, 20), (body, kind) => {
        expect(redressOf([{ kind, leafHash: ENTRY, body }], SAID_AT).objections).to.deep.equal([]);
      }),
      { numRuns: 300 },
    );
  });
});
