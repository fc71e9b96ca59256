/** Where a department's own node is and what lets its officers write there: named by hand, or found in what a running start wrote. */
import { join } from 'node:path';
import { isCodedError, malformed } from '../core/bytes/error.ts';
import { type JsonObject, type JsonValue, parseJson } from '../core/bytes/json.ts';
import { readPrivateFile } from '../service/durable-file.ts';
import { type CommonOptions, readJsonInput } from './command.ts';
import { exchange } from './reader.ts';

export interface NodeOptions extends CommonOptions {
  readonly node?: string;
  readonly tokens?: string;
  readonly idempotencyKey?: string;
}

export interface NodePlace {
  readonly url: string;
  /** Of the running start, if that is where the node was found. */
  readonly verifier: string | null;
  /** By role. */
  readonly tokens: Readonly<Record<string, string>>;
}

interface RunningNode {
  readonly origin: string;
  readonly role: string;
  readonly url: string;
  readonly tokens: string;
}

const MAX_TOKENS_BYTES = 1 << 16;

/** `isMeant`: which of a running start's nodes, where none is named. Throws MALFORMED when it is not said where. */
export async function findNode(options: NodeOptions, isMeant: (node: RunningNode) => boolean): Promise<NodePlace> {
  const { node, tokens } = options;
  const running = node === undefined || tokens === undefined ? await readRunning(options.data, isMeant) : null;
  return {
    url: (node ?? running!.node.url).replace(/\/$/, ''),
    verifier: running?.verifier ?? null,
    tokens: parseJson(await readPrivateFile(tokens ?? running!.node.tokens, MAX_TOKENS_BYTES)) as Record<string, string>,
  };
}

async function readRunning(
  data: string,
  isMeant: (node: RunningNode) => boolean,
): Promise<{ readonly node: RunningNode; readonly verifier: string }> {
  const value = await readJsonInput(join(data, 'running.json')).catch((error: unknown) => {
    if (isCodedError(error, 'NOT_FOUND'))
      throw malformed('name the node (--node) and its tokens (--tokens), or --data of a running start');
    throw error;
  });
  const { verifier, nodes } = value as unknown as { verifier: string; nodes: RunningNode[] };
  const [node, ...others] = nodes.filter(isMeant);
  if (node === undefined || others.length > 0) throw malformed('running.json names no such node, or several');
  return { node, verifier };
}

export interface NodeWrite {
  readonly role: string;
  readonly path: string;
  readonly body: JsonObject;
  readonly idempotencyKey: string;
}

/** Throws the code of the node's refusal, with its facts. */
export async function writeAt({ url, tokens }: NodePlace, { role, path, body, idempotencyKey }: NodeWrite): Promise<JsonValue> {
  const headers = { authorization: `Bearer ${tokens[role] ?? ''}`, 'idempotency-key': idempotencyKey };
  return exchange(url, path, { body, headers });
}
