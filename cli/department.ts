/**
 * What a department does from the command line: issue and revoke through its own node. Files are hashed here and never leave this
 * machine. With `--data` of a running embedded default, addresses and tokens are found there.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { encodeHex, encodeUtf8 } from '../core/bytes/bytes.ts';
import { malformed, unavailable } from '../core/bytes/error.ts';
import type { Hash } from '../core/bytes/hash.ts';
import type { JsonObject, JsonValue } from '../core/bytes/json.ts';
import { JsonFields } from '../core/bytes/json-fields.ts';
import { formatLicenceDocument, parseLicence } from '../core/licence/document.ts';
import { parseDisclosure } from '../core/licence/disclosure.ts';
import { sm3 } from '../core/sm/sm3.ts';
import { gather } from '../core/verify/gather.ts';
import type { ReasonCode, Verdict } from '../core/verify/verdict.ts';
import { verify } from '../core/verify/verify.ts';
import { replaceFileDurably } from '../service/durable-file.ts';
import { type CommonOptions, parseInstant, print, readInput } from './command.ts';
import { findNode, type NodeOptions, type NodePlace, writeAt } from './node-place.ts';
import { fetchTrust, liveChainOf, lookUpAt, TrustMemory } from './reader.ts';

export interface DepartmentOptions extends NodeOptions {
  readonly wait: boolean;
  readonly verifier?: string;
}

export interface IssueOptions extends DepartmentOptions {
  readonly type: string;
  readonly serial: string;
  readonly licenceVersion: string;
  readonly validFrom: string;
  readonly validTo?: string;
  readonly field: readonly string[];
  readonly file: readonly string[];
  readonly out?: string;
}

export interface RevokeOptions extends DepartmentOptions {
  readonly kind: string;
  readonly reason: string;
  readonly legalBasis: string;
  readonly effectiveAt?: string;
  readonly file?: string;
}

/** Signing, mining, replaying and witnessing take a beat; a whole beat of the registry is minutes. */
const WAIT_MS = 300_000;
const POLL_MS = 1_000;
const NOT_YET: readonly ReasonCode[] = [
  'NOT_RECORDED',
  'PROVISIONAL',
  'UNWITNESSED',
  'CHAIN_UNREACHABLE',
  'NODE_UNREACHABLE',
  'OUT_OF_SCOPE',
  'KEY_RETIRED',
];

interface Department extends NodePlace {
  /** To wait for. */
  readonly verifier: string | null;
}

async function findDepartment(options: DepartmentOptions): Promise<Department> {
  const place = await findNode(options, ({ role }) => role === 'issuer');
  return { ...place, verifier: options.verifier ?? place.verifier };
}

function write(department: Department, path: string, body: JsonObject, idempotencyKey: string): Promise<JsonValue> {
  return writeAt(department, { role: 'issuer', path, body, idempotencyKey });
}

function parseField(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw malformed(`--field is NAME=VALUE: ${text}`);
  return [text.slice(0, at), text.slice(at + 1)];
}

async function digestOf(path: string): Promise<Hash> {
  return sm3(await readInput(path));
}

export async function issue(options: IssueOptions): Promise<number> {
  const department = await findDepartment(options);
  const files = await Promise.all(options.file.map(digestOf));
  const idempotencyKey = options.idempotencyKey ?? randomUUID();
  const body = {
    type: options.type,
    serial: options.serial,
    version: Number(options.licenceVersion),
    validFrom: parseInstant(options.validFrom),
    validTo: options.validTo === undefined ? null : parseInstant(options.validTo),
    fields: Object.fromEntries(options.field.map(parseField)),
    files: files.map(encodeHex),
  };
  const answer = await write(department, '/v1/licences', body, idempotencyKey);
  const fields = new JsonFields(answer, 'answer');
  const licence = parseLicence(fields.value('licence'));
  const disclosures = fields.array('disclosures', 256, parseDisclosure);
  const identifier = fields.string('identifier');
  if (options.out !== undefined) {
    await replaceFileDurably(
      options.out,
      encodeUtf8(`${JSON.stringify(formatLicenceDocument(licence, disclosures), null, 2)}\n`),
    );
  }
  const first = files[0];
  const verdict = options.wait && first !== undefined ? await waitFor(options, department, first, isSettled) : null;
  const result = { identifier, idempotencyKey, entries: fields.value('entries'), verdict: verdict?.verdict ?? null };
  print(options, result, [
    identifier,
    ...(verdict === null ? [] : [`${verdict.verdict} ${verdict.reasons.join(' ')}`.trimEnd()]),
  ]);
  return verdict === null || verdict.verdict === 'valid' ? 0 : 3;
}

export async function revoke(identifier: string, options: RevokeOptions): Promise<number> {
  const kind = ['revoke', 'annul', 'cancel'].find((one) => one === options.kind);
  if (kind === undefined) throw malformed('--kind is revoke (吊销), annul (撤销) or cancel (注销)');
  if (options.wait && options.file === undefined) throw malformed('--wait needs --file: a file of the licence to ask about');
  const department = await findDepartment(options);
  const idempotencyKey = options.idempotencyKey ?? randomUUID();
  const effectiveAt = options.effectiveAt === undefined ? Date.now() : parseInstant(options.effectiveAt);
  const body = { identifier, reason: options.reason, legalBasis: options.legalBasis, effectiveAt };
  const answer = await write(department, `/v1/licences/${kind}`, body, idempotencyKey);
  const verdict = options.wait ? await waitFor(options, department, await digestOf(options.file!), isAnchoredInvalid) : null;
  const entries = new JsonFields(answer, 'answer').value('entries');
  print(options, { identifier, idempotencyKey, entries, verdict: verdict?.verdict ?? null }, [
    `${kind} ${identifier}`,
    ...(verdict === null ? [] : [`${verdict.verdict} ${verdict.reasons.join(' ')}`.trimEnd()]),
  ]);
  return 0;
}

function isSettled(verdict: Verdict): boolean {
  return (
    verdict.verdict === 'valid' || (verdict.verdict === 'invalid' && !verdict.reasons.some((code) => NOT_YET.includes(code)))
  );
}

function isAnchoredInvalid(verdict: Verdict): boolean {
  return verdict.verdict === 'invalid' && verdict.anchor !== null;
}

/** Asks for an anchor where the token allows it, then asks the verifier until others can see what was written. */
async function waitFor(
  options: CommonOptions,
  department: Department,
  file: Hash,
  isDone: (verdict: Verdict) => boolean,
): Promise<Verdict> {
  const { verifier } = department;
  if (verifier === null) throw malformed('--wait needs a verifier (--verifier)');
  if (department.tokens['operator'] !== undefined) {
    const hurry = { role: 'operator', path: '/v1/anchor', body: {}, idempotencyKey: randomUUID() };
    // The node anchors by itself within a beat.
    await writeAt(department, hurry).catch(() => undefined);
  }
  const { trust } = await new TrustMemory(options.data).accept(await fetchTrust(verifier));
  for (const until = Date.now() + WAIT_MS; Date.now() < until; await pause(POLL_MS)) {
    const answer = await gather(lookUpAt(verifier), file);
    const live = await liveChainOf(verifier);
    const asked = { fileDigest: file, answeredDigest: file, answer, isCarried: false, licence: null, trust, live };
    const verdict = verify({ ...asked, evaluatedAt: Date.now(), at: null });
    if (isDone(verdict)) return verdict;
  }
  throw unavailable('the record is written, and others could not confirm it yet; ask again later');
}
