/** 机构改革: a licence outlives the authority that issued it. Its log goes to a successor, which goes on with it under its own keys and scope. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import type { Signer } from '../../core/log/signer.ts';
import type { Verdict } from '../../core/verify/verdict.ts';
import { ask, checkOf, FILE, issued, outcomeOf, short } from './asker.ts';
import { AUDIT, digestOf, ISSUER, OUTSIDER, Story, TYPE } from './story.ts';

const SUCCESSOR = '11999900MB0000004W';
const NEXT = '11999900MB00000063';
const RENEWED = digestOf('renewed');

interface Moved {
  readonly story: Story;
  readonly documentSigner: Signer;
  readonly movedAt: number;
}

/** A licence was issued, its log moved, and the successor has made a checkpoint since. */
function moved({ hasScope = true, dissolves = false } = {}): Moved {
  const story = issued();
  const documentSigner = story.enter(SUCCESSOR, '样例市规划局', { hasScope });
  const movedAt = story.succeed(ISSUER, SUCCESSOR);
  if (dissolves) story.happen({ kind: 'authority-dissolved', code: ISSUER, dissolvedAt: story.clock });
  story.anchor();
  return { story, documentSigner, movedAt };
}

/** 延续 by the successor: the family, and with it the issuer's code, stay. */
function renew({ story, documentSigner }: Moved, changes = {}): void {
  story.issue({ files: [RENEWED], version: 2, issuer: ISSUER, documentKey: documentSigner, ...changes });
  story.anchor();
}

const successorOf = ({ licence }: Verdict) => licence?.issuer.successor;

describe('a licence whose log moved', () => {
  for (const [what, dissolves] of [
    ['to a successor of a part (划转)', false],
    ['to what its issuer was merged into (合并)', true],
  ] as const) {
    test(`${what} stays valid, and names its issuer and the successor`, async () => {
      const { story } = moved({ dissolves });
      for (const offline of [false, true]) {
        const verdict = await ask(story, { offline });
        expect(short(verdict)).to.equal('valid');
        expect(verdict.licence?.issuer).to.include({ code: ISSUER, name: '样例市自然资源局' });
        expect(successorOf(verdict)).to.deep.equal({ code: SUCCESSOR, name: '样例市规划局' });
      }
    });

    test(`${what} is revoked by the successor, which is named as who did it`, async () => {
      const { story } = moved({ dissolves });
      story.act('revoke');
      story.anchor();
      const verdict = await ask(story);
      expect(short(verdict)).to.equal('invalid REVOKED');
      expect(checkOf(verdict, 'status').facts).to.include({ by: '样例市规划局', reason: '违法开采' });
    });

    test(`${what} is renewed by the successor under its old family`, async () => {
      const all = moved({ dissolves });
      renew(all);
      const verdict = await ask(all.story, { file: RENEWED });
      expect(short(verdict)).to.equal('valid');
      expect(verdict.licence?.issuer.code).to.equal(ISSUER);
      expect(successorOf(verdict)).to.deep.equal({ code: SUCCESSOR, name: '样例市规划局' });
      expect(short(await ask(all.story))).to.equal('invalid SUPERSEDED');
    });
  }

  test('was revoked by its issuer before the move: the issuer is named', async () => {
    const story = issued();
    story.act('revoke');
    story.anchor();
    story.enter(SUCCESSOR, '样例市规划局');
    story.succeed(ISSUER, SUCCESSOR);
    story.anchor();
    const verdict = await ask(story);
    expect(short(verdict)).to.equal('invalid REVOKED');
    expect(checkOf(verdict, 'status').facts).to.include({ by: '样例市自然资源局' });
    expect(successorOf(verdict)?.code).to.equal(SUCCESSOR);
  });

  test('moved on, and again: each owner’s issues count, and the last one answers for all', async () => {
    const all = moved();
    const { story } = all;
    renew(all);
    const nextSigner = story.enter(NEXT, '样例省规划厅');
    story.succeed(SUCCESSOR, NEXT);
    story.anchor();
    for (const file of [FILE, RENEWED]) {
      expect(successorOf(await ask(story, { file }))).to.deep.equal({ code: NEXT, name: '样例省规划厅' });
    }
    expect(short(await ask(story, { file: RENEWED }))).to.equal('valid');
    const third = digestOf('third version');
    story.issue({ files: [third], version: 3, issuer: ISSUER, documentKey: nextSigner });
    story.anchor();
    expect(short(await ask(story, { file: third }))).to.equal('valid');
    expect(short(await ask(story, { file: RENEWED }))).to.equal('invalid SUPERSEDED');
  });

  test('came back to its issuer: there is no successor', async () => {
    const { story } = moved();
    story.succeed(SUCCESSOR, ISSUER);
    story.anchor();
    const verdict = await ask(story);
    expect(short(verdict)).to.equal('valid');
    expect(successorOf(verdict)).to.equal(null);
  });

  test('is asked about at an instant before the move, and is what it was', async () => {
    const { story, movedAt } = moved();
    story.act('revoke');
    story.anchor();
    expect(short(await ask(story, { at: movedAt - 1 }))).to.equal('valid');
  });

  test('is unknown while the successor’s name is not told: its code is', async () => {
    const { story } = moved();
    story.facts = { ...story.facts, authorities: story.facts.authorities.filter(({ code }) => code !== SUCCESSOR) };
    expect(successorOf(await ask(story, { trust: story.trust() }))).to.deep.equal({ code: SUCCESSOR, name: '' });
  });
});

