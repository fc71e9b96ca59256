/** A route with its description: whatever is served is in /openapi.json, because both come from one table. */
import type { Request } from 'express';
import type { z } from 'zod';
import { malformed } from '../../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import type { HotRoute, Route } from '../../service/http.ts';

export interface BodyShape {
  readonly type: 'application/json' | 'application/octet-stream' | 'application/x-ndjson' | 'text/plain';
  /** Of the JSON, or of each line of it; null for bytes and text. */
  readonly schema: z.ZodType | null;
}

export interface RouteDescription {
  readonly summary: string;
  /** Members of the query, all whole numbers, and whether each must be there. */
  readonly query?: Readonly<Record<string, 'required' | 'optional'>>;
  /** One of these. */
  readonly bodies?: readonly BodyShape[];
  readonly answer: BodyShape;
}

interface Described {
  readonly description: RouteDescription;
}

export type DescribedRoute = Route & Described;
export type DescribedHotRoute = HotRoute & Described;

export function jsonOf(schema: z.ZodType): BodyShape {
  return { type: 'application/json', schema };
}

/** The log id in the path. Throws MALFORMED. */
export function readLogId(request: Request): Hash {
  return hashFromHex(request.params['logId'] as string);
}

/** The query's whole numbers by name. Throws MALFORMED for one that is missing, unknown, given twice or in another spelling. */
export function readQuery(request: Request, names: NonNullable<RouteDescription['query']>): Readonly<Record<string, number>> {
  const given = Object.entries(request.query);
  if (given.some(([name]) => !Object.hasOwn(names, name))) throw malformed('the query has unknown members');
  const numbers = given.map(([name, text]): [string, number] => {
    const value = typeof text === 'string' && /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : Number.NaN;
    if (!Number.isSafeInteger(value)) throw malformed(`the query: ${name} is not a whole number`);
    return [name, value];
  });
  const read = Object.fromEntries(numbers);
  const missing = Object.entries(names).find(([name, need]) => need === 'required' && !Object.hasOwn(read, name));
  if (missing !== undefined) throw malformed(`the query: ${missing[0]} is missing`);
  return read;
}
