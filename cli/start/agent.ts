/** A department that reads, in the sample: its agent, and what its people ask for. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import type { CustodyPlace, ReaderTerms } from './custody.ts';
import { codeOf, freePort, HOST, ROOT, writeConfig } from './place.ts';

interface Reader {
  readonly system: string;
  readonly role: string;
  readonly matters: JsonObject;
}

export const SERVICE: Reader = {
  system: '样例政务服务平台',
  role: '窗口受理',
  matters: {
    application: {
      matter: '公租房申请受理',
      legalBasis: '样例条例 第十一条',
      cause: '受理本人申请',
      purpose: 'service.requested',
    },
    eligibility: {
      matter: '低保资格核对',
      legalBasis: '社会救助暂行办法 第十一条',
      cause: '核对申请人信息',
      purpose: 'service.eligibility',
    },
    // No duty of this department names it: the gateway refuses.
    statistics: {
      matter: '内部统计',
      legalBasis: '无',
      cause: '内部统计',
      purpose: 'statistics.official',
    },
  },
};

export const POLICE: Reader = {
  system: '样例警务平台',
  role: '办案民警',
  matters: {
    investigation: {
      matter: '案件调查',
      legalBasis: '刑事诉讼法 第五十四条',
      cause: '调查取证',
      purpose: 'public-security',
    },
  },
};

interface Agent {
  readonly authority: string;
  readonly url: string;
  readonly accessUrl: string;
  readonly personUrl: string;
}

export async function startAgent(
  id: 'service' | 'police',
  gateways: readonly (readonly [string, string])[],
  { system, role, matters }: Reader,
  { provider: { issuer } }: CustodyPlace,
  { supervisor, data, verifier, trust }: ReaderTerms,
): Promise<Agent> {
  const port = await freePort();
  const dataDir = join(data, `agent-${id}`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const config = await writeConfig(data, `agent-${id}`, {
    authority: codeOf(id),
    dataDir,
    registry: { verifiers: [verifier], pollMs: 1_000, trustFile: trust },
    requestKey: join(data, 'keys', `${id}-request.key.json`),
    recordsKey: join(data, 'keys', `${id}-records.key.json`),
    passphraseFile: join(data, 'keys', 'passphrase'),
    tokensFile: join(dataDir, 'tokens.json'),
    access: {
      system,
      grade: 'session-attested',
      role,
      targets: gateways.map(([name, gatewayUrl]) => ({ name, custodian: codeOf(name), gatewayUrl })),
      matters,
      // Persons ask here for the copies of what was read about them.
      persons: { host: HOST, port, identity: { issuer, jwksUri: `${issuer}/jwks`, audience: `http://${HOST}:${port}` } },
    },
    exitWithParent: true,
  });
  const ready = await supervisor.start({ name: `agent-${id}`, args: [join(ROOT, 'gateway/agent/main.ts'), '--config', config] });
  const told = new JsonFields(ready, 'ready');
  const urls = { url: told.string('url'), accessUrl: told.string('accessUrl'), personUrl: told.string('personUrl') };
  return { authority: codeOf(id), ...urls };
}
