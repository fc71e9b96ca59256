/**
 * The arguments of `veritrail chain …`. What does the work is loaded when it is called: the other commands need no chain, and `verify`
 * is to answer at once.
 */
import { type Command, Option } from 'commander';
import { isCodedError } from '../../core/bytes/error.ts';
import { type CommonOptions, EXIT } from '../command.ts';
import type * as authority from './authority.ts';
import type * as charge from './charge.ts';
import type * as grant from './grant.ts';
import type * as key from './key.ts';
import type * as log from './log.ts';
import type * as member from './member.ts';
import type { ChainOptions, SendingOptions } from './place.ts';
import type * as proposal from './proposal.ts';
import type * as succession from './succession.ts';

type Options = ChainOptions;
type Either = proposal.EitherWayOptions;
type Proposing = proposal.ProposingOptions;

const loadAuthority = () => import('./authority.ts');
const loadCharge = () => import('./charge.ts');
const loadGrant = () => import('./grant.ts');
const loadKey = () => import('./key.ts');
const loadLog = () => import('./log.ts');
const loadMember = () => import('./member.ts');
const loadProposal = () => import('./proposal.ts');
const loadSuccession = () => import('./succession.ts');

const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];

/** A contract's refusal is an answer in words of its own, and exit code 1. */
async function answered(options: CommonOptions, work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!isCodedError(error, 'CONFLICT') || error.facts['error'] === undefined) throw error;
    const { describeRefusal } = await import('./words.ts');
    const detail = describeRefusal(error.facts, options.lang);
    const { error: refusal, ...values } = error.facts;
    const answer = { error: { code: error.code, detail, refusal: refusal!, values } };
    if (options.json) process.stdout.write(`${JSON.stringify(answer)}\n`);
    process.stderr.write(`veritrail: ${detail} (${String(refusal)})\n`);
    return EXIT.refused;
  }
}

/** Options that every one of these commands takes. */
function reading(command: Command): Command {
  return command
    .option('--config <file>', 'a program’s config file; its member "chain" says where chain and contracts are')
    .option('--rpc <url>', 'JSON-RPC of a chain node')
    .option('--chain-id <n>', 'what key acts are bound to')
    .option('--registry <address>', 'contract AuthorityRegistry')
    .option('--anchor <address>', 'contract CheckpointAnchor')
    .option('--court <address>', 'contract OmissionCourt')
    .option('--from-block <n>', 'the block of the first contract');
}

function sending(command: Command): Command {
  return reading(command).requiredOption('--account <file>', 'the account that sends: 64 hex characters, mode 0600');
}

function proposing(command: Command): Command {
  return sending(command)
    .option('--expires-in <span>', 'how long a proposal may be voted on, up to 29d (default 14d, or the public delay and 7d)')
    .option('--anyway', 'propose also what the contract would refuse today', false);
}

function eitherWay(command: Command): Command {
  return proposing(command).option('--propose', 'let the members decide; without it the account itself acts', false);
}

function byOfficer(command: Command): Command {
  return proposing(command)
    .option('--by <file>', 'the authority key that signs: the authority’s own or its parent’s')
    .option('--by-passphrase-file <file>', 'its passphrase, mode 0600')
    .option('--by-quorum', 'let the members decide, after the public delay', false);
}

