/** Why a log is not carried into another registry (docs/operations.md): what held when its entries were recorded cannot be shown there. */
import { describe, test } from 'node:test';
import { expect } from 'chai';
import { ask, FILE } from './asker.ts';
import { digestOf, Story } from './story.ts';

const OTHER_FILE = digestOf('a file of a licence issued since');

/** A log with a licence, listed in a registry that is younger than the licence: first the log, then its mode, then the first anchor. */
function carriedOver(): Story {
  const story = new Story();
  story.issue({ files: [FILE] });
  const registeredAt = (story.clock += 60_000);
  const logs = story.facts.logs.map((log) => ({
    ...log,
    registeredAt,
    owners: log.owners.map((owner) => ({ ...owner, since: registeredAt })),
  }));
  const modes = story.facts.modes.map((mode) => ({ ...mode, registeredAt: registeredAt + 1_000 }));
  story.facts = { ...story.facts, logs, modes };
  story.clock += 10_000;
  story.anchor();
  return story;
}

describe('a log in a registry that is younger than its entries', () => {
  test('has its old licences undetermined', async () => {
    const verdict = await ask(carriedOver());
    expect([verdict.verdict, verdict.reasons]).to.deep.equal(['undetermined', ['OUT_OF_SCOPE']]);
  });

  test('has even good ones invalid whose key was lost after they were issued', async () => {
    const story = carriedOver();
    const compromisedAt = story.facts.logs[0]!.registeredAt - 1;
    const keys = story.facts.keys.map((key) => (key.type === 'document' ? { ...key, compromisedAt } : key));
    story.facts = { ...story.facts, keys };
    expect((await ask(story)).reasons).to.include('KEY_COMPROMISED');
    expect((await ask(story)).verdict).to.equal('invalid');
  });

  test('has those valid that are issued since', async () => {
    const story = carriedOver();
    story.issue({ files: [OTHER_FILE], serial: 'C53000002099' });
    story.clock += 10_000;
    story.anchor();
    expect((await ask(story, { file: OTHER_FILE })).verdict).to.equal('valid');
  });
});
