/**
 * What a legacy system says of an access that it has already given or refused, as plain JSON:
 *
 *     {"id","at":UTC ms or RFC 3339,"accessor","operator":{"id","role"},"subjects":[{"class":"resident"…,"id"}],
 *      "action","purpose","cause","matter","legalBasis","method","system","terminal","case","agreement",
 *      "result":"granted|refused|failed","code","fields":[{"name","class"}]}
 *
 * Members that the config gives a default for may be left out. The accessor signed nothing of it, so it becomes a request of grade
 * `imported` that the custodian signs; nonce and salt are derived from source and id, so that the same event is the same bytes whenever it is
 * imported, and the node takes it once, even if this agent has lost its memory.
 */
import { z } from 'zod';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { parseUscc, type Uscc } from '../../core/authority/uscc.ts';
import { concatBytes, encodeUtf8, u16 } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed } from '../../core/bytes/error.ts';
import { asHash } from '../../core/bytes/hash.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject, type JsonValue } from '../../core/bytes/json.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES, type NumberClassName } from '../../core/access/number.ts';
import {
  encodeRequest,
  parseSignedRequest,
  queryDigestOf,
  requestDigestOf,
  requestSignedBytes,
} from '../../core/access/request.ts';
import { hmacSm3 } from '../../core/sm/hmac.ts';
import type { Signer } from '../../service/signer.ts';
import { formatEvent, MAX_EVENT_SUBJECTS } from '../event.ts';
import { SubjectSet } from '../subject-set.ts';
import type { EventDefaults } from '../agent/config.ts';

const TEXT = z.string().min(1).max(512);
const CLASSES = Object.keys(NUMBER_CLASSES) as [NumberClassName, ...NumberClassName[]];

export const LEGACY_EVENT = z.strictObject({
  id: z.string().regex(/^[!-~]{1,128}$/),
  at: z.union([z.number().int().min(0).max(Number.MAX_SAFE_INTEGER), z.iso.datetime({ offset: true })]),
  accessor: TEXT.optional(),
  operator: z.strictObject({ id: TEXT, role: TEXT.optional() }),
  subjects: z.array(z.strictObject({ class: z.enum(CLASSES), id: z.string().max(128) })).max(MAX_EVENT_SUBJECTS),
  action: TEXT.optional(),
  purpose: TEXT.optional(),
  cause: TEXT.optional(),
  matter: TEXT.optional(),
  legalBasis: TEXT.optional(),
  method: TEXT.optional(),
  system: TEXT.optional(),
  terminal: TEXT.optional(),
  case: TEXT.nullable().optional(),
  agreement: TEXT.nullable().optional(),
  result: z.enum(['granted', 'refused', 'failed']).optional(),
  code: TEXT.nullable().optional(),
  fields: z
    .array(z.strictObject({ name: TEXT, class: TEXT }))
    .max(256)
    .optional(),
});
export type LegacyEvent = z.infer<typeof LEGACY_EVENT>;

export interface Custodian {
  readonly code: Uscc;
  readonly signer: Signer;
  /** Of the derivation of nonces and salts. */
  readonly secret: Uint8Array;
}

export interface ImportedEvent {
  readonly digest: Hash;
  /** As `POST /v1/events` of the node takes it. */
  readonly event: JsonObject;
  /** Derived like all of it: sent twice, it is one event. */
  readonly key: string;
}

function derive(secret: Uint8Array, use: string, source: string, id: string): Hash {
  const parts = [use, source, id].map(encodeUtf8);
  return asHash(hmacSm3(secret, ...parts.flatMap((part) => [u16(part.length), part])));
}

function need(
  said: LegacyEvent,
  defaults: EventDefaults,
  name: Exclude<keyof EventDefaults, 'fields' | 'role' | 'result'>,
): string {
  const value = (name in said ? said[name as keyof LegacyEvent] : undefined) ?? defaults[name];
  if (typeof value !== 'string') throw malformed(`${name} is missing`, { reason: 'MISSING' });
  return value;
}

function readSubjects(said: LegacyEvent): readonly CanonicalNumber[] {
  const subjects = new SubjectSet();
  for (const { class: name, id } of said.subjects) {
    try {
      subjects.add(normaliseNumber(NUMBER_CLASSES[name], id));
    } catch (error) {
      if (isCodedError(error)) throw malformed('a number that has no canonical form', { reason: 'BAD_SUBJECT' });
      throw error;
    }
  }
  return subjects.list;
}

/** Throws MALFORMED, with `facts.reason`, for what no request may say. */
export async function importEvent(
  source: string,
  said: LegacyEvent,
  defaults: EventDefaults,
  custodian: Custodian,
): Promise<ImportedEvent> {
  const subjects = readSubjects(said);
  const result = said.result ?? defaults.result ?? 'granted';
  const requestedAt = typeof said.at === 'number' ? said.at : Date.parse(said.at);
  if (!Number.isSafeInteger(requestedAt)) throw malformed('no time', { reason: 'BAD_TIME' });
  const query = encodeCanonicalJson(said as unknown as JsonValue);
  const text = (name: Parameters<typeof need>[2]): string => need(said, defaults, name);
  try {
    const payload = encodeRequest({
      accessor: parseUscc(text('accessor')),
      action: text('action'),
      agreement: said.agreement ?? defaults.agreement ?? null,
      breakGlass: null,
      case: said.case ?? defaults.case ?? null,
      cause: text('cause'),
      custodian: custodian.code,
      grade: 'imported',
      legalBasis: text('legalBasis'),
      matter: text('matter'),
      method: text('method'),
      nonce: derive(custodian.secret, 'nonce', source, said.id),
      operator: { id: said.operator.id, publicKey: null, role: said.operator.role ?? defaults.role ?? '未记录' },
      parent: null,
      purpose: text('purpose'),
      queryDigest: queryDigestOf(derive(custodian.secret, 'salt', source, said.id), query),
      requestedAt,
      system: text('system'),
      terminal: text('terminal'),
    });
    const signature = await custodian.signer.sign(requestSignedBytes(payload));
    const envelope = { payload, signatures: [{ keyId: custodian.signer.keyId, signature }] };
    parseSignedRequest(formatEnvelope(envelope));
    const digest = requestDigestOf(payload);
    const code = result === 'granted' ? null : (said.code ?? 'NOT_RECORDED');
    const fields = result === 'granted' ? sorted(said.fields ?? defaults.fields ?? []) : [];
    const event = formatEvent({
      request: envelope,
      result,
      code,
      fields,
      chunk: { number: 0, isLast: true },
      subjects,
      seal: null,
    });
    return { digest, event, key: `${Buffer.from(digest).toString('hex')}.0.imported` };
  } catch (error) {
    if (isCodedError(error, 'MALFORMED') && error.facts['reason'] === undefined)
      throw malformed('what the event says is not of the form of a request', { reason: 'BAD_VALUE' });
    throw error;
  }
}

type Field = NonNullable<LegacyEvent['fields']>[number];

function sorted(fields: readonly Field[]): Field[] {
  const byName = new Map(fields.map((field) => [field.name, field]));
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What two events with one id must have in common. */
export function contentDigestOf(bytes: Uint8Array, secret: Uint8Array): Hash {
  return asHash(hmacSm3(secret, concatBytes(encodeUtf8('content'), bytes)));
}
