/**
 * What an accessor's agent answers beside the calls themselves.
 *
 *     POST /v1/requests   {"method","path":"/to/…","body":base64?,"operatorKey":130 hex|null}, with the caller's headers (caller-header.ts)
 *                         →  201 {"requestDigest","payload":base64,"signedBytes":base64}: to be signed by the operator, or sealed; then the
 *                            call itself with `Veritrail-Prepared: <requestDigest>` and `Veritrail-Operator-Signature: <128 hex>`
 *     GET  /v1/records/{digest}  ·  GET /v1/records?from&to   (role reader)    the accessor's record (records.ts); NDJSON for many
 */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { decodeBase64, decodeHex, encodeBase64 } from '../../core/bytes/bytes.ts';
import { malformed, notFound } from '../../core/bytes/error.ts';
import { requestSignedBytes } from '../../core/access/request.ts';
import { parsePublicKey, PUBLIC_KEY_LENGTH } from '../../core/sm/sm2.ts';
import { readJson, sendLines } from '../../service/body.ts';
import { type Route, sendJson } from '../../service/http.ts';
import { requireRole, type Tokens } from '../../service/token.ts';
import type { AccessAgent } from './access.ts';
import { requireLocalProgram } from './custody.ts';
import { parseDigest, type Records } from './records.ts';

export const ROLES = ['reader'] as const;

const PREPARE = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']),
  path: z.string().max(8192),
  body: z.base64().optional(),
  operatorKey: z
    .string()
    .regex(/^[0-9a-f]{130}$/)
    .nullable(),
});

export interface AccessRouteOptions {
  readonly agent: AccessAgent;
  readonly records: Records;
  readonly tokens: Tokens;
  readonly maxBodyBytes: number;
}

export function accessRoutes({ agent, records, tokens, maxBodyBytes }: AccessRouteOptions): Route[] {
  const prepare = async (request: Request, response: Response): Promise<void> => {
    requireLocalProgram(request);
    const { method, path, body, operatorKey } = await readJson(request, PREPARE, 2 * maxBodyBytes + 16_384);
    const key = operatorKey === null ? null : parsePublicKey(decodeHex(operatorKey, PUBLIC_KEY_LENGTH));
    const query = { method, target: path, body: body === undefined ? new Uint8Array() : decodeBase64(body) };
    const { requestDigest, payload } = agent.prepareFor(request.headers, query, key);
    const signedBytes = encodeBase64(requestSignedBytes(payload));
    sendJson(response, { requestDigest, payload: encodeBase64(payload), signedBytes }, 201);
  };
  const one = async (request: Request, response: Response): Promise<void> => {
    const record = await records.find(parseDigest(String(request.params['digest'])));
    if (record === undefined) throw notFound('there is no record of this request');
    sendJson(response, record);
  };
  const many = async (request: Request, response: Response): Promise<void> => {
    await sendLines(request, response, records.range(timeOf(request, 'from', 0), timeOf(request, 'to', Number.MAX_SAFE_INTEGER)));
  };
  const guards = [requireRole(tokens, 'reader')];
  return [
    { method: 'POST', path: '/v1/requests', handle: prepare },
    { method: 'GET', path: '/v1/records/:digest', guards, handle: one },
    { method: 'GET', path: '/v1/records', guards, handle: many },
  ];
}

function timeOf(request: Request, name: string, otherwise: number): number {
  const text = request.query[name];
  if (text === undefined) return otherwise;
  if (typeof text !== 'string' || !/^[0-9]{1,15}$/.test(text)) throw malformed(`${name} is a time in ms`);
  return Number(text);
}
