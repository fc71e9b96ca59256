/** A verdict as JSON, in services and on the command line (docs/interface.md). Read by integrators, never read back by us. */
import { encodeHex } from '../bytes/bytes.ts';
import type { JsonObject } from '../bytes/json.ts';
import type { Verdict } from './verdict.ts';
import { describeCheck, type Lang } from './words.ts';

function formatLicenceView({ licence }: Verdict): JsonObject | null {
  if (licence === null) return null;
  const { issuer, fields, ...rest } = licence;
  return { ...rest, issuer: { ...issuer }, fields: fields.map(({ name, value }) => ({ name, value })) };
}

function formatCheckpointView({ checkpoint }: Verdict): JsonObject | null {
  return checkpoint && { ...checkpoint, rootHash: encodeHex(checkpoint.rootHash), mapRoot: encodeHex(checkpoint.mapRoot) };
}

export function formatVerdict(verdict: Verdict, lang: Lang): JsonObject {
  const { anchor, freshness, findings, checks } = verdict;
  return {
    verdict: verdict.verdict,
    reasons: verdict.reasons,
    asOf: verdict.asOf,
    evaluatedAt: verdict.evaluatedAt,
    checks: checks.map((check) => ({ ...check, text: describeCheck(check, lang), facts: { ...check.facts } })),
    licence: formatLicenceView(verdict),
    checkpoint: formatCheckpointView(verdict),
    anchor: anchor && { ...anchor, blockHash: encodeHex(anchor.blockHash) },
    freshness: { ...freshness },
    findings: findings.map((finding) => ({ ...finding, signature: null, parts: [], signer: null })),
  };
}
