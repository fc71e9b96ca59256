/** `veritrail chain authority …`: puts authorities into the tree, and shows what the registry says about one. */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { notFound } from '../../core/bytes/error.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { formatRegistryFacts } from '../../core/authority/facts-json.ts';
import {
  type AuthorityFact,
  findAuthority,
  isSuspended,
  type KeyFact,
  type RegistryFacts,
} from '../../core/authority/registry.ts';
import { words } from '../../core/verify/wording.ts';
import { encodeChangeAccount, encodeChangeParent, encodeRegisterAuthority } from '../../chain/registry-call.ts';
import { EXIT, print } from '../command.ts';
import { formatAccount, parseAccount, parseCode, parseRegion } from './argument.ts';
import { KEY_NAMES, Names } from './call-words.ts';
import { type ChainOptions, Place } from './place.ts';
import { type EitherWayOptions, proposeCall, type ProposingOptions, sendOrPropose } from './proposal.ts';

export interface AddOptions extends EitherWayOptions {
  readonly name: string;
  readonly region: string;
  readonly parent?: string;
  readonly accountOf: string;
}

/** At the top by the members; below an authority by that authority's account, or by the members. */
export async function addAuthority(code: string, options: AddOptions): Promise<number> {
  const parent = options.parent === undefined ? null : parseCode(options.parent);
  const account = parseAccount(options.accountOf);
  const region = parseRegion(options.region);
  const data = encodeRegisterAuthority({ code: parseCode(code), name: options.name, region, parent, account });
  const place = await Place.open(options);
  const call = { to: place.contracts.registry, data };
  return sendOrPropose(place, { ...options, propose: options.propose || parent === null }, call);
}

export async function changeAccount(code: string, account: string, options: EitherWayOptions): Promise<number> {
  const data = encodeChangeAccount({ code: parseCode(code), account: parseAccount(account) });
  const place = await Place.open(options);
  return sendOrPropose(place, options, { to: place.contracts.registry, data });
}

/** `parent` "none" puts it at the top. */
export async function changeParent(code: string, parent: string, options: ProposingOptions): Promise<number> {
  const data = encodeChangeParent({ code: parseCode(code), parent: parent === 'none' ? null : parseCode(parent) });
  const place = await Place.open(options);
  return proposeCall(place, options, { to: place.contracts.registry, data });
}

// Showing

export async function listAuthorities(options: ChainOptions): Promise<number> {
  const { facts } = await (await Place.open(options)).state();
  const names = new Names(facts, options.lang);
  print(options, { authorities: formatRegistryFacts(facts)['authorities']! }, treeOf(facts, names, null, ''));
  return EXIT.done;
}

function treeOf(facts: RegistryFacts, names: Names, parent: string | null, indent: string): string[] {
  return facts.authorities
    .filter((one) => one.parent === parent)
    .flatMap((one) => {
      const end = one.dissolvedAt === null ? '' : names.say(words('（已撤销）', ' (dissolved)'));
      return [`${indent}${names.authority(one.code)} ${one.region}${end}`, ...treeOf(facts, names, one.code, `${indent}  `)];
    });
}

/** All that stands under one code. */
export async function showAuthority(code: string, options: ChainOptions): Promise<number> {
  const authority = parseCode(code);
  const { facts } = await (await Place.open(options)).state();
  const found = findAuthority(facts, authority);
  if (found === undefined) throw notFound(`no authority ${code} is registered`);
  print(options, authorityJson(facts, code), authorityLines(found, facts, facts.block.at, new Names(facts, options.lang)));
  return EXIT.done;
}

