/** `npm run attack [-- LIE …|accesses]`: plays the lies about licences, then those about accesses, each on one stage, and prints what became of each. */
import { isDeepStrictEqual } from 'node:util';
import { LIES as ACCESS_LIES } from '../liar/lies.ts';
import { caughtBy, PARTIES, SCRIPTS } from '../liar/scripts.ts';
import { CustodyStage } from '../liar/stage.ts';
import { Trial } from '../liar/trial.ts';
import { Attack, type Played } from './attack.ts';
import { type Lie, LIES } from './lies.ts';
import { Stage } from './stage.ts';

const wanted = process.argv.slice(2);
const lies: readonly Lie[] = wanted.length === 0 ? LIES : LIES.filter((lie) => wanted.some((word) => lie.startsWith(word)));

const say = (text: string): boolean => process.stdout.write(`${text}\n`);

function rowsOf({ lie, does, caught, reader, honest, loud }: Played): string[][] {
  const seen = [`${reader.before} / ${reader.beyond}`, ...(honest === 'valid' ? [] : [`the honest log beside it: ${honest}`])];
  const catches = caught.map(({ by, code, afterMs }) => [by, code, `${(afterMs / 1000).toFixed(1)} s`]);
  const lines = Math.max(catches.length, seen.length, 1);
  const alarm = loud.length === 0 ? [] : [`${loud.join(', ')} should have been silent`];
  return Array.from({ length: lines }, (_, i) => {
    const [by = '', code = '', took = ''] = catches[i] ?? [];
    return [i === 0 ? lie : '', i === 0 ? does : '', by, code, took, seen[i] ?? alarm.shift() ?? ''];
  });
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  say([line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n'));
}

const since = (startedAt: number): string => `${((Date.now() - startedAt) / 1000).toFixed(0)} s`;

/** Returns how many came out otherwise than they should. */
async function playLicences(): Promise<number> {
  const startedAt = Date.now();
  const stage = await Stage.start(lies);
  const rows: string[][] = [];
  let failed = 0;
  try {
    const attack = new Attack(stage);
    await attack.prepare();
    for (const place of stage.evil) {
      try {
        rows.push(...rowsOf(await attack.play(place)));
      } catch (error) {
        failed++;
        rows.push([place.lie, String(error), 'NOBODY', '', '', '']);
      }
    }
  } finally {
    await stage.end();
  }
  printTable(
    ['lie', 'what it does', 'caught by', 'code', 'after', 'a reader is told, of a licence before / beyond the lie'],
    rows,
  );
  say(`${lies.length - failed} of ${lies.length} lies about licences caught, ${since(startedAt)}`);
  return failed;
}

async function playAccesses(): Promise<number> {
  const startedAt = Date.now();
  const stage = await CustodyStage.start();
  try {
    const trial = new Trial(stage);
    await trial.play();
    const heard = await trial.hear();
    const rows = ACCESS_LIES.map((lie) => [lie, SCRIPTS[lie].does, ...PARTIES.map((party) => heard.get(lie)![party])]);
    printTable(['lie', 'what a custodian does', ...PARTIES], rows);
    const told = ACCESS_LIES.filter((lie) => lie !== 'honest');
    const uncaught = told.filter((lie) => caughtBy(heard.get(lie)!).length === 0);
    const caught = `${told.length - uncaught.length} of ${told.length} lies about accesses caught`;
    say(`${caught}; by nobody: ${uncaught.join(', ')}; ${since(startedAt)}`);
    return ACCESS_LIES.filter((lie) => !isDeepStrictEqual(heard.get(lie), SCRIPTS[lie].told)).length;
  } finally {
    await stage.end();
  }
}

const failed =
  (lies.length > 0 ? await playLicences() : 0) + (wanted.length === 0 || wanted.includes('accesses') ? await playAccesses() : 0);
process.exitCode = failed === 0 ? 0 : 1;
