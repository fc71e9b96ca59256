/**
 * The data service's answer, in parts that are each one event: bytes, whom they are about, and which fields they hold. A small answer in
 * JSON is one part; streams are read a chunk at a time, and never more of them than two chunks is in memory.
 */
import type { IncomingMessage } from 'node:http';
import { isCodedError } from '../../core/bytes/error.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import type { DisclosedField } from '../../core/access/outcome.ts';
import { ByteSink } from '../../core/bytes/byte-sink.ts';
import { readPieces } from '../call.ts';
import { MAX_EVENT_SUBJECTS } from '../event.ts';
import type { AnswerHead } from '../frame.ts';
import { SubjectSet } from '../subject-set.ts';
import type { AnswerConfig, RouteConfig } from './config.ts';
import { gather, withLast } from './chunk.ts';
import { type Place, placeOf, walkPlaces } from './pointer.ts';
import { AccessRefusal } from './refusal.ts';

export interface AnswerPart {
  /** As they came: put together they would stand in memory twice. */
  readonly pieces: readonly Uint8Array[];
  readonly subjects: readonly CanonicalNumber[];
  readonly fields: readonly DisclosedField[];
  readonly isLast: boolean;
}

export interface Answer {
  readonly head: AnswerHead;
  readonly parts: AsyncIterable<AnswerPart>;
}

/** All that is passed on of a data service's headers. */
const PASSED_HEADERS = ['content-type', 'content-language', 'content-disposition'] as const;
const MAX_HEADER = 1024;

type Meaning =
  | { readonly kind: 'subject'; readonly class: keyof typeof NUMBER_CLASSES }
  | { readonly kind: 'field'; readonly field: DisclosedField }
  | { readonly kind: 'ignored' };

/** What a route's answers may hold; made once. */
export class AnswerReader {
  readonly #route: RouteConfig;
  readonly #config: AnswerConfig;
  readonly #places: readonly Place<Meaning>[];
  /** Said of every part that is not empty. */
  readonly #always: readonly DisclosedField[];

