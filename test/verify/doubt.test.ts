/** What counts for a while no longer, and then perhaps again: suspended keys and disputed logs. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { keyIdOf } from '../../core/authority/key-id.ts';
import type { Signer } from '../../core/log/signer.ts';
import { ask, checkOf, FILE, issued, outcomeOf, short } from './asker.ts';
import { digestOf, ISSUER, Story } from './story.ts';

const WEEK = 7 * 86_400_000;

/** The key may be lost, from the next block on. Returns when that ends. */
function suspend(story: Story, { publicKey }: Signer): number {
  const suspendedAt = story.clock + 1000;
  const until = suspendedAt + WEEK;
  story.happen({ kind: 'key-suspended', keyId: keyIdOf(publicKey), suspendedAt, until });
  return until;
}

function lift(story: Story, { publicKey }: Signer): void {
  story.happen({ kind: 'key-suspended', keyId: keyIdOf(publicKey), suspendedAt: story.clock + 1000, until: null });
}

/** The reader's facts and status are of that instant. */
const then = (story: Story, evaluatedAt: number) => ({
  evaluatedAt,
  live: { facts: { ...story.facts, block: { ...story.facts.block, at: evaluatedAt } }, ageMs: 100 },
  trust: story.trust({ maxStatusAge: 4 * WEEK, expiresAt: evaluatedAt + WEEK }),
});

describe('a suspended log key', () => {
  const keyOf = (story: Story): Signer => story.logSigners.get(ISSUER)!;

  test('leaves undetermined what it signs until the suspension is over, and then that counts', async () => {
    const story = issued();
    const until = suspend(story, keyOf(story));
    story.anchor();
    const verdict = await ask(story);
    expect(short(verdict)).to.equal('undetermined KEY_COMPROMISED');
    const signature = checkOf(verdict, 'checkpoint-signature');
    expect([signature.outcome, signature.facts['suspendedUntil']]).to.deep.equal(['unknown', until]);
    expect(short(await ask(story, then(story, until - 1)))).to.equal('undetermined KEY_COMPROMISED');
    expect(short(await ask(story, then(story, until)))).to.equal('valid');
  });

  test('leaves what it signed before as it was', async () => {
    const story = issued();
    suspend(story, keyOf(story));
    expect(short(await ask(story))).to.equal('valid');
  });

  test('counts again as soon as the suspension is lifted', async () => {
    const story = issued();
    suspend(story, keyOf(story));
    story.anchor();
    lift(story, keyOf(story));
    expect(short(await ask(story))).to.equal('valid');
  });

  test('that is then declared lost stays so', async () => {
    const story = issued();
    const until = suspend(story, keyOf(story));
    story.anchor();
    story.happen({ kind: 'key-compromised', keyId: keyIdOf(keyOf(story).publicKey), since: until - WEEK });
    expect(short(await ask(story, then(story, until + 1)))).to.equal('undetermined KEY_COMPROMISED');
  });

  test('is judged by the trust file’s snapshot offline', async () => {
    const story = issued();
    suspend(story, keyOf(story));
    story.anchor();
    expect(short(await ask(story, { offline: true }))).to.equal('undetermined KEY_COMPROMISED');
  });
});

describe('a suspended document key', () => {
  function issuedAfter(): { story: Story; until: number } {
    const story = new Story();
    const until = suspend(story, story.documentSigner);
    story.anchor();
    story.issue({ files: [FILE] });
    story.anchor();
    return { story, until };
  }

  test('leaves what was issued with it undetermined until the suspension is over', async () => {
    const { story, until } = issuedAfter();
    const verdict = await ask(story);
    expect(short(verdict)).to.equal('undetermined KEY_COMPROMISED');
    const key = checkOf(verdict, 'issuer-key');
    expect([key.outcome, key.facts['suspendedUntil']]).to.deep.equal(['unknown', until]);
    expect(outcomeOf(verdict, 'licence-signature')).to.equal('pass');
    expect(short(await ask(story, then(story, until)))).to.equal('valid');
  });

  test('counts for what was issued before, and not where nobody can tell', async () => {
    const before = issued();
    suspend(before, before.documentSigner);
    expect(short(await ask(before))).to.equal('valid');
    const during = new Story();
    during.anchor();
    during.issue({ files: [FILE] });
    suspend(during, during.documentSigner);
    during.anchor();
    expect(short(await ask(during))).to.equal('undetermined KEY_COMPROMISED');
  });

  test('counts again when the suspension is lifted', async () => {
    const { story } = issuedAfter();
    lift(story, story.documentSigner);
    expect(short(await ask(story))).to.equal('valid');
  });
});

