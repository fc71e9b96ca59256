/**
 * A morning at the sample's departments: accesses made by really calling through the gateways, once. Ordinary ones, a bulk read of 500,
 * one refused for its purpose, one under break-glass, one under seal.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { unavailable } from '../../core/bytes/error.ts';
import { createFileDurably } from '../../service/durable-file.ts';
import { TEST_PERSONS } from '../../samples/persons.ts';
import type { Custody } from './custody.ts';

export interface MorningTerms {
  readonly data: string;
}

interface Access {
  readonly target: 'civil' | 'housing';
  readonly path: string;
  /** Staff number. */
  readonly operator: string;
  readonly matter: string;
  readonly case?: string;
  readonly breakGlass?: string;
  readonly status: number;
}

const [first, second, third] = TEST_PERSONS as [
  (typeof TEST_PERSONS)[number],
  (typeof TEST_PERSONS)[number],
  (typeof TEST_PERSONS)[number],
];
const BULK = 500;

const MORNING: readonly Access[] = [
  { target: 'civil', path: `/persons/${first.id}`, operator: 'S-0017', matter: 'eligibility', case: 'SL-2026-0117', status: 200 },
  {
    target: 'housing',
    path: `/persons/${first.id}`,
    operator: 'S-0017',
    matter: 'application',
    case: 'SL-2026-0117',
    status: 200,
  },
  { target: 'civil', path: `/persons/${second.id}`, operator: 'S-0021', matter: 'application', status: 200 },
  { target: 'housing', path: `/persons/${third.id}`, operator: 'S-0021', matter: 'eligibility', status: 200 },
  { target: 'civil', path: `/persons/${second.id}`, operator: 'S-0033', matter: 'statistics', status: 403 },
  {
    target: 'housing',
    path: `/persons?limit=${BULK}`,
    operator: 'S-0033',
    matter: 'eligibility',
    case: 'SL-2026-0200',
    status: 200,
  },
  {
    target: 'civil',
    path: `/persons/${first.id}`,
    operator: 'S-0021',
    matter: 'statistics',
    breakGlass: '系统故障期间为突发事件处置紧急查询',
    status: 200,
  },
];

/** Nothing where it was spent before: the accesses are in the logs, and stay there. */
export async function spendMorning(custody: Custody, { data }: MorningTerms): Promise<void> {
  const path = join(data, 'samples', 'morning.json');
  // Only a file that is not there says that it was not spent.
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (kept !== null) return;
  for (const access of MORNING) await ask(custody.agents.service.accessUrl, access);
  await askUnderSeal(custody);
  await createFileDurably(path, encodeUtf8(`${JSON.stringify({ accesses: MORNING.length + 1, spentAt: Date.now() })}\n`));
}

function headersOf({ operator, matter, case: caseNumber, breakGlass }: Access): Record<string, string> {
  return {
    'veritrail-operator': operator,
    'veritrail-matter': matter,
    'veritrail-terminal': encodeURIComponent('窗口 3'),
    ...(caseNumber !== undefined && { 'veritrail-case': caseNumber }),
    ...(breakGlass !== undefined && { 'veritrail-break-glass': encodeURIComponent(breakGlass) }),
  };
}

/** What a gateway cannot do yet, because it has not read the registry or its node waits for an anchor, it can do a little later. */
async function ask(accessUrl: string, access: Access): Promise<void> {
  const url = `${accessUrl}/to/${access.target}${access.path}`;
  for (let tries = 60; ; tries--) {
    const answer = await fetch(url, { headers: headersOf(access), signal: AbortSignal.timeout(60_000) });
    const text = await answer.text();
    if (answer.status === access.status) return;
    const isLater = [502, 503, 504].includes(answer.status) || /UNKNOWN_KEY|NO_DUTY|STALE/.test(text);
    if (!isLater || tries === 0) throw unavailable(`a sample access was answered ${answer.status}: ${text.slice(0, 300)}`);
    await pause(500);
  }
}

/** The police prepare a request, have it sealed, and ask with the seal: the person does not see it until it is released. */
async function askUnderSeal({ agents: { police }, seals }: Custody): Promise<void> {
  const access: Access = {
    target: 'civil',
    path: `/persons/${second.id}`,
    operator: 'P-1108',
    matter: 'investigation',
    case: 'AJ-2026-08',
    status: 200,
  };
  const headers = headersOf(access);
  const prepared = await post(
    `${police.url}/v1/requests`,
    { method: 'GET', path: `/to/civil${access.path}`, operatorKey: null },
    headers,
  );
  const { requestDigest } = prepared as { requestDigest: string };
  const { sealer } = JSON.parse(await readFile(seals.tokens, 'utf8')) as { sealer: string };
  const sealed = await post(
    `${seals.url}/v1/seals`,
    { request: requestDigest, legalBasis: '刑事诉讼法 第一百五十条' },
    { authorization: `Bearer ${sealer}`, 'idempotency-key': `seal-${requestDigest.slice(0, 32)}` },
  );
  const { shown } = sealed as { shown: object };
  const answer = await fetch(`${police.accessUrl}/to/civil${access.path}`, {
    headers: {
      ...headers,
      'veritrail-prepared': requestDigest,
      'veritrail-seal': Buffer.from(JSON.stringify(shown)).toString('base64'),
    },
    signal: AbortSignal.timeout(60_000),
  });
  if (answer.status !== 200)
    throw unavailable(`the sealed access was answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
  await answer.arrayBuffer();
}

async function post(url: string, body: object, headers: Record<string, string>): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await answer.text();
  if (answer.status !== 201) throw unavailable(`${new URL(url).pathname} was answered ${answer.status}: ${text.slice(0, 300)}`);
  return JSON.parse(text) as unknown;
}
