/**
 * What an auditor may believe of a custodian's answer. Entries count only with their proofs at a checkpoint that is signed, witnessed and
 * anchored as a verifier shows it; what each one says is judged by access/body-check.ts, as it is for the person herself.
 *
 * Of an entry that is opened, everything is shown. Of one that is not, request and outcome show what both sides signed; that they belong to
 * this entry, and under which name its person stands, is the custodian's word until it is unmasked. That a list of entries is whole no
 * proof shows; that a person's history is, does.
 */
import { type Completeness, judgeLog } from '../access/answer-check.ts';
import type { AccessAnswer, EntryContent } from '../access/answer.ts';
import type { AccessBody } from '../access/body.ts';
import { type BodyFindings, verifyBody, verifyPapers } from '../access/body-check.ts';
import { ACCESS_REASONS, type AccessReason } from '../access/finding.ts';
import type { CanonicalNumber } from '../access/number.ts';
import { requestDigestOf } from '../access/request.ts';
import type { LogFact } from '../authority/registry.ts';
import { encodeHex, equalBytes } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { type Checkpoint, encodeCheckpoint } from '../log/checkpoint.ts';
import { decodeEntry, type Entry, kindNameOf, type KindName } from '../log/entry.ts';
import type { Note } from '../log/note.ts';
import { leafHashOf } from '../log/tree.ts';
import { verifyInclusion } from '../log/tree-proof.ts';
import { type Basis, basisOf, type ProvedTime } from '../verify/basis.ts';
import type { LogAnswer } from '../verify/lookup.ts';
import type { World } from '../verify/world.ts';
import type { EntryRow } from './case-answer.ts';

/** An entry with its inclusion proof, and what it is proven by. */
export interface PlacedEntry {
  readonly entryBytes: Uint8Array;
  readonly entryIndex: number;
  readonly inclusionProof: readonly Hash[];
  readonly checkpoint: Checkpoint;
}

export type ShownContent = EntryContent['state'] | 'masked' | 'withheld';

export interface TracedEntry {
  readonly log: LogFact;
  readonly placed: PlacedEntry;
  /** Hex. */
  readonly leafHash: string;
  readonly entry: Entry;
  readonly kind: KindName | null;
  readonly recordedIn: ProvedTime;
  readonly content: ShownContent;
  /** Of one that is opened. */
  readonly opened: { readonly nonce: Uint8Array; readonly body: Uint8Array } | null;
  /** Of an access that is opened and holds, or masked. */
  readonly papers: Pick<AccessBody, 'request' | 'outcome'> | null;
  /** Of an access that is opened and holds; null for one about nobody. */
  readonly number: CanonicalNumber | null;
  /** The custodian's name for the person, of one that is masked. */
  readonly mask: string | null;
  /** Of an access that is opened or masked. */
  readonly findings: BodyFindings | null;
  /** Digest of its request, hex; null without one. */
  readonly request: string | null;
}

export interface Traced {
  readonly log: LogFact;
  /** That the custodian answered at. */
  readonly checkpoint: Checkpoint;
  /** Why nothing of it may be relied on, though proofs and signatures may hold; null when nothing speaks against it. */
  readonly doubt: AccessReason | null;
  readonly entries: readonly TracedEntry[];
  /** Shown without proofs that hold, or only promised: they show nothing. */
  readonly unproven: number;
  /** Of a person's history; null for a list of entries. */
  readonly completeness: Completeness | null;
}

export interface TraceQuestion {
  readonly world: World;
  readonly log: LogFact;
  /** A verifier's word on the checkpoint of the answer. */
  readonly standing: LogAnswer | null;
}

/** Of one person, whose number the auditor knows and the custodian was told. */
export function traceHistory(question: TraceQuestion, number: CanonicalNumber, answer: AccessAnswer): Traced {
  const { world, log, standing } = question;
  const { completeness, entries } = judgeLog({ world, log, number, standing, answer });
  const items = new Map(
    answer.epochs.flatMap((epoch) => epoch.items.map((item) => [encodeHex(leafHashOf(item.entryBytes)), item] as const)),
  );
  const { checkpoint } = answer.checkpoint;
  const traced = entries.map(({ proven, recordedIn, content, checked }): TracedEntry => {
    const { entryBytes, inclusionProof } = items.get(encodeHex(proven.leafHash))!;
    const placed = { entryBytes, entryIndex: proven.entryIndex, inclusionProof, checkpoint };
    return { ...bare(log, placed, recordedIn), ...contentOf(content), ...checkedParts(checked) };
  });
  return {
    log,
    checkpoint,
    doubt: completeness.outcome === 'complete' ? null : completeness.code,
    entries: traced,
    unproven: 0,
    completeness,
  };
}

function bare(log: LogFact, placed: PlacedEntry, recordedIn: ProvedTime): TracedEntry {
  const entry = decodeEntry(placed.entryBytes);
  return {
    log,
    placed,
    leafHash: encodeHex(leafHashOf(placed.entryBytes)),
    entry,
    kind: kindNameOf(entry.kind),
    recordedIn,
    content: 'withheld',
    opened: null,
    papers: null,
    number: null,
    mask: null,
    findings: null,
    request: null,
  };
}

function contentOf(content: EntryContent | null): Pick<TracedEntry, 'content' | 'opened'> {
  return { content: content?.state ?? 'withheld', opened: content?.state === 'opened' ? content : null };
}

type Checked = ReturnType<typeof verifyBody>;

