import { describe, test } from 'node:test';
import { expect } from 'chai';
import { addCosignature, cosign, formatNote, parseNote } from '../../core/log/note.ts';
import { gather } from '../../core/verify/gather.ts';
import type { LookupAnswer } from '../../core/verify/lookup.ts';
import { ask, FILE, issued, outcomeOf } from './asker.ts';
import { AUDIT, digestOf, OUTSIDER, signerNamed, START, Story, TYPE, witnessName } from './story.ts';

const DAY = 86_400_000;

describe('a verdict', () => {
  test('is valid when everything that was asked for holds', async () => {
    const verdict = await ask(issued());
    expect(verdict.reasons).to.deep.equal([]);
    expect(verdict.verdict).to.equal('valid');
    expect(verdict.checks.filter(({ outcome }) => outcome === 'pass')).to.have.length(13);
    expect(outcomeOf(verdict, 'seal')).to.equal('notAsked');
    expect(verdict.licence?.status).to.equal('active');
    expect(verdict.licence?.fields).to.deep.equal([{ name: 'ZZMC', value: '采矿许可证' }]);
    expect(verdict.freshness.grade).to.equal('live');
    expect(verdict.anchor?.by).to.equal('chain');
  });

  test('is the same offline, as of the witnesses’ word', async () => {
    const verdict = await ask(issued(), { offline: true });
    expect(verdict.verdict).to.equal('valid');
    expect(verdict.freshness.grade).to.equal('recent');
    expect(verdict.anchor?.by).to.equal('witnesses');
  });

  const endings = [
    ['revoke', 'REVOKED', 'revoked'],
    ['annul', 'ANNULLED', 'annulled'],
    ['cancel', 'CANCELLED', 'cancelled'],
    ['suspend', 'SUSPENDED', 'suspended'],
  ] as const;
  for (const [kind, code, status] of endings) {
    test(`is invalid ${code} after ${kind}, with the issuer’s reason`, async () => {
      const story = issued();
      story.act(kind);
      story.anchor();
      const verdict = await ask(story);
      expect([verdict.verdict, verdict.reasons, verdict.licence?.status]).to.deep.equal(['invalid', [code], status]);
      expect(verdict.checks.find(({ id }) => id === 'status')?.facts).to.include({ reason: '违法开采', by: '样例市自然资源局' });
    });
  }

  test('stands although the reason is withheld', async () => {
    const story = issued();
    story.act('revoke');
    story.anchor();
    const answer = await gather(story.lookUp, FILE);
    const present = answer.present.map((row) => (row.index === 2 ? { ...row, opening: null } : row));
    const verdict = await ask(story, { answer: { ...answer, present } });
    expect(verdict.reasons).to.deep.equal(['REVOKED']);
    expect(verdict.checks.find(({ id }) => id === 'status')?.facts['reason']).to.equal(null);
  });

  test('is valid again after resume and after reinstate', async () => {
    const story = issued();
    for (const kind of ['suspend', 'resume', 'revoke', 'reinstate'] as const) story.act(kind);
    story.anchor();
    expect((await ask(story)).verdict).to.equal('valid');
  });

  test('is undetermined BAD_ORDER when kinds stand in an order that has no meaning', async () => {
    const story = issued();
    story.act('resume');
    story.anchor();
    const verdict = await ask(story);
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['BAD_ORDER']]);
  });

  test('is invalid SUPERSEDED for an older version and names the newer one', async () => {
    const story = issued();
    story.issue({ files: [digestOf('newer')], version: 2 });
    story.anchor();
    const verdict = await ask(story);
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['invalid', ['SUPERSEDED']]);
    expect(verdict.licence?.supersededBy).to.contain('.002.');
    expect((await ask(story, { file: digestOf('newer') })).verdict).to.equal('valid');
  });

  test('is invalid EXPIRED after its last day and NOT_YET_VALID before its first', async () => {
    const story = new Story();
    story.anchor();
    story.issue({ files: [FILE], validFrom: START + DAY, validTo: START + 2 * DAY });
    story.anchor();
    expect((await ask(story)).reasons).to.deep.equal(['NOT_YET_VALID']);
    const trust = story.trust({ maxStatusAge: 90 * DAY });
    expect((await ask(story, { trust, evaluatedAt: START + 3 * DAY })).reasons).to.deep.equal(['EXPIRED']);
  });

  test('asks what held at a past instant', async () => {
    const story = issued();
    const before = story.clock + 1;
    story.anchor();
    story.act('revoke');
    story.anchor();
    expect((await ask(story, { at: before })).verdict).to.equal('valid');
    expect((await ask(story, { at: START + 1 })).reasons).to.deep.equal(['NOT_YET_VALID']);
  });

  test('is undetermined about an instant within the span in which the revocation was recorded', async () => {
    const story = issued();
    story.act('revoke');
    const during = story.clock;
    story.anchor();
    const verdict = await ask(story, { at: during });
    expect(verdict.verdict).to.equal('undetermined');
    expect(outcomeOf(verdict, 'status')).to.equal('unknown PROVISIONAL');
  });
});

