import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { executorVersion } from '../../chain/embedded/executor.ts';
import { Journal, parseJournal } from '../../chain/embedded/journal.ts';
import { encodeUtf8 } from '../../core/bytes/bytes.ts';
import { type CodedError, isCodedError } from '../../core/bytes/error.ts';
import { GENESIS_SECONDS, TERMS, directoryWith, journalText, makeDirectory } from './chain-fixture.ts';

const T = GENESIS_SECONDS;
const H = `0x${'0a'.repeat(32)}`;
const RECORDS = [
  TERMS,
  `head 0 ${H}`,
  `block 1 ${T} 0xab`,
  `head 1 ${H}`,
  `block 2 ${T} 0xcd01`,
  `block 3 ${T + 9} 0xef`,
  `head 3 ${H}`,
];

const parse = (text: string): ReturnType<typeof parseJournal> => parseJournal(encodeUtf8(text));

function refusalOf(text: string | Uint8Array): CodedError {
  try {
    parseJournal(typeof text === 'string' ? encodeUtf8(text) : text);
  } catch (error) {
    if (isCodedError(error, 'UNVERIFIED')) return error;
    throw error;
  }
  throw new Error('accepted');
}

describe('the journal', () => {
  test('says what was written into it', () => {
    const contents = parse(journalText(RECORDS));
    expect(contents.terms).to.deep.equal({
      chainId: 20777,
      hardfork: 'paris',
      executor: executorVersion(),
      gasLimit: 200_000_000,
      genesisSeconds: T,
    });
    expect(contents.blocks).to.deep.equal([
      { number: 1, timestampSeconds: T, raw: '0xab' },
      { number: 2, timestampSeconds: T, raw: '0xcd01' },
      { number: 3, timestampSeconds: T + 9, raw: '0xef' },
    ]);
    expect([...contents.heads]).to.deep.equal([0, 1, 3].map((number) => [number, H]));
    expect(contents.tornBytes).to.equal(0);
  });

  test('is empty when the file is', () => {
    expect(parse('')).to.deep.include({ terms: null, blocks: [], tornBytes: 0 });
  });

  test('loses the cut record and nothing else, wherever a crash cut it', () => {
    const text = journalText(RECORDS);
    for (let length = 0; length < text.length; length++) {
      const contents = parse(text.slice(0, length));
      const whole = text.lastIndexOf('\n', length - 1) + 1;
      expect([contents.wholeBytes, contents.tornBytes]).to.deep.equal([
        length === 0 ? 0 : whole,
        length === 0 ? 0 : length - whole,
      ]);
    }
  });

  test('refuses each changed, lost or doubled byte before its end, and says where', () => {
    const bytes = encodeUtf8(journalText(RECORDS));
    const lastLine = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1;
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.with(i, (bytes[i]! + 1) % 256);
      const lost = Uint8Array.from([...bytes.subarray(0, i), ...bytes.subarray(i + 1)]);
      const doubled = Uint8Array.from([...bytes.subarray(0, i + 1), ...bytes.subarray(i)]);
      for (const [name, mangled] of Object.entries({ changed, lost, doubled })) {
        if (i === bytes.length - 1 && name !== 'doubled') {
          expect(parseJournal(mangled).wholeBytes).to.equal(lastLine);
          continue;
        }
        const { facts } = refusalOf(mangled);
        expect(facts['offset']).to.be.at.most(name === 'doubled' ? i + 1 : i);
        expect(facts['line']).to.be.a('number');
      }
    }
  });

  test('refuses a lost, a repeated and an exchanged line', () => {
    const lines = journalText(RECORDS).split(/(?<=\n)/);
    for (let i = 0; i < lines.length - 1; i++) {
      refusalOf(lines.toSpliced(i, 1).join(''));
      refusalOf(lines.toSpliced(i, 0, lines[i]!).join(''));
      refusalOf(lines.toSpliced(i, 2, lines[i + 1]!, lines[i]!).join(''));
    }
  });

  const wrong: Record<string, string[]> = {
    'no terms at the beginning': [`block 1 ${T} 0xab`],
    'another version': [TERMS.replace('chain 1', 'chain 2')],
    'terms twice': [TERMS, TERMS],
    'a word with a space': [TERMS.replace('paris', 'pa ris')],
    'a chain id with a leading zero': [TERMS.replace(' 20777', ' 020777')],
    'a chain id beyond 2^53': [TERMS.replace(' 20777', ' 9999999999999999')],
    'a first block that is not 1': [TERMS, `block 2 ${T} 0xab`],
    'a gap between blocks': [TERMS, `block 1 ${T} 0xab`, `block 3 ${T} 0xab`],
    'a block before the genesis': [TERMS, `block 1 ${T - 1} 0xab`],
    'a block before its parent': [TERMS, `block 1 ${T + 1} 0xab`, `block 2 ${T} 0xab`],
    'a block without a transaction': [TERMS, `block 1 ${T} 0x`],
    'half a byte': [TERMS, `block 1 ${T} 0xabc`],
    'upper-case hex': [TERMS, `block 1 ${T} 0xAB`],
    'two transactions in a block': [TERMS, `block 1 ${T} 0xab 0xcd`],
    'a head of a block to come': [TERMS, `head 1 ${H}`],
    'a head of an earlier block': [TERMS, `block 1 ${T} 0xab`, `head 0 ${H}`],
    'a head twice': [TERMS, `head 0 ${H}`, `head 0 ${H}`],
    'a short head': [TERMS, `head 0 ${H.slice(0, -2)}`],
    'an unknown record': [TERMS, `tail 0 ${H}`],
    'a space at the end': [`${TERMS} `],
    'nothing but a digest': [''],
  };
  for (const [name, records] of Object.entries(wrong)) {
    test(`refuses ${name}, though its digest holds`, () => {
      expect(refusalOf(journalText(records)).facts['line']).to.equal(records.length);
    });
  }

  test('grows by what is appended, and is read back the same', async (t) => {
    const directory = await makeDirectory(t);
    const { journal } = await Journal.open(directory);
    await journal.writeTerms(parse(journalText([TERMS])).terms!);
    await journal.writeHead(0, H);
    await journal.writeBlock({ number: 1, timestampSeconds: T, raw: '0xab' });
    await journal.close();
    expect(await readFile(join(directory, 'journal'), 'utf8')).to.equal(journalText(RECORDS.slice(0, 3)));
  });

  test('goes on after a torn record as if it had not been', async (t) => {
    const directory = await directoryWith(t, RECORDS.slice(0, 3));
    const path = join(directory, 'journal');
    await writeFile(path, journalText(RECORDS).slice(0, -40));
    const { journal, contents } = await Journal.open(directory);
    expect(contents.tornBytes).to.be.greaterThan(0);
    await journal.writeHead(3, H);
    await journal.close();
    expect(await readFile(path, 'utf8')).to.equal(journalText(RECORDS));
  });

  test('has one writer', async (t) => {
    const directory = await makeDirectory(t);
    const { journal } = await Journal.open(directory);
    const second = await Journal.open(directory).catch((error: unknown) => error);
    expect(isCodedError(second, 'CONFLICT')).to.equal(true);
    await journal.close();
    const { journal: third } = await Journal.open(directory);
    await third.close();
  });
});
