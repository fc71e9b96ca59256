/**
 * What a question is judged against: whom the reader believes, what the registry says, which instant is meant, and whether
 * the chain was asked just now (online) or only its witnesses' word is at hand (offline).
 */
import { contradictionOf } from '../authority/contradiction.ts';
import type { RegistryFacts } from '../authority/registry.ts';
import { chainReferenceOf } from '../log/attestation.ts';
import type { Hash } from '../bytes/hash.ts';
import type { Trust } from './trust.ts';
import { type Finding, pass, unknown } from './verdict.ts';

/** What a verifier says of the chain at the moment it was asked. */
export interface LiveChain {
  readonly facts: RegistryFacts;
  /** Milliseconds between its last successful poll of the chain and now. */
  readonly ageMs: number;
}

export interface World {
  readonly trust: Trust;
  readonly facts: RegistryFacts;
  readonly mode: 'online' | 'offline';
  readonly chainReference: Hash;
  /** Whether registry facts and blocks may be believed at all right now. */
  readonly chain: Finding;
  readonly evaluatedAt: number;
  /** The past instant asked for, or null for now. */
  readonly at: number | null;
}

export interface WorldInput {
  readonly trust: Trust;
  /** Null offline: then the trust file's snapshot speaks. */
  readonly live: LiveChain | null;
  readonly evaluatedAt: number;
  readonly at: number | null;
}

function chainFinding({ trust, live, evaluatedAt }: WorldInput): Finding {
  if (evaluatedAt >= trust.expiresAt) return unknown('TRUST_EXPIRED', { expiresAt: trust.expiresAt });
  if (live === null) return pass();
  if (live.ageMs > trust.maxHeadAge) return unknown('CHAIN_UNREACHABLE', { ageMs: live.ageMs });
  // A verifier that has not yet read as far as the snapshot would seem to deny what it has not reached.
  if (live.facts.block.number < trust.facts.block.number) return unknown('CHAIN_UNREACHABLE', { block: live.facts.block.number });
  return contradictionOf(live.facts, trust.facts) === null ? pass() : unknown('BAD_PROOF', { registry: false });
}

export function worldOf(input: WorldInput): World {
  const { trust, live, evaluatedAt, at } = input;
  return {
    trust,
    facts: live === null ? trust.facts : live.facts,
    mode: live === null ? 'offline' : 'online',
    chainReference: chainReferenceOf(trust.chainId, trust.genesisHash, trust.anchorAddress),
    chain: chainFinding(input),
    evaluatedAt,
    at,
  };
}
