/** A leak, traced from end to end at a sample custodian, and the package of it. */
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import { parseSample } from '../../core/leak/sample.ts';
import { signerOf } from '../../core/log/signer.ts';
import { manifestSignedBytes } from '../../core/package/manifest.ts';
import { packCase } from '../../core/package/pack.ts';
import { parseAccessorRecord } from '../../core/trace/record.ts';
import { entriesToName } from '../../core/trace/view.ts';
import { encodeTrust, type SignedTrust, trustSignedBytes } from '../../core/verify/trust.ts';
import { ACCESSOR, keyOf } from '../access/sample.ts';
import { Auditor } from '../trace/auditor.ts';
import { auditSigner, citizen } from '../trace/custodian.ts';

/** Who read far too much, and what was found of it elsewhere. */
export const LEAKER = 'S-0666';
export const LEAKED = [3, 8, 14, 21, 27, 33].map(citizen);
export const SAMPLE = encodeUtf8(['身份证号', ...LEAKED.map(({ id }) => id), citizen(500).id].join('\n'));

export function signedTrust(auditor: Auditor): SignedTrust {
  const { trust } = auditor.custodian.world.world();
  const payload = encodeTrust(trust);
  const signer = signerOf(keyOf('trust key'));
  const signature = { keyId: keyIdOf(signer.publicKey), signature: signer.sign(trustSignedBytes(payload)) };
  return { trust, envelope: { payload, signatures: [signature] } };
}

/** Ordinary reading by five operators, and the leaker's. The accessor keeps all but one of its records. */
export async function tracedLeak(): Promise<Auditor> {
  const auditor = new Auditor();
  const { custodian } = auditor;
  for (let i = 0; i < 40; i++) custodian.read({ operator: `S-00${10 + (i % 5)}`, subjects: [citizen(i)] });
  custodian.world.anchor();
  custodian.read({ operator: LEAKER, subjects: LEAKED });
  custodian.world.anchor();
  const lines = custodian.events.slice(1).map(({ line }) => line);
  const desk = auditor.desk(0);
  const [log] = desk.logs;
  const span = { from: custodian.world.clock - 3_600_000, to: custodian.world.clock };
  await desk.change({
    sample: { ...span, numbers: parseSample(SAMPLE).numbers },
    records: lines.map((given) => ({ given, read: parseAccessorRecord(given) })),
    reconciled: { ...span, accessor: ACCESSOR },
  });
  for (const subject of parseSample(SAMPLE).numbers) await desk.ask(log!, { kind: 'person', subject });
  await desk.askEntries(log!, span);
  return auditor;
}

/** One of the leaked persons is named by two officers. */
export async function nameOne(auditor: Auditor): Promise<void> {
  const { judged } = auditor;
  const meant = judged.entries.find(({ number }) => number?.id === LEAKED[0]!.id)!;
  const leafHashes = entriesToName(judged, [judged.pseudonymOf(meant)!]).get(meant.log.origin)!;
  const shown = auditor.file.exchanges.at(-1)!.question.request.envelope.payload;
  await auditor.desk(0).propose(meant.log, leafHashes, requestDigestOf(shown));
  const proposed = auditor.file.waiting[0]!.question.request.envelope.payload;
  await auditor.desk(1).approve(requestDigestOf(proposed));
}

export function pack(auditor: Auditor): Promise<Uint8Array> {
  return packCase({
    judged: auditor.judged,
    trust: signedTrust(auditor),
    madeAt: auditor.custodian.world.clock,
    sign: async (payload) => ({
      keyId: keyIdOf(auditSigner.publicKey),
      signature: auditSigner.sign(manifestSignedBytes(payload)),
    }),
  });
}