function checkedParts(checked: Checked | null): Pick<TracedEntry, 'papers' | 'number' | 'findings' | 'request'> {
  const body = checked?.body ?? null;
  const request = body && encodeHex(requestDigestOf(body.request.envelope.payload));
  return { papers: body, number: body?.subject?.number ?? null, findings: checked?.findings ?? null, request };
}

export function traceRows(question: TraceQuestion, checkpoint: Note, rows: readonly EntryRow[]): Traced {
  const { world, log, standing } = question;
  const basis = standing === null ? null : basisFor(world, standing);
  const doubt = standing === null ? 'CHAIN_UNREACHABLE' : doubtAt(basis, log, checkpoint);
  const isSame = basis !== null && isOf(basis, checkpoint);
  const entries = isSame && log.class === 'access' ? rows.flatMap((row) => traceRow(world, basis, row) ?? []) : [];
  const unproven = rows.length - entries.length;
  return { log, checkpoint: checkpoint.checkpoint, doubt, entries, unproven, completeness: null };
}

const isOf = (basis: Basis, { checkpoint }: Note): boolean =>
  equalBytes(encodeCheckpoint(checkpoint), encodeCheckpoint(basis.checkpoint));

function doubtAt(basis: Basis | null, log: LogFact, checkpoint: Note): AccessReason | null {
  if (basis === null || !equalBytes(basis.log.logId, log.logId)) return 'OTHER_LOG';
  return isOf(basis, checkpoint) ? doubtOf(basis) : 'OTHER_CHECKPOINT';
}

/** Null when a note is none or the registry does not list the log. */
export function basisFor(world: World, standing: LogAnswer): Basis | null {
  try {
    return basisOf(world, standing);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** Freshness is not asked: what is traced lies in the past, and the checkpoint is named. */
export function doubtOf(basis: Basis): AccessReason | null {
  const against = [basis.signature, basis.anchor, basis.witnesses, basis.standing].find(({ outcome }) => outcome !== 'pass');
  if (against !== undefined) return ACCESS_REASONS.find((reason) => reason === against.code) ?? 'BAD_PROOF';
  return basis.anchorView === null ? 'PROVISIONAL' : null;
}

function traceRow(world: World, basis: Basis, { leafHash, placed, state, papers, pseudonym }: EntryRow): TracedEntry | null {
  if (placed === null || !equalBytes(leafHashOf(placed.entry), leafHash)) return null;
  const shown = { entryBytes: placed.entry, entryIndex: placed.index, inclusionProof: placed.inclusion };
  const entry = placedEntry(basis, { ...shown, checkpoint: basis.checkpoint });
  if (entry === null) return null;
  if (state !== 'opened') return { ...entry, content: state ?? 'withheld' };
  return papers === null ? entry : withPapers(world, entry, papers, pseudonym);
}

/** Null where the proof does not hold. Whose history it stands in, nobody here knows. */
export function placedEntry(basis: Basis, placed: PlacedEntry): TracedEntry | null {
  const { size, rootHash } = basis.checkpoint;
  try {
    const leafHash = leafHashOf(placed.entryBytes);
    verifyInclusion({ leafHash, entryIndex: placed.entryIndex, size, rootHash }, placed.inclusionProof);
    return bare(basis.log, placed, basis.provedTime(placed.entryIndex));
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED') || isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

export function withPapers(
  { facts }: World,
  traced: TracedEntry,
  papers: Pick<AccessBody, 'request' | 'outcome'>,
  mask: string | null,
): TracedEntry {
  const { log, entry, recordedIn } = traced;
  const findings = verifyPapers({ entry, log, recordedIn, facts, seal: null, sealedIn: null }, papers);
  const request = encodeHex(requestDigestOf(papers.request.envelope.payload));
  return { ...traced, content: 'masked', papers, mask, findings, request };
}

/** The same entry with what opens it, as it was shown after an unmasking, or packed. */
export function withOpened({ facts }: World, traced: TracedEntry, opened: { nonce: Uint8Array; body: Uint8Array }): TracedEntry {
  const { log, entry, recordedIn, kind } = traced;
  const shown = { ...traced, content: 'opened' as const, opened: { nonce: opened.nonce, body: opened.body } };
  if (kind !== 'access') return shown;
  const checked = verifyBody({ entry, log, recordedIn, ...shown.opened, facts, person: null, seal: null, sealedIn: null });
  return { ...shown, ...checkedParts(checked) };
}

/** Each entry once, however often it was shown: opened where it was, and with its mask where it had one. In the order of their times. */
export function distinctEntries(traced: readonly Traced[]): TracedEntry[] {
  const byLeaf = new Map<string, TracedEntry>();
  for (const entry of traced.flatMap(({ entries }) => entries)) {
    const known = byLeaf.get(entry.leafHash);
    byLeaf.set(entry.leafHash, known === undefined ? entry : better(known, entry));
  }
  const at = ({ entry }: TracedEntry): number => entry.recordedAt;
  return [...byLeaf.values()].toSorted((a, b) => at(a) - at(b) || (a.leafHash < b.leafHash ? -1 : 1));
}

const WORTH: readonly ShownContent[] = ['withheld', 'lost', 'refused', 'erased', 'masked', 'opened'];

function better(a: TracedEntry, b: TracedEntry): TracedEntry {
  const chosen = WORTH.indexOf(b.content) > WORTH.indexOf(a.content) ? b : a;
  return { ...chosen, mask: a.mask ?? b.mask };
}
