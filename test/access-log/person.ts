/** A person who asks about herself: her custodian's answer, which no verifier sees, and what a verifier says of the checkpoint it stands on. */
import type { AccessAnswer } from '../../core/access/answer.ts';
import { judgeLog, type LogJudgement } from '../../core/access/answer-check.ts';
import { handleOf, proveHandle } from '../../core/access/handle.ts';
import { normaliseNumber } from '../../core/access/number.ts';
import { parseRegistryFacts } from '../../core/authority/facts-json.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { findLog } from '../../core/authority/registry.ts';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { JsonValue } from '../../core/bytes/json.ts';
import type { Entry } from '../../core/log/entry.ts';
import { proveHistory } from '../../core/log/history.ts';
import { parseNote } from '../../core/log/note.ts';
import { slotAt } from '../../core/log/slot.ts';
import { parsePrivateKey, publicKeyOf } from '../../core/sm/sm2.ts';
import { type AnchorClaim, type LogAnswer, parseAnchorClaim, parseLookupAnswer } from '../../core/verify/lookup.ts';
import { worldOf } from '../../core/verify/world.ts';
import { bytesOf } from '../log/memory-log.ts';
import type { Served } from '../verifier/world.ts';
import { CUSTODIAN, type CustodyWorld, entryAt } from './quantum-log.ts';

export const PERSON = normaliseNumber(1, '11010519491231002X');
const VRF_KEY_NAME = 'vrf key of the custodian';
const vrfKey = parsePrivateKey(bytesOf(VRF_KEY_NAME));

export class Person {
  readonly #custody: CustodyWorld;
  readonly #h;
  #count = 0;

  constructor(custody: CustodyWorld) {
    this.#custody = custody;
    const { logId } = custody.access;
    custody.addKey('vrf', CUSTODIAN, VRF_KEY_NAME);
    custody.world.story.happen({ kind: 'vrf-key-set', logId, keyId: keyIdOf(publicKeyOf(vrfKey)), fromIndex: 0 });
    this.#h = handleOf(vrfKey, logId, PERSON);
  }

  slot(i: number): Hash {
    return slotAt(this.#h, i);
  }

  /** The next entry of her history. */
  readAt(recordedAt: number): Entry {
    return entryAt(recordedAt, `hers ${this.#count}`, { slot: this.slot(this.#count++) });
  }

  /** What the custodian answers her, on a note that it has signed. */
  answer(note: string): AccessAnswer {
    const { access: log } = this.#custody;
    const signed = parseNote(note);
    const entryAtSlot = (slot: Hash): { entryBytes: Uint8Array; entryIndex: number } => {
      const entryIndex = log.rows.findIndex((row) => equalBytes(row.slot, slot));
      return { entryBytes: log.rows[entryIndex]!.bytes, entryIndex };
    };
    const reader = { tree: log.tree, map: log.map, entryAt: entryAtSlot };
    const { items, absence } = proveHistory(this.#h, signed.checkpoint, reader);
    const epoch = { keyId: keyIdOf(publicKeyOf(vrfKey)), proof: proveHandle(vrfKey, log.logId, PERSON), absence };
    return { checkpoint: signed, epochs: [{ ...epoch, items: items.map((item) => ({ ...item, content: null })) }] };
  }

  /** What her browser makes of both. */
  async judge(verifier: Served, answer: AccessAnswer, standing: LogAnswer): Promise<LogJudgement> {
    const { world, access } = this.#custody;
    const { json } = await verifier.get('/v1/authorities');
    const live = { facts: parseRegistryFacts(json['facts'] as JsonValue), ageMs: json['polledMsAgo'] as number };
    const judged = worldOf({ trust: world.trust(), live, evaluatedAt: world.clock(), at: null });
    return judgeLog({ world: judged, log: findLog(live.facts, access.logId)!, number: PERSON, standing, answer });
  }
}

export const pathOf = (logId: Hash, rest: string): string => `/v1/logs/${encodeHex(logId)}${rest}`;

export async function readStanding(verifier: Served, logId: Hash, query = ''): Promise<LogAnswer> {
  const { json } = await verifier.get(pathOf(logId, `/standing${query}`));
  return parseLookupAnswer(json).logs[0]!;
}

export async function readAnchors(verifier: Served, logId: Hash, from: number, to: number): Promise<AnchorClaim[]> {
  const { json } = await verifier.get(pathOf(logId, `/anchors?from=${from}&to=${to}`));
  return (json['anchors'] as JsonValue[]).map((one, i) => parseAnchorClaim(one, `anchors[${i}]`));
}
