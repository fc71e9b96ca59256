/** GET /openapi.json: the interface described (OpenAPI 3.1), from the table of routes and the shapes that parse and test it. */
import { z } from 'zod';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { sendBytes } from '../../service/http.ts';
import type { BodyShape, DescribedHotRoute, DescribedRoute, RouteDescription } from './route.ts';
import { HASH, PROBLEM } from './shape.ts';

interface Documented {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly description: RouteDescription;
}

type JsonSchema = Readonly<Record<string, unknown>>;

const HEALTH = z.looseObject({});
/** Served by service/health.ts. */
const HEALTH_ROUTES: readonly Documented[] = [
  ['/livez', 'The program answers', { type: 'application/json', schema: HEALTH }] as const,
  ['/readyz', 'The chain is read and the index usable; 503 when not', { type: 'application/json', schema: HEALTH }] as const,
  ['/metrics', 'Counters in the Prometheus text format', { type: 'text/plain', schema: null }] as const,
].map(([path, summary, answer]) => ({ method: 'GET', path, description: { summary, answer } }));

function schemaOf(schema: z.ZodType): JsonSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema) as Record<string, unknown>;
  return rest;
}

function contentOf({ type, schema }: BodyShape): JsonSchema {
  if (schema !== null) return { [type]: { schema: schemaOf(schema) } };
  return { [type]: { schema: type === 'text/plain' ? { type: 'string' } : {} } };
}

function parametersOf({ path, description }: Documented): JsonSchema[] {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: name === 'logId' ? schemaOf(HASH) : { type: 'string' },
  }));
  const inQuery = Object.entries(description.query ?? {}).map(([name, need]) => ({
    name,
    in: 'query',
    required: need === 'required',
    schema: { type: 'integer', minimum: 0 },
  }));
  return [...inPath, ...inQuery];
}

function operationOf(route: Documented): JsonSchema {
  const { summary, bodies, answer } = route.description;
  const content = Object.assign({}, ...(bodies ?? []).map(contentOf)) as JsonSchema;
  return {
    summary,
    parameters: parametersOf(route),
    ...(bodies && { requestBody: { required: true, content } }),
    responses: {
      '200': { description: 'The answer', content: contentOf(answer) },
      default: { description: 'A problem (RFC 9457)', content: { 'application/problem+json': { schema: schemaOf(PROBLEM) } } },
    },
  };
}

function describeApi(routes: readonly Documented[]): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of [...routes, ...HEALTH_ROUTES]) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route);
  }
  return { openapi: '3.1.0', info: { title: 'Veritrail 证迹 verifier', version: '1' }, paths };
}

/** Describes itself as well. */
export function openApiRoute(routes: readonly (DescribedRoute | DescribedHotRoute)[]): DescribedRoute {
  const own: Documented = {
    method: 'GET',
    path: '/openapi.json',
    description: { summary: 'This description', answer: { type: 'application/json', schema: z.looseObject({}) } },
  };
  const bytes = encodeUtf8(JSON.stringify(describeApi([...routes, own])));
  return { ...own, handle: (_request, response) => sendBytes(response, bytes, 'application/json') };
}
