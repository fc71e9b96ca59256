/** `veritrail trace package OUT.zip`: what shows a case, for somebody without a network. It asks no custodian. */
import { manifestSignedBytes } from '../../core/package/manifest.ts';
import { packCase } from '../../core/package/pack.ts';
import { confirmCase } from '../../core/trace/desk.ts';
import { judgeCase } from '../../core/trace/view.ts';
import { createFileDurably } from '../../service/durable-file.ts';
import { EXIT, print } from '../command.ts';
import { verifierAt } from '../reader.ts';
import { readDeskConfig } from './doors.ts';
import { OpenCase, openRequestSigner, requireDesk, signatureOf, type TraceOptions, trustFor, worldFor } from './place.ts';

/** Never overwrites. Judged by the trust file as it is, since whoever reads the package has no chain to ask. */
export async function packageCase(out: string, options: TraceOptions): Promise<number> {
  const config = await readDeskConfig(requireDesk(options));
  const opened = await OpenCase.open(options);
  try {
    const signer = await openRequestSigner(config);
    const trust = await trustFor(options, options.trust === undefined ? config.verifier : null);
    const world = await worldFor(trust, null);
    const confirmed = await confirmCase(verifierAt(config.verifier), world, opened.file);
    if (confirmed !== opened.file) await opened.keep(confirmed);
    const judged = judgeCase(confirmed, world);
    const bytes = await packCase({
      judged,
      trust,
      madeAt: Date.now(),
      sign: (payload) => signatureOf(signer, manifestSignedBytes(payload)),
    });
    await createFileDurably(out, bytes);
    const { entries, named } = judged;
    print(
      options,
      { file: out, bytes: bytes.length, entries: entries.length, named: named.size, trustVersion: trust.trust.version },
      [
        options.lang === 'en'
          ? `${out}: ${entries.length} entries, ${named.size} persons named`
          : `${out}：${entries.length} 条记录，具名 ${named.size} 人`,
      ],
    );
    return EXIT.done;
  } finally {
    await opened.close();
  }
}
