/** The `veritrail` command: parses arguments, runs one command, and turns errors into words and exit codes (docs/interface.md). */
import { Command, CommanderError, Option } from 'commander';
import { isCodedError } from '../core/bytes/error.ts';
import { type CommonOptions, defaultDataDirectory, describeError, EXIT, exitOfError } from './command.ts';
import { addChainCommands } from './chain/program.ts';
import { addCustodyCommands } from './custody.ts';
import { issue, type IssueOptions, revoke, type RevokeOptions } from './department.ts';
import { inspect } from './inspect.ts';
import { keygen, type KeygenOptions } from './keygen.ts';
import { addTraceCommands } from './trace/program.ts';
import { exportTrust, showTrust, type TrustExportOptions, type TrustShowOptions } from './trust.ts';
import { up, type UpOptions } from './start/up.ts';
import { runVerifier } from './verifier-program.ts';
import { verifyFile, type VerifyOptions } from './verify.ts';

function collect(value: string, earlier: readonly string[]): string[] {
  return [...earlier, value];
}

/** Options that every command takes. */
function common(command: Command): Command {
  return command
    .option('--json', 'one JSON line on stdout', false)
    .option('--data <dir>', 'where this reader remembers, or where a running start keeps its files', defaultDataDirectory())
    .addOption(new Option('--lang <lang>', 'language of the answer').choices(['zh-CN', 'en']).default('zh-CN'));
}

function department(command: Command): Command {
  return common(command)
    .option('--node <url>', 'the department’s node (default: the one in --data)')
    .option('--tokens <file>', 'the node’s token file, mode 0600')
    .option('--verifier <url>', 'a verifier to wait for')
    .option('--idempotency-key <key>', 'the same key never records twice')
    .option('--wait', 'until a verifier confirms it from an anchored checkpoint', false);
}

function buildProgram(finish: (code: number) => void): Command {
  const program = new Command('veritrail').description('Veritrail 证迹: prove what a department recorded').exitOverride();

  program
    .command('up')
    .description('bring up chain, contracts, nodes, witness, verifier and page on this machine')
    .option('--data <dir>', 'where everything is kept', '.veritrail')
    .option('--port <n>', 'of the verifier and its page; all others are the system’s choice', '8080')
    .option('--beat <ms>', 'how often a busy log is anchored')
    .option('--chain <url>', 'JSON-RPC of a chain that runs already; none is started then')
    .option('--no-open', 'do not open a browser')
    .action((options: UpOptions) => up(options));

  common(program.command('verify <file>').description('is this licence file genuine, and in force?'))
    .option('--url <verifier>', 'ask this verifier; without it no network is used')
    .option('--evidence <file>', 'FILE.evidence.json')
    .option('--trust <file>', 'the trust file to judge by')
    .option('--at <time>', 'what held then (RFC 3339)')
    .option('--save-evidence <file>', 'keep the answer for later, offline')
    .action(async (file: string, options: VerifyOptions) => finish(await verifyFile(file, options)));

  common(program.command('inspect <file>').description('what a file of ours says, without believing it')).action(
    (file: string, options: CommonOptions) => inspect(file, options),
  );

  department(program.command('issue').description('record a licence; files are hashed here and stay here'))
    .requiredOption('--type <code>', 'licence type code (21 characters)')
    .requiredOption('--serial <serial>', 'serial of GB/T 36904')
    .option('--licence-version <n>', '1 is the first issue', '1')
    .requiredOption('--valid-from <time>', 'RFC 3339 or a date')
    .option('--valid-to <time>', 'RFC 3339 or a date; none: no end')
    .option('--field <name=value>', 'a field, may be repeated', collect, [])
    .option('--file <file>', 'a file that renders the licence, may be repeated', collect, [])
    .option('--out <file>', 'write FILE.licence.json with all fields')
    .action(async (options: IssueOptions) => finish(await issue(options)));

  department(program.command('revoke <identifier>').description('end a licence'))
    .addOption(new Option('--kind <kind>', '吊销, 撤销 or 注销').choices(['revoke', 'annul', 'cancel']).default('revoke'))
    .requiredOption('--reason <words>', 'why, without personal data')
    .requiredOption('--legal-basis <words>', 'law and article')
    .option('--effective-at <time>', 'RFC 3339 or a date; default now')
    .option('--file <file>', 'a file of the licence, to wait for')
    .action(async (identifier: string, options: RevokeOptions) => finish(await revoke(identifier, options)));

  common(program.command('keygen <file>').description('make an SM2 key in an encrypted file'))
    .requiredOption('--type <type>', 'authority, log, document, request, witness, trust or vrf')
    .option('--passphrase-file <file>', 'mode 0600')
    .action((file: string, options: KeygenOptions) => keygen(file, options));

  const trust = program.command('trust').description('whom a reader believes');
  common(trust.command('show [file]').description('what a trust file says'))
    .option('--url <verifier>', 'the one that a verifier hands out')
    .action((file: string | undefined, options: TrustShowOptions) => showTrust(file, options));
  common(trust.command('export').description('sign the trust file again with another end, for readers without a network'))
    .requiredOption('--expires-in <seconds>', 'from now')
    .option('--trust <file>', 'default: trust.json in --data')
    .option('--key <file>', 'default: keys/trust.key.json in --data')
    .option('--passphrase-file <file>', 'default: keys/passphrase in --data')
    .option('--raise-version', 'a new version: readers who accepted it refuse the present one', false)
    .option('--out <file>', 'default: stdout')
    .action((options: TrustExportOptions) => exportTrust(options));

  for (const [role, description] of [
    ['witness', 'run a witness: it replays logs and cosigns what holds'],
    ['monitor', 'run a monitor: it replays logs and charges what lies'],
  ] as const) {
    program
      .command(role)
      .description(description)
      .requiredOption('--config <file>', 'the program’s config file')
      .action(async ({ config }: { config: string }) => finish(await runVerifier(role, config)));
  }

  addChainCommands(program, common, finish);
  addTraceCommands(program, common, finish);
  addCustodyCommands(program, common, finish);
  return program;
}

function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { code, detail } = describeError(error);
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error: { code, detail } })}\n`);
  process.stderr.write(`veritrail: ${detail} (${code})\n`);
  return isCodedError(error) ? exitOfError(error) : EXIT.usage;
}

try {
  await buildProgram((code) => (process.exitCode = code)).parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
