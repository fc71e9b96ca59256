/**
 * What a custodian's node tells a person beyond its newest anchored checkpoint: what it has promised to record and what it has published
 * and not anchored yet. JSON:
 *
 *     {"size","entries":[{"keyId","entry":74 bytes,"leafHash","index":null|N,"promise":{…}|null,"content":CONTENT}]}
 *
 * CONTENT as in access/answer.ts. An entry counts only if it stands at the next slot of her own handle under that key; it is provisional in any
 * case, and a promise that does not hold is left out of it. Nothing here says that there is no more.
 */
import { type AccessAnswer, type EntryContent, readContent } from '../access/answer.ts';
import { verifyBody } from '../access/body-check.ts';
import { verifyHandle } from '../access/handle.ts';
import type { CanonicalNumber } from '../access/number.ts';
import { findKey, type LogFact } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import type { JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { decodeEntry, type Entry, ENTRY_LENGTH, KINDS } from '../log/entry.ts';
import { slotAt } from '../log/slot.ts';
import { leafHashOf } from '../log/tree.ts';
import type { World } from '../verify/world.ts';
import type { ShownEntry } from './row.ts';

export interface PromisedEntry {
  readonly keyId: Hash;
  readonly entryBytes: Uint8Array;
  readonly content: EntryContent | null;
}

const MAX_ENTRIES = 65_536;

/** Throws MALFORMED. */
export function parsePromised(value: JsonValue): PromisedEntry[] {
  return readFields(value, 'promised', (fields) => {
    fields.integer('size');
    return fields.array('entries', MAX_ENTRIES, (item, place) => readFields(item, place, readEntry));
  });
}

function readEntry(fields: JsonFields): PromisedEntry {
  fields.value('leafHash');
  fields.value('index');
  // What it binds the custodian to, a court reads; here the entry is provisional with and without it.
  fields.value('promise');
  return {
    keyId: fields.hash('keyId'),
    entryBytes: fields.base64('entry', ENTRY_LENGTH),
    content: readContent(fields),
  };
}

export interface BeyondQuestion {
  readonly world: World;
  readonly log: LogFact;
  readonly number: CanonicalNumber;
  readonly answer: AccessAnswer;
}

/** Those that continue the histories of the answer, slot by slot. */
export function beyondOf(question: BeyondQuestion, promised: readonly PromisedEntry[]): ShownEntry[] {
  return question.answer.epochs.flatMap((epoch) => {
    const { world, log, number } = question;
    const key = findKey(world.facts, epoch.keyId);
    if (key === undefined || key.type !== 'vrf') return [];
    try {
      const h = verifyHandle(key.publicKey, log.logId, number, epoch.proof);
      const rest = promised.filter(({ keyId }) => equalBytes(keyId, epoch.keyId));
      return rest.flatMap((one, i) => shownOf(question, one, slotAt(h, epoch.items.length + i)));
    } catch (error) {
      if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return [];
      throw error;
    }
  });
}

function shownOf(
  { world, log, number, answer }: BeyondQuestion,
  { entryBytes, content }: PromisedEntry,
  slot: Hash,
): ShownEntry[] {
  const entry: Entry = decodeEntry(entryBytes);
  if (encodeHex(entry.slot) !== encodeHex(slot)) return [];
  const recordedIn = { from: answer.checkpoint.checkpoint.issuedAt, to: null };
  const isOpened = entry.kind === KINDS.access && content?.state === 'opened';
  const checked = isOpened
    ? verifyBody({
        entry,
        log,
        recordedIn,
        nonce: content.nonce,
        body: content.body,
        facts: world.facts,
        person: number,
        seal: null,
        sealedIn: null,
      })
    : null;
  return [{ entry, leafHash: leafHashOf(entryBytes), entryIndex: null, recordedIn, content, checked }];
}
