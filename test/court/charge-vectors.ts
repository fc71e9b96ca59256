/** test/vectors/log-charge.json: two logs, their keys and anchors, and charges against them. Both judges read it. */
import { readFileSync } from 'node:fs';
import { decodeHex, encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import type { ErrorCode } from '../../core/bytes/error.ts';
import { hashFromHex, type Hash } from '../../core/bytes/hash.ts';
import { canonicalJson, type JsonObject } from '../../core/bytes/json.ts';
import type { AnchoredCheckpoint } from '../../core/court/charge.ts';
import type { ChargedLog } from '../../core/court/judgement.ts';
import { parseNote, type Note } from '../../core/log/note.ts';
import { parseOrigin, type Origin } from '../../core/log/origin.ts';
import { parsePublicKey } from '../../core/sm/sm2.ts';

interface Told {
  readonly keys: readonly {
    readonly keyId: string;
    readonly publicKey: string;
    readonly validFrom: number;
    readonly compromised: boolean;
  }[];
  readonly logs: readonly {
    readonly origin: string;
    readonly promiseSpan: number;
    readonly closedByOwner: boolean;
    readonly anchors: readonly ToldAnchor[];
  }[];
  readonly cases: readonly ChargeCase[];
}

interface ToldAnchor {
  readonly note: string;
  readonly keyId: string;
  readonly consistency: readonly string[];
  readonly anchoredAt: number;
}

export interface ChargeCase {
  readonly desc: string;
  readonly want: 'ok' | ErrorCode;
  /** As an object, or where the spelling is the defect as text. */
  readonly charge?: JsonObject;
  readonly text?: string;
  /** The contract's error; where it is `ok`, what the charge leads to. */
  readonly refusal?: string;
  readonly fromSize?: number;
  readonly fromSequence?: number;
  readonly takesEffect?: boolean;
  readonly chargeDigest?: string;
}

export interface VectorAnchor {
  readonly note: Note;
  readonly keyId: Hash;
  readonly consistencyProof: readonly Hash[];
  readonly anchoredAt: number;
}

const told = JSON.parse(readFileSync(new URL('../vectors/log-charge.json', import.meta.url), 'utf8')) as Told;

export const CASES = told.cases;

export function bytesOfCase({ charge, text }: ChargeCase): Uint8Array {
  return encodeUtf8(text ?? canonicalJson(charge!));
}

export function anchorsOf(origin: Origin): VectorAnchor[] {
  return told.logs
    .find((log) => log.origin === origin)!
    .anchors.map(({ note, keyId, consistency, anchoredAt }) => ({
      note: parseNote(note),
      keyId: hashFromHex(keyId),
      consistencyProof: consistency.map(hashFromHex),
      anchoredAt,
    }));
}

export const ORIGINS = told.logs.map(({ origin }) => parseOrigin(origin));
export const isClosedByOwner = (origin: Origin): boolean => told.logs.find((log) => log.origin === origin)!.closedByOwner;
export const COMPROMISED = told.keys.filter(({ compromised }) => compromised).map(({ keyId }) => hashFromHex(keyId));

export function vectorLog(origin: Origin): ChargedLog {
  const { promiseSpan, closedByOwner } = told.logs.find((log) => log.origin === origin)!;
  const anchors = anchorsOf(origin).map(({ note, anchoredAt }, sequence): AnchoredCheckpoint => ({
    by: 'anchor',
    checkpoint: note.checkpoint,
    sequence,
    anchoredAt,
  }));
  const keys = new Map(told.keys.map((key) => [key.keyId, key]));
  return {
    origin,
    promiseSpan,
    isClosedByOwner: closedByOwner,
    anchors,
    logKeyAt: (keyId, time) => {
      const key = keys.get(encodeHex(keyId));
      if (key === undefined || time < key.validFrom) return null;
      return { publicKey: parsePublicKey(decodeHex(key.publicKey)), isDoubted: key.compromised };
    },
  };
}
