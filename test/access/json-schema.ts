/** As much of JSON Schema 2020-12 as docs/schema/ uses. A keyword that is not known here is an error, not a pass. */
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';

const SAYS_NOTHING = new Set(['$schema', '$id', 'title', 'description']);

const typeOf = (value: JsonValue): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);
const isObject = (value: JsonValue): value is JsonObject => typeOf(value) === 'object';
const isOfType = (value: JsonValue, type: string): boolean =>
  type === 'integer' ? Number.isInteger(value) : typeOf(value) === type;

type Keyword = (value: JsonValue, argument: JsonValue, schema: JsonObject) => boolean;

const KEYWORDS: Readonly<Record<string, Keyword>> = {
  type: (value, types) => [types].flat().some((type) => isOfType(value, type as string)),
  const: (value, constant) => value === constant,
  enum: (value, choices) => (choices as JsonValue[]).includes(value),
  pattern: (value, pattern) => typeof value !== 'string' || new RegExp(pattern as string, 'u').test(value),
  maxLength: (value, max) => typeof value !== 'string' || Array.from(value).length <= (max as number),
  minimum: (value, min) => typeof value !== 'number' || value >= (min as number),
  maximum: (value, max) => typeof value !== 'number' || value <= (max as number),
  maxItems: (value, max) => !Array.isArray(value) || value.length <= (max as number),
  items: (value, schema) => !Array.isArray(value) || value.every((item: JsonValue) => isValid(item, schema as JsonObject)),
  required: (value, names) => !isObject(value) || (names as string[]).every((name) => Object.hasOwn(value, name)),
  properties: (value, schemas) =>
    !isObject(value) ||
    Object.entries(schemas as JsonObject).every(
      ([name, s]) => !Object.hasOwn(value, name) || isValid(value[name]!, s as JsonObject),
    ),
  additionalProperties: (value, _, schema) =>
    !isObject(value) || Object.keys(value).every((name) => Object.hasOwn(schema['properties'] as JsonObject, name)),
  anyOf: (value, schemas) => (schemas as JsonObject[]).some((schema) => isValid(value, schema)),
  allOf: (value, schemas) => (schemas as JsonObject[]).every((schema) => isValid(value, schema)),
  not: (value, schema) => !isValid(value, schema as JsonObject),
};

export function isValid(value: JsonValue, schema: JsonObject): boolean {
  return Object.entries(schema).every(([name, argument]) => {
    if (SAYS_NOTHING.has(name)) return true;
    const keyword = KEYWORDS[name];
    if (keyword === undefined) throw new Error(`a schema uses ${name}`);
    return keyword(value, argument, schema);
  });
}
