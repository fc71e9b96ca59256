import { describe, test } from 'node:test';
import { expect } from 'chai';
import { unavailable } from '../../core/bytes/error.ts';
import type { Logger } from '../../service/logger.ts';
import { createLogger } from '../../service/logger.ts';

type Line = Record<string, unknown>;

function logOf(say: (logger: Logger) => void): Line[] {
  const lines: Line[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  say(createLogger({ program: 'test', fields: ['origin'], destination }));
  return lines;
}

describe('logger', () => {
  test('writes listed fields, program, component and level as JSON', () => {
    const [line] = logOf((logger) => logger.child({ component: 'anchor' }).info({ origin: 'c/U/n', ms: 3 }, 'anchored'));
    expect(line).to.include({ level: 'info', program: 'test', component: 'anchor', origin: 'c/U/n', ms: 3, msg: 'anchored' });
  });

  const secrets: [name: string, fields: Line][] = [
    ['a request body', { body: { name: 'SECRET' } }],
    ['a query', { query: 'SECRET' }],
    ['headers', { headers: { authorization: 'Bearer SECRET' } }],
    ['an authorization header', { authorization: 'SECRET' }],
    ['a file digest', { fileDigest: 'SECRET' }],
    ['a whole request', { req: { url: '/SECRET' } }],
    ['an object under a listed name', { route: { url: 'SECRET' } }],
    ['an array under a listed name', { reason: ['SECRET'] }],
    ['a thing that only claims to be an error', { error: { message: 'SECRET' } }],
    ['an error under a name of its own', { err: new Error('SECRET') }],
  ];
  for (const [name, fields] of secrets) {
    test(`keeps back ${name}`, () => {
      const [line] = logOf((logger) => logger.info(fields, 'said'));
      expect(JSON.stringify(line)).to.contain('[not listed]').and.not.to.contain('SECRET');
    });
  }

  test('describes a coded error by code, facts and cause, without a stack', () => {
    const error = unavailable('no answer', { host: 'a:1' }, new Error('inner'));
    const [line] = logOf((logger) => logger.warn({ error }, 'failed'));
    expect(line?.['error']).to.deep.include({ code: 'UNAVAILABLE', message: 'no answer', facts: { host: 'a:1' } });
    expect(line?.['error']).to.have.nested.property('cause.message', 'inner');
    expect(line?.['error']).not.to.have.property('stack');
  });

  test('gives the stack of our own mistakes', () => {
    const [line] = logOf((logger) => logger.error(new TypeError('ours')));
    expect(line?.['error']).to.have.property('stack').that.contains('logger.test.ts');
  });

  test('does not follow a circle of causes', () => {
    const error = new Error('round');
    error.cause = error;
    expect(logOf((logger) => logger.error({ error }, 'failed'))).to.have.length(1);
  });
});
