/** What a custodian's officer and operator do on the running sample, and somebody at a window who asks for a person's data. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { type Finished, type System, until, veritrail } from './system.ts';
import sample from '../../samples/consortium.json' with { type: 'json' };

export type CustodianRole = 'civil' | 'housing';

/** Place in the file of bodies' keys, and what stood there (docs/formats.md gives no format for it: node/bodies/secret-file.ts). */
export interface KeptSecret {
  readonly place: number;
  readonly key: Buffer;
  readonly nonce: Buffer;
}

/** Files that have these bytes anywhere. Programs run: what goes meanwhile has nothing. */
export async function filesHolding(directory: string, bytes: Uint8Array): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const holding: string[] = [];
  for (const path of entries.filter((one) => one.isFile()).map(({ parentPath, name }) => join(parentPath, name))) {
    const content = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    if (content.includes(bytes)) holding.push(path);
  }
  return holding;
}

const [HEADER, PLACE, ERASED] = [64, 64, 2];

export class Custodian {
  readonly #system: System;
  readonly role: CustodianRole;
  readonly code: string;
  readonly name: string;
  readonly origin: string;

  constructor(system: System, role: CustodianRole) {
    const { code, name } = sample.authorities.find(({ id }) => id === role)!;
    this.#system = system;
    this.role = role;
    this.code = code;
    this.name = name;
    this.origin = `${sample.consortium}/${code}/access`;
  }

  #at(path: string): string {
    return join(this.#system.data, path);
  }

  get bodies(): string {
    return this.#at(`bodies-${this.role}`);
  }

  get secrets(): string {
    return this.#at(`secrets/${this.role}.keys`);
  }

  /** Somebody at a window asks for a person's data, and gets them. */
  async isAskedFor(id: string, operator: string): Promise<void> {
    const { accessUrl } = this.#system.ready.agents.service;
    const headers = {
      'veritrail-operator': operator,
      'veritrail-matter': 'application',
      'veritrail-terminal': encodeURIComponent('窗口 3'),
    };
    const ask = async (): Promise<number> => {
      const answer = await fetch(`${accessUrl}/to/${this.role}/persons/${id}`, { headers, signal: AbortSignal.timeout(60_000) });
      await answer.arrayBuffer();
      return answer.status;
    };
    await until(60, ask, (status) => status === 200);
  }

  /** `veritrail custody …`, as its officer. */
  officer(...args: readonly string[]): Promise<Finished> {
    return veritrail(['custody', ...args, '--log', this.origin, '--data', this.#system.data]);
  }

  /** `veritrail …` as whoever has its keys and its account. Throws when it is not done. */
  async operator(...args: readonly string[]): Promise<Record<string, unknown>> {
    const { code, stdout, stderr } = await veritrail([...args, '--data', this.#system.data, '--json']);
    expect([code, stderr]).to.deep.equal([0, '']);
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** Of bodies erased since that copy of the file of keys: what the copy has at their places. */
  async erasedSince(copy: Buffer): Promise<KeptSecret[]> {
    const now = await readFile(this.secrets);
    return Array.from({ length: (copy.length - HEADER) / PLACE }, (_, place) => place)
      .filter((place) => now[HEADER + place * PLACE] === ERASED && copy[HEADER + place * PLACE] !== ERASED)
      .map((place) => {
        const at = HEADER + place * PLACE + 1;
        return { place, key: copy.subarray(at, at + 16), nonce: copy.subarray(at + 16, at + 48) };
      });
  }

  /** A vrf key of its own, listed, at the node, and then in use. The registry names it last: the node has it by then. */
  async rotate(): Promise<void> {
    const [keys, passphrase] = [this.#at('keys'), this.#at('keys/passphrase')];
    const file = join(keys, `${this.role}-vrf-2.key.json`);
    const account = ['--account', join(keys, `${this.role}.account`)];
    const { keyId } = await this.operator('keygen', file, '--type', 'vrf', '--passphrase-file', passphrase);
    const by = ['--by', join(keys, `${this.role}-authority.key.json`), '--by-passphrase-file', passphrase];
    const key = ['--type', 'vrf', '--key', file, '--passphrase-file', passphrase];
    await this.operator('chain', 'key', 'add', this.code, ...key, ...by, ...account);
    await this.#giveNode(file);
    const { newestAnchor } = await this.operator('chain', 'log', 'show', this.origin);
    const from = String((newestAnchor as { size: number }).size);
    await this.operator('chain', 'log', 'vrf', this.origin, '--key', String(keyId), '--from-index', from, ...account);
  }

  /** Names the key file in the node's config, and starts the node again. */
  async #giveNode(file: string): Promise<void> {
    const path = this.#at(`config/node-${this.role}.json`);
    const config = JSON.parse(await readFile(path, 'utf8')) as { keys: { vrf: string[] } };
    config.keys.vrf.push(file);
    await writeFile(path, JSON.stringify(config));
    await this.restart();
  }

  /** The starter starts a node again that ends. */
  async restart(): Promise<void> {
    const name = `node-${this.role}`;
    const pid = await this.#system.pidOf(name);
    process.kill(pid, 'SIGTERM');
    await until(
      60,
      async () => (await this.#system.pidOf(name)) !== pid && (await fetch(`${this.#url}/readyz`)).status === 200,
      (isReady) => isReady,
    );
  }

  get #url(): string {
    return this.#system.ready.nodes.find(({ role }) => role === this.role)!.url;
  }

  /** Does something while the node stands still: it answers nobody, and writes nothing. */
  async whileStopped<Done>(work: () => Promise<Done>): Promise<Done> {
    const pid = await this.#system.pidOf(`node-${this.role}`);
    process.kill(pid, 'SIGSTOP');
    try {
      return await work();
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }
}
