/**
 * Two records of the same accesses, the accessor's and the custodian's, joined on request digest and chunk. Either may leave out, neither can
 * make up: each has a paper that the other signed. So what one side lacks, the other's paper decides:
 *
 *     matched           both have it, and say the same; what the custodian does not open, the accessor's copy does, by leaf hash
 *     differing         both have it, and say something else of it; or NOT_IN_HISTORY: it opens to a person whose complete history lacks it,
 *                       so the custodian logged it under another number
 *     accessor-only     HIDDEN: the custodian signed an outcome and does not show it; NOT_ANSWERED: no outcome was kept, so nothing shows that
 *                       it was ever released; FORGED_OUTCOME: the outcome kept is not signed by the custodian
 *     custodian-only    NOT_KEPT: the accessor signed the request and has no record of it; FORGED_REQUEST: it did not sign it; IMPORTED: the
 *                       custodian says so alone, as such records do
 *
 * What neither recorded stays unseen. `UNDECIDED` stands where the registry at hand cannot say whose signature it is.
 */
import type { CanonicalNumber } from '../access/number.ts';
import { outcomeSignedBytes, type SignedOutcome } from '../access/outcome.ts';
import { requestSignedBytes, type SignedRequest, signatoryOf } from '../access/request.ts';
import type { RegistryFacts } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import type { Checkpoint } from '../log/checkpoint.ts';
import type { AccessorRecord } from './record.ts';
import { signednessOf, type Signedness } from './signed-by.ts';
import type { TracedEntry } from './traced.ts';

export const RECONCILED = ['matched', 'differing', 'accessor-only', 'custodian-only'] as const;
export type Reconciled = (typeof RECONCILED)[number];

export const RECONCILIATION_REASONS = [
  'FORGED_OUTCOME',
  'FORGED_REQUEST',
  'HIDDEN',
  'IMPORTED',
  'MISSING_ENTRIES',
  'NOT_ANSWERED',
  'NOT_IN_HISTORY',
  'NOT_KEPT',
  'OTHER_FIELDS',
  'OTHER_OUTCOME',
  'OTHER_RESULT',
  'OTHER_SUBJECT_COUNT',
  'UNDECIDED',
] as const;
export type ReconciliationReason = (typeof RECONCILIATION_REASONS)[number];

export interface ReconciliationRow {
  /** Request digest, hex. */
  readonly request: string;
  /** Null: a request without an answer. */
  readonly chunk: number | null;
  readonly state: Reconciled;
  readonly reasons: readonly ReconciliationReason[];
  readonly accessor: string;
  readonly operator: string;
  readonly requestedAt: number;
  /** How many persons each side names for it; null where that side has nothing. */
  readonly subjects: { readonly accessor: number | null; readonly custodian: number | null };
  /** Entries of the custodian's log, hex; those that the accessor was promised and was not shown stand in `missing`. */
  readonly leafHashes: readonly string[];
  readonly missing: readonly string[];
}

export interface Reconciliation {
  readonly counts: Readonly<Record<Reconciled, number>>;
  /** Without those that matched; by time. */
  readonly rows: readonly ReconciliationRow[];
  /** Entries at the custodian whose content is not shown, and which no record opens: they can be joined with nothing. */
  readonly unopened: number;
}

/** A person's history in the custodian's log, proven to be complete up to a checkpoint. */
export interface KnownHistory {
  readonly origin: string;
  readonly number: CanonicalNumber;
  readonly upTo: Pick<Checkpoint, 'size' | 'issuedAt'>;
  /** Hex. */
  readonly leafHashes: ReadonlySet<string>;
}

export interface ReconciliationQuestion {
  readonly facts: RegistryFacts;
  readonly records: readonly AccessorRecord[];
  /** Of the custodian's log, as it showed them. */
  readonly entries: readonly TracedEntry[];
  readonly histories: readonly KnownHistory[];
}

interface CustodianSide {
  readonly request: SignedRequest;
  readonly outcome: SignedOutcome;
  readonly entries: readonly TracedEntry[];
}
interface Pair {
  readonly record: AccessorRecord | null;
  readonly shown: CustodianSide | null;
}

