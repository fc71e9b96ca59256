/** A sealed journal (core/sealed/journal.ts) on disk. A record that was not written whole, because the machine stopped, is cut when it is opened. */
import { randomBytes } from 'node:crypto';
import {
  type JournalHead,
  makeJournalHead,
  MAX_JOURNAL_BYTES,
  openJournal,
  sealJournal,
  sealRecord,
} from '../core/sealed/journal.ts';
import { AppendFile, createFileDurably, readPrivateFile, replaceFileDurably } from './durable-file.ts';

export class SealedJournal {
  readonly #path: string;
  readonly #passphrase: string;
  #head: JournalHead;
  #file: AppendFile;
  #count: number;

  private constructor(path: string, passphrase: string, head: JournalHead, file: AppendFile, count: number) {
    this.#path = path;
    this.#passphrase = passphrase;
    this.#head = head;
    this.#file = file;
    this.#count = count;
  }

  /** With its first record. Throws CONFLICT when the file exists, MALFORMED for a short passphrase. */
  static async create(path: string, passphrase: string, first: Uint8Array): Promise<SealedJournal> {
    const head = await makeJournalHead(passphrase, randomBytes);
    const bytes = sealJournal(head, first);
    await createFileDurably(path, bytes);
    return new SealedJournal(path, passphrase, head, await AppendFile.open(path, bytes.length), 1);
  }

  /** Throws as `readPrivateFile`, FORBIDDEN for a wrong passphrase, MALFORMED for a damaged file. */
  static async open(path: string, passphrase: string): Promise<{ journal: SealedJournal; records: readonly Uint8Array[] }> {
    const { head, records, end } = await openJournal(await readPrivateFile(path, MAX_JOURNAL_BYTES), passphrase);
    return { records, journal: new SealedJournal(path, passphrase, head, await AppendFile.open(path, end), records.length) };
  }

  /** On disk when it returns. Throws CONFLICT when it takes no more. */
  async append(record: Uint8Array): Promise<void> {
    await this.#file.append(sealRecord(this.#head, this.#count, record));
    this.#count++;
  }

  /** In place of all there were: under a new head, so that no iv is used again. */
  async rewrite(first: Uint8Array): Promise<void> {
    const head = await makeJournalHead(this.#passphrase, randomBytes);
    const bytes = sealJournal(head, first);
    await replaceFileDurably(this.#path, bytes);
    await this.#file.close();
    this.#head = head;
    this.#file = await AppendFile.open(this.#path, bytes.length);
    this.#count = 1;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
