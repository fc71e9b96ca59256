/** Brings the promises that an accessor holds before the court, by a monitor that judges them as the court would. */
import { encodeHex } from '../../core/bytes/bytes.ts';
import { isCodedError } from '../../core/bytes/error.ts';
import { parseNote } from '../../core/log/note.ts';
import { decodeSlotProof, type SlotProof } from '../../core/log/slot-proof.ts';
import { parseLookupAnswer } from '../../core/verify/lookup.ts';
import { fetchJson } from '../../service/call/client.ts';
import { until } from '../evil/attack.ts';
import { bringCharge, type LogJson, logAt, promiseCharge, type PromiseJson } from '../evil/promise-charge.ts';
import type { Lie } from './lies.ts';
import { LOG_ID, ORIGIN } from './stage.ts';

export interface CourtDoors {
  readonly monitorUrl: string;
  readonly nodeUrl: string;
}

export function issuedAt({ checkpoint }: LogJson): number {
  return checkpoint === null ? 0 : parseNote(checkpoint).checkpoint.issuedAt;
}

/** Those that convict the log. */
export async function broken(promises: ReadonlyMap<Lie, PromiseJson>, doors: CourtDoors): Promise<ReadonlySet<Lie>> {
  const slots = [...promises.values()].map(({ slot }) => slot);
  const { standing, proofs } = await slotProofs(doors, slots);
  const convicting = new Set<Lie>();
  for (const [lie, promise] of promises) {
    const charge = promiseCharge(ORIGIN, promise, standing, proofs.get(promise.slot)!);
    if (await isTaken(doors.monitorUrl, charge)) convicting.add(lie);
  }
  return convicting;
}

/** From the node's own map, at a checkpoint that the monitor stands on. */
function slotProofs(
  { monitorUrl, nodeUrl }: CourtDoors,
  slots: readonly string[],
): Promise<{ readonly standing: LogJson; readonly proofs: ReadonlyMap<string, SlotProof> }> {
  return until('the node proves slots at an anchored checkpoint', async () => {
    const standing = await logAt(monitorUrl, LOG_ID);
    const asked = { send: { slots: [...new Set(slots)], logId: LOG_ID } };
    const { logs, present, absent } = parseLookupAnswer(await fetchJson(`${nodeUrl}/v1/lookup`, asked));
    if (parseNote(logs[0]!.checkpoint).checkpoint.issuedAt !== issuedAt(standing)) return null;
    const proofs = [...present, ...absent].map(({ slot, map }) => [encodeHex(slot), decodeSlotProof(map)] as const);
    return { standing, proofs: new Map(proofs) };
  });
}

async function isTaken(url: string, charge: Uint8Array): Promise<boolean> {
  try {
    await bringCharge(url, charge);
    return true;
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) return false;
    throw error;
  }
}
