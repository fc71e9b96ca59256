/**
 * Whom an access event was about, committed to without showing anybody the others (docs/formats.md §24).
 *
 *   leaf data       ⟨sb⟩ ‖ salt 32 ‖ u8 class ‖ u16 length ‖ id
 *   leaf hash       H(00 ‖ leaf data)
 *   subjectsRoot    root of the RFC 9162 tree (§4) over the leaves in ascending order of their leaf hashes
 *
 * Each salt is random and shown to its own subject only: the siblings in a path say nothing about whose they are.
 */
import { compareBytes, concatBytes } from '../bytes/bytes.ts';
import { invariant, malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { GrownTree, leafHashOf, rootAt } from '../log/tree.ts';
import { proveInclusion, verifyInclusion } from '../log/tree-proof.ts';
import { encodeNumber } from './handle.ts';
import type { CanonicalNumber } from './number.ts';

export const SUBJECT_SALT_LENGTH = 32;
/** More in one event are more chunks of it. */
export const MAX_SUBJECTS = 1_000_000;

export interface SaltedSubject {
  readonly number: CanonicalNumber;
  /** 32 random bytes, new for each subject of each event. */
  readonly salt: Uint8Array;
}

/** What one subject is shown of the tree. */
export interface ShownSubject extends SaltedSubject {
  readonly index: number;
  readonly path: readonly Hash[];
}

export function subjectLeafHash({ number, salt }: SaltedSubject): Hash {
  invariant(salt.length === SUBJECT_SALT_LENGTH, 'a subject is salted with 32 bytes');
  return leafHashOf(concatBytes(label('sb'), salt, encodeNumber(number)));
}

export interface SubjectTree {
  readonly subjectsRoot: Hash;
  /** In the order of the leaves. */
  readonly subjects: readonly ShownSubject[];
}

/** Throws MALFORMED for a number that stands there twice, for it would be two entries about one reading, or for too many. */
export function growSubjectTree(subjects: readonly SaltedSubject[]): SubjectTree {
  if (subjects.length > MAX_SUBJECTS) throw malformed('too many subjects for one outcome', { max: MAX_SUBJECTS });
  if (new Set(subjects.map(({ number }) => `${number.class} ${number.id}`)).size !== subjects.length)
    throw malformed('a subject stands twice in one event');
  const leaves = subjects
    .map((subject) => ({ subject, leafHash: subjectLeafHash(subject) }))
    .sort((a, b) => compareBytes(a.leafHash, b.leafHash));
  const tree = new GrownTree();
  for (const { leafHash } of leaves) tree.append(leafHash);
  return {
    subjectsRoot: rootAt(leaves.length, tree),
    subjects: leaves.map(({ subject }, index) => ({ ...subject, index, path: proveInclusion(index, leaves.length, tree) })),
  };
}

/** Throws UNVERIFIED. That the leaves stand in ascending order, and each once, only the custodian can show. */
export function verifySubject(subject: ShownSubject, subjectCount: number, subjectsRoot: Hash): void {
  const claim = { leafHash: subjectLeafHash(subject), entryIndex: subject.index, size: subjectCount, rootHash: subjectsRoot };
  verifyInclusion(claim, subject.path);
}
