import { afterEach, beforeEach, describe, test } from 'node:test';
import { expect } from 'chai';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { KINDS } from '../../core/log/entry.ts';
import { parseNote } from '../../core/log/note.ts';
import type { JsonObject } from '../../core/bytes/json.ts';
import { formatSwapRequest } from '../../core/verify/swap.ts';
import { AUDIT, witnessName } from '../verify/story.ts';
import { type Served, standsOn, until } from '../verifier/world.ts';
import { CUSTODIAN, CustodyWorld, DAY, entryAt, type QuantumLog, SEALER } from './quantum-log.ts';

let custody: CustodyWorld;
beforeEach(async () => {
  custody = await CustodyWorld.create();
});
afterEach(() => custody.end());

function anchorSeals(...names: string[]): string {
  const recordedAt = custody.nextQuantum(DAY) - DAY;
  custody.seals.grow(...names.map((name) => entryAt(recordedAt, name, { kind: KINDS.seal })));
  return custody.world.anchor(custody.seals);
}

async function seen(witness: Served, log: QuantumLog): Promise<JsonObject | null> {
  const { status, json } = await witness.get(`/seen/${encodeHex(log.logId)}`);
  return status === 200 ? json : null;
}

/** A witness of another authority, with its key and the request key of its own. */
async function startWitnessOf(code: string): Promise<Served> {
  custody.addKey('request', code, `request key of ${code}`);
  const key = await custody.world.writeKey('witness', `witness key of ${code}`);
  custody.addKey('witness', code, `witness key of ${code}`);
  const request = await custody.world.writeKey('request', `request key of ${code}`);
  return custody.world.start(`witness ${code}`, { role: 'witness', witness: { name: witnessName(code), ...key }, request });
}

describe('a witness', () => {
  test('cosigns and attests access and seals logs once it has replayed them', async () => {
    const witness = await custody.startWitness();
    for (const [log, note] of [
      [custody.access, custody.anchorNext(custody.access, 'a', 'b')],
      [custody.seals, anchorSeals('s')],
    ] as const) {
      const said = await until('the witness has spoken', () => seen(witness, log));
      const { checkpoint, cosignatures } = parseNote(said['checkpoint'] as string);
      expect(checkpoint).to.deep.equal(parseNote(note).checkpoint);
      expect(cosignatures.map((one) => one.witness)).to.deep.equal([witnessName(AUDIT)]);
      expect(said).to.have.nested.property('anchor.attestations').with.length(1);
    }
  });

  test('says nothing of an access log that it may not read', async () => {
    const witness = await custody.startWitness({ request: null });
    custody.anchorNext(custody.access, 'a');
    const note = anchorSeals('s');
    await until('it has spoken of the seals', () => seen(witness, custody.seals));
    expect(note).to.contain('seals');
    expect(await seen(witness, custody.access)).to.equal(null);
  });

  for (const [whose, code] of [
    ['the custodian', CUSTODIAN],
    ['the sealing authority', SEALER],
  ]) {
    test(`of ${whose} signs nothing of its own log, and what others keep all the same`, async () => {
      const witness = await startWitnessOf(code!);
      custody.anchorNext(custody.access, 'a');
      anchorSeals('s');
      const [own, other] = code === CUSTODIAN ? [custody.access, custody.seals] : [custody.seals, custody.access];
      await until('it has spoken of the other', () => seen(witness, other));
      await standsOn(witness, own, 1);
      expect(await seen(witness, own)).to.equal(null);
    });
  }

  test('of the authority right above the sealing one signs nothing of its seals', async () => {
    custody.world.story.happen({ kind: 'parent-changed', code: SEALER, parent: CUSTODIAN });
    const witness = await startWitnessOf(CUSTODIAN);
    anchorSeals('s');
    await standsOn(witness, custody.seals, 1);
    custody.world.story.issue({ files: [] });
    custody.world.anchor();
    await until('it has spoken of a licence log', async () => {
      const { status } = await witness.get(`/seen/${encodeHex(custody.world.story.issuer.logId)}`);
      return status === 200;
    });
    expect(await seen(witness, custody.seals)).to.equal(null);
  });

  test('keeps the register of access and seals logs as of any other', async () => {
    const witness = await custody.startWitness();
    for (const log of [custody.access, custody.seals]) {
      const note = parseNote(custody.world.publish(log));
      await until('the registry is read', async () => (await witness.get(`/v1/swap/${encodeHex(log.logId)}`)).status === 200);
      const request = formatSwapRequest({ oldSize: 0, note, consistency: [] });
      expect((await witness.post('/v1/swap', request)).status).to.equal(200);
      const { json } = await witness.get(`/v1/swap/${encodeHex(log.logId)}`);
      expect(parseNote(json['checkpoint'] as string)).to.deep.equal(note);
    }
  });
});
