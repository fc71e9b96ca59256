/** A node of a licence log. */
import { openSigner } from '../service/signer.ts';
import { readRoutes } from './api/reads.ts';
import type { Issuer } from './api/issue.ts';
import { anchorRoute, writeRoutes } from './api/writes.ts';
import { LogWriter } from './log/writer.ts';
import type { ChainParts, ClassPart, NodeBase, Offer } from './part.ts';
import { groundOf, requireIssuing, requireMode } from './standing.ts';

export const LICENCE_ROLES = ['issuer', 'operator'] as const;

/** An issue waits this long for what it rests on to be anchored. */
const GROUND_WITHIN_MS = 10_000;

export async function openLicencePart(base: NodeBase): Promise<ClassPart> {
  const { config, origin, passphrase, tokens, clock } = base;
  const documentSigner = await openSigner(config.keys.document!, passphrase, 'document');
  const writer = await LogWriter.open(base);
  const offer = ({ follower, watch, anchorLoop }: ChainParts): Offer => {
    const issuer = (): Issuer => ({
      origin,
      code: watch.standing.authority.code,
      documentSigner,
      publicFields: config.publicFields,
    });
    const permit = async (licenceType: string): Promise<void> => {
      writer.requireSigning();
      const { facts } = follower;
      requireIssuing(watch.standing, clock());
      const mode = requireMode(facts, watch.standing, licenceType);
      await anchorLoop.reach(groundOf(facts, watch.standing, mode, clock()), GROUND_WITHIN_MS);
    };
    return {
      hot: readRoutes({ ...base, writer, polledMsAgo: () => follower.polledMsAgo() ?? Number.MAX_SAFE_INTEGER }),
      routes: [...writeRoutes({ ...base, writer, issuer, permit }), anchorRoute(anchorLoop, tokens)],
    };
  };
  return { writer, keyIds: { documentKeyId: documentSigner.keyId }, offer };
}
