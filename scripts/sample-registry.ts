/**
 * What the registry must say for the sample consortium to be true, and the calls that are still missing: by whom, in an order that the
 * contracts accept. What rests on calls of one round comes with the next.
 */
import { decodeHex, equalBytes } from '../core/bytes/bytes.ts';
import type { KeyType, LogClass } from '../core/authority/registry-event.ts';
import { findLog, findMode, type RegistryFacts, type ScopeFact } from '../core/authority/registry.ts';
import { logIdOf, type Origin, parseOrigin } from '../core/log/origin.ts';
import { decideTogether } from '../chain/consortium-call.ts';
import { addKeyCall } from '../chain/key-change.ts';
import {
  encodeDeclareCoverage,
  encodeGrantDuty,
  encodeGrantScope,
  encodeRegisterAuthority,
  encodeRegisterLog,
  encodeSetMode,
  encodeSetVrfKey,
} from '../chain/registry-call.ts';
import type { ChainRpc } from '../chain/rpc.ts';
import type { ChainSender } from '../chain/sender.ts';
import type { Signer } from '../service/signer.ts';
import sample from '../samples/consortium.json' with { type: 'json' };

const DAY = 86_400_000;
const LICENCE_QUANTUM = 1_000;

/** An authority of the sample, with what it holds. */
export interface SampleAuthority {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly region: string;
  /** It has a vote in the consortium. */
  readonly isMember: boolean;
  readonly sender: ChainSender;
  readonly key: Signer;
}

export interface Setting {
  readonly rpc: ChainRpc;
  readonly chainId: number;
  readonly registry: string;
  readonly consortium: string;
  readonly authorities: readonly SampleAuthority[];
  /** By name of the key file. */
  readonly keys: ReadonlyMap<string, Signer>;
  /** Of the logs, ms. */
  readonly beat: number;
  /** Promises last as if the beat were at least this long. */
  readonly busyBeat: number;
}

/** Who calls, and with what; null: the members decide. */
export interface RegistryCall {
  readonly by: SampleAuthority | null;
  readonly data: () => string | Promise<string>;
}

interface NamedKey {
  /** Of the key file. */
  readonly name: string;
  readonly type: KeyType;
  /** Id of the authority that lists it. */
  readonly owner: string;
}

/** Every key but the authority keys. */
export function namesOfKeys(): NamedKey[] {
  const key = (owner: string, type: KeyType): NamedKey => ({ name: `${owner}-${type}`, type, owner });
  return [
    ...sample.departments.flatMap(({ role }) => [key(role, 'log'), key(role, 'document')]),
    { name: 'witness', type: 'witness', owner: 'witness' },
    ...sample.accessLogs.filter(({ isConnected }) => isConnected).map(({ owner }) => key(owner, 'log')),
    ...sample.accessLogs.filter(hasHandles).map(({ owner }) => key(owner, 'vrf')),
    ...sample.requestKeys.map((owner) => key(owner, 'request')),
  ];
}

/** They stand in no registry: custodians' nodes, gateways and accessors' agents seal with them what they keep. */
export function namesOfRecordsKeys(): string[] {
  return sample.requestKeys.map((owner) => `${owner}-records`);
}

type AccessLog = (typeof sample.accessLogs)[number];

/** A custodian that is not connected has no key that makes handles: pages say so. */
function hasHandles({ class: logClass, isConnected }: AccessLog): boolean {
  return logClass === 'access' && isConnected;
}

function authorityOf({ authorities }: Setting, id: string): SampleAuthority {
  return authorities.find((one) => one.id === id)!;
}

function originOf({ code }: SampleAuthority, name: string): Origin {
  return parseOrigin(`${sample.consortium}/${code}/${name}`);
}

export function missingCalls(facts: RegistryFacts, setting: Setting): RegistryCall[] {
  const government = authorityOf(setting, 'government');
  const isListed = ({ code }: SampleAuthority): boolean => facts.authorities.some((authority) => authority.code === code);
  const missing = setting.authorities.filter((one) => !isListed(one));
  if (missing.includes(government)) return [{ by: null, data: () => registration(government, null) }];
  if (missing.length > 0) return missing.map((one) => ({ by: government, data: () => registration(one, government) }));
  const keyCalls = missingKeys(facts, setting, government);
  if (keyCalls.length > 0) return keyCalls;
  return [
    ...sample.departments.flatMap((department) => missingOfDepartment(facts, setting, government, department)),
    ...sample.accessLogs.flatMap((log) => missingOfLog(facts, setting, log)),
    ...missingDuties(facts, setting, government),
  ];
}

function registration({ code, name, region, sender }: SampleAuthority, parent: SampleAuthority | null): string {
  const account = decodeHex(sender.account.slice(2), 20);
  return encodeRegisterAuthority({ code, name, region, parent: parent?.code ?? null, account });
}

/** An authority's first key is its authority key: the government's by decision of the members, the others' signed by the government. */
function missingKeys(facts: RegistryFacts, setting: Setting, government: SampleAuthority): RegistryCall[] {
  const isListed = ({ keyId }: Signer): boolean => facts.keys.some((key) => equalBytes(key.keyId, keyId));
  const newKey = ({ code }: SampleAuthority, holder: Signer, officer: Signer | null): Promise<string> =>
    addKeyCall(setting, { code, keyType: holder.type, validFrom: 0 }, holder, officer);
  const first = setting.authorities.filter(({ key }) => !isListed(key));
  if (first.includes(government)) return [{ by: null, data: () => newKey(government, government.key, null) }];
  if (first.length > 0) return first.map((one) => ({ by: one, data: () => newKey(one, one.key, government.key) }));
  return namesOfKeys().flatMap(({ name, owner: id }) => {
    const holder = setting.keys.get(name)!;
    const owner = authorityOf(setting, id);
    return isListed(holder) ? [] : [{ by: owner, data: () => newKey(owner, holder, owner.key) }];
  });
}

