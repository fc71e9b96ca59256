/** How many accesses are under seal, from all the bytes of a seals log: they count if they are exactly what an anchored checkpoint covers. */
import { type SealCount, sealStatesOf } from '../access/seal-count.ts';
import type { LogFact } from '../authority/registry.ts';
import { equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { decodeEntry, ENTRY_LENGTH } from '../log/entry.ts';
import { GrownTree, leafHashOf, rootAt } from '../log/tree.ts';
import { basisOf } from '../verify/basis.ts';
import type { LogAnswer } from '../verify/lookup.ts';
import type { World } from '../verify/world.ts';

/** `entries`: 74 bytes each, from index 0. Null when they are not all of them, or the checkpoint is not anchored: no count, not zero. */
export function countSeals(world: World, log: LogFact, standing: LogAnswer, entries: Uint8Array): SealCount | null {
  if (log.class !== 'seals' || log.term === null || entries.length % ENTRY_LENGTH !== 0) return null;
  try {
    const basis = basisOf(world, standing);
    if (basis === null || !equalBytes(standing.logId, log.logId)) return null;
    const { checkpoint, signature, anchor, witnesses, standing: trouble } = basis;
    if ([signature, anchor, witnesses, trouble].some(({ outcome }) => outcome !== 'pass')) return null;
    const rows = Array.from({ length: entries.length / ENTRY_LENGTH }, (_, i) =>
      entries.slice(i * ENTRY_LENGTH, (i + 1) * ENTRY_LENGTH),
    );
    if (rows.length !== checkpoint.size || !equalBytes(rootOf(rows), checkpoint.rootHash)) return null;
    return sealStatesOf(rows.map(decodeEntry), { term: log.term, asOf: checkpoint.issuedAt }).count;
  } catch (error) {
    if (isCodedError(error)) return null;
    throw error;
  }
}

function rootOf(rows: readonly Uint8Array[]): Hash {
  const tree = new GrownTree();
  for (const row of rows) tree.append(leafHashOf(row));
  return rootAt(rows.length, tree);
}
