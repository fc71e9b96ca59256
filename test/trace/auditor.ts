/** An auditor with a case and two officers, at a desk whose custodian is in the same process. */
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { requestSignedBytes } from '../../core/access/request.ts';
import { parseUscc } from '../../core/authority/uscc.ts';
import type { LogAnswer } from '../../core/verify/lookup.ts';
import { signerOf, type Signer } from '../../core/log/signer.ts';
import { parseCaseAnswer, formatCaseAnswer } from '../../core/trace/case-answer.ts';
import { type CaseFile, encodeCaseFile, newCaseFile, parseCaseFile } from '../../core/trace/case-file.ts';
import { caseSignedBytes, encodeCase, type SignedCase, type TraceCase } from '../../core/trace/case.ts';
import { Desk } from '../../core/trace/desk.ts';
import { pseudonymCommitment } from '../../core/trace/pseudonym.ts';
import { formatKeptQuestion, parseKeptQuestion } from '../../core/trace/query.ts';
import { judgeCase, type JudgedCase } from '../../core/trace/view.ts';
import { bytesOf, keyOf } from '../access/sample.ts';
import { AUDIT, START } from '../access/world.ts';
import { auditSigner, SampleCustodian } from './custodian.ts';

export const officerSigners = [signerOf(keyOf('officer 1')), signerOf(keyOf('officer 2'))] as const;
export const PSEUDONYM_KEY = bytesOf('pseudonym key');

export const CASE: TraceCase = {
  authority: parseUscc(AUDIT),
  legalBasis: '审计法 第三十四条',
  number: '审〔2026〕3号',
  officers: officerSigners.map(({ publicKey }, i) => ({ id: `A-0${i + 1}`, publicKey, role: i === 0 ? '审计员' : '复核' })),
  openedAt: START,
  pseudonyms: pseudonymCommitment(PSEUDONYM_KEY),
  reason: '核查公民信息外泄线索',
};

const signatureOf = (signer: Signer, message: Uint8Array): EnvelopeSignature => ({
  keyId: keyIdOf(signer.publicKey),
  signature: signer.sign(message),
});

export function signCase(one: TraceCase = CASE, signer: Signer = auditSigner): SignedCase {
  const payload = encodeCase(one);
  return { case: one, envelope: { payload, signatures: [signatureOf(signer, caseSignedBytes(payload))] } };
}

export class Auditor {
  readonly custodian: SampleCustodian;
  /** The case as it was last kept. */
  kept: Uint8Array;
  /** The verifier’s word on the checkpoint that the custodian answers at. */
  standing = async (): Promise<LogAnswer> => this.custodian.world.standing();
  #random = 0;

  constructor(custodian = new SampleCustodian()) {
    this.custodian = custodian;
    this.kept = encodeCaseFile(newCaseFile(signCase(), PSEUDONYM_KEY));
  }

  get file(): CaseFile {
    return parseCaseFile(this.kept);
  }

  /** Officer 0 or 1, with her own key. */
  /** As it was kept, judged. */
  get judged(): JudgedCase {
    return judgeCase(this.file, this.custodian.world.world());
  }

  desk(i = 0, file = this.file): Desk {
    const world = this.custodian.world.world();
    return new Desk(
      {
        // Over the wire, as it would be.
        custodian: async (_log, question) =>
          parseCaseAnswer(
            formatCaseAnswer(this.custodian.answer(parseKeptQuestion(formatKeptQuestion(question)))),
            question.query.kind,
          ),
        standing: async (): Promise<LogAnswer> => this.standing(),
        anchors: async () => this.custodian.world.claims,
        keep: async (changed) => void (this.kept = encodeCaseFile(changed)),
        sign: async (payload) => signatureOf(auditSigner, requestSignedBytes(payload)),
        random: () => bytesOf(`random ${this.#random++}`),
        clock: () => this.custodian.world.clock,
      },
      world,
      {
        officer: CASE.officers[i]!,
        sign: async (message) => signatureOf(officerSigners[i]!, message),
        system: 'veritrail',
        terminal: '10.9.0.2',
      },
      file,
    );
  }
}