describe('what a successor issues', () => {
  test('under its own code is its own licence', async () => {
    const { story, documentSigner } = moved();
    story.issue({ files: [RENEWED], serial: 'NEW', issuer: SUCCESSOR, documentKey: documentSigner });
    story.anchor();
    const verdict = await ask(story, { file: RENEWED });
    expect(short(verdict)).to.equal('valid');
    expect(verdict.licence?.issuer).to.include({ code: SUCCESSOR, successor: null });
  });

  test('for the first time under the old issuer’s code is invalid UNKNOWN_ISSUER', async () => {
    const { story, documentSigner } = moved();
    story.issue({ files: [RENEWED], serial: 'NEW', issuer: ISSUER, documentKey: documentSigner });
    story.anchor();
    expect(short(await ask(story, { file: RENEWED, offline: true }))).to.equal('invalid UNKNOWN_ISSUER');
    // A bare file names no log, and what does not count is passed over: a finding.
    const bare = await ask(story, { file: RENEWED });
    expect(short(bare)).to.equal('undetermined NOT_RECORDED');
    expect(bare.findings.map(({ code }) => code)).to.deep.equal(['UNKNOWN_ISSUER']);
  });

  test('without a scope of its own is invalid OUT_OF_SCOPE', async () => {
    const all = moved({ hasScope: false });
    renew(all);
    expect(short(await ask(all.story, { file: RENEWED, offline: true }))).to.equal('invalid OUT_OF_SCOPE');
    expect(short(await ask(all.story))).to.equal('invalid SUPERSEDED');
  });

  test('with the old issuer’s document key is invalid, whatever that key’s state', async () => {
    const all = moved();
    renew({ ...all, documentSigner: all.story.documentSigner });
    const verdict = await ask(all.story, { file: RENEWED });
    expect(outcomeOf(verdict, 'licence-signature')).to.equal('fail UNKNOWN_ISSUER');
    expect(verdict.verdict).to.equal('invalid');
  });

  test('with a document key of the successor before the move is invalid: it was nobody’s to sign', async () => {
    const story = new Story();
    const documentSigner = story.enter(SUCCESSOR, '样例市规划局');
    story.anchor();
    story.issue({ files: [FILE], documentKey: documentSigner });
    story.anchor();
    story.succeed(ISSUER, SUCCESSOR);
    story.anchor();
    const verdict = await ask(story);
    expect(outcomeOf(verdict, 'licence-signature')).to.equal('fail UNKNOWN_ISSUER');
    expect(verdict.verdict).to.equal('invalid');
  });

  test('is undetermined while no checkpoint separates it from the move: nobody can tell who issued it', async () => {
    const story = new Story();
    story.anchor();
    story.enter(SUCCESSOR, '样例市规划局');
    story.issue({ files: [FILE] });
    story.succeed(ISSUER, SUCCESSOR);
    story.anchor();
    const verdict = await ask(story);
    expect(short(verdict)).to.equal('undetermined UNKNOWN_ISSUER');
    expect(checkOf(verdict, 'issuer-authority').facts).to.include({ moved: true });
  });

  test('in a renewal is undetermined, too, when who first issued it cannot be told', async () => {
    const story = new Story();
    story.anchor();
    const documentSigner = story.enter(SUCCESSOR, '样例市规划局');
    story.issue({ files: [FILE] });
    story.succeed(ISSUER, SUCCESSOR);
    story.anchor();
    renew({ story, documentSigner, movedAt: 0 });
    expect(short(await ask(story, { file: RENEWED }))).to.equal('undetermined UNKNOWN_ISSUER');
  });

  test('in another log under the old issuer’s code is none of its business', async () => {
    const { story, documentSigner } = moved();
    story.anchor(story.outsider);
    story.issue({ files: [RENEWED], version: 2, issuer: ISSUER, documentKey: documentSigner }, story.outsider);
    story.anchor(story.outsider);
    const verdict = await ask(story, { file: RENEWED, offline: true });
    expect(outcomeOf(verdict, 'issuer-authority')).to.equal('fail UNKNOWN_ISSUER');
    expect(verdict.verdict).to.equal('invalid');
  });
});