/** Both sides are of one accessor, one custodian and one span of time; how to ask for that is the caller's. */
export function reconcile(question: ReconciliationQuestion): Reconciliation {
  const { records, entries } = question;
  const pairs = [...pairsOf(records, entries).values()];
  const joined = new Set(pairs.flatMap(({ shown }) => shown?.entries ?? []));
  const rows = pairs.map((pair) => rowOf(question, pair));
  const counts = Object.fromEntries(RECONCILED.map((state) => [state, rows.filter((row) => row.state === state).length]));
  return {
    counts: counts as Record<Reconciled, number>,
    rows: rows
      .filter(({ state }) => state !== 'matched')
      .toSorted((a, b) => a.requestedAt - b.requestedAt || compareText(a.request, b.request) || (a.chunk ?? 0) - (b.chunk ?? 0)),
    unopened: [...unopenedIn(entries).values()].filter((entry) => !joined.has(entry)).length,
  };
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What the custodian does not open, by leaf hash. */
function unopenedIn(entries: readonly TracedEntry[]): Map<string, TracedEntry> {
  const unopened = entries.filter(({ kind, papers }) => kind === 'access' && papers === null);
  return new Map(unopened.map((entry) => [entry.leafHash, entry]));
}

function pairsOf(records: readonly AccessorRecord[], entries: readonly TracedEntry[]): Map<string, Pair> {
  const pairs = new Map<string, Pair>();
  const keyOf = (request: string, outcome: SignedOutcome | null): string => `${request} ${outcome?.outcome.chunk.number ?? '-'}`;
  const opened = entries.filter(({ papers }) => papers !== null);
  const unopened = unopenedIn(entries);
  for (const [key, own] of Map.groupBy(opened, ({ request, papers }) => keyOf(request!, papers!.outcome))) {
    const { request, outcome } = own[0]!.papers!;
    pairs.set(key, { record: null, shown: { request, outcome, entries: own } });
  }
  for (const record of records) {
    const key = keyOf(record.digest, record.outcome);
    pairs.set(key, { record, shown: withUnopened(pairs.get(key)?.shown ?? null, record, unopened) });
  }
  return pairs;
}

/**
 * An entry that the custodian has erased, or withholds, stands in its log all the same: where the accessor's copy opens it, it is one of this
 * very outcome.
 */
function withUnopened(
  shown: CustodianSide | null,
  { request, outcome, entries }: AccessorRecord,
  unopened: ReadonlyMap<string, TracedEntry>,
): CustodianSide | null {
  const there = entries.flatMap(({ leafHash, opensTo }) => {
    const entry = unopened.get(encodeHex(leafHash));
    const isOfThis = opensTo !== null && outcome !== null && equalBytes(opensTo, outcome.envelope.payload);
    return entry !== undefined && isOfThis ? [entry] : [];
  });
  if (there.length === 0) return shown;
  return shown === null ? { request, outcome: outcome!, entries: there } : { ...shown, entries: [...shown.entries, ...there] };
}

function rowOf(question: ReconciliationQuestion, { record, shown }: Pair): ReconciliationRow {
  const { request } = (record ?? shown)!.request;
  const kept = record === null ? [] : record.entries.map(({ leafHash }) => encodeHex(leafHash));
  const leafHashes = shown === null ? [] : shown.entries.map(({ leafHash }) => leafHash).toSorted();
  const missing = kept.filter((leafHash) => !leafHashes.includes(leafHash)).toSorted();
  const [state, reasons] = judge(question, { record, shown }, missing);
  return {
    request: record?.digest ?? shown!.entries[0]!.request!,
    chunk: (record ?? shown)!.outcome?.outcome.chunk.number ?? null,
    state,
    reasons,
    accessor: request.accessor,
    operator: request.operator.id,
    requestedAt: request.requestedAt,
    subjects: { accessor: record?.outcome?.outcome.subjectCount ?? null, custodian: shown?.outcome.outcome.subjectCount ?? null },
    leafHashes,
    missing,
  };
}

function judge(
  question: ReconciliationQuestion,
  { record, shown }: Pair,
  missing: readonly string[],
): [Reconciled, readonly ReconciliationReason[]] {
  if (record === null) return ['custodian-only', [whyNotKept(question.facts, shown!.request)]];
  if (shown === null) return ['accessor-only', [whyNotShown(question.facts, record)]];
  const reasons = differences(question, record, shown, missing);
  return [reasons.length === 0 ? 'matched' : 'differing', reasons];
}

const decided = (signed: Signedness, yes: ReconciliationReason, no: ReconciliationReason): ReconciliationReason =>
  ({ yes, no, unknown: 'UNDECIDED' as const })[signed];

function whyNotKept(facts: RegistryFacts, { envelope, request }: SignedRequest): ReconciliationReason {
  if (request.grade === 'imported') return 'IMPORTED';
  const bytes = requestSignedBytes(envelope.payload);
  return decided(signednessOf(facts, envelope.signatures[0]!, signatoryOf(request), bytes), 'NOT_KEPT', 'FORGED_REQUEST');
}

function whyNotShown(facts: RegistryFacts, { outcome }: AccessorRecord): ReconciliationReason {
  return outcome === null ? 'NOT_ANSWERED' : decided(outcomeSignedness(facts, outcome), 'HIDDEN', 'FORGED_OUTCOME');
}

function outcomeSignedness(facts: RegistryFacts, { envelope, outcome }: SignedOutcome): Signedness {
  return signednessOf(facts, envelope.signatures[0]!, outcome.custodian, outcomeSignedBytes(envelope.payload));
}

function differences(
  { facts, histories }: ReconciliationQuestion,
  record: AccessorRecord,
  shown: CustodianSide,
  missing: readonly string[],
): ReconciliationReason[] {
  const [kept, told] = [record.outcome!.outcome, shown.outcome.outcome];
  const reasons: ReconciliationReason[] = [];
  const isSame = equalBytes(record.outcome!.envelope.payload, shown.outcome.envelope.payload);
  if (!isSame) {
    const signed = outcomeSignedness(facts, record.outcome!);
    if (signed !== 'yes') reasons.push(decided(signed, 'OTHER_OUTCOME', 'FORGED_OUTCOME'));
    if (kept.result !== told.result) reasons.push('OTHER_RESULT');
    if (kept.subjectCount !== told.subjectCount) reasons.push('OTHER_SUBJECT_COUNT');
    if (JSON.stringify(kept.fields) !== JSON.stringify(told.fields)) reasons.push('OTHER_FIELDS');
    if (reasons.length === 0) reasons.push('OTHER_OUTCOME');
  }
  // An event about nobody has one entry.
  if (missing.length > 0 || shown.entries.length < Math.max(1, told.subjectCount)) reasons.push('MISSING_ENTRIES');
  if (isOutsideHistory(record, shown, histories)) reasons.push('NOT_IN_HISTORY');
  return reasons;
}

/**
 * An entry that opens to a person, and should stand in her history by then, does not: it was logged under another number's handle. What is under
 * seal stands at a random slot, as it should.
 */
function isOutsideHistory(
  record: AccessorRecord,
  { outcome: told, entries }: CustodianSide,
  histories: readonly KnownHistory[],
): boolean {
  if (record.outcome!.outcome.seal !== null || told.outcome.seal !== null) return false;
  const lacksPromised = record.entries.some(
    ({ number, leafHash, promise }) =>
      number !== null &&
      historiesOf(number, record.outcome!.outcome.origin, histories).some(
        (one) => promise.deadlineAt <= one.upTo.issuedAt && !one.leafHashes.has(encodeHex(leafHash)),
      ),
  );
  const lacksShown = entries.some(
    ({ number, leafHash, log, placed }) =>
      number !== null &&
      historiesOf(number, log.origin, histories).some(
        (one) => placed.entryIndex < one.upTo.size && !one.leafHashes.has(leafHash),
      ),
  );
  return lacksPromised || lacksShown;
}

function historiesOf(number: CanonicalNumber, origin: string, histories: readonly KnownHistory[]): KnownHistory[] {
  return histories.filter((one) => one.origin === origin && one.number.class === number.class && one.number.id === number.id);
}
