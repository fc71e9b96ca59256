/** A promise that a log did not keep, as whoever holds it brings it to the court. */
import { decodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { formatCharge } from '../../core/court/charge.ts';
import { parseNote } from '../../core/log/note.ts';
import type { Origin } from '../../core/log/origin.ts';
import type { SlotProof } from '../../core/log/slot-proof.ts';
import { parseSignature } from '../../core/sm/sm2.ts';
import { fetchBytes, fetchJson } from '../../service/call/client.ts';

/** What a follower says of a log. */
export interface LogJson {
  readonly sequence: number | null;
  readonly trouble: string | null;
  readonly checkpoint: string | null;
  readonly anchor: { readonly anchoredAt: number } | null;
  readonly finding: { readonly why?: string } | null;
  readonly search: { readonly isWithheld: boolean } | null;
}

export interface PromiseJson {
  readonly logId: string;
  readonly slot: string;
  readonly leafHash: string;
  readonly issuedAt: number;
  readonly deadline: number;
  readonly keyId: string;
  readonly signature: string;
}

export async function logAt(url: string, logId: string): Promise<LogJson> {
  return (await fetchJson(`${url}/v1/logs/${logId}`)) as unknown as LogJson;
}

/** `standing`: the log at an anchored checkpoint that is due. */
export function promiseCharge(origin: Origin, said: PromiseJson, standing: LogJson, slotProof: SlotProof): Uint8Array {
  const [logId, slot, leafHash, keyId] = [said.logId, said.slot, said.leafHash, said.keyId].map(hashFromHex);
  const promise = { logId: logId!, slot: slot!, leafHash: leafHash!, issuedAt: said.issuedAt, deadlineAt: said.deadline };
  return formatCharge({
    kind: 'broken-promise',
    origin,
    promised: { promise, keyId: keyId!, signature: parseSignature(decodeHex(said.signature)) },
    checkpoint: {
      by: 'anchor',
      checkpoint: parseNote(standing.checkpoint!).checkpoint,
      sequence: standing.sequence!,
      anchoredAt: standing.anchor!.anchoredAt,
    },
    slotProof,
  });
}

/** To a monitor or witness, which judges it as the court would. Throws UNVERIFIED for one that convicts nobody. */
export async function bringCharge(url: string, charge: Uint8Array): Promise<void> {
  await fetchBytes(`${url}/v1/charges`, { method: 'POST', body: charge, headers: { 'content-type': 'application/json' } });
}

/** Kinds of the charges for which the chain has a log in dispute. */
export async function disputesOf(url: string, logId: string): Promise<string[]> {
  const { facts } = (await fetchJson(`${url}/v1/authorities`)) as unknown as {
    facts: { disputes: ({ logId: string; charge: string } & JsonObject)[] };
  };
  return facts.disputes.filter((one) => one.logId === logId).map(({ charge }) => charge);
}
