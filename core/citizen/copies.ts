/**
 * What an accessor's agent hands a person who asks about herself: the accessor's own copies of what it read about her, each with what opens
 * it (docs/formats.md §33). JSON of at most 32 MiB:
 *
 *     {"format":"veritrail-access-copies-v1","accessor":18,"isAll":bool,"copies":[{"entry":74 bytes,"nonce":64 hex,"body":bytes,"promise":PROMISE of §30}]}
 *
 * Bytes are base64. There is no handle in it: an accessor has none. `isAll` false: there are more than one answer holds. Accesses under seal
 * are not among them until they are released, and then only the custodian shows them. What the copies are worth, compared.ts says.
 */
import { MAX_ACCESS_BODY_BYTES } from '../access/body.ts';
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeBase64, encodeHex } from '../bytes/bytes.ts';
import type { Hash } from '../bytes/hash.ts';
import type { JsonObject, JsonValue } from '../bytes/json.ts';
import { type JsonFields, readFields } from '../bytes/json-fields.ts';
import { decodeEntry, encodeEntry, type Entry, ENTRY_LENGTH, NONCE_LENGTH } from '../log/entry.ts';
import { leafHashOf } from '../log/tree.ts';
import { formatPromise, readPromise, type SignedPromise } from '../trace/case-answer.ts';

/** The accessor's word, until it opens the entry and both sides' signatures hold. */
export interface AccessCopy {
  readonly entry: Entry;
  readonly leafHash: Hash;
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
  readonly promise: SignedPromise;
}

export interface AccessCopies {
  readonly accessor: Uscc;
  readonly isAll: boolean;
  readonly copies: readonly AccessCopy[];
}

const FORMAT = 'veritrail-access-copies-v1';
export const MAX_COPIES_BYTES = 32 * 1024 * 1024;
export const MAX_COPIES = 4096;

export function formatCopies({ accessor, isAll, copies }: AccessCopies): JsonObject {
  return { format: FORMAT, accessor, isAll, copies: copies.map(formatCopy) };
}

/** One copy by itself: the paper that the person may show to others. */
export function formatCopy({ entry, nonce, body, promise }: Omit<AccessCopy, 'leafHash'>): JsonObject {
  return {
    entry: encodeBase64(encodeEntry(entry)),
    nonce: encodeHex(nonce),
    body: encodeBase64(body),
    promise: formatPromise(promise),
  };
}

/** Throws MALFORMED. */
export function parseCopies(value: JsonValue): AccessCopies {
  return readFields(value, 'copies', (fields) => {
    fields.oneOf('format', [FORMAT]);
    return {
      accessor: parseUscc(fields.string('accessor', 18)),
      isAll: fields.boolean('isAll'),
      copies: fields.array('copies', MAX_COPIES, (item, place) => readFields(item, place, readCopy)),
    };
  });
}

function readCopy(fields: JsonFields): AccessCopy {
  const entryBytes = fields.base64('entry', ENTRY_LENGTH);
  return {
    entry: decodeEntry(entryBytes),
    leafHash: leafHashOf(entryBytes),
    nonce: fields.hex('nonce', NONCE_LENGTH),
    body: fields.base64('body', MAX_ACCESS_BODY_BYTES),
    promise: readFields(fields.value('promise'), 'promise', readPromise),
  };
}
