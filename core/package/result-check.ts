/**
 * Whether the result follows from the entries: the ranking is worked out again from them, each row of the reconciliation is found in them, and
 * whoever is named was named by two officers, for an entry that opens to just that number.
 */
import { encodeHex } from '../bytes/bytes.ts';
import { canonicalJson, type JsonObject, type JsonValue } from '../bytes/json.ts';
import { isApproved } from '../trace/view.ts';
import { rankSample, readingsOf } from '../trace/result.ts';
import { requestDigestOf } from '../access/request.ts';
import type { TraceCase } from '../trace/case.ts';
import type { CheckedEntries } from './entry-check.ts';
import type { PackageCheck } from './package-check.ts';
import { entryPartName, type PackedLookUp } from './parts.ts';
import { parseResult, type StatedResult } from './result-part.ts';

const PART = 'result.json';

export function checkResult(
  check: PackageCheck,
  one: TraceCase,
  entries: CheckedEntries,
  lookups: readonly PackedLookUp[],
): void {
  const result = check.part(PART, 'result', parseResult);
  if (result === null) return;
  checkNaming(check, one, result, entries, lookups);
  // Whether all entries are sound is said; what follows from the others nobody can say.
  const isWhole = result.shown === 'all' && !check.findings.hasFailed;
  if (result.ranking !== null && isWhole) {
    const again = rankingAgain(result, result.ranking, entries, lookups);
    if (canonicalJson(result.ranking) === canonicalJson(again)) check.findings.pass('result');
    else check.findings.fail('result', PART, 'RESULT_DIFFERS', { of: 'ranking' });
  }
  for (const leafHash of namedLeaves(result)) {
    if (check.sound.has(entryPartName(leafHash))) check.findings.pass('result');
    else check.findings.fail('result', PART, 'PART_MISSING', { entry: leafHash });
  }
}

/** From the entries alone, by the names they have here. */
function rankingAgain(
  { sample }: StatedResult,
  { from, to }: JsonObject,
  { entries }: CheckedEntries,
  lookups: readonly PackedLookUp[],
): JsonValue {
  const own = new Set(lookups.map(({ request }) => encodeHex(requestDigestOf(request.envelope.payload))));
  const names = new Map(entries.map(({ traced, subject }) => [traced, subject]));
  const meant = entries.map(({ traced }) => traced).filter(({ request }) => request !== null && !own.has(request));
  const span = { from: Number(from), to: Number(to) };
  const readings = readingsOf(meant, span, (entry) => names.get(entry) ?? null);
  return rankSample(readings, sample, span) as unknown as JsonObject;
}

/** Leaf hashes that rows of the result rest on. */
function namedLeaves({ ranking, reconciliation }: StatedResult): Set<string> {
  const rows = [ranking?.['operators'], ranking?.['accessors'], ranking?.['lookUps'], reconciliation?.['rows']].flatMap((list) =>
    Array.isArray(list) ? (list as readonly JsonValue[]) : [],
  );
  const hashes = rows.flatMap((row) => {
    const list = row !== null && typeof row === 'object' && !Array.isArray(row) ? (row as JsonObject)['leafHashes'] : null;
    return Array.isArray(list) ? (list as readonly JsonValue[]) : [];
  });
  return new Set(hashes.filter((hash) => typeof hash === 'string'));
}

function checkNaming(
  check: PackageCheck,
  one: TraceCase,
  { named }: StatedResult,
  { entries }: CheckedEntries,
  lookups: readonly PackedLookUp[],
): void {
  const agreed = new Set(
    lookups.flatMap(({ request, approval, event, query }) =>
      event !== null && query?.asked.kind === 'unmask' && isApproved(one, { request, approval })
        ? query.asked.leafHashes.map(encodeHex)
        : [],
    ),
  );
  const numberOf = new Map(named.map(({ pseudonym, number }) => [pseudonym, `${number.class} ${number.id}`]));
  const shown = new Set<string>();
  for (const { part, traced, subject } of entries) {
    if (traced.number === null) continue;
    const number = `${traced.number.class} ${traced.number.id}`;
    if (subject === null || numberOf.get(subject) !== number) check.findings.fail('naming', part, 'NOT_NAMED');
    else if (agreed.has(traced.leafHash)) shown.add(subject);
  }
  for (const { pseudonym } of named) {
    if (shown.has(pseudonym)) check.findings.pass('naming');
    else check.findings.fail('naming', PART, 'NOT_APPROVED', { pseudonym });
  }
}
