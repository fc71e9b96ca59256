/** An agent's config file: at a custodian it takes what legacy systems log, at an accessor it asks for them; one program may do both. */
import { z } from 'zod';
import { isPlainText, isToken } from '../../core/bytes/plain-text.ts';
import { IDENTITY_CONFIG } from '../../service/call/person-token.ts';
import { PATH, PORT, readConfig, URL_BASE } from '../../service/config.ts';
import { REGISTRY_CONFIG } from '../registry.ts';

const NAME = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const TOKEN = z.string().refine(isToken);
const text = (maxLength: number) => z.string().refine((value) => isPlainText(value, maxLength));
const USCC = z.string().length(18);

/** Members of an event that a system says the same each time. */
const DEFAULTS = z
  .strictObject({
    accessor: USCC,
    action: TOKEN,
    agreement: text(128),
    case: text(128),
    cause: text(200),
    legalBasis: text(500),
    matter: text(200),
    method: TOKEN,
    purpose: TOKEN,
    role: text(64),
    system: text(128),
    terminal: text(128),
    result: z.enum(['granted', 'refused', 'failed']),
    fields: z.array(z.strictObject({ name: text(64), class: TOKEN })).max(256),
  })
  .partial();
export type EventDefaults = z.infer<typeof DEFAULTS>;

const IMPORT = z.strictObject({
  /** With the line's number or digest it names the line: never give one name to two sources. */
  source: NAME,
  /** Whole files appear here by renaming; names that begin with a dot or end in .part are left alone. */
  directory: PATH,
  /** `events`: a line is what `POST /v1/events` takes. `ndjson`, `csv`: a line is what the legacy system exports, read by `columns`. */
  format: z.enum(['events', 'ndjson', 'csv']),
  encoding: z.enum(['utf-8', 'gb18030']).default('utf-8'),
  separator: z.enum([',', ';', '\t']).default(','),
  /** Where each member stands: column of a CSV, or member of a JSON line. `number` where lines are numbered without gaps. */
  columns: z
    .strictObject({
      number: z.string(),
      at: z.string(),
      accessor: z.string(),
      operator: z.string(),
      role: z.string(),
      action: z.string(),
      purpose: z.string(),
      cause: z.string(),
      matter: z.string(),
      legalBasis: z.string(),
      method: z.string(),
      system: z.string(),
      terminal: z.string(),
      case: z.string(),
      agreement: z.string(),
      result: z.string(),
      code: z.string(),
      /** Class and column; several numbers in one column are separated by `;` or blanks. */
      subjects: z.array(z.strictObject({ class: z.string(), column: z.string() })).max(16),
    })
    .partial()
    .default({}),
  /** Words of the export and ours, member by member: {"result":{"成功":"granted"}}. */
  values: z.record(z.string(), z.record(z.string(), z.string())).default({}),
  /** Of times without a zone. */
  timeZone: z
    .string()
    .regex(/^[+-][0-2][0-9]:[0-5][0-9]$/)
    .default('+08:00'),
  defaults: DEFAULTS.default({}),
  /** Read files go to `done`; false: they are removed once every line is queued, unless one could not be decoded. */
  keep: z.boolean().default(true),
});
export type ImportConfig = z.infer<typeof IMPORT>;

const CUSTODY = z.strictObject({
  node: z.strictObject({ url: URL_BASE, tokenFile: PATH, timeoutMs: z.number().int().min(100).max(120_000).default(10_000) }),
  defaults: DEFAULTS.default({}),
  imports: z.array(IMPORT).max(64).default([]),
  /** Outboxes in SQLite files (import/table.ts). */
  tables: z
    .array(z.strictObject({ source: NAME, file: PATH }))
    .max(64)
    .default([]),
  importEveryMs: z.number().int().min(50).default(5_000),
});
export type CustodyConfig = z.infer<typeof CUSTODY>;

const MATTER = z.strictObject({
  matter: text(200),
  legalBasis: text(500),
  cause: text(200),
  purpose: TOKEN,
  action: TOKEN.default('read'),
  method: TOKEN.default('view'),
  agreement: text(128).nullable().default(null),
});

const TARGET = z.strictObject({
  name: NAME,
  custodian: USCC,
  gatewayUrl: URL_BASE,
  /** What to do with data whose receipt does not hold: keep them from the caller, or hand them over with a warning. */
  onBadReceipt: z.enum(['refuse', 'warn']).default('refuse'),
  timeoutMs: z.number().int().min(1).max(600_000).default(60_000),
});
export type TargetConfig = z.infer<typeof TARGET>;

const ACCESS = z.strictObject({
  port: PORT,
  system: text(128),
  /** What stands behind the operator's name that the local system sends. */
  grade: z.enum(['session-attested', 'asserted']).default('asserted'),
  /** Of the operator where the caller names no other. */
  role: text(64),
  targets: z.array(TARGET).min(1).max(1024),
  /** Where persons, each with her own token, ask for the copies of what was read about them. Behind TLS unless the portal is on this machine. */
  persons: z.strictObject({ host: z.string().default('127.0.0.1'), port: PORT, identity: IDENTITY_CONFIG }).optional(),
  /** By the name in `Veritrail-Matter`. */
  matters: z.record(NAME, MATTER),
  maxBodyBytes: z
    .number()
    .int()
    .min(0)
    .max(64 << 20)
    .default(1 << 20),
  callerTimeoutMs: z.number().int().min(100).max(600_000).default(60_000),
});
export type AccessConfig = z.infer<typeof ACCESS>;

const AGENT_CONFIG = z.strictObject({
  authority: USCC,
  dataDir: PATH,
  /** Callers are not authenticated: this machine alone. */
  host: z.enum(['127.0.0.1', '::1']).default('127.0.0.1'),
  port: PORT,
  registry: REGISTRY_CONFIG,
  requestKey: PATH,
  recordsKey: PATH,
  passphraseFile: PATH,
  /** {"reader": token}, who may read the accessor's record; the first start makes it. */
  tokensFile: PATH,
  custody: CUSTODY.optional(),
  access: ACCESS.optional(),
  exitWithParent: z.boolean().default(false),
});
export { AGENT_CONFIG };
export type AgentConfig = z.infer<typeof AGENT_CONFIG>;

/** Throws as `readConfig`. */
export function readAgentConfig(path: string): Promise<AgentConfig> {
  return readConfig(path, AGENT_CONFIG);
}
