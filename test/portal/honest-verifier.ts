/** What an honest verifier says of the logs of a story. */
import { equalBytes } from '../../core/bytes/bytes.ts';
import { notFound } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import type { AnchorClaim, LogAnswer } from '../../core/verify/lookup.ts';
import type { Story, StoryLog } from '../verify/story.ts';

/** What an honest verifier says of a log's checkpoint: the one of that size, or the newest anchored one. */
export function standingIn(story: Story, logId: Hash, size: number | null, time: number | null = null): LogAnswer {
  const log = story.logs.find((one) => equalBytes(one.logId, logId));
  const isMeant = ({ claim, checkpoint }: StoryLog['held'][number]): boolean =>
    size === null ? claim !== null : checkpoint.size === size && (time === null || checkpoint.issuedAt === time);
  const held = log?.held.findLast(isMeant);
  if (held === undefined) throw notFound('no such checkpoint');
  return { logId, checkpoint: held.note, polledMsAgo: 100, trouble: null, anchors: held.claim === null ? [] : [held.claim] };
}

export function anchorsIn(story: Story, logId: Hash, from: number, to: number): AnchorClaim[] {
  const log = story.logs.find((one) => equalBytes(one.logId, logId));
  const claims = (log?.held ?? []).flatMap(({ claim }) => claim ?? []);
  const before = claims.findLast(({ anchoredAt }) => anchoredAt < from);
  const after = claims.find(({ anchoredAt }) => anchoredAt > to);
  return [before, ...claims.filter(({ anchoredAt }) => anchoredAt >= from && anchoredAt <= to), after].flatMap(
    (one) => one ?? [],
  );
}