describe('a file that no log speaks about', () => {
  test('is undetermined NOT_RECORDED, never forged', async () => {
    const verdict = await ask(issued(), { file: digestOf('never issued') });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['NOT_RECORDED']]);
  });

  test('is invalid CONTENT_CHANGED when its holder brings the evidence of the unchanged file', async () => {
    const verdict = await ask(issued(), { fileDigest: digestOf('changed'), isCarried: true });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['invalid', ['CONTENT_CHANGED']]);
  });

  test('is not called changed on the word of evidence that does not hold', async () => {
    const story = issued();
    const answer = await gather(story.lookUp, FILE);
    const present = answer.present.map((row) => ({ ...row, inclusion: [] }));
    const verdict = await ask(story, { fileDigest: digestOf('changed'), isCarried: true, answer: { ...answer, present } });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['BAD_PROOF']]);
  });

  test('is invalid when its licence is not in the log that is declared complete', async () => {
    const story = issued();
    const { bytes } = story.payload({ files: [digestOf('made up')], serial: 'MADEUP', validFrom: START + 1 });
    const licence = story.envelope(bytes, story.documentSigner);
    const verdict = await ask(story, { file: digestOf('made up'), licence });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['invalid', ['NOT_RECORDED']]);
  });

  test('is undetermined when its licence is not recorded and nothing is declared complete', async () => {
    const story = issued();
    story.facts = { ...story.facts, coverages: [] };
    const licence = story.envelope(story.payload({ files: [], serial: 'MADEUP' }).bytes, story.documentSigner);
    const verdict = await ask(story, { file: digestOf('made up'), licence });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['NOT_RECORDED']]);
  });

  test('is undetermined LOG_NOT_FOLLOWED when the verifier does not follow the log that its licence names', async () => {
    const story = issued();
    const licence = story.envelope(story.payload({ files: [], serial: 'MADEUP' }).bytes, story.documentSigner);
    story.logs.shift();
    const verdict = await ask(story, { file: digestOf('made up'), licence });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['LOG_NOT_FOLLOWED']]);
  });
});

describe('another department’s record', () => {
  test('is a finding OUT_OF_SCOPE while the true record answers', async () => {
    const story = issued();
    story.anchor(story.outsider);
    story.issue({ files: [FILE], serial: 'OTHER' }, story.outsider);
    story.anchor(story.outsider);
    const verdict = await ask(story);
    expect(verdict.verdict).to.equal('valid');
    expect(verdict.findings.map(({ code, origin }) => [code, origin])).to.deep.equal([['OUT_OF_SCOPE', story.outsider.origin]]);
  });

  test('alone leaves a bare file undetermined', async () => {
    const story = new Story();
    story.anchor(story.outsider);
    story.issue({ files: [FILE] }, story.outsider);
    story.anchor(story.outsider);
    const verdict = await ask(story);
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['NOT_RECORDED']]);
    expect(verdict.findings[0]?.code).to.equal('OUT_OF_SCOPE');
  });

  test('carried as evidence is invalid OUT_OF_SCOPE', async () => {
    const story = new Story();
    story.anchor(story.outsider);
    story.issue({ files: [FILE] }, story.outsider);
    story.anchor(story.outsider);
    const verdict = await ask(story, { offline: true });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['invalid', ['OUT_OF_SCOPE']]);
  });

  test('in the name of the true issuer is a finding UNKNOWN_ISSUER', async () => {
    const story = issued();
    story.anchor(story.outsider);
    story.issue({ files: [FILE], issuer: story.issuer.authority, serial: 'OTHER' }, story.outsider);
    story.anchor(story.outsider);
    const verdict = await ask(story);
    expect(verdict.verdict).to.equal('valid');
    expect(verdict.findings[0]?.code).to.equal('UNKNOWN_ISSUER');
  });

  test('that counts as well leaves both undetermined CONFLICTING_RECORDS', async () => {
    const story = issued();
    const scope = story.facts.scopes[0]!;
    story.facts = { ...story.facts, scopes: [scope, { ...scope, authority: OUTSIDER, scopeId: digestOf('scope 2') }] };
    story.anchor(story.outsider);
    story.issue({ files: [FILE], serial: 'OTHER' }, story.outsider);
    story.anchor(story.outsider);
    const verdict = await ask(story);
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['CONFLICTING_RECORDS']]);
  });
});

