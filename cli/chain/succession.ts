/**
 * `veritrail chain succession merge|split|transfer`: 机构改革. Logs move whole; which licence types move follows from the logs, or which
 * logs from the types. What moves, what stays and what is left to do is shown before anything is sent; whether it may be, the registry
 * says.
 */
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { type CodedError, isCodedError, malformed, notFound } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { findAuthority, findDispute, type LogFact, type RegistryFacts } from '../../core/authority/registry.ts';
import { words } from '../../core/verify/wording.ts';
import { encodeRecordSuccession, type Share } from '../../chain/registry-call.ts';
import { rehearse } from '../../chain/view.ts';
import { EXIT, print } from '../command.ts';
import { parseCode, parseLicenceType, parseLog } from './argument.ts';
import { KEY_NAMES, Names } from './call-words.ts';
import { Place } from './place.ts';
import { type EitherWayOptions, sendOrPropose } from './proposal.ts';
import { describeRefusal } from './words.ts';

export interface SuccessionOptions extends EitherWayOptions {
  /** Show what would happen, and send nothing. */
  readonly dryRun: boolean;
}

export interface MergeOptions extends SuccessionOptions {
  readonly into: string;
}

export interface SplitOptions extends SuccessionOptions {
  /** `CODE=LOG,LOG` each. */
  readonly share: readonly string[];
}

export interface TransferOptions extends SuccessionOptions {
  readonly to: string;
  readonly log: readonly string[];
  readonly type: readonly string[];
}

interface Plan {
  readonly code: string;
  readonly shares: readonly Share[];
  readonly dissolves: boolean;
}

/** 合并: all of an authority's logs go to one, and it ends. */
export async function merge(code: string, options: MergeOptions): Promise<number> {
  const successor = parseCode(options.into);
  return carryOut(parseCode(code), options, (facts) => ({
    shares: [shareOf(facts, successor, logsOf(facts, code))],
    dissolves: true,
  }));
}

/** 拆分: several take its logs, and it ends. */
export async function split(code: string, options: SplitOptions): Promise<number> {
  const named = options.share.map(parseShare);
  return carryOut(parseCode(code), options, (facts) => ({
    shares: named.map(({ successor, logIds }) =>
      shareOf(
        facts,
        successor,
        logIds.map((id) => logOf(facts, id)),
      ),
    ),
    dissolves: true,
  }));
}

/** 划转: one takes a part, and the authority stays. */
export async function transfer(code: string, options: TransferOptions): Promise<number> {
  const [successor, types] = [parseCode(options.to), options.type.map(parseLicenceType)];
  if ((options.log.length === 0) === (types.length === 0))
    throw malformed('name what moves: logs (--log) or licence types (--type)');
  return carryOut(parseCode(code), options, (facts) => {
    const named = options.log.map((log) => logOf(facts, parseLog(log)));
    const share =
      types.length === 0
        ? shareOf(facts, successor, named)
        : {
            successor,
            logIds: logsOf(facts, code)
              .filter((log) => holds(facts, log, types))
              .map(({ logId }) => logId),
            licenceTypes: types,
          };
    return { shares: [share], dissolves: false };
  });
}

function parseShare(text: string): { successor: string; logIds: Hash[] } {
  const at = text.indexOf('=');
  if (at < 1) throw malformed(`--share is CODE=LOG,LOG: ${text}`);
  return {
    successor: parseCode(text.slice(0, at)),
    logIds: text
      .slice(at + 1)
      .split(',')
      .map(parseLog),
  };
}

function logOf(facts: RegistryFacts, logId: Hash): LogFact {
  const log = facts.logs.find((one) => equalBytes(one.logId, logId));
  if (log === undefined) throw notFound(`no log ${encodeHex(logId)} is registered`);
  return log;
}

const logsOf = (facts: RegistryFacts, code: string): LogFact[] => facts.logs.filter(({ authority }) => authority === code);

function typesIn(facts: RegistryFacts, { logId }: LogFact): string[] {
  return facts.modes.filter((mode) => equalBytes(mode.logId, logId)).map(({ licenceType }) => licenceType);
}

/** A closed log has nothing to move: it may go along, and must not. */
function holds(facts: RegistryFacts, log: LogFact, types: readonly string[]): boolean {
  return log.closedAt === null && typesIn(facts, log).some((type) => types.includes(type));
}

/** These logs whole, with all types that the open ones hold. */
function shareOf(facts: RegistryFacts, successor: string, logs: readonly LogFact[]): Share {
  const open = logs.filter(({ closedAt }) => closedAt === null);
  const licenceTypes = [...new Set(open.flatMap((log) => typesIn(facts, log)))];
  return { successor, logIds: logs.map(({ logId }) => logId), licenceTypes };
}

async function carryOut(
  code: string,
  options: SuccessionOptions,
  planOf: (facts: RegistryFacts) => Omit<Plan, 'code'>,
): Promise<number> {
  const place = await Place.open(options);
  const { facts } = await place.state();
  if (findAuthority(facts, code) === undefined) throw notFound(`no authority ${code} is registered`);
  const plan = { code, ...planOf(facts) };
  const call = { to: place.contracts.registry, data: encodeRecordSuccession(code, plan.shares, plan.dissolves) };
  const lines = preview(plan, facts, facts.block.at, new Names(facts, options.lang));
  if (options.dryRun) return showOnly(place, options, plan, call, lines);
  process.stderr.write(`${lines.join('\n')}\n`);
  return sendOrPropose(place, options, call);
}

