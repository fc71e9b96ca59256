/** A person who believes nothing of a custodian's answer that core/ does not confirm. */
import { expect } from 'chai';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import type { EntryContent } from '../../core/access/answer.ts';
import { parseAccessAnswer } from '../../core/access/answer.ts';
import { type CheckedBody, verifyBody } from '../../core/access/body-check.ts';
import { verifyHandle } from '../../core/access/handle.ts';
import { parseNumber } from '../../core/access/number.ts';
import { kindNameOf, type KindName } from '../../core/log/entry.ts';
import { type ProvenEntry, verifyHistory } from '../../core/log/history.ts';
import { verifyNote } from '../../core/log/note.ts';
import type { ShownSeal } from '../../core/access/seal.ts';
import { logSigner } from '../node/fixture.ts';
import { type TestCustodian, vrfSigners } from './custodian.ts';
import { LOG_ID } from './fixture.ts';

export interface ReadEntry {
  readonly epoch: number;
  readonly kind: KindName;
  readonly proven: ProvenEntry;
  readonly leafHash: string;
  readonly content: EntryContent | null;
  readonly checked: CheckedBody | null;
}

/** All entries, proven, with their checks. */
export function readHistory({ facts }: TestCustodian, id: string, json: JsonObject, seal: ShownSeal | null = null): ReadEntry[] {
  const answer = parseAccessAnswer(json);
  const { checkpoint } = answer.checkpoint;
  verifyNote(answer.checkpoint, logSigner.publicKey);
  const log = facts.logs[0]!;
  const named = new Set(log.vrfKeys.map(({ keyId }) => encodeHex(keyId)));
  expect(answer.epochs.map(({ keyId }) => encodeHex(keyId))).to.deep.equal([...named]);
  const number = parseNumber(1, id);
  return answer.epochs.flatMap((epoch) => {
    const signer = vrfSigners.find(({ keyId }) => equalBytes(keyId, epoch.keyId))!;
    const h = verifyHandle(signer.publicKey, LOG_ID, number, epoch.proof);
    const proven = verifyHistory({ h, checkpoint, logClass: 'access' }, epoch);
    return proven.map((one, i): ReadEntry => {
      const { content } = epoch.items[i]!;
      const kind = kindNameOf(one.entry.kind)!;
      const recordedIn = { from: one.entry.recordedAt, to: checkpoint.issuedAt };
      const question = { entry: one.entry, log, recordedIn, facts, person: number, seal, sealedIn: null };
      const isOpened = kind === 'access' && content?.state === 'opened';
      const checked = isOpened ? verifyBody({ ...question, nonce: content.nonce, body: content.body }) : null;
      return { epoch: vrfSigners.indexOf(signer), kind, proven: one, leafHash: encodeHex(one.leafHash), content, checked };
    });
  });
}

/** What of an opened access does not hold, by check. */
export function faultsOf({ checked }: ReadEntry): string[] {
  return Object.entries(checked!.findings).flatMap(([id, { outcome, code }]) =>
    outcome === 'fail' || outcome === 'unknown' ? [`${id} ${outcome} ${String(code)}`] : [],
  );
}