describe('what is not anchored, witnessed or fresh', () => {
  test('is undetermined PROVISIONAL without an anchor', async () => {
    const story = new Story();
    story.anchor();
    story.issue({ files: [FILE] });
    story.anchor(story.issuer, { anchored: false });
    const verdict = await ask(story);
    expect(verdict.verdict).to.equal('undetermined');
    expect(outcomeOf(verdict, 'anchor')).to.equal('unknown PROVISIONAL');
  });

  test('is undetermined UNWITNESSED without cosignatures', async () => {
    const story = new Story();
    story.anchor();
    story.issue({ files: [FILE] });
    story.anchor(story.issuer, { cosigned: false });
    expect((await ask(story)).reasons).to.deep.equal(['UNWITNESSED']);
  });

  test('is undetermined UNWITNESSED when nobody attests the block', async () => {
    const story = new Story();
    story.anchor();
    story.issue({ files: [FILE] });
    story.anchor(story.issuer, { attested: false });
    const verdict = await ask(story);
    expect(verdict.verdict).to.equal('undetermined');
    expect(outcomeOf(verdict, 'anchor')).to.equal('unknown UNWITNESSED');
  });

  test('does not count a witness of the log’s own authority', async () => {
    const story = issued();
    const [own] = story.trust().witnesses;
    const trust = story.trust({ witnesses: [{ ...own!, authority: story.issuer.authority }] });
    const verdict = await ask(story, { trust });
    expect(verdict.verdict).to.equal('undetermined');
    expect(outcomeOf(verdict, 'witnesses')).to.equal('unknown UNWITNESSED');
  });

  test('does not count a witness of the authority right above the log’s, for cosignature and attestation alike', async () => {
    const story = issued();
    const under = (parent: string) => ({
      ...story.facts,
      authorities: story.facts.authorities.map((one) => (one.code === story.issuer.authority ? { ...one, parent } : one)),
    });
    story.facts = under(OUTSIDER);
    expect((await ask(story)).verdict).to.equal('valid');
    story.facts = under(AUDIT);
    const verdict = await ask(story);
    expect(verdict.verdict).to.equal('undetermined');
    expect(outcomeOf(verdict, 'witnesses')).to.equal('unknown UNWITNESSED');
    expect(outcomeOf(verdict, 'anchor')).to.equal('unknown UNWITNESSED');
  });

  test('does not count two keys of one authority for a quorum of two', async () => {
    const story = issued();
    const [one] = story.trust().witnesses;
    const second = signerNamed('second witness key');
    const { checkpoint } = story.issuer.held.at(-1)!;
    const line = cosign(checkpoint, witnessName(AUDIT), story.clock, second);
    const answer = await gather(story.lookUp, FILE);
    const logs = answer.logs.map((log) => ({ ...log, checkpoint: formatNote(addCosignature(parseNote(log.checkpoint), line)) }));
    const witnesses = [one!, { ...one!, publicKey: second.publicKey }];
    const verdict = await ask(story, { answer: { ...answer, logs }, trust: story.trust({ witnesses, witnessQuorum: 2 }) });
    expect(verdict.checks.find(({ id }) => id === 'witnesses')!.facts).to.deep.include({ count: 1, quorum: 2 });
    expect(verdict.verdict).to.equal('undetermined');
  });

  test('does not count one witness twice for a quorum of two', async () => {
    const story = issued();
    const [one] = story.trust().witnesses;
    const other = { ...one!, authority: OUTSIDER, publicKey: story.trustSigner.publicKey };
    const verdict = await ask(story, { trust: story.trust({ witnesses: [one!, other], witnessQuorum: 2 }) });
    expect(verdict.verdict).to.equal('undetermined');
  });

  test('does not count a witness whose key is known to be lost', async () => {
    const story = issued();
    const keys = story.facts.keys.map((key) => (key.authority === AUDIT ? { ...key, compromisedAt: START } : key));
    story.facts = { ...story.facts, keys };
    expect((await ask(story)).verdict).to.equal('undetermined');
  });

  test('is undetermined CHAIN_UNREACHABLE when the verifier has not read the chain lately', async () => {
    const story = issued();
    const verdict = await ask(story, { live: { facts: story.facts, ageMs: 11_000 } });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['CHAIN_UNREACHABLE']]);
  });

  test('is undetermined NODE_UNREACHABLE when a newer anchored checkpoint could not be read', async () => {
    const story = issued();
    const answer = await gather(story.lookUp, FILE);
    const logs = answer.logs.map((log) => ({ ...log, trouble: 'NODE_UNREACHABLE' as const }));
    expect((await ask(story, { answer: { ...answer, logs } })).reasons).to.deep.equal(['NODE_UNREACHABLE']);
  });

  test('is undetermined FORKED_LOG when the log has two faces', async () => {
    const story = issued();
    const answer = await gather(story.lookUp, FILE);
    const logs = answer.logs.map((log) => ({ ...log, trouble: 'FORKED_LOG' as const }));
    expect((await ask(story, { answer: { ...answer, logs } })).reasons).to.deep.equal(['FORKED_LOG']);
  });

  test('is undetermined FORKED_LOG below the trust file’s floor', async () => {
    const story = issued();
    const floors = [{ logId: story.issuer.logId, size: 9, time: START }];
    expect((await ask(story, { trust: story.trust({ floors }) })).reasons).to.deep.equal(['FORKED_LOG']);
  });

  test('is undetermined STALE when the anchor is older than the trust file allows', async () => {
    const story = issued();
    const verdict = await ask(story, { offline: true, evaluatedAt: story.clock + DAY + 1000 });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['STALE']]);
  });

  test('is undetermined when the reader’s clock is far behind the newest block', async () => {
    const verdict = await ask(issued(), { offline: true, evaluatedAt: START + 50_000 - 200_000 });
    expect(verdict.verdict).to.not.equal('valid');
  });

  test('is undetermined TRUST_EXPIRED under an expired trust file', async () => {
    const story = issued();
    const verdict = await ask(story, { offline: true, trust: story.trust({ expiresAt: story.clock }) });
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['TRUST_EXPIRED']]);
  });
});

