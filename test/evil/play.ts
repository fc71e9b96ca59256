/** `npm run attack [-- LIE …]`: plays the lies on one stage and prints what became of each. */
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

function printTable(rows: readonly string[][]): void {
  const head = ['lie', 'what it does', 'caught by', 'code', 'after', 'a reader is told, of a licence before / beyond the lie'];
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  say([line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n'));
}

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
printTable(rows);
say(`${lies.length - failed} of ${lies.length} lies caught, ${((Date.now() - startedAt) / 1000).toFixed(0)} s`);
process.exitCode = failed === 0 ? 0 : 1;