  constructor(route: RouteConfig) {
    this.#route = route;
    this.#config = route.answer;
    const { subjects, fields, ignored } = route.answer;
    this.#places = [
      ...subjects.map((one) => placeOf<Meaning>(one.path, { kind: 'subject', class: one.class })),
      ...fields.flatMap(({ path, name, class: kind }) =>
        path === undefined ? [] : [placeOf<Meaning>(path, { kind: 'field', field: { class: kind, name } })],
      ),
      ...ignored.map((path) => placeOf<Meaning>(path, { kind: 'ignored' })),
    ];
    this.#always = fields.filter(({ path }) => path === undefined).map(({ name, class: kind }) => ({ class: kind, name }));
  }

  /** `asked`: whom the request names. Throws an AccessRefusal, here and while the parts are read. */
  read(message: IncomingMessage, asked: readonly CanonicalNumber[]): Answer {
    const status = message.statusCode ?? 0;
    if (this.#config.emptyStatuses.includes(status)) {
      message.resume();
      return {
        head: { status, headers: {} },
        parts: only({ pieces: [], subjects: asked, fields: [], isLast: true }),
      };
    }
    if (status < 200 || status > 299) throw new AccessRefusal('UPSTREAM_REFUSED');
    const head = { status, headers: this.#headers(message) };
    const pieces = readPieces(message, this.#route.timeoutMs);
    switch (this.#config.kind) {
      case 'json':
        return { head, parts: this.#readWhole(pieces, asked) };
      case 'ndjson':
        return { head, parts: this.#readLines(pieces, asked) };
      case 'opaque':
        return { head, parts: this.#readOpaque(pieces, asked) };
    }
  }

  #headers({ headers, statusCode }: IncomingMessage): Record<string, string> {
    if (headers['content-encoding'] !== undefined) throw new AccessRefusal('UPSTREAM_UNREADABLE');
    const passed: Record<string, string> = {};
    for (const name of PASSED_HEADERS) {
      const value = headers[name];
      if (value === undefined) continue;
      if (value.length > MAX_HEADER || !/^[\t\x20-\x7e]*$/.test(value)) throw new AccessRefusal('UPSTREAM_UNREADABLE');
      passed[name] = value;
    }
    if (statusCode !== 204 && !this.#isExpected(passed['content-type'] ?? '')) throw new AccessRefusal('UPSTREAM_UNREADABLE');
    return passed;
  }

  #isExpected(contentType: string): boolean {
    const [type = '', ...parameters] = contentType.toLowerCase().split(';');
    const isUtf8 = parameters.every((parameter) => parameter.trim() === 'charset=utf-8');
    switch (this.#config.kind) {
      case 'json':
        return type.trim() === 'application/json' && isUtf8;
      case 'ndjson':
        return type.trim() === 'application/x-ndjson' && isUtf8;
      case 'opaque':
        return this.#config.types.includes(type.trim());
    }
  }

  async *#readWhole(pieces: AsyncIterable<Uint8Array>, asked: readonly CanonicalNumber[]): AsyncGenerator<AnswerPart> {
    const sink = new ByteSink(this.#config.maxBytes);
    for await (const piece of pieces) if (!sink.add(piece)) throw new AccessRefusal('TOO_LONG');
    const bytes = sink.take();
    const found = bytes.length === 0 ? NOTHING : this.#inspect(bytes);
    const subjects = new SubjectSet().add(...asked);
    addAll(subjects, found.subjects);
    const fields = this.#disclosed(found.fields, bytes.length > 0);
    yield { pieces: [bytes], subjects: capped(subjects).list, fields, isLast: true };
  }

  /** Those whom the request names stand in the first chunk, and in every chunk of an answer that names nobody itself. */
  async *#readLines(pieces: AsyncIterable<Uint8Array>, asked: readonly CanonicalNumber[]): AsyncGenerator<AnswerPart> {
    const { chunkLines, chunkBytes, chunkWaitMs, subjects: named, needsSubject } = this.#config;
    const chunks = gather(linesOf(pieces, chunkBytes), { items: chunkLines, bytes: chunkBytes, waitMs: chunkWaitMs });
    let isFirst = true;
    for await (const { items, isLast } of withLast(chunks, chunkWaitMs)) {
      const subjects = new SubjectSet();
      if (isFirst || named.length === 0) subjects.add(...asked);
      const fields: DisclosedField[] = [];
      for (const line of items) {
        const found = this.#inspect(line);
        if (needsSubject && named.length > 0 && found.fields.length > 0 && found.subjects.length === 0)
          throw new AccessRefusal('UNKNOWN_SUBJECT');
        addAll(subjects, found.subjects);
        fields.push(...found.fields);
      }
      isFirst = false;
      yield { pieces: items, subjects: capped(subjects).list, fields: this.#disclosed(fields, items.length > 0), isLast };
    }
  }

  async *#readOpaque(pieces: AsyncIterable<Uint8Array>, asked: readonly CanonicalNumber[]): AsyncGenerator<AnswerPart> {
    const { chunkBytes, chunkWaitMs } = this.#config;
    const chunks = gather(cut(pieces, chunkBytes), { items: Number.MAX_SAFE_INTEGER, bytes: chunkBytes, waitMs: chunkWaitMs });
    for await (const { items, isLast } of withLast(chunks, chunkWaitMs)) {
      yield { pieces: items, subjects: asked, fields: this.#disclosed([], items.length > 0), isLast };
    }
  }

  #inspect(bytes: Uint8Array): { readonly subjects: readonly CanonicalNumber[]; readonly fields: readonly DisclosedField[] } {
    const subjects: CanonicalNumber[] = [];
    const fields: DisclosedField[] = [];
    walkPlaces(parseAnswer(bytes), this.#places, {
      found: (meaning, value) => {
        if (meaning.kind === 'subject' && value !== null) subjects.push(readNumber(meaning.class, value));
        if (meaning.kind === 'field') fields.push(meaning.field);
      },
      uncovered: () => {
        throw new AccessRefusal('UNDECLARED_FIELD');
      },
    });
    return { subjects, fields };
  }

  /** Ascending by name, none twice; names are given once for each class in the config. */
  #disclosed(found: readonly DisclosedField[], isData: boolean): DisclosedField[] {
    if (!isData) return [];
    const byName = new Map([...this.#always, ...found].map((field) => [field.name, field]));
    return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}

const NOTHING = { subjects: [], fields: [] } as const;

async function* only(part: AnswerPart): AsyncGenerator<AnswerPart> {
  yield part;
}

function addAll(set: SubjectSet, numbers: readonly CanonicalNumber[]): void {
  for (const number of numbers) set.add(number);
}

function capped(subjects: SubjectSet): SubjectSet {
  if (subjects.size > MAX_EVENT_SUBJECTS) throw new AccessRefusal('TOO_MANY_SUBJECTS');
  return subjects;
}

function parseAnswer(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(bytes, { maxBytes: bytes.length });
  } catch (error) {
    if (isCodedError(error)) throw new AccessRefusal('UPSTREAM_UNREADABLE');
    throw error;
  }
}

function readNumber(name: keyof typeof NUMBER_CLASSES, value: JsonValue): CanonicalNumber {
  if (typeof value !== 'string') throw new AccessRefusal('UNKNOWN_SUBJECT');
  try {
    return normaliseNumber(NUMBER_CLASSES[name], value);
  } catch (error) {
    if (isCodedError(error)) throw new AccessRefusal('UNKNOWN_SUBJECT');
    throw error;
  }
}

async function* cut(pieces: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length; start += maxBytes) yield piece.subarray(start, start + maxBytes);
  }
}

const LINE_FEED = 0x0a;

/** Lines with their line feeds; a last one without gets none. */
async function* linesOf(pieces: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  const line = new ByteSink(maxBytes);
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length;) {
      const found = piece.indexOf(LINE_FEED, start);
      const end = found === -1 ? piece.length : found + 1;
      if (!line.add(piece.subarray(start, end))) throw new AccessRefusal('TOO_LONG');
      if (found !== -1) yield line.take();
      start = end;
    }
  }
  if (line.length > 0) yield line.take();
}
