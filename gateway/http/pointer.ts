/**
 * Places in JSON, as in `/persons/0/idNumber`, where `*` instead of the 0 stands for every item of an array or member of an object. A
 * document is walked once for all places together, and what no place covers is told as well: a gateway that passes on what nobody
 * declared would log too little.
 */
import type { JsonObject, JsonValue } from '../../core/bytes/json.ts';

export interface Place<Meaning> {
  readonly segments: readonly string[];
  readonly meaning: Meaning;
}

export function placeOf<Meaning>(pointer: string, meaning: Meaning): Place<Meaning> {
  return { segments: pointer === '' ? [] : pointer.slice(1).split('/'), meaning };
}

export interface Walk<Meaning> {
  /** For each place that is there, with what stands there. */
  readonly found: (meaning: Meaning, value: JsonValue) => void;
  /** For a value that is covered by no place, once. */
  readonly uncovered: () => void;
}

export function walkPlaces<Meaning>(document: JsonValue, places: readonly Place<Meaning>[], walk: Walk<Meaning>): void {
  visit(document, places, 0, false, walk);
}

function visit<Meaning>(
  value: JsonValue,
  places: readonly Place<Meaning>[],
  depth: number,
  isCovered: boolean,
  walk: Walk<Meaning>,
): void {
  let covered = isCovered;
  for (const { segments, meaning } of places) {
    if (segments.length !== depth) continue;
    walk.found(meaning, value);
    covered = true;
  }
  const deeper = places.filter(({ segments }) => segments.length > depth);
  if (covered && deeper.length === 0) return;
  if (value === null || typeof value !== 'object') {
    if (!covered && value !== null) walk.uncovered();
    return;
  }
  for (const [name, member] of membersOf(value)) {
    const next = deeper.filter(({ segments }) => segments[depth] === '*' || segments[depth] === name);
    visit(member, next, depth + 1, covered, walk);
  }
}

/** An item of an array has no name: only `*` reaches it. */
function membersOf(value: readonly JsonValue[] | JsonObject): readonly (readonly [string | null, JsonValue])[] {
  if (Array.isArray(value)) return value.map((item: JsonValue) => [null, item] as const);
  return Object.entries(value as JsonObject);
}

export function valuesAt(document: JsonValue, pointer: string): JsonValue[] {
  const values: JsonValue[] = [];
  walkPlaces(document, [placeOf(pointer, null)], { found: (_, value) => values.push(value), uncovered: () => {} });
  return values;
}
