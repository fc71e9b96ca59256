/**
 * `veritrail up`, which is `npm start`: brings up the embedded default on this machine (a chain unless one is named, contracts, sample
 * consortium, nodes, witness, verifier and page), prints one JSON line on stdout when all of it answers, and keeps it running until
 * SIGINT or SIGTERM.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, realpath, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodeHex, encodeUtf8 } from '../../core/bytes/bytes.ts';
import { conflict, malformed, unavailable } from '../../core/bytes/error.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { JsonFields } from '../../core/bytes/json-fields.ts';
import { logIdOf, parseOrigin } from '../../core/log/origin.ts';
import { createFileDurably, replaceFileDurably } from '../../service/durable-file.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { type Custody, type CustodyPlace, chooseCustody, startCustodians, startReaders } from './custody.ts';
import { spendMorning } from './morning.ts';
import { type ChainPlace, codeOf, freePort, HOST, ROOT, writeConfig } from './place.ts';
import { prepareSamples, type Sample } from './samples.ts';
import { Supervisor } from './supervisor.ts';

export interface UpOptions {
  readonly data: string;
  readonly port: string;
  readonly beat?: string;
  /** An outside chain's RPC; without it a chain of this machine is started. */
  readonly chain?: string;
  readonly open: boolean;
}

const DEFAULT_BEAT = 60_000;

