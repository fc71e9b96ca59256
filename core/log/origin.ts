/**
 * A log's name, `<consortium>/<USCC>/<name>`: the first line of its checkpoints, never reused. The log id is its digest.
 *
 * Witnesses are named in the same shape, with the last part `witness`.
 */
import { parseUscc, type Uscc } from '../authority/uscc.ts';
import { encodeUtf8 } from '../bytes/bytes.ts';
import { malformed } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { label } from '../bytes/label.ts';
import { sm3 } from '../sm/sm3.ts';

declare const originBrand: unique symbol;
export type Origin = string & { readonly [originBrand]: true };

export interface OriginParts {
  readonly consortium: string;
  /** The authority that registered the log; another may own it today. */
  readonly uscc: Uscc;
  readonly name: string;
}

/** Characters, which are bytes: an origin is ASCII. */
const MAX_LENGTH = 128;

/** Throws MALFORMED. */
export function parseOrigin(text: string): Origin {
  if (text.length > MAX_LENGTH) throw malformed('an origin has at most 128 characters');
  const match = /^[a-z0-9-]+\/([0-9A-Z]{18})\/[a-z0-9-]+$/.exec(text);
  if (match === null) throw malformed('an origin is <consortium>/<USCC>/<name>');
  parseUscc(match[1]!);
  return text as Origin;
}

export function originParts(origin: Origin): OriginParts {
  const [consortium, uscc, name] = origin.split('/') as [string, Uscc, string];
  return { consortium, uscc, name };
}

/** H(⟨id⟩ ‖ origin): 32 bytes that stand for the log in signatures and on chain. */
export function logIdOf(origin: Origin): Hash {
  return sm3(label('id'), encodeUtf8(origin));
}
