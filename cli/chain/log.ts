/** `veritrail chain log …`: registers a log, its modes and its VRF key, ends it, and shows it. By its owner's account. */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { notFound } from '../../core/bytes/error.ts';
import { formatRegistryFacts } from '../../core/authority/facts-json.ts';
import { HISTORY_MODES, LOG_CLASSES } from '../../core/authority/registry-event.ts';
import { findDispute, findLog, type LogFact, type RegistryFacts } from '../../core/authority/registry.ts';
import { originParts, parseOrigin } from '../../core/log/origin.ts';
import { words } from '../../core/verify/wording.ts';
import { encodeCloseLog, encodeRegisterLog, encodeSetMode, encodeSetVrfKey } from '../../chain/registry-call.ts';
import { readHead } from '../../chain/view.ts';
import { EXIT, print } from '../command.ts';
import { parseChoice, parseCount, parseId, parseLicenceType, parseLog, parseSpan } from './argument.ts';
import { CLASS_NAMES, Names } from './call-words.ts';
import { disputeLine } from './charge.ts';
import { type ChainOptions, Place, type SendingOptions } from './place.ts';
import { type EitherWayOptions, sendCall, sendOrPropose } from './proposal.ts';

export interface RegisterOptions extends SendingOptions {
  readonly class: string;
  readonly quantum: string;
  readonly beat: string;
  readonly promiseSpan: string;
  readonly term?: string;
}

export interface ModeOptions extends SendingOptions {
  readonly type: string;
  readonly mode: string;
}

export interface VrfOptions extends SendingOptions {
  readonly key: string;
  readonly fromIndex: string;
}

async function send(options: SendingOptions, data: string): Promise<number> {
  const place = await Place.open(options);
  return sendCall(place, options, { to: place.contracts.registry, data });
}

/** The origin names its owner. */
export async function registerLog(name: string, options: RegisterOptions): Promise<number> {
  const origin = parseOrigin(name);
  const [quantum, beat, promiseSpan] = [options.quantum, options.beat, options.promiseSpan].map(parseSpan) as [
    number,
    number,
    number,
  ];
  const term = options.term === undefined ? null : parseSpan(options.term);
  const times = { quantum, beat, promiseSpan, term };
  const logClass = parseChoice(options.class, LOG_CLASSES, '--class');
  return send(options, encodeRegisterLog({ owner: originParts(origin).uscc, origin, class: logClass, ...times }));
}

export async function closeLog(log: string, options: EitherWayOptions): Promise<number> {
  const data = encodeCloseLog(parseLog(log));
  const place = await Place.open(options);
  return sendOrPropose(place, options, { to: place.contracts.registry, data });
}

export async function setMode(log: string, options: ModeOptions): Promise<number> {
  const mode = parseChoice(options.mode, HISTORY_MODES, '--mode');
  return send(options, encodeSetMode({ logId: parseLog(log), licenceType: parseLicenceType(options.type), mode }));
}

export async function setVrfKey(log: string, options: VrfOptions): Promise<number> {
  const [keyId, fromIndex] = [parseId(options.key, 'a key id'), parseCount(options.fromIndex, '--from-index')];
  return send(options, encodeSetVrfKey({ logId: parseLog(log), keyId, fromIndex }));
}

// Showing

export async function listLogs(options: ChainOptions): Promise<number> {
  const { facts } = await (await Place.open(options)).state();
  const names = new Names(facts, options.lang);
  print(
    options,
    { logs: formatRegistryFacts(facts)['logs']! },
    facts.logs.map((log) => `${log.origin} ${names.authority(log.authority)}${closedMark(log, names)}`),
  );
  return EXIT.done;
}

function closedMark({ closedAt }: LogFact, names: Names): string {
  if (closedAt === null) return '';
  return names.say(words(`（关闭于 ${names.instant(closedAt)}）`, ` (closed ${names.instant(closedAt)})`));
}

export async function showLog(name: string, options: ChainOptions): Promise<number> {
  const logId = parseLog(name);
  const place = await Place.open(options);
  const { facts } = await place.state();
  const log = findLog(facts, logId);
  if (log === undefined) throw notFound('no such log is registered');
  const head = await readHead(place.rpc, place.contracts.anchor, logId);
  const own = formatRegistryFacts({
    ...facts,
    logs: [log],
    modes: facts.modes.filter((mode) => encodeHex(mode.logId) === encodeHex(logId)),
    disputes: [findDispute(facts, logId) ?? []].flat(),
  });
  const newest = head && { ...head };
  const { logs, modes, disputes } = own as Record<string, never>;
  print(options, { logs: logs!, modes: modes!, disputes: disputes!, newestAnchor: newest }, [
    ...logLines(log, facts, new Names(facts, options.lang)),
    newestLine(head, new Names(facts, options.lang)),
  ]);
  return EXIT.done;
}

function newestLine(head: Awaited<ReturnType<typeof readHead>>, names: Names): string {
  if (head === null) return names.say(words('  尚未锚定', '  not anchored yet'));
  const { size, issuedAt, anchoredAt } = head;
  return names.say(
    words(
      `  最近锚定：大小 ${size}，检查点 ${names.instant(issuedAt)}，区块 ${names.instant(anchoredAt)}`,
      `  newest anchor: size ${size}, checkpoint ${names.instant(issuedAt)}, block ${names.instant(anchoredAt)}`,
    ),
  );
}

function logLines(log: LogFact, facts: RegistryFacts, names: Names): string[] {
  const { logId, origin, owners, quantum, beat, promiseSpan, vrfKeys } = log;
  const isOwn = (one: { readonly logId: Uint8Array }): boolean => encodeHex(one.logId) === encodeHex(logId);
  return [
    `${origin}  ${encodeHex(logId)}`,
    `  ${names.say(CLASS_NAMES[log.class])}${closedMark(log, names)}`,
    names.say(
      words(
        `  时间粒度 ${quantum}、锚定周期 ${beat}、承诺期 ${promiseSpan} 毫秒`,
        `  quantum ${quantum}, beat ${beat}, promise span ${promiseSpan} ms`,
      ),
    ),
    ...owners.map(({ authority, since }) => {
      const [owner, from] = [names.authority(authority), names.instant(since)];
      return names.say(words(`  自 ${from} 属 ${owner}`, `  since ${from} of ${owner}`));
    }),
    ...facts.modes.filter(isOwn).map(({ licenceType, mode }) => `  ${licenceType} ${mode}`),
    ...vrfKeys.map(({ keyId, fromIndex }) => {
      const key = names.key(encodeHex(keyId));
      return names.say(words(`  自第 ${fromIndex} 项起用 ${key}`, `  from entry ${fromIndex} on: ${key}`));
    }),
    ...facts.disputes.filter(isOwn).map((dispute) => disputeLine(dispute, names)),
  ];
}
