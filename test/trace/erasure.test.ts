/** What an auditor is told of an entry whose content was erased. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { EntryContent } from '../../core/access/answer.ts';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { hashFromHex } from '../../core/bytes/hash.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { encodeEntry, KINDS } from '../../core/log/entry.ts';
import { leafHashOf } from '../../core/log/tree.ts';
import { encodeErasure } from '../../core/redress/redress.ts';
import { viewOfEntry } from '../../core/trace/view.ts';
import { vrfKey } from '../access/sample.ts';
import { Auditor } from './auditor.ts';
import { citizen } from './custodian.ts';

const LAW = '个人信息保护法 第四十七条';
const ERASED_AT = 1_767_300_000_000;

/** One access of hers, erased, as she is shown it; `shown`: what the custodian shows of the entry that says so, if not what it recorded. */
async function erased(shown?: (leafHash: string) => EntryContent): Promise<JsonObject> {
  const auditor = new Auditor();
  const { world } = auditor.custodian;
  const [leafHash] = auditor.custodian.read({ subjects: [citizen(1)] }).leafHashes as [string];
  world.contents.set(leafHash, { state: 'erased' });
  const body = encodeErasure({ entries: [hashFromHex(leafHash)], legalBasis: LAW, erasedAt: ERASED_AT });
  const erasure = encodeHex(leafHashOf(encodeEntry(world.record(citizen(1), body, vrfKey, KINDS.erasure))));
  if (shown !== undefined) world.contents.set(erasure, shown(leafHash));
  world.anchor();
  await auditor.desk().ask(world.facts.logs[0]!, { kind: 'person', subject: citizen(1) });
  const { judged } = auditor;
  expect(judged.traced[0]!.completeness!.outcome).to.equal('complete');
  return viewOfEntry(
    judged,
    judged.entries.find((entry) => entry.leafHash === leafHash)!,
  );
}

describe('an entry that was erased', () => {
  test('is told with law and time, as the person is told', async () => {
    const { content, erasure } = await erased();
    expect([content, erasure]).to.deep.equal(['erased', { legalBasis: LAW, erasedAt: ERASED_AT }]);
  });

  test('has no law where what says so is lost', async () => {
    const { content, erasure } = await erased(() => ({ state: 'lost' }));
    expect([content, erasure]).to.deep.equal(['erased', null]);
  });

  test('has no law that was not recorded', async () => {
    const { erasure } = await erased((leafHash) => {
      const said = { entries: [hashFromHex(leafHash)], legalBasis: '另一部法律', erasedAt: ERASED_AT };
      return { state: 'opened', nonce: new Uint8Array(32), body: encodeErasure(said) };
    });
    expect(erasure).to.equal(null);
  });
});
