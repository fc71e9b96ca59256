/** Cases, questions and the kept file: one spelling each, and what is refused. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { decodeUtf8, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { canonicalJson, type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { changeOf, readCaseJournal } from '../../core/trace/case-journal.ts';
import { encodeCaseFile } from '../../core/trace/case-file.ts';
import { encodeCase, parseCase, parseSignedCase } from '../../core/trace/case.ts';
import { pseudonymOf } from '../../core/trace/pseudonym.ts';
import { formatEnvelope } from '../../core/authority/envelope.ts';
import { expectOneSpelling, expectRefusal } from '../log/mangling.ts';
import { bytesOf } from '../access/sample.ts';
import { Auditor, CASE, PSEUDONYM_KEY, signCase } from './auditor.ts';
import { citizen } from './custodian.ts';

const changed = (edit: (value: Record<string, unknown>) => void): Uint8Array => {
  const value = JSON.parse(decodeUtf8(encodeCase(CASE))) as Record<string, unknown>;
  edit(value);
  return encodeUtf8(canonicalJson(value as JsonObject));
};

describe('a case', () => {
  test('has one spelling', () => {
    expect(expectOneSpelling(encodeCase(CASE), (bytes) => encodeCase(parseCase(bytes)))).to.be.above(1000);
  });

  test('with one officer, an officer or a key twice, no reason, or another signature count is refused', () => {
    const officers = (value: Record<string, unknown>) => value['officers'] as { id: string; publicKey: string }[];
    for (const edit of [
      (value: Record<string, unknown>) => void officers(value).pop(),
      (value: Record<string, unknown>) => (officers(value)[1]!.id = 'A-01'),
      (value: Record<string, unknown>) => (officers(value)[1]!.publicKey = officers(value)[0]!.publicKey),
      (value: Record<string, unknown>) => (officers(value)[0]!.id = '张三'),
      (value: Record<string, unknown>) => (value['reason'] = ''),
      (value: Record<string, unknown>) => (value['more'] = 1),
    ])
      expectRefusal('MALFORMED', () => parseCase(changed(edit)));
    const { envelope } = signCase();
    const [signature] = envelope.signatures;
    const two = { ...envelope, signatures: [signature!, { ...signature!, keyId: bytesOf('other') }] };
    expectRefusal('MALFORMED', () => parseSignedCase(formatEnvelope(two)));
  });

  test('names persons otherwise than any other case, and always the same', () => {
    const names = new Set(Array.from({ length: 500 }, (_, i) => pseudonymOf(PSEUDONYM_KEY, citizen(i))));
    expect(names.size).to.equal(500);
    expect(pseudonymOf(bytesOf('another'), citizen(1))).to.not.equal(pseudonymOf(PSEUDONYM_KEY, citizen(1)));
  });
});

describe('a case that grows', () => {
  test('adds one record for each exchange, is written anew when anything else changes, and comes back the same', async () => {
    const auditor = new Auditor();
    auditor.custodian.read({ subjects: [citizen(1)] });
    auditor.custodian.world.anchor();
    const records: Uint8Array[] = [auditor.kept];
    let before = auditor.file;
    const kinds: string[] = [];
    const desk = auditor.desk(0, before);
    // What the command line does with each change.
    const keep = (): void => {
      const { kind, record } = changeOf(before, desk.file);
      kinds.push(kind);
      if (kind === 'rewrite') records.length = 0;
      records.push(record);
      before = desk.file;
      expect(encodeCaseFile(readCaseJournal(records))).to.deep.equal(encodeCaseFile(desk.file));
    };
    const [log] = desk.logs;
    for (let i = 0; i < 2; i++) {
      await desk.ask(log!, { kind: 'person', subject: citizen(1) });
      keep();
    }
    await desk.change({ sample: { from: 0, to: 1, numbers: [citizen(1)] } });
    keep();
    await desk.ask(log!, { kind: 'person', subject: citizen(1) });
    keep();
    expect(kinds).to.deep.equal(['append', 'append', 'rewrite', 'append']);
    expectRefusal('MALFORMED', () => readCaseJournal([]));
    expectRefusal('MALFORMED', () => readCaseJournal([records[0]!, encodeUtf8('{"exchange":{},"index":0}')]));
    const late = parseJson(records[1]!, { maxBytes: 1 << 24 }) as JsonObject;
    expectRefusal('MALFORMED', () => readCaseJournal([records[0]!, encodeUtf8(canonicalJson({ ...late, index: 9 }))]));
  });
});
