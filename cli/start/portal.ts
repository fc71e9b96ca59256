/** The sample's portal: custodians are told where it will be before it runs, so that they can tell it whom to tell. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { replaceFileDurably } from '../../service/durable-file.ts';
import { openTokens } from '../../service/token.ts';
import type { CustodyPlace, ReaderTerms } from './custody.ts';
import { portalDesk } from './desk.ts';
import { freePort, HOST, ROOT, writeConfig } from './place.ts';

export interface PortalPlace {
  readonly port: number;
  readonly url: string;
  readonly tokens: string;
  /** The one token of these, alone in a file: what nodes show. */
  readonly tokenFile: string;
}

const NOTICE_ROLE = 'custodian';

export async function placePortal(data: string): Promise<PortalPlace> {
  const directory = join(data, 'portal');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const tokens = join(directory, 'tokens.json');
  await openTokens(tokens, [NOTICE_ROLE]);
  const { [NOTICE_ROLE]: token } = JSON.parse(await readFile(tokens, 'utf8')) as Record<string, string>;
  const tokenFile = join(data, 'keys', 'portal-notices.token');
  await replaceFileDurably(tokenFile, encodeUtf8(`${token}\n`));
  const port = await freePort();
  return { port, url: `http://${HOST}:${port}`, tokens, tokenFile };
}

export async function startPortal(
  { logs, provider, portal }: CustodyPlace,
  accessors: readonly JsonObject[],
  { supervisor, data, verifier }: ReaderTerms,
): Promise<string> {
  const config = await writeConfig(data, 'portal', {
    dataDir: join(data, 'portal'),
    host: HOST,
    port: portal.port,
    verifier,
    identity: { ...provider, scope: 'openid person profile own-history' },
    logs: logs.map(({ origin, url }) => ({ origin, url })),
    accessors: [...accessors],
    // No message service here: notices wait in the outbox, and are counted.
    notices: { tokenFile: portal.tokens },
    desk: await portalDesk(logs, data),
    webDir: join(ROOT, 'web/dist-citizen'),
    exitWithParent: true,
  });
  const ready = await supervisor.start({ name: 'portal', args: [join(ROOT, 'portal/main.ts'), '--config', config] });
  return new JsonFields(ready, 'ready').string('url');
}
