/** What the citizen's routes have at hand, and how a custodian's node or an accessor's agent is called in a person's name. */
import { notFound } from '../../core/bytes/error.ts';
import type { Gate } from '../identity/guard.ts';
import type { Session } from '../identity/session.ts';
import type { CustodianCall, VerifierSide } from './upstream.ts';

export interface CitizenWorld extends Gate {
  readonly verifier: VerifierSide;
  /** Origin → address of the node. */
  readonly nodes: ReadonlyMap<string, string>;
  /** Authority → address of its agent. */
  readonly accessors: ReadonlyMap<string, string>;
  readonly custodianTimeoutMs: number;
  readonly clock: () => number;
  /** Ends what is under way when the program stops. */
  readonly signal: AbortSignal;
}

/** Throws NOT_FOUND for a log without a way to it: NOT_CONNECTED, as the page calls it. */
export async function callFor(world: CitizenWorld, session: Session, origin: string): Promise<CustodianCall> {
  const url = world.nodes.get(origin);
  if (url === undefined) throw notFound('this portal has no way to that log');
  return callTo(world, session, url);
}

/** Throws NOT_FOUND for an accessor without a way to it. */
export async function callForCopies(world: CitizenWorld, session: Session, authority: string): Promise<CustodianCall> {
  const url = world.accessors.get(authority);
  if (url === undefined) throw notFound('this portal has no way to that accessor');
  return callTo(world, session, url);
}

async function callTo(world: CitizenWorld, session: Session, url: string): Promise<CustodianCall> {
  const accessToken = await session.tokenFor(url);
  return { url, accessToken, timeoutMs: world.custodianTimeoutMs, signal: world.signal };
}