describe('keys and scopes are judged at the proved time', () => {
  const withKey = (story: Story, changes: object): void => {
    const keys = story.facts.keys.map((key) => (key.type === 'document' ? { ...key, ...changes } : key));
    story.facts = { ...story.facts, keys };
  };

  test('a document key retired afterwards still counts', async () => {
    const story = issued();
    withKey(story, { validTo: story.clock + 1 });
    expect((await ask(story)).verdict).to.equal('valid');
  });

  test('a document key retired before is invalid KEY_RETIRED', async () => {
    const story = issued();
    withKey(story, { validTo: START + 1 });
    expect((await ask(story)).reasons).to.deep.equal(['KEY_RETIRED']);
  });

  test('a document key retired somewhere in between is undetermined', async () => {
    const story = issued();
    withKey(story, { validTo: story.clock - 1500 });
    const verdict = await ask(story);
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['KEY_RETIRED']]);
  });

  test('a key lost before is invalid, lost afterwards it still counts', async () => {
    const story = issued();
    withKey(story, { compromisedAt: START + 1 });
    expect((await ask(story)).reasons).to.deep.equal(['KEY_COMPROMISED']);
    withKey(story, { compromisedAt: story.clock + 1 });
    expect((await ask(story)).verdict).to.equal('valid');
  });

  test('a log key lost before the checkpoint leaves everything undetermined', async () => {
    const story = issued();
    const keys = story.facts.keys.map((key) => (key.type === 'log' ? { ...key, compromisedAt: START } : key));
    story.facts = { ...story.facts, keys };
    const verdict = await ask(story);
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['KEY_COMPROMISED']]);
  });

  test('a scope that began in between is undetermined, one for another region does not count', async () => {
    const story = issued();
    const scope = story.facts.scopes[0]!;
    story.facts = { ...story.facts, scopes: [{ ...scope, validFrom: story.clock - 1500 }] };
    expect((await ask(story)).reasons).to.deep.equal(['OUT_OF_SCOPE']);
    story.facts = { ...story.facts, scopes: [{ ...scope, region: '110000' }] };
    const verdict = await ask(story);
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['NOT_RECORDED']]);
  });

  test('without an anchor that lacks the entry its time runs from the log’s registration', async () => {
    const story = new Story();
    const scope = story.facts.scopes[0]!;
    story.facts = { ...story.facts, scopes: [{ ...scope, validFrom: START + 1 }] };
    story.issue({ files: [FILE] });
    story.anchor();
    expect((await ask(story)).reasons).to.deep.equal(['OUT_OF_SCOPE']);
  });

  test('a signature by a key that is not the issuer’s document key is invalid', async () => {
    const story = new Story();
    story.anchor();
    story.issue({ files: [FILE], documentKey: story.outsiderDocumentSigner });
    story.anchor();
    const verdict = await ask(story);
    expect(verdict.verdict).to.equal('invalid');
    expect(outcomeOf(verdict, 'licence-signature')).to.equal('fail UNKNOWN_ISSUER');
  });

  test('registry facts that contradict the trust file’s snapshot are not believed', async () => {
    const story = issued();
    const trust = story.trust();
    const forged = { ...story.facts, authorities: story.facts.authorities.map((a) => ({ ...a, name: 'forged' })) };
    const verdict = await ask(story, { trust, live: { facts: forged, ageMs: 0 } });
    expect(verdict.verdict).to.equal('undetermined');
  });
});

