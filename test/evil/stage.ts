/**
 * Where the lies are played: an embedded chain with the real contracts, the sample consortium, an honest department's node, a witness
 * that keeps the register, a monitor and a verifier, each a program of its own; and a department that keeps one log for each lie.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeHex } from '../../core/bytes/bytes.ts';
import { type JsonObject, parseJson } from '../../core/bytes/json.ts';
import { logIdOf, parseOrigin, type Origin } from '../../core/log/origin.ts';
import { type ChainConfig, readAccountKey } from '../../chain/config.ts';
import { ChainSender } from '../../chain/sender.ts';
import { Supervisor } from '../../cli/start/supervisor.ts';
import { createLogger } from '../../service/logger.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { Founding } from './founding.ts';
import { type Lie, LIES } from './lies.ts';
import { freePort, runOnce } from './program.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const HOST = '127.0.0.1';
const POLL_MS = 250;
const SEND_TIMEOUT_MS = 30_000;

/** A log of the lying department, and where its node will answer. */
export interface EvilPlace {
  readonly lie: Lie;
  readonly origin: Origin;
  readonly logId: string;
  readonly licenceType: string;
  readonly port: number;
  readonly url: string;
}

export interface Honest {
  readonly url: string;
  readonly token: string;
}

export class Stage {
  readonly data: string;
  readonly #supervisor: Supervisor;
  #chain!: ChainConfig;
  #trust = '';
  evil: readonly EvilPlace[] = [];
  witnessUrl = '';
  monitorUrl = '';
  verifierUrl = '';
  honest!: Honest;

