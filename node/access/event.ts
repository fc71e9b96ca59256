/**
 * An access event: one reading of N persons' data is N entries, each in its own person's history, each with a body that shows that person's
 * place among the subjects and nobody else. An event about nobody, and every entry under seal, stands at a random slot.
 *
 * What is answered holds all that the accessor may keep of its own access: bodies and nonces, never a handle. It is put together from the
 * stored bodies when the same request is sent again, so that no second copy of it lies anywhere.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { conflict, invariant, malformed } from '../../core/bytes/error.ts';
import { asHash, type Hash } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type AccessBody, encodeAccessBody, parseAccessBody } from '../../core/access/body.ts';
import { type CanonicalNumber, normaliseNumber, NUMBER_CLASSES } from '../../core/access/number.ts';
import {
  type AccessOutcome,
  encodeOutcome,
  outcomeSignedBytes,
  parseOutcome,
  type SignedOutcome,
} from '../../core/access/outcome.ts';
import { growSubjectTree, type ShownSubject, SUBJECT_SALT_LENGTH } from '../../core/access/subject.ts';
import { NONCE_LENGTH } from '../../core/log/entry.ts';
import type { OpenedBody } from '../../core/log/opening.ts';
import type { Origin } from '../../core/log/origin.ts';
import type { HistorySecret } from '../../core/log/slot.ts';
import type { Signer } from '../../service/signer.ts';
import type { Draft, Recorded } from '../quantum/acceptance.ts';
import type { JudgedRequest } from './judge.ts';
import { describeEntries, type PromiseSigner } from './receipt.ts';

export interface EventTerms {
  readonly origin: Origin;
  /** The custodian's request key. */
  readonly signer: Signer;
  readonly handlesOf: (numbers: readonly CanonicalNumber[]) => Promise<readonly HistorySecret[]>;
  readonly random: (length: number) => Uint8Array;
  /** UTC ms. */
  readonly clock: () => number;
}

/** What came of a request. */
export interface EventOutcome extends Pick<AccessOutcome, 'result' | 'code' | 'fields' | 'chunk'> {
  /** None twice. */
  readonly subjects: readonly CanonicalNumber[];
  /** Leaf hash of the kind 32. */
  readonly seal: Hash | null;
}

export interface PreparedEvent {
  readonly drafts: readonly Draft[];
  /** One for each draft. */
  readonly bodies: readonly AccessBody[];
}

/** Bodies written between two breaths. */
const STRIDE = 64;

/** To the one spelling each, none twice. Throws MALFORMED: a licence is read by nobody's number. */
export function canonicalSubjects(given: readonly { readonly class: number; readonly id: string }[]): CanonicalNumber[] {
  const numbers = given.map((one) => normaliseNumber(one.class, one.id));
  if (numbers.some((number) => number.class === NUMBER_CLASSES.family)) throw malformed('a subject is a person or an enterprise');
  return [...new Map(numbers.map((number) => [`${number.class} ${number.id}`, number])).values()];
}

/** Signs the outcome. Throws MALFORMED for one that has not its form. */
export async function prepareEvent(terms: EventTerms, request: JudgedRequest, what: EventOutcome): Promise<PreparedEvent> {
  const { random, handlesOf } = terms;
  const { subjectsRoot, subjects } = growSubjectTree(
    what.subjects.map((number) => ({ number, salt: random(SUBJECT_SALT_LENGTH) })),
  );
  const outcome = await signOutcome(terms, request, what, subjectsRoot);
  const shown: readonly (ShownSubject | null)[] = subjects.length === 0 ? [null] : subjects;
  const bodies = shown.map((subject): AccessBody => ({ outcome, request, subject }));
  const isHidden = what.seal !== null || subjects.length === 0;
  const handles = isHidden ? [] : await handlesOf(subjects.map(({ number }) => number));
  const drafts: Draft[] = [];
  for (const [i, body] of bodies.entries()) {
    const at = isHidden ? { slot: asHash(random(32)) } : { h: handles[i]! };
    drafts.push({ kind: 'access', at, nonce: random(NONCE_LENGTH), body: encodeAccessBody(body) });
    if (i % STRIDE === STRIDE - 1) await breathe();
  }
  return { drafts, bodies };
}

async function signOutcome(
  { origin, signer, clock }: EventTerms,
  { digest, request }: JudgedRequest,
  { result, code, fields, chunk, subjects, seal }: EventOutcome,
  subjectsRoot: Hash,
): Promise<SignedOutcome> {
  const sorted = [...fields].sort((a, b) => (a.name < b.name ? -1 : 1));
  const { custodian } = request;
  const subjectCount = subjects.length;
  const said = { result, code, fields: sorted, chunk, seal, subjectsRoot, subjectCount };
  const payload = encodeOutcome({ ...said, request: digest, custodian, origin, answeredAt: clock() });
  // Nothing is signed that its readers would refuse.
  const outcome = parseOutcome(payload);
  const signature = await signer.sign(outcomeSignedBytes(payload));
  return { outcome, envelope: { payload, signatures: [{ keyId: signer.keyId, signature }] } };
}

/** What the accessor may keep of one entry; null once it was erased. */
type Kept = { readonly body: AccessBody; readonly nonce: Uint8Array } | null;

export function keptOf({ drafts, bodies }: PreparedEvent): Kept[] {
  return drafts.map(({ nonce }, i) => ({ nonce, body: bodies[i]! }));
}

/** Of bodies that were stored by an earlier run. */
export async function readKept(recorded: Recorded, open: (leafHash: Hash) => Promise<OpenedBody | null>): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const { leafHash } of recorded.entries) {
    const opened = await open(leafHash);
    kept.push(opened && { nonce: opened.nonce, body: parseAccessBody(opened.body) });
  }
  return kept;
}

/** Throws CONFLICT when all of it was erased. */
export async function describeEvent(by: PromiseSigner, recorded: Recorded, kept: readonly Kept[]): Promise<JsonObject> {
  const first = kept.find((one) => one !== null);
  if (first === undefined) throw conflict('what this request recorded was erased');
  invariant(kept.length === recorded.entries.length, 'an entry has one body');
  const { outcome } = first.body;
  return {
    outcome: formatEnvelope(outcome.envelope),
    requestDigest: encodeHex(outcome.outcome.request),
    entries: await describeEntries(by, recorded),
    copy: {
      subjects: kept.flatMap((one, i) => describeSubject(one, recorded.entries[i]!.leafHash)),
      nobody:
        first.body.subject === null
          ? { leafHash: encodeHex(recorded.entries[0]!.leafHash), nonce: encodeHex(first.nonce) }
          : null,
    },
  };
}

function describeSubject(kept: Kept, leafHash: Hash): JsonObject[] {
  if (kept === null || kept.body.subject === null) return [];
  const { number, salt, index } = kept.body.subject;
  const [name, place] = [
    { class: number.class, id: number.id },
    { index, leafHash: encodeHex(leafHash) },
  ];
  return [{ ...name, salt: encodeHex(salt), ...place, nonce: encodeHex(kept.nonce) }];
}
