/** The doors of an officer's desk in her page: the portal signs and asks, the page keeps. */
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import type { LogFact } from '../../core/authority/registry.ts';
import { invariant } from '../../core/bytes/error.ts';
import type { CheckpointName } from '../../core/citizen/ask.ts';
import type { CaseFile } from '../../core/trace/case-file.ts';
import { Desk } from '../../core/trace/desk.ts';
import type { CaseQuestion } from '../../core/trace/query.ts';
import type { World } from '../../core/verify/world.ts';
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
