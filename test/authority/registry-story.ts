/** A registry that is told events, each in a block of its own, and a consortium in which everything that it can say was said once. */
import { applyRegistryEvent, emptyRegistry } from '../../core/authority/fold.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { KeyType, RegistryEvent } from '../../core/authority/registry-event.ts';
import type { RegistryFacts } from '../../core/authority/registry.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { parsePrivateKey, publicKeyOf, type PublicKey } from '../../core/sm/sm2.ts';
import { bytesOf } from '../log/memory-log.ts';

export const START = Date.UTC(2026, 0, 1);
export const TYPE = '11999900MB0000004W001';
export const OTHER_TYPE = '11999900MB0000004W002';
export const PURPOSE = 'mining.licence-review';

/** A city government, two of its bureaus, a county bureau below the first, and an audit office elsewhere. */
export const GOVERNMENT = '11999900MB00000050';
export const ISSUER = '11999900MB0000001K';
export const SUCCESSOR = '11999900MB0000002N';
export const AUDIT = '11999900MB0000003R';
export const COUNTY = '11999900MB0000004W';

export type Untold = RegistryEvent extends infer Event ? (Event extends unknown ? Omit<Event, 'block'> : never) : never;

export const originOf = (code: string, name: string): string => `sample/${code}/${name}`;
export const logIdNamed = (code: string, name: string): Hash => logIdOf(parseOrigin(originOf(code, name)));
export const publicKeyNamed = (name: string): PublicKey => publicKeyOf(parsePrivateKey(bytesOf(name)));
export const keyIdNamed = (name: string): Hash => keyIdOf(publicKeyNamed(name));

export function authority(code: string, parent: string | null = null): Untold {
  const account = bytesOf(code).subarray(0, 20);
  return { kind: 'authority-registered', code, name: `机关 ${code}`, region: '999900', parent, account };
}

export function key(code: string, name: string, keyType: KeyType, validFrom = START): Untold {
  return { kind: 'key-added', code, keyId: keyIdNamed(name), keyType, publicKey: publicKeyNamed(name), validFrom };
}

/** Named by the name; a part of the grant of another name. */
export function scope(code: string, name: string, parent: string | null = null, validTo: number | null = null): Untold {
  const terms = { licenceType: TYPE, region: '999900', validFrom: START, validTo };
  return { kind: 'scope-granted', scopeId: bytesOf(name), code, ...terms, parentId: parent === null ? null : bytesOf(parent) };
}

export function duty(code: string, name: string, parent: string | null = null, validTo: number | null = null): Untold {
  const terms = { purpose: PURPOSE, validFrom: START, validTo };
  return { kind: 'duty-granted', dutyId: bytesOf(name), code, ...terms, parentId: parent === null ? null : bytesOf(parent) };
}

export function licenceLog(code: string, name: string): Untold {
  const [logId, origin] = [logIdNamed(code, name), originOf(code, name)];
  const spans = { quantum: 1_000, beat: 60_000, promiseSpan: 180_000, term: null };
  return { kind: 'log-registered', logId, origin, owner: code, class: 'licence', ...spans };
}

export function dispute(logId: Hash, fromSize: number, name = 'charge'): Untold {
  return { kind: 'log-disputed', logId, charge: 'fork', chargeDigest: bytesOf(name), fromSequence: 1, fromSize };
}

export class RegistryStory {
  facts: RegistryFacts = emptyRegistry({ number: 0, hash: bytesOf('block 0'), at: START });

  /** Returns the time of the block of the last one. */
  tell(...events: readonly Untold[]): number {
    for (const event of events) {
      const number = this.facts.block.number + 1;
      const block = { number, hash: bytesOf(`block ${number}`), at: START + 1_000 * number };
      this.facts = applyRegistryEvent(this.facts, { ...event, block });
    }
    return this.facts.block.at;
  }
}

/** Every list has something in it, and every member that may be null is null in one place and not in another. */
export function wholeStory(): RegistryStory {
  const story = new RegistryStory();
  const licences = logIdNamed(ISSUER, 'licences');
  const seals = { ...licenceLog(ISSUER, 'seals'), class: 'seals' as const, term: 86_400_000 };
  story.tell(
    authority(GOVERNMENT),
    authority(ISSUER, GOVERNMENT),
    authority(SUCCESSOR, GOVERNMENT),
    authority(AUDIT),
    authority(COUNTY, ISSUER),
    key(ISSUER, 'log key', 'log'),
    key(ISSUER, 'vrf key', 'vrf'),
    key(AUDIT, 'witness key', 'witness'),
    scope(GOVERNMENT, 'scope'),
    scope(ISSUER, 'part of the scope', 'scope', START + 86_400_000),
    duty(GOVERNMENT, 'duty'),
    duty(ISSUER, 'part of the duty', 'duty', START + 86_400_000),
    licenceLog(ISSUER, 'licences'),
    licenceLog(ISSUER, 'closed'),
    seals,
    { kind: 'vrf-key-set', logId: licences, keyId: keyIdNamed('vrf key'), fromIndex: 0 },
    { kind: 'mode-set', logId: licences, licenceType: TYPE, mode: 'public' },
    { kind: 'mode-set', logId: licences, licenceType: OTHER_TYPE, mode: 'private' },
    { kind: 'coverage-declared', code: ISSUER, licenceType: TYPE, since: START },
    { kind: 'log-closed', logId: logIdNamed(ISSUER, 'closed'), closedAt: START + 30_000, byOwner: true },
    { kind: 'key-compromised', keyId: keyIdNamed('witness key'), since: START + 1 },
    { kind: 'key-suspended', keyId: keyIdNamed('log key'), suspendedAt: START + 31_000, until: START + 700_000_000 },
    {
      kind: 'function-moved',
      code: ISSUER,
      successor: SUCCESSOR,
      logIds: [licences],
      licenceTypes: [TYPE, OTHER_TYPE],
      movedAt: START + 32_000,
    },
    { kind: 'authority-dissolved', code: COUNTY, dissolvedAt: START + 33_000 },
    dispute(licences, 7),
  );
  return story;
}