function say(text: string): void {
  process.stderr.write(`veritrail: ${text}\n`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Two starters on one directory would write one log twice. Throws CONFLICT. */
async function lock(data: string): Promise<() => Promise<void>> {
  const path = join(data, 'lock');
  const pid = Number(await readFile(path, 'utf8').catch(() => '0'));
  if (pid > 0 && pid !== process.pid && isAlive(pid)) throw conflict(`already running here (process ${pid}): ${data}`);
  if (pid > 0) await unlink(path);
  await createFileDurably(path, encodeUtf8(String(process.pid)));
  return () => unlink(path);
}

/** Runs a program of ours that ends by itself; its stdout is returned. */
async function runOnce(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const code = await new Promise((done) => child.once('close', done));
  if (code !== 0) throw unavailable(`${args[0]!.slice(ROOT.length + 1)} failed; see the messages above`);
  return Buffer.concat(chunks).toString();
}

interface Department {
  readonly role: string;
  /** Whose log it is: its role's authority, or after 机构改革 the successor. */
  readonly owner: string;
  readonly authority: string;
  readonly origin: string;
  readonly logId: string;
  readonly url: string;
  readonly tokens: string;
  readonly port: number;
}

async function chooseDepartments(data: string, owners: Readonly<Record<string, string>>): Promise<Department[]> {
  const chosen: Department[] = [];
  for (const { role, authority: registeredBy } of sample.departments) {
    const owner = owners[role] ?? role;
    const authority = codeOf(owner);
    const origin = parseOrigin(`${sample.consortium}/${registeredBy}/licences`);
    const port = await freePort();
    const logId = encodeHex(logIdOf(origin));
    const tokens = join(data, `node-${role}`, 'tokens.json');
    chosen.push({ role, owner, authority, origin, logId, port, url: `http://${HOST}:${port}`, tokens });
  }
  return chosen;
}

async function startChain(supervisor: Supervisor, data: string): Promise<string> {
  const args = [
    join(ROOT, 'chain/embedded/main.ts'),
    '--dir',
    join(data, 'chain'),
    '--port',
    String(await freePort()),
    '--exit-with-parent',
  ];
  const ready = await supervisor.start({ name: 'chain', args });
  return new JsonFields(ready, 'ready').string('url');
}

interface SetUp {
  readonly chain: ChainPlace;
  readonly trust: string;
  /** By role. */
  readonly owners: Readonly<Record<string, string>>;
}

async function setUp(data: string, rpcUrl: string, beat: number): Promise<SetUp> {
  const printed = await runOnce([
    join(ROOT, 'scripts/set-up-sample.ts'),
    '--data',
    data,
    '--rpc',
    rpcUrl,
    '--beat',
    String(beat),
  ]);
  const { owners, ...told } = parseJson(printed) as JsonObject;
  const { chainId, registry, anchor, court, fromBlock, trust } = told as Record<string, string | number>;
  const chain = {
    rpcUrl,
    chainId: Number(chainId),
    registry: String(registry),
    anchor: String(anchor),
    court: String(court),
    fromBlock: Number(fromBlock),
    confirmations: 0,
  };
  return { chain, trust: String(trust), owners: owners as Readonly<Record<string, string>> };
}

interface NodeTerms {
  readonly chain: ChainPlace;
  readonly beat: number;
  /** Keeps the log's swap register. */
  readonly witness: WitnessPlace;
}

async function startNode(supervisor: Supervisor, data: string, one: Department, terms: NodeTerms): Promise<void> {
  const { chain, beat, witness } = terms;
  const keys = join(data, 'keys');
  const config = await writeConfig(data, `node-${one.role}`, {
    origin: one.origin,
    dataDir: join(data, `node-${one.role}`),
    host: HOST,
    port: one.port,
    chain,
    keys: { log: join(keys, `${one.owner}-log.key.json`), document: join(keys, `${one.owner}-document.key.json`) },
    passphraseFile: join(keys, 'passphrase'),
    accountFile: join(keys, `${one.owner}.account`),
    tokensFile: one.tokens,
    register: { url: witness.url },
    beatMs: beat,
    publicFields: sample.publicFields,
    exitWithParent: true,
  });
  await mkdir(join(data, `node-${one.role}`), { recursive: true, mode: 0o700 });
  await supervisor.start({ name: `node-${one.role}`, args: [join(ROOT, 'node/main.ts'), '--config', config] });
}

interface WitnessPlace {
  readonly [member: string]: string;
  readonly name: string;
  readonly url: string;
}

interface FollowerTerms {
  readonly chain: ChainPlace;
  readonly departments: readonly Department[];
  readonly custody: CustodyPlace;
  readonly trust: string;
}

/** All logs, and the key that opens those of custodians to a registered party. */
function followed({ departments, custody }: FollowerTerms, data: string, reader: string): JsonObject {
  const request = { key: join(data, 'keys', `${reader}-request.key.json`), passphraseFile: join(data, 'keys', 'passphrase') };
  return { logs: [...departments, ...custody.logs].map(({ origin, url }) => ({ origin, url })), request };
}

async function startWitness(supervisor: Supervisor, data: string, terms: FollowerTerms): Promise<WitnessPlace> {
  const name = `${sample.consortium}/${sample.witness}/witness`;
  const port = await freePort();
  const key = { name, key: join(data, 'keys', 'witness.key.json'), passphraseFile: join(data, 'keys', 'passphrase') };
  const config = await writeConfig(data, 'witness', {
    role: 'witness',
    dataDir: join(data, 'witness'),
    host: HOST,
    port,
    chain: terms.chain,
    trustFile: null,
    ...followed(terms, data, 'witness'),
    witnesses: [],
    witness: key,
    // The witness's authority is a member of the consortium: it brings what it finds before the court.
    charges: { accountFile: join(data, 'keys', 'witness.account') },
    webDir: null,
    pollMs: 500,
    exitWithParent: true,
  });
  await supervisor.start({ name: 'witness', args: [join(ROOT, 'verifier/main.ts'), '--config', config] });
  return { name, url: `http://${HOST}:${port}` };
}

async function startVerifier(
  supervisor: Supervisor,
  data: string,
  port: number,
  witness: WitnessPlace,
  terms: FollowerTerms,
): Promise<void> {
  const config = await writeConfig(data, 'verifier', {
    role: 'verifier',
    dataDir: join(data, 'verifier'),
    host: HOST,
    port,
    chain: terms.chain,
    trustFile: terms.trust,
    ...followed(terms, data, 'government'),
    witnesses: [witness],
    witness: null,
    webDir: join(ROOT, 'web/dist'),
    pollMs: 500,
    exitWithParent: true,
  });
  await supervisor.start({ name: 'verifier', args: [join(ROOT, 'verifier/main.ts'), '--config', config] });
}

function wholeNumber(text: string, name: string, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max) throw malformed(`${name} is a whole number up to ${max}`);
  return value;
}

async function bringUp(supervisor: Supervisor, options: UpOptions): Promise<JsonObject> {
  const data = await realpath(options.data);
  const beat = options.beat === undefined ? DEFAULT_BEAT : wholeNumber(options.beat, '--beat', 3_600_000);
  const port = wholeNumber(options.port, '--port', 65_535) || (await freePort());
  await mkdir(join(data, 'config'), { recursive: true, mode: 0o700 });
  say('building the page …');
  const pages = runOnce([join(ROOT, 'scripts/build-pages.ts')]);
  say(options.chain === undefined ? 'starting the chain …' : `the chain at ${options.chain} …`);
  const rpcUrl = options.chain ?? (await startChain(supervisor, data));
  say('contracts and sample consortium …');
  const { chain, trust, owners } = await setUp(data, rpcUrl, beat);
  const departments = await chooseDepartments(data, owners);
  const custody = await chooseCustody(data, supervisor);
  const terms = { chain, departments, custody, trust };
  say('witness, nodes and verifier …');
  await pages;
  // No node signs before its register answers.
  const witness = await startWitness(supervisor, data, terms);
  await Promise.all([
    ...departments.map((one) => startNode(supervisor, data, one, { chain, beat, witness })),
    startCustodians(custody, { supervisor, data, chain, beat, witness: witness.url }),
  ]);
  await startVerifier(supervisor, data, port, witness, terms);
  say('samples …');
  const verifier = `http://${HOST}:${port}`;
  const issuer = departments.find(({ role }) => role === 'issuer')!;
  const places = { samples: join(ROOT, 'samples'), data, node: issuer.url, tokens: issuer.tokens, verifier, trust };
  const samples = await prepareSamples(places);
  say('gateways, agents and portal …');
  const readers = await startReaders(custody, { supervisor, data, verifier, trust });
  say('a morning of accesses …');
  await spendMorning(readers, { data });
  return readyLine(supervisor, verifier, terms, samples, readers);
}

function readyLine(
  supervisor: Supervisor,
  verifier: string,
  { chain, departments, custody, trust }: FollowerTerms,
  samples: readonly Sample[],
  readers: Custody,
): JsonObject {
  return {
    ready: true,
    verifier,
    portal: readers.portal,
    desk: readers.desk,
    deskPage: readers.deskPage,
    chain: {
      url: chain.rpcUrl,
      chainId: chain.chainId,
      registry: chain.registry,
      anchor: chain.anchor,
      court: chain.court,
      fromBlock: chain.fromBlock,
    },
    trust,
    nodes: [...departments, ...custody.logs].map(({ origin, logId, url, authority, role, tokens }) => ({
      origin,
      logId,
      url,
      authority,
      role,
      tokens,
    })),
    processes: supervisor.processes,
    samples: samples.map((one) => ({ ...one })),
    agents: readers.agents,
    logins: readers.logins,
  };
}

function openBrowser(url: string): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  if (!process.stdout.isTTY) return;
  spawn(command, [url], { stdio: 'ignore', detached: true }).once('error', () => undefined);
}

