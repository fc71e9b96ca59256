/** `veritrail trace unmask` and `approve`: one officer asks that persons be named, another agrees; only then is anything opened. */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { malformed, notFound } from '../../core/bytes/error.ts';
import { type Hash, hashFromHex } from '../../core/bytes/hash.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import type { Exchange } from '../../core/trace/case-file.ts';
import { MAX_UNMASKED } from '../../core/trace/query.ts';
import { entriesToName, type JudgedCase } from '../../core/trace/view.ts';
import { EXIT, print } from '../command.ts';
import { openDesk, type OfficerOptions } from './place.ts';

/** Of the look-up in this log that showed one of the entries. */
function shownBy({ file, traced }: JudgedCase, origin: string, leafHashes: readonly Hash[]): Hash {
  const meant = new Set(leafHashes.map(encodeHex));
  const index = file.exchanges.findLastIndex(
    (exchange: Exchange, i) =>
      exchange.origin === origin && traced[i]?.entries.some(({ leafHash }) => meant.has(leafHash)) === true,
  );
  if (index === -1) throw notFound('no look-up showed these persons');
  return requestDigestOf(file.exchanges[index]!.question.request.envelope.payload);
}

export async function unmask(pseudonyms: readonly string[], options: OfficerOptions): Promise<number> {
  const opened = await openDesk(options);
  try {
    const judged = opened.judged();
    const byOrigin = entriesToName(judged, pseudonyms);
    if (byOrigin.size === 0) throw notFound('the case has no such person');
    const requests: string[] = [];
    for (const [origin, leafHashes] of byOrigin) {
      if (leafHashes.length > MAX_UNMASKED) throw malformed(`at most ${MAX_UNMASKED} persons at once`);
      const log = opened.desk.logs.find((one) => one.origin === origin)!;
      const { question } = await opened.desk.propose(log, leafHashes, shownBy(judged, origin, leafHashes));
      requests.push(encodeHex(requestDigestOf(question.request.envelope.payload)));
    }
    const said = options.lang === 'en' ? 'Waits for another officer’s approval:' : '等待另一名办案人员同意：';
    print(options, { waiting: requests }, [said, ...requests]);
    return EXIT.done;
  } finally {
    await opened.close();
  }
}

export async function approve(request: string, options: OfficerOptions): Promise<number> {
  const opened = await openDesk(options);
  try {
    await opened.desk.approve(hashFromHex(request));
    const { named } = opened.judged();
    const rows = [...named].map(([pseudonym, number]) => ({ pseudonym, class: number.class, id: number.id }));
    print(
      options,
      { named: rows },
      rows.map(({ pseudonym, id }) => `${pseudonym}  ${id}`),
    );
    return EXIT.done;
  } finally {
    await opened.close();
  }
}
