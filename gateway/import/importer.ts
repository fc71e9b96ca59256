/**
 * Audit exports and outboxes, each line once. A file is read from its beginning; a line that was queued before is known by its key (its
 * number, else its digest and how often it came before in this file), so that a crash in the middle, or the same export sent twice,
 * changes nothing. When every line is queued or dead, the file moves:
 *
 *     done/FILE                 as it came            dead/FILE.ndjson      {"line","reason","text"}: what could not be imported, and why
 *     done/FILE.report.json     {"source","lines","queued","known","dead","gaps":[[from,to]…]|null}
 *
 * Gaps are claimed only where lines are numbered. An entry's time is that of the import; when it happened is what the line says.
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeUtf8, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { conflict } from '../../core/bytes/error.ts';
import { ByteSink } from '../../core/bytes/byte-sink.ts';
import { replaceFileDurably } from '../../service/durable-file.ts';
import type { Logger } from '../../service/logger.ts';
import { type RecordsKey, SealedSpace } from '../../service/sealed-space.ts';
import type { Store } from '../../service/store.ts';
import type { EventDefaults, ImportConfig } from '../agent/config.ts';
import { readCsv, readHeader } from './csv.ts';
import type { EventQueue } from './event-queue.ts';
import { type Interval, NumberSet } from './gap.ts';
import { contentDigestOf, type Custodian, importEvent, type LegacyEvent } from './legacy-event.ts';
import { type Columns, eventOfLine, jsonColumns, lineNumberOf, type LineReason, lineReasonOf, parseOutboxLine } from './line.ts';

export interface ImporterOptions {
  readonly config: ImportConfig;
  readonly defaults: EventDefaults;
  readonly custodian: Custodian;
  readonly queue: EventQueue;
  readonly store: Store;
  readonly recordsKey: RecordsKey;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export interface ImportReport {
  readonly source: string;
  readonly lines: number;
  readonly queued: number;
  readonly known: number;
  readonly dead: number;
  readonly gaps: readonly Interval[] | null;
}

interface Line {
  readonly line: number;
  readonly text: string;
  /** Throws MALFORMED for what cannot be read. */
  readonly columns: () => Columns;
}

const LINE_FEED = 0x0a;
const MAX_LINE = 1 << 20;
const REPLACED = '\ufffd';

export class Importer {
  readonly #options: ImporterOptions;
  readonly #numbers: SealedSpace;

  constructor(options: ImporterOptions) {
    this.#options = options;
    this.#numbers = new SealedSpace(options.store, 'number', options.recordsKey);
  }

  /** Every file that is there now. */
  async round(): Promise<void> {
    const { directory } = this.#options.config;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const names = (await readdir(directory, { withFileTypes: true })).filter((one) => one.isFile()).map(({ name }) => name);
    for (const name of names.filter((one) => !one.startsWith('.') && !one.endsWith('.part')).sort()) {
      if (this.#options.signal.aborted) return;
      const report = await this.#importFile(name);
      const { source, lines: count, dead } = report;
      this.#options.logger.info({ source, count, dead }, 'imported a file');
    }
  }

  async #importFile(name: string): Promise<ImportReport> {
    const { config, signal } = this.#options;
    const path = join(config.directory, name);
    for (const folder of ['done', 'dead']) await mkdir(join(config.directory, folder), { recursive: true, mode: 0o700 });
    const numbers = new NumberSet(this.#readNumbers());
    const counts = { lines: 0, queued: 0, known: 0, dead: 0 };
    const deadPath = join(config.directory, 'dead', `${name}.ndjson`);
    const dead = await open(`${deadPath}.part`, 'w', 0o600);
    let isWhole = true;
    try {
      const before = new Map<string, number>();
      for await (const line of this.#linesOf(path)) {
        signal.throwIfAborted();
        counts.lines++;
        const outcome = await this.#importLine(line, before, numbers);
        counts[outcome === 'queued' || outcome === 'known' ? outcome : 'dead']++;
        if (outcome === 'queued' || outcome === 'known') continue;
        isWhole &&= outcome !== 'BAD_ENCODING';
        await dead.appendFile(`${JSON.stringify({ line: line.line, reason: outcome, text: line.text })}\n`);
      }
      await dead.sync();
    } finally {
      await dead.close();
    }
    if (counts.dead > 0) await rename(`${deadPath}.part`, deadPath);
    else await unlink(`${deadPath}.part`);
    await this.#keepNumbers(numbers);
    const gaps = config.columns.number === undefined ? null : numbers.gaps;
    const report = { source: config.source, ...counts, gaps };
    await replaceFileDurably(join(config.directory, 'done', `${name}.report.json`), encodeUtf8(`${JSON.stringify(report)}\n`));
    if (config.keep || !isWhole) await rename(path, join(config.directory, 'done', name));
    else await unlink(path);
    return report;
  }

  async #importLine(line: Line, before: Map<string, number>, numbers: NumberSet): Promise<'queued' | 'known' | LineReason> {
    const { config, defaults, custodian, queue } = this.#options;
    try {
      if (line.text.includes(REPLACED)) return 'BAD_ENCODING';
      const content = contentDigestOf(encodeUtf8(line.text), custodian.secret);
      const { id, event } = this.#eventOf(line, encodeHex(content), before, numbers);
      const isNew = await queue.submit(config.source, id, content, () =>
        importEvent(config.source, event, { ...defaults, ...config.defaults }, custodian),
      );
      return isNew ? 'queued' : 'known';
    } catch (error) {
      return lineReasonOf(error);
    }
  }