/** Does not return before it is told to stop. Exit code 0 then; whatever was started is stopped, also when starting fails. */
export async function up(options: UpOptions): Promise<void> {
  const data = resolve(options.data);
  await mkdir(data, { recursive: true, mode: 0o700 });
  const unlock = await lock(data);
  let ready: JsonObject | null = null;
  const keepRunningFile = (): void => {
    if (ready === null) return;
    ready = { ...ready, processes: supervisor.processes };
    replaceFileDurably(join(data, 'running.json'), encodeUtf8(`${JSON.stringify(ready, null, 2)}\n`)).catch((error: unknown) => {
      say(`running.json could not be written: ${String(error)}`);
    });
  };
  const supervisor = new Supervisor(say, keepRunningFile);
  const isTold = new Promise<string>((done) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => done(signal));
  });
  try {
    const outcome = await Promise.race([bringUp(supervisor, { ...options, data }), isTold]);
    if (typeof outcome !== 'string') {
      ready = outcome;
      keepRunningFile();
      process.stdout.write(`${JSON.stringify(ready)}\n`);
      const told = new JsonFields(ready, 'ready');
      const verifier = told.string('verifier');
      welcome({ verifier, portal: told.string('portal'), deskPage: told.string('deskPage') }, data);
      if (options.open) openBrowser(verifier);
      await isTold;
    }
    say('stopping …');
  } finally {
    await supervisor.stop();
    await unlock();
  }
}

function welcome(
  { verifier, portal, deskPage }: Readonly<Record<'verifier' | 'portal' | 'deskPage', string>>,
  data: string,
): void {
  say(`ready. The page: ${verifier}`);
  say(`who read my data: ${portal} (sign in as 样例人员甲, password veritrail)`);
  say(
    `an auditor’s desk: ${deskPage} (officers’ keys: ${join(data, 'keys')}, officer-1 and officer-2; passphrase: keys/passphrase)`,
  );
  say(`drop samples/testPathClip.ofd there, or: npx veritrail verify samples/testPathClip.ofd --url ${verifier}`);
  say(`evidence to take along: ${join(data, 'samples')}`);
  say('this is a sample on one machine: no independent party takes part. Ctrl-C stops all of it.');
}