describe('after the move', () => {
  test('a checkpoint signed with the old owner’s key shows nothing', async () => {
    const { story } = moved();
    story.anchor(story.issuer, { signer: story.logSigners.get(ISSUER)! });
    const verdict = await ask(story);
    expect(short(verdict)).to.equal('undetermined BAD_SIGNATURE');
    expect(checkOf(verdict, 'checkpoint-signature').facts).to.include({ key: false });
  });

  test('one that the old owner signed before it still does, and so does the successor’s since', async () => {
    const story = issued();
    const before = story.clock;
    story.enter(SUCCESSOR, '样例市规划局');
    const movedAt = story.succeed(ISSUER, SUCCESSOR);
    expect(story.issuer.held.at(-1)!.checkpoint.issuedAt).to.be.within(0, before);
    expect(short(await ask(story))).to.equal('valid');
    expect(story.anchor().checkpoint.issuedAt).to.be.greaterThan(movedAt);
    expect(short(await ask(story))).to.equal('valid');
  });

  test('one that the successor signed in the name of an instant before it shows nothing', async () => {
    const story = new Story();
    story.enter(SUCCESSOR, '样例市规划局');
    story.anchor();
    story.issue({ files: [FILE] });
    story.anchor(story.issuer, { signer: story.logSigners.get(SUCCESSOR)! });
    story.succeed(ISSUER, SUCCESSOR);
    expect(short(await ask(story))).to.equal('undetermined BAD_SIGNATURE');
  });

  test('an issuer’s declaration that its log is complete goes on for its own licences', async () => {
    const { story } = moved({ dissolves: true });
    const { bytes } = story.payload({ files: [digestOf('made up')], serial: 'MADEUP' });
    const licence = story.envelope(bytes, story.documentSigner);
    expect(short(await ask(story, { file: digestOf('made up'), licence }))).to.equal('invalid NOT_RECORDED');
  });
});

describe('witnesses of a log that moved', () => {
  /** The audit office's is the only witness. */
  const authorities = (story: Story, code: string, parent: string | null) =>
    story.happen({ kind: 'parent-changed', code, parent });

  test('do not count when they are of an owner, present or former', async () => {
    for (const owners of [
      [ISSUER, AUDIT],
      [AUDIT, ISSUER],
    ] as const) {
      const story = issued();
      const log = story.facts.logs[0]!;
      const told = owners.map((authority, i) => ({ authority, since: log.registeredAt + i }));
      const logs = [{ ...log, authority: owners[1], owners: told }, ...story.facts.logs.slice(1)];
      story.facts = { ...story.facts, logs };
      const verdict = await ask(story);
      expect(outcomeOf(verdict, 'witnesses')).to.equal('unknown UNWITNESSED');
      expect(verdict.verdict).to.equal('undetermined');
    }
  });

  test('do not count when they are right above an owner, present or former', async () => {
    for (const code of [ISSUER, SUCCESSOR]) {
      const { story } = moved();
      authorities(story, code, OUTSIDER);
      expect(short(await ask(story))).to.equal('valid');
      authorities(story, code, AUDIT);
      const verdict = await ask(story);
      expect(outcomeOf(verdict, 'witnesses'), code).to.equal('unknown UNWITNESSED');
      expect(outcomeOf(verdict, 'anchor'), code).to.equal('unknown UNWITNESSED');
    }
  });
});

describe('a scope that is a part of others', () => {
  const COUNTY = NEXT;
  const GOVERNMENT = '11999900MB00000050';

  /** The issuer's scope is a part of the county's, and that of the government's. */
  function granted(): Story {
    const story = new Story();
    const scope = (code: string, name: string, parent: string | null) => {
      const terms = { licenceType: TYPE, region: '990000', validFrom: story.clock, validTo: null };
      const parentId = parent === null ? null : digestOf(parent);
      return { kind: 'scope-granted' as const, scopeId: digestOf(name), code, ...terms, parentId };
    };
    story.facts = { ...story.facts, scopes: [] };
    story.happen(scope(GOVERNMENT, 'whole', null), scope(COUNTY, 'part', 'whole'), scope(ISSUER, 'part of the part', 'part'));
    return story;
  }
  const end = (story: Story, name: string): void =>
    story.happen({ kind: 'scope-ended', scopeId: digestOf(name), validTo: story.clock + 1000 });

  test('allows while all of them hold', async () => {
    const story = granted();
    story.anchor();
    story.issue({ files: [FILE] });
    story.anchor();
    expect(short(await ask(story))).to.equal('valid');
  });

  for (const name of ['whole', 'part', 'part of the part']) {
    test(`(the ${name}) ended before the issue is invalid OUT_OF_SCOPE, ended afterwards still allows`, async () => {
      const ended = granted();
      end(ended, name);
      ended.anchor();
      ended.issue({ files: [FILE] });
      ended.anchor();
      expect(short(await ask(ended, { offline: true }))).to.equal('invalid OUT_OF_SCOPE');

      const story = granted();
      story.anchor();
      story.issue({ files: [FILE] });
      story.anchor();
      end(story, name);
      expect(short(await ask(story))).to.equal('valid');
    });
  }

  test('ends with an authority above that is dissolved', async () => {
    const story = granted();
    story.enter(COUNTY, '样例县局', { hasScope: false });
    story.happen({ kind: 'authority-dissolved', code: COUNTY, dissolvedAt: story.clock + 1000 });
    story.anchor();
    story.issue({ files: [FILE] });
    story.anchor();
    expect(short(await ask(story, { offline: true }))).to.equal('invalid OUT_OF_SCOPE');
  });
});
