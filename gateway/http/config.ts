/** A gateway's config file: whose data, which routes, and for whom. What is not named here is not passed on. */
import { z } from 'zod';
import { GRADES } from '../../core/access/request.ts';
import { NUMBER_CLASSES, type NumberClassName } from '../../core/access/number.ts';
import { isPlainText, isToken } from '../../core/bytes/plain-text.ts';
import { PATH, PORT, readConfig, URL_BASE } from '../../service/config.ts';
import { MAX_EVENT_SUBJECTS } from '../event.ts';
import { REGISTRY_CONFIG } from '../registry.ts';

const TOKEN = z.string().refine(isToken);
const CLASS = z.enum(Object.keys(NUMBER_CLASSES) as [NumberClassName, ...NumberClassName[]]);
/** As RFC 6901, without escapes; `*` stands for every item of an array and for every member of an object. */
const POINTER = z.string().regex(/^(?:\/[^/~]{1,64}){0,16}$/u);

/** `path:name` and `query:name` name a parameter, `body:/a/b` a place in a JSON body. */
const REQUEST_SUBJECT = z.strictObject({
  class: CLASS,
  at: z.string().regex(/^(?:path|query):[A-Za-z][A-Za-z0-9_]{0,31}$|^body:(?:\/[^/~]{1,64}){1,16}$/u),
});
const ANSWER_SUBJECT = z.strictObject({ class: CLASS, path: POINTER });
const FIELD = z.strictObject({
  /** As the person will read it. */
  name: z.string().refine((text) => isPlainText(text, 64)),
  class: TOKEN,
  /** Everything below is this field. Absent for answers that are no JSON: then the field is always said to be disclosed. */
  path: POINTER.optional(),
});

const ANSWER = z.strictObject({
  /** `json`: read whole. `ndjson`: a stream of JSON lines. `opaque`: bytes, about those whom the request names. */
  kind: z.enum(['json', 'ndjson', 'opaque']),
  subjects: z.array(ANSWER_SUBJECT).max(32).default([]),
  /** All that the answer may hold: anything else in it is UNDECLARED_FIELD. At most 256. */
  fields: z.array(FIELD).max(256).default([]),
  /** Places that say nothing of a person: counts, page numbers. */
  ignored: z.array(POINTER).max(64).default([]),
  /** Each line of `ndjson` that holds a field must name somebody. */
  needsSubject: z.boolean().default(true),
  /** Of `opaque`. */
  types: z
    .array(z.string().regex(/^[a-z0-9.+-]+\/[a-z0-9.+-]+$/))
    .max(32)
    .default([]),
  /** Statuses that mean: there are no data. Their body is not passed on. */
  emptyStatuses: z.array(z.number().int().min(400).max(499)).max(8).default([404]),
  /** Of `json`. */
  maxBytes: z
    .number()
    .int()
    .min(1)
    .max(16 << 20)
    .default(8 << 20),
  /** A chunk of a stream is released when it has so many lines or bytes, or nothing more came for so long. */
  chunkLines: z.number().int().min(1).max(MAX_EVENT_SUBJECTS).default(500),
  chunkBytes: z
    .number()
    .int()
    .min(1)
    .max(8 << 20)
    .default(256 << 10),
  chunkWaitMs: z.number().int().min(1).max(60_000).default(1_000),
});
export type AnswerConfig = z.infer<typeof ANSWER>;

const ROUTE = z.strictObject({
  /** For logs and metrics. */
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  /** `/persons/{idNumber}/family`: literal segments and parameters. */
  path: z.string().regex(/^(?:\/(?:[A-Za-z0-9._-]+|\{[A-Za-z][A-Za-z0-9_]{0,31}\}))+$/),
  /** Where the call goes; the path is appended. */
  upstream: URL_BASE,
  /** Query parameters that are passed on, each at most once. */
  query: z
    .array(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,31}$/))
    .max(64)
    .default([]),
  /** Request bodies: none, JSON, or bytes of any kind. */
  body: z.enum(['none', 'json', 'opaque']).default('none'),
  subjects: z.array(REQUEST_SUBJECT).max(32).default([]),
  answer: ANSWER,
  /** For which the data are given; a duty of the accessor must name it as well. */
  purposes: z.array(TOKEN).min(1).max(256),
  actions: z.array(TOKEN).min(1).max(64).default(['read']),
  grades: z.array(z.enum(GRADES)).min(1).default(['personal-key', 'session-attested', 'asserted']),
  needs: z.array(z.enum(['case', 'agreement', 'subject'])).default([]),
  /** Whether somebody may break the rules here. */
  breakGlass: z.boolean().default(true),
  timeoutMs: z.number().int().min(1).max(600_000).default(30_000),
});
export type RouteConfig = z.infer<typeof ROUTE>;

export const GATEWAY_CONFIG = z.strictObject({
  /** USCC of the authority whose data these are. */
  custodian: z.string().length(18),
  dataDir: PATH,
  host: z.string().default('127.0.0.1'),
  port: PORT,
  /** Liveness, readiness and metrics: another listener, for the operator alone. */
  operatorHost: z.string().default('127.0.0.1'),
  operatorPort: PORT,
  /** As accessors address it: signatures cover it. Absent: what the program prints when it is ready. */
  publicUrl: URL_BASE.optional(),
  node: z.strictObject({ url: URL_BASE, tokenFile: PATH, timeoutMs: z.number().int().min(100).max(120_000).default(10_000) }),
  registry: REGISTRY_CONFIG,
  /** Of type `records`: what is kept until it is recorded is encrypted under it. */
  recordsKey: PATH,
  passphraseFile: PATH,
  routes: z.array(ROUTE).min(1).max(1024),
  /** Seals logs, by origin, whose seals are taken. */
  sealsLogs: z.array(z.string()).max(256).default([]),
  /** Whom to tell of break-glass; signed with a request key of the custodian. */
  notices: z.strictObject({ url: URL_BASE, key: PATH }).optional(),
  /** One line, sent to data services as a bearer token. */
  upstreamTokenFile: PATH.optional(),
  /** Between signing and arrival, and between the two clocks. */
  maxAgeMs: z.number().int().min(1000).max(300_000).default(120_000),
  maxBodyBytes: z
    .number()
    .int()
    .min(0)
    .max(64 << 20)
    .default(1 << 20),
  maxExchanges: z.number().int().min(1).max(65_536).default(256),
  /** A client that takes nothing for so long is gone. */
  clientTimeoutMs: z.number().int().min(100).max(600_000).default(60_000),
  exitWithParent: z.boolean().default(false),
});
export type GatewayConfig = z.infer<typeof GATEWAY_CONFIG>;

/** Throws as `readConfig`. */
export function readGatewayConfig(path: string): Promise<GatewayConfig> {
  return readConfig(path, GATEWAY_CONFIG);
}
