/**
 * What departments ask the node to write. Every write names its role by a bearer token and itself by an Idempotency-Key: sent
 * again it gets the same answer, whatever happened in between.
 */
import type { Request, Response } from 'express';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseIdempotencyKey, readJson } from '../../service/body.ts';
import { type Route, sendBytes, sendJson } from '../../service/http.ts';
import { requireRole, type Tokens } from '../../service/token.ts';
import type { AnchorLoop } from '../anchor.ts';
import { type Answers, identifyRequest } from '../log/answers.ts';
import type { LogWriter, Write } from '../log/writer.ts';
import { ACT_KINDS, ACT_REQUEST, type ActKind, prepareAct } from './act.ts';
import { ISSUE_REQUEST, type Issuer, prepareIssue } from './issue.ts';

export interface WriteOptions {
  readonly tokens: Tokens;
  readonly answers: Answers;
  readonly writer: LogWriter;
  /** Throws UNAVAILABLE until the registry was read. */
  readonly issuer: () => Issuer;
  /** Resolves when an issue of the type may be recorded. Throws FORBIDDEN, UNAVAILABLE. */
  readonly permit: (licenceType: string) => Promise<void>;
}

const MAX_ISSUE_BYTES = 128 << 10;
const MAX_ACT_BYTES = 16 << 10;
const ISSUE_PATH = '/v1/licences';

export function writeRoutes(options: WriteOptions): Route[] {
  const { tokens } = options;
  const asIssuer = [requireRole(tokens, 'issuer')];
  const issue: Route = { method: 'POST', path: ISSUE_PATH, guards: asIssuer, handle: (...call) => handleIssue(options, ...call) };
  const acts = ACT_KINDS.map((kind): Route => ({
    method: 'POST',
    path: `${ISSUE_PATH}/${kind}`,
    guards: asIssuer,
    handle: (...call) => handleAct(options, kind, ...call),
  }));
  return [issue, ...acts];
}

/** Of a log of any class. */
export function anchorRoute(anchorLoop: AnchorLoop, tokens: Tokens): Route {
  return {
    method: 'POST',
    path: '/v1/anchor',
    guards: [requireRole(tokens, 'operator')],
    handle: async (_request, response) => {
      const { note, anchor: found } = await anchorLoop.anchor();
      const { number, hash, at } = found.block;
      sendJson(response, { checkpoint: note, blockNumber: number, blockHash: encodeHex(hash), anchoredAt: at });
    },
  };
}

async function handleIssue(options: WriteOptions, request: Request, response: Response): Promise<void> {
  const key = parseIdempotencyKey(request);
  const { issuer, ...rest } = await readJson(request, ISSUE_REQUEST, MAX_ISSUE_BYTES);
  const body = issuer === undefined ? rest : { ...rest, issuer };
  const prepare = async (): Promise<Omit<Write, 'request'>> => {
    await options.permit(body.type);
    return prepareIssue(options.issuer(), body);
  };
  await writeOnce(options, response, { key, route: ISSUE_PATH, body }, prepare);
}

async function handleAct(options: WriteOptions, kind: ActKind, request: Request, response: Response): Promise<void> {
  const key = parseIdempotencyKey(request);
  const body = await readJson(request, ACT_REQUEST, MAX_ACT_BYTES);
  const prepare = async (): Promise<Omit<Write, 'request'>> => prepareAct(options.issuer(), kind, body);
  await writeOnce(options, response, { key, route: `${ISSUE_PATH}/${kind}`, body }, prepare);
}

async function writeOnce(
  { answers, writer }: WriteOptions,
  response: Response,
  sent: { readonly key: string; readonly route: string; readonly body: JsonObject },
  prepare: () => Promise<Omit<Write, 'request'>>,
): Promise<void> {
  const request = identifyRequest(sent.key, sent.route, sent.body);
  const answer = await answers.once(request, async () => {
    const known = answers.find(request);
    if (known !== undefined) return writer.finish(known);
    return writer.submit({ request, ...(await prepare()) });
  });
  sendBytes(response, answer, 'application/json', 201);
}