async function showOnly(
  place: Place,
  options: SuccessionOptions,
  plan: Plan,
  call: { readonly to: string; readonly data: string },
  lines: readonly string[],
): Promise<number> {
  const from = options.propose ? place.contracts.consortium : (await place.sender(options.account)).account;
  const refusal = await rehearse(place.rpc, { from, ...call }).then(
    () => null,
    (error: unknown): CodedError => {
      if (!isCodedError(error, 'CONFLICT')) throw error;
      return error;
    },
  );
  const outcome =
    refusal === null
      ? words('合约会接受', 'the contract would accept it')[options.lang]
      : describeRefusal(refusal.facts, options.lang);
  print(options, { ...planJson(plan), refusal: refusal && { ...refusal.facts } }, [...lines, outcome]);
  return refusal === null ? EXIT.done : EXIT.refused;
}

function planJson({ code, shares, dissolves }: Plan): JsonObject {
  return {
    authority: code,
    dissolves,
    shares: shares.map(({ successor, logIds, licenceTypes }) => ({ successor, logs: logIds.map(encodeHex), licenceTypes })),
  };
}

function preview(plan: Plan, facts: RegistryFacts, now: number, names: Names): string[] {
  const { code, shares, dissolves } = plan;
  const moved = shares.flatMap(({ logIds }) => logIds);
  const staying = logsOf(facts, code).filter(({ logId }) => !moved.some((id) => equalBytes(id, logId)));
  const isIts = (one: Holding): boolean => isHeldBy(one, code, now);
  const [scopes, duties] = [facts.scopes.filter(isIts).length, facts.duties.filter(isIts).length];
  return [
    names.say(
      dissolves
        ? words(`${names.authority(code)}撤销，职责移转：`, `${names.authority(code)} is dissolved, and its functions move:`)
        : words(`${names.authority(code)}划转部分职责：`, `${names.authority(code)} gives up a part of its functions:`),
    ),
    ...shares.flatMap((share) => shareLines(share, facts, names)),
    ...staying.map((log) => `  ${names.say(words('留在原机关：', 'stays: '))}${logLine(log, facts, names)}`),
    names.say(
      dissolves
        ? words(
            `  颁发权限 ${scopes} 项、读取职责 ${duties} 项随机关撤销而终止，密钥一并停用`,
            `  ${scopes} scopes and ${duties} duties end with it, and so do its keys`,
          )
        : words(
            `  颁发权限 ${scopes} 项、读取职责 ${duties} 项仍属原机关，不随职责移转；不再需要的请另行终止`,
            `  ${scopes} scopes and ${duties} duties stay with it and do not go along; end what is no longer needed`,
          ),
    ),
    ...shares.flatMap((share) => leftToDo(share, facts, now, names)),
  ];
}

/** A key, scope or duty. */
interface Holding {
  readonly authority: string;
  readonly validTo: number | null;
}

function isHeldBy({ authority, validTo }: Holding, code: string, now: number): boolean {
  return authority === code && (validTo === null || validTo > now);
}

function logLine(log: LogFact, facts: RegistryFacts, names: Names): string {
  const closed = log.closedAt === null ? '' : names.say(words('（已关闭）', ' (closed)'));
  return `${log.origin}${closed} ${typesIn(facts, log).join(' ')}`.trimEnd();
}

function shareLines({ successor, logIds }: Share, facts: RegistryFacts, names: Names): string[] {
  const to = names.authority(successor);
  return logIds.map((id) => {
    const log = logLine(logOf(facts, id), facts, names);
    return names.say(words(`  移转至${to}：${log}`, `  moves to ${to}: ${log}`));
  });
}

/** What the successor lacks before its node can go on with the logs. */
function leftToDo({ successor, licenceTypes, logIds }: Share, facts: RegistryFacts, now: number, names: Names): string[] {
  const to = names.authority(successor);
  const isHeld = (type: string): boolean => facts.scopes.some((one) => one.licenceType === type && isHeldBy(one, successor, now));
  const hasKey = (type: string): boolean => facts.keys.some((key) => key.type === type && isHeldBy(key, successor, now));
  const lackingKeys = (['log', 'document'] as const).filter((type) => !hasKey(type));
  const lackingScopes = licenceTypes.filter((type) => !isHeld(type));
  const disputed = logIds.filter((id) => findDispute(facts, id) !== undefined).map((id) => names.log(encodeHex(id)));
  return [
    ...lackingKeys
      .map((type) => names.say(KEY_NAMES[type]))
      .map((key) => words(`  待办：${to}还没有${key}（key add）`, `  to do: ${to} has no ${key} yet (key add)`)),
    ...lackingScopes.map((type) =>
      words(
        `  待办：${to}对 ${type} 没有颁发权限：旧证照照常核验，新颁发的不予采信（scope grant）`,
        `  to do: ${to} has no scope for ${type}: old licences verify as before, new ones will not count (scope grant)`,
      ),
    ),
    ...disputed.map((log) => words(`  ！日志 ${log} 的争议一并移转`, `  ! the dispute of log ${log} goes along`)),
  ].map((line) => names.say(line));
}
