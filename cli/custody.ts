/**
 * `veritrail custody …`: what a custodian's officer does with single entries, at the custodian's own node. An entry is named by its leaf hash,
 * as the person's page (记录标识) and an auditor's look-up show it. What may name somebody is read from a file, never from the command line.
 */
import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { decodeUtf8, encodeHex } from '../core/bytes/bytes.ts';
import { type CodedError, isCodedError, malformed } from '../core/bytes/error.ts';
import type { JsonObject, JsonValue } from '../core/bytes/json.ts';
import { type JsonFields, readFields } from '../core/bytes/json-fields.ts';
import { DECISIONS } from '../core/redress/redress.ts';
import { type Words, words } from '../core/verify/wording.ts';
import { formatInstant, type Lang } from '../core/verify/words.ts';
import { parseId } from './chain/argument.ts';
import { describeError, EXIT, print, readInput } from './command.ts';
import { findNode, type NodeOptions, writeAt } from './node-place.ts';

interface CustodyOptions extends NodeOptions {
  readonly log?: string;
}

interface EraseOptions extends CustodyOptions {
  readonly legalBasis: string;
  readonly orderedBy?: string;
}

interface HoldOptions extends CustodyOptions {
  readonly reasonFile?: string;
  readonly lift: boolean;
}

interface WithholdOptions extends CustodyOptions {
  readonly legalBasis?: string;
  readonly lift: boolean;
}

interface AnswerOptions extends CustodyOptions {
  readonly decision: string;
  readonly textFile: string;
}

const MAX_OBJECTIONS = 65_536;

/** Why a node does not erase, by the `reason` of its refusal. */
const REFUSALS: Readonly<Record<string, Words>> = {
  KEPT_BY_LAW: words('法定保存期限未满，不得删除', 'the law has it kept: it is not erased'),
  HELD: words('该记录已被依法保全，不得删除', 'it is under legal hold: it is not erased'),
  OPEN_OBJECTION: words('当事人的异议尚未答复，不得删除', 'an objection has no reply yet: it is not erased'),
  SEALED: words('该次查询尚在封存，解封后方可删除', 'it is under seal: it is erased only after its release'),
  ERASED: words('该记录的内容此前已经删除', 'it was erased before'),
};

const parseLeaf = (text: string): string => encodeHex(parseId(text, 'an entry’s leaf hash'));

/** One line, without its line end. */
async function readText(path: string): Promise<string> {
  return decodeUtf8(await readInput(path)).trim();
}

async function write(options: CustodyOptions, path: string, body: JsonObject): Promise<JsonValue> {
  const place = await findNode(options, ({ origin }) => origin === options.log);
  return writeAt(place, { role: 'officer', path, body, idempotencyKey: options.idempotencyKey ?? randomUUID() });
}

/** The refusal of an erasure is an answer: exit code 1, with its words. Throws everything else. */
function told(error: unknown, options: CustodyOptions): number {
  const reason = isCodedError(error) ? error.facts['reason'] : null;
  if (!isCodedError(error) || typeof reason !== 'string' || !Object.hasOwn(REFUSALS, reason)) throw error;
  const answer = { error: { ...describeError(error), reason, keptUntil: error.facts['keptUntil'] ?? null } };
  if (options.json) process.stdout.write(`${JSON.stringify(answer)}\n`);
  process.stderr.write(`veritrail: ${refusalLine(error, reason, options.lang)}\n`);
  return EXIT.refused;
}

function refusalLine({ code, facts }: CodedError, reason: string, lang: Lang): string {
  const { keptUntil } = facts;
  const said = REFUSALS[reason]![lang];
  if (typeof keptUntil !== 'number') return `${said} (${code} ${reason})`;
  const until = formatInstant(keptUntil, lang);
  const order = words(
    `须保存至 ${until}；只有法院或者监管部门的命令（--ordered-by）可以提前`,
    `kept until ${until}; only an order of a court or of the supervising department (--ordered-by) shortens that`,
  );
  return `${said}${lang === 'en' ? '; ' : '，'}${order[lang]} (${code} ${reason})`;
}

async function erase(leaves: readonly string[], options: EraseOptions): Promise<number> {
  const { legalBasis, orderedBy = null } = options;
  try {
    const answer = await write(options, '/v1/erasures', { entries: leaves.map(parseLeaf), legalBasis, orderedBy });
    return done(
      options,
      answer,
      words(`已删除 ${leaves.length} 条记录的内容，并已登记`, `erased and recorded: ${leaves.length}`),
    );
  } catch (error) {
    return told(error, options);
  }
}

