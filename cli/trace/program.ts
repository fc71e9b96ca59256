/** The arguments of `veritrail trace …`. What does the work is loaded when it is called. */
import { type Command, Option } from 'commander';
import type * as caseCommands from './case.ts';
import type * as leak from './leak.ts';
import type * as lookUp from './look-up.ts';
import type { OfficerOptions, TraceOptions } from './place.ts';

const loadCase = () => import('./case.ts');
const loadLeak = () => import('./leak.ts');
const loadLookUp = () => import('./look-up.ts');
const loadUnmask = () => import('./unmask.ts');
const loadPackage = () => import('./package.ts');

const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

export function addTraceCommands(program: Command, common: (command: Command) => Command, finish: (code: number) => void): void {
  const trace = program.command('trace').description('whose data was read, by whom, and along which path: an auditor’s look-ups');

  const ofCase = (command: Command): Command =>
    common(command)
      .requiredOption('--case <file>', 'the case, encrypted')
      .option('--case-passphrase-file <file>', 'mode 0600; else it is asked for')
      .option('--desk <file>', 'config of the desk: keys, custodians, verifier')
      .option('--trust <file>', 'the trust file to judge by');
  const byOfficer = (command: Command): Command =>
    ofCase(command)
      .requiredOption('--officer <id>', 'who asks: an officer of the case')
      .option('--officer-key <file>', 'her own key: without it the authority alone says that it is she')
      .option('--officer-passphrase-file <file>', 'mode 0600');
  const inTime = (command: Command): Command =>
    byOfficer(command)
      .requiredOption('--from <time>', 'RFC 3339 or a date')
      .option('--to <time>', 'default now')
      .option('--log <origin>', 'this access log alone, may be repeated', collect, []);

  ofCase(trace.command('open').description('open a case'))
    .requiredOption('--authority <code>', 'whose case it is')
    .requiredOption('--number <text>', 'the authority’s number of the case')
    .requiredOption('--reason <words>', 'why; every person looked up can read it')
    .requiredOption('--legal-basis <words>', 'law and article')
    .requiredOption('--officer <id:role=key>', 'key file or public key; two at least', collect, [])
    .action(async (options: caseCommands.OpenOptions) => (await loadCase()).openCase(options));
  ofCase(trace.command('show').description('what a case holds; asks nobody')).action(async (options: TraceOptions) =>
    (await loadCase()).showCase(options),
  );

  byOfficer(trace.command('person').description('everything on record about a person'))
    .requiredOption('--number-file <file>', 'the number, one line; - for stdin')
    .addOption(
      new Option('--class <class>', 'of the number')
        .choices(['resident', 'uscc', 'passport', 'permit', 'residence'])
        .default('resident'),
    )
    .option('--log <origin>', 'this access log alone, may be repeated', collect, [])
    .action(async (options: lookUp.PersonOptions) => finish(await (await loadLookUp()).tracePerson(options)));
  inTime(trace.command('accessor <code>').description('what an authority read')).action(
    async (code: string, options: lookUp.FilterOptions) => finish(await (await loadLookUp()).traceAccessor(code, options)),
  );
  inTime(trace.command('operator <code> <id>').description('what one of its operators read')).action(
    async (code: string, id: string, options: lookUp.FilterOptions) =>
      finish(await (await loadLookUp()).traceOperator(code, id, options)),
  );
  inTime(trace.command('purpose <word>').description('what was read for a purpose')).action(
    async (word: string, options: lookUp.FilterOptions) => finish(await (await loadLookUp()).tracePurpose(word, options)),
  );
  inTime(trace.command('time').description('what was read in that time')).action(async (options: lookUp.FilterOptions) =>
    finish(await (await loadLookUp()).traceTime(options)),
  );

  inTime(trace.command('sample <file>').description('whose reading fits a leaked list (CSV or NDJSON)'))
    .option('--most <n>', 'look up so many persons at most', '2000')
    .action(async (file: string, options: leak.SampleOptions) => finish(await (await loadLeak()).traceSample(file, options)));
  inTime(trace.command('reconcile <file>').description('an accessor’s own record (NDJSON of its agent) against the custodians’'))
    .requiredOption('--accessor <code>', 'whose record it is')
    .action(async (file: string, options: leak.ReconcileOptions) =>
      finish(await (await loadLeak()).traceReconcile(file, options)),
    );

  byOfficer(trace.command('unmask <pseudonym...>').description('ask that persons be named')).action(
    async (pseudonyms: readonly string[], options: OfficerOptions) =>
      finish(await (await loadUnmask()).unmask(pseudonyms, options)),
  );
  byOfficer(trace.command('approve <request>').description('agree, as another officer, and name them')).action(
    async (request: string, options: OfficerOptions) => finish(await (await loadUnmask()).approve(request, options)),
  );
  ofCase(trace.command('package <out>').description('all that shows the case, to be verified offline')).action(
    async (out: string, options: TraceOptions) => finish(await (await loadPackage()).packageCase(out, options)),
  );
}
