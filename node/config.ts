/**
 * A node's config file. The registry decides of which class the log is; what is configured must be what a log of that class needs:
 *
 *     licence   keys log, document
 *     access    keys log, request, vrf, records; bodies; identity unless no person is to ask here; notices where a portal is to tell persons
 *     seals     key log; bodies
 */
import { z } from 'zod';
import { malformed } from '../core/bytes/error.ts';
import { LOG_CLASSES, type LogClass } from '../core/authority/registry-event.ts';
import { CHAIN_CONFIG } from '../chain/config.ts';
import { IDENTITY_CONFIG } from '../service/call/person-token.ts';
import { isSafeAddress, PATH, PORT, readConfig, URL_BASE } from '../service/config.ts';

const THIRTY_DAYS = 30 * 86_400_000;
const NODE_CONFIG = z.strictObject({
  /** `<consortium>/<USCC>/<name>`: the log. */
  origin: z.string(),
  dataDir: PATH,
  host: z.string().default('127.0.0.1'),
  port: PORT,
  chain: CHAIN_CONFIG,
  keys: z.strictObject({
    log: PATH,
    document: PATH.optional(),
    /** Signs outcomes. */
    request: PATH.optional(),
    /** Make handles: all that the log ever had. The registry says which is used from which index on. */
    vrf: z.array(PATH).min(1).max(1024).optional(),
    /** Seals what the node keeps of persons beside their bodies. It stands in no registry. */
    records: PATH.optional(),
  }),
  passphraseFile: PATH,
  /** 64 hex characters, the key of the account that anchors. */
  accountFile: PATH,
  /** {"<role>": token, …} for the roles of the log's class; the first start makes it. */
  tokensFile: PATH,
  /** The witness that keeps the log's swap register. Without one it is a file in dataDir, and is restored with it. */
  register: z.strictObject({ url: URL_BASE }).optional(),
  /** Further witnesses, asked what they have seen of the log before it signs after a start or an unanswered swap. */
  witnesses: z
    .array(z.strictObject({ url: URL_BASE }))
    .max(256)
    .optional(),
  /** Between two anchors; the registry's beat unless given. */
  beatMs: z.number().int().min(100).optional(),
  /** For each licence type the fields that are not personal. They are shown to whoever has the file; no others are. */
  publicFields: z.record(z.string().regex(/^[0-9A-Z]{21}$/), z.array(z.string().min(1).max(64)).max(256)).default({}),
  /** Where the bodies are, and, apart from them and from their backups, their keys. */
  bodies: z.strictObject({ directory: PATH, secretsFile: PATH }).optional(),
  /** Whose access tokens persons bring. */
  identity: IDENTITY_CONFIG.optional(),
  /** As others address this node: what they sign their calls for. Unless given, by the header Host, without TLS. */
  publicUrl: URL_BASE.optional(),
  /** Requests are judged by registry facts at most this old. */
  maxStatusAgeMs: z.number().int().min(1000).default(86_400_000),
  /** Objections are to be replied to within this: thirty days (GB/T 35273-2020, 8.7), or less. */
  replyWithinMs: z.number().int().min(1000).max(THIRTY_DAYS).default(THIRTY_DAYS),
  /** Which portal tells persons that they were read: its address, and the token that it knows custodians by. */
  notices: z.strictObject({ portal: URL_BASE, tokenFile: PATH }).optional(),
  /** A quantum with fewer entries is filled up to this many, by entries that say nothing. */
  padQuantumTo: z.number().int().min(0).max(10_000).default(0),
  /** Stop when stdin ends: the starter died. */
  exitWithParent: z.boolean().default(false),
});
export type NodeConfig = z.infer<typeof NODE_CONFIG>;

const NEEDS: Readonly<Record<LogClass, readonly string[]>> = {
  licence: ['keys.document'],
  access: ['keys.request', 'keys.vrf', 'keys.records', 'bodies'],
  seals: ['bodies'],
};

/** Which class of log this configures. Throws MALFORMED for what configures none, or half of one. */
export function classOf({ keys, bodies, identity, notices, padQuantumTo }: NodeConfig): LogClass {
  const given = Object.entries({
    'keys.document': keys.document,
    'keys.request': keys.request,
    'keys.vrf': keys.vrf,
    'keys.records': keys.records,
    bodies,
  }).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  const found = LOG_CLASSES.find((one) => NEEDS[one].length === given.length && NEEDS[one].every((name) => given.includes(name)));
  if (found === undefined)
    throw malformed('config: keys and bodies are not those of one class of log', { given: given.join(' ') });
  if (found !== 'access' && (identity !== undefined || notices !== undefined || padQuantumTo > 0))
    throw malformed('config: identity, notices and padQuantumTo are for access logs', { class: found });
  if (notices !== undefined && !isSafeAddress(notices.portal))
    throw malformed('config: http is for this machine alone; a portal elsewhere needs https');
  return found;
}

/** Throws as `readConfig`, and MALFORMED as `classOf`. */
export async function readNodeConfig(path: string): Promise<NodeConfig> {
  const config = await readConfig(path, NODE_CONFIG);
  classOf(config);
  return config;
}
