/** One custodian's access log in memory: real handles, entries and contents. */
import type { EntryContent } from '../../core/access/answer.ts';
import { handleOf } from '../../core/access/handle.ts';
import { type CanonicalNumber, parseNumber } from '../../core/access/number.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { encodeEntry, type Entry, type KindName } from '../../core/log/entry.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import type { Signer } from '../../core/log/signer.ts';
import { asHistorySecret } from '../../core/log/slot.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import type { PrivateKey } from '../../core/sm/sm2.ts';
import { bytesOf } from '../log/memory-log.ts';
import { signerNamed, StoryLog } from '../verify/story.ts';

export const POLICE = '11999900MB00000050';
export const INSURANCE = '11999900MB00000063';
export const HOUSING = '11999900MB00000076';
/** Seals, and holds no data. */
export const SEALING = '11999900MB0000010H';
export const SERVICE = '11999900MB0000009C';
export const PERSON = parseNumber(1, '999900199001010014');
export const OTHER = parseNumber(1, '999900199203030021');
export const DAY = 86_400_000;

/** What an ordinary reading says of itself. */
export const ORDINARY = {
  action: 'read',
  agreement: null,
  breakGlass: null,
  case: 'SL-2026-000017',
  cause: '受理不动产转移登记，核对申请人户籍',
  grade: 'session-attested' as const,
  legalBasis: '不动产登记暂行条例 第十七条',
  matter: '不动产转移登记',
  method: 'view',
  operator: { id: 'S-0017', publicKey: null, role: '综合窗口受理岗' },
  parent: null,
  purpose: 'service.requested',
  system: '一体化政务服务平台',
  terminal: 'T-03',
};

/** The log of one custodian. */
export class AccessLog extends StoryLog {
  readonly vrfKeys: PrivateKey[] = [];
  /** By leaf hash, hex: what the custodian shows of an entry. */
  readonly contents = new Map<string, EntryContent>();
  readonly requestSigner: Signer;

  constructor(authority: string, name = 'access') {
    super(authority);
    const origin = parseOrigin(`sample/${authority}/${name}`);
    Object.assign(this, { origin, logId: logIdOf(origin) });
    this.requestSigner = signerNamed(`request key of ${authority}`);
  }

  get vrfKey(): PrivateKey {
    return this.vrfKeys.at(-1)!;
  }

  /** At a slot that belongs to no history here. */
  append(entry: Entry): void {
    const bytes = encodeEntry(entry);
    const leafHash = leafHashOf(bytes);
    this.rows.push({
      h: asHistorySecret(bytesOf(`nobody ${this.rows.length}`)),
      slot: entry.slot,
      bytes,
      opening: new Uint8Array(),
    });
    this.tree.append(leafHash);
    this.map.insert({ slot: entry.slot, leafHash });
  }

  /** Says it in the person's history under the newest key, and returns the leaf hash. */
  record(kind: KindName, person: CanonicalNumber | null, body: Uint8Array, recordedAt: number): Hash {
    const h =
      person === null ? asHistorySecret(bytesOf(`nobody ${this.rows.length}`)) : handleOf(this.vrfKey, this.logId, person);
    const nonce = bytesOf(`nonce ${this.origin} ${this.rows.length}`);
    this.say(kind, h, body, recordedAt, nonce);
    const leafHash = leafHashOf(this.rows.at(-1)!.bytes);
    this.contents.set(encodeHex(leafHash), { state: 'opened', nonce, body });
    return leafHash;
  }
}
