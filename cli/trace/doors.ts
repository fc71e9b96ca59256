/**
 * Where an auditor's desk finds custodians and a verifier, and how they are asked. JSON:
 *
 *     {"requestKey":PATH,"passphraseFile":PATH|null,"verifier":URL,"nodes":[{"origin","url","tokenFile":PATH}],"system":text,"terminal":text}
 *
 * Paths are taken from the folder of the config. A token file is one of a node, `{"desk":token,…}`, or holds the token alone.
 */
import { dirname, resolve } from 'node:path';
import type { LogFact } from '../../core/authority/registry.ts';
import { isCodedError, malformed, unavailable } from '../../core/bytes/error.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { type JsonFields, readFields } from '../../core/bytes/json-fields.ts';
import { readPlainText } from '../../core/bytes/plain-text.ts';
import { type CaseAnswer, MAX_CASE_ANSWER_BYTES, parseCaseAnswer } from '../../core/trace/case-answer.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { caseCallOf, type CaseQuestion } from '../../core/trace/query.ts';
import { fetchBytes } from '../../service/call/client.ts';
import { readToken } from '../../service/token.ts';
import { readJsonInput } from '../command.ts';

const TIMEOUT_MS = 60_000;
const MAX_NODES = 10_000;

interface NodePlace {
  readonly origin: string;
  readonly url: string;
  readonly tokenFile: string;
}

export interface DeskConfig {
  readonly requestKey: string;
  readonly passphraseFile: string | null;
  readonly verifier: string;
  readonly nodes: readonly NodePlace[];
  readonly system: string;
  readonly terminal: string;
}

/** Throws NOT_FOUND, MALFORMED. */
export async function readDeskConfig(path: string): Promise<DeskConfig> {
  const from = (name: string): string => resolve(dirname(path), name);
  return readFields(await readJsonInput(path), 'desk config', (fields) => ({
    requestKey: from(fields.string('requestKey')),
    passphraseFile: fields.nullable('passphraseFile', () => from(fields.string('passphraseFile'))),
    verifier: readUrl(fields, 'verifier'),
    nodes: fields.array('nodes', MAX_NODES, (item, at) =>
      readFields(item, at, (f) => ({
        origin: f.string('origin', 128),
        url: readUrl(f, 'url'),
        tokenFile: from(f.string('tokenFile')),
      })),
    ),
    system: readPlainText(fields, 'system', 128),
    terminal: readPlainText(fields, 'terminal', 128),
  }));
}

/** Tokens and numbers go over it: plain HTTP stays on this machine. */
function readUrl(fields: JsonFields, name: string): string {
  const url = fields.string(name).replace(/\/$/, '');
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const isLocal = parsed !== null && /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(parsed.hostname);
  if (parsed?.protocol !== 'https:' && !(parsed?.protocol === 'http:' && isLocal))
    throw malformed(`desk config: ${name} is to be https, or http on this machine`);
  return url;
}

/** Throws UNAVAILABLE for an answer that cannot be read. */
export async function askCustodian(
  { nodes }: DeskConfig,
  log: LogFact,
  question: CaseQuestion,
  at: CheckpointName | null,
): Promise<CaseAnswer> {
  const node = nodes.find(({ origin }) => origin === log.origin);
  if (node === undefined) throw unavailable(`the desk knows no way to ${log.origin}`);
  const { path, body, headers } = caseCallOf({ ...question, at }, await readToken(node.tokenFile, 'desk'));
  const caps = { timeoutMs: TIMEOUT_MS, maxBytes: MAX_CASE_ANSWER_BYTES };
  const bytes = await fetchBytes(`${node.url}${path}`, { method: 'POST', body, headers, ...caps });
  try {
    return parseCaseAnswer(parseJson(bytes, { maxBytes: MAX_CASE_ANSWER_BYTES }), question.query.kind);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) throw unavailable(`the answer of ${log.origin} cannot be read: ${error.message}`);
    throw error;
  }
}
