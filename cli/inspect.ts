/** `veritrail inspect FILE`: what a file of ours says, without believing it. Nothing is verified and nothing is asked. */
import { decodeUtf8, encodeHex } from '../core/bytes/bytes.ts';
import { isCodedError, malformed } from '../core/bytes/error.ts';
import { type JsonObject, parseJson } from '../core/bytes/json.ts';
import { parseLicenceDocument } from '../core/licence/document.ts';
import { parseNote } from '../core/log/note.ts';
import { parseEvidence } from '../core/verify/evidence.ts';
import { parseSignedTrust } from '../core/verify/trust.ts';
import { type CommonOptions, print, readInput } from './command.ts';
import { describeTrust } from './trust.ts';

function describeLicence(bytes: Uint8Array): JsonObject {
  const { payload, licence, disclosures } = parseLicenceDocument(parseJson(bytes));
  return {
    kind: 'licence',
    identifier: payload.identifier.text,
    origin: payload.origin,
    validFrom: payload.validFrom,
    validTo: payload.validTo,
    files: payload.files.length,
    fields: payload.fields.length,
    disclosed: disclosures.map(({ name }) => name),
    signedBy: licence.signatures.map(({ keyId }) => encodeHex(keyId)),
  };
}

function describeEvidence(bytes: Uint8Array): JsonObject {
  const { answer, takenAt, chainReference } = parseEvidence(bytes);
  const logs = answer.logs.map(({ checkpoint, anchors }) => {
    const { origin, size, issuedAt } = parseNote(checkpoint).checkpoint;
    return { origin, size, issuedAt, anchors: anchors.length };
  });
  return { kind: 'evidence', takenAt, chainReference: encodeHex(chainReference), logs, entries: answer.present.length };
}

function describeNote(bytes: Uint8Array): JsonObject {
  const { checkpoint, cosignatures } = parseNote(decodeUtf8(bytes));
  const { origin, size, rootHash, mapRoot, issuedAt } = checkpoint;
  const roots = { rootHash: encodeHex(rootHash), mapRoot: encodeHex(mapRoot) };
  return { kind: 'checkpoint', origin, size, issuedAt, ...roots, witnesses: cosignatures.map(({ witness }) => witness) };
}

const READERS: readonly ((bytes: Uint8Array) => JsonObject)[] = [
  describeLicence,
  describeEvidence,
  (bytes) => ({ kind: 'trust', ...describeTrust(parseSignedTrust(parseJson(bytes, { maxBytes: 8 << 20 })).trust) }),
  describeNote,
];

export async function inspect(path: string, options: CommonOptions): Promise<void> {
  const bytes = await readInput(path);
  for (const read of READERS) {
    try {
      const said = read(bytes);
      print(options, said, [JSON.stringify(said, null, 2)]);
      return;
    } catch (error) {
      if (!isCodedError(error)) throw error;
    }
  }
  throw malformed('neither a licence, evidence, trust file nor checkpoint of Veritrail');
}