  #eventOf(line: Line, digest: string, before: Map<string, number>, numbers: NumberSet): { id: string; event: LegacyEvent } {
    const { config } = this.#options;
    if (config.format === 'events') {
      const event = parseOutboxLine(line.text);
      return { id: event.id, event };
    }
    const columns = line.columns();
    const number = lineNumberOf(config, columns);
    if (number !== null) {
      numbers.add(number);
      return { id: `n${number}`, event: eventOfLine(config, `n${number}`, columns) };
    }
    // Two accesses in one second may be two equal lines: the second of them is the second in every copy of the file.
    const ordinal = before.get(digest) ?? 0;
    before.set(digest, ordinal + 1);
    const id = `d${digest}.${ordinal}`;
    return { id, event: eventOfLine(config, id, columns) };
  }

  async *#linesOf(path: string): AsyncGenerator<Line> {
    const { format, encoding, separator, columns } = this.#options.config;
    const texts = decodedLines(path, encoding);
    if (format !== 'csv') {
      let line = 0;
      for await (const text of texts) {
        line++;
        const trimmed = text.replace(/\r?\n$/, '');
        if (trimmed.trim() !== '') yield { line, text: trimmed, columns: () => jsonColumns(trimmed) };
      }
      return;
    }
    let places: ReadonlyMap<string, number> | null = null;
    const { subjects = [], ...single } = columns;
    const named = [...Object.values(single), ...subjects.map(({ column }) => column)];
    const needed = named.filter((column) => column !== undefined);
    for await (const record of readCsv(texts, separator)) {
      if (places === null) {
        places = readHeader(record, needed);
        continue;
      }
      const header = places;
      if (record.text.trim() === '') continue;
      const read = (): Columns => {
        const { fields } = record;
        if (fields === null || fields.length !== header.size) throw badCsv();
        return (name) => fields[header.get(name) ?? -1];
      };
      yield { line: record.number, text: record.text, columns: read };
    }
  }

  #readNumbers(): readonly Interval[] {
    const bytes = this.#numbers.getSync(encodeUtf8(this.#options.config.source));
    return bytes === undefined ? [] : (JSON.parse(decodeUtf8(bytes)) as Interval[]);
  }

  async #keepNumbers({ intervals }: NumberSet): Promise<void> {
    const batch = this.#options.store.batch();
    this.#numbers.put(batch, encodeUtf8(this.#options.config.source), encodeUtf8(JSON.stringify(intervals)));
    await batch.write({ sync: true });
  }
}

function badCsv(): Error {
  return conflict('not a record of this file', { reason: 'BAD_CSV' });
}

/**
 * Lines with their ends, decoded one by one: in none of the encodings is a line feed part of another character. What cannot be decoded
 * becomes U+FFFD.
 */
async function* decodedLines(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  const sink = new ByteSink(MAX_LINE);
  const add = (piece: Uint8Array): void => {
    if (!sink.add(piece)) throw conflict('a line that is too long', { maxBytes: MAX_LINE });
  };
  for await (const piece of createReadStream(path) as AsyncIterable<Uint8Array>) {
    for (let start = 0; start < piece.length;) {
      const found = piece.indexOf(LINE_FEED, start);
      const end = found === -1 ? piece.length : found + 1;
      add(piece.subarray(start, end));
      if (found !== -1) yield decoder.decode(sink.take());
      start = end;
    }
  }
  if (sink.length > 0) yield decoder.decode(sink.take());
}