describe('an answer altered on its way', () => {
  const alterations: [string, (answer: LookupAnswer) => LookupAnswer][] = [
    [
      'a sibling',
      (a) => ({
        ...a,
        present: a.present.map((row) => ({ ...row, inclusion: row.inclusion.map((_, i) => (i === 0 ? digestOf('x') : _)) })),
      }),
    ],
    ['a missing absence', (a) => ({ ...a, absent: [] })],
    ['an index', (a) => ({ ...a, present: a.present.map((row) => ({ ...row, index: row.index + 1 })) })],
    [
      'an opening',
      (a) => ({
        ...a,
        present: a.present.map((row) => ({ ...row, opening: row.opening!.map((b, i) => (i === 30 ? b ^ 1 : b)) })),
      }),
    ],
    ['a block number', (a) => alterAnchors(a, { blockNumber: 99 })],
    ['a block hash', (a) => alterAnchors(a, { blockHash: digestOf('other block') })],
    ['a block time', (a) => alterAnchors(a, { anchoredAt: START + 1 })],
    ['no anchors', (a) => ({ ...a, logs: a.logs.map((log) => ({ ...log, anchors: [] })) })],
    [
      'a checkpoint time',
      (a) => ({
        ...a,
        logs: a.logs.map((log) => ({
          ...log,
          checkpoint: log.checkpoint.replace(/time (\d+)/, (_, t) => `time ${Number(t) + 1}`),
        })),
      }),
    ],
    ['an entry left out', (a) => ({ ...a, present: a.present.slice(0, -1) })],
  ];
  function alterAnchors(answer: LookupAnswer, change: object): LookupAnswer {
    return {
      ...answer,
      logs: answer.logs.map((log) => ({ ...log, anchors: log.anchors.map((anchor) => ({ ...anchor, ...change })) })),
    };
  }

  for (const [name, alter] of alterations) {
    test(`(${name}) is never valid and never called invalid`, async () => {
      const story = issued();
      const answer = alter(await gather(story.lookUp, FILE));
      expect((await ask(story, { answer })).verdict).to.equal('undetermined');
    });
  }

  test('(a revocation left out) is not valid', async () => {
    const story = issued();
    story.act('revoke');
    story.anchor();
    const answer = await gather(story.lookUp, FILE);
    const present = answer.present.filter((row) => row.index !== 2);
    expect((await ask(story, { answer: { ...answer, present } })).verdict).to.equal('undetermined');
  });

  test('(another type’s requirements) asks only what the trust file requires of the type', async () => {
    const story = issued();
    const verdict = await ask(story, { trust: story.trust({ requiredByType: { [TYPE]: ['content', 'document'] } }) });
    expect(verdict.checks.filter(({ outcome }) => outcome !== 'notAsked').map(({ id }) => id)).to.deep.equal([
      'content',
      'document',
    ]);
  });
});