function spansOf({ beat, busyBeat }: Setting, quantum: number): { quantum: number; beat: number; promiseSpan: number } {
  return { quantum, beat, promiseSpan: quantum + 3 * Math.max(beat, busyBeat) };
}

/** The government grants a part of its own scope, and has that from the members. */
function missingOfDepartment(
  facts: RegistryFacts,
  setting: Setting,
  government: SampleAuthority,
  department: (typeof sample.departments)[number],
): RegistryCall[] {
  const owner = setting.authorities.find(({ code }) => code === department.authority)!;
  const origin = originOf(owner, 'licences');
  const logId = logIdOf(origin);
  const calls: RegistryCall[] = [];
  const scopeOf = ({ code }: SampleAuthority, licenceType: string): ScopeFact | undefined =>
    facts.scopes.find((scope) => scope.authority === code && scope.licenceType === licenceType);
  for (const licenceType of department.scopes) {
    const above = scopeOf(government, licenceType);
    const terms = { licenceType, validFrom: 0, validTo: null };
    if (above === undefined) {
      const { code, region } = government;
      calls.push({ by: null, data: () => encodeGrantScope({ ...terms, code, region, parentId: null }) });
    } else if (scopeOf(owner, licenceType) === undefined) {
      const { code, region } = owner;
      calls.push({ by: government, data: () => encodeGrantScope({ ...terms, code, region, parentId: above.scopeId }) });
    }
  }
  if (findLog(facts, logId) === undefined) {
    const log = { owner: owner.code, origin, class: 'licence', term: null, ...spansOf(setting, LICENCE_QUANTUM) } as const;
    return [...calls, { by: owner, data: () => encodeRegisterLog(log) }];
  }
  for (const [types, mode] of [
    [department.publicTypes, 'public'],
    [department.privateTypes, 'private'],
  ] as const) {
    for (const licenceType of types) {
      if (findMode(facts, logId, licenceType) !== undefined) continue;
      calls.push({ by: owner, data: () => encodeSetMode({ logId, licenceType, mode }) });
    }
  }
  for (const licenceType of department.coverages) {
    if (facts.coverages.some((one) => one.authority === owner.code && one.licenceType === licenceType)) continue;
    const since = Date.now() - DAY;
    calls.push({ by: owner, data: () => encodeDeclareCoverage({ code: owner.code, licenceType, since }) });
  }
  return calls;
}

/** An access log's handles begin with its first entry. */
function missingOfLog(facts: RegistryFacts, setting: Setting, log: AccessLog): RegistryCall[] {
  const owner = authorityOf(setting, log.owner);
  const origin = originOf(owner, log.name);
  const logId = logIdOf(origin);
  const registered = findLog(facts, logId);
  if (registered === undefined) {
    const terms = { owner: owner.code, origin, class: log.class as LogClass, term: log.term };
    return [{ by: owner, data: () => encodeRegisterLog({ ...terms, ...spansOf(setting, log.quantum) }) }];
  }
  if (!hasHandles(log) || registered.vrfKeys.length > 0) return [];
  const { keyId } = setting.keys.get(`${log.owner}-vrf`)!;
  return [{ by: owner, data: () => encodeSetVrfKey({ logId, keyId, fromIndex: 0 }) }];
}

/** The government has each purpose from the members, and hands it down. */
function missingDuties(facts: RegistryFacts, setting: Setting, government: SampleAuthority): RegistryCall[] {
  const dutyOf = ({ code }: SampleAuthority, purpose: string): RegistryFacts['duties'][number] | undefined =>
    facts.duties.find((duty) => duty.authority === code && duty.purpose === purpose);
  return sample.duties.flatMap(({ holder: id, purpose }): RegistryCall[] => {
    const holder = authorityOf(setting, id);
    const terms = { purpose, validFrom: 0, validTo: null };
    const above = dutyOf(government, purpose);
    if (above === undefined)
      return [{ by: null, data: () => encodeGrantDuty({ ...terms, code: government.code, parentId: null }) }];
    if (dutyOf(holder, purpose) !== undefined) return [];
    return [{ by: government, data: () => encodeGrantDuty({ ...terms, code: holder.code, parentId: above.dutyId }) }];
  });
}

/** What different authorities call goes side by side; what one calls, one after the other: each key act has its turn. */
export async function makeCalls(calls: readonly RegistryCall[], setting: Setting): Promise<void> {
  const { registry: to, consortium, authorities } = setting;
  const voters = authorities.filter(({ isMember }) => isMember).slice(0, sample.threshold);
  const byCaller = Map.groupBy(calls, ({ by }) => by);
  const decided = (byCaller.get(null) ?? []).map(async ({ data: encode }) => {
    const call = { to, data: await encode() };
    const senders = voters.map(({ sender }) => sender);
    await decideTogether(senders, { consortium, call, expiresAt: Date.now() + DAY });
  });
  const called = [...byCaller].map(async ([by, own]) => {
    if (by === null) return;
    for (const { data: encode } of own) await by.sender.send({ to, data: await encode() });
  });
  await Promise.all([...decided, ...called]);
}