export function addChainCommands(program: Command, common: (command: Command) => Command, finish: (code: number) => void): void {
  const chain = program.command('chain').description('members, authorities, keys, logs and disputes, on chain');
  const done = async (options: CommonOptions, work: () => Promise<number>): Promise<void> =>
    finish(await answered(options, work));
  const at = (group: Command, usage: string, description: string): Command =>
    common(group.command(usage).description(description));

  reading(at(chain, 'status', 'members, thresholds, open proposals, suspended keys, disputes'))
    .option('--account <file>', 'say also whose account this is')
    .action((options: member.StatusOptions) => done(options, async () => (await loadMember()).status(options)));

  addProposals();
  addMembers();
  addAuthorities();
  addKeys();
  addGrants();
  addLogs();
  addSuccession();
  addDisputes();

  function addProposals(): void {
    reading(at(chain, 'proposals', 'what there is to decide'))
      .option('--all', 'also what is executed or expired', false)
      .action((options: proposal.ListOptions) => done(options, async () => (await loadProposal()).listProposals(options)));
    reading(
      at(chain, 'show <proposal>', 'one proposal, by id or number: its call in words, and what the contract would say'),
    ).action((id: string, options: Options) => done(options, async () => (await loadProposal()).showProposal(id, options)));
    for (const [kind, description] of [
      ['approve', 'approve a proposal, by its whole id'],
      ['withdraw', 'take one’s own approval back'],
      ['execute', 'carry an approved proposal out'],
    ] as const) {
      sending(at(chain, `${kind} <proposal>`, description)).action((id: string, options: SendingOptions) =>
        done(options, async () => (await loadProposal()).vote(kind, id, options)),
      );
    }
  }

  function addMembers(): void {
    const members = chain.command('member').description('the members of the consortium; all of it is put to the vote');
    proposing(at(members, 'add <code> <account>', 'a department gets a vote')).action(
      (code: string, account: string, options: Proposing) =>
        done(options, async () => (await loadMember()).addMember(code, account, options)),
    );
    proposing(at(members, 'remove <account>', 'and its approvals count no longer')).action(
      (account: string, options: Proposing) => done(options, async () => (await loadMember()).removeMember(account, options)),
    );
    proposing(at(members, 'thresholds <n> <m>', 'how many decide, and how many suspend a key')).action(
      (threshold: string, suspension: string, options: Proposing) =>
        done(options, async () => (await loadMember()).setThresholds(threshold, suspension, options)),
    );
  }

  function addAuthorities(): void {
    const authorities = chain.command('authority').description('the tree of authorities');
    eitherWay(at(authorities, 'add <code>', 'register an authority: at the top by the members, below one by its account'))
      .requiredOption('--name <name>', 'as it is shown to readers')
      .requiredOption('--region <code>', 'GB/T 2260, six digits')
      .requiredOption('--account-of <address>', 'the account that will act for it')
      .option('--parent <code>', 'the authority above it')
      .action((code: string, options: authority.AddOptions) =>
        done(options, async () => (await loadAuthority()).addAuthority(code, options)),
      );
    eitherWay(at(authorities, 'account <code> <account>', 'another account acts for it')).action(
      (code: string, account: string, options: Either) =>
        done(options, async () => (await loadAuthority()).changeAccount(code, account, options)),
    );
    proposing(at(authorities, 'parent <code> <parent>', 'put it under another authority, or "none"')).action(
      (code: string, parent: string, options: Proposing) =>
        done(options, async () => (await loadAuthority()).changeParent(code, parent, options)),
    );
    reading(at(authorities, 'list', 'all of them, as a tree')).action((options: Options) =>
      done(options, async () => (await loadAuthority()).listAuthorities(options)),
    );
    reading(at(authorities, 'show <code>', 'its keys, scopes, duties, logs and successors')).action(
      (code: string, options: Options) => done(options, async () => (await loadAuthority()).showAuthority(code, options)),
    );
  }

  function addKeys(): void {
    const keys = chain.command('key').description('the authorities’ keys');
    const type = 'authority, log, document, request, witness, trust or vrf';
    reading(at(keys, 'prove <code>', 'show that one has a new key, for another who lists it'))
      .requiredOption('--type <type>', type)
      .requiredOption('--key <file>', 'the new key')
      .requiredOption('--out <file>', 'the proof, good for the authority’s next key act alone')
      .option('--passphrase-file <file>', 'of the new key, mode 0600')
      .action((code: string, options: key.ProveOptions) =>
        done(options, async () => (await loadKey()).proveNewKey(code, options)),
      );
    byOfficer(at(keys, 'add <code>', 'list a new key'))
      .requiredOption('--type <type>', type)
      .option('--key <file>', 'the new key')
      .option('--passphrase-file <file>', 'of the new key, mode 0600')
      .option('--proof <file>', 'instead of the key: what its holder made with key prove')
      .option('--valid-from <time>', 'RFC 3339 or a date; default: at once')
      .action((code: string, options: key.AddKeyOptions) => done(options, async () => (await loadKey()).addKey(code, options)));
    byOfficer(at(keys, 'retire <key>', 'end a key now')).action((id: string, options: key.OfficerOptions) =>
      done(options, async () => (await loadKey()).retireKey(id, options)),
    );
    byOfficer(at(keys, 'compromise <key>', 'declare that nothing signed with it since then can be trusted'))
      .requiredOption('--since <time>', 'RFC 3339 or a date')
      .action((id: string, options: key.CompromiseOptions) =>
        done(options, async () => (await loadKey()).compromiseKey(id, options)),
      );
    for (const [usage, run, description] of [
      ['suspend <key>', 'suspendKey', 'for 7 days, with fewer approvals, once for a key'],
      ['suspend-again <key>', 'suspendKeyAgain', 'for 7 days more, with the whole quorum'],
      ['lift <key>', 'liftSuspension', 'end a suspension'],
    ] as const) {
      proposing(at(keys, usage, description)).action((id: string, options: Proposing) =>
        done(options, async () => (await loadKey())[run](id, options)),
      );
    }
  }

  function addGrants(): void {
    const terms = (command: Command): Command =>
      proposing(command)
        .option('--from <time>', 'RFC 3339 or a date; default: at once')
        .option('--to <time>', 'RFC 3339 or a date; default: no end')
        .option('--part-of <id>', 'the grantor’s own grant, by the grantor’s account; without it the members decide');
    const scopes = chain.command('scope').description('which licences an authority may issue');
    terms(at(scopes, 'grant <code>', 'let an authority issue a type of licence in a region'))
      .requiredOption('--type <code>', 'licence type code (21 characters)')
      .requiredOption('--region <code>', 'GB/T 2260, six digits')
      .action((code: string, options: grant.ScopeOptions) =>
        done(options, async () => (await loadGrant()).grantScope(code, options)),
      );
    const duties = chain.command('duty').description('what an authority may read data for');
    terms(at(duties, 'grant <code>', 'let an authority read for a purpose'))
      .requiredOption('--purpose <word>', 'a-z, 0-9, . and -')
      .action((code: string, options: grant.DutyOptions) =>
        done(options, async () => (await loadGrant()).grantDuty(code, options)),
      );
    for (const group of [scopes, duties]) {
      eitherWay(at(group, 'end <id>', 'now, with all that was granted as a part of it')).action((id: string, options: Either) =>
        done(options, async () => (await loadGrant()).endGrant(id, options)),
      );
    }
    sending(at(chain.command('coverage').description('what logs hold completely'), 'declare <code>', 'all of a type, since then'))
      .requiredOption('--type <code>', 'licence type code (21 characters)')
      .requiredOption('--since <time>', 'RFC 3339 or a date')
      .action((code: string, options: grant.CoverageOptions) =>
        done(options, async () => (await loadGrant()).declareCoverage(code, options)),
      );
  }

  function addLogs(): void {
    const logs = chain.command('log').description('the logs, by their owner’s account; a log is named by origin or id');
    sending(at(logs, 'register <origin>', 'for ever, under a name that nobody had before'))
      .addOption(new Option('--class <class>', 'licence, access or seals').default('licence'))
      .option('--quantum <span>', 'entry times are multiples of it', '1s')
      .option('--beat <span>', 'how often it is anchored', '10m')
      .option('--promise-span <span>', 'the longest promise', '30m')
      .option('--term <span>', 'of a seals log: when a seal is overdue')
      .action((origin: string, options: log.RegisterOptions) =>
        done(options, async () => (await loadLog()).registerLog(origin, options)),
      );
    eitherWay(at(logs, 'close <log>', 'it takes no anchor any more')).action((name: string, options: Either) =>
      done(options, async () => (await loadLog()).closeLog(name, options)),
    );
    sending(at(logs, 'mode <log>', 'how the histories of a licence type are named, once'))
      .requiredOption('--type <code>', 'licence type code (21 characters)')
      .requiredOption('--mode <mode>', 'public or private')
      .action((name: string, options: log.ModeOptions) => done(options, async () => (await loadLog()).setMode(name, options)));
    sending(at(logs, 'vrf <log>', 'the key that makes its handles'))
      .requiredOption('--key <id>', 'a listed vrf key')
      .requiredOption('--from-index <n>', 'the first entry that uses it')
      .action((name: string, options: log.VrfOptions) => done(options, async () => (await loadLog()).setVrfKey(name, options)));
    reading(at(logs, 'list', 'all of them')).action((options: Options) =>
      done(options, async () => (await loadLog()).listLogs(options)),
    );
    reading(at(logs, 'show <log>', 'whose it was when, its types, its newest anchor')).action((name: string, options: Options) =>
      done(options, async () => (await loadLog()).showLog(name, options)),
    );
  }

  function addSuccession(): void {
    const group = chain.command('succession').description('机构改革: functions move, with their logs');
    const moving = (usage: string, description: string): Command =>
      eitherWay(at(group, usage, description)).option('--dry-run', 'show what would happen, and send nothing', false);
    moving('merge <code>', 'all goes to one, and the authority ends')
      .requiredOption('--into <code>', 'the successor')
      .action((code: string, options: succession.MergeOptions) =>
        done(options, async () => (await loadSuccession()).merge(code, options)),
      );
    moving('split <code>', 'several take its logs, and the authority ends')
      .requiredOption('--share <code=log,log>', 'what goes to one successor; may be repeated', collect, [])
      .action((code: string, options: succession.SplitOptions) =>
        done(options, async () => (await loadSuccession()).split(code, options)),
      );
    moving('transfer <code>', 'a part goes to one, and the authority stays')
      .requiredOption('--to <code>', 'the successor')
      .option('--log <log>', 'a log that moves, with all its types; may be repeated', collect, [])
      .option('--type <code>', 'a licence type that moves, with its logs; may be repeated', collect, [])
      .action((code: string, options: succession.TransferOptions) =>
        done(options, async () => (await loadSuccession()).transfer(code, options)),
      );
  }

  function addDisputes(): void {
    sending(at(chain, 'charge <file>', 'bring before the court what a monitor found')).action(
      (file: string, options: SendingOptions) => done(options, async () => (await loadCharge()).bringCharge(file, options)),
    );
    reading(at(chain, 'dispute [log]', 'what is disputed, and which charges wait')).action(
      (name: string | undefined, options: Options) => done(options, async () => (await loadCharge()).showDisputes(name, options)),
    );
    proposing(at(chain, 'clear <log>', 'end a log’s dispute, with a public reason'))
      .requiredOption('--reason <words>', 'what was found out, without personal data')
      .action((name: string, options: charge.ClearOptions) =>
        done(options, async () => (await loadCharge()).clearDispute(name, options)),
      );
    proposing(at(chain, 'confirm <digest>', 'let a charge take effect that rests on a key in doubt')).action(
      (digest: string, options: Proposing) => done(options, async () => (await loadCharge()).confirmCharge(digest, options)),
    );
  }
}
