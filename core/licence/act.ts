/**
 * The body of an entry that changes a licence's status (kinds 2–9): why, on which legal basis and from when, as canonical JSON
 * (docs/formats.md §12). The verdict follows from the entry's kind; this only explains it.
 */
import { encodeCanonicalJson, parseCanonicalJson } from '../bytes/json.ts';
import { JsonFields } from '../bytes/json-fields.ts';

export interface LicenceAct {
  /** In words, for the clerk. No personal data. */
  readonly reason: string;
  /** Law and article. */
  readonly legalBasis: string;
  /** UTC ms: from when, as the issuer says. */
  readonly effectiveAt: number;
}

const MAX_ACT_BYTES = 8 * 1024;

export function encodeLicenceAct(act: LicenceAct): Uint8Array {
  return encodeCanonicalJson({ effectiveAt: act.effectiveAt, legalBasis: act.legalBasis, reason: act.reason });
}

/** Throws MALFORMED. */
export function parseLicenceAct(bytes: Uint8Array): LicenceAct {
  const fields = new JsonFields(parseCanonicalJson(bytes, { maxBytes: MAX_ACT_BYTES }), 'act');
  const act = {
    reason: fields.string('reason', 1000),
    legalBasis: fields.string('legalBasis', 500),
    effectiveAt: fields.integer('effectiveAt'),
  };
  fields.end();
  return act;
}
