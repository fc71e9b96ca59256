/**
 * Makes a package of a judged case: what shows it, for somebody who believes neither the auditor nor us. Two packages of one case at one
 * instant are the same bytes but for the signature.
 */
import { formatEnvelope, type EnvelopeSignature } from '../authority/envelope.ts';
import { encodeHex } from '../bytes/bytes.ts';
import { encodeCanonicalJson } from '../bytes/json.ts';
import { checkpointDigest } from '../log/checkpoint.ts';
import { sm3 } from '../sm/sm3.ts';
import { caseDigestOf } from '../trace/case.ts';
import type { Exchange } from '../trace/case-file.ts';
import { rankedSampleOf, reconciliationOf } from '../trace/result.ts';
import type { Traced, TracedEntry } from '../trace/traced.ts';
import type { JudgedCase } from '../trace/view.ts';
import type { AnchorClaim, LogAnswer } from '../verify/lookup.ts';
import type { SignedTrust } from '../verify/trust.ts';
import { encodeManifest, MANIFEST_NAME, partHashOf } from './manifest.ts';
import {
  digestIn,
  encodeEntryPart,
  encodeLogs,
  encodeLookUps,
  encodeRecordPart,
  entryPartName,
  recordPartName,
} from './parts.ts';
import type { PackedContent, PackedLookUp } from './parts.ts';
import { reportOf } from './report.ts';
import { encodeResult, type PackedResult } from './result-part.ts';
import { writeZip, type ZipPart } from './zip.ts';

/** Beyond, only what stands behind a row of the results goes in. */
const MAX_ENTRIES = 10_000;

export interface PackTerms {
  readonly judged: JudgedCase;
  readonly trust: SignedTrust;
  /** UTC ms. */
  readonly madeAt: number;
  /** The manifest, with a request key of the case's authority. */
  readonly sign: (payload: Uint8Array) => Promise<EnvelopeSignature>;
}

/** Throws MALFORMED for a case too large for one package. */
export async function packCase({ judged, trust, madeAt, sign }: PackTerms): Promise<Uint8Array> {
  const { file, world } = judged;
  const parts = partsOf(judged, madeAt).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const payload = encodeManifest({
    case: caseDigestOf(file.signedCase.envelope.payload),
    chainReference: world.chainReference,
    madeAt,
    parts: parts.map(({ name, content }) => ({ name, bytes: content.length, hash: partHashOf(content) })),
    trust: { version: trust.trust.version, digest: sm3(trust.envelope.payload) },
  });
  const envelope = { payload, signatures: [await sign(payload)] };
  return writeZip([...parts, { name: MANIFEST_NAME, content: encodeCanonicalJson(formatEnvelope(envelope)) }]);
}

function partsOf(judged: JudgedCase, madeAt: number): ZipPart[] {
  const { file } = judged;
  const result = resultOf(judged);
  const entries = chosenEntries(judged, result);
  const records = recordsOf(judged, result);
  const lookUps = file.exchanges.map((exchange, i) => packLookUp(judged, exchange, judged.traced[i] ?? null));
  return [
    { name: 'case.json', content: encodeCanonicalJson(formatEnvelope(file.signedCase.envelope)) },
    { name: 'lookups.json', content: encodeLookUps(lookUps) },
    { name: 'logs.json', content: encodeLogs(logsOf(file.exchanges, checkpointsOf(lookUps, entries))) },
    { name: 'result.json', content: encodeResult(result) },
    { name: 'report.zh-CN.html', content: reportOf(judged, result, entries, madeAt, 'zh-CN') },
    { name: 'report.en.html', content: reportOf(judged, result, entries, madeAt, 'en') },
    ...entries.map((entry) => ({ name: entryPartName(entry.leafHash), content: packEntry(judged, entry) })),
    ...records,
  ];
}

function resultOf(judged: JudgedCase): PackedResult {
  const ranked = rankedSampleOf(judged);
  const named = [...judged.named].map(([pseudonym, number]) => ({ pseudonym, number }));
  return {
    complete: ranked?.complete ?? 0,
    named: named.toSorted((a, b) => (a.pseudonym < b.pseudonym ? -1 : 1)),
    ranking: ranked?.ranking ?? null,
    reconciliation: reconciliationOf(judged),
    sample: ranked?.sample ?? [],
    shown: judged.entries.length <= MAX_ENTRIES ? 'all' : 'behind',
  };
}

