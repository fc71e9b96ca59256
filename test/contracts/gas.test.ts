import { test } from 'node:test';
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { GAS_FILE, measureGas } from '../../scripts/gas.ts';

test('no call costs over 2 % more gas than the recorded figure', async () => {
  const recorded = JSON.parse(await readFile(GAS_FILE, 'utf8')) as Record<string, number>;
  const measured = await measureGas();
  expect(Object.keys(measured)).to.deep.equal(Object.keys(recorded));
  for (const [name, gas] of Object.entries(measured)) expect(gas, name).to.be.at.most(recorded[name]! * 1.02);
});
