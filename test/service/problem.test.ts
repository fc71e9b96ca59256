import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { CodedError, conflict, ERROR_CODES, malformed } from '../../core/bytes/error.ts';
import { describeProblem, HttpRefusal, parseProblem } from '../../service/problem.ts';

const TRACE_ID = '00112233445566778899aabbccddeeff';

describe('problem', () => {
  test('is what docs/errors.md says for each code, in the same order', async () => {
    const text = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [code, Number(status)]);
    const ours = ERROR_CODES.map((code) => [code, describeProblem(new CodedError(code, 'words'), TRACE_ID).status]);
    expect(rows).to.deep.equal(ours);
  });

  test('has the members of RFC 9457 and ours', () => {
    expect(describeProblem(conflict('a newer one is held', { newest: 7 }), TRACE_ID)).to.deep.equal({
      type: 'urn:veritrail:error:CONFLICT',
      title: 'Conflict',
      status: 409,
      code: 'CONFLICT',
      detail: 'a newer one is held',
      traceId: TRACE_ID,
      facts: { newest: 7 },
    });
  });

  test('takes the status of a refusal that has its own', () => {
    expect(describeProblem(new HttpRefusal(415, 'MALFORMED', 'words'), TRACE_ID)).to.include({ status: 415, code: 'MALFORMED' });
  });

  const foreignErrors: [what: string, error: unknown][] = [
    ['an Error', new TypeError('SECRET')],
    ['a string', 'SECRET'],
    ['null', null],
    ['a lookalike', { code: 'CONFLICT', message: 'SECRET', facts: {} }],
  ];
  for (const [what, error] of foreignErrors) {
    test(`says nothing about an error that is not coded: ${what}`, () => {
      const problem = describeProblem(error, TRACE_ID);
      expect(problem).to.include({ status: 500, code: null, traceId: TRACE_ID });
      expect(JSON.stringify(problem)).not.to.contain('SECRET');
    });
  }

  test('is read back by code, detail, the numbers among its facts and a reason that is a word in capitals', () => {
    const bytes = encodeUtf8(JSON.stringify(describeProblem(malformed('no such field', { at: 7, place: '/a' }), TRACE_ID)));
    expect(parseProblem(bytes)).to.deep.equal({ code: 'MALFORMED', detail: 'no such field', facts: { at: 7 } });
    const reasonOf = (reason: string): unknown =>
      parseProblem(encodeUtf8(JSON.stringify({ code: 'CONFLICT', facts: { reason } })))?.facts['reason'];
    expect(['HELD', 'KEPT_BY_LAW'].map(reasonOf)).to.deep.equal(['HELD', 'KEPT_BY_LAW']);
    for (const other of ['held', 'HELD BY', '999900199001010014', 'H', '_HELD', 'X'.repeat(33)])
      expect(reasonOf(other)).to.equal(undefined);
  });

  const foreign = [
    '',
    'no JSON',
    '[]',
    'null',
    '{}',
    '{"code":null}',
    '{"code":"OURS"}',
    '{"code":"constructor"}',
    '{"code":1,"code":2}',
  ];
  for (const text of foreign) {
    test(`is not read from ${JSON.stringify(text)}`, () => {
      expect(parseProblem(encodeUtf8(text))).to.equal(undefined);
    });
  }

  test('is read with a detail that is short and on one line', () => {
    const detail = `line\nfeed\u001b[31m\u202e${'x'.repeat(1000)}`;
    const read = parseProblem(encodeUtf8(JSON.stringify({ code: 'CONFLICT', detail })));
    expect(read?.detail)
      .to.match(/^line feed \[31m x{100,}$/)
      .and.have.length(200);
    const odd = '{"code":"CONFLICT","detail":{"a":1},"facts":{"__proto__":1,"a b":1,"newest":"7"}}';
    expect(parseProblem(encodeUtf8(odd))).to.deep.equal({ code: 'CONFLICT', detail: '', facts: {} });
    expect(parseProblem(encodeUtf8('{"code":"CONFLICT","facts":[1]}'))).to.deep.equal({
      code: 'CONFLICT',
      detail: '',
      facts: {},
    });
  });
});