describe('a suspended witness key', () => {
  test('counts neither for cosignatures nor for attestations, whenever they were made', async () => {
    const story = issued();
    const until = suspend(story, story.witnessSigner);
    const verdict = await ask(story);
    expect(verdict.verdict).to.equal('undetermined');
    expect(outcomeOf(verdict, 'witnesses')).to.equal('unknown UNWITNESSED');
    expect(outcomeOf(verdict, 'anchor')).to.equal('unknown UNWITNESSED');
    expect(short(await ask(story, then(story, until)))).to.equal('valid');
    lift(story, story.witnessSigner);
    expect(short(await ask(story))).to.equal('valid');
  });
});

describe('a disputed log', () => {
  /** From this size on, by a charge that the court found proven. */
  function dispute(story: Story, fromSize: number, charge: 'fork' | 'unmapped' = 'fork'): void {
    const { logId } = story.issuer;
    story.happen({ kind: 'log-disputed', logId, charge, chargeDigest: digestOf('charge'), fromSequence: 1, fromSize });
  }

  test('leaves undetermined what stands on a checkpoint from the disputed size on, and says of which charge', async () => {
    for (const fromSize of [0, 1, 2]) {
      const story = issued();
      dispute(story, fromSize, 'unmapped');
      const verdict = await ask(story);
      expect(short(verdict), `${fromSize}`).to.equal('undetermined DISPUTED_LOG');
      expect(checkOf(verdict, 'history').facts).to.include({ charge: 'unmapped', fromSize, size: 2 });
    }
  });

  test('leaves what stands below it as it was', async () => {
    const story = issued();
    dispute(story, 3);
    expect(short(await ask(story))).to.equal('valid');
    story.issue({ files: [digestOf('other')], serial: 'OTHER' });
    story.anchor();
    expect(short(await ask(story))).to.equal('undetermined DISPUTED_LOG');
  });

  test('does not even revoke beyond doubt', async () => {
    const story = issued();
    dispute(story, 3);
    story.act('revoke');
    story.anchor();
    expect(short(await ask(story))).to.equal('undetermined DISPUTED_LOG');
  });

  test('is as before once the dispute is cleared', async () => {
    const story = issued();
    dispute(story, 1);
    story.happen({ kind: 'dispute-cleared', logId: story.issuer.logId, reason: '两份副本，已查明' });
    expect(short(await ask(story))).to.equal('valid');
  });

  test('leaves other logs alone', async () => {
    const story = issued();
    const { logId } = story.outsider;
    const charged = { charge: 'fork' as const, chargeDigest: digestOf('charge'), fromSequence: 0, fromSize: 0 };
    story.happen({ kind: 'log-disputed', logId, ...charged });
    expect(short(await ask(story))).to.equal('valid');
  });

  test('is judged by the trust file’s snapshot offline', async () => {
    const story = issued();
    dispute(story, 1);
    expect(short(await ask(story, { offline: true }))).to.equal('undetermined DISPUTED_LOG');
  });

  test('does not call a licence unrecorded, either', async () => {
    const story = issued();
    const licence = story.envelope(story.payload({ files: [], serial: 'MADEUP' }).bytes, story.documentSigner);
    dispute(story, 1);
    expect(short(await ask(story, { file: digestOf('made up'), licence }))).to.equal('undetermined NOT_RECORDED');
  });
});
