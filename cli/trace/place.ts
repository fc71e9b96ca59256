/** An auditor's place, opened: the case file, the keys that sign, whom to believe, and the desk made of them. */
import { randomBytes } from 'node:crypto';
import { requestSignedBytes } from '../../core/access/request.ts';
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { equalBytes } from '../../core/bytes/bytes.ts';
import { forbidden, malformed, notFound } from '../../core/bytes/error.ts';
import type { CaseFile } from '../../core/trace/case-file.ts';
import { changeOf, readCaseJournal } from '../../core/trace/case-journal.ts';
import { findOfficer } from '../../core/trace/case.ts';
import { Desk, type DeskDoors } from '../../core/trace/desk.ts';
import { judgeCase, type JudgedCase } from '../../core/trace/view.ts';
import type { SignedTrust } from '../../core/verify/trust.ts';
import { type World, worldOf } from '../../core/verify/world.ts';
import { SealedJournal } from '../../service/sealed-journal.ts';
import { openSigner, type Signer } from '../../service/signer.ts';
import { type CommonOptions } from '../command.ts';
import { readPassphrase } from '../passphrase.ts';
import { fetchTrust, liveChainOf, readTrustFile, TrustMemory, verifierAt } from '../reader.ts';
import { askCustodian, type DeskConfig, readDeskConfig } from './doors.ts';

export interface TraceOptions extends CommonOptions {
  readonly desk?: string;
  readonly case: string;
  readonly casePassphraseFile?: string;
  readonly trust?: string;
}

export interface OfficerOptions extends TraceOptions {
  readonly officer: string;
  readonly officerKey?: string;
  readonly officerPassphraseFile?: string;
}

export async function openRequestSigner({ requestKey, passphraseFile }: DeskConfig): Promise<Signer> {
  return openSigner(requestKey, await readPassphrase(passphraseFile ?? undefined, requestKey), 'request');
}

export async function signatureOf(signer: Signer, message: Uint8Array): Promise<EnvelopeSignature> {
  return { keyId: signer.keyId, signature: await signer.sign(message) };
}

export function requireDesk({ desk }: TraceOptions): string {
  if (desk === undefined) throw malformed('name the desk’s config: --desk FILE');
  return desk;
}

/** A case file, opened: read with the passphrase, and kept as it grows. */
export class OpenCase {
  readonly #journal: SealedJournal;
  file: CaseFile;

  private constructor(journal: SealedJournal, file: CaseFile) {
    this.#journal = journal;
    this.file = file;
  }

  static async open({ case: path, casePassphraseFile }: TraceOptions): Promise<OpenCase> {
    const { journal, records } = await SealedJournal.open(path, await readPassphrase(casePassphraseFile, path));
    return new OpenCase(journal, readCaseJournal(records));
  }

  keep = async (after: CaseFile): Promise<void> => {
    const { kind, record } = changeOf(this.file, after);
    await this.#journal[kind](record);
    this.file = after;
  };

  close(): Promise<void> {
    return this.#journal.close();
  }
}

/** The trust file to judge by: named, or the verifier's, or the one remembered. */
export async function trustFor(options: TraceOptions, verifier: string | null): Promise<SignedTrust> {
  const memory = new TrustMemory(options.data);
  const signed =
    options.trust !== undefined
      ? await readTrustFile(options.trust)
      : verifier !== null
        ? await fetchTrust(verifier)
        : await memory.recallOnly();
  await memory.accept(signed);
  return signed;
}

/** Judged by what a verifier says of the chain now, or, without one, by the trust file alone. */
export async function worldFor(trust: SignedTrust, verifier: string | null): Promise<World> {
  const live = verifier === null ? null : await liveChainOf(verifier);
  return worldOf({ trust: trust.trust, live, evaluatedAt: Date.now(), at: null });
}

export interface OpenDesk {
  readonly desk: Desk;
  readonly trust: SignedTrust;
  readonly signer: Signer;
  /** As it stands now. */
  judged(): JudgedCase;
  close(): Promise<void>;
}

/** Throws what files, keys and verifier are refused with, and NOT_FOUND for an officer whom the case does not name. */
export async function openDesk(options: OfficerOptions): Promise<OpenDesk> {
  const config = await readDeskConfig(requireDesk(options));
  const opened = await OpenCase.open(options);
  try {
    const signer = await openRequestSigner(config);
    const trust = await trustFor(options, config.verifier);
    const world = await worldFor(trust, config.verifier);
    const officer = findOfficer(opened.file.signedCase.case, options.officer);
    if (officer === undefined) throw notFound('the case names no such officer');
    const own = await openOfficerKey(options);
    if (own !== null && !equalBytes(own.publicKey, officer.publicKey)) throw forbidden('the key is not this officer’s');
    const sign = own === null ? null : (message: Uint8Array) => signatureOf(own, message);
    const doors: DeskDoors = {
      ...verifierAt(config.verifier),
      custodian: (log, question, at) => askCustodian(config, log, question, at),
      keep: opened.keep,
      sign: (payload) => signatureOf(signer, requestSignedBytes(payload)),
      random: (length) => new Uint8Array(randomBytes(length)),
      clock: Date.now,
    };
    const desk = new Desk(doors, world, { officer, sign, system: config.system, terminal: config.terminal }, opened.file);
    return { desk, trust, signer, judged: () => judgeCase(desk.file, world), close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function openOfficerKey({ officerKey, officerPassphraseFile }: OfficerOptions): Promise<Signer | null> {
  if (officerKey === undefined) return null;
  return openSigner(officerKey, await readPassphrase(officerPassphraseFile, officerKey), 'request');
}
