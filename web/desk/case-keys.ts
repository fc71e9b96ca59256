/** What an officer brings and takes along: her key file, and the case file under its passphrase. Opened and sealed in this page. */
import type { EnvelopeSignature } from '../../core/authority/envelope.ts';
import { keyIdOf } from '../../core/authority/key-id.ts';
import { equalBytes } from '../../core/bytes/bytes.ts';
import { forbidden } from '../../core/bytes/error.ts';
import { makeJournalHead, openJournal, sealJournal } from '../../core/sealed/journal.ts';
import { openKey } from '../../core/sealed/key-file.ts';
import type { RandomBytes } from '../../core/sealed/passphrase.ts';
import { type PublicKey, signSm2 } from '../../core/sm/sm2.ts';
import { type CaseFile, encodeCaseFile, newCaseFile } from '../../core/trace/case-file.ts';
import { readCaseJournal } from '../../core/trace/case-journal.ts';
import { caseSignedBytes, encodeCase, type Officer, parseCase } from '../../core/trace/case.ts';
import { pseudonymCommitment, PSEUDONYM_KEY_LENGTH } from '../../core/trace/pseudonym.ts';
import type { DeskPortal, Place } from './portal.ts';

/** It signs while the page is open; the private half is in nobody else's reach. */
export interface OwnKey {
  readonly publicKey: PublicKey;
  readonly sign: (message: Uint8Array) => Promise<EnvelopeSignature>;
}

/** Throws FORBIDDEN for a wrong passphrase, MALFORMED for a file that holds no request key. */
export async function openOwnKey(file: Uint8Array, passphrase: string): Promise<OwnKey> {
  const { privateKey, publicKey } = await openKey(file, passphrase, 'request');
  const keyId = keyIdOf(publicKey);
  return { publicKey, sign: async (message) => ({ keyId, signature: signSm2(privateKey, message) }) };
}

/** Throws FORBIDDEN for a wrong passphrase, MALFORMED for a file that is damaged or none. */
export async function openCaseFile(file: Uint8Array, passphrase: string): Promise<CaseFile> {
  return readCaseJournal((await openJournal(file, passphrase)).records);
}

/** The whole of it as one record, which the command line opens and goes on with. Throws MALFORMED for a short passphrase. */
export async function sealCase(file: CaseFile, passphrase: string, random: RandomBytes): Promise<Uint8Array> {
  return sealJournal(await makeJournalHead(passphrase, random), encodeCaseFile(file));
}

/** What a new case says of itself. */
export interface Found {
  readonly number: string;
  readonly reason: string;
  readonly legalBasis: string;
  /** Ids of the desk's officers. */
  readonly officers: readonly string[];
}

export interface FoundingTerms {
  readonly place: Place;
  readonly portal: DeskPortal;
  readonly random: RandomBytes;
  /** UTC ms. */
  readonly now: number;
  readonly key: OwnKey;
}

/** Throws MALFORMED for fewer than two officers, FORBIDDEN for a key that is none of theirs, and as the portal refuses. */
export async function foundCase({ officers: ids, ...words }: Found, terms: FoundingTerms): Promise<CaseFile> {
  const { place, portal, random, now, key } = terms;
  const officers = place.officers.filter(({ id }) => ids.includes(id));
  if (!officers.some(({ publicKey }) => equalBytes(publicKey, key.publicKey)))
    throw forbidden('the key is no officer’s of this case');
  const pseudonymKey = random(PSEUDONYM_KEY_LENGTH);
  const pseudonyms = pseudonymCommitment(pseudonymKey);
  const payload = encodeCase({ ...words, authority: place.authority, officers, openedAt: now, pseudonyms });
  const one = parseCase(payload);
  const own = await key.sign(caseSignedBytes(payload));
  const signature = await portal.sign({ what: 'case', signedCase: null, payload, own });
  return newCaseFile({ case: one, envelope: { payload, signatures: [signature] } }, pseudonymKey);
}

/** Throws FORBIDDEN for a key that is no officer's of the case. */
export function officerOf({ signedCase }: CaseFile, key: OwnKey): Officer {
  const officer = signedCase.case.officers.find(({ publicKey }) => equalBytes(publicKey, key.publicKey));
  if (officer === undefined) throw forbidden('the key is no officer’s of this case');
  return officer;
}

/** The case's number, without what a file name cannot have. */
export function fileName({ signedCase }: CaseFile, ending: string): string {
  return `${signedCase.case.number.replaceAll(/[\\/:*?"<>|\s]+/g, '-')}.${ending}`;
}
