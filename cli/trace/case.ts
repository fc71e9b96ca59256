/** `veritrail trace open` and `show`: a case with its authority, reason and officers, in an encrypted file. */
import { randomBytes } from 'node:crypto';
import { parseUscc } from '../../core/authority/uscc.ts';
import { decodeHex, encodeHex } from '../../core/bytes/bytes.ts';
import { malformed } from '../../core/bytes/error.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { requestDigestOf } from '../../core/access/request.ts';
import { parsePublicKey } from '../../core/sm/sm2.ts';
import { encodeCaseFile, newCaseFile } from '../../core/trace/case-file.ts';
import { caseDigestOf, caseSignedBytes, encodeCase, type Officer, parseCase } from '../../core/trace/case.ts';
import { pseudonymCommitment, PSEUDONYM_KEY_LENGTH } from '../../core/trace/pseudonym.ts';
import { formatInstant } from '../../core/verify/words.ts';
import { SealedJournal } from '../../service/sealed-journal.ts';
import { print, readJsonInput } from '../command.ts';
import { readPassphrase } from '../passphrase.ts';
import { readDeskConfig } from './doors.ts';
import { OpenCase, openRequestSigner, requireDesk, signatureOf, type TraceOptions } from './place.ts';

export interface OpenOptions extends TraceOptions {
  readonly authority: string;
  readonly number: string;
  readonly reason: string;
  readonly legalBasis: string;
  /** `ID:ROLE=FILE`, the key file or the public key in hex. */
  readonly officer: readonly string[];
}

/** Throws CONFLICT when the file exists, MALFORMED for fewer than two officers. */
export async function openCase(options: OpenOptions): Promise<void> {
  const config = await readDeskConfig(requireDesk(options));
  const signer = await openRequestSigner(config);
  const pseudonymKey = new Uint8Array(randomBytes(PSEUDONYM_KEY_LENGTH));
  const payload = encodeCase({
    authority: parseUscc(options.authority),
    legalBasis: options.legalBasis,
    number: options.number,
    officers: await Promise.all(options.officer.map(readOfficer)),
    openedAt: Date.now(),
    pseudonyms: pseudonymCommitment(pseudonymKey),
    reason: options.reason,
  });
  const one = parseCase(payload);
  const envelope = { payload, signatures: [await signatureOf(signer, caseSignedBytes(payload))] };
  const first = encodeCaseFile(newCaseFile({ case: one, envelope }, pseudonymKey));
  const passphrase = await readPassphrase(options.casePassphraseFile, options.case);
  await (await SealedJournal.create(options.case, passphrase, first)).close();
  const digest = encodeHex(caseDigestOf(payload));
  print(options, { file: options.case, case: digest, number: one.number }, [
    options.lang === 'en' ? `Case ${one.number} opened: ${options.case}` : `案件 ${one.number} 已建立：${options.case}`,
    digest,
  ]);
}

async function readOfficer(text: string): Promise<Officer> {
  const [, id, role, key] = /^([^:]+):([^=]+)=(.+)$/.exec(text) ?? [];
  if (id === undefined || role === undefined || key === undefined) throw malformed('--officer is ID:ROLE=KEY');
  if (/^04[0-9a-f]{128}$/.test(key)) return { id, role, publicKey: parsePublicKey(decodeHex(key)) };
  // Of a key file only what it shows without its passphrase.
  const fields = new JsonFields(await readJsonInput(key, 1 << 16), 'key file');
  return { id, role, publicKey: parsePublicKey(fields.hex('publicKey', 65)) };
}

/** What a case holds, without asking anybody. */
export async function showCase(options: TraceOptions): Promise<void> {
  const opened = await OpenCase.open(options);
  await opened.close();
  const { signedCase, exchanges, waiting, sample, records, reconciled } = opened.file;
  const one = signedCase.case;
  const json = {
    case: encodeHex(caseDigestOf(signedCase.envelope.payload)),
    number: one.number,
    authority: one.authority,
    reason: one.reason,
    legalBasis: one.legalBasis,
    openedAt: one.openedAt,
    officers: one.officers.map(({ id, role }) => ({ id, role })),
    lookUps: exchanges.map(({ origin, question, answer }) => ({
      request: encodeHex(requestDigestOf(question.request.envelope.payload)),
      origin,
      kind: question.query.kind,
      officer: question.request.request.operator.id,
      askedAt: question.request.request.requestedAt,
      answered: answer !== null,
    })),
    waiting: waiting.map(({ origin, question }) => ({
      request: encodeHex(requestDigestOf(question.request.envelope.payload)),
      origin,
      officer: question.request.request.operator.id,
      entries: question.query.kind === 'unmask' ? question.query.leafHashes.length : 0,
    })),
    sample: sample && { persons: sample.numbers.length, from: sample.from, to: sample.to },
    records: records.length,
    reconciled: reconciled && { ...reconciled },
  };
  const isChinese = options.lang === 'zh-CN';
  print(options, json, [
    `${one.number}  ${one.authority}`,
    `${one.reason}  ${one.legalBasis}  ${formatInstant(one.openedAt, options.lang)}`,
    `${isChinese ? '办案人员' : 'Officers'}: ${one.officers.map(({ id, role }) => `${id} ${role}`).join(', ')}`,
    `${isChinese ? '查询' : 'Look-ups'}: ${exchanges.length}`,
    ...json.waiting.map(({ request, officer }) =>
      isChinese ? `待第二人同意具名：${request}（${officer} 提出）` : `Waits for approval: ${request} (asked by ${officer})`,
    ),
  ]);
}
