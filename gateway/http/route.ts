/**
 * Which route a call takes, and whom it names. The client writes the target: path and query are taken apart, and the upstream's are put
 * together anew from the parts, so that what was matched and what is asked for cannot differ.
 */
import { isCodedError } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import type { Query } from '../query.ts';
import { SubjectSet } from '../subject-set.ts';
import type { RouteConfig } from './config.ts';
import { AccessRefusal, type Reason } from './refusal.ts';
import { valuesAt } from './pointer.ts';

/** A call as it came. */
export interface GivenCall extends Query {
  readonly contentType: string | null;
}

export interface Plan {
  readonly route: RouteConfig;
  readonly upstreamUrl: string;
  readonly contentType: string | null;
  readonly subjects: readonly CanonicalNumber[];
}

/** The subjects are told also where the plan is refused, as far as they could be read. */
export type Planned =
  | { readonly plan: Plan; readonly subjects: readonly CanonicalNumber[]; readonly route: string }
  | { readonly refusal: AccessRefusal; readonly subjects: readonly CanonicalNumber[]; readonly route: string };

type Parameters = Readonly<Record<string, string>>;

/** RFC 3986 pchar, without what separates. */
const SEGMENT = /^(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})+$/;
const PARAMETER = /^(?:[A-Za-z0-9._~!$'()*,;:@/?-]|%[0-9A-F]{2})*$/;
const MAX_TARGET = 8192;

function decoded(text: string, shape: RegExp): string {
  if (!shape.test(text)) throw new AccessRefusal('BAD_TARGET');
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AccessRefusal('BAD_TARGET');
  }
}

/** Dots and slashes in a parameter would be read as path by whoever is behind. */
function segmentValue(text: string): string {
  const value = decoded(text, SEGMENT);
  if (value === '.' || value === '..' || /[/\\\u0000-\u001f\u007f]/.test(value)) throw new AccessRefusal('BAD_TARGET');
  return value;
}

interface Match {
  readonly route: RouteConfig;
  readonly path: Parameters;
}

function matchSegments(pattern: readonly string[], segments: readonly string[]): Parameters | null {
  if (pattern.length !== segments.length) return null;
  const found: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const value = segments[i]!;
    if (part.startsWith('{')) found[part.slice(1, -1)] = value;
    else if (part !== value) return null;
  }
  return found;
}

export class Routes {
  readonly #routes: readonly { readonly config: RouteConfig; readonly pattern: readonly string[] }[];

  constructor(routes: readonly RouteConfig[]) {
    this.#routes = routes.map((config) => ({ config, pattern: config.path.slice(1).split('/') }));
  }

  plan(call: GivenCall): Planned {
    const subjects = new SubjectSet();
    let route = 'none';
    const refuse = (reason: Reason): never => {
      throw new AccessRefusal(reason);
    };
    try {
      const mark = call.target.indexOf('?');
      const path = mark === -1 ? call.target : call.target.slice(0, mark);
      if (!path.startsWith('/') || call.target.length > MAX_TARGET) refuse('BAD_TARGET');
      const match = this.#find(call.method, path.slice(1).split('/').map(segmentValue));
      route = match.route.name;
      const query = readQuery(match.route, mark === -1 ? null : call.target.slice(mark + 1));
      const body = readBody(match.route, call);
      const isWhole = readSubjects(match.route, { path: match.path, query, body }, subjects);
      if (!isWhole) refuse('BAD_SUBJECT');
      if (match.route.needs.includes('subject') && subjects.size === 0) refuse('NO_SUBJECT');
      const upstreamUrl = formatUpstream(match, query);
      return {
        plan: { route: match.route, upstreamUrl, contentType: call.contentType, subjects: subjects.list },
        subjects: subjects.list,
        route,
      };
    } catch (error) {
      if (!(error instanceof AccessRefusal)) throw error;
      return { refusal: error, subjects: subjects.list, route };
    }
  }

  #find(method: string, segments: readonly string[]): Match {
    for (const { config, pattern } of this.#routes) {
      const path = config.method === method ? matchSegments(pattern, segments) : null;
      if (path !== null) return { route: config, path };
    }
    throw new AccessRefusal('NO_ROUTE');
  }
}

function readQuery(route: RouteConfig, text: string | null): Parameters {
  const query: Record<string, string> = {};
  if (text === null) return query;
  for (const pair of text.split('&')) {
    const mark = pair.indexOf('=');
    const name = pair.slice(0, mark);
    if (mark < 1 || !route.query.includes(name) || Object.hasOwn(query, name)) throw new AccessRefusal('BAD_TARGET');
    query[name] = decoded(pair.slice(mark + 1), PARAMETER);
  }
  return query;
}

const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
const ANY_TYPE = /^[\x20-\x7e]{1,128}$/;

/** The JSON of a body, where the route takes JSON. */
function readBody(route: RouteConfig, { body, contentType }: GivenCall): JsonValue {
  switch (route.body) {
    case 'none':
      if (body.length > 0) throw new AccessRefusal('BAD_TARGET');
      return null;
    case 'opaque':
      if (contentType === null || !ANY_TYPE.test(contentType)) throw new AccessRefusal('BAD_TARGET');
      return null;
    case 'json':
      if (contentType === null || !JSON_TYPE.test(contentType)) throw new AccessRefusal('BAD_TARGET');
      try {
        return parseJson(body, { maxBytes: body.length });
      } catch (error) {
        if (isCodedError(error)) throw new AccessRefusal('BAD_TARGET');
        throw error;
      }
  }
}

interface Places {
  readonly path: Parameters;
  readonly query: Parameters;
  readonly body: JsonValue;
}

/** False when a value stands where a number should and is none. An absent one is no mistake. */
function readSubjects(route: RouteConfig, places: Places, subjects: SubjectSet): boolean {
  let isWhole = true;
  for (const { class: name, at } of route.subjects) {
    for (const value of valuesFor(at, places)) {
      if (value === null || value === undefined) continue;
      try {
        if (typeof value !== 'string') isWhole = false;
        else subjects.add(normaliseNumber(NUMBER_CLASSES[name], value));
      } catch (error) {
        if (!isCodedError(error, 'MALFORMED')) throw error;
        isWhole = false;
      }
    }
  }
  return isWhole;
}

function valuesFor(at: string, { path, query, body }: Places): readonly (JsonValue | undefined)[] {
  const mark = at.indexOf(':');
  const [place, name] = [at.slice(0, mark), at.slice(mark + 1)];
  if (place === 'body') return valuesAt(body, name);
  const parameters = place === 'path' ? path : query;
  return [Object.hasOwn(parameters, name) ? parameters[name] : undefined];
}

function formatUpstream({ route, path }: Match, query: Parameters): string {
  const segments = route.path
    .slice(1)
    .split('/')
    .map((part) => (part.startsWith('{') ? encodeURIComponent(path[part.slice(1, -1)]!) : part));
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${route.upstream}/${segments.join('/')}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}
