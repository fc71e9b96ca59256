/**
 * The anchors of a log that readers are shown: the one that an answer stands on, and those that bound when an entry was recorded. Of two
 * anchors that would do, one that a quorum of witnesses attests is shown.
 *
 * Which entries of an access log a reader is interested in links them. So there anchors are asked for by time, and the asker picks those next
 * to an entry: as no checkpoint splits a quantum, the last before a period lacks its entries and the first after it holds them.
 */
import { malformed } from '../../core/bytes/error.ts';
import type { LogFact, RegistryFacts } from '../../core/authority/registry.ts';
import type { AnchorClaim } from '../../core/verify/lookup.ts';
import type { Confirmations } from '../confirmation.ts';
import type { Anchor } from '../follow/anchor.ts';
import type { LogFollower } from '../follow/log-follower.ts';

/** A log that is asked, with what the registry says about it. */
export interface Asked {
  readonly follower: LogFollower;
  readonly log: LogFact;
  readonly facts: RegistryFacts;
}

export interface ClaimSources {
  readonly confirmations: Confirmations;
}

/** UTC ms, the first included, the last not. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/** How far from an entry an attested anchor is looked for. */
const MAX_ANCHORS_TRIED = 64;
const MAX_CLAIMS = 4096;

/** Null for a log that is not followed. */
export function askedOf(follower: LogFollower | undefined): Asked | null {
  const registered = follower?.registered ?? null;
  return follower === undefined || registered === null ? null : { follower, ...registered };
}

/** Up to and with the one that answers rest on: later ones are not judged yet. */
export function anchorsStoodOn({ anchors, standing }: LogFollower): readonly Anchor[] {
  return standing === null ? [] : anchors.slice(0, anchors.lastIndexOf(standing) + 1);
}

/** `stoodOn`, and for each entry the newest that lacks it and the oldest that holds it; each once. Throws IndexDamage. */
export function claimsAround(
  sources: ClaimSources,
  asked: Asked,
  entryIndexes: readonly number[],
  stoodOn: Anchor | null,
): AnchorClaim[] {
  const anchors = anchorsStoodOn(asked.follower);
  const found = new Set<Anchor>(stoodOn === null ? [] : [stoodOn]);
  for (const entryIndex of entryIndexes) {
    const firstHolding = placeOfFirst(anchors, ({ checkpoint }) => checkpoint.size > entryIndex);
    for (const one of neighboursOf(sources, asked, anchors, { before: firstHolding, from: firstHolding })) {
      if (one !== null) found.add(one);
    }
  }
  return [...found].flatMap((one) => claimOf(sources, asked, one));
}

/** Those whose checkpoint is of that period, the last before and the first after. Throws MALFORMED for too many, IndexDamage. */
export function claimsBetween(sources: ClaimSources, asked: Asked, { from, to }: Period): AnchorClaim[] {
  const anchors = anchorsStoodOn(asked.follower);
  const placeOf = (time: number): number => placeOfFirst(anchors, ({ checkpoint }) => checkpoint.issuedAt >= time);
  const [first, end] = [placeOf(from), placeOf(to)];
  const within = anchors.slice(first, end).filter((one) => asked.follower.isReproduced(one));
  const attested = within.filter((one) => sources.confirmations.isAttested(asked.log, one));
  const shown = endsOfRuns(attested.length > 0 ? attested : within);
  if (shown.length > MAX_CLAIMS) throw malformed('too many anchors in that period: ask for a shorter one', { max: MAX_CLAIMS });
  const [before, after] = neighboursOf(sources, asked, anchors, { before: first, from: end });
  return [before, ...shown, after].flatMap((one) => (one === null ? [] : claimOf(sources, asked, one)));
}

/** Of anchors of one size, the first and the last: what lies between bounds nothing. */
function endsOfRuns(anchors: readonly Anchor[]): Anchor[] {
  const sizeAt = (i: number): number | undefined => anchors[i]?.checkpoint.size;
  return anchors.filter((_, i) => sizeAt(i) !== sizeAt(i - 1) || sizeAt(i) !== sizeAt(i + 1));
}

/** Where `isPast` first holds; sizes and times never shrink from one anchor to the next. */
function placeOfFirst(anchors: readonly Anchor[], isPast: (anchor: Anchor) => boolean): number {
  let [low, high] = [0, anchors.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isPast(anchors[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The nearest before the one place and the nearest from the other place on. */
function neighboursOf(
  sources: ClaimSources,
  asked: Asked,
  anchors: readonly Anchor[],
  place: { readonly before: number; readonly from: number },
): [Anchor | null, Anchor | null] {
  return [nearestOf(sources, asked, anchors, place.before - 1, -1), nearestOf(sources, asked, anchors, place.from, 1)];
}

/** From `start` on in one direction: the first that a quorum attests, else the first that belongs to the replayed log at all. */
function nearestOf(
  { confirmations }: ClaimSources,
  { follower, log }: Asked,
  anchors: readonly Anchor[],
  start: number,
  step: 1 | -1,
): Anchor | null {
  let fallback: Anchor | null = null;
  for (let i = start, tried = 0; tried < MAX_ANCHORS_TRIED; i += step, tried++) {
    const anchor = anchors[i];
    if (anchor === undefined) break;
    if (!follower.isReproduced(anchor)) continue;
    if (confirmations.isAttested(log, anchor)) return anchor;
    fallback ??= anchor;
  }
  return fallback;
}

function claimOf({ confirmations }: ClaimSources, { follower, facts }: Asked, anchor: Anchor): AnchorClaim[] {
  const checkpoint = anchor.text(facts);
  if (checkpoint === null) return [];
  const { number, hash, at } = anchor.block;
  const { attestations } = confirmations.of(follower.logId, anchor);
  return [{ checkpoint, blockNumber: number, blockHash: hash, anchoredAt: at, attestations }];
}
