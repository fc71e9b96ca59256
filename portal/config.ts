/** The config file of the portal. */
import { z } from 'zod';
import { malformed } from '../core/bytes/error.ts';
import { isSafeAddress, PATH, PORT, readConfig, URL_BASE } from '../service/config.ts';

const PORTAL_CONFIG = z.strictObject({
  /** The outbox of notices; nothing else is kept. */
  dataDir: PATH,
  host: z.string().default('127.0.0.1'),
  port: PORT,
  /** What browsers call it, where that is not the address it listens on. */
  url: URL_BASE.nullable().default(null),
  /** Whom to ask for registry facts, checkpoints and anchors. */
  verifier: URL_BASE,
  identity: z.strictObject({
    /** The OpenID provider, as it names itself: its metadata stand below this address. */
    issuer: z.url({ protocol: /^https?$/ }),
    clientId: z.string().min(1).max(256),
    clientSecretFile: PATH,
    /** `openid` and whatever the provider wants for the claim `person` and for a refresh token. */
    scope: z
      .string()
      .regex(/(?:^| )openid(?: |$)/)
      .default('openid person own-history'),
  }),
  /** Where custodians’ nodes answer: access and seals logs. The registry says which there are; one that is not here is shown as not connected. */
  logs: z
    .array(z.strictObject({ origin: z.string(), url: URL_BASE }))
    .max(10_000)
    .default([]),
  /** Accessors’ agents, where persons ask for the copies of what was read about them. One that is not here is not compared with. */
  accessors: z
    .array(z.strictObject({ authority: z.string().length(18), url: URL_BASE }))
    .max(10_000)
    .default([]),
  /** For each custodian and accessor; what comes later counts as no answer. */
  custodianTimeoutMs: z.number().int().min(100).max(60_000).default(8_000),
  /** What custodians tell the portal so that a person hears of it. Null: nothing is taken. */
  notices: z
    .strictObject({
      /** {"custodian":TOKEN}, which nodes and gateways show; made at the first start. */
      tokenFile: PATH,
      /** The department's message service. Null: notices wait for one. */
      webhook: z.strictObject({ url: URL_BASE, key: PATH, passphraseFile: PATH }).nullable().default(null),
    })
    .nullable()
    .default(null),
  /** The built pages. Null: the interface alone. */
  webDir: PATH.nullable().default(null),
  /** Stop when stdin ends: the starter died. */
  exitWithParent: z.boolean().default(false),
});
export type PortalConfig = z.infer<typeof PORTAL_CONFIG>;

/** Throws as `readConfig`, and MALFORMED for an address that would carry tokens in the clear. */
export async function readPortalConfig(path: string): Promise<PortalConfig> {
  return checkPortalConfig(await readConfig(path, PORTAL_CONFIG));
}

export function checkPortalConfig(config: PortalConfig): PortalConfig {
  const { url, identity, logs, accessors } = config;
  const addresses = [identity.issuer, ...(url === null ? [] : [url]), ...[...logs, ...accessors].map((one) => one.url)];
  if (!addresses.every(isSafeAddress)) throw malformed('config: http is for this machine alone; anything else needs https');
  if (new Set(logs.map(({ origin }) => origin)).size !== logs.length) throw malformed('config: a log is named twice');
  if (new Set(accessors.map(({ authority }) => authority)).size !== accessors.length)
    throw malformed('config: an accessor is named twice');
  return config;
}
