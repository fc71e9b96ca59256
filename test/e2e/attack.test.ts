/** Every lie of a lying node, on a whole system of real programs: who catches it, by which code, and what a reader is told. */
import { after, before, describe, test } from 'node:test';
import { expect } from 'chai';
import { Attack } from '../evil/attack.ts';
import { LIES } from '../evil/lies.ts';
import { SCRIPTS } from '../evil/scripts.ts';
import { Stage } from '../evil/stage.ts';

let stage: Stage;
let attack: Attack;
before(async () => {
  stage = await Stage.start();
  attack = new Attack(stage);
  await attack.prepare();
});
after(() => stage?.end());

describe('a node that lies is caught', () => {
  for (const lie of LIES) {
    const { does, caughtBy, reader } = SCRIPTS[lie];
    test(`when it ${does} (${lie})`, async () => {
      const place = stage.evil.find((one) => one.lie === lie)!;
      const played = await attack.play(place);
      expect(played.caught.map(({ by, code }) => [by, code])).to.deep.equal(caughtBy);
      expect(played.loud, 'who has nothing to convict it with').to.deep.equal([]);
      expect(played.reader).to.deep.equal(reader);
      expect(played.honest, 'an honest department’s log beside it').to.equal('valid');
    });
  }

  test('and no verdict beyond a lie is “valid” or “invalid”, but where the truth came out', () => {
    for (const lie of LIES.filter((one) => one !== 'withhold-anchor')) {
      expect(SCRIPTS[lie].reader.beyond, lie).to.match(/^undetermined /);
    }
  });
});
