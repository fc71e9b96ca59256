/**
 * Issuing: from a request to the signed document, and to what the log is to say: the issue in the licence's history, and one cover in
 * the history of each file that renders it.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { conflict, invariant, notFound } from '../../core/bytes/error.ts';
import { asHash, hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { encodeCanonicalJson, type JsonObject } from '../../core/bytes/json.ts';
import { type Envelope, formatEnvelope } from '../../core/authority/envelope.ts';
import { encodeCover, parseCover } from '../../core/licence/cover.ts';
import { type Disclosure, fieldDigest, formatDisclosure, sortDigests } from '../../core/licence/disclosure.ts';
import { licenceSignedBytes } from '../../core/licence/document.ts';
import { formatLicenceIdentifier, type LicenceIdentifier, parseLicenceIdentifier } from '../../core/licence/identifier.ts';
import { encodeLicencePayload, type LicencePayload, parseLicencePayload } from '../../core/licence/payload.ts';
import { statusOf } from '../../core/licence/status.ts';
import { logIdOf, type Origin } from '../../core/log/origin.ts';
import { fileSecret, type HistorySecret, publicLicenceSecret } from '../../core/log/slot.ts';
import type { Signer } from '../../service/signer.ts';
import type { Draft, Histories, SaidEntry } from '../log/batch.ts';
import type { Write } from '../log/writer.ts';

const MAX_FIELDS = 256;
const MAX_NAME_LENGTH = 64;
/** As JSON writes it, between its quotes. */
const MAX_VALUE_BYTES = 4096;
const QUOTES_LENGTH = 2;
/** 9999-12-31T23:59:59.999Z */
const MAX_TIME = 253_402_300_799_999;

/** Read here and not by z.record, which leaves out a member called __proto__. */
function isFields(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const fields = Object.entries(value);
  const isField = ([name, text]: [string, unknown]): boolean =>
    name !== '' &&
    name.length <= MAX_NAME_LENGTH &&
    typeof text === 'string' &&
    encodeCanonicalJson(text).length <= MAX_VALUE_BYTES + QUOTES_LENGTH;
  return fields.length <= MAX_FIELDS && fields.every(isField);
}

const TIME = z.number().int().min(0).max(MAX_TIME);
const FILES = z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(64);

export const ISSUE_REQUEST = z
  .strictObject({
    type: z.string().regex(/^[0-9A-Z]{21}$/),
    /** For a newer version (延续) of a licence that the log's former owner issued: the code in its identifier. */
    issuer: z
      .string()
      .regex(/^[0-9A-Z]{18}$/)
      .optional(),
    serial: z.string().regex(/^(?=.*[0-9A-Z])[0-9A-Z_]{1,32}$/),
    version: z.number().int().min(1).max(999),
    validFrom: TIME,
    /** Null: no end (长期). */
    validTo: TIME.nullable(),
    fields: z.custom<Readonly<Record<string, string>>>(isFields),
    /** SM3 of each file. */
    files: FILES.refine((files) => new Set(files).size === files.length),
  })
  .refine(({ validFrom, validTo }) => validTo === null || validFrom <= validTo, { path: ['validTo'] });
export type IssueRequest = z.infer<typeof ISSUE_REQUEST>;

export interface Issuer {
  readonly origin: Origin;
  /** Unified social credit code of the log's authority. */
  readonly code: string;
  readonly documentSigner: Signer;
  /** Names of fields that are not personal, by licence type. */
  readonly publicFields: Readonly<Record<string, readonly string[]>>;
}

/** Signs the document. What the log says is decided when its turn comes: `plan` refuses with CONFLICT. */
export async function prepareIssue(issuer: Issuer, request: IssueRequest): Promise<Omit<Write, 'request'>> {
  const { type, serial, version } = request;
  const text = formatLicenceIdentifier({ type, issuer: request.issuer ?? issuer.code, serial, version });
  const identifier = parseLicenceIdentifier(text);
  const disclosures = Object.entries(request.fields).map(([name, value]) => ({ salt: randomBytes(32), name, value }));
  const files = request.files.map((file) => hashFromHex(file));
  const payload = payloadOf(issuer.origin, identifier, request, disclosures, files);
  const licence = await signLicence(issuer.documentSigner, payload);
  const isPublic = ({ name }: Disclosure): boolean => issuer.publicFields[type]?.includes(name) === true;
  const covers = files.map((file) => coverDraft(file, licence, disclosures.filter(isPublic)));
  const said: JsonObject = {
    identifier: text,
    licence: formatEnvelope(licence),
    disclosures: disclosures.map(formatDisclosure),
  };
  const h = publicLicenceSecret(logIdOf(issuer.origin), identifier.family);
  const issue: Draft = { kind: 'issue', h, nonce: payload.salt, body: licence.payload };
  const plan = (log: Histories): readonly Draft[] => {
    const isBegun = requireNext(log, h, version);
    if (!isBegun && identifier.issuer !== issuer.code) throw notFound('this log knows no such licence of another issuer');
    return [issue, ...covers];
  };
  return { entryCount: 1 + covers.length, plan, said };
}

function payloadOf(
  origin: Origin,
  identifier: LicenceIdentifier,
  { validFrom, validTo }: IssueRequest,
  disclosures: readonly Disclosure[],
  files: readonly Hash[],
): LicencePayload {
  const fields = sortDigests(disclosures.map(fieldDigest));
  return { origin, identifier, validFrom, validTo, fields, files: sortDigests(files), salt: asHash(randomBytes(32)) };
}

async function signLicence(signer: Signer, payload: LicencePayload): Promise<Envelope> {
  const bytes = encodeLicencePayload(payload);
  // Nothing is signed that its readers would refuse.
  parseLicencePayload(bytes);
  return { payload: bytes, signatures: [{ keyId: signer.keyId, signature: await signer.sign(licenceSignedBytes(bytes)) }] };
}

function coverDraft(file: Hash, licence: Envelope, disclosures: readonly Disclosure[]): Draft {
  const body = encodeCover({ file, licence, disclosures, vrfProof: null, copy: null });
  parseCover(body);
  return { kind: 'file', h: fileSecret(file), nonce: randomBytes(32), body };
}

/**
 * The first version that this log records may be any: earlier ones can stand elsewhere. Then one after the other. True when there was
 * one before. Throws CONFLICT.
 */
function requireNext(log: Histories, h: HistorySecret, version: number): boolean {
  const said = log.history(h);
  if (said.length === 0) return false;
  if (statusOf([...said.map(({ kind }) => kind), 'issue']).outcome === 'unknown') throw conflict('the licence has ended');
  const last = lastVersion(said);
  if (version !== last + 1) throw conflict('the version does not follow the last one', { lastVersion: last });
  return true;
}

/** Of a history with an issue in it. */
export function lastVersion(said: readonly SaidEntry[]): number {
  const issue = said.findLast(({ kind }) => kind === 'issue');
  invariant(issue !== undefined, 'a licence history begins with an issue');
  return parseLicencePayload(issue.open().body).identifier.version;
}
