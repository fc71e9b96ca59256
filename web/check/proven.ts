/** The entries that a verdict rests on, with the instants between which each was recorded: for whoever opens the proof. */
import { equalBytes } from '../../core/bytes/bytes.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { KindName } from '../../core/log/entry.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { basisOf } from '../../core/verify/basis.ts';
import { isUnreadable, recordOf } from '../../core/verify/record.ts';
import type { CheckpointView } from '../../core/verify/verdict.ts';
import { worldOf } from '../../core/verify/world.ts';
import type { Ground, Told } from './check.ts';

export interface ProvenLine {
  readonly about: 'licence' | 'file';
  readonly kind: KindName | null;
  readonly entryIndex: number;
  readonly recordedAt: number;
  readonly provedFrom: number;
  readonly provedTo: number | null;
}

export function logIdIn({ origin }: CheckpointView): Hash {
  return logIdOf(parseOrigin(origin));
}

/** Empty where no whole history was shown. */
export function provenLines({ verdict }: Told, { answer, answeredDigest, trust, live }: Ground): ProvenLine[] {
  const { checkpoint, evaluatedAt } = verdict;
  const world = worldOf({ trust, live, evaluatedAt, at: null });
  const log = checkpoint && answer.logs.find(({ logId }) => equalBytes(logId, logIdIn(checkpoint)));
  const basis = log && basisOf(world, log);
  if (!basis) return [];
  const record = recordOf(world, answer, basis, answeredDigest);
  if (record === null || isUnreadable(record)) return [];
  return (['licence', 'file'] as const).flatMap((about) =>
    record[about].entries.map(({ entry, entryIndex }, place) => {
      const { from, to } = basis.provedTime(entryIndex);
      const kind = record[about].kinds[place] ?? null;
      return { about, kind, entryIndex, recordedAt: entry.recordedAt, provedFrom: from, provedTo: to };
    }),
  );
}
