/** An officer's desk in her page: the portal signs and asks, the page keeps and judges. */
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { invariant } from '../../core/bytes/error.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import { manifestSignedBytes } from '../../core/package/manifest.ts';
import { packCase } from '../../core/package/pack.ts';
import type { CaseFile } from '../../core/trace/case-file.ts';
import { confirmCase, Desk } from '../../core/trace/desk.ts';
import type { CaseQuestion } from '../../core/trace/query.ts';
import { judgeCase } from '../../core/trace/view.ts';
import { type World, worldOf } from '../../core/verify/world.ts';
import type { AcceptedTrust } from '../check/trust-memory.ts';
import { officerOf, type OwnKey } from './case-keys.ts';
import type { Place } from './portal.ts';
import type { Workplace } from './state.ts';

export interface DeskTerms {
  readonly workplace: Workplace;
  readonly place: Place;
  readonly world: World;
  readonly file: CaseFile;
  readonly key: OwnKey;
  /** Of each change, before anything leaves the page. */
  readonly keep: (file: CaseFile) => Promise<void>;
}

/** Throws FORBIDDEN for a key that is no officer's of the case. */
export function deskOf({ workplace, place, world, file, key, keep }: DeskTerms): Desk {
  const { portal, random, now } = workplace;
  const { signedCase } = file;
  const doors = {
    standing: portal.standing,
    anchors: portal.anchors,
    custodian: ({ origin }: LogFact, question: CaseQuestion, at: CheckpointName | null) =>
      portal.ask(signedCase, origin, { ...question, at }),
    keep,
    sign: (payload: Uint8Array, own: EnvelopeSignature | null) => {
      invariant(own !== null, 'an officer at this desk has her own key');
      return portal.sign({ what: 'request', signedCase, payload, own });
    },
    random,
    clock: now,
  };
  const { system, terminal } = place;
  return new Desk(doors, world, { officer: officerOf(file, key), sign: key.sign, system, terminal }, file);
}

/** What this page judges by: a verifier's word on the chain, held against the trust file that this browser remembers. */
export async function worldAt({ portal, memory, now }: Workplace): Promise<{ world: World; trust: AcceptedTrust }> {
  const [signed, live] = await Promise.all([portal.trust(), portal.live()]);
  const trust = memory.accept(signed);
  return { world: worldOf({ trust: trust.trust, live, evaluatedAt: now(), at: null }), trust };
}

/** Judged by the trust file alone, since whoever reads the package has no chain to ask. */
export async function packageOf({
  workplace,
  file,
  key,
  keep,
}: Pick<DeskTerms, 'workplace' | 'file' | 'key' | 'keep'>): Promise<Uint8Array> {
  const { portal, memory, now } = workplace;
  const { signedCase } = file;
  const trust = await portal.trust();
  const world = worldOf({ trust: memory.accept(trust).trust, live: null, evaluatedAt: now(), at: null });
  const sign = async (payload: Uint8Array): Promise<EnvelopeSignature> =>
    portal.sign({ what: 'manifest', signedCase, payload, own: await key.sign(manifestSignedBytes(payload)) });
  const confirmed = await confirmCase(portal, world, file);
  if (confirmed !== file) await keep(confirmed);
  return packCase({ judged: judgeCase(confirmed, world), trust, madeAt: now(), sign });
}
