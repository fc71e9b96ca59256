/**
 * What convicts a log, kept for ever in the verifier's data directory: it is no cache. Two checkpoints that it signed and that cannot both
 * be of one append-only log, or one that contradicts the log's own entries.
 *
 *   fork-<logId>.json  {"format":"veritrail-fork-v1","logId","a":NOTE,"b":NOTE}
 *   bad-<logId>.json   {"format":"veritrail-bad-checkpoint-v1","logId","checkpoint":NOTE,"why"}
 *
 * The notes convict by themselves: anybody can check their signatures, and replay the log for the second kind.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed } from '../../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { parseNote } from '../../core/log/note.ts';
import { createFileDurably } from '../../service/durable-file.ts';

/** How the entries that a checkpoint's root holds contradict the checkpoint or the log's own rules. */
const BAD_CHECKPOINTS = ['map-root', 'slot-twice', 'entry-format', 'entry-time'] as const;
export type BadCheckpoint = (typeof BAD_CHECKPOINTS)[number];

export type Finding =
  | { readonly kind: 'fork'; readonly logId: Hash; readonly a: string; readonly b: string }
  | { readonly kind: 'bad'; readonly logId: Hash; readonly checkpoint: string; readonly why: BadCheckpoint };

const FORK_FORMAT = 'veritrail-fork-v1';
const BAD_FORMAT = 'veritrail-bad-checkpoint-v1';
const MAX_NOTE = 16 * 1024;
const FILE_NAME = /^(?:fork|bad)-[0-9a-f]{64}\.json$/;

/** Checkpoints of this size and above are not believed. */
export function sizeInDoubt(finding: Finding): number {
  const notes = finding.kind === 'fork' ? [finding.a, finding.b] : [finding.checkpoint];
  return Math.min(...notes.map((note) => parseNote(note).checkpoint.size));
}

export function formatFinding(finding: Finding): JsonObject {
  const logId = encodeHex(finding.logId);
  if (finding.kind === 'fork') return { format: FORK_FORMAT, logId, a: finding.a, b: finding.b };
  return { format: BAD_FORMAT, logId, checkpoint: finding.checkpoint, why: finding.why };
}

/** Throws MALFORMED. */
export function parseFinding(bytes: Uint8Array): Finding {
  const fields = new JsonFields(parseJson(bytes), 'finding');
  const note = (name: string): string => {
    const text = fields.string(name, MAX_NOTE);
    parseNote(text);
    return text;
  };
  const format = fields.oneOf('format', [FORK_FORMAT, BAD_FORMAT]);
  const logId = hashFromHex(fields.string('logId'));
  const finding: Finding =
    format === FORK_FORMAT
      ? { kind: 'fork', logId, a: note('a'), b: note('b') }
      : { kind: 'bad', logId, checkpoint: note('checkpoint'), why: fields.oneOf('why', BAD_CHECKPOINTS) };
  fields.end();
  return finding;
}

export class FindingFiles {
  readonly #directory: string;
  readonly #byLog = new Map<string, Finding>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws MALFORMED for a file that is damaged: a conviction must not be lost in silence. */
  static async open(directory: string): Promise<FindingFiles> {
    const files = new FindingFiles(directory);
    for (const name of (await readdir(directory)).filter((one) => FILE_NAME.test(one)).sort()) {
      const finding = parseFinding(await readFile(join(directory, name)));
      if (!name.endsWith(`-${encodeHex(finding.logId)}.json`)) throw malformed('a finding in the file of another log', { name });
      files.#byLog.set(encodeHex(finding.logId), finding);
    }
    return files;
  }

  of(logId: Hash): Finding | null {
    return this.#byLog.get(encodeHex(logId)) ?? null;
  }

  /** On disk when it returns. The first finding about a log stays. */
  async add(finding: Finding): Promise<void> {
    const hex = encodeHex(finding.logId);
    if (this.#byLog.has(hex)) return;
    const path = join(this.#directory, `${finding.kind}-${hex}.json`);
    const bytes = encodeUtf8(`${JSON.stringify(formatFinding(finding))}\n`);
    await createFileDurably(path, bytes).catch((error: unknown) => {
      if (!isCodedError(error, 'CONFLICT')) throw error;
    });
    this.#byLog.set(hex, finding);
  }
}