async function hold(leaf: string, options: HoldOptions): Promise<number> {
  const { reasonFile, lift } = options;
  if ((reasonFile === undefined) !== lift) throw malformed('say why in a file (--reason-file), or lift the hold (--lift)');
  const reason = reasonFile === undefined ? null : await readText(reasonFile);
  const answer = await write(options, '/v1/holds', { leafHash: parseLeaf(leaf), reason });
  return done(
    options,
    answer,
    lift ? words('已解除保全', 'no longer held') : words('已保全，不得删除', 'held: not to be erased'),
  );
}

async function withhold(leaf: string, options: WithholdOptions): Promise<number> {
  const { legalBasis = null, lift } = options;
  if ((legalBasis === null) !== lift) throw malformed('name the law (--legal-basis), or show it again (--lift)');
  const answer = await write(options, '/v1/withholdings', { leafHash: parseLeaf(leaf), legalBasis });
  return done(options, answer, lift ? words('已恢复出示', 'shown again') : words('已停止出示', 'no longer shown'));
}

async function reply(objection: string, options: AnswerOptions): Promise<number> {
  const said = { objection: parseLeaf(objection), decision: options.decision, text: await readText(options.textFile) };
  return done(options, await write(options, '/v1/answers', said), words('已答复，并已登记', 'replied and recorded'));
}

async function listObjections(options: CustodyOptions): Promise<number> {
  const answer = await write(options, '/v1/objections/open', {});
  const { lang } = options;
  const lines = readFields(answer, 'answer', (fields) =>
    fields.array('objections', MAX_OBJECTIONS, (item, place) => readFields(item, place, (one) => objectionLine(one, lang))),
  );
  print(options, answer as JsonObject, lines);
  return EXIT.done;
}

function objectionLine(fields: JsonFields, lang: Lang): string {
  fields.integer('saidAt');
  const due = formatInstant(fields.integer('dueAt'), lang);
  const when = words(`应于 ${due} 前答复`, `due ${due}`);
  const overdue = fields.boolean('isOverdue') ? words('，已逾期', ', overdue') : words('', '');
  return `${fields.string('leafHash')}  ${when[lang]}${overdue[lang]}  → ${fields.string('entry')}`;
}

function done(options: CustodyOptions, answer: JsonValue, said: Words): number {
  print(options, answer as JsonObject, [said[options.lang]]);
  return EXIT.done;
}

export function addCustodyCommands(
  program: Command,
  common: (command: Command) => Command,
  finish: (code: number) => void,
): void {
  const custody = program.command('custody').description('what a custodian’s officer does with single entries of its access log');
  const at = (usage: string, description: string): Command =>
    common(custody.command(usage).description(description))
      .option('--log <name>', 'with --data: origin of the access log')
      .option('--node <url>', 'the custodian’s node')
      .option('--tokens <file>', 'the node’s token file, mode 0600; the role is officer')
      .option('--idempotency-key <key>', 'the same key never records twice');

  at('erase <leaf...>', 'destroy what entries of one person say; the entries stay')
    .requiredOption('--legal-basis <words>', 'law and article; the person reads it')
    .addOption(
      new Option('--ordered-by <who>', 'who ordered it before the legal period is over').choices(['court', 'supervisor']),
    )
    .action(async (leaves: string[], options: EraseOptions) => finish(await erase(leaves, options)));
  at('hold <leaf>', 'not to be erased, whatever is ordered')
    .option('--reason-file <file>', 'why; kept sealed')
    .option('--lift', 'end it', false)
    .action(async (leaf: string, options: HoldOptions) => finish(await hold(leaf, options)));
  at('withhold <leaf>', 'not shown to the person')
    .option('--legal-basis <words>', 'law and article; the person reads it')
    .option('--lift', 'show it again', false)
    .action(async (leaf: string, options: WithholdOptions) => finish(await withhold(leaf, options)));
  at('objections', 'what is to be answered, and by when').action(async (options: CustodyOptions) =>
    finish(await listObjections(options)),
  );
  at('answer <objection>', 'reply to an objection, named by its leaf hash')
    .addOption(new Option('--decision <word>', 'what was decided').choices([...DECISIONS]).makeOptionMandatory())
    .requiredOption('--text-file <file>', 'the reply; the person reads it')
    .action(async (objection: string, options: AnswerOptions) => finish(await reply(objection, options)));
}