function chosenEntries(judged: JudgedCase, { ranking, reconciliation, named, shown }: PackedResult): TracedEntry[] {
  if (shown === 'all') return [...judged.entries];
  const persons = new Set(named.map(({ pseudonym }) => pseudonym));
  const behind = new Set([
    ...(ranking?.operators.flatMap(({ leafHashes }) => leafHashes) ?? []),
    ...(ranking?.lookUps.flatMap(({ leafHashes }) => leafHashes) ?? []),
    ...(reconciliation?.rows.flatMap(({ leafHashes }) => leafHashes) ?? []),
  ]);
  return judged.entries.filter((entry) => behind.has(entry.leafHash) || persons.has(judged.pseudonymOf(entry) ?? ''));
}

function packEntry(judged: JudgedCase, entry: TracedEntry): Uint8Array {
  const { entryBytes, entryIndex, inclusionProof, checkpoint } = entry.placed;
  return encodeEntryPart({
    origin: entry.log.origin,
    checkpoint: checkpointDigest(checkpoint),
    index: entryIndex,
    entry: entryBytes,
    inclusion: inclusionProof,
    content: contentOf(judged, entry),
    subject: judged.pseudonymOf(entry),
  });
}

/** A body names its person: it goes in only where two officers agreed to that. */
function contentOf(judged: JudgedCase, entry: TracedEntry): PackedContent {
  const { content, papers, opened } = entry;
  if (content === 'refused' || content === 'erased' || content === 'lost') return { state: content };
  const isNamed = judged.named.has(judged.pseudonymOf(entry) ?? '');
  if (opened !== null && papers !== null && (isNamed || entry.number === null)) return { state: 'opened', ...opened };
  return papers === null ? { state: 'withheld' } : { state: 'masked', request: papers.request, outcome: papers.outcome };
}

function packLookUp(judged: JudgedCase, { origin, question, answer }: Exchange, traced: Traced | null): PackedLookUp {
  const { request, approval, salt, query } = question;
  const isShown = query.kind !== 'person' || isNamed(judged, query.subject);
  const shown = traced && { checkpoint: checkpointDigest(traced.checkpoint), doubt: traced.doubt, unproven: traced.unproven };
  return { origin, request, approval, event: answer && answer.event, query: isShown ? { salt, asked: query } : null, shown };
}

/** Hex digests of those that something in the package stands on. */
function checkpointsOf(lookUps: readonly PackedLookUp[], entries: readonly TracedEntry[]): Set<string> {
  return new Set([
    ...lookUps.flatMap(({ shown }) => (shown?.doubt === null ? [encodeHex(shown.checkpoint)] : [])),
    ...entries.map(({ placed }) => encodeHex(checkpointDigest(placed.checkpoint))),
  ]);
}

function isNamed({ named }: JudgedCase, subject: { readonly class: number; readonly id: string }): boolean {
  return [...named.values()].some((one) => one.class === subject.class && one.id === subject.id);
}

/** Each of these checkpoints once, with all anchors that came with it. */
function logsOf(exchanges: readonly Exchange[], meant: ReadonlySet<string>): LogAnswer[] {
  const byDigest = new Map<string, LogAnswer>();
  for (const { standing } of exchanges) {
    if (standing === null) continue;
    const digest = encodeHex(digestIn(standing));
    if (!meant.has(digest)) continue;
    const known = byDigest.get(digest);
    byDigest.set(digest, { ...standing, anchors: [...(known?.anchors ?? []), ...standing.anchors] });
  }
  return [...byDigest]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, log]) => ({ ...log, polledMsAgo: 0, anchors: distinctAnchors(log.anchors) }));
}

function distinctAnchors(anchors: readonly AnchorClaim[]): AnchorClaim[] {
  const byBlock = new Map<string, AnchorClaim>();
  for (const one of anchors) {
    const place = `${one.blockNumber} ${encodeHex(digestIn(one))}`;
    // One answer may know of witnesses that another did not know yet.
    const signed = new Map(
      [...(byBlock.get(place)?.attestations ?? []), ...one.attestations].map((by) => [encodeHex(by.keyId), by]),
    );
    const attestations = [...signed].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, by]) => by);
    byBlock.set(place, { ...one, attestations });
  }
  return [...byBlock.values()].toSorted((a, b) => a.blockNumber - b.blockNumber);
}

/** Both papers of what the accessor handed over within the compared time. */
function recordsOf({ file }: JudgedCase, { reconciliation }: PackedResult): ZipPart[] {
  if (reconciliation === null) return [];
  const meant = new Set(reconciliation.rows.map(({ request, chunk }) => recordPartName(request, chunk)));
  const kept = file.records.flatMap(({ read }) => read);
  const byName = new Map(
    kept.map(({ digest, request, outcome }) => [
      recordPartName(digest, outcome?.outcome.chunk.number ?? null),
      encodeRecordPart({ request, outcome }),
    ]),
  );
  return [...byName].filter(([name]) => meant.has(name)).map(([name, content]) => ({ name, content }));
}
