/** The charges of test/vectors/log-charge.json before the contract. */
import { after, before, test } from 'node:test';
import { expect } from 'chai';
import { parseCharge } from '../../core/court/charge.ts';
import { COURT, hex } from '../../chain/abi.ts';
import { chargeDigestOf, encodeCharge } from '../../chain/charge-call.ts';
import { anchorsOf, bytesOfCase, CASES, COMPROMISED, isClosedByOwner, ORIGINS, vectorLog } from './charge-vectors.ts';
import { keyIdOfSigner } from './spoken-log.ts';
import { deployCourtWorld, eventsIn, MINUTE, secondSigner, type CourtWorld } from './court-world.ts';

let world: CourtWorld;

before(async () => {
  world = await deployCourtWorld();
  const anchors = ORIGINS.flatMap((origin) => anchorsOf(origin)).sort((a, b) => a.anchoredAt - b.anchoredAt);
  for (const { note, keyId, consistencyProof, anchoredAt } of anchors) {
    const [checkpoint, signature] = [note.checkpoint, hex(note.logSignature.signature)];
    await world.anchor({ checkpoint, keyId, signature, proof: consistencyProof, at: anchoredAt });
  }
  world.now += MINUTE;
  for (const origin of ORIGINS.filter(isClosedByOwner)) await world.closeLog(origin);
  expect(COMPROMISED).to.deep.equal([keyIdOfSigner(secondSigner)]);
  await world.declareCompromised(secondSigner);
});
after(() => world.close());

test('what a reader knows of the logs is what the vectors say', async () => {
  for (const origin of ORIGINS) {
    const [known, told] = [await world.chargedLog(origin), vectorLog(origin)];
    expect({ ...known, logKeyAt: null }).to.deep.equal({ ...told, logKeyAt: null });
  }
});

for (const one of CASES.filter(({ want }) => want === 'ok')) {
  test(`convicts of ${one.desc}`, async () => {
    const restore = await world.snapshot();
    const charge = parseCharge(bytesOfCase(one));
    expect(hex(chargeDigestOf(charge))).to.equal(`0x${one.chargeDigest}`);
    const data = encodeCharge(charge, vectorLog(charge.origin).anchors);
    const [charged, disputed] = eventsIn(await world.send(world.members[0]!, world.addresses.court, data), COURT);
    const start = [BigInt(one.fromSequence!), BigInt(one.fromSize!)];
    expect(charged!.args.toArray().toSpliced(2, 2)).to.deep.equal([
      charged!.args[0],
      `0x${one.chargeDigest}`,
      one.takesEffect,
      ...start,
    ]);
    expect(disputed?.name).to.equal(one.takesEffect ? 'Disputed' : undefined);
    await restore();
  });
}

for (const one of CASES.filter(({ want }) => want === 'UNVERIFIED')) {
  test(`acquits: ${one.desc}`, async () => {
    const charge = parseCharge(bytesOfCase(one));
    const data = encodeCharge(charge, vectorLog(charge.origin).anchors);
    const refusal = await world.refusal(world.members[0]!, world.addresses.court, data);
    expect(refusal?.[0]).to.equal(one.refusal);
  });
}
