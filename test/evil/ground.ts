/**
 * What every stage stands on: an embedded chain with the real contracts, the sample consortium, and programs of ours that follow it, each a
 * process of its own, in a directory that goes with them.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../../core/bytes/json.ts';
import { type ChainConfig, readAccountKey } from '../../chain/config.ts';
import { ChainSender } from '../../chain/sender.ts';
import { Supervisor } from '../../cli/start/supervisor.ts';
import { createLogger } from '../../service/logger.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };
import { freePort, runOnce } from './program.ts';

export const ROOT = join(import.meta.dirname, '..', '..');
export const HOST = '127.0.0.1';
const POLL_MS = 250;
const SEND_TIMEOUT_MS = 30_000;

export interface FollowedLog extends JsonObject {
  readonly origin: string;
  readonly url: string;
}

export const codeOf = (id: string): string => sample.authorities.find((one) => one.id === id)!.code;

export class Ground {
  readonly data: string;
  readonly #supervisor = new Supervisor(
    () => {},
    () => {},
  );
  #trust = '';
  chain!: ChainConfig;
  witnessUrl = '';
  monitorUrl = '';
  verifierUrl = '';

  private constructor(data: string) {
    this.data = data;
  }

  static async lay(): Promise<Ground> {
    const ground = new Ground(await mkdtemp(join(tmpdir(), 'veritrail-attack-')));
    try {
      await mkdir(join(ground.data, 'config'));
      await ground.#setUp();
    } catch (error) {
      await ground.end();
      throw error;
    }
    return ground;
  }

  async end(): Promise<void> {
    await this.#supervisor.stop();
    await rm(this.data, { recursive: true, force: true });
  }

  async #setUp(): Promise<void> {
    const place = ['--dir', join(this.data, 'chain'), '--port', String(await freePort()), '--exit-with-parent'];
    const chain = { name: 'chain', args: [join(ROOT, 'chain/embedded/main.ts'), ...place] };
    const { url: rpcUrl } = (await this.#supervisor.start(chain)) as { url: string };
    const setUp = [join(ROOT, 'scripts/set-up-sample.ts'), '--data', this.data, '--rpc', rpcUrl, '--beat', '2000'];
    // It does what is missing: run again, it goes on where it stopped.
    const made = await runOnce(setUp).catch(() => runOnce(setUp));
    const { chainId, registry, anchor, court, fromBlock, trust } = made as Record<string, string & number>;
    this.chain = {
      rpcUrl,
      chainId: chainId!,
      registry: registry!,
      anchor: anchor!,
      court: court!,
      fromBlock: fromBlock!,
      confirmations: 0,
    };
    this.#trust = trust!;
  }

  get trust(): string {
    return this.#trust;
  }

  get passphraseFile(): string {
    return join(this.data, 'keys', 'passphrase');
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
    return new ChainSender({ ...this.chain, privateKeyHex, logger, timeoutMs: SEND_TIMEOUT_MS });
  }

  /** Of the consortium, as many as decide. */
  voters(): Promise<ChainSender[]> {
    return Promise.all(sample.authorities.slice(0, sample.threshold).map(({ id }) => this.sender(id)));
  }

  async writeConfig(name: string, config: JsonObject): Promise<string> {
    const path = join(this.data, 'config', `${name}.json`);
    await writeFile(path, JSON.stringify(config));
    return path;
  }

  /** Returns its ready line. */
  async startProgram(name: string, program: string, config: JsonObject, ...args: string[]): Promise<JsonObject> {
    const path = await this.writeConfig(name, { host: HOST, exitWithParent: true, ...config });
    return this.#supervisor.start({ name, args: [join(ROOT, program), ...args, '--config', path] });
  }

  /** One that needs no config. */
  startBare(name: string, program: string): Promise<JsonObject> {
    return this.#supervisor.start({ name, args: [join(ROOT, program)] });
  }

  /** A witness that keeps the register, a monitor and a verifier; custodians' logs are followed with their authorities' request keys. */
  async startReaders(logs: readonly FollowedLog[]): Promise<void> {
    const ports = [await freePort(), await freePort(), await freePort()] as const;
    const [witness, monitor, verifier] = ports.map((port) => `http://${HOST}:${port}`) as [string, string, string];
    const common = (role: string, i: number, authority: string): JsonObject => ({
      role,
      port: ports[i]!,
      dataDir: join(this.data, role),
      chain: { ...this.chain },
      logs,
      pollMs: POLL_MS,
      request: { key: this.key(`${authority}-request`), passphraseFile: this.passphraseFile },
    });
    const name = `${sample.consortium}/${sample.witness}/witness`;
    const { passphraseFile, trust: trustFile } = this;
    const witnessKey = { name, key: this.key('witness'), passphraseFile };
    const chargesBy = (id: string): JsonObject => ({ accountFile: this.account(id) });
    const program = 'verifier/main.ts';
    const asWitness = { ...common('witness', 0, 'witness'), witness: witnessKey, charges: chargesBy('witness') };
    const asMonitor = { ...common('monitor', 1, 'government'), charges: chargesBy('outsider') };
    const asVerifier = { ...common('verifier', 2, 'government'), trustFile, witnesses: [{ name, url: witness }] };
    await Promise.all([
      this.startProgram('witness', program, asWitness),
      this.startProgram('monitor', program, asMonitor),
      this.startProgram('verifier', program, asVerifier),
    ]);
    Object.assign(this, { witnessUrl: witness, monitorUrl: monitor, verifierUrl: verifier });
  }
}
