/**
 * Charges that hold, kept before they go anywhere: `findings/charge-<logId>.json`, further ones against the same log with -2, -3 … at the
 * end of the name (core/court/charge.ts draws the file). They are no cache: any member of the consortium can bring one to the court.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeHex, equalBytes } from '../../core/bytes/bytes.ts';
import { conflict, malformed } from '../../core/bytes/error.ts';
import type { Hash } from '../../core/bytes/hash.ts';
import { type Charge, formatCharge, parseCharge } from '../../core/court/charge.ts';
import { logIdOf } from '../../core/log/origin.ts';
import { chargeDigestOf, smallestSize } from '../../chain/charge-call.ts';
import { replaceFileDurably } from '../../service/durable-file.ts';
import { Turns } from '../turns.ts';

export interface KeptCharge {
  readonly charge: Charge;
  readonly logId: Hash;
  /** The court's name for what it is about. */
  readonly chargeDigest: Hash;
  /** The log is disputed from here on. */
  readonly fromSize: number;
  /** Counts a log's charges from 1. */
  readonly number: number;
}

/** Each of them alone disputes the log: more only reach further back. */
export const MAX_CHARGES = 16;
const FILE_NAME = /^charge-([0-9a-f]{64})(?:-([2-9]|1[0-6]))?\.json$/;

function keptOf(charge: Charge, number: number): KeptCharge {
  const logId = logIdOf(charge.origin);
  return { charge, logId, chargeDigest: chargeDigestOf(charge), fromSize: smallestSize(charge), number };
}

export class ChargeFiles {
  readonly #directory: string;
  readonly #byLog = new Map<string, readonly KeptCharge[]>();
  readonly #turns = new Turns();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Throws MALFORMED for a file that is damaged: a charge must not be lost in silence. */
  static async open(directory: string): Promise<ChargeFiles> {
    const files = new ChargeFiles(directory);
    for (const name of (await readdir(directory)).sort()) {
      const match = FILE_NAME.exec(name);
      if (match === null) continue;
      const kept = keptOf(parseCharge(await readFile(join(directory, name))), Number(match[2] ?? 1));
      if (encodeHex(kept.logId) !== match[1]) throw malformed('a charge in the file of another log', { name });
      files.#put(kept);
    }
    return files;
  }

  get all(): KeptCharge[] {
    return [...this.#byLog.values()].flat();
  }

  of(logId: Hash): readonly KeptCharge[] {
    return this.#byLog.get(encodeHex(logId)) ?? [];
  }

  /**
   * On disk when it returns. One that is kept already is what is there, unless the new one reaches further back. Throws CONFLICT when
   * there are enough against this log, and none that reaches less far back.
   */
  keep(charge: Charge): Promise<KeptCharge> {
    return this.#turns.run(charge.origin, () => this.#keep(charge));
  }

  async #keep(charge: Charge): Promise<KeptCharge> {
    const fresh = keptOf(charge, 0);
    const kept = this.of(fresh.logId);
    const same = kept.find(({ chargeDigest }) => equalBytes(chargeDigest, fresh.chargeDigest));
    if (same !== undefined && same.fromSize <= fresh.fromSize) return same;
    const added = { ...fresh, number: (same ?? placeFor(kept, fresh)).number };
    await replaceFileDurably(this.#path(added), formatCharge(charge));
    this.#put(added);
    return added;
  }

  #put(kept: KeptCharge): void {
    const others = this.of(kept.logId).filter(({ number }) => number !== kept.number);
    this.#byLog.set(encodeHex(kept.logId), [...others, kept]);
  }

  #path({ logId, number }: KeptCharge): string {
    const suffix = number === 1 ? '' : `-${number}`;
    return join(this.#directory, `charge-${encodeHex(logId)}${suffix}.json`);
  }
}

/** A free number, or that of the charge that reaches least far back. Throws CONFLICT when the new one reaches no further. */
function placeFor(kept: readonly KeptCharge[], { fromSize }: KeptCharge): Pick<KeptCharge, 'number'> {
  const taken = new Set(kept.map(({ number }) => number));
  const free = Array.from({ length: MAX_CHARGES }, (_, i) => i + 1).find((number) => !taken.has(number));
  if (free !== undefined) return { number: free };
  const last = kept.reduce((a, b) => (b.fromSize > a.fromSize ? b : a));
  if (last.fromSize > fromSize) return last;
  throw conflict('enough charges against this log are kept here', { count: kept.length, fromSize: last.fromSize });
}
