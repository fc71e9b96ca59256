/**
 * The JSON of the verifier's interface, both ways: requests are parsed by these shapes, answers are described by them in
 * /openapi.json and held to them by tests.
 */
import { z } from 'zod';
import { MAX_LOOKUP_SLOTS, LOG_TROUBLES } from '../../core/verify/lookup.ts';
import { CHECK_IDS, REASON_CODES } from '../../core/verify/verdict.ts';
import { ERROR_CODES } from '../../core/bytes/error.ts';
import { CHARGE_KINDS } from '../../core/authority/registry-event.ts';

export const HASH = z.string().regex(/^[0-9a-f]{64}$/);
const SIGNATURE = z.string().regex(/^[0-9a-f]{128}$/);
const BASE64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
/** UTC ms, sizes, indexes, counts. */
const WHOLE = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const TEXT = z.string();
/** A checkpoint note (docs/formats.md). */
const NOTE = z.string().max(16 * 1024);

// Requests

export const LOOKUP_QUESTION = z.strictObject({
  slots: z.array(HASH).min(1).max(MAX_LOOKUP_SLOTS),
  logId: HASH.optional(),
  size: WHOLE.optional(),
});

/** A licence's envelope and an evidence file have parsers of their own in core/. */
export const VERIFY_REQUEST = z.strictObject({
  fileDigest: HASH,
  licence: z.looseObject({}).optional(),
  evidence: z.looseObject({}).optional(),
  at: WHOLE.optional(),
});

export const EVIDENCE_REQUEST = z.strictObject({ fileDigest: HASH, at: WHOLE.optional() });

/** Parsed by core/verify/swap.ts, which is stricter. */
export const SWAP_REQUEST = z.strictObject({ origin: TEXT, oldSize: WHOLE, note: NOTE, consistency: z.array(HASH).max(64) });

/** Parsed by core/court/charge.ts, which is stricter: canonical JSON. */
export const CHARGE = z.looseObject({ format: z.literal('veritrail-charge-v1'), kind: z.enum(CHARGE_KINDS), origin: TEXT });

// Answers

const ATTESTATION = z.strictObject({ keyId: HASH, signature: SIGNATURE });
const ENVELOPE = z.strictObject({ payload: BASE64, signatures: z.array(ATTESTATION).min(1) });
const ANCHOR = { blockNumber: WHOLE, blockHash: HASH, anchoredAt: WHOLE };
const ANCHOR_CLAIM = z.strictObject({ checkpoint: NOTE, ...ANCHOR, attestations: z.array(ATTESTATION) });
const TROUBLE = z.enum(LOG_TROUBLES).nullable();

export const LOOKUP_ANSWER = z.strictObject({
  logs: z.array(
    z.strictObject({
      logId: HASH,
      checkpoint: NOTE,
      polledMsAgo: WHOLE,
      trouble: TROUBLE,
      anchors: z.array(ANCHOR_CLAIM),
    }),
  ),
  present: z.array(
    z.strictObject({
      slot: HASH,
      logId: HASH,
      index: WHOLE,
      entry: BASE64,
      inclusion: z.array(HASH),
      map: BASE64,
      opening: BASE64.nullable(),
    }),
  ),
  absent: z.array(z.strictObject({ slot: HASH, logId: HASH, map: BASE64 })),
});

export const ANCHORS = z.strictObject({ anchors: z.array(ANCHOR_CLAIM) });

const REASON = z.enum(REASON_CODES);
const FACTS = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));

export const VERDICT = z.strictObject({
  verdict: z.enum(['valid', 'invalid', 'undetermined']),
  reasons: z.array(REASON),
  asOf: WHOLE,
  evaluatedAt: WHOLE,
  checks: z.array(
    z.strictObject({
      id: z.enum(CHECK_IDS),
      outcome: z.enum(['pass', 'fail', 'unknown', 'notAsked']),
      code: REASON.nullable(),
      text: TEXT,
      facts: FACTS,
    }),
  ),
  licence: z
    .strictObject({
      status: z.enum(['active', 'suspended', 'revoked', 'annulled', 'cancelled', 'superseded']),
      identifier: TEXT,
      type: TEXT,
      validFrom: WHOLE,
      validTo: WHOLE.nullable(),
      issuer: z.strictObject({
        code: TEXT,
        name: TEXT,
        region: TEXT,
        successor: z.strictObject({ code: TEXT, name: TEXT }).nullable(),
      }),
      supersededBy: TEXT.nullable(),
      fields: z.array(z.strictObject({ name: TEXT, value: z.unknown() })),
    })
    .nullable(),
  checkpoint: z.strictObject({ origin: TEXT, size: WHOLE, rootHash: HASH, mapRoot: HASH, issuedAt: WHOLE }).nullable(),
  anchor: z.strictObject({ by: z.enum(['chain', 'witnesses']), ...ANCHOR }).nullable(),
  freshness: z.strictObject({ ageMs: WHOLE.nullable(), grade: z.enum(['live', 'recent', 'stale']).nullable() }),
  findings: z.array(z.looseObject({ id: TEXT, outcome: z.enum(['pass', 'fail', 'unknown']), code: REASON.nullable() })),
});

export const PROBLEM = z.strictObject({
  type: TEXT,
  title: TEXT,
  status: WHOLE,
  code: z.enum(ERROR_CODES).nullable(),
  detail: TEXT,
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  facts: FACTS.optional(),
});

/** Each line of a batch's answer; `line` counts from 1 as the lines were sent. */
export const BATCH_LINE = z.union([
  z.strictObject({ line: WHOLE, ...VERDICT.shape }),
  z.strictObject({ line: WHOLE, problem: PROBLEM }),
]);

