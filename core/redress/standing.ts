/** What became of each objection in a person's history, and which of its bodies the custodian says it erased and why. */
import { encodeHex } from '../bytes/bytes.ts';
import { isCodedError } from '../bytes/error.ts';
import type { Hash } from '../bytes/hash.ts';
import { KINDS } from '../log/entry.ts';
import { type Erasure, type Objection, parseErasure, parseObjection, parseReply, type Reply } from './redress.ts';

/** An entry of the history with its body, which the commitment has been shown to be of; null where it was not shown. */
export interface SaidEntry {
  readonly kind: number;
  readonly leafHash: Hash;
  readonly body: Uint8Array | null;
}

export interface ObjectionStanding {
  readonly leafHash: Hash;
  readonly objection: Objection;
  /** Null until there is one; a later one takes the place of an earlier. */
  readonly reply: Reply | null;
  /** No reply, and the time for it has run out. */
  readonly isOverdue: boolean;
}

export interface Redress {
  /** In the order of the history. */
  readonly objections: readonly ObjectionStanding[];
  /** By leaf hash in hex. */
  readonly erased: ReadonlyMap<string, Erasure>;
}

function readOrNull<Body>(bytes: Uint8Array | null, parse: (bytes: Uint8Array) => Body): Body | null {
  try {
    return bytes && parse(bytes);
  } catch (error) {
    if (isCodedError(error, 'MALFORMED')) return null;
    throw error;
  }
}

/** Bodies that are not shown, or are none, say nothing. `now` is UTC ms. */
export function redressOf(history: readonly SaidEntry[], now: number): Redress {
  const bodies = <Body>(kind: number, parse: (bytes: Uint8Array) => Body): { leafHash: Hash; said: Body }[] =>
    history
      .filter((entry) => entry.kind === kind)
      .flatMap(({ leafHash, body }) => {
        const said = readOrNull(body, parse);
        return said === null ? [] : [{ leafHash, said }];
      });
  const replies = new Map(bodies(KINDS.answer, parseReply).map(({ said }) => [encodeHex(said.objection), said]));
  const objections = bodies(KINDS.objection, parseObjection).map(({ leafHash, said: objection }) => {
    const reply = replies.get(encodeHex(leafHash)) ?? null;
    return { leafHash, objection, reply, isOverdue: reply === null && now > objection.dueAt };
  });
  const erased = new Map<string, Erasure>();
  for (const { said } of bodies(KINDS.erasure, parseErasure)) {
    for (const entry of said.entries) erased.set(encodeHex(entry), said);
  }
  return { objections, erased };
}
