/**
 * Slot proofs from the log's own map, in the form of a verifier's answer (core/verify/lookup.ts): at the newest published checkpoint,
 * or at an earlier one. The anchors named are those the chain holds; whether they stand, other parties attest, not the log.
 */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, invariant, notFound, unavailable } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { Checkpoint } from '../../core/log/checkpoint.ts';
import { parseNote } from '../../core/log/note.ts';
import { encodeSlotProof, proveSlot } from '../../core/log/slot-proof.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { proveInclusion } from '../../core/log/tree-proof.ts';
import type { AbsentSlot, AnchorClaim, LookupAnswer, LookupQuestion, PresentSlot } from '../../core/verify/lookup.ts';
import type { Anchor, Anchors } from './anchors.ts';
import type { LogStore } from './log-store.ts';
import type { Published } from './published.ts';
import type { Writing } from './writing.ts';

export interface LookupSources {
  readonly log: LogStore;
  readonly anchors: Anchors;
  readonly writer: Pick<Writing, 'logId' | 'newest'>;
  /** Milliseconds since the chain was last read. */
  readonly polledMsAgo: () => number;
}

type Row = { readonly present: PresentSlot } | { readonly absent: AbsentSlot };

/** Throws NOT_FOUND for another log, CONFLICT with the newest size for one that is not held, UNAVAILABLE before the first. */
export async function lookUp(sources: LookupSources, { slots, logId, size }: LookupQuestion): Promise<LookupAnswer> {
  const { writer, polledMsAgo } = sources;
  if (logId !== undefined && !equalBytes(logId, writer.logId)) throw notFound('this node keeps another log');
  const published = await publishedAt(sources, size);
  const rows = slots.map((slot) => rowOf(sources, published.checkpoint, slot));
  const present = rows.flatMap((row) => ('present' in row ? [row.present] : []));
  const anchors = await claimsFor(sources, published.checkpoint, present);
  const log = { logId: writer.logId, checkpoint: published.note, polledMsAgo: polledMsAgo(), trouble: null, anchors };
  return { logs: [log], present, absent: rows.flatMap((row) => ('absent' in row ? [row.absent] : [])) };
}

async function publishedAt({ log, anchors, writer }: LookupSources, size: number | undefined): Promise<Published> {
  const { newest } = writer;
  if (newest === null) throw unavailable('nothing is published yet');
  if (size === undefined || size === newest.checkpoint.size) return newest;
  const anchor = await anchors.newestOf(size);
  const note = anchor && log.noteOf(anchor);
  if (note === undefined) throw conflict('no checkpoint of this size is held', { newest: newest.checkpoint.size });
  return { note, checkpoint: parseNote(note).checkpoint };
}

function rowOf({ log, writer: { logId } }: LookupSources, { size, mapRoot }: Checkpoint, slot: Hash): Row {
  const proof = proveSlot(mapRoot, slot, log.map);
  const map = encodeSlotProof(proof);
  if (proof.end === null || !equalBytes(proof.end.slot, slot)) return { absent: { slot, logId, map } };
  const index = log.indexAt(slot);
  if (index === undefined) throw unavailable('the log’s store lacks something that it must hold');
  invariant(index < size, 'a map holds only entries of its tree');
  const entry = log.entry(index);
  const inclusion = proveInclusion(index, size, log.tree);
  return { present: { slot, logId, index, entry, inclusion, map, opening: log.openings.getSync(leafHashOf(entry)) ?? null } };
}

/** The anchor of the checkpoint stood on, and the two around each entry; each once. */
async function claimsFor(sources: LookupSources, stoodOn: Checkpoint, present: readonly PresentSlot[]): Promise<AnchorClaim[]> {
  const { log, anchors } = sources;
  const found: (Anchor | undefined)[] = [anchors.of(stoodOn)];
  for (const { index } of present) found.push(await anchors.lastWithout(index), await anchors.firstWith(index));
  const claims = found.flatMap((anchor): AnchorClaim[] => {
    const checkpoint = anchor && log.noteOf(anchor);
    if (anchor === undefined || checkpoint === undefined) return [];
    const { number, hash, at } = anchor.block;
    return [{ checkpoint, blockNumber: number, blockHash: hash, anchoredAt: at, attestations: [] }];
  });
  return [...new Map(claims.map((claim) => [claim.checkpoint, claim])).values()];
}