  private constructor(data: string) {
    this.data = data;
    this.#supervisor = new Supervisor(
      () => {},
      () => {},
    );
  }

  static async start(lies: readonly Lie[] = LIES): Promise<Stage> {
    const stage = new Stage(await mkdtemp(join(tmpdir(), 'veritrail-attack-')));
    try {
      await mkdir(join(stage.data, 'config'));
      await stage.#setUp(lies);
    } catch (error) {
      await stage.end();
      throw error;
    }
    return stage;
  }

  async end(): Promise<void> {
    await this.#supervisor.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  async #setUp(lies: readonly Lie[]): Promise<void> {
    const chainArgs = [
      join(ROOT, 'chain/embedded/main.ts'),
      '--dir',
      join(this.data, 'chain'),
      '--port',
      String(await freePort()),
      '--exit-with-parent',
    ];
    const { url: rpcUrl } = (await this.#supervisor.start({ name: 'chain', args: chainArgs })) as { url: string };
    const setUp = [join(ROOT, 'scripts/set-up-sample.ts'), '--data', this.data, '--rpc', rpcUrl, '--beat', '2000'];
    // It does what is missing: run again, it goes on where it stopped.
    const made = await runOnce(setUp).catch(() => runOnce(setUp));
    const { chainId, registry, anchor, court, fromBlock, trust } = made as Record<string, string & number>;
    this.#chain = {
      rpcUrl,
      chainId: chainId!,
      registry: registry!,
      anchor: anchor!,
      court: court!,
      fromBlock: fromBlock!,
      confirmations: 0,
    };
    this.#trust = trust!;
    await this.#found(lies);
    await this.#startReaders();
    await this.#startHonest();
  }

  key(name: string): string {
    return join(this.data, 'keys', `${name}.key.json`);
  }

  account(name: string): string {
    return join(this.data, 'keys', `${name}.account`);
  }

  async sender(name: string): Promise<ChainSender> {
    const logger = createLogger({ program: 'attack', level: 'error' });
    const privateKeyHex = await readAccountKey(this.account(name));
    return new ChainSender({ ...this.#chain, privateKeyHex, logger, timeoutMs: SEND_TIMEOUT_MS });
  }

  async #found(lies: readonly Lie[]): Promise<void> {
    await writeFile(this.account('evil'), `${encodeHex(randomBytes(32))}\n`, { mode: 0o600 });
    const founding = await Founding.open({
      chain: this.#chain,
      keysDirectory: join(this.data, 'keys'),
      senders: { government: await this.sender('government'), evil: await this.sender('evil') },
      voters: await Promise.all(sample.authorities.slice(0, sample.threshold).map(({ id }) => this.sender(id))),
    });
    await founding.registerDepartment();
    const places: EvilPlace[] = [];
    for (const [i, lie] of lies.entries()) {
      const origin = parseOrigin(`${sample.consortium}/${founding.code}/${lie}`);
      const licenceType = `11999900MB0000004W${101 + i}`;
      // A log that goes silent on the chain is anchored for after two of its beats.
      await founding.registerLog(origin, licenceType, lie === 'withhold-anchor' ? 1_000 : 60_000);
      const port = await freePort();
      places.push({ lie, origin, logId: encodeHex(logIdOf(origin)), licenceType, port, url: `http://${HOST}:${port}` });
    }
    this.evil = places;
  }

  async #config(name: string, config: JsonObject): Promise<string> {
    const path = join(this.data, 'config', `${name}.json`);
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  async #startProgram(name: string, program: string, config: JsonObject, ...args: string[]): Promise<void> {
    const path = await this.#config(name, { host: HOST, chain: { ...this.#chain }, exitWithParent: true, ...config });
    await this.#supervisor.start({ name, args: [join(ROOT, program), ...args, '--config', path] });
  }

  async #startReaders(): Promise<void> {
    const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const [witness, monitor, verifier, honest] = ports.map((port) => `http://${HOST}:${port}`) as [
      string,
      string,
      string,
      string,
    ];
    const honestOrigin = `${sample.consortium}/${codeOf('issuer')}/licences`;
    const logs = [{ origin: honestOrigin, url: honest }, ...this.evil.map(({ origin, url }) => ({ origin, url }))];
    const common = (role: string, i: number): JsonObject => ({
      role,
      port: ports[i]!,
      dataDir: join(this.data, role),
      logs,
      pollMs: POLL_MS,
    });
    const name = `${sample.consortium}/${sample.witness}/witness`;
    const key = { name, key: this.key('witness'), passphraseFile: join(this.data, 'keys', 'passphrase') };
    const trustFile = this.#trust;
    await Promise.all([
      this.#startProgram('witness', 'verifier/main.ts', {
        ...common('witness', 0),
        witness: key,
        charges: { accountFile: this.account('witness') },
      }),
      this.#startProgram('monitor', 'verifier/main.ts', {
        ...common('monitor', 1),
        charges: { accountFile: this.account('outsider') },
      }),
      this.#startProgram('verifier', 'verifier/main.ts', {
        ...common('verifier', 2),
        trustFile,
        witnesses: [{ name, url: witness }],
      }),
    ]);
    Object.assign(this, { witnessUrl: witness, monitorUrl: monitor, verifierUrl: verifier });
    this.honest = { url: honest, token: '' };
  }

  async #startHonest(): Promise<void> {
    const { url } = this.honest;
    const tokensFile = join(this.data, 'tokens.json');
    await this.#startNode('issuer', 'node/main.ts', `${sample.consortium}/${codeOf('issuer')}/licences`, url, {
      tokensFile,
      beatMs: 1_000,
    });
    const { issuer } = parseJson(await readFile(tokensFile)) as { issuer: string };
    this.honest = { url, token: issuer };
  }

  async #startNode(
    owner: string,
    program: string,
    origin: string,
    url: string,
    changes: JsonObject,
    ...args: string[]
  ): Promise<void> {
    const name = `node-${originName(origin)}-${owner}`;
    await this.#startProgram(
      name,
      program,
      {
        origin,
        dataDir: join(this.data, name),
        port: Number(new URL(url).port),
        keys: { log: this.key(`${owner}-log`), document: this.key(`${owner}-document`) },
        passphraseFile: join(this.data, 'keys', 'passphrase'),
        accountFile: this.account(owner),
        tokensFile: join(this.data, `${name}.tokens.json`),
        register: { url: this.witnessUrl },
        ...changes,
      },
      ...args,
    );
  }

  async startEvil({ lie, origin, url }: EvilPlace): Promise<void> {
    await this.#startNode('evil', 'test/evil/main.ts', origin, url, {}, '--evil', lie);
  }
}

const codeOf = (id: string): string => sample.authorities.find((one) => one.id === id)!.code;
const originName = (origin: string): string => origin.split('/').at(-1)!;
