import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { z } from 'zod';
import { CodedError } from '../../core/bytes/error.ts';
import { readConfig } from '../../service/config.ts';

const SCHEMA = z.strictObject({
  port: z.number().int().min(0).max(65535),
  nodes: z.array(z.strictObject({ url: z.url() })),
  names: z.record(z.string(), z.number()).optional(),
});

describe('config', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'config-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function refusalOf(text: string): Promise<CodedError> {
    const path = join(directory, 'bad.json');
    await writeFile(path, text);
    const error: unknown = await readConfig(path, SCHEMA).then(
      () => 'accepted',
      (refusal: unknown) => refusal,
    );
    expect(error).to.be.instanceOf(CodedError);
    return error as CodedError;
  }

  test('gives a typed value', async () => {
    const path = join(directory, 'good.json');
    await writeFile(path, '{"port": 8080, "nodes": [{"url": "http://127.0.0.1:1"}]}');
    expect(await readConfig(path, SCHEMA)).to.deep.equal({ port: 8080, nodes: [{ url: 'http://127.0.0.1:1' }] });
  });

  const refusals: [rule: string, text: string, place: string][] = [
    ['a value of another type', '{"port":"SECRET","nodes":[]}', '/port'],
    ['a value out of range', '{"port":70000,"nodes":[]}', '/port'],
    ['a bad member deep inside', '{"port":1,"nodes":[{"url":"http://a"},{"url":"SECRET"}]}', '/nodes/1/url'],
    ['a missing member', '{"nodes":[]}', '/port'],
    ['an unknown member', '{"port":1,"nodes":[],"SECRET":1}', ''],
    ['a member called __proto__', '{"port":1,"nodes":[],"__proto__":{}}', ''],
    ['something that is no object', '[]', ''],
    ['a bad value under a free name', '{"port":1,"nodes":[],"names":{"SECRET 110101":"x"}}', '/names/*'],
  ];
  for (const [rule, text, place] of refusals) {
    test(`refuses ${rule}, naming the place and not the value`, async () => {
      const error = await refusalOf(text);
      expect(error.code).to.equal('MALFORMED');
      expect(error.facts).to.deep.equal({ place });
      expect(error.message).not.to.contain('SECRET');
    });
  }

  for (const text of ['', '{"port":1', '{"port":1,"port":2,"nodes":[]}', '\ufeff{}']) {
    test(`refuses what is not strict JSON: ${JSON.stringify(text)}`, async () => {
      expect((await refusalOf(text)).code).to.equal('MALFORMED');
    });
  }

  test('says that there is no file, and that a directory is none', async () => {
    const refusal = (path: string) => readConfig(path, SCHEMA).catch((error: unknown) => (error as CodedError).code);
    expect(await refusal(join(directory, 'absent.json'))).to.equal('NOT_FOUND');
    expect(await refusal(directory)).to.equal('UNAVAILABLE');
  });
});
