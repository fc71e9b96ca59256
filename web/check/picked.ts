/** Tells apart what was picked or dropped together: the file to check, evidence about it, a trust file. */
import { isCodedError } from '../../core/bytes/error.ts';
import { type JsonValue, parseJson } from '../../core/bytes/json.ts';
import { type Evidence, MAX_EVIDENCE_BYTES, parseEvidenceJson } from '../../core/verify/evidence.ts';
import { parseSignedTrust, type SignedTrust } from '../../core/verify/trust.ts';

export interface Picked {
  /** Everything that is neither evidence nor a trust file. */
  readonly files: readonly File[];
  readonly evidence: Evidence | null;
  readonly trust: SignedTrust | null;
  /** A file that is named or shaped as evidence or trust and cannot be read as such. */
  readonly isUnreadable: boolean;
}

function member(value: JsonValue, name: string): JsonValue | undefined {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return (value as Readonly<Record<string, JsonValue>>)[name];
}

type Part = { readonly evidence: Evidence } | { readonly trust: SignedTrust } | { readonly file: File } | 'unreadable';

/** By content; a name only decides where the content is unreadable. */
async function partOf(file: File): Promise<Part> {
  const name = file.name.toLowerCase();
  if (!name.endsWith('.json') || file.size > MAX_EVIDENCE_BYTES) return { file };
  try {
    const value = parseJson(new Uint8Array(await file.arrayBuffer()), { maxBytes: MAX_EVIDENCE_BYTES });
    if (member(value, 'format') === 'veritrail-evidence-v1') return { evidence: parseEvidenceJson(value) };
    if (typeof member(value, 'payload') === 'string') return { trust: parseSignedTrust(value) };
  } catch (error) {
    if (!isCodedError(error)) throw error;
  }
  return name.endsWith('.evidence.json') || name === 'trust.json' ? 'unreadable' : { file };
}

export async function sortPicked(files: readonly File[]): Promise<Picked> {
  const parts = await Promise.all(files.map(partOf));
  const objects = parts.filter((part) => part !== 'unreadable');
  return {
    files: objects.flatMap((part) => ('file' in part ? part.file : [])),
    evidence: objects.flatMap((part) => ('evidence' in part ? part.evidence : [])).at(-1) ?? null,
    trust: objects.flatMap((part) => ('trust' in part ? part.trust : [])).at(-1) ?? null,
    isUnreadable: objects.length < parts.length,
  };
}
