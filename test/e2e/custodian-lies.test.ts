/** Every lie of a custodian about an access, on a whole system of real programs: what catches it, and what does not. */
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { disputesOf, logAt } from '../evil/promise-charge.ts';
import { until } from '../evil/attack.ts';
import { BYSTANDER, type Lie, LIES } from '../liar/lies.ts';
import { caughtBy, SCRIPTS } from '../liar/scripts.ts';
import { CustodyStage, LOG_ID } from '../liar/stage.ts';
import { describe as told, personOf, type Told, Trial } from '../liar/trial.ts';

let stage: CustodyStage;
let trial: Trial;
let heard: ReadonlyMap<Lie, Told>;
let bystander = '';
let secondLog = '';
let trouble: string | null;

before(async () => {
  stage = await CustodyStage.start();
  trial = new Trial(stage);
  await trial.play();
  bystander = told((await trial.ask(BYSTANDER)).asked[0]!);
  secondLog = told((await trial.ask(personOf('honest'))).asked[1]!);
  trouble = (await logAt(stage.ground.verifierUrl, LOG_ID)).trouble;
  heard = await trial.hear();
});
after(() => stage?.end());

describe('a custodian that', () => {
  for (const lie of LIES) {
    const { does, told: wanted } = SCRIPTS[lie];
    const by = caughtBy(wanted);
    test(`${does} is caught by ${by.length === 0 ? 'nobody' : `${by.join(', ')} alone`} (${lie})`, () => {
      expect(heard.get(lie)).to.deep.equal(wanted);
    });
  }
});

describe('of the lies', () => {
  test('those remain that accessor and custodian agree about, and a delay within the promise', () => {
    const uncaught = LIES.filter((lie) => lie !== 'honest' && caughtBy(heard.get(lie)!).length === 0);
    expect(uncaught).to.deep.equal(['silence', 'fewer-fields', 'late']);
  });

  test('none is seen by a replay: the log holds all its rules', () => {
    expect(trouble).to.equal(null);
  });

  test('one under another’s number is in that person’s history, and contradicted there', () => {
    expect(bystander).to.equal('complete: contradicted subject OTHER_SUBJECT');
  });

  test('one in the accessor’s name is nobody’s request: its signature is not under it', () => {
    expect(trial.custodianOnly).to.deep.equal(['FORGED_REQUEST']);
  });

  test('one in a second log that is shown to nobody leaves that log open on every person’s page', () => {
    expect(secondLog).to.equal('unknown NOT_CONNECTED');
  });

  test('a broken promise puts the log in dispute, and nothing that it says is complete any more', async () => {
    const { verifierUrl } = stage.ground;
    await until('the dispute is on the chain', async () =>
      (await disputesOf(verifierUrl, LOG_ID)).includes('broken-promise') ? true : null,
    );
    const [log] = (await trial.ask(personOf('honest'))).asked;
    expect(log!.judgement.completeness).to.deep.include({ outcome: 'unknown', code: 'DISPUTED_LOG' });
  });
});
