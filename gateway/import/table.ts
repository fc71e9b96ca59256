/**
 * An outbox in a SQLite file, for systems that keep one anyway: they insert in the same transaction as their own work, and the agent fills in
 * what became of it.
 *
 *     CREATE TABLE veritrail_outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL,
 *                                    state TEXT, request_digest TEXT, reason TEXT)
 *
 * `event` is what `POST /v1/events` takes; without an "id" of its own it goes by the row's. `state`: null, then queued, then promised, refused
 * or, with a reason, dead.
 */
import { DatabaseSync } from 'node:sqlite';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { parseJson } from '../../core/bytes/json.ts';
import type { EventDefaults } from '../agent/config.ts';
import type { EventQueue } from './event-queue.ts';
import { contentDigestOf, type Custodian, importEvent } from './legacy-event.ts';
import { lineReasonOf, parseOutboxLine } from './line.ts';

export interface TableOptions {
  readonly source: string;
  readonly file: string;
  readonly defaults: EventDefaults;
  readonly custodian: Custodian;
  readonly queue: EventQueue;
}

const SCHEMA = `CREATE TABLE IF NOT EXISTS veritrail_outbox
  (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, state TEXT, request_digest TEXT, reason TEXT)`;
const AT_ONCE = 256;
/** While the other system writes. */
const BUSY_MS = 5_000;

interface Row {
  readonly id: number;
  readonly event: string;
}

export class OutboxTable {
  readonly #options: TableOptions;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** New rows into the queue, and what became of earlier ones. */
  async round(): Promise<void> {
    const database = new DatabaseSync(this.#options.file, { timeout: BUSY_MS });
    try {
      database.exec(SCHEMA);
      const rows = `SELECT id, event FROM veritrail_outbox WHERE state`;
      for (const row of database.prepare(`${rows} IS NULL ORDER BY id LIMIT ${AT_ONCE}`).all() as unknown as Row[]) {
        const { state, reason } = await this.#queue(row);
        database.prepare('UPDATE veritrail_outbox SET state = ?, reason = ? WHERE id = ?').run(state, reason, row.id);
      }
      for (const row of database.prepare(`${rows} = 'queued' ORDER BY id LIMIT ${AT_ONCE}`).all() as unknown as Row[]) {
        const became = this.#options.queue.stateOf(this.#options.source, idOf(row));
        if (became === undefined || became.state === 'waiting') continue;
        const digest = became.state === 'promised' ? became.requestDigest : null;
        const reason = became.state === 'refused' ? became.code : null;
        database
          .prepare('UPDATE veritrail_outbox SET state = ?, request_digest = ?, reason = ? WHERE id = ?')
          .run(became.state, digest, reason, row.id);
      }
    } finally {
      database.close();
    }
  }

  async #queue(row: Row): Promise<{ readonly state: 'queued' | 'dead'; readonly reason: string | null }> {
    const { source, queue, custodian, defaults } = this.#options;
    try {
      const event = parseOutboxLine(withId(row));
      const content = contentDigestOf(encodeUtf8(row.event), custodian.secret);
      await queue.submit(source, event.id, content, () => importEvent(source, event, defaults, custodian));
      return { state: 'queued', reason: null };
    } catch (error) {
      if (!isCodedError(error)) throw error;
      return { state: 'dead', reason: lineReasonOf(error) };
    }
  }
}

/** The row's own text, with the row's number where it has no id. Whatever is not an object is left for the parser to refuse. */
function withId({ id, event }: Row): string {
  let value;
  try {
    value = parseJson(event, { maxBytes: event.length });
  } catch (error) {
    if (isCodedError(error)) return event;
    throw error;
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value) || 'id' in value) return event;
  return JSON.stringify({ id: `r${id}`, ...(value as JsonObject) });
}

function idOf(row: Row): string {
  return parseOutboxLine(withId(row)).id;
}
