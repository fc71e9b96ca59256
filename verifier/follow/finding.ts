/**
 * What convicts a log, kept for ever in `findings` of the verifier's data directory: it is no cache. Two checkpoints that it signed and
 * that cannot both be of one append-only log, or one that contradicts the log's own entries.
 *
 *   fork-<logId>.json  {"format":"veritrail-fork-v2","logId","a":NOTE,"b":NOTE,"tree":null|{"rootHash","consistency":[hash]}}
 *   bad-<logId>.json   {"format":"veritrail-bad-checkpoint-v3","logId","checkpoint":NOTE,"why","index":N|null,"lacks":NOTE|null}
 *
 * A fork convicts by itself: anybody can check both signatures and, for two sizes, that the tree of the larger one had another root
 * (`tree`) at the smaller size. For the second kind anybody can replay the log; `index` is the first bad entry, null while only the
 * whole map is known to be another. `lacks` is an earlier checkpoint that should hold that entry and does not: its quantum was over by then.
 * (v2 had no such member, and says nothing of that sort.)
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { isCodedError, malformed } from '../../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { parseJson, type JsonObject } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { parseNote } from '../../core/log/note.ts';
import { createFileDurably, replaceFileDurably } from '../../service/durable-file.ts';
import type { OtherTree } from './split.ts';

/** How the entries that a checkpoint's root holds contradict the checkpoint or the log's own rules. */
const BAD_CHECKPOINTS = ['map-root', 'slot-twice', 'entry-format', 'entry-kind', 'entry-order', 'entry-time', 'quantum'] as const;
export type BadCheckpoint = (typeof BAD_CHECKPOINTS)[number];

export interface ForkFinding {
  readonly kind: 'fork';
  readonly logId: Hash;
  readonly a: string;
  readonly b: string;
  /** Null for two checkpoints of one size. */
  readonly tree: OtherTree | null;
}

export interface BadFinding {
  readonly kind: 'bad';
  readonly logId: Hash;
  readonly checkpoint: string;
  readonly why: BadCheckpoint;
  readonly lacks: string | null;
  readonly entryIndex: number | null;
}

export type Finding = ForkFinding | BadFinding;

const FORK_FORMAT = 'veritrail-fork-v2';
const BAD_FORMAT = 'veritrail-bad-checkpoint-v3';
const OLD_BAD_FORMAT = 'veritrail-bad-checkpoint-v2';
/** Of a tree with 2^53-1 entries a consistency proof has fewer. */
const MAX_PROOF = 64;
const MAX_NOTE = 16 * 1024;
const FILE_NAME = /^(?:fork|bad)-[0-9a-f]{64}\.json$/;

/** Checkpoints of this size and above are not believed. */
export function sizeInDoubt(finding: Finding): number {
  const notes = finding.kind === 'fork' ? [finding.a, finding.b] : [finding.checkpoint];
  return Math.min(...notes.map((note) => parseNote(note).checkpoint.size));
}

export function formatFinding(finding: Finding): JsonObject {
  const logId = encodeHex(finding.logId);
  if (finding.kind === 'fork') {
    const { a, b, tree } = finding;
    const said = tree && { rootHash: encodeHex(tree.rootHash), consistency: tree.consistencyProof.map(encodeHex) };
    return { format: FORK_FORMAT, logId, a, b, tree: said };
  }
  const { checkpoint, why, entryIndex, lacks } = finding;
  return { format: BAD_FORMAT, logId, checkpoint, why, index: entryIndex, lacks };
}

function readTree(fields: JsonFields): OtherTree {
  const consistencyProof = fields.array('consistency', MAX_PROOF, (item, place) => {
    if (typeof item !== 'string') throw malformed(`${place} is not a hash`);
    return hashFromHex(item);
  });
  const tree = { rootHash: fields.hash('rootHash'), consistencyProof };
  fields.end();
  return tree;
}

/** Throws MALFORMED. */
export function parseFinding(bytes: Uint8Array): Finding {
  const fields = new JsonFields(parseJson(bytes), 'finding');
  const note = (name: string): string => {
    const text = fields.string(name, MAX_NOTE);
    parseNote(text);
    return text;
  };
  const format = fields.oneOf('format', [FORK_FORMAT, BAD_FORMAT, OLD_BAD_FORMAT]);
  const logId = hashFromHex(fields.string('logId'));
  const tree = (): OtherTree | null => fields.nullable('tree', () => readTree(fields.object('tree')));
  const entryIndex = (): number | null => fields.nullable('index', () => fields.integer('index'));
  const finding: Finding =
    format === FORK_FORMAT
      ? { kind: 'fork', logId, a: note('a'), b: note('b'), tree: tree() }
      : {
          kind: 'bad',
          logId,
          checkpoint: note('checkpoint'),
          why: fields.oneOf('why', BAD_CHECKPOINTS),
          entryIndex: entryIndex(),
          lacks: format === OLD_BAD_FORMAT ? null : fields.nullable('lacks', () => note('lacks')),
        };
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
    await createFileDurably(this.#path(finding), bytesOf(finding)).catch((error: unknown) => {
      if (!isCodedError(error, 'CONFLICT')) throw error;
    });
    this.#byLog.set(hex, finding);
  }

  /** Says which entry of a bad checkpoint is the first bad one, once that is found out. On disk when it returns. */
  async nameEntry(logId: Hash, entryIndex: number): Promise<void> {
    const finding = this.of(logId);
    if (finding?.kind !== 'bad' || finding.entryIndex !== null) return;
    const named = { ...finding, entryIndex };
    await replaceFileDurably(this.#path(named), bytesOf(named));
    this.#byLog.set(encodeHex(logId), named);
  }

  #path({ kind, logId }: Finding): string {
    return join(this.#directory, `${kind}-${encodeHex(logId)}.json`);
  }
}

function bytesOf(finding: Finding): Uint8Array {
  return encodeUtf8(`${JSON.stringify(formatFinding(finding))}\n`);
}
