/** Asking that persons of a case be named: which entries that takes, in which logs, and which look-up showed them. */
import { requestDigestOf } from '../access/request.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { malformed, notFound } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import type { WaitingUnmasking } from '../trace/case-file.ts';
import type { Desk } from '../trace/desk.ts';
import { MAX_UNMASKED } from '../trace/query.ts';
import { entriesToName, type JudgedCase } from '../trace/view.ts';

/** Of the look-up in this log that showed one of the entries. */
function shownBy({ file, traced }: JudgedCase, origin: string, leafHashes: readonly Hash[]): Hash {
  const meant = new Set(leafHashes.map(encodeHex));
  const index = file.exchanges.findLastIndex(
    (exchange, i) => exchange.origin === origin && traced[i]?.entries.some(({ leafHash }) => meant.has(leafHash)) === true,
  );
  if (index === -1) throw notFound('no look-up showed these persons');
  return requestDigestOf(file.exchanges[index]!.question.request.envelope.payload);
}

/** One proposal for each log concerned. Throws NOT_FOUND for persons whom the case does not have, MALFORMED for too many, and as `propose`. */
export async function proposeUnmasking(
  desk: Desk,
  judged: JudgedCase,
  pseudonyms: readonly string[],
): Promise<WaitingUnmasking[]> {
  const byOrigin = entriesToName(judged, pseudonyms);
  if (byOrigin.size === 0) throw notFound('the case has no such person');
  if ([...byOrigin.values()].some(({ length }) => length > MAX_UNMASKED))
    throw malformed('too many persons at once', { max: MAX_UNMASKED });
  const proposed: WaitingUnmasking[] = [];
  for (const [origin, leafHashes] of byOrigin) {
    const log = desk.logs.find((one) => one.origin === origin);
    if (log === undefined) throw notFound('the registry lists no such log any more');
    proposed.push(await desk.propose(log, leafHashes, shownBy(judged, origin, leafHashes)));
  }
  return proposed;
}

/** How a waiting unmasking is named. */
export function proposalName({ question }: WaitingUnmasking): string {
  return encodeHex(requestDigestOf(question.request.envelope.payload));
}
