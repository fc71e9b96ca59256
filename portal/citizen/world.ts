/** What the citizen's routes have at hand, and how a custodian's node is called in a person's name. */
import { notFound } from '../../core/bytes/error.ts';
import type { Gate } from '../identity/guard.ts';
import type { Session } from '../identity/session.ts';
import type { CustodianCall, VerifierSide } from './upstream.ts';

export interface CitizenWorld extends Gate {
  readonly verifier: VerifierSide;
  /** Origin → address of the node. */
  readonly nodes: ReadonlyMap<string, string>;
  readonly custodianTimeoutMs: number;
  readonly clock: () => number;
  /** Ends what is under way when the program stops. */
  readonly signal: AbortSignal;
}

/** Throws NOT_FOUND for a log without a way to it: NOT_CONNECTED, as the page calls it. */
export async function callFor(world: CitizenWorld, session: Session, origin: string): Promise<CustodianCall> {
  const url = world.nodes.get(origin);
  if (url === undefined) throw notFound('this portal has no way to that log');
  const accessToken = await session.tokenFor(url);
  return { url, accessToken, timeoutMs: world.custodianTimeoutMs, signal: world.signal };
}