/** The members of the registry's facts that are about it, in their own form (docs/formats.md §14). */
function authorityJson(facts: RegistryFacts, code: string): JsonObject {
  const isIts = ({ authority }: { readonly authority: string }): boolean => authority === code;
  const { authorities, keys, scopes, duties, logs, coverages, successions } = facts;
  const own = {
    ...facts,
    authorities: authorities.filter((one) => one.code === code),
    keys: keys.filter(isIts),
    scopes: scopes.filter(isIts),
    duties: duties.filter(isIts),
    logs: logs.filter(({ owners }) => owners.some(isIts)),
    coverages: coverages.filter(isIts),
    successions: successions.filter((one) => isIts(one) || one.successor === code),
  };
  return formatRegistryFacts(own);
}

function authorityLines(authority: AuthorityFact, facts: RegistryFacts, now: number, names: Names): string[] {
  const { code, region, parent, account, registeredAt, dissolvedAt } = authority;
  const isIts = (one: { readonly authority: string }): boolean => one.authority === code;
  const end =
    dissolvedAt === null
      ? ''
      : names.say(words(`，撤销于 ${names.instant(dissolvedAt)}`, `, dissolved ${names.instant(dissolvedAt)}`));
  const since = names.instant(registeredAt);
  return [
    names.authority(code),
    names.say(
      words(
        `  行政区划 ${region}，上级 ${names.authority(parent)}，账户 ${formatAccount(account)}`,
        `  region ${region}, parent ${names.authority(parent)}, account ${formatAccount(account)}`,
      ),
    ),
    names.say(words(`  登记于 ${since}${end}`, `  registered ${since}${end}`)),
    ...facts.keys.filter(isIts).map((key) => `  ${keyLine(key, now, names)}`),
    ...facts.scopes
      .filter(isIts)
      .map((one) => scopeLine(one.scopeId, `${one.licenceType} @ ${one.region}`, one, words('颁发权限', 'scope'), names)),
    ...facts.duties.filter(isIts).map((one) => scopeLine(one.dutyId, one.purpose, one, words('读取职责', 'duty'), names)),
    ...facts.coverages
      .filter(isIts)
      .map(({ licenceType, since: from }) =>
        names.say(
          words(`  全部存证 ${licenceType}，自 ${names.instant(from)}`, `  coverage ${licenceType} since ${names.instant(from)}`),
        ),
      ),
    ...facts.logs.filter(isIts).map(({ origin, closedAt }) => {
      const closed =
        closedAt === null
          ? ''
          : names.say(words(`（关闭于 ${names.instant(closedAt)}）`, ` (closed ${names.instant(closedAt)})`));
      return names.say(words(`  日志 ${origin}${closed}`, `  log ${origin}${closed}`));
    }),
    ...facts.successions
      .filter(isIts)
      .map(({ successor }) =>
        names.say(words(`  职责移转至 ${names.authority(successor)}`, `  functions moved to ${names.authority(successor)}`)),
      ),
  ];
}

interface Lasting {
  readonly validFrom: number;
  readonly validTo: number | null;
}

function scopeLine(
  id: Uint8Array,
  what: string,
  { validFrom, validTo }: Lasting,
  kind: ReturnType<typeof words>,
  names: Names,
): string {
  return `  ${names.say(kind)} ${what} ${names.period(validFrom, validTo)}  ${encodeHex(id)}`;
}

/** What a key is worth now. */
export function keyLine(key: KeyFact, now: number, names: Names): string {
  const { keyId, type, validFrom, validTo, compromisedAt, suspended } = key;
  const doubts = [
    compromisedAt === null
      ? null
      : words(`自 ${names.instant(compromisedAt)} 起失密`, `compromised since ${names.instant(compromisedAt)}`),
    suspended === null || !isSuspended(key, now)
      ? null
      : words(`暂停至 ${names.instant(suspended.until)}`, `suspended until ${names.instant(suspended.until)}`),
  ].flatMap((doubt) => (doubt === null ? [] : [` ！${names.say(doubt)}`]));
  return `${names.say(KEY_NAMES[type])} ${encodeHex(keyId)} ${names.period(validFrom, validTo)}${doubts.join('')}`;
}
