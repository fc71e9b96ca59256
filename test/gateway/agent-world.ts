/** Agents of the sample's custodian and accessor, in this process, over real HTTP. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { AGENT_CONFIG } from '../../gateway/agent/config.ts';
import { startAgent } from '../../gateway/agent/program.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { parseShape } from '../../service/config.ts';
import { createLogger } from '../../service/logger.ts';
import { ACCESSOR, CUSTODIAN, PURPOSE } from './registry.ts';
import type { ConfigChanges, World } from './world.ts';

export interface RunningAgent {
  readonly url: string;
  readonly accessUrl: string;
  readonly personUrl: string;
  readonly directory: string;
  close(): Promise<void>;
}

async function start(t: TestContext, world: World, name: string, given: object): Promise<RunningAgent> {
  const directory = join(world.directory, name);
  await mkdir(directory, { recursive: true });
  const whole = {
    dataDir: directory,
    registry: { verifiers: [world.verifier.url], pollMs: 100 },
    recordsKey: join(world.keys, 'records.key.json'),
    passphraseFile: join(world.keys, 'passphrase'),
    tokensFile: join(directory, 'tokens.json'),
    ...given,
  };
  const config = parseShape(AGENT_CONFIG, parseJson(JSON.stringify(whole)), 'config');
  const destination = { write: (line: string) => void world.lines.push(line) };
  const logger = createLogger({ program: 'agent', level: 'debug', fields: ['source', 'dead', 'target'], destination });
  const running = await startAgent({ config, logger, clock: Date.now, stopping: new AbortController() });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= running.close());
  t.after(close);
  const { url, accessUrl, personUrl } = running.ready as Record<'url' | 'accessUrl' | 'personUrl', string>;
  return { url, accessUrl, personUrl, directory, close };
}

export const DEFAULTS = {
  accessor: ACCESSOR,
  action: 'read',
  purpose: PURPOSE,
  cause: '窗口办理',
  matter: '样例补贴',
  legalBasis: '样例条例 第一条',
  method: 'view',
  system: '旧系统',
  terminal: '未记录',
  fields: [{ name: '姓名', class: 'identity' }],
};

export function startCustodyAgent(t: TestContext, world: World, custody: ConfigChanges = {}): Promise<RunningAgent> {
  const node = { url: world.node.url, tokenFile: join(world.keys, 'node.token'), timeoutMs: 1_000 };
  return start(t, world, 'custody', {
    authority: CUSTODIAN,
    requestKey: join(world.keys, 'request.key.json'),
    custody: { node, defaults: DEFAULTS, importEveryMs: 50, ...custody },
  });
}

export function startAccessAgent(
  t: TestContext,
  world: World,
  gatewayUrl: string,
  target: ConfigChanges = {},
  access: ConfigChanges = {},
): Promise<RunningAgent> {
  const matter = { matter: '样例补贴', legalBasis: '样例条例 第一条', cause: '核对申请条件', purpose: PURPOSE };
  return start(t, world, 'access', {
    authority: ACCESSOR,
    requestKey: join(world.keys, 'accessor.key.json'),
    access: {
      system: '业务系统',
      role: '窗口受理',
      targets: [{ name: 'population', custodian: CUSTODIAN, gatewayUrl, timeoutMs: 5_000, ...target }],
      matters: { benefit: matter, statistics: { ...matter, purpose: 'statistics.official' } },
      ...access,
    },
  });
}

/** The accessor's record of one request, as an auditor reads it. */
export async function readRecord(agent: RunningAgent, digest: string): Promise<Record<string, unknown>> {
  const { reader } = JSON.parse(await readFile(join(agent.directory, 'tokens.json'), 'utf8')) as { readonly reader: string };
  const answered = await fetch(`${agent.url}/v1/records/${digest}`, { headers: { authorization: `Bearer ${reader}` } });
  return (await answered.json()) as Record<string, unknown>;
}
