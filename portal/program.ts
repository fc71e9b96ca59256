/** The portal, put together. It holds who is signed in, in memory, and the outbox of notices; nothing of what it passes on. */
import { parseUscc } from '../core/authority/uscc.ts';
import { orNull } from '../core/citizen/ask.ts';
import { parseOrigin } from '../core/log/origin.ts';
import { mkdir } from 'node:fs/promises';
import { readSecret } from '../service/config.ts';
import { openSigner } from '../service/signer.ts';
import { openTokens } from '../service/token.ts';
import type { Running } from '../service/lifecycle.ts';
import type { Logger } from '../service/logger.ts';
import { citizenRoutes } from './citizen/routes.ts';
import { VerifierSide } from './citizen/upstream.ts';
import type { PortalConfig } from './config.ts';
import { Delivery } from './notice/delivery.ts';
import { Outbox } from './notice/outbox.ts';
import { NOTICE_ROLE, noticeRoutes, type NoticeWorld } from './notice/routes.ts';
import { createPortalEdge } from './edge.ts';
import { IdentityProvider } from './identity/provider.ts';
import { CALLBACK_PATH, identityRoutes } from './identity/routes.ts';
import { Sessions } from './identity/session.ts';

export interface PortalOptions {
  readonly config: PortalConfig;
  readonly logger: Logger;
  /** UTC ms. */
  readonly clock: () => number;
}

/** Throws whatever the files of the config are refused with. Neither verifier nor identity provider need to answer yet. */
export async function startPortal({ config, logger, clock }: PortalOptions): Promise<Running> {
  const nodes = new Map(config.logs.map(({ origin, url }) => [parseOrigin(origin) as string, url]));
  const accessors = new Map(config.accessors.map(({ authority, url }) => [parseUscc(authority) as string, url]));
  const stopped = new AbortController();
  // Known once it listens, where the system chooses the port.
  let url = config.url ?? '';
  const provider = new IdentityProvider({
    ...config.identity,
    clientSecret: await readSecret(config.identity.clientSecretFile),
    redirectUri: () => `${url}${CALLBACK_PATH}`,
    resources: [...new Set([...nodes.values(), ...accessors.values()])],
  });
  const sessions = new Sessions({ provider, clock });
  const gate = { sessions, url: () => url, isSecure: config.url?.startsWith('https:') === true };
  const verifier = new VerifierSide(config.verifier, stopped.signal);
  const { custodianTimeoutMs } = config;
  const citizen = { ...gate, verifier, nodes, accessors, custodianTimeoutMs, clock, signal: stopped.signal };
  const notices = await openNotices(config, clock, logger);
  const edge = createPortalEdge({
    config,
    logger,
    sessions,
    outbox: notices && notices.outbox,
    routes: [
      ...identityRoutes({ ...gate, provider, logger }),
      ...citizenRoutes(citizen),
      ...(notices === null ? [] : noticeRoutes(notices)),
    ],
    checks: { verifier: async () => ((await orNull(verifier.bytes('/livez'))) === null ? 'the verifier does not answer' : null) },
  });
  const heard = await edge.listen(config.port, config.host);
  if (config.url === null) url = heard;
  notices?.delivery.wake();
  const close = async (): Promise<void> => {
    stopped.abort();
    await Promise.all([edge.close(), notices?.delivery.stop()]);
  };
  return { ready: { url: heard }, close };
}

async function openNotices({ notices, dataDir }: PortalConfig, clock: () => number, logger: Logger): Promise<NoticeWorld | null> {
  if (notices === null) return null;
  const { tokenFile, webhook } = notices;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const outbox = await Outbox.open(dataDir, clock());
  const signer = webhook && (await openSigner(webhook.key, await readSecret(webhook.passphraseFile), 'request'));
  const target = webhook && signer && { url: webhook.url, signer };
  const delivery = new Delivery({ outbox, webhook: target, clock, logger });
  return { outbox, delivery, tokens: await openTokens(tokenFile, [NOTICE_ROLE]), clock };
}
