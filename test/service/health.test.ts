import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { Check } from '../../service/health.ts';
import { healthRoutes } from '../../service/health.ts';
import { sendJson } from '../../service/http.ts';
import { createMetrics } from '../../service/metrics.ts';
import { startEdge } from './edge-fixture.ts';

const metrics = createMetrics('test');

describe('health', () => {
  async function readiness(t: Parameters<typeof startEdge>[0], checks: Record<string, Check>): Promise<[number, unknown]> {
    const { url } = await startEdge(t, { hot: healthRoutes({ metrics, checks, timeoutMs: 50 }) });
    const response = await fetch(`${url}/readyz`);
    return [response.status, await response.json()];
  }

  test('is live whatever the checks say', async (t) => {
    const { url } = await startEdge(t, { hot: healthRoutes({ metrics, checks: { chain: () => 'down' } }) });
    expect(await (await fetch(`${url}/livez`)).json()).to.deep.equal({ live: true });
  });

  test('is ready when every check is', async (t) => {
    const checks = { store: () => null, chain: async () => null };
    expect(await readiness(t, checks)).to.deep.equal([
      200,
      {
        ready: true,
        checks: [
          { name: 'store', reason: null },
          { name: 'chain', reason: null },
        ],
      },
    ]);
  });

  const failing: [rule: string, check: Check, reason: string][] = [
    ['says why not', () => 'no block for 40 s', 'no block for 40 s'],
    ['rejects', () => Promise.reject(new Error('SECRET')), 'the check failed'],
    [
      'throws',
      () => {
        throw new Error('SECRET');
      },
      'the check failed',
    ],
    ['never answers', () => new Promise(() => {}), 'no answer in time'],
  ];
  for (const [rule, check, reason] of failing) {
    test(`is not ready when one check ${rule}`, async (t) => {
      const [status, body] = await readiness(t, { store: () => null, chain: check });
      expect(status).to.equal(503);
      expect(body).to.deep.equal({
        ready: false,
        checks: [
          { name: 'store', reason: null },
          { name: 'chain', reason },
        ],
      });
    });
  }

  test('counts requests by route pattern and never by what stands in a URL', async (t) => {
    const edge = await startEdge(t, {
      hot: [{ method: 'GET', path: '/tile/', handle: ({ response }) => sendJson(response, {}) }],
      routes: [{ method: 'GET', path: '/v1/logs/:logId', handle: (_request, response) => sendJson(response, {}) }],
    });
    for (const path of ['/tile/SECRET?a=SECRET', '/v1/logs/SECRET?a=SECRET', '/SECRET?a=SECRET']) await fetch(edge.url + path);
    await fetch(`${edge.url}/SECRET`, { method: 'PATCH' });
    await edge.close();
    const text = await edge.metrics.registry.metrics();
    expect(text).to.contain('route="/tile/*",status="200"').and.to.contain('route="/v1/logs/:logId",status="200"');
    expect(text).to.contain('method="other",route="none",status="404"');
    expect(text + edge.lines.join('')).not.to.contain('SECRET');
  });

  test('answers the scrape in the text format', async (t) => {
    const { url } = await startEdge(t, { hot: healthRoutes({ metrics, checks: {} }) });
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get('content-type')).to.match(/^text\/plain/);
    expect(await response.text()).to.contain('process_cpu_seconds_total');
  });
});
