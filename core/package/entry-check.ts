/**
 * The entries of a package: that each stands in its log at an anchored checkpoint; that what is shown of it is signed by both sides; and, of one
 * that is opened, that it says just this. What a signature's time or a purpose comes to is shown and not judged here: that is the trace.
 */
import { outcomeSignedBytes } from '../access/outcome.ts';
import { requestDigestOf, requestSignedBytes, signatoryOf } from '../access/request.ts';
import type { AccessBody } from '../access/body.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { leafHashOf } from '../log/tree.ts';
import { basisFor, doubtOf, placedEntry, type TracedEntry, withOpened, withPapers } from '../trace/traced.ts';
import type { Basis } from '../verify/basis.ts';
import type { AccessorRecord } from '../trace/record.ts';
import type { PackageCheck } from './package-check.ts';
import {
  digestIn,
  entryPartName,
  type PackedEntry,
  parseEntryPart,
  parseLogs,
  parseRecordPart,
  recordPartName,
} from './parts.ts';

export interface CheckedEntry {
  readonly part: string;
  readonly traced: TracedEntry;
  readonly subject: string | null;
}

export interface CheckedEntries {
  readonly entries: readonly CheckedEntry[];
  readonly records: readonly AccessorRecord[];
  readonly bases: ReadonlyMap<string, Basis>;
}

export function checkEntries(check: PackageCheck): CheckedEntries {
  const bases = checkLogs(check);
  const names = [...check.sound.keys()];
  const entries = names.filter((name) => name.startsWith('entries/')).flatMap((name) => checkEntry(check, bases, name) ?? []);
  const records = names.filter((name) => name.startsWith('records/')).flatMap((name) => checkRecord(check, name) ?? []);
  return { entries, records, bases };
}

/** By the digest of the checkpoint. */
function checkLogs(check: PackageCheck): Map<string, Basis> {
  const bases = new Map<string, Basis>();
  const logs = check.part('logs.json', 'log', parseLogs) ?? [];
  for (const [i, log] of logs.entries()) {
    const place = `logs.json#${i + 1}`;
    const basis = basisFor(check.world, log);
    if (basis === null) {
      check.findings.unknown('log', place, 'OTHER_LOG');
      continue;
    }
    const doubt = doubtOf(basis);
    if (doubt === null) check.findings.pass('log');
    else check.findings.unknown('log', place, 'DOUBTED_LOG', { reason: doubt, origin: basis.log.origin });
    bases.set(encodeHex(digestIn(log)), basis);
  }
  return bases;
}

function checkEntry(check: PackageCheck, bases: ReadonlyMap<string, Basis>, name: string): CheckedEntry | null {
  const packed = check.part(name, 'entry', parseEntryPart);
  if (packed === null) return null;
  if (entryPartName(encodeHex(leafHashOf(packed.entry))) !== name) {
    check.findings.fail('entry', name, 'OTHER_NAME');
    return null;
  }
  const basis = bases.get(encodeHex(packed.checkpoint));
  if (basis === undefined || basis.log.origin !== packed.origin) {
    // The log's part may be what was altered: that is said there.
    if (check.sound.has('logs.json')) check.findings.fail('entry', name, 'OTHER_LOG');
    return null;
  }
  const { entry: entryBytes, index: entryIndex, inclusion: inclusionProof } = packed;
  const placed = placedEntry(basis, { entryBytes, entryIndex, inclusionProof, checkpoint: basis.checkpoint });
  if (placed === null) {
    check.findings.fail('entry', name, 'BAD_PROOF');
    return null;
  }
  check.findings.pass('entry');
  return { part: name, subject: packed.subject, traced: withContent(check, name, placed, packed) };
}

function withContent(check: PackageCheck, name: string, placed: TracedEntry, { content }: PackedEntry): TracedEntry {
  switch (content.state) {
    case 'opened': {
      const traced = withOpened(check.world, placed, content);
      if (traced.papers === null) check.findings.fail('entry', name, 'BAD_COMMITMENT');
      else checkPapers(check, name, traced.papers);
      return traced;
    }
    case 'masked':
      checkPapers(check, name, content);
      return withPapers(check.world, placed, content, null);
    default:
      return { ...placed, content: content.state };
  }
}

/** That outcome and request belong together, and who signed them. */
function checkPapers(check: PackageCheck, name: string, { request, outcome }: Pick<AccessBody, 'request' | 'outcome'>): void {
  const isSame = equalBytes(outcome.outcome.request, requestDigestOf(request.envelope.payload));
  if (!isSame) check.findings.fail('papers', name, 'BAD_PROOF');
  const [signature] = request.envelope.signatures;
  check.signed('papers', name, signature!, signatoryOf(request.request), requestSignedBytes(request.envelope.payload));
  const signedBytes = outcomeSignedBytes(outcome.envelope.payload);
  check.signed('papers', name, outcome.envelope.signatures[0]!, outcome.outcome.custodian, signedBytes);
}

/** Whether its papers are signed decides what the reconciliation says of them; here only that the part is what its name says. */
function checkRecord(check: PackageCheck, name: string): AccessorRecord | null {
  const packed = check.part(name, 'record', parseRecordPart);
  if (packed === null) return null;
  const digest = encodeHex(requestDigestOf(packed.request.envelope.payload));
  if (recordPartName(digest, packed.outcome?.outcome.chunk.number ?? null) !== name) {
    check.findings.fail('record', name, 'OTHER_NAME');
    return null;
  }
  check.findings.pass('record');
  return { ...packed, digest, entries: [] };
}