export const EVIDENCE = z.strictObject({
  format: z.literal('veritrail-evidence-v1'),
  chainReference: HASH,
  fileDigest: HASH,
  takenAt: WHOLE,
  answer: LOOKUP_ANSWER,
});

const CHARGE_VIEW = {
  logId: HASH,
  kind: z.enum(CHARGE_KINDS),
  /** The court's name for what it is about. */
  chargeDigest: HASH,
  /** The log is disputed from this size on. */
  fromSize: WHOLE,
  /** Kept: any member may bring it. Waiting: this program will. Brought: the chain has it. */
  state: z.enum(['kept', 'waiting', 'brought']),
};
/** `takesEffect`: false when it rests on a key that is lost, or perhaps lost, and waits for a quorum. */
export const KEPT_CHARGE = z.strictObject({ ...CHARGE_VIEW, takesEffect: z.boolean() });
export const CHARGES = z.strictObject({ charges: z.array(z.strictObject({ ...CHARGE_VIEW, charge: CHARGE })) });

const LOG_VIEW = {
  logId: HASH,
  origin: TEXT,
  authority: TEXT,
  class: z.enum(['licence', 'access', 'seals']),
  /** Whether its entries are replayed here; the sizes of a log that is not are null. */
  followed: z.boolean(),
  /** Replayed, provisional entries included. */
  size: WHOLE.nullable(),
  /** Of the checkpoint that answers stand on; null before the first. */
  anchoredSize: WHOLE.nullable(),
  trouble: TROUBLE,
};
export const LOGS = z.strictObject({ logs: z.array(z.strictObject(LOG_VIEW)) });
export const LOG = z.strictObject({
  ...LOG_VIEW,
  checkpoint: NOTE.nullable(),
  anchor: z.strictObject({ ...ANCHOR, attestations: z.array(ATTESTATION) }).nullable(),
  /** Which of the log's anchors that is, counted from 0: what a charge names it by. */
  sequence: WHOLE.nullable(),
  /** What convicts the log (fork-<logId>.json, bad-<logId>.json), or null. */
  finding: z.looseObject({ format: TEXT, logId: HASH }).nullable(),
  /** A monitor looks for the entry that convicts the log before the court; null when there is nothing to look for. */
  search: z.strictObject({ isWithheld: z.boolean(), isOver: z.boolean() }).nullable(),
  charges: z.array(z.strictObject(CHARGE_VIEW)),
});
export const INCLUSION = z.strictObject({ leafHash: HASH, index: WHOLE, size: WHOLE, rootHash: HASH, proof: z.array(HASH) });
export const CONSISTENCY = z.strictObject({
  from: WHOLE,
  fromRoot: HASH,
  to: WHOLE,
  toRoot: HASH,
  proof: z.array(HASH),
});

const BLOCK = z.strictObject({ number: WHOLE, hash: HASH, at: WHOLE });
/** Registry facts (docs/formats.md). */
const REGISTRY_FACTS = z.strictObject({
  block: BLOCK,
  ...Object.fromEntries(
    ['authorities', 'keys', 'scopes', 'duties', 'logs', 'modes', 'coverages', 'successions', 'disputes'].map((name) => [
      name,
      z.array(z.looseObject({})),
    ]),
  ),
});
export const AUTHORITIES = z.strictObject({ facts: REGISTRY_FACTS, polledMsAgo: WHOLE });

/** Entries that belong to no seal's row are `stray`: they lift and prolong nothing. */
const SEAL = z.strictObject({ sealed: WHOLE, released: WHOLE, unreleased: WHOLE, overdue: WHOLE, renewed: WHOLE, stray: WHOLE });
export const SEALS = z.strictObject({
  logs: z.array(
    z.strictObject({
      logId: HASH,
      origin: TEXT,
      authority: TEXT,
      /** A seal is overdue after it, ms. */
      term: WHOLE,
      trouble: TROUBLE,
      /** What the count stands on; null where nothing is counted. */
      checkpoint: NOTE.nullable(),
      count: SEAL.nullable(),
    }),
  ),
  /** Null unless every log is counted. */
  total: SEAL.nullable(),
});

export const STATUS = z.strictObject({
  chain: z.strictObject({ chainId: WHOLE, head: BLOCK.nullable(), polledMsAgo: WHOLE }),
  logs: z.array(z.strictObject(LOG_VIEW)),
  trust: z.strictObject({ version: WHOLE, expiresAt: WHOLE, sample: z.boolean() }).nullable(),
  /** Over all seals logs; null unless every one is counted. */
  seals: SEAL.nullable(),
});

export const CHANGES = z.strictObject({
  /** In order; `sequence` only ever rises, over restarts too. A null size: the log stands on no anchored checkpoint any more. */
  changes: z.array(z.strictObject({ sequence: WHOLE, logId: HASH, size: WHOLE.nullable(), issuedAt: WHOLE.nullable() })),
  newest: WHOLE,
  /** False when changes after the one asked for are no longer kept: read /v1/logs. */
  complete: z.boolean(),
});

export const SEEN = z.strictObject({
  logId: HASH,
  checkpoint: NOTE,
  anchor: z.strictObject({ ...ANCHOR, attestations: z.array(ATTESTATION) }).nullable(),
});

/** `answeredAt` is by the clock of the register's machine. */
export const SWAP_STATE = z.strictObject({ logId: HASH, checkpoint: NOTE.nullable(), answeredAt: WHOLE });

export const TRUST = ENVELOPE;
